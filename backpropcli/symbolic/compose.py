"""Nodes as whole expressions, composed step by step, and their derivatives; with a bound on how large they may grow."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from backpropcli.ops.definition import Elementwise, Operation, Structural
from backpropcli.ops.shape import Shape
from backpropcli.symbolic.arrays import constant, entries, symbols
from backpropcli.symbolic.digits import inside_out
from backpropcli.symbolic.structural import apply
from backpropcli.symbolic.words import Formula, SymbolicError, sympy

if TYPE_CHECKING:
    from backpropcli.graph import Graph

LARGEST = 20_000
"""One expression may have this many subexpressions, a shared one counted as often as it is used."""
MOST = 60_000
"""All expressions of a network together: a few seconds' work."""
DEEPEST = 150
"""SymPy recurses: an expression may be nested this deep."""


def expression(graph: Graph, name: str, keep: Collection[str] = ()) -> Formula:
    """A node's value as one expression in the network's data; the names in `keep` stay symbols too.

    `keep` of the node's own inputs gives its formula alone. Raises SymbolicError where it is too large.
    """
    return composed(graph, name, keep)[graph.nodes[name].slot]


def gradient(graph: Graph, of: str, name: str, keep: Collection[str] = ()) -> Formula:
    """d(of)/d(name) as one expression, or an object array of the shape of `name`: SymPy's derivative of `expression`.

    `name` is data or a node; the names in `keep` stay symbols (and so are constants here).
    """
    whole = entries(expression(graph, of, {*keep, name}))
    if len(whole) != 1:
        raise SymbolicError(f"{of} is not one number: its gradient is no single formula")
    shape = graph.shape(name)
    by = symbols(name, shape)
    if not shape:
        return sympy().diff(whole[0], by)
    import numpy as np

    found = np.empty(shape, object)
    for index in np.ndindex(shape):
        found[index] = sympy().diff(whole[0], by[index])
    return found


Naming = Callable[[str, Formula, Shape, int, bool], Formula]


def composed(graph: Graph, of: str, keep: Collection[str], named: Naming | None = None) -> dict[int, Formula]:
    """By slot, the formula of all that `of` is made of; `named` may put a symbol in its place."""
    target = graph.nodes[of].slot
    needed, labels = _ancestors(graph, target), graph.labels()
    names = {node.slot: name for name, node in graph.nodes.items()}
    found: dict[int, Formula] = {}
    sizes: dict[Any, tuple[int, int]] = {}
    work = 0
    for slot in range(target + 1):
        if not needed[slot]:
            continue
        operation, shape = graph.operations[slot], graph.shapes[slot]
        if slot in graph.constants:
            found[slot] = constant(graph.constants[slot])
            continue
        if operation is None:
            found[slot] = symbols(names[slot], shape)
            continue
        work += _estimate(graph, slot, operation)
        limit(work, MOST)
        made = apply(operation, graph.options.get(slot), [found[a] for a in graph.arguments[slot]], shape)
        name = names.get(slot, "")
        if named is not None:
            made = named(labels[slot], made, shape, slot, bool(name))
        elif name in keep and name != of:
            made = symbols(name, shape)
        else:
            for entry in entries(made):
                size, depth = _measure(entry, sizes)
                limit(size, LARGEST)
                if depth > DEEPEST:
                    raise SymbolicError(f"too deep for one formula: more than {DEEPEST} levels")
        found[slot] = made
    return found


def _ancestors(graph: Graph, target: int) -> bytearray:
    needed = bytearray(len(graph))
    needed[target] = 1
    for slot in range(target, -1, -1):
        if needed[slot]:
            for a in graph.arguments[slot]:
                needed[a] = 1
    return needed


def _estimate(graph: Graph, slot: int, operation: Operation) -> int:
    """How many terms a step is about to have, before they are made."""
    size = math.prod(graph.shapes[slot])
    shapes = [graph.shapes[a] for a in graph.arguments[slot]]
    if isinstance(operation, Elementwise):
        return size
    if isinstance(operation, Structural) and operation.contracts:
        options = graph.options[slot]
        return math.prod(options.size.values()) if hasattr(options, "size") else size * (shapes[0][-1:] or (1,))[0]
    return max([size, *map(math.prod, shapes)])


def limit(size: int, most: int) -> None:
    """SymbolicError where this is too much."""
    if size > most:
        raise SymbolicError(f"too large for SymPy: more than {most:,} terms")


def size_of(e: Any, most: int) -> int:
    """How many subexpressions there are, counted up to `most` + 1."""
    count, waiting = 0, [e]
    while waiting and count <= most:
        count += 1
        waiting.extend(waiting.pop().args)
    return count


def _measure(e: Any, known: dict[Any, tuple[int, int]]) -> tuple[int, int]:
    """Size and depth, a shared subexpression measured once and counted as often as it is used."""
    for part in inside_out(e, known):
        inner = [known[p] for p in part.args]
        known[part] = 1 + sum(size for size, _ in inner), 1 + max((depth for _, depth in inner), default=0)
    return known[e]
