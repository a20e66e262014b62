"""A recorder: numbers that are not known yet, which write down what is done with them, for another language to repeat.

A `Recorded` is an entry of a `Tape`; the same operation on the same entries is recorded once, and what is known (a
constant) is computed at once. Arrays are NumPy object arrays of them, so that the bodies of structural operations
unroll themselves, as they do for the mpf of `precise`.

    tape = Tape()
    xp = namespace(tape)
    z = tape.input()
    xp.where(z > 0, z, 0.0)            # entry 3 of the tape: (0, "input"), (1, 0.0), (2, "gt", 0, 1), ...
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from backpropcli.ops.numbers import array
from backpropcli.ops.numbers.nothing import NOTHING
from backpropcli.ops.numbers.scalar import CONSTANTS

UNARY = """
    exp expm1 log log1p log2 log10 sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh
    sqrt cbrt abs sign floor ceil round erf erfc
"""
"""Functions of one number that are recorded under their own names."""
BINARY = "arctan2 hypot power fmod maximum minimum"
STRUCTURAL = """
    sum prod cumsum cumprod matmul transpose swapaxes moveaxis reshape concatenate stack broadcast_to expand_dims
    squeeze tile flip einsum
"""
"""NumPy's functions that work on object arrays as they are: they add, multiply and move entries."""
MADE = "zeros ones full arange eye linspace zeros_like"
OR_NOTHING = {"mul": "times", "div": "over", "neg": "opposite", "where": "where"}
"""What becomes of an operation whose (first) number may be nothing, so that its result may be."""
BOTH_NOTHING = {"add": "plus", "sub": "minus"}
"""The same where only two of them make nothing; else a sum takes nothing for 0."""


class Entry(NamedTuple):
    """One line of a tape: an operation and the entries it works on; `number` is a constant's, or an input's place."""

    operation: str
    arguments: tuple[int, ...] = ()
    number: float = 0.0


class TooLongError(Exception):
    """More was done than the tape may hold."""


