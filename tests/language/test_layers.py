"""Layers lower to the nodes that a lecturer would write; losses by name mean what their sources say."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from backpropcli.engine import Plan, run
from backpropcli.errors import SpecError
from backpropcli.language import Flags, Spec, example, load, loads
from backpropcli.language.layers.losses import LOSSES

LAYERS = """
inputs:  {x: 1}
targets: {y: 5}
layers:
  - dense: {units: 1, activation: relu, w: 2, b: 0}
  - dense: {units: 1, activation: relu, w: 3, b: 1}
loss: squared_error
"""
FLAGS = Flags(("x=1",), ("y=5",), layers=("dense(1, relu, w=2, b=0)", "dense(1, relu, w=3, b=1)"), loss="squared_error")
NODES = (
    "t1 = w1 * x",
    "z1 = t1 + b1",
    "a1 = relu(z1)",
    "t2 = w2 * a1",
    "z2 = t2 + b2",
    "a2 = relu(z2)",
    "J = (a2 - y)**2 / 2",
)
NODE_FLAGS = Flags(("x=1",), ("y=5",), ("w1=2", "b1=0", "w2=3", "b2=1"), NODES)


def anatomy(spec: Spec) -> Any:
    """Everything of a spec but where it was written."""
    graph = spec.graph
    nodes = [node[:-1] for node in graph.nodes.values()]
    inner = (graph.operations, graph.arguments, graph.shapes, graph.options, graph.constants)
    return nodes, inner, spec.values, spec.loss


@pytest.mark.parametrize("other", [lambda: loads(LAYERS), lambda: load(None, FLAGS), lambda: load(None, NODE_FLAGS)])
def test_four_ways_to_write_one_network(other: Any) -> None:
    assert anatomy(other()) == anatomy(example("lecture"))


def test_rows_of_the_teachers_page() -> None:
    spec = loads("""
inputs:  {x: [0.05, 0.10]}
targets: {y: [0.01, 0.99]}
layers:
  - dense: {units: 2, activation: sigmoid, b: [0.35, 0.35],
            W: [[0.15, 0.25], [0.20, 0.30]]}    # row: an input; column: a unit
  - dense: {units: 2, activation: sigmoid, b: [0.60, 0.60],
            W.T: [[0.40, 0.45], [0.50, 0.55]]}
loss: squared_error
""")
    assert [(n.name, n.formula) for n in spec.graph.nodes.values()] == [
        ("x", ""),
        ("y", ""),
        ("W1", ""),
        ("b1", ""),
        ("W2", ""),
        ("b2", ""),
        ("t1", "x @ W1"),
        ("z1", "t1 + b1"),
        ("a1", "sigmoid(z1)"),
        ("t2", "a1 @ W2"),
        ("z2", "t2 + b2"),
        ("a2", "sigmoid(z2)"),
        ("J", "sum((a2 - y)**2) / 2"),
    ]
    trace = run(Plan(spec.graph), spec.values, "J")
    assert trace.value("J") == pytest.approx(0.298371109, abs=5e-10)
    assert trace.gradient("W1")[0][0] == pytest.approx(0.000438568, abs=5e-10)
    assert trace.gradient("W2")[0][0] == pytest.approx(0.082167041, abs=5e-10)


def rows(layer: str, x: str = "[1, 2]", rest: str = "") -> list[tuple[str, str]]:
    spec = loads(f"inputs: {{x: {x}}}\nlayers:\n  - dense: {{{layer}}}\n{rest}")
    return [(node.name, node.formula) for node in spec.graph.nodes.values() if node.name != "x"]


def test_what_is_written_is_what_there_is() -> None:
    assert rows("w: 2", "1") == [("w1", ""), ("b1", ""), ("t1", "w1 * x"), ("z1", "t1 + b1")]
    assert rows("w: 2, bias: false, activation: tanh", "1") == [("w1", ""), ("t1", "w1 * x"), ("a1", "tanh(t1)")]
    assert rows("w: 2, activation: linear", "[[1], [2]]")[-1] == ("a1", "z1")
    assert rows("W: [[1], [2]], activation: leaky_relu(0.2)")[-1] == ("a1", "leaky_relu(z1, 0.2)")
    assert rows("W: [[1], [2]], activation: g", rest="functions: {g(z): z**2}")[-1] == ("a1", "g(z1)")
    assert rows("units: 1, init: he", "3")[0] == ("w1", "")
    assert [name for name, _ in rows("units: 3, init: {normal: {std: 0.1}}, seed: 4")] == ["W1", "b1", "t1", "z1"]


def test_biases() -> None:
    def b1(layer: str, x: str = "[1, 2]") -> Any:
        return loads(f"inputs: {{x: {x}}}\nlayers:\n  - dense: {{{layer}}}").values["b1"]

    assert b1("w: 2", "1") == 0.0
    assert type(b1("w: 2", "1")) is float
    assert b1("W: [[1, 2], [3, 4]]").tolist() == [0.0, 0.0]
    assert b1("W: [[1, 2], [3, 4]], b: {shared: 0.35}") == 0.35
    assert b1("W: [[1, 2], [3, 4]], b: {full: [2], value: 3}").tolist() == [3.0, 3.0]
    assert b1("W: [[1], [2]], b: 0.5") == 0.5


def test_nodes_may_use_layers_and_layers_any_earlier_output() -> None:
    spec = loads("""
