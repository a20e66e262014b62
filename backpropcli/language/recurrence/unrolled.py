"""A recurrence unrolled: a node for each row, h[0], h[1], ..., as textbooks draw it; rows have NumPy's numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpropcli.errors import FormulaError, OperationError
from backpropcli.graph import Graph
from backpropcli.language.formula.names import names
from backpropcli.language.formula.rows import row, whole
from backpropcli.language.formula.steps import signed
from backpropcli.language.formula.tree import (
    Call,
    Expression,
    Index,
    Name,
    Number,
    Sequence,
    Unary,
    rebuilt,
    substitute,
)
from backpropcli.language.recurrence.span import Rows, Span, span
from backpropcli.language.recurrence.timed import Timed, Use, replaced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backpropcli.language.recurrence.groups import Group
    from backpropcli.language.recurrence.outside import Outside
    from backpropcli.ops.shape import Shape


class Unrolled:
    """Adds groups to a graph, one after the other; `rows` says of each node with a subscript which row is which."""

    def __init__(self, outside: Outside, counting: Mapping[str, int], folded: Graph | None = None) -> None:
        self.outside, self.counting = outside, counting
        self.folded = folded
        """The same network with its recurrences as steps, which knows all shapes; None in a formula."""
        self.rows: dict[str, Rows] = {}
        self.counts: dict[str, int] = {}
        self.spans: dict[str, Span] = {}
        self.before: dict[str, list[Expression]] = {}
        """Rows that stand before those that the network sees, by name."""

    def seen(self, tree: Expression) -> Expression:
        """The formula of a plain node: a row by its number is that row's node; of whole arrays there is one now."""

        def change(before: Expression, now: Expression) -> Expression:
            if isinstance(now, Index) and isinstance(now.value, Name) and now.value.name in self.counts:
                return self._one(now)
            return now

        made = rebuilt(tree, change)
        for name in names(made):
            if name in self.counts and name not in self.outside:
                self._stack(name)
        return made

    def _one(self, e: Index) -> Expression:
        """A row by its number as a node of its own; else what it was."""
        assert isinstance(e.value, Name)
        number, count = whole(e.items[0]), self.counts[e.value.name]
        if number is None or not -count <= number < 0:
            return row(e, self.outside)
        return row(e.with_parts((e.value, signed(float(number + count)), *e.items[1:])), self.outside)

    def _stack(self, name: str) -> None:
        """The array of all rows, where somebody uses it as one."""
        rows = tuple(Name(f"{name}[{at}]") for at in range(self.counts[name]))
        self.outside.add(name, Sequence(rows, "list"), name)

    def _shape(self, name: str) -> Shape:
        if name in self.counts and name not in self.outside:
            return (self.counts[name], *self.outside.shape(f"{name}[0]"))
        return self.outside.shape(name)

    def add(self, group: Group) -> None:
        """The nodes of one group, time by time. Raises MisplacedError."""
        found = span(group, self._shape, self.rows, self.counting)
        for member in group.members:
            own = found.rows(member)
            self.rows[member.name] = own
            given = found.before if member.given or member.beyond else 0
            self.counts[member.name] = found.turns + given - own.hidden
            self.spans[member.name] = found
            self._given(member, own, found)
        for turn in range(found.turns):
            time = found.start + found.step * turn
            for member in group.members:
                self._row(member, group, time)

    def _given(self, member: Timed, own: Rows, found: Span) -> None:
        """The rows that a member starts with."""
        shape = self.folded.shape(member.name)[1:] if self.folded is not None else ()
        if own.hidden:
            self.before[member.name] = [self._wide(member.given[at], shape) for at in sorted(member.given)]
            return
        parts = [(at, member.keys[at], tree) for at, tree in sorted(member.given.items())]
        if member.beyond:
            parts.append((found.last + 1 - own.origin, member.keys["beyond"], member.beyond[1]))
        for at, key, tree in parts:
            self._node(member, at, key, self._wide(tree, shape), key)

    def _wide(self, tree: Expression, shape: Shape) -> Expression:
        """A row that is given, in the shape of those after it: the number 0 may start a row of zeros."""
        tree = self.seen(tree)
        if not shape or self._shape_of(tree, shape) == shape:
            return tree
        sizes = Sequence(tuple(signed(float(size)) for size in shape), "tuple")
        literal = isinstance(tree, Number | Unary)
        return Call("full", (sizes, tree)) if literal else Call("broadcast_to", (tree, sizes))

    def _shape_of(self, tree: Expression, otherwise: Shape) -> Shape:
        """The shape of a formula's value; what runs through time by itself has the one that is wanted."""
        graph = Graph()
        for name in names(tree):
            if name in self.outside:
                graph.add_data(name, "input", self.outside.shape(name))
        inner = self.outside.lowering.beside(graph)
        try:
            return graph.shapes[inner.slot(inner.lower(tree), tree)]
        except (FormulaError, OperationError):
            return otherwise

    def _row(self, member: Timed, group: Group, time: int) -> None:
        """The node of one time."""
        key = member.keys["rule"]
        tree = replaced(member.tree, member.letter, lambda use: self._read(use, group, time))
        tree = substitute(tree, {member.letter: signed(float(time))})
        self._node(
            member, time - self.rows[member.name].origin, key, self.seen(tree), f"{member.name}[{member.letter}]"
        )

    def _read(self, use: Use, group: Group, time: int) -> Expression:
        """What is read at one time: a row's node, or the row of an array."""
        at = time - use.lag
        if use.name in self.rows:
            own = at - self.rows[use.name].origin
            if own < 0:
                return self._before(use, own)
            name = Name(f"{use.name}[{own}]", use.start, use.end)
            return Index(name, use.rest, use.start, use.end) if use.rest else name
        place = at - self.spans[group.names[0]].origin
        items = (*use.items[: use.at], signed(float(place)), *use.items[use.at + 1 :])
        return Index(Name(use.name, use.start, use.end), items, use.start, use.end)

    def _before(self, use: Use, back: int) -> Expression:
        """A row that the network does not see."""
        first = self.before[use.name][back]
        return Index(first, use.rest, use.start, use.end) if use.rest else first

    def _node(self, member: Timed, at: int, key: str, tree: Expression, draws: str) -> None:
        """A row as a node; all times draw the same random numbers, as the loop does."""
        name = f"{member.name}[{at}]"
        self.outside.add(name, tree, key, draws)
        self.outside.stands_at(name, at + self.rows[member.name].origin)
