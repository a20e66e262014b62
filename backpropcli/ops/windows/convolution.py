"""Convolutions as networks have them: filters that slide along the last axes, with PyTorch's layouts and defaults."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import XP, Options, Structural, Value
from backpropcli.ops.planning import bounded, sample, shown, whole
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.ops.stacked import leading
from backpropcli.ops.windows.framing import columns, gathered
from backpropcli.ops.windows.geometry import AXES, Slide, per_axis, placed, split_batch


def plan_convolution(count: int) -> Callable[..., tuple[Shape, Options]]:
    """The planner for `count` axes: x (N, C, *axes) or (C, *axes), weight (F, C/groups, *kernel), bias (F,) or ()."""

    def plan(
        shapes: list[Shape], stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1
    ) -> tuple[Shape, Options]:
        x, weight, bias = shapes
        batch, channels, sizes = split_batch(x, count, "x")
        if len(weight) != count + 2:
            wanted = f"(filters, channels, {', '.join(AXES[count])})"
            raise OperationError(f"weight is {wanted}, not of the shape {show_shape(weight)}")
        filters, kernel = weight[0], weight[2:]
        parts = grouped(groups, channels, filters, weight, 1)
        if weight[1] * parts != channels:
            raise _channels(channels, weight, parts, count)
        check_bias(bias, filters)
        steps, apart = per_axis(stride, count, "stride"), per_axis(dilation, count, "dilation")
        frame = frames(padding, kernel, steps, apart)
        slides = placed(
            [Slide(n, k, s, d, *w) for n, k, s, d, w in zip(sizes, kernel, steps, apart, frame, strict=True)],
            f"weight of the shape {show_shape(weight)}",
        )
        after = bounded((*batch, filters, *(s.places for s in slides)))
        bounded((*batch, channels, *kernel, *(s.places for s in slides)))
        return after, Options(
            slides=slides,
            groups=parts,
            batch=batch,
            channels=channels,
            filters=filters,
            before=tuple(shapes),
            after=after,
            places=prod(s.places for s in slides),
            entries=prod(weight[1:]),
            count=count,
        )

    return plan


def grouped(groups: Any, channels: int, filters: int, weight: Shape, least: int) -> int:
    """How many groups; OperationError where channels or filters do not share out."""
    parts = whole(groups, "groups")
    if parts < least:
        raise OperationError(f"groups is at least 1, not {parts}")
    for count, what in ((channels, "channels of x"), (filters, "filters of weight")):
        if count % parts:
            raise OperationError(
                f"groups={parts} does not divide the {count} {what}", hint=f"It can be {_divisors(channels, filters)}."
            )
    return parts


def _divisors(channels: int, filters: int) -> str:
    found = [str(k) for k in range(1, min(channels, filters) + 1) if not channels % k and not filters % k]
    return ", ".join(found[:-1]) + " or " + found[-1] if len(found) > 1 else "1"


def _channels(channels: int, weight: Shape, groups: int, count: int) -> OperationError:
    has = "1 channel" if channels == 1 else f"{channels} channels"
    wants = f"{weight[1]}" if groups == 1 else f"{groups} groups of {weight[1]}"
    axes = ", ".join(AXES[count])
    fits = show_shape((weight[0], channels // groups, *weight[2:]))
    more = "" if groups == 1 or channels % groups else f" with groups={groups}"
    return OperationError(
        f"x has {has} and weight wants {wants} (its shape is {show_shape(weight)}: filters, channels, {axes})",
        hint=f"A weight of the shape {fits} fits x{more}.",
    )


def check_bias(bias: Shape, filters: int) -> None:
    """A bias is one number for each filter, or a single one for all."""
    if bias not in ((), (filters,)):
        raise OperationError(
            f"bias has the shape {show_shape(bias)}, and there are {filters} filters",
            hint=f"It is one number for each filter, of the shape {show_shape((filters,))}.",
        )


def frames(padding: Any, kernel: Shape, stride: Shape, dilation: Shape) -> list[tuple[int, int]]:
    """How wide the frame is on both sides of every axis; 'same' keeps the size, 'valid' is none."""
    if not isinstance(padding, str):
        return [(n, n) for n in per_axis(padding, len(kernel), "padding", 0)]
    if padding == "valid":
        return [(0, 0)] * len(kernel)
    if padding != "same":
        raise OperationError(
            f"padding={shown(padding)} is not available", hint="It is a number, one for each axis, 'same' or 'valid'."
        )
    wide = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    if any(step > 1 for step in stride):
        raise OperationError(
            "padding='same' keeps the size of x, which only stride=1 does",
            hint=f"With a stride write the number: padding={max(wide) // 2}.",
        )
    return [(w // 2, w - w // 2) for w in wide]


# Bodies: windows as columns, and one matrix product for each example and group.


def _columns(xp: XP, o: Options, x: Value) -> Value:
    """Every window of every example as a column: (..., N, groups, entries of a window, places)."""
    lead = leading(xp, x, len(o.before[0]))
    found = columns(xp, o.slides, x)
    return xp.reshape(found, (*lead, prod(o.batch), o.groups, o.entries, o.places))


def _filters(xp: XP, o: Options, weight: Value) -> Value:
    """The filters as rows: (..., 1, groups, filters of a group, entries of a window)."""
    lead = leading(xp, weight, len(o.before[1]))
    return xp.reshape(weight, (*lead, 1, o.groups, o.filters // o.groups, o.entries))


def _upstream(xp: XP, o: Options, g: Value) -> Value:
    lead = leading(xp, g, len(o.after))
    return xp.reshape(g, (*lead, prod(o.batch), o.groups, o.filters // o.groups, o.places))


def with_bias(xp: XP, o: Options, y: Value, bias: Value) -> Value:
    """The result with each filter's bias added."""
    own = o.before[2]
    lead = leading(xp, bias, len(own))
    shape = (*own, *(1,) * o.count) if own else (1,) * len(o.after)
    return y + (xp.reshape(bias, (*lead, *(1,) * (len(o.after) - len(shape)), *shape)) if lead or own else bias)