inputs: {x: [1, 2], v: [3, 4]}
targets: {y: 1}
parameters: {k: 0.1}
layers:
  - dense: {W: [[1, 2], [3, 4]], activation: relu, input: x}
  - dense: {W: [[1], [1]], input: v}
  - dense: {W: [[1], [1]], input: a1}
nodes:
  J: sum((z2 + z3 - y)**2) + k * sum(W1**2)
""")
    assert spec.graph.nodes["t3"].inputs == ("a1", "W3")
    assert spec.loss == "J"


def test_seeds_differ_between_layers_and_layers_can_be_overridden() -> None:
    text = "inputs: {x: [1, 2]}\nlayers:\n  - dense: {units: 2, init: he}\n  - dense: {units: 2, init: he}\nloss: z2"
    values = loads(text).values
    assert not np.array_equal(values["W1"], values["W2"])
    assert loads(text, flags=Flags(parameters=("W2=[[1,2],[3,4]]",))).values["W2"].tolist() == [[1, 2], [3, 4]]
    assert not np.array_equal(loads(text.replace("he}", "he, seed: 1}", 1)).values["W1"], values["W1"])


# Losses against PyTorch's definitions, written out in NumPy.


def softplus(z: Any) -> Any:
    return np.logaddexp(0, z)


A = np.array([[0.2, 0.7, 0.4], [0.9, 0.3, 0.6]])
ORACLES: dict[str, tuple[Any, Any]] = {
    "squared_error": (A * 3, lambda a, y: np.sum((a - y) ** 2) / 2),
    "mean_squared_error": (A * 3, lambda a, y: np.mean((a - y) ** 2)),
    "mean_absolute_error": (A * 3, lambda a, y: np.mean(abs(a - y))),
    "binary_cross_entropy": (A > 0.5, lambda a, y: -np.mean(y * np.log(a) + (1 - y) * np.log(1 - a))),
    "binary_cross_entropy_from_logits": (A > 0.5, lambda a, y: np.mean(softplus(a) - y * a)),
    "cross_entropy": (np.eye(3)[[2, 0]], lambda a, y: np.mean(np.log(np.exp(a).sum(1)) - (a * y).sum(1))),
    "hinge": (np.where(A > 0.5, 1, -1), lambda a, y: np.mean(np.maximum(0, 1 - y * a))),
    "huber": (A * 3, lambda a, y: np.mean(np.where(abs(a - y) <= 1, (a - y) ** 2 / 2, abs(a - y) - 0.5))),
}


def after(loss: str) -> str:
    """A last activation that leaves numbers as they are; one of the spec's own may be a probability for all we know."""
    return "same" if re.match(r"\W*binary_cross_entropy\b", loss) else "linear"


