"""The forward pass: every step's value, in order, in one plain loop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from backpropcli.ops.definition import XP, Body, Elementwise, Structural, Value
from backpropcli.ops.stacking import lifted, together
from backpropcli.passes.stepping import GENERAL, UNARY, odd_case

if TYPE_CHECKING:
    from backpropcli.graph import Graph

Step = tuple[int, Body, int, int, tuple[int, ...]]
"""One step, made ready: (slot, body, a, b, arguments). The body is called with (xp, v[a], v[b]), with (xp, v[a])
where b is UNARY, and with all arguments where b is GENERAL. A plain tuple: a million of them are made on the way."""


def program(graph: Graph, slots: Iterable[int], copies: bool = False) -> Iterator[Step]:
    """The steps among `slots`, ready to run; with `copies`, values may carry a leading axis of stacked copies."""
    shapes = graph.shapes
    for slot in slots:
        operation, arguments = graph.operations[slot], graph.arguments[slot]
        if operation is None:
            continue
        a, b = arguments[0] if arguments else 0, GENERAL  # a recurrence may need nothing but the time
        if isinstance(operation, Elementwise):
            body = operation.value
            if copies and len({len(shapes[k]) for k in arguments}) > 1:
                body = lifted(body, [len(shapes[k]) for k in arguments])
            elif len(arguments) <= 2:
                b = UNARY if len(arguments) == 1 else arguments[1]
        elif isinstance(operation, Structural):
            body = with_options(operation.value, graph, slot)
            if copies:
                body = together(body, [shapes[k] for k in arguments])
        yield slot, body, a, b, arguments


def with_options(body: Body, graph: Graph, slot: int) -> Body:
    """A structural operation's body with the step's options put in: `(xp, *arguments)`, as an elementwise one."""
    options = graph.options[slot]
    return lambda xp, *values: body(xp, options, *values)


def forward(steps: Iterable[Step], v: list[Value], xp: XP) -> None:
    """Run the steps in order, each value into its slot of `v`.

    A body of plain floats that raises (1/0, exp(1000), log(-1)) is run again by `odd_case`, which knows inf and nan;
    the loop then goes on behind it.
    """
    remaining: Iterator[Step] = iter(steps)
    while True:
        try:
            for slot, body, a, b, arguments in remaining:
                if b >= 0:
                    v[slot] = body(xp, v[a], v[b])
                elif b == UNARY:
                    v[slot] = body(xp, v[a])
                else:
                    v[slot] = body(xp, *[v[k] for k in arguments])
            return
        except (ArithmeticError, ValueError):
            if not xp.raises:
                raise
            v[slot] = odd_case(body, *[v[k] for k in arguments])
