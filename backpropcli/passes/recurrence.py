"""A recurrence: a body that is run once for each time, each turn reading what earlier ones made; forward and backward.

Backward is backpropagation through time (Werbos 1990, "Backpropagation through time: what it does and how to do it"):
the turns in the opposite order, and a parameter's gradient is the sum over all of them, gathered once behind the loop
wherever the step allows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from backpropcli.ops.definition import UNIT_SLOPE, XP, Elementwise, Options, Part, Structural, Value
from backpropcli.ops.shape import Shape
from backpropcli.ops.stacking import copies, spread
from backpropcli.passes.backward import BackStep, backward_arrays, unbroadcast
from backpropcli.passes.backward import program as backward_program
from backpropcli.passes.body import Body, Stages, read_by, stages
from backpropcli.passes.forward import Step, forward
from backpropcli.passes.forward import program as forward_program


class Turns(NamedTuple):
    """What a run has computed: the values that all turns share, those of all turns together, and those of each.

    `shared` is by slot; what differs from turn to turn has its turns in front there. `each` has the values by slot for
    every turn, `rows` those of every member, in the order of its array.
    """

    shared: list[Value]
    each: list[list[Value]]
    rows: list[list[Value]]


class Late(NamedTuple):
    """A gradient that is gathered behind the loop: of argument `k` of a step, whose slot is `a`."""

    step: int
    k: int
    a: int


class Way(NamedTuple):
    """The way back for a choice of arguments: the steps of each stage, and what is gathered behind each."""

    loop: list[BackStep]
    ahead: list[BackStep]
    once: list[BackStep]
    late: list[Late]
    late_ahead: list[Late]


class Recurrence(Structural):
    """The operation of a recurrence: its arguments in, and out come all members' arrays, one after the other, flat."""

    def __init__(self, body: Body, arguments: Sequence[str], letter: str) -> None:
        again = f"added up over all {letter}"
        super().__init__(
            "recurrence",
            " ".join(arguments),
            f"the same formulas for every {letter}, each from what the one before has made",
            planner=lambda shapes: ((body.size,), Options()),
            value=lambda xp, o, *values: self.run(xp, values),
            vjps={name: (again, self._one(k)) for k, name in enumerate(arguments)},
            samples=(),
            group="activations",
            pullback=self.pullback,
        )
        self.body = body
        self.letter = letter
        self.stages: Stages = stages(body)
        graph = body.graph
        later = {*self.stages.loop}
        self._ahead = list(forward_program(graph, self.stages.ahead, copies=True))
        self._once = list(forward_program(graph, self.stages.once))
        self._loop: list[Step] = list(forward_program(graph, self.stages.loop))
        before = {row.slot for row in body.rows} | {*self.stages.ahead} | ({body.clock} - {None})
        kept = {*read_by(graph, self.stages.loop, before), *({m.slot for m in body.members} - later)}
        self._sliced = sorted(kept)
        self._ways: dict[tuple[int, ...], Way] = {}
        self._last: tuple[Sequence[Value], Value, Turns] | None = None

    # Forward.

    def run(self, xp: XP, values: Sequence[Value]) -> Value:
        """All members' rows, flat, one member after the other; copies may stand in front."""
        turns = self._turns(xp, values)
        lead = self._lead(values)
        pieces = []
        for member, rows in zip(self.body.members, turns.rows, strict=True):
            stacked = xp.stack([_whole(xp, row, lead + member.shape) for row in rows], axis=len(lead))
            pieces.append(xp.reshape(stacked, (*lead, member.end - member.begin)))
        made = xp.concatenate(pieces, axis=-1) if len(pieces) > 1 else pieces[0]
        self._last = (values, made, turns) if not lead else None
        return made

    def _lead(self, values: Sequence[Value]) -> Shape:
        """The axes of stacked copies, which all arguments have in front, or none."""
        ranks = self._ranks
        return max((copies(v, rank) for v, rank in zip(values, ranks, strict=True)), key=len, default=())

    @property
    def _ranks(self) -> list[int]:
        body, shapes = self.body, self.body.graph.shapes
        ranks = [0] * len(self.arguments)
        for argument, slot in body.wholes.items():
            ranks[argument] = len(shapes[slot])
        for row in body.rows:
            ranks[row.argument] = len(shapes[row.slot]) + 1
        for given in body.given:
            ranks[given.argument] = len(body.members[given.member].shape)
        return ranks

    def _turns(self, xp: XP, values: Sequence[Value]) -> Turns:
        """Everything that the body computes, turn by turn."""
        body, lead = self.body, self._lead(values)
        v: list[Value] = [None] * len(body.graph)
        for slot, constant in body.graph.constants.items():
            v[slot] = xp.asarray(constant) if getattr(constant, "ndim", 0) else xp.number(constant)
        for argument, slot in body.wholes.items():
            v[slot] = values[argument]
        for row in body.rows:
            v[row.slot] = self._rows(xp, values[row.argument], row.axis + len(lead), row.start)
        if body.clock is not None:
            v[body.clock] = self._clock(xp, lead)
        forward(self._once, v, xp)
        forward(self._ahead, v, xp)
        return self._looped(xp, values, v)

    def _rows(self, xp: XP, value: Value, axis: int, start: int) -> Value:
        """The rows that the turns read, in their order, in front."""
        moved = xp.moveaxis(value, axis, 0) if axis else value
        stop = start + self.body.step * self.body.turns
        if self.body.step > 0:
            return moved if start == 0 and len(moved) == stop else moved[start:stop]
        return moved[start : stop if stop >= 0 else None : -1]

    def _clock(self, xp: XP, lead: Shape) -> Value:
        """The times, as numbers."""
        body = self.body
        times = [float(body.first + body.step * k) for k in range(body.turns)]
        return xp.broadcast_to(xp.reshape(xp.asarray(times), (body.turns, *(1,) * len(lead))), (body.turns, *lead))

    def _looped(self, xp: XP, values: Sequence[Value], v: list[Value]) -> Turns:
        """The turns of the loop."""
        body, loop = self.body, self._loop
        rows: list[list[Value]] = [[None] * member.rows for member in body.members]
        for given in body.given:
            rows[given.member][body.row(body.members[given.member], -given.back)] = values[given.argument]
        each = []
        lagged = [(x.slot, rows[x.member], body.row(body.members[x.member], -x.lag)) for x in body.lagged]
        made = [(rows[k], body.row(m, 0), m.slot) for k, m in enumerate(body.members)]
        for turn in range(body.turns):
            now, shift = v.copy(), body.step * turn
            for slot in self._sliced:
                now[slot] = v[slot][turn]
            for slot, found, at in lagged:
                now[slot] = found[at + shift]
            forward(loop, now, xp)
            for found, at, slot in made:
                found[at + shift] = now[slot]
            each.append(now)
        return Turns(v, each, rows)

    # Backward.

    def _one(self, k: int) -> Any:
        """The gradient of one argument alone."""
        return lambda xp, o, g, y, *values: self.pullback(xp, o, g, y, (k,), *values)[0][0]

    def pullback(
        self, xp: XP, o: Options, g: Value, y: Value, needed: tuple[int, ...], *values: Value
    ) -> tuple[list[Value], Value]:
        """The gradients of the arguments in `needed`, and of all members' rows: with what later turns hand back."""
        return Backward(self, xp, values, g, self._known(xp, values, y), needed).found()

    def _known(self, xp: XP, values: Sequence[Value], y: Value) -> Turns:
        """What the forward pass has computed: the last run's, where it was of these arguments."""
        if self._last is not None and self._last[1] is y and all(map(_is, self._last[0], values)):
            return self._last[2]
        return self._turns(xp, values)

    def way(self, needed: tuple[int, ...]) -> Way:
        """The steps back for a choice of arguments, made once."""
        if needed not in self._ways:
            self._ways[needed] = self._way({*needed})
        return self._ways[needed]

    def _way(self, needed: set[int]) -> Way:
        body, graph = self.body, self.body.graph
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
        outside = {*body.wholes.values(), *self.stages.once}
        loop, late = self._split(self.stages.loop, idle, outside)
        ahead, late_ahead = self._split(self.stages.ahead, idle, outside)
        return Way(loop, ahead, self._split(self.stages.once, idle, set())[0], late, late_ahead)

    def _split(self, steps: Iterable[int], idle: bytearray, outside: set[int]) -> tuple[list[BackStep], list[Late]]:
        """The steps back of one stage, and what of them can wait until all turns are done."""
        made, late = [], []
        for slot, arguments, needed, elementwise in backward_program(self.body.graph, sorted(steps)[::-1], idle):
            waits = [(k, a) for k, a, _ in needed if a in outside and self._gathers(slot)]
            late += [Late(slot, k, a) for k, a in waits]
            made.append((slot, arguments, [x for x in needed if (x[0], x[1]) not in waits], elementwise))
        return made, late

    def _gathers(self, slot: int) -> bool:
        """Whether a step's gradient for an argument that is the same in all turns can be had from all turns at once."""
        operation = self.body.graph.operations[slot]
        if isinstance(operation, Structural):
            return bool(operation.gathered(self.body.graph.options[slot]))
        return True


