"""Names in a call that the operation does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpropcli.errors import FormulaError
from backpropcli.suggest import nearest

if TYPE_CHECKING:
    from backpropcli.language.formula.tree import Call, Expression
    from backpropcli.ops.definition import Operation


def unknown_keyword(e: Call, operation: Operation, key: str, value: Expression) -> FormulaError:
    """The error for a name in a call that is neither an argument nor an option."""
    allowed = [*(operation.arguments if not operation.variadic else ()), *operation.options]
    near = nearest(key, [*allowed, *operation.keywords])
    if near:
        hint = f"Did you mean {near}?"
    elif operation.options:
        hint = f"Its options: {', '.join(operation.options)}"
    else:
        hint = f"{operation.name}({', '.join(operation.arguments)}) has no options."
    return FormulaError(f"{e.name} has no option {key}", hint=hint).spanning(value.start - len(key) - 1, value.end)
