"""PyTorch's modules as calls of named formulas: which formula a module is, with its settings and its arrays."""

from __future__ import annotations

import sys
import types
import unittest
import warnings
from collections.abc import Callable, Iterator
from typing import Any

Call = tuple[str, dict[str, Any]]
"""A call, and the arrays that it names."""


def _reduction(m: Any) -> str:
    return f"reduction='{m.reduction}'"


def _arrays(m: Any) -> dict[str, Any]:
    """A module's parameters and buffers, dots and all, by names of the language."""
    named = [*m.named_parameters(), *m.named_buffers()]
    return {name.replace(".", "_"): array for name, array in named if array is not None}


def _loss(name: str, options: Callable[[Any], str] = lambda m: "", inputs: int = 2) -> Callable[[Any, Any], Call]:
    """A loss of so many inputs; `weight` and the reduction are in the module."""

    def call(m: Any, given: tuple[Any, ...]) -> Call:
        called = {id(array): name for array, name in zip(given[:inputs], "abcd", strict=False)}  # some come twice
        arrays = {called[id(array)]: array for array in given[:inputs]}
        names = ", ".join(called[id(array)] for array in given[:inputs])
        for extra in ("weight", "pos_weight"):
            if getattr(m, extra, None) is not None:
                arrays[extra] = getattr(m, extra)
                names += f", {extra}={extra}"
        more = f", {options(m)}" if options(m) else ""
        return f"{name}({names}, {_reduction(m)}{more})", arrays

    return call


def _norm(name: str, options: Callable[[Any], str], running: str = "") -> Callable[[Any, Any], Call]:
    """A normalization with its weights; `running`: the option that says whose statistics count."""

    def call(m: Any, given: tuple[Any, ...]) -> Call:
        arrays = _arrays(m)
        arrays.pop("num_batches_tracked", None)
        x = given[0]
        single = running and x.dim() == int(type(m).__name__[-2]) + 1 and "Instance" in type(m).__name__
        own = m.training or "running_mean" not in arrays
        if running and own:
            arrays = {k: v for k, v in arrays.items() if not k.startswith("running")}
        settings = [f"{k}={k}" for k in arrays] + [o for o in (options(m),) if o]
        settings += [f"{running}={own}"] if running else []
        text = f"{name}({'x[None]' if single else 'x'}, {', '.join(settings)})"
        return (f"{text}[0]" if single else text), {"x": x, **arrays}

    return call


def _attention(m: Any, given: tuple[Any, ...], **masks: Any) -> Call:
    import torch

    arrays = _arrays(m)
    arrays |= dict(zip(("query", "key", "value"), given, strict=True))
    for name, mask in masks.items():
        if mask is not None:
            arrays[name] = torch.zeros(mask.shape, dtype=torch.float64).masked_fill(mask, float("-inf"))
    settings = ", ".join(f"{k}={k}" for k in arrays)
    flags = f"num_heads={m.num_heads}, batch_first={m.batch_first}, add_zero_attn={m.add_zero_attn}"
    return f"multi_head_attention({settings}, {flags})", arrays


def _eps(m: Any) -> str:
    return f"eps={m.eps!r}"


