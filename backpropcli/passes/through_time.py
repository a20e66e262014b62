"""Backpropagation through time: the turns of a recurrence in the opposite order.

P. Werbos 1990, "Backpropagation through time: what it does and how to do it". A gradient of what all turns share is the
sum over them, gathered once behind the loop wherever a step allows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.ops.definition import UNIT_SLOPE, XP, Elementwise, Structural, Value
from backpropcli.ops.stacking import align, copies, spread
from backpropcli.passes.backward import BackStep, backward_arrays, backward_scalars, unbroadcast
from backpropcli.passes.turns import Rows, Turner, Turns, packed, whole

if TYPE_CHECKING:
    from backpropcli.ops.shape import Shape
    from backpropcli.passes.body import Lagged
    from backpropcli.passes.way import Late, Way


class BackThroughTime:
    """One way back through the turns."""

    def __init__(self, turner: Turner, way: Way, xp: XP, values: Sequence[Value], turns: Turns, g: Value) -> None:
        self.body, self.graph, self.sliced = turner.body, turner.body.graph, turner.sliced
        self.shared = [*turner.body.wholes.values(), *turner.stages.once]
        """The slots whose values all turns share."""
        self.way, self.xp, self.values, self.turns = way, xp, values, turns
        self.lead: Shape = copies(g, 1)
        self.careful = hasattr(xp, "within")
        self.plain = turns.plain and not self.careful
        kept = Rows.of(xp, self.body, g.copy()) if not self.lead else None
        self.kept = kept
        self.totals: list[Any] = (
            kept.each if kept is not None else [self._unpacked(g, k) for k in range(len(self.body.members))]
        )
        """The gradients of every member, row by row: what comes from outside, and then what later turns hand back."""
        self.stacks: dict[tuple[int, ...], Value] = {}
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

    def found(self, needed: Sequence[int]) -> tuple[list[Value], Value]:
        """The gradients of the arguments that are needed, and those of all members' rows, flat."""
        for turn in reversed(range(self.body.turns)):
            self._turn(turn)
        self._gather()
        self._back_ahead()
        self._back_once()
        total = self.kept.flat if self.kept is not None else packed(self.xp, self.body, self.totals, self.lead)
        return [self._argument(k) for k in needed], total

    # The loop.

    def _turn(self, turn: int) -> None:
        """One turn back: from its members' gradients to those of what it read."""
        body, now = self.body, self.turns.each[turn]
        g: list[Value | None] = [None] * len(self.graph)
        for member, totals in zip(body.members, self.totals, strict=True):
            g[member.slot] = totals[body.row(member, turn)]
        self._loop_back(now, g)
        for member, totals in zip(body.members, self.totals, strict=True):
            totals[body.row(member, turn)] = g[member.slot]
        for lagged in body.lagged:
            new = g[lagged.slot]
            if new is not None:
                totals, at = self.totals[lagged.member], body.row(body.members[lagged.member], turn - lagged.lag)
                totals[at] = totals[at] + new
        for step, found in self.upstream.items():
            found.append(g[step])
        for slot in self.sliced:
            self.ahead.setdefault(slot, []).append(g[slot])
        for slot in self.shared:
            if g[slot] is not None:
                self._add(slot, g[slot])

    def _loop_back(self, now: list[Value], g: list[Value | None]) -> None:
        """The steps of the loop at one time."""
        if self.plain:
            from backpropcli.ops.numbers.scalar import xp

            backward_scalars(self.way.loop, now, g, xp)
        else:
            self._back(self.way.loop, now, g)

    def _back(self, steps: list[BackStep], v: list[Value], g: list[Value | None]) -> None:
        """Steps of the body, with care where the namespace asks for it."""
        xp = self.xp
        backward_arrays(xp.within(steps, g, self.graph) if self.careful else steps, v, g, xp, self.graph)

    def _add(self, slot: int, new: Value) -> None:
        self.sums[slot] = new if slot not in self.sums else self.sums[slot] + new

    # Behind the loop.

    def _gather(self) -> None:
        """What the steps of the loop hand to values that all turns share, from all turns at once."""
        for late in self.way.late:
            g = self._stack(self.upstream[late.step][::-1], self.graph.shapes[late.step])
            if g is not None:
                self._add(late.a, self._gathered(late, g))

    def _gathered(self, late: Late, g: Value) -> Value:
        """One of them, from the step's upstream gradients in all turns."""
        operation = self.graph.operations[late.step]
        if isinstance(operation, Elementwise):
            product = g if operation.partials[late.k] is UNIT_SLOPE else self._product(operation, late, g)
            return self._summed(unbroadcast(product, self.graph.shapes[late.a], 1 + len(self.lead)))
        assert isinstance(operation, Structural)
        arguments, options = self.graph.arguments[late.step], self.graph.options[late.step]
        taken = [self._turned(a) for a in arguments]
        if not self.lead:
            return operation.gathered(options)[late.k](self.xp, options, g, *taken)
        shapes = [self.graph.shapes[a] for a in (late.step, *arguments)]
        stacked = spread(self.xp, [g, *taken], shapes)[1:]
        return self._summed(operation.vjps[late.k](self.xp, options, g, self._turned(late.step), *stacked))

    def _product(self, operation: Elementwise, late: Late, g: Value) -> Value:
        """Upstream times local, in all turns."""
        rank = len(self.graph.shapes[late.step])
        taken = [align(self._turned(a), len(self.graph.shapes[a]), rank) for a in self.graph.arguments[late.step]]
        return operation.partials[late.k](self.xp, self._turned(late.step), *taken) * g

    def _summed(self, product: Value) -> Value:
        """Added up over the turns, which stand in front."""
        return self.xp.sum(product, axis=0)

    def _turned(self, slot: int) -> Value:
        """A slot's values in all turns, in front; the one value, where they share it."""
        value = self.turns.shared[slot]
        if value is not None:
            return value
        for lagged in self.body.lagged if self.turns.kept is not None else ():
            if lagged.slot == slot:
                return self._earlier(lagged)
        return self._stack([now[slot] for now in self.turns.each], self.graph.shapes[slot])

    def _earlier(self, lagged: Lagged) -> Value:
        """The rows that the turns have read of a member, in the turns' order: a part of its array."""
        body = self.body
        first = body.row(body.members[lagged.member], -lagged.lag)
        last = first + body.step * body.turns
        return self.turns.rows[lagged.member][first : last if last >= 0 else None : body.step]

    def _stack(self, found: Sequence[Value | None], shape: Shape) -> Value:
        """One after the other in a new first axis; None is nothing at all. The same rows are stacked once."""
        if all(x is None for x in found):
            return None
        key = tuple(map(id, found))
        if key not in self.stacks:
            full, xp = (*self.lead, *shape), self.xp
            rows = [xp.zeros(full) if x is None else whole(xp, x, full) for x in found]
            self.stacks[key] = xp.stack(rows, axis=0)
        return self.stacks[key]

    def _back_ahead(self) -> None:
        """Back through what was computed for all turns together."""
        g: list[Value | None] = [None] * len(self.graph)
        for slot, found in self.ahead.items():
            g[slot] = self._stack(found[::-1], self.graph.shapes[slot])
        self._back(self.way.ahead, self.turns.shared, g)
        for late in self.way.late_ahead:
            if g[late.step] is not None:
                self._add(late.a, self._gathered(late, g[late.step]))
        for slot in self.shared:
            if g[slot] is not None:
                self._add(slot, self._summed(g[slot]))
        self.through = g

    def _back_once(self) -> None:
        """Back through what was computed once for all turns."""
        g: list[Value | None] = [None] * len(self.graph)
        for slot, found in self.sums.items():
            g[slot] = found
        self._back(self.way.once, self.turns.shared, g)
        self.whole = g

    # What it comes to.

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
