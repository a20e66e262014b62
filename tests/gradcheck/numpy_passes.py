"""Backward passes as people write them in NumPy, each with the slips that people make, and the network as a spec.

A pass is a function of (values, bug) to gradients by name; `bug` "" is right. `SLIPS` says what the diagnosis of each
slip should contain (any of several), and is empty where only the failure itself is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from backpropcli.api import Network, loads

Gradients = dict[str, Any]


class Pass(NamedTuple):
    """A network: its nodes, its data by section, and the backward pass by hand."""

    nodes: Mapping[str, str]
    data: Mapping[str, Mapping[str, Any]]
    backward: Callable[[str], Gradients]

    def network(self) -> Network:
        sections = [
            f"{section}:\n" + "".join(f"  {k}: {np.asarray(v).tolist()!r}\n" for k, v in values.items())
            for section, values in self.data.items()
            if values
        ]
        nodes = "".join(f'  {k}: "{f}"\n' for k, f in self.nodes.items())
        return loads("".join(sections) + "nodes:\n" + nodes, "net.yaml")


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def mlp(seed: int) -> Pass:
    """Two tanh layers and a linear one, the mean of squares over 5 examples; square weights, which confuse."""
    r = np.random.default_rng(seed)
    x, y = r.normal(size=(5, 3)), r.normal(size=(5, 3))
    w = [r.normal(size=(3, 3)) * 0.7 for _ in range(3)]
    b = [r.normal(size=3) * 0.5 for _ in range(3)]
    nodes = {
        "z1": "x @ W1 + b1",
        "a1": "tanh(z1)",
        "z2": "a1 @ W2 + b2",
        "a2": "tanh(z2)",
        "z3": "a2 @ W3 + b3",
        "e": "z3 - y",
        "J": "sum(e**2) / (2 * 5)",
    }
    parameters = {f"W{k + 1}": w[k] for k in range(3)} | {f"b{k + 1}": b[k] for k in range(3)}

    def backward(bug: str) -> Gradients:
        z1 = x @ w[0] + b[0]
        a1 = np.tanh(z1)
        z2 = a1 @ w[1] + b[1]
        a2 = np.tanh(z2)
        z3 = a2 @ w[2] + b[2]
        m = 5
        dz3 = (z3 - y) / m
        if bug == "m - 1":
            dz3 = (z3 - y) / (m - 1)
        if bug == "2 forgotten":
            dz3 = 2 * dz3
        if bug == "no 1/m":
            dz3 = z3 - y
        if bug == "sign of the error":
            dz3 = -dz3
        if bug == "y for z3 - y":
            dz3 = (z3 + y) / m
        g = {"W3": a2.T @ dz3, "b3": dz3.sum(0)}
        if bug == "first example":
            g["W3"] = a2[:1].T @ dz3[:1]
        if bug == "a1 for a2 in dW3":
            g["W3"] = a1.T @ dz3
        if bug == "mean for sum in b3":
            g["b3"] = dz3.mean(0)
        if bug == "1/m in dW alone":
            g["b3"] = g["b3"] * m
        da2 = dz3 @ w[2].T
        if bug == "no transpose":
            da2 = dz3 @ w[2]
        if bug == "W2 for W3":
            da2 = dz3 @ w[1].T
        if bug == "dW3 for W3":
            da2 = dz3 @ g["W3"].T
        d2, d1 = 1 - a2**2, 1 - a1**2
        if bug == "1 - a":
            d2 = 1 - a2
        if bug == "1 + a**2":
            d2 = 1 + a2**2
        if bug == "1 - z**2":
            d2 = 1 - z2**2
        if bug == "a1 for a2 in tanh'":
            d2 = 1 - a1**2
        if bug == "1 - a everywhere":
            d2, d1 = 1 - a2, 1 - a1
        if bug == "sigmoid's rule":
            d2 = a2 * (1 - a2)
        dz2 = da2 * d2
        if bug == "no tanh'":
            dz2 = da2
        if bug == "detached":
            dz2 = dz2 * 0
        g |= {"W2": a1.T @ dz2, "b2": dz2.sum(0)}
        if bug == "x for a1 in dW2":
            g["W2"] = x.T @ dz2
        if bug == "last example":
            g["b2"] = dz2[-1]
        if bug == "accumulated":
            g["W2"] = g["W2"] + g["W3"]
        dz1 = (dz2 @ w[1].T) * d1
        g |= {"W1": x.T @ dz1, "b1": dz1.sum(0)}
        if bug == "one example in all":
            return mlp_first(x, y, w, b)
        if bug == "rows in reverse":
            g["W1"] = g["W1"][::-1]
        if bug == "dz for da exported":
            return {**g, "a2": dz2}
        if bug == "dW exchanged":
            g["W1"], g["W2"] = g["W2"], g["W1"]
        if bug == "not summed":
            g["b2"] = dz2
        if bug == "summed over all":
            g["b1"] = np.array([[dz1.sum()]])
        if bug == "weight decay":
            for k in range(3):
                g[f"W{k + 1}"] = g[f"W{k + 1}"] + 0.1 * w[k]
        if bug == "clipped":
            g["W3"] = np.clip(g["W3"], -0.1, 0.1)
        return g

    return Pass(nodes, {"inputs": {"x": x}, "targets": {"y": y}, "parameters": parameters}, backward)


def mlp_first(x: Any, y: Any, w: Any, b: Any) -> Gradients:
    x, y = x[:1], y[:1]
    a1 = np.tanh(x @ w[0] + b[0])
    a2 = np.tanh(a1 @ w[1] + b[1])
    dz3 = (a2 @ w[2] + b[2] - y) / 5
    dz2 = dz3 @ w[2].T * (1 - a2**2)
    dz1 = dz2 @ w[1].T * (1 - a1**2)
    return {
        "W1": x.T @ dz1,
        "b1": dz1.sum(0),
        "W2": a1.T @ dz2,
        "b2": dz2.sum(0),
        "W3": a2.T @ dz3,
        "b3": dz3.sum(0),
    }


def softmax_regression(seed: int) -> Pass:
    """Softmax by name, and the mean cross-entropy written out."""
    r = np.random.default_rng(seed)
    n, k = 4, 3
    x, y = r.normal(size=(n, 3)), np.eye(k)[r.integers(0, k, n)]
    w, b, u = r.normal(size=(3, k)), r.normal(size=k), r.normal(size=(3, 3))
    nodes = {"h": "tanh(x @ U)", "Z": "h @ W + b", "P": "softmax(Z)", "E": "-sum(y * log(P)) / 4"}

    def backward(bug: str) -> Gradients:
        h = np.tanh(x @ u)
        z = h @ w + b
        e = np.exp(z - z.max(1, keepdims=True))
        p = e / e.sum(1, keepdims=True)
        dp, dz = -y / p / n, (p - y) / n
        if bug == "wrong axis":
            dz = p * (dp - (dp * p).sum(0, keepdims=True))
        if bug == "diagonal alone":
            dz = dp * p * (1 - p)
        if bug == "y - p":
            dz = (y - p) / n
        if bug == "n for n - 1":
            dz = (p - y) / (n - 1)
        dh = dz @ w.T
        du = x.T @ (dh * (1 - h**2))
        if bug == "1 - h":
            du = x.T @ (dh * (1 - h))
        g = {"W": h.T @ dz, "b": dz.sum(0), "U": du}
        if bug == "dZ for dP":
            g["P"] = dz
        if bug == "convention":
            g |= {"Z": p - y, "h": (p - y) @ w.T}
        return g

    data = {"inputs": {"x": x}, "targets": {"y": y}, "parameters": {"W": w, "b": b, "U": u}}
    return Pass(nodes, data, backward)


def batch_norm(seed: int) -> Pass:
    """Batch normalisation behind a layer."""
    r = np.random.default_rng(seed)
    n = 6
    x, y = r.normal(size=(n, 3)), r.normal(size=(n, 2))
    w, gamma, beta = r.normal(size=(3, 2)), r.normal(size=2) + 1, r.normal(size=2)
    nodes = {
        "z": "x @ W",
        "mu": "mean(z, axis=0)",
        "c": "z - mu",
        "v": "mean(c**2, axis=0)",
        "s": "sqrt(v + 0.001)",
        "xhat": "c / s",
        "out": "gamma * xhat + beta",
        "J": "sum((out - y)**2) / 6",
    }

    def backward(bug: str) -> Gradients:
        z = x @ w
        c = z - z.mean(0)
        v = (c**2).mean(0)
        s = np.sqrt(v + (0.0 if bug == "epsilon" else 1e-5 if bug == "another epsilon" else 0.001))
        if bug == "ddof":
            s = np.sqrt((c**2).sum(0) / (n - 1) + 0.001)
        xhat = c / np.sqrt(v + 0.001)
        do = 2 * (gamma * xhat + beta - y) / n
        dx = do * gamma
        dv = -(dx * c).sum(0) / (2 * s**3)
        if bug == "variance a constant":
            dv = dv * 0
        dc = dx / s + 2 * c * dv / n
        if bug == "n - 1 in the variance":
            dc = dx / s + 2 * c * dv / (n - 1)
        if bug == "c**2 without 2":
            dc = dx / s + c * dv / n
        dmu = -dc.sum(0)
        if bug == "mean a constant":
            dmu = dmu * 0
        dz = dc + dmu / n
        dg = (do * xhat).sum(0)
        if bug == "z for xhat in dgamma":
            dg = (do * z).sum(0)
        if bug == "c for xhat in dgamma":
            dg = (do * c).sum(0)
        return {"W": x.T @ dz, "gamma": dg, "beta": do.sum(0)}

    data = {"inputs": {"x": x}, "targets": {"y": y}, "parameters": {"W": w, "gamma": gamma, "beta": beta}}
    return Pass(nodes, data, backward)


def layer_norm(seed: int) -> Pass:
    """Layer normalisation, by NumPy's var, in one formula."""
    r = np.random.default_rng(seed)
    n, k = 4, 5
    x, y = r.normal(size=(n, 3)), r.normal(size=(n, k))
    w, gamma, beta = r.normal(size=(3, k)), r.normal(size=k) + 1, r.normal(size=k)
    nodes = {
        "z": "x @ W",
        "m": "mean(z, axis=1, keepdims=True)",
        "v": "var(z, axis=1, keepdims=True)",
        "xhat": "(z - m) / sqrt(v + 0.001)",
        "out": "gamma * xhat + beta",
        "J": "sum((out - y)**2) / 2",
    }

    def backward(bug: str) -> Gradients:
        z = x @ w
        c = z - z.mean(1, keepdims=True)
        v = z.var(1, keepdims=True)
        eps = 0.0 if bug == "epsilon" else 0.001
        s = np.sqrt((z.var(1, ddof=1, keepdims=True) if bug == "ddof" else v) + eps)
        xhat = c / np.sqrt(v + 0.001)
        do = gamma * xhat + beta - y
        dx = do * gamma
        own = xhat if bug not in ("epsilon", "ddof") else c / s
        axis = 0 if bug == "axis" else 1
        dz = (dx - dx.mean(axis, keepdims=True) - own * (dx * own).mean(1, keepdims=True)) / s
        return {"W": x.T @ dz, "gamma": (do * xhat).sum(0), "beta": do.sum(0)}

    data = {"inputs": {"x": x}, "targets": {"y": y}, "parameters": {"W": w, "gamma": gamma, "beta": beta}}
    return Pass(nodes, data, backward)


