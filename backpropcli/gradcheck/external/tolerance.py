"""How far rounding spreads: what a program in single precision, with rules from a textbook, may be off by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from backpropcli.engine import Plan, Trace
from backpropcli.errors import BackpropError
from backpropcli.gradcheck.mistakes.mutations import replaced, with_operations
from backpropcli.language.formula.evaluate import recorded
from backpropcli.language.formula.parser import parse
from backpropcli.ops.definition import Elementwise, Operation, Structural, Value

if TYPE_CHECKING:
    from backpropcli.graph import Graph

DRAWS = 4
"""So many runs in single precision, each from slightly other parameters, show how rounding spreads."""
UNIT = 2.0**-24
"""The relative error of one rounding in single precision."""
FLIPPED = 0.01
"""On a corner of the network, what is off by more than this (relative) has taken the other side: no rounding."""
MOST = 20_000
"""In larger graphs the rules stay as they are."""


def spread(trace: Trace, values: Mapping[str, Value], names: Sequence[str], cornered: bool) -> dict[str, Any]:
    """How far gradients in single precision are off, component by component: the worst of some runs.

    Half of them use the textbook's local derivatives (`1 - y**2`, which loses its digits far out), as most programs do;
    all but the first two move the parameters by a rounding, except where the network is on a corner (`cornered`).
    """
    import numpy as np

    graph = trace.graph
    plans = [Plan(graph, "float32"), Plan(_by_the_book(graph), "float32")]
    generator = np.random.default_rng(0)
    result: dict[str, Any] = {name: np.zeros(graph.shape(name)) for name in names}
    seeds = {
        slot: np.float32(seed) if graph.shapes[slot] == () else np.asarray(seed, np.float32)
        for slot, seed in trace.seeds().items()
    }
    for draw in range(2 if cornered else DRAWS):
        plan, moved = plans[draw % 2], dict(values)
        for name in graph.names("parameter") if draw >= 2 else ():
            value = np.asarray(values[name], float)
            other = value * (1.0 + UNIT * generator.choice((-1.0, 1.0), value.shape))
            moved[name] = other if value.shape else float(other)
        slots = plan.forward(moved)
        there = Trace(plan, trace.of, slots, plan.backward(slots, seeds, everything=True), True)
        for name in names:
            right = trace.gradient(name)
            off = np.abs(np.asarray(there.gradient(name), float) - right)
            if cornered:
                off = np.where(off > FLIPPED * np.abs(right).max(initial=0.0), 0.0, off)
            result[name] = np.fmax(result[name], np.where(np.isfinite(off), off, 0.0))
    return result


def _by_the_book(graph: Graph) -> Graph:
    """A copy of the graph with local derivatives as textbooks have them."""
    if len(graph) > MOST:
        return graph
    found: dict[int, Operation] = {}
    known: dict[tuple[int, tuple[Any, ...]], Operation] = {}
    for slot, operation in enumerate(graph.operations):
        if operation is None:
            continue
        shapes = tuple(graph.shapes[a] for a in graph.arguments[slot])
        key = (id(operation), (*shapes, graph.shapes[slot]))
        if key not in known:
            known[key] = _textbook(operation, key[1])
        found[slot] = known[key]
    return with_operations(graph, found)


def _textbook(operation: Operation, shapes: tuple[Any, ...]) -> Operation:
    if isinstance(operation, Structural) and (rule := operation.rule) is not None:
        return replaced(operation, 0, lambda body: lambda xp, o, g, y, *v: rule(xp, o, g, y))
    if not isinstance(operation, Elementwise) or operation.work == 1.0:  # of plain arithmetic there is no other form
        return operation
    result: Operation = operation
    for position, text in enumerate(operation.textbook):
        body = _body(operation, text, shapes)
        if body is not None:
            result = replaced(result, position, partial(_instead, body))
    return result


def _instead(body: Any, right: Any) -> Any:
    return body


def _body(operation: Elementwise, text: str, shapes: tuple[Any, ...]) -> Callable[..., Any] | None:
    """The textbook form of a local derivative as a body; None where it is no formula."""
    letters = (*operation.arguments[: len(shapes) - 1], "y")
    try:
        tape = recorded(parse(text), dict(zip(letters, shapes, strict=True)))
    except BackpropError:
        return None
    return lambda xp, y, *v: tape(xp, *v, y)
