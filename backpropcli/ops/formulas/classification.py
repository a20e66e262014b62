"""Losses of classes by number: cross-entropy and its logarithm's half, with weights, and what is left out."""

from __future__ import annotations

from math import prod
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.formula import Case, Formula, Written
from backpropcli.ops.formulas.settings import fits, reduced, reduction
from backpropcli.ops.planning import number, whole
from backpropcli.ops.shape import Shape, show_shape

UNSAID = -100
"""PyTorch's ignore_index where none is written: here it asks for no mask."""
ONE_EACH = "one weight for each class"


def _class_axis(case: Case) -> int:
    """Where the classes are: the second axis, as in PyTorch; of one example the only one.

    `cross_entropy`, called by that name alone, has them last where the targets fit there, with options or without.
    """
    logits, target = case.shapes["input"], case.shapes["target"]
    if len(logits) < 2:
        return 0
    return len(logits) - 1 if case.called == "cross_entropy" and target in (logits, logits[:-1]) else 1


def _without(shape: Shape, axis: int) -> Shape:
    return (*shape[:axis], *shape[axis + 1 :])


def _judged(case: Case, axis: int) -> bool:
    """Whether targets are probabilities. Raises OperationError where shapes or weights do not fit."""
    logits, target = case.shapes["input"], case.shapes["target"]
    if not logits:
        raise OperationError("input is one number: it needs one for each class")
    numbers = _without(logits, axis)
    if target not in (logits, numbers):
        raise OperationError(
            f"input has the shape {show_shape(logits)} and target {show_shape(target)}",
            hint=f"Class numbers have the shape {show_shape(numbers)}, probabilities {show_shape(logits)}.",
        )
    fits(case, "weight", (logits[axis],), ONE_EACH)
    return target == logits


def _cross_entropy(case: Case) -> Written:
    o, axis = case.options, _class_axis(case)
    logits, soft = case.shapes["input"], _judged(case, axis)
    classes, smoothing = logits[axis], float(number(o.label_smoothing, "label_smoothing"))
    if not 0 <= smoothing <= 1:
        raise OperationError(f"label_smoothing is a number from 0 to 1, not {smoothing:g}")
    where, kept = ({}, "") if soft else _labels(o.ignore_index, logits, axis)
    t = "target" if soft else "t"
    mixed = f"((1 - label_smoothing) * {t} + label_smoothing / {classes})" if smoothing else t
    if case.given("weight"):
        mixed = f"{_along('weight', logits, axis)} * {mixed}"
    if kept:
        mixed = f"{_lifted(kept, logits, axis)} * {mixed}"
    along = "" if axis == len(logits) - 1 else f", axis={axis}"
    entry = f"softmax_cross_entropy(input, {mixed}{along})"
    shape = _without(logits, axis)
    if reduction(case) != "mean":
        return Written(reduced(case, entry, shape), where)
    count = _total(case, shape, soft, kept)
    value = f"sum({entry})" if shape else entry
    return Written(f"{value} / {count}" if count != "1" else value, where)


def _total(case: Case, shape: Shape, soft: bool, kept: str) -> str:
    """What a mean is divided by: how many examples there are; of class numbers, the sum of their weights."""
    label = "label" if kept else "target"
    weights = [f"weight[{label}]"] * (case.given("weight") and not soft) + [kept] * bool(kept)
    if not weights:
        return str(prod(shape))
    return f"sum({' * '.join(weights)})" if shape else f"({' * '.join(weights)})"


def _labels(ignored: Any, logits: Shape, axis: int) -> tuple[dict[str, str], str]:
    """The targets as rows of one 1, class axis and all, and which of the examples are kept (empty: all)."""
    where: dict[str, str] = {}
    label, kept = "target", ""
    if whole(ignored, "ignore_index") != UNSAID:
        label, kept = "label", "kept"
        where = {"kept": "target != ignore_index", "label": "where(kept, target, 0)"}
    rows = f"one_hot({label}, {logits[axis]})"
    where["t"] = rows if axis == len(logits) - 1 else f"moveaxis({rows}, -1, {axis})"
    return where, kept


