"""A network as equations, and the gradient that they give: local derivatives multiplied and added along the paths."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.ops.definition import Elementwise, Structural, Value
from backpropcli.symbolic.arrays import entries, spread, symbols
from backpropcli.symbolic.compose import LARGEST, MOST, composed, limit, size_of
from backpropcli.symbolic.digits import DIGITS, number_of_digits
from backpropcli.symbolic.formulas import interpret
from backpropcli.symbolic.tidy import TIDIED, text
from backpropcli.symbolic.ties import exactly, relations, sided, tie_shares, true_relation
from backpropcli.symbolic.words import Formula, SymbolicError, choice, sympy

if TYPE_CHECKING:
    from backpropcli.graph import Graph
    from backpropcli.ops.shape import Shape

Y = re.compile(r"\by\b")


class Equations:
    """A network as equations, `node = formula in earlier names`, entry by entry, with all their numbers."""

    def __init__(self, graph: Graph, values: Mapping[str, Value], of: str, name: str) -> None:
        self.graph = graph
        self.name = name
        self.list: list[tuple[Any, Formula, int, int]] = []
        """Symbol, formula, slot, and which entry it is."""
        self.conditions: dict[Any, None] = {}
        self.symbols: dict[int, tuple[str, list[Any]]] = {}
        """By slot: a value's name and the symbols of its entries."""
        self.known = self._data(values)
        self.corners: dict[Any, bool] = {}
        total = 0

        def named(label: str, found: Formula, shape: Shape, slot: int, boundary: bool) -> Formula:
            nonlocal total
            flat = entries(found)
            total += sum(size_of(e, LARGEST) for e in flat)
            limit(total, MOST)
            if not boundary and not any(map(self.on_edge, flat)):
                return found  # on a corner a step inside a formula has a symbol too: its slope is a convention
            fresh = symbols(label, shape)
            self.symbols[slot] = (label, entries(fresh))
            for k, (s, e) in enumerate(zip(entries(fresh), flat, strict=True)):
                if s == e:
                    continue  # an unrolled h is the stack of nodes that are called as its entries are: h[1] = h[1]
                self.list.append((s, e, slot, k))
                self.known[s] = number_of_digits(e, self.known)
            return fresh

        self.made = composed(graph, of, (), named)
        target = entries(symbols(of, graph.shape(of)))
        if len(target) != 1:
            raise SymbolicError(f"{of} is not one number: its gradient is no single formula")
        self.target = target[0]

    def _data(self, values: Mapping[str, Value]) -> dict[Any, Any]:
        from backpropcli.ops.numbers.precise import mp

        known: dict[Any, Any] = {}
        with mp.workdps(DIGITS):
            for name, node in self.graph.nodes.items():
                if node.kind != "node":
                    shape = self.graph.shape(name)
                    pairs = zip(entries(symbols(name, shape)), entries(spread(values[name], shape)), strict=True)
                    known.update((s, mp.mpf(float(x))) for s, x in pairs)
        return known

    def upstream(self, wanted: Sequence[Any]) -> list[tuple[Formula, dict[Any, None]]]:
        """The target's gradient by each of these symbols, products along the paths added up; what has to hold."""
        own = set(entries(symbols(self.name, self.graph.shape(self.name))))
        moving = set(wanted)
        rows: list[tuple[Any, dict[Any, Formula]]] = []
        for symbol_, value, slot, k in self.list:
            by = sorted(value.free_symbols & moving, key=str)
            if by and symbol_ not in own:
                rows.append((symbol_, {s: self.slope(symbol_, value, slot, k, s) for s in by}))
                moving.add(symbol_)
        found: dict[Any, Formula] = {self.target: sympy().S.One}
        held: dict[Any, dict[Any, None]] = {self.target: {}}
        for symbol_, row in reversed(rows):
            if symbol_ in found:
                for s, slope in row.items():
                    self.conditions = {**held.get(s, {}), **held[symbol_]}
                    # What gets nothing from the loss asks for nothing: a branch that is not taken has no conditions.
                    part = found[symbol_] * self.resolved(slope) if found[symbol_] != 0 else sympy().S.Zero
                    found[s] = found.get(s, sympy().S.Zero) + part
                    held[s] = self.conditions
                    limit(size_of(found[s], LARGEST), LARGEST)
        return [self.in_nodes(found.get(s, sympy().S.Zero), held.get(s, {})) for s in wanted]

    def in_nodes(self, e: Formula, held: dict[Any, None]) -> tuple[Formula, dict[Any, None]]:
        """An expression and its conditions without the symbols of steps inside a formula (those on a corner)."""
        nodes = {node.slot for node in self.graph.nodes.values()}
        inner = [(s, value) for s, value, slot, _ in self.list if slot not in nodes]
        used = e.free_symbols.union(*(c.free_symbols for c in held))
        for symbol_, value in reversed(inner):
            used |= value.free_symbols if symbol_ in used else set()
        self.conditions, meant = dict(held), dict[Any, Formula]()
        for symbol_, value in inner:
            if symbol_ in used:
                meant[symbol_] = self.resolved(value).xreplace(meant)
        said = [c.xreplace(meant) for c in self.conditions]
        return e.xreplace(meant), {c: None for c in said if c not in (True, False)}

    def slope(self, own: Any, value: Formula, slot: int, k: int, by: Any) -> Formula:
        """SymPy's local derivative; with the node's own name, a(1 - a), where the textbook has it and it is so."""
        plain = value.diff(by)
        operation = self.graph.operations[slot]
        if isinstance(operation, Structural) and operation.slopes is not None:
            return self.nearest(plain, self.among_entries(operation.slopes, slot, k, by))
        if not isinstance(operation, Elementwise):
            return self.shared(plain, slot, k, by) if self.on_edge(plain) else plain
        corner = self.on_edge(plain)  # every slope between those of both sides is right: ours is the usual one
        if not corner and not all(map(Y.search, operation.textbook)):
            return plain
        inner = [entries(_broadcast(self.made[a], self.graph.shapes[slot]))[k] for a in self.graph.arguments[slot]]
        names = {**dict(zip(operation.arguments, inner, strict=True)), "y": own}
        pairs = zip(operation.textbook, inner, strict=True)
        shown = sympy().Add(*[interpret(t, names) * u.diff(by) for t, u in pairs if by in u.free_symbols])
        return shown if corner else self.nearest(plain, shown)

    def shared(self, plain: Formula, slot: int, k: int, by: Any) -> Formula:
        """The derivative of entry k of an operation that picks entries (max, sort) where some tie: each has its share.

        The shares are those of the operation's own definition, as at every corner; they hold while the tie does.
        """
        inner = [entries(self.made[a]) for a in self.graph.arguments[slot]]
        shares = tie_shares(self.graph, slot, k, [[number_of_digits(u, self.known) for u in row] for row in inner])
        total = sympy().Add(
            *[
                share * u.diff(by)
                for row, part in zip(inner, shares, strict=True)
                for u, share in zip(row, part, strict=True)
                if share and by in u.free_symbols
            ]
        )
        related = sorted(relations(plain), key=text)
        found = [true_relation(one, self.known) for one in related if one.lhs != one.rhs]
        return choice()(sympy().And(*found, evaluate=False), total, plain) if found and total != plain else plain

    def nearest(self, plain: Formula, shown: Formula) -> Formula:
        """The textbook's form of a derivative where its number is SymPy's own, else SymPy's."""
        a, b = number_of_digits(plain, self.known), number_of_digits(shown, self.known)
        return shown if abs(a - b) <= abs(a) * 10 ** (5 - DIGITS) else plain

    def among_entries(self, slopes: tuple[str, str], slot: int, k: int, by: Any) -> Formula:
        """The derivative of entry k of an operation whose entries along an axis depend on one another (softmax)."""
        shape, axis = self.graph.shapes[slot], self.graph.options[slot].axis
        own = self.symbols[slot][1]
        inner = entries(self.made[self.graph.arguments[slot][0]])
        places = indices(shape)
        along = {a % len(shape) for a in (axis if isinstance(axis, tuple) else (axis,))}
        total = sympy().S.Zero
        for j, (place, u) in enumerate(zip(places, inner, strict=True)):
            same_group = all(a in along or place[a] == places[k][a] for a in range(len(shape)))
            if same_group and by in u.free_symbols:
                total += interpret(slopes[j != k], {"y": own[k], "w": own[j]}) * u.diff(by)
        return total

    def resolved(self, e: Formula) -> Formula:
        """An expression with every choice made as the numbers make it; the conditions are kept."""
        if not e.has(choice()):
            return e
        if not isinstance(e, choice()):
            return e.func(*map(self.resolved, e.args))
        condition, then, otherwise = e.args
        holds = bool(number_of_digits(condition, self.known))
        for said in self.reasons(self.resolved(condition), holds):
            self.conditions[sided(said, self.known)] = None
        return self.resolved(then if holds else otherwise)

    def reasons(self, condition: Any, holds: bool) -> list[Any]:
        """The comparisons because of which a condition holds, or does not: all of `a and b`, one of `a or b`."""
        library = sympy()
        if condition in (True, False):
            return []
        if isinstance(condition, library.Not):
            return self.reasons(condition.args[0], not holds)
        together = isinstance(condition, library.And)
        if not together and not isinstance(condition, library.Or):
            return [condition if holds else library.Not(condition)]
        if exactly(condition, self.known) != condition:  # which number a label is
            return [condition if holds else library.Not(condition)]
        parts = sorted(condition.args, key=text)
        if holds != together:
            parts = [p for p in parts if bool(number_of_digits(p, self.known)) == holds][:1]
        return [said for p in parts for said in self.reasons(p, holds)]

    def on_edge(self, e: Formula) -> bool:
        """Whether an expression chooses by a comparison of two equal numbers: a corner, such as relu's at 0."""
        return any(map(self.ties, relations(e)))

    def ties(self, relation: Any) -> bool:
        """Whether the two sides of a comparison are equal here, and not the same anyway."""
        if relation not in self.corners:
            a, b = (number_of_digits(side, self.known) for side in (relation.lhs, relation.rhs))
            self.corners[relation] = bool(a == b and relation.lhs != relation.rhs)
        return self.corners[relation]

    def in_data(self, e: Formula, most: int = TIDIED) -> Formula:
        """An expression in the data's names alone (and the name's own, where that is a node)."""
        own = set(entries(symbols(self.name, self.graph.shape(self.name))))
        whole: dict[Any, Formula] = {}
        needed = set(e.free_symbols)
        for symbol_, value, _, _ in reversed(self.list):
            if symbol_ in needed and symbol_ not in own:
                needed |= value.free_symbols
        for symbol_, value, _, _ in self.list:
            if symbol_ in needed and symbol_ not in own:
                whole[symbol_] = self.resolved(value).xreplace(whole)
                limit(size_of(whole[symbol_], most), most)
        return e.xreplace(whole)


def indices(shape: Shape) -> list[tuple[int, ...]]:
    """The indices of all entries of an array, the last axis first to move."""
    found: list[tuple[int, ...]] = [()]
    for n in shape:
        found = [(*place, k) for place in found for k in range(n)]
    return found


def _broadcast(value: Formula, shape: Shape) -> Formula:
    if not shape:
        return value
    import numpy as np

    return np.broadcast_to(np.asarray(value, object), shape)
