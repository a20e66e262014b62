"""`backprop check` of many files: lines, formats, statuses, patterns, and what shell scripts make of them."""

import csv
import io
import itertools
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from backpropcli import api
from backpropcli.app import main

ROOT = Path(__file__).parent.parent.parent
GOOD = "parameters: {w: 3}\nnodes: {J: (2 + 3*w)**2}\n"
WRONG = """\
parameters: {w: 3, v: 2}
functions:
  f(z): {value: z**2, gradient: {z: -2 * z}}
nodes:
  a: f(w)
  J: a * v
"""
NAN = "parameters: {w: 0}\nnodes: {J: sqrt(w)}\n"
KEY = "parameters: {w: 3}\nnodes: {J: w**2}\nexpect:\n  dJ/dw: 6.01\n"
EDGE = "inputs: {x: 1}\nparameters: {w: 0}\nnodes: {z: w*x, a: relu(z), J: (a - 2)**2}\n"
BROKEN = "parameters: {w: 3\n"
EMPTY = "inputs: {x: 1, y: 2}\nnodes: {J: x*y}\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)


def write(**texts):
    os.makedirs("nets", exist_ok=True)
    for name, text in texts.items():
        Path(f"nets/{name}.yaml").write_text(text, encoding="utf-8")


def call(capsys, *words):
    status = main(list(words))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def bash(command, **env):
    """A real shell, with pipefail, in which `backprop` is this program."""
    clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
    setup = f'set -o pipefail; backprop() {{ "{sys.executable}" -m backpropcli "$@"; }}; '
    return subprocess.run(
        ["bash", "-c", setup + command],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        env={**clean, "PYTHONPATH": str(ROOT), **env},
    )


# The lines.


def test_a_line_each_the_worst_first(capsys):
    write(attention=WRONG, edge=EDGE, good=GOOD, key=KEY)
    status, out, err = call(capsys, "check", "nets/good.yaml", "nets/edge.yaml", "nets/key.yaml", "nets/attention.yaml")
    assert (status, err) == (1, "")
    assert (
        out
        == """\
  file                  gradients   verdict   worst
  ──────────────────────────────────────────────────────────────────────────────
  nets/key.yaml         0 of 1      FAIL      dJ/dw: expected 6.01, got 6
  nets/attention.yaml   1 of 2      FAIL      dJ/dw: sign
  nets/good.yaml        0 of 1      pass      dJ/dw: sees mistakes > 1e-6
  nets/edge.yaml        0 of 1      pass      dJ/dw: relu(z) is on its corner

2 wrong, 2 right in 4 files. Alone: backprop check nets/key.yaml
""".replace("─" * 78, "─" * (len(out.splitlines()[1]) - 2))
    )


def test_what_cannot_be_checked_is_a_line_too(capsys):
    write(a=GOOD, b=BROKEN, c=EMPTY, d=WRONG)
    status, out, err = call(capsys, "check", "nets/*.yaml", "nets/none.yaml")
    assert status == 2
    assert [re.split(r"\s{2,}", line.strip()) for line in out.splitlines()[2:7]] == [
        ["nets/b.yaml", "error", "line 1: this { is never closed"],
        ["nets/c.yaml", "error", "nothing to check: nets/c.yaml has no parameters"],
        ["nets/none.yaml", "error", "there is no file nets/none.yaml"],
        ["nets/d.yaml", "1 of 2", "FAIL", "dJ/dw: sign"],
        ["nets/a.yaml", "0 of 1", "pass", "dJ/dw: sees mistakes > 1e-6"],
    ]
    assert out.endswith("\n3 not checked, 1 wrong, 1 right in 5 files. Alone: backprop check nets/d.yaml\n")
    assert (
        err
        == """\
error: this { is never closed
  nets/b.yaml:1:13
  1 | parameters: {w: 3
    |             ^
error: nothing to check: nets/c.yaml has no parameters
  x, y are inputs. Move them to parameters:, or check them with --all
error: there is no file nets/none.yaml
"""
    )


