"""How unpleasant the answers of an exercise are with some numbers: long ones, zeros, and what shows nothing, cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.engine.ties import twins
from backpropcli.engine.trace import seed as upstream_of
from backpropcli.ops.definition import Elementwise, Value
from backpropcli.ops.numbers.scalar import xp

if TYPE_CHECKING:
    from backpropcli.engine.plan import Plan
    from backpropcli.exercise.random_rules import Part
    from backpropcli.graph import Graph

ZERO_GRADIENT, ZERO_VALUE = 100, 30
"""What a blank whose answer is 0 costs: it teaches little. More than any figures, else saturated units would win."""
FREE_FIGURES, MOST_FIGURES = 2, 25
"""So many figures cost nothing, else every answer would be one of few; and what those of one answer cost at most: of a
long number three digits are typed anyway."""
ALIKE = 1000
"""What it costs where all entries of an array are the same, or all class numbers: that shows nothing."""
RESIDUE = 1000
"""What a value costs that is only what rounding left of 0: relu would take it for more than 0, or less."""
TWIN = 1000
"""What a choice between equal numbers costs, maximum(a, a): how a tie is shared is a convention, and no exercise."""
NEGLIGIBLE = 1e-6
"""A smaller number counts as 0: a saturated unit's, or what rounding left, which differs with the order of adding."""
DIGITS = 10
"""To so many digits figures are counted."""
MOST_DEAD, ALIVE = 0.7, 500
"""Then up to this part of the gradients is 0; what it costs where none is, or more are."""


def cost(
    plan: Plan, values: Mapping[str, Value], of: str, asked: tuple[Sequence[int], Sequence[int]], dying: bool
) -> tuple[float, bool]:
    """How unpleasant the answers are: the figures beyond the first, squared, or what a zero costs.

    And whether some of the gradients are 0, and not most of them: that is what is wanted where a unit is `dying`.
    """
    try:
        slots = plan.forward(values)
        gradients = plan.backward(slots, {plan.graph.nodes[of].slot: upstream_of(plan, of, None)})
    except (ArithmeticError, ValueError):
        return math.inf, False
    shapes = plan.graph.shapes
    answers = [x for slot in asked[0] for x in _entries(slots[slot], shapes[slot])]
    derivatives = [x for slot in asked[1] for x in _entries(gradients[slot], shapes[slot])]
    if not all(map(math.isfinite, (*answers, *derivatives))):
        return math.inf, False
    total: float = TWIN * any(n > 0 for n in twins(plan.graph, slots, plan.numbers()))
    total += RESIDUE * sum(0 < abs(x) < NEGLIGIBLE for x in answers)
    total += sum(_lengthy(x) for x in (*answers, *derivatives) if abs(x) >= NEGLIGIBLE)
    zeros, flat = (sum(abs(x) < NEGLIGIBLE for x in numbers) for numbers in (answers, derivatives))
    dead = 0 < flat <= MOST_DEAD * len(derivatives)
    if dying:
        return total + (0 if dead else ALIVE), dead
    return total + ZERO_VALUE * zeros + ZERO_GRADIENT * flat, dead


def _lengthy(x: float) -> int:
    """What the figures of an answer cost."""
    return min(max(figures(x) - FREE_FIGURES, 0) ** 2, MOST_FIGURES)


def as_data() -> dict[str, Any]:
    """All these costs, for the page's script."""
    return {
        "zeros": {"value": ZERO_VALUE, "gradient": ZERO_GRADIENT},
        "free": FREE_FIGURES,
        "most": MOST_FIGURES,
        "digits": DIGITS,
        "negligible": NEGLIGIBLE,
        "residue": RESIDUE,
        "alike": ALIKE,
        "twin": TWIN,
        "dead": MOST_DEAD,
        "alive": ALIVE,
    }


def alike(parts: Sequence[Part], draw: Sequence[float]) -> int:
    """What arrays cost whose entries are all the same."""
    total = start = 0
    for part in parts:
        entries = draw[start : start + len(part.entries)]
        start += len(part.entries)
        total += ALIKE if len(entries) > 1 and part.rule != "kept" and len(set(entries)) == 1 else 0
    return total


def figures(x: float) -> int:
    """How many signs a number takes, to ten digits, without its point and its sign.

    >>> figures(6.0), figures(0.25), figures(-12.0)
    (1, 3, 2)
    """
    mantissa, e, exponent = f"{abs(x):.{DIGITS}g}".partition("e")
    return len((mantissa + (f"e{int(exponent)}" if e else "")).replace(".", ""))


def mortal(graph: Graph) -> bool:
    """Whether a unit may be dead: an operation that makes a choice has a derivative of 0 on one side of it."""
    return any(_dies(operation) for operation in set(graph.operations) if isinstance(operation, Elementwise))


def _dies(operation: Elementwise) -> bool:
    if operation.branch is None:
        return False
    for sample in operation.samples:
        point = sample if isinstance(sample, tuple) else (sample,)
        try:
            y = operation.value(xp, *point)
            if any(partial(xp, y, *point) == 0 for partial in operation.partials):
                return True
        except (ArithmeticError, ValueError):
            continue
    return False


def _entries(value: Value, shape: tuple[int, ...]) -> list[float]:
    """All entries of a slot's value, which may be one number for all of them; none known means 0."""
    if not shape:
        return [0.0 if value is None else float(value)]
    import numpy as np

    return [float(x) for x in np.broadcast_to(0.0 if value is None else value, shape).ravel().tolist()]
