"""Gradients that are off by λ times the parameters: a regularisation term that only one of the losses has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from backpropcli.gradcheck.external.error_patterns import CLOSE, Shown
from backpropcli.gradcheck.external.guesses import Explanation

if TYPE_CHECKING:
    from backpropcli.engine import Trace


def decayed(trace: Trace, wrong: Sequence[Shown]) -> Iterator[Explanation]:
    """A term λ/2 * sum(w**2), for all that is wrong."""
    import numpy as np

    if any(trace.graph.nodes[s.name].kind == "node" for s in wrong):
        return
    pairs = [(s, np.asarray(trace.value(s.name), float)) for s in wrong]
    above = sum(float(((s.theirs - s.right) * w).sum()) for s, w in pairs)
    below = sum(float((w * w).sum()) for _, w in pairs)
    if below == 0.0 or above == 0.0 or sum(w.size for _, w in pairs) < 2:
        return
    strength = above / below
    for s, w in pairs:
        allowed = s.slack + 1e-3 * np.abs(strength * w) + CLOSE * np.abs(s.theirs)
        if not np.all(np.abs(s.right + strength * w - s.theirs) <= allowed):
            return
    yield Explanation((), _in_words(trace, [s.name for s in wrong], strength), 0)


def _in_words(trace: Trace, names: Sequence[str], strength: float) -> str:
    first, rounded = names[0], f"{abs(strength):.3g}"
    listed = " and ".join(names[:3]) + (" ..." if len(names) > 3 else "")
    parameter = first if len(names) == 1 else f"the parameter ({listed})"
    if strength < 0:
        return f"right - theirs is {rounded} * {parameter}: a regularisation term of {trace.of} is not in theirs"
    half = f"{strength / 2:.3g}"
    return (
        f"theirs - right is {rounded} * {parameter}: weight decay, the gradient of {half} * sum({first}**2), "
        f"which is in their loss and not in {trace.of}"
    )