def test_options_hold_for_every_file(capsys):
    write(a=EMPTY, b=GOOD)
    status, out, _ = call(capsys, "check", "nets/*.yaml", "--all")
    assert status == 0
    assert "nets/a.yaml   0 of 2" in out
    status, out, err = call(capsys, "check", "nets/*.yaml", "--only", "w")
    assert status == 2
    assert "nets/a.yaml has no node w" in err
    assert "nets/b.yaml   0 of 1" in out


def test_alone_is_typed_back_in_quotes(capsys):
    write(**{"it's mine": WRONG, "a": GOOD})
    _, out, _ = call(capsys, "check", "nets/*.yaml")
    alone = re.search("Alone: (.*)", out)[1]
    assert bash(alone).stdout.startswith("nets/it's mine.yaml   1 of 2 gradients is wrong\n")


# Patterns.


def test_patterns_are_expanded_here_too(capsys):
    write(b=GOOD, a=GOOD)
    os.makedirs("nets/deep/er")
    Path("nets/deep/er/c.yml").write_text(GOOD)
    Path("nets/deep/d.json").write_text('{"parameters": {"w": 1}, "nodes": {"J": "w**2"}}')
    Path("nets/README.md").write_text("no network")

    def files(*words):
        status, out, err = call(capsys, "check", *words, "--format", "csv")
        assert (status, err) == (0, "")
        return list(dict.fromkeys(line.split(",")[0] for line in out.splitlines()[1:]))

    assert files("nets/*.yaml") == ["nets/a.yaml", "nets/b.yaml"]
    assert files("nets/[ab].yaml") == ["nets/a.yaml", "nets/b.yaml"]
    assert files("nets/b.yaml", "nets/*.yaml") == ["nets/b.yaml", "nets/a.yaml"]
    assert files("nets/**") == ["nets/a.yaml", "nets/b.yaml", "nets/deep/d.json", "nets/deep/er/c.yml"]
    assert files("**/*.y*ml") == ["nets/a.yaml", "nets/b.yaml", "nets/deep/er/c.yml"]


def test_a_pattern_of_one_file_is_that_file(capsys):
    write(a=GOOD)
    assert call(capsys, "check", "nets/*.yaml") == call(capsys, "check", "nets/a.yaml")


def test_a_file_called_like_a_pattern_is_a_file(capsys):
    write(**{"a[1]": GOOD, "a1": WRONG})
    assert call(capsys, "check", "nets/a[1].yaml")[0] == 0


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (
            ["nets/x*.yaml"],
            "nothing matches nets/x*.yaml\n  Networks end in .yaml, .yml or .json; ** stands for "
            "folders in folders: '**/*.yaml'\n",
        ),
        (["nowhere/*.yaml"], "nothing matches nowhere/*.yaml\n  There is no folder nowhere.\n"),
        (["nets"], "nets is a folder, not a file\n  The networks in it:  backprop check 'nets/*.yaml'\n"),
        (
            ["nets/a.yaml", "nets"],
            "nets is a folder, not a file\n  The networks in it:  backprop check 'nets/*.yaml'\n",
        ),
        (
            ["nets/a.yaml", "nets/b.yaml", "notes.txt"],
            "check takes a file that ends in .yaml, .yml or .json; notes.txt is none\n",
        ),
        (
            ["nets/a.yaml", "nets/b.yaml", "--example", "lecture"],
            "--example lecture and nets/a.yaml together\n  Give one of them.\n",
        ),
    ],
)
def test_what_is_no_file(words, error, capsys):
    write(a=GOOD, b=GOOD)
    assert call(capsys, "check", *words) == (2, "", f"error: {error}")


# Statuses.

KINDS = {2: BROKEN, 1: WRONG, 0: GOOD}


