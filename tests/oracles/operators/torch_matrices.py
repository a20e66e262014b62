"""PyTorch's equations and its calls that put matrices and parts of arrays in place, as what they are."""

from __future__ import annotations

from math import prod
from typing import Any

from torch_arguments import Given
from torch_indexing import reshaped, shape


def solved(given: Given) -> str:
    """Right-hand sides with one axis less than the matrices are vectors, one a matrix."""
    given.bound("a b left check_errors")
    a, b = shape(given), shape(given, 1)
    word = given.words[1]
    if "left" in given.by_name:
        raise NotImplementedError("solve from the right")
    if len(b) > 1 and len(b) == len(a) - 1 and b == a[:-1]:
        return f"solve({given.words[0]}, {word}[..., None])[..., 0]"
    return f"solve({given.words[0]}, {word})"


def triangle(given: Given, k: int, upper: bool, unit: bool) -> str:
    """The triangle of a matrix that counts; with ones on its diagonal where these are taken for granted."""
    name, beyond = ("triu", 1) if upper else ("tril", -1)
    own = shape(given, k)
    text = f"{name}({given.words[k]}, {beyond if unit else 0})"
    return f"({text} + eye({own[-1]}))" if unit else text


def triangular(given: Given) -> str:
    """Equations with a triangular matrix, on the left or the right of what is sought."""
    given.bound("a b upper left unitriangular")
    upper, left = bool(given.found["upper"]), given.found.get("left", True)
    matrix = triangle(given, 0, upper, given.found.get("unitriangular", False))
    if left:
        return f"solve({matrix}, {given.words[1]})"
    return f"swapaxes(solve(swapaxes({matrix}, -1, -2), swapaxes({given.words[1]}, -1, -2)), -1, -2)"


def old_triangular(given: Given) -> list[str]:
    """The same by PyTorch's older name, which hands the matrix back too."""
    given.bound("b a upper transpose unitriangular")
    matrix = triangle(given, 1, given.found.get("upper", True), given.found.get("unitriangular", False))
    if given.found.get("transpose"):
        matrix = f"swapaxes({matrix}, -1, -2)"
    return [f"solve({matrix}, {given.words[0]})", f"1 * {given.words[1]}"]


def _factored(given: Given, k: int) -> str:
    """The matrix whose Cholesky factor is given."""
    upper, factor = bool(given.found.get("upper", False)), given.words[k]
    other = f"swapaxes({factor}, -1, -2)"
    return f"{other} @ {factor}" if upper else f"{factor} @ {other}"


def cholesky_inverse(given: Given) -> str:
    """The inverse of a matrix whose factor is given."""
    given.bound("a upper")
    return f"inv({_factored(given, 0)})"


def cholesky_solve(given: Given) -> str:
    """The solution for a matrix whose factor is given."""
    given.bound("b a upper")
    return f"solve({_factored(given, 1)}, {given.words[0]})"


def tensor_inverse(given: Given) -> str:
    """The inverse of the matrix that an array is in two groups of axes."""
    given.bound("a ind")
    own, ind = shape(given), given.found.get("ind", 2)
    rows = prod(own[:ind])
    return reshaped(f"inv({reshaped(given.words[0], (rows, rows))})", (*own[ind:], *own[:ind]))


def tensor_solved(given: Given) -> str:
    """The solution for the matrix that an array is in two groups of axes."""
    given.bound("a b dims")
    own, right, word = list(shape(given)), shape(given, 1), given.words[0]
    if dims := given.found.get("dims"):
        order = [k for k in range(len(own)) if k not in dims] + list(dims)
        word, own = f"transpose({word}, {tuple(order)})", [own[k] for k in order]
    rows = prod(right)
    found = f"solve({reshaped(word, (rows, rows))}, ravel({given.words[1]}))"
    return reshaped(found, own[len(right) :])


def put(given: Given) -> str:
    """Entries put at places of all entries in a row."""
    given.bound("x index source accumulate")
    name = "scatter_add" if given.found.get("accumulate") else "scatter"
    x, index, source = (f"ravel({word})" for word in given.words[:3])
    own = shape(given)
    if not prod(shape(given, 1)):
        return f"1 * {given.words[0]}"
    index = f"{index} % {prod(own)}"
    return reshaped(f"{name}({x}, 0, {index}, {source})", own)


