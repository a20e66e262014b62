"""Calls as PyTorch writes them, where NumPy means another thing by the same name: read as meant, or refused."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any

from backpropcli.errors import FormulaError
from backpropcli.language.formula.hints import suggested
from backpropcli.language.formula.show import show
from backpropcli.language.formula.tree import Call, Expression, Index, Name, Number, Sequence, Text, Unary
from backpropcli.ops.definition import Operation
from backpropcli.ops.makers import Maker
from backpropcli.ops.pytorch import CASTS, COPIES, DIFFERS, FAMILY, MARKS, METHODS, SIZES, SWAPS, Differs
from backpropcli.ops.table import TABLE, lookup

FLAGS = {"True": 1, "False": 0}


def read(e: Call, operation: Operation, rank: int | None) -> tuple[Call, Operation]:
    """A call, and its operation, as they are meant; `rank` is how many axes the array before the dot has."""
    if isinstance(operation, Maker) and e.keywords:
        e = _again(e, e.name, e.arguments, tuple(pair for pair in e.keywords if not _stored(*pair)))
    for table, reader in READERS:
        if operation.name in table:
            return reader(e, operation, rank)
    return e, operation


def _stored(key: str, value: Expression) -> bool:
    """Whether an argument says only how numbers are stored: dtype=float, device="cpu"."""
    word = value.value if isinstance(value, Text) else value.name if isinstance(value, Name) else ""
    return key in ("dtype", "device") and word.rstrip("0123456789_") in CASTS


def _differing(e: Call, operation: Operation, rank: int | None) -> tuple[Call, Operation]:
    """Where PyTorch's operation is another one, it is meant by its module, its words, or a method that NumPy lacks."""
    differs = DIFFERS[operation.name]
    by_module = of_pytorch(e)
    marked = by_module or _marked(e)
    if differs.pair and by_module and (two := getattr(operation, "instead", "")) and _two_arrays(e):
        return e, TABLE[two]
    if differs.instead:
        meant = marked or (differs.methods and e.written == "method")
        return (e, TABLE[differs.instead]) if meant else (e, operation)
    return (_completed(e, differs, by_module, marked) if differs.says else e), operation


def _two_arrays(e: Call) -> bool:
    """Whether PyTorch's max has two arrays to compare, and not one and an axis."""
    return len(e.arguments) == 2 and not e.keywords and _whole(e.arguments[1]) is None


def _sized(e: Call, operation: Operation, rank: int | None) -> tuple[Call, Operation]:
    """torch.zeros(2, 3), x.expand(2, -1)."""
    before = SIZES[operation.name]
    given = e.arguments[before:]
    if len(given) < 2 or not (of_pytorch(e) or e.written == "method"):
        return e, operation
    sizes = Sequence(given, "tuple", given[0].start, given[-1].end)
    return _again(e, e.name, (*e.arguments[:before], sizes), e.keywords), operation


def of_pytorch(e: Call) -> bool:
    """Whether a module of PyTorch's stands in front."""
    return bool(e.prefix) and not FAMILY.isdisjoint(part.strip() for part in e.prefix.split("."))


def _marked(e: Call) -> bool:
    """Whether an argument is called as only PyTorch calls it."""
    return any(key in MARKS for key, _ in e.keywords)


def _again(e: Call, name: str, arguments: tuple[Expression, ...], keywords: tuple[tuple[str, Expression], ...]) -> Call:
    return Call(name, arguments, keywords, e.start, e.end, at=e.at, written=e.written, prefix=e.prefix)


# Two axes that change places.


def _two_axes(e: Call) -> tuple[Expression, ...] | None:
    """The two axes of transpose(x, 1, 2), x.transpose(1, 2), transpose(x, dim0=1, dim1=2); None where it is NumPy's."""
    given = dict(e.keywords)
    axes = (*e.arguments[1:], *(given.pop(key) for key in ("dim0", "dim1") if key in given))
    if given or len(axes) != 2 or any(isinstance(axis, Sequence) for axis in axes):
        return None
    return axes


def _swapped(e: Call, operation: Operation, rank: int | None) -> tuple[Call, Operation]:
    """Two axes change places, in PyTorch's way; but of a matrix NumPy's transpose(0, 1) leaves all as it is."""
    axes = _two_axes(e)
    if axes is None:
        return e, operation
    name = SWAPS[operation.name]
    places = [_whole(axis) for axis in axes]
    in_order = rank == 2 and None not in places and [k % 2 for k in places if k is not None] == [0, 1]
    if in_order and e.written == "method" and not _marked(e):
        raise FormulaError(
            f"PyTorch's {e.name}({show(axes[0])}, {show(axes[1])}) turns a matrix, NumPy's leaves it as it is",
            hint=suggested(f"{show(e.arguments[0])}.T", "Turned it is {}"),
        ).spanning(e.start, e.end)
    return _again(e, name, (e.arguments[0], *axes), ()), TABLE[name]


def _whole(e: Expression) -> int | None:
    """A whole number as it is written."""
    if isinstance(e, Unary) and e.sign == "-" and isinstance(e.operand, Number) and e.operand.whole:
        return -int(e.operand.value)
    return int(e.value) if isinstance(e, Number) and e.whole else None


