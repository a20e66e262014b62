"""Where a loss or a gradient stops being finite: the step that did it, and what other opinions say of such a point."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from backpropcli.engine import finite
from backpropcli.gradcheck.differences import UNIT, UNKNOWN, Slope
from backpropcli.gradcheck.network.corners import sides
from backpropcli.gradcheck.network.point import Component, Point
from backpropcli.gradcheck.report import Method, Row
from backpropcli.graph import Graph

if TYPE_CHECKING:
    from backpropcli.gradcheck.network.oracles import Digits
    from backpropcli.gradcheck.network.verdicts import Judge

FEW = 16
"""So many of them are looked at from their sides, and at 50 digits."""
SHARP = 1e-3
"""A side's slope is shown if its error is below this, relative to it."""
LIGHT = 20_000
"""In a network of more numbers than this none is."""


def row(judge: Judge, c: Component, digits: Digits | None) -> Row:
    """The row of a component whose value, gradient or loss is not finite; `digits` where other opinions may be asked.

    Nothing can be measured at an infinite number: a finite gradient is left open there.
    """
    point = judge.point
    if not math.isfinite(c.x):
        note = f"{c.name} is {word(c.x)}: there is nothing around it to compare with"
        plausible = math.isfinite(point.loss) and math.isfinite(c.backprop)
        return judge.row(c, UNKNOWN, "unsure" if plausible else "fail", "none", "nonfinite", c.name, note)
    if not math.isfinite(point.loss):
        slot = cause(point)
        note = f"{said(point.graph, slot)} is not finite here"
    else:
        slot = gradient_cause(point, c)
        through = f", from {step_said(point.graph, slot)}" if slot >= 0 else ""
        note = f"backprop's gradient is {c.backprop}{through}"
    node = owner(point.graph, slot) if slot >= 0 else c.name
    n, reliable = at_digits(judge, c, digits) if digits is not None else (UNKNOWN, None)
    method: Method = "50 digits" if math.isfinite(n.value) else "difference" if math.isfinite(point.loss) else "none"
    found = judge.row(c, n, "fail", method, "nonfinite", node, note)._replace(reliable=reliable)
    if digits is None or math.isfinite(n.value) or not math.isfinite(point.loss):
        return found
    left, right, _ = sides(point, c)
    known = [n for n in (left, right) if n.error <= SHARP * abs(n.value) or (n.value == 0.0 and n.error < SHARP)]
    if len(known) == 2:
        middle = Slope((left.value + right.value) / 2.0, abs(left.value - right.value) / 2.0 + left.error + right.error)
        return found._replace(numerical=middle.value, bound=middle.error, left=left.value, right=right.value, sees=None)
    return found._replace(numerical=known[0].value, bound=known[0].error) if known else found


def at_digits(judge: Judge, c: Component, digits: Digits) -> tuple[Slope, float | None]:
    """The slope at 50 digits or more where it is finite and one, and what the rule gives there if that is the same."""
    from backpropcli.gradcheck.network.oracles import PRECISE
    from backpropcli.gradcheck.network.verdicts import SHARP, TOLERANCE, close

    for many in PRECISE[:-1]:
        seen = digits.opinion(c, many)
        if seen.error - seen.error != 0:
            return UNKNOWN, None
        if 3 / SHARP * seen.error <= abs(seen.slope):
            if seen.two_sided:
                return UNKNOWN, None
            reliable = judge.numbers().settled(digits, c)
            same = reliable is not None and close(reliable, seen.slope, TOLERANCE, seen.error)
            n = Slope(float(seen.slope), float(seen.error) + UNIT * abs(float(seen.slope)))
            return n, float(reliable) if same else None
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


def owner(graph: Graph, slot: int) -> str:
    """The name that a slot belongs to: data, or the node in whose formula it is a step."""
    return next(n.name for n in graph.nodes.values() if n.first <= slot <= n.slot)


def said(graph: Graph, slot: int) -> str:
    """A slot in words: a name, or the operation inside a node's formula, `log in J`."""
    name = owner(graph, slot)
    return name if len(graph.steps(name)) <= 1 else step_said(graph, slot)


def step_said(graph: Graph, slot: int) -> str:
    """A step in words: `log in J`."""
    operation, name = graph.operations[slot], owner(graph, slot)
    return f"{operation.name} in {name}" if operation is not None else name


def word(x: float) -> str:
    """`NaN`, or which infinity."""
    return "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"
