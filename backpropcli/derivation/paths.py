"""Paths through a network, number by number: each link is one local derivative, of one entry by another."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import product as every
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.derivation.piecewise import Prime, primed, taken
from backpropcli.derivation.remarks import outcome, reason
from backpropcli.language.formula.algebra import ONE, added, tidied
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.tree import Binary, Expression, Name, Number, postorder, substitute
from backpropcli.notation import maths
from backpropcli.notation.formula import ASCII, typeset
from backpropcli.notation.maths import Maths, entry
from backpropcli.notation.numbers import component_name
from backpropcli.ops.numbers import nothing

if TYPE_CHECKING:
    from backpropcli.derivation.stages import Stage
    from backpropcli.derivation.worked import Worked

Place = tuple[int, ...]

MOST_PATHS = 8
"""So many paths are written out."""
MOST_ENTRIES = 64
"""Arrays of more entries than these are not followed entry by entry."""


class Spot(NamedTuple):
    """One number of a network: a value's name (or a step's, `J.3`) and, in an array, its place."""

    label: str
    place: Place = ()

    def __str__(self) -> str:
        return component_name(self.label, self.place)


class Fact(NamedTuple):
    """A factor that is simpler because of a choice: `relu'(z1)` is 1, `where(x > y, 2x, 1)` is 2x; `remark` and
    `conditions` say why."""

    said: Expression
    becomes: Expression
    remark: str = ""
    conditions: tuple[Maths, ...] = ()


class Link(NamedTuple):
    """One step of a path: `node` (or, where every step is told, a step inside one) uses `by`; d(to)/d(by) is `value`,
    `formula` says so where there is one.

    `stage` is the (last) stage that the step goes through.
    """

    stage: Stage
    node: str
    to: Spot
    by: Spot
    value: float
    formula: Expression | None
    facts: tuple[Fact, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether the local derivative is just 1."""
        return isinstance(self.formula, Number) and self.formula.value == 1


Path = list[Link]
"""Links from the loss back to the number that it is about."""
_Run = tuple[Link, ...]
"""Links inside one formula, from its value back to what it uses."""
_Trail = tuple[Link, Any] | None
"""The same as it is found: the link nearest to the loss, and the trail before it."""


