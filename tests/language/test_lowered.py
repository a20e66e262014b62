"""The nodes form of a network: what `run --lowered` prints is run as the layers form is, byte for byte."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sessions import play

from backpropcli.errors import BackpropError
from backpropcli.language import Flags, Spec, example_names, example_text, load, loads
from backpropcli.language.load import EXAMPLES

ROOT = Path(__file__).parent.parent.parent
FILES = sorted(path for path in (ROOT / "examples").rglob("*.yaml") if path.name not in ("batch.yaml",))


def anatomy(spec: Spec) -> Any:
    """Everything of a spec but its values and where it was written."""
    graph = spec.graph
    nodes = [node[:-1] for node in graph.nodes.values()]
    expect = [(one.label, one.text) for one in spec.expect]
    train = {**spec.train} if spec.train is not None else None
    inner = (graph.operations, graph.arguments, graph.shapes, graph.options, graph.constants)
    return nodes, repr(inner), spec.loss, spec.title, expect, train


def judge(spec: Spec, folder: str = "") -> str:
    """Lower, read again and compare everything; the text."""
    text = spec.lowered()
    again = loads(text, spec.source, folder=folder)
    assert "layers:" not in text
    assert anatomy(again) == anatomy(spec)
    assert list(again.values) == list(spec.values)
    for name, value in spec.values.items():
        np.testing.assert_array_equal(again.values[name], value, err_msg=name)
        assert np.shape(again.values[name]) == np.shape(value)
    assert again.lowered() == text, "what is lowered is lowered no further"
    return text


@pytest.mark.parametrize("name", example_names())
def test_every_example_of_the_package(name: str) -> None:
    text = example_text(name)
    found = judge(loads(text, f"{name}.yaml", folder=EXAMPLES), EXAMPLES)
    if "layers:" not in text and re.search(r"^loss: +(?!\w+$)", text, re.M) is None:
        assert found == text, "nothing is to be lowered: every byte stays"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_published_example(path: Path) -> None:
    judge(load(str(path)), str(path.parent))


LAYERS = """\
# A head.
inputs:  {x: [[0.05, 0.10]]}   # two
targets: {y: [[0.01, 0.99]]}
layers:
  - dense: {units: 2, activation: sigmoid, b: [0.35, 0.350],
            W: [[0.15, 1.5e-1],
                [0.20, 1/3]]}    # row: an input; column: a unit
  - dense: {units: 3, init: {normal: {std: 1.0e-2}}, seed: 4, b: {shared: -0.0}}
  - dense:
      units: 2
      activation: leaky_relu(0.1)
      W.T:
        - [0.40, 0.50, .1]
        - [0.45, 0.55, pi/4]

# The loss.
loss: {squared_error: {reduction: mean}}
"""
LOWERED = """\
# A head.
inputs:  {x: [[0.05, 0.10]]}   # two
targets: {y: [[0.01, 0.99]]}
parameters:
  W1: [[0.15, 1.5e-1],
       [0.20, 1/3]]
  b1: [0.35, 0.350]
  W2: {normal: [2, 3], std: 1.0e-2, seed: 4}
  b2: -0.0
  W3: [[0.40, 0.45], [0.50, 0.55], [.1, pi/4]]
  b3: [0, 0]
nodes:
  # layer 1: dense
  t1: x @ W1
  z1: t1 + b1
  a1: sigmoid(z1)
  # layer 2: dense
  t2: a1 @ W2
  z2: t2 + b2
  # layer 3: dense
  t3: z2 @ W3
  z3: t3 + b3
  a3: leaky_relu(z3, 0.1)
  # loss: squared_error
  J: mean((a3 - y)**2) / 2

