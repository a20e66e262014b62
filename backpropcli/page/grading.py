"""How an exercise's page marks as the quiz does: how far an answer may be off, what follows from one's own.

Its rules are recorded from the engine, so that there is one of each: what rounding leaves of 0
(`exercise.rounding_residue`), and what comes of other numbers (`exercise.recomputed`), as a function `following` of all
that a reader may have written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from backpropcli.engine.recording import RecordedPlan, RecordedTrace
from backpropcli.engine.ties import twins
from backpropcli.exercise.carried_forward import sources, textbook, total, way
from backpropcli.exercise.question import needed
from backpropcli.exercise.recomputed import gradient, value
from backpropcli.exercise.rounding_residue import ROUNDING, Cleaned
from backpropcli.ops.numbers.recorder import Tape, TooLongError, asarray
from backpropcli.page.javascript import Function

if TYPE_CHECKING:
    from backpropcli.derivation.stages import Stage
    from backpropcli.derivation.worked import Worked
    from backpropcli.engine import Trace
    from backpropcli.graph import Graph

MOST_RECORDED = 60_000
"""A program of more operations than these would make the page heavy."""
Place = Callable[[Any], list[Any]]
"""Where a value's entries stand among the results of the page's program."""
Steps = Sequence[dict[str, Any]]


def tolerances(worked: Worked, cleaned: Cleaned, steps: Steps, place: Place) -> None:
    """Add to each step how much rounding makes of such numbers, `residue`, and the places of what it `needs`."""
    prefix, by_name = worked.gradient_name(""), {stage.name: stage for stage in worked.stages}
    xp = worked.trace.plan.numbers()
    for step in steps:
        label, is_value = step["name"], step["phase"] == "value"
        slot = worked.slots[label]
        size: Any = cleaned.sizes[slot] if is_value else cleaned.gradient_sizes[slot]
        # As in the quiz, of those that are finite: the slope of (-1)**2 by its exponent is NaN, and says nothing here.
        entries = [xp.where(entry < inf, entry, 0.0) for entry in _entries(size)] if size is not None else []
        if entries:
            step["residue"] = place(ROUNDING * reduce(xp.maximum, entries))[0]
        names = needed(worked, by_name[label] if is_value else None, [] if is_value else worked.terms(label))
        step["needs"] = [
            place(worked.gradient(name.removeprefix(prefix)) if name.startswith(prefix) else worked.value(name))
            for name in names
        ]


def drawn(trace: Trace, tape: Tape, worked: Worked, steps: Steps) -> Function:
    """The function `drawn(x)`: the steps' numbers as they are computed, by which fresh numbers are chosen.

    Behind them, for each choice between numbers, how many are equal that should not be.
    """
    results: list[Any] = []
    for step in steps:
        slot = worked.slots[step["name"]]
        numbers = trace.slots if step["phase"] == "value" else trace.gradients
        whole = trace.whole(numbers[slot], trace.graph.shapes[slot])
        results += _entries(whole)
    results += twins(trace.graph, trace.slots, trace.plan.numbers())
    return Function("drawn", tape, results)


def following(trace: Trace, told: Callable[[Trace], Worked], steps: Steps) -> list[Function]:
    """The function `following(x)`: what each step comes to with all data and all steps' numbers as they are given.

    Adds to each step which steps it `uses`, by their places in the list, and where what `follows` begins among the
    results: in each way in which it may be worked out. Empty, and nothing is added, where that is too long.
    """
    tape, graph = Tape(MOST_RECORDED), trace.graph
    plan = RecordedPlan(graph, tape)
    data = {name: _inputs(tape, graph.shape(name)) for name, node in graph.nodes.items() if node.kind != "node"}
    slots, gradients = plan.load(data, plan.numbers()), [None] * len(graph.operations)
    try:
        worked = told(RecordedTrace(plan, trace.of, slots, gradients, True))
        for step in steps:
            numbers = slots if step["phase"] == "value" else gradients
            slot = worked.slots[step["name"]]
            numbers[slot] = _inputs(tape, graph.shapes[slot])
        results: list[Any] = []
        found = [_ways(worked, step) for step in steps]
    except TooLongError:
        return []
    places = {(step["phase"], step["name"]): k for k, step in enumerate(steps)}
    stages = {stage.name: stage for stage in worked.stages}
    for step, answers in zip(steps, found, strict=True):
        step["follows"] = []
        for answer in answers:
            step["follows"].append(len(results))
            results += _entries(answer)
        step["uses"] = _uses(worked, stages, step, places)
    return [Function("following", tape, results)]


def _entries(value: Any) -> list[Any]:
    """The entries of an array, one of no axes too, or the number itself."""
    return list(np.ravel(value)) if isinstance(value, np.ndarray) else [value]


def _inputs(tape: Tape, shape: tuple[int, ...]) -> Any:
    """An array of inputs of a tape, or one."""
    if not shape:
        return tape.input()
    made = np.empty(shape, object)
    for index in np.ndindex(*shape):
        made[index] = tape.input()
    return asarray(made)


def _ways(worked: Worked, step: Mapping[str, Any]) -> list[Any]:
    """What a step comes to: a gradient with the results of its users' stages as given, anew, and by what is printed."""
    trace, label = worked.trace, step["name"]
    if step["phase"] == "value":
        stage = next(stage for stage in worked.stages if stage.name == label)
        return [value(trace, way(stage), {})]
    users = worked.users.get(label, [])
    if not users:
        return []
    ways, given = [way(user) for user in users], {user.slot: trace.slots[user.slot] for user in users}
    parts = gradient(trace, worked.slots[label], ways, given, {})
    anew = gradient(trace, worked.slots[label], ways, {}, {})

    def plan(graph: Graph) -> RecordedPlan:
        assert isinstance(trace.plan, RecordedPlan)
        return RecordedPlan(graph, trace.plan.tape)

    printed = [textbook(worked, user, label, given, {}, plan) for user in users]
    return [total(parts), total(anew)] + (
        [total([part if other is None else other for part, other in zip(parts, printed, strict=True)])]
        if any(other is not None for other in printed)
        else []
    )


def _uses(
    worked: Worked, stages: Mapping[str, Stage], step: Mapping[str, Any], places: Mapping[tuple[str, str], int]
) -> list[int]:
    stage = stages[step["name"]] if step["phase"] == "value" else None
    prefix = worked.gradient_name("")
    found = []
    for name, (_, is_gradient) in sources(worked, stage, step["name"], {"": 0}).items():
        key = ("gradient", name.removeprefix(prefix)) if is_gradient else ("value", name)
        if key in places:
            found.append(places[key])
    return found
