"""What is known before the graph runs: folded numbers, literal arrays, options, indices, shapes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.errors import BackpropError, FormulaError
from backpropcli.language.formula import tree
from backpropcli.language.formula.names import names
from backpropcli.language.formula.show import show
from backpropcli.language.formula.tape import Tape
from backpropcli.language.formula.tree import Expression, Name, Number, Slice, Text, Unary
from backpropcli.ops.definition import Elementwise, Operation
from backpropcli.ops.makers import Maker
from backpropcli.ops.numbers.scalar import xp as scalar

if TYPE_CHECKING:
    from backpropcli.graph import Graph
    from backpropcli.language.formula.labels import Found
    from backpropcli.language.formula.lower import Lowering

CONDITIONS = ("<", "<=", ">", ">=", "==", "!=", "&", "|")
MOST_ENTRIES = 4_000_000
"""A constant array may have this many entries."""


MOST_AXES = 64
"""NumPy's own limit."""


def fold(operation: Operation, values: Sequence[Any], options: Mapping[str, Any] | None, e: Expression) -> Any:
    """The value of an operation on constants; FormulaError where finite constants give no finite value."""
    if isinstance(operation, Elementwise) and all(type(value) is float for value in values):
        return _fold_number(operation, values, e)
    import numpy as np

    from backpropcli.ops.numbers.array import xp

    shape, planned = operation.plan([tuple(np.shape(value)) for value in values], options or {})
    if math.prod(shape) > MOST_ENTRIES:
        raise FormulaError(f"this constant has {math.prod(shape):,} entries; {MOST_ENTRIES:,} is the most").spanning(
            e.start, e.end
        )
    arguments: tuple[Any, ...] = tuple(xp.asarray(value) for value in values)
    with np.errstate(all="ignore"):
        if isinstance(operation, Elementwise):
            result = operation.value(xp, *arguments)
        else:
            result = operation.value(xp, planned, *arguments)  # type: ignore[attr-defined]  # structural
    result = xp.asarray(result)
    if arguments and not np.isfinite(result).all() and all(np.isfinite(value).all() for value in arguments):
        raise _not_finite(bool(np.isnan(result).any()), e)
    return float(result) if shape == () else result


def made(
    graph: Graph, operation: Operation, values: Sequence[Any], options: Mapping[str, Any] | None, e: Expression
) -> Any:
    """The same; the slot of a constant that is random, since it is another one in every update of a training."""
    value = fold(operation, values, options, e)
    if not isinstance(operation, Maker) or operation.drawn is None:
        return value
    shape, planned = operation.plan([], options or {})
    slot = graph.add_constant(value, shape)
    graph.drawn[slot] = operation, planned
    return slot


def _fold_number(operation: Elementwise, values: Sequence[float], e: Expression) -> float:
    finite = all(map(math.isfinite, values))
    try:
        result = float(operation.value(scalar, *values))
    except (ArithmeticError, ValueError) as error:
        if finite:
            raise _not_finite(not isinstance(error, OverflowError), e, values) from None
        import numpy as np

        from backpropcli.ops.numbers.array import xp

        with np.errstate(all="ignore"):
            return float(operation.value(xp, *map(np.float64, values)))
    if finite and not math.isfinite(result):
        raise _not_finite(math.isnan(result), e, values)
    return result


def _not_finite(undefined: bool, e: Expression, values: Sequence[float] = ()) -> FormulaError:
    if not undefined:
        return FormulaError("this constant overflows", hint="The largest number is about 1.8e308.").spanning(
            e.start, e.end
        )
    if isinstance(e, tree.Binary) and e.sign == "/" and values and values[-1] == 0:
        return FormulaError("this divides by zero").spanning(e.start, e.end)
    return FormulaError("this constant has no finite value").spanning(e.start, e.end)


def literal(e: tree.Sequence) -> Any:
    """A list of numbers as an array; None where something in it is not a plain number."""
    for part in tree.postorder(e):
        number = part.operand if isinstance(part, Unary) and part.sign == "-" else part
        if not (isinstance(number, Number) or (isinstance(part, tree.Sequence) and part.kind == "list")):
            return None
    nested = _nested(e)
    shape: list[int] = []
    inner: Any = nested
    while isinstance(inner, list):
        shape.append(len(inner))
        inner = inner[0] if inner else None
    if len(shape) > MOST_AXES:
        raise FormulaError(f"an array has at most {MOST_AXES} axes").spanning(e.start, e.end)
    if not _even(nested, shape):
        raise FormulaError(
            "the rows of this array differ in length", hint="Every row needs as many entries as the first."
        ).spanning(e.start, e.end)
    import numpy as np

    return np.array(nested, dtype=np.float64)


def _nested(e: Expression) -> Any:
    if isinstance(e, tree.Sequence):
        return [_nested(item) for item in e.items]
    if isinstance(e, Unary):
        return -_nested(e.operand)
    assert isinstance(e, Number)
    return float(e.value)


def _even(nested: Any, shape: list[int]) -> bool:
    if not shape:
        return not isinstance(nested, list)
    return isinstance(nested, list) and len(nested) == shape[0] and all(_even(n, shape[1:]) for n in nested)


def option(lowering: Lowering, name: str, e: Expression) -> Any:
    """The value of an option: a number (whole where it was written so), a tuple, a text, None, True or False."""
    return _constant(
        lowering,
        e,
        lambda: FormulaError(
            f"{name} must be a constant", hint=f"Such as {name}=0 or {name}=(0, 1), not something computed: {_brief(e)}"
        ),
    )


