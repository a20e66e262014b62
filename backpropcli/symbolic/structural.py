"""Structural operations on arrays of expressions: by their textbook formula, or by their own value body."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from backpropcli.ops.definition import Elementwise, Operation, Structural
from backpropcli.ops.numbers import ELEMENTWISE
from backpropcli.symbolic.arrays import array, asarray, back, entries, entrywise, shape_of
from backpropcli.symbolic.formulas import call, interpret, rule
from backpropcli.symbolic.words import Formula, SymbolicError, choose, holds, number, primitives, sympy

if TYPE_CHECKING:
    from backpropcli.ops.shape import Shape

SAME_NAME = """
    sum prod cumsum cumprod matmul transpose swapaxes moveaxis reshape concatenate stack broadcast_to expand_dims
    squeeze tile flip einsum
"""
"""NumPy's functions that work on object arrays as they are."""
OURS = {
    "where",
    "number",
    "nothing",
    "pi",
    "ln2",
    "ln10",
    "sqrt2",
    "sqrtpi",
    "logical_and",
    "logical_or",
    "logical_not",
}
ENTRYWISE = [name for name in ELEMENTWISE if name not in OURS]


def apply(operation: Operation, options: Any, arguments: Sequence[Formula], shape: Shape) -> Formula:
    """What an operation makes of formulas, from its textbook form where the language can say it."""
    if isinstance(operation, Elementwise):
        return entrywise(rule(operation))(*arguments)
    if not isinstance(operation, Structural):
        raise SymbolicError(f"{operation.name} has no formula")
    try:
        if operation.formula and getattr(options, "ord", 2) == 2 and hasattr(options, "axis"):
            names = {"ord": number(2.0), **dict(zip(operation.arguments, arguments, strict=True))}
            found = interpret(operation.formula, names, _Reducing(options))
        else:
            found = operation.value(namespace(), options, *arguments)
    except (TypeError, AttributeError, ValueError):
        raise SymbolicError(f"{operation.name} cannot be written as a formula here") from None
    if not shape:
        return _plain(entries(found)[0])
    import numpy as np

    flat = list(map(_plain, entries(found)))
    if len(flat) != math.prod(shape):
        flat = entries(np.broadcast_to(found, shape))
    return array(flat, shape)


def _plain(found: Any) -> Formula:
    """An expression; NumPy's sum of nothing is a plain 0."""
    return number(found) if isinstance(found, int | float) else found


class _Reducing:
    """`sum` and `mean` of a reduction's textbook formula: along its own axes, which are kept."""

    def __init__(self, options: Any) -> None:
        self.o = options

    def sum(self, a: Formula, outermost: bool) -> Formula:
        return namespace().sum(a, axis=self.o.axis, keepdims=True) if shape_of(a) else a

    def mean(self, a: Formula, outermost: bool) -> Formula:
        divisor = getattr(self.o, "divisor", self.o.count) if outermost else self.o.count
        return self.sum(a, outermost) / number(divisor)


def _extreme(largest: bool) -> Callable[..., Formula]:
    """`max` or `min`: the entry that no other one beats."""

    def one(values: Sequence[Formula]) -> Formula:
        beats = sympy().Ge if largest else sympy().Le
        found = values[-1]
        for k in range(len(values) - 2, -1, -1):
            others = [beats(values[k], v) for j, v in enumerate(values) if j != k]
            found = choose(sympy().And(*others), values[k], found)
        return found

    def along(a: Formula, axis: Any = None, keepdims: bool = False) -> Formula:
        if not shape_of(a):
            return a
        import numpy as np

        rank = a.ndim
        axes = range(rank) if axis is None else [k % rank for k in (axis if isinstance(axis, tuple) else (axis,))]
        rest = [k for k in range(rank) if k not in set(axes)]
        rows = np.asarray(a).transpose(*rest, *axes).reshape(*[a.shape[k] for k in rest], -1)
        shape = tuple(1 if k in set(axes) else n for k, n in enumerate(a.shape)) if keepdims else rows.shape[:-1]
        return back(array([one(list(row)) for row in rows.reshape(-1, rows.shape[-1])], shape))

    return along


@cache
def namespace() -> SimpleNamespace:
    """NumPy's functions on object arrays of expressions, for the value bodies of structural operations."""
    import numpy as np

    def wrapped(name: str) -> Callable[..., Formula]:
        function: Any = getattr(np, name)
        return lambda *arguments, **options: back(function(*arguments, **options))

    def made(name: str) -> Callable[..., Formula]:
        function: Any = getattr(np, name)
        return lambda *arguments, **options: asarray(function(*arguments, **options))

    return SimpleNamespace(
        name="SymPy",
        raises=False,
        **{name: wrapped(name) for name in SAME_NAME.split()},
        **{name: made(name) for name in ("zeros", "ones", "full", "arange", "eye", "linspace", "zeros_like")},
        **{name: entrywise(lambda *z, name=name: call(name, z)) for name in ENTRYWISE},
        **{name: entrywise(lambda *z, name=name: call(name, z)) for name in OURS if name.startswith("logical")},
        where=entrywise(lambda c, a, b: choose(holds(c), a, b)),
        max=_extreme(True),
        min=_extreme(False),
        asarray=asarray,
        number=number,
        nothing=0.0,
        pi=primitives()["pi"],
        ln2=call("log", [number(2)]),
        ln10=call("log", [number(10)]),
        sqrt2=call("sqrt", [number(2)]),
        sqrtpi=call("sqrt", [primitives()["pi"]]),
    )
