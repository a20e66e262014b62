"""What a network can be asked to teach with: its quiz, its worksheets, other nice numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from backpropcli.api.computation import Computation
from backpropcli.ops.numbers.quiet import quietly

if TYPE_CHECKING:
    from backpropcli.exercise.quiz import Quiz
    from backpropcli.notation.numbers import Precision
    from backpropcli.ops.definition import Value


@quietly
class Exercises(Computation):
    """Questions and worksheets of a network."""

    def fresh(self, seed: int, of: str | None = None, expand: bool = False) -> dict[str, Value]:
        """Other nice numbers for all data, such that an exercise about the loss (or `of`) has short answers.

        `expand`: to the steps inside its formulas too.
        """
        from backpropcli.derivation.worked import Worked
        from backpropcli.exercise.random_values import asked_of, random_values

        trace = self.run(of)
        return random_values(self.plan(), self.values, trace.of or "", asked_of(Worked(trace, expand=expand)), seed)

    def quiz(
        self,
        of: str | None = None,
        *,
        only: str | None = None,
        seed: int | None = None,
        precision: Precision | None = None,
        ascii: bool = False,
        every: bool = False,
        expand: bool = False,
    ) -> Quiz:
        """The exercise as questions: `network.quiz().questions[0].mark("2*3").right`.

        About the loss, or about `of` and what it depends on. `only` "values" or "gradients". `seed` chooses other nice
        numbers, the same as a page's with that seed. Of a large network the 60 blanks nearest to the loss, unless
        `every` one is wanted; with `expand` every step inside a formula is a question.
        """
        from backpropcli.engine.subgraph import needed
        from backpropcli.exercise.quiz import Quiz
        from backpropcli.notation.formula import ASCII, UNICODE

        trace = self.run(of, values=self.fresh(seed, of) if seed is not None else None)
        style = ASCII if ascii else UNICODE
        return Quiz(
            trace,
            self.source,
            only=only,
            seed=seed,
            precision=precision,
            style=style,
            every=every,
            expand=expand,
            functions=self.spec.functions,
            needed=needed(self.graph, of) if of is not None else None,
        )

    def worksheets(
        self,
        path: str,
        students: str | None = None,
        *,
        of: str | None = None,
        only: str | None = None,
        seed: int | None = None,
        precision: Precision | None = None,
        every: bool = False,
        expand: bool = False,
        tell: Callable[[str], None] = lambda _: None,
        seeds: Mapping[str, int] | None = None,
    ) -> list[tuple[str, str]]:
        """The exercise on paper, and its key last: names of files (.md, .tex or .html, as `path` ends) and their texts.

        `students` "101,102" or how many, "30": a worksheet with other nice numbers for each, which follow from the name
        alone, and a CSV file that says who has which seed; `seeds` by name are taken as they are. `tell` is told where
        two would have the same ones. Options else as `quiz`.
        """
        from backpropcli.exercise.worksheet import worksheets

        def make(number: int | None) -> Quiz:
            return self.quiz(of, only=only, seed=number, precision=precision, every=every, expand=expand)

        return list(worksheets(make, path, students, seed, self.spec.title or "", tell, seeds))
