"""The way back through a recurrence: which steps hand back in which stage, and what waits for all turns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.ops.definition import Structural
from backpropcli.passes.backward import BackStep, scalar_program
from backpropcli.passes.backward import program as backward_program

if TYPE_CHECKING:
    from backpropcli.passes.body import Body, Stages


class Late(NamedTuple):
    """A gradient that is gathered behind the loop: of argument `k` of a step, whose slot is `a`."""

    step: int
    k: int
    a: int


class Way(NamedTuple):
    """The way back for a choice of arguments: the steps of each stage, and what is gathered behind each.

    Those of the `loop` are of plain floats where it ran on such.
    """

    loop: list[Any]
    ahead: list[BackStep]
    once: list[BackStep]
    late: list[Late]
    late_ahead: list[Late]


def way(body: Body, stages: Stages, needed: set[int], plain: bool, gathers: bool) -> Way:
    """The steps back to the arguments in `needed`, those of the loop for Python's floats where they are `plain`.

    Unless it `gathers`, nothing waits for all turns.
    """
    idle = _idle(body, needed)
    outside = {*body.wholes.values(), *stages.once} if gathers else set[int]()
    loop: list[Any]
    loop, late = _split(body, stages.loop, idle, outside)
    if plain:  # plain numbers are added faster than they could be gathered
        loop, late = list(scalar_program(body.graph, sorted(stages.loop)[::-1], idle)), []
    ahead, late_ahead = _split(body, stages.ahead, idle, outside)
    return Way(loop, ahead, _split(body, stages.once, idle, set())[0], late, late_ahead)


def _idle(body: Body, needed: set[int]) -> bytearray:
    """A mark on every slot whose gradient nobody wants."""
    graph = body.graph
    idle = bytearray(len(graph))
    for slot in graph.constants:
        idle[slot] = 1
    for argument, slot in body.wholes.items():
        idle[slot] = argument not in needed
    for row in body.rows:
        idle[row.slot] = row.argument not in needed
    if body.clock is not None:
        idle[body.clock] = 1
    for slot, operation in enumerate(graph.operations):
        if operation is not None:
            idle[slot] = all(idle[a] for a in graph.arguments[slot])
    return idle


def _split(body: Body, steps: Iterable[int], idle: bytearray, outside: set[int]) -> tuple[list[BackStep], list[Late]]:
    """The steps back of one stage, and what of them can wait until all turns are done."""
    made, late = [], []
    for slot, arguments, needed, elementwise in backward_program(body.graph, sorted(steps)[::-1], idle):
        waits = {k: a for k, a, _ in needed if a in outside and _gathers(body, slot)}
        late += [Late(slot, k, a) for k, a in waits.items()]
        made.append((slot, arguments, [one for one in needed if one[0] not in waits], elementwise))
    return made, late


def _gathers(body: Body, slot: int) -> bool:
    """Whether a step's gradient for an argument that is the same in all turns can be had from all turns at once."""
    operation = body.graph.operations[slot]
    return not isinstance(operation, Structural) or bool(operation.gathered(body.graph.options[slot]))
