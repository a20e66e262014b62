"""The whole program as a process: statuses, pipes, terminals, help, completion."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from backpropcli import __version__
from backpropcli.app import main
from backpropcli.commands.table import COMMANDS

ANSI = re.compile(r"\x1b\[[0-9;]*m")
PROGRAMS = Path(__file__).parent.parent / "examples" / "programs"
PROGRAM = [sys.executable, "-m", "backpropcli"]


def environment(**more):
    clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM")}
    return {**clean, "TERM": "xterm", **more}


def backprop(*words, **options):
    env = environment(**options.pop("env", {}))
    return subprocess.run([*PROGRAM, *words], capture_output=True, text=True, encoding="utf-8", env=env, **options)


def start(*words):
    return subprocess.Popen([*PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.path.dirname(os.path.dirname(__file__)))


def call(capsys, *words):
    status = main(list(words))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_version(capsys):
    assert call(capsys, "--version") == (0, f"backprop {__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["net.yaml"], "error: no such command: net.yaml. Did you mean backprop run net.yaml?\n"),
        (["net.yaml", "--get", "J"], "error: no such command: net.yaml. Did you mean backprop run net.yaml --get J?\n"),
        (["-"], "error: no such command: -. Did you mean backprop run -?\n"),
        (["chek"], "error: no such command: chek. Did you mean backprop check?\n"),
        (["frobnicate"], f"error: no such command: frobnicate\n  The commands: {', '.join(e.name for e in COMMANDS)}"),
        (["--example", "lecture"], "error: no command before --example. Did you mean backprop run --example "),
        (["run", "--ex", "lecture"], "error: no such option: --ex. Did you mean --example or --expand?\n"),
        (["check", "--ep", "3"], "error: no such option: --ep. Did you mean --eps?\n"),
        (["check", "-eps", "3"], "error: no such option: -e. Did you mean --eps?\n"),
        (["run", "--eps", "3"], "error: no such option: --eps\n  --eps belongs to backprop check.\n"),
        (["run", "--get"], "error: --get needs a value behind it\n"),
        (["run", "--steps=3"], "error: --steps takes no value\n"),
        (["help", "languge"], "error: no such topic: languge. Did you mean language?\n  The chapters: learner,"),
        (["help", "chek"], "error: no such topic: chek. Did you mean check?\n"),
        (["help", "learner", "teacher"], "error: help shows one topic, and got 2: learner, teacher\n"),
        (["new", "a.yaml", "b.yaml"], "error: new writes one file, and got 2: a.yaml, b.yaml"),
    ],
)
def test_slips_of_the_command_line(capsys, words, message):
    status, out, err = call(capsys, *words)
    assert (status, out) == (2, "")
    assert err.startswith(message)


def test_no_network_is_an_error(capsys):
    assert call(capsys, "run") == (
        2,
        "",
        (
            "error: no network to run: there is no net.yaml here\n"
            "  Start one:      backprop new            (writes the lecture's net.yaml)\n"
            "  Or look first:  backprop run --example lecture\n"
        ),
    )


def test_a_bug_is_our_fault_and_has_a_place(capsys, monkeypatch):
    import backpropcli.language

    def broken(*arguments, **flags):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(backpropcli.language, "load", broken)
    status, out, err = call(capsys, "run", "net.yaml")
    assert (status, out) == (70, "")
    assert err.startswith("error: a bug in backprop: ZeroDivisionError: oh\n  ")
    assert "BACKPROP_DEBUG=1" in err
    assert "Traceback" not in err
    monkeypatch.setenv("BACKPROP_DEBUG", "1")
    assert "Traceback" in call(capsys, "run", "net.yaml")[2]


def test_memory_and_interrupts(capsys, monkeypatch):
    import backpropcli.language

    for error, status in ((MemoryError(), 2), (KeyboardInterrupt(), 130), (OSError(28, "No space left on device"), 2)):

        def broken(*arguments, _error=error, **flags):
            raise _error

        monkeypatch.setattr(backpropcli.language, "load", broken)
        found = call(capsys, "run", "net.yaml")
        assert found[0] == status
        assert "Traceback" not in found[2]


def test_a_closed_pipe_changes_nothing():
    for words, status in (
        (["run", "--example", "lecture", "--format", "json"], 0),
        (["check", "--example", "lecture", "--expect", "J=3"], 1),
        (["--help"], 0),
        (["run", "--help"], 0),
        (["--version"], 0),
    ):
        process = start(*words)
        process.stdout.close()
        assert process.stderr.read() == b""
        process.stderr.close()
        assert process.wait() == status


def test_a_full_disk():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*PROGRAM, "run", "--example", "lecture"], stdout=full, stderr=subprocess.PIPE, text=True, env=environment()
        )
    assert done.returncode == 2
    assert done.stderr == "error: the output cannot be written: no space left on device\n"


def test_no_output_at_all():
    line = shlex.join([*PROGRAM, "run", "--example", "lecture"])
    done = subprocess.run(f"{line} >&-", shell=True, capture_output=True, text=True, env=environment())
    assert (done.returncode, done.stderr) == (2, "error: there is no standard output to write to\n")
    done = subprocess.run(f"{line} nothing.yaml 2>&-", shell=True, capture_output=True, env=environment())
    assert done.returncode == 2


def test_ascii_where_the_encoding_needs_it():
    done = backprop("run", "--example", "lecture", env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert "  -------------------------------------------\n" in done.stdout


def test_control_c_leaves_no_traceback(tmp_path):
    os.mkfifo("slow.yaml")
    process = start("run", "slow.yaml")
    with open("slow.yaml", "w"):  # opened by the program: it is reading now
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert (out, err) == (b"", b"interrupted\n")


def in_terminal(width, *words, **env):
    """What a terminal of this width would get."""
    import fcntl
    import pty
    import struct
    import termios

    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    streams = {"stdin": follower, "stdout": follower, "stderr": follower}
    process = subprocess.Popen([*PROGRAM, *words], env=environment(**env), **streams)
    os.close(follower)
    text = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:
            break
        if not piece:
            break
        text += piece
    os.close(leader)
    assert process.wait() == 0
    return text.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_terminal_gets_colour_and_its_width(width):
    text = in_terminal(width, "run", "--example", "lecture")
    assert "\x1b[" in text
    lines = [line.rstrip() for line in ANSI.sub("", text).splitlines()]
    assert max(map(len, lines)) <= width
    if width >= 80:
        assert "\n".join(lines) + "\n" == backprop("run", "--example", "lecture").stdout


def test_no_colour_in_a_terminal():
    text = in_terminal(80, "run", "--example", "lecture", NO_COLOR="1")
    assert text == backprop("run", "--example", "lecture").stdout
    assert "\x1b" not in text


def test_help_of_everything(capsys):
    status, out, _ = call(capsys)
    assert status == 0
    for entry in COMMANDS:
        assert entry.name in out
    assert call(capsys, "--help")[1] == out
    for entry in COMMANDS:
        status, text, _ = call(capsys, entry.name, "--help")
        assert status == 0
        assert max(map(len, text.splitlines())) <= 80
        assert "Examples:" in text
        assert call(capsys, entry.name, "-h")[1] == text
        assert call(capsys, "help", entry.name)[1] == text


POINTS = """
inputs: {x: [1, 2, 3, 4, 5]}
targets: {y: [3, 5, 7, 9, 11]}
parameters: {w: 0, b: 0}
nodes:
  z: w*x + b
  J: mean((z - y)**2)