class Links:
    """The links of a network, worked out when they are asked for."""

    def __init__(self, worked: Worked) -> None:
        self.worked = worked
        self.shapes = worked.graph.shapes
        self._known: dict[Spot, list[Link] | None] = {}

    def paths(self, start: Spot) -> list[Path] | None:
        """Every path from a number to the loss; None where there are too many, or arrays are too large to follow."""
        of = self.worked.trace.of
        done: list[_Trail] = []
        waiting: list[tuple[Spot, _Trail]] = [(start, None)]
        while waiting:
            spot, before = waiting.pop()
            found = self.onward(spot)
            if found is None:
                return None
            for link in reversed(found):
                if link.to.label == of:
                    done.append((link, before))
                else:
                    waiting.append((link.to, (link, before)))
            if len(done) + len(waiting) > MOST_PATHS:
                return None
        routes: dict[tuple[Spot, ...], list[list[_Run]]] = {}
        for trail in done:
            runs = list(_runs(trail, self.worked))
            routes.setdefault(tuple(run[0].to for run in runs), []).append(runs)
        merged = [[_merged(ways) for ways in zip(*same, strict=True)] for same in routes.values()]
        return sorted(merged, key=lambda path: [(link.stage.slot, link.to.place) for link in reversed(path)])

    def onward(self, spot: Spot) -> list[Link] | None:
        """The links from a number to those that use it, in evaluation order; None where an array is too large."""
        if spot not in self._known:
            stages = self.worked.users.get(spot.label, ())
            small = all(math.prod(self.shapes[stage.slot]) <= MOST_ENTRIES for stage in stages)
            self._known[spot] = [link for stage in stages for link in self._of(stage, spot)] if small else None
        return self._known[spot]

    def through(self, stage: Stage, spot: Spot) -> list[Link] | None:
        """The links from a number through one stage that uses it; None where an array is too large."""
        found = self.onward(spot)
        return None if found is None else [link for link in found if link.stage is stage]

    # One stage.

    def _of(self, stage: Stage, spot: Spot) -> Iterator[Link]:
        return self._elementwise(stage, spot) if stage.operation is None else self._structural(stage, spot)

    def _elementwise(self, stage: Stage, spot: Spot) -> Iterator[Link]:
        worked = self.worked
        shape, own = self.shapes[stage.slot], worked.shape(spot.label)
        slope, found = worked.slope(stage, spot.label), stage.local(spot.label)
        for to in _reached(shape, own, spot.place):
            value = _at(slope, to, shape)
            if found is None:
                yield Link(stage, worked.unit(stage), Spot(stage.name, to), spot, value, None)
                continue
            formula, primes = found
            names = self._names(stage, to, shape)
            facts = [self._fact(stage, prime, value, to, names) for prime in primes]
            chosen = {prime.name: fact.said for prime, fact in zip(primes, facts, strict=True)}
            facts += self._chosen(stage, formula, to, shape, names)
            said = substitute(formula, {**names, **chosen})
            yield Link(stage, worked.unit(stage), Spot(stage.name, to), spot, value, said, tuple(facts))

    def written(self, label: str) -> Expression:
        """A step inside a formula as it was written, `reg.2` as `sum(w**2)`; of anything else its name."""
        inner = "." in label and not self.worked.expand
        stage = next((s for s in self.worked.stages if s.name == label), None) if inner else None
        if stage is None:
            return Name(label)
        return substitute(stage.shown, {name: self.written(name) for name in stage.inputs if "." in name})

    def _names(self, stage: Stage, to: Place, shape: Place) -> dict[str, Expression]:
        """What the names in a stage's formula are for one entry of its result: entries of arrays that meet there, and
        steps inside the formula as they were written."""
        found = {}
        for label in (*stage.inputs, stage.name):
            own = self.worked.shape(label)
            if own:
                if _meets(own, shape):  # not what gives only its size, W.shape[1]
                    found[label] = entry(label, _broadcast(to, own))
            elif "." in label and label != stage.name:
                found[label] = self.written(label)
        return found

    def _fact(self, stage: Stage, prime: Prime, value: float, to: Place, names: Mapping[str, Expression]) -> Fact:
        """What a choice makes of a local derivative here."""
        worked = self.worked
        said = primed(prime)
        said = Name(_named(prime.name, names)) if isinstance(said, Name) else substitute(said, names)
        slot = worked.slot_of(stage, prime)
        if slot is None:
            return Fact(said, self._number(value))
        here = value if prime.alone else _at(worked.trace.partial(slot, prime.position), to, self.shapes[slot])
        arguments = worked.graph.arguments[slot]
        values = [_at(worked.trace.slots[a], to, self.shapes[a]) for a in arguments]
        numbers = [worked.precision.show(x) for x in values]
        given = prime.call.arguments
        stand_ins = [f"argument{k}" for k in range(len(given))]  # names, as what they are may not be typed: h.1[0, 0]
        meant = {name: substitute(a, names) for name, a in zip(stand_ins, given, strict=True)}
        because = reason(prime, values, numbers, worked.style)
        said_so = reason(prime, values, [*stand_ins, *numbers[len(given) :]], ASCII).removeprefix(", as ")
        head = typeset(Name(prime.head.format(", ".join(numbers[: len(given)]))), worked.style)
        because += outcome(prime, here, typeset(substitute(given[prime.position], names), worked.style))
        remark = f"{head} = {worked.precision.show(here)}{because}".replace(" == ", " = ") if because else ""
        relations = [substitute(parse(text), meant) for text in said_so.split(" and ") if text]
        conditions = [maths.condition(relation, worked.style) for relation in relations]
        return Fact(said, self._number(here), remark, tuple(conditions))

    def _chosen(
        self, stage: Stage, formula: Expression, to: Place, shape: Place, names: Mapping[str, Expression]
    ) -> Iterator[Fact]:
        """What the choices in a local derivative come to for one entry of the result."""
        worked = self.worked
        labels = [label for label in (*stage.inputs, stage.name) if _meets(worked.shape(label), shape)]
        known = {label: _at(worked.value(label), to, shape) for label in labels}
        numbers = {label: worked.precision.show(x) for label, x in known.items()}
        for choice in taken(formula, known, stage.find):
            chosen = substitute(choice.chosen, names)
            remark = choice.told(chosen, worked.style, numbers)
            conditions = [maths.condition(substitute(one, names), worked.style) for one in choice.conditions]
            yield Fact(substitute(choice.part, names), chosen, remark, tuple(conditions))

    def _number(self, value: float) -> Number:
        return Number(value, self.worked.precision.show(value))

    def _structural(self, stage: Stage, spot: Spot) -> Iterator[Link]:
        assert stage.operation is not None
        if stage.operation.matrix_product and all(0 < len(self._shape(stage, k)) <= 2 for k in (0, 1)):
            yield from self._matmul(stage, spot)
            return
        shape, own = self.shapes[stage.slot], self.worked.shape(spot.label)
        jacobian = self.worked.trace.jacobian(stage.slot, self.worked.slots[spot.label])
        for to in every(*map(range, shape)):
            value = float(jacobian[(*to, *spot.place)] if shape or own else jacobian)
            if value:
                formula = self._known_formula(stage, spot, to, value)
                yield Link(stage, self.worked.unit(stage), Spot(stage.name, to), spot, value, formula)

    def _known_formula(self, stage: Stage, spot: Spot, to: Place, value: float) -> Expression | None:
        """What can be said of an entry of a Jacobian without a number: 1, 1/n, and softmax's two cases."""
        assert stage.operation is not None
        operation = stage.operation
        if value == 1.0:
            return ONE
        if operation.divisor is not None:
            count = operation.divisor(self.worked.graph.options[stage.slot])
            return Binary("/", ONE, Number(float(count), str(count)))
        if operation.slopes is not None and len(to) == len(spot.place):
            own, others = operation.slopes
            known = {"y": entry(stage.name, to), "w": entry(stage.name, spot.place)}
            return substitute(parse(own if to == spot.place else others), known)
        return None

    def _shape(self, stage: Stage, k: int) -> Place:
        return self.shapes[self.worked.graph.arguments[stage.slot][k]]

    def _matmul(self, stage: Stage, spot: Spot) -> Iterator[Link]:
        """The entries of `a @ b` that an entry of one factor goes into: each times the entry that it meets there."""
        slots = self.worked.graph.arguments[stage.slot]
        a, b = self._shape(stage, 0), self._shape(stage, 1)
        found: dict[Place, tuple[float, Expression | None]] = {}
        for position, label in enumerate(stage.arguments):
            if label != spot.label:
                continue
            if position == 0:
                rows, k = spot.place[:-1], spot.place[-1]
                meetings = [((*rows, *columns), (k, *columns)) for columns in every(*map(range, b[1:]))]
            else:
                k, columns = spot.place[0], spot.place[1:]
                meetings = [((*rows, *columns), (*rows, k)) for rows in every(*map(range, a[:-1]))]
            for to, met in meetings:
                value, formula = self._met(slots[1 - position], stage.arguments[1 - position], met)
                found[to] = (value + found[to][0], None) if to in found else (value, formula)  # a @ a
        for to, (value, formula) in sorted(found.items()):
            yield Link(stage, self.worked.unit(stage), Spot(stage.name, to), spot, value, formula)

    def _met(self, slot: int, label: str | None, place: Place) -> tuple[float, Expression | None]:
        constants = self.worked.graph.constants
        value = float(_at(constants.get(slot, self.worked.trace.slots[slot]), place, self.shapes[slot]))
        return value, entry(label, place) if label else Number(value, self.worked.precision.show(value))


