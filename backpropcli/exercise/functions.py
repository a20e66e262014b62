"""The functions that a network defines itself, `g(z) = max(0, z)`, as an exercise tells them and writes them out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from backpropcli.language.formula.functions import Function
from backpropcli.language.formula.tree import Call, Expression, longer, postorder, rebuilt, substitute
from backpropcli.notation.formula import UNICODE, Style, typeset
from backpropcli.notation.numbers import local_name

Functions = Mapping[str, Function]
MOST_PARTS = 60
"""A formula that gets longer than this with its functions written out is no help."""


def used(formulas: Iterable[Expression], functions: Functions) -> list[Function]:
    """The functions that formulas call, directly or inside other functions, in the order of their definitions."""
    found: set[str] = set()
    waiting = list(formulas)
    while waiting:
        for part in postorder(waiting.pop()):
            if isinstance(part, Call) and part.name in functions and part.name not in found:
                found.add(part.name)
                waiting += [formula for _, formula in functions[part.name].parts()]
    return [function for name, function in functions.items() if name in found]


def definition(function: Function, style: Style = UNICODE) -> str:
    """`mish(z) = z · tanh(sp), with sp = log(1 + exp(z))`, and its derivatives where its author gave them."""
    text = f"{function} = {typeset(function.value, style)}"
    derivatives = [
        f"{_derivative(function, argument)} = {typeset(formula, style)}"
        for argument, formula in (function.gradient or {}).items()
    ]
    helpers = [f"{name} = {typeset(formula, style)}" for name, formula in function.where.items()]
    joined = " and ".join(filter(None, [text, *derivatives]))
    return joined + (f", with {', '.join(helpers)}" if helpers else "")


def _derivative(function: Function, argument: str) -> str:
    if function.whole():
        return f"the gradient of {argument}"
    return f"{function.name}'({argument})" if len(function.arguments) == 1 else local_name(function.name, argument)


def written_out(formula: Expression, functions: Functions) -> Expression:
    """A formula with the definitions of its functions in the place of their calls; itself where that gets too long."""

    def change(was: Expression, now: Expression) -> Expression:
        if not (isinstance(now, Call) and now.name in functions and not now.prime and not now.keywords):
            return now
        function = functions[now.name]
        if len(now.arguments) != len(function.arguments):
            return now
        inside = function.value
        for _helper in function.where:  # helpers may use one another
            inside = substitute(inside, function.where)
        return substitute(inside, dict(zip(function.arguments, now.arguments, strict=True)))

    result = formula
    for _count in functions:
        if longer(result, MOST_PARTS):
            return formula
        if not any(isinstance(part, Call) and part.name in functions for part in postorder(result)):
            break
        result = rebuilt(result, change)
    return formula if longer(result, MOST_PARTS) else result


def calls(formula: Expression, functions: Functions) -> Iterator[str]:
    """The functions of the network that a formula calls itself."""
    yield from dict.fromkeys(p.name for p in postorder(formula) if isinstance(p, Call) and p.name in functions)
