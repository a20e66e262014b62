"""The exercise as questions: each value from left to right, then each gradient from right to left, marked and told."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from math import isfinite, prod
from typing import TYPE_CHECKING, Any

from backpropcli.derivation.worked import Worked
from backpropcli.errors import SpecError, UsageError
from backpropcli.exercise.blanks import choose
from backpropcli.exercise.functions import Functions, definition, used
from backpropcli.exercise.given_numbers import identified, told_apart
from backpropcli.exercise.grading import entries
from backpropcli.exercise.question import MOST_TYPED, Mark, Question
from backpropcli.exercise.rounding_residue import ROUNDING, without_residue
from backpropcli.language.formula.parser import parse
from backpropcli.notation.formula import UNICODE, Style, typeset
from backpropcli.notation.numbers import Precision, nested
from backpropcli.ops.shape import show_shape
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.derivation.stages import Stage
    from backpropcli.engine import Trace

KINDS = ("values", "gradients")
MOST_INLINE = 8
"""An array of up to so many entries is put into formulas."""


class Quiz:
    """The questions about a run that was differentiated, in order; `left_out`: the names too large to be asked for.

    `only` "values" or "gradients"; `seed` is told; `every`: however many there are. `functions` are those that the
    network defines itself; `needed` the names that it is about, where those are not all; `expand` asks for every step
    inside a formula.
    """

    def __init__(
        self,
        trace: Trace,
        source: str = "",
        *,
        only: str | None = None,
        seed: int | None = None,
        precision: Precision | None = None,
        style: Style = UNICODE,
        every: bool = False,
        functions: Functions | None = None,
        needed: Collection[str] | None = None,
        expand: bool = False,
    ) -> None:
        if only is not None and only not in KINDS:
            raise UsageError(f"--only {only}: expected values or gradients{did_you_mean(only, KINDS)}")
        graph = trace.graph
        if not graph.names("parameter") and graph.names("input") and trace.of is not None:
            trace.gradient(graph.names("input")[0])  # asks for all gradients now, so that these are cleaned too
        self._cleaned = without_residue(trace)
        self.worked = Worked(self._cleaned.trace, precision, style, expand=expand)
        self.worked.inline = MOST_INLINE
        self.source = source
        self.seed = seed
        self.only = only
        self._functions = functions or {}
        self.needed = needed
        asked = list(self._all())
        for question in asked:
            question.functions = self._functions
        chosen = choose(asked, every)
        self.questions, self.left_out, self.digits = chosen.questions, chosen.left_out, chosen.digits
        self.beyond = chosen.beyond
        """How many more there are: without `every`, a large network's are those nearest to the loss."""
        self._told = chosen.told
        if not self.questions:
            raise SpecError(
                f"there is nothing to ask about {source}",
                hint=f"Asked are finite numbers, and arrays of up to {MOST_TYPED} entries.",
            )

    def _all(self) -> Iterator[Question]:
        worked, (_, sizes, gradient_sizes) = self.worked, self._cleaned
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
        """What is told by name, as text, with every entry: the data, and what blanks need that is not asked for.

        Of a part of a network what its blanks need; an array that none needs may be too large: then its shape.
        """
        worked = self.worked
        data = worked.graph.names("input", "target", "parameter")
        whole = [] if self.beyond else [name for name in data if self.needed is None or name in self.needed]
        known = {stage.name for stage in self.known}
        used = [*self._told, *(name for stage in self.known for name in stage.inputs)]
        names = dict.fromkeys([*whole, *(name for name in used if name not in known)])
        return [(name, self.told(name)) for name in names]

    def stands_apart(self, name: str) -> bool:
        """Whether what is told stands under the data, not beside the question: long arrays, and what is left out."""
        data = name in self.worked.graph.nodes and self.worked.graph.nodes[name].kind != "node"
        return not data or prod(self.worked.shape(name)) > MOST_TYPED

    @property
    def data(self) -> list[tuple[str, str]]:
        """All data by name with every digit: what makes an exercise differ from another one's."""
        worked = self.worked
        return [(name, nested(worked.value(name))) for name in worked.graph.names("input", "target", "parameter")]

    def told(self, name: str) -> str:
        """A value or a gradient as text; a large array as its shape."""
        worked = self.worked
        label = name.removeprefix(worked.gradient_name(""))
        if label != name:
            return told_apart(worked, worked.gradient(label))
        return identified(worked, name) or show_shape(worked.shape(name))

    def marked(self, answers: Mapping[str, str]) -> list[Mark]:
        """The marks of a whole sheet, answers by the questions' names: each as it follows from those before it.

        What is not there, cannot be read, or has another shape is wrong, and what stands after it is worked out from
        the right number.
        """
        own: dict[str, Any] = {}
        marks = []
        for question in self.questions:
            try:
                text = answers.get(question.name, "")
                marks.append(question.mark(text, own=own))
                own[question.name] = question.read(text)
            except SpecError as error:
                marks.append(Mark(False, error.message))
        return marks


def largest(value: Any) -> float:
    """The size of the largest finite entry; 0 where nothing is known."""
    if value is None:
        return 0.0
    return max((abs(x) for x in entries(value) if isfinite(x)), default=0.0)