def rnn(seed: int) -> Pass:
    """Three steps with shared weights."""
    r = np.random.default_rng(seed)
    xs = [r.normal(size=(2, 3)) for _ in range(3)]
    y, h0 = r.normal(size=(2, 3)), r.normal(size=(2, 3))
    w, u, b = r.normal(size=(3, 3)) * 0.6, r.normal(size=(3, 3)) * 0.6, r.normal(size=3)
    nodes: dict[str, str] = {}
    for t in (1, 2, 3):
        nodes |= {f"z{t}": f"x{t} @ W + h{t - 1} @ U + b", f"h{t}": f"tanh(z{t})"}
    nodes["J"] = "sum((h3 - y)**2) / 2"

    def backward(bug: str) -> Gradients:
        hs = [h0]
        for x in xs:
            hs.append(np.tanh(x @ w + hs[-1] @ u + b))
        g = {"W": np.zeros((3, 3)), "U": np.zeros((3, 3)), "b": np.zeros(3)}
        dh = hs[3] - y
        for t in (3, 2, 1):
            if bug == "gradients that come in are lost" and t == 2:
                dh = dh * 0
            dz = dh * (1 - hs[t] ** 2)
            if bug == "h_prev in tanh'":
                dz = dh * (1 - hs[t - 1] ** 2)
            if bug == "1 - h":
                dz = dh * (1 - hs[t])
            g["W"] = (0 if bug == "= for +=" else g["W"]) + xs[t - 1].T @ dz
            g["U"] = g["U"] + (hs[t] if bug == "h for h_prev" else hs[t - 1]).T @ dz
            g["b"] = g["b"] + dz.sum(0)
            dh = dz @ (w.T if bug == "W for U" else u if bug == "U not transposed" else u.T)
        return g

    inputs = {f"x{t + 1}": xs[t] for t in range(3)} | {"h0": h0}
    return Pass(nodes, {"inputs": inputs, "targets": {"y": y}, "parameters": {"W": w, "U": u, "b": b}}, backward)


