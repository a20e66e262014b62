"""A program that is checked: the examples in C and NumPy, programs that misbehave, and nothing left behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import backpropcli as bp
from backpropcli.app import main
from backpropcli.gradcheck.blackbox.program import Program

PROGRAMS = Path(__file__).parents[2] / "examples" / "programs"
COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")

NET = """
import json, sys

def answer(line, **more):
    p = json.loads(line)
    w, b = p.get("w", 2.0), p.get("b", [0.5, -1.0])
    found = {"loss": w * w + b[0] * b[1], "parameters": {"w": w, "b": b}, "gradients": {"w": 2 * w, "b": [b[1], b[0]]}}
    return {**found, **more}

def say(found):
    print(json.dumps(found), flush=True)
"""
"""What the programs of this file begin with: w**2 + b[0]*b[1], its parameters and its gradients."""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`backprop check --program "python net.py"`, with the body of net.py and further words."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    def call(body: str, *words: str, timeout: str = "20") -> tuple[int, str, str]:
        (tmp_path / "net.py").write_text(NET + textwrap.dedent(body), encoding="utf-8")
        begun = time.monotonic()
        patience = () if "--timeout" in words else ("--timeout", timeout)
        status = main(["check", "--program", f"{sys.executable} net.py", *patience, *words])
        assert time.monotonic() - begun < 60
        captured = capsys.readouterr()
        assert children() == []
        return status, captured.out, captured.err.replace(sys.executable, "python")

    return call


def children() -> list[str]:
    """The processes that this one has started and that still run."""
    found = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True)
    return [line for line in found.stdout.splitlines() if " ps " not in line and "<defunct>" not in line]


GOOD = """
for line in sys.stdin:
    say(answer(line))
"""
TABLE = """\
  gradient   numerical      net.py   verdict
  ──────────────────────────────────────────
  dJ/dw       4   ± 1e-12      4     pass
  dJ/db[0]   -1   ± 6e-12     -1     pass
  dJ/db[1]    0.5 ± 6e-12      0.5   pass
"""


def shown(out: str) -> str:
    """A table without the sizes of its errors, which the machine's rounding may change."""
    return re.sub(r"± \S+", "±", out)


def test_a_program_is_right(run: Run) -> None:
    status, out, err = run(GOOD)
    assert (status, err) == (0, "")
    head, _, table = out.partition("\n\n")
    assert head.splitlines()[0].endswith(" net.py   3 parameters, J = 3.5")
    assert head.splitlines()[1] == "3 of 3 gradients are right (a mistake above 0.0001 % would show)"
    assert shown(table) == shown(TABLE)


@pytest.mark.parametrize(
    ("slip", "wrong"),
    [("w=-2 * w", ["w"]), ("w=2.02 * w", ["w"]), ("w=0.0", ["w"]), ("b=b", ["b", "b"]), ("b=[b[1], 0.0]", ["b"])],
)
def test_a_wrong_gradient_is_found(run: Run, slip: str, wrong: list[str]) -> None:
    body = f"""
    for line in sys.stdin:
        found = answer(line)
        w, b = found["parameters"]["w"], found["parameters"]["b"]
        found["gradients"] |= dict({slip})
        say(found)
    """
    status, out, _ = run(body, "--format", "json")
    data = json.loads(out)
    assert (status, data["verdict"]) == (1, "fail")
    assert [p["name"] for p in data["parameters"] if p["verdict"] == "fail"] == wrong
    assert data["outside"] == {"judged": "net.py", "value": 3.5, "size": 3, "notes": []}


# The examples.


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Mazur's network in C, compiled, with some of its words replaced."""
    if COMPILER is None:
        pytest.skip("there is no C compiler")
    folder = tmp_path_factory.mktemp("compiled")

    def build(name: str = "net", **replaced: str) -> str:
        text = (PROGRAMS / "net.c").read_text(encoding="utf-8")
        for old, new in replaced.items():
            text = text.replace({"printed": "%.17g", "number": "double", "flushed": "fflush(stdout);"}[old], new)
        (folder / f"{name}.c").write_text(text, encoding="utf-8")
        subprocess.run([str(COMPILER), "-O2", "-w", "-o", folder / name, folder / f"{name}.c", "-lm"], check=True)
        return str(folder / name)

    return build


