"""Functions of a spec: what their author wrote, and whether it can mean anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from backpropcli.errors import FormulaError
from backpropcli.language.formula.mending import suggested
from backpropcli.language.formula.names import CONSTANTS, nearest_operation, unknown
from backpropcli.language.formula.tree import Call, Expression, Name, postorder
from backpropcli.ops.definition import Refused
from backpropcli.ops.table import lookup
from backpropcli.suggest import nearest

Path = tuple[str | int, ...]

UPSTREAM = "upstream"
"""What the upstream gradient is called in a gradient derived by hand for a function of whole arrays."""


class Function(NamedTuple):
    """A function that the spec defines, `mish(z)`: its value and, where its author derived it by hand, its gradient.

    `where` are helper expressions that value and gradient may use, `gradient` maps each argument to the derivative of
    the value by it; or, where it says `upstream`, to the whole gradient for that argument (the vector-Jacobian
    product), for a function that is not elementwise. `path` leads to the function in the spec.
    """

    name: str
    arguments: tuple[str, ...]
    value: Expression
    where: Mapping[str, Expression] = {}
    gradient: Mapping[str, Expression] | None = None
    path: Path = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.arguments)})"

    def whole(self) -> bool:
        """Whether its gradient is written with `upstream`, so that the function may take whole arrays."""
        gradient = (self.gradient or {}).values()
        return any(isinstance(part, Name) and part.name == UPSTREAM for e in gradient for part in postorder(e))

    def parts(self) -> Iterator[tuple[Path, Expression]]:
        """Its formulas, each with its place in the function: ("value",), ("where", "sp"), ("gradient", "z")."""
        yield ("value",), self.value
        for name, helper in self.where.items():
            yield ("where", name), helper
        for name, derivative in (self.gradient or {}).items():
            yield ("gradient", name), derivative


def check(function: Function, functions: Mapping[str, Function]) -> tuple[Path, FormulaError] | None:
    """What is wrong with a function by itself, before anybody calls it: (which part, the error with its span in it).

    Its names must be its arguments, its `where` or constants, its calls operations or functions, its gradient complete.
    """
    if UPSTREAM in (*function.arguments, *function.where):
        return (), FormulaError(f"{UPSTREAM} means the upstream gradient", hint="Choose another name.").spanning(0, 1)
    for path, expression in function.parts():
        known = [*function.arguments, *function.where, *([UPSTREAM] if path[0] == "gradient" else [])]
        for part in postorder(expression):
            error: FormulaError | None = None
            if isinstance(part, Name) and not part.prefix and part.name not in (*CONSTANTS, "None", "..."):
                if part.name not in known:
                    error = unknown(part, known)
                    if error.message.startswith("unknown name"):
                        error = FormulaError(
                            f"{part.name} is not an argument of {function}",
                            hint=f"A function knows its arguments only: {function.name}"
                            f"({', '.join((*function.arguments, part.name))})",
                        )
            elif isinstance(part, Call) and part.name not in functions and not part.prime:
                error = unknown_operation(part) if not special(part.name) else None
            if error is not None:
                return path, error.spanning(part.start, part.end)
    if function.gradient is not None:
        if missing := [a for a in function.arguments if a not in function.gradient]:
            return ("gradient",), FormulaError(
                f"{function} gives no gradient for {missing[0]}", hint=f"gradient: {{{missing[0]}: ...}}"
            )
        if strange := [a for a in function.gradient if a not in function.arguments]:
            return ("gradient", strange[0]), FormulaError(
                f"{function} has no argument {strange[0]}", hint=f"Its arguments: {', '.join(function.arguments)}"
            )
    return _circle(function, functions)


def _circle(function: Function, functions: Mapping[str, Function]) -> tuple[Path, FormulaError] | None:
    """The error for a function that calls itself, directly or through others."""
    before: dict[str, str] = {}
    waiting = [function.name]
    while waiting:
        current = waiting.pop()
        if current not in functions:
            continue
        for _, expression in functions[current].parts():
            for part in postorder(expression):
                if not isinstance(part, Call) or part.name not in functions:
                    continue
                if part.name == function.name:
                    path = [function.name]
                    while current != function.name:
                        path.append(current)
                        current = before[current]
                    return ("value",), circle([function.name, *reversed(path)]).spanning(
                        *((part.start, part.end) if len(path) == 1 else (0, 1))
                    )
                if part.name not in before:
                    before[part.name] = current
                    waiting.append(part.name)
    return None


def circle(path: list[str]) -> FormulaError:
    """The error for functions that call each other in a circle."""
    shown = " → ".join(path)
    return FormulaError(f"{path[0]} is defined by itself: {shown}", hint="A function may call only other functions.")


def special(name: str) -> bool:
    """Whether a call of this name is understood without an entry in the operation table."""
    return name in ("array", "asarray", "copy", "len", "ndim", "shape", "size")


def _transposed(call: Call) -> str:
    from backpropcli.language.formula.show import show

    return suggested(f"{show(call.arguments[0])}.T")


def _derived(name: str) -> bool:
    """Whether a name means an operation's derivative, as `dsigmoid` does: no slip of the operation itself."""
    ends = name.endswith(("_prime", "_derivative"))
    return ends or (name[:1] == "d" and lookup(name[1:].lstrip("_")) is not None)


def unknown_operation(call: Call, known: frozenset[str] = frozenset()) -> FormulaError | None:
    """The error for the name of a call; None where the operation table has it."""
    from backpropcli.language.formula.show import show

    found = lookup(call.name)
    end = call.at + len(call.name)
    if isinstance(found, Refused):
        return FormulaError(found.reason, hint=found.hint).spanning(call.at, end)
    if found is not None:
        return None
    name = call.name
    if call.written == "attribute":
        if lookup(name) is not None:
            hint = f"{name} is an operation: .{name}()"
        else:
            hint = "Transposed is .T; methods are called, as in x.sum()."
        return FormulaError(f"unknown attribute: .{name}", hint=hint).spanning(call.at, end)
    if call.written == "method" and name in ("t", "T", "mT"):
        return FormulaError("a transposed array is .T", hint=_transposed(call)).spanning(call.at, end)
    if not _derived(name) and (near := nearest_operation(name) or nearest(name, known)):
        hint = f"Did you mean {near}?"
    elif len(call.arguments) == 1 and not call.keywords and len(name) <= 2:
        argument = show(call.arguments[0])
        argument = argument if len(argument) <= 40 else "z"
        hint = (
            f"Write the activation, relu({argument}), or say once what {name} is:\n"
            f"  functions:\n    {name}(z): maximum(0, z)"
        )
    else:
        arguments = ", ".join("xyzabcdefgh"[: len(call.arguments)])
        hint = f"Say once what it is:\n  functions:\n    {name}({arguments}): ..."
    return FormulaError(f"unknown operation: {name}", hint=hint).spanning(call.at, end)