def lstm(seed: int) -> Pass:
    """One step of an LSTM with a matrix for each gate, and with all gates side by side."""
    r = np.random.default_rng(seed)
    n, d, k = 3, 2, 2
    x, h, c0, y = r.normal(size=(n, d)), r.normal(size=(n, k)), r.normal(size=(n, k)), r.normal(size=(n, k))
    a = np.concatenate([x, h], 1)
    w, b = r.normal(size=(d + k, 4 * k)), r.normal(size=4 * k)
    nodes = {
        "A": "concatenate([x, h], axis=1)",
        "Z": "A @ W + b",
        "i": "sigmoid(Z[:, 0:2])",
        "f": "sigmoid(Z[:, 2:4])",
        "g": "tanh(Z[:, 4:6])",
        "o": "sigmoid(Z[:, 6:8])",
        "c": "f * c0 + i * g",
        "s": "tanh(c)",
        "q": "o * s",
        "J": "sum((q - y)**2) / 2",
    }

    def backward(bug: str) -> Gradients:
        z = a @ w + b
        i, f, g, o = sigmoid(z[:, :2]), sigmoid(z[:, 2:4]), np.tanh(z[:, 4:6]), sigmoid(z[:, 6:])
        c = f * c0 + i * g
        s = np.tanh(c)
        dq = o * s - y
        do, dc = dq * s, dq * o * (1 - s**2)
        if bug == "c for tanh(c)":
            do = dq * c
        if bug == "1 - c**2":
            dc = dq * o * (1 - c**2)
        if bug == "1 - s":
            dc = dq * o * (1 - s)
        di, df, dg = dc * g, dc * c0, dc * i
        if bug == "c for c0":
            df = dc * c
        if bug == "f for i":
            dg = dc * f
        parts = [di * i * (1 - i), df * f * (1 - f), dg * (1 - g**2), do * o * (1 - o)]
        if bug == "g as a sigmoid":
            parts[2] = dg * g * (1 - g)
        if bug == "o not squashed":
            parts[3] = do
        if bug == "gates in another order":
            parts = [parts[0], parts[1], parts[3], parts[2]]
        dz = np.concatenate(parts, 1)
        return {"W": a.T @ dz, "b": dz.sum(0)}

    data = {"inputs": {"x": x, "h": h, "c0": c0}, "targets": {"y": y}, "parameters": {"W": w, "b": b}}
    return Pass(nodes, data, backward)


