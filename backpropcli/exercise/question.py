"""One blank of an exercise: what is asked for, what it needs, how an answer is graded, and its hints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from math import isfinite, prod
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.derivation.piecewise import evaluate
from backpropcli.exercise.carried_forward import Own, follows
from backpropcli.exercise.feedback import giving, nearly, of_formula, of_shape
from backpropcli.exercise.given_numbers import counted, identified, told_apart
from backpropcli.exercise.gradient_hints import gradient_hint
from backpropcli.exercise.gradient_mistakes import gradient_mistakes, names
from backpropcli.exercise.grading import LEAST_DIGITS, entries, grade, short
from backpropcli.exercise.mistakes import (
    FACTORS,
    FORWARD,
    OLD,
    PRODUCT,
    START,
    TOPIC_OF,
    Candidate,
    meant,
    multiples,
    said,
)
from backpropcli.exercise.value_hints import value_hint
from backpropcli.language.answers import read_answer
from backpropcli.notation.numbers import finite, nested

if TYPE_CHECKING:
    from backpropcli.derivation.stages import Stage
    from backpropcli.derivation.terms import Term
    from backpropcli.derivation.worked import Worked
    from backpropcli.exercise.functions import Functions

HINTS = 3
MOST_TYPED = 12
"""An array of more entries is too long to be typed."""
GRADIENT = re.compile(r"d[^\W\d]\w*(?:\.\d+)?/d[^\W\d]\w*(?:\.\d+)?")
NAME = re.compile(r"[^\W\d]\w*(?:\.\d+)?")
Known = Mapping[str, str | None]
Wrong = Mapping[str, Sequence[float]]


class Mark(NamedTuple):
    """What an answer is worth: whether it is right, and if not, what can be said about it and what to practise."""

    right: bool
    words: str = ""
    topic: str = ""
    follows: tuple[str, ...] = ()
    """The answers of one's own that it follows from, where it is right because of them."""


