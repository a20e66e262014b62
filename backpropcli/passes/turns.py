"""The turns of a recurrence, forward: what no turn waits for is computed ahead, the rest one turn after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.ops.stacking import copies
from backpropcli.passes.body import Body, Stages, read_by
from backpropcli.passes.forward import Step, forward
from backpropcli.passes.forward import program as forward_program
from backpropcli.passes.stepping import convert

if TYPE_CHECKING:
    from backpropcli.ops.definition import XP, Value
    from backpropcli.ops.shape import Shape


class Rows(NamedTuple):
    """An array with place for all rows of all members, one after the other; `each` member's is a part of it."""

    flat: Any
    each: list[Any]

    @classmethod
    def of(cls, xp: XP, body: Body, flat: Value = None) -> Rows | None:
        """A new one, or one that takes `flat`; None where the numbers of `xp` are no plain ones."""
        if getattr(xp, "dtype", None) is None or type(xp.nothing) is not float:
            return None
        flat = xp.zeros((body.size,)) if flat is None else flat
        return cls(flat, [flat[m.begin : m.end].reshape(m.rows, *m.shape) for m in body.members])


class Turns(NamedTuple):
    """What a run has computed: the values that all turns share, those of all turns together, and those of each.

    `shared` is by slot; what differs from turn to turn has its turns in front there. `each` has the values by slot for
    every turn, `rows` those of every member, in the order of its array; `kept` has them in one array, if there is one.
    `plain`: the loop has run on Python's floats.
    """

    shared: list[Value]
    each: list[list[Value]]
    rows: list[Any]
    kept: Rows | None
    plain: bool

    def packed(self, xp: XP, body: Body, lead: Shape) -> Value:
        """The rows of all members flat, one member after the other; copies stand in front."""
        return self.kept.flat if self.kept is not None else packed(xp, body, self.rows, lead)


class Turner:
    """Runs the turns of a body; the steps are made ready once."""

    def __init__(self, body: Body, stages: Stages) -> None:
        self.body, self.stages = body, stages
        self._programs: dict[bool, tuple[list[Step], list[Step], list[Step]]] = {}
        self.sliced = self._sliced()
        """The slots of which every turn takes its own row."""
        self._ranks = self._arguments()

    def _sliced(self) -> list[int]:
        body, stages = self.body, self.stages
        before = {row.slot for row in body.rows} | {*stages.ahead}
        before |= {body.clock} if body.clock is not None else set()
        made = {member.slot for member in body.members} - {*stages.loop} - {*stages.once}
        return sorted({*read_by(body.graph, stages.loop, before), *made})

    def _arguments(self) -> dict[int, int]:
        """How many axes each argument has."""
        body, shapes = self.body, self.body.graph.shapes
        return {
            **{given.argument: len(body.members[given.member].shape) for given in body.given},
            **{row.argument: len(shapes[row.slot]) + 1 for row in body.rows},
            **{argument: len(shapes[slot]) for argument, slot in body.wholes.items()},
        }

    def lead(self, values: Sequence[Value]) -> Shape:
        """The axes of stacked copies, which all arguments have in front, or none."""
        return max((copies(values[k], rank) for k, rank in self._ranks.items()), key=len, default=())

    def _program(self, copies: bool) -> tuple[list[Step], list[Step], list[Step]]:
        """The steps of the three stages; with stacked copies values differ in rank, and with turns in front too."""
        if copies not in self._programs:
            graph, (once, ahead, loop) = self.body.graph, self.stages
            self._programs[copies] = (
                list(forward_program(graph, once, copies)),
                list(forward_program(graph, ahead, copies=True)),
                list(forward_program(graph, loop, copies)),
            )
        return self._programs[copies]

    def run(self, xp: XP, values: Sequence[Value]) -> Turns:
        """Everything that the body computes, turn by turn."""
        body, lead = self.body, self.lead(values)
        once, ahead, loop = self._program(bool(lead))
        v: list[Value] = [None] * len(body.graph)
        for slot, constant in body.graph.constants.items():
            v[slot] = convert(xp, constant)
        for argument, slot in body.wholes.items():
            v[slot] = values[argument]
        for row in body.rows:
            v[row.slot] = self._rows(xp, values[row.argument], row.axis + len(lead), row.start)
        if body.clock is not None:
            v[body.clock] = self._clock(xp, lead)
        forward(once, v, xp)
        forward(ahead, v, xp)
        if self.plain(xp, lead):
            from backpropcli.ops.numbers.scalar import xp as floats

            return self._looped(floats, values, v, loop, Rows.of(xp, body))
        return self._looped(xp, values, v, loop, Rows.of(xp, body) if not lead else None)

    def plain(self, xp: XP, lead: Shape) -> bool:
        """Whether the loop can run on Python's floats: all of its numbers are plain, and of that precision."""
        return not lead and self.body.graph.scalar and xp.name == "float64" and type(xp.nothing) is float

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

    def _looped(self, xp: XP, values: Sequence[Value], v: list[Value], loop: list[Step], kept: Rows | None) -> Turns:
        """The turns of the loop."""
        body, plain = self.body, xp.raises
        rows: Any = kept.each if kept is not None else [[None] * member.rows for member in body.members]
        for given in body.given:
            rows[given.member][body.row(body.members[given.member], -given.back)] = values[given.argument]
        lagged = [(x.slot, rows[x.member], body.row(body.members[x.member], -x.lag)) for x in body.lagged]
        made = [(rows[k], body.row(member, 0), member.slot) for k, member in enumerate(body.members)]
        each = []
        first = [float(x) if plain and x is not None and not getattr(x, "ndim", 0) else x for x in v]
        taken = [(slot, v[slot].tolist() if plain else v[slot]) for slot in self.sliced]
        for turn in range(body.turns):
            now, shift = first.copy(), body.step * turn
            for slot, all_rows in taken:
                now[slot] = all_rows[turn]
            for slot, found, at in lagged:
                now[slot] = float(found[at + shift]) if plain else found[at + shift]
            forward(loop, now, xp)
            for found, at, slot in made:
                found[at + shift] = now[slot]
            each.append(now)
        return Turns(v, each, rows, kept, plain)


def packed(xp: XP, body: Body, rows: Sequence[Sequence[Value]], lead: Shape) -> Value:
    """The rows of all members flat, one member after the other; copies stand in front."""
    pieces = []
    for member, own in zip(body.members, rows, strict=True):
        stacked = xp.stack([whole(xp, row, lead + member.shape) for row in own], axis=len(lead))
        pieces.append(xp.reshape(stacked, (*lead, member.end - member.begin)))
    return xp.concatenate(pieces, axis=-1) if len(pieces) > 1 else pieces[0]


def whole(xp: XP, value: Value, shape: Shape) -> Value:
    """A row in its full shape: what a body made of constants alone has no copies in front."""
    return value if getattr(value, "shape", ()) == shape else xp.broadcast_to(value, shape)
