"""Normalization: values with mean 0 and variance 1 over an example, a batch, or groups of channels."""

from __future__ import annotations

from math import inf, prod
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED
from backpropcli.ops.formula import Case, Formula, Written
from backpropcli.ops.formulas.settings import by_channel, fits, ranked, scaled
from backpropcli.ops.planning import axis_of, counts, flag, number, whole
from backpropcli.ops.shape import Shape, show_shape

INPUT = {"input": "x"}
ONE_EACH = "one number for each channel"
LEAST = 2.0**-52
"""The eps of rms_norm where none is written: what float64 cannot tell from 1."""


def _moments(axes: tuple[int, ...], of: str = "x") -> dict[str, str]:
    shown = axes[0] if len(axes) == 1 else axes
    return {
        "m": f"mean({of}, axis={shown}, keepdims=True)",
        "v": f"var({of}, axis={shown}, keepdims=True)",
    }


def _last_axes(case: Case) -> tuple[int, ...]:
    """The axes that `normalized_shape` names, from the right; the last one where it is left out."""
    shape, wanted = case.shapes["x"], case.options.normalized_shape
    if wanted is None:
        ranked(case, "x", 1, "an axis to normalize over")
        return (-1,)
    sizes = counts(wanted, "normalized_shape")
    if not sizes or shape[-len(sizes) :] != sizes:
        raise OperationError(
            f"normalized_shape is {show_shape(sizes)}, but x has the shape {show_shape(shape)}",
            hint=f"It is x's last sizes, such as {shape[-1]}." if shape else "A plain number has no axis.",
        )
    return tuple(range(-len(sizes), 0))


def _affine(case: Case, shape: Shape, why: str) -> tuple[str, str]:
    """Weight and bias as they stand in a formula, where they are there."""
    for name in ("weight", "bias"):
        fits(case, name, shape, why)
    return ("weight" if case.given("weight") else "", "bias" if case.given("bias") else "")


def _layer_norm(case: Case) -> Written:
    axes, shape = _last_axes(case), case.shapes["x"]
    number(case.options.eps, "eps")
    weight, bias = _affine(case, shape[len(shape) - len(axes) :], "the sizes that are normalized")
    return Written(scaled("(x - m) / sqrt(v + eps)", weight, bias), _moments(axes))


def _rms_norm(case: Case) -> Written:
    axes, shape = _last_axes(case), case.shapes["x"]
    eps = LEAST if case.options.eps is None else float(number(case.options.eps, "eps"))
    weight, _ = _affine(case, shape[len(shape) - len(axes) :], "the sizes that are normalized")
    along = axes[0] if len(axes) == 1 else axes
    return Written(scaled(f"x / sqrt(mean(x**2, axis={along}, keepdims=True) + {eps!r})", weight, ""))


def _channels(case: Case, shape: Shape) -> tuple[str, str]:
    """Weight and bias of the channels as they stand in a formula."""
    weight, bias = _affine(case, shape[1:2], ONE_EACH)
    return weight and by_channel(weight, shape), bias and by_channel(bias, shape)


def _running(case: Case, shape: Shape, switch: str) -> Written:
    """By statistics that are known: those of a training that is over."""
    for name in ("running_mean", "running_var"):
        if not case.given(name):
            raise OperationError(f"without the batch's own statistics it needs {name}", hint=switch)
        fits(case, name, shape[1:2], ONE_EACH)
    m, v = by_channel("running_mean", shape), by_channel("running_var", shape)
    return Written(scaled(f"(x - {m}) / sqrt({v} + eps)", *_channels(case, shape)))


def _batch_norm(case: Case) -> Written:
    o, shape = case.options, ranked(case, "x", 2, "examples and channels first, (N, C, ...)")
    number(o.eps, "eps")
    _momentum(o.momentum)
    own = not case.given("running_mean") if o.training is None else flag(o.training, "training")
    if not own:
        return _running(case, shape, "The batch's own: training=True")
    axes = tuple(k - len(shape) for k in range(len(shape)) if k != 1)
    if prod(shape[k] for k in axes) == 1:
        raise OperationError(
            f"x has the shape {show_shape(shape)}: one value a channel has no variance",
            hint="Known statistics: running_mean and running_var, with training=False",
        )
    return Written(scaled("(x - m) / sqrt(v + eps)", *_channels(case, shape)), _moments(axes))


