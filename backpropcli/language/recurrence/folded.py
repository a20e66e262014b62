"""A recurrence as one step of the network's graph: its formulas are lowered once, into a graph of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.errors import BackpropError, FormulaError, OperationError
from backpropcli.graph import Graph
from backpropcli.language.formula.names import names
from backpropcli.language.formula.tree import Expression, Index, Name
from backpropcli.language.recurrence.misplaced import MisplacedError
from backpropcli.language.recurrence.span import Rows, Span, span
from backpropcli.language.recurrence.timed import Timed, Use, mentions, replaced
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.ops.table import TABLE
from backpropcli.passes.body import Body, Given, Lagged, Member, Row
from backpropcli.passes.member import MEMBER, Window
from backpropcli.passes.recurrence import Recurrence

if TYPE_CHECKING:
    from backpropcli.language.recurrence.groups import Group
    from backpropcli.language.recurrence.outside import Outside

Values = Mapping[str, Any]


class Read(NamedTuple):
    """How a body reads a name: the node of the body that has what is read, and the use, None for a whole name."""

    inner: str
    name: str
    use: Use | None


class Folded:
    """Adds groups to a graph, one after the other; `rows` says of each node with a subscript which row is which."""

    def __init__(self, outside: Outside, counting: Mapping[str, int]) -> None:
        self.outside, self.counting = outside, counting
        self.lowering, self.graph = outside.lowering, outside.graph
        self.rows: dict[str, Rows] = {}

    def seen(self, tree: Expression) -> Expression:
        """The formula of a plain node, as the graph has what it uses."""
        return tree

    def add(self, group: Group) -> None:
        """The steps and nodes of one group. Raises MisplacedError."""
        first = len(self.graph)
        found = span(group, self.outside.shape, self.rows, self.counting)
        given = [self._given(member) for member in group.members]
        folding = _Folding(self, group, found)
        made = folding.body([self._shape(slots) for slots in given])
        self._add_steps(group, found, made, given, first)
        self.rows.update((member.name, found.rows(member)) for member in group.members)

    def _given(self, member: Timed) -> list[int]:
        """The slots of the rows that a member starts with, in their order."""
        parts = [(member.keys[row], tree) for row, tree in sorted(member.given.items())]
        parts += [(member.keys["beyond"], member.beyond[1])] if member.beyond else []
        return [self.outside.start(tree, key) for key, tree in parts]

    def _shape(self, slots: list[int]) -> Shape | None:
        """The shape of a member's rows, where some are given."""
        return max((self.graph.shapes[slot] for slot in slots), key=len) if slots else None

    def _add_steps(self, group: Group, found: Span, made: _Folding, given: list[list[int]], first: int) -> None:
        body = made.finished(given)
        graph, arguments = self.graph, made.arguments
        operation = Recurrence(body, len(arguments), group.letter)
        wide = [self._widened(slot, shape) for slot, shape in zip(arguments, made.shapes, strict=True)]
        each = sum(prod(shape) for k, shape in enumerate(body.graph.shapes) if body.graph.operations[k] is not None)
        graph.count(2 * found.turns * each, (body.size,))
        packed = graph.add_step(operation, wide)
        graph.recurs = True
        options = graph.options[packed]
        options.members = {}
        for member, timed in zip(body.members, group.members, strict=True):
            hidden = found.rows(timed).hidden
            begin = member.begin + hidden * prod(member.shape)
            window = Window(begin, member.end, (member.rows - hidden, *member.shape))
            slot = graph.add_step(MEMBER, (packed,), {"window": window})
            options.members[slot] = window
            self.outside.name(timed.name, timed.keys["rule"], self._inputs(timed, group), first)
            first = len(graph)

    def _widened(self, slot: int, shape: Shape) -> int:
        """An argument in the shape that the body reads: the number 0 may start a row of zeros."""
        if self.graph.shapes[slot] == shape:
            return slot
        return self.graph.add_step(TABLE["broadcast_to"], (slot,), {"shape": shape})

    def _inputs(self, member: Timed, group: Group) -> tuple[str, ...]:
        """The names that a node uses; what the group makes at another time is no way of its own."""
        used = dict.fromkeys(name for tree in member.starts() for name in names(tree))
        earlier = {use.name for use in member.uses() if use.lag}
        now = {use.name for use in member.uses() if not use.lag}
        used.update(dict.fromkeys(name for name in names(member.tree) if name != member.letter))
        used.pop(member.name, None)
        return tuple(n for n in used if n in self.outside and not (n in group.names and n in earlier - now))


