"""Layers beside PyTorch's modules: its weights fit as they are, or as W.T, and values and gradients agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backpropcli.engine import Plan, run
from backpropcli.language import loads

torch = pytest.importorskip("torch")
CASES: dict[str, tuple[Any, tuple[int, ...], str, dict[str, str]]] = {
    "dense": (lambda: torch.nn.Linear(3, 2), (4, 3), "dense: {W.T: weight, b: bias}", {"W1.T": "weight", "b1": "bias"}),
    "conv": (
        lambda: torch.nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2),
        (2, 4, 5, 5),
        "conv: {K: weight, b: bias, stride: 2, padding: 1, groups: 2}",
        {"K1": "weight", "b1": "bias"},
    ),
    "conv along one axis": (
        lambda: torch.nn.Conv1d(3, 2, 3, dilation=2),
        (2, 3, 8),
        "conv: {K: weight, b: bias, dilation: 2}",
        {"K1": "weight", "b1": "bias"},
    ),
    "max_pool": (lambda: torch.nn.MaxPool2d(3, 2, 1), (2, 2, 5, 5), "max_pool: {size: 3, stride: 2, padding: 1}", {}),
    "avg_pool": (lambda: torch.nn.AvgPool1d(2), (2, 3, 6), "avg_pool: [2]", {}),
    "flatten": (lambda: torch.nn.Flatten(), (2, 3, 4), "flatten", {}),
    "embedding": (lambda: torch.nn.Embedding(5, 3), (), "embedding: {E: weight}", {"E1": "weight"}),
    "layer norm": (
        lambda: torch.nn.LayerNorm(3),
        (4, 3),
        "norm: {kind: layer, g: weight, b: bias}",
        {"g1": "weight", "b1": "bias"},
    ),
    "batch norm": (lambda: torch.nn.BatchNorm2d(3), (4, 3, 2, 2), "norm: batch", {"g1": "weight", "b1": "bias"}),
    "group norm": (
        lambda: torch.nn.GroupNorm(2, 4),
        (3, 4, 2),
        "norm: {kind: group, groups: 2}",
        {"g1": "weight", "b1": "bias"},
    ),
    "rms norm": (lambda: torch.nn.RMSNorm(3, eps=1e-6), (4, 3), "norm: {kind: rms, eps: 1e-6}", {"g1": "weight"}),
    "rnn": (
        lambda: torch.nn.RNN(3, 2, nonlinearity="relu"),
        (5, 2, 3),
        "rnn: {units: 2, Wx.T: weight_ih_l0, Wh.T: weight_hh_l0, b: bias_ih_l0 + bias_hh_l0, nonlinearity: relu}",
        {"Wx1.T": "weight_ih_l0", "Wh1.T": "weight_hh_l0", "b1": "bias_ih_l0"},
    ),
    "lstm": (
        lambda: torch.nn.LSTM(3, 2, batch_first=True),
        (4, 5, 3),
        "lstm: {units: 2, batch_first: true, Wx.T: weight_ih_l0, Wh.T: weight_hh_l0, b: bias_ih_l0 + bias_hh_l0}",
        {"Wx1.T": "weight_ih_l0", "Wh1.T": "weight_hh_l0", "b1": "bias_ih_l0"},
    ),
    "lstm of one example": (
        lambda: torch.nn.LSTM(3, 2),
        (5, 3),
        "lstm: {units: 2, Wx.T: weight_ih_l0, Wh.T: weight_hh_l0, b: bias_ih_l0 + bias_hh_l0}",
        {"Wx1.T": "weight_ih_l0", "Wh1.T": "weight_hh_l0", "b1": "bias_ih_l0"},
    ),
    "gru": (
        lambda: torch.nn.GRU(3, 2),
        (5, 4, 3),
        "gru: {units: 2, Wx.T: weight_ih_l0, Wh.T: weight_hh_l0, b: bias_ih_l0, bh: bias_hh_l0}",
        {"Wx1.T": "weight_ih_l0", "Wh1.T": "weight_hh_l0", "b1": "bias_ih_l0", "bh1": "bias_hh_l0"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_pytorchs_module(name: str) -> None:
    make, shape, layer, names = CASES[name]
    torch.manual_seed(3)
    module = make().double()
    x = torch.tensor([3, 0, 3, 1])
    if name != "embedding":
        x = torch.randn(*shape, dtype=torch.float64, requires_grad=True)
    given = dict(module.named_parameters())
    for tensor in given.values():
        torch.nn.init.normal_(tensor)
    numbers = {key: tensor.detach().numpy() for key, tensor in given.items()}
    said = layer
    for key in sorted(numbers, key=len, reverse=True):
        both = numbers[key] + numbers.get(key.replace("_ih", "_hh"), 0) if f"{key} + " in said else numbers[key]
        said = said.replace(f"{key} + {key.replace('_ih', '_hh')}", str(both.tolist()))
        said = said.replace(f": {key}", f": {numbers[key].tolist()}")
    if name in ("batch norm", "group norm"):
        with torch.no_grad():
            given["weight"].fill_(1.0)
            given["bias"].zero_()
    if name == "rms norm":
        with torch.no_grad():
            given["weight"].fill_(1.0)
    text = f"inputs: {{x: {x.tolist()}}}\nlayers:\n  - {said}\n"
    made = list(loads(text).graph.nodes)[-1]
    spec = loads(text + f"nodes: {{J: 'sum(sin({made}) * {made})'}}\nloss: J\n")
    trace = run(Plan(spec.graph), spec.values, "J", everything=True)
    out = module(x)
    out = out[0] if isinstance(out, tuple) else out
    np.testing.assert_allclose(trace.value(made), out.detach().numpy(), rtol=1e-10, atol=1e-12)
    (torch.sin(out) * out).sum().backward()
    if name != "embedding":
        np.testing.assert_allclose(trace.gradient("x"), x.grad.numpy(), rtol=1e-10, atol=1e-11)
    for ours, theirs in names.items():
        gradient = np.asarray(trace.gradient(ours.removesuffix(".T")))
        wanted = given[theirs].grad.numpy()
        np.testing.assert_allclose(gradient.T if ours.endswith(".T") else gradient, wanted, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("causal", [False, True])
def test_attention_is_pytorchs_multihead_attention(causal: bool) -> None:
    torch.manual_seed(5)
    module = torch.nn.MultiheadAttention(4, 2, bias=True, batch_first=True).double()
    for tensor in module.parameters():
        torch.nn.init.normal_(tensor)
    x = torch.randn(2, 3, 4, dtype=torch.float64)
    whole, bias = module.in_proj_weight.detach().numpy(), module.in_proj_bias.detach().numpy()
    parts = {f"W{k}.T": whole[4 * i : 4 * i + 4] for i, k in enumerate("qkv")}
    parts |= {f"b{k}": bias[4 * i : 4 * i + 4] for i, k in enumerate("qkv")}
    parts |= {"Wo.T": module.out_proj.weight.detach().numpy(), "bo": module.out_proj.bias.detach().numpy()}
    settings = ", ".join(f"{key}: {value.tolist()}" for key, value in parts.items())
    layer = f"attention: {{heads: 2, causal: {str(causal).lower()}, bias: true, {settings}}}"
    spec = loads(f"inputs: {{x: {x.tolist()}}}\nlayers:\n  - {layer}\nnodes: {{J: sum(z1**2)}}\nloss: J\n")
    mask = torch.triu(torch.ones(3, 3, dtype=torch.bool), 1) if causal else None
    out, _ = module(x, x, x, attn_mask=mask)
    trace = run(Plan(spec.graph), spec.values, "J")
    np.testing.assert_allclose(trace.value("z1"), out.detach().numpy(), rtol=1e-10, atol=1e-11)
    (out**2).sum().backward()
    np.testing.assert_allclose(trace.gradient("Wk1").T, module.in_proj_weight.grad.numpy()[4:8], rtol=1e-9, atol=1e-9)