def loss_of(loss: str, y: Any, x: Any = A) -> Any:
    spec = loads(
        f"inputs: {{x: {x.tolist()}}}\ntargets: {{y: {y.tolist()}}}\nlayers:\n"
        f"  - dense: {{W: {np.eye(x.shape[-1]).tolist()}, bias: false, activation: {after(loss)}}}\n"
        f"loss: {loss}\nfunctions: {{same(z): z}}"
    )
    return run(Plan(spec.graph), spec.values, "J" if spec.graph.shape("J") == () else None).value("J")


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name: str) -> None:
    y, oracle = ORACLES[name]
    y = np.asarray(y, dtype=float)
    assert loss_of(name, y) == pytest.approx(oracle(A, y), rel=1e-13)
    entries = 2 if name == "cross_entropy" else 6
    mean = loss_of(f"{{{name}: {{reduction: mean}}}}", y)
    assert loss_of(f"{{{name}: {{reduction: sum}}}}", y) == pytest.approx(entries * mean)
    single = oracle(A[:1], y[:1])
    assert loss_of(name, y[0], A[0]) == pytest.approx(single, rel=1e-13)


def test_class_numbers_and_delta() -> None:
    assert loss_of("cross_entropy", np.array([2, 0])) == pytest.approx(loss_of("cross_entropy", np.eye(3)[[2, 0]]))
    assert loss_of("cross_entropy", np.array(2), A[0]) == pytest.approx(loss_of("cross_entropy", np.eye(3)[2], A[0]))
    d = A * 2
    expected = np.mean(np.where(d <= 0.7, d**2 / 2, 0.7 * (d - 0.35)))
    assert loss_of("{huber: {delta: 0.7}}", A * 3) == pytest.approx(expected)


def test_losses_from_logits_do_not_overflow() -> None:
    big = np.array([[1000.0, -1000.0]])
    assert loss_of("binary_cross_entropy_from_logits", np.array([[1.0, 0.0]]), big) == 0
    assert loss_of("cross_entropy", np.array([1]), big) == 2000


@pytest.mark.parametrize("name", LOSSES)
def test_scalar_losses(name: str) -> None:
    if name == "cross_entropy":
        return
    text = (
        f"inputs: {{x: 0.25}}\ntargets: {{y: 1}}\nlayers:\n  - dense: {{w: 2, activation: {after(name)}}}\n"
        f"loss: {name}\nfunctions: {{same(z): z}}"
    )
    spec = loads(text)
    assert spec.graph.scalar
    a = np.array([0.5])
    assert run(Plan(spec.graph), spec.values, "J").value("J") == pytest.approx(ORACLES[name][1](a, np.array([1.0])))


# Probabilities.


def certain(x: float, y: float, loss: str = "binary_cross_entropy", activation: str = "sigmoid") -> Any:
    text = (
        f"inputs: {{x: {x}}}\ntargets: {{y: {y}}}\nlayers:\n"
        f"  - dense: {{w: 1, b: 0, activation: {activation}}}\nloss: {loss}"
    )
    spec = loads(text)
    return run(Plan(spec.graph), spec.values, "J")


@pytest.mark.parametrize(("x", "y"), [(40, 1), (800, 1), (-800, 0), (-40, 0), (1, 1), (-3, 0.25), (0, 0.5)])
def test_a_probability_that_rounds_to_a_right_answer_costs_nothing(x: float, y: float) -> None:
    logits = certain(x, y, "binary_cross_entropy_from_logits", "linear")
    assert certain(x, y).value("J") == pytest.approx(logits.value("J"), abs=1e-15)
    assert certain(x, y).gradient("w1") == pytest.approx(logits.gradient("w1"), rel=1e-12, abs=1e-300)


def test_a_certain_wrong_answer_is_infinitely_wrong_and_finite_from_logits() -> None:
    assert certain(40, 0).value("J") == math.inf
    assert certain(-800, 1).value("J") == math.inf
    assert certain(30, 0).value("J") == pytest.approx(30, rel=1e-3)
    assert certain(800, 0, "binary_cross_entropy_from_logits", "linear").value("J") == 800


