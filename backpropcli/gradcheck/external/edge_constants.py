"""Guesses that what comes along an edge of the backward pass is times a constant, 0 above all: a path is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.gradcheck.external.edges import Edge, edges
from backpropcli.gradcheck.external.factors import Factors, plain
from backpropcli.gradcheck.external.guesses import Explanation, attempted
from backpropcli.gradcheck.mistakes.mutations import scaled
from backpropcli.gradcheck.mistakes.table import ONE_PATH, PATH_MISSING

if TYPE_CHECKING:
    from backpropcli.gradcheck.external.case import Case

FAN_OUT = 8
"""Of so many edges to one value, every subset may be missing."""
Gradients = Mapping[str, Any]


class Constants:
    """Guesses about these edges; `without` has the gradients that each of them leaves when it is cut."""

    def __init__(self, case: Case, candidates: Sequence[Edge]) -> None:
        self.case = case
        self.candidates = candidates
        self.factors = Factors(case.trace)
        self.without: dict[Edge, Gradients] = {}

    def single(self) -> Iterator[Explanation]:
        """One edge times a constant."""
        for edge in self.candidates:
            if self.case.left <= 0:
                return
            operation = self.case.graph.operations[edge.slot]
            assert operation is not None
            self.without[edge] = self.case.rerun({edge.slot: scaled(operation, edge.position, 0.0)})
            yield from attempted(self._times_a_constant(edge, self.without[edge]))

    def _times_a_constant(self, edge: Edge, without: Gradients) -> Iterator[Explanation]:
        """What comes along one edge is times c; c from least squares, taken if it then gives their numbers."""
        import numpy as np

        above = below = 0.0
        for s in self.case.wrong:
            effect = s.right - without[s.name]
            scale = float(np.abs(s.right).max(initial=0.0)) or 1.0
            above += float((effect / scale * ((s.theirs - without[s.name]) / scale)).sum())
            below += float(((effect / scale) ** 2).sum())
        if below == 0.0:
            return
        for constant in self.factors.near(above / below):
            pieces = {s.name: without[s.name] + constant * (s.right - without[s.name]) for s in self.case.shown}
            if self.case.fits(pieces):
                found = Explanation((self.case.node(edge),), *self._in_words(constant, edge))
                moved = sum(int(np.count_nonzero(s.right - without[s.name])) for s in self.case.wrong)
                if found.rank <= 1 or moved > 1:  # one number is always some multiple of another
                    yield found
                return

    def _in_words(self, c: float, edge: Edge) -> tuple[str, int]:
        """The words for a constant, and how usual it is."""
        step, to = self.case.equation(self.case.node(edge)), self.case.spell.slot(edge.to)
        alone = sum(other.to == edge.to for other in edges(self.case.trace)) == 1
        if c == 0.0 and not alone:
            return PATH_MISSING.rule.format(to=to, step=step), 0
        if c == 0.0:
            return f"theirs is 0: nothing comes back from {step} to {to} (a detach?)", 0
        part = "theirs" if alone else f"the part of theirs that comes through {step}"
        if c == -1.0:
            return f"{part} has the sign the other way round", 0
        why = self.factors.words(c)
        if why:
            return f"{part} is {plain(c)} times what is right, and {why}", 0
        return f"{part} is {plain(c)} times what is right", 0 if abs(c) in (2.0, 0.5) else 2

    def several(self) -> Iterator[Explanation]:
        """Of several edges to one value, some are missing: which, by least squares."""
        groups: dict[int, list[Edge]] = {}
        for edge in self.without:
            groups.setdefault(edge.to, []).append(edge)
        for to, group in groups.items():
            missing = self._missing(group) if 2 <= len(group) <= FAN_OUT else []
            if len(missing) > 1:
                nodes = tuple(dict.fromkeys(map(self.case.node, missing)))
                label, kept = self.case.spell.slot(to), [edge for edge in group if edge not in missing]
                if len(kept) == 1:
                    words = ONE_PATH.rule.format(to=label, step=self.case.equation(self.case.node(kept[0])))
                else:
                    words = f"the paths from {label} through {' and '.join(map(self.case.equation, nodes))} are missing"
                yield Explanation(nodes, words, 0)

    def _missing(self, group: Sequence[Edge]) -> list[Edge]:
        """Those without which the others give their numbers; empty where there are none such."""
        import numpy as np

        shown = self.case.shown
        columns = [np.concatenate([(s.right - self.without[e][s.name]).ravel() for s in shown]) for e in group]
        target = np.concatenate([(s.theirs - s.right).ravel() for s in shown])
        weights = np.linalg.lstsq(np.stack(columns, axis=1), target, rcond=None)[0]
        if any(abs(c - round(c)) > 1e-2 or round(c) not in (0, -1) for c in weights):
            return []
        missing = [edge for edge, c in zip(group, weights, strict=True) if round(c) == -1]
        left = {s.name: s.right + sum(self.without[e][s.name] - s.right for e in missing) for s in shown}
        return missing if self.case.fits(left) else []
