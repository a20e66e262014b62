"""Labels in formulas: whole numbers that are data, or made from data; what names nothing is refused."""

import json

import pytest

import backpropcli as bp
from backpropcli.errors import BackpropError

DATA = {
    "inputs": {"x": [[1, 2], [3, 4]], "half": [0.5, 1], "far": [0, 3], "less": [-1, 0], "none": [float("nan"), 0]},
    "targets": {"y": [[1], [2]], "one": [[2], [3]]},
    "parameters": {"W": [[0.1, 0.2, -0.3], [0.4, -0.5, 0.6]], "k": 1},
    "nodes": {"z": "x @ W", "p": "softmax(z)", "ids": "one[:, 0] - 1"},
}


def load(formula, **nodes):
    return bp.loads(json.dumps({**DATA, "nodes": {**DATA["nodes"], **nodes, "J": formula}, "loss": "J"}))


@pytest.mark.slow
@pytest.mark.parametrize(
    "formula",
    [
        "-mean(log(p[arange(2), y.reshape(2)]))",
        "-mean(log(p[arange(2), y[:, 0]]))",
        "-mean(log(p[arange(2), ids]))",
        "-mean(log(p[range(len(y)), one.ravel() - 1]))",
        "-(log(p[0, y[0, 0]]) + log(p[1, ids[1]]))/2",
        "-mean(log(p[[0, 1], [y[0, 0], ids[1]]]))",
        "cross_entropy(z, ids)",
        "cross_entropy(z, y.ravel())",
        "mean(softmax_cross_entropy(z, one_hot(ids, 3)))",
        "cross_entropy(z, one_hot(one[:, 0] - 1, 3))",
        "-mean(log(p[arange(2), round(mean(stack([ids, ids]), axis=0))]))",
        "-mean(log(p[arange(2), clip(squeeze(y), 0, 5)]))",
    ],
)
def test_data_through_any_formula_may_index(formula):
    expected = load("cross_entropy(z, [1, 2])")
    found = load(formula)
    assert found.run().value("J") == pytest.approx(expected.run().value("J"), rel=1e-14)
    assert found.run().gradient("W") == pytest.approx(expected.run().gradient("W"), rel=1e-13)
    assert found.check(against="all").verdict == "pass"


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("cross_entropy(z, far)", "far[1] is 3, but labels count from 0: z has classes 0 to 2"),
        ("cross_entropy(z, less)", "less[0] is -1, but labels count from 0: z has classes 0 to 2"),
        ("cross_entropy(z, half)", "half[0] is 0.5, but labels are whole numbers: z has classes 0 to 2"),
        ("cross_entropy(x @ W, far - 1)", "(far - 1)[0] is -1, but labels count from 0: (x @ W) has classes 0 to 2"),
        ("cross_entropy(z, [0, 3])", "[0, 3][1] is 3, but labels count from 0: z has classes 0 to 2"),
        ("cross_entropy(input=z, target=far)", "far[1] is 3, but labels count from 0: z has classes 0 to 2"),
        (
            "mean(softmax_cross_entropy(z, one_hot(far, 3)))",
            "far[1] is 3, but labels count from 0: one_hot has classes 0 to 2",
        ),
        ("sum(one_hot(less, 3) * p)", "less[0] is -1, but labels count from 0: one_hot has classes 0 to 2"),
        ("sum(one_hot(half, 3) * p)", "half[0] is 0.5, but labels are whole numbers: one_hot has classes 0 to 2"),
        ("sum(p[arange(2), far])", "far[1] is 3, but axis 1 of p has the size 3"),
        ("sum(p[arange(2), far * 2 - 4])", "(far * 2 - 4)[0] is -4, but axis 1 of p has the size 3"),
        ("sum(p[arange(2), half])", "half[0] is 0.5: as an index it would be a whole number"),
        ("sum(p[arange(2), ids / 2])", "(ids / 2)[0] is 0.5: as an index it would be a whole number"),
        ("sum(W[far])", "far[1] is 3, but axis 0 of W has the size 2"),
        ("p[0, far[1]]", "far[1] is 3, but axis 1 of p has the size 3"),
        ("sum(p[k])", "k is a parameter, which cannot be an index"),
        ("sum(p[round(z[0, 0])])", "round(z[0, 0]) is made from the parameter W, which cannot be an index"),
        ("getitem(p, 0)", "getitem is not called by its name"),
        ("pick(p, index=-1)", "pick is not called by its name"),
        ("pick('a')", "pick is not called by its name"),
        ("p.pick(0)", "pick is not called by its name"),
    ],
)
def test_what_names_nothing_is_an_error(formula, message):
    with pytest.raises(BackpropError) as caught:
        load(formula)
    assert caught.value.message == message
    assert caught.value.status == 2


