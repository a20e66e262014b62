"""A member of a recurrence: its own array, cut out of what the recurrence makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from backpropcli.ops.definition import REQUIRED, XP, Options, Part, Structural, Value
from backpropcli.ops.stacking import copies

if TYPE_CHECKING:
    from backpropcli.ops.shape import Shape


class Window(NamedTuple):
    """A member's part of the array of all members, and its shape."""

    begin: int
    end: int
    shape: Shape

    def __call__(self, xp: XP, packed: Value) -> Value:
        """The member's array, or its gradient."""
        return xp.reshape(packed[..., self.begin : self.end], (*copies(packed, 1), *self.shape))


def _vjp(xp: XP, o: Options, g: Value, y: Value, packed: Value) -> Part:
    window: Window = o.window
    size = window.end - window.begin
    return Part((slice(window.begin, window.end),), xp.reshape(g, (*copies(g, len(window.shape)), size)))


MEMBER = Structural(
    "member",
    "packed",
    "one of the arrays that a recurrence makes",
    group="shapes",
    options={"window": REQUIRED},
    planner=lambda shapes, window: (window.shape, Options(window=window)),
    value=lambda xp, o, packed: o.window(xp, packed),
    vjps={"packed": ("g, among the others", _vjp)},
    samples=(),
)
"""What gives a node of a recurrence its value."""
