"""Names and shapes from elsewhere: what is understood without being told, and what the errors say."""

import numpy as np
import pytest

from backpropcli.api import loads
from backpropcli.errors import BackpropError

NET = """
inputs: {x: [1, -2]}
parameters: {W1: [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]], b1: [0, 0.1, 0.2]}
nodes: {t1: x @ W1, z1: t1 + b1, a1: tanh(z1), J: sum(a1)}
"""


@pytest.fixture
def network():
    return loads(NET, "net.yaml")


@pytest.fixture
def right(network):
    trace = network.run()
    return {name: trace.gradient(name) for name in ("W1", "b1", "a1", "z1")}


def error(network, given, **options):
    with pytest.raises(BackpropError) as caught:
        network.check_gradients(given, **options)
    assert caught.value.status == 2
    return caught.value


@pytest.mark.parametrize(
    "name",
    [
        "W1",
        "dW1",
        "grad_W1",
        "dJ/dW1",
        "dJ_dW1",
        "W1.grad",
        "W1_grad",
        "d_W1",
        "∂J/∂W1",
        "dL/dW1",
        "dloss_dW1",
        "grad.W1",
        "gradW1",
    ],
)
def test_names_that_need_no_telling(network, right, name):
    found = network.check_gradients({name: right["W1"], "db1": right["b1"]}).external
    assert [(g.key, g.name, g.verdict) for g in found.gradients] == [(name, "W1", "pass"), ("db1", "b1", "pass")]


def test_a_name_of_the_network_means_itself():
    network = loads("parameters: {W: 2, dW: 3}\nnodes: {J: W * dW}\n")
    assert network.check_gradients({"W": 3.0, "dW": 2.0}).status == 0
    assert network.check_gradients({"W": 2.0, "dW": 3.0}).status == 1


def test_nodes_may_be_given_too(network, right):
    given = {"W1": right["W1"], "b1": right["b1"], "da1": right["a1"], "dJ/dz1": right["z1"]}
    found = network.check_gradients(given)
    assert [g.name for g in found.external.gradients] == ["W1", "b1", "z1", "a1"]
    assert found.status == 0


def test_unknown_names_and_the_line_that_would_do(network, right):
    wrong = error(network, {"fc1.weight": right["W1"].T, "fc1.bias": right["b1"]})
    assert str(wrong) == (
        "the given gradients: no parameter of net.yaml is called fc1.weight\n"
        "  In the file:     fc1.weight (3,2), fc1.bias (3,)\n"
        "  In the network:  W1 (2,3), b1 (3,)\n"
        "  Say which is which:  --as fc1.weight=W1.T --as fc1.bias=b1   (.T where rows are units)"
    )
    renames = ["fc1.weight=W1.T", "fc1.bias=b1"]
    assert network.check_gradients({"fc1.weight": right["W1"].T, "fc1.bias": right["b1"]}, renames=renames).status == 0


def test_the_numbers_tell_which_of_two_squares_is_meant():
    network = loads("parameters: {A: [[1, 2], [3, 4]], B: [[5, 6], [7, 9]]}\nnodes: {J: sum(A**2) + sum(B**3 / 3)}\n")
    a, b = np.array([[2.0, 4], [6, 8]]), np.array([[25.0, 36], [49, 81]])
    assert "--as one=B.T --as two=A" in error(network, {"one": b.T, "two": a}).hint


def test_what_is_left_over_can_be_left_out(network, right):
    given = {"W1": right["W1"], "b1": right["b1"], "epoch": 3.0}
    assert "To leave one out, give it no name:  --as epoch=" in error(network, given).hint
    assert network.check_gradients(given, renames=["epoch="]).status == 0


def test_a_parameter_that_is_missing(network, right):
    wrong = error(network, {"W1": right["W1"]})
    assert wrong.message == "the given gradients: b1 is missing"
    assert "--allow-missing" in wrong.hint
    report = network.check_gradients({"W1": right["W1"]}, allow_missing=True)
    assert (report.status, report.external.missing) == (0, ("b1",))
    assert error(network, {"a1": right["a1"]}).message == "the given gradients: W1, b1 are missing"


def test_shapes_that_do_not_fit(network, right):
    wrong = error(network, {"dW1": right["W1"].T, "b1": right["b1"]})
    assert wrong.message == (
        "the given gradients: dW1, which is W1, has shape (3,2), but W1 in the network has shape (2,3)"
    )
    assert wrong.hint == "The transpose fits:  --as dW1=W1.T"
    wrong = error(network, {"W1": right["W1"], "b1": right["b1"]}, renames=["W1=W1.T"])
    assert wrong.hint == "As it stands it fits, without .T:  --as W1=W1"


def test_another_shape_is_wrong_and_all_else_is_judged(network, right):
    report = network.check_gradients({"W1": np.ones((4, 2)), "b1": right["b1"]})
    assert (report.status, [g.verdict for g in report.external.gradients]) == (1, ["fail", "pass"])
    assert report.external.likely == (
        "dJ/dW1 has the shape (4,2), and W1 has (2,3): a gradient has the shape of its value.",
    )


@pytest.mark.parametrize("shape", ["0.5", "[0.5]", "[[0.5]]"])
def test_one_number_may_be_bare(shape):
    """One output unit's bias: a bare number in their file, one entry here."""
    one = loads(f"parameters: {{b: {shape}}}\nnodes: {{J: sum(b * b)}}")
    assert [one.check_gradients({"b": gradient}).status for gradient in (1.0, [1.0], [[1.0]], 1.5)] == [0, 0, 0, 1]


def test_a_bias_may_be_a_row_or_a_column(network, right):
    for bias in (right["b1"][None, :], right["b1"][:, None]):
        assert network.check_gradients({"W1": right["W1"], "b1": bias}).status == 0


@pytest.mark.parametrize(
    ("rename", "message"),
    [
        ("W1", "--as W1: expected THEIRS=OURS"),
        ("W2=W1", "--as W2=W1: the given gradients has no W2. Did you mean W1?"),
        ("W1=W2", "--as W1=W2: net.yaml has no W2. Did you mean W1?"),
    ],
)
def test_renames_that_mean_nothing(network, right, rename, message):
    assert error(network, {"W1": right["W1"], "b1": right["b1"]}, renames=[rename]).message == message


def test_two_names_for_one(network, right):
    given = {"W1": right["W1"], "dW1": right["W1"], "b1": right["b1"]}
    assert error(network, given).message == "the given gradients: W1 and dW1 both mean W1"