WRONG = {"W1": 4, "b1": 2}


@pytest.mark.parametrize("bug", [False, True])
def test_the_example_in_c(compiled: Callable[..., str], bug: bool) -> None:
    begun = time.monotonic()
    report = bp.check_program(compiled() + " --bug" * bug)
    assert time.monotonic() - begun < 5
    assert (report.size, report.loss, report.judged[-3:]) == (12, pytest.approx(0.298371109, abs=1e-9), "net")
    wrong = [row.name for row in report.rows if row.verdict == "fail"]
    assert {name: wrong.count(name) for name in wrong} == (WRONG if bug else {})
    assert report.count("unsure") == 0
    assert report.power is not None
    assert report.power < 2e-6


@pytest.mark.parametrize("bug", [False, True])
def test_the_example_in_numpy(bug: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROGRAMS)
    report = bp.check_program(f"{sys.executable} net.py" + " --bug" * bug)
    wrong = [row.name for row in report.rows if row.verdict == "fail"]
    assert {name: wrong.count(name) for name in wrong} == (WRONG if bug else {})
    assert (report.judged, report.status) == ("net.py", int(bug))


def test_both_examples_are_the_layers_of_the_gallery() -> None:
    layers = bp.load(PROGRAMS.parent / "mazur-layers.yaml").run()
    done = subprocess.run(
        [sys.executable, PROGRAMS / "net.py"], input="{}\n", capture_output=True, text=True, check=True
    )
    for name, gradient in json.loads(done.stdout)["gradients"].items():
        assert np.allclose(gradient, layers.gradient(name), rtol=1e-14, atol=0)


@pytest.mark.parametrize("bug", [False, True])
def test_six_printed_digits_are_recognised(compiled: Callable[..., str], bug: bool) -> None:
    """No false alarm although the last digits of the loss are lost; the bug is found all the same."""
    report = bp.check_program(compiled("six", printed="%g") + " --bug" * bug)
    wrong = [row.name for row in report.rows if row.verdict == "fail"]
    assert set(wrong) == (set(WRONG) if bug else set())
    assert report.status == (1 if bug else 0)  # what a loss with six digits shows of them is enough
    assert report.count("pass") >= 6
    assert report.notes == (
        "The loss is written with 6 digits. All 17 (std::setprecision(17), %.17g) make the check far sharper.",
        "The gradients are written with 6 digits, and are judged to that.",
    )
    assert all(row.bound > 1e-8 for row in report.rows)


@pytest.mark.parametrize("printed", ["%.17g", "%.9g"])
@pytest.mark.parametrize("bug", [False, True])
def test_float32_is_recognised(compiled: Callable[..., str], printed: str, bug: bool) -> None:
    report = bp.check_program(compiled("single" + printed[2:-1], number="float", printed=printed) + " --bug" * bug)
    wrong = [row.name for row in report.rows if row.verdict == "fail"]
    assert {name: wrong.count(name) for name in wrong} == (WRONG if bug else {})
    assert report.notes == (
        "The loss is a float32 number: float64 makes the check far sharper.",
        "The gradients are float32 numbers, and are judged to that.",
    )
    assert all(row.bound > 1e-9 for row in report.rows)
    assert report.count("pass") >= 6


@pytest.mark.slow
def test_c_that_does_not_flush_is_asked_in_batches(compiled: Callable[..., str]) -> None:
    report = bp.check_program(compiled("unflushed", flushed=""))
    assert report.status == 0
    (note,) = report.notes
    assert re.fullmatch(
        r"\S+unflushed answers only when its input ends, and was started \d+ times\. Flushing its output after every "
        r"line \(std::endl, fflush\(stdout\), flush=True\) is faster\.",
        note,
    )


