"""One call of the program, and what must be true of it whatever was typed."""

from __future__ import annotations

import contextlib
import io
import os
import re
import resource
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING

from backpropcli.app import main

if TYPE_CHECKING:
    from tests.fuzz.strategies import Case

STATUSES = {0, 1, 2, 3}
DRIVES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")
COLOUR = re.compile("\x1b\\[[0-9;]*m")
OBEYED = re.compile(r"^\s*::|##\w*\[", re.M)
MOST_MEMORY = 700
"""Megabytes that one call may take on top of what there was before."""


SLOWEST_REFUSAL = 4.0
"""Seconds of processor time, the import of what is needed included."""


class Late(BaseException):
    """The call took too long; no `except Exception` may swallow it."""


class Stdout(io.StringIO):
    """A stream that knows what a real one knows."""

    encoding = "utf-8"


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """No longer than this many seconds."""

    def late(_: int, frame: FrameType | None) -> None:
        raise Late(f"{frame.f_code.co_filename.rpartition('backpropcli/')[2]}:{frame.f_lineno}" if frame else "")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def call(case: Case, seconds: float) -> tuple[int, str, str]:
    """The exit status, standard output and standard error of one call in a folder of its own."""
    out, err = Stdout(), Stdout()
    before, stdin, home = os.getcwd(), sys.stdin, tempfile.mkdtemp()
    try:
        os.chdir(home)
        for name, data in case.files.items():
            with open(name, "wb") as file:
                file.write(data)
        source = next(iter(case.files.values()), b"") if "-" in case.words else case.typed.encode("utf-8", "replace")
        sys.stdin = io.TextIOWrapper(io.BytesIO(source), encoding="utf-8", errors="replace")
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
            warnings.simplefilter("error")
            with limited(seconds):
                status = main(list(case.words))
    finally:
        sys.stdin = stdin
        os.chdir(before)
        for folder, _, names in os.walk(home, topdown=False):
            for name in names:
                os.unlink(os.path.join(folder, name))
            os.rmdir(folder)
    return status, out.getvalue(), err.getvalue()


def peak() -> float:
    """The most memory that this process has had so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fault(case: Case, seconds: float = 30.0) -> str:
    """What is wrong with a call, in a line by which it is known again; empty where nothing is."""
    before, started = peak(), time.process_time()
    try:
        status, out, err = call(case, seconds)
    except Late as late:
        return f"longer than {seconds:g} s, at {late}"
    if status not in STATUSES:
        where = re.search(r"backpropcli/[\w/]+\.py:\d+", err)
        what = re.search(r"a bug in backprop: (.{0,80})", err)
        return f"status {status} {where[0] if where else ''} {what[1] if what else ''}"
    if "Traceback" in err or "Warning" in err:
        return f"noise on stderr: {err[:200]!r}"
    shown = COLOUR.sub("", out + err)
    if found := DRIVES.search(shown):
        return f"a control character leaves: {shown[max(0, found.start() - 30) : found.end() + 10]!r}"
    if "github" not in case.words and not out.startswith("<!") and (found := OBEYED.search(shown)):
        return f"a line that CI obeys: {shown[found.start() : found.end() + 20]!r}"
    if status == 2 and not err and "--help" not in case.words and "-q" not in case.words:
        return f"status 2 without a word: {case.words[:1]}"
    slow = time.process_time() - started > SLOWEST_REFUSAL and case.words[:1] != ["derive"]  # which has a limit itself
    if status == 2 and slow:
        return f"a refusal after {time.process_time() - started:.0f} s: {err[:60]!r}"
    if peak() - before > MOST_MEMORY:
        return f"{peak() - before:.0f} MB more memory"
    return ""
