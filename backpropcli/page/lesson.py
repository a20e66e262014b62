"""What a page tells: every step with its formula, its factors and places for their numbers, and how those are computed.

A number in the text stands as a *place*: which result of the page's program belongs there. The program is recorded from
the operations (`engine.recording`); where a network is too large for that, the numbers themselves stand in its stead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from backpropcli.derivation.worked import Worked
from backpropcli.engine.recording import record
from backpropcli.errors import SpecError
from backpropcli.exercise import random_values
from backpropcli.exercise.grading import LEAST_DIGITS
from backpropcli.exercise.quiz import Quiz
from backpropcli.exercise.random_rules import rules
from backpropcli.exercise.random_values import Search
from backpropcli.exercise.rounding_residue import Cleaned, without_residue
from backpropcli.language.formula.parser import parse
from backpropcli.notation.formula_html import variable
from backpropcli.notation.numbers import Precision, exact
from backpropcli.ops.numbers.recorder import Tape, TooLongError
from backpropcli.page import grading, mistakes, reading
from backpropcli.page.javascript import Function, program, still
from backpropcli.page.texts import gradient_hints, handed_on, value_hints, words
from backpropcli.page.worked import Told

if TYPE_CHECKING:
    from backpropcli.derivation.stages import Stage
    from backpropcli.derivation.terms import Factor, Term
    from backpropcli.engine import Trace
    from backpropcli.graph import Graph
    from backpropcli.page.blanks import Blanks

MOST_RECORDED = 20_000
"""A program of more operations than these would make the page heavy: it then shows its numbers as they are."""


class Lesson(NamedTuple):
    """A page's data, ready for JSON, and the JavaScript that computes its numbers.

    `live`: whether the page can compute; `blanks`: how many numbers an exercise asks for; `left_out`: the names of
    what it does not ask for, because it is not finite; `choice`: what it asks for and what not.
    """

    data: dict[str, Any]
    script: str
    live: bool
    blanks: int
    left_out: tuple[str, ...] = ()
    choice: Blanks | None = None


def lesson(
    trace: Trace,
    *,
    precision: Precision | None = None,
    everything: bool = False,
    exercise: bool = False,
    expand: bool = False,
    seed: int | None = None,
    started: Trace | None = None,
) -> Lesson:
    """The lesson of a run that was differentiated; an exercise begins with the numbers of `started`, if any.

    `expand`: every step inside a formula is a step of its own.
    """
    assert trace.of is not None
    moving = [] if exercise else _moving(trace.graph)
    search = _search(trace, expand) if exercise else None
    try:
        written = _live(trace, everything, expand, search, moving)
    except TooLongError:
        written = Written(*_told(started or trace, everything, expand, exercise, live=False))
    told, tape = written.told, written.tape
    data = {**_data(trace, written, precision or Precision(), exercise)}
    if told.blanks is not None:
        data |= _exercise_data(started or trace, told.blanks, search if tape is not None else None)
    elif tape is not None:
        data["moving"] = [told.labels[slot] for slot in moving]
    if seed is not None:
        data["seed"] = seed
    if told.blanks is None:
        return Lesson(data, written.script, tape is not None, 0)
    count, left_out = _asked(Worked(started or trace, everything=everything), written.steps)
    return Lesson(data, written.script, tape is not None, count, left_out, told.blanks)


class Written(NamedTuple):
    """What is told of a trace, with the tape by which the page computes it: None where the numbers stand still."""

    told: Told
    steps: list[dict[str, Any]]
    tape: Tape | None = None
    more: Sequence[Function] = ()

    @property
    def script(self) -> str:
        """The page's program, and the other functions."""
        results = self.told.places.results
        if self.tape is None:
            return still(results, reading.functions())
        return program(self.tape, results, reading.functions(), *self.more)


def _live(trace: Trace, everything: bool, expand: bool, search: Search | None, moving: Sequence[int]) -> Written:
    """What is told of a trace whose program was recorded. Raises TooLongError where that is too long."""
    recorded, tape, sure = _recorded(trace, search is not None, moving)
    told, steps = _told(recorded if sure is None else sure.trace, everything, expand, search is not None)
    if search is None:
        return Written(told, steps, tape)
    if sure is not None:
        grading.tolerances(told, sure, steps, told.places.place)
    drawn = [] if search.small else [grading.drawn(recorded, tape, told, steps)]
    return Written(told, steps, tape, [*drawn, *grading.following(trace, partial(Told, expand=expand), steps)])