@pytest.mark.parametrize("kinds", [k for n in (2, 3) for k in itertools.combinations_with_replacement(KINDS, n)])
@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown", "junit", "github"])
def test_the_status_of_every_combination(kinds, form, capsys):
    first = next(status for status in (70, 2, 1, 3, 0) if status in kinds)
    for order in set(itertools.permutations(kinds)):
        write(**{f"n{k}": KINDS[kind] for k, kind in enumerate(order)})
        assert call(capsys, "check", "nets/*.yaml", "--format", form)[0] == first


def unsure(network):
    from backpropcli.gradcheck import Report, Row

    row = Row("w", (), 1.0, 1.1, 0.3, "unsure", "unsettled", note="no opinion was sharp enough here")
    return Report("J", 1.0, [row])


@pytest.mark.parametrize("others", [[], [GOOD], [WRONG], [BROKEN], [WRONG, BROKEN]])
def test_unsure_and_a_bug(others, capsys, monkeypatch):
    check = api.Network.check

    def sometimes(self, *arguments, **options):
        if "unsure" in self.source:
            return unsure(self)
        if "bug" in self.source:
            raise ZeroDivisionError("oh")
        return check(self, *arguments, **options)

    monkeypatch.setattr(api.Network, "check", sometimes)
    write(unsure=GOOD, **{f"n{k}": text for k, text in enumerate(others)})
    status, out, _ = call(capsys, "check", "nets/unsure.yaml", *(f"nets/n{k}.yaml" for k in range(len(others))))
    assert status == (2 if BROKEN in others else 1 if WRONG in others else 3)
    write(bug=GOOD)
    status, out, err = call(capsys, "check", "nets/*.yaml")
    assert status == 70
    lines = [re.split(r"\s{2,}", line.strip()) for line in out.splitlines()]
    assert ["nets/unsure.yaml", "1 of 1", "unsure", "dJ/dw: ± 0.3, try another w"] in lines
    assert lines[2] == ["nets/bug.yaml", "bug", "oh"]
    assert "nets/bug.yaml: a bug in backprop: ZeroDivisionError: oh" in err
    _, out, _ = call(capsys, "check", "nets/*.yaml", "--format", "github")
    assert "::error file=nets/bug.yaml,title=bug in backprop::ZeroDivisionError('oh')\n" in out
    assert "::warning file=nets/unsure.yaml,line=1,title=dJ/dw::could not be judged: ± 0.3, try another w\n" in out
    _, out, _ = call(capsys, "check", "nets/*.yaml", "--format", "junit")
    case = ET.fromstring(out).find("testsuite[@name='nets/unsure.yaml']/testcase")
    assert [(e.tag, e.get("type")) for e in case] == [("error", "unsure")]
    _, out, _ = call(capsys, "check", "nets/*.yaml", "--format", "json")
    assert json.loads(out)["verdict"] == "bug"


# What is wrong alone.


@pytest.mark.parametrize("form", ["table", "csv", "markdown", "github"])
def test_failures_says_nothing_where_all_is_right(form, capsys):
    write(a=GOOD, b=EDGE)
    assert call(capsys, "check", "nets/*.yaml", "--failures", "--format", form) == (0, "", "")
    assert call(capsys, "check", "nets/a.yaml", "--failures", "--format", form) == (0, "", "")
    status, out, _ = call(capsys, "check", "nets/a.yaml", "--failures", "--format", form, "--expect", "J=121")
    assert (status, out) == (0, "")


def test_failures_keeps_documents_whole(capsys):
    write(a=GOOD, b=EDGE)
    status, out, _ = call(capsys, "check", "nets/*.yaml", "--failures", "--format", "json")
    assert (status, json.loads(out)) == (0, {"format": "backprop.checks/1", "verdict": "pass", "files": []})
    status, out, _ = call(capsys, "check", "nets/*.yaml", "--failures", "--format", "junit")
    assert (status, list(ET.fromstring(out))) == (0, [])


