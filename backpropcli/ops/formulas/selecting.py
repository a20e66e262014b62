"""PyTorch's names for entries picked, masked and laid out anew, as formulas of NumPy's."""

from __future__ import annotations

from math import prod

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED
from backpropcli.ops.formula import Case, Formula, Written
from backpropcli.ops.planning import axis_of, counts, shown, sizes, whole
from backpropcli.ops.shape import Shape, show_shape

DIM = {"input": "x", "dim": "axis"}


def _axis(case: Case, name: str = "axis") -> int:
    """The axis that an option names, from the left."""
    shape = case.shapes["x"]
    return axis_of(vars(case.options)[name], shape, name) + len(shape)


def _gather(case: Case) -> Written:
    x, index, axis = case.shapes["x"], case.shapes["index"], _axis(case)
    fits = len(index) == len(x) and all(n <= m for k, (n, m) in enumerate(zip(index, x, strict=True)) if k != axis)
    if not fits:
        raise OperationError(
            f"index has the shape {show_shape(index)}, and x {show_shape(x)}",
            hint="It has as many axes, and is no longer than x along all but the one that it picks from: y[:, None].",
        )
    cut = ", ".join(":" if k == axis or n == x[k] else f":{n}" for k, n in enumerate(index))
    whole_of_x = all(n == x[k] for k, n in enumerate(index) if k != axis)
    return Written(f"take_along_axis({'x' if whole_of_x else f'x[{cut}]'}, index, axis={axis})")


def _index_select(case: Case) -> Written:
    if len(case.shapes["index"]) > 1:
        raise OperationError(
            f"index is a list of places, not an array of the shape {show_shape(case.shapes['index'])}",
            hint="Of more axes: take(x, index, axis=0).",
        )
    return Written(f"take(x, index, axis={_axis(case)})")


def _flatten(case: Case) -> Written:
    shape = case.shapes["x"]
    start, end, order = case.options.start_dim, case.options.end_dim, case.options.order
    order, start = (start, 0) if isinstance(start, str) else (order, start)
    if order != "C":
        raise OperationError(f"order={shown(order)} is not available", hint="Entries are read row by row.")
    if not shape:
        return Written("reshape(x, (1,))")
    first, last = (axis_of(k, shape, name) + len(shape) for k, name in ((start, "start_dim"), (end, "end_dim")))
    if first > last:
        raise OperationError(f"start_dim={start} stands behind end_dim={end}")
    after = (*shape[:first], prod(shape[first : last + 1]), *shape[last + 1 :])
    return Written("x" if after == shape else f"reshape(x, {shown(after)})")


def _unflatten(case: Case) -> Written:
    shape, axis = case.shapes["x"], _axis(case)
    after = (*shape[:axis], *sizes(case.options.sizes, "sizes"), *shape[axis + 1 :])
    return Written(f"reshape(x, {shown(after)})")


def _expand(case: Case) -> Written:
    shape, given = case.shapes["x"], sizes(case.options.shape)
    new = len(given) - len(shape)
    if new < 0 or -1 in given[:new]:
        raise OperationError(
            f"shape={shown(given)} does not say every size of {show_shape(shape)}",
            hint="It has a size for every axis, new ones first; -1 leaves an axis as it is.",
        )
    return Written(f"broadcast_to(x, {shown(_kept(given, (0,) * new + shape))})")


def _kept(given: Shape, before: Shape) -> Shape:
    """The sizes, with those of before in place of -1."""
    return tuple(old if size == -1 else size for size, old in zip(given, before, strict=True))


def _masked_fill(case: Case) -> Written:
    if case.shapes["value"]:
        raise OperationError(
            f"value is one number, not an array of the shape {show_shape(case.shapes['value'])}",
            hint="Of two arrays: where(mask, value, x)",
        )
    return Written("where(mask, value, x)")


def _narrow(case: Case) -> Written:
    axis, start = _axis(case), whole(case.options.start, "start")
    size = case.shapes["x"][axis]
    length = counts(case.options.length, "length")[0]
    start += size if start < 0 else 0
    if not 0 <= start <= start + length <= size:
        raise OperationError(f"axis {axis} has {size} entries: {length} from number {start} on are not there")
    return Written(f"x[{':, ' * axis}{start}:{start + length}]")


def _lower_median(case: Case) -> Written:
    shape, axis, keepdims = case.shapes["x"], case.options.axis, case.options.keepdims
    if axis is None or not shape:
        return Written(f"sort(ravel(x))[{(prod(shape) - 1) // 2}]")
    k = axis_of(axis, shape) + len(shape)
    middle = (shape[k] - 1) // 2
    return Written(f"sort(x, axis={k})[{':, ' * k}{f'{middle}:{middle + 1}' if keepdims else middle}]")


