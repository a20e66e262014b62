"""What a stranger's file can say never drives a terminal, a log, a CI server, a spreadsheet or a page that shows it."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from backpropcli.app import main
from backpropcli.safe import cell, code, file_name, leaving, markdown, printable, quoted

TITLE = "::error::T <img src=x onerror=a()> [x](javascript:a()) \x1b[2J\x9b2J\u202e|`##[group]y \\input{x} $ % =1+1"
NAME = "::error::\x1b[2J=1+1.yaml"
DRIVES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")
OBEYED = re.compile(r"^\s*::|##\w*\[", re.M)
FORMATS = {
    "run": ("table", "json", "csv", "markdown"),
    "check": ("table", "json", "csv", "markdown", "junit", "github"),
    "explain": ("table", "json", "markdown"),
    "derive": ("table", "json", "markdown"),
    "nudge": ("table", "json", "csv", "markdown"),
    "count": ("table", "json", "markdown"),
    "draw": ("table", "svg", "dot", "mermaid"),
    "page": ("page",),
    "quiz": ("table",),
}
COMMANDS = [(command, form) for command, forms in FORMATS.items() for form in forms]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    words = {
        "title": TITLE,
        "inputs": {"x": 2},
        "parameters": {"w": 3},
        "nodes": {"J": "relu(w*x)"},
        "expect": {"J": 7},
    }
    (tmp_path / NAME).write_text(json.dumps(words), encoding="utf-8")
    return tmp_path


def words_of(command: str, form: str) -> list[str]:
    more = {"explain": ["dJ/dw"], "derive": ["w"], "nudge": ["w"]}.get(command, [])
    return [command, NAME, *more, *([] if form in ("table", "page") else ["--format", form])]


@pytest.mark.parametrize(("command", "form"), COMMANDS)
def test_a_strangers_title_and_file_name_drive_nothing(
    command: str, form: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(words_of(command, form))
    out, err = capsys.readouterr()
    assert status in (0, 1)
    assert out or err
    for text in (out, err):
        assert not DRIVES.search(text)
    if form not in ("page", "github"):  # style in a page, commands of our own
        assert not OBEYED.search(out + err)
    if form == "github":
        assert not re.search(r"^::(?!error |warning )", out, re.M)
    if form == "markdown":
        assert "<img" not in out.replace("\\<img", "")
        assert "](" not in out.replace("\\](", "")
    if form in ("page", "svg"):
        assert "<img src=x" not in out
    if form == "csv":
        assert not [field for row in csv.reader(io.StringIO(out)) for field in row if re.match(r"[=+@\t\r]", field)]
    if form == "json":
        assert json.loads(out)["spec"] == NAME


@pytest.mark.parametrize("ending", ["md", "tex", "html"])
def test_worksheets_are_as_safe(ending: str, folder: Path) -> None:
    assert main(["quiz", NAME, "--worksheet", f"w.{ending}", "-q"]) == 0
    for name in ("w", "w-key"):
        text = (folder / f"{name}.{ending}").read_text(encoding="utf-8")
        assert not DRIVES.search(text)
        if ending == "md":
            assert not re.search(r"(?<!\\)(<img|\]\()", text)
        if ending == "tex":
            assert "\\input" not in text
            assert "U+001B" in text
        if ending == "html":
            assert "Content-Security-Policy" in text
            assert "<script" not in text
            assert "<img src=x" not in text


SPECS = {
    "name": 'parameters: {"a\\n\\e[2J\\e]0;x\\a": 1}\nnodes: {J: 2}',
    "command": 'parameters: {"a\\n::stop-commands::x": 1}\nnodes: {J: 2}',
    "section": '"pa\\n::x::": 1',
    "loss": 'loss: "\\e[2Jw+1\\n::error::"\nparameters: {w: 1}\nnodes: {J: w}',
    "loss name": 'loss: "\\n::error::"\nparameters: {w: 1}\nnodes: {J: w}',
    "formula": 'parameters: {w: 1}\nnodes: {J: "w +\\n::error::\\e[2J"}',
    "csv": 'inputs: {x: {csv: "\\e[2J\\n::error::"}}\nnodes: {J: x}',
    "npz": 'inputs: {x: {npz: "a\\r::x", array: "\\n::x"}}\nnodes: {J: x}',
    "columns": 'inputs: {x: {csv: "d.csv", columns: ["\\n::x\\e[1m"]}}\nnodes: {J: x}',
    "function": 'functions: {"g(\\n::x)": z}\nnodes: {J: g(2)}',
    "option": 'inputs: {x: {ones: [2], "\\n::x": 1}}\nnodes: {J: x}',
    "value": 'inputs: {x: "\\n::error::\\e[2J"}\nnodes: {J: x}',
    "layer": 'inputs: {x: 1}\nlayers: [{"\\n::x": 1}]',
    "expect": 'parameters: {w: 1}\nnodes: {J: w}\nexpect: {"\\n::x": 1}',
    "bidi": 'parameters: {"a\u202eb": 1}\nnodes: {J: 2}',
}


@pytest.mark.parametrize("kind", SPECS)
@pytest.mark.parametrize("json_too", [False, True])
def test_errors_and_hints_about_a_strangers_words_drive_nothing(
    kind: str, json_too: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.csv").write_text("a\x1b[2J,\u202eb\n1,2\n")
    (tmp_path / "s.yaml").write_text(SPECS[kind], encoding="utf-8")
    words = "s.yaml"
    if json_too:
        import yaml

        words = "s.json"
        (tmp_path / words).write_text(json.dumps(yaml.safe_load(SPECS[kind])), encoding="utf-8")
    assert main(["run", words, "--color", "never"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert not DRIVES.search(err)
    assert not OBEYED.search(err)
    assert main(["check", words, words, "--color", "never"]) == 2
    out, err = capsys.readouterr()
    assert not DRIVES.search(out + err)
    assert not OBEYED.search(out + err)


def left(*chunks: str, **how: bool) -> str:
    return "".join(leaving(chunks, **how))


def test_what_leaves() -> None:
    assert left("a\x1b[31mb\x1b[0m\n") == "a\x1b[31mb\x1b[0m\n"
    assert left("\x1b[8mhidden\x1b[2J\x1b]0;x\x07") == "�[8mhidden�[2J�]0;x�"
    assert left("a\rb\x9b", "\u202e\u2028") == "a�b���"
    assert left("::x\n ::y\na::z\n\t::\n") == ": :x\n : :y\na::z\n\t: :\n"
    assert left("ab", "::c\n", "  ", "::d") == "ab::c\n  : :d"
    assert left("##[group]x ##vso[a]") == "# #[group]x # #vso[a]"
    assert left("::x ##[y]\x1b[2J", raw=True) == "::x ##[y]�[2J"
    assert left("\x1b[1m::x\x1b[0m\n\x1b[1m", "::y") == "\x1b[1m: :x\x1b[0m\n\x1b[1m: :y"
    assert left("\x1b[A\x1b[12C", moves=True) == "\x1b[A\x1b[12C"
    assert left("\x1b[A\x1b[12C") == "�[A�[12C"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+1.yaml", "'+1.yaml"),
        ("-w*x", "'-w*x"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        ("-0.5", "-0.5"),
        ("+1e-3", "+1e-3"),
        ("-inf", "-inf"),
        ("nan", "nan"),
        ("w1", "w1"),
        ("", ""),
        ("-.5", "-.5"),
        ("-1-2", "'-1-2"),
        ("=", "'="),
    ],
)
def test_cells(text: str, safe: str) -> None:
    assert cell(text) == safe


def test_json_keeps_what_it_escapes() -> None:
    for text in ("a\x1b\x9b\u202e\u2028##[x]\U000e0001\ud800", "é中😀 \xa0"):
        assert json.loads(quoted(text)) == text
        assert not DRIVES.search(quoted(text))
        assert "##[" not in quoted(text)


def test_one_line_stays_one_line() -> None:
    assert printable("a\nb\r\x0b\x85\u2028c\td\xa0e") == "a�b����c d e"
    assert markdown("a\n# b") == "a�# b"
    assert code("a`b\n```") == "`a'b�'''`"
    assert file_name("a\udcff\udc80.yaml") == "a\\xff\\x80.yaml"
    assert file_name("é.yaml") == "é.yaml"