def embedding(seed: int) -> Pass:
    """Rows of a table, one of them picked three times, then a layer."""
    r = np.random.default_rng(seed)
    ids = np.array([1, 3, 1, 0, 1])
    table, w, y = r.normal(size=(5, 2)), r.normal(size=(2, 2)), r.normal(size=(5, 2))
    nodes = {"h": "E[ids]", "z": "tanh(h @ W)", "J": "mean((z - y)**2)"}

    def backward(bug: str) -> Gradients:
        h = table[ids]
        z = np.tanh(h @ w)
        dz = 2 * (z - y) / 10 * (1 - z**2)
        dh, de = dz @ w.T, np.zeros_like(table)
        if bug == "= for +=":
            de[ids] = dh
        elif bug == "fancy +=":
            de[ids] += dh
        elif bug == "counted":
            np.add.at(de, ids, dh)
            de /= np.maximum(1, np.bincount(ids, minlength=5))[:, None]
        elif bug == "not scattered":
            de = dh
        else:
            np.add.at(de, ids, dh)
        return {"E": de, "W": h.T @ dz}

    return Pass(nodes, {"inputs": {"ids": ids}, "targets": {"y": y}, "parameters": {"E": table, "W": w}}, backward)


def conv(seed: int) -> Pass:
    """A convolution by slices, relu and the mean over places."""
    r = np.random.default_rng(seed)
    x, k, b, y = r.normal(size=(4, 5)), r.normal(size=(2, 2)), r.normal(), r.normal(size=(3, 4))
    terms = " + ".join(f"K[{p}, {q}] * X[{p}:{p + 3}, {q}:{q + 4}]" for p in (0, 1) for q in (0, 1))
    nodes = {"z": f"{terms} + b", "a": "tanh(z)", "J": "sum((a - y)**2) / 12"}

    def backward(bug: str) -> Gradients:
        z = b + sum(k[p, q] * x[p : p + 3, q : q + 4] for p in (0, 1) for q in (0, 1))
        a = np.tanh(z)
        dz = 2 * (a - y) / 12 * (1 - a**2)
        if bug == "1 - a":
            dz = 2 * (a - y) / 12 * (1 - a)
        dk = np.array([[(dz * x[p : p + 3, q : q + 4]).sum() for q in (0, 1)] for p in (0, 1)])
        if bug == "kernel flipped":
            dk = dk[::-1, ::-1]
        if bug == "mean":
            dk = dk / 12
        if bug == "transposed":
            dk = dk.T
        if bug == "rows flipped":
            dk = dk[::-1]
        return {"K": dk, "b": dz.mean() if bug == "b mean" else dz.sum()}

    return Pass(nodes, {"inputs": {"X": x}, "targets": {"y": y}, "parameters": {"K": k, "b": b}}, backward)


