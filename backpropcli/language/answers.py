"""Answers typed by a learner: constant expressions, as a spec's own values are, with the signs of a maths lesson."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from backpropcli.errors import BackpropError, SpecError
from backpropcli.language.data.values import read_value
from backpropcli.language.file.words import Words
from backpropcli.ops.table import lookup
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.ops.definition import Value

MOST_CHARACTERS = 500
SIGNS = str.maketrans(
    {
        "−": "-",
        "–": "-",
        "—": "-",
        "·": "*",
        "⋅": "*",
        "•": "*",
        "×": "*",
        "∙": "*",
        "÷": "/",
        "⁄": "/",
        "∕": "/",
        "^": "\u0001",
        "∂": "d",
    }
)
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
BETWEEN = re.compile(r"(?<=[\w.\])])\s+(?=[-+]?[.\w\[(])")
"""Where one number of an array ends and the next begins: not before a sign that has a blank behind it, as in 3 - 2."""
DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
LOGARITHM = re.compile(r"\bln\b(?:\s*(\d[\d.]*))?")
QUANTITY = re.compile(r"d[^\W\d]\w*(?:\.\d+)?\s*/\s*d[^\W\d]\w*(?:\.\d+)?|(?<![\w.])[^\W\d]\w*(?:\.\d+)?")
MIXED = re.compile(r"\s*([-+]?)(\d+)\s+(\d+\s*/\s*\d+)\s*\Z")
EXAMPLE = "An answer is a number, such as 6, 2*3 or 1/3."
CONSTANTS = frozenset({"pi", "e", "inf", "nan"})
TELLING = ("decimals", "an operator is missing", "a number has no space", "larger than", "overflows")
"""What errors of the formula language begin with, or hold, that help a learner too; others speak of networks."""


def read_answer(
    text: str,
    name: str,
    array: bool = False,
    known: Mapping[str, str | None] | None = None,
    shape: tuple[int, ...] | None = None,
) -> Value:
    """What an answer is worth: a float, or an array for `[1, 2]` (and, where an `array` is asked for, `1 2` or `1; 2`).

    Of an array's `shape`, where it is told, is known what a comma is: `3,5 2,5` are two numbers or four.
    `t1 = 2` is as good as `2`, for the `name` that is asked for, and `2*3 = 6` as good as `6`. `known` are the names of
    the network, each with its number as text, None where it is not known yet: what a formula of them is told. Raises
    SpecError for all that is no finite number.
    """
    if len(text) > MOST_CHARACTERS:  # before anything searches through it
        raise SpecError(f"that has {len(text):,} characters: {MOST_CHARACTERS} are the most", hint=EXAMPLE)
    text = _plain(text)
    if len(text) > MOST_CHARACTERS:
        raise SpecError("that is no number", hint=EXAMPLE)
    text = _right_side(text, name, known or {})
    if not text:
        raise SpecError("nothing is written there", hint=EXAMPLE)
    _no_names(text, name, known or {})
    if mixed := MIXED.match(text):
        sign = "-" if mixed[1] == "-" else "+"
        raise SpecError(f"write {mixed[1]}{mixed[2]} {sign} {mixed[3]}")
    found = _value(text, name, array, shape)
    if getattr(found, "size", 1) > MOST_CHARACTERS:
        raise SpecError("that are too many numbers", hint=EXAMPLE)
    numbers = found.ravel().tolist() if hasattr(found, "ravel") else [found]
    if not all(map(math.isfinite, numbers)):
        raise SpecError("a finite number is asked for")
    return float(numbers[0]) if len(numbers) == 1 and not array else found


def _value(text: str, name: str, array: bool, shape: tuple[int, ...] | None) -> Any:
    """The value of a constant expression; of the language's errors, those that help a learner."""
    try:
        return _array(text, name, shape) if array else read_value(Words("answer"), text, name, ())
    except BackpropError as error:
        if any(part in error.message for part in TELLING):
            raise SpecError(error.message, hint=error.hint) from None
        if error.message.endswith("is never closed"):
            raise SpecError("a bracket is not closed") from None
        if error.message.endswith("is the most"):  # zeros((5000, 5000)), which nobody has made
            raise SpecError("that are too many numbers", hint=EXAMPLE) from None
        raise SpecError("that cannot be read as a number", hint=EXAMPLE) from None


def _plain(text: str) -> str:
    """A text in signs that a formula has: `½` as (1/2), `2²` as 2**2, `5 %` as 5/100, `√9` as sqrt(9)."""
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+", lambda found: f"**({found[0].translate(RAISED)})", text)
    text = re.sub(r"(\d*)([¼-¾⅐-⅞])", _fraction, text)
    text = unicodedata.normalize("NFKC", text.translate(SIGNS)).replace("\u0001", "**")
    text = re.sub(r"√\s*(\d[\d.]*)", r"sqrt(\1)", text).replace("√(", "sqrt(")
    text = re.sub(r"(?<=\d)\s*%", "/100", text)
    text = LOGARITHM.sub(lambda found: f"log({found[1]})" if found[1] else "log", text)
    return text.strip().strip("'\"`“”").strip()


