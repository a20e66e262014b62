"""A new kind of layer is one declaration and one line in the registry: everything else follows from it."""

from __future__ import annotations

import jsonschema
import numpy as np
import pytest

from backpropcli.engine import Plan, run
from backpropcli.errors import SpecError, UsageError
from backpropcli.language import Flags, load, loads
from backpropcli.language.json_schema import json_schema
from backpropcli.language.layers import kinds
from backpropcli.language.layers.kind import Kind, Node, Parameter
from backpropcli.language.layers.setting import ACTIVATION, COUNT, VALUE, Setting

SCALE = Kind(
    name="scale",
    wants="its gain and offset",
    form="- scale: {gain: [2, 3], offset: [0, 0]}",
    call="scale([2, 3], [0, 0])",
    settings=(
        Setting("gain", VALUE, "What each feature is multiplied by."),
        Setting("offset", VALUE, "What is added to each feature."),
        Setting("times", COUNT, "How often.", default=1),
        Setting("activation", ACTIVATION, "The function of each unit's z."),
    ),
    parameters=(
        Parameter("g", "gain", lambda layer: layer.shape[-1:]),
        Parameter("o", "offset", lambda layer: layer.shape[-1:]),
    ),
    nodes=(Node("t", "{g} * {x}"), Node("z", "{t} + {o}")),
    positional=("gain", "offset"),
    aliases=("affine",),
)
NETWORK = """
inputs:  {x: [0.1, 0.2]}
targets: {y: [1]}
layers:
  - scale: {gain: [2, 3], offset: [0, 1], activation: tanh}
  - dense: {W: [[1], [1]]}
loss: squared_error
"""


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(kinds.KINDS, "scale", SCALE)


def test_its_rows_and_parameters_follow_from_the_declaration() -> None:
    spec = loads(NETWORK)
    graph = spec.graph
    formulas = {name: node.formula for name, node in graph.nodes.items() if node.kind == "node"}
    assert formulas == {
        "t1": "g1 * x",
        "z1": "t1 + o1",
        "a1": "tanh(z1)",
        "t2": "a1 @ W2",
        "z2": "t2 + b2",
        "J": "sum((z2 - y)**2) / 2",
    }
    assert graph.names("parameter") == ["g1", "o1", "W2", "b2"]
    assert spec.loss is not None
    gradient = run(Plan(graph), spec.values, spec.loss).gradient("g1")
    a = np.tanh([0.2, 1.6])
    np.testing.assert_allclose(gradient, (a.sum() - 1) * (1 - a**2) * np.array([0.1, 0.2]), rtol=1e-12)


def test_a_flag_says_it_too() -> None:
    flags = Flags(
        ("x=[1, 2]",), ("y=[1, 1]",), layers=("scale([2, 3], [0, 1], activation=relu)",), loss="squared_error"
    )
    assert load(None, flags).graph.names("node") == ["t1", "z1", "a1", "J"]
    with pytest.raises(UsageError, match=r"3 has no name") as caught:
        load(None, flags._replace(layers=("scale([1, 1], [0, 0], 3)",)))
    assert caught.value.hint == 'Such as "scale([2, 3], [0, 0])"'


@pytest.mark.parametrize(
    ("layer", "message", "hint"),
    [
        ("scale", "a scale layer wants its gain and offset", "- scale: {gain: [2, 3], offset: [0, 0]}"),
        ("scale: {}", "gain has no value", ""),
        (
            "scale: {gian: 2}",
            "scale has no setting gian. Did you mean gain?",
            "It has: gain, offset, times, activation.",
        ),
        ("scale: {gain: 2, offset: 0}", "gain has shape (), but this layer wants (2,)", ""),
        (
            "affine: {gain: 2}",
            "unknown layer: affine. Did you mean scale?",
            f"There is: {', '.join([*kinds.KINDS, 'scale'])}.",
        ),
    ],
)
def test_errors_come_from_the_declaration(layer: str, message: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        loads(f"inputs: {{x: [1, 2]}}\nlayers:\n  - {layer}\nloss: t1")
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_the_schema_knows_it() -> None:
    schema = jsonschema.Draft202012Validator(json_schema())
    layer = {"scale": {"gain": [2, 3], "offset": [0, 1], "activation": "relu"}}
    network = {"inputs": {"x": [1, 2]}, "layers": [layer], "loss": "a1"}
    assert schema.is_valid(network)
    assert not schema.is_valid({**network, "layers": [{"scale": {"gian": 2}}]})
    assert not schema.is_valid({**network, "layers": [{"scale": {"gain": 2, "times": 0}}]})
    assert not schema.is_valid({**network, "layers": [{"scale": {"activation": "sum"}}]})


@pytest.mark.parametrize("kind", [*kinds.KINDS.values(), SCALE], ids=lambda kind: kind.name)
def test_every_kind_declares_itself(kind: Kind) -> None:
    assert all(setting.help.endswith(".") for setting in kind.settings)
    assert len(set(kind.keys)) == len(kind.keys)
    assert {*kind.positional, *kind.exactly_one} <= {*kind.keys}
    assert kind.form.startswith(f"- {kind.name}: {{")
    assert kind.call.startswith(f"{kind.name}(")