# How programs live.


def test_one_that_ends_after_one_line_is_started_again(run: Run) -> None:
    status, out, _ = run("say(answer(input()))")
    assert status == 0
    assert re.search(
        r"net\.py ends after one answer, and was started \d+ times\. Reading line after\n"
        r"line until its input ends is faster\.\n\Z",
        out,
    )


@pytest.mark.slow
def test_one_that_reads_to_the_end_is_started_again(run: Run) -> None:
    status, out, _ = run("say(answer(sys.stdin.read()))")
    assert status == 0
    assert "net.py ends after one answer" in out


def test_prints_need_no_flush_in_python(run: Run) -> None:
    status, out, _ = run("for line in sys.stdin: print(json.dumps(answer(line)))")
    assert (status, "ends after" in out, "only when" in out) == (0, False, False)


@pytest.mark.slow
def test_a_slow_start_is_waited_for(run: Run) -> None:
    status, out, _ = run("import time; time.sleep(2.5)\n" + GOOD)
    assert (status, "ends after" in out, "only when" in out) == (0, False, False)


@pytest.mark.slow
def test_large_lines_do_not_lock(run: Run) -> None:
    """Both sides write more than a pipe holds: who reads only after writing waits for ever."""
    body = """
    for line in sys.stdin:
        p = json.loads(line)
        W, v = p.get("W", [(0.25 + k) ** 0.5 for k in range(20000)]), p.get("v", 0.5)
        say({"loss": sum(W[:9]) * v**2, "parameters": {"W": W, "v": v}, "gradients": {"W": W, "v": 2 * sum(W[:9]) * v}})
    """
    status, out, _ = run(body, "--only", "v")
    assert status == 0
    assert "20,001 parameters" in out
    assert "1 of 1 gradients is right" in out


def test_logs_on_stderr_are_no_matter(run: Run) -> None:
    assert run("for line in sys.stdin:\n    sys.stderr.write('x' * 100_000)\n    say(answer(line))")[0] == 0


# Parameters.

PLAIN = """
for line in sys.stdin:
    p = json.loads(line)
    if p:
        say({"loss": p["w"] ** 3, "gradients": {"w": 3 * p["w"] ** 2}})
    else:
        MISSING
"""


@pytest.mark.parametrize("missing", ['say({"loss": 0})', 'say({"error": "no w"})', 'sys.exit("no w")'])
def test_parameters_from_here_where_it_names_none(run: Run, tmp_path: Path, missing: str) -> None:
    (tmp_path / "p.json").write_text('{"w": 1/2}'.replace("1/2", "0.5"), encoding="utf-8")
    body = PLAIN.replace("MISSING", missing)
    status, out, _ = run(body, "--load", "p.json", "--format", "json")
    assert (status, json.loads(out)["parameters"][0]["backprop"]) == (0, 0.75)
    status, out, _ = run(body, "--load", "p.json", "-p", "w=1/4", "--format", "json")
    assert (status, json.loads(out)["parameters"][0]["backprop"]) == (0, 0.1875)


def test_one_of_its_own_parameters_is_replaced(run: Run) -> None:
    status, out, _ = run(GOOD, "-p", "b=[3, 4]", "--only", "b", "--format", "json")
    assert (status, [p["backprop"] for p in json.loads(out)["parameters"]]) == (0, [4.0, 3.0])


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["-p", "W=2"], "net.py has no parameter W. Did you mean w?\n  It has:  w, b (2,)\n"),
        (["-p", "b=2"], "b of net.py has shape (2,), but () is given\n"),
        (["-p", "w=2", "-p", "w=3"], "-p w=3: w is given twice\n"),
        (["--only", "c"], "net.py has no parameter c\n"),
        (["--timeout", "-1"], "--timeout -1: expected seconds, such as --timeout 60\n"),
        (["-i", "x=1"], "--program and --input together\n  --input belongs to a network that is written in words.\n"),
        (["net.yaml"], "--program and net.yaml together\n"),
        (["p.json"], "--program and p.json together\n  Parameters from a file:  --load p.json\n"),
    ],
)
def test_what_does_not_fit_is_refused(run: Run, words: list[str], error: str) -> None:
    status, out, err = run(GOOD, *words)
    assert (status, out) == (2, "")
    assert err.replace("--parameter", "-p").startswith(f"error: {error}")


