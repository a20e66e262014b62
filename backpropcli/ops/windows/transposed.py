"""Transposed convolutions: each entry lays its filter out over a longer array, as a convolution's gradient does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import XP, Options, Structural, Value
from backpropcli.ops.planning import bounded, sample, shown
from backpropcli.ops.shape import show_shape
from backpropcli.ops.windows.geometry import AXES, per_axis, split_batch
from backpropcli.ops.windows.products import laid, paired, planned, slid
from backpropcli.ops.windows.slide import Slide
from backpropcli.ops.windows.weights import by_bias, check_bias, check_groups, check_weight, with_bias

if TYPE_CHECKING:
    from backpropcli.ops.shape import Shape


def plan_transposed(count: int) -> Callable[..., tuple[Shape, Options]]:
    """The planner for `count` axes: x (N, C, *axes) or (C, *axes), weight (C, F/groups, *kernel), bias (F,) or ()."""

    def plan(
        shapes: list[Shape],
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: Any = 1,
        dilation: Any = 1,
    ) -> tuple[Shape, Options]:
        x, weight, bias = shapes
        batch, channels, sizes = split_batch(x, count, "x")
        check_weight(weight, count, "channels", "filters")
        if weight[0] != channels:
            raise _channels(channels, weight, count)
        parts = check_groups(groups, {"channels of x": channels})
        filters = weight[1] * parts
        check_bias(bias, filters)
        given = [
            per_axis(stride, count, "stride"),
            per_axis(dilation, count, "dilation"),
            per_axis(padding, count, "padding", 0),
            per_axis(output_padding, count, "output_padding", 0),
        ]
        slides = tuple(_slide(*each) for each in zip(sizes, weight[2:], *given, strict=True))
        if any(s.size < 1 for s in slides):
            raise OperationError(
                f"padding={shown(padding)} takes off more than there is: the result would have the shape "
                f"{show_shape(tuple(s.size for s in slides))}"
            )
        o = planned(slides, batch, filters, weight, parts)
        bounded((o.examples, o.copied))
        o.bias = bias
        return bounded(o.long), o

    return plan


def _slide(places: int, kernel: int, stride: int, dilation: int, padding: int, more: int) -> Slide:
    """The slide along an axis of the result whose places are the entries of x."""
    if more and more >= max(stride, dilation):
        raise OperationError(
            f"output_padding={more} must be smaller than stride or dilation",
            hint="It chooses among the sizes that a convolution with this stride makes equally long.",
        )
    size = (places - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1 + more if places else 0
    return Slide(size, kernel, stride, dilation, padding, padding, places)


def _channels(channels: int, weight: Shape, count: int) -> OperationError:
    has = "1 channel" if channels == 1 else f"{channels} channels"
    hint = f"A weight of the shape {show_shape((channels, *weight[1:]))} fits."
    if weight[1] == channels:
        hint += " It is the other way round than for a convolution: swapaxes(weight, 0, 1)"
    return OperationError(
        f"x has {has} and weight wants {weight[0]} "
        f"(its shape is {show_shape(weight)}: channels, filters, {', '.join(AXES[count])})",
        hint=hint,
    )


def _value(xp: XP, o: Options, x: Value, weight: Value, bias: Value) -> Value:
    return with_bias(xp, laid(xp, o, x, weight), bias, o.bias, o.long, o.count)


def _by_x(xp: XP, o: Options, g: Value, y: Value, x: Value, weight: Value, bias: Value) -> Value:
    return slid(xp, o, g, weight)


def _by_weight(xp: XP, o: Options, g: Value, y: Value, x: Value, weight: Value, bias: Value) -> Value:
    return paired(xp, o, g, x)


def _by_bias(xp: XP, o: Options, g: Value, y: Value, x: Value, weight: Value, bias: Value) -> Value:
    return by_bias(xp, g, o.bias, o.long, o.count)


def _forms(o: Options) -> Mapping[str, str]:
    from backpropcli.ops.windows import textbook

    return textbook.transposed(o)


def _transposed(count: int, samples: Any) -> Structural:
    return Structural(
        f"conv_transpose{count}d",
        "x weight bias",
        f"each entry times a filter, laid out along {' and '.join(AXES[count])} and added up, plus a bias",
        group="windows",
        contracts=True,
        defaults=(0.0,),
        options={"stride": 1, "padding": 0, "output_padding": 0, "groups": 1, "dilation": 1},
        keywords={"input": "x"},
        planner=plan_transposed(count),
        value=_value,
        vjps={
            "x": (f"conv{count}d(g, weight)", _by_x),
            "weight": ("every window of g times its x, added up over places and examples", _by_weight),
            "bias": ("g summed over places and examples", _by_bias),
        },
        forms=_forms,
        samples=samples,
        source=f"torch.nn.functional.conv_transpose{count}d",
    )


OPERATIONS = (
    _transposed(
        1,
        (
            sample((1, 2, 3), (2, 1, 3), ()),
            sample((2, 3), (2, 2, 2), (2,), stride=2, padding=1, output_padding=1),
            sample((2, 2, 3), (2, 1, 2), (2,), groups=2, dilation=2),
        ),
    ),
    _transposed(
        2,
        (
            sample((2, 2, 2, 3), (2, 2, 2, 2), (2,)),
            sample((2, 1, 3, 3), (1, 2, 3, 3), (2,), stride=2, padding=1, output_padding=1),
            sample((1, 2, 2, 2), (2, 8, 2, 2), (8,), stride=(2, 1)),
            sample((1, 3, 2), (1, 2, 3, 2), (), stride=(2, 1), padding=(1, 0), output_padding=(1, 0)),
            sample((1, 2, 3, 2), (2, 1, 2, 2), (2,), groups=2, dilation=(2, 1), stride=(1, 2)),
        ),
    ),
    _transposed(
        3,
        (
            sample((1, 1, 2, 2, 2), (1, 2, 2, 1, 2), (2,)),
            sample((2, 2, 1, 2), (2, 1, 2, 2, 1), (), stride=2, padding=(0, 0, 0), groups=2),
        ),
    ),
)
