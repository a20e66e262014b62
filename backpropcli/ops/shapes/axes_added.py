"""Arrays with so many axes at the least, as NumPy puts new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backpropcli.ops.definition import Options, Structural
from backpropcli.ops.planning import (
    sample,
)
from backpropcli.ops.shapes.reshaping import RESHAPES, reshaped, reshaped_value

if TYPE_CHECKING:
    from backpropcli.ops.shape import Shape


def _plan_at_least(rank: int) -> Any:
    """So many axes at the least, as NumPy puts them: a vector is a row, a matrix has its new axis behind."""

    def plan(shapes: list[Shape]) -> tuple[Shape, Options]:
        (shape,) = shapes
        after = shape
        if len(shape) < rank:
            behind = 1 if rank == 3 and shape else 0
            after = (*(1,) * (rank - len(shape) - behind), *shape, *(1,) * behind)
        return reshaped(shape, after)

    return plan


OPERATIONS = (
    *(
        Structural(
            f"atleast_{n}d",
            "a",
            f"with {n} {'axis' if n == 1 else 'axes'} at the least",
            group="shapes",
            planner=_plan_at_least(n),
            value=reshaped_value,
            vjps=RESHAPES,
            samples=(sample(()), sample((3,)), sample((2, 3)), sample((2, 1, 3))),
        )
        for n in (1, 2, 3)
    ),
)