def _instance_norm(case: Case) -> Written:
    o, shape = case.options, ranked(case, "x", 3, "examples, channels and at least one more axis, (N, C, L)")
    number(o.eps, "eps")
    _momentum(o.momentum)
    if not flag(o.use_input_stats, "use_input_stats"):
        return _running(case, shape, "The example's own: use_input_stats=True")
    if prod(shape[2:]) == 1:
        raise OperationError(f"x has the shape {show_shape(shape)}: one value a channel has no variance")
    axes = tuple(range(2 - len(shape), 0))
    return Written(scaled("(x - m) / sqrt(v + eps)", *_channels(case, shape)), _moments(axes))


def _momentum(value: Any) -> None:
    """PyTorch's momentum moves the running statistics of its modules; a formula has none that move."""
    if value is not None:
        number(value, "momentum")


def _group_norm(case: Case) -> Written:
    o, shape = case.options, ranked(case, "x", 2, "examples and channels first, (N, C, ...)")
    number(o.eps, "eps")
    groups = whole(o.num_groups, "num_groups")
    if groups < 1 or shape[1] % groups:
        fitting = [k for k in range(1, shape[1] + 1) if shape[1] % k == 0]
        raise OperationError(
            f"num_groups={groups} does not divide the {shape[1]} channels of x, whose shape is {show_shape(shape)}",
            hint=f"It can be {', '.join(map(str, fitting[:12]))}." if fitting else "",
        )
    where = {"g": f"reshape(x, ({shape[0]}, {groups}, {prod(shape[1:]) // groups}))", **_moments((-1,), "g")}
    return Written(
        scaled(f"reshape((g - m) / sqrt(v + eps), {show_tuple(shape)})", *_channels(case, shape)),
        where,
    )


def show_tuple(shape: Shape) -> str:
    """A shape as a formula has it."""
    return str(tuple(shape))


def _local_response_norm(case: Case) -> Written:
    o, shape = case.options, ranked(case, "x", 3, "examples, channels and at least one more axis, (N, C, L)")
    size = whole(o.size, "size")
    if size < 1:
        raise OperationError(f"size is at least 1, not {size}")
    for name in ("alpha", "beta", "k"):
        number(getattr(o, name), name)
    frame = ["(0, 0)"] * len(shape)
    frame[1] = f"({size // 2}, {(size - 1) // 2})"
    near = f"sliding_window_view(pad(x**2, ({', '.join(frame)})), {size}, axis=1)"
    return Written("x / (k + alpha * s)**beta", {"near": near, "s": "mean(near, axis=-1)"})


def _normalize(case: Case) -> Written:
    o = case.options
    axis_of(o.axis, case.shapes["x"])
    number(o.eps, "eps")
    p = float(number(o.p, "p"))
    if not p:
        return Written("x / maximum(sum(x != 0, axis=axis, keepdims=True), eps)")
    order = {1.0: ", ord=1", 2.0: "", inf: ", ord=inf"}.get(p)
    length = f"norm(x{order}, axis=axis, keepdims=True)"
    if order is None:
        length = "sum(abs(x)**p, axis=axis, keepdims=True)**(1/p)"
    return Written(f"x / maximum({length}, eps)")


IMAGE = {"x": (2, 3, 4), "w": (3,), "b": (3,)}

