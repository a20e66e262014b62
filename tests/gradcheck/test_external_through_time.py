"""External gradients of recurrences: right ones pass, by hand and by PyTorch; what goes wrong in a loop is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backpropcli.api import loads

T = 6
NET = loads(f"""
inputs: {{x: {{normal: [{T}, 2, 3], seed: 1}}, y: {{normal: [{T}, 2, 3], seed: 7}}}}
parameters:
  Wx: {{normal: [3, 3], seed: 2}}
  Wh: {{normal: [3, 3], seed: 3}}
  b: {{normal: [3], seed: 4}}
  h0: {{normal: [2, 3], seed: 5}}
nodes:
  h[0]: h0
  z[t]: x[t] @ Wx + h[t-1] @ Wh + b
  h[t]: tanh(z[t])
  J: sum((h[1:] - y)**2)/2
loss: J
""")
Times = Callable[[int], bool]


def every(t: int) -> bool:
    return True


def by_hand(weights: Times = every, bias: Times = every, cut: int = T) -> dict[str, Any]:
    """Backpropagation through time as a notebook has it: which times count, and after how many the state is cut off."""
    v = {name: np.asarray(value) for name, value in NET.values.items()}
    h = [v["h0"]]
    for t in range(T):
        h.append(np.tanh(v["x"][t] @ v["Wx"] + h[-1] @ v["Wh"] + v["b"]))
    g = {name: np.zeros_like(v[name]) for name in ("Wx", "Wh", "b", "h0")}
    back = np.zeros_like(v["h0"])
    for t in reversed(range(T)):
        dz = (back + h[t + 1] - v["y"][t]) * (1 - h[t + 1] ** 2)
        g["Wx"] += weights(t) * v["x"][t].T @ dz
        g["Wh"] += weights(t) * h[t].T @ dz
        g["b"] += bias(t) * dz.sum(axis=0)
        back = dz @ v["Wh"].T * (t == 0 or t % cut > 0)
    g["h0"] = back
    return g


def test_right_ones_pass() -> None:
    assert NET.check_gradients(by_hand()).verdict == "pass"


SLIPS: dict[str, tuple[dict[str, Any], str]] = {
    "the last time alone": (
        {"weights": lambda t: t == T - 1, "bias": lambda t: t == T - 1},
        "only the last time goes into dJ/dWx and dJ/dWh and dJ/db (= in place of += in the loop).",
    ),
    "the last time alone, for one": ({"bias": lambda t: t == T - 1}, "only the last time goes into dJ/db"),
    "the first time alone": ({"weights": lambda t: t == 0}, "only the first time goes into dJ/dWx and dJ/dWh"),
    "the last one forgotten": (
        {"weights": lambda t: t < T - 1, "bias": lambda t: t < T - 1},
        "the last time is missing in dJ/dWx and dJ/dWh and dJ/db.",
    ),
    "the first one forgotten": (
        {"weights": lambda t: t > 0, "bias": lambda t: t > 0},
        "the first time is missing in dJ/dWx and dJ/dWh and dJ/db.",
    ),
    "the first one forgotten, for one": ({"bias": lambda t: t > 0}, "the path from b through z[0] = "),
    "nothing goes back in time": ({"cut": 1}, "nothing comes back from one time to the one before"),
    "cut off every second time": ({"cut": 2}, "the state is cut off every 2 times: truncated"),
    "no bias": ({"bias": lambda t: False}, "nothing comes back in every add"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_the_loop_is_named(slip: str) -> None:
    arguments, words = SLIPS[slip]
    found = NET.check_gradients(by_hand(**arguments)).external
    assert found is not None
    assert found.verdict == "fail"
    assert any(words in sentence for sentence in found.likely), (found.where, found.likely)


LSTM = """
inputs: {x: {normal: [4, 2, 3], seed: 1}}
parameters: {W_ih: {normal: [8, 3], seed: 2}, W_hh: {normal: [8, 2], seed: 3}, b: {normal: [8], seed: 4}}
nodes:
  h[0]: zeros((2, 2))
  c[0]: 0
  z[t]: x[t] @ W_ih.T + h[t-1] @ W_hh.T + b
  c[t]: sigmoid(z[t, :, 2:4]) * c[t-1] + sigmoid(z[t, :, 0:2]) * tanh(z[t, :, 4:6])
  h[t]: sigmoid(z[t, :, 6:8]) * tanh(c[t])
  J: sum(h[1:]**2)
loss: J
"""


@pytest.mark.parametrize("transposed", [False, True])
def test_pytorchs_lstm_passes_and_its_slips_are_named(transposed: bool) -> None:
    torch = pytest.importorskip("torch")
    text = LSTM
    if transposed:  # weights as formulas have them, (inputs, outputs)
        text = text.replace(".T", "").replace("[8, 3]", "[3, 8]").replace("[8, 2]", "[2, 8]")
    net = loads(text)
    turn = np.transpose if transposed else np.asarray
    module = torch.nn.LSTM(3, 2).double()
    for name, own in {"weight_ih_l0": turn(net.values["W_ih"]), "weight_hh_l0": turn(net.values["W_hh"])}.items():
        getattr(module, name).data = torch.tensor(own.copy())
    module.bias_ih_l0.data = torch.tensor(net.values["b"])
    module.bias_hh_l0.data.zero_()
    (module(torch.tensor(net.values["x"]))[0] ** 2).sum().backward()
    theirs = {name: value.grad.numpy() for name, value in module.named_parameters() if name != "bias_hh_l0"}
    end = ".T" if transposed else ""
    renames = [f"weight_ih_l0=W_ih{end}", f"weight_hh_l0=W_hh{end}", "bias_ih_l0=b"]
    assert net.check_gradients(theirs, renames=renames).verdict == "pass"
    gates = np.roll(theirs["weight_hh_l0"], 2, axis=0)
    found = net.check_gradients({**theirs, "weight_hh_l0": gates}, renames=renames).external
    assert found is not None
    assert any("in another order" in sentence for sentence in found.likely), found.likely