def test_failures_leaves_out_what_is_right(capsys):
    write(a=GOOD, b=WRONG, c=KEY)
    _, out, _ = call(capsys, "check", "nets/*.yaml", "--failures")
    assert "nets/a.yaml" not in out
    assert "2 wrong, 1 right in 3 files." in out
    _, out, _ = call(capsys, "check", "nets/b.yaml", "--failures")
    assert "dJ/dw " in out
    assert "dJ/dv" not in out
    assert out.startswith("nets/b.yaml   1 of 2 gradients is wrong\n")
    _, out, _ = call(capsys, "check", "nets/*.yaml", "--failures", "--format", "json")
    assert [[p["name"] for p in f["parameters"]] for f in json.loads(out)["files"]] == [["w"], []]
    _, out, _ = call(capsys, "check", "nets/*.yaml", "--failures", "--format", "junit")
    root = ET.fromstring(out)
    assert [case.get("name") for case in root.iter("testcase")] == ["dJ/dw", "expect dJ/dw"]
    assert root.get("tests") == "2"


# The other forms.


def test_json_holds_the_single_reports(capsys):
    write(a=GOOD, b=WRONG, c=BROKEN)
    _, out, _ = call(capsys, "check", "nets/*.yaml", "--format", "json")
    data = json.loads(out)
    assert (data["format"], data["verdict"]) == ("backprop.checks/1", "error")
    assert [(f["spec"], f["verdict"], f["format"]) for f in data["files"]] == [
        ("nets/c.yaml", "error", "backprop.check/1"),
        ("nets/b.yaml", "fail", "backprop.check/1"),
        ("nets/a.yaml", "pass", "backprop.check/1"),
    ]
    assert data["files"][0]["error"] == {
        "message": "this { is never closed",
        "file": "nets/c.yaml",
        "line": 1,
        "column": 13,
        "hint": "",
    }
    for file in data["files"][1:]:
        assert json.loads(call(capsys, "check", file["spec"], "--format", "json")[1]) == file


def test_csv_is_flat(capsys):
    write(a=KEY, b=BROKEN)
    _, out, _ = call(capsys, "check", "nets/*.yaml", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [(r["file"], r["name"], r["verdict"], r["reason"]) for r in rows] == [
        ("nets/b.yaml", "", "error", "this { is never closed"),
        ("nets/a.yaml", "w", "pass", ""),
        ("nets/a.yaml", "dJ/dw", "fail", "expected"),
    ]
    assert (rows[2]["backprop"], rows[2]["numerical"], rows[2]["bound"]) == ("6", "6.01", "0.005")


def test_github_annotations_stand_at_the_fault(capsys):
    write(a=WRONG, b=KEY, c=BROKEN, d=EMPTY, e=NAN, f=GOOD)
    _, out, _ = call(capsys, "check", "nets/*.yaml", "--format", "github")
    assert (
        out
        == """\
::error file=nets/c.yaml,line=1,col=13,title=not checked::this { is never closed
::error file=nets/d.yaml,title=not checked::nothing to check: nets/d.yaml has no parameters%0A\
x, y are inputs. Move them to parameters:, or check them with --all
::error file=nets/a.yaml,line=3,title=dJ/dw::sign: -12 for 12
::error file=nets/b.yaml,line=4,title=dJ/dw::expected 6.01, got 6
::error file=nets/e.yaml,line=1,title=dJ/dw::backprop's gradient is inf, from sqrt in J
"""
    )


def test_annotations_name_files_from_the_top_of_the_repository(capsys, monkeypatch, tmp_path):
    write(a=WRONG)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    monkeypatch.chdir("nets")
    assert call(capsys, "check", "a.yaml", "--format", "github")[1].startswith("::error file=nets/a.yaml,line=3,")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "elsewhere"))
    assert call(capsys, "check", "a.yaml", "--format", "github")[1].startswith("::error file=a.yaml,line=3,")


