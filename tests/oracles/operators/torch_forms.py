"""How the variants of PyTorch's database are written that are not simply called by their name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch_indexing as indexing
from torch_arguments import Given
from torch_masked import MASKED
from torch_matrices import MATRICES

Form = Callable[[Given], "str | Sequence[str]"]
"""From what a call is given, the formula of its one result, or those of each."""


def as_text(order: str, text: str) -> Form:
    """A formula with the arguments in their places; what stands in brackets only where its argument is given."""
    return lambda given: given.bound(order).filled(text)


def same(name: str) -> Form:
    """PyTorch's function of another name, which does the same here, where nothing is stored."""
    return lambda given: given.called(name)


def another(given: Given) -> str:
    """A name that is an operation here, and means another one in PyTorch."""
    raise NotImplementedError("PyTorch means another operation by this name")


def dropped(given: Given) -> str:
    """Where chance takes part, each program draws its own."""
    given.bound("x p training inplace")
    if given.found.get("training", True) and given.found.get("p", 0.5) not in (0, 1):
        raise NotImplementedError("random draws")
    return given.called("nn.functional.dropout")


def softplus(input: str, beta: str, threshold: str) -> str:
    """A softplus of a steeper curve; where beta times the input is above the threshold, the input itself."""
    return f"where({beta} * {input} > {threshold}, {input}, softplus({beta} * {input}) / {beta})"


UNCHANGED = """clone contiguous conj conj_physical resolve_conj resolve_neg alias_copy real double H mH"""
COPIES = """expand diagonal permute view split_with_sizes unbind unsqueeze squeeze transpose t narrow unfold"""
OPERATORS = {"add": "+", "div": "/", "mul": "*", "matmul": "@", "mod": "%", "pow": "**", "sub": "-"}

FORMS: dict[str, Form] = {
    **{name: as_text("x", "1 * {x}") for name in UNCHANGED.split()[:-2]},
    **{f"__r{name}__": as_text("a b", f"{{b}} {sign} {{a}}") for name, sign in OPERATORS.items()},
    **{f"{name}_copy": same(name) for name in COPIES.split()},
    "H": indexing.turned,
    "mH": as_text("x", "{x}.mT"),
    "mT": as_text("x", "{x}.mT"),
    "T": as_text("x", "{x}.T"),
    "t": indexing.turned,
    "t_copy": indexing.turned,
    "__getitem__": indexing.item,
    "where": as_text("a condition b", "where({condition}, {a}, {b})"),
    "clamp_max": as_text("x max", "clip({x}, None, {max})"),
    "clamp_min": as_text("x min", "clip({x}, {min}, None)"),
    "rsub": as_text("a b alpha", "{b} - [{alpha} * ]{a}"),
    "mv": as_text("a b", "{a} @ {b}"),
    "bmm": as_text("a b", "{a} @ {b}"),
    "linalg.multi_dot": lambda given: " @ ".join(given.items(0)),
    "msort": as_text("x", "sort({x}, axis=0)"),
    "fill": as_text("x value", "0 * {x} + {value}"),
    "zero_": as_text("x", "0 * {x}"),
    "repeat": as_text("x sizes", "tile({x}, {sizes})"),
    "diagflat": as_text("x offset", "diag(ravel({x})[, {offset}])"),
    "expand": indexing.expanded,
    "expand_copy": indexing.expanded,
    "expand_as": indexing.expanded_as,
    "sum_to_size": indexing.summed_to,
    "reshape_as": indexing.reshaped_as,
    "view_as": indexing.reshaped_as,
    "broadcast_tensors": indexing.broadcast,
    "unflatten": indexing.unflattened,
    "flatten": indexing.flattened,
    "chunk": indexing.chunked,
    "unsafe_chunk": indexing.chunked,
    "tensor_split": indexing.array_split,
    "unsafe_split": same("split"),
    "select": indexing.selected,
    "narrow": indexing.narrowed,
    "narrow_copy": indexing.narrowed,
    "slice": indexing.sliced,
    "unbind": indexing.unbound,
    "unbind_copy": indexing.unbound,
    "squeeze": indexing.squeezed,
    "squeeze.multiple": indexing.squeezed,
    "squeeze_copy": indexing.squeezed,
    "meshgrid.variadic_tensors": indexing.mesh,
    "meshgrid.list_of_tensors": indexing.mesh,
    "atleast_1d": indexing.each("atleast_1d"),
    "atleast_2d": indexing.each("atleast_2d"),
    "atleast_3d": indexing.each("atleast_3d"),
    "add": as_text("a b alpha", "{a} + [{alpha} * ]{b}"),
    "sub": as_text("a b alpha", "{a} - [{alpha} * ]{b}"),
    "logit": lambda given: (
        f"logit(clip({given.words[0]}, {given.words[1]}, 1 - {given.words[1]}))"
        if given.words[1:]
        else given.called("logit")
    ),
    "div.trunc_rounding": lambda given: f"trunc({given.words[0]} / {given.words[1]})",
    "div.floor_rounding": lambda given: f"floor({given.words[0]} / {given.words[1]})",
    "norm": as_text("x p dim keepdim", "vector_norm({x}[, {p}][, axis={dim}][, keepdims={keepdim}])"),
    "norm.inf": as_text("x p dim keepdim", "vector_norm({x}[, {p}][, axis={dim}][, keepdims={keepdim}])"),
    "median": indexing.lower_median,
    "sort": indexing.in_order,
    "diff": indexing.differences,
    "nn.functional.softmin.with_dtype": same("softmin"),
    "split_with_sizes_copy": same("split_with_sizes"),
    "index_select": indexing.index_select,
    "gather": indexing.gathered,
    "take_along_dim": indexing.taken,
    "nn.functional.softplus": lambda given: softplus(**given.bound("input").by_name),
    "nn.functional.hardtanh": lambda given: "clip({}, {}, {})".format(
        given.words[0], given.options.get("min_val", "-1"), given.options.get("max_val", "1")
    ),
    "std": indexing.spread,
    "var": indexing.spread,
    "std_mean": indexing.spread,
    "var_mean": indexing.spread,
    "aminmax": lambda given: [
        given.bound("x").filled("min({x}[, axis={dim}][, keepdims={keepdim}])"),
        given.filled("max({x}[, axis={dim}][, keepdims={keepdim}])"),
    ],
    "einsum": lambda given: f"einsum({given.words[1]}, {', '.join(given.items(0))})",
    "nn.functional.dropout": dropped,
    **MASKED,
    **MATRICES,
    **dict.fromkeys(("nn.functional.prelu",), another),
}


def form_of(variant: Any) -> Form | None:
    """The form of a variant; of all variants of its name, where it has none of its own."""
    return FORMS.get(variant.full_name) or FORMS.get(variant.name)
