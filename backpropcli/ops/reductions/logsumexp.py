"""The logarithm of a sum of exponentials, without overflow: its parts serve softmax too."""

from __future__ import annotations

from backpropcli.ops.definition import (
    XP,
    Options,
    Structural,
    Value,
)
from backpropcli.ops.reductions.reducing import (
    AXES,
    SAMPLES,
    TORCH,
    log_parts,
    plan_nonempty,
)
from backpropcli.ops.stacked import column


def _logsumexp(xp: XP, o: Options, a: Value) -> Value:
    m, _, r = log_parts(xp, o, a)
    return m + r if o.keepdims else xp.squeeze(m + r, axis=o.axis)


OPERATIONS = (
    Structural(
        "logsumexp",
        "a",
        "log of the sum of exponentials, without overflow",
        group="reductions",
        options=AXES,
        keywords=TORCH,
        samples=SAMPLES,
        planner=plan_nonempty,
        formula="log(sum(exp(a)))",
        source="Blanchard, Higham and Higham 2021",
        value=_logsumexp,
        vjps={"a": ("g * exp(a - y)", lambda xp, o, g, y, a: xp.exp(a - column(xp, o, y)) * column(xp, o, g))},
        reduces=True,
        by_axis=True,
    ),
)
