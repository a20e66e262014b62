"""Training runs that others printed: the same numbers come out, to the digits that were printed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from backpropcli import Network, load, loads
from backpropcli.app import main

EXAMPLES = Path(__file__).parents[2] / "examples"


# Mazur, "A Step by Step Backpropagation Example" (2015): one update with learning rate 0.5, and 10,000 of them.
MAZUR_AFTER_ONE = {
    "w1": 0.149780716,
    "w2": 0.19956143,
    "w3": 0.24975114,
    "w4": 0.29950229,
    "w5": 0.35891648,
    "w6": 0.408666186,
    "w7": 0.511301270,
    "w8": 0.561370121,
}


def test_mazur_after_one_update() -> None:
    run = load(EXAMPLES / "mazur.yaml").train(lr=0.5, updates=1)
    assert run.before == pytest.approx(0.298371109, abs=1e-9)
    for name, printed in MAZUR_AFTER_ONE.items():
        assert run.parameters[name] == pytest.approx(printed, abs=1e-8), name

    assert run.after == pytest.approx(0.291027774, abs=1e-9)


def slipped(net: Network) -> dict[str, float]:
    """An update by 0.5 whose hidden deltas are made with the new w5 to w8 and the old output deltas."""
    trace = net.run(values=net.spec.values)
    new = {f"w{k}": trace.value(f"w{k}") - 0.5 * trace.gradient(f"w{k}") for k in (5, 6, 7, 8)}
    first, second = trace.gradient("net_o1"), trace.gradient("net_o2")
    for unit, (left, right), weights in (("out_h1", ("w5", "w7"), "w1 w2"), ("out_h2", ("w6", "w8"), "w3 w4")):
        out = trace.value(unit)
        delta = (first * new[left] + second * new[right]) * out * (1 - out)
        for name, source in zip(weights.split(), ("i1", "i2"), strict=True):
            new[name] = trace.value(name) - 0.5 * delta * trace.value(source)
    return new


def test_what_mazurs_page_prints_next_is_of_another_update() -> None:
    """Its 0.291027924 and its last outputs come of that slip: its own text says that the old weights are used there,
    and so they are in the eight weights that it prints."""
    net = load(EXAMPLES / "mazur.yaml")
    net.spec.values = {**net.spec.values, **slipped(net)}
    assert net.run().value("E") == pytest.approx(0.291027924, abs=5e-10)
    for _ in range(9_999):
        net.spec.values = {**net.spec.values, **slipped(net)}
    assert net.run().value("out_o1") == pytest.approx(0.015912196, abs=5e-10)
    assert net.run().value("out_o2") == pytest.approx(0.984065734, abs=5e-10)


def test_mazur_after_10_000_updates() -> None:
    """What is printed as the error after 10,000 is what the last of them saw."""
    run = load(EXAMPLES / "mazur.yaml").train(lr=0.5, updates=10_000)
    assert len(run.losses) == 10_000
    assert run.losses[-1] == pytest.approx(0.0000351085, abs=5e-11)
    assert run.after == pytest.approx(3.510187782978859e-05, rel=1e-9)
    trace = run.network.run()
    assert trace.value("out_o1") == pytest.approx(0.015913620, abs=1e-9)
    assert trace.value("out_o2") == pytest.approx(0.984064274, abs=1e-9)


# Nielsen, "Neural Networks and Deep Learning" (2015), chapter 3: a neuron learns to output 0 for 1, quadratic cost,
# learning rate 0.15, 300 epochs; the second one starts badly wrong, and hardly moves at first.
NIELSEN = "inputs: {{x: 1}}\nparameters: {{w: {w}, b: {b}}}\nnodes: {{a: sigmoid(w*x + b), C: a**2 / 2}}"


@pytest.mark.parametrize(("w", "b", "before", "after"), [(0.6, 0.9, 0.82, 0.09), (2.0, 2.0, 0.98, 0.20)])
def test_nielsens_neurons(w: float, b: float, before: float, after: float) -> None:
    net = loads(NIELSEN.format(w=w, b=b))
    assert net.run().value("a") == pytest.approx(before, abs=5e-3)
    run = net.train(lr=0.15, updates=300)
    assert run.network.run().value("a") == pytest.approx(after, abs=5e-3)


# Zhang et al., "Dive into Deep Learning", chapter 12: paths of gradient descent, momentum, Adagrad and RMSProp on two
# bowls, whose ends it prints to six decimals.
ROUND = "parameters: {x1: -5, x2: -2}\nnodes: {J: x1**2 + 2*x2**2}"
LONG = "parameters: {x1: -5, x2: -2}\nnodes: {J: 0.1*x1**2 + 2*x2**2}"
D2L = [
    ("round", ROUND, "gradient_descent", 0.1, (-0.057646, -0.000073)),
    ("long", LONG, "gradient_descent", 0.4, (-0.943467, -0.000073)),
    ("too fast", LONG, "gradient_descent", 0.6, (-0.387814, -1673.365109)),
    ("momentum 0.5", LONG, "momentum(momentum=0.5)", 0.6, (0.007188, 0.002553)),
    ("momentum 0.25", LONG, "momentum(momentum=0.25)", 0.6, (-0.126340, -0.186632)),
    ("adagrad", LONG, "adagrad", 0.4, (-2.382563, -0.158591)),
    ("adagrad, faster", LONG, "adagrad", 2.0, (-0.002295, -0.000000)),
    ("rmsprop", LONG, "rmsprop(alpha=0.9)", 0.4, (-0.010599, 0.000000)),
]


@pytest.mark.parametrize(("spec", "optimizer", "lr", "printed"), [row[1:] for row in D2L], ids=[row[0] for row in D2L])
def test_dive_into_deep_learning(spec: str, optimizer: str, lr: float, printed: tuple[float, float]) -> None:
    run = loads(spec).train(optimizer=optimizer, lr=lr, updates=20)
    assert (run.parameters["x1"], run.parameters["x2"]) == pytest.approx(printed, abs=1.1e-6)


@pytest.mark.parametrize(("lr", "printed"), [(0.2, 0.060466), (0.05, 3.486784), (1.1, 61.917364)])
def test_dive_into_deep_learning_in_one_dimension(lr: float, printed: float) -> None:
    run = loads("parameters: {x: 10}\nnodes: {J: x**2}").train(lr=lr, updates=10)
    assert run.parameters["x"] == pytest.approx(printed, abs=1.1e-6)


# CS231n, assignment 2 (FullyConnectedNets.ipynb): one step each from a state that is given. Here earlier updates make
# that state: the loss is linear, sum(c*w), and each batch of one row brings the gradient that is wanted.
W, DW = np.linspace(-0.4, 0.6, 20), np.linspace(-0.6, 0.4, 20)
STEPPED = {
    "momentum": """
        0.1406     0.20738947 0.27417895 0.34096842 0.40775789 0.47454737 0.54133684 0.60812632 0.67491579 0.74170526
        0.80849474 0.87528421 0.94207368 1.00886316 1.07565263 1.14244211 1.20923158 1.27602105 1.34281053 1.4096""",
    "rmsprop": """
        -0.39223849 -0.34037513 -0.28849239 -0.23659121 -0.18467247 -0.132737  -0.08078555 -0.02881884 0.02316247
        0.07515774   0.12716641  0.17918792  0.23122175  0.28326742  0.33532447 0.38739248  0.43947102 0.49155973
        0.54365823   0.59576619""",
    "adam": """
        -0.40094747 -0.34836187 -0.29577703 -0.24319299 -0.19060977 -0.1380274 -0.08544591 -0.03286534 0.01971428
        0.0722929    0.1248705   0.17744702  0.23002243  0.28259667  0.33516969 0.38774145  0.44031188 0.49288093
        0.54544852   0.59801459""",
}


def stepped(optimizer: str, lr: float, start: np.ndarray, gradients: list[np.ndarray]) -> np.ndarray:
    """The parameters after one update along each of the gradients."""
    data = {"inputs": {"c": np.array(gradients).tolist()}, "parameters": {"w": start.tolist()}}
    net = loads(json.dumps({**data, "nodes": {"J": "sum(c * w)"}, "loss": "J"}))
    run = net.train(optimizer=optimizer, lr=lr, batch=1, shuffle=False, updates=len(gradients), examples=["c"])
    return np.asarray(run.parameters["w"])


def printed(optimizer: str) -> np.ndarray:
    return np.array(STEPPED[optimizer].split(), dtype=float)


def test_cs231n_momentum() -> None:
    velocity = np.linspace(0.6, 0.9, 20)  # of its rule v = 0.9 v - lr g, w = w + v: ours is v / -lr
    found = stepped("momentum", 1e-3, W - velocity, [velocity / -1e-3, DW])
    assert found == pytest.approx(printed("momentum"), abs=1e-8)


def test_cs231n_rmsprop() -> None:
    cache = np.linspace(0.6, 0.9, 20)
    before = np.sqrt(cache / 0.01)
    found = stepped("rmsprop", 1e-2, W + 1e-2 * before / (np.sqrt(cache) + 1e-8), [before, DW])
    assert found == pytest.approx(printed("rmsprop"), abs=6e-9)


def test_cs231n_adam() -> None:
    """Its t is 5, so ours is the sixth update: of five before, the first and the fifth make m and v."""
    m, v = np.linspace(0.6, 0.9, 20), np.linspace(0.7, 0.5, 20)
    # 0.1 (0.9⁴ a + b) = m and 0.001 (0.999⁴ a² + b²) = v, for a
    p, q, far, near = 0.9**4, 0.999**4, 10 * m, 1000 * v
    a = (p * far + np.sqrt((p * far) ** 2 - (q + p**2) * (far**2 - near))) / (q + p**2)
    gradients = [a, *[np.zeros(20)] * 3, far - p * a, DW]
    moved, first, second = np.zeros(20), np.zeros(20), np.zeros(20)
    for t, gradient in enumerate(gradients[:-1], 1):
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        moved += 1e-2 * first / (1 - 0.9**t) / (np.sqrt(second / (1 - 0.999**t)) + 1e-8)
    assert first == pytest.approx(m)
    assert second == pytest.approx(v)
    assert stepped("adam", 1e-2, W + moved, gradients) == pytest.approx(printed("adam"), abs=6e-9)


def test_the_command_makes_mazurs_update(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--example", "mazur", "--lr", "0.5", "--updates", "1", "--format", "json"]) == 0
    found = {row["name"]: row["value"] for row in json.loads(capsys.readouterr().out)["parameters"]}
    assert found == pytest.approx(MAZUR_AFTER_ONE, abs=1e-8)


@pytest.mark.parametrize(("w", "b", "after"), [(0.6, 0.9, 0.09), (2.0, 2.0, 0.20)])
def test_the_command_trains_nielsens_neurons(w: float, b: float, after: float, tmp_path: Path) -> None:
    (tmp_path / "neuron.yaml").write_text(NIELSEN.format(w=w, b=b), encoding="utf-8")
    options = ["--lr", "0.15", "--updates", "300", "-o", str(tmp_path / "trained.yaml"), "-q"]
    assert main(["train", str(tmp_path / "neuron.yaml"), *options]) == 0
    assert load(tmp_path / "trained.yaml").run().value("a") == pytest.approx(after, abs=5e-3)
