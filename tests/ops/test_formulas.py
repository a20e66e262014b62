"""Named formulas: every sample of the table runs as steps whose gradients are right, and wrong settings are refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import backpropcli
from backpropcli.errors import BackpropError
from backpropcli.language.formula.names import names
from backpropcli.language.formula.parser import parse
from backpropcli.ops.formula import Formula, Sample
from backpropcli.ops.table import TABLE

FORMULAS = [o for o in TABLE.values() if isinstance(o, Formula)]
SAMPLES = [(o, k) for o in FORMULAS for k in range(len(o.samples))]


def network(sample: Sample, seed: int = 0) -> backpropcli.Network:
    """A sample as a network: shapes are parameters of any numbers, lists are data; J weighs the result."""
    call, given = sample
    rng = np.random.default_rng(seed)
    used = names(parse(call))
    spec: dict[str, Any] = {"inputs": {}, "parameters": {}, "nodes": {"out": call}}
    for name in (name for name in given if name in used):
        value = given[name]
        shaped = isinstance(value, tuple)
        spec["parameters" if shaped else "inputs"][name] = rng.normal(size=value).tolist() if shaped else value
    shape = backpropcli.loads(json.dumps(spec)).graph.shape("out")
    spec["inputs"]["coefficients"] = rng.normal(size=shape).tolist()
    spec["nodes"]["J"] = "sum(out * coefficients)" if shape else "out * coefficients"
    return backpropcli.loads(json.dumps(spec))


def wrong(call: str, **given: Any) -> BackpropError:
    """The error of a call."""
    with pytest.raises(BackpropError) as caught:
        network((call, given))
    return caught.value


@pytest.mark.parametrize(("operation", "k"), SAMPLES, ids=lambda o: getattr(o, "name", str(o)))
def test_samples_are_steps_with_right_gradients(operation: Formula, k: int):
    net = network(operation.samples[k])
    assert all(net.graph.operations[s] is not operation for s in net.graph.steps("out"))
    report = net.check()
    assert report.verdict == "pass", str(report)


@pytest.mark.parametrize("operation", FORMULAS, ids=lambda o: o.name)
def test_definitions_are_whole(operation: Formula):
    assert operation.samples
    assert operation.source
    assert set(operation.optional) <= set(operation.arguments)
    assert sorted(operation.order) == sorted((*operation.arguments, *operation.options))
    assert set(operation.keywords.values()) <= set(operation.order)
    known = {*operation.arguments, *operation.options, *operation.where}
    known |= {key.partition("[")[0] for key in operation.rules} | ({"t"} if operation.rules else set())
    for text in (operation.formula, *operation.where.values(), *operation.rules.values()):
        assert set(names(parse(text))) <= known


@pytest.mark.parametrize(
    ("call", "given", "message", "hint"),
    [
        (
            "group_norm(x, 3)",
            {"x": (2, 4)},
            "in group_norm(x): num_groups=3 does not divide the 4 channels of x, whose shape is (2,4)",
            "It can be 1, 2, 4.",
        ),
        ("group_norm(x)", {"x": (2, 4)}, "group_norm needs num_groups", "group_norm(x, num_groups)"),
        (
            "layer_norm(x, 2)",
            {"x": (2, 3)},
            "in layer_norm(x): normalized_shape is (2,), but x has the shape (2,3)",
            "It is x's last sizes, such as 3.",
        ),
        (
            "layer_norm(x, weight=w)",
            {"x": (2, 3), "w": (2,)},
            "in layer_norm(x, weight): weight has the shape (2,): it needs (3,), the sizes that are normalized",
            "",
        ),
        (
            "batch_norm(x, training=False)",
            {"x": (2, 3)},
            "in batch_norm(x): without the batch's own statistics it needs running_mean",
            "The batch's own: training=True",
        ),
        (
            "batch_norm(x)",
            {"x": (1, 3)},
            "in batch_norm(x): x has the shape (1,3): one value a channel has no variance",
            "Known statistics: running_mean and running_var, with training=False",
        ),
        (
            "dropout(x, 1.5)",
            {"x": (2, 3)},
            "in dropout(x): p is how likely a value is left out, from 0 to 1, not 1.5",
            "",
        ),
        (
            "attention(x, x, x, heads=3)",
            {"x": (2, 4)},
            "in attention(q, k, v): heads=3 does not divide the 4 features of q",
            "It can be 1, 2, 4.",
        ),
        (
            "attention(x, x, x, mask=m)",
            {"x": (2, 4), "m": [[1, 0, 1]]},
            "in attention(q, k, v, mask): mask has the shape (1,3)",
            "It needs (2,2): a row for each query, 1 where it may look and 0 where not.",
        ),
        (
            "attention(x, k, k)",
            {"x": (2, 4), "k": (2, 3)},
            "in attention(q, k, v): these do not fit together: q (2,4), k (2,3), v (2,3)",
            "Queries have as many features as keys, and keys as many positions as values.",
        ),
        (
            "linear(x, w)",
            {"x": (2, 3), "w": (3, 4)},
            "in linear(x, weight): weight has the shape (3,4), and x (2,3)",
            "A weight (inputs, outputs) goes with x @ weight + bias.",
        ),
        (
            "mse_loss(z, y)",
            {"z": (4, 1), "y": (4,)},
            "in mse_loss(input, target): input has the shape (4,1) and target (4,)",
            "A loss compares entry by entry: both need the same shape.",
        ),
        (
            "l1_loss(z, y, reduction='avg')",
            {"z": (4,), "y": (4,)},
            "in l1_loss(input, target): reduction is 'mean', 'sum' or 'none', not 'avg'",
            "",
        ),
        (
            "nll_loss(z, y)",
            {"z": (2, 3), "y": [0, 3]},
            "in nll_loss(input, target): target[1] is 3, but axis 1 of input has the size 3",
            "Labels count from 0: input has 0 to 2.",
        ),
        (
            "embedding(k, w)",
            {"k": [0, 5], "w": (3, 2)},
            "in embedding(ids, weight): ids[1] is 5, but axis 0 of weight has the size 3",
            "Labels count from 0: weight has 0 to 2.",
        ),
        (
            "embedding(k, w)",
            {"k": [0.5, 1], "w": (3, 2)},
            "in embedding(ids, weight): ids[0] is 0.5: as an index it would be a whole number",
            "An index is made of whole numbers, or of inputs and targets that hold them.",
        ),
        (
            "F.cross_entropy(z, y, weight=[1, 2])",
            {"z": (2, 3), "y": [0, 1]},
            "in cross_entropy_loss(input, target, weight): weight has the shape (2,): it needs (3,), "
            "one weight for each class",
            "",
        ),
        ("layer_norm(x, eps='a')", {"x": (2, 3)}, "in layer_norm(x): eps is a number, not 'a'", ""),
        (
            "layer_norm(x, epsilon=1)",
            {"x": (2, 3)},
            "layer_norm has no option epsilon",
            "Its options: normalized_shape, eps",
        ),
        ("layer_norm(x, 3, x=x)", {"x": (2, 3)}, "x of layer_norm is given twice", ""),
        (
            "normalize(x)",
            {"x": (3,)},
            "in normalize(x): axis=1 does not exist in the shape (3,)",
            "The only axis is 0.",
        ),
    ],
)
def test_wrong_settings_get_one_message(call: str, given: dict[str, Any], message: str, hint: str):
    error = wrong(call, **given)
    assert (error.message, error.hint) == (message, hint)
    assert error.place is not None


def test_the_place_is_the_call():
    error = wrong("2 * group_norm(x, 3)", x=(2, 4))
    assert error.place is not None
    assert error.place.text[error.place.column - 1 :][: error.place.length] == "group_norm(x, 3)"


def test_an_authors_own_function_and_names_win():
    text = "{functions: {layer_norm(x): 2*x, mean(x): 5*x}, parameters: {x: 3, v: 1}, nodes: {J: layer_norm(x) * v}}"
    assert backpropcli.loads(text).run().value("J") == 6.0
    text = "{functions: {mean(x): 5*x}, parameters: {x: [1, 3], v: 1, m: 7}, nodes: {J: 'sum(x * layer_norm(x)) * v'}}"
    assert backpropcli.loads(text).run().value("J") == pytest.approx(2.0, abs=1e-4)


def test_constants_fold():
    net = backpropcli.loads("{parameters: {x: [1, 3]}, nodes: {J: 'sum(x * layer_norm([1, 3], eps=0))'}}")
    assert net.run().value("J") == 2.0
    assert len(net.graph.steps("J")) == 2