def test_its_own_step_is_shown(run: Run) -> None:
    status, out, _ = run(GOOD, "--eps", "0.01", "--difference", "forward")
    assert status == 0
    assert re.search(r"dJ/dw +3\.5401 +4\.01 ± 0\.01 +4 +0\.01 +pass", out)


# What goes wrong.

ASKED = '{"w": 2.0, "b": [0.5, -1.0]}'
JSON = '{"loss": 3.5, "parameters": {"w": 2.0, "b": [0.5, -1.0]}, "gradients": {"w": 4.0, "b": [-1.0, 0.5]}}'
HOW = """\
  To {} it answers {"loss": ..., "parameters": {...}, "gradients": {...}}; or say the parameters here:
  --load parameters.json, or -p w=2
"""


def each(change: str) -> str:
    return f"for line in sys.stdin:\n    a = answer(line)\n    {change}\n    say(a)\n"


WRONGS = {
    "an exit status": (
        'sys.stdin.readline()\nprint("one", file=sys.stderr)\nsys.exit("no weights")',
        "net.py failed: exit status 1",
        "{}",
        "nothing",
        "Its stderr:\n    one\n    no weights\n" + HOW,
    ),
    "a signal": (
        "import os, signal\nsys.stdin.readline()\nos.kill(os.getpid(), signal.SIGSEGV)",
        "net.py crashed: SIGSEGV",
        "{}",
        "nothing",
        HOW[2:],
    ),
    "no output": (
        "sys.stdin.readline()",
        "net.py ended without an answer",
        "{}",
        "nothing",
        "It should answer every line on its stdin with one line of JSON on its stdout.\n" + HOW,
    ),
    "output without an end": (
        'sys.stdin.readline()\nprint("half", end="", flush=True)\nimport time; time.sleep(60)',
        "net.py does not answer: no line came within 1 s",
        "{}",
        "half",
        None,
    ),
    "a pipe that is closed": (
        "import os, time\nsys.stdin.readline()\nos.close(1)\nos.close(2)\ntime.sleep(60)",
        "net.py ended without an answer",
        "{}",
        "nothing",
        None,
    ),
    "text": (
        'for line in sys.stdin: print("loss is 3.5", flush=True)',
        "net.py answers what is not JSON",
        "{}",
        "loss is 3.5",
        'An answer is one line such as {"loss": 2, "gradients": {"w": 3}}. (Expecting value: column 1)\n',
    ),
    "logs before it": (
        'print("loading", flush=True)' + GOOD,
        "net.py answers what is not JSON",
        "{}",
        "loading",
        "A line of JSON follows it. Only answers go to stdout: print logs to stderr\n"
        "  (std::cerr, fprintf(stderr, ...), print(..., file=sys.stderr)).\n",
    ),
    "logs behind it": (
        each('say(a); a = "step"'),
        'net.py answers no object, such as {"loss": 2, "gradients": {"w": 3}}',
        ASKED,
        '"step"',
        "",
    ),
    "many lines": (
        "for line in sys.stdin: print(json.dumps(answer(line), indent=2), flush=True)",
        "net.py answers what is not JSON",
        "{}",
        "{",
        "The whole answer stands on one line: json.dumps(answer) without indent, no line break in it.\n",
    ),
    "a Python dict": (
        "for line in sys.stdin: print(answer(line), flush=True)",
        "net.py answers what is not JSON",
        "{}",
        JSON.replace('"', "'"),
        "JSON has double quotes: print(json.dumps(answer)), not print(answer).\n",
    ),
    "a bare NaN": (
        each('a["loss"] = float("nan")'),
        "net.py answers NaN, which is not JSON",
        "{}",
        JSON.replace("3.5", "NaN"),
        'If it really is not a number, write "NaN"; it will fail the check.\n',
    ),
    "a bare inf": (
        "for line in sys.stdin: print(json.dumps(answer(line)).replace('4.0', '-inf'), flush=True)",
        "net.py answers -inf, which is not JSON",
        "{}",
        JSON.replace("4.0", "-inf"),
        'If it really is not a finite number, write "-Infinity"; it will fail the check.\n',
    ),
    "cost for loss": (
        each('a = {"cost": a["loss"], "gradients": a["gradients"]}'),
        'net.py answers without "loss"',
        "{}",
        '{"cost": 3.5, "gradients": {"w": 4.0, "b": [-1.0, 0.5]}}',
        'Write "loss" instead of "cost".\n',
    ),
    "an error": (
        'for line in sys.stdin: say({"error": "no weights"})',
        "net.py answers with an error: no weights",
        "{}",
        '{"error": "no weights"}',
        "",
    ),
    "no parameters": (
        each('del a["parameters"]'),
        "net.py answers {} without its parameters",
        "{}",
        '{"loss": 3.5, "gradients": {"w": 4.0, "b": [-1.0, 0.5]}}',
        HOW[2:],
    ),
    "grads for gradients": (
        each('a["grads"] = a.pop("gradients")'),
        'net.py answers without "gradients"',
        ASKED,
        JSON.replace("gradients", "grads"),
        'Write "gradients" instead of "grads".\n',
    ),
    "a gradient that is missing": (
        each('del a["gradients"]["b"]'),
        "net.py answers no gradient for b",
        ASKED,
        JSON.replace('4.0, "b": [-1.0, 0.5]', "4.0"),
        "Every parameter that it is sent needs one, 0 if there is none.\n",
    ),
    "a gradient of nothing": (
        each('a["gradients"]["c"] = 1'),
        "net.py answers a gradient for c, which is no parameter",
        ASKED,
        JSON.replace("0.5]}}", '0.5], "c": 1}}'),
        "Its parameters:  w, b (2,)\n",
    ),
    "another shape": (
        each('a["gradients"]["b"] = [1, 2, 3]'),
        "net.py answers a gradient of shape (3,) for b, which has shape (2,)",
        ASKED,
        JSON.replace("[-1.0, 0.5]}}", "[1, 2, 3]}}"),
        "Both need the same shape.\n",
    ),
    "rows of different lengths": (
        each('a["gradients"]["b"] = [[1, 2], [3]]'),
        "net.py answers what is no number: the gradient of b has rows of different lengths",
        ASKED,
        JSON.replace("[-1.0, 0.5]}}", "[[1, 2], [3]]}}"),
        "",
    ),
    "null": (
        each('a["gradients"]["w"] = None'),
        "net.py answers what is no number: the gradient of w is null, not a number",
        ASKED,
        JSON.replace("4.0", "null"),
        'JavaScript writes null for NaN; write "NaN".\n',
    ),
    "a loss for each example": (
        each('a["loss"] = [1, 2]'),
        "net.py answers a loss of shape (2,): it should be one number",
        "{}",
        JSON.replace("3.5", "[1, 2]"),
        "The sum or the mean of the examples' losses, and its gradients.\n",
    ),
    "the same whatever is sent": (
        "for line in sys.stdin: say(answer('{}'))",
        "net.py answers the same loss whatever the parameters are, though its gradients are not 0",
        ASKED,
        None,
        "It should compute the loss from the parameters on each line.\n",
    ),
    "a name twice": (
        "for line in sys.stdin: print(json.dumps(answer(line)).replace('\"b\"', '\"w\"'), flush=True)",
        'net.py answers "w" twice',
        "{}",
        JSON.replace('"b"', '"w"'),
        "Each name stands once in an object.\n",
    ),
    "a step of training on each line": (
        "n = 0\nfor line in sys.stdin:\n    n += 1\n    a = answer(line)\n    say(a | {'loss': a['loss'] - n / 1000})",
        "net.py is not deterministic: the same line gave the losses 3.498 and 3.497 (0.029 % apart)",
        ASKED,
        None,
        "Fix its seed, switch dropout off, and let no line change what the next one gets.\n",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", WRONGS)
def test_what_goes_wrong_is_said(run: Run, kind: str) -> None:
    body, message, sent, received, hint = WRONGS[kind]
    status, out, err = run(body, timeout="1" if hint is None else "20")
    assert (status, out) == (2, "")
    lines = [f"error: {message}", "  Command:   python net.py", f"  Sent:      {sent}"]
    lines += [f"  Received:  {received}"] if received is not None else []
    expected = "\n".join(lines) + "\n"
    assert err.startswith(expected)
    if hint is not None:
        assert err.removeprefix(expected) == (f"  {hint}" if hint else "")


@pytest.mark.slow
def test_a_program_that_hangs(run: Run) -> None:
    begun = time.monotonic()
    status, _, err = run("import time\nsys.stdin.readline()\ntime.sleep(600)", timeout="1")
    assert time.monotonic() - begun < 20
    assert status == 2
    assert (
        err
        == """\
error: net.py does not answer: no line came within 1 s
  Command:   python net.py
  Sent:      {}
  Received:  nothing
  Every line on its stdin is answered by one line on its stdout, which is flushed: std::endl in C++,
  fflush(stdout) in C, print(..., flush=True) in Python. If it only needs longer:  --timeout 60
"""
    )


def test_one_that_hangs_or_dies_on_the_way(run: Run) -> None:
    late = "import time\nfor n, line in enumerate(sys.stdin):\n    if n == 40: {}\n    say(answer(line))"
    status, _, err = run(late.format("time.sleep(600)"), timeout="1")
    assert (status, "does not answer" in err) == (2, True)
    assert re.search(r'Sent:      \{"w": [\d.]+, "b": \[', err)
    status, _, err = run(late.format('sys.exit("out of memory")'))
    assert (status, "failed: exit status 1" in err, "out of memory" in err) == (2, True, True)
    assert re.search(r'Sent:      \{"w": [\d.]+, "b": \[', err)


def test_long_lines_are_cut_in_messages(run: Run) -> None:
    status, _, err = run("for line in sys.stdin: print('x' * 5000, flush=True)")
    assert status == 2
    assert f"  Received:  {'x' * 200}... (5,000 characters)\n" in err


@pytest.mark.parametrize("form", ["table", "markdown", "csv", "github"])
def test_names_of_parameters_are_made_safe(run: Run, form: str) -> None:
    body = (
        "N = 'a\\n\\x1b[2J::error::x'\nfor line in sys.stdin:\n    w = json.loads(line).get(N, 2.0)\n"
        "    say({'loss': w * w, 'parameters': {N: 2.0}, 'gradients': {N: 3 * w}})"
    )
    status, out, err = run(body, "--format", form)
    assert (status, err) == (1, "")
    assert "\x1b" not in out
    assert "dJ/da\n" not in out
    assert not any(line.lstrip().startswith("::error::x") for line in out.splitlines())


def test_an_answer_without_an_end_is_cut(run: Run) -> None:
    endless = "sys.stdin.readline()\nwhile True: sys.stdout.write('a' * 1000000)"
    status, _, err = run(endless)
    assert (status, err.splitlines()[0]) == (2, "error: net.py answers a line of more than 64 MB")
    assert len(err) < 1000


@pytest.mark.slow
def test_one_that_fails_late_did_not_hang(run: Run) -> None:
    status, _, err = run("import time\ntime.sleep(1.3)\nsys.exit('no weights')")
    assert (status, "net.py failed: exit status 1" in err, "no weights" in err) == (2, True, True)


def test_control_characters_do_not_reach_the_terminal(run: Run) -> None:
    _, _, err = run(r"for line in sys.stdin: print('\x1b[31mred', flush=True)")
    assert "\x1b" not in err


@pytest.mark.parametrize("loss", ['"NaN"', '"Infinity"'])
def test_a_loss_that_is_not_finite_is_wrong(run: Run, loss: str) -> None:
    status, out, err = run(each(f'a["loss"] = {loss}'))
    assert (status, err) == (1, "")
    assert f"the loss is {'NaN' if 'NaN' in loss else 'infinite'}" in out


def test_a_gradient_that_is_nan_is_wrong(run: Run) -> None:
    status, out, _ = run(each('a["gradients"]["w"] = "NaN"'))
    assert (status, "its gradient is NaN" in out) == (1, True)


def test_a_probe_outside_the_domain_may_be_a_bare_nan(run: Run) -> None:
    """Printf writes nan; next to the edge of log's domain that says nothing about the point itself."""
    body = """
    import math
    for line in sys.stdin:
        w = json.loads(line).get("w", 1e-4)
        loss = repr(math.log(w)) if w > 0 else "-nan"
        print(f'{{"loss": {loss}, "parameters": {{"w": {w}}}, "gradients": {{"w": {1 / w if w else 0}}}}}', flush=True)
    """
    assert run(body)[0] == 0


def test_a_little_noise_is_allowed_for(run: Run) -> None:
    body = """
    import random
    random.seed(1)
    for line in sys.stdin:
        a = answer(line)
        say(a | {"loss": a["loss"] * (1 + random.choice([0, 1e-12]))})
    """
    status, out, _ = run(body)
    assert status == 0
    assert "The same parameters give losses that differ by " in out


def test_parameters_that_it_reads_otherwise_than_it_writes_them(run: Run) -> None:
    body = """
    for line in sys.stdin:
        p = json.loads(line)
        W = [list(r) for r in zip(*p["W"])] if p else [[1.0, 2.0], [3.0, 5.0]]
        loss = W[0][0] + 2 * W[0][1] ** 2 + W[1][0] + W[1][1]
        say({"loss": loss, "parameters": {"W": W}, "gradients": {"W": [[1, 0], [4 * W[0][1], 1]]}})
    """
    _, out, _ = run(body)
    words = " ".join(out.split())
    assert "To {} it answers the loss 17, but at the parameters that it names there the loss is 26" in words


# The command itself.


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("", 'error: --program needs a command\n  Such as --program ./net or --program "python net.py"\n'),
        ("./nett", "error: there is no program ./nett\n  Command:   ./nett\n  Did you mean ./net?\n"),
        ("net", "error: there is no program net\n  Command:   net\n  Did you mean ./net?\n"),
        ("no/net", "error: there is no program no/net\n  Command:   no/net\n  There is no folder no either.\n"),
        (
            "./net.py",
            "error: ./net.py is not executable\n  Command:   ./net.py\n"
            '  Run it with Python:  --program "python ./net.py"\n',
        ),
        (
            "./net.c",
            "error: ./net.c is not executable\n  Command:   ./net.c\n  Compile it first:  cc -O2 -o net ./net.c -lm\n",
        ),
        ("./data", "error: ./data is not executable\n  Command:   ./data\n  chmod +x ./data\n"),
        ("./folder", "error: ./folder is a folder, not a program\n  Command:   ./folder\n"),
        (
            "./broken",
            "error: ./broken cannot be run: exec format error\n  Command:   ./broken\n"
            "  A script begins with #! and its interpreter.\n",
        ),
        (
            "./shebang",
            "error: ./shebang cannot be run: its interpreter, after #!, is not there\n  Command:   ./shebang\n",
        ),
        ("'./net", "error: --program './net: no closing quotation\n"),
        (
            "SEED=1 ./net",
            "error: --program SEED=1 ./net: it is run without a shell, so SEED=1 is no setting\n"
            '  Put env in front:  --program "env SEED=1 ./net"\n',
        ),
    ],
)
def test_a_command_that_cannot_be_run(
    command: str, error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text, mode in (
        ("net", "#!/bin/sh\n", 0o755),
        ("net.py", "", 0o644),
        ("net.c", "", 0o644),
        ("data", "", 0o644),
        ("broken", "\x01\x02", 0o755),
        ("shebang", "#!/no/such/python\n", 0o755),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(mode)
    (tmp_path / "folder").mkdir()
    assert main(["check", "--program", command]) == 2
    assert capsys.readouterr().err == error


def test_words_are_not_read_by_a_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NET + GOOD, encoding="utf-8")
    assert bp.check_program(f"{sys.executable} net.py '; touch oops' $(touch oops) > oops").status == 0
    assert not (tmp_path / "oops").exists()


def test_timeout_alone_means_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--example", "lecture", "--timeout", "3"]) == 2
    assert capsys.readouterr().err.startswith("error: --timeout without --program\n")


# Formats.


@pytest.mark.parametrize("form", ["json", "csv", "markdown", "junit", "github"])
def test_every_format(run: Run, form: str) -> None:
    status, out, _ = run(each('a["gradients"]["w"] *= -1'), "--format", form)
    assert status == 1
    assert ("dw" if form in ("markdown", "github") else "w") in out


# What is left behind.

FAMILY = """
import os, subprocess
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open("pids", "a") as file:
    print(os.getpid(), child.pid, file=file)
"""


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("end", [GOOD, "import time; time.sleep(600)", "sys.exit(3)", "say(answer(input()))"])
def test_nothing_is_left_running(run: Run, tmp_path: Path, end: str) -> None:
    run(FAMILY + end, timeout="1")
    pids = [int(word) for word in (tmp_path / "pids").read_text(encoding="utf-8").split()]
    assert len(pids) >= 2
    time.sleep(0.1)
    assert [pid for pid in pids if alive(pid)] == []


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_an_interrupt_ends_the_program_too(tmp_path: Path, number: int, status: int, times: int) -> None:
    """A terminal that is closed sends its signal twice."""
    slow = "import time, signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nfor line in sys.stdin: time.sleep(600)"
    (tmp_path / "net.py").write_text(NET + FAMILY + slow, encoding="utf-8")
    words = [sys.executable, "-m", "backpropcli", "check", "--program", f"{sys.executable} net.py", "--timeout", "300"]
    environment = {**os.environ, "PYTHONPATH": str(Path(bp.__file__).parents[1])}
    process = subprocess.Popen(words, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 30
    while not (tmp_path / "pids").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    for _ in range(times):
        process.send_signal(number)
        time.sleep(0.0005)
    _, err = process.communicate(timeout=30)
    # The second may fall when Python has put its handlers away: killed by it, which a shell calls 128 + number too.
    assert process.returncode == status or (times == 2 and 128 - process.returncode == status)
    assert err in (b"interrupted\n", b"")
    time.sleep(0.1)
    pids = [int(word) for word in (tmp_path / "pids").read_text(encoding="utf-8").split()]
    assert [pid for pid in pids if alive(pid)] == []


def test_an_error_of_the_caller_ends_the_program(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(NET + GOOD, encoding="utf-8")

    def ask_and_fail() -> None:
        with Program(f"{sys.executable} {tmp_path / 'net.py'}") as program:
            assert json.loads(next(program.answers(["{}"])))["loss"] == 3.5
            assert len(children()) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask_and_fail()
    assert children() == []


@pytest.mark.parametrize("gradient", ["2*w*(1 + random.random())", "2*w*n"], ids=["random", "added up"])
def test_gradients_that_change_from_line_to_line_are_told(run: Run, gradient: str) -> None:
    body = (
        "import json, random, sys\nn = 0\nfor line in sys.stdin:\n    n += 1\n    w = json.loads(line).get('w', 6.0)\n"
        f"    answer = {{'loss': w*w, 'parameters': {{'w': w}}, 'gradients': {{'w': {gradient}}}}}\n"
        "    print(json.dumps(answer), flush=True)\n"
    )
    status, out, err = run(body)
    assert (status, out) == (2, "")
    assert "is not deterministic: the same line gave for w the gradients" in err
    assert "Are they set back to 0 before each backward pass, or random?" in err
