"""Losses of distances and margins: what should be nearer, larger, or alike."""

from __future__ import annotations

from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.formula import Case, Formula, Sample, Written
from backpropcli.ops.formulas.settings import fits, reduced, same_shape
from backpropcli.ops.planning import flag, number
from backpropcli.ops.shape import Shape, show_shape

PAIR: dict[str, Any] = {"a": (2, 3), "b": (2, 3), "c": (2, 3), "y": [1, -1]}
CLASSES: dict[str, Any] = {"z": (3, 4), "y": [0, 3, 1], "w": [1, 2, 0.5, 1]}


def distance(difference: str, p: float) -> str:
    """The length of differences along the last axis."""
    if p == 2:
        return f"norm({difference}, axis=-1)"
    if p in (1, float("inf")):
        return f"norm({difference}, ord={'inf' if p > 1 else 1}, axis=-1)"
    return f"sum(abs({difference})**{p:g}, axis=-1)**(1 / {p:g})"


def _margin_ranking(case: Case) -> Written:
    number(case.options.margin, "margin")
    shape = same_shape(case, "input1", "input2", "target")
    return Written(reduced(case, "clip(margin - target * (input1 - input2), 0, None)", shape))


def _cosine_embedding(case: Case) -> Written:
    number(case.options.margin, "margin")
    shape = same_shape(case, "input1", "input2")
    if len(shape) not in (1, 2):
        raise OperationError(f"input1 has the shape {show_shape(shape)}: it needs vectors, (N, D) or (D,)")
    fits(case, "target", shape[:-1], "one 1 or -1 for each pair")
    where = {
        "n1": "sum(input1**2, axis=-1) + 1e-12",
        "n2": "sum(input2**2, axis=-1) + 1e-12",
        "cos": "sum(input1 * input2, axis=-1) / sqrt(n1 * n2)",
    }
    entry = "(where(target == 1, 1 - cos, 0) + where(target == -1, clip(cos - margin, 0, None), 0))"
    return Written(reduced(case, entry, shape[:-1]), where)


def _triplet(case: Case) -> Written:
    o = case.options
    p = float(number(o.p, "p"))
    if not p > 0:
        raise OperationError(f"p is a number above 0, not {p:g}")
    shape = same_shape(case, "anchor", "positive", "negative")
    if not shape:
        raise OperationError("anchor is one number: it needs vectors, (N, D) or (D,)")
    where = {
        "near": distance("anchor - positive + eps", p),
        "far": distance("anchor - negative + eps", p),
    }
    if flag(o.swap, "swap"):
        where["other"] = distance("positive - negative + eps", p)
        where["far"] = f"minimum({where['far']}, other)"
    return Written(reduced(case, "clip(margin + near - far, 0, None)", shape[:-1]), where)


def _classes(case: Case) -> Shape:
    """The shape (N, C) of scores, or (C,) of one example."""
    shape = case.shapes["input"]
    if len(shape) not in (1, 2):
        raise OperationError(f"input has the shape {show_shape(shape)}: it needs scores of classes, (N, C) or (C,)")
    return shape


def _multi_margin(case: Case) -> Written:
    o, shape = case.options, _classes(case)
    if o.p not in (1, 2):
        raise OperationError(f"p is 1 or 2, not {o.p!r}")
    number(o.margin, "margin")
    fits(case, "target", shape[:-1], "one class number for each example")
    fits(case, "weight", shape[-1:], "one weight for each class")
    own = "input[target]" if len(shape) == 1 else f"input[arange({shape[0]}), target][:, None]"
    lacks = "relu(margin - own + input)" + ("**2" if o.p == 2 else "")
    weighted = "weight[target] * " if case.given("weight") else ""
    entry = f"{weighted}sum((1 - one_hot(target, {shape[-1]})) * {lacks}, axis=-1) / {shape[-1]}"
    return Written(reduced(case, f"({entry})", shape[:-1]), {"own": own})


def _multilabel_margin(case: Case) -> Written:
    shape = _classes(case)
    same_shape(case, "input", "target")
    where = {
        "listed": "cumprod(target >= 0, axis=-1)",
        "label": "where(listed, target, 0)",
        "t": f"max(one_hot(label, {shape[-1]}) * listed[..., None], axis=-2)",
        "own": "take_along_axis(input, label, axis=-1)",
        "lacks": "relu(1 - own[..., None] + input[..., None, :])",
    }
    pairs = "sum(listed[..., None] * (1 - t)[..., None, :] * lacks, axis=(-2, -1))"
    return Written(reduced(case, f"({pairs} / {shape[-1]})", shape[:-1]), where)