def test_a_files_name_starts_no_command_of_its_own(capsys):
    """GitHub reads commands on stderr too."""
    write(**{"x\n::error::y": BROKEN, "a": GOOD})
    for form in ("table", "markdown", "github"):
        _, out, err = call(capsys, "check", "./nets/*.yaml", "--format", form)
        lines = [line for line in (out + err).splitlines() if line.lstrip().startswith("::")]
        wanted = "::error file=nets/x%0A%3A%3Aerror%3A%3Ay.yaml,line=1,col=13,title=not checked::this { is never closed"
        assert lines == ([wanted] if form == "github" else [])


def test_one_component_in_an_annotation(capsys):
    write(
        a="""\
parameters: {W: [[1, 2], [3, 4]]}
functions:
  f(z): {value: z**2, gradient: {z: "where(z > 3.5, -2 * z, 2 * z)"}}
nodes:
  a: f(W)
  J: sum(a)
"""
    )
    _, out, _ = call(capsys, "check", "nets/a.yaml", "--format", "github")
    assert out == "::error file=nets/a.yaml,line=3,title=dJ/dW[1%2C 1]::sign: -8 for 8\n"


def test_without_a_file_the_forms_for_ci_work_too(capsys):
    status, out, err = call(capsys, "check", "-p", "w=3", "-n", "J = w**2", "--format", "junit")
    assert (status, err) == (0, "")
    assert ET.fromstring(out).find("testsuite").get("name") == "the command line"
    status, out, err = call(capsys, "check", "--format", "github")
    assert status == 2
    assert err.startswith("error: no network to run: there is no net.yaml here\n")
    Path("net.yaml").write_text(GOOD)
    assert call(capsys, "check", "--format", "github") == (0, "", "reading net.yaml\n")


@pytest.mark.parametrize(
    ("ending", "start"),
    [
        ("xml", "<?xml"),
        ("json", '{"format": "backprop.checks/1"'),
        ("csv", "file,"),
        ("md", "| file"),
        ("txt", "  file"),
    ],
)
def test_the_ending_chooses_the_form(ending, start, capsys):
    write(a=GOOD, b=WRONG)
    assert call(capsys, "check", "nets/*.yaml", "-o", f"report.{ending}") == (1, "", "")
    assert Path(f"report.{ending}").read_text(encoding="utf-8").startswith(start)


# The Python API.


def test_a_notebook_can_do_the_same():
    write(a=GOOD, b=WRONG, c=BROKEN)
    found = list(api.check_files("nets/*.yaml"))
    assert [f.verdict for f in found] == ["pass", "fail", "error"]
    summary = api.sum_up(found)
    assert ([f.source for f in summary.files], summary.verdict, summary.status) == (
        ["nets/c.yaml", "nets/b.yaml", "nets/a.yaml"],
        "error",
        2,
    )
    assert api.sum_up([]).status == 0


# Shell scripts.


@pytest.mark.slow
def test_a_closed_pipe_never_changes_the_status():
    write(attention=WRONG, good=GOOD)
    done = bash('backprop check nets/*.yaml | head -1; echo "${PIPESTATUS[0]}"')
    assert done.stdout == "  file                  gradients   verdict   worst\n1\n"
    assert done.stderr == ""
    for form in ("json", "csv", "junit", "github", "markdown"):
        done = bash(f'backprop check nets/*.yaml --format {form} | true; echo "${{PIPESTATUS[0]}}"')
        assert (done.stdout, done.stderr) == ("1\n", "")


def test_a_script_can_branch_on_the_status():
    write(good=GOOD, wrong=WRONG)
    done = bash("if backprop check nets/good.yaml nets/wrong.yaml -o r.xml; then echo right; else echo wrong $?; fi")
    assert (done.stdout, done.stderr) == ("wrong 1\n", "")
    done = bash("backprop check nets/good.yaml --failures && echo right")
    assert (done.stdout, done.stderr) == ("right\n", "")
    done = bash("for f in nets/*.yaml; do backprop check $f -q >/dev/null || echo $f; done")
    assert done.stdout == "nets/wrong.yaml\n"
    done = bash("cd nets; backprop check good.yaml - < wrong.yaml | tail -1")
    assert done.stdout == "1 wrong, 1 right in 2 files. Alone: backprop check stdin\n"
    assert done.returncode == 1