class Tape:
    """What was done, in order. `most` is how many entries there may be; TooLongError beyond that."""

    def __init__(self, most: int | None = None) -> None:
        self.entries: list[Entry] = []
        self.most = most
        self.inputs = 0
        self.vanishing = False
        """Whether 0 times anything is 0, infinity and NaN too."""
        self._places: dict[Entry | str, int] = {}
        self._numbers: list[Recorded] = []  # by place: the same entry is the same object
        self.perhaps: set[int] = set()  # places that may turn out to hold NOTHING, as a choice depends on the inputs

    def input(self) -> Recorded:
        """The next number that is given from outside."""
        self.inputs += 1
        return self._entry(Entry("input", (), self.inputs - 1))

    def constant(self, value: Any) -> Recorded:
        """A number that is known; NaN and -0 keep what they are."""
        x = float(value)
        return self._entry(Entry("constant", (), x), f"constant {x!r}")

    def record(self, name: str, *arguments: Any) -> Any:
        """An operation on numbers of this tape, or plain ones. Of a choice one may be NOTHING, or the result is."""
        if name == "where" and any(a is NOTHING for a in arguments):
            return self._chosen(*arguments)
        entries = [a if isinstance(a, Recorded) else self.constant(a) for a in arguments]
        known = [self.entries[e.place].number for e in entries if self.entries[e.place].operation == "constant"]
        if len(known) == len(entries):
            return self.constant(KNOWN[name](*known))
        if name == "where" and self.entries[entries[0].place].operation == "constant":
            return entries[1] if known[0] else entries[2]
        if self.vanishing and name == "mul" and any(self._is(entry, 0.0) for entry in entries):
            return self.constant(0.0)
        unchanged = self._unchanged(name, entries)
        if unchanged is not None:
            return unchanged
        return self._perhaps(name, [e.place for e in entries])

    def _chosen(self, condition: Any, a: Any, b: Any) -> Any:
        """A choice in which one is NOTHING: known at once where the condition is."""
        line = self.entries[condition.place] if isinstance(condition, Recorded) else Entry("constant", (), condition)
        if line.operation == "constant":
            return a if line.number else b
        if a is b:
            return a
        none = self._entry(Entry("nothing"))
        self.perhaps.add(none.place)
        one, other = (none if x is NOTHING else x if isinstance(x, Recorded) else self.constant(x) for x in (a, b))
        return self._perhaps("where", [condition.place, one.place, other.place])

    def _perhaps(self, name: str, places: Sequence[int]) -> Recorded:
        """An entry; one that may be nothing has an operation of its own, which knows what to do then."""
        unsure = [place in self.perhaps for place in places]
        first = any(unsure) if name in ("mul", "where") else unsure[0]
        other = OR_NOTHING.get(name) if first else None
        other = other or (BOTH_NOTHING.get(name) if all(unsure) else None)
        made = self._entry(Entry(other or name, tuple(places)))
        if other:
            self.perhaps.add(made.place)
        return made

    def _unchanged(self, name: str, entries: Sequence[Recorded]) -> Recorded | None:
        """The entry that an operation leaves exactly as it is: 1 · z, z + 0, a choice between two that are one."""
        if name == "where" and entries[1] is entries[2]:
            return entries[1]
        if len(entries) != 2:
            return None
        a, b = entries
        neutral = {"add": 0.0, "sub": 0.0, "mul": 1.0, "div": 1.0, "power": 1.0}.get(name)
        if neutral is None:
            return None
        if self._is(b, neutral):
            return a
        return b if name in ("add", "mul") and self._is(a, neutral) else None

    def _is(self, entry: Recorded, number: float) -> bool:
        line = self.entries[entry.place]
        return line.operation == "constant" and line.number == number

    def _entry(self, line: Entry, key: str = "") -> Recorded:
        place = self._places.setdefault(key or line, len(self.entries))
        if place == len(self.entries):
            if place == self.most:
                raise TooLongError
            self.entries.append(line)
            self._numbers.append(Recorded(self, place))
        return self._numbers[place]


class Recorded:
    """A number that is known only by how it is computed: entry `place` of `tape`."""

    __slots__ = ("place", "tape")
    __hash__ = object.__hash__

    def __init__(self, tape: Tape, place: int) -> None:
        self.tape = tape
        self.place = place

    def __repr__(self) -> str:
        return f"<recorded {self.place}>"

    def __bool__(self) -> bool:
        raise TypeError("a body asked which of two it is: use xp.where")

    def __float__(self) -> float:
        raise TypeError("a recorded number is not known yet")

    def __neg__(self) -> Any:
        return self.tape.record("neg", self)

    def __pos__(self) -> Recorded:
        return self

    def __abs__(self) -> Any:
        return self.tape.record("abs", self)


def _not_here(other: Any) -> bool:
    """Whether the other side knows better: an array goes through its entries, NOTHING takes no number."""
    return isinstance(other, np.ndarray) or other is NOTHING


def _forward(name: str) -> Callable[[Recorded, Any], Any]:
    def method(self: Recorded, other: Any) -> Any:
        return NotImplemented if _not_here(other) else self.tape.record(name, self, other)

    return method


def _reflected(name: str) -> Callable[[Recorded, Any], Any]:
    def method(self: Recorded, other: Any) -> Any:
        return NotImplemented if _not_here(other) else self.tape.record(name, other, self)

    return method


for _python, _name in (("add", "add"), ("sub", "sub"), ("mul", "mul"), ("truediv", "div"), ("pow", "power")):
    setattr(Recorded, f"__{_python}__", _forward(_name))
    setattr(Recorded, f"__r{_python}__", _reflected(_name))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Recorded, f"__{_name}__", _forward(_name))


class Sheet(np.ndarray):
    """An object array whose comparisons keep what they compare (NumPy's own ask each entry for its truth)."""


