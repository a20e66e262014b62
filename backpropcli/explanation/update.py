"""`train --steps`: one update worked out as on paper: every rule of the optimiser, the numbers put in, the result.

All of it is made from the optimiser's own formulas, so that a network's own optimiser is explained as well. What has
got a new value in this update has a plus behind its name: w5⁺ = w5 - lr · dJ/dw5.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.language.formula.evaluate import evaluate
from backpropcli.language.formula.names import names
from backpropcli.language.formula.reading import read_formula
from backpropcli.language.formula.tree import Expression, Name, substitute
from backpropcli.language.training.rules import active, program
from backpropcli.language.training.schedules import formula as scheduled
from backpropcli.language.training.training import Rule
from backpropcli.notation import maths
from backpropcli.notation.formula import ASCII, UNICODE
from backpropcli.notation.numbers import Precision, component_name, components, gradient_name
from backpropcli.render.document import Heading, Section, Verbatim, Walk
from backpropcli.render.rows import Row

if TYPE_CHECKING:
    from backpropcli.language.training.training import Training
    from backpropcli.notation.formula import Style

FEW = 6
"""A parameter of more entries shows its first ones only, unless all are asked for."""
SHOWN = 3
TINY = 1e-6
"""What is added to a norm before the gradients are divided by it, as in `train.optimizer`."""


class Before(NamedTuple):
    """What an update is made from: its number (from 1), epoch (from 0) and how many there are (`total`).

    Parameters and gradients are floats or arrays by name, `state` flat lists in the order of the parameters (one number
    where it is the same for all). The loss is called `of`.
    """

    t: int
    epoch: int
    total: int
    of: str
    parameters: Mapping[str, Any]
    gradients: Mapping[str, Any]
    state: Mapping[str, Sequence[float]]
    loss: float


class Look(NamedTuple):
    """How numbers and formulas are written; with `full` every entry is."""

    precision: Precision
    style: Style
    full: bool


class Scope:
    """What names stand for at this point of an update: a number, and what it is called on the page."""

    def __init__(self, values: Mapping[str, float], called: Mapping[str, str]) -> None:
        self.values, self.called = dict(values), dict(called)

    def inner(self, values: Mapping[str, float], called: Mapping[str, str]) -> Scope:
        """The same, and more."""
        return Scope({**self.values, **values}, {**self.called, **called})

    def row(self, rule: Rule, look: Look) -> Row:
        """A rule worked out, after which its name stands for the new number."""
        expression = read_formula(rule.formula, self.values)
        used = [name for name in names(expression) if name in self.values]
        value = float(evaluate(expression, {name: self.values[name] for name in used}))
        said = maths.formula(self._shown(expression), look.style)
        digits = {self.called.get(name, name): look.precision.show(self.values[name]) for name in used}
        numbers = maths.formula(self._shown(expression), look.style, numbers=digits)
        if rule.name in self.values:
            plus = "⁺" if look.style is UNICODE else "_new"
            self.called[rule.name] = self.called.get(rule.name, rule.name) + plus
        self.values[rule.name] = value
        result = maths.number(look.precision.show(value))
        name = maths.name(self.called.get(rule.name, rule.name))
        return Row(name, (said,), (numbers,) if numbers not in (said, result) else (), result)

    def _shown(self, expression: Expression) -> Expression:
        return substitute(expression, {name: Name(called) for name, called in self.called.items()})


def worked(
    training: Training,
    before: Before,
    loss_after: float | None,
    precision: Precision | None = None,
    *,
    ascii: bool = False,
    full: bool = False,
) -> Iterator[Section]:
    """One update: the learning rate where it changes, clipping where it acts, every rule for every entry, the loss.

    `loss_after` is None where the next update looks at other examples.
    """
    look = Look(precision or Precision(), ASCII if ascii else UNICODE, full)
    yield Heading(f"Update {before.t}: {training.optimizer.title}")
    scope = Scope({**training.settings, "lr": training.lr, "t": float(before.t)}, {})
    first = [*_rate(training, before, scope, look), *_norm(training, before, scope, look)]
    rules = [*_clipping(training), *active(training.optimizer.update, training.settings)]
    entrywise = program(training.optimizer, training.settings).entrywise
    shared, each = _apart(rules, entrywise)
    state = {name: float(values[0]) for name, values in before.state.items() if name not in entrywise}
    scope = scope.inner(state, {})
    first += [scope.row(rule, look) for rule in shared]
    if first:
        yield "For all parameters"
        yield Walk(first)
    yield from _entries(before, each, entrywise, scope, look)
    rows = [Row(f"{before.of} before", result=maths.number(look.precision.show(before.loss)))]
    if loss_after is not None:
        rows.append(Row(f"{before.of} after", result=maths.number(look.precision.show(loss_after))))
    yield Walk(rows)


def _rate(training: Training, before: Before, scope: Scope, look: Look) -> list[Row]:
    """The learning rate of this update, where a schedule has a word in it."""
    formula = scheduled(training.schedule, training.schedule_settings)
    if formula == "lr":
        return []
    place = {"T": float(before.total), "epoch": float(before.epoch)}
    own = scope.inner({**training.schedule_settings, **place}, {"lr": "lr_0"})
    row = own.row(Rule("rate", formula), look)
    scope.values["lr"] = own.values["rate"]
    return [row._replace(name=maths.name("lr"))]


def _norm(training: Training, before: Before, scope: Scope, look: Look) -> list[Row]:
    """The length of all gradients, and what they are multiplied by."""
    value, most = training.clip
    if value is not None:
        scope.values["largest"] = value
    if most is None:
        return []
    entries = [x for gradient in before.gradients.values() for _, x in components(gradient)]
    if value is not None:
        entries = [min(max(x, -value), value) for x in entries]
    length = math.hypot(*entries)
    scope.values |= {"norm": length, "longest": most}
    said = Row(
        maths.name("norm"),
        (maths.Said("the length of all gradients together"),),
        (),
        maths.number(look.precision.show(length)),
    )
    return [said, scope.row(Rule("scale", f"minimum(1, longest / (norm + {TINY:.6f}))"), look)]


def _clipping(training: Training) -> list[Rule]:
    value, most = training.clip
    by_value = [Rule("g", "clip(g, -largest, largest)")] if value is not None else []
    return by_value + ([Rule("g", "g * scale")] if most is not None else [])


def _apart(rules: Sequence[Rule], entrywise: frozenset[str]) -> tuple[list[Rule], list[Rule]]:
    """The rules that are the same for all entries (if nothing before them is not), and those that are not."""
    many = {"p", "g", *entrywise}
    shared, each = [], []
    for rule in rules:
        if rule.name in many or many.intersection(names(read_formula(rule.formula))):
            many.add(rule.name)
            each.append(rule)
        else:
            shared.append(rule)
    return shared, each


def _slope(of: str, label: str, index: tuple[int, ...], slope: float, look: Look) -> Row:
    """The gradient of an entry, which its rules call g."""
    return Row(maths.name("g"), (maths.gradient(of, label, index),), (), maths.number(look.precision.show(slope)))


def _entries(
    before: Before, rules: Sequence[Rule], entrywise: frozenset[str], scope: Scope, look: Look
) -> Iterator[Section]:
    """A line for every entry, or lines under its name where there are several rules."""
    offset, lines = 0, list[Row]()
    hidden = 0
    for label, value in before.parameters.items():
        slopes = [x for _, x in components(before.gradients[label])]
        entries = list(components(value))
        most = len(entries) if look.full or len(entries) <= FEW else SHOWN
        hidden += len(entries) - most
        for k, (index, number) in enumerate(entries[:most]):
            name = component_name(label, index)
            slope = gradient_name(before.of, name)
            state = {one: float(before.state[one][offset + k]) for one in entrywise}
            own = scope.inner({"p": number, "g": slopes[k], **state}, {"p": name})
            if len(rules) == 1:
                own.called["g"] = slope
                lines.append(own.row(rules[0], look))
            else:
                yield maths.name(label, index)
                yield Walk([_slope(before.of, label, index, slopes[k], look), *(own.row(r, look) for r in rules)])
        offset += len(entries)
    if lines:
        yield Walk(lines)
    if hidden:
        yield Verbatim([f"{hidden:,} more entries move by the same rules: --full shows them all."])