def _multilabel_soft_margin(case: Case) -> Written:
    shape = same_shape(case, "input", "target")
    if not shape:
        raise OperationError("input is one number: it needs one for each class")
    entry = "sigmoid_cross_entropy(input, target)"
    if case.given("weight"):
        if case.shapes["weight"] not in (shape, shape[-1:]):
            fits(case, "weight", shape[-1:], "one weight for each class")
        entry = f"weight * {entry}"
    return Written(reduced(case, f"mean({entry}, axis=-1)", shape[:-1]))


def _loss(name: str, arguments: str, words: str, formula: str, build: Any, *samples: Sample, **rest: Any) -> Formula:
    """A line of the table."""
    options = {**rest.pop("options", {}), "reduction": "mean"}
    source = rest.pop("source", "")
    return Formula(
        name,
        arguments,
        words,
        group="losses",
        formula=formula,
        build=build,
        samples=samples,
        options=options,
        source=(f"{source}; " if source else "") + f"torch.nn.functional.{name}",
        **rest,
    )


OPERATIONS = (
    _loss(
        "margin_ranking_loss",
        "input1 input2 target",
        "what the first lacks to be a margin above the second, where the target is 1; below it, where it is -1",
        "mean(clip(margin - target * (input1 - input2), 0, None))",
        _margin_ranking,
        ("margin_ranking_loss(a, b, y, margin=0.5)", {"a": (2,), "b": (2,), "y": [1, -1]}),
        options={"margin": 0.0},
    ),
    _loss(
        "cosine_embedding_loss",
        "input1 input2 target",
        "one less the cosine where the target is 1; where it is -1, what the cosine has above the margin",
        "mean(where(target == 1, 1 - cos, clip(cos - margin, 0, None)))",
        _cosine_embedding,
        ("cosine_embedding_loss(a, b, y, margin=-0.9)", PAIR),
        ("cosine_embedding_loss(a, b, y)", {"a": (3,), "b": (3,), "y": 1}),
        where={"cos": "sum(input1 * input2, axis=-1) / (norm(input1, axis=-1) * norm(input2, axis=-1))"},
        options={"margin": 0.0},
    ),
    _loss(
        "triplet_margin_loss",
        "anchor positive negative",
        "what the negative lacks to be a margin further from the anchor than the positive",
        "mean(clip(margin + near - far, 0, None))",
        _triplet,
        ("triplet_margin_loss(a, b, c, margin=3)", PAIR),
        ("triplet_margin_loss(a, b, c, margin=3, p=1, swap=True)", PAIR),
        where={"near": "norm(anchor - positive + eps, axis=-1)", "far": "norm(anchor - negative + eps, axis=-1)"},
        options={"margin": 1.0, "p": 2.0, "eps": 1e-6, "swap": False},
        source="Schroff, Kalenichenko and Philbin 2015, arXiv:1503.03832",
    ),
    _loss(
        "multi_margin_loss",
        "input target weight",
        "what the right class lacks to be a margin above every other",
        "mean(sum((1 - one_hot(target, C)) * relu(margin - own + input)**p, axis=-1) / C)",
        _multi_margin,
        ("multi_margin_loss(z, y)", CLASSES),
        ("multi_margin_loss(z, y, p=2, margin=0.5, weight=w, reduction='none')", CLASSES),
        ("multi_margin_loss(z, y)", {"z": (4,), "y": 2}),
        optional="weight",
        where={"C": "input.shape[-1]", "own": "input[arange(input.shape[0]), target][:, None]"},
        options={"p": 1, "margin": 1.0},
        order=("input", "target", "p", "margin", "weight", "reduction"),
        source="Crammer and Singer 2001",
    ),
    _loss(
        "multilabel_margin_loss",
        "input target",
        "what each right class lacks to be 1 above every wrong one; targets list classes, and -1 ends the list",
        "mean(sum(listed[..., None] * (1 - t)[..., None, :] * lacks, axis=(-2, -1)) / C)",
        _multilabel_margin,
        ("multilabel_margin_loss(z, y)", {"z": (2, 4), "y": [[3, 0, -1, 1], [1, -1, -1, -1]]}),
        where={
            "C": "input.shape[-1]",
            "listed": "cumprod(target >= 0, axis=-1)",
            "label": "where(listed, target, 0)",
            "t": "max(one_hot(label, C) * listed[..., None], axis=-2)",
            "lacks": "relu(1 - take_along_axis(input, label, axis=-1)[..., None] + input[..., None, :])",
        },
    ),
    _loss(
        "multilabel_soft_margin_loss",
        "input target weight",
        "the mean binary cross-entropy of logits, first over the classes of an example",
        "mean(mean(weight * sigmoid_cross_entropy(input, target), axis=-1))",
        _multilabel_soft_margin,
        ("multilabel_soft_margin_loss(z, y, w)", {"z": (2, 3), "y": [[1, 0, 1], [0, 0, 1]], "w": (3,)}),
        optional="weight",
        order=("input", "target", "weight", "reduction"),
    ),
)
