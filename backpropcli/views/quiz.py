"""The exercise as questions: each value from left to right, then each gradient from right to left, marked and told."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property, partial
from math import isfinite, prod
from typing import Any, NamedTuple

from backpropcli.engine import Trace
from backpropcli.engine.marking import Facts, Mistake, diagnose, entries, mark
from backpropcli.engine.settled import ROUNDING, settled
from backpropcli.errors import SpecError, UsageError
from backpropcli.ops.definition import show_shape
from backpropcli.spec.answers import read_answer
from backpropcli.spec.formula.parser import parse
from backpropcli.suggest import did_you_mean
from backpropcli.views.numbers import Precision, exact, finite, nested
from backpropcli.views.primes import evaluate
from backpropcli.views.quiz_functions import Functions, definition, used
from backpropcli.views.quiz_hints import gradient_hint, value_hint
from backpropcli.views.quiz_words import formula_mistake, gradient_mistake, halved, nearly, squared
from backpropcli.views.stages import Stage
from backpropcli.views.typeset import UNICODE, Style, typeset
from backpropcli.views.worked import Term, Worked

KINDS = ("values", "gradients")
HINTS = 3
MOST = 60
"""A quiz of more questions than these takes too long; without `every` it asks so many."""
TOPICS = ("upstream · local", "adding up the paths", "signs", "factors of 2", "the forward pass")
"""What can be practised; of those that need it equally, the first."""
WRITTEN, ROUNDED = 12, 1e-4
"""A given number of up to so many digits is shown whole; any other may be off by this part."""
Known = Mapping[str, str | None]
Wrong = Mapping[str, Sequence[float]]
OF_MISTAKE = {"path": 1, "missing": 1, "sign": 2}


class Mark(NamedTuple):
    """What an answer is worth: whether it is right, and if not, what can be said about it and what to practise."""

    right: bool
    words: str = ""
    topic: str = ""


class Question:
    """One blank: `name` is what is asked for (`t1`, `dJ/dw2`), `text` how, `answer` what is right."""

    def __init__(self, worked: Worked, stage: Stage | None, label: str, dust: float = 0.0) -> None:
        self.worked = worked
        self.stage = stage
        """The stage whose value is asked for; None where a gradient is."""
        self.label = label
        self.name = label if stage is not None else worked.gradient_name(label)
        self.answer: Any = worked.value(label) if stage is not None else worked.gradient(label)
        self.dust = dust
        """An answer that is off by no more is right: 0.1 + 0.2 - 0.3 where 0 is asked for."""
        self.functions: Functions = {}
        """The functions that the network defines itself."""

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
        """The numbers that a value's formula uses: `w1 = 2`, `x = 1`."""
        worked = self.worked
        inputs = self.stage.inputs if self.stage is not None else ()
        return [f"{name} = {identified(worked, name)}" for name in inputs]

    @property
    def shown(self) -> str:
        """The answer as text that could be typed."""
        return nested(self.answer, lambda x: told_apart(self.worked, x))

    def readable(self) -> bool:
        """Whether it can be asked: finite numbers, and arrays short enough to be typed."""
        worked = self.worked
        around = [self.answer, *(term.upstream.value for term in self.terms)]
        if self.stage is not None:
            around += [worked.value(name) for name in self.stage.inputs]
        return finite(self.answer) and all(worked.show(value) is not None for value in around)

    def read(self, text: str, known: Known | None = None) -> Any:
        """What a typed answer is worth. Raises SpecError where it is no number; `known` as `read_answer`."""
        found = read_answer(text, self.name, bool(self.shape), known)
        if self.shape and getattr(found, "size", 0) == 1 == prod(self.shape):
            return found.reshape(self.shape)
        return found

    def mark(self, text: str, known: Known | None = None, wrong: Wrong | None = None) -> Mark:
        """Whether a typed answer is right, and what went wrong where that can be told. Raises SpecError as `read`.

        `wrong` are the wrong answers to earlier questions, by the questions' names.
        """
        given = self.read(text, known)
        found = mark(given, self.answer, self.dust)
        if all(found):
            return Mark(True)
        old = list(self._with_old(wrong or {}))
        mistake = diagnose(given, self.facts._replace(old=tuple(value for *_, value in old)))
        if mistake is not None and mistake.kind == "old":
            name, earlier, _ = old[mistake.path]
            show, truth = self.worked.show, self.known_value(name)
            words = f"with {name} = {show(earlier)} it would be {show(given)}, but {name} is {show(truth)}."
            return Mark(False, words, self.topic(mistake))
        words = self._words(given, mistake)
        if self.shape and not words and any(found):
            words = f"{sum(found)} of {len(found)} entries {'is' if sum(found) == 1 else 'are'} right."
        return Mark(False, words, self.topic(mistake))

    @cached_property
    def facts(self) -> Facts:
        """What a wrong answer is compared with."""
        if self.stage is not None:
            return Facts(self.answer)
        trace, terms = self.worked.trace, self.terms
        parts = []
        for term in terms:
            whole = term.through.whole and len(terms) > 1
            parts.append(trace.contribution(term.through.name, self.label) if whole and self.label in trace.graph.nodes
                         else _product(term))  # fmt: skip
        return Facts(
            self.answer, self.worked.value(self.label), tuple(term.upstream.value for term in terms),
            tuple(term.local.value if term.local is not None else None for term in terms), tuple(parts),
        )  # fmt: skip

    def _with_old(self, wrong: Wrong) -> Iterator[tuple[str, float, float]]:
        """Each wrong answer that this one may have been worked out with, its name, and what would come of it."""
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

    def topic(self, mistake: Mistake | None = None) -> str:
        """What to practise."""
        if self.stage is not None:
            return TOPICS[-1]
        if mistake is None:
            return TOPICS[0]
        if mistake.kind in ("twice", "half"):
            has = halved if mistake.kind == "twice" else partial(squared, label=self.label)
            return TOPICS[3 if not mistake.path and all(has(term.through.formula) for term in self.terms) else 0]
        return TOPICS[OF_MISTAKE.get(mistake.kind, 0)]

    def _words(self, given: Any, mistake: Mistake | None) -> str:
        if mistake is not None and mistake.kind in ("shape", "transposed"):
            if mistake.kind == "transposed":
                return "that is the transpose: rows and columns are swapped."
            like = nested(self.answer, lambda _: "..")
            return f"{self.name} looks like {like}." if self.shape else f"{self.name} is one number."
        if mistake is not None and mistake.kind in ("rounded", "near"):
            return nearly(mistake, self.answer)
        if self.stage is not None:
            return formula_mistake(self.worked, self.stage, given, mistake)
        return gradient_mistake(self.worked, self.label, self.terms, given, mistake)

    def hint(self, number: int) -> str:
        """A hint: 1 says which rule, 2 the formula, 3 the same with numbers put in."""
        if self.stage is not None:
            return value_hint(self.worked, self.stage, number, self.functions)
        return gradient_hint(self.worked, self.label, self.terms, number, self.functions)


