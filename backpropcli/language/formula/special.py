"""Calls that are no operations: about an array (x.size(0)), or how its numbers are stored (x.float())."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backpropcli.errors import FormulaError
from backpropcli.language.formula import constants, shapes
from backpropcli.language.formula.grammar import TYPED
from backpropcli.language.formula.tree import Call, Expression, Name, Text
from backpropcli.ops.pytorch import CASTS
from backpropcli.ops.table import TABLE

if TYPE_CHECKING:
    from backpropcli.language.formula.lower import Lowering

SPECIAL = frozenset(("dim", "len", "ndim", "nelement", "numel", "shape", "size"))
"""Calls about an array, which are understood without an entry in the operation table."""
MADE = frozenset(("array", "asarray", "copy", *CASTS))
"""Calls whose value is their argument, as it is or cut to whole numbers."""
SPOKEN = SPECIAL | MADE | TYPED
"""All calls that need no entry in the operation table."""
BUILT = frozenset(("True", "False", "None"))


def special(lowering: Lowering, e: Call, receiver: Any) -> Any:
    """The slot or constant of a call that the operation table does not have; FormulaError where nobody knows it."""
    if e.name in MADE or (e.name in TYPED and e.written == "method"):
        return _stored(lowering, e, receiver)
    if e.name not in SPECIAL:
        raise lowering.stranger(e)
    shapes.check_special(e)
    axis = constants.option(lowering, "axis", e.arguments[1]) if len(e.arguments) > 1 else None
    value = receiver if receiver is not None else lowering.lower(e.arguments[0])
    return shapes.special(lowering.graph, e, value, axis)


def _stored(lowering: Lowering, e: Call, receiver: Any) -> Any:
    """The argument, or what its type makes of it."""
    if len(e.arguments) == 1 and isinstance(e.arguments[0], Text):
        return _number(e, e.arguments[0])
    word = e.name
    if word in TYPED:
        if len(e.arguments) != 2 or e.keywords:
            raise FormulaError(f"{word} takes 1 argument, a type", hint="Such as x.astype(float)").spanning(e.at, e.end)
        word = _type(e.arguments[1])
    elif len(e.arguments) != 1:
        raise FormulaError(f"{word} takes 1 argument here", hint=f"Such as {word}(x)").spanning(e.start, e.end)
    for key, value in e.keywords:
        word = _option(e, key, value) or word
    result = receiver if receiver is not None else lowering.lower(e.arguments[0])
    operation, further = CASTS.get(word, ("", ()))
    return lowering.step(TABLE[operation], (result, *further), None, e) if operation else result


def _number(e: Call, text: Text) -> float:
    """float('-inf')."""
    try:
        return float(text.value)
    except ValueError:
        raise FormulaError("a text has no value", hint="Such as float('-inf')").spanning(text.start, e.end) from None


def _type(e: Expression) -> str:
    """A type's name without its size: float for np.float32."""
    word = e.name if isinstance(e, Name) else e.value if isinstance(e, Text) else ""
    word = word.rstrip("0123456789_")
    if word not in CASTS:
        raise FormulaError("this is no type of numbers", hint="Such as float, int or bool.").spanning(e.start, e.end)
    return word


def _option(e: Call, key: str, value: Expression) -> str:
    """The type that `dtype` says; other words about memory say nothing of the numbers."""
    if key in ("dtype", "device"):
        return _type(value)
    if isinstance(value, Name) and value.name in BUILT and key == "requires_grad":
        hint = "What is learned is a parameter: write it under parameters."
        raise FormulaError("a constant in a formula has no gradient", hint=hint).spanning(value.start, value.end)
    raise FormulaError(f"{e.name} has no option {key}", hint="Its option: dtype").spanning(value.start, value.end)
