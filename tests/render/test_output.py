"""Where results go: files whole or not at all, ASCII where the stream needs it, colours where they are wanted."""

import io
import os

import pytest

from backpropcli.errors import FileError
from backpropcli.render.output import colour_wanted, print_all, terminal_width, to_ascii
from backpropcli.render.writing import write_file


class Terminal(io.StringIO):
    def isatty(self):
        return True

    def fileno(self):
        raise OSError


def test_colours_follow_option_environment_and_terminal(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    assert colour_wanted("auto", Terminal())
    assert not colour_wanted("auto", io.StringIO())
    assert colour_wanted("always", io.StringIO())
    assert not colour_wanted("never", Terminal())
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert colour_wanted("auto", io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colour_wanted("auto", Terminal())
    assert colour_wanted("always", Terminal())
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.delenv("FORCE_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not colour_wanted("auto", Terminal())


def test_the_width_is_the_terminals(monkeypatch):
    monkeypatch.setenv("COLUMNS", "97")
    assert terminal_width(Terminal()) == 97
    assert terminal_width(io.StringIO()) is None
    assert terminal_width(None) is None
    monkeypatch.setenv("COLUMNS", "")
    assert terminal_width(Terminal()) == 80


def test_ascii_keeps_columns():
    assert to_ascii("──\nw1*x…   2 ± 3") == "--\nw1*x... 2 +- 3"


def test_a_stream_without_these_signs_gets_ascii(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    print_all(["── ζ\n"])
    assert raw.getvalue() == b"-- \\u03b6\n"


def test_files_are_replaced_whole(tmp_path):
    path = tmp_path / "a.json"
    write_file(str(path), ["one\n"])
    os.chmod(path, 0o640)

    def broken():
        yield "half"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_file(str(path), broken())
    assert path.read_text() == "one\n"
    assert os.listdir(tmp_path) == ["a.json"]
    write_file(str(path), ["two\n", "ζ\n"])
    assert path.read_text(encoding="utf-8") == "two\nζ\n"
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.json").write_text("one")
    (tmp_path / "link.json").symlink_to("real.json")
    write_file(str(tmp_path / "link.json"), ["two"])
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_text() == "two"


def test_where_a_file_cannot_be_written(tmp_path):
    with pytest.raises(FileError, match="is a folder"):
        write_file(str(tmp_path), ["x"])
    missing = tmp_path / "no" / "a.json"
    with pytest.raises(FileError) as caught:
        write_file(str(missing), ["x"])
    why = "cannot be written: no such file or directory"
    assert str(caught.value) == f"{missing} {why}\n  There is no folder {missing.parent}."


def test_devices_are_written_directly():
    write_file("/dev/null", ["x"])
    with pytest.raises(FileError, match="/dev/full cannot be written: no space left on device"):
        write_file("/dev/full", ["x"])
    assert os.path.exists("/dev/null")


def test_messages_break_at_words_and_files_lines_do_not():
    from backpropcli.render.output import at_words

    text = "error: " + "word " * 12 + "\n  net.yaml:7:11\n  7 | " + "w" * 60 + "\n    | ^^^\n  hint " + "more " * 10
    lines = at_words(text, 40).split("\n")
    assert all(len(line) <= 40 for line in lines if "|" not in line)
    assert "  7 | " + "w" * 60 in lines
    assert lines[-1].startswith("  more")
    assert at_words(text, None) == text


def test_signs_that_an_encoding_does_not_have_keep_their_columns():
    from backpropcli.render.output import spelled_out
    from backpropcli.render.table import Column, Table

    table = Table([Column("name"), Column("value", "point")], [[("θ", "2"), ("w1", "3")]])
    lines = spelled_out(table, "ascii").text().splitlines()
    assert lines[2:] == ["  \\u03b8       2", "  w1           3"]
