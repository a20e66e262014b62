"""PyTorch's modules on the inputs that PyTorch tests them with: values and all gradients, as named formulas."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
import pytest
from torch_modules import FORMULAS, database, inputs

import backpropcli as bp

torch = pytest.importorskip("torch")


def ours(call: str, arrays: dict[str, Any], upstream: Any) -> tuple[Any, dict[str, Any]]:
    """The value of a call, and the gradients of all arrays that may have one."""
    moving = {k for k, a in arrays.items() if torch.is_tensor(a) and a.is_floating_point() and a.requires_grad}
    data = {k: np.asarray(a.detach().to(torch.float64) if torch.is_tensor(a) else a) for k, a in arrays.items()}
    spec = {
        "parameters": {k: data[k].tolist() for k in data if k in moving},
        "inputs": {**{k: data[k].tolist() for k in data if k not in moving}, "upstream": upstream.tolist()},
        "nodes": {"out": call, "J": "sum(out * upstream)" if upstream.ndim else "out * upstream"},
    }
    trace = bp.loads(json.dumps(spec)).run()
    return trace.value("out"), {k: trace.gradient(k) for k in sorted(moving)}


def compared(call: str, arrays: dict[str, Any], result: Any) -> None:
    """Hold a call against what PyTorch's module gave, and against its gradients."""
    rng = np.random.default_rng(0)
    upstream = rng.normal(size=tuple(result.shape))
    moving = {k: a for k, a in arrays.items() if torch.is_tensor(a) and a.is_floating_point() and a.requires_grad}
    value, gradients = ours(call, arrays, upstream)
    np.testing.assert_allclose(value, result.detach().numpy(), rtol=1e-10, atol=1e-12, err_msg=call)
    assert np.shape(value) == tuple(result.shape), call
    if "ignore_index" in call and result.isnan().all():
        return  # no example counts: 0/0, and PyTorch's gradient of it is 0
    weighed = (result * torch.from_numpy(upstream)).sum()
    wanted = torch.autograd.grad(weighed, list(moving.values()), allow_unused=True)
    for name, gradient in zip(moving, wanted, strict=True):
        expected = np.zeros(tuple(moving[name].shape)) if gradient is None else gradient.numpy()
        np.testing.assert_allclose(gradients[name], expected, rtol=1e-10, atol=1e-12, err_msg=f"{call}: {name}")


def tried(name: str, training: bool) -> int:
    """How many inputs of a module were held against PyTorch's."""
    count = 0
    for module, given in inputs(database()[name], training):
        arguments = (*given.args, *(v for k, v in given.kwargs.items() if not k.endswith("mask")))
        masks = {k: v for k, v in given.kwargs.items() if k.endswith("mask")}
        first = arguments[0]
        if not first.numel() or (training and not module.training):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = module(*arguments, **masks)
        call, arrays = FORMULAS[name](module, arguments, **masks)
        compared(call, arrays, result[0] if isinstance(result, tuple) else result)
        count += 1
    return count


@pytest.mark.parametrize("training", [True, False], ids=["training", "eval"])
@pytest.mark.parametrize("name", FORMULAS)
def test_modules_agree(name: str, training: bool) -> None:
    if name not in database():
        pytest.skip(f"this PyTorch has no inputs for {name}")
    assert tried(name, training)
