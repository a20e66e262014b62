"""Numbers and small arrays inside a line: how they are written, and what they are once they are rounded for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backpropcli.notation.numbers import Precision


def rounded(value: Any, precision: Precision) -> Any:
    """A float or an array of them as it is shown."""
    if not getattr(value, "shape", ()):
        return float(precision.show(float(value)))
    import numpy as np

    return np.array([float(precision.show(x)) for x in value.ravel().tolist()]).reshape(value.shape)


def inline(value: Any, precision: Precision) -> str:
    """A nested list as NumPy prints it: `[[1 2] [3 4]]`."""
    if not isinstance(value, list):
        return precision.show(value)
    return "[" + " ".join(inline(part, precision) for part in value) + "]"


def full(value: Any, shape: tuple[int, ...]) -> Any:
    """A float, or an array of its full shape."""
    if not shape:
        return float(value)
    import numpy as np

    return np.broadcast_to(value, shape)