OPERATIONS = (
    Formula(
        "masked_fill",
        "x mask value",
        "a number in place of all entries where a mask is not 0",
        group="shapes",
        keywords={"input": "x"},
        formula="where(mask, value, x)",
        build=_masked_fill,
        source="torch.Tensor.masked_fill",
        samples=(
            ("masked_fill(x, m, -1e9)", {"x": (2, 3), "m": [[1, 0, 0], [0, 1, 0]]}),
            ("x.masked_fill(m == 0, v)", {"x": (2, 3), "m": [1, 0, 0], "v": ()}),
        ),
    ),
    Formula(
        "gather",
        "x index",
        "for every place of index one entry of its row of x, by number along an axis",
        group="shapes",
        options={"axis": REQUIRED},
        order=("x", "axis", "index"),
        keywords=DIM,
        formula="take_along_axis(x, index, axis=axis)",
        build=_gather,
        source="torch.gather",
        samples=(
            ("gather(x, 1, y)", {"x": (3, 4), "y": [[1], [0], [3]]}),
            ("x.gather(1, y.unsqueeze(1)).squeeze(1)", {"x": (3, 4), "y": [1, 0, 3]}),
            ("gather(x, dim=0, index=y)", {"x": (3, 4), "y": [[2, 0], [1, 1]]}),
        ),
    ),
    Formula(
        "index_select",
        "x index",
        "the entries of an axis with these numbers",
        group="shapes",
        options={"axis": REQUIRED},
        order=("x", "axis", "index"),
        keywords=DIM,
        formula="take(x, index, axis=axis)",
        build=_index_select,
        source="torch.index_select",
        samples=(
            ("index_select(x, 1, k)", {"x": (2, 4), "k": [3, 0, 0]}),
            ("x.index_select(-2, k)", {"x": (2, 4), "k": [1]}),
        ),
    ),
    Formula(
        "flatten",
        "x",
        "some axes side by side as one, row by row; all of them unless they are told",
        group="shapes",
        options={"start_dim": 0, "end_dim": -1, "order": "C"},
        keywords={"input": "x"},
        formula="reshape(x, -1)",
        build=_flatten,
        source="torch.flatten; numpy.ndarray.flatten",
        samples=(
            ("x.flatten()", {"x": (2, 3)}),
            ("flatten(x, 1)", {"x": (2, 3, 2)}),
            ("flatten(x, 0, -2)", {"x": (2, 3, 2)}),
        ),
    ),
    Formula(
        "unflatten",
        "x",
        "one axis as several",
        group="shapes",
        options={"axis": REQUIRED, "sizes": REQUIRED},
        keywords={**DIM, "unflattened_size": "sizes"},
        formula="reshape(x, sizes)",
        build=_unflatten,
        source="torch.unflatten",
        samples=(("unflatten(x, 1, (2, -1))", {"x": (3, 4)}),),
    ),
    Formula(
        "expand",
        "x",
        "axes of size 1 stretched, and new axes in front; -1 leaves an axis as it is",
        group="shapes",
        options={"shape": REQUIRED},
        keywords={"input": "x", "size": "shape"},
        formula="broadcast_to(x, shape)",
        build=_expand,
        source="torch.Tensor.expand",
        samples=(("x.expand(2, -1, 3)", {"x": (1, 2, 1)}), ("expand(x, (4, 3))", {"x": (3,)})),
    ),
    Formula(
        "expand_as",
        "x other",
        "stretched to the shape of another array",
        group="shapes",
        keywords={"input": "x"},
        formula="broadcast_to(x, other.shape)",
        source="torch.Tensor.expand_as",
        samples=(("x.expand_as(y)", {"x": (3, 1), "y": (2, 3, 4)}),),
    ),
    Formula(
        "repeat_interleave",
        "x",
        "every entry several times",
        group="shapes",
        options={"repeats": REQUIRED, "axis": None},
        keywords=DIM,
        formula="repeat(x, repeats, axis=axis)",
        source="torch.repeat_interleave",
        samples=(("x.repeat_interleave(2)", {"x": (2, 2)}), ("repeat_interleave(x, 2, dim=1)", {"x": (2, 2)})),
    ),
    Formula(
        "kept_where",
        "x condition other",
        "an array where a condition holds, and another where not: a tensor's x.where(condition, other)",
        group="shapes",
        formula="where(condition, x, other)",
        source="torch.Tensor.where",
        samples=(
            ("x.where(c, 0.5)", {"x": (2, 3), "c": [1, 0, 1]}),
            ("kept_where(x, c, y)", {"x": (2,), "c": [1, 0], "y": (2,)}),
        ),
    ),
    Formula(
        "lower_median",
        "x",
        "the middle entry in order, of an even number the lower of the middle two: PyTorch's median",
        group="reductions",
        options={"axis": None, "keepdims": False},
        keywords={**DIM, "keepdim": "keepdims"},
        formula="sort(ravel(x))[(x.size - 1) // 2]",
        build=_lower_median,
        source="torch.median",
        samples=(
            ("torch.median(x)", {"x": (2, 2)}),
            ("torch.median(x, dim=0, keepdim=True).values", {"x": (4, 3)}),
            ("lower_median(x, 1)", {"x": (2, 5)}),
        ),
    ),
    Formula(
        "narrow",
        "x",
        "so many entries of an axis, from a number on",
        group="shapes",
        options={"axis": REQUIRED, "start": REQUIRED, "length": REQUIRED},
        keywords=DIM,
        formula="x[start:start + length]",
        build=_narrow,
        source="torch.narrow",
        samples=(("narrow(x, 1, 1, 2)", {"x": (2, 4)}),),
    ),
)
