"""Losses that compare entry by entry: differences, and negative log-likelihoods of one number."""

from __future__ import annotations

from math import log, pi
from typing import TYPE_CHECKING, Any

from backpropcli.errors import OperationError
from backpropcli.ops.broadcasting import broadcast
from backpropcli.ops.formula import Case, Formula, Sample, Written
from backpropcli.ops.formulas.settings import positive, reduced, reduction, same_shape
from backpropcli.ops.planning import flag
from backpropcli.ops.shape import show_shape

if TYPE_CHECKING:
    from collections.abc import Mapping

REDUCTION = {"reduction": "mean"}
PAIR: dict[str, Any] = {"z": (2, 3), "y": (2, 3), "w": (2, 3)}
LABELLED: dict[str, Any] = {"z": (4,), "y": [1, -1, -1, 1]}


def _loss(
    name: str,
    words: str,
    formula: str,
    source: str,
    samples: tuple[Sample, ...],
    build: Any,
    arguments: str = "input target",
    **rest: Any,
) -> Formula:
    """A line of the table of losses."""
    options: Mapping[str, Any] = {**rest.pop("options", {}), **REDUCTION}
    return Formula(
        name,
        arguments,
        words,
        group="losses",
        formula=formula,
        build=build,
        source=source,
        samples=samples,
        options=options,
        **rest,
    )


def _entries(entry: str, where: Mapping[str, str] | None = None, *names: str) -> Any:
    """How a loss is made of what one entry costs, of arguments that all have one shape."""

    def build(case: Case) -> Written:
        shape = same_shape(case, *(names or ("input", "target")))
        return Written(reduced(case, entry, shape), where or {})

    return build


def _weighted(entry: str, by_weights: bool) -> Any:
    """The same where entries may have weights; `by_weights`: their mean is divided by the sum of the weights."""

    def build(case: Case) -> Written:
        shape = same_shape(case, "input", "target")
        if not case.given("weight"):
            return Written(reduced(case, entry, shape))
        same_shape(case, "input", "weight")
        if by_weights and shape and reduction(case) == "mean":
            return Written(f"sum(weight * {entry}) / sum(weight)")
        return Written(reduced(case, f"weight * {entry}", shape))

    return build


def _smooth_l1(case: Case) -> Written:
    shape, beta = same_shape(case, "input", "target"), positive(case.options.beta, "beta")
    entry = "where(abs(d) < beta, d**2 / (2 * beta), abs(d) - beta / 2)" if beta else "abs(d)"
    return Written(reduced(case, entry, shape), {"d": "input - target"})


def _huber(case: Case) -> Written:
    positive(case.options.delta, "delta", zero=False)
    entry = "where(abs(d) <= delta, d**2 / 2, delta * (abs(d) - delta / 2))"
    weighted = f"weight * {entry}" if case.given("weight") else entry
    names = ("input", "target", "weight") if case.given("weight") else ("input", "target")
    return Written(reduced(case, weighted, same_shape(case, *names)), {"d": "input - target"})


def _bce(case: Case) -> Written:
    shape = same_shape(case, "input", "target")
    entry = "binary_cross_entropy(input, target)"
    return Written(reduced(case, _times_weight(case, entry), shape))


def _bce_with_logits(case: Case) -> Written:
    shape = same_shape(case, "input", "target")
    entry = "sigmoid_cross_entropy(input, target)"
    if case.given("pos_weight"):
        _stretches(case, "pos_weight")
        entry = "(pos_weight * target * softplus(-input) + (1 - target) * softplus(input))"
    return Written(reduced(case, _times_weight(case, entry), shape))


def _times_weight(case: Case, entry: str) -> str:
    """The entry times its weight, where there are weights: one an entry, or what broadcasts to that."""
    if not case.given("weight"):
        return entry
    _stretches(case, "weight")
    return f"weight * {entry}"


def _stretches(case: Case, name: str) -> None:
    """Raise OperationError where an argument does not broadcast to the shape of the input."""
    small, large = case.shapes[name], case.shapes["input"]
    tail = large[len(large) - len(small) :] if len(small) <= len(large) else ()
    if len(small) > len(large) or any(a not in (1, b) for a, b in zip(small, tail, strict=True)):
        raise OperationError(
            f"{name} has the shape {show_shape(small)}, which does not stretch to {show_shape(large)}",
            hint="One weight an entry, or an axis of 1 where all entries have the same.",
        )


