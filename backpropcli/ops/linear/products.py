"""Products of vectors, matrices and batches of them: planning makes matrices of vectors, so that one body does."""

from __future__ import annotations

from math import prod
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.broadcasting import broadcast
from backpropcli.ops.definition import XP, Options, Structural, Value
from backpropcli.ops.linear.contraction import contract, contract_vjp, plan_einsum
from backpropcli.ops.linear.gathered import left_gathered, right_gathered
from backpropcli.ops.planning import axis_of, bounded, sample, shown, whole
from backpropcli.ops.shape import Shape, show_shape
from backpropcli.ops.stacked import aligned, fit, reshape


def plan_matmul(shapes: list[Shape]) -> tuple[Shape, Options]:
    """NumPy's `@`: vector or matrix on either side, any number of axes in front that broadcast."""
    a, b = shapes
    if not a or not b:
        raise OperationError(
            f"shapes {show_shape(a)} and {show_shape(b)} do not fit: @ needs arrays, and one of these is a number",
            hint="A number times an array is written a * b.",
        )
    inner = b[0] if len(b) == 1 else b[-2]
    if a[-1] != inner:
        raise OperationError(
            f"shapes {show_shape(a)} and {show_shape(b)} do not fit: the inner sizes {a[-1]} and {inner} differ",
            hint=_matmul_hint(a, b),
        )
    rows, columns = a[-2:-1], b[-1:] if len(b) > 1 else ()
    batch = _batch(a, b)
    if len(b) <= 2:  # every row of every matrix of a meets the same b: one product
        left: Shape = (prod(a[:-1]), inner)
        right: Shape = (inner, *(columns or (1,)))
        product: Shape = (left[0], right[1])
    else:
        left = (*a[:-2], *(rows or (1,)), inner)
        right = b
        product = (*batch, left[-2], right[-1])
    shape = bounded((*batch, *rows, *columns))
    return shape, Options(before=(a, b), lifted=(left, right), product=product, shape=shape)


def _batch(a: Shape, b: Shape) -> Shape:
    try:
        return broadcast([a[:-2], b[:-2]])
    except OperationError:
        raise OperationError(
            f"shapes {show_shape(a)} and {show_shape(b)} do not fit: "
            f"the axes in front of the matrices, {show_shape(a[:-2])} and {show_shape(b[:-2])}, differ",
            hint="They fit when, counted from the right, sizes are equal or one of them is 1.",
        ) from None


def _matmul_hint(a: Shape, b: Shape) -> str:
    fits = []
    if len(b) == 2 and a[-1] == b[-1]:
        fits.append(f"Transposed, the second one would fit: {show_shape(a)} @ {show_shape(b[::-1])}, with .T")
    elif len(a) == 2 and a[0] == (b[0] if len(b) == 1 else b[-2]):
        fits.append(f"Transposed, the first one would fit: {show_shape(a[::-1])} @ {show_shape(b)}, with .T")
    elif b[-1] == (a[0] if len(a) == 1 else a[-2]) and len(a) <= 2 and len(b) <= 2:
        fits.append(f"The other way round would fit: {show_shape(b)} @ {show_shape(a)}")
    elif len(a) == 1 == len(b):
        fits.append("Every product of their entries is outer(a, b).")
    if not fits:
        fits.append(f"The second one needs {a[-1]} rows, or the first one {b[0] if len(b) == 1 else b[-2]} columns.")
    return fits[0]


def plan_dot(shapes: list[Shape]) -> tuple[Shape, Options]:
    """NumPy's `dot`: `@` up to matrices, a product with a number, else the last axis of a with b's last but one."""
    a, b = shapes
    if a and b and len(b) <= 2:
        return plan_matmul(shapes)
    first, second = ascii_lowercase[: len(a)], ascii_lowercase[len(a) : len(a) + len(b)]
    if a and b:
        if a[-1] != b[-2]:
            raise OperationError(
                f"shapes {show_shape(a)} and {show_shape(b)} do not fit: the inner sizes {a[-1]} and {b[-2]} differ"
            )
        second = second[:-2] + first[-1] + second[-1]
        return plan_einsum(shapes, f"{first},{second}->{first[:-1]}{second[:-2]}{second[-1]}")
    return plan_einsum(shapes, f"{first},{second}->{first}{second}")


