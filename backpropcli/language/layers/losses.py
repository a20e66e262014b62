"""Loss functions by name: each a formula over the last layer's output and the target.

| name | one example, one output a and target y | reduction | source |
| --- | --- | --- | --- |
| squared_error | (a - y)**2 / 2 | sum | the half squared error of every textbook |
| mean_squared_error | (a - y)**2 | mean | torch.nn.MSELoss |
| mean_absolute_error | abs(a - y) | mean | torch.nn.L1Loss |
| binary_cross_entropy | -(y log(a) + (1 - y) log(1 - a)), a a probability | mean | torch.nn.BCELoss |
| binary_cross_entropy_from_logits | the same of sigmoid(a), without overflow | mean | torch.nn.BCEWithLogitsLoss |
| cross_entropy | -log(softmax(a)[y]), y a class number or one-hot | mean over examples | torch.nn.CrossEntropyLoss |
| hinge | maximum(0, 1 - y a), y -1 or 1 | mean | tf.keras.losses.Hinge |
| huber | (a - y)**2 / 2 up to delta, then delta (abs(a - y) - delta / 2) | mean | torch.nn.HuberLoss |

A probability of exactly 1 (or 0) costs nothing where the target agrees, 0 log(0) being 0, and inf where it does not:
torch.nn.BCELoss says 100 there. From the logits the same answer has a finite loss, and a gradient to learn from.

`reduction: sum`, `mean` (over all entries) or `none` (one number an entry) may be written for each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from backpropcli.ops.shape import Shape, show_shape
from backpropcli.ops.table import TABLE

REDUCTIONS = ("sum", "mean", "none")


class Loss(NamedTuple):
    """A loss: `sign`, the reduction of `entry`, then `tail`; `options` with their defaults; activations `refused`.

    `probability`: its output has to be one. `labels`: the only targets that it knows; `between`: their least and most.
    """

    entry: str
    reduction: str
    sign: str = ""
    tail: str = ""
    options: tuple[tuple[str, float], ...] = ()
    refused: tuple[str, ...] = ()
    labels: tuple[float, ...] | None = None
    between: tuple[float, float] | None = None
    probability: bool = False


LOSSES = {
    "squared_error": Loss("({a} - {y})**2", "sum", tail=" / 2"),
    "mean_squared_error": Loss("({a} - {y})**2", "mean"),
    "mean_absolute_error": Loss("abs({a} - {y})", "mean"),
    "binary_cross_entropy": Loss("binary_cross_entropy({a}, {y})", "mean", between=(0.0, 1.0), probability=True),
    "binary_cross_entropy_from_logits": Loss(
        "sigmoid_cross_entropy({a}, {y})", "mean", refused=TABLE["sigmoid_cross_entropy"].applies, between=(0.0, 1.0)
    ),
    "cross_entropy": Loss("softmax_cross_entropy({a}, {y})", "mean", refused=TABLE["softmax_cross_entropy"].applies),
    "hinge": Loss("maximum(0, 1 - {y} * {a})", "mean", labels=(-1.0, 1.0)),
    "huber": Loss(
        "where(abs({a} - {y}) <= {delta}, ({a} - {y})**2 / 2, {delta} * (abs({a} - {y}) - {delta} / 2))",
        "mean",
        options=(("delta", 1.0),),
    ),
}
ALIASES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "l1": "mean_absolute_error",
    "bce": "binary_cross_entropy",
    "bce_with_logits": "binary_cross_entropy_from_logits",
    "half_squared_error": "squared_error",
    "softmax_cross_entropy": "cross_entropy",
    "categorical_cross_entropy": "cross_entropy",
    "sparse_categorical_cross_entropy": "cross_entropy",
    "nll": "cross_entropy",
    "softmax": "cross_entropy",
    "smooth_l1": "huber",
    "svm": "hinge",
}
"""What people call these losses elsewhere: used in did-you-mean only."""


def meant_loss(name: str) -> str:
    """The loss that is called `name` elsewhere, as nn.CrossEntropyLoss; empty where there is none."""
    known = {name.replace("_", ""): name for name in LOSSES} | {
        name.replace("_", ""): loss for name, loss in ALIASES.items()
    }
    return known.get(name.lower().split(".")[-1].replace("_", "").removesuffix("loss"), "")


def loss_formula(
    name: str,
    a: str,
    y: str,
    shape: Shape,
    y_shape: Shape,
    reduction: str = "",
    options: Mapping[str, float] = MappingProxyType({}),
) -> str:
    """The formula of a loss over the names `a` (of `shape`) and `y`, in the tool's own language.

    >>> loss_formula("squared_error", "a2", "y", (), ())
    '(a2 - y)**2 / 2'
    >>> loss_formula("squared_error", "a2", "y", (2,), (2,))
    'sum((a2 - y)**2) / 2'
    """
    loss = LOSSES[name]
    if name == "cross_entropy" and len(y_shape) < len(shape):
        if (reduction or loss.reduction) == "mean" or len(shape) == 1:
            return f"cross_entropy({a}, {y})"
        y = f"one_hot({y}, {shape[-1]})"
    settings = {k: f"{v:g}" for k, v in {**dict(loss.options), **options}.items()}
    entry = loss.entry.format(a=a, y=y, **settings)
    entries = shape[:-1] if name == "cross_entropy" else shape
    reduction = reduction or loss.reduction
    if entries and reduction != "none":
        entry = f"{reduction}({entry})"
    elif loss.sign:
        entry = f"({entry})"
    return loss.sign + entry + loss.tail


def misfit(name: str, a: str, y: str, shape: Shape, y_shape: Shape) -> tuple[str, str]:
    """Why output and target do not fit, and what to write; two empty texts where they do.

    Shapes must be equal (nothing broadcasts by accident); cross_entropy also takes one class number an example.
    """
    if name == "cross_entropy":
        if not shape:
            return f"cross_entropy compares classes, but {a} is one number", "binary_cross_entropy is for one output."
        if y_shape in (shape, shape[:-1]):
            return "", ""
    elif shape == y_shape:
        return "", ""
    message = f"the target {y} has shape {show_shape(y_shape)}, but the output {a} has shape {show_shape(shape)}"
    if len(shape) == 2 and shape[1] == 1 and y_shape == shape[:1]:
        return message, f"One example a row:  {y}: [[..], [..]]"
    if len(shape) == 1 == len(y_shape) + 1 and shape[0] == 1:
        return message, f"A list of one number:  {y}: [..]"
    return message, f"Give {y} the shape {show_shape(shape)}." if shape else f"Write {y}: and one number."
