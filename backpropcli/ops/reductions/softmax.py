"""Softmax, its logarithm, and the cross-entropies taken from logits: fused, so that saturated networks keep digits."""

from __future__ import annotations

from math import inf, prod
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import XP, Elementwise, Labels, Options, Structural, Value
from backpropcli.ops.elementwise.entries import TRANSCENDENTAL
from backpropcli.ops.planning import axes_of, reduced, sample
from backpropcli.ops.reductions.reducing import at_highest, dotted, highest, log_parts, total
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.ops.shapes.indexing import one_hot
from backpropcli.ops.stacked import shape_of

TORCH = {"dim": "axis"}
SAMPLES = (
    sample((3,)),
    sample((2, 3)),
    sample((2, 3), axis=0),
    sample((2, 3, 2), axis=(0, 2)),
    sample((2, 2), axis=None),
)


def plan_softmax(shapes: list[Shape], axis: Any = -1) -> tuple[Shape, Options]:
    """The axes that add up to 1; None means all."""
    (shape,) = shapes
    axes = axes_of(axis, shape)
    if 0 in (shape[k] for k in axes):
        if 0 not in (size for k, size in enumerate(shape) if k - len(shape) not in axes):
            raise OperationError(f"the shape {show_shape(shape)} has no entries along axis={axis}")
        axes = ()  # no row at all: nothing lacks an entry, and NumPy's max of no entries is never asked for
    return shape, Options(axis=axes, keepdims=True)


def plan_cross_entropy(shapes: list[Shape], axis: Any = -1) -> tuple[Shape, Options]:
    """One number an example: the class axis is gone."""
    logits, targets = shapes
    if logits != targets:
        raise OperationError(
            f"logits {show_shape(logits)} and targets {show_shape(targets)} must have the same shape",
            hint=f"Class numbers: one_hot(targets, {logits[-1]})" if logits and logits[:-1] == targets else "",
        )
    shape, o = plan_softmax([logits], axis)
    if len(logits) > 1 and o.axis == (-1,):
        o.textbook = {
            "logits": "expand_dims(g, -1) * (softmax(logits) * sum(targets, axis=-1, keepdims=True) - targets)"
        }
    return reduced(shape, o.axis, False), o


def plan_mean_cross_entropy(shapes: list[Shape]) -> tuple[Shape, Options]:
    """One number, the mean over all examples; targets are class numbers (one axis less) or one-hot."""
    logits, targets = shapes
    if not logits:
        raise OperationError(
            "cross_entropy compares classes, but its logits are one number",
            hint="Of one logit and a target from 0 to 1: sigmoid_cross_entropy(z, y)",
        )
    if targets not in (logits, logits[:-1]):
        raise OperationError(
            f"logits {show_shape(logits)} and targets {show_shape(targets)} do not fit together",
            hint=f"Class numbers have the shape {show_shape(logits[:-1])}, one-hot targets {show_shape(logits)}.",
        )
    _, o = plan_softmax([logits], -1)
    o.one_hot, o.count, o.shape = targets == logits, prod(logits[:-1]), logits
    right = "targets" if o.one_hot else f"one_hot(targets, {logits[-1]})"
    total = " * sum(targets, axis=-1, keepdims=True)" if o.one_hot and len(logits) > 1 else ""
    total = " * sum(targets)" if o.one_hot and not total else total  # of labels it is 1
    o.textbook = {"logits": f"g / n * (softmax(logits){total} - {right})"}
    if not o.count:
        raise OperationError(f"the shape {show_shape(logits)} has no examples to take the mean of")
    return (), o


def _softmax(xp: XP, o: Options, a: Value) -> Value:
    e = xp.exp(a - highest(xp, o, a))
    return xp.divide(e, total(xp, o, e))  # 0 / 0 where all entries are -inf


def _softmax_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    # A constant taken off g changes nothing. Taking off the g of the largest y leaves no cancellation where y nears 1.
    h = g - at_highest(xp, o, y, g)
    return y * (h - dotted(xp, o, h, y))


def _log_softmax(xp: XP, o: Options, a: Value) -> Value:
    _, d, r = log_parts(xp, o, a)
    return d - r


def _log_softmax_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    # g - exp(y) * sum(g), with 1 - exp(y) taken together: y nears 0 when an entry wins.
    return -g * xp.expm1(y) - xp.exp(y) * (total(xp, o, g) - g)


