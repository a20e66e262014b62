"""PyTorch's own samples of its operators, each with the values and vector-Jacobian products that PyTorch finds."""

from __future__ import annotations

import sys
import types
import unittest
import warnings
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
from comparing import Outcome, Sample
from torch_calls import Written, foreign, formulas

SHARED: dict[str, Any] = {}


def database() -> list[Any]:
    """The variants of `op_db` that have a gradient in float64."""
    if "found" not in SHARED:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            stub = types.ModuleType("expecttest")  # PyTorch's test helpers derive a class from it, which nobody uses
            stub.TestCase = unittest.TestCase  # type: ignore[attr-defined]
            sys.modules.setdefault("expecttest", stub)
            import torch
            from torch.testing._internal.common_methods_invocations import op_db

            if sys.modules["expecttest"] is stub:
                del sys.modules["expecttest"]
            SHARED["found"] = [o for o in op_db if o.supports_autograd and torch.float64 in o.supported_dtypes("cpu")]
    found: list[Any] = SHARED["found"]
    return found


def samples(variant: Any, most: int | None = None) -> Iterator[Sample | Outcome]:
    """The variant's samples as formulas; an Outcome where it cannot be one."""
    import torch

    seed = zlib.crc32(variant.full_name.encode())
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = list(islice(variant.sample_inputs("cpu", torch.float64, requires_grad=True), most))
    for sample in found:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            written = one(variant, sample, rng)
        yield written


def one(variant: Any, sample: Any, rng: Any) -> Sample | Outcome:
    """One sample: PyTorch's answer first, then the call as it is written here."""
    import torch

    arguments = (sample.input, *sample.args)
    if said := foreign(arguments, sample.kwargs):
        return Outcome("foreign", said)
    torch.manual_seed(0)
    try:
        result = variant.op(*arguments, **sample.kwargs)
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        return Outcome("foreign", f"PyTorch refuses it: {str(error).splitlines()[0][:60]}")
    several = not isinstance(result, torch.Tensor)
    results = list(result) if isinstance(result, tuple | list) else [result]
    if not all(isinstance(r, torch.Tensor) for r in results):
        return Outcome("missing", "its result is no array")
    if any(r.is_complex() for r in results):
        return Outcome("missing", "its result is complex")
    if any(r.is_floating_point() and r.dtype != torch.float64 for r in results):
        return Outcome("missing", "its result has another precision")
    if any(r.layout != torch.strided for r in results):
        return Outcome("foreign", "its result is sparse")
    kept = [k for k, r in enumerate(results) if r.is_floating_point()]
    written = Written()
    try:
        texts = formulas(variant, arguments, sample.kwargs, written, kept if several else None)
    except NotImplementedError as error:
        return Outcome("missing", str(error))
    results = [results[k] for k in kept]
    upstream = [rng.normal(size=tuple(r.shape)) for r in results]
    terms = [(r * torch.from_numpy(u).to(r.dtype)).sum() for r, u in zip(results, upstream, strict=True)]
    moving = [t for t in terms if t.requires_grad]
    parameters = written.parameters()
    gradients: dict[str, Any] = {}
    if moving and parameters:
        found = torch.autograd.grad(sum(moving), list(parameters.values()), allow_unused=True)
        gradients = {
            name: np.zeros(tuple(p.shape)) if g is None else g.numpy(force=True)
            for (name, p), g in zip(parameters.items(), found, strict=True)
        }
    return Sample(
        texts,
        {name: p.numpy(force=True) for name, p in parameters.items()},
        {name: x.numpy(force=True) for name, x in written.inputs().items()},
        [r.numpy(force=True) for r in results],
        upstream,
        gradients,
    )