def _along(name: str, logits: Shape, axis: int) -> str:
    """One number a class, beside the logits."""
    behind = len(logits) - 1 - axis
    return f"{name}[:{', None' * behind}]" if behind else name


def _lifted(name: str, logits: Shape, axis: int) -> str:
    """One number an example, beside the logits."""
    return f"expand_dims({name}, {axis})" if len(logits) > 1 else name


def _nll(case: Case) -> Written:
    logits = case.shapes["input"]
    axis = 1 if len(logits) > 1 else 0
    if _judged(case, axis) or (shape := _without(logits, axis)) != case.shapes["target"]:
        raise OperationError(
            f"target has the shape {show_shape(case.shapes['target'])}: it needs class numbers",
            hint=f"Their shape is {show_shape(_without(logits, axis))}.",
        )
    where, kept = _labels(case.options.ignore_index, logits, axis)
    del where["t"]
    label = "label" if kept else "target"
    entry = _picked(label, logits)
    weights = [f"weight[{label}]"] if case.given("weight") else []
    weights += [kept] if kept else []
    if not weights:
        return Written(reduced(case, f"-{entry}", shape), where)
    where["c"] = " * ".join(weights)
    if reduction(case) == "mean":
        return Written(f"-sum(c * {entry}) / sum(c)" if shape else f"-c * {entry} / c", where)
    return Written(reduced(case, f"-c * {entry}", shape), where)


def _picked(label: str, logits: Shape) -> str:
    """Of every example the entry of its class."""
    if len(logits) == 1:
        return f"input[{label}]"
    if len(logits) == 2:
        return f"input[arange({logits[0]}), {label}]"
    return f"squeeze(take_along_axis(input, expand_dims({label}, 1), axis=1), axis=1)"


LOGITS: dict[str, Any] = {"z": (3, 4), "y": [0, 3, 1], "w": [1, 2, 0.5, 1]}
IMAGES: dict[str, Any] = {"z": (2, 3, 2), "y": [[0, 2], [1, 1]], "w": [1, 2, 0.5]}

OPERATIONS = (
    Formula(
        "cross_entropy_loss",
        "input target weight",
        "cross_entropy with all of PyTorch's options; the classes are the second axis, as in F.cross_entropy",
        group="losses",
        optional="weight",
        options={"ignore_index": UNSAID, "reduction": "mean", "label_smoothing": 0.0},
        keywords={"logits": "input", "targets": "target"},
        formula="mean(softmax_cross_entropy(input, weight * t))",
        where={"t": "one_hot(target, input.shape[1])"},
        build=_cross_entropy,
        source="torch.nn.functional.cross_entropy; label smoothing: Szegedy et al. 2016, arXiv:1512.00567",
        samples=(
            ("cross_entropy(z, y, reduction='sum')", LOGITS),
            ("F.cross_entropy(z, y)", IMAGES),
            ("F.cross_entropy(z, y, w, label_smoothing=0.1)", IMAGES),
            ("cross_entropy(z, y, weight=w, ignore_index=3)", LOGITS),
            ("cross_entropy(z, q, label_smoothing=0.2)", {"z": (2, 2), "q": [[0.3, 0.7], [1, 0]]}),
            ("F.cross_entropy(z, y, w)", {"z": (4,), "y": 2, "w": [1, 2, 0.5, 1]}),
        ),
    ),
    Formula(
        "nll_loss",
        "input target weight",
        "the mean negative log-probability of the right classes; input holds log-probabilities",
        group="losses",
        optional="weight",
        options={"ignore_index": UNSAID, "reduction": "mean"},
        formula="mean(-input[arange(input.shape[0]), target])",
        build=_nll,
        source="torch.nn.functional.nll_loss",
        samples=(
            ("nll_loss(log_softmax(z), y)", LOGITS),
            ("nll_loss(z, y, w, ignore_index=0, reduction='none')", LOGITS),
            ("nll_loss(z, y, w)", IMAGES),
            ("nll_loss(z, y)", {"z": (4,), "y": 2}),
        ),
    ),
)
