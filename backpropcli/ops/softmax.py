"""Softmax, its logarithm, and the cross-entropies taken from logits: fused, so that saturated networks keep digits."""

from __future__ import annotations

from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import XP, Elementwise, Options, Shape, Structural, Value, show_shape
from backpropcli.ops.planning import axes_of, reduced, sample
from backpropcli.ops.reductions import log_parts

TORCH = {"dim": "axis"}
SAMPLES = (sample((3,)), sample((2, 3)), sample((2, 3), axis=0), sample((2, 3, 2), axis=(0, 2)),
           sample((2, 2), axis=None))


def plan_softmax(shapes: list[Shape], axis: Any = -1) -> tuple[Shape, Options]:
    """The axes that add up to 1; None means all."""
    (shape,) = shapes
    axes = axes_of(axis, shape)
    if 0 in (shape[k] for k in axes):
        raise OperationError(f"the shape {show_shape(shape)} has no entries along axis={axis}")
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
    return reduced(shape, o.axis, False), o


def _total(xp: XP, o: Options, a: Value) -> Value:
    return xp.sum(a, axis=o.axis, keepdims=True)


def _softmax(xp: XP, o: Options, a: Value) -> Value:
    e = xp.exp(a - xp.max(a, axis=o.axis, keepdims=True))
    return e / _total(xp, o, e)


def _softmax_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    # A constant taken off g changes nothing. Taking off the g of the largest y leaves no cancellation where y nears 1.
    top = xp.where(y == xp.max(y, axis=o.axis, keepdims=True), 1.0, 0.0)
    h = g - _total(xp, o, top * g) / _total(xp, o, top)
    return y * (h - _total(xp, o, h * y))


def _log_softmax(xp: XP, o: Options, a: Value) -> Value:
    _, d, r = log_parts(xp, o, a)
    return d - r


def _log_softmax_vjp(xp: XP, o: Options, g: Value, y: Value, a: Value) -> Value:
    # g - exp(y) * sum(g), with 1 - exp(y) taken together: y nears 0 when an entry wins.
    return -g * xp.expm1(y) - xp.exp(y) * (_total(xp, o, g) - g)


def _cross_entropy(xp: XP, o: Options, logits: Value, targets: Value) -> Value:
    return -xp.sum(targets * _log_softmax(xp, o, logits), axis=o.axis)


def _cross_entropy_vjp(xp: XP, o: Options, g: Value, y: Value, logits: Value, targets: Value) -> Value:
    log_p = _log_softmax(xp, o, logits)
    others = _total(xp, o, targets) - targets
    return (xp.exp(log_p) * others + xp.expm1(log_p) * targets) * xp.expand_dims(g, o.axis)


def _targets_vjp(xp: XP, o: Options, g: Value, y: Value, logits: Value, targets: Value) -> Value:
    return -_log_softmax(xp, o, logits) * xp.expand_dims(g, o.axis)


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


OPERATIONS = (
    Structural(
        "softmax", "a", "positive numbers that add up to 1, from exponentials",
        group="reductions", options={"axis": -1}, keywords=TORCH, samples=SAMPLES, planner=plan_softmax,
        formula="exp(a) / sum(exp(a))",
        value=_softmax,
        vjps={"a": ("y * (g - sum(g * y))", _softmax_vjp)},
    ),
    Structural(
        "log_softmax", "a", "the logarithm of softmax, without losing digits",
        group="reductions", options={"axis": -1}, keywords=TORCH, samples=SAMPLES, planner=plan_softmax,
        formula="a - log(sum(exp(a)))", source="Blanchard, Higham and Higham 2021",
        value=_log_softmax,
        vjps={"a": ("g - exp(y) * sum(g)", _log_softmax_vjp)},
    ),
    Structural(
        "softmax_cross_entropy", "logits targets", "cross-entropy of one-hot (or probability) targets, one number an "
        "example",
        group="reductions", options={"axis": -1}, keywords=TORCH, planner=plan_cross_entropy,
        samples=(sample((3,), (3,)), sample((2, 3), (2, 3)), sample((3, 2), (3, 2), axis=0)),
        formula="-sum(targets * (logits - log(sum(exp(logits)))))",
        value=_cross_entropy,
        vjps={
            "logits": ("g * (softmax(logits) * sum(targets) - targets)", _cross_entropy_vjp),
            "targets": ("-g * log_softmax(logits)", _targets_vjp),
        },
    ),
    Elementwise(
        "sigmoid_cross_entropy", "logits targets", "binary cross-entropy of a logit and a target between 0 and 1",
        group="activations", formula="log(1 + exp(logits)) - targets * logits",
        value=_binary,
        partials={
            "logits": ("sigmoid(logits) - targets", _binary_slope),
            "targets": ("-logits", lambda xp, y, z, t: -z),
        },
        samples=((0.5, 1.0), (-1.5, 0.0), (0.0, 1.0), (0.0, 0.3), (2.0, 0.7), (30.0, 0.0), (-30.0, 1.0), (800.0, 1.0)),
    ),
)
