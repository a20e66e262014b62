"""Object arrays of expressions: comparisons are SymPy's, entry by entry, where NumPy's ask for true or false."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from backpropcli.symbolic.words import Formula, number, related, symbol

if TYPE_CHECKING:
    from backpropcli.ops.definition import Value
    from backpropcli.ops.shape import Shape


@cache
def array_type() -> Any:
    """The class of arrays, made when NumPy is first needed."""
    import numpy as np

    names = {"lt": "Lt", "le": "Le", "gt": "Gt", "ge": "Ge", "eq": "Eq", "ne": "Ne"}
    return type("Array", (np.ndarray,), {f"__{ours}__": _relation(theirs) for ours, theirs in names.items()})


def _relation(relation: str) -> Callable[..., Formula]:
    return lambda a, b: entrywise(lambda x, y: related(relation, x, y))(a, b)


def array(flat: Sequence[Any], shape: Shape) -> Formula:
    """An array of this shape, from its entries row by row."""
    import numpy as np

    found = np.empty(len(flat), object)
    found[:] = flat
    return found.reshape(shape).view(array_type())


def entrywise(function: Callable[..., Any]) -> Callable[..., Formula]:
    """A function of expressions, for arrays of them too, which broadcast."""

    def on_arrays(*arguments: Formula) -> Formula:
        if not any(map(shape_of, arguments)):
            return function(*arguments)
        import numpy as np

        found = np.broadcast(*[np.asarray(a, object) for a in arguments])
        return array([function(*values) for values in found], found.shape)

    return on_arrays


def back(found: Any) -> Formula:
    """A plain expression where an array of shape () has come out, else an array with our comparisons."""
    import numpy as np

    if not isinstance(found, np.ndarray):
        return found
    return found[()] if found.ndim == 0 else found.view(array_type())


def asarray(z: Any) -> Formula:
    """Numbers, or an array of them, as an array of expressions."""
    import numpy as np

    flat = np.asarray(z)
    return array([number(x) for x in flat.ravel().tolist()], flat.shape)


def entries(value: Any) -> list[Any]:
    """All entries of a value, row by row; of a plain one, itself."""
    if not shape_of(value):
        return [value[()]] if hasattr(value, "ndim") else [value]
    import numpy as np

    return list(np.asarray(value).ravel().tolist())


def shape_of(value: Any) -> Shape:
    """The shape of an array; () of anything else."""
    shape: Shape = getattr(value, "shape", ())
    return shape


def constant(value: Value) -> Formula:
    """A number or an array of numbers, as expressions."""
    return asarray(value) if shape_of(value) else number(value)


def spread(value: Value, shape: Shape) -> Value:
    """A value in its full shape."""
    if not shape:
        return float(value)
    import numpy as np

    return np.broadcast_to(value, shape)


def symbols(name: str, shape: Shape) -> Formula:
    """The symbols of a whole value: one symbol, or an object array of them."""
    if not shape:
        return symbol(name)
    import numpy as np

    found = np.empty(shape, object)
    for index in np.ndindex(shape):
        found[index] = symbol(name, index)
    return found
