"""The end of an explanation: the number moved a little, and what the loss really did beside what the gradient says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from backpropcli.notation import maths
from backpropcli.notation.maths import Maths, Said
from backpropcli.notation.numbers import Precision, is_array

if TYPE_CHECKING:
    from backpropcli.engine.nudge import Nudge
    from backpropcli.notation.formula import Style

CLOSE = 0.02
"""A change that misses what the gradient says by more than this part is not called near."""
EXACTLY = Precision(10)
"""What tells a small change of the loss."""
ROUNDING = 64 * 2.0**-53
"""A difference below this part of the loss is what floats cannot hold."""

Verdict = Literal["near", "rounding", "against", "unknown"]


def judged(proof: Nudge | None) -> Verdict:
    """Whether the loss did what the gradient says: about so, lost in rounding, something else; or it is no number."""
    loss = proof.loss if proof is not None else None
    if proof is None or loss is None or is_array(loss.before) or is_array(loss.derivative):
        return "unknown"
    change, said = loss.after - loss.before, loss.derivative * proof.eps
    if change - change != 0.0 or said - said != 0.0:
        return "unknown"
    if abs(change - said) <= CLOSE * abs(said):
        return "near"
    room = ROUNDING * max(abs(loss.before), abs(loss.after), 1e-3)  # a loss of 0 comes from larger numbers
    return "rounding" if abs(change - said) <= room else "against"


def steps(value: float) -> list[float]:
    """The steps to try, the largest first: 0.001, and smaller ones where a formula bends within it."""
    size = abs(value)
    largest = 1e-3 if 1e-3 <= size <= 1e6 or not size else 1e-3 * size if size < 1 else 1e-6 * size
    return [largest * 10.0**-k for k in range(4)]


def best(proofs: Sequence[Nudge]) -> Nudge | None:
    """The nudge that shows most, the largest of its kind: one that agrees, else one that does not, else any."""
    for wanted in ("near", "against", "rounding"):
        found = next((one for one in proofs if judged(one) == wanted), None)
        if found is not None:
            return found
    return None


def told(proof: Nudge, precision: Precision, style: Style, why: bool = False, reason: str = "") -> Said | None:
    """`Test it: w1 = 2.001 makes J = 2.0060045, so J rose 0.0060045 ≈ 6 · 0.001`; None if there is nothing to say.

    With `why`, where the small difference comes from. `reason`: why the loss may do something else.
    """
    loss, verdict = proof.loss, judged(proof)
    if loss is None or verdict == "unknown":
        return None
    change, said = loss.after - loss.before, loss.derivative * proof.eps
    who, of = maths.name(proof.name, proof.index), maths.name(loss.name)
    there = maths.spelled(who, " = ", maths.number(EXACTLY.show(proof.before + proof.eps)))
    test = Said("Test it that way: " if proof.held else "Test it: ", there)
    after = maths.number(EXACTLY.show(loss.after))
    product = _product(proof, loss.derivative, precision, style)
    not_so = Said(", not ", product if said else "0", f": {reason}." if reason else ".")
    if change == 0.0 or verdict == "rounding":
        return Said(test, " leaves ", of, " at ", after, _stayed(verdict, change, said, product, not_so))
    head = Said(test, " makes ", maths.spelled(of, " = ", after), ", so ", of, f" {'rose' if change > 0 else 'fell'} ")
    moved = maths.number(EXACTLY.show(abs(change)))
    if verdict == "against":
        return Said(head, moved, not_so)
    about = " ≈ " if style.superscripts else " ~ "
    curve = Said(" The rest is the curve of ", of, ": a smaller step leaves less of it.")
    curved = why and EXACTLY.show(change) != EXACTLY.show(said)
    return Said(head, maths.spelled(moved, about, product), ".", curve if curved else "")


def _product(proof: Nudge, derivative: float, precision: Precision, style: Style) -> Maths:
    """The size of the change that the gradient promises: `6 · 0.001`."""
    slope = maths.number(precision.show(derivative).removeprefix("-"))
    return maths.spelled(slope, " · " if style.superscripts else " * ", maths.number(EXACTLY.show(proof.eps)))


def _stayed(verdict: Verdict, change: float, said: float, product: Maths, not_so: Said) -> Said | str:
    """The end of a sentence about a loss that stays where it is, or nearly."""
    if verdict == "rounding" and said:
        return Said(": a change of ", product, " is lost in its rounding.")
    if verdict == "against":
        return not_so
    return "." if change == 0.0 else " but for rounding."


def contradiction(proof: Nudge, precision: Precision, own: Sequence[str]) -> Said:
    """What the loss really does where it is not what the gradient says; `own`: functions with a gradient by hand."""
    loss = proof.loss
    assert loss is not None
    slope = (loss.after - loss.before) / proof.eps
    who, of = maths.name(proof.name, proof.index), maths.name(loss.name)
    much = "just" if abs(slope) == 1.0 else f"{precision.show(abs(slope))} times"
    does = f" {'rises' if slope > 0 else 'falls'} {much} as much" if slope else " stays as it is"
    return Said("raise ", who, " a little, and ", of, does, ": ", because(proof, precision, own), ".")


def because(proof: Nudge, precision: Precision, own: Sequence[str]) -> Said:
    """Why a gradient may say something else than the loss does."""
    assert proof.loss is not None
    if own:
        return Said(f"the gradient that was written for {' or '.join(own)} may be wrong. backprop check tells")
    where = maths.spelled(maths.name(proof.name, proof.index), " = ", maths.number(precision.show(proof.before)))
    return Said(maths.name(proof.loss.name), " turns a corner at ", where, ", and one number cannot tell both sides")
