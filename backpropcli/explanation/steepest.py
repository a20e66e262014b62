"""Which of several numbers to change, and which way, so that the loss falls fastest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backpropcli.notation import maths
from backpropcli.notation.maths import Said
from backpropcli.notation.numbers import is_array

if TYPE_CHECKING:
    from backpropcli.explanation.explain import Explanation


def steepest(explanations: Sequence[Explanation]) -> Said | None:
    """Which of several numbers to change, and which way, so that the loss falls fastest."""
    found = [one for one in explanations if not is_array(one.value) and one.value - one.value == 0.0]
    if len(found) < 2 or len(found) < len(explanations) or not any(one.value for one in found):
        return None
    best = max(found, key=lambda one: abs(one.value))
    if sum(abs(one.value) == abs(best.value) for one in found) > 1:
        return None
    value = maths.spelled(maths.gradient(best.of, best.name), " = ", maths.number(best.chain.show(best.value)))
    way = "lower" if best.value > 0 else "raise"
    return Said(
        "The largest of these in size is ",
        value,
        f": to make {best.of} smaller, {way} ",
        maths.name(best.name),
        " (against the sign of its gradient); a small change of it counts most.",
    )
