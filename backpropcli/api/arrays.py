"""Arrays as they come from a notebook, and the place in one that tells most."""

from __future__ import annotations

from typing import Any

from backpropcli.errors import UsageError


def as_array(numbers: Any) -> Any:
    """A nested list as an array; anything else as it is."""
    if not isinstance(numbers, list):
        return numbers
    import numpy as np

    try:
        return np.array(numbers, dtype=float)
    except (TypeError, ValueError):
        raise UsageError(f"{numbers} is not an array of numbers: every row needs the same number of them") from None


def steepest(gradient: Any) -> tuple[int, ...]:
    """The place of an array's largest entry, by size; () of a number, or where there is no entry."""
    if not getattr(gradient, "shape", ()) or not gradient.size:
        return ()
    import numpy as np

    return tuple(int(k) for k in np.unravel_index(np.argmax(np.nan_to_num(np.abs(gradient))), gradient.shape))