def strided(given: Given) -> str:
    """Entries of all in a row, at strides."""
    given.bound("x size stride storage_offset")
    array = given.values[0]
    if not array.is_contiguous() or array.untyped_storage().nbytes() != array.numel() * array.element_size():
        raise NotImplementedError("places in memory that an array is a view of")
    places: Any = [given.found.get("storage_offset", 0)]
    for size, stride in zip(given.found["size"], given.found["stride"], strict=True):
        places = [place + k * stride for place in places for k in range(size)]
    return reshaped(f"ravel({given.words[0]})[{places}]", given.found["size"])


def selected_into(given: Given) -> str:
    """One slice of an array put in place."""
    given.bound("x src dim index")
    axis = given.found["dim"]
    index = given.found["index"] % shape(given)[axis]
    return f"index_copy({given.words[0]}, {axis}, [{index}], expand_dims({given.words[1]}, {axis}))"


def sliced_into(given: Given) -> str:
    """Slices of an array put in place."""
    given.bound("x src dim start end step")
    axis = given.found.get("dim", 0)
    part = slice(*(given.found.get(key) for key in ("start", "end", "step")))
    places = list(range(shape(given)[axis]))[part]
    return f"index_copy({given.words[0]}, {axis}, {places}, {given.words[1]})" if places else f"1 * {given.words[0]}"


def shifted(sign: int) -> Any:
    """The middle of each axis moved to its start, or back."""

    def form(given: Given) -> str:
        given.bound("x dim")
        own, dim = shape(given), given.found.get("dim")
        axes = tuple(range(len(own))) if dim is None else tuple(dim) if isinstance(dim, tuple | list) else (dim,)
        moves = tuple(own[k] // 2 if sign > 0 else -(own[k] // 2) for k in axes)
        return f"roll({given.words[0]}, {moves}, {axes})"

    return form


def powers(given: Given) -> str:
    """The powers of each entry, from 0 on."""
    given.bound("x N")
    own = shape(given) or (1,)
    return f"{reshaped(given.words[0], own)}[..., None] ** arange({given.found.get('N') or own[-1]})"


def blocks(given: Given) -> str:
    """Matrices one after the other along the diagonal, each with zeros around it."""
    sizes = [s if len(s) == 2 else (1, s[0]) for s in (tuple(v.shape) for v in given.values)]
    rows, columns = (sum(s[k] for s in sizes) for k in (0, 1))
    terms, row, column = [], 0, 0
    for word, size in zip(given.words, sizes, strict=True):
        below, right = rows - row - size[0], columns - column - size[1]
        terms.append(f"pad({reshaped(word, size)}, (({row}, {below}), ({column}, {right})))")
        row, column = row + size[0], column + size[1]
    return " + ".join(terms)


def chosen(given: Given) -> str:
    """All choices of so many entries, in order."""
    from itertools import combinations, combinations_with_replacement

    given.bound("x r with_replacement")
    draw = combinations_with_replacement if given.found.get("with_replacement") else combinations
    rows = [list(row) for row in draw(range(shape(given)[0]), given.found.get("r", 2))]
    if not rows or not rows[0]:
        raise NotImplementedError("no choice at all")
    return f"{given.words[0]}[{rows}]"


def pairs(given: Given) -> str:
    """Every choice of one entry of each vector."""
    if len(given.words) == 1:
        return f"1 * {given.words[0]}"
    sizes = [v.numel() for v in given.values]
    columns = []
    for k, word in enumerate(given.words):
        own = tuple(n if j == k else 1 for j, n in enumerate(sizes))
        columns.append(f"ravel(broadcast_to(reshape({word}, {own}), {tuple(sizes)}))")
    return f"stack([{', '.join(columns)}], axis=1)"


MATRICES = {
    "linalg.solve": solved,
    "linalg.solve_ex": lambda given: [solved(given)],
    "linalg.inv_ex": lambda given: [f"inv({given.words[0]})"],
    "linalg.solve_triangular": triangular,
    "triangular_solve": old_triangular,
    "cholesky_inverse": cholesky_inverse,
    "cholesky_solve": cholesky_solve,
    "linalg.tensorinv": tensor_inverse,
    "linalg.tensorsolve": tensor_solved,
    "linalg.vander": powers,
    "put": put,
    "as_strided": strided,
    "as_strided.partial_views": strided,
    "as_strided_copy": strided,
    "select_scatter": selected_into,
    "slice_scatter": sliced_into,
    "fft.fftshift": shifted(1),
    "fft.ifftshift": shifted(-1),
    "block_diag": blocks,
    "combinations": chosen,
    "cartesian_prod": pairs,
}