def _data(trace: Trace, written: Written, precision: Precision, exercise: bool) -> dict[str, Any]:
    """What both kinds of page have."""
    told = written.told
    data: dict[str, Any] = {
        "of": trace.of,
        "loss": variable(trace.of or ""),
        "nodes": list(_rows(told)),
        "steps": written.steps,
        "digits": precision.digits,
        "decimals": precision.decimals,
        "reading": reading.as_data(),
        "data": _given(trace, exercise) if written.tape is not None else [],
    }
    inside = _inside(told)
    return {**data, "inside": inside} if inside else data


def _exercise_data(started: Trace, blanks: Blanks, search: Search | None) -> dict[str, Any]:
    """What an exercise has beside it: what is given, how it is graded, and how other numbers are found."""
    rules = mistakes.rules(_digits_asked(started))
    data: dict[str, Any] = {"given": blanks.given, "beyond": blanks.beyond, "grading": rules}
    return data if search is None else {**data, "random": random_values.as_data(search)}


def _search(trace: Trace, expand: bool) -> Search:
    """The search for other numbers that the quiz makes too."""
    asked = random_values.asked_of(Worked(trace, expand=expand))
    return Search(trace.plan, _values(trace), trace.of or "", asked)


def _values(trace: Trace) -> dict[str, Any]:
    """The inputs, targets and parameters."""
    return {name: trace.value(name) for name, node in trace.graph.nodes.items() if node.kind != "node"}


def _recorded(trace: Trace, exercise: bool, moving: Sequence[int]) -> tuple[Trace, Tape, Cleaned | None]:
    """Both passes recorded, as they are; for an exercise also without what rounding has left, unless too long."""
    assert trace.of is not None
    upstream = trace.gradients[trace.graph.nodes[trace.of].slot]
    if exercise:
        with suppress(TooLongError):
            recorded, tape, _ = record(trace.graph, trace.of, upstream, grading.MOST_RECORDED, moving)
            return recorded, tape, without_residue(recorded)
    recorded, tape, _ = record(trace.graph, trace.of, upstream, MOST_RECORDED, moving)
    return recorded, tape, None


def _digits_asked(trace: Trace) -> int:
    """How many digits the quiz asks for with a run's numbers."""
    try:
        return Quiz(trace, every=True).digits
    except SpecError:  # nothing can be asked
        return LEAST_DIGITS


def _asked(worked: Worked, steps: Sequence[dict[str, Any]]) -> tuple[int, tuple[str, ...]]:
    """How many numbers are asked for, and the names of what has some that are not finite: those are given."""
    blanks, left_out = 0, []
    for step in steps:
        if step.get("unasked"):
            continue
        label, gradient = step["name"], step["phase"] == "gradient"
        value = worked.gradient(label) if gradient else worked.value(label)
        finite = np.isfinite(np.broadcast_to(value, worked.shape(label)))
        blanks += int(finite.sum())
        if not finite.all():
            left_out.append(worked.gradient_name(label) if gradient else label)
    return blanks, tuple(left_out)


def _told(
    trace: Trace, everything: bool, expand: bool, exercise: bool, live: bool = True
) -> tuple[Told, list[dict[str, Any]]]:
    """A trace worked out, and its steps: values forward, then gradients backward."""
    told = Told(trace, everything, expand, exercise, live)
    steps = [_forward(told, stage) for stage in told.stages]
    steps += [_backward(told, label) for label in told.order()]
    return told, steps


def _moving(graph: Graph) -> list[int]:
    """The slots of the steps with names whose values are numbers: the page can move these by hand."""
    return [slot for slot in sorted(graph.labels()) if not graph.shapes[slot] and graph.operations[slot] is not None]


def _inside(told: Told) -> list[dict[str, Any]]:
    """The nodes whose formulas are worked out in steps, with these steps' names: where J.3 comes from."""
    steps: dict[str, list[str]] = {}
    for stage in told.stages:
        if stage.name != stage.node:
            steps.setdefault(stage.node, []).append(variable(stage.name))
    return [{"name": node, "steps": names} for node, names in steps.items()]


def _given(trace: Trace, exercise: bool) -> list[dict[str, Any]]:
    """The inputs, targets and parameters: what the page's fields are for, in the order of the program's inputs.

    Class numbers have `classes`; in an exercise all have the `rule` by which other numbers are found.
    """
    values = _values(trace)
    result = []
    for (name, value), part in zip(values.items(), rules(trace.plan, values), strict=True):
        shape = list(getattr(value, "shape", ()))
        entry: dict[str, Any] = {"name": name, "html": variable(name), "kind": trace.graph.nodes[name].kind}
        entry["values"] = [x if isfinite(x) else exact(x) for x in np.ravel(value).tolist()]
        if part.classes:
            entry["classes"] = part.classes
        if exercise:
            entry["rule"] = part.rule
        result.append({**entry, "shape": shape} if shape else entry)
    return result


