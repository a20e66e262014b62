"""A network's gradients at a point, from SymPy's derivatives of its nodes: an opinion that shares no rule with ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.symbolic.arrays import entries, spread, symbols
from backpropcli.symbolic.compose import MOST, composed, limit, size_of
from backpropcli.symbolic.digits import number_of
from backpropcli.symbolic.words import Formula, sympy

if TYPE_CHECKING:
    from backpropcli.graph import Graph
    from backpropcli.ops.definition import Value
    from backpropcli.ops.shape import Shape

INLINE = 60
"""Inside a node, a value of more subexpressions than these gets a symbol of its own."""


def gradients(
    graph: Graph, values: Mapping[str, Value], of: str, names: Sequence[str], seed: Value = 1.0
) -> Callable[[int], dict[str, list[Any]]]:
    """A function of a number of digits that gives d(of)/d(name) for every name, its entries in order, as mpf.

    The derivatives are SymPy's: every node is one expression in the symbols of what it uses, differentiated by each of
    them; the numbers are put in at that many digits and meet by the chain rule, so that nothing grows with depth.
    `seed` is the upstream gradient where `of` is an array. Raises SymbolicError where the network is too large.
    """
    return Chain(graph, values, of, names, seed).gradients


class Chain:
    """A network as a list of equations, each a symbol and its expression in earlier symbols."""

    def __init__(
        self, graph: Graph, values: Mapping[str, Value], of: str, names: Sequence[str], seed: Value = 1.0
    ) -> None:
        self.names = {name: entries(symbols(name, graph.shape(name))) for name in names}
        self.seed = [float(s) for s in entries(seed)]
        self.known: dict[Any, float] = {}
        self.equations: list[tuple[Any, Any]] = []
        total = 0

        def named(label: str, found: Formula, shape: Shape, slot: int, boundary: bool) -> Formula:
            """The value as it goes on: a symbol where it is a node's, or where it has grown; data keep their number."""
            nonlocal total
            if graph.operations[slot] is None:
                return found
            flat = entries(found)
            total += sum(size_of(e, MOST) for e in flat)
            limit(total, MOST)
            if not boundary and all(size_of(e, INLINE) <= INLINE for e in flat):
                return found
            fresh = symbols(label, shape)
            # An unrolled h is the stack of nodes that are called as its entries are: h[1] = h[1] says nothing.
            self.equations += (pair for pair in zip(entries(fresh), flat, strict=True) if pair[0] != pair[1])
            return fresh

        made = composed(graph, of, names, named)
        for name, node in graph.nodes.items():
            if node.kind != "node":
                pairs = zip(
                    entries(symbols(name, graph.shape(name))),
                    entries(spread(values[name], graph.shape(name))),
                    strict=True,
                )
                self.known.update((s, float(x)) for s, x in pairs)
        self.target = entries(made[graph.nodes[of].slot])
        wanted = {s for found in self.names.values() for s in found}
        self._jacobian: list[list[tuple[Any, Any, dict[Any, Any]]]] = []
        moving, pool = set(wanted), list[Any]()
        known: dict[tuple[Any, tuple[int, ...]], dict[Any, Any]] = {}
        for symbol_, value in self.equations:
            # Entries of an array have the same formula in other symbols: it is differentiated once.
            used = sorted(value.free_symbols, key=lambda s: s.name)
            by = tuple(k for k, s in enumerate(used) if s in moving)
            while len(pool) < len(used):
                pool.append(sympy().Dummy(f"c{len(pool)}", real=True))
            meant = dict(zip(pool, used, strict=False))
            plain = value.xreplace(dict(zip(used, pool, strict=False)))
            if (plain, by) not in known:
                known[plain, by] = slopes(plain, {pool[k] for k in by})
            self._jacobian.append([(meant[s], slope, meant) for s, slope in known[plain, by].items()])
            if by:
                moving.add(symbol_)

    def gradients(self, digits: int) -> dict[str, list[Any]]:
        """Every name's gradient, entry by entry, worked out with so many digits; NaN where there is no number."""
        from backpropcli.ops.numbers.precise import mp

        with mp.workdps(digits):
            numbers = {s: mp.mpf(x) for s, x in self.known.items()}
            for symbol_, value in self.equations:
                numbers.setdefault(symbol_, number_of(value, numbers, {}))
            upstream: dict[Any, Any] = {}
            for target, one in zip(self.target, self.seed, strict=True):
                upstream[target] = upstream.get(target, 0) + mp.mpf(one)
            for (symbol_, _), row in zip(reversed(self.equations), reversed(self._jacobian), strict=True):
                g = upstream.get(symbol_)
                if g is None:
                    continue
                memo: dict[Any, Any] = {}
                for by, slope, names in row:
                    local = number_of(slope, _Renamed(names, numbers), memo)
                    upstream[by] = upstream.get(by, 0) + g * local
            return {name: [upstream.get(s, mp.mpf(0)) for s in found] for name, found in self.names.items()}


class _Renamed(NamedTuple):
    """Numbers by the symbols of a formula that was written in other symbols."""

    names: Mapping[Any, Any]
    numbers: Mapping[Any, Any]

    def __getitem__(self, key: Any) -> Any:
        return self.numbers[self.names[key]]


def slopes(e: Formula, by: set[Any]) -> dict[Any, Formula]:
    """An expression's derivatives by those of `by` that are in it; a long sum's term by term, in linear time."""
    factor, rest = e.as_coeff_Mul()
    found: dict[Any, list[Formula]] = {}
    if rest.is_Add:
        for term in rest.args:
            for s, slope in slopes(term, by).items():
                found.setdefault(s, []).append(slope)
    else:
        found = {s: [rest.diff(s)] for s in rest.free_symbols & by}
    return {s: factor * sympy().Add(*parts) for s, parts in found.items()}