def _cross_entropy(xp: XP, o: Options, logits: Value, targets: Value) -> Value:
    log_p = _log_softmax(xp, o, logits)
    log_p = xp.where(xp.logical_and(targets == 0, log_p == -inf), 0.0, log_p)  # a class that is masked, and not asked
    return -xp.sum(targets * log_p, axis=o.axis)


def _cross_entropy_vjp(xp: XP, o: Options, g: Value, y: Value, logits: Value, targets: Value) -> Value:
    log_p = _log_softmax(xp, o, logits)
    others = total(xp, o, targets) - targets
    return (xp.exp(log_p) * others + xp.expm1(log_p) * targets) * xp.expand_dims(g, o.axis)


def _targets_vjp(xp: XP, o: Options, g: Value, y: Value, logits: Value, targets: Value) -> Value:
    return -_log_softmax(xp, o, logits) * xp.expand_dims(g, o.axis)


def _as_targets(xp: XP, o: Options, targets: Value) -> Value:
    return targets if o.one_hot else one_hot(xp, o.shape[-1], targets)


def _examples(o: Options) -> tuple[int, ...]:
    """The axes of the examples, from the right, once the class axis is gone."""
    return tuple(range(1 - len(o.shape), 0))


def _each_cross_entropy(xp: XP, o: Options, logits: Value, targets: Value) -> Value:
    return _cross_entropy(xp, o, logits, _as_targets(xp, o, targets))


def _mean_cross_entropy(xp: XP, o: Options, logits: Value, targets: Value) -> Value:
    losses = _each_cross_entropy(xp, o, logits, targets)
    return xp.sum(losses, axis=_examples(o)) / o.count if _examples(o) else losses


def _per_example(xp: XP, o: Options, g: Value) -> Value:
    """The upstream gradient of each example's loss."""
    g = xp.asarray(g) / o.count
    lead = shape_of(g)  # a plain number of the namespace may have no shape
    return xp.broadcast_to(xp.reshape(g, lead + (1,) * (len(o.shape) - 1)), lead + o.shape[:-1])


def _mean_cross_entropy_vjp(xp: XP, o: Options, g: Value, y: Value, logits: Value, targets: Value) -> Value:
    return _cross_entropy_vjp(xp, o, _per_example(xp, o, g), y, logits, _as_targets(xp, o, targets))


def _mean_targets_vjp(xp: XP, o: Options, g: Value, y: Value, logits: Value, targets: Value) -> Value:
    if not o.one_hot:
        return xp.zeros(shape_of(targets))
    return _targets_vjp(xp, o, _per_example(xp, o, g), y, logits, targets)


def _binary(xp: XP, z: Value, t: Value) -> Value:
    # log(1 + exp(z)) is z + log(1 + exp(-z)) for z > 0: one predicate everywhere, so that it is smooth at 0.
    up = z > 0
    return xp.where(up, z - z * t, -z * t) + xp.log1p(xp.exp(xp.where(up, -z, z)))


def _binary_slope(xp: XP, y: Value, z: Value, t: Value) -> Value:
    # sigmoid(z) - t = (1 - t) * sigmoid(z) - t * sigmoid(-z), each without cancellation.
    up = z > 0
    e = xp.exp(xp.where(up, -z, z))
    large, small = 1 / (1 + e), e / (1 + e)
    return (1 - t) * xp.where(up, large, small) - t * xp.where(up, small, large)


def _sure(xp: XP, p: Value, t: Value) -> tuple[Value, Value]:
    """The probabilities of both answers, with 1 in place of a 0 that 0 is divided by: 0 * log(0) is 0, its limit."""
    return (xp.where(xp.logical_and(p == 0, t == 0), 1.0, p), xp.where(xp.logical_and(p == 1, t == 1), 1.0, 1.0 - p))


def _certain_or_not(xp: XP, p: Value, t: Value) -> Value:
    # log1p(-p) keeps the digits of a small p.
    right, wrong = xp.logical_and(p == 0, t == 0), xp.logical_and(p == 1, t == 1)
    return -(t * xp.log(xp.where(right, 1.0, p)) + (1.0 - t) * xp.log1p(xp.where(wrong, 0.0, -p)))


def _certain_slope(xp: XP, y: Value, p: Value, t: Value) -> Value:
    # (p - t) / (p (1 - p)) in two parts, neither of which is 0/0 where the answer is right.
    yes, no = _sure(xp, p, t)
    return xp.divide(1.0 - t, no) - xp.divide(t, yes)


