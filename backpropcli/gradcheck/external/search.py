"""Single mistakes, at the places that could explain what is wrong, that give exactly the external numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from backpropcli.engine import Trace
from backpropcli.engine.stepping import quietly
from backpropcli.gradcheck.external.edges import Edge, Step, edges, rerun
from backpropcli.gradcheck.external.error_patterns import CLOSE, Shown
from backpropcli.gradcheck.external.factors import Factors, plain
from backpropcli.gradcheck.external.guesses import Explanation, attempted, merged, number_in, numberless
from backpropcli.gradcheck.external.localize import Localization
from backpropcli.gradcheck.external.misplaced import Stand, misplaced, stands
from backpropcli.gradcheck.external.revalued import revalued
from backpropcli.gradcheck.external.rules import SLIPS, USUAL, Change, changes
from backpropcli.gradcheck.external.spelling import Spelling
from backpropcli.gradcheck.mistakes.mutations import mistaken, scaled
from backpropcli.gradcheck.mistakes.table import HALF, ONE_PATH, PATH_MISSING, SIGN, TWICE, ZERO, Mistake, Right
from backpropcli.ops.numbers.array import xp

WORK = 4_000_000
"""So many numbers may be computed again in looking for the mistake."""
MOST, LEAST = 600, 24
"""At most and at least so many backward passes."""
FAN_OUT = 8
"""Of so many ways back to one value, every subset may be missing."""


class Search:
    """Looks for single mistakes, at the places that could explain what is wrong, that give exactly their numbers."""

    def __init__(
        self, trace: Trace, where: Localization, wrong: Sequence[Shown], right: Sequence[Shown], keys: Mapping[str, str]
    ) -> None:
        self.keys = keys
        self.trace = trace
        self.graph = trace.graph
        self.where = where
        self.wrong = wrong
        self.shown = [*wrong, *right]
        self.names = [s.name for s in self.shown]
        self.spell = Spelling(trace.graph)
        entries = sum(math.prod(shape) for shape in trace.graph.shapes)
        self.most = self.left = max(LEAST, min(MOST, WORK // max(entries, 1)))
        self.factors = Factors(trace)

    def explanations(self) -> list[Explanation]:
        """What would give their numbers, the most usual first."""
        candidates = [w for w in edges(self.trace) if self.where.explains(w.to)]
        candidates.sort(key=lambda w: (self.where.spoils(w.to), w.slot))
        effects: dict[Edge, dict[str, Any]] = {}
        found = [*attempted(self._decayed()), *attempted(self._constants(candidates, effects))]
        simple = [e for e in found if e.rank <= 1]
        found = merged(found)
        if not simple:
            found += attempted(self._changed(candidates, USUAL))
            found += attempted(self._subsets(candidates, effects))
        for guesses in (
            self._everywhere(),
            self._changed(candidates, SLIPS),
            self._revalued(),
            self._misplaced(candidates),
        ):
            if not found:
                found = merged(attempted(guesses))
        return sorted(found, key=lambda e: e.rank)

    def _rerun(self, changed: Mapping[int, Any], slots: list[Any] | None = None) -> dict[str, Any]:
        self.left -= 1
        return rerun(self.trace, changed, self.names, slots)

    def _fits(self, other: Mapping[str, Any]) -> bool:
        return all(s.fits(other[s.name]) for s in self.shown)

    def _gives(self, changed: Mapping[int, Any], slots: list[Any] | None = None) -> bool:
        """Whether a backward pass with other rules, or at other values, gives their numbers.

        A guess that raises is no guess.
        """
        with quietly(xp):
            try:
                return self._fits(self._rerun(changed, slots))
            except Exception:
                return False

    def _constants(self, candidates: Sequence[Edge], effects: dict[Edge, dict[str, Any]]) -> Iterator[Explanation]:
        for edge in candidates:
            if self.left <= 0:
                return
            effects[edge] = self._without(edge)
            yield from attempted(self._constant(edge, effects[edge]))

    def _changed(self, candidates: Sequence[Edge], mistakes: Sequence[Mistake[Step]]) -> Iterator[Explanation]:
        for edge in candidates:
            for change in attempted(changes(self._step(edge), mistakes)):
                if self.left <= 0:
                    return
                if self._gives({edge.slot: change.operation}):
                    words = self._factor(change)
                    name = self.spell.labels.get(edge.to, "")
                    if "is transposed" in words and name in self.keys:
                        words += f" (if the file stores it so: --as {self.keys[name]}={name}.T)"
                    yield Explanation((self.spell.owner(edge.slot).name,), words, 1)

    def _revalued(self) -> Iterator[Explanation]:
        """The right rules at slightly other values: an epsilon forgotten, n - 1 for n."""
        self.left = max(self.left, LEAST)
        said = set[str]()
        for other in revalued(self.trace, self.spell):
            if self.left <= -self.most // 2:
                return
            about = other.words.partition(" is ")[0]  # left out, or 1e-12: the first that fits is said
            if about not in said and self._gives(other.changed, other.slots):
                said.add(about)
                yield Explanation((other.node,), other.words, 1)

    def _misplaced(self, candidates: Sequence[Edge]) -> Iterator[Explanation]:
        """Another array of the same shape where one belongs: at one place, or at every step of a chain."""
        self.left = max(self.left, self.most // 2)
        others = stands(self.trace, self.spell)
        for edge in candidates:
            for _, change in attempted(misplaced(self._step(edge), others)):
                if self.left <= 0:
                    return
                if self._gives({edge.slot: change.operation}):
                    yield Explanation((self.spell.owner(edge.slot).name,), change.what, 1)
        for group in self._groups():
            found = [dict(self._shifted(edge, others)) for edge in group]
            for key in found[0]:
                if self.left <= 0:
                    return
                changed = {w.slot: f[key].operation for w, f in zip(group, found, strict=True) if key in f}
                if len(changed) >= len(group) - 1 and len(changed) > 1 and self._gives(changed):
                    nodes = tuple(dict.fromkeys(self.spell.owner(w.slot).name for w in group))
                    yield Explanation(nodes, f"{found[0][key].what}, and so in every step like it", 1)

    def _shifted(self, edge: Edge, others: list[Stand]) -> Iterator[tuple[str, Change]]:
        """Misplaced arrays, known by their letters and how far their number is from the node's own: h2 in z3 is -1."""
        own = number_in(self.spell.owner(edge.slot).name)
        for key, change in attempted(misplaced(self._step(edge), others)):
            name = key.partition("|")[2]
            shift = number_in(name) - own if re.search(r"\d", name) else 0
            yield f"{numberless(key)}{shift}", change

    def _groups(self) -> list[list[Edge]]:
        """Ways at steps that are written alike but for their numbers, in every layer or at every time."""
        groups: dict[tuple[str, int, str], list[Edge]] = {}
        for edge in edges(self.trace):
            if not self.where.masks[edge.to] & self.where.all_wrong:
                continue
            operation = self.graph.operations[edge.slot]
            assert operation is not None
            node = self.spell.owner(edge.slot)
            alike = numberless(f"{node.name} = {node.formula} {self.spell.labels.get(edge.to, '')}")
            groups.setdefault((operation.name, edge.position, alike), []).append(edge)
            groups.setdefault((operation.name, edge.position, ""), []).append(edge)
        return [g for g in groups.values() if len(g) > 1 and len({w.slot for w in g}) > 1]

    def _without(self, edge: Edge) -> dict[str, Any]:
        operation = self.graph.operations[edge.slot]
        assert operation is not None
        return self._rerun({edge.slot: scaled(operation, edge.position, 0.0)})

    # What comes along one edge, times a constant.

    def _constant(self, edge: Edge, without: dict[str, Any]) -> Iterator[Explanation]:
        """What comes along one edge is times c; c from least squares, taken if it then gives their numbers."""
        import numpy as np

        above = below = 0.0
        for s in self.wrong:
            effect = s.right - without[s.name]
            scale = float(np.abs(s.right).max(initial=0.0)) or 1.0
            above += float((effect / scale * ((s.theirs - without[s.name]) / scale)).sum())
            below += float(((effect / scale) ** 2).sum())
        if below == 0.0:
            return
        for constant in self.factors.near(above / below):
            pieces = {s.name: without[s.name] + constant * (s.right - without[s.name]) for s in self.shown}
            if self._fits(pieces):
                node = self.spell.owner(edge.slot)
                to = self.spell.slot(edge.to)
                found = Explanation((node.name,), *self._times(constant, edge, to, node.name))
                moved = sum(int(np.count_nonzero(s.right - without[s.name])) for s in self.wrong)
                if found.rank <= 1 or moved > 1:  # one number is always some multiple of another
                    yield found
                return

    def _times(self, c: float, edge: Edge, to: str, node: str) -> tuple[str, int]:
        """The words for a constant, and how usual it is."""
        users = [w for w in edges(self.trace) if w.to == edge.to]
        if c == 0.0:
            if len(users) > 1:
                return PATH_MISSING.rule.format(to=to, step=self._equation(node)), 0
            return f"theirs is 0: nothing comes back from {self._equation(node)} to {to} (a detach?)", 0
        part = "theirs" if len(users) == 1 else f"the part of theirs that comes through {self._equation(node)}"
        if c == -1.0:
            return f"{part} has the sign the other way round", 0
        why = self.factors.words(c)
        if why:
            return f"{part} is {plain(c)} times what is right, and {why}", 0
        rank = 0 if c in (2.0, 0.5, -2.0, -0.5) else 2
        return f"{part} is {plain(c)} times what is right", rank

    def _equation(self, name: str) -> str:
        formula = self.graph.nodes[name].formula
        return f"{name} = {formula}" if len(formula) <= 40 else name

    def _factor(self, change: Change) -> str:
        if not change.over:
            return change.what
        columns = " in every column" if any(len(s.right.shape) == 2 for s in self.wrong) else ""
        return f"theirs/right is {change.over}{columns}: {change.what}" if self._seen(change) else change.what

    def _seen(self, change: Change) -> bool:
        """Whether theirs/right itself shows the factor: it is the same all down every column."""
        import numpy as np

        for s in self.wrong:
            with np.errstate(all="ignore"):
                ratio = np.atleast_2d(s.theirs / s.right)
            if not np.isfinite(ratio).all() or ratio.ndim > 2:
                return False
            if np.ptp(ratio, axis=0).max() > 1e-3 * np.abs(ratio).max():
                return False
        return True

    # Several ways at once.

    def _subsets(self, candidates: Sequence[Edge], effects: dict[Edge, dict[str, Any]]) -> Iterator[Explanation]:
        """Of several ways back to one value, some are missing: which, by least squares."""
        import numpy as np

        groups: dict[int, list[Edge]] = {}
        for edge in candidates:
            if edge in effects:
                groups.setdefault(edge.to, []).append(edge)
        for to, group in groups.items():
            if not 2 <= len(group) <= FAN_OUT:
                continue
            columns = [np.concatenate([(s.right - effects[w][s.name]).ravel() for s in self.shown]) for w in group]
            target = np.concatenate([(s.theirs - s.right).ravel() for s in self.shown])
            weights = np.linalg.lstsq(np.stack(columns, axis=1), target, rcond=None)[0]
            missing = [w for w, c in zip(group, weights, strict=True) if round(c) == -1]
            if len(missing) < 2 or any(abs(c - round(c)) > 1e-2 or round(c) not in (0, -1) for c in weights):
                continue
            pieces = {s.name: s.right + sum(effects[w][s.name] - s.right for w in missing) for s in self.shown}
            if not self._fits(pieces):
                continue
            nodes = tuple(dict.fromkeys(self.spell.owner(w.slot).name for w in missing))
            label = self.spell.slot(to)
            if len(missing) == len(group) - 1:
                kept = next(self.spell.owner(w.slot).name for w in group if w not in missing)
                words = ONE_PATH.rule.format(to=label, step=self._equation(kept))
            else:
                words = f"the paths from {label} through {' and '.join(map(self._equation, nodes))} are missing"
            yield Explanation(nodes, words, 0)

    def _everywhere(self) -> Iterator[Explanation]:
        """The same mistake wherever an operation stands, or in every step of a chain written alike."""
        for group in self._groups():
            name = self._operation(group[0]).name
            nodes = tuple(dict.fromkeys(self.spell.owner(w.slot).name for w in group))
            for label, make, rank in self._alike(group):
                if self.left <= 0:
                    return
                changed = {w.slot: make(w) for w in group}
                if all(changed.values()) and self._gives(changed):
                    at = " and ".join(nodes[:3]) + (" ..." if len(nodes) > 3 else "")
                    yield Explanation(nodes, f"{label} in every {name} ({at})", rank)

    def _alike(self, group: Sequence[Edge]) -> Iterator[tuple[str, Callable[[Edge], Any], int]]:
        """Changes that can be made to every edge of a group, named as for the first of them, and how usual they are."""
        for mistake in (ZERO, SIGN, TWICE, HALF):
            yield mistake.rule, partial(self._mistaken, mistake), 1
        for mistakes, rank in ((USUAL, 1), (SLIPS, 2)):
            others = {w: list(attempted(changes(self._step(w), mistakes))) for w in group}
            first = others[group[0]]
            if all(len(found) == len(first) for found in others.values()):
                for k, change in enumerate(first):
                    yield change.what, partial(_operation_of, others, k), rank

    def _mistaken(self, mistake: Mistake[Right], edge: Edge) -> Any:
        return mistaken(self._operation(edge), [edge.position], mistake)

    def _step(self, edge: Edge) -> Step:
        return Step(self.trace, edge, self.spell)

    def _operation(self, edge: Edge) -> Any:
        return self.graph.operations[edge.slot]

    # What is added to the loss.

    def _decayed(self) -> Iterator[Explanation]:
        """Theirs is off by λ times the parameter itself: a regularisation term that only one of the losses has."""
        import numpy as np

        nodes = self.graph.nodes
        if any(nodes[s.name].kind == "node" for s in self.wrong):
            return
        above = below = 0.0
        pairs = [(s, np.asarray(self.trace.value(s.name), float)) for s in self.wrong]
        for s, w in pairs:
            above += float(((s.theirs - s.right) * w).sum())
            below += float((w * w).sum())
        if below == 0.0 or above == 0.0:
            return
        strength = above / below
        if sum(w.size for _, w in pairs) < 2:
            return
        if all(
            np.all(
                np.abs(s.right + strength * w - s.theirs)
                <= s.slack + 1e-3 * np.abs(strength * w) + CLOSE * np.abs(s.theirs)
            )
            for s, w in pairs
        ):
            names = " and ".join(s.name for s, _ in pairs[:3]) + (" ..." if len(pairs) > 3 else "")
            rounded = f"{abs(strength):.3g}"
            half = f"{abs(strength) / 2:.3g}"
            first = pairs[0][0].name
            if strength > 0:
                words = (
                    f"theirs - right is {rounded} * {first}: weight decay, the gradient of {half} * sum({first}**2), "
                    f"which is in their loss and not in {self.trace.of}"
                )
            else:
                words = f"right - theirs is {rounded} * {first}: "
                words += f"a regularisation term of {self.trace.of} is not in theirs"
            if len(pairs) > 1:
                words = words.replace(f"* {first}:", f"* the parameter ({names}):")
            yield Explanation((), words, 0)


def _operation_of(changed: Mapping[Edge, Sequence[Change]], k: int, edge: Edge) -> Any:
    return changed[edge][k].operation
