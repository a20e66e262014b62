"""Calls of a spec's own functions: a function's steps in the place of the call, or one step with a gradient by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from backpropcli.errors import BackpropError, FormulaError
from backpropcli.language.formula.functions import Function, circle, matched
from backpropcli.language.formula.handderived import Lower, hand_derived

if TYPE_CHECKING:
    from backpropcli.graph import Graph
    from backpropcli.language.formula.lower import Lowering, Result
    from backpropcli.language.formula.tree import Call, Expression

MOST_STEPS = 200_000
"""Functions that call functions may add this many steps to one graph, and 100 more for each of its nodes."""


def apply(lowering: Lowering, function: Function, e: Call) -> Result:
    """A call of a spec's function: one step where its gradient was derived by hand, else its formula's steps."""
    given = matched(function, e)
    results = []
    for argument in given:
        results.append(lowering.lower(argument))
    if function.gradient is not None:
        if function.name not in lowering.derived:
            lowering.derived[function.name] = hand_derived(function, by_hand(lowering))
        return lowering.step(lowering.derived[function.name], tuple(results), None, e)
    if function.name in lowering.calling:
        path = [*lowering.calling[lowering.calling.index(function.name) :], function.name]
        lowering.told = circle(path).spanning(e.start, e.end)
        raise lowering.told
    before, scope = len(lowering.graph), lowering.scope
    lowering.calling.append(function.name)
    lowering.scope = {**function.where, **dict(zip(function.arguments, results, strict=True))}
    try:
        result = lowering.lower(function.value)
    except BackpropError as error:
        raise lowering.inside(error, str(function)).spanning(e.start, e.end) from None
    lowering.scope = scope
    lowering.calling.pop()
    lowering.expanded += 1 + len(lowering.graph) - before
    if lowering.expanded > MOST_STEPS + 100 * len(lowering.graph.nodes):
        excess = FormulaError(
            f"functions of functions make more than {MOST_STEPS:,} steps", hint="Give a part a node of its own."
        )
        lowering.told = excess.spanning(e.start, e.end)
        raise excess
    return result


def by_hand(lowering: Lowering) -> Lower:
    """What lowers one formula of a function whose gradient is given, in a graph of its own; its value's slot."""

    def lower(graph: Graph, function: Function, slots: Mapping[str, int], e: Expression) -> int:
        others = {name: other for name, other in lowering.functions.items() if name != function.name}
        inner = lowering.beside(graph, others)
        inner.by_hand = True
        inner.scope = {**function.where, **slots}
        return inner.slot(inner.lower(e), e)

    return lower
