"""What a training shows that goes wrong, with figures: units that no gradient passes, gradients that fade or grow
from layer to layer, a loss that leaves the finite numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.engine import offenders
from backpropcli.ops.definition import Elementwise

if TYPE_CHECKING:
    from backpropcli.engine import Offender, Trace

FADES = 1e-4
"""A gradient so much smaller than another layer's (root mean squares) has vanished, or the other has exploded."""
LAYERS = 3
"""With fewer parameters than these there is nothing to fade through."""
GREW = 1.1
"""A loss that is so many times what it was got worse, and not by noise alone."""


class Dead(NamedTuple):
    """`dead` of a node's `units` hand no gradient back, whatever the example: the local derivative is 0 for all."""

    node: str
    dead: int
    units: int
    examples: int


class Uneven(NamedTuple):
    """The gradient of an early parameter is much smaller, or larger, than that of a late one: root mean squares."""

    first: str
    first_size: float
    last: str
    last_size: float

    @property
    def vanishing(self) -> bool:
        """Whether it gets smaller on its way back."""
        return self.first_size < self.last_size


class Unreached(NamedTuple):
    """Parameters that the loss does not depend on: no gradient moves them."""

    names: tuple[str, ...]


class Diverged(NamedTuple):
    """The loss, or a gradient, is not finite before this update; `offender` is where that starts.

    Or the learning rate: `rate` is what the schedule makes it then, below 0 or not finite. `given`: the offender is an
    input or a target, which no training changes.
    """

    update: int
    offender: Offender | None
    rate: float | None = None
    given: bool = False


class Parted(NamedTuple):
    """These numbers are means over so many `parts` of the examples, and not what all examples together come to."""

    names: tuple[str, ...]
    parts: int


class Grown(NamedTuple):
    """The loss is much larger than it was."""

    before: float
    after: float


Finding = Dead | Uneven | Unreached | Diverged | Grown | Parted


def dead_units(trace: Trace) -> Iterator[Dead]:
    """Nodes of which some units (columns of a batch; all there is of a single example) hand nothing back."""
    graph = trace.graph
    constants = graph.constants
    for name in graph.names("node"):
        slot = graph.nodes[name].slot
        operation = graph.operations[slot]
        if not isinstance(operation, Elementwise) or not _may_die(operation) or not trace.reaches(name):
            continue
        moving = [k for k, a in enumerate(graph.arguments[slot]) if a not in constants]
        if len(moving) != 1:
            continue
        found = _dead(name, trace.whole(trace.partial(slot, moving[0]), graph.shape(name)))
        if found is not None:
            yield found


def _may_die(operation: Elementwise) -> bool:
    """Whether it is an activation, or chooses between its arguments; one that is flat by nature is not alive."""
    return (operation.activation or operation.nonlinearity or operation.picks) and not operation.staircase


def _dead(name: str, slopes: Any) -> Dead | None:
    if not getattr(slopes, "ndim", 0):
        return Dead(name, 1, 1, 1) if slopes == 0.0 else None
    if slopes.ndim == 1:
        return None if slopes.any() or not slopes.size else Dead(name, slopes.size, slopes.size, 1)
    alive = slopes.any(axis=0)
    count = int(alive.size - alive.sum())
    return Dead(name, count, int(alive.size), slopes.shape[0]) if count else None


def unreached(trace: Trace) -> Iterator[Unreached]:
    """The parameters from which no path leads to the loss, if there are any."""
    names = tuple(name for name in trace.graph.names("parameter") if not trace.reaches(name))
    if names:
        yield Unreached(names)


def uneven_layers(trace: Trace) -> Uneven | None:
    """The earliest and the latest parameter whose gradients differ most, where that is by orders of magnitude."""
    names = [name for name in trace.graph.names("parameter") if trace.reaches(name)]
    sizes = [(name, root_mean_square(trace.gradient(name))) for name in names]
    sizes = [(name, size) for name, size in sizes if 0.0 < size < math.inf]
    if len(sizes) < LAYERS:
        return None
    (first, early), (last, late) = sizes[0], sizes[-1]
    uneven = min(early, late) < FADES * max(early, late)
    return Uneven(first, early, last, late) if uneven else None


def root_mean_square(value: Any) -> float:
    """The root of the mean square of a number or of an array's entries."""
    if not getattr(value, "ndim", 0):
        return abs(float(value))
    return float((value.astype("float64") ** 2).mean() ** 0.5) if value.size else 0.0


def diverged(trace: Trace, update: int) -> Diverged:
    """Where the finite numbers are left."""
    offender = next(iter(offenders(trace)), None)
    given = offender is not None and offender.label in trace.graph.names("input", "target")
    return Diverged(update, offender, given=given)
