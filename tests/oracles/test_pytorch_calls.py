"""Formulas as PyTorch's users write them: the same text, evaluated by PyTorch, has the same values and gradients."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

import backpropcli as bp
from backpropcli.errors import BackpropError

RNG = np.random.default_rng(11)


def normal(*shape: int) -> Any:
    return RNG.normal(size=shape).round(3)


PARAMETERS = {"x": normal(2, 3, 4), "q": normal(2, 3, 4), "W": normal(4, 5), "M": normal(4, 4), "v": normal(4)}
PARAMETERS |= {"C": normal(6, 4), "p": abs(normal(3, 5)) + 0.1, "s": normal(2, 3, 6)}
INPUTS = {
    "y": [1, 0, 4],
    "y2": [[1], [0], [4]],
    "X": [[1, 2], [0, 5], [3, 3]],
    "ix": [2, 0],
    "m": [[1, 0, 1], [0, 1, 1]],
}

SAME = """
p[range(3), y]
p[torch.arange(3), y2.view(-1)]
p[list(range(len(p))), y]
p[torch.arange(3), y2.squeeze(1).long()]
C[X].view(C[X].shape[0], -1)
C[X.view(-1)].view(3, 2, 4)
C[X].view(X.shape[0], X.size(1) * C.size(-1))
x[:, ix, :]
p[torch.arange(3).unsqueeze(1), X % 5]
(x > 0).float() * x
m.bool()[:, :, None] * x
x[:, -1, ::2]
x.transpose(1, 2)
x.transpose(-2, -1) @ q
torch.transpose(M, 0, 1)
torch.transpose(x, dim0=0, dim1=2)
x.view(2, 3, 2, 2).transpose(1, 2).contiguous().view(2, 2, 6)
M.transpose(1, 0)
x.permute(0, 2, 1)
torch.var(x, 1)
torch.std(x, dim=-1, keepdim=True)
x.var(dim=0, unbiased=False)
x.var(0, unbiased=True)
x.std(-1, correction=0)
x.max(1).values
x.max(dim=-1, keepdim=True)[0]
x - x.max(1, keepdim=True).values
torch.max(x, dim=1)[0]
torch.min(x, 2).values
torch.max(x, torch.zeros_like(x))
torch.min(q, x)
torch.sort(x, dim=1)[0]
s.split(2, dim=-1)[1]
s.split(4, dim=2)[1]
torch.split(x, [1, 2], dim=1)[1]
x * x.size(-1)**-0.5
x.masked_fill(x > 0, -1e9)
M.masked_fill(torch.tril(torch.ones(4, 4)) == 0, float('-inf')).softmax(dim=-1)
x.masked_fill(m[:, :, None] == 0, 0.0)
p.gather(1, y2)
p.gather(1, y.unsqueeze(1)).squeeze(1)
torch.gather(p, dim=1, index=X[:2] % 5)
torch.gather(x, 1, X.view(1, 3, 2) % 3)
torch.index_select(C, 0, X.view(-1))
p.index_select(1, ix)
torch.take_along_dim(p, y2, dim=1)
x.flatten(1)
torch.flatten(x, start_dim=1)
s.flatten(0, 1)
x.flatten(-2)
x.unflatten(-1, (2, 2))
v.expand(3, -1)
x[:, :1].expand(-1, 5, -1)
v.expand_as(x)
v.repeat_interleave(2)
torch.repeat_interleave(x, 2, dim=1)
x.chunk(2, dim=-1)[0]
s.chunk(4, -1)[2]
torch.unbind(x, dim=1)[2]
x.unbind(0)[1]
torch.narrow(x, 2, 1, 2)
s.unfold(2, 3, 2)
x.where(x > 0, 0.0)
x.where(q > 0, q * q)
torch.median(x)
x.median(dim=1).values
torch.median(x, dim=-1, keepdim=True)[0]
x.unfold(1, 2, 1).unfold(2, 2, 2)
x.sum() / x.numel() + x.dim()
x.view(x.size(0), -1)
F.pad(x, (1, 2))
F.pad(x, pad=(1, 0, 0, 2), mode='constant', value=-1.5)
F.pad(x, (1, -2), mode='replicate')
x.double().clone() * torch.tensor([1., 2., 3., 4.])
torch.where(torch.tril(torch.ones(4, 4)) > 0, M, torch.tensor(float('-inf'))).softmax(dim=-1)
""".strip().splitlines()

REFUSED = (
    ("M.transpose(0, 1)", "PyTorch's transpose(0, 1) turns a matrix, NumPy's leaves it as it is", "Turned it is M.T"),
    ("x.var(0, keepdim=True)", "PyTorch's var divides by n - 1, NumPy's by n", "correction=1 or correction=0"),
    ("torch.var(x, 0, False)", "PyTorch's var divides by n - 1, NumPy's by n", "correction=1 or correction=0"),
    ("x.std(dim=1)", "PyTorch's std divides by n - 1, NumPy's by n", "correction=1 or correction=0"),
    ("x.var(0, unbiased=2)", "unbiased of var is True or False", ""),
    ("torch.max(x, dim=1)[1]", "PyTorch's max gives values and positions", "the positions are argmax(x, dim=1)"),
    ("(x + q).max(1)[1]", "PyTorch's max(1)[1] is all", "(x + q).max(1).  Number 1 of them: (x + q).max(axis=1)[1]"),
    ("x.max(1).indices", "PyTorch's max gives values and positions", "the positions are x.argmax(1)"),
    ("x.max(1, keepdim=True)[:, 0]", "PyTorch's max gives values and positions", "have .values behind them"),
    ("M.repeat(3, 1)", "PyTorch's repeat copies the whole array, NumPy's every entry", "tile(M, (3, 1))"),
    ("x.repeat(2, 1, 1)", "PyTorch's repeat copies the whole array, NumPy's every entry", "tile(x, (2, 1, 1))."),
    ("F.pad(x, (1, 1, 1))", "pad=(1, 1, 1) does not fit the shape (2,3,4)", "the last axis first"),
    ("s.split(4, dim=2)", "split gives 2 arrays", "s.split(4, dim=2)[0]"),
    ("s.split([1, 2], dim=2)[0]", "sizes (1,2) do not add up to the 6 entries of axis 2", ""),
    ("s.split(0, dim=2)[0]", "split_size is at least 1", ""),
    ("v[v > 0]", "an index is made of whole numbers, not of conditions", "where(condition, a, b)"),
    ("x[m.bool()]", "an index is made of whole numbers, not of conditions", "where(condition, a, b)"),
    ("x[isfinite(m)]", "an index is made of whole numbers, not of conditions", "where(condition, a, b)"),
    ("p.gather(1, y)", "index has the shape (3,), and x (3,5)", "y[:, None]"),
    ("p.index_select(1, y2)", "index is a list of places", "take(x, index, axis=0)"),
    ("x.flatten(2, 1)", "start_dim=2 stands behind end_dim=1", ""),
    ("v.expand(-1, 4)", "shape=(-1, 4) does not say every size of (4,)", "new ones first"),
    ("x.masked_fill(x > 0, v)", "value is one number, not an array of the shape (4,)", "where(mask, value, x)"),
    ("x.narrow(2, 3, 2)", "axis 2 has 4 entries: 2 from number 3 on are not there", ""),
    ("x.unbind(1)", "unbind gives 3 arrays", "x.unbind(1)[0]"),
    ("x.view(*x.shape)", "* unpacks nothing here", "x.reshape(y.shape)"),
    (
        "x.max(1)[0]",
        "PyTorch's max(1)[0] is all values or positions",
        "All values: x.max(1).  Number 0 of them: x.max(axis=1)[0]",
    ),
    ("x.size(3)", "the shape is (2, 3, 4): it has 3 sizes", ""),
    ("x.to(3)", "this is no type of numbers", "float, int or bool"),
    ("x * float('one')", "a text has no value", "float('-inf')"),
    (
        "v * torch.tensor([1, 2, 3, 4], requires_grad=True)",
        "a constant in a formula has no gradient",
        "under parameters",
    ),
)


def loaded(text: str) -> bp.Network:
    used = set(re.findall(r"\w+", text))
    parameters = {name: array.tolist() for name, array in PARAMETERS.items() if name in used}
    inputs = {name: array for name, array in INPUTS.items() if name in used}
    nodes = {"out": text, "J": "sum(out) + 0.5 * sum(out * out)"}
    return bp.loads(json.dumps({"inputs": inputs, "parameters": parameters, "nodes": nodes}))


@pytest.mark.parametrize("text", SAME)
def test_the_same_text_in_pytorch(text: str) -> None:
    torch = pytest.importorskip("torch")
    arrays = {name: torch.tensor(array, requires_grad=True) for name, array in PARAMETERS.items()}
    known = {name: torch.tensor(array) for name, array in INPUTS.items()}
    scope = {"torch": torch, "F": torch.nn.functional, **arrays, **known}
    expected = eval(text, scope)  # our own text, of this file
    (expected.sum() + 0.5 * (expected * expected).sum()).backward()
    trace = loaded(text).run()
    np.testing.assert_allclose(trace.value("out"), expected.detach().numpy(), rtol=1e-12, atol=1e-14)
    assert np.shape(trace.value("out")) == tuple(expected.shape)
    used = [name for name, array in arrays.items() if array.grad is not None]
    assert used
    for name in used:
        np.testing.assert_allclose(trace.gradient(name), arrays[name].grad.numpy(), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(("text", "message", "hint"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_may_be_either_is_refused_with_both(text: str, message: str, hint: str) -> None:
    with pytest.raises(BackpropError) as caught:
        loaded(text)
    assert message in caught.value.message
    assert hint in caught.value.hint