def test_labels_may_count_from_the_end_in_an_index_as_in_numpy():
    assert load("sum(W[:, less])").run().value("J") == pytest.approx(0.1 - 0.3 + 0.4 + 0.6)


def test_labels_that_are_held_parameters():
    assert load("p[0, stop_gradient(round(k))]").run().value("J") == load("p[0, 1]").run().value("J")


def test_labels_of_another_run_are_judged_too():
    network = load("cross_entropy(z, ids)")
    assert network.run(values={"one": bp.api.arrays.as_array([[1.0], [3.0]])})
    with pytest.raises(BackpropError, match=r"ids\[1\] is 6, but labels count from 0: z has classes 0 to 2"):
        network.run(values={"one": bp.api.arrays.as_array([[1.0], [7.0]])})


def test_labels_in_a_function_of_the_spec():
    network = bp.loads(
        json.dumps(
            {
                **DATA,
                "functions": {"nll(q, t)": "-mean(log(q[arange(2), t]))"},
                "nodes": {"J": "nll(softmax(x @ W), one[:, 0] - 1)"},
            }
        )
    )
    assert network.run().value("J") == pytest.approx(load("cross_entropy(z, ids)").run().value("J"))
    with pytest.raises(BackpropError, match=r"t\[1\] is 3, but axis 1 of q has the size 3"):
        bp.loads(
            json.dumps(
                {
                    **DATA,
                    "functions": {"nll(q, t)": "-mean(log(q[arange(2), t]))"},
                    "nodes": {"J": "nll(softmax(x @ W), far)"},
                }
            )
        )


def test_a_shape_of_what_is_computed_leaves_no_steps_behind():
    spec = {
        "parameters": {"W": [[1, 2], [3, 4]]},
        "functions": {
            "flat(a)": {"value": "reshape(s, (s.shape[0] * s.shape[1],)) + s[0, 0]", "where": {"s": "a * a"}}
        },
        "nodes": {"f": "reshape(W @ W, ((W @ W).size,))", "g": "flat(W)", "J": "sum(f) + sum(g)"},
    }
    network = bp.loads(json.dumps(spec))
    steps = [repr(operation) for operation in network.graph.operations if operation is not None]
    assert sum("matmul" in step for step in steps) == 1
    assert network.run().value("g").tolist() == [2, 5, 10, 17]
    assert network.check().verdict == "pass"


def test_nodes_that_are_numbers_alone_may_be_sizes():
    nodes = {
        "B": "x.shape[0]",
        "h": 2,
        "hs": "4 // h",
        "q": "(x @ W).reshape(B, h, hs)",
        "J": "sum(q[:, h - 1] * q[:, 0])",
    }
    spec = {
        "inputs": {"x": [[1, 2], [3, 4], [5, 6]]},
        "parameters": {"W": [[1, 2, 3, 4], [0, 1, -1, 2]]},
        "nodes": nodes,
    }
    network = bp.loads(json.dumps(spec))
    assert network.run().value("q").shape == (3, 2, 2)
    assert network.check().verdict == "pass"
    spec["inputs"]["n"] = 2
    with pytest.raises(BackpropError, match="shape must be a constant"):
        bp.loads(json.dumps({**spec, "nodes": {**nodes, "q": "(x @ W).reshape(B, n, hs)"}}))


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("x.reshape(x.shape[0], np.prod(x.shape[1:]))", "x.reshape(2, 2)"),
        ("x / np.prod(x.shape)", "x / 4"),
        ("(W > 0).astype(float)", "W > 0"),
        ("W.astype(np.float32)", "W"),
        ("x.astype(int) % 2", "trunc(x) % 2"),
        ("x * np.array([1, 2], dtype=float)", "x * [1, 2]"),
        ("x + np.ones((2, 2), dtype=float) + torch.zeros(2, dtype=torch.float64, device='cpu')", "x + 1"),
    ],
)
def test_shapes_and_types_as_numpy_writes_them(written, means):
    found, expected = load("sum(k * out)", out=written).run(), load("sum(k * out)", out=means).run()
    assert found.value("out").tolist() == expected.value("out").tolist()
    assert found.gradient("k") == expected.gradient("k")
