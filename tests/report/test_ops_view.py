"""The table of operations as people read it."""

import json

from backpropcli.ops.definition import Elementwise
from backpropcli.ops.table import TABLE
from backpropcli.report.ops import call, example, ops_json, ops_page, ops_table


def test_every_operation_has_a_row_and_a_page():
    text = ops_table(TABLE.values()).text()
    for name, operation in TABLE.items():
        assert f"  {call(operation)} " in text
        page = "\n".join(ops_page(operation))
        assert page.startswith(f"{call(operation)}   {operation.words}")
        assert f"{name}(" in page or name in ("getitem", "pick")


def test_calls_show_what_must_be_given():
    assert [call(TABLE[name]) for name in ("where", "reshape", "concatenate", "sum", "getitem", "zeros")] == [
        "where(condition, a, b)",
        "reshape(a, shape)",
        "concatenate([a, b, ...])",
        "sum(a)",
        "a[index]",
        "zeros(shape)",
    ]


def test_a_named_formula():
    assert list(ops_page(TABLE["layer_norm"])) == [
        "layer_norm(x)   each example less its mean, over its standard deviation; without a shape over the last axis",
        "",
        "  y = layer_norm(x)   (x - m) / sqrt(v + eps) * weight + bias",
        "    m                 mean(x, axis=-1, keepdims=True)",
        "    v                 var(x, axis=-1, keepdims=True)",
        "  in full             layer_norm(x, normalized_shape=None, weight=None, bias=None, eps=1e-05)",
        "  source              Ba, Kiros and Hinton 2016, arXiv:1607.06450; torch.nn.functional.layer_norm",
    ]


def test_sigmoid():
    page = list(ops_page(TABLE["sigmoid"]))
    assert "  y = sigmoid(z)   1 / (1 + exp(-z))" in page
    assert "  ∂y/∂z            y * (1 - y)" in page


def test_examples_work():
    import shlex

    from backpropcli.app import main

    for name in ("sigmoid", "maximum", "where", "power", "log"):
        operation = TABLE[name]
        assert isinstance(operation, Elementwise)
        assert main([*shlex.split(example(operation))[1:], "-q"]) == 0


def test_as_json():
    data = json.loads("".join(ops_json(TABLE.values())))
    assert data["format"] == "backprop.ops/1"
    assert [o["name"] for o in data["operations"]] == list(TABLE)
