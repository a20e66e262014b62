"""The networks of the courses as specs, against their backward passes written out in NumPy by hand, and PyTorch."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backpropcli as bp

Arrays = dict[str, Any]


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def softmax(z: Any) -> Any:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def draw(seed: int, **shapes: tuple[int, ...]) -> Arrays:
    rng = np.random.default_rng(seed)
    return {name: rng.normal(0, 0.8, shape) if shape else float(rng.normal()) for name, shape in shapes.items()}


def compare(
    parameters: Arrays,
    nodes: str,
    hand: Callable[..., tuple[float, Arrays]],
    inputs: Arrays | None = None,
    torched: str = "",
) -> bp.Trace:
    """Run the spec; its loss and gradients must be those written by hand, and PyTorch's where the text is given."""
    document = {"inputs": plain(inputs or {}), "parameters": plain(parameters), "nodes": lines(nodes), "loss": "J"}
    trace = bp.loads(json.dumps(document)).run()
    J, gradients = hand(**parameters, **(inputs or {}))
    assert trace.value("J") == pytest.approx(J, rel=1e-12)
    scale = max(float(np.abs(g).max()) for g in gradients.values())
    for name, right in gradients.items():
        np.testing.assert_allclose(trace.gradient(name), right, rtol=1e-10, atol=1e-14 * scale, err_msg=name)
    assert set(gradients) == set(parameters)
    return trace


def against_torch(trace: bp.Trace, parameters: Arrays, inputs: Arrays, loss: Callable[..., Any]) -> None:
    torch = pytest.importorskip("torch")
    made = {k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in parameters.items()}
    given = {k: torch.tensor(v) for k, v in inputs.items()}
    J = loss(torch, **made, **given)
    J.backward()
    assert trace.value("J") == pytest.approx(J.item(), rel=1e-12)
    for name, tensor in made.items():
        np.testing.assert_allclose(
            trace.gradient(name), tensor.grad.numpy(), rtol=1e-10, atol=1e-14 * max(1, tensor.grad.abs().max().item())
        )


def plain(arrays: Arrays) -> Arrays:
    return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in arrays.items()}


def lines(text: str) -> dict[str, str]:
    pairs = (line.partition(" = ") for line in text.strip().splitlines())
    return {name.strip(): formula.strip() for name, _, formula in pairs}


def test_recurrent_network() -> None:
    steps, parameters = 6, draw(1, Wx=(3, 4), Wh=(4, 4), b=(4,), Wy=(4, 2), h0=(4,))
    inputs = draw(2, x=(6, 3), y=(6, 2))
    nodes = "".join(f"h{t + 1} = tanh(x[{t}] @ Wx + h{t} @ Wh + b)\n" for t in range(steps))
    nodes += "".join(f"e{t} = sum((h{t + 1} @ Wy - y[{t}])**2)\n" for t in range(steps))
    nodes += "J = " + " + ".join(f"e{t}" for t in range(steps))

    def hand(Wx: Any, Wh: Any, b: Any, Wy: Any, h0: Any, x: Any, y: Any) -> tuple[float, Arrays]:
        h = [h0]
        for t in range(steps):
            h.append(np.tanh(x[t] @ Wx + h[t] @ Wh + b))
        error = [h[t + 1] @ Wy - y[t] for t in range(steps)]
        g = {k: np.zeros_like(v) for k, v in {"Wx": Wx, "Wh": Wh, "b": b, "Wy": Wy}.items()}
        later = np.zeros_like(h0)
        for t in reversed(range(steps)):
            g["Wy"] += np.outer(h[t + 1], 2 * error[t])
            dz = (2 * Wy @ error[t] + later) * (1 - h[t + 1] ** 2)
            g["b"] += dz
            g["Wx"] += np.outer(x[t], dz)
            g["Wh"] += np.outer(h[t], dz)
            later = Wh @ dz
        return sum(float((e**2).sum()) for e in error), {**g, "h0": later}

    trace = compare(parameters, nodes, hand, inputs)

    def loss(torch: Any, Wx: Any, Wh: Any, b: Any, Wy: Any, h0: Any, x: Any, y: Any) -> Any:
        h, total = h0, 0
        for t in range(steps):
            h = torch.tanh(x[t] @ Wx + h @ Wh + b)
            total = total + ((h @ Wy - y[t]) ** 2).sum()
        return total

    against_torch(trace, parameters, inputs, loss)