@pytest.mark.parametrize(
    ("activation", "what"),
    [
        ("linear", "has no activation"),
        ("relu", "ends with relu"),
        ("tanh", "ends with tanh"),
        ("leaky_relu(0.1)", "ends with leaky_relu"),
        ("swish", "ends with swish"),
    ],
)
def test_what_is_no_probability_is_refused(activation: str, what: str) -> None:
    with pytest.raises(SpecError) as caught:
        certain(1, 1, activation=activation)
    assert caught.value.message == f"binary_cross_entropy takes probabilities, but the last layer {what}"
    assert "activation: sigmoid" in caught.value.hint
    assert "binary_cross_entropy_from_logits" in caught.value.hint


def test_other_names_of_sigmoid_are_sigmoid() -> None:
    assert certain(1, 1, activation="logistic").value("J") == certain(1, 1).value("J")
    with pytest.raises(SpecError, match="takes the scores before expit"):
        certain(1, 1, "binary_cross_entropy_from_logits", "expit")


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "binary_cross_entropy_from_logits"])
@pytest.mark.parametrize("y", [-1, 2, 1.001, ".nan"])
def test_targets_outside_0_to_1_are_refused(loss: str, y: Any) -> None:
    with pytest.raises(SpecError, match=f"{loss} wants targets from 0 to 1, not"):
        certain(1, y, loss, "sigmoid" if loss == "binary_cross_entropy" else "linear")


# Activations.


