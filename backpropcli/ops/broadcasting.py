"""How NumPy's broadcasting fits shapes together."""

from __future__ import annotations

from collections.abc import Sequence

from backpropcli.errors import OperationError
from backpropcli.ops.shape import Shape, show_shape


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """The shape that NumPy's broadcasting gives; OperationError where the shapes do not fit.

    >>> broadcast([(3, 1), (4,), ()])
    (3, 4)
    """
    widest = shapes[0] if len(shapes) == 1 else max(shapes, key=len, default=())
    if all(s == widest or not s for s in shapes):
        return widest
    result = []
    for k in range(-len(widest), 0):
        sizes = {s[k] for s in shapes if len(s) >= -k} - {1}
        if len(sizes) > 1:
            shown = " and ".join(show_shape(s) for s in shapes)
            raise OperationError(f"shapes {shown} do not fit together", hint=broadcast_hint(shapes))
        result.append(sizes.pop() if sizes else 1)
    return tuple(result)


def broadcast_hint(shapes: Sequence[Shape]) -> str:
    """What would make two shapes fit: a column, or a matrix product; empty where nothing simple does."""
    if len(shapes) != 2:
        return "Shapes fit when, counted from the right, sizes are equal or one of them is 1."
    a, b = sorted(shapes, key=len)
    if len(a) == 2 == len(b) and a[1] == b[0]:
        return "A matrix product is written a @ b."
    if len(a) == 1 and len(b) == 2 and a[0] == b[0]:
        return f"One number a row needs the shape {show_shape((a[0], 1))}: reshape(..., {(a[0], 1)})."
    if len(a) == 2 == len(b) and a[::-1] == b:
        return "One of them transposed would fit: .T"
    return "Shapes fit when, counted from the right, sizes are equal or one of them is 1."