def _comparison(compare: Any) -> Callable[[Any, Any], Any]:
    return lambda a, b: sheet(compare(a, b, dtype=object))


for _name, _compare in (
    ("lt", np.less),
    ("le", np.less_equal),
    ("gt", np.greater),
    ("ge", np.greater_equal),
    ("eq", np.equal),
    ("ne", np.not_equal),
):
    setattr(Sheet, f"__{_name}__", _comparison(_compare))


def sheet(z: Any) -> Any:
    """An array as a Sheet; a number as it is, out of an array of no axes too."""
    if not isinstance(z, np.ndarray):
        return z
    return z.view(Sheet) if z.ndim else z[()]


def asarray(z: Any) -> Any:
    """`z` as a Sheet: an array of any shape, () included."""
    return np.asarray(z, object).view(Sheet)


def known(name: str) -> Callable[..., Any]:
    """A function of plain numbers, as NumPy answers it: inf and NaN where Python would raise."""

    def answer(*values: float) -> Any:
        with np.errstate(all="ignore"):
            return getattr(array.xp, name)(*map(np.float64, values))

    return answer


KNOWN: dict[str, Callable[..., Any]] = {
    **{name: known(name) for name in (*UNARY.split(), *BINARY.split())},
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "neg": operator.neg,
    "div": known("divide"),
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "eq": operator.eq,
    "ne": operator.ne,
    "where": lambda condition, a, b: a if condition else b,
    "and": lambda a, b: bool(a) and bool(b),
    "or": lambda a, b: bool(a) or bool(b),
    "not": operator.not_,
}
"""What an operation comes to where all its numbers are known; true and false are 1 and 0."""


def namespace(tape: Tape) -> SimpleNamespace:
    """The namespace that records on this tape."""

    def recorded(name: str, count: int) -> Callable[..., Any]:
        function = np.frompyfunc(lambda *values: tape.record(name, *values), count, 1)

        def on_arrays(*values: Any) -> Any:
            with np.errstate(all="ignore"):  # a constant may come to NaN
                return sheet(function(*values))

        return on_arrays

    def structural(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *arguments, **options: sheet(function(*arguments, **options))

    def made(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *arguments, **options: asarray(function(*arguments, **options))

    def extreme(name: str) -> Callable[..., Any]:
        choose = recorded(name, 2)

        def along(z: Any, axis: Any = None, keepdims: bool = False) -> Any:
            """The entries along all the axes in one row, compared one after the other."""
            z = asarray(z)
            axes = tuple(range(z.ndim)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
            places = sorted(a % z.ndim for a in axes)
            rest = [k for k in range(z.ndim) if k not in places]
            moved = np.transpose(z, (*places, *rest)).reshape(-1, *(z.shape[k] for k in rest))
            best = moved[0]
            for row in moved[1:]:
                best = choose(best, row)
            shape = tuple(1 if k in places else n for k, n in enumerate(z.shape)) if keepdims else np.shape(best)
            return sheet(np.reshape(np.asarray(best, object), shape))

        return along

    return SimpleNamespace(
        name="recorder",
        raises=False,
        **{name: recorded(name, 1) for name in UNARY.split()},
        **{name: recorded(name, 2) for name in BINARY.split()},
        **{name: structural(getattr(np, name)) for name in STRUCTURAL.split()},
        **{name: made(getattr(np, name)) for name in MADE.split()},
        divide=recorded("div", 2),
        square=lambda z: z * z,
        where=recorded("where", 3),
        logical_and=recorded("and", 2),
        logical_or=recorded("or", 2),
        logical_not=recorded("not", 1),
        max=extreme("maximum"),
        min=extreme("minimum"),
        asarray=asarray,
        number=lambda z: z if isinstance(z, Recorded) else tape.constant(z),
        add_at=np.add.at,
        **CONSTANTS,
    )