def test_lstm_step() -> None:
    parameters = draw(3, W=(5, 12), b=(12,), h=(3,), c=(3,))
    inputs = draw(4, x=(2,))
    nodes = """
        z = np.concatenate([x, h]) @ W + b
        i = sigmoid(z[:3])
        f = sigmoid(z[3:6])
        o = sigmoid(z[6:9])
        g = np.tanh(z[9:])
        c_next = f * c + i * g
        h_next = o * np.tanh(c_next)
        J = np.sum(h_next**2) + np.sum(c_next)
    """

    def hand(W: Any, b: Any, h: Any, c: Any, x: Any) -> tuple[float, Arrays]:
        joined = np.concatenate([x, h])
        z = joined @ W + b
        i, f, o, g = sigmoid(z[:3]), sigmoid(z[3:6]), sigmoid(z[6:9]), np.tanh(z[9:])
        c_next = f * c + i * g
        t = np.tanh(c_next)
        h_next = o * t
        dh = 2 * h_next
        dc = 1 + dh * o * (1 - t**2)
        dz = np.concatenate([dc * g * i * (1 - i), dc * c * f * (1 - f), dh * t * o * (1 - o), dc * i * (1 - g**2)])
        gradients = {"W": np.outer(joined, dz), "b": dz, "h": (W @ dz)[2:], "c": dc * f}
        return float((h_next**2).sum() + c_next.sum()), gradients

    trace = compare(parameters, nodes, hand, inputs)

    def loss(torch: Any, W: Any, b: Any, h: Any, c: Any, x: Any) -> Any:
        cell = torch.nn.LSTMCell(2, 3, dtype=torch.float64)  # its gates are in the order i, f, g, o
        order = [0, 1, 2, 3, 4, 5, 9, 10, 11, 6, 7, 8]
        state = {
            "weight_ih": W[:2].T[order],
            "weight_hh": W[2:].T[order],
            "bias_ih": b[order],
            "bias_hh": torch.zeros(12, dtype=torch.float64),
        }
        h_next, c_next = torch.func.functional_call(cell, state, (x[None], (h[None], c[None])))
        return (h_next**2).sum() + c_next.sum()

    against_torch(trace, parameters, inputs, loss)


def test_convolution_by_indexing() -> None:
    parameters, inputs = draw(5, w=(2, 3), b=(), x=(4, 6)), draw(6, g=(3, 4))
    terms = " + ".join(f"x[{i}:{3 + i}, {j}:{4 + j}]*w[{i},{j}]" for i in range(2) for j in range(3))
    nodes = f"o = {terms} + b\na = relu(o)\nJ = np.sum(a * g)"

    def hand(w: Any, b: float, x: Any, g: Any) -> tuple[float, Arrays]:
        out = np.full((3, 4), b)
        for r in range(3):
            for c in range(4):
                out[r, c] += (x[r : r + 2, c : c + 3] * w).sum()
        upstream = g * (out > 0)
        dw, dx = np.zeros_like(w), np.zeros_like(x)
        for r in range(3):
            for c in range(4):
                dw += upstream[r, c] * x[r : r + 2, c : c + 3]
                dx[r : r + 2, c : c + 3] += upstream[r, c] * w
        return float((np.maximum(out, 0) * g).sum()), {"w": dw, "b": upstream.sum(), "x": dx}

    trace = compare(parameters, nodes, hand, inputs)

    def loss(torch: Any, w: Any, b: Any, x: Any, g: Any) -> Any:
        out = torch.nn.functional.conv2d(x[None, None], w[None, None], b[None])
        return (torch.relu(out)[0, 0] * g).sum()

    against_torch(trace, parameters, inputs, loss)


def test_attention() -> None:
    parameters = draw(7, Wq=(4, 3), Wk=(4, 3), Wv=(4, 3))
    inputs = draw(8, x=(5, 4), g=(5, 3))
    nodes = """
        q = x @ Wq
        k = x @ Wk
        v = x @ Wv
        s = q @ k.T / np.sqrt(3)
        p = softmax(s, axis=-1)
        out = p @ v
        J = np.sum(out * g)
    """

    def hand(Wq: Any, Wk: Any, Wv: Any, x: Any, g: Any) -> tuple[float, Arrays]:
        q, k, v = x @ Wq, x @ Wk, x @ Wv
        p = softmax(q @ k.T / np.sqrt(3))
        dp = g @ v.T
        ds = p * (dp - (dp * p).sum(axis=-1, keepdims=True)) / np.sqrt(3)
        return float((p @ v * g).sum()), {"Wq": x.T @ (ds @ k), "Wk": x.T @ (ds.T @ q), "Wv": x.T @ (p.T @ g)}

    trace = compare(parameters, nodes, hand, inputs)

    def loss(torch: Any, Wq: Any, Wk: Any, Wv: Any, x: Any, g: Any) -> Any:
        attention = torch.nn.functional.scaled_dot_product_attention
        return (attention((x @ Wq)[None], (x @ Wk)[None], (x @ Wv)[None])[0] * g).sum()

    against_torch(trace, parameters, inputs, loss)


def test_batch_normalisation() -> None:
    parameters, inputs = draw(9, x=(7, 3), gamma=(3,), beta=(3,)), draw(10, g=(7, 3))
    nodes = """
        mu = x.mean(axis=0)
        var = x.var(axis=0)
        xhat = (x - mu) / np.sqrt(var + 1e-5)
        J = np.sum((gamma * xhat + beta) * g)
    """

    def hand(x: Any, gamma: Any, beta: Any, g: Any) -> tuple[float, Arrays]:
        spread = np.sqrt(x.var(axis=0) + 1e-5)
        xhat = (x - x.mean(axis=0)) / spread
        d = g * gamma
        dx = (d - d.mean(axis=0) - xhat * (d * xhat).mean(axis=0)) / spread
        return float(((gamma * xhat + beta) * g).sum()), {
            "x": dx,
            "gamma": (g * xhat).sum(axis=0),
            "beta": g.sum(axis=0),
        }

    trace = compare(parameters, nodes, hand, inputs)

    def loss(torch: Any, x: Any, gamma: Any, beta: Any, g: Any) -> Any:
        return (torch.nn.functional.batch_norm(x, None, None, gamma, beta, training=True, eps=1e-5) * g).sum()

    against_torch(trace, parameters, inputs, loss)