# What has to be said, and copies.


def _completed(e: Call, differs: Differs, by_module: bool, marked: bool) -> Call:
    """A call in which it is settled whose operation is meant."""
    keywords = tuple(_flagged(e, key, value, differs) for key, value in e.keywords)
    if not marked or any(key in differs.settled for key, _ in keywords):
        return _again(e, e.name, e.arguments, keywords)
    if not by_module or not differs.adds or len(e.arguments) > 2:
        raise FormulaError(differs.says, hint=differs.hint).spanning(e.at, e.at + len(e.name))
    added = tuple((key, Number(float(n), str(n), e.start, e.end)) for key, n in differs.adds.items())
    return _again(e, e.name, e.arguments, (*keywords, *added))


def _flagged(e: Call, key: str, value: Expression, differs: Differs) -> tuple[str, Expression]:
    """`ddof=1` for `unbiased=True`."""
    if key not in MARKS or key not in differs.settled:
        return key, value
    flag = FLAGS.get(value.name) if isinstance(value, Name) else None
    if flag is None:
        raise FormulaError(f"{key} of {e.name} is True or False").spanning(value.start, value.end)
    option = next(iter(differs.adds))
    return option, Number(float(flag), str(flag), value.start, value.end)


def _method(e: Call, operation: Operation, rank: int | None) -> tuple[Call, Operation]:
    """x.unfold(0, 3, 1), which is not F.unfold(x, 3)."""
    return e, TABLE[METHODS[operation.name]] if e.written == "method" else operation


def _copied(e: Call, operation: Operation, rank: int | None) -> tuple[Call, Operation]:
    """Refuse x.repeat(2, 1): each entry twice along axis 1, or the whole array twice."""
    if e.written != "method" or len(e.arguments) < 3:
        return e, operation
    array, *sizes = (show(a) for a in e.arguments)
    hint = f"PyTorch's is {COPIES[operation.name]}({array}, ({', '.join(sizes)}))"
    if len(sizes) == 2:
        hint += f", NumPy's {e.name}({array}, {sizes[0]}, axis={sizes[1]})"
    message = f"PyTorch's {e.name} copies the whole array, NumPy's every entry"
    raise FormulaError(message, hint=f"{hint}.").spanning(e.start, e.end)


Reader = Callable[[Call, Operation, "int | None"], tuple[Call, Operation]]
READERS: tuple[tuple[Container[str], Reader], ...] = (
    (DIFFERS, _differing),
    (SWAPS, _swapped),
    (COPIES, _copied),
    (METHODS, _method),
    (SIZES, _sized),
)
"""Who reads which operations."""


# Values and positions.


def pair(e: Expression) -> Differs | None:
    """What PyTorch's call gives of values and positions, where it may give both: torch.max(x, dim=1), x.max(1)."""
    if not isinstance(e, Call) or not isinstance(operation := lookup(e.name), Operation):
        return None
    differs = DIFFERS.get(operation.name)
    return differs if differs is not None and differs.pair else None


def one_of_pair(e: Index, value: Any) -> Any:
    """`[0]` of PyTorch's values and positions, which is the values; None where the index is NumPy's, of one array."""
    inner = e.value
    differs = pair(inner)
    if differs is None or not isinstance(inner, Call):
        return None
    if not (of_pytorch(inner) or _marked(inner)):
        if (
            differs.positions
            and inner.written == "method"
            and len(inner.arguments) == 2
            and _whole(e.items[0]) in (0, 1)
        ):
            raise _first_of_all(e, inner)
        return None
    if differs.positions and len(inner.arguments) + len(inner.keywords) < 2:
        return None  # without an axis it is one number
    if len(e.items) == 1 and _whole(e.items[0]) == 0:
        return value
    raise _positions(e, inner, differs)


def _first_of_all(e: Index, inner: Call) -> FormulaError:
    """The error for x.max(1)[0]: the largest of each row, or the first of these."""
    array, axis = inner.arguments
    named = Call(inner.name, (array,), (("axis", axis),), written="method")
    number, whole = show(e.items[0]), show(inner)
    said = f"PyTorch's {inner.name}({show(axis)})[{number}] is all values or positions"
    return FormulaError(
        f"{said}, NumPy's number {number} of the values",
        hint=f"All values: {whole}.  Number {number} of them: {show(Index(named, e.items))}",
    ).spanning(e.start, e.end)


def values_of_pair(e: Call) -> bool:
    """Whether this is the `.values` of values and positions."""
    if e.written != "attribute" or e.name not in ("values", "indices"):
        return False
    differs = pair(e.arguments[0])
    if differs is not None and e.name == "indices":
        raise _positions(e, e.arguments[0], differs)
    return differs is not None


def _positions(e: Expression, inner: Expression, differs: Differs) -> FormulaError:
    """The error for the positions, or for both used as one array."""
    hint = "The values have .values behind them"
    if differs.positions and isinstance(inner, Call):
        where = Call(differs.positions, inner.arguments, inner.keywords, written=inner.written)
        hint += f"; the positions are {show(where)}"
    return FormulaError(
        f"PyTorch's {inner.name if isinstance(inner, Call) else 'max'} gives values and positions", hint=f"{hint}."
    ).spanning(e.start, e.end)
