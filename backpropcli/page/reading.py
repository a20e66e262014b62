"""How a page reads numbers that are typed: the signs of the quiz's answers, and the functions of the op table."""

from __future__ import annotations

import unicodedata
from typing import Any

from backpropcli.language.answers import MOST_CHARACTERS, RAISED, SIGNS
from backpropcli.ops.definition import Elementwise
from backpropcli.ops.numbers.recorder import Tape, namespace
from backpropcli.ops.table import lookup
from backpropcli.page.javascript import Function

HYPERBOLIC = ("sinh", "cosh", "tanh")
FUNCTIONS = ("exp", "log", "log2", "log10", "sqrt", "abs", "sin", "cos", "tan", *HYPERBOLIC, "sigmoid", "relu")
"""What is read in a page, which is to be small: a calculator's functions, and the two of every course."""
ALIASES = {"ln": "log"}
FRACTIONS = "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"


def as_data() -> dict[str, Any]:
    """What the script needs to know: signs and what they stand for, and where a function is among `functions`."""
    calls = {name: place for place, name in enumerate(FUNCTIONS)}
    return {
        "most": MOST_CHARACTERS,
        "signs": {chr(sign): str(plain) for sign, plain in SIGNS.items() if str(plain) in "-*/"},
        "raised": {chr(sign): chr(int(plain)) for sign, plain in RAISED.items()},
        "fractions": {sign: unicodedata.normalize("NFKC", sign).replace("⁄", "/") for sign in FRACTIONS},
        "calls": {**calls, **{alias: calls[name] for alias, name in ALIASES.items()}},
    }


def functions() -> Function:
    """The function `functions(x)`: what each of the functions comes to for one number, by the operations' own rules."""
    tape = Tape()
    x, xp = tape.input(), namespace(tape)
    operations = [operation for name in FUNCTIONS if isinstance(operation := lookup(name), Elementwise)]
    return Function("functions", tape, [operation.value(xp, x) for operation in operations])
