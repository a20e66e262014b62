"""The section `functions:`: `g(z): maximum(0, z)`, or a value with helpers and a gradient derived by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from backpropcli.errors import BackpropError, FormulaError
from backpropcli.language.file.schema import formula_text
from backpropcli.language.formula.functions import UPSTREAM, Function, Path, circle
from backpropcli.language.formula.grammar import CONSTANTS, WORDS
from backpropcli.language.formula.reading import read_formula
from backpropcli.language.formula.special import SPOKEN
from backpropcli.language.formula.tree import Call, Expression, Name, postorder
from backpropcli.language.formula.unknown import unknown_name, unknown_operation
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.language.file.places import Key
    from backpropcli.language.file.words import Words

PARTS = ("value", "gradient", "where")
_HEAD = re.compile(r"\s*(\w[\w.']*)\s*\(\s*(.*?)\s*\)\s*\Z")


BLOCK = "What has parameters and nodes of its own is a block, in a section blocks:, as block(x): {nodes: ...}"


def read_functions(words: Words) -> dict[str, Function]:
    """The functions by name, each checked by itself and against the others."""
    result: dict[str, Function] = {}
    for head, raw in words.sections.get("functions", {}).items():
        path: Key = ("functions", head)
        name, arguments = read_head(words, head, path)
        if name in result:
            raise words.error(f"{name} is defined twice", path, key=True)
        result[name] = _function(words, name, arguments, raw, path)
    for function in result.values():
        found = check(function, result)
        if found is not None:
            part, error = found
            whole = isinstance(words.sections["functions"][function.path[1]], dict)
            raise words.placed(error, (*function.path, *part) if whole else function.path)
    return result


def read_head(words: Words, head: str, path: Key, noun: str = "function") -> tuple[str, tuple[str, ...]]:
    """The name and the arguments of `g(z)`."""
    match = _HEAD.match(head)
    if match is None or not match[2]:
        name = head.split("(")[0].strip()
        hint = f"Write {name}(z): ..."
        raise words.error(f"{head} is not a {noun}: its arguments are missing", path, hint, key=True)
    arguments = tuple(part.strip() for part in match[2].split(","))
    for name in (match[1], *arguments):
        if not name.isidentifier() or iskeyword(name):
            from backpropcli.language.file.meant import bad_name

            raise bad_name(words, name, path)
    if len(set(arguments)) < len(arguments):
        raise words.error(f"{head} names an argument twice", path, key=True)
    return match[1], arguments


def _function(words: Words, name: str, arguments: tuple[str, ...], raw: Any, path: Key) -> Function:
    if not isinstance(raw, dict):
        return Function(name, arguments, _parsed(words, name, raw, path), path=path)
    for part in raw:
        if part not in PARTS:
            raise words.error(
                f"a function has no {part}{did_you_mean(part, PARTS)}",
                (*path, part),
                BLOCK if part in ("parameters", "nodes") else "It has a value, and perhaps a gradient and where.",
                key=True,
            )
    if raw.get("value") is None:
        raise words.error(f"{name} has no value", path, "Write value: and its formula.")
    where = _formulas(words, raw, "where", path) or {}
    for helper in where:
        if helper in arguments:
            raise words.error(f"{helper} is an argument already", (*path, "where", helper), key=True)
    gradient = _formulas(words, raw, "gradient", path) if "gradient" in raw else None
    return Function(name, arguments, _parsed(words, name, raw["value"], (*path, "value")), where, gradient, path)


def _formulas(words: Words, raw: dict[str, Any], part: str, path: Key) -> dict[str, Expression] | None:
    formulas = raw.get(part)
    if formulas is None:
        return {} if part == "gradient" else None
    if not isinstance(formulas, dict):
        raise words.error(f"{part} gives every name its formula", (*path, part), f"{part}: {{z: ...}}")
    for name in formulas:
        if not name.isidentifier() or iskeyword(name):
            from backpropcli.language.file.meant import bad_name

            raise bad_name(words, name, (*path, part, name), formulas[name])
    return {name: _parsed(words, name, text, (*path, part, name)) for name, text in formulas.items()}


def _parsed(words: Words, name: str, raw: Any, path: Key) -> Expression:
    text = formula_text(words, name, raw, path)
    try:
        return read_formula(text)
    except BackpropError as error:
        raise words.placed(error, path) from None


# Whether a function can mean anything.


def check(function: Function, functions: Mapping[str, Function]) -> tuple[Path, FormulaError] | None:
    """What is wrong with a function by itself, before anybody calls it: (which part, the error with its span in it).

    Its names must be its arguments, its `where` or constants, its calls operations or functions, its gradient complete.
    """
    return next(_mistakes(function, functions), None)


def _mistakes(function: Function, functions: Mapping[str, Function]) -> Iterator[tuple[Path, FormulaError]]:
    if UPSTREAM in (*function.arguments, *function.where):
        yield (), FormulaError(f"{UPSTREAM} means the upstream gradient", hint="Choose another name.").spanning(0, 1)
    for path, expression in function.parts():
        known = [*function.arguments, *function.where, *([UPSTREAM] if path[0] == "gradient" else [])]
        for part in postorder(expression):
            error: FormulaError | None = None
            if isinstance(part, Name):
                error = _unknown_argument(function, part, known)
            elif isinstance(part, Call) and part.name not in (*functions, *SPOKEN) and not part.prime:
                error = unknown_operation(part)
            if error is not None:
                yield path, error.spanning(part.start, part.end)
    yield from _unfit_gradient(function)
    yield from _circle(function, functions)


def _unknown_argument(function: Function, name: Name, known: list[str]) -> FormulaError | None:
    if name.prefix or name.name in (*CONSTANTS, *WORDS, *known):
        return None
    error = unknown_name(name, known)
    if not error.message.startswith("unknown name"):
        return error
    return FormulaError(
        f"{name.name} is not an argument of {function}",
        hint=f"A function knows its arguments only: {function.name}({', '.join((*function.arguments, name.name))})",
    )


def _unfit_gradient(function: Function) -> Iterator[tuple[Path, FormulaError]]:
    """A gradient that leaves an argument out, or has one too many."""
    if function.gradient is None:
        return
    for argument in function.arguments:
        if argument not in function.gradient:
            hint = f"gradient: {{{argument}: ...}}"
            yield ("gradient",), FormulaError(f"{function} gives no gradient for {argument}", hint=hint)
    for argument in function.gradient:
        if argument not in function.arguments:
            hint = f"Its arguments: {', '.join(function.arguments)}"
            yield ("gradient", argument), FormulaError(f"{function} has no argument {argument}", hint=hint)


def _circle(function: Function, functions: Mapping[str, Function]) -> Iterator[tuple[Path, FormulaError]]:
    """The function calls itself, directly or through others."""
    before: dict[str, str] = {}
    waiting = [function.name]
    while waiting:
        current = waiting.pop()
        for part in _calls(functions, current):
            if part.name == function.name:
                path = [function.name]
                while current != function.name:
                    path.append(current)
                    current = before[current]
                span = (part.start, part.end) if len(path) == 1 else (0, 1)
                yield ("value",), circle([function.name, *reversed(path)]).spanning(*span)
                return
            if part.name not in before:
                before[part.name] = current
                waiting.append(part.name)


def _calls(functions: Mapping[str, Function], name: str) -> Iterator[Call]:
    """The calls of functions in a function."""
    for _, expression in functions[name].parts() if name in functions else ():
        yield from (part for part in postorder(expression) if isinstance(part, Call) and part.name in functions)