def _rows(told: Told) -> Iterator[dict[str, Any]]:
    """The rows of the table: every name, and before a node the steps inside its formula that have names too."""
    inside: dict[str, list[Stage]] = {}
    for stage in told.stages:
        if stage.name != stage.node:
            inside.setdefault(stage.node, []).append(stage)
    for name, node in told.graph.nodes.items():
        for stage in inside.get(name, ()):
            yield _row(told, stage.name, "step", told.html(told.formula(stage).text), stage.inputs)
        if node.kind == "node":
            formula = told.formula_html(parse(node.formula, told.graph.nodes))
            yield _row(told, name, node.kind, formula, node.inputs)
        else:
            yield _row(told, name, node.kind)


def _row(told: Told, name: str, kind: str, formula: str | None = None, inputs: Sequence[str] = ()) -> dict[str, Any]:
    """A row of the table: a value and, where the network asks for it, a gradient."""
    row: dict[str, Any] = {"name": name, "html": variable(name), "kind": kind}
    if (time := told.graph.times.get(name.partition(".")[0])) is not None:
        row["time"] = time
    if formula is not None:
        row["formula"], row["inputs"] = formula, list(inputs)
    shape, value = told.shape(name), told.value(name)
    if shape:
        row["shape"] = list(shape)
    if told.shows(value, ("value", name)):
        row["value"] = told.places.place(value)
        if formula is not None or name in told.data:
            row["gradient"] = told.places.place(told.gradient(name))
    return row


def _forward(told: Told, stage: Stage) -> dict[str, Any]:
    formula = told.formula(stage)
    step = _step(told, "value", stage.name, told.value(stage.name))
    step["node"] = stage.node
    step["inputs"] = list(stage.inputs)
    step |= _text(told, formula)
    if told.blanks is not None:
        step["hints"] = value_hints(told, stage)
        step |= mistakes.of_value(told, stage)
    else:
        said = words(told, stage)
        if said is not None:
            step["words"] = said
    return step


def _backward(told: Told, label: str) -> dict[str, Any]:
    step = _step(told, "gradient", label, told.gradient(label))
    node = label.partition(".")[0]
    step["node"] = node if node in told.graph.nodes else label
    kind = told.graph.nodes[label].kind if label in told.graph.nodes else "node"
    if kind != "node":
        step["kind"] = kind
    terms = told.terms(label)
    step["terms"] = [_term(told, term) for term in terms]
    for term, shown in zip(terms, step["terms"], strict=True):
        if len(terms) > 1 and "becomes" in shown and term.through.whole and label in told.graph.nodes:
            part = told.trace.contribution(term.through.name, label)
            if told.shows(part):
                shown["value"] = told.places.place(part)
    if told.blanks is not None:
        step["hints"] = gradient_hints(told, label, terms)
        step |= mistakes.of_gradient(told, label, terms)
    return step


def _step(told: Told, phase: str, label: str, value: Any) -> dict[str, Any]:
    head = told.letters.name(label if phase == "value" else told.gradient_name(label))
    at = told.places.place(value) if told.shows(value, (phase, label)) else [-1, list(value.shape)]
    step: dict[str, Any] = {"phase": phase, "name": label, "head": head, "at": at}
    if told.blanks is not None and (phase, label) not in told.blanks.asked:
        step["unasked"] = True
    return step


def _term(told: Told, term: Term) -> dict[str, Any]:
    result: dict[str, Any] = {
        "through": term.through.name,
        "node": term.through.node,
        **_text(told, term),
        "upstream": _factor(told, term.upstream),
    }
    if term.local is not None:
        result["local"] = _factor(told, term.local)
    else:
        text, other = handed_on(told, term)
        result["becomes"] = {"text": text}
        if other is not None and told.shows(other):
            result["becomes"]["at"] = told.places.place(other)
    if term.remark:
        result["remark"] = told.html(term.remark)
    return result


def _text(told: Told, piece: Factor | Term) -> dict[str, str | None]:
    """A formula, and with its numbers: None where there are too many."""
    numbers = None if piece.numbers is None else told.html(piece.numbers)
    return {"text": told.html(piece.text), "numbers": numbers}


def _factor(told: Told, factor: Factor) -> dict[str, Any]:
    result: dict[str, Any] = {"text": told.html(factor.text)}
    if factor.numbers is not None:
        result["numbers"] = told.html(factor.numbers)
    if factor.value is not None and told.shows(factor.value):
        result["at"] = told.places.place(factor.value)
    return result
