"""The section `functions:`: `g(z): maximum(0, z)`, or a value with helpers and a gradient derived by hand."""

from __future__ import annotations

import re
from keyword import iskeyword
from typing import Any

from backpropcli.errors import BackpropError
from backpropcli.language.file.places import Key
from backpropcli.language.file.schema import bad_name, formula_text
from backpropcli.language.file.words import Words
from backpropcli.language.formula.functions import Function, check
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.tree import Expression
from backpropcli.suggest import did_you_mean

PARTS = ("value", "gradient", "where")
_HEAD = re.compile(r"\s*(\w[\w.']*)\s*\(\s*(.*?)\s*\)\s*\Z")


def read_functions(words: Words) -> dict[str, Function]:
    """The functions by name, each checked by itself and against the others."""
    result: dict[str, Function] = {}
    for head, raw in words.sections.get("functions", {}).items():
        path: Key = ("functions", head)
        name, arguments = _head(words, head, path)
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


def _head(words: Words, head: str, path: Key) -> tuple[str, tuple[str, ...]]:
    match = _HEAD.match(head)
    if match is None or not match[2]:
        name = head.split("(")[0].strip()
        hint = f"Write {name}(z): ..."
        raise words.error(f"{head} is not a function: its arguments are missing", path, hint, key=True)
    arguments = tuple(part.strip() for part in match[2].split(","))
    for name in (match[1], *arguments):
        if not name.isidentifier() or iskeyword(name):
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
                "It has a value, and perhaps a gradient and where.",
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
            raise bad_name(words, name, (*path, part, name), formulas[name])
    return {name: _parsed(words, name, text, (*path, part, name)) for name, text in formulas.items()}


def _parsed(words: Words, name: str, raw: Any, path: Key) -> Expression:
    text = formula_text(words, name, raw, path)
    try:
        return parse(text)
    except BackpropError as error:
        raise words.placed(error, path) from None