class Quiz:
    """The questions about a run that was differentiated, in order; `left_out`: the names too large to be asked for.

    `only` "values" or "gradients"; `seed` is told; `every`: however many there are. `functions` are those that the
    network defines itself; `needed` the names that it is about, where those are not all.
    """

    def __init__(
        self, trace: Trace, source: str = "", *, only: str | None = None, seed: int | None = None,
        precision: Precision | None = None, style: Style = UNICODE, every: bool = False,
        functions: Functions | None = None, needed: Collection[str] | None = None,
    ) -> None:  # fmt: skip
        if only is not None and only not in KINDS:
            raise UsageError(f"--only {only}: expected values or gradients{did_you_mean(only, KINDS)}")
        self._settled = settled(trace)
        self.worked = Worked(self._settled.trace, precision, style)
        self.source = source
        self.seed = seed
        self.only = only
        self._functions = functions or {}
        self.needed = needed
        asked = list(self._all())
        for question in asked:
            question.functions = self._functions
        self.questions = [question for question in asked if question.readable()]
        self.left_out = [question.name for question in asked if not question.readable()]
        self.beyond = 0
        """How many more there are: without `every`, a large network's are those nearest to the loss."""
        if not every and len(self.questions) > MOST:
            values = [question for question in self.questions if question.stage is not None]
            gradients = [question for question in self.questions if question.stage is None]
            near = MOST // 2 if values and gradients else MOST
            kept = values[-max(near, MOST - len(gradients)) :] + gradients[: max(near, MOST - len(values))]
            self.beyond, self.questions = len(self.questions) - len(kept), kept
        if not self.questions:
            raise SpecError(
                f"there is nothing to ask about {source}",
                hint="Asked are finite numbers, and arrays of up to six entries.",
            )

    def _all(self) -> Iterator[Question]:
        worked, (_, sizes, gradient_sizes) = self.worked, self._settled
        if self.only != "gradients":
            for stage in worked.stages:
                if self.needed is not None and stage.node not in self.needed:
                    continue
                yield Question(worked, stage, stage.name, ROUNDING * largest(sizes[stage.slot]))
        if self.only != "values":
            for label in worked.order():
                yield Question(worked, None, label, ROUNDING * largest(gradient_sizes[worked.slots[label]]))

    def __iter__(self) -> Iterator[Question]:
        return iter(self.questions)

    def __len__(self) -> int:
        return len(self.questions)

    @property
    def known(self) -> list[Stage]:
        """What is told of the forward pass where only gradients are asked for: the stages that they come through."""
        if self.only != "gradients":
            return []
        through = {term.through.name for question in self.questions for term in question.terms}
        whole = not self.beyond and self.needed is None
        return [stage for stage in self.worked.stages if whole or stage.name in through]

    @property
    def steps(self) -> dict[str, list[str]]:
        """The steps inside a formula that are asked for, by its node's name."""
        result: dict[str, list[str]] = {}
        for question in self.questions:
            if question.stage is not None and question.stage.name != question.stage.node:
                result.setdefault(question.stage.node, []).append(question.stage.name)
        return result

    @property
    def definitions(self) -> list[str]:
        """The network's own functions that the blanks need: `g(z) = max(0, z)`."""
        nodes = {question.stage.node for question in self.questions if question.stage is not None}
        nodes |= {term.through.node for question in self.questions for term in question.terms}
        graph = self.worked.graph
        formulas = [parse(graph.nodes[node].formula, graph.nodes) for node in graph.nodes if node in nodes]
        return [definition(function, self.worked.style) for function in used(formulas, self._functions)]

    def written(self, node: str) -> str:
        """A node's formula as its author wrote it."""
        worked = self.worked
        return typeset(parse(worked.graph.nodes[node].formula, worked.graph.nodes), worked.style, arrays=worked.arrays)

    @property
    def given(self) -> list[tuple[str, str]]:
        """The data by name, as text; a large array as its shape. Of a part of a network what its blanks need."""
        worked = self.worked
        if not self.beyond:
            data = worked.graph.names("input", "target", "parameter")
            return [(name, self.told(name)) for name in data if self.needed is None or name in self.needed]
        asked = {question.stage.name for question in self.questions if question.stage is not None}
        asked.update(stage.name for stage in self.known)
        needed: dict[str, None] = {}
        for question in self.questions:
            if question.stage is not None:
                needed.update(dict.fromkeys(question.stage.inputs))
            for term in question.terms:
                needed.update(dict.fromkeys((*term.through.inputs, term.through.name)))
        return [(name, self.told(name)) for name in worked.slots if name in needed and name not in asked]

    @property
    def data(self) -> list[tuple[str, str]]:
        """All data by name with every digit: what makes an exercise differ from another one's."""
        worked = self.worked
        return [(name, nested(worked.value(name))) for name in worked.graph.names("input", "target", "parameter")]

    def told(self, name: str) -> str:
        """A value as text; a large array as its shape."""
        return identified(self.worked, name) or show_shape(self.worked.shape(name))


