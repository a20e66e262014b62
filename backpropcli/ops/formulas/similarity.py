"""How alike vectors are, and how far apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpropcli.errors import OperationError
from backpropcli.ops.broadcasting import broadcast
from backpropcli.ops.formula import Case, Formula, Written
from backpropcli.ops.formulas.settings import positive
from backpropcli.ops.planning import axis_of, flag, number

if TYPE_CHECKING:
    from backpropcli.ops.shape import Shape


def _both(case: Case) -> Shape:
    return broadcast([case.shapes["x1"], case.shapes["x2"]])


def _cosine(case: Case) -> Written:
    o, shape = case.options, _both(case)
    axis = axis_of(o.axis, shape)
    positive(o.eps, "eps")
    where = {
        "n1": f"maximum(norm(x1, axis={axis}), eps)",
        "n2": f"maximum(norm(x2, axis={axis}), eps)",
    }
    if case.shapes["x1"] != shape or case.shapes["x2"] != shape:
        where = {"a": f"broadcast_to(x1, {shape})", "b": f"broadcast_to(x2, {shape})"}
        where |= {"n1": f"maximum(norm(a, axis={axis}), eps)", "n2": f"maximum(norm(b, axis={axis}), eps)"}
    return Written(f"sum(x1 * x2, axis={axis}) / (n1 * n2)", where)


def _pairwise(case: Case) -> Written:
    o, p = case.options, number(case.options.p, "p")
    if not _both(case):
        raise OperationError("x1 is one number: it needs vectors, (N, D) or (D,)")
    number(o.eps, "eps")
    kept = ", keepdims=True" if flag(o.keepdims, "keepdims") else ""
    if p in (1, 2, float("inf")):
        order = "" if p == 2 else f", ord={'inf' if p > 1 else 1}"
        return Written(f"norm(x1 - x2 + eps{order}, axis=-1{kept})")
    if p == 0:
        return Written(f"sum(x1 - x2 + eps != 0, axis=-1{kept})")
    return Written(f"sum(abs(x1 - x2 + eps)**p, axis=-1{kept})**(1 / p)")


OPERATIONS = (
    Formula(
        "cosine_similarity",
        "x1 x2",
        "the cosine of the angle between vectors, 1 where they point the same way",
        group="layers",
        options={"axis": 1, "eps": 1e-8},
        keywords={"dim": "axis"},
        formula="sum(x1 * x2, axis=axis) / (n1 * n2)",
        where={"n1": "maximum(norm(x1, axis=axis), eps)", "n2": "maximum(norm(x2, axis=axis), eps)"},
        build=_cosine,
        source="torch.nn.functional.cosine_similarity",
        samples=(
            ("cosine_similarity(a, b)", {"a": (2, 3), "b": (2, 3)}),
            ("cosine_similarity(a, b, dim=0)", {"a": (3,), "b": (3,)}),
            ("cosine_similarity(a, b, -1)", {"a": (2, 1, 3), "b": (2, 3)}),
        ),
    ),
    Formula(
        "pairwise_distance",
        "x1 x2",
        "the distance between vectors along the last axis",
        group="layers",
        options={"p": 2.0, "eps": 1e-6, "keepdims": False},
        keywords={"keepdim": "keepdims"},
        formula="norm(x1 - x2 + eps, axis=-1)",
        build=_pairwise,
        source="torch.nn.functional.pairwise_distance",
        samples=(
            ("pairwise_distance(a, b)", {"a": (2, 3), "b": (2, 3)}),
            ("pairwise_distance(a, b, p=3, keepdim=True)", {"a": (2, 3), "b": (3,)}),
            ("pairwise_distance(a, b, 1)", {"a": (3,), "b": (3,)}),
        ),
    ),
)