def _is(a: Any, b: Any) -> bool:
    return a is b


def _whole(xp: XP, value: Value, shape: Shape) -> Value:
    """A row in its full shape: what a body made of constants alone has no copies in front."""
    return value if getattr(value, "shape", ()) == shape else xp.broadcast_to(value, shape)


class Backward:
    """One way back through the turns."""

    def __init__(
        self, recurrence: Recurrence, xp: XP, values: Sequence[Value], g: Value, turns: Turns, needed: tuple[int, ...]
    ) -> None:
        self.recurrence, self.body, self.xp = recurrence, recurrence.body, xp
        self.graph = recurrence.body.graph
        self.values, self.turns, self.needed = values, turns, needed
        self.way = recurrence.way(needed)
        self.lead: Shape = copies(g, 1)
        self.totals = [self._unpacked(g, k) for k in range(len(self.body.members))]
        self.sums: dict[int, Value] = {}
        """By slot of the body: the gradients of what all turns share."""
        self.ahead: dict[int, list[Value]] = {}
        """By slot: the gradients of what was computed ahead, turn by turn."""
        self.upstream: dict[int, list[Value]] = {late.step: [] for late in self.way.late}

    def _unpacked(self, g: Value, k: int) -> list[Value]:
        """The upstream gradients of a member, row by row."""
        member = self.body.members[k]
        piece = self.xp.reshape(g[..., member.begin : member.end], (*self.lead, member.rows, *member.shape))
        rows = self.xp.moveaxis(piece, len(self.lead), 0) if self.lead else piece
        return [rows[row] for row in range(member.rows)]

    def found(self) -> tuple[list[Value], Value]:
        """The gradients of the arguments that are needed, and those of all rows, flat."""
        for turn in reversed(range(self.body.turns)):
            self._turn(turn)
        self._gather(self.way.late, self._turned)
        self._back_ahead()
        self._back_once()
        return [self._argument(k) for k in self.needed], self._packed()

    # The loop.

    def _turn(self, turn: int) -> None:
        """One turn back: from its members' gradients to those of what it read."""
        body, now = self.body, self.turns.each[turn]
        g: list[Value | None] = [None] * len(self.graph)
        for member, totals in zip(body.members, self.totals, strict=True):
            g[member.slot] = totals[body.row(member, turn)]
        backward_arrays(self.way.loop, now, g, self.xp, self.graph)
        for member, totals in zip(body.members, self.totals, strict=True):
            totals[body.row(member, turn)] = g[member.slot]
        for lagged in body.lagged:
            new = g[lagged.slot]
            if new is not None:
                member, totals = body.members[lagged.member], self.totals[lagged.member]
                at = body.row(member, turn - lagged.lag)
                totals[at] = totals[at] + new
        for step, found in self.upstream.items():
            found.append(g[step])
        for slot in self.recurrence._sliced:
            self.ahead.setdefault(slot, []).append(g[slot])
        for slot in (*body.wholes.values(), *self.recurrence.stages.once):
            if g[slot] is not None:
                self._add(slot, g[slot])

    def _add(self, slot: int, new: Value) -> None:
        self.sums[slot] = new if slot not in self.sums else self.sums[slot] + new

    # Behind the loop.

    def _gather(self, late: Sequence[Late], values: Any) -> None:
        """What the steps hand to arguments that all turns share, from all turns at once."""
        stacks: dict[int, Value] = {}
        for one in late:
            if one.step not in stacks:
                found = self.upstream[one.step][::-1]
                stacks[one.step] = self._stack(found, self.graph.shapes[one.step])
            g = stacks[one.step]
            if g is not None:
                self._add(one.a, self._gathered(one, g, values))

    def _gathered(self, one: Late, g: Value, values: Any) -> Value:
        graph, operation = self.graph, self.graph.operations[one.step]
        arguments = graph.arguments[one.step]
        own = graph.shapes[one.a]
        if isinstance(operation, Elementwise):
            partial, rank = operation.partials[one.k], len(graph.shapes[one.step])
            if partial is UNIT_SLOPE:
                product = g
            else:
                taken = [self._lined(values(a), a, rank) for a in arguments]
                product = partial(self.xp, values(one.step), *taken) * g
            return self._summed(unbroadcast(product, own, 1 + len(self.lead)))
        assert isinstance(operation, Structural)
        taken, options = [values(a) for a in arguments], graph.options[one.step]
        if not self.lead:
            return operation.gathered(options)[one.k](self.xp, options, g, *taken)
        shapes = [graph.shapes[one.step], *(graph.shapes[a] for a in arguments)]
        stacked = spread(self.xp, [g, *taken], shapes)[1:]
        return self._summed(operation.vjps[one.k](self.xp, options, g, values(one.step), *stacked))

    def _lined(self, value: Value, slot: int, rank: int) -> Value:
        """An argument with its turns and copies in front of as many axes as the step has."""
        own = len(self.graph.shapes[slot])
        shape: Shape = getattr(value, "shape", ())
        front = len(shape) - own
        if not front or own == rank:
            return value
        return self.xp.reshape(value, shape[:front] + (1,) * (rank - own) + shape[front:])

    def _summed(self, product: Value) -> Value:
        """Added up over the turns, which stand in front."""
        return self.xp.sum(product, axis=0)

    def _turned(self, slot: int) -> Value:
        """A slot's values in all turns, in front; of what they share, the one value."""
        if slot in self.body.wholes.values() or slot in self.graph.constants or slot in self.recurrence.stages.once:
            return self.turns.shared[slot]
        if self.turns.shared[slot] is not None:
            return self.turns.shared[slot]
        return self._stack([now[slot] for now in self.turns.each], self.graph.shapes[slot])

    def _stack(self, found: Sequence[Value | None], shape: Shape) -> Value:
        """One after the other in a new first axis; None is nothing at all."""
        if all(x is None for x in found):
            return None
        whole = (*self.lead, *shape)
        return self.xp.stack([self.xp.zeros(whole) if x is None else _whole(self.xp, x, whole) for x in found], axis=0)

    def _back_ahead(self) -> None:
        """Back through what was computed for all turns together."""
        g: list[Value | None] = [None] * len(self.graph)
        for slot, found in self.ahead.items():
            g[slot] = self._stack(found[::-1], self.graph.shapes[slot])
        steps = self.way.ahead
        backward_arrays(steps, self.turns.shared, g, self.xp, self.graph)
        self.upstream = {}
        for late in self.way.late_ahead:
            if g[late.step] is not None:
                self._add(late.a, self._gathered(late, g[late.step], self._turned))
        for slot in (*self.body.wholes.values(), *self.recurrence.stages.once):
            if g[slot] is not None:
                self._add(slot, self._summed(g[slot]))
        self.through = g

    def _back_once(self) -> None:
        """Back through what was computed once for all turns."""
        g: list[Value | None] = [None] * len(self.graph)
        for slot, found in self.sums.items():
            g[slot] = found
        backward_arrays(self.way.once, self.turns.shared, g, self.xp, self.graph)
        self.whole = g

    # What it comes to.

    def _packed(self) -> Value:
        pieces = []
        for member, totals in zip(self.body.members, self.totals, strict=True):
            rows = self.xp.stack([_whole(self.xp, x, (*self.lead, *member.shape)) for x in totals], axis=len(self.lead))
            pieces.append(self.xp.reshape(rows, (*self.lead, member.end - member.begin)))
        return self.xp.concatenate(pieces, axis=-1) if len(pieces) > 1 else pieces[0]

    def _argument(self, k: int) -> Value:
        """The gradient of one argument, of its shape: of each way in which it is read."""
        body, total = self.body, None
        if k in body.wholes:
            total = _plus(total, self.whole[body.wholes[k]])
        for row in body.rows:
            if row.argument == k and self.through[row.slot] is not None:
                total = _plus(total, self._spread(k, row.axis + len(self.lead), row.start, self.through[row.slot]))
        for given in body.given:
            if given.argument == k:
                member = body.members[given.member]
                total = _plus(total, self.totals[given.member][body.row(member, -given.back)])
        return self.xp.zeros(self._shape(k)) if total is None else total

    def _shape(self, k: int) -> Shape:
        shape: Shape = getattr(self.values[k], "shape", ())
        return shape

    def _spread(self, k: int, axis: int, start: int, g: Value) -> Value:
        """The gradient of the rows that were read, in their places of the whole argument."""
        xp, body = self.xp, self.body
        rows = g if body.step > 0 else g[::-1]
        first = start if body.step > 0 else start - body.turns + 1
        count = self._shape(k)[axis]
        if first or first + body.turns != count:
            own = getattr(rows, "shape", ())[1:]
            before, after = xp.zeros((first, *own)), xp.zeros((count - first - body.turns, *own))
            rows = xp.concatenate([before, rows, after], axis=0)
        return xp.moveaxis(rows, 0, axis) if axis else rows


def _plus(total: Value | None, new: Value | None) -> Value | None:
    return new if total is None else total if new is None else total + new


# A member's array.


def _member(xp: XP, o: Options, packed: Value) -> Value:
    return xp.reshape(packed[..., o.begin : o.end], (*copies(packed, 1), *o.shape))


def _member_vjp(xp: XP, o: Options, g: Value, y: Value, packed: Value) -> Part:
    return Part((slice(o.begin, o.end),), xp.reshape(g, (*copies(g, len(o.shape)), o.end - o.begin)))


def _plan_member(shapes: list[Shape], begin: int, end: int, shape: Shape) -> tuple[Shape, Options]:
    return shape, Options(begin=begin, end=end, shape=shape)


MEMBER = Structural(
    "member",
    "packed",
    "one of the arrays that a recurrence makes",
    group="shapes",
    planner=_plan_member,
    options={"begin": 0, "end": 0, "shape": ()},
    value=_member,
    vjps={"packed": ("g, among the others", _member_vjp)},
    samples=(),
)
"""What cuts a member's array out of a recurrence's value."""
