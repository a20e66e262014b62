"""Round numbers on an axis: steps of 1, 2 or 5 times a power of ten, or whole powers where it is logarithmic."""

from __future__ import annotations

import math

STEPS = (1, 2, 5)
LONGEST = 9
"""A tick's label with more signs than these is written with an exponent."""


def ticks(low: float, high: float, most: int, log: bool = False) -> list[float]:
    """At most about `most` round numbers between two finite numbers, low < high; two at least where there are such.

    >>> ticks(-0.3, 4.1, 6), ticks(1e-4, 3.0, 4, log=True)
    ([0.0, 1.0, 2.0, 3.0, 4.0], [0.0001, 0.01, 1.0])
    """
    return _powers(low, high, most) if log else _multiples(low, high, max(most, 2))


def _multiples(low: float, high: float, most: int) -> list[float]:
    """The multiples of the smallest round step that are not too many."""
    half = high / 2 - low / 2  # the whole may overflow
    exponent = math.floor(math.log10(half)) - math.ceil(math.log10(most)) - 1
    while True:
        for step in STEPS:
            found = _between(low, high, step, exponent, most)
            if found is not None:
                return found
        exponent += 1


def _between(low: float, high: float, step: int, exponent: int, most: int) -> list[float] | None:
    """The multiples of step · 10^exponent in a range; None where they are too many."""
    size = float(f"{step}e{exponent}")
    if not size:
        return None
    first, last = low / size, high / size
    if not (math.isfinite(first) and math.isfinite(last)) or last - first > most:
        return None
    slack = 1e-9 * max(abs(first), abs(last), 1.0) if last - first < 1e6 else 0.0
    slack = min(slack, 1e-3)
    whole = range(math.ceil(first - slack), math.floor(last + slack) + 1)
    return [float(f"{k * step}e{exponent}") for k in whole] if len(whole) <= most else None


def _powers(low: float, high: float, most: int) -> list[float]:
    """Powers of ten, every one or every so many; multiples where there are fewer than two."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if last <= first:
        return _multiples(low, high, max(most, 2))
    every = max(1, math.ceil((last - first + 1) / max(most, 2)))
    start = first + -first % every
    return [float(f"1e{k}") for k in range(start, last + 1, every)]


def labels(values: list[float], log: bool = False) -> list[str]:
    """How the ticks of one axis are written: with as many decimals as tell them apart.

    >>> labels([0.0, 0.5, 1.0]), labels([0.0, 2e6, 4e6])
    (['0', '0.5', '1'], ['0', '2000000', '4000000'])
    """
    shown = [_plain(value) for value in values]
    if max(map(len, shown), default=0) <= (LONGEST - 3 if log else LONGEST):
        return shown
    return [_short(value) for value in values]


def _plain(value: float) -> str:
    """A round number, without an exponent where it takes none."""
    text = f"{value:.15f}".rstrip("0").rstrip(".") if abs(value) < 1e15 else f"{value:.0f}"
    return "0" if not value else text if float(text) == value else repr(value)


def _short(value: float) -> str:
    """The shortest text that reads back, with an exponent."""
    if not value:
        return "0"
    digits = next(d for d in range(17) if float(f"{value:.{d}e}") == value)
    mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
    with_exponent = f"{mantissa}e{int(exponent)}"
    return min(with_exponent, repr(value).removesuffix(".0"), key=len)