@pytest.mark.parametrize(
    ("activation", "message", "hint"),
    [
        (
            "max",
            "max reduces one array; it does not compare two values",
            "The larger of z and 0 is maximum(0). This one is also relu.",
        ),
        ("min", "min reduces one array; it does not compare two values", "The smaller of z and 0 is minimum(0)."),
        (
            "sum",
            "sum works on a whole array, so it is no activation",
            "An activation takes one number at a time, such as relu, tanh or sigmoid.",
        ),
        (
            "transpose",
            "transpose works on a whole array, so it is no activation",
            "An activation takes one number at a time, such as relu, tanh or sigmoid.",
        ),
        (
            "zeros",
            "zeros works on a whole array, so it is no activation",
            "An activation takes one number at a time, such as relu, tanh or sigmoid.",
        ),
        (
            "softmax(axis=0)",
            "as an activation, softmax works along the last axis: one example at a time",
            "Write softmax",
        ),
        ("add", "add takes 2 arguments; an activation takes one", ""),
        ("foo", "unknown activation: foo", "Say once what foo is:\n  functions:\n    foo(z): maximum(0, z)"),
        (
            "g",
            "unknown activation: g",
            "Write relu or another activation, or say what g is:\n  functions:\n    g(z): maximum(0, z)",
        ),
        ("none", "unknown activation: none", "Write activation: linear, or leave it out."),
        ("sigm", "sigm has another name here", "The logistic function is sigmoid(z)."),
        ("Relu", "unknown activation: Relu. Did you mean relu?", ""),
        ("sigmiod", "unknown activation: sigmiod. Did you mean sigmoid?", ""),
        ("[relu]", "activation wants the name of an operation", "Such as relu or sigmoid."),
    ],
)
def test_what_is_no_activation(activation: str, message: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        loads(f"inputs: {{x: [1, 2]}}\nlayers:\n  - dense: {{W: [[1], [2]], activation: {activation}}}")
    assert (caught.value.message, caught.value.hint) == (message, hint)
    assert caught.value.place is not None
    assert caught.value.place.line == 3


def test_softmax_works_along_the_last_axis_and_functions_of_the_spec_are_activations() -> None:
    text = (
        "inputs: {x: [[1, 2], [3, 5]]}\nlayers:\n  - dense: {W: [[1, 0], [0, 1]], activation: ACTIVATION}\n"
        "nodes: {J: sum(a1**2)}\nfunctions: {own(z): 'exp(z) / sum(exp(z), axis=-1, keepdims=True)', "
        "'scaled(z, c)': c * z, total(z): sum(z)}"
    )
    spec = loads(text.replace("ACTIVATION", "softmax"))
    assert run(Plan(spec.graph), spec.values, "J").value("a1").sum(axis=1) == pytest.approx([1, 1])
    same = loads(text.replace("ACTIVATION", "own"))
    assert run(Plan(same.graph), same.values, "J").value("J") == pytest.approx(
        run(Plan(spec.graph), spec.values, "J").value("J")
    )
    scaled = loads(text.replace("ACTIVATION", '"scaled(3)"'))
    assert run(Plan(scaled.graph), scaled.values, "J").value("a1").tolist() == [[3, 6], [9, 15]]
    with pytest.raises(SpecError) as caught:
        loads(text.replace("ACTIVATION", "total"))
    assert caught.value.message == "total gives the shape (), but layer 1 has the shape (2,2)"
    with pytest.raises(SpecError, match="does not take one argument"):
        loads(text.replace("ACTIVATION", "scaled"))


# Parameters of layers from flags and files are checked as those in the file are.

TWO = """\
inputs: {x: [[1, 2], [3, 4]]}
layers:
  - dense: {units: 2, W: [[1, 2], [3, 4]], b: [0, 0]}
nodes: {J: sum(z1**2)}
"""


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ("b1=3", "b1 is one number, but this layer has 2 units", "Two biases that start equal:   b1=[3, 3]"),
        ("b1=[1,2,3]", "b1 has shape (3,), but this layer has 2 units", "b1 is a list of one number a unit."),
        ("W1=[[1,2,3],[1,2,3]]", "W1 has 3 columns, but this layer has 2 units", "W1 has one column a unit."),
        ("W1=[[1,2]]", "layer 1 gets 2 features, but W1 has 1 row", "W1 has one row an input."),
        ("W1=3", "W1 is a matrix, but here it is one number", "It has one row an input, one column a unit."),
        (
            "W1=[3, 4]",
            "W1 is a matrix, but here it has shape (2,)",
            "W1: [[..], [..]] has one row an input and one column a unit.",
        ),
    ],
)
def test_a_flag_gets_the_layers_checks_at_its_own_place(given: str, message: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        loads(TWO, flags=Flags(parameters=(given,)))
    assert (caught.value.message, caught.value.hint) == (message, hint)
    assert caught.value.place is not None
    assert (caught.value.place.file, caught.value.place.text) == ("--parameter", given)


def test_a_loaded_file_gets_them_too(tmp_path: Any) -> None:
    np.savez(tmp_path / "p.npz", W1=np.ones((3, 2)))
    (tmp_path / "p.json").write_text('{"W1": [[1, 2], [3, 4]],\n "b1": 3}')
    for name, place, message in [
        ("p.npz", "array W1", "layer 1 gets 2 features, but W1 has 3 rows"),
        ("p.json", "p.json:2:8", "b1 is one number, but this layer has 2 units"),
    ]:
        with pytest.raises(SpecError) as caught:
            loads(TWO, flags=Flags(load=(str(tmp_path / name),)))
        assert caught.value.message == message
        assert str(caught.value.place).endswith(place)


def test_overridden_layers_start_from_what_was_given() -> None:
    text = TWO.replace("W: [[1, 2], [3, 4]], b: [0, 0]", "init: he")
    spec = loads(text, flags=Flags(parameters=("W1=[[5,6],[7,8]]", "b1=[1,2]")))
    assert spec.values["W1"].tolist() == [[5, 6], [7, 8]]
    assert spec.values["b1"].tolist() == [1, 2]
    with pytest.raises(SpecError, match="but W1 has 1 row"):
        loads(text, flags=Flags(parameters=("W1=[[5,6]]",)))
    turned = TWO.replace("W: [[1, 2], [3, 4]]", "W.T: [[1, 2], [3, 4]]")
    assert loads(turned, flags=Flags(parameters=("W1=[[1,2],[3,4]]",))).values["W1"].tolist() == [[1, 2], [3, 4]]
    shared = TWO.replace("b: [0, 0]", "b: {shared: 0}")
    assert loads(shared, flags=Flags(parameters=("b1=3",))).values["b1"] == 3
    with pytest.raises(SpecError, match="a shared bias is one number"):
        loads(shared, flags=Flags(parameters=("b1=[1,2]",)))
