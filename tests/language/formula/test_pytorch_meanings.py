"""What PyTorch means by a name where NumPy means another thing: never one number for the other."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import backpropcli as bp
from backpropcli.errors import BackpropError

DATA: dict[str, Any] = {"x": [[1.0, 2.0], [5.0, 3.0]], "v": [1.0, -2.0, 3.0, 7.0], "z": 0.7}


def value(formula: str) -> Any:
    nodes = {"y": formula, "J": "sum(y) + 0 * (sum(x) + sum(v) + z)"}
    return bp.loads(json.dumps({"parameters": DATA, "nodes": nodes})).run().value("y")


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("torch.median(v)", 1.0),
        ("np.median(v)", 2.0),
        ("torch.median(x, dim=1)[0]", [1.0, 3.0]),
        ("torch.topk(v, 2)[0]", [7.0, 3.0]),
        ("torch.topk(v, 2).values", [7.0, 3.0]),
        ("torch.kthvalue(v, 2)[0]", 1.0),
        ("torch.cummax(v, 0)[0]", [1.0, 1.0, 3.0, 7.0]),
        ("torch.topk(z, 1)[0]", 0.7),
        ("torch.kthvalue(z, 1, 0)[0]", 0.7),
        ("torch.softmax(z, dim=0)", 1.0),
        ("torch.sum(z, 0, keepdim=True)", 0.7),
        ("torch.max(z, 0)[0]", 0.7),
        ("torch.unsqueeze(z, 0)", [0.7]),
        ("F.pad(x, (-1, 1), 'circular')", [[2.0, 2.0], [3.0, 3.0]]),
    ],
)
def test_pytorchs_own_number(formula: str, expected: Any) -> None:
    found = value(formula)
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("formula", ["softmax(z, axis=0)", "np.sum(z, axis=0)", "torch.sum(z, 1)"])
def test_a_number_has_no_axis_elsewhere(formula: str) -> None:
    with pytest.raises(BackpropError, match="a plain number has no axes"):
        value(formula)


@pytest.mark.parametrize("formula", ["torch.topk(v, 2)[1]", "torch.cummax(v, 0)[1]"])
def test_positions_are_refused(formula: str) -> None:
    with pytest.raises(BackpropError, match="values and positions"):
        value(formula)
