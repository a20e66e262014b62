"""Numbers as people read them: significant digits or decimals, one form of NaN and infinity, no `-0`, no `1e+06`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from backpropcli.errors import UsageError
from backpropcli.language.formula.steps import literal

MOST_DIGITS = 17
"""A float64 has no more significant digits than these."""
PLAIN_BELOW = 9
"""Whole parts of up to this many figures are written out, even where fewer digits are asked for."""


class Precision(NamedTuple):
    """How many digits are shown: `digits` significant ones or, where it is given, `decimals` after the point."""

    digits: int = 6
    decimals: int | None = None
    shortened: bool = False
    """Whether these are fewer digits than were meant, for a narrow terminal."""

    def show(self, x: float) -> str:
        """A number in plain words where it can be: `0.000438568`, `1000000`, `1.5e-7`; trailing zeros left out.

        >>> Precision().show(1e6), Precision().show(-0.0), Precision(decimals=2).show(0.1 + 0.2)
        ('1000000', '0', '0.3')
        """
        if self.decimals is not None:
            return _with_decimals(float(x), self.decimals)
        text = f"{x:.{self.digits}g}"
        if "e" in text or "n" in text:
            return _unusual(float(x), self.digits)
        return text if text != "-0" else "0"


def _with_decimals(x: float, decimals: int) -> str:
    """A number rounded to so many decimals; whole parts beyond float64's digits keep their exponent."""
    if x != x or abs(x) >= 1e15:
        return exact(x)
    text = f"{x:.{decimals}f}"
    if decimals:
        text = text.rstrip("0").rstrip(".")
    return text if text != "-0" else "0"


def _unusual(x: float, digits: int) -> str:
    """What `%g` writes with an exponent, or cannot write as a number."""
    if x != x:
        return "NaN"
    if x in (float("inf"), float("-inf")):
        return "Infinity" if x > 0 else "-Infinity"
    if 1 <= abs(x) < 10**PLAIN_BELOW and "." not in (plain := f"{x:.0f}"):
        return plain
    mantissa, _, exponent = f"{x:.{digits - 1}e}".partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def exact(x: float) -> str:
    """The shortest text that reads back as the same number: for `--get` and CSV, where scripts read on."""
    x = float(x)
    return _unusual(x, MOST_DIGITS) if x - x != 0 else literal(x)


def apart(precision: Precision, a: float, b: float) -> Precision:
    """The digits that it takes to see that two numbers differ, and one more; never fewer than were asked for.

    >>> apart(Precision(6), 0.504998396209, 0.50499839620).digits
    12
    """
    if a == b or precision.show(a) != precision.show(b):
        return precision
    digits = next((d for d in range(precision.digits, MOST_DIGITS) if Precision(d).show(a) != Precision(d).show(b)), 16)
    return precision._replace(digits=digits + 1, decimals=None)


def nested(value: Any, show: Any = exact) -> str:
    """A value on one line: a bare number, or the nested list that a spec accepts.

    >>> nested([[1.0, 2.5], [3.0, 4.0]])
    '[[1, 2.5], [3, 4]]'
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, list):
        return str(show(value))
    return "[" + ", ".join(nested(v, show) for v in value) + "]"


def is_array(value: Any) -> bool:
    """Whether a value has axes: NumPy's arrays and nested lists, not plain or NumPy numbers."""
    return isinstance(value, list) or bool(getattr(value, "shape", ()))


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of a value; () is a plain number."""
    if isinstance(value, list):
        return (len(value), *(shape_of(value[0]) if value else ()))
    return tuple(getattr(value, "shape", ()))


def components(value: Any) -> Iterator[tuple[tuple[int, ...], float]]:
    """Every component of a value with its index, last axis fastest; a plain number has the index ()."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, list):
        yield (), value
        return
    for k, part in enumerate(value):
        for index, x in components(part):
            yield (k, *index), x


def finite(value: Any) -> bool:
    """Whether no component is NaN or infinite."""
    if isinstance(value, float):
        return value - value == 0
    return all(x - x == 0 for _, x in components(value))


def component_name(name: str, index: tuple[int, ...]) -> str:
    """`dJ/dW1[0, 2]`: a component as messages and `--get` write it."""
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def gradient_name(of: str, by: str) -> str:
    """`dJ/dw1`: the whole change of one number with another, along all paths that lead there."""
    return f"d{of}/d{by}"


def local_name(of: str, by: str) -> str:
    """`∂t1/∂w1`: a local derivative, of one formula by one thing that it uses, all else in it held still.

    Its sign is not the gradient's, for where there are several paths the two are different numbers.
    """
    return f"∂{of}/∂{by}"


def derivative_parts(name: str) -> tuple[str, str, str] | None:
    """The sign, `d` or `∂`, and the two names in that of a derivative; None for any other name."""
    above, slash, below = name.partition("/")
    sign = name[:1]
    known = slash and sign in ("d", "∂") and below.startswith(sign) and "/" not in below
    return (sign, above[1:], below[1:]) if known and above[1:] and below[1:] else None


def read_count(option: str, text: str | None, least: int = 0, most: int = MOST_DIGITS) -> int | None:
    """A whole number given to an option, as `--digits 9`; None where it was not given."""
    if text is None:
        return None
    if not text.strip().isdecimal() or not least <= int(text) <= most:
        raise UsageError(f"{option} {text}: expected a whole number from {least} to {most}")
    return int(text)


def read_number(option: str, text: str) -> float:
    """A number given to an option, as `--eps 1e-3`; a decimal comma is explained."""
    try:
        value = float(text)
    except ValueError:
        pointed = text.replace(",", ".")
        if text.count(",") == 1 and _is_number(pointed):
            raise UsageError(f"{option} {text}: decimals are written with a point: {option} {pointed}") from None
        raise UsageError(f"{option} {text}: expected a number, such as {option} 0.001") from None
    if value - value != 0:
        raise UsageError(f"{option} {text}: expected a finite number")
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