def test_log_sum_exp_by_hand_and_by_name() -> None:
    parameters, inputs = draw(11, z=(4, 5)), draw(12, g=(4,))

    def hand(z: Any, g: Any) -> tuple[float, Arrays]:
        return float((np.log(np.exp(z).sum(axis=1)) * g).sum()), {"z": softmax(z) * g[:, None]}

    by_name = compare(parameters, "J = sum(logsumexp(z, axis=1) * g)", hand, inputs)
    written = """
        m = np.max(z, axis=1, keepdims=True)
        s = np.sum(np.exp(z - m), axis=1)
        J = np.sum((np.log(s) + m[:, 0]) * g)
    """
    by_hand = compare(parameters, written, hand, inputs)
    np.testing.assert_allclose(by_name.gradient("z"), by_hand.gradient("z"), rtol=1e-12)
    against_torch(by_name, parameters, inputs, lambda torch, z, g: (torch.logsumexp(z, 1) * g).sum())


def test_rotation() -> None:
    parameters, inputs = draw(13, theta=(), p=(2,), s=()), draw(14, target=(2,))
    nodes = """
        R = np.stack([stack([cos(theta), -sin(theta)]), stack([sin(theta), cos(theta)])])
        q = exp(s) * (R @ p)
        J = np.sum((q - target)**2) / 2
    """

    def hand(theta: float, p: Any, s: float, target: Any) -> tuple[float, Arrays]:
        c, n = np.cos(theta), np.sin(theta)
        R, dR = np.array([[c, -n], [n, c]]), np.array([[-n, -c], [c, -n]])
        q = np.exp(s) * (R @ p)
        g = q - target
        return float((g**2).sum() / 2), {"theta": np.exp(s) * (g @ (dR @ p)), "p": np.exp(s) * (R.T @ g), "s": g @ q}

    trace = compare(parameters, nodes, hand, inputs)

    def loss(torch: Any, theta: Any, p: Any, s: Any, target: Any) -> Any:
        c, n = torch.cos(theta), torch.sin(theta)
        R = torch.stack([torch.stack([c, -n]), torch.stack([n, c])])
        return ((torch.exp(s) * (R @ p) - target) ** 2).sum() / 2

    against_torch(trace, parameters, inputs, loss)


def test_softmax_classifier_by_layers_and_by_nodes() -> None:
    """Two dense layers and cross-entropy from integer targets: the layers form and the nodes form."""
    parameters = draw(15, W1=(4, 6), b1=(6,), W2=(6, 3), b2=(3,))
    x, labels = draw(16, x=(8, 4))["x"], np.arange(8) % 3
    inputs = {"x": x, "y": np.eye(3)[labels]}
    nodes = """
        a1 = relu(x @ W1 + b1)
        z2 = a1 @ W2 + b2
        J = -mean(sum(y * log_softmax(z2, axis=1), axis=1))
    """

    def hand(W1: Any, b1: Any, W2: Any, b2: Any, x: Any, y: Any) -> tuple[float, Arrays]:
        z1 = x @ W1 + b1
        a1 = np.maximum(z1, 0)
        p = softmax(a1 @ W2 + b2)
        d2 = (p - y) / len(x)
        d1 = (d2 @ W2.T) * (z1 > 0)
        J = -np.log((p * y).sum(axis=1)).mean()
        return float(J), {"W1": x.T @ d1, "b1": d1.sum(axis=0), "W2": a1.T @ d2, "b2": d2.sum(axis=0)}

    trace = compare(parameters, nodes, hand, inputs)
    p = plain(parameters)
    layers = [
        {"dense": {"units": 6, "activation": "relu", "W": p["W1"], "b": p["b1"]}},
        {"dense": {"units": 3, "W.T": np.transpose(p["W2"]).tolist(), "b": p["b2"]}},
    ]
    document = {
        "inputs": {"x": x.tolist()},
        "targets": {"y": labels.tolist()},
        "layers": layers,
        "loss": "cross_entropy",
    }
    lowered = bp.loads(json.dumps(document)).run()
    assert lowered.value("J") == pytest.approx(trace.value("J"), rel=1e-13)
    for name in parameters:
        np.testing.assert_allclose(lowered.gradient(name), trace.gradient(name), rtol=1e-11, atol=1e-15)

    def loss(torch: Any, W1: Any, b1: Any, W2: Any, b2: Any, x: Any, y: Any) -> Any:
        return torch.nn.functional.cross_entropy(torch.relu(x @ W1 + b1) @ W2 + b2, torch.tensor(labels))

    against_torch(trace, parameters, inputs, loss)
