"""Distances between points, as norms of differences, with PyTorch's names and defaults."""

from __future__ import annotations

from backpropcli.errors import OperationError
from backpropcli.ops.formula import Case, Formula
from backpropcli.ops.planning import number, shown
from backpropcli.ops.shape import show_shape


def order_of(case: Case) -> float:
    """The p of a distance."""
    p = float(number(case.options.p, "p"))
    if p < 0:
        raise OperationError(f"p is a number of at least 0, not {shown(case.options.p)}")
    return p


def _dist(case: Case) -> str:
    number(case.options.p, "p")
    return "vector_norm(input - other, ord=p)"


def _cdist(case: Case) -> str:
    order_of(case)
    for name, shape in case.shapes.items():
        if len(shape) < 2:
            raise OperationError(f"{name} has the shape {show_shape(shape)}: it needs points, (..., N, D)")
    return "vector_norm(x1[..., :, None, :] - x2[..., None, :, :], ord=p, axis=-1)"


def _pdist(case: Case) -> str:
    order_of(case)
    shape = case.shapes["input"]
    if len(shape) != 2:
        raise OperationError(f"input has the shape {show_shape(shape)}: it needs points, (N, D)")
    first = [i for i in range(shape[0]) for _ in range(i + 1, shape[0])]
    second = [j for i in range(shape[0]) for j in range(i + 1, shape[0])]
    return f"vector_norm(input[{first}] - input[{second}], ord=p, axis=-1)"


OPERATIONS = (
    Formula(
        "dist",
        "input other",
        "the p-norm of a difference",
        group="reductions",
        formula="vector_norm(input - other, ord=p)",
        build=_dist,
        options={"p": 2},
        samples=(("dist(x, y)", {"x": (2, 3), "y": (3,)}), ("dist(x, y, 3)", {"x": (2, 3), "y": (2, 3)})),
        source="torch.dist",
    ),
    Formula(
        "cdist",
        "x1 x2",
        "the distance of every point of one set from every point of another",
        group="reductions",
        formula="vector_norm(x1[..., :, None, :] - x2[..., None, :, :], ord=p, axis=-1)",
        build=_cdist,
        options={"p": 2, "compute_mode": None},
        samples=(
            ("cdist(x, y)", {"x": (2, 3), "y": (4, 3)}),
            ("cdist(x, y, p=1)", {"x": (2, 2, 3), "y": (2, 1, 3)}),
        ),
        source="torch.cdist",
    ),
    Formula(
        "pdist",
        "input",
        "the distances of all pairs of points, in order",
        group="reductions",
        formula="vector_norm(input[first] - input[second], ord=p, axis=-1)",
        build=_pdist,
        where={"first": "[0, 0, 1]", "second": "[1, 2, 2]"},
        options={"p": 2},
        samples=(("pdist(x)", {"x": (3, 2)}), ("pdist(x, p=3)", {"x": (4, 2)})),
        source="torch.nn.functional.pdist",
    ),
)
