"""Functions of a spec: what their author wrote, and what a call of one gives it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from backpropcli.errors import FormulaError
from backpropcli.language.formula.tree import Call, Expression, Name, postorder
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


def matched(function: Function, e: Call) -> list[Expression]:
    """The arguments of a call of a spec's function, in the order of its definition."""
    given = dict(zip(function.arguments, e.arguments, strict=False))
    for key, value in e.keywords:
        if key not in function.arguments:
            near = nearest(key, function.arguments)
            hint = f"Did you mean {near}?" if near else f"It is defined as {function}."
            raise FormulaError(f"{function.name} has no argument {key}", hint=hint).spanning(value.start, value.end)
        if key in given:
            raise FormulaError(f"{key} of {function.name} is given twice").spanning(value.start, value.end)
        given[key] = value
    if len(e.arguments) > len(function.arguments) or len(given) < len(function.arguments):
        count, has = len(function.arguments), len(e.arguments) + len(e.keywords)
        raise FormulaError(
            f"{function.name} takes {count} argument{'s' * (count != 1)}; here {'is' if has == 1 else 'are'} "
            f"{has or 'none'}",
            hint=f"It is defined as {function}.",
        ).spanning(e.start, e.end)
    return [given[name] for name in function.arguments]


def circle(path: list[str]) -> FormulaError:
    """The error for functions that call each other in a circle."""
    shown = " → ".join(path)
    return FormulaError(f"{path[0]} is defined by itself: {shown}", hint="A function may call only other functions.")