def index_item(lowering: Lowering, e: Expression, labels: Found | None = None) -> Any:
    """One entry of an index: a whole number, a slice, None, `...`, a list of whole numbers, or a Label of `labels`."""
    if isinstance(e, Slice):
        return _slice(lowering, e)
    if isinstance(e, Name) and e.name in ("None", "..."):
        return None if e.name == "None" else ...
    network = labels is not None and _of_network(lowering, e)
    if isinstance(e, tree.Sequence) and not network:
        return [index_item(lowering, item) for item in e.items]
    if isinstance(e, tree.Binary) and e.sign in CONDITIONS:
        raise conditional(e)
    if isinstance(e, tree.Call) and "range" not in lowering.functions:
        e = _as_numpy(e)
    label = labels.label(e) if labels is not None and network else None
    return label if label is not None else _whole(lowering, e, labels is not None)


def conditional(e: Expression) -> FormulaError:
    """The error for x[x > 0]: how many entries those are is only known when the graph runs."""
    return FormulaError(
        "an index is made of whole numbers, not of conditions", hint="Choose with where(condition, a, b)."
    ).spanning(e.start, e.end)


def _as_numpy(e: tree.Call) -> tree.Call:
    """arange(3) for range(3), and for list(range(3))."""
    if e.name == "list" and len(e.arguments) == 1 and isinstance(e.arguments[0], tree.Call):
        e = e.arguments[0]
    return tree.Call("arange", e.arguments, e.keywords, e.start, e.end, at=e.at) if e.name == "range" else e


def _slice(lowering: Lowering, e: Slice) -> slice:
    found = slice(*(None if part is None else _whole(lowering, part) for part in (e.lower, e.upper, e.step)))
    if found.step == 0:
        raise FormulaError("the step of a slice cannot be 0").spanning(e.start, e.end)
    return found


def _of_network(lowering: Lowering, e: Expression) -> bool:
    """Whether an expression uses a value of the network (or of the function that it stands in), not only its shape."""
    known: Any = lowering.graph.nodes if lowering.scope is None else lowering.scope
    return any(name in known for name in names(e))


def _whole(lowering: Lowering, e: Expression, listed: bool = False) -> Any:
    """A whole number or None; where `listed`, an array of whole numbers too, as a list."""

    def wrong() -> FormulaError:
        return FormulaError(
            "an index is made of constant whole numbers", hint=f"Such as x[0] or x[1:3], not x[{_brief(e)}]"
        )

    found = _constant(lowering, e, wrong, arrays=listed)
    if found is None:
        return None
    if isinstance(found, float) and found.is_integer() and abs(found) < 2**53 and not isinstance(e, Number):
        found = int(found)
    if listed and hasattr(found, "ndim") and found.ndim and (found % 1 == 0).all() and (abs(found) < 2**53).all():
        return found.astype(int).tolist()
    if not isinstance(found, int) or isinstance(found, bool):
        raise wrong().spanning(e.start, e.end)
    return found


def _constant(lowering: Lowering, e: Expression, wrong: Callable[[], BackpropError], arrays: bool = False) -> Any:
    """The Python value of a constant expression; an array only where `arrays` may be."""
    match e:
        case Number() if e.whole and e.value < 2**63:
            return int(e.text.replace("_", ""))
        case Number():
            return float(e.value)
        case Unary(sign="-", operand=Number() as number):
            return -_constant(lowering, number, wrong)
        case Text():
            return e.value
        case Name(name="None" | "True" | "False") if e.name not in lowering.known:
            return {"None": None, "True": True, "False": False}[e.name]
        case tree.Sequence():
            return tuple(_constant(lowering, item, wrong) for item in e.items)
        case Slice() | Name(name="..." | "None"):
            raise wrong().spanning(e.start, e.end)
    return _computed(lowering, e, wrong, arrays)


def _computed(lowering: Lowering, e: Expression, wrong: Callable[[], BackpropError], arrays: bool) -> Any:
    """What an expression comes to that uses nothing of the network but shapes."""
    before, scope = len(lowering.graph), dict(lowering.scope or {})
    found = lowering.lower(e)
    if type(found) is int:
        found = _of_constants(lowering.graph, found)
    if found is None:
        raise wrong().spanning(e.start, e.end)
    if len(lowering.graph) > before:  # C[X].shape[0] needs no C[X]
        lowering.graph.forget(before)
        if lowering.scope is not None:
            lowering.scope.update(scope)
    if isinstance(found, float):
        return int(found) if found.is_integer() and abs(found) < 2**53 else found
    if isinstance(found, tuple) or arrays:
        return found
    raise wrong().spanning(e.start, e.end)


def _of_constants(graph: Graph, slot: int) -> float | None:
    """The value of a node that is made of numbers alone (`n_head: 2`, `T: x.shape[1]`); None where data take part."""
    slots = [slot]
    for one in slots:
        if graph.operations[one] is None and one not in graph.constants:
            return None
        slots.extend(a for a in graph.arguments[one] if a not in slots)
    if graph.shapes[slot]:
        return None
    import numpy as np

    from backpropcli.ops.numbers.array import xp

    with np.errstate(all="ignore"):
        return float(Tape(graph, slot, sorted(slots)).run(xp, [None] * (slot + 1))[slot])


def _brief(e: Expression) -> str:
    text = show(e)
    return text if len(text) <= 40 else text[:39] + "…"
