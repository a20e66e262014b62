"""Networks twice: as a spec and in PyTorch, where a bug can be put into the backward pass at any named value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch

from backpropcli.api import Network, loads

Bug = Callable[[Any, Mapping[str, Any]], Any]
"""The gradient that arrives at a value, and all values so far, to the gradient that is handed on."""


class Tap(torch.autograd.Function):
    """The identity, with a bug in its backward pass."""

    @staticmethod
    def forward(ctx: Any, x: Any, bug: Any) -> Any:
        ctx.bug = bug
        return x.clone()

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return ctx.bug(g), None


class Bugs:
    """Bugs by the name of the value whose gradient they spoil; `a1>t2` is the gradient of a1 on its way from t2."""

    def __init__(self, bugs: Mapping[str, Bug]) -> None:
        self.bugs = dict(bugs)
        self.values: dict[str, Any] = {}

    def __call__(self, name: str, value: Any) -> Any:
        self.values[name.partition(">")[0]] = value.detach()
        if name not in self.bugs:
            return value
        return Tap.apply(value, lambda g: self.bugs[name](g, self.values))


class Case(NamedTuple):
    """A spec, the values of its data, and the same in PyTorch: parameters and data to the loss."""

    name: str
    spec: str
    values: dict[str, Any]
    torch: Callable[[Mapping[str, Any], Bugs], Any]

    def network(self) -> Network:
        return loads(self.spec, f"{self.name}.yaml")

    def gradients(self, bugs: Mapping[str, Bug] | None = None, dtype: Any = torch.float64) -> dict[str, Any]:
        """PyTorch's gradients of the parameters; None where nothing comes back."""
        tensors = {
            k: torch.tensor(np.asarray(v), dtype=dtype, requires_grad=k[0].isupper() or k[0] in "bwug")
            for k, v in self.values.items()
        }
        self.torch(tensors, Bugs(bugs or {})).backward()
        return {
            k: np.zeros(t.shape) if t.grad is None else t.grad.numpy() for k, t in tensors.items() if t.requires_grad
        }


def spec(nodes: Mapping[str, str], values: Mapping[str, Any]) -> str:
    def shown(v: Any) -> str:
        return repr(np.asarray(v).tolist())

    def section(title: str, names: list[str]) -> list[str]:
        return [f"{title}:", *(f"  {k}: {shown(values[k])}" for k in names)] if names else []

    parameters = [k for k in values if k[0].isupper() or k[0] in "bwug"]
    lines = section("inputs", [k for k in values if k not in parameters and k != "y"])
    lines += section("targets", [k for k in values if k == "y"]) + section("parameters", parameters)
    return "\n".join([*lines, "nodes:", *(f'  {k}: "{f}"' for k, f in nodes.items())]) + "\n"


def mlp(seed: int, act: str = "sigmoid", depth: int = 2, rows: int = 4, loss: str = "sum", width: int = 3) -> Case:
    """Dense layers on a batch, and the sum or mean of squares."""
    r = np.random.default_rng(seed)
    sizes = [3, *[width] * (depth - 1), 2]
    values: dict[str, Any] = {"x": r.normal(size=(rows, 3)), "y": r.normal(size=(rows, 2))}
    nodes, last = {}, "x"
    for k in range(1, depth + 1):
        values[f"W{k}"] = r.normal(size=(sizes[k - 1], sizes[k]))
        values[f"b{k}"] = r.normal(size=sizes[k])
        nodes |= {f"t{k}": f"{last} @ W{k}", f"z{k}": f"t{k} + b{k}", f"a{k}": f"{act}(z{k})"}
        last = f"a{k}"
    nodes["J"] = f"{loss}(({last} - y)**2)" + (" / 2" if loss == "sum" else "")

    def forward(v: Mapping[str, Any], tap: Bugs) -> Any:
        a, name = v["x"], "x"
        for k in range(1, depth + 1):
            t = tap(f"t{k}", tap(f"{name}>t{k}", a) @ tap(f"W{k}", v[f"W{k}"]))
            z = tap(f"z{k}", t + tap(f"b{k}", v[f"b{k}"]))
            a, name = tap(f"a{k}", getattr(torch, act)(z)), f"a{k}"
        squares = (a - v["y"]) ** 2
        return squares.sum() / 2 if loss == "sum" else squares.mean()

    return Case(f"mlp-{act}", spec(nodes, values), values, forward)