# The loss.
loss: J
"""


def test_values_stay_as_they_are_written() -> None:
    assert judge(loads(LAYERS)) == LOWERED


def test_a_run_of_it_prints_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(LAYERS)
    layers = [play(f"backprop run {more}", tmp_path) for more in ("net.yaml", "--format json", "--steps")]
    assert play("backprop run net.yaml --lowered -o net_nodes.yaml", tmp_path) == ""
    assert play("backprop run net.yaml --lowered", tmp_path) == (tmp_path / "net_nodes.yaml").read_text() == LOWERED
    (tmp_path / "net_nodes.yaml").rename(tmp_path / "net.yaml")
    assert [play(f"backprop run {more}", tmp_path) for more in ("net.yaml", "--format json", "--steps")] == layers


def test_sections_of_their_own_keep_their_bytes() -> None:
    text = """\
title: A net   # its title
inputs: {x: [1, 2]}
targets: {y: 1}
functions:
  g(z): maximum(0, z)   # a ramp
parameters:
    # about c
    c:   2.50
layers:
  - dense: {units: 1, activation: g, W: [[1], [2]]}
nodes:
    # a comment
    k: c * a1   # twice
loss: {squared_error: {target: y}}
expect: {k: 12.5}
"""
    with pytest.raises(BackpropError):
        loads(text)  # a1 is a list of one number, y a number
    found = judge(loads(text.replace("y: 1}", "y: [1]}").replace("k: 12.5", "k: [12.5]")))
    assert (
        found
        == """\
title: A net   # its title
inputs: {x: [1, 2]}
targets: {y: [1]}
functions:
  g(z): maximum(0, z)   # a ramp
parameters:
    # about c
    c:   2.50
    W1: [[1], [2]]
    b1: [0]
nodes:
    # layer 1: dense
    t1: x @ W1
    z1: t1 + b1
    a1: g(z1)
    # a comment
    k: c * a1   # twice
    # loss: squared_error
    J: sum((a1 - y)**2) / 2
loss: J
expect: {k: [12.5]}
"""
    )


def test_flags_take_the_place_of_what_is_written() -> None:
    flags = Flags(
        parameters=("W1=[[1, 2],[3, 4.50]]", "b3=[1 2]", "k=7"), nodes=("m = x * k",), inputs=("x=[[.5, 1]]",)
    )
    text = judge(loads(LAYERS, flags=flags))
    for line in ("  x: [[.5, 1]]", "  W1: [[1, 2],[3, 4.50]]", "  b3: [1, 2]", "  k: 7", "  m: x * k"):
        assert f"{line}\n" in text


def test_a_network_of_flags_alone() -> None:
    layers = ("dense(1, relu, w=2, b=0)", "dense(1, init=zeros)")
    spec = load(None, Flags(("x=1",), ("y=5",), ("c=1/3",), ("k = c*a1",), layers, loss="squared_error"))
    assert (
        judge(spec)
        == """\
inputs:
  x: 1
targets:
  y: 5
parameters:
  c: 1/3
  w1: 2
  b1: 0
  w2: {zeros: []}
  b2: 0
nodes:
  # layer 1: dense
  t1: w1 * x
  z1: t1 + b1
  a1: relu(z1)
  # layer 2: dense
  t2: w2 * a1
  z2: t2 + b2
  k: c*a1
  # loss: squared_error
  J: (z2 - y)**2 / 2
loss: J
"""
    )


def test_numbers_of_files(tmp_path: Path) -> None:
    np.save(tmp_path / "W.npy", np.arange(6.0).reshape(3, 2))
    np.savez(tmp_path / "more.npz", W2=[[0.1], [0.2], [0.3]])
    (tmp_path / "net.yaml").write_text("""\
inputs: {x: [1, 2]}
layers:
  - dense: {W.T: {npy: W.npy, scale: 0.5}}
  - dense: {init: he, units: 1}
  - dense: {W.T: {he: [2, 1], seed: 3}, b: {zeros: [2]}}
