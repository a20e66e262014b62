"""The end of a telling: the number moved a little, and what the loss really did beside what the gradient says."""

from __future__ import annotations

from backpropcli.engine.nudge import Nudge
from backpropcli.views.numbers import Precision, is_array
from backpropcli.views.tellings import maths
from backpropcli.views.tellings.maths import Said
from backpropcli.views.typeset import Style

CLOSE = 0.2
"""A change that misses what the gradient says by more than this part is not called near."""
ROUNDING = 1e-13
"""A change of the loss that is smaller, and not what the gradient says, is what rounding left."""


def tested(proof: Nudge, precision: Precision, style: Style) -> Said | None:
    """`Test it: w1 = 2.001 makes J = 2.0060045, so J rose 0.0060045 ≈ 6 · 0.001`; None if there is nothing to say."""
    loss, show = proof.loss, Precision(10).show
    if loss is None or is_array(loss.before) or is_array(loss.derivative):
        return None
    change, said = loss.after - loss.before, loss.derivative * proof.eps
    if change - change != 0.0 or said - said != 0.0:
        return None
    who, of = maths.name(proof.name, proof.index), maths.name(loss.name)
    there = maths.spelled(who, " = ", maths.number(show(proof.before + proof.eps)))
    after, eps = maths.number(show(loss.after)), maths.number(show(proof.eps))
    near = abs(change - said) <= CLOSE * abs(said)
    if change == 0.0 or (not near and abs(change) <= ROUNDING):
        rounding = " but for rounding" if change else ""
        return Said("Test it: ", there, " leaves ", of, " at ", after, rounding, ".")
    verb = "rose" if change > 0 else "fell"
    head = Said("Test it: ", there, " makes ", maths.spelled(of, " = ", after))
    moved = maths.number(show(abs(change)))
    slope = precision.show(loss.derivative)
    if near:
        about, times = (" ≈ ", " · ") if style.superscripts else (" ~ ", " * ")
        right = maths.spelled(moved, about, maths.number(slope.removeprefix("-")), times, eps)
        return Said(head, ", so ", of, f" {verb} ", right, ".")
    gradient = maths.spelled(maths.gradient(loss.name, proof.name, proof.index), " = ", maths.number(slope))
    where = maths.spelled(who, " = ", maths.number(show(proof.before)))
    return Said(
        head, ", so ", of, f" {verb} ", moved, ", though ", gradient, ": ", of, " turns a corner at ", where,
        ", or bends within that step. backprop check tells which.",
    )  # fmt: skip


def steps(value: float) -> list[float]:
    """The steps to try, the largest first: 0.001, and smaller ones where a formula bends within it."""
    largest = 1e-3 if abs(value) >= 1e-3 or not value else 1e-3 * abs(value)
    return [largest * 10.0**-k for k in range(4)]


def holds(proof: Nudge) -> bool:
    """Whether the loss did about what the gradient says."""
    loss = proof.loss
    if loss is None or is_array(loss.before):
        return True
    said = loss.derivative * proof.eps
    return bool(abs(loss.after - loss.before - said) <= CLOSE / 10 * abs(said))