def attention(seed: int) -> Pass:
    """One head of self-attention."""
    r = np.random.default_rng(seed)
    x, y = r.normal(size=(3, 3)), r.normal(size=(3, 3))
    wq, wk, wv = (r.normal(size=(3, 3)) for _ in range(3))
    nodes = {
        "q": "x @ Wq",
        "k": "x @ Wk",
        "v": "x @ Wv",
        "s": "q @ k.T / sqrt(3)",
        "p": "softmax(s)",
        "o": "p @ v",
        "J": "sum((o - y)**2) / 2",
    }

    def backward(bug: str) -> Gradients:
        q, k, v = x @ wq, x @ wk, x @ wv
        s = q @ k.T / 3**0.5
        e = np.exp(s - s.max(1, keepdims=True))
        p = e / e.sum(1, keepdims=True)
        do = p @ v - y
        dv, dp = p.T @ do, do @ v.T
        if bug == "p not transposed":
            dv = p @ do
        ds = p * (dp - (dp * p).sum(1, keepdims=True))
        if bug == "softmax axis":
            ds = p * (dp - (dp * p).sum(0, keepdims=True))
        if bug == "no sum":
            ds = p * dp
        if bug != "scale left out":
            ds = ds / 3**0.5
        if bug == "scale twice":
            ds = ds / 3**0.5
        dq, dk = ds @ k, ds.T @ q
        if bug == "q for k":
            dq = ds @ q
        if bug == "keys not transposed":
            dk = ds @ q
        g = {"Wq": x.T @ dq, "Wk": x.T @ dk, "Wv": x.T @ dv}
        if bug == "exchanged":
            g["Wq"], g["Wk"] = g["Wk"], g["Wq"]
        return g

    data = {"inputs": {"x": x}, "targets": {"y": y}, "parameters": {"Wq": wq, "Wk": wk, "Wv": wv}}
    return Pass(nodes, data, backward)


PASSES = (mlp, softmax_regression, batch_norm, layer_norm, rnn, lstm, embedding, conv, attention)
