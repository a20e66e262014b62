"""PyTorch's masked reductions, as reductions of `where(mask, x, neutral)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch_arguments import Given

Form = Callable[[Given], Any]


def filled(given: Given, k: int, mask: str, neutral: str) -> str:
    """An argument with what changes nothing in the place of what is masked out."""
    word = given.by_name.get(mask, "None")
    return given.words[k] if word == "None" else f"where({word}, {given.words[k]}, {neutral})"


def over(given: Given, axis: str = "axis") -> str:
    """The axes of a reduction; a number has none."""
    if not given.values[0].ndim:
        return ""
    dim, keep = given.by_name.get("dim", "None"), given.by_name.get("keepdim", "False")
    return f", {axis}={dim}, keepdims={keep}"


def reduced(name: str, neutral: str) -> Form:
    """A sum, a product, the largest, the smallest."""

    def form(given: Given) -> str:
        given.bound("x dim keepdim mask")
        return f"{name}({filled(given, 0, 'mask', neutral)}{over(given)})"

    return form


def count(given: Given) -> str:
    """How many entries are there for each result."""
    mask, ones = given.by_name.get("mask", "None"), f"1 + 0 * {given.words[0]}"
    return f"sum({ones if mask == 'None' else f'where({mask}, {ones}, 0)'}{over(given)})"


def mean(given: Given) -> str:
    """The mean of what is there."""
    given.bound("x dim keepdim mask")
    return f"sum({filled(given, 0, 'mask', '0')}{over(given)}) / {count(given)}"


def norm(given: Given) -> str:
    """A norm of what is there."""
    given.bound("x ord dim keepdim mask")
    neutral = "inf" if given.words[1] == "-inf" else "0"
    return f"vector_norm({filled(given, 0, 'mask', neutral)}, {given.words[1]}{over(given)})"


def along(text: str, neutral: str) -> Form:
    """An operation that keeps the shape, along an axis; of a number along its only one."""

    def form(given: Given) -> str:
        given.bound("x dim mask")
        x, axis = filled(given, 0, "mask", neutral), given.by_name["dim"]
        if given.values[0].ndim:
            return text.format(x=x, axis=axis)
        return f"reshape({text.format(x=f'reshape({x}, (1,))', axis=0)}, ())"

    return form


def normalized(given: Given) -> str:
    """By a norm along an axis, which is at least a little above 0."""
    given.bound("x ord dim eps mask")
    if not given.values[0].ndim:
        size = f"abs({given.words[0]})" if float(given.words[1]) else f"({given.words[0]} != 0)"
    else:
        inside = f"{filled(given, 0, 'mask', '0')}, {given.words[1]}, axis={given.by_name['dim']}, keepdims=True"
        size = f"vector_norm({inside})"
    return f"{given.words[0]} / clip({size}, 1e-12, None)"


def added(given: Given) -> str:
    """Each argument has a mask of its own."""
    given.bound("a b input_mask other_mask")
    return f"logaddexp({filled(given, 0, 'input_mask', '-inf')}, {filled(given, 1, 'other_mask', '-inf')})"


MASKED: dict[str, Form] = {
    "masked.sum": reduced("sum", "0"),
    "masked.prod": reduced("prod", "1"),
    "masked.amax": reduced("max", "-inf"),
    "masked.amin": reduced("min", "inf"),
    "masked.logsumexp": reduced("logsumexp", "-inf"),
    "masked.mean": mean,
    "masked.norm": norm,
    "masked.cumsum": along("cumsum({x}, axis={axis})", "0"),
    "masked.cumprod": along("cumprod({x}, axis={axis})", "1"),
    "masked.softmax": along("softmax({x}, axis={axis})", "-inf"),
    "masked.log_softmax": along("log_softmax({x}, axis={axis})", "-inf"),
    "masked.softmin": along("softmin({x}, {axis})", "inf"),
    "masked.normalize": normalized,
    "masked.logaddexp": added,
}