def _reached(shape: Place, own: Place, place: Place) -> Iterator[Place]:
    """The places of an elementwise result that an entry at `place` of an argument of shape `own` goes into."""
    extra = len(shape) - len(own)
    ranges = [range(size) if k < extra or own[k - extra] == 1 else (place[k - extra],) for k, size in enumerate(shape)]
    return every(*ranges)


def _meets(own: Place, shape: Place) -> bool:
    """Whether an argument of shape `own` can broadcast to a result's shape."""
    pairs = zip(reversed(own), reversed(shape), strict=False)
    return len(own) <= len(shape) and all(n in (1, m) for n, m in pairs)


def _broadcast(to: Place, own: Place) -> Place:
    """The place of an argument of shape `own` that meets the place `to` of the result."""
    return tuple(0 if size == 1 else k for k, size in zip(to[len(to) - len(own) :], own, strict=True))


def _at(value: Any, to: Place, shape: Place) -> float:
    """A number or an array that broadcasts, at a place of the result."""
    own = getattr(value, "shape", ())
    return nothing.entry(value, _broadcast(to, own) if own else ())


def _named(name: str, names: Mapping[str, Expression]) -> str:
    """A prime such as `∂m/∂a` by its entries."""
    if not name.startswith("∂"):
        return name
    return "∂" + "/∂".join(typeset(names[part]) if part in names else part for part in name[1:].split("/∂"))


def _runs(trail: _Trail, worked: Worked) -> Iterator[_Run]:
    """The links of a trail in runs, those inside one formula together: from node to node, as the author wrote them."""
    run: list[Link] = []
    while trail is not None:
        link, trail = trail
        if (worked.expand or link.to.label in worked.graph.nodes) and run:
            yield tuple(run)
            run = []
        run.append(link)
    if run:
        yield tuple(run)


def _merged(ways: Iterable[_Run]) -> Link:
    """The ways through one formula, from what it uses to its value, as one link."""
    runs = list({tuple((link.to, link.by) for link in run): run for run in ways}.values())
    first = runs[0][0]._replace(by=runs[0][-1].by)
    if len(runs) == len(runs[0]) == 1:
        return first
    products: list[Expression | None] = []
    for run in runs:
        formulas = [link.formula for link in run if link.formula is not None and not _inner(link.formula)]
        products.append(tidied(formulas) if len(formulas) == len(run) else None)
    known = [one for one in products if one is not None]
    value = nothing.total(nothing.product(link.value for link in run) for run in runs)
    facts = tuple(dict.fromkeys(fact for run in runs for link in run for fact in link.facts))
    return first._replace(value=value, formula=added(known) if len(known) == len(runs) else None, facts=facts)


def _inner(formula: Expression) -> bool:
    """Whether a formula speaks of a step inside another, `J.2`, which nobody has introduced."""
    return any(isinstance(part, Name) and "." in part.name for part in postorder(formula))