OPERATIONS = (
    Structural(
        "softmax",
        "a",
        "positive numbers that add up to 1, from exponentials",
        group="reductions",
        options={"axis": -1},
        keywords=TORCH,
        samples=SAMPLES,
        planner=plan_softmax,
        formula="exp(a) / sum(exp(a))",
        value=_softmax,
        vjps={"a": ("y * (g - sum(g * y))", _softmax_vjp)},
        slopes=("y * (1 - y)", "-y * w"),
        by_axis=True,
        activation=True,
        probability=True,
        rule=lambda xp, o, g, y: y * (g - total(xp, o, g * y)),
    ),
    Structural(
        "log_softmax",
        "a",
        "the logarithm of softmax, without losing digits",
        group="reductions",
        options={"axis": -1},
        keywords=TORCH,
        samples=SAMPLES,
        planner=plan_softmax,
        formula="a - log(sum(exp(a)))",
        source="Blanchard, Higham and Higham 2021",
        value=_log_softmax,
        vjps={"a": ("g - exp(y) * sum(g)", _log_softmax_vjp)},
        slopes=("1 - exp(y)", "-exp(w)"),
        by_axis=True,
        activation=True,
        rule=lambda xp, o, g, y: g - xp.exp(y) * total(xp, o, g),
        probability=False,
    ),
    Structural(
        "softmax_cross_entropy",
        "logits targets",
        "cross-entropy of one-hot (or probability) targets, one number an example",
        group="reductions",
        options={"axis": -1},
        keywords=TORCH,
        planner=plan_cross_entropy,
        samples=(sample((3,), (3,)), sample((2, 3), (2, 3)), sample((3, 2), (3, 2), axis=0)),
        formula="-sum(targets * (logits - log(sum(exp(logits)))))",
        value=_cross_entropy,
        vjps={
            "logits": ("g * (softmax(logits) * sum(targets) - targets)", _cross_entropy_vjp),
            "targets": ("-g * log_softmax(logits)", _targets_vjp),
        },
        by_axis=True,
        applies=("softmax", "log_softmax", "sigmoid"),
    ),
    Structural(
        "cross_entropy",
        "logits targets",
        "cross-entropy from logits, the mean over all examples; targets are class numbers or one-hot",
        group="reductions",
        planner=plan_mean_cross_entropy,
        keywords={"input": "logits", "target": "targets"},
        samples=(sample((3,), (3,)), sample((2, 3), (2, 3)), sample((2, 2, 3), (2, 2, 3))),
        value=_mean_cross_entropy,
        each=_each_cross_entropy,
        source="torch.nn.functional.cross_entropy",
        fuller="cross_entropy_loss",
        vjps={
            "logits": ("g / n * (softmax(logits) * sum(targets) - targets)", _mean_cross_entropy_vjp),
            "targets": ("-g / n * log_softmax(logits), 0 for class numbers", _mean_targets_vjp),
        },
        labels=lambda o: () if o.one_hot else (Labels(1, o.shape[-1]),),
    ),
    Elementwise(
        "binary_cross_entropy",
        "p targets",
        "binary cross-entropy of a probability and a target between 0 and 1; 0 * log(0) is 0",
        group="activations",
        formula="-(targets * log(p) + (1 - targets) * log(1 - p))",
        value=_certain_or_not,
        partials={
            "p": ("(p - targets) / (p * (1 - p))", _certain_slope),
            "targets": ("log(1 - p) - log(p)", lambda xp, y, p, t: xp.log1p(-p) - xp.log(p)),
        },
        samples=((0.3, 1.0), (0.3, 0.0), (0.9, 0.3), (1e-12, 0.0), (1e-300, 1.0), (0.999999, 1.0)),
        fuller="binary_cross_entropy_loss",
        keywords={"input": "p", "target": "targets"},
        work=TRANSCENDENTAL,
    ),
    Elementwise(
        "sigmoid_cross_entropy",
        "logits targets",
        "binary cross-entropy of a logit and a target between 0 and 1",
        group="activations",
        formula="log(1 + exp(logits)) - targets * logits",
        value=_binary,
        partials={
            "logits": ("sigmoid(logits) - targets", _binary_slope),
            "targets": ("-logits", lambda xp, y, z, t: -z),
        },
        samples=((0.5, 1.0), (-1.5, 0.0), (0.0, 1.0), (0.0, 0.3), (2.0, 0.7), (30.0, 0.0), (-30.0, 1.0), (800.0, 1.0)),
        applies=("sigmoid", "hard_sigmoid"),
        work=TRANSCENDENTAL,
    ),
)