FORMULAS: dict[str, Callable[..., Call]] = {
    "BatchNorm1d": _norm("batch_norm", _eps, "training"),
    "BatchNorm2d": _norm("batch_norm", _eps, "training"),
    "BatchNorm3d": _norm("batch_norm", _eps, "training"),
    "InstanceNorm1d": _norm("instance_norm", _eps, "use_input_stats"),
    "InstanceNorm2d": _norm("instance_norm", _eps, "use_input_stats"),
    "InstanceNorm3d": _norm("instance_norm", _eps, "use_input_stats"),
    "LayerNorm": _norm("layer_norm", lambda m: f"normalized_shape={m.normalized_shape}, eps={m.eps!r}"),
    "RMSNorm": _norm("rms_norm", lambda m: f"normalized_shape={m.normalized_shape}, eps={m.eps!r}"),
    "GroupNorm": _norm("group_norm", lambda m: f"num_groups={m.num_groups}, eps={m.eps!r}"),
    "LocalResponseNorm": _norm(
        "local_response_norm", lambda m: f"size={m.size}, alpha={m.alpha}, beta={m.beta}, k={m.k}"
    ),
    "Embedding": lambda m, given: (
        f"embedding(ids, weight, padding_idx={m.padding_idx})",
        {"ids": given[0], "weight": m.weight},
    ),
    "Linear": lambda m, given: (
        "linear(x, weight" + (", bias)" if m.bias is not None else ")"),
        {"x": given[0], **_arrays(m)},
    ),
    "GLU": lambda m, given: (f"glu(x, dim={m.dim})", {"x": given[0]}),
    "MultiheadAttention": _attention,
    "L1Loss": _loss("l1_loss"),
    "MSELoss": _loss("mse_loss"),
    "SmoothL1Loss": _loss("smooth_l1_loss", lambda m: f"beta={m.beta}"),
    "HuberLoss": _loss("huber_loss", lambda m: f"delta={m.delta}"),
    "BCELoss": _loss("F.binary_cross_entropy"),
    "BCEWithLogitsLoss": _loss("binary_cross_entropy_with_logits"),
    "CrossEntropyLoss": _loss(
        "F.cross_entropy", lambda m: f"ignore_index={m.ignore_index}, label_smoothing={m.label_smoothing}"
    ),
    "NLLLoss": _loss("nll_loss", lambda m: f"ignore_index={m.ignore_index}"),
    "KLDivLoss": _loss("kl_div", lambda m: f"log_target={m.log_target}"),
    "PoissonNLLLoss": _loss("poisson_nll_loss", lambda m: f"log_input={m.log_input}, full={m.full}, eps={m.eps}"),
    "GaussianNLLLoss": _loss("gaussian_nll_loss", lambda m: f"full={m.full}, eps={m.eps}", inputs=3),
    "HingeEmbeddingLoss": _loss("hinge_embedding_loss", lambda m: f"margin={m.margin}"),
    "MarginRankingLoss": _loss("margin_ranking_loss", lambda m: f"margin={m.margin}", inputs=3),
    "CosineEmbeddingLoss": _loss("cosine_embedding_loss", lambda m: f"margin={m.margin}", inputs=3),
    "TripletMarginLoss": _loss(
        "triplet_margin_loss", lambda m: f"margin={m.margin}, p={m.p}, eps={m.eps}, swap={m.swap}", inputs=3
    ),
    "SoftMarginLoss": _loss("soft_margin_loss"),
    "MultiMarginLoss": _loss("multi_margin_loss", lambda m: f"p={m.p}, margin={m.margin}"),
    "MultiLabelMarginLoss": _loss("multilabel_margin_loss"),
    "MultiLabelSoftMarginLoss": _loss("multilabel_soft_margin_loss"),
}
"""By the module's name."""


def database() -> dict[str, Any]:
    """PyTorch's modules, with the inputs that it tests them with."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stub = types.ModuleType("expecttest")  # PyTorch's test helpers derive a class from it, which nobody uses
        stub.TestCase = unittest.TestCase  # type: ignore[attr-defined]
        sys.modules.setdefault("expecttest", stub)
        from torch.testing._internal.common_modules import module_db

        if sys.modules["expecttest"] is stub:
            del sys.modules["expecttest"]
    return {info.module_cls.__name__: info for info in module_db}


def inputs(info: Any, training: bool) -> Iterator[tuple[Any, Any]]:
    """A module ready to be called, and what it is called with."""
    import torch

    torch.manual_seed(0)
    found = info.module_inputs_func(info, device="cpu", dtype=torch.float64, requires_grad=True, training=training)
    for one in found:
        settings = {k: v for k, v in one.constructor_input.kwargs.items() if k not in ("device", "dtype")}
        module = info.module_cls(*one.constructor_input.args, **settings).to(torch.float64).train(training)
        yield module, one.forward_input