train: {lr: 0.01}
"""


def examples():
    from importlib import import_module

    for entry in COMMANDS:
        function = getattr(import_module(f"backpropcli.commands.{entry.module}"), entry.name)
        for line in function.__doc__.splitlines():
            if line.strip().startswith("backprop "):
                yield line.strip()


@pytest.mark.parametrize("line", list(examples()))
def test_the_examples_in_the_help_work(capsys, line):
    if " new" not in line:
        assert call(capsys, "new", "-q")[0] == 0
    theirs = '{"fc1.weight": 6, "b1": 6, "w2": 4, "b2": 2}' if "fc1" in line else '{"w1": 6, "b1": 6, "w2": 4, "b2": 2}'
    Path("theirs.json").write_text(theirs, encoding="utf-8")
    shutil.copy(PROGRAMS / "net.py", "net.py")
    Path("points.yaml").write_text(POINTS, encoding="utf-8")
    status, _, err = call(capsys, *shlex.split(line)[1:])
    assert status == (1 if "--fault" in line else 0), err  # what is broken on purpose is caught


def test_completion():
    def complete(line):
        words = shlex.split(line)
        count = len(words) if line.endswith(" ") else len(words) - 1
        done = backprop(env={"_BACKPROP_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(count)})
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.split()

    assert complete("backprop r") == ["run"]
    assert complete("backprop run --example lecture --only w") == ["w1", "w2"]
    assert "dJ/dw1" in complete("backprop run --example lecture --get ")
    assert complete("backprop run --get ") == []
    assert complete("backprop check --dif") == ["--difference"]
    assert complete("backprop help l") == ["learner", "language", "layers"]
    assert complete("backprop help nu") == ["nudge"]
