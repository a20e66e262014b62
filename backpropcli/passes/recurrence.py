"""A recurrence as one operation: a body that is run once for each time, each turn reading what earlier ones made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backpropcli.ops.definition import XP, Options, Structural, Value
from backpropcli.passes.body import Body, stages
from backpropcli.passes.through_time import BackThroughTime
from backpropcli.passes.turns import Turner, Turns
from backpropcli.passes.way import Way, way


class Recurrence(Structural):
    """The operation of a recurrence: its arguments in, and out come all members' arrays, one after the other, flat."""

    def __init__(self, body: Body, count: int, letter: str) -> None:
        arguments = [f"a{k}" for k in range(count)]
        again = f"added up over all {letter}"
        super().__init__(
            "recurrence",
            " ".join(arguments),
            f"the same formulas for every {letter}, each from what the one before has made",
            planner=lambda shapes: ((body.size,), Options()),
            value=lambda xp, o, *values: self._run(xp, values),
            vjps={name: (again, self._one(k)) for k, name in enumerate(arguments)},
            samples=(),
            group="activations",
            pullback=self._pullback,
        )
        self.body = body
        self.letter = letter
        self._turner = Turner(body, stages(body))
        self._ways: dict[tuple[bool, bool, tuple[int, ...]], Way] = {}
        self._last: tuple[Sequence[Value], Value, Turns] | None = None

    def _run(self, xp: XP, values: Sequence[Value]) -> Value:
        turns, lead = self._turner.run(xp, values), self._turner.lead(values)
        made = turns.packed(xp, self.body, lead)
        self._last = (values, made, turns) if not lead else None
        return made

    def _one(self, k: int) -> Any:
        """The gradient of one argument alone."""
        return lambda xp, o, g, y, *values: self._pullback(xp, o, g, y, (k,), *values)[0][0]

    def _pullback(
        self, xp: XP, o: Options, g: Value, y: Value, needed: tuple[int, ...], *values: Value
    ) -> tuple[list[Value], Value]:
        """The gradients of the arguments in `needed`, and of all members' rows: with what later turns hand back.

        Where `y` is None the last run was of these arguments.
        """
        turns = self._known(xp, values, y)
        careful = hasattr(xp, "within")
        key = turns.plain and not careful, careful, needed
        if key not in self._ways:
            self._ways[key] = way(self.body, self._turner.stages, {*needed}, key[0], not careful)
        return BackThroughTime(self._turner, self._ways[key], xp, values, turns, g).found(needed)

    def _known(self, xp: XP, values: Sequence[Value], y: Value) -> Turns:
        """What the forward pass has computed: the last run's, where it was of these arguments."""
        if self._last is None:
            return self._turner.run(xp, values)
        arguments, made, turns = self._last
        same = all(one is other for one, other in zip(arguments, values, strict=True))
        return turns if same and (y is None or made is y) else self._turner.run(xp, values)