class Question:
    """One blank: `name` is what is asked for (`t1`, `dJ/dw2`), `text` how, `answer` what is right."""

    def __init__(self, worked: Worked, stage: Stage | None, label: str, residue: float = 0.0) -> None:
        self.worked = worked
        self.stage = stage
        """The stage whose value is asked for; None where a gradient is."""
        self.label = label
        self.name = label if stage is not None else worked.gradient_name(label)
        self.answer: Any = worked.value(label) if stage is not None else worked.gradient(label)
        self.residue = residue
        """An answer that is off by no more is right: 0.1 + 0.2 - 0.3 where 0 is asked for."""
        self.functions: Functions = {}
        """The functions that the network defines itself."""
        self.digits = LEAST_DIGITS
        """How many digits are asked for."""
        self.told: Mapping[int, Any] = {}
        """Values that are told in other digits than they have, by slot."""

    def __repr__(self) -> str:
        return f"Question({self.name!r})"

    @property
    def shape(self) -> tuple[int, ...]:
        """The answer's shape; () is a plain number."""
        return self.worked.shape(self.label)

    @cached_property
    def terms(self) -> list[Term]:
        """The terms of the gradient that is asked for."""
        return [] if self.stage is not None else self.worked.terms(self.label)

    @property
    def text(self) -> str:
        """`t1 = w1 · x, with w1 = 2, x = 1`; a gradient's name alone, and how many numbers an array has."""
        if self.stage is None:
            return f"{self.name}, {counted(self.shape)}" if self.shape else self.name
        given = f", with {', '.join(self.given)}" if self.given else ""
        return f"{self.name} = {self.worked.formula(self.stage).text}{given}"

    @property
    def given(self) -> list[str]:
        """The numbers that a value's formula uses: `w1 = 2`, `x = 1`; those of long arrays stand under the data."""
        worked = self.worked
        inputs = self.stage.inputs if self.stage is not None else ()
        return [f"{name} = {identified(worked, name)}" for name in inputs if prod(worked.shape(name)) <= MOST_TYPED]

    @property
    def shown(self) -> str:
        """The answer as text that could be typed."""
        return nested(self.answer, lambda x: told_apart(self.worked, x))

    @cached_property
    def needs(self) -> list[str]:
        """What it is worked out from: names of values and of gradients."""
        return needed(self.worked, self.stage, self.terms)

    @cached_property
    def exact(self) -> bool:
        """Whether everything that it is worked out from is short: then a short answer is one without rounding."""
        numbers = [x for name in self.needs for x in entries(self.known_value(name))]
        return all(short(x, self.digits) for x in numbers if isfinite(x))

    def typable(self) -> bool:
        """Whether the answer itself can be typed: finite numbers, some, and not too many of them."""
        return finite(self.answer) and 0 < prod(self.shape) <= MOST_TYPED

    def read(self, text: str, known: Known | None = None) -> Any:
        """What a typed answer is worth. Raises SpecError where it is no number; `known` as `read_answer`."""
        return read_answer(text, self.name, bool(self.shape), known, self.shape)

    def mark(self, text: str, known: Known | None = None, wrong: Wrong | None = None, own: Own | None = None) -> Mark:
        """Whether a typed answer is right, and what went wrong where that can be told. Raises SpecError as `read`.

        `wrong` are the wrong answers to earlier questions, by the questions' names; `own` the answers that were left
        standing there (the right ones with the digits that they have): what follows from these is right too.
        """
        given = self.read(text, known)
        found = self._is(given, self.answer)
        if all(found):
            return Mark(True)
        names = self._follows(given, own or {})
        if names is not None:
            return Mark(True, follows=names)
        words, topic = self._said(given, wrong or {})
        if self.shape and not words and any(found):
            words = f"{sum(found)} of {len(found)} entries {'is' if sum(found) == 1 else 'are'} right."
        return Mark(False, words, topic)

    def _said(self, given: Any, wrong: Wrong) -> tuple[str, str]:
        """What is said to a wrong answer, and what it shows should be practised."""
        if words := of_shape(given, self.answer, self.name):
            return words, self.topic
        old = list(self._with_old(wrong))
        earlier = [Candidate(OLD, number, k) for k, (_, _, number) in enumerate(old)]
        found = giving(given, self.answer, [*self.mistakes, *earlier], self.digits)
        if not found and (words := nearly(given, self.answer, self.digits)):
            return words, self.topic
        one, shown = meant(found), {"given": self.worked.show(given) or "that"}
        if one is not None and one.kind == OLD:
            return said(OLD, {**shown, **self._named(*old[one.path])}), self.topic
        if self.stage is not None:
            words = of_formula(self.worked, self.stage, given, self.digits)
            return words or (said(one.kind, {}) if one else ""), self.topic
        if one is None:
            return "" if self.terms else said(START, {"label": self.label}), self.topic
        called = names(self.worked, self.label, self.terms, one)
        topic = FACTORS if called.get("forgotten") else TOPIC_OF.get(one.kind, self.topic)
        return said(one.kind if self.terms else START, {**shown, **called}), topic

    @cached_property
    def mistakes(self) -> list[Candidate]:
        """The mistakes that a wrong answer is compared with."""
        if self.stage is not None:
            return multiples(self.answer)
        return list(gradient_mistakes(self.worked, self.label, self.terms))

    def _named(self, source: str, earlier: float, _: float) -> dict[str, str]:
        """A wrong answer that was gone on with, as it is spoken of."""
        show = self.worked.show
        return {"source": source, "earlier": show(earlier) or "", "truth": show(self.known_value(source)) or ""}

    def _is(self, given: Any, number: Any) -> list[bool]:
        """For each entry whether it is this number."""
        return grade(given, number, self.residue, self.digits, self.exact)

    def _follows(self, given: Any, own: Own) -> tuple[str, ...] | None:
        """The fewest answers of one's own that an answer follows from, none where from numbers as they are told.

        None where it does not follow from any.
        """
        for carried in follows(self.worked, self.stage, self.label, own, self.told, self.digits):
            if all(self._is(given, carried.number)):
                return carried.names
        return None

    def _with_old(self, wrong: Wrong) -> Iterator[tuple[str, float, float]]:
        """Each wrong answer that this one may have been worked out with: its name, itself, and what comes of it."""
        worked, stage = self.worked, self.stage
        if self.shape:
            return
        if stage is not None:
            values = {name: worked.value(name) for name in stage.inputs}
            if all(isinstance(value, float) for value in values.values()):
                for name in stage.inputs:
                    for earlier in wrong.get(name, ()):
                        found = evaluate(stage.formula, {**values, name: earlier}, stage.find)
                        if found is not None:
                            yield name, earlier, found
        for term in self.terms:
            local, upstream = term.local.value if term.local is not None else None, term.upstream.value
            if isinstance(local, float) and isinstance(upstream, float):
                for earlier in wrong.get(term.upstream.text, ()):
                    yield term.upstream.text, earlier, self.answer + (earlier - upstream) * local

    def known_value(self, name: str) -> Any:
        """The value or the gradient of a name."""
        prefix = self.worked.gradient_name("")
        return self.worked.gradient(name.removeprefix(prefix)) if name.startswith(prefix) else self.worked.value(name)

    @property
    def topic(self) -> str:
        """What to practise who skips it."""
        return FORWARD if self.stage is not None else PRODUCT

    def hint(self, number: int) -> str:
        """A hint: 1 says which rule, 2 the formula, 3 the same with numbers put in."""
        if self.stage is not None:
            return value_hint(self.worked, self.stage, number, self.functions)
        return gradient_hint(self.worked, self.label, self.terms, number, self.functions)


def needed(worked: Worked, stage: Stage | None, terms: Sequence[Term]) -> list[str]:
    """What a stage's value, or the gradient with these terms, is worked out from: names of values and of gradients."""
    if stage is not None:
        return list(stage.inputs)
    found: dict[str, None] = {}
    for term in terms:
        found[term.upstream.text] = None
        rest = GRADIENT.sub(" ", term.text)
        names = [name for name in NAME.findall(rest) if name in worked.slots]
        found.update(dict.fromkeys(names if rest != term.text else term.through.inputs))
    return list(found)
