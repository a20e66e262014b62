"""Long lists of numbers are read by another way, which says the same, in the same place."""

from __future__ import annotations

import json
import random
import time

import pytest

import backpropcli as bp
from backpropcli.errors import BackpropError
from backpropcli.language.file import bulk, yaml12
from backpropcli.language.file.document import Document

ROWS = [
    "[1, 2.5, -3e-2]",
    "[[1, 2], [3, 4]]",
    "[[[1], [2]],\n   [[3], [4]]]",
    "[1,\n 2,\n\n 3]",
    "[ 1 , 2 ]",
    "[0]",
    "[-0, 1E5]",
    "[1e400, 2]",
    "[" + "9" * 400 + "]",
    "[.5, 1.]",
    "[+1, 2]",
    "[1, x]",
    "[1, .nan]",
    "[1, 1/3]",
    "[]",
    "[[], 1]",
    "[1 2]",
    "[1,, 2]",
    "[1, 2,]",
    "[01, 2]",
    "[1e, 2]",
    "[--1]",
    "[1-2, 3]",
    "[1, 'a']",
    '[1, "NaN"]',
    "[1] ",
    "[1, 2] # [3]",
    "[1, [2, 3]",
    "[1]]",
    "[e, 1]",
]


def read(text: str) -> object:
    try:
        return Document(text, "f").data
    except BackpropError as error:
        return error.message, str(error.place)


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize(
    "form",
    [
        "x: {}\ny: [5, 6]\n",
        "a: {{x: {}, y: 1}}",
        "- {}\n- 2",
        "{}",
        "x:\n  {}\nz: {}",
        "{}: 1",
        "x: {} abc",
        "x: {}\n  abc",
        "a: {{{}: 1}}",
        "? {}",
        "x: {} {}",
        "x: {}: 1",
    ],
)
def test_both_ways_say_the_same(row: str, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = form.format(row, row)
    usual = read(text)
    monkeypatch.setattr(bulk, "LONG", 1)
    monkeypatch.setattr(bulk, "_NUMBERS", bulk.re.compile(r"\[[-+0-9.eE,\s\[\]]{1,}"))
    found = read(text)
    assert isinstance(found, tuple) == isinstance(usual, tuple)  # an error may be placed at another end of the list
    if not isinstance(usual, tuple):
        assert repr(found) == repr(usual)
        walked, _ = bulk.lifted(text, "f")
        assert len(walked) == len(text)
        assert [k for k, c in enumerate(walked) if c == "\n"] == [k for k, c in enumerate(text) if c == "\n"]


def test_places_behind_a_long_list() -> None:
    text = "x: [" + "1.5,\n " * 50_000 + "2]\nJ: formula\nK: [1, 2]\n"
    assert bulk.lifted(text, "f")[1]
    document = Document(text, "f")
    assert len(document.data["x"]) == 50_001
    assert str(document.place(("J",))) == "f:50002:4"
    assert str(document.place(("K", 1))) == "f:50003:8"
    assert str(document.place(("x", 7))) == "f:1:4"
    assert document.text(("x", 3)) == "1.5"
    assert document.text(("x",)) == ""


def test_a_long_list_says_the_same_as_a_short_one() -> None:
    chance = random.Random(5)
    numbers = [
        [chance.choice((chance.random(), chance.randrange(-5, 5), 1e-300)) for _ in range(3)] for _ in range(4_000)
    ]
    text = f"x: {json.dumps(numbers)}"
    assert bulk.lifted(text, "f")[1]
    assert Document(text, "f").data == {"x": numbers} == yaml12.load(text, "f")


@pytest.mark.parametrize("json_too", [False, True])
@pytest.mark.parametrize("last", ["x", '"x"', "[1, x]"])
def test_a_word_at_the_end_of_a_very_long_list_is_found_at_once(last: str, json_too: bool) -> None:
    if json_too and last != '"x"':
        last = last.replace("x", '"x"')
    text = '{"x": [' + "1.5, " * 400_000 + last + "]}"
    start = time.process_time()
    with pytest.raises(BackpropError, match="x is not a number") as caught:
        Document(text, "f", json=json_too)
    assert time.process_time() - start < 1
    assert caught.value.place is not None
    assert caught.value.place.text
    assert text[caught.value.place.column - 1 :].strip('"').startswith("x")


@pytest.mark.slow
@pytest.mark.parametrize("word", ["pi", "e", '"NaN"', ".nan", ".inf", "1/3", "null"])
def test_words_that_are_numbers_are_left_to_others(word: str) -> None:
    text = "x: [" + "1.5, " * 210_000 + word + "]"
    assert len(Document(text, "f").data["x"]) == 210_001


@pytest.mark.parametrize("file", ["yaml", "quoted", "json"])
def test_a_long_list_in_a_formula_is_the_formulas(file):
    numbers = "[" + ", ".join(["8.0"] * 25_000) + "]"
    formula = f"sum(x * {numbers})"
    text = {
        "yaml": f"parameters:\n  x: 2\nnodes:\n  J: {formula}\n",
        "quoted": f'parameters: {{x: 2}}\nnodes: {{J: "{formula}"}}\n',
        "json": f'{{"parameters": {{"x": 2}}, "nodes": {{"J": "{formula}"}}}}',
    }[file]
    assert bp.loads(text).run().value("J") == 400_000
