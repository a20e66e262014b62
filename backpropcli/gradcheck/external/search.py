"""Single mistakes, at the places that could explain what is wrong, that give exactly the external numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from backpropcli.gradcheck.external.case import LEAST, Case
from backpropcli.gradcheck.external.edge_constants import Constants
from backpropcli.gradcheck.external.edges import Edge, edges
from backpropcli.gradcheck.external.guesses import Explanation, attempted, merged, number_in, numberless
from backpropcli.gradcheck.external.misplaced import Stand, misplaced, stands
from backpropcli.gradcheck.external.revalued import revalued
from backpropcli.gradcheck.external.rules import SLIPS, USUAL, Change, changes
from backpropcli.gradcheck.external.through_time import timed
from backpropcli.gradcheck.external.weight_decay import decayed
from backpropcli.gradcheck.mistakes.mutations import mistaken
from backpropcli.gradcheck.mistakes.table import HALF, SIGN, TWICE, ZERO, Mistake, Right

Changed = Callable[[Edge], Any]
"""The operation of an edge's step with a mistake in it."""


class Search:
    """Looks for single mistakes that explain a case."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.trace = case.trace
        self.graph = case.graph

    def explanations(self) -> Iterator[Explanation]:
        """What would give their numbers, the most usual first."""
        where = self.case.where
        candidates = [edge for edge in edges(self.trace) if where.explains(edge.to)]
        candidates.sort(key=lambda edge: (where.spoils(edge.to), edge.slot))
        constants = Constants(self.case, candidates)
        found = [*attempted(timed(self.case)), *attempted(decayed(self.trace, self.case.wrong))]
        found += attempted(constants.single())
        simple = any(e.rank <= 1 for e in found)
        found = merged(found)
        if not simple:
            found += attempted(self._changed(candidates, USUAL))
            found += attempted(constants.several())
        for guesses in (
            self._everywhere(),
            self._changed(candidates, SLIPS),
            self._revalued(),
            self._misplaced(candidates),
        ):
            if not found:
                found = merged(attempted(guesses))
        yield from sorted(found, key=lambda e: e.rank)

    # One step.

    def _changed(self, candidates: Sequence[Edge], mistakes: Sequence[Mistake[Any]]) -> Iterator[Explanation]:
        """A mistake in the rule of one step."""
        for edge in candidates:
            for change in attempted(changes(self.case.step(edge), mistakes)):
                if self.case.left <= 0:
                    return
                if self.case.gives({edge.slot: change.operation}):
                    words = self._with_factor(change)
                    name = self.case.spell.labels.get(edge.to, "")
                    if "is transposed" in words and name in self.case.keys:
                        words += f" (if the file stores it so: --as {self.case.keys[name]}={name}.T)"
                    yield Explanation((self.case.node(edge),), words, 1)

    def _with_factor(self, change: Change) -> str:
        """The words for a change, after the factor where theirs/right shows it."""
        if not change.over or not self._seen():
            return change.what
        columns = " in every column" if any(len(s.right.shape) == 2 for s in self.case.wrong) else ""
        return f"theirs/right is {change.over}{columns}: {change.what}"

    def _seen(self) -> bool:
        """Whether theirs/right itself shows a factor: it is the same all down every column."""
        import numpy as np

        for s in self.case.wrong:
            with np.errstate(all="ignore"):
                ratio = np.atleast_2d(s.theirs / s.right)
            if not np.isfinite(ratio).all() or ratio.ndim > 2:
                return False
            if np.ptp(ratio, axis=0).max() > 1e-3 * np.abs(ratio).max():
                return False
        return True

    def _revalued(self) -> Iterator[Explanation]:
        """The right rules at slightly other values: an epsilon forgotten, n - 1 for n."""
        self.case.left = max(self.case.left, LEAST)
        said = set[str]()
        for other in revalued(self.trace, self.case.spell):
            if self.case.left <= -self.case.most // 2:
                return
            about = other.words.partition(" is ")[0]  # left out, or 1e-12: the first that fits is said
            if about not in said and self.case.gives(other.changed, other.slots):
                said.add(about)
                yield Explanation((other.node,), other.words, 1)

    def _misplaced(self, candidates: Sequence[Edge]) -> Iterator[Explanation]:
        """Another array of the same shape where one belongs: at one place, or at every step of a chain."""
        self.case.left = max(self.case.left, self.case.most // 2)
        others = stands(self.trace, self.case.spell)
        for edge in candidates:
            for _, change in attempted(misplaced(self.case.step(edge), others)):
                if self.case.left <= 0:
                    return
                if self.case.gives({edge.slot: change.operation}):
                    yield Explanation((self.case.node(edge),), change.what, 1)
        for group in self._groups():
            found = [dict(self._shifted(edge, others)) for edge in group]
            for key in found[0]:
                if self.case.left <= 0:
                    return
                changed = {e.slot: f[key].operation for e, f in zip(group, found, strict=True) if key in f}
                if len(changed) >= len(group) - 1 and len(changed) > 1 and self.case.gives(changed):
                    yield Explanation(self._nodes(group), f"{found[0][key].what}, and so in every step like it", 1)

    def _shifted(self, edge: Edge, others: list[Stand]) -> Iterator[tuple[str, Change]]:
        """Misplaced arrays, known by their letters and how far their number is from the node's own: h2 in z3 is -1."""
        own = number_in(self.case.node(edge))
        for key, change in attempted(misplaced(self.case.step(edge), others)):
            name = key.partition("|")[2]
            shift = number_in(name) - own if re.search(r"\d", name) else 0
            yield f"{numberless(key)}{shift}", change

    # Steps that are alike.

    def _groups(self) -> list[list[Edge]]:
        """Edges at steps that are written alike but for their numbers, in every layer or at every time."""
        groups: dict[tuple[str, int, str], list[Edge]] = {}
        for edge in edges(self.trace):
            if not self.case.where.masks[edge.to] & self.case.where.all_wrong:
                continue
            name, node = self._operation(edge).name, self.case.spell.owner(edge.slot)
            alike = numberless(f"{node.name} = {node.formula} {self.case.spell.labels.get(edge.to, '')}")
            groups.setdefault((name, edge.position, alike), []).append(edge)
            groups.setdefault((name, edge.position, ""), []).append(edge)
        return [g for g in groups.values() if len(g) > 1 and len({edge.slot for edge in g}) > 1]

    def _everywhere(self) -> Iterator[Explanation]:
        """One mistake wherever an operation stands, or in every step of a chain written alike."""
        for group in self._groups():
            name, nodes = self._operation(group[0]).name, self._nodes(group)
            for label, make, rank in self._alike(group):
                if self.case.left <= 0:
                    return
                changed = {edge.slot: make(edge) for edge in group}
                if all(changed.values()) and self.case.gives(changed):
                    at = " and ".join(nodes[:3]) + (" ..." if len(nodes) > 3 else "")
                    yield Explanation(nodes, f"{label} in every {name} ({at})", rank)

    def _alike(self, group: Sequence[Edge]) -> Iterator[tuple[str, Changed, int]]:
        """Changes that can be made to every edge of a group, named as for the first of them, and how usual they are."""
        for mistake in (ZERO, SIGN, TWICE, HALF):
            yield mistake.rule, partial(self._mistaken, mistake), 1
        for mistakes, rank in ((USUAL, 1), (SLIPS, 2)):
            others = {edge: list(attempted(changes(self.case.step(edge), mistakes))) for edge in group}
            first = others[group[0]]
            if all(len(found) == len(first) for found in others.values()):
                for k, change in enumerate(first):
                    yield change.what, partial(_operation_of, others, k), rank

    def _mistaken(self, mistake: Mistake[Right], edge: Edge) -> Any:
        return mistaken(self._operation(edge), [edge.position], mistake)

    def _operation(self, edge: Edge) -> Any:
        return self.graph.operations[edge.slot]

    def _nodes(self, group: Sequence[Edge]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(map(self.case.node, group)))


def _operation_of(changed: Mapping[Edge, Sequence[Change]], k: int, edge: Edge) -> Any:
    return changed[edge][k].operation