def plan_inner(shapes: list[Shape]) -> tuple[Shape, Options]:
    """The sum of products along the last axes."""
    a, b = shapes
    if not a or not b:
        return plan_dot(shapes)
    if a[-1] != b[-1]:
        raise OperationError(f"shapes {show_shape(a)} and {show_shape(b)} do not fit: the last sizes differ")
    first, second = ascii_lowercase[: len(a)], ascii_lowercase[len(a) : len(a) + len(b)]
    return plan_einsum(shapes, f"{first},{second[:-1]}{first[-1]}->{first[:-1]}{second[:-1]}")


def plan_vdot(shapes: list[Shape]) -> tuple[Shape, Options]:
    """The sum of products of two arrays of the same size, whatever their shapes."""
    a, b = shapes
    n = prod(a)
    if n != prod(b):
        raise OperationError(
            f"shapes {show_shape(a)} and {show_shape(b)} do not fit: they have {n} and {prod(b)} entries"
        )
    return (), Options(before=(a, b), lifted=((1, n), (n, 1)), product=(1, 1), shape=())


def plan_outer(shapes: list[Shape]) -> tuple[Shape, Options]:
    """Every product of an entry of a with one of b; both are read row by row."""
    a, b = shapes
    shape = bounded((prod(a), prod(b)))
    return shape, Options(before=(a, b), lifted=((shape[0], 1), (1, shape[1])), product=shape, shape=shape)


def plan_tensordot(shapes: list[Shape], axes: Any = 2) -> tuple[Shape, Options]:
    """The last axes of a with the first of b (a number), or those named, pair by pair; sizes must be equal."""
    a, b = shapes
    if isinstance(axes, tuple | list):
        if len(axes) != 2:
            raise OperationError(f"axes is a number, or the axes of a and those of b, not {shown(axes)}")
        left, right = (tuple(x) if isinstance(x, tuple | list) else (x,) for x in axes)
    else:
        count = whole(axes, "axes")
        if not 0 <= count <= min(len(a), len(b)):
            raise OperationError(f"axes={count} is more than {show_shape(a)} and {show_shape(b)} have")
        left, right = tuple(range(len(a) - count, len(a))), tuple(range(count))
    if len(left) != len(right):
        raise OperationError(f"axes={shown(axes)} names {len(left)} axes of a and {len(right)} of b")
    first, second = list(ascii_lowercase[: len(a)]), list(ascii_uppercase[: len(b)])
    one = [axis_of(k, a, "axes") for k in left]
    other = [axis_of(k, b, "axes") for k in right]
    if len(set(one)) < len(one) or len(set(other)) < len(other):
        raise OperationError(f"axes={shown(axes)} names an axis twice")
    for j, k in zip(one, other, strict=True):
        if a[j] != b[k]:
            raise OperationError(
                f"shapes {show_shape(a)} and {show_shape(b)} do not fit: axis {j + len(a)} has {a[j]}, "
                f"axis {k + len(b)} has {b[k]}"
            )
        second[k] = first[j]
    output = [c for j, c in enumerate(first) if j - len(a) not in one]
    output += [c for k, c in enumerate(second) if k - len(b) not in other]
    shape, o = plan_einsum(shapes, f"{''.join(first)},{''.join(second)}->{''.join(output)}")
    o.axes = axes
    return shape, o


def plan_kron(shapes: list[Shape]) -> tuple[Shape, Options]:
    """Every entry of a times all of b, in blocks; the shorter shape gets axes of size 1 in front."""
    rank = max(map(len, shapes))
    a, b = ((1,) * (rank - len(s)) + s for s in shapes)
    first, second = ascii_lowercase[:rank], ascii_uppercase[:rank]
    text = f"{first},{second}->{''.join(x + y for x, y in zip(first, second, strict=True))}"
    blocks, o = plan_einsum([a, b], text)
    after = bounded(tuple(x * y for x, y in zip(a, b, strict=True)))
    return after, Options(inner=o, lifted_shapes=(a, b), own=tuple(shapes), blocks=blocks, after=after)


