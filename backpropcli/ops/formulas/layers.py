"""What layers of a network do, as functions of their weights: products, gates, and rows of a table by number."""

from __future__ import annotations

from backpropcli.errors import OperationError
from backpropcli.ops.formula import Case, Formula, Written
from backpropcli.ops.formulas.settings import fits, scaled
from backpropcli.ops.planning import axis_of, whole
from backpropcli.ops.shape import show_shape


def _linear(case: Case) -> Written:
    x, weight = case.shapes["x"], case.shapes["weight"]
    if len(weight) not in (1, 2) or not x or x[-1] != weight[-1]:
        turned = len(weight) == 2 and x and x[-1] == weight[0]
        raise OperationError(
            f"weight has the shape {show_shape(weight)}, and x {show_shape(x)}",
            hint="A weight (inputs, outputs) goes with x @ weight + bias."
            if turned
            else f"It needs (outputs, {x[-1] if x else 'inputs'}), as PyTorch stores it.",
        )
    fits(case, "bias", weight[:-1], "one number for each output")
    turned_weight = "weight.T" if len(weight) == 2 else "weight"
    return Written(scaled(f"x @ {turned_weight}", "", "bias" if case.given("bias") else ""))


def _bilinear(case: Case) -> Written:
    one, two, weight = case.shapes["x1"], case.shapes["x2"], case.shapes["weight"]
    if len(weight) != 3 or not one or not two or one[:-1] != two[:-1] or (one[-1], two[-1]) != weight[1:]:
        raise OperationError(
            f"x1 has the shape {show_shape(one)}, x2 {show_shape(two)} and weight {show_shape(weight)}",
            hint="They need (..., n), (..., m) and (outputs, n, m).",
        )
    fits(case, "bias", weight[:1], "one number for each output")
    bias = "bias" if case.given("bias") else ""
    return Written(scaled("einsum('...i,oij,...j->...o', x1, weight, x2)", "", bias))


def _glu(case: Case) -> Written:
    shape = case.shapes["x"]
    axis = axis_of(case.options.axis, shape)
    if shape[axis] % 2:
        raise OperationError(
            f"x has {shape[axis]} entries along axis={case.options.axis}: they cannot be halved",
            hint="glu takes twice as many as it gives: values and gates.",
        )
    return Written("a * sigmoid(b)", {"a": "split(x, 2, axis=axis)[0]", "b": "split(x, 2, axis=axis)[1]"})


def _embedding(case: Case) -> Written:
    weight, row = case.shapes["weight"], case.options.padding_idx
    if len(weight) != 2:
        raise OperationError(f"weight has the shape {show_shape(weight)}: it needs (how many, their size)")
    if row is None:
        return Written("weight[ids]")
    k = whole(row, "padding_idx")
    if not -weight[0] <= k < weight[0]:
        raise OperationError(f"padding_idx={k} names no row of weight, which has {weight[0]}")
    held = f"where(arange({weight[0]})[:, None] == {k % weight[0]}, stop_gradient(weight), weight)"
    return Written("rows[ids]", {"rows": held})


OPERATIONS = (
    Formula(
        "linear",
        "x weight bias",
        "a layer's sum, with its weight as PyTorch stores it: (outputs, inputs)",
        group="layers",
        optional="bias",
        keywords={"input": "x"},
        formula="x @ weight.T + bias",
        build=_linear,
        source="torch.nn.functional.linear",
        samples=(
            ("linear(x, w, b)", {"x": (2, 3), "w": (4, 3), "b": (4,)}),
            ("linear(x, w)", {"x": (3,), "w": (3,)}),
        ),
    ),
    Formula(
        "bilinear",
        "x1 x2 weight bias",
        "sums of products of two layers' values, a matrix of weights for each output",
        group="layers",
        optional="bias",
        keywords={"input1": "x1", "input2": "x2"},
        formula="einsum('...i,oij,...j->...o', x1, weight, x2) + bias",
        build=_bilinear,
        source="torch.nn.functional.bilinear",
        samples=(
            ("bilinear(x, y, w, b)", {"x": (2, 3), "y": (2, 2), "w": (4, 3, 2), "b": (4,)}),
            ("bilinear(x, y, w)", {"x": (3,), "y": (2,), "w": (4, 3, 2)}),
        ),
    ),
    Formula(
        "glu",
        "x",
        "one half of an axis, let through by the sigmoid of the other half",
        group="layers",
        options={"axis": -1},
        keywords={"input": "x", "dim": "axis"},
        formula="a * sigmoid(b)",
        where={"a": "split(x, 2, axis=axis)[0]", "b": "split(x, 2, axis=axis)[1]"},
        build=_glu,
        source="Dauphin et al. 2017, arXiv:1612.08083; torch.nn.functional.glu",
        samples=(("glu(x)", {"x": (2, 4)}), ("glu(x, dim=0)", {"x": (2, 3)})),
    ),
    Formula(
        "embedding",
        "ids weight",
        "the rows of a table with these numbers; a row that is used twice gets both gradients",
        group="layers",
        options={"padding_idx": None},
        keywords={"input": "ids"},
        formula="weight[ids]",
        build=_embedding,
        source="Bengio et al. 2003; torch.nn.functional.embedding",
        samples=(
            ("embedding(k, w)", {"k": [0, 2, 2], "w": (3, 2)}),
            ("embedding(k, w, padding_idx=-1)", {"k": [[0, 2], [2, 1]], "w": (3, 2)}),
        ),
    ),
)
