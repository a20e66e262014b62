"""Console sessions in Markdown: what they type and print, the files they show, and how they are played again."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from backpropcli.app import main

ROOT = Path(__file__).parent.parent
STATUS = '; echo "exit status $?"'
"""What a session types behind a command whose exit status it shows."""


class Typed(NamedTuple):
    """A command and what it prints."""

    command: str
    printed: str


def consoles(text: str) -> list[list[Typed]]:
    """The console blocks; behind a backslash a line `> ` continues the command."""
    blocks = []
    for block in re.findall(r"^```console\n(.*?)^```", text, flags=re.S | re.M):
        session: list[Typed] = []
        for line in block.splitlines():
            if line.startswith("$ "):
                session.append(Typed(line[2:], ""))
            elif line.startswith("> ") and not session[-1].printed and session[-1].command.endswith("\\"):
                session[-1] = Typed(session[-1].command + "\n" + line[2:], "")
            else:
                session[-1] = session[-1]._replace(printed=session[-1].printed + line + "\n")
        blocks.append(session)
    return blocks


def files(text: str) -> list[tuple[str, str]]:
    """The files that a text shows: a block that begins with `# name.yaml`, a json one behind `name.json`:."""
    named = re.findall(r"^```(?:yaml|python)\n# ([\w-]+\.(?:yaml|py))\n(.*?)^```", text, flags=re.S | re.M)
    return named + re.findall(r"`(\S+\.json)`:\n\n```json\n(.*?)^```", text, flags=re.S | re.M)


def furnish(folder: Path, text: str) -> None:
    """Put into a folder what the sessions of a text read: `backprop new`'s net.yaml, and the files it shows."""
    assert main(["new", str(folder / "net.yaml"), "--quiet"]) == 0
    (folder / "examples").symlink_to(ROOT / "examples")
    for name, shown in files(text):
        (folder / name).write_text(shown, encoding="utf-8")


def play(command: str, folder: Path) -> str:
    """What a command prints, on both streams: in this process where it is one of ours alone, else in a shell."""
    ours = re.sub(r"\\\n", "", command.removesuffix(STATUS))
    if ours.startswith("backprop ") and not re.search(r"[|;<>$*?~`]", re.sub(r"'[^']*'|\"[^\"$`]*\"", "", ours)):
        status, printed = _here(shlex.split(ours)[1:], folder)
        return printed + (f"exit status {status}\n" if command.endswith(STATUS) else "")
    return _in_a_shell(command, folder)


def _here(words: list[str], folder: Path) -> tuple[int, str]:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with contextlib.chdir(folder), contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        status = main(words)
    stream.flush()
    return status, stream.buffer.getvalue().decode()  # type: ignore[attr-defined]


def _in_a_shell(command: str, folder: Path) -> str:
    binaries = folder / "bin"
    if not binaries.exists():
        binaries.mkdir()
        ours = binaries / "backprop"
        ours.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m backpropcli "$@"\n')
        ours.chmod(0o755)
        (binaries / "python").symlink_to(sys.executable)
    environment = {k: v for k, v in os.environ.items() if k not in ("FORCE_COLOR", "NO_COLOR", "COLUMNS")}
    environment |= {"PATH": f"{binaries}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        text=True,
        timeout=60,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.stdout


def trimmed(text: str) -> str:
    """Text without blanks at the ends of its lines, and without empty lines at its end."""
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines())


def blocks(text: str, language: str) -> Iterator[str]:
    """What stands in the code blocks of a language."""
    yield from re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.S | re.M)
