"""rnn, lstm and gru are PyTorch's layers: one way or both, one layer or two, batch first or second, unrolled too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backpropcli.engine import Plan, run
from backpropcli.errors import BackpropError
from backpropcli.language import loads

KINDS = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}


def _spec(kind: str, module: Any, x: Any, formula: str) -> str:
    weights = "".join(f"  {name}: {value.tolist()}\n" for name, value in module.named_parameters())
    return f"inputs:\n  x: {x.tolist()}\nparameters:\n{weights}nodes:\n{formula}  J: sum(y**2)\n"


def _layer(kind: str, x: str, number: int, options: str = "", end: str = "", bias: bool = True) -> str:
    names = [f"{name}_l{number}{end}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")[: 4 if bias else 2]]
    return f"{kind}({x}, {', '.join(names)}{options})"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", ["two layers", "both ways", "batch first, no bias", "one sequence"])
def test_a_recurrent_layer_is_pytorchs(kind: str, case: str) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    settings = {
        "two layers": {"num_layers": 2},
        "both ways": {"bidirectional": True},
        "batch first, no bias": {"batch_first": True, "bias": False},
        "one sequence": {},
    }[case]
    module = getattr(torch.nn, KINDS[kind])(4, 3, **settings).double()
    x = torch.randn((5, 4) if case == "one sequence" else (2, 5, 4), dtype=torch.float64, requires_grad=True)
    out, _ = module(x)
    (out**2).sum().backward()
    formula = {
        "two layers": f"  a: {_layer(kind, 'x', 0)}\n  y: {_layer(kind, 'a', 1)}\n",
        "both ways": f"  a: {_layer(kind, 'x', 0)}\n  b: {_layer(kind, 'x', 0, ', reverse=True', '_reverse')}\n"
        "  y: concatenate([a, b], axis=-1)\n",
        "batch first, no bias": f"  y: {_layer(kind, 'x', 0, ', batch_first=True', bias=False)}\n",
        "one sequence": f"  y: {_layer(kind, 'x', 0)}\n",
    }[case]
    spec = loads(_spec(kind, module, x, formula))
    for one in (spec, spec.unrolled()):
        trace = run(Plan(one.graph), one.values, "J", everything=True)
        assert trace.value("y") == pytest.approx(out.detach().numpy(), rel=1e-10, abs=1e-12)
        for name, value in {"x": x, **dict(module.named_parameters())}.items():
            assert trace.gradient(name) == pytest.approx(value.grad.numpy(), rel=1e-10, abs=1e-12), name
    assert len(spec.unrolled().graph) > len(spec.graph)


WRONG = {
    "lstm(x, w[:, :3], u)": "x has 4 features, and weight_ih (8,3) takes 3",
    "lstm(x, w[:6], u)": "weight_ih (6,4) and weight_hh (8,2) do not fit",
    "lstm(x[0, 0], w, u)": "x has the shape (4,): it needs a row for each time",
    "lstm(x, w, u, b[:7])": "bias_ih has the shape (7,), and 8 are needed",
    "lstm(x, w, u, h0=b)": "h0 has the shape (8,), and one state (2,2)",
    "rnn(x, w[:2], u[:2], nonlinearity='sigmoid')": "nonlinearity is 'tanh' or 'relu', not 'sigmoid'",
    "gru(x, w, u)": "weight_ih (8,4) and weight_hh (8,2) do not fit",
}


@pytest.mark.parametrize("call", WRONG)
def test_what_does_not_fit_is_told(call: str) -> None:
    data = "x: {normal: [3, 2, 4]}, w: {normal: [8, 4]}, u: {normal: [8, 2]}, b: {normal: [8]}"
    with pytest.raises(BackpropError) as told:
        loads(f'inputs: {{{data}}}\nnodes:\n  J: "sum({call})"')
    assert WRONG[call] in told.value.message
    assert told.value.place is not None


def test_the_state_goes_on_where_it_was() -> None:
    """The last state of the first half is the first of the second half's."""
    data = "x: {normal: [4, 2, 3], seed: 1}, w: {normal: [4, 3], seed: 2}, u: {normal: [4, 4], seed: 3}"
    nodes = "whole: 'rnn(x, w, u)', a: 'rnn(x[:2], w, u)', b: 'rnn(x[2:], w, u, h0=a[-1])'"
    spec = loads(f"inputs: {{{data}}}\nnodes: {{{nodes}, J: 'sum(b) + sum(whole)'}}")
    trace = run(Plan(spec.graph), spec.values, "J")
    assert np.concatenate([trace.value("a"), trace.value("b")]) == pytest.approx(trace.value("whole"), rel=1e-14)


def test_its_rules_are_said_before_its_steps() -> None:
    from backpropcli import api

    data = "x: {normal: [2, 2], seed: 1}, w: {normal: [2, 2], seed: 2}, u: {normal: [2, 2], seed: 3}"
    net = api.loads(f"parameters: {{{data}}}\nnodes: {{y: 'rnn(2 * x, w, u)', J: sum(y**2)}}")
    told = " ".join(str(net.derive("u")).split())
    assert "is h[1:] with x_ = 2 · x, h[0] = zeros((2,)), h[t] = tanh(x_[t] @ w.T + h[t - 1] @ u.T)" in told