def _kron_sides(xp: XP, o: Options, a: Value, b: Value) -> list[Value]:
    return [reshape(xp, x, own, lifted) for x, own, lifted in zip((a, b), o.own, o.lifted_shapes, strict=True)]


def _kron(xp: XP, o: Options, a: Value, b: Value) -> Value:
    return reshape(xp, contract(xp, o.inner, *_kron_sides(xp, o, a, b)), o.blocks, o.after)


def _kron_vjp(xp: XP, o: Options, g: Value, y: Value, k: int, a: Value, b: Value) -> Value:
    found = contract_vjp(xp, o.inner, reshape(xp, g, o.after, o.blocks), y, k, *_kron_sides(xp, o, a, b))
    return reshape(xp, found, o.lifted_shapes[k], o.own[k])


def _matmul(xp: XP, o: Options, a: Value, b: Value) -> Value:
    a, b = reshape(xp, a, o.before[0], o.lifted[0]), reshape(xp, b, o.before[1], o.lifted[1])
    a, b = aligned(xp, a, o.lifted[0], o.product), aligned(xp, b, o.lifted[1], o.product)
    return reshape(xp, xp.matmul(a, b), o.product, o.shape)


def _matmul_left(xp: XP, o: Options, g: Value, y: Value, a: Value, b: Value) -> Value:
    g = reshape(xp, g, o.shape, o.product)
    b = aligned(xp, reshape(xp, b, o.before[1], o.lifted[1]), o.lifted[1], o.product)
    whole_batch = o.product[:-1] + o.lifted[0][-1:]
    result = xp.matmul(g, xp.swapaxes(b, -1, -2))
    return reshape(xp, fit(xp, result, whole_batch, o.lifted[0]), o.lifted[0], o.before[0])


def _matmul_right(xp: XP, o: Options, g: Value, y: Value, a: Value, b: Value) -> Value:
    g = reshape(xp, g, o.shape, o.product)
    a = aligned(xp, reshape(xp, a, o.before[0], o.lifted[0]), o.lifted[0], o.product)
    whole_batch = o.product[:-2] + o.lifted[1][-2:]
    result = xp.matmul(xp.swapaxes(a, -1, -2), g)
    return reshape(xp, fit(xp, result, whole_batch, o.lifted[1]), o.lifted[1], o.before[1])


def _dot(xp: XP, o: Options, a: Value, b: Value) -> Value:
    return contract(xp, o, a, b) if hasattr(o, "inputs") else _matmul(xp, o, a, b)


def _dot_left(xp: XP, o: Options, g: Value, y: Value, a: Value, b: Value) -> Value:
    return contract_vjp(xp, o, g, y, 0, a, b) if hasattr(o, "inputs") else _matmul_left(xp, o, g, y, a, b)


def _dot_right(xp: XP, o: Options, g: Value, y: Value, a: Value, b: Value) -> Value:
    return contract_vjp(xp, o, g, y, 1, a, b) if hasattr(o, "inputs") else _matmul_right(xp, o, g, y, a, b)


