"""Convolutions as networks have them: filters that slide along the last axes, with PyTorch's layouts and defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import XP, Options, Structural, Value
from backpropcli.ops.planning import bounded, sample
from backpropcli.ops.shape import show_shape
from backpropcli.ops.windows.geometry import AXES, per_axis, placed, split_batch
from backpropcli.ops.windows.products import laid, paired, planned, slid
from backpropcli.ops.windows.slide import Slide
from backpropcli.ops.windows.weights import by_bias, check_bias, check_groups, check_weight, frames, with_bias

if TYPE_CHECKING:
    from backpropcli.ops.shape import Shape


def plan_convolution(count: int) -> Callable[..., tuple[Shape, Options]]:
    """The planner for `count` axes: x (N, C, *axes) or (C, *axes), weight (F, C/groups, *kernel), bias (F,) or ()."""

    def plan(
        shapes: list[Shape], stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1
    ) -> tuple[Shape, Options]:
        x, weight, bias = shapes
        batch, channels, sizes = split_batch(x, count, "x")
        check_weight(weight, count, "filters", "channels")
        parts = check_groups(groups, {"channels of x": channels, "filters of weight": weight[0]})
        if weight[1] * parts != channels:
            raise _channels(channels, weight, parts, count)
        check_bias(bias, weight[0])
        kernel, steps, apart = weight[2:], per_axis(stride, count, "stride"), per_axis(dilation, count, "dilation")
        frame = frames(padding, kernel, steps, apart)
        slides = placed(
            [Slide(n, k, s, d, *w) for n, k, s, d, w in zip(sizes, kernel, steps, apart, frame, strict=True)],
            f"weight of the shape {show_shape(weight)}",
        )
        o = planned(slides, batch, channels, weight, parts)
        bounded((o.examples, o.copied))
        o.bias = bias
        return bounded(o.short), o

    return plan


def _channels(channels: int, weight: Shape, groups: int, count: int) -> OperationError:
    has = "1 channel" if channels == 1 else f"{channels} channels"
    wants = f"{weight[1]}" if groups == 1 else f"{groups} groups of {weight[1]}"
    fits = show_shape((weight[0], channels // groups, *weight[2:]))
    more = "" if groups == 1 else f" with groups={groups}"
    if groups == 1 and channels % weight[1] == 0 and weight[0] % (channels // weight[1]) == 0:
        more = f"; this one does with groups={channels // weight[1]}"
    return OperationError(
        f"x has {has} and weight wants {wants} "
        f"(its shape is {show_shape(weight)}: filters, channels, {', '.join(AXES[count])})",
        hint=f"A weight of the shape {fits} fits{more}.",
    )


FORMULAS = {
    1: "einsum('ncwj,fcj->nfw', sliding_window_view(x, kw, axis=2), weight) + bias[:, None]",
    2: "einsum('nchwij,fcij->nfhw', sliding_window_view(x, (kh, kw), axis=(2, 3)), weight) + bias[:, None, None]",
    3: "einsum('ncdhwkij,fckij->nfdhw', sliding_window_view(x, (kd, kh, kw), axis=(2, 3, 4)), weight)"
    " + bias[:, None, None, None]",
}
"""What it is without options: kh and kw are the sizes of the kernel."""


def _value(xp: XP, o: Options, x: Value, weight: Value, bias: Value) -> Value:
    return with_bias(xp, slid(xp, o, x, weight), bias, o.bias, o.short, o.count)


def _by_x(xp: XP, o: Options, g: Value, y: Value, x: Value, weight: Value, bias: Value) -> Value:
    return laid(xp, o, g, weight)


def _by_weight(xp: XP, o: Options, g: Value, y: Value, x: Value, weight: Value, bias: Value) -> Value:
    return paired(xp, o, x, g)


def _by_bias(xp: XP, o: Options, g: Value, y: Value, x: Value, weight: Value, bias: Value) -> Value:
    return by_bias(xp, g, o.bias, o.short, o.count)


def _forms(o: Options) -> Mapping[str, str]:
    from backpropcli.ops.windows import textbook

    return textbook.convolution(o)


def _entry(o: Options, name: str, index: tuple[int, ...]) -> tuple[str, str] | None:
    from backpropcli.ops.windows import textbook

    return textbook.entry(o, name, index)


def _convolve(count: int, samples: Any) -> Structural:
    return Structural(
        f"conv{count}d",
        "x weight bias",
        f"filters that slide along {' and '.join(AXES[count])}: a sum of products at every place, plus a bias",
        group="windows",
        contracts=True,
        defaults=(0.0,),
        options={"stride": 1, "padding": 0, "dilation": 1, "groups": 1},
        keywords={"input": "x"},
        planner=plan_convolution(count),
        value=_value,
        vjps={
            "x": ("each g times its filter, added up where the windows overlap", _by_x),
            "weight": ("every window of x times its g, added up over places and examples", _by_weight),
            "bias": ("g summed over places and examples", _by_bias),
        },
        forms=_forms,
        entry=_entry,
        formula=FORMULAS[count],
        samples=samples,
        source=f"torch.nn.functional.conv{count}d",
    )


OPERATIONS = (
    _convolve(
        1,
        (
            sample((1, 2, 5), (2, 2, 3), ()),
            sample((2, 2, 5), (1, 2, 2), (1,), stride=2, padding=1),
            sample((2, 5), (1, 2, 2), (), stride=2),
            sample((2, 4, 4), (2, 2, 2), (2,), groups=2, dilation=2),
            sample((1, 1, 4), (1, 1, 2), (), padding="same"),
        ),
    ),
    _convolve(
        2,
        (
            sample((2, 2, 4, 3), (3, 2, 2, 2), (3,)),
            sample((2, 1, 5, 5), (2, 1, 3, 3), (2,), stride=2, padding=1),
            sample((1, 4, 3), (2, 1, 3, 2), (), stride=(2, 1), padding=(1, 0)),
            sample((1, 2, 5, 4), (2, 1, 2, 2), (2,), groups=2, dilation=(2, 1), stride=(1, 2)),
            sample((1, 1, 3, 3), (1, 1, 3, 2), (1,), padding="same"),
            sample((2, 1, 4, 4), (2, 1, 3, 3), (2,), padding=1),
            sample((2, 8, 3, 3), (2, 8, 2, 2), (2,), padding=1, stride=(2, 1)),
        ),
    ),
    _convolve(
        3,
        (
            sample((1, 1, 3, 2, 3), (2, 1, 2, 2, 2), (2,)),
            sample((1, 16, 2, 2, 3), (2, 8, 2, 2, 2), (2,), padding=(0, 1, 0), groups=2),
            sample((2, 3, 3, 2), (2, 1, 2, 1, 2), (), stride=2, padding=(0, 1, 0), groups=2),
        ),
    ),
)