loss: z3
""")
    spec = load(str(tmp_path / "net.yaml"), Flags(load=(str(tmp_path / "more.npz"),)))
    text = judge(spec, str(tmp_path))
    for line in (
        "  W1: {npy: W.npy, scale: 0.5, transpose: true}",
        "  W2: [[0.1], [0.2], [0.3]]",
        "  W3: {he: [2, 1], seed: 3, name: W.T, transpose: true}",
        "  b3: {zeros: [2]}",
    ):
        assert f"{line}\n" in text


@pytest.mark.parametrize("seed", range(40))
def test_random_networks(seed: int) -> None:
    text, is_json = random_network(random.Random(seed))
    spec = loads(text, "net.yaml")
    found = judge(spec)
    if not is_json:
        assert re.findall(r"#.*", text)[0] in found


def random_network(dice: random.Random) -> tuple[str, bool]:
    """A network of layers in one of the styles in which people write, and whether that is JSON."""
    features, layers = dice.randint(1, 3), []
    width = features
    for _ in range(dice.randint(1, 4)):
        units = dice.randint(1, 3)
        layer: dict[str, Any] = {"units": units}
        how = dice.choice(("W", "W.T", "init", "seeded", "made"))
        if how in ("W", "W.T"):
            rows, columns = (width, units) if how == "W" else (units, width)
            layer[how] = [[round(dice.gauss(0, 1), 3) for _ in range(columns)] for _ in range(rows)]
        elif how == "made":
            layer["W"] = {"uniform": [width, units], "low": -0.5, "seed": dice.randint(0, 9)}
        else:
            layer["init"] = dice.choice(("he", "glorot", "normal", {"normal": {"std": 0.1}}, "ones"))
            if how == "seeded" and layer["init"] != "ones":
                layer["seed"] = dice.randint(0, 99)
        if dice.random() < 0.5:
            layer["activation"] = dice.choice(("relu", "tanh", "sigmoid", "softmax", "leaky_relu(0.1)", "linear"))
        bias = dice.choice(("none", "zero", "list", "shared"))
        layer |= {"none": {"bias": False}, "zero": {}, "list": {"b": [0.5] * units}, "shared": {"b": {"shared": 0.25}}}[
            bias
        ]
        layers.append({"dense": layer})
        width = units
    net = {
        "inputs": {"x": [[round(dice.random(), 2) for _ in range(features)] for _ in range(2)]},
        "targets": {"y": [[0.5] * width] * 2},
        "layers": layers,
        "loss": dice.choice(("squared_error", "mean_squared_error", {"huber": {"delta": 0.5}})),
    }
    if dice.random() < 0.3:
        return json.dumps(net, indent=dice.choice((None, 2))), True
    written = [f"  - {json.dumps(one)}" if dice.random() < 0.5 else block(one) for one in layers]
    lines = [f"{name}: {json.dumps(net[name])}" for name in ("inputs", "targets", "loss")]
    lines.insert(dice.randint(0, 3), "layers:\n" + "\n".join(written))
    return "# seed\n" + "\n".join(lines) + "\n", False


def block(layer: dict[str, Any]) -> str:
    """A layer a setting a line, its matrices a row a line."""
    ((kind, settings),) = layer.items()
    lines = [f"  - {kind}:"]
    for name, value in settings.items():
        rows = isinstance(value, list) and isinstance(value[0], list)
        lines.append(f"      {name}:" if rows else f"      {name}: {json.dumps(value)}")
        lines += [f"        - {json.dumps(row)}" for row in value] if rows else []
    return "\n".join(lines)


@pytest.mark.parametrize("option", ["--steps", "--get J", "--of a1", "--only a1", "--format json"])
def test_what_does_not_go_with_it(option: str, tmp_path: Path) -> None:
    printed = play(f"backprop run --example lecture-layers --lowered {option}; echo exit status $?", tmp_path)
    assert printed.startswith("error: ")
    assert printed.endswith("exit status 2\n")
    assert "--lowered" in printed.splitlines()[0]