def _convolution(xp: XP, o: Options, x: Value, weight: Value, bias: Value) -> Value:
    y = xp.matmul(_filters(xp, o, weight), _columns(xp, o, x))
    lead = leading(xp, x, len(o.before[0]))
    return with_bias(xp, o, xp.reshape(y, lead + o.after), bias)


def _by_x(xp: XP, o: Options, g: Value, y: Value, x: Value, weight: Value, bias: Value) -> Value:
    lead = leading(xp, g, len(o.after))
    parts = xp.matmul(xp.swapaxes(_filters(xp, o, weight), -1, -2), _upstream(xp, o, g))
    window = prod(s.kernel for s in o.slides)
    parts = xp.reshape(parts, (*lead, *o.batch, o.channels, window, o.places))
    return gathered(xp, o.slides, parts)


def _by_weight(xp: XP, o: Options, g: Value, y: Value, x: Value, weight: Value, bias: Value) -> Value:
    lead = leading(xp, g, len(o.after))
    products = xp.matmul(_upstream(xp, o, g), xp.swapaxes(_columns(xp, o, x), -1, -2))
    return xp.reshape(xp.sum(products, axis=-4), lead + o.before[1])


def by_bias(xp: XP, o: Options, g: Value, y: Value, x: Value, weight: Value, bias: Value) -> Value:
    """The upstream gradient added up, for each filter, over all examples and places."""
    axes = [k for k in range(-len(o.after), 0) if k != -o.count - 1 or not o.before[2]]
    return xp.sum(g, axis=tuple(axes))


def _convolve(count: int, samples: Any) -> Structural:
    return Structural(
        f"conv{count}d",
        "x weight bias",
        f"filters that slide along {' and '.join(AXES[count])}: a sum of products at every place, plus a bias",
        group="windows",
        contracts=True,
        defaults=(0.0,),
        options={"stride": 1, "padding": 0, "dilation": 1, "groups": 1},
        keywords={"input": "x", "w": "weight", "b": "bias"},
        planner=plan_convolution(count),
        value=_convolution,
        vjps={
            "x": (f"conv_transpose{count}d(g, weight): each g times its filter, added up where windows overlap", _by_x),
            "weight": ("every window of x times its g, added up over places and examples", _by_weight),
            "bias": ("g summed over places and examples", by_bias),
        },
        samples=samples,
        source=f"torch.nn.functional.conv{count}d",
    )


OPERATIONS = (
    _convolve(
        1,
        (
            sample((1, 2, 5), (2, 2, 3), ()),
            sample((2, 5), (1, 2, 2), (1,), stride=2, padding=1),
            sample((2, 4, 4), (2, 2, 2), (2,), groups=2, dilation=2),
            sample((1, 1, 4), (1, 1, 2), (), padding="same"),
        ),
    ),
    _convolve(
        2,
        (
            sample((2, 2, 4, 3), (3, 2, 2, 2), (3,)),
            sample((1, 4, 3), (2, 1, 3, 2), (), stride=(2, 1), padding=(1, 0)),
            sample((1, 2, 5, 4), (2, 1, 2, 2), (2,), groups=2, dilation=(2, 1), stride=(1, 2)),
            sample((1, 1, 3, 3), (1, 1, 3, 2), (1,), padding="same"),
        ),
    ),
    _convolve(
        3,
        (
            sample((1, 1, 3, 2, 3), (2, 1, 2, 2, 2), (2,)),
            sample((2, 3, 3, 2), (2, 1, 2, 1, 2), (), stride=2, padding=(0, 1, 0), groups=2),
        ),
    ),
)