def _kl_div(case: Case) -> Written:
    shape, word = same_shape(case, "input", "target"), reduction(case, ("mean", "sum", "none", "batchmean"))
    # 0 * log(0) is 0, its limit.
    entry = "target * log(where(target == 0, 1, target)) - target * input"
    if flag(case.options.log_target, "log_target"):
        entry = "exp(target) * (target - input)"
    if word == "batchmean":
        if not shape:
            return Written(entry)
        return Written(f"sum({entry}) / {shape[0]}")
    return Written(reduced(case, entry, shape))


def _poisson(case: Case) -> Written:
    o, shape = case.options, same_shape(case, "input", "target")
    positive(o.eps, "eps")
    entry = "input - target * log(input + eps)"
    if flag(o.log_input, "log_input"):
        entry = "exp(input) - target * input"
    if not flag(o.full, "full"):
        return Written(reduced(case, entry, shape))
    where = {"t": "where(target > 1, target, 1)"}
    stirling = "where(target > 1, t * log(t) - t + log(2 * pi * t) / 2, 0)"
    return Written(reduced(case, f"{entry} + {stirling}", shape), where)


def _gaussian(case: Case) -> Written:
    o, shape = case.options, broadcast([case.shapes["input"], case.shapes["target"]])
    positive(o.eps, "eps", zero=False)
    var = case.shapes["var"]
    if var == shape[:-1] and var != shape:
        v = "var[..., None]"
    elif var in ((), shape) or (len(var) == len(shape) and all(a in (1, b) for a, b in zip(var, shape, strict=True))):
        v = "var"
    else:
        raise OperationError(
            f"var has the shape {show_shape(var)}, input {show_shape(shape)}",
            hint=f"One variance an entry has the shape {show_shape(shape)}, one an example {show_shape(shape[:-1])}.",
        )
    constant = f" + {log(2 * pi) / 2!r}" if flag(o.full, "full") else ""
    entry = f"(log(v) + (input - target)**2 / v) / 2{constant}"
    return Written(reduced(case, entry, shape), {"v": f"maximum({v}, eps)"})


