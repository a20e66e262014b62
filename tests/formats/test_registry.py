"""The registry of formats: who writes what, what is refused, and what a new format takes."""

import re
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from backpropcli.app import main
from backpropcli.commands.table import COMMANDS
from backpropcli.errors import UsageError
from backpropcli.formats import registry
from backpropcli.formats.registry import FORMATS, Format, Record, destination, formats_of
from backpropcli.guide import chapter


class Numbers(Record):
    """A record of some shapes."""

    what = "numbers"

    def tables(self, to): ...
    def json(self, to): ...
    def csv(self, to): ...


@pytest.mark.parametrize(
    ("path", "format", "expected"),
    [
        (None, None, "table"),
        ("a.json", None, "json"),
        ("a.CSV", None, "csv"),
        ("a.md", None, "markdown"),
        ("a.txt", None, "table"),
        ("a.txt", "csv", "csv"),
        ("a.xyz", "json", "json"),
        (None, "md", "markdown"),
    ],
)
def test_the_ending_chooses_the_format(path, format, expected):
    assert destination(Numbers, path, format, None, False).format == expected


@pytest.mark.parametrize(
    ("path", "format", "color", "message"),
    [
        ("a.xyz", None, None, "-o a.xyz: the ending chooses the format, and should be one of .txt, .json, .csv, .md"),
        ("a", None, None, "-o a: the ending chooses the format"),
        (None, "jsn", None, "--format jsn: expected table, json, csv or markdown. Did you mean json?"),
        (None, None, "blue", "--color blue: expected auto, always or never"),
    ],
)
def test_unknown_formats(path, format, color, message):
    with pytest.raises(UsageError) as caught:
        destination(Numbers, path, format, color, False)
    assert str(caught.value).startswith(message)


def test_an_ending_that_says_something_else_is_an_error():
    with pytest.raises(UsageError, match="the ending says json"):
        destination(Numbers, "a.json", "csv", None, False)


def records():
    """Every class of record, as the commands state them."""
    for entry in COMMANDS:
        function = getattr(import_module(f"backpropcli.commands.{entry.module}"), entry.name)
        yield from getattr(function, "records", ())


def written_by(format):
    return list(dict.fromkeys(record.what for record in records() if format in formats_of(record)))


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
def test_a_format_is_written_by_its_module(format):
    module = import_module(f"backpropcli.{format.module}")
    for shape in format.shapes:
        assert callable(getattr(module, shape))
    assert written_by(format)


def test_the_guide_lists_what_the_registry_knows():
    lines = ["| format | ending | written by |", "| --- | --- | --- |"]
    for format in FORMATS:
        commands = ", ".join(f"`{what}`" for what in written_by(format))
        lines.append(f"| `{format.name}` | {', '.join(format.endings)} | {commands} |")
    assert "\n".join(lines) in chapter("formats")


@pytest.mark.parametrize("record", list(records()), ids=lambda record: record.__name__)
def test_what_a_record_has_not_is_refused_by_one_message(record):
    known = formats_of(record)
    for format in FORMATS:
        if format not in known and not set(format.endings) & {e for f in known for e in f.endings}:
            with pytest.raises(UsageError) as caught:
                destination(record, form=format.name)
            message, has, *_ = str(caught.value).splitlines()
            assert message == f"{record.what}{record.because} has no {format.name}"
            assert has.startswith("  It has ")
            assert all(f.name in has for f in known)
            for ending in format.endings:
                with pytest.raises(UsageError) as caught:
                    destination(record, f"x{ending}")
                said = str(caught.value)
                assert all(
                    f.name in said if record.because else set(f.endings) <= set(re.findall(r"\.\w+", said))
                    for f in known
                )


REFUSED = [
    (["run", "--steps", "--format", "csv"], "run --steps is text, and has no csv"),
    (["run", "--steps", "--format", "latex"], "run --steps is text, and has no latex"),
    (["run", "--get", "J", "--format", "markdown"], "run --get prints bare numbers, and has no markdown"),
    (["run", "--format", "junit"], "run has no junit"),
    (["check", "--format", "latex"], "check has no latex"),
    (["check", "--sweep", "w1", "--format", "github"], "check --sweep has no github"),
    (["check", "--sweep", "w1", "--format", "svg"], "check --sweep has no svg"),
    (["explain", "w1", "--format", "csv"], "explain has no csv"),
    (
        ["derive", "w1", "-o", "x.csv"],
        "-o x.csv: the ending chooses the format, and should be one of .txt, .json, .md, .markdown, .tex",
    ),
    (["nudge", "w1", "--format", "latex"], "nudge has no latex"),
    (
        ["count", "-o", "x.svg"],
        "-o x.svg: the ending chooses the format, and should be one of .txt, .json, .md, .markdown",
    ),
    (["draw", "--format", "json"], "draw has no json"),
    (
        ["draw", "-o", "x.csv"],
        "-o x.csv: the ending chooses the format, and should be one of .txt, .svg, .dot, .gv, .mmd, .tex",
    ),
    (["run", "--steps", "-o", "x.csv"], "run --steps is text, and has no csv"),
]


def test_a_sweep_lists_what_a_sweep_can_write(capsys):
    assert main(["check", "--example", "lecture", "--sweep", "--format", "svg"]) == 2
    assert "It has table, json, csv or markdown." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"), REFUSED, ids=lambda value: " ".join(value) if type(value) is list else ""
)
def test_commands_refuse_what_they_cannot_write(words, message, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main([*words, "--example", "lecture"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"error: {message}\n  ")
    assert not list(Path().iterdir())


@pytest.fixture
def _toy(monkeypatch):
    """A format as a newcomer adds one: a module, and its row."""

    def tables(found, to):
        for table in found:
            for section in table.sections:
                yield from ("\t".join(map(str, row)) + "\n" for row in section)

    module = ModuleType("backpropcli.formats.toy")
    module.tables = tables
    monkeypatch.setitem(sys.modules, "backpropcli.formats.toy", module)
    row = Format("toy", (".toy",), ("tables",), "formats.toy", ("tab",))
    monkeypatch.setattr(registry, "FORMATS", (*FORMATS, row))


@pytest.mark.usefixtures("_toy")
def test_a_new_format_is_a_module_and_a_row(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["count", "--example", "lecture", "--format", "toy"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("nudging each parameter\tN × P = 28\t")
    assert main(["run", "--example", "lecture", "-o", "x.toy"]) == 0
    assert "a1\t" in Path("x.toy").read_text(encoding="utf-8")
    assert main(["check", "--example", "lecture", "--format", "tab"]) == 0
    assert "dJ/dw1" in capsys.readouterr().out
    assert main(["explain", "--example", "lecture", "w1", "--format", "toy"]) == 2
    assert "explain has no toy\n  It has table, json, markdown or latex." in capsys.readouterr().err
