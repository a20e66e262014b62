"""The mistakes that people make with a gradient: what each makes of the right number, when it fits, and the words.

One table for all who meet a wrong number: the check (of expected numbers, of an operation's own rule, of external
gradients), `--fault`, which makes mistakes on purpose, and exercises. A mistake that does not fit (one number has no
transpose) makes nothing of what is right. Whether two numbers are the same is for each reader to say: an answer of
three digits is not a file in double precision. `arrays` has the rows that only whole arrays have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import add, mul, sub
from typing import Any, Generic, NamedTuple, TypeVar

Known = TypeVar("Known")
"""What a mistake is made of: a right number with what is known around it, or a step of the backward pass."""


class Right(NamedTuple):
    """A right gradient, a number or an array, and what is known around it: None where it is not known.

    `value` is that whose gradient it is. `upstream`, `local` and `term` have an entry for each path from there to the
    loss: the two factors of what comes through it, and their product. `other` is the gradient of something else, and
    `off` are the places where what was given is not what is right.
    """

    number: Any
    value: Any = None
    upstream: Sequence[Any] = ()
    local: Sequence[Any] = ()
    term: Sequence[Any] = ()
    other: Any = None
    off: Sequence[tuple[int, ...]] = ()


class Wrong(NamedTuple):
    """What a mistake makes of what is right, None where that is not known.

    `about` is what its words need to say which one it was; `about["path"]` is the path's number, for mistakes that are
    made on one of several.
    """

    number: Any
    about: Mapping[str, Any] = {}


class Mistake(NamedTuple, Generic[Known]):
    """One row of the table.

    `wrong` gives every number that the mistake may lead to. The words are for different readers, empty where one does
    not look for it: `seen` is what a check says of a number, `rule` of a local derivative, `told` what a learner is
    told, `fault` what is said of a gradient that was broken on purpose.
    """

    name: str
    wrong: Callable[[Known], Iterable[Wrong]]
    seen: str = ""
    rule: str = ""
    told: str = ""
    fault: str = ""


def explaining(
    mistakes: Iterable[Mistake[Known]], right: Known, given: Callable[[Any], bool]
) -> Iterator[tuple[Mistake[Known], Wrong]]:
    """The mistakes that lead to the number that was `given`, in their order."""
    for mistake in mistakes:
        for wrong in mistake.wrong(right):
            if wrong.number is not None and given(wrong.number):
                yield mistake, wrong


# A number, or an array as a whole.


def times(factor: float) -> Callable[[Right], Iterable[Wrong]]:
    """What is right times a factor."""
    return lambda right: [Wrong(right.number * factor)]


def _another(right: Right) -> Iterator[Wrong]:
    if right.other is not None:
        yield Wrong(right.other)


def _another_too(right: Right) -> Iterator[Wrong]:
    if right.other is not None:
        yield Wrong(right.number + right.other)


def scaled(factor: float) -> Mistake[Right]:
    """What is right times a factor, on purpose."""
    return Mistake("scale", times(factor), fault=f"is multiplied by {factor:g}")


ZERO = Mistake("zero", times(0.0), seen="{it} is 0", rule="nothing comes back")
DROPPED = Mistake("drop", times(0.0), fault="is forgotten")
DETACHED = Mistake("detach", times(0.0), fault="stops there, as behind a detach()")
SIGN = Mistake(
    "sign",
    times(-1.0),
    seen="{its} sign is the other way round",
    rule="the sign is the other way round",
    told="the size is right, the sign is not.",
    fault="has the wrong sign",
)
TWICE = Mistake("twice", times(2.0), rule="there is a factor 2 too many", told="that is twice too large.{forgotten}")
HALF = Mistake("half", times(0.5), rule="a factor 2 is missing", told="that is half of what it should be.{forgotten}")
VALUE: Mistake[Right] = Mistake(
    "value",
    lambda right: [Wrong(right.value)],
    seen="these are the numbers of {name} itself, not of a gradient",
    told="{given} is the value of {label}, not {name}.",
)
ANOTHER = Mistake("another", _another, seen="these are the numbers of {other}")
ANOTHER_TOO = Mistake(
    "another too", _another_too, seen="theirs is what is right plus {other}: both are added up in one place"
)


# The chain rule: a sum over paths, and for each of them upstream gradient times local derivative.


def _of_paths(right: Right, wrong: Callable[[Any], Any]) -> Iterator[Wrong]:
    """One number for each of several paths, if it is known what comes through all of them."""
    if len(right.term) > 1 and all(term is not None for term in right.term):
        for path, term in enumerate(right.term):
            yield Wrong(wrong(term), {"path": path})


def _factors(numbers: Sequence[Any]) -> Iterator[Wrong]:
    return (Wrong(number, {"path": path}) for path, number in enumerate(numbers))


def _with_upstream(right: Right, other: Any, operation: Callable[[Any, Any], Any]) -> Iterator[Wrong]:
    """The upstream gradient and another number, where there is one path alone."""
    if len(right.upstream) == 1:
        yield Wrong(_entry_by_entry(right.upstream[0], other, operation))


def _entry_by_entry(left: Any, right: Any, operation: Callable[[Any, Any], Any]) -> Any:
    """Two numbers or arrays, flat; None where one is not known, or they have not as many entries."""
    if left is None or right is None:
        return None
    a, b = (value.ravel() if shape(value) else value for value in (left, right))
    return operation(a, b) if getattr(a, "size", 1) == getattr(b, "size", 1) else None


def shape(value: Any) -> tuple[int, ...]:
    """The shape of a number or an array."""
    return tuple(getattr(value, "shape", ()))


ONE_PATH: Mistake[Right] = Mistake(
    "path",
    lambda right: _of_paths(right, lambda term: term),
    rule="only the path from {to} through {step} is kept (= in place of +=)",
    told="{given} is what comes through {through} alone: {several}",
)
PATH_MISSING: Mistake[Right] = Mistake(
    "missing",
    lambda right: _of_paths(right, lambda term: _entry_by_entry(right.number, term, sub)),
    rule="the path from {to} through {step} is missing in theirs (a detach, or = for +=)",
    told="what comes through {through} is missing: {several}",
)
UPSTREAM_ALONE: Mistake[Right] = Mistake(
    "upstream",
    lambda right: _factors(right.upstream),
    rule="{local} is missing",
    told="{given} is the upstream gradient {upstream}. {on}{then}",
)
LOCAL_ALONE: Mistake[Right] = Mistake(
    "local",
    lambda right: _factors(right.local),
    told="{given} is {itself} alone. Multiply it by the upstream gradient {upstream}.{then}",
)
ADDED: Mistake[Right] = Mistake(
    "added",
    lambda right: _with_upstream(right, right.local[0] if right.local else None, add),
    told="that is {upstream} + {local}. The two are multiplied.",
)
OWN_VALUE: Mistake[Right] = Mistake(
    "own",
    lambda right: _with_upstream(right, right.value, mul),
    told="that is {upstream} times {label} itself. With {stage}, what is {local}?",
)


# A matrix.


def _transposed(right: Right) -> Iterator[Wrong]:
    have = shape(right.number)
    if len(have) == 2 and have[0] == have[1]:
        yield Wrong(right.number.T)


def _filled(right: Right) -> Iterator[Wrong]:
    have = shape(right.number)
    if len(have) == 2:
        yield Wrong(right.number.reshape(have[::-1]).T)


def _read_out(right: Right) -> Iterator[Wrong]:
    """Rows taken for columns, in a matrix or in each of a stack of them."""
    have = shape(right.number)
    if len(have) >= 2:
        yield Wrong(right.number.swapaxes(-1, -2).reshape(have))


TRANSPOSED = Mistake(
    "transposed",
    _transposed,
    seen="these are the right numbers, transposed",
    rule="the gradient of {to} is transposed there",
    told="that is the transpose: rows and columns are swapped.",
)
FILLED = Mistake(
    "filled by columns", _filled, seen="these are the right numbers, filled in column by column instead of row by row"
)
READ_OUT = Mistake(
    "read by columns",
    _read_out,
    seen="these are the right numbers, read out column by column instead of row by row",
    fault="is transposed",
)

LEARNERS = (ONE_PATH, PATH_MISSING, UPSTREAM_ALONE, LOCAL_ALONE, SIGN)
"""What a learner's number is tried for, the first that fits: where a factor is 1, no advice to multiply by 1 helps."""
LEARNERS_ONLY = (ADDED, OWN_VALUE, VALUE, TWICE, HALF)
"""What it is tried for then: told only where it is the one that gives this number."""
