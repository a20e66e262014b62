"""The rule that compares a gradient with an independent slope: when the slope is sharp, agrees, contradicts.

It is one rule for plain floats and for NumPy arrays of them (`xp` is then `large.arrays.ARRAYS`).
"""

from __future__ import annotations

import math
from typing import Any

from backpropcli.gradcheck.differences import FLOATS, Kind, Slope
from backpropcli.gradcheck.tolerances import MARGIN, PLAIN, SHARP, TOLERANCE, UNDERFLOWN


def allowed(size: Any, error: Any, tolerance: float, slack: float = 0.0) -> Any:
    """How far two numbers of this size may be apart, one of them known to ± `error`."""
    return tolerance * size + slack + MARGIN * error


def tells(error: Any, size: Any, limit: float = SHARP) -> Any:
    """Whether an error is small beside the numbers that are compared."""
    return MARGIN * error <= limit * size


def larger(a: Any, n: Slope, xp: Kind = FLOATS) -> Any:
    """The larger size of the two numbers that are compared."""
    return xp.larger(abs(a), abs(n.value))


def agrees(a: Any, n: Slope, tolerance: float = TOLERANCE, slack: float = 0.0, xp: Kind = FLOATS) -> Any:
    """Whether two slopes are the same, as far as the error of the second can tell; never if one is not finite."""
    near = abs(a - n.value) <= allowed(larger(a, n, xp), n.error, tolerance, slack)
    return xp.finite(a) & xp.finite(n.value) & near


def sharp(a: Any, n: Slope, limit: float = SHARP, xp: Kind = FLOATS) -> Any:
    """Whether a slope is precise enough, beside these two numbers, to be worth hearing."""
    return xp.finite(n.value) & tells(n.error, larger(a, n, xp), limit)


def contradicts(a: Any, n: Slope, tolerance: float = TOLERANCE, limit: float = SHARP, xp: Kind = FLOATS) -> Any:
    """Whether a sharp slope says something plainly different, not only something a little off."""
    size = larger(a, n, xp)
    far = xp.smaller(SHARP * size, PLAIN * allowed(size, n.error, tolerance))
    told = xp.finite(n.value) & tells(n.error, size, limit)  # `sharp`, whose size is known here
    return (SHARP * size > UNDERFLOWN) & told & (abs(a - n.value) > far)


def power(n: Slope, tolerance: float) -> Any:
    """The smallest relative error that this slope, which is not 0, would have caught."""
    return tolerance + 4.0 * n.error / abs(n.value)


def sees(n: Slope, tolerance: float) -> float | None:
    """The smallest relative error that this slope would have caught; None where the slope is 0."""
    return power(n, tolerance) if n.value and math.isfinite(n.error) else None


def close(a: Any, b: Any, tolerance: float, error: Any) -> bool:
    """Whether two numbers of many digits agree within a relative tolerance and three times an error."""
    return bool(abs(a - b) <= tolerance * max(abs(a), abs(b)) + 3 * error)
