"""Matrices that are formulas of others: powers, covariances, the logarithm of a determinant, diagonals put in place."""

from __future__ import annotations

from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED
from backpropcli.ops.formula import Case, Formula, Written
from backpropcli.ops.planning import axis_of, whole
from backpropcli.ops.shape import Shape, show_shape

SQUARE: dict[str, Any] = {"a": (3, 3)}
MOST = 1000
"""A power has at most so many factors, in twice its binary digits' products."""


def _square(case: Case, name: str) -> Shape:
    shape = case.shapes[name]
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise OperationError(f"{name} has the shape {show_shape(shape)}: it needs square matrices")
    return shape


def _power(case: Case) -> Written:
    """By squaring: p1 = a, p2 = p1 @ p1, p4 = p2 @ p2, ... and the product of those that n is made of."""
    size = _square(case, "a")[-1]
    n = whole(case.options.n, "n")
    if abs(n) > MOST:
        raise OperationError(f"n is at most {MOST} here, not {n}")
    if n == 0:
        return Written(f"0 * a + eye({size})")
    where = {"p1": "a" if n > 0 else "inv(a)"}
    bits = [1 << k for k in range(abs(n).bit_length())]
    for bit in bits[1:]:
        where[f"p{bit}"] = f"p{bit // 2} @ p{bit // 2}"
    return Written(" @ ".join(f"p{bit}" for bit in bits if abs(n) & bit), where)


def _logdet(case: Case) -> str:
    _square(case, "a")
    return "log(det(a))"


def _rows(case: Case) -> Shape:
    shape = case.shapes["input"]
    if len(shape) > 2:
        raise OperationError(f"input has the shape {show_shape(shape)}: it needs variables in rows, (variables, N)")
    return shape


def _covariance(case: Case) -> Written:
    shape = _rows(case)
    count = shape[-1] if shape else 1
    ddof = whole(case.options.correction, "correction")
    if not count > ddof:
        raise OperationError(f"correction={ddof} leaves nothing to divide by: there are {count} observations")
    where = {"d": "input - mean(input, axis=-1, keepdims=True)"}
    if len(shape) < 2 or shape[0] == 1:
        where["d"] = "input - mean(input)"
        return Written(f"sum(d * d) / {count - ddof}", where)
    return Written(f"d @ d.T / {count - ddof}", where)


def _correlation(case: Case) -> Written:
    shape = _rows(case)
    where = {"d": "input - mean(input, axis=-1, keepdims=True)"}
    if len(shape) < 2 or shape[0] == 1:
        return Written("sum(d * d) / sum(d * d)", {"d": "input - mean(input)"})
    where["s"] = "sqrt(sum(d * d, axis=-1))"
    return Written("clip(d @ d.T / (s[:, None] * s[None, :]), -1, 1)", where)


def _embedded(case: Case) -> str:
    shape = case.shapes["input"]
    if not shape:
        raise OperationError("input is one number: it needs the entries of a diagonal")
    offset = whole(case.options.offset, "offset")
    rank = len(shape) + 1
    one, other = (axis_of(k, (1,) * rank, "dim") % rank for k in (case.options.dim1, case.options.dim2))
    if one == other:
        raise OperationError(f"dim1={case.options.dim1} and dim2={case.options.dim2} are one axis")
    if one > other:
        one, other, offset = other, one, -offset
    size = shape[-1] + abs(offset)
    text = f"input[..., :, None] * eye({shape[-1]}, {size}, {max(offset, 0)})"
    if offset < 0:
        text = f"pad(input[..., :, None] * eye({shape[-1]}, {size}), {(*((0, 0),) * (rank - 2), (-offset, 0), (0, 0))})"
    return text if (one, other) == (rank - 2, rank - 1) else f"moveaxis({text}, (-2, -1), {(one, other)})"


OPERATIONS = (
    Formula(
        "matrix_power",
        "a",
        "a square matrix times itself, n times; its inverse where n is negative",
        group="linear algebra",
        formula="a @ a @ a",
        build=_power,
        options={"n": REQUIRED},
        keywords={"input": "a", "A": "a"},
        samples=(("matrix_power(a, 5)", SQUARE), ("matrix_power(a, -2)", SQUARE), ("matrix_power(a, 0)", SQUARE)),
        source="numpy.linalg.matrix_power",
    ),
    Formula(
        "logdet",
        "a",
        "the logarithm of a determinant; NaN where that is negative",
        group="linear algebra",
        formula="log(det(a))",
        build=_logdet,
        keywords={"input": "a", "A": "a"},
        samples=(("logdet(a @ a.T)", SQUARE),),
        source="torch.logdet",
    ),
    Formula(
        "cov",
        "input",
        "how variables, the rows, vary together: products of deviations, divided by n - 1",
        group="linear algebra",
        formula="d @ d.T / (n - correction)",
        where={"d": "input - mean(input, axis=-1, keepdims=True)", "n": "4"},
        build=_covariance,
        options={"correction": 1},
        keywords={"ddof": "correction", "m": "input"},
        samples=(("cov(x)", {"x": (3, 4)}), ("cov(x, correction=0)", {"x": (4,)})),
        source="numpy.cov",
    ),
    Formula(
        "corrcoef",
        "input",
        "the correlations of variables, the rows",
        group="linear algebra",
        formula="d @ d.T / (s[:, None] * s[None, :])",
        where={"d": "input - mean(input, axis=-1, keepdims=True)", "s": "sqrt(sum(d * d, axis=-1))"},
        build=_correlation,
        keywords={"x": "input"},
        samples=(("corrcoef(x)[0, 1:]", {"x": (3, 4)}),),
        source="numpy.corrcoef",
    ),
    Formula(
        "diag_embed",
        "input",
        "vectors as the diagonals of matrices",
        group="shapes",
        formula="input[..., :, None] * eye(n)",
        where={"n": "3"},
        build=_embedded,
        options={"offset": 0, "dim1": -2, "dim2": -1},
        samples=(
            ("diag_embed(x)", {"x": (2, 3)}),
            ("diag_embed(x, 1, 0, 2)", {"x": (2, 3)}),
            ("diag_embed(x, offset=-2)", {"x": (3,)}),
        ),
        source="torch.diag_embed",
    ),
)