OPERATIONS = (
    Structural(
        "matmul",
        "a b",
        "the matrix product: rows of a times columns of b",
        group="linear algebra",
        infix="@",
        aliases=("mm",),
        planner=plan_matmul,
        samples=(
            sample((3,), (3,)),
            sample((3,), (3, 2)),
            sample((2, 3), (3,)),
            sample((2, 3), (3, 4)),
            sample((2, 2, 3), (3, 2)),
            sample((2, 2, 3), (3,)),
            sample((3,), (2, 3, 2)),
            sample((2, 3), (2, 3, 2)),
            sample((2, 2, 3), (2, 3, 2)),
            sample((2, 1, 2, 3), (3, 3, 2)),
            sample((1, 2, 3), (2, 2, 3, 1)),
        ),
        value=_matmul,
        vjps={"a": ("g @ b.T", _matmul_left), "b": ("a.T @ g", _matmul_right)},
        matrix_product=True,
        gathered=lambda o: (left_gathered, right_gathered) if len(o.product) == 2 else (),
    ),
    Structural(
        "dot",
        "a b",
        "the dot product of two vectors; for matrices the same as a @ b",
        group="linear algebra",
        planner=plan_dot,
        samples=(
            sample((3,), (3,)),
            sample((2, 3), (3,)),
            sample((2, 3), (3, 4)),
            sample((), (3,)),
            sample((2, 2), ()),
            sample((), ()),
            sample((2, 3), (2, 3, 2)),
            sample((2, 2, 3), (3,)),
            sample((3,), (2, 3, 2)),
        ),
        value=_dot,
        vjps={"a": ("g @ b.T", _dot_left), "b": ("a.T @ g", _dot_right)},
        matrix_product=True,
        reduces=True,
    ),
    Structural(
        "inner",
        "a b",
        "the sum of products along the last axes",
        group="linear algebra",
        planner=plan_inner,
        samples=(sample((3,), (3,)), sample((2, 3), (3,)), sample((2, 3), (4, 3)), sample((), (2,))),
        value=contract,
        vjps={
            "a": ("g @ b", lambda xp, o, g, y, a, b: contract_vjp(xp, o, g, y, 0, a, b)),
            "b": ("g.T @ a", lambda xp, o, g, y, a, b: contract_vjp(xp, o, g, y, 1, a, b)),
        },
    ),
    Structural(
        "vdot",
        "a b",
        "the sum of products of all entries",
        group="linear algebra",
        planner=plan_vdot,
        formula="sum(a * b)",
        samples=(sample((3,), (3,)), sample((2, 3), (2, 3)), sample((), ())),
        value=_matmul,
        vjps={"a": ("g * b", _matmul_left), "b": ("g * a", _matmul_right)},
    ),
    Structural(
        "outer",
        "a b",
        "every product of an entry of a with an entry of b, as a matrix",
        group="linear algebra",
        planner=plan_outer,
        samples=(sample((2,), (3,)), sample((2, 2), (3,)), sample((), (2,))),
        value=_matmul,
        vjps={"a": ("g @ b", _matmul_left), "b": ("g.T @ a", _matmul_right)},
    ),
    Structural(
        "tensordot",
        "a b",
        "sums of products over some axes of a and of b",
        group="linear algebra",
        options={"axes": 2},
        keywords={"dims": "axes"},
        planner=plan_tensordot,
        samples=(
            sample((2, 3), (2, 3)),
            sample((2, 3), (3, 4), axes=1),
            sample((2,), (3,), axes=0),
            sample((2, 3, 4), (4, 2, 5), axes=((0, 2), (1, 0))),
            sample((3, 2), (2, 3), axes=(0, 1)),
        ),
        value=contract,
        vjps={
            "a": (
                "tensordot(g, b) over the axes that b alone has",
                lambda xp, o, g, y, a, b: contract_vjp(xp, o, g, y, 0, a, b),
            ),
            "b": (
                "tensordot(a, g) over the axes that a alone has",
                lambda xp, o, g, y, a, b: contract_vjp(xp, o, g, y, 1, a, b),
            ),
        },
    ),
    Structural(
        "kron",
        "a b",
        "every entry of a times the whole of b, block by block",
        group="linear algebra",
        planner=plan_kron,
        value=_kron,
        samples=(
            sample((2, 3), (2, 2)),
            sample((3,), (2,)),
            sample((2,), (2, 2)),
            sample((), (3,)),
            sample((1, 2), (3,)),
        ),
        vjps={
            "a": ("each block of g times b, added up", lambda xp, o, g, y, a, b: _kron_vjp(xp, o, g, y, 0, a, b)),
            "b": (
                "the blocks of g times the entries of a, added up",
                lambda xp, o, g, y, a, b: _kron_vjp(xp, o, g, y, 1, a, b),
            ),
        },
    ),
)
