"""Answers typed by a learner: constant expressions, as a spec's own values are, with the signs of a maths lesson."""

from __future__ import annotations

import re
from typing import Any

from backpropcli.errors import SpecError
from backpropcli.ops.definition import Value
from backpropcli.spec.data import read_value
from backpropcli.spec.words import Words

MOST_CHARACTERS = 300
SIGNS = str.maketrans({"−": "-", "–": "-", "·": "*", "×": "*", "÷": "/", "^": "\u0001"})
BETWEEN = re.compile(r"(?<=[\d.\]])\s+(?=[-+.\d\[])")
EXAMPLE = "An answer is a number, such as 6, 2*3 or 1/3."


def read_answer(text: str, name: str, array: bool = False) -> Value:
    """What an answer is worth: a float, or an array for `[1, 2]` (and, where an `array` is asked for, `1 2`).

    `t1 = 2` is as good as `2`, for the `name` that is asked for. Raises SpecError for all that is no number.
    """
    said, equals, value = text.partition("=")
    if equals and said.strip().replace(" ", "").replace("∂", "d") == name:
        text = value
    text = text.strip().translate(SIGNS).replace("\u0001", "**")
    if not text or len(text) > MOST_CHARACTERS:
        raise SpecError("that is no number" if text else "nothing is written there", hint=EXAMPLE)
    if array:
        text = BETWEEN.sub(", ", text if text.startswith("[") else f"[{text}]")
    if re.search(r"[^\W\d]", re.sub(r"[\d.][eE][-+]?\d", "", text)) and not _calls(text):
        raise SpecError("that is not a number", hint=EXAMPLE)
    found: Any = read_value(Words("answer"), text, name, ())
    return found


def _calls(text: str) -> bool:
    """Whether the words in a text can be functions or constants: `sqrt(2)`, `pi/4`, `exp(-1)`."""
    return "(" in text or re.search(r"\b(pi|e|inf|nan)\b", text) is not None
