"""Formulas of an optimiser as steps of one graph: what depends on entries, and what is the same for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import NamedTuple

from backpropcli.errors import BackpropError, FormulaError
from backpropcli.graph import Graph
from backpropcli.language.formula.lower import Lowering, Result
from backpropcli.language.formula.reading import read_formula
from backpropcli.language.training.schedules import formula
from backpropcli.language.training.training import Optimizer, Rule, Schedule
from backpropcli.ops.definition import Elementwise

Settings = Mapping[str, float | bool]
FREE = ("lr", "t", "T", "epoch")
"""What the formula of a schedule may use, beside its settings."""
ENTRIES = ("p", "g")
"""What has a number for each entry of the parameters, beside the state that depends on them."""
SHARED = ("lr", "t")
"""What is one number an update."""
SOME = 2
"""The entries of a graph of rules: any number would do, all rules work entry by entry."""


class RuleError(Exception):
    """The rule that is wrong, and why."""

    def __init__(self, rule: Rule, error: BackpropError) -> None:
        super().__init__(error.message)
        self.rule, self.error = rule, error


class Program(NamedTuple):
    """The rules as a graph: `data` are the names of its first slots, in order; `results` the new values by name.

    A result is a slot, or a float where it is the same for ever. `entrywise` has the state that is a number an entry.
    """

    graph: Graph
    data: tuple[str, ...]
    results: Mapping[str, Result]
    entrywise: frozenset[str]
    starts: Mapping[str, float]


def active(rules: Iterable[Rule], settings: Settings) -> list[Rule]:
    """The rules whose switches are as they want them."""
    return [rule for rule in rules if all(_holds(word, settings) for word in rule.when.split())]


def _holds(word: str, settings: Settings) -> bool:
    return not settings[word[1:]] if word[0] == "!" else bool(settings[word])


def program(optimizer: Optimizer, settings: Settings) -> Program:
    """The rules of an optimiser with these settings. Raises RuleError for one that says nothing."""
    starts = _starts(optimizer, settings)
    rules = active(optimizer.update, settings)
    entrywise: frozenset[str] = frozenset()
    while True:
        graph, data, results = _lowered(rules, settings, tuple(starts), entrywise)
        found = entrywise | {name for name in starts if _entrywise(graph, results[name])}
        if found == entrywise:
            return Program(graph, data, {name: results[name] for name in (*starts, "p")}, entrywise, starts)
        entrywise = found


def _entrywise(graph: Graph, result: Result) -> bool:
    return type(result) is int and bool(graph.shapes[result])


def _lowered(
    rules: Sequence[Rule], settings: Settings, state: tuple[str, ...], entrywise: frozenset[str]
) -> tuple[Graph, tuple[str, ...], dict[str, Result]]:
    graph = Graph()
    data = (*ENTRIES, *SHARED, *state)
    lowering = Lowering(graph)
    scope: dict[str, Result] = {name: float(value) for name, value in settings.items()}
    for name in data:
        scope[name] = graph.add_data(name, "input", (SOME,) if name in ENTRIES or name in entrywise else ())
    for rule in rules:
        scope[rule.name] = _one(lowering, rule, scope)
    return graph, data, scope


def _one(lowering: Lowering, rule: Rule, scope: dict[str, Result]) -> Result:
    """The slot of one rule's value, or a float."""
    graph = lowering.graph
    first = len(graph)
    lowering.scope = dict(scope)
    lowering.depth = 0
    try:
        expression = read_formula(rule.formula, scope)
        result = lowering.lower(expression)
        if type(result) is not int and not isinstance(result, float):
            raise FormulaError(f"{rule.name} is no number")
        if not all(isinstance(operation, Elementwise) for operation in graph.operations[first:] if operation):
            raise FormulaError(
                "a rule works on each parameter by itself", hint="Sums and products of whole arrays have no place here."
            ).spanning(expression.start, expression.end)
    except BackpropError as error:
        raise RuleError(rule, _list(graph, first) or error) from None
    if (list_there := _list(graph, first)) is not None:
        raise RuleError(rule, list_there)
    return result


def _list(graph: Graph, first: int) -> FormulaError | None:
    """The error for a list in a formula: it would fit by chance alone, or make several numbers of one."""
    if not any(graph.shapes[slot] for slot in graph.constants if slot >= first):
        return None
    return FormulaError("a list has no place here", hint="All numbers of this formula are single numbers.")


def _starts(optimizer: Optimizer, settings: Settings) -> dict[str, float]:
    """What each state starts as."""
    return {rule.name: _start(rule, settings) for rule in active(optimizer.state, settings)}


def _start(rule: Rule, settings: Settings) -> float:
    lowering = Lowering(Graph())
    lowering.scope = {name: float(value) for name, value in settings.items()}
    try:
        found = lowering.lower(read_formula(rule.formula, settings))
        if type(found) is not float or not isfinite(found):
            raise FormulaError(f"{rule.name} starts as one finite number for all entries")
    except BackpropError as error:
        error.hint = error.hint if settings else f"What a state starts as is a number: state: {{{rule.name}: 0}}"
        raise RuleError(rule, error) from None
    return found


def schedule_graph(schedule: Schedule, settings: Settings) -> tuple[Graph, Result]:
    """The formula of a schedule over `lr`, `t`, `T`, `epoch`, which are its graph's first slots; and its result."""
    graph = Graph()
    scope: dict[str, Result] = {name: float(value) for name, value in settings.items()}
    for name in FREE:
        scope[name] = graph.add_data(name, "input", ())
    return graph, _one(Lowering(graph), Rule("lr", formula(schedule, settings)), scope)
