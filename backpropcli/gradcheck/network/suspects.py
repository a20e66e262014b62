"""Rules that an author derived by hand, looked at by themselves: a spike narrower than every step hides from the loss.

Differences of the loss can step over a feature that is narrower than they are. A complex step cannot: it sees the slope
of an operation's own value at the very point. It is cheap, so every rule that is not the table's gets one look.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from backpropcli.ops.definition import Elementwise, Operation, Part, Structural
from backpropcli.ops.table import TABLE
from backpropcli.passes.stepping import quietly

if TYPE_CHECKING:
    from backpropcli.gradcheck.point.point import Point

RULE_AGREES = 1e-6
"""Rule and complex step may differ by this, relative to the larger, before the rule is doubted."""


def suspects(point: Point, slots: Iterable[int]) -> set[int]:
    """Those of these steps whose own rule a complex step contradicts; the operation table's own are not looked at."""
    operations = point.graph.operations
    own = [s for s in slots if (o := operations[s]) is not None and TABLE.get(o.name) is not o]
    if not own:
        return set()
    from backpropcli.ops.numbers.array import xp

    with quietly(xp):
        return {slot for slot in own if contradicted(point, slot, operations[slot])}


def contradicted(point: Point, slot: int, operation: Operation | None) -> bool:
    """Whether a step's rule and its value disagree along one random direction of each argument."""
    import numpy as np

    from backpropcli.ops.numbers.array import xp
    from backpropcli.ops.numbers.complexstep import slope, start
    from backpropcli.ops.numbers.complexstep import xp as complex_xp

    graph, rng = point.graph, np.random.default_rng(0)
    arguments = graph.arguments[slot]
    values = [np.asarray(point.slots[a], float) for a in arguments]
    y = np.asarray(point.slots[slot], float)
    upstream = np.asarray(point.gradients[slot], float)
    if not upstream.any():
        upstream = rng.uniform(0.5, 1.5, y.shape)
    for k, a in enumerate(arguments):
        if a in graph.constants:
            continue
        direction = rng.uniform(0.5, 1.5, values[k].shape)
        moved = [start(v, direction if j == k else np.zeros_like(v)) for j, v in enumerate(values)]
        if isinstance(operation, Elementwise):
            seen = slope(operation.value(complex_xp, *moved)) * upstream
            says = upstream * operation.partials[k](xp, y, *values) * direction
        elif isinstance(operation, Structural) and not operation.variadic:
            options: Any = graph.options[slot]
            seen = slope(operation.value(complex_xp, options, *moved)) * upstream
            product = operation.vjps[k](xp, options, upstream, y, *values)
            if isinstance(product, Part):
                continue
            says = product * direction
        else:
            continue
        a_, b = float(np.sum(says)), float(np.sum(seen))
        # What cancels in the sum is no contradiction: the entries' own size is the measure.
        size = max(float(np.sum(np.abs(says))), float(np.sum(np.abs(seen))))
        if abs(a_ - b) > RULE_AGREES * size or (a_ - b) != (a_ - b):
            return True
    return False
