"""What sorting tells, with PyTorch's names: the k largest or smallest, a norm that is bounded, running integrals."""

from __future__ import annotations

from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED
from backpropcli.ops.formula import Case, Formula
from backpropcli.ops.formulas.settings import positive
from backpropcli.ops.planning import axes_of, axis_of, flag, number, whole

GENERAL: dict[str, Any] = {"x": (3, 4)}


def place(axis: int, entry: str) -> str:
    """The index that takes something along one axis, counted from the right."""
    return f"[..., {entry}{', :' * (-axis - 1)}]"


def _along(case: Case) -> tuple[int, int]:
    """The axis, and how many entries stand along it."""
    shape = case.shapes["input"]
    axis = axis_of(case.options.axis, shape)
    return axis, shape[axis]


def _nth(case: Case, n: int, axis: int) -> str:
    """One entry of those in order; its axis is kept where it is wanted."""
    keep = flag(case.options.keepdims, "keepdims")
    return f"sort(input, axis={axis}){place(axis, f'{n}:{n + 1}' if keep else str(n))}"


def _alone(case: Case) -> bool:
    """Whether it is asked for the one entry of a number, which PyTorch takes for an array of one."""
    return not case.shapes["input"] and case.options.k == 1 and case.options.axis in (0, -1)


def _kth(case: Case) -> str:
    if _alone(case):
        return "input"
    axis, size = _along(case)
    k = whole(case.options.k, "k")
    if not 1 <= k <= size:
        raise OperationError(f"k is from 1 to {size}, the entries along axis={case.options.axis}, not {k}")
    return _nth(case, k - 1, axis)


def _topk(case: Case) -> str:
    if _alone(case):
        return "input"
    axis, size = _along(case)
    k = whole(case.options.k, "k")
    if not 0 <= k <= size:
        raise OperationError(f"k is from 0 to {size}, the entries along axis={case.options.axis}, not {k}")
    flag(case.options.sorted, "sorted")
    order = f"sort(input, axis={axis})"
    if flag(case.options.largest, "largest"):
        order = f"flip({order}, {axis})"
    return order + place(axis, f":{k}")


def _renorm(case: Case) -> str:
    shape = case.shapes["input"]
    positive(case.options.p, "p", zero=False)
    positive(case.options.maxnorm, "maxnorm")
    own = axis_of(case.options.axis, shape)
    others = tuple(k for k in axes_of(None, shape) if k != own)
    size = f"vector_norm(input, ord=p, axis={others}, keepdims=True)"
    return f"input * where({size} > maxnorm, maxnorm / ({size} + 1e-7), 1)"


def _running(case: Case) -> str:
    dx = number(case.options.dx, "dx")
    shape = case.shapes["y"]
    axis = axis_of(case.options.axis, shape)
    after, before = place(axis, "1:"), place(axis, ":-1")
    if not case.given("x"):
        return f"cumsum((y{after} + y{before}) * {dx / 2!r}, axis={axis})"
    if len(case.shapes["x"]) == 1 and len(shape) > 1:
        steps = "diff(x)" + (f"[:{', None' * (-axis - 1)}]" if axis < -1 else "")
    else:
        steps = f"diff(x, axis={axis})"
    return f"cumsum({steps} * (y{after} + y{before}) / 2, axis={axis})"


OPERATIONS = (
    Formula(
        "kthvalue",
        "input",
        "the k-th smallest entry along an axis",
        group="reductions",
        formula="sort(input, axis=axis)[..., k - 1]",
        build=_kth,
        options={"k": REQUIRED, "axis": -1, "keepdims": False},
        keywords={"dim": "axis", "keepdim": "keepdims"},
        samples=(("kthvalue(x, 2)", GENERAL), ("kthvalue(x, 1, 0, keepdim=True)", GENERAL)),
        source="torch.kthvalue",
    ),
    Formula(
        "topk",
        "input",
        "the k largest entries along an axis in order; or the k smallest",
        group="reductions",
        formula="flip(sort(input, axis=axis), axis)[..., :k]",
        build=_topk,
        options={"k": REQUIRED, "axis": -1, "largest": True, "sorted": True},
        keywords={"dim": "axis"},
        samples=(("topk(x, 2)", GENERAL), ("topk(x, 1, 0, largest=False)", GENERAL)),
        source="torch.topk",
    ),
    Formula(
        "renorm",
        "input",
        "slices along an axis made shorter, where their norm is more than the most",
        group="reductions",
        formula="input * where(size > maxnorm, maxnorm / (size + 1e-7), 1)",
        where={"size": "vector_norm(input, ord=p, axis=1, keepdims=True)"},
        build=_renorm,
        options={"p": REQUIRED, "axis": REQUIRED, "maxnorm": REQUIRED},
        keywords={"dim": "axis"},
        samples=(("renorm(x, 2, 0, 0.5)", GENERAL), ("renorm(x, 1, dim=1, maxnorm=2)", GENERAL)),
        source="torch.renorm",
    ),
    Formula(
        "cumulative_trapezoid",
        "y x",
        "running integrals by trapezoids",
        group="reductions",
        formula="cumsum(diff(x) * (y[..., 1:] + y[..., :-1]) / 2, axis=-1)",
        build=_running,
        options={"dx": 1.0, "axis": -1},
        keywords={"dim": "axis"},
        optional="x",
        samples=(
            ("cumulative_trapezoid(y, t)", {"y": (2, 4), "t": (4,)}),
            ("cumulative_trapezoid(y, dx=0.5, dim=0)", {"y": (3, 2)}),
        ),
        source="torch.cumulative_trapezoid",
    ),
)
