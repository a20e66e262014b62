"""ONNX's operators that move entries: shapes, orders, parts, and arrays made of constants."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from onnx_node import Node, literal


def concatenated(n: Node) -> str:
    """Arrays joined along an axis."""
    return f"concatenate([{', '.join(n[k] for k in range(len(n.inputs)))}], axis={n.get('axis')})"


def reshaped(n: Node) -> str:
    """A new shape, in which 0 stands for the old size, and -1 for what remains."""
    sizes = list(n.ints(1))
    if not n.get("allowzero", 0):
        sizes = [n.shape()[k] if size == 0 else size for k, size in enumerate(sizes)]
    return f"reshape({n[0]}, {tuple(sizes)})"


def flattened(n: Node) -> str:
    """Two axes: those before this one, and the rest."""
    axis = n.get("axis", 1)
    axis += n.rank() if axis < 0 else 0
    shape = n.shape()
    return f"reshape({n[0]}, {(int(np.prod(shape[:axis])), int(np.prod(shape[axis:])))})"


def unsqueezed(n: Node) -> str:
    """New axes of size 1."""
    axes = tuple(n.get("axes") or n.ints(1))
    return f"expand_dims({n[0]}, {axes})"


def squeezed(n: Node) -> str:
    """Without axes of size 1."""
    axes = tuple(n.get("axes") or (n.ints(1) if n.has(1) else ()))
    return f"squeeze({n[0]}, axis={axes})" if axes else f"squeeze({n[0]})"


def sliced(n: Node) -> str:
    """Slices along some axes."""
    if n.has(1):
        starts, ends = n.ints(1), n.ints(2)
        axes = n.ints(3) if n.has(3) else tuple(range(len(starts)))
        steps = n.ints(4) if n.has(4) else (1,) * len(starts)
    else:
        starts, ends = n.get("starts"), n.get("ends")
        axes, steps = n.get("axes") or tuple(range(len(starts))), (1,) * len(starts)
    parts = [":"] * n.rank()
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        size = n.shape()[axis]
        part = range(size)[max(start, -size - 1) : max(min(end, size), -size - 1) : step]
        stop = "" if part.stop < 0 else part.stop
        parts[axis] = f"{part.start}:{stop}:{step}" if len(part) else "0:0"
    return f"{n[0]}[{', '.join(parts)}]"


def gathered(n: Node) -> str:
    """Entries along one axis, by number."""
    return f"take({n[0]}, {n[1]}, axis={n.get('axis', 0)})"


def gathered_elements(n: Node) -> str:
    """An entry for every index, along one axis."""
    return f"take_along_axis({n[0]}, {n[1]}, axis={n.get('axis', 0)})"


def gathered_nd(n: Node) -> str:
    """Entries or slices by rows of numbers."""
    if n.get("batch_dims", 0):
        raise NotImplementedError("GatherND with batch_dims")
    index = n.value(1)
    columns = ", ".join(repr(index[..., k].tolist()) for k in range(index.shape[-1]))
    return f"{n[0]}[{columns}]"


def permuted(n: Node) -> str:
    """Axes in another order."""
    axes = n.get("perm")
    return f"transpose({n[0]}, {tuple(axes)})" if axes else f"transpose({n[0]})"


def split(n: Node) -> list[str]:
    """Parts of given sizes, or as many as there are outputs."""
    axis = n.get("axis", 0)
    size = n.shape()[axis]
    sizes = list(n.get("split") or (n.ints(1) if n.has(1) else ()))
    if not sizes:
        count = len(n.proto.output)
        step = -(-size // count)
        sizes = [min(step, size - k * step) for k in range(count)]
    ends = np.cumsum([0, *sizes])
    before = ":, " * (axis % n.rank())
    return [f"{n[0]}[{before}{a}:{b}]" for a, b in pairwise(ends)]


def constant(n: Node) -> str:
    """A constant of the graph."""
    for name in ("value", "value_float", "value_int", "value_floats", "value_ints"):
        if (found := n.get(name)) is not None:
            return f"1 * {literal(found)}"
    raise NotImplementedError("constants that are no numbers")


def filled(n: Node) -> str:
    """An array of one number."""
    value = n.get("value", np.zeros(1))
    return f"full({n.ints(0)}, {float(np.ravel(value)[0])!r})"


def shaped(n: Node) -> str:
    """The shape itself, or a part of it."""
    sizes = n.shape()[slice(n.get("start", 0), n.get("end"))]
    return f"1 * {[float(size) for size in sizes]}"


def triangle(n: Node) -> str:
    """The upper or lower triangle."""
    k = n.ints(1)[0] if n.has(1) else 0
    return f"{'triu' if n.get('upper', 1) else 'tril'}({n[0]}, {k})"


def padded(n: Node) -> str:
    """Entries put around an array."""
    rank = n.rank()
    widths = n.get("pads") or n.ints(1)
    axes = n.ints(3) if n.has(3) else tuple(range(rank))
    pairs = [(0, 0)] * rank
    for k, axis in enumerate(axes):
        pairs[axis] = (int(widths[k]), int(widths[k + len(axes)]))
    mode = n.get("mode", "constant")
    fill = f", constant_values={float(n.value(2).ravel()[0])!r}" if n.has(2) and mode == "constant" else ""
    return f"pad({n[0]}, {tuple(pairs)}, mode='{mode}'{fill})"


def one_hot(n: Node) -> str:
    """Class numbers as rows with one number on and the others off; negative ones count from the end."""
    depth, (off, on) = n.ints(1)[0], n.value(2).astype(float).tolist()
    axis, index = n.get("axis", -1), n.value(0)
    if (index < -depth).any() or (index >= depth).any():
        raise NotImplementedError("classes that there are not")
    return f"{off!r} + ({on!r} - {off!r}) * moveaxis(one_hot({n[0]} % {depth}, {depth}), -1, {axis})"


def depth_to_space(n: Node) -> str:
    """Blocks of channels laid out in space."""
    b, c, h, w = n.shape()
    s = n.get("blocksize")
    if n.get("mode", "DCR") == "DCR":
        shape, axes = (b, s, s, c // s**2, h, w), (0, 3, 4, 1, 5, 2)
    else:
        shape, axes = (b, c // s**2, s, s, h, w), (0, 1, 4, 2, 5, 3)
    return f"reshape(transpose(reshape({n[0]}, {shape}), {axes}), {(b, c // s**2, h * s, w * s)})"


def space_to_depth(n: Node) -> str:
    """Blocks in space put into channels."""
    b, c, h, w = n.shape()
    s = n.get("blocksize")
    shape = (b, c, h // s, s, w // s, s)
    axes = (0, 3, 5, 1, 2, 4) if n.get("mode", "DCR") == "DCR" else (0, 1, 3, 5, 2, 4)
    return f"reshape(transpose(reshape({n[0]}, {shape}), {axes}), {(b, c * s * s, h // s, w // s)})"


def ranged(n: Node) -> str:
    """Numbers from a start with a step."""
    start, end, step = (n.value(k).item() for k in range(3))
    return f"1 * arange({start}, {end}, {step})"


def eye_like(n: Node) -> str:
    """Ones on a diagonal."""
    rows, columns = n.shape()
    return f"1 * eye({rows}, {columns}, {n.get('k', 0)})"


def scattered(n: Node) -> str:
    """Entries put, added or compared, each at its number along an axis."""
    axis, reduction = n.get("axis", 0), n.get("reduction", "none")
    index = f"{n[1]} % {n.shape()[axis]}"
    if reduction == "none":
        return f"scatter({n[0]}, {axis}, {index}, {n[2]})"
    name = {"add": "sum", "mul": "prod", "max": "amax", "min": "amin"}[reduction]
    return f"scatter_reduce({n[0]}, {axis}, {index}, {n[2]}, '{name}')"