BCE = "-(target * log(input) + (1 - target) * log(1 - input))"
OPERATIONS = (
    _loss(
        "mse_loss",
        "the mean squared error",
        "mean((input - target)**2)",
        "Gauss 1809; torch.nn.functional.mse_loss",
        (
            ("mse_loss(z, y)", PAIR),
            ("mse_loss(z, y, reduction='sum')", {"z": (), "y": ()}),
            ("mse_loss(z, y, weight=w, reduction='none')", PAIR),
            ("mse_loss(z, y, weight=w)", {**PAIR, "w": [[1, 2, 3], [0, 1, 2]]}),
        ),
        _weighted("(input - target)**2", by_weights=True),
        "input target weight",
        optional="weight",
        order=("input", "target", "reduction", "weight"),
        keywords={"y_true": "target", "y_pred": "input"},
    ),
    _loss(
        "l1_loss",
        "the mean absolute error",
        "mean(abs(input - target))",
        "Laplace 1774; torch.nn.functional.l1_loss",
        (("l1_loss(z, y)", PAIR), ("l1_loss(z, y, reduction='sum', weight=w)", PAIR)),
        _weighted("abs(input - target)", by_weights=True),
        "input target weight",
        optional="weight",
        order=("input", "target", "reduction", "weight"),
    ),
    _loss(
        "smooth_l1_loss",
        "a squared error up to beta, an absolute error beyond",
        "mean(where(abs(d) < beta, d**2 / (2 * beta), abs(d) - beta / 2))",
        "Girshick 2015, arXiv:1504.08083; torch.nn.functional.smooth_l1_loss",
        (("smooth_l1_loss(z, y)", PAIR), ("smooth_l1_loss(z, y, 'sum', beta=0)", PAIR)),
        _smooth_l1,
        where={"d": "input - target"},
        options={"beta": 1.0},
        order=("input", "target", "reduction", "beta"),
    ),
    _loss(
        "huber_loss",
        "half a squared error up to delta, delta times an absolute error beyond",
        "mean(where(abs(d) <= delta, d**2 / 2, delta * (abs(d) - delta / 2)))",
        "Huber 1964; torch.nn.functional.huber_loss",
        (("huber_loss(z, y, delta=0.7)", PAIR), ("huber_loss(z, y, reduction='none', weight=w)", PAIR)),
        _huber,
        "input target weight",
        optional="weight",
        where={"d": "input - target"},
        options={"delta": 1.0},
        order=("input", "target", "reduction", "delta", "weight"),
    ),
    _loss(
        "binary_cross_entropy_loss",
        "the mean of binary_cross_entropy(p, y), with weights: PyTorch's F.binary_cross_entropy",
        f"mean(weight * {BCE})",
        "torch.nn.functional.binary_cross_entropy",
        (
            ("F.binary_cross_entropy(sigmoid(z), y)", {"z": (3,), "y": [1, 0, 0.25]}),
            ("binary_cross_entropy(sigmoid(z), y, weight=w, reduction='sum')", {**PAIR, "y": [[1, 0, 1], [0, 0, 1]]}),
        ),
        _bce,
        "input target weight",
        optional="weight",
        order=("input", "target", "weight", "reduction"),
    ),
    _loss(
        "binary_cross_entropy_with_logits",
        "the mean binary cross-entropy of logits, with weights",
        "mean(weight * (pos_weight * target * softplus(-input) + (1 - target) * softplus(input)))",
        "torch.nn.functional.binary_cross_entropy_with_logits",
        (
            ("binary_cross_entropy_with_logits(z, y)", {"z": (3,), "y": [1, 0, 0.25]}),
            (
                "binary_cross_entropy_with_logits(z, y, w, pos_weight=v, reduction='none')",
                {"z": (2, 3), "y": [[1, 0, 1], [0, 0, 1]], "w": (3,), "v": (3,)},
            ),
        ),
        _bce_with_logits,
        "input target weight pos_weight",
        optional="weight pos_weight",
        order=("input", "target", "weight", "reduction", "pos_weight"),
    ),
    _loss(
        "kl_div",
        "how much the distribution target differs from that of the log-probabilities input",
        "mean(target * (log(target) - input))",
        "Kullback and Leibler 1951; torch.nn.functional.kl_div",
        (
            ("kl_div(log_softmax(z), y)", {"z": (2, 3), "y": [[0.2, 0.3, 0.5], [0, 1, 0]]}),
            ("kl_div(z, y, reduction='batchmean', log_target=True)", PAIR),
        ),
        _kl_div,
        options={"log_target": False},
        order=("input", "target", "reduction", "log_target"),
    ),
    _loss(
        "poisson_nll_loss",
        "the negative log-likelihood of counts, of a Poisson distribution with the rate exp(input)",
        "mean(exp(input) - target * input)",
        "torch.nn.functional.poisson_nll_loss",
        (
            ("poisson_nll_loss(z, y)", {"z": (2, 2), "y": [[0, 1], [3, 2]]}),
            ("poisson_nll_loss(exp(z), y, log_input=False, full=True)", {"z": (2, 2), "y": [[0, 1], [3, 2]]}),
        ),
        _poisson,
        options={"log_input": True, "full": False, "eps": 1e-8},
    ),
    _loss(
        "gaussian_nll_loss",
        "the negative log-likelihood of a normal distribution with mean input and variance var",
        "mean((log(v) + (input - target)**2 / v) / 2)",
        "Nix and Weigend 1994; torch.nn.functional.gaussian_nll_loss",
        (
            ("gaussian_nll_loss(z, y, exp(v))", {**PAIR, "v": (2, 3)}),
            ("gaussian_nll_loss(z, y, v, full=True, reduction='sum')", {**PAIR, "v": [0.5, 2]}),
        ),
        _gaussian,
        "input target var",
        where={"v": "maximum(var, eps)"},
        options={"full": False, "eps": 1e-6},
    ),
    _loss(
        "soft_margin_loss",
        "log(1 + exp(-y z)) for targets of -1 and 1",
        "mean(softplus(-target * input))",
        "torch.nn.functional.soft_margin_loss",
        (("soft_margin_loss(z, y)", LABELLED),),
        _entries("softplus(-target * input)"),
    ),
    _loss(
        "hinge_embedding_loss",
        "a distance where the target is 1; where it is -1, what it lacks to the margin",
        "mean(where(target == 1, input, clip(margin - input, 0, None)))",
        "torch.nn.functional.hinge_embedding_loss",
        (("hinge_embedding_loss(z, y, margin=0.9)", LABELLED),),
        _entries("(where(target == -1, 0, input) + where(target == 1, 0, clip(margin - input, 0, None)))"),
        options={"margin": 1.0},
    ),
)