def _fraction(found: re.Match[str]) -> str:
    parts = unicodedata.normalize("NFKC", found[2]).replace("⁄", "/")
    return f"({found[1]}+{parts})" if found[1] else f"({parts})"


def _right_side(text: str, name: str, known: Mapping[str, str | None]) -> str:
    """What stands behind the last equals sign; SpecError where it is said to be something else than was asked for."""
    said, equals, rest = text.partition("=")
    bare = re.sub(r"\s", "", said)
    meant = bare == name or (bare.casefold() == name.casefold() and bare not in known)
    if equals and not meant and (bare in known or (QUANTITY.fullmatch(bare) and bare not in CONSTANTS)):
        raise SpecError(f"{name} is asked for here, not {bare}")
    text = rest if equals and (meant or not bare) else text
    parts = [part.strip(" \t;,?:≈~≅") for part in text.split("=")]
    return next((part for part in reversed(parts) if part), "")


def _no_names(text: str, name: str, known: Mapping[str, str | None]) -> None:
    """Raise SpecError where a formula stands in the place of a number, with the numbers to put in."""
    used: dict[str, str] = {}
    for found in QUANTITY.finditer(text):
        word = re.sub(r"\s", "", found[0])
        if word == name:
            raise SpecError(f"{name} is what is asked for")
        number = known.get(word, "")
        if number is None:
            raise SpecError(f"{word} is not known yet")
        if number:
            used[word] = number
        elif word not in CONSTANTS and (lookup(word) is None or not text[found.end() :].lstrip().startswith("(")):
            if re.fullmatch(r"\s*[^\W\d_]+\s*", text) and not did_you_mean(word, known):
                raise SpecError("that is not a number", hint=EXAMPLE)
            raise SpecError(f"{word} is no number and no name that is known here{did_you_mean(word, known)}")
    if used:
        given = ", ".join(f"{word} = {number}" for word, number in used.items())
        raise SpecError(f"that is a formula, and a number is asked for: what does it come to, with {given}?")


def _array(text: str, name: str, shape: tuple[int, ...] | None) -> Any:
    """An array's text as an array; a comma between two figures is a decimal one where only then the shape fits."""
    failed: BackpropError | None = None
    first: Any = None
    for way in dict.fromkeys((text, DECIMAL_COMMA.sub(".", text))):
        try:
            found: Any = read_value(Words("answer"), _bracketed(way), name, ())
        except BackpropError as error:
            failed = failed or error
            continue
        if shape is None or getattr(found, "shape", ()) == shape:
            return found
        if _without_ones(getattr(found, "shape", ())) == _without_ones(shape):  # a row written as a column, or flat
            return found.reshape(shape)
        first = found if first is None else first
    if first is None and failed is not None:
        raise failed
    return first


def _without_ones(shape: tuple[int, ...]) -> list[int]:
    return [size for size in shape if size != 1]


def _bracketed(text: str) -> str:
    """An array's text with its brackets and commas: `1 2` as [1, 2], `1 2; 3 4` and `[1 2; 3 4]` as [[1, 2], [3, 4]].

    Round and curly brackets are as good, around all of it or around a row: `(1, 2)`, `((1, 2), (3, 4))`.
    """
    text = _square(text.replace("{", "[").replace("}", "]"))
    if ";" in text and text.startswith("[") and _closes(text) == len(text) - 1:
        text = text[1:-1]
    rows = [row.strip(" \t,") for row in text.split(";") if row.strip(" \t,")]
    if len(rows) > 1:
        text = f"[{', '.join(row if _whole(row) else f'[{row}]' for row in rows)}]"
    elif not _whole(text):
        text = f"[{rows[0] if rows else text}]"
    return BETWEEN.sub(", ", text)


def _whole(text: str) -> bool:
    """Whether brackets stand around all of a text."""
    return text.startswith("[") and _closes(text) == len(text) - 1


def _square(text: str) -> str:
    """Round brackets around several numbers as square ones; those of a calculation, (1/2) and exp(1), stay."""
    signs, opened = list(text), list[int]()
    for k, sign in enumerate(text):
        if sign == "(":
            opened.append(k)
        elif sign == ")" and opened:
            start = opened.pop()
            called = start > 0 and (text[start - 1].isalnum() or text[start - 1] in "_)")
            inside = text[start + 1 : k]
            if not called and (_several(inside) or (inside.strip().startswith("(") and "," in inside)):
                signs[start], signs[k] = "[", "]"
    return "".join(signs)


def _several(text: str) -> bool:
    """Whether a text in brackets has several numbers: a comma or a blank between two, not inside others."""
    depth = 0
    for sign in text:
        depth += (sign in "([") - (sign in ")]")
        if sign in ",;" and not depth:
            return True
    return BETWEEN.search(text) is not None


def _closes(text: str) -> int:
    """Where the bracket that a text begins with is closed; -1 where it is not."""
    depth = 0
    for k, sign in enumerate(text):
        depth += (sign in "[(") - (sign in "])")
        if not depth:
            return k
    return -1
