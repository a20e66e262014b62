"""Calls of named formulas (`layer_norm(x)`): the formula's steps in the place of the call."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.errors import BackpropError, FormulaError
from backpropcli.language.formula import constants, shapes
from backpropcli.language.formula.applied import Applied
from backpropcli.language.formula.keywords import unknown_keyword
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.steps import constant
from backpropcli.language.formula.tree import Call, Expression, Name, Text, substitute
from backpropcli.ops.definition import REQUIRED
from backpropcli.ops.pytorch import FAMILY

if TYPE_CHECKING:
    from backpropcli.language.formula.lower import Lowering, Result
    from backpropcli.ops.definition import Operation
    from backpropcli.ops.formula import Formula, Written


def apply(lowering: Lowering, operation: Formula, e: Call, receiver: Result) -> Result:
    """The value of a call; `receiver` is what a method's dot follows.

    Raises FormulaError or OperationError whose span is the call, or the argument that does not fit.
    """
    given = bind(e, operation)
    results = {}
    for name, argument in given.items():
        if name in operation.arguments:
            first = receiver is not None and argument is e.arguments[0]
            results[name] = receiver if first else lowering.lower(argument)
    options = {k: constants.option(lowering, k, given[k]) for k in operation.options if k in given}
    known = {k: shapes.shape_of(lowering.graph, shapes.number(r, given[k])) for k, r in results.items()}
    case = operation.case(known, options, e.prefix + e.name, _place(lowering))
    before = lowering.scope, lowering.functions
    try:
        written = _read(operation, operation.text(case), vars(case.options))
        if lowering.scope is None:
            arguments = {k: e for k, e in given.items() if k in operation.arguments}
            rules = {key: tree for key, (_, tree) in written.rules.items()}
            applied = Applied(e, written.value, written.where, arguments, rules)
            lowering.graph.applied.setdefault(lowering.place[0], []).append(applied)
        lowering.functions = {}  # the formula means the operations, whatever the author's functions are called
        lowering.scope = {**written.where, **results}
        if not written.rules:
            return lowering.lower(written.value)
        if lowering.recurrent is None:
            raise FormulaError("what runs through time has no place here", hint="Give it a node of its own.")
        return lowering.recurrent(lowering, written.rules, written.value)
    except BackpropError as error:
        raise lowering.inside(error, signature(operation, results)).spanning(e.start, e.end) from None
    finally:
        lowering.scope, lowering.functions = before


def _place(lowering: Lowering) -> str:
    """What the node being made draws by; with a number behind it where something random stands in it already."""
    name, first = lowering.draws
    before = sum(slot >= first for slot in lowering.graph.drawn)
    return f"{name}.{before + 1}" if before else name


def fuller(e: Call, operation: Operation) -> bool:
    """Whether a call means the named formula that has more options than an operation of the same name."""
    takes = (*operation.arguments, *operation.options)
    if len(e.arguments) > len(takes) or not FAMILY.isdisjoint(e.prefix.split(".")):
        return True
    given = [*zip(takes, e.arguments, strict=False), *e.keywords]
    return any(key not in takes and key not in operation.keywords for key, _ in given) or any(
        isinstance(value, Text) and value.value in operation.variants.get(key, ()) for key, value in given
    )


def signature(operation: Formula, given: Mapping[str, Any]) -> str:
    """A formula with the arguments that it was given, by its own names: `layer_norm(x, weight)`."""
    return f"{operation.name}({', '.join(a for a in operation.arguments if a in given)})"


def bind(e: Call, operation: Formula) -> dict[str, Expression]:
    """Arguments and options by name, but for those that are left out; FormulaError where they do not fit."""
    order = operation.order
    if len(e.arguments) > len(order):
        raise _wrong_number(e, operation)
    given = dict(zip(order, e.arguments, strict=False))
    for key, value in e.keywords:
        name = operation.keywords.get(key, key)
        if name not in operation.arguments and name not in operation.options:
            raise unknown_keyword(e, operation, key, value)
        if name in given:
            raise FormulaError(f"{name} of {e.name} is given twice").spanning(value.start, value.end)
        given[name] = value
    given = {k: v for k, v in given.items() if k not in operation.optional or not _none(v)}
    needed = [a for a in operation.arguments if a not in operation.optional]
    needed += [k for k, default in operation.options.items() if default is REQUIRED]
    missing = next((k for k in needed if k not in given), None)
    if missing is not None:
        shown = ", ".join(k for k in order if k in needed)
        raise FormulaError(f"{e.name} needs {missing}", hint=f"{operation.name}({shown})").spanning(e.start, e.end)
    return given


def _none(e: Expression) -> bool:
    return isinstance(e, Name) and e.name == "None"


def _wrong_number(e: Call, operation: Formula) -> FormulaError:
    shown = ", ".join(operation.order)
    return FormulaError(
        f"{e.name} takes at most {len(operation.order)} arguments; here are {len(e.arguments)}",
        hint=f"{operation.name}({shown})",
    ).spanning(e.start, e.end)


class _Trees(NamedTuple):
    """A formula for one call, read."""

    value: Expression
    where: dict[str, Expression]
    rules: dict[str, tuple[str, Expression]]


def _read(operation: Formula, written: Written, options: Mapping[str, Any]) -> _Trees:
    """The trees of a formula and its helpers, with the options' values in the place of their names."""
    values = {name: found for name, value in options.items() if (found := constant(value)) is not None}
    return _Trees(
        substitute(_parsed(written.value), values),
        {name: substitute(_parsed(text), values) for name, text in written.where.items()},
        {key: (text, substitute(_parsed(text), values)) for key, text in written.rules.items()},
    )


@lru_cache(maxsize=256)
def _parsed(text: str) -> Expression:
    return parse(text)