def classifier(seed: int, rows: int = 5) -> Case:
    """tanh, softmax and the mean cross-entropy, spelled out."""
    r = np.random.default_rng(seed)
    y = np.eye(3)[r.integers(0, 3, rows)]
    values = {
        "x": r.normal(size=(rows, 4)),
        "y": y,
        "W1": r.normal(size=(4, 3)),
        "b1": r.normal(size=3),
        "W2": r.normal(size=(3, 3)),
        "b2": r.normal(size=3),
    }
    nodes = {
        "z1": "x @ W1 + b1",
        "a1": "tanh(z1)",
        "z2": "a1 @ W2 + b2",
        "p": "softmax(z2)",
        "J": "-sum(y * log(p)) / 5",
    }

    def forward(v: Mapping[str, Any], tap: Bugs) -> Any:
        z1 = tap("z1", v["x"] @ tap("W1", v["W1"]) + tap("b1", v["b1"]))
        a1 = tap("a1", torch.tanh(z1))
        z2 = tap("z2", tap("a1>z2", a1) @ tap("W2", v["W2"]) + tap("b2", v["b2"]))
        p = tap("p", torch.softmax(z2, -1))
        return -(v["y"] * torch.log(p)).sum() / 5

    return Case("classifier", spec(nodes, values), values, forward)


def residual(seed: int, rows: int = 4) -> Case:
    """A block with a way around it."""
    r = np.random.default_rng(seed)
    values = {
        "x": r.normal(size=(rows, 3)),
        "y": r.normal(size=(rows, 3)),
        "W1": r.normal(size=(3, 3)),
        "b1": r.normal(size=3),
        "W2": r.normal(size=(3, 3)),
        "b2": r.normal(size=3),
    }
    nodes = {
        "z1": "x @ W1 + b1",
        "a1": "tanh(z1)",
        "z2": "a1 @ W2 + b2",
        "h": "tanh(z2)",
        "a2": "a1 + h",
        "J": "sum((a2 - y)**2) / 2",
    }

    def forward(v: Mapping[str, Any], tap: Bugs) -> Any:
        z1 = tap("z1", v["x"] @ tap("W1", v["W1"]) + tap("b1", v["b1"]))
        a1 = tap("a1", torch.tanh(z1))
        z2 = tap("z2", tap("a1>z2", a1) @ tap("W2", v["W2"]) + tap("b2", v["b2"]))
        h = tap("h", torch.tanh(z2))
        a2 = tap("a2", tap("a1>a2", a1) + h)
        return ((a2 - v["y"]) ** 2).sum() / 2

    return Case("residual", spec(nodes, values), values, forward)


def recurrent(seed: int, rows: int = 2) -> Case:
    """Three steps of a tanh network with shared weights."""
    r = np.random.default_rng(seed)
    values: dict[str, Any] = {f"x{k}": r.normal(size=(rows, 2)) for k in (1, 2, 3)}
    values |= {
        "y": r.normal(size=(rows, 3)),
        "h0": np.zeros((rows, 3)),
        "W": r.normal(size=(2, 3)),
        "U": r.normal(size=(3, 3)),
        "b": r.normal(size=3),
    }
    nodes = {}
    for k in (1, 2, 3):
        nodes |= {f"z{k}": f"x{k} @ W + h{k - 1} @ U + b", f"h{k}": f"tanh(z{k})"}
    nodes["J"] = "sum((h3 - y)**2) / 2"
    text = spec(nodes, values)

    def forward(v: Mapping[str, Any], tap: Bugs) -> Any:
        h = v["h0"]
        for k in (1, 2, 3):
            z = v[f"x{k}"] @ tap(f"W>z{k}", v["W"]) + tap(f"h{k - 1}>z{k}", h) @ tap(f"U>z{k}", v["U"])
            z = tap(f"z{k}", z + tap(f"b>z{k}", v["b"]))
            h = tap(f"h{k}", torch.tanh(z))
        return ((h - v["y"]) ** 2).sum() / 2

    return Case("recurrent", text, values, forward)


