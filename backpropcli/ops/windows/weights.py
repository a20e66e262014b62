"""What convolutions and transposed ones check alike: weight, groups, bias and padding; errors that say what fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backpropcli.errors import OperationError
from backpropcli.ops.planning import shown, whole
from backpropcli.ops.shape import show_shape
from backpropcli.ops.stacked import leading
from backpropcli.ops.windows.geometry import AXES, per_axis

if TYPE_CHECKING:
    from backpropcli.ops.definition import XP, Value
    from backpropcli.ops.shape import Shape


def check_weight(weight: Shape, count: int, first: str, second: str) -> None:
    """A weight has two axes before those of the kernel, and no empty kernel."""
    wanted = f"({first}, {second}, {', '.join(AXES[count])})"
    if len(weight) != count + 2:
        raise OperationError(f"weight is {wanted}, not of the shape {show_shape(weight)}")
    if 0 in weight[1:]:
        raise OperationError(f"weight of the shape {show_shape(weight)} is empty", hint=f"It is {wanted}.")


def check_groups(groups: Any, counts: dict[str, int]) -> int:
    """How many groups; OperationError where what they share out (by its name) does not come out even."""
    parts = whole(groups, "groups")
    if parts < 1:
        raise OperationError(f"groups is at least 1, not {parts}")
    for what, count in counts.items():
        if count % parts:
            raise OperationError(
                f"groups={parts} does not divide the {count} {what}", hint=f"It can be {_divisors(counts.values())}."
            )
    return parts


def _divisors(counts: Any) -> str:
    found = [str(k) for k in range(1, min(counts) + 1) if not any(count % k for count in counts)]
    return f"{', '.join(found[:-1])} or {found[-1]}" if len(found) > 1 else "1"


def check_bias(bias: Shape, filters: int) -> None:
    """A bias is one number for each filter, or a single one for all."""
    if bias not in ((), (filters,)):
        there = "is 1 filter" if filters == 1 else f"are {filters} filters"
        raise OperationError(
            f"bias has the shape {show_shape(bias)}, and there {there}",
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


def with_bias(xp: XP, y: Value, bias: Value, own: Shape, after: Shape, count: int) -> Value:
    """The result, of its own shape `after`, with each filter's bias added."""
    shape = (*own, *(1,) * count) if own else ()
    lead = leading(xp, bias, len(own))
    if lead or own:
        bias = xp.reshape(bias, (*lead, *(1,) * (len(after) - len(shape)), *shape))
    y += bias  # y has just been made
    return y


def by_bias(xp: XP, g: Value, own: Shape, after: Shape, count: int) -> Value:
    """The upstream gradient added up over all examples and places, for each filter where there is a bias for each."""
    axes = [k for k in range(-len(after), 0) if k != -count - 1 or not own]
    return xp.sum(g, axis=tuple(axes))
