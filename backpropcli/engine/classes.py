"""What a fit decides: on which side of a line an example lies, and whether that is its own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backpropcli.engine.fitted import Fit


class Decision(NamedTuple):
    """Classes told apart.

    `names` are the class numbers in order. `threshold` divides two classes by one number, and is None where the largest
    of several numbers decides. Where one of `heights` (a number a place of the grid) is 0, two classes meet. `right`
    counts the examples that come to their own class.
    """

    names: list[float]
    threshold: float | None
    heights: list[list[float]]
    right: int


def decided(fit: Fit) -> Decision | None:
    """The classes of a fit; None where it measures, or where the node's numbers are not those of its classes."""
    if not fit.classes or fit.target is None:
        return None
    width = len(fit.outputs[0])
    if width == 1 and fit.classes == 2:
        names = sorted(set(fit.target)) if len(set(fit.target)) == 2 else [0.0, 1.0]
        threshold = _threshold([*fit.values, *fit.outputs], names)
        right = sum((out[0] > threshold) == (y == names[1]) for out, y in zip(fit.outputs, fit.target, strict=True))
        return Decision(names, threshold, [[value[0] - threshold for value in fit.values]], right)
    if width < fit.classes or width == 1:
        return None
    names = [float(k) for k in range(width)]
    heights = [[_lead(value, k) for value in fit.values] for k in range(width)]
    right = sum(_lead(out, int(y)) >= 0.0 for out, y in zip(fit.outputs, fit.target, strict=True) if 0 <= y < width)
    return Decision(names, None, heights, right)


def _threshold(numbers: list[list[float]], names: list[float]) -> float:
    """A half where every number is a share and classes are 0 and 1, else 0: what a logit is divided by."""
    shares = all(0.0 <= number[0] <= 1.0 for number in numbers if math.isfinite(number[0]))
    return 0.5 if shares and names == [0.0, 1.0] else 0.0


def _lead(numbers: Sequence[float], k: int) -> float:
    """By how much a number is larger than the largest of the others."""
    return numbers[k] - max(other for j, other in enumerate(numbers) if j != k)