def normalised(seed: int, rows: int = 6) -> Case:
    """A layer, normalised over the batch."""
    r = np.random.default_rng(seed)
    values = {
        "x": r.normal(size=(rows, 3)),
        "y": r.normal(size=(rows, 2)),
        "W1": r.normal(size=(3, 2)),
        "b1": r.normal(size=2),
        "g": r.normal(size=2),
        "b2": r.normal(size=2),
    }
    nodes = {
        "z": "x @ W1 + b1",
        "m": "mean(z, axis=0)",
        "d": "z - m",
        "v": "mean(d**2, axis=0)",
        "n": "d / sqrt(v + 1e-5)",
        "o": "g * n + b2",
        "a": "relu(o)",
        "J": "sum((a - y)**2) / 2",
    }

    def forward(v: Mapping[str, Any], tap: Bugs) -> Any:
        z = tap("z", v["x"] @ tap("W1", v["W1"]) + tap("b1", v["b1"]))
        m = tap("m", tap("z>m", z).mean(0))
        d = tap("d", tap("z>d", z) - m)
        var = tap("v", (tap("d>v", d) ** 2).mean(0))
        n = tap("n", tap("d>n", d) / torch.sqrt(var + 1e-5))
        a = tap("a", torch.relu(tap("o", tap("g", v["g"]) * n + tap("b2", v["b2"]))))
        return ((a - v["y"]) ** 2).sum() / 2

    return Case("normalised", spec(nodes, values), values, forward)


def attention(seed: int, rows: int = 3) -> Case:
    """One head of self-attention."""
    r = np.random.default_rng(seed)
    values = {"x": r.normal(size=(rows, 4)), "y": r.normal(size=(rows, 2))}
    values |= {k: r.normal(size=(4, 2)) for k in ("Wq", "Wk", "Wv")}
    nodes = {
        "q": "x @ Wq",
        "k": "x @ Wk",
        "v": "x @ Wv",
        "s": "q @ k.T / sqrt(2)",
        "p": "softmax(s)",
        "o": "p @ v",
        "J": "sum((o - y)**2) / 2",
    }

    def forward(v: Mapping[str, Any], tap: Bugs) -> Any:
        q, k = tap("q", v["x"] @ tap("Wq", v["Wq"])), tap("k", v["x"] @ tap("Wk", v["Wk"]))
        u = tap("v", v["x"] @ tap("Wv", v["Wv"]))
        p = tap("p", torch.softmax(tap("s", q @ k.T / 2**0.5), -1))
        return ((tap("o", p @ u) - v["y"]) ** 2).sum() / 2

    return Case("attention", spec(nodes, values), values, forward)


MAKERS: tuple[Callable[[int], Case], ...] = (
    mlp,
    lambda seed: mlp(seed, "tanh", 3, 5, "mean"),
    lambda seed: mlp(seed, "relu", 3, 4, "mean"),
    classifier,
    residual,
    recurrent,
    normalised,
    attention,
)


def digits(gradients: Mapping[str, Any], count: int = 6) -> str:
    """The gradients as a C++ program would print them."""

    def shown(value: Any) -> str:
        return f"[{', '.join(map(shown, value))}]" if getattr(value, "ndim", 0) else f"{float(value):.{count}g}"

    return "{" + ",\n".join(f'"{k}": {shown(np.asarray(v))}' for k, v in gradients.items()) + "}"