class _Folding:
    """One group on its way to a body."""

    def __init__(self, outer: Folded, group: Group, found: Span) -> None:
        self.outside, self.known_rows, self.lowering = outer.outside, outer.rows, outer.lowering
        self.group, self.span = group, found
        self.arguments: list[int] = []
        self.shapes: list[Shape] = []
        """Of the arguments, as the body reads them."""
        self.places: dict[str, int] = {}

    def body(self, starts: list[Shape | None]) -> _Folding:
        """Lower the formulas, for rows of these shapes; where they come out larger, as from the number 0, again."""
        for _ in range(3):
            shapes = self._lowered(starts)
            if all(start in (None, shape) for start, shape in zip(starts, shapes, strict=True)):
                return self
            wider = [None if start is None else shape for start, shape in zip(starts, shapes, strict=True)]
            self._check_wider(starts, wider)
            starts = wider
        raise self._changing(starts, shapes)

    def _check_wider(self, starts: Sequence[Shape | None], wider: Sequence[Shape | None]) -> None:
        for start, shape in zip(starts, wider, strict=True):
            if start is not None and shape is not None and start != shape and start != ():
                raise self._changing(starts, wider)

    def _changing(self, starts: Sequence[Shape | None], shapes: Sequence[Shape | None]) -> MisplacedError:
        """The error for a row of another shape than the one before it."""
        pairs = zip(self.group.members, starts, shapes, strict=True)
        member, start, shape = next((m, a, b) for m, a, b in pairs if a is not None and a != b)
        assert start is not None
        assert shape is not None
        before = member.keys["beyond"] if member.beyond else member.keys[max(k for k in member.given)]
        message = f"{before} has shape {show_shape(start)}, and {member.keys['rule']} makes {show_shape(shape)} of it"
        tree = member.tree
        return MisplacedError(
            member.keys["rule"],
            FormulaError(message, hint="Every row has the shape of the one before it.").spanning(tree.start, tree.end),
        )

    def _lowered(self, starts: list[Shape | None]) -> list[Shape]:
        """The formulas in a new graph, with rows before of these shapes; the shapes that come out."""
        lowering = self.lowering
        self.graph = Graph(lowering.graph.most)
        self.reads: dict[str, Read] = {}
        self.slots: dict[str, int] = {}
        self.clock: int | None = None
        self.inner = lowering.beside(self.graph)
        self.states = dict(zip(self.group.names, starts, strict=True))
        trees = [self._read(member) for member in self.group.members]
        self.inner.values = {
            read.inner: lowering.values[read.name] for read in self.reads.values() if self._known(read)
        }
        shapes = []
        for member, tree in zip(self.group.members, trees, strict=True):
            key = member.keys["rule"]
            try:
                node = self.inner.node(f"{member.name}[{member.letter}]", tree, self.outside.formulas[key])
            except (FormulaError, OperationError) as error:
                raise MisplacedError(key, self._hinted(member, error)) from None
            shapes.append(self.graph.shapes[node.slot])
        return shapes

    def _known(self, read: Read) -> bool:
        return read.name in self.lowering.values

    def _hinted(self, member: Timed, error: BackpropError) -> BackpropError:
        """The error, with a word on a start that is a plain number, where it may be meant for more."""
        numbers = [m for m in self.group.members if self.states[m.name] == ()]
        if numbers and "is a number" in error.message:
            start = numbers[0]
            key = start.keys["beyond"] if start.beyond else start.keys[max(k for k in start.given)]
            error.hint = f"{key} is one number here; a row of zeros is zeros(4)."
        return error

    def _read(self, member: Timed) -> Expression:
        """A rule with every read as a name of the body, which has data for each."""
        if mentions(member.tree, member.letter) and self.clock is None:
            self.clock = self.graph.add_data(member.letter, "input", ())
        tree = replaced(member.tree, member.letter, lambda use: self._named(member, use))
        for name in names(tree):
            if name in self.outside and name not in self.reads:
                self._add(Read(name, name, None), self.outside.shape(name))
        return tree

    def _named(self, member: Timed, use: Use) -> Expression:
        """What the body calls what is read, with the rest of its index."""
        if use.name in self.group.names and use.lag == 0:
            inner = f"{use.name}[{member.letter}]"
        else:
            inner = self._row(member, use)
        name = Name(inner, use.start, use.end)
        return Index(name, use.rest, use.start, use.end) if use.rest else name

    def _row(self, member: Timed, use: Use) -> str:
        own = use.name in self.group.names
        if own:
            shape = self.states[use.name]
            assert shape is not None, "its start was looked for"
        else:
            whole = self.outside.shape(use.name)
            axis = use.axis(len(whole))
            shape = (*whole[:axis], *whole[axis + 1 :])
        colons = "".join(": , ".replace(" ,", ",") for _ in range(0 if own else use.axis(len(self._whole(use)))))
        sign = "-" if use.lag > 0 else "+"
        inner = f"{use.name}[{colons}{member.letter}{f'{sign}{abs(use.lag)}' if use.lag else ''}]"
        if inner not in self.reads:
            self._add(Read(inner, use.name, use), shape)
        return inner

    def _whole(self, use: Use) -> Shape:
        return self.outside.shape(use.name)

    def _add(self, read: Read, shape: Shape) -> None:
        kind = "input" if read.name in self.group.names else self.outside.kind(read.name)
        self.reads[read.inner] = read
        self.slots[read.inner] = self.graph.add_data(read.inner, kind, shape)

    # The finished body.

    def finished(self, given: list[list[int]]) -> Body:
        """The body, and what its arguments are."""
        group, found = self.group, self.span
        wholes: dict[int, int] = {}
        rows, lagged = [], []
        for read in self.reads.values():
            slot = self.slots[read.inner]
            if read.use is None:
                wholes[self._argument(read.name)] = slot
            elif read.name in group.names:
                lagged.append(Lagged(slot, group.names.index(read.name), read.use.lag * found.step))
            else:
                rows.append(self._rows_of(read, read.use, slot))
        members = self._members(given)
        starts = []
        for k, slots in enumerate(given):
            for j, slot in enumerate(slots):
                back = len(slots) - j
                starts.append(Given(self._place(slot, members[k].shape), k, back))
        return Body(self.graph, found.turns, found.step, wholes, rows, lagged, members, starts, self.clock, found.start)

    def _rows_of(self, read: Read, use: Use, slot: int) -> Row:
        rows = self.known_rows.get(read.name)
        origin = rows.origin if rows is not None else self.span.origin
        axis = use.axis(len(self._whole(use)))
        return Row(self._argument(read.name), slot, axis, self.span.start - use.lag - origin)

    def _argument(self, name: str) -> int:
        return self._place(self.outside.slot(name), self.outside.shape(name))

    def _place(self, slot: int, shape: Shape) -> int:
        """The number of an argument; the same slot in another shape is another one."""
        for k, (other, own) in enumerate(zip(self.arguments, self.shapes, strict=True)):
            if other == slot and own == shape:
                return k
        self.arguments.append(slot)
        self.shapes.append(shape)
        return len(self.arguments) - 1

    def _members(self, given: list[list[int]]) -> list[Member]:
        made, begin = [], 0
        for timed, slots in zip(self.group.members, given, strict=True):
            node = self.graph.nodes[f"{timed.name}[{timed.letter}]"]
            shape = self.graph.shapes[node.slot]
            made.append(Member(timed.name, node.slot, shape, len(slots), len(slots) + self.span.turns, begin))
            begin = made[-1].end
        return made
