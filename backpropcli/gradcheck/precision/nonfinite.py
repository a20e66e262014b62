"""Where a loss or a gradient stops being finite: the step that did it, and what other oracles say of such a point."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from backpropcli.engine import finite
from backpropcli.gradcheck.acceptance import close
from backpropcli.gradcheck.differences import UNKNOWN, Slope
from backpropcli.gradcheck.point.corners import sides
from backpropcli.gradcheck.point.owner import owner, said, step_said
from backpropcli.gradcheck.precision.multiprecision import PRECISE
from backpropcli.gradcheck.tolerances import SHARP, TOLERANCE

if TYPE_CHECKING:
    from backpropcli.gradcheck.point.point import Component, Point
    from backpropcli.gradcheck.precision.rounding import Rounding
    from backpropcli.gradcheck.report import Method, Row

FEW = 16
"""So many of them are looked at from their sides, and at 50 digits."""


def row(rounding: Rounding, c: Component, tolerance: float, ask: bool) -> Row:
    """The row of a component whose value, gradient or loss is not finite; `ask`: other oracles may be asked.

    Nothing can be measured at an infinite number: a finite gradient is left open there.
    """
    point = rounding.point
    if not math.isfinite(c.x):
        note = f"{c.name} is {word(c.x)}: there is nothing around it to compare with"
        plausible = math.isfinite(point.loss) and math.isfinite(c.backprop)
        return c.row(UNKNOWN, "unsure" if plausible else "fail", "none", tolerance, "nonfinite", c.name, note)
    slot, note = where(point, c)
    node = owner(point.graph, slot) if slot >= 0 else c.name
    n, reliable = at_digits(rounding, c) if ask else (UNKNOWN, None)
    method: Method = "50 digits" if math.isfinite(n.value) else "difference" if math.isfinite(point.loss) else "none"
    found = c.row(n, "fail", method, tolerance, "nonfinite", node, note)._replace(reliable=reliable)
    return from_its_sides(found, point, c) if ask and method == "difference" else found


def where(point: Point, c: Component) -> tuple[int, str]:
    """The step at which numbers stop being finite (-1: no single one), and what to say of it."""
    if not math.isfinite(point.loss):
        slot = cause(point)
        return slot, f"{said(point.graph, slot)} is not finite here"
    slot = gradient_cause(point, c)
    through = f", from {step_said(point.graph, slot)}" if slot >= 0 else ""
    return slot, f"backprop's gradient is {c.backprop}{through}"


def from_its_sides(found: Row, point: Point, c: Component) -> Row:
    """The row with the slopes that the loss has on either side, as far as there are any."""
    around = sides(point, c)
    left, right, _ = around
    known = [n for n in (left, right) if n.error <= SHARP * abs(n.value) or (n.value == 0.0 and n.error < SHARP)]
    if len(known) == 2:
        value, error = around.middle
        return found._replace(numerical=value, bound=error, left=left.value, right=right.value, sees=None)
    return found._replace(numerical=known[0].value, bound=known[0].error) if known else found


def at_digits(rounding: Rounding, c: Component) -> tuple[Slope, float | None]:
    """The slope at 50 digits or more where it is finite and one, and what the rule gives there if that is the same."""
    for many in PRECISE[:-1]:
        seen = rounding.digits.exact(c, many)
        if seen.error - seen.error != 0:
            return UNKNOWN, None
        if seen.tells(abs(seen.slope)):
            if seen.two_sided:
                return UNKNOWN, None
            reliable = rounding.converged(c)
            same = reliable is not None and close(reliable, seen.slope, TOLERANCE, seen.error)
            return seen.rounded, float(reliable) if same else None
    return UNKNOWN, None


def cause(point: Point) -> int:
    """The slot at which the loss stops being finite: it is not, though all that it is computed from is."""
    graph, slot = point.graph, point.target
    while True:
        odd = [a for a in graph.arguments[slot] if a not in graph.constants and not finite(point.slots[a])]
        used = [a for a in odd if point.unused(a) is not True]
        if not used:
            return slot
        slot = min(used)


def gradient_cause(point: Point, c: Component) -> int:
    """The step that passes on a gradient that is not finite, though it was given a finite one; -1 if there is none."""
    slot, gradients = c.slot, point.gradients
    while True:
        users = [u for u in point.users(slot) if gradients[u] is not None]
        odd = [u for u in users if not finite(gradients[u])]
        if not odd:
            break
        slot = max(odd)
    for user in users:
        passed = point.plan.backward(point.slots, {user: gradients[user]}, until=user)[slot]
        if passed is not None and not finite(passed):
            return user
    return users[0] if len(users) == 1 else -1


def word(x: float) -> str:
    """`NaN`, or which infinity."""
    return "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"