OPERATIONS = (
    Formula(
        "layer_norm",
        "x weight bias",
        "each example less its mean, over its standard deviation; without a shape over the last axis",
        group="normalization",
        optional="weight bias",
        options={"normalized_shape": None, "eps": 1e-5},
        order=("x", "normalized_shape", "weight", "bias", "eps"),
        keywords=INPUT,
        formula="(x - m) / sqrt(v + eps) * weight + bias",
        where={"m": "mean(x, axis=-1, keepdims=True)", "v": "var(x, axis=-1, keepdims=True)"},
        build=_layer_norm,
        source="Ba, Kiros and Hinton 2016, arXiv:1607.06450; torch.nn.functional.layer_norm",
        samples=(
            ("layer_norm(x)", {"x": (2, 3)}),
            ("layer_norm(x, (3, 2), w, b)", {"x": (2, 3, 2), "w": (3, 2), "b": (3, 2)}),
            ("layer_norm(x, 3, bias=b, eps=0.1)", {"x": (2, 3), "b": (3,)}),
        ),
    ),
    Formula(
        "batch_norm",
        "x running_mean running_var weight bias",
        "each channel less its mean over the batch, over its standard deviation (or by running statistics)",
        group="normalization",
        optional="running_mean running_var weight bias",
        options={"training": None, "momentum": 0.1, "eps": 1e-5},
        order=("x", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps"),
        keywords=INPUT,
        formula="(x - m) / sqrt(v + eps) * weight + bias",
        where={"m": "mean(x, axis=0, keepdims=True)", "v": "var(x, axis=0, keepdims=True)"},
        build=_batch_norm,
        source="Ioffe and Szegedy 2015, arXiv:1502.03167; torch.nn.functional.batch_norm",
        samples=(
            ("batch_norm(x)", {"x": (4, 3)}),
            ("batch_norm(x, weight=w, bias=b, training=True)", IMAGE),
            ("batch_norm(x, m, v, w, b)", {"x": (2, 3), "m": (3,), "v": [0.5, 1.5, 2.0], "w": (3,), "b": (3,)}),
        ),
    ),
    Formula(
        "instance_norm",
        "x running_mean running_var weight bias",
        "each channel of each example less its mean, over its standard deviation",
        group="normalization",
        optional="running_mean running_var weight bias",
        options={"use_input_stats": True, "momentum": 0.1, "eps": 1e-5},
        order=("x", "running_mean", "running_var", "weight", "bias", "use_input_stats", "momentum", "eps"),
        keywords=INPUT,
        formula="(x - m) / sqrt(v + eps) * weight[:, None] + bias[:, None]",
        where={"m": "mean(x, axis=-1, keepdims=True)", "v": "var(x, axis=-1, keepdims=True)"},
        build=_instance_norm,
        source="Ulyanov, Vedaldi and Lempitsky 2016, arXiv:1607.08022; torch.nn.functional.instance_norm",
        samples=(("instance_norm(x)", IMAGE), ("instance_norm(x, weight=w, bias=b)", IMAGE)),
    ),
    Formula(
        "group_norm",
        "x weight bias",
        "groups of channels of each example less their mean, over their standard deviation",
        group="normalization",
        optional="weight bias",
        options={"num_groups": REQUIRED, "eps": 1e-5},
        order=("x", "num_groups", "weight", "bias", "eps"),
        keywords=INPUT,
        formula="reshape((g - m) / sqrt(v + eps), x.shape) * weight[:, None] + bias[:, None]",
        where={
            "g": "reshape(x, (x.shape[0], num_groups, -1))",
            "m": "mean(g, axis=-1, keepdims=True)",
            "v": "var(g, axis=-1, keepdims=True)",
        },
        build=_group_norm,
        source="Wu and He 2018, arXiv:1803.08494; torch.nn.functional.group_norm",
        samples=(
            ("group_norm(x, 2)", {"x": (2, 4)}),
            ("group_norm(x, 3, w, b)", IMAGE),
            ("group_norm(x, num_groups=1, eps=0.1)", IMAGE),
        ),
    ),
    Formula(
        "rms_norm",
        "x weight",
        "each example over the root of its mean square; without a shape over the last axis",
        group="normalization",
        optional="weight",
        options={"normalized_shape": None, "eps": None},
        order=("x", "normalized_shape", "weight", "eps"),
        keywords=INPUT,
        formula="x / sqrt(mean(x**2, axis=-1, keepdims=True) + eps) * weight",
        build=_rms_norm,
        source="Zhang and Sennrich 2019, arXiv:1910.07467; torch.nn.functional.rms_norm",
        samples=(
            ("rms_norm(x)", {"x": (2, 3)}),
            ("rms_norm(x, (2, 3), w, eps=1e-5)", {"x": (2, 2, 3), "w": (2, 3)}),
        ),
    ),
    Formula(
        "local_response_norm",
        "x",
        "each value over a power of the mean square of its neighbours in the channels around it",
        group="normalization",
        options={"size": REQUIRED, "alpha": 1e-4, "beta": 0.75, "k": 1.0},
        keywords=INPUT,
        formula="x / (k + alpha * s)**beta",
        where={
            "near": "sliding_window_view(pad(x**2, ((0, 0), (size//2, (size - 1)//2), (0, 0))), size, axis=1)",
            "s": "mean(near, axis=-1)",
        },
        build=_local_response_norm,
        source="Krizhevsky, Sutskever and Hinton 2012; torch.nn.functional.local_response_norm",
        samples=(
            ("local_response_norm(x, 2)", {"x": (2, 3, 4)}),
            ("local_response_norm(x, 3, alpha=0.5, beta=0.5, k=2)", {"x": (2, 4, 3)}),
        ),
    ),
    Formula(
        "normalize",
        "x",
        "vectors along an axis over their length, which is taken as eps where it is less",
        group="normalization",
        options={"p": 2.0, "axis": 1, "eps": 1e-12},
        keywords={**INPUT, "dim": "axis"},
        formula="x / maximum(norm(x, axis=axis, keepdims=True), eps)",
        build=_normalize,
        source="torch.nn.functional.normalize",
        samples=(
            ("normalize(x)", {"x": (2, 3)}),
            ("normalize(x, p=1, dim=0)", {"x": (3, 2)}),
            ("normalize(x, 3, dim=-1)", {"x": (2, 3)}),
        ),
    ),
)