def identified(worked: Worked, name: str) -> str | None:
    """A given number as text, with all the digits that it was written with; None for a large array."""
    node = worked.graph.nodes.get(name)
    return told_apart(worked, worked.value(name), node is not None and node.kind != "node")


def told_apart(worked: Worked, value: Any, data: bool = False) -> str | None:
    """A number or a small array, `[1 2]`, in the digits asked for, or in as many more as an answer takes.

    With w = 1.04 shown as 1, no answer could be right. `data` has all of its digits, if it was written with few.
    """

    def show(x: float) -> str:
        text = worked.precision.show(x)
        if data and float(text) != x == float(f"{x:.{WRITTEN}g}"):
            return exact(x)
        return text if abs(float(text) - x) <= ROUNDED * abs(x) or x - x != 0 else Precision().show(x)

    return None if worked.show(value) is None else nested(value, show).replace(", ", " ")


def counted(shape: tuple[int, ...]) -> str:
    """`3 numbers`, `2 rows of 3 numbers`."""
    if len(shape) == 2:
        return f"{shape[0]} {'row' if shape[0] == 1 else 'rows'} of {counted(shape[1:])}"
    many = prod(shape)
    return f"{many} {'number' if many == 1 else 'numbers'}" if len(shape) == 1 else f"of shape {show_shape(shape)}"


def largest(value: Any) -> float:
    """The size of the largest finite entry; 0 where nothing is known."""
    if value is None:
        return 0.0
    return max((abs(x) for x in entries(value) if isfinite(x)), default=0.0)


def _product(term: Term) -> Any:
    if term.local is None or term.upstream.value is None or term.local.value is None:
        return None
    return term.upstream.value * term.local.value
