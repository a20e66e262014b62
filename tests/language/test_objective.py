"""Penalties by one word, and losses that are added: the formula says what is taken."""

from __future__ import annotations

import jsonschema
import numpy as np
import pytest

from backpropcli.engine import Plan, run
from backpropcli.errors import BackpropError
from backpropcli.gradcheck import check
from backpropcli.language import Flags, load, loads
from backpropcli.language.file.document import read_string
from backpropcli.language.json_schema import json_schema

LAYERS = """\
inputs: {x: [[1, 2], [3, 4]]}
targets: {y: [0, 1]}
layers:
  - dense: {units: 2, init: he, activation: relu}
  - norm: layer
  - dense: {units: 2, init: he}
"""
NODES = "parameters: {w1: 2, b1: 1}\ninputs: {x: 1}\nnodes: {J1: (w1*x+b1)**2, J2: abs(w1)}\n"
JUDGE = jsonschema.Draft202012Validator(json_schema())


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        (LAYERS + "loss: {cross_entropy: {l2: 1e-2}}", "J = cross_entropy(z3, y) + 1e-2 * (sum(W1**2) + sum(W3**2))"),
        (
            LAYERS + "loss: {cross_entropy: {l2: 0.5*0.01, l1: 0.1}}",
            "J = cross_entropy(z3, y) + 0.1 * (sum(abs(W1)) + sum(abs(W3))) + (0.5*0.01) * (sum(W1**2) + sum(W3**2))",
        ),
        (
            LAYERS + "loss: [cross_entropy, {l2: {weight: 0.1, of: [W1, b1]}}]",
            "J = cross_entropy(z3, y) + 0.1 * (sum(W1**2) + sum(b1**2))",
        ),
        (
            LAYERS + "loss: [{cross_entropy: 2}, {l2: {weight: 1, of: W3}}]",
            "J = 2 * cross_entropy(z3, y) + 1 * sum(W3**2)",
        ),
        (NODES + "loss: [J1, {J2: 0.5}, {l2: 0.1}]", "J = J1 + 0.5 * J2 + 0.1 * w1**2"),
        (NODES + "loss: {J1: 1, J2: -0.5, l1: 0.1}", "J = J1 + (-0.5) * J2 + 0.1 * abs(w1)"),
        (NODES.replace("J1", "J") + "loss: {J: {l2: 0.1}}", "L = J + 0.1 * w1**2"),
        (NODES + "loss: [J1, J2]", "J = J1 + J2"),
    ],
)
def test_the_sum_is_a_node_that_says_what_it_takes(text: str, formula: str) -> None:
    spec = loads(text)
    assert spec.loss is not None
    assert f"{spec.loss} = {spec.graph.nodes[spec.loss].formula}" == formula
    assert check(spec.graph, spec.values, spec.loss).verdict == "pass"
    again = loads(spec.lowered())
    assert [node[:-1] for node in again.graph.nodes.values()] == [node[:-1] for node in spec.graph.nodes.values()]
    assert again.loss == spec.loss
    assert JUDGE.is_valid(read_string(text, "net").data)


def test_its_gradient_is_that_of_weight_decay() -> None:
    plain, decayed = loads(LAYERS + "loss: cross_entropy"), loads(LAYERS + "loss: {cross_entropy: {l2: 0.05}}")
    gradients = [np.asarray(run(Plan(spec.graph), spec.values, "J").gradient("W1")) for spec in (plain, decayed)]
    np.testing.assert_allclose(gradients[1], gradients[0] + 2 * 0.05 * plain.values["W1"], rtol=1e-12)


def test_flags_say_it_too() -> None:
    spec = load(None, Flags(("x=1",), ("y=5",), layers=("dense(1, w=2)",), loss="squared_error(l2=0.1)"))
    assert spec.graph.nodes["J"].formula == "(z1 - y)**2 / 2 + 0.1 * w1**2"


def test_weights_of_copies_are_taken() -> None:
    text = "inputs: {x: [[1, 2]]}\nblocks:\n  f(x): {parameters: {A: {he: [2, 2]}, c: 1}, nodes: {y: x @ A + c}}\n"
    spec = loads(text + "nodes: {a: f(x), K: sum(a)}\nloss: [K, {l2: 0.1}]\n")
    assert spec.graph.nodes["J"].formula == "K + 0.1 * sum(a_A**2)"


@pytest.mark.parametrize(
    ("loss", "message", "place"),
    [
        ("[J1]", "loss: is a list", "4:7"),
        ("[J1, K]", "unknown loss: K", "4:12"),
        ("[J1, J3]", "unknown loss: J3. Did you mean J2?", "4:12"),
        ("[J1, mse]", "unknown loss: mse. Did you mean mean_squared_error?", "4:12"),
        ("[J1, l2]", "l2 has no weight", "4:12"),
        ("[J1, {l2: true}]", "l2 is true, not a number", "4:17"),
        ("[J1, {l2: 0}]", "the weight of l2 is a number other than 0", "4:17"),
        ("[J1, {l2: [1, 2]}]", "the weight of l2 is a number other than 0", "4:17"),
        ("[J1, {l2: {weigt: 3}}]", "l2 has no option weigt. Did you mean weight?", "4:18"),
        ("[J1, {l2: {of: [w1]}}]", "l2 has no weight", "4:17"),
        ("[J1, {l2: {weight: 3, of: [v]}}]", "v is no parameter", "4:34"),
        ("[J1, {l2: {weight: 3, of: []}}]", "l2: of: wants the names of parameters", "4:33"),
        ("[J1, {J2: a}]", "J2 is a, not a number", "4:17"),
        ("[J1, {J2: [1]}]", "the weight of J2 is a number", "4:17"),
        ("[J1, {J2: {l3: 1}}]", "J2 is a node, which has no l3", "4:18"),
        ("[J1, [J2]]", "a loss is a name, or a name and its weight", "4:12"),
        ("[J1, squared_error]", "squared_error compares the layers' output with a target", "4"),
        ("{J1: 1, K: 2}", "loss names one node or one loss function", "4:7"),
    ],
)
def test_what_is_wrong_has_its_place(loss: str, message: str, place: str) -> None:
    with pytest.raises(BackpropError) as caught:
        loads(f"{NODES}loss: {loss}\n", "net.yaml")
    assert caught.value.message.startswith(message)
    assert str(caught.value.place).startswith(f"net.yaml:{place}")


def test_where_there_are_no_weights_it_says_which_to_name() -> None:
    text = NODES.replace("w1", "a").replace("b1", "c") + "loss: [J1, {l2: 0.1}]"
    with pytest.raises(BackpropError, match="l2 finds no weights") as caught:
        loads(text)
    assert caught.value.hint == "Say which parameters: {l2: {weight: 0.1, of: [a, c]}}"
    assert (
        loads(text.replace("0.1", "{weight: 0.1, of: [a, c]}")).graph.nodes["J"].formula == "J1 + 0.1 * (a**2 + c**2)"
    )


def test_a_sum_finds_a_name() -> None:
    nodes = "parameters: {w: 1}\nnodes: {J: w, L: w}\nloss: [J, L]\n"
    with pytest.raises(BackpropError, match="both are names already"):
        loads(nodes)