def test_json_through_a_filter():
    write(good=GOOD, wrong=WRONG, edge=EDGE)
    select_ = (
        "import json, sys; [print(f['spec'], p['name']) for f in json.load(sys.stdin)['files'] "
        "for p in f['parameters'] if p['verdict'] != 'pass']"
    )
    done = bash(f'backprop check nets/*.yaml --format json | "{sys.executable}" -c "{select_}"')
    assert (done.stdout, done.returncode) == ("nets/wrong.yaml w\n", 1)


def test_the_hook_checks_what_it_is_given():
    write(good=GOOD, wrong=WRONG)
    import yaml

    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert (hook["id"], hook["language"], hook["pass_filenames"]) == ("backprop-check", "python", True)
    pattern = re.compile(hook["files"])
    assert [bool(pattern.search(f)) for f in ("nets/a.yaml", "x/nets/b/c.json", ".github/a.yaml", "nets/a.py")] == [
        True,
        True,
        False,
        False,
    ]
    line = " ".join([hook["entry"], *hook["args"]])
    assert bash(f"{line} nets/good.yaml").stdout == ""
    assert bash(f"{line} nets/good.yaml nets/wrong.yaml").returncode == 1


# Terminals and Ctrl-C.

SLOW = """
import sys, time
from backpropcli import api
check = api.Network.check
def slow(self, *a, **k):
    if "slow" in self.source:
        print("started", file=sys.stderr, flush=True)
        time.sleep(30)
    time.sleep(0.2)
    return check(self, *a, **k)
api.Network.check = slow
from backpropcli.app import main
sys.exit(main(sys.argv[1:]))
"""


def start_slow(*words, **options):
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"}
    return subprocess.Popen([sys.executable, "-c", SLOW, "check", *words], env=env, **options)


def test_ctrl_c_prints_what_was_done():
    write(a=WRONG, b=GOOD, slow=GOOD, z=GOOD)
    process = start_slow("nets/*.yaml", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr.readline() == b"started\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert out.decode().splitlines()[-2:] == [
        "1 wrong, 1 right in 2 of 4 files (interrupted).",
        "Alone: backprop check nets/a.yaml",
    ]
    assert err == b"interrupted\n"


def test_ctrl_c_writes_no_half_file():
    write(a=WRONG, slow=GOOD)
    process = start_slow("nets/*.yaml", "-o", "r.xml", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr.readline() == b"started\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20) == (b"", b"interrupted\n")
    assert process.returncode == 130
    assert not os.path.exists("r.xml")


def test_progress_in_a_terminal_leaves_nothing_behind():
    write(a=GOOD, b=GOOD, c=GOOD, d=GOOD)
    mine, theirs = pty.openpty()
    process = start_slow("nets/*.yaml", stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    seen, deadline = b"", time.monotonic() + 20
    while time.monotonic() < deadline:
        if select.select([mine], [], [], 0.1)[0]:
            try:
                seen += os.read(mine, 10_000)
            except OSError:
                break
        elif process.poll() is not None:
            break
    os.close(mine)
    out, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    assert b"3 of 4: nets/c.yaml" in seen
    assert seen.endswith(b"\r\x1b[K")
    assert b"of 4: " not in out


def test_a_number_that_float64_lost_is_called_so_in_every_format(capsys):
    write(a="parameters: {x: 1e-4}\nnodes: {J: (1 - cos(x)) / x**2}\n", b=GOOD)
    status, out, _ = call(capsys, "check", "nets/*.yaml")
    assert status == 1
    assert "dJ/dx: lost in float64" in out
    _, out, _ = call(capsys, "check", "nets/*.yaml", "--format", "github")
    assert "::lost in float64: 4.4108e-5 for -8.33333e-6" in out
