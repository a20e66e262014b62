"""The backward pass again with strong zeros, after a gradient came out NaN or infinite: what came from where.

0 times NaN is NaN, and rightly so where the 0 is a number. Where the 0 only says that the value did not look at an
argument (`where(x > 0, sqrt(x), x)` at -1), nothing comes back from there. The first pass does not tell the two apart
and need not: it is right wherever all is finite. This one runs the same steps with NOTHING, a strong zero, for the
second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from math import prod
from typing import TYPE_CHECKING, Any

from backpropcli.ops.numbers.careful import careful, lifted, settled
from backpropcli.passes.backward import BackStep, Gradients, backward_arrays, backward_scalars

if TYPE_CHECKING:
    from backpropcli.graph import Graph
    from backpropcli.ops.definition import XP, Body, Value

MOST = 20_000_000
"""So many numbers are worked out entry by entry (a second or two); in what is left after that any 0 is a number."""


def backward_again(
    make: Callable[[Gradients], Iterable[Any]],
    v: list[Value],
    seeds: Mapping[int, Value],
    xp: XP,
    graph: Graph,
    scalar: bool,
) -> Gradients:
    """The gradients by slot, by the steps that are made for a list of them on the way.

    What is 0 because nothing came is marked (an `Unreached`, or in a `Reached`).
    """
    g: Gradients = [None] * len(v)
    for slot, seed in seeds.items():
        g[slot] = lifted(seed)
    if scalar:
        backward_scalars(make(g), v, g, careful(xp))
    else:
        own = careful(xp)
        own.within = lambda steps, g, graph: _within(steps, g, xp, graph)  # for those who have steps of their own
        backward_arrays(_within(make(g), g, xp, graph), v, g, own, graph)
    return [settled(x, xp) for x in g]


def _within(steps: Iterable[BackStep], g: Gradients, xp: XP, graph: Graph) -> Iterator[BackStep]:
    """The steps, with care as long as there are not too many numbers to go through one by one."""
    from backpropcli.ops.numbers.nothings import objects

    left = MOST
    for slot, arguments, needed, elementwise in steps:
        upstream = g[slot]
        if upstream is not None and objects(upstream):
            left -= graph.work(slot) * (1 + upstream.size // (1 + prod(graph.shapes[slot])))
            if left < 0:
                g[slot] = settled(upstream, xp)
        yield slot, arguments, [(k, a, _or_plainly(body, xp, left < 0)) for k, a, body in needed], elementwise


def _or_plainly(body: Body, xp: XP, plainly: bool) -> Body:
    """A partial or vjp; where it cannot do with NOTHING (or must not), on the plain numbers of `xp`."""

    def run(own: XP, *given: Value) -> Value:
        if not plainly:
            with suppress(TypeError, AttributeError, ArithmeticError, ValueError):
                return body(own, *given)
        return body(xp, *[settled(x, xp) for x in given])

    return run
