"""Errors as a user reads them: reason, place, excerpt with a caret, hint."""

from __future__ import annotations

import pytest

from backpropcli.errors import BackpropError, FormulaError, Place
from backpropcli.safe import printable
from backpropcli.suggest import did_you_mean, nearest


def test_block_has_reason_place_caret_and_hint() -> None:
    place = Place("net.yaml", 8, 7, "  a1: max(0, z1)", 10)
    reason = "max reduces one array; it does not compare two values"
    error = FormulaError(reason, place, "The larger is maximum(0, z1).")
    assert str(error) == (
        "max reduces one array; it does not compare two values\n"
        "  net.yaml:8:7\n"
        "  8 |   a1: max(0, z1)\n"
        "    |       ^^^^^^^^^^\n"
        "  The larger is maximum(0, z1)."
    )


def test_a_flag_has_no_line_number() -> None:
    error = FormulaError("unknown name: w1x", Place("--node", 0, 5, "y = w1x + b", 3))
    assert str(error) == "unknown name: w1x\n  --node\n  | y = w1x + b\n  |     ^^^"


def test_a_place_without_text_is_just_named() -> None:
    assert str(BackpropError("no", Place("net.yaml"))) == "no\n  net.yaml"


def test_caret_never_runs_past_the_line() -> None:
    assert Place("f", 1, 3, "ab + c", 99).excerpt()[1] == "  |   ^^^^"


@pytest.mark.parametrize("column", [1, 500, 5_000, 9_999])
def test_long_lines_are_shown_around_the_caret(column: int) -> None:
    text = "".join(chr(ord("a") + k % 26) for k in range(10_000))
    line, caret = Place("f", 1, column, text).excerpt()
    assert len(line) < 130
    assert line[caret.index("^")] == text[column - 1]


def test_control_characters_cannot_drive_the_terminal() -> None:
    assert printable("a\x1b[31mb\tc") == "a�[31mb c"
    assert "\x1b" not in str(BackpropError("bad \x1b[2J name", Place("f", 1, 1, "\x1b[2J")))


def test_the_first_known_place_stays() -> None:
    error = BackpropError("no").at(Place("a")).at(Place("b"))
    assert error.place == Place("a")
    assert error.spanning(3, 5).spanning(0, 9).span == (3, 2)


@pytest.mark.parametrize(
    ("word", "names", "found"),
    [
        ("W_1", ["W1", "b1"], "W1"),
        ("sigmod", ["sigmoid", "sign"], "sigmoid"),
        ("parameter", ["parameters"], "parameters"),
        ("qqq", ["w1", "b1"], ""),
        ("Relu", ["relu", "relu6"], "relu"),
        ("x", [], ""),
    ],
)
def test_nearest(word: str, names: list[str], found: str) -> None:
    assert nearest(word, names) == found
    assert did_you_mean(word, names) == (f". Did you mean {found}?" if found else "")
