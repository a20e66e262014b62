"""A recorder of array operations: what bodies do with NumPy, written down once as calls into places that are kept.

A `Traced` stands for an array that will change. Whatever NumPy function, method or operator meets one is carried out on
the array of now and written down as a call whose result has a place of its own; `replay` makes the calls again, with
other numbers in the same places. A view of a place (a transpose, a row) needs no call: it is the same numbers. What no
Traced takes part in is a constant. Bodies look at shapes alone, never at numbers, so that one recording serves all.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

Call = tuple[Callable[..., Any], tuple[Any, ...]]
"""What is called with these arguments, the place of its result among them."""
SHORTER = {2.0: np.square, 0.5: np.sqrt, -1.0: np.reciprocal}
"""What the operator makes of a power with such an exponent."""
REDUCED: dict[Any, Any] = {np.sum: np.add, np.prod: np.multiply, np.max: np.maximum, np.min: np.minimum}
"""NumPy's functions that are a ufunc's `reduce`."""


PLACED: dict[Any, Callable[..., Any]] = {
    np.maximum: lambda a, b, out: np.maximum(a, b, out=out),
    np.minimum: lambda a, b, out: np.minimum(a, b, out=out),
}
"""Ufuncs that want to be told by name where their result belongs."""


class UnrecordedError(Exception):
    """A body does what cannot be written down: whoever records calls it as a whole."""


class Calls:
    """The calls so far; `replay` makes them again."""

    def __init__(self) -> None:
        self.made: list[Call] = []
        self.last_place: Any = None
        """Where the last call's result is, which nobody else may have seen yet."""
        self._known: dict[tuple[Any, ...], Any] = {}

    def begin(self) -> None:
        """A body begins: what it asks for twice is computed once, and what others asked for is not its own."""
        self._known.clear()

    def traced(self, array: Any) -> Traced:
        """What stands for an array whose numbers will change, and whose place stays."""
        return Traced(self, array)

    def call(self, function: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Carry a function out, and write it down; the Traced that stands for its result."""
        taken = tuple(map(plain, arguments))
        options = {name: plain(value) for name, value in options.items()}
        placed = isinstance(function, np.ufunc) and not options and function.nout == 1
        key = (function, *(id(a) if isinstance(a, np.ndarray) else (type(a), repr(a)) for a in taken)) if placed else ()
        if key in self._known:
            return Traced(self, self._known[key])
        result = function(*taken, **options)
        if result is None or isinstance(result, tuple):  # None: it wrote into a buffer, which is new in every run
            raise UnrecordedError
        if isinstance(result, np.ndarray) and any(_same(result, a) for a in taken):
            return Traced(self, result)
        self.last_place = place = result if isinstance(result, np.ndarray) else np.array(result)
        if placed:
            self.made.append((PLACED.get(function, function), (*taken, place)))
            self._known[key] = place
        else:
            self.made.append((_copied, (place, function, taken, options)))
        return Traced(self, place)

    def reduced(self, ufunc: Any, array: Any, axis: Any = None, keepdims: bool = False) -> Any:
        """The reduction of an array, straight into its place."""
        axis = tuple(axis) if isinstance(axis, list) else axis
        self.last_place = place = np.array(ufunc.reduce(array, axis=axis, keepdims=keepdims))
        self.made.append((ufunc.reduce, (array, axis, None, place, keepdims)))
        return Traced(self, place)


def _copied(place: Any, function: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
    """Any function at all: its result is copied into its place."""
    place[...] = function(*arguments, **options)


def plain(value: Any) -> Any:
    """The array behind what was traced, in tuples and lists too."""
    if isinstance(value, Traced):
        return value.array
    if isinstance(value, tuple | list):
        return type(value)(map(plain, value))
    return value


def _same(result: Any, argument: Any) -> bool:
    """Whether a result is an argument, or a view of it."""
    if isinstance(argument, tuple | list):
        return any(_same(result, one) for one in argument)
    return isinstance(argument, np.ndarray) and bool(np.may_share_memory(result, argument))


class Traced(np.lib.mixins.NDArrayOperatorsMixin):
    """What stands for an array while a body is recorded."""

    def __init__(self, calls: Calls, array: Any) -> None:
        self.calls, self.array = calls, array

    shape = property(lambda self: self.array.shape)
    ndim = property(lambda self: self.array.ndim)
    size = property(lambda self: self.array.size)
    dtype = property(lambda self: self.array.dtype)
    T = property(lambda self: Traced(self.calls, self.array.T))

    def __len__(self) -> int:
        return len(self.array)

    def __array_ufunc__(self, ufunc: Any, method: str, *arguments: Any, **options: Any) -> Any:
        if method != "__call__" or "out" in options:
            raise UnrecordedError
        return self.calls.call(ufunc, arguments, options)

    def __array_function__(self, function: Any, _: Any, arguments: Any, options: Any) -> Any:
        if function in REDUCED and len(arguments) == 1 and options.keys() <= {"axis", "keepdims"}:
            return self.calls.reduced(REDUCED[function], plain(arguments[0]), **options)
        return self.calls.call(function, tuple(arguments), options)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple) and not key:
            return self
        return self.calls.call(_item, (self, key), {})

    def __pow__(self, exponent: Any) -> Any:
        if isinstance(exponent, int | float) and float(exponent) in SHORTER:
            return self.calls.call(SHORTER[float(exponent)], (self,), {})
        return self.calls.call(np.power, (self, exponent), {})

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        """NumPy's method."""
        return self.calls.reduced(np.add, self.array, axis, keepdims)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.array, name)
        if name.startswith("_") or not callable(method):
            raise UnrecordedError
        return lambda *arguments, **options: self.calls.call(getattr(np.ndarray, name), (self, *arguments), options)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise UnrecordedError

    def __bool__(self) -> bool:
        raise UnrecordedError

    def __float__(self) -> float:
        raise UnrecordedError

    def __setitem__(self, key: Any, value: Any) -> None:
        raise UnrecordedError


def _item(array: Any, key: Any) -> Any:
    return array[key]


def recording(xp: Any, calls: Calls) -> SimpleNamespace:
    """The namespace, whose own functions are written down as a whole; NumPy's write themselves down."""
    found = dict(vars(xp))
    for name, value in found.items():
        if callable(value) and not isinstance(value, np.ufunc | type):
            found[name] = _whole(value, calls)
    found["power"] = lambda x, n: x**n if isinstance(x, Traced) else xp.power(x, n)
    return SimpleNamespace(**found)


def _whole(function: Callable[..., Any], calls: Calls) -> Callable[..., Any]:
    def called(*arguments: Any, **options: Any) -> Any:
        if not any(_has(x) for x in (*arguments, *options.values())):
            return function(*arguments, **options)
        if function in REDUCED and len(arguments) == 1 and options.keys() <= {"axis", "keepdims"}:
            return calls.reduced(REDUCED[function], plain(arguments[0]), **options)
        return calls.call(function, arguments, options)

    return called


def _has(value: Any) -> bool:
    """Whether a Traced takes part."""
    return isinstance(value, Traced) or (isinstance(value, tuple | list) and any(map(_has, value)))
