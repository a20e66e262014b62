"""What follows from a learner's own earlier answers: right, though the number is another than the network's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.derivation.piecewise import evaluate
from backpropcli.derivation.trial import comes_to
from backpropcli.exercise.grading import cut, entries, rounded, shape
from backpropcli.exercise.recomputed import Way, gradient, value
from backpropcli.language.formula.tree import Name, postorder, substitute
from backpropcli.passes.backward import unbroadcast

if TYPE_CHECKING:
    from backpropcli.derivation.stages import Stage
    from backpropcli.derivation.worked import Worked
    from backpropcli.engine import Plan
    from backpropcli.graph import Graph

MOST_TOGETHER = 6
"""Of so many earlier answers every choice is tried: one may have been used, another worked out anew."""

Own = Mapping[str, Any]
"""A learner's answers that are other numbers than the network's, by what was asked for: `z1`, `dJ/dz1`."""


class Carried(NamedTuple):
    """What a blank comes to with some answers of one's own, and which those are."""

    number: Any
    names: tuple[str, ...]


def follows(
    worked: Worked, stage: Stage | None, label: str, own: Own, shown: Mapping[int, Any], digits: int
) -> Iterator[Carried]:
    """What a blank may come to: with none of the answers that it is worked out from, with one of them, ..., with all.

    `stage` is None where the gradient of `label` is asked for. `shown` are numbers as they were told, by slot: with
    other digits than they have. An answer of another shape, a lone 1 for [1, 2], leads nowhere.
    """
    usable = sources(worked, stage, label, own)
    shapes = worked.graph.shapes
    used = [name for name, (slot, _) in usable.items() if name in own and shape(own[name]) == shapes[slot]]
    for chosen in _choices(used):
        for told in ({}, shown) if shown else ({},):
            if chosen or told:
                values, upstream = _by_slot(usable, {name: own[name] for name in chosen}, told)
                for number in _worked_out(worked, stage, label, values, upstream, digits):
                    yield Carried(number, chosen)


def sources(worked: Worked, stage: Stage | None, label: str, own: Own) -> dict[str, tuple[int, bool]]:
    """What a blank is worked out from, with its slot, and whether it is a gradient."""
    if not own:
        return {}
    if stage is not None:
        return {name: (worked.slots[name], False) for name in stage.inputs}
    found: dict[str, tuple[int, bool]] = {}
    for user in worked.users.get(label, ()):
        found[worked.gradient_name(user.name)] = user.slot, True
        found.update((name, (worked.slots[name], False)) for name in (*user.inputs, user.name))
    return found


def _by_slot(usable: Mapping[str, tuple[int, bool]], own: Own, shown: Mapping[int, Any]) -> tuple[dict[int, Any], ...]:
    """Values and upstream gradients by slot: answers of one's own in the place of numbers as they are shown."""
    values, upstream = dict(shown), dict[int, Any]()
    for name, (slot, is_gradient) in usable.items():
        if name in own:
            (upstream if is_gradient else values)[slot] = own[name]
    return values, upstream


def _choices(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Which answers may have been used: every choice, of many the smallest and the largest ones."""
    count = len(names)
    sizes = range(count + 1) if count <= MOST_TOGETHER else (0, 1, count - 1, count)
    for size in sizes:
        yield from combinations(names, size)


def _worked_out(
    worked: Worked, stage: Stage | None, label: str, values: Mapping[int, Any], upstream: Mapping[int, Any], digits: int
) -> Iterator[Any]:
    """A value, or a gradient: the sum over its paths, as it is, and with each of its terms rounded or cut."""
    if stage is not None:
        yield value(worked.trace, way(stage), values)
        return
    ways = [way(user) for user in worked.users.get(label, ())]
    if not ways:
        return
    parts = gradient(worked.trace, worked.slots[label], ways, values, upstream)
    printed = [textbook(worked, user, label, values, upstream) for user in worked.users[label]]
    several = [part if other is None else other for part, other in zip(parts, printed, strict=True)]
    for found in (parts, several) if any(other is not None for other in printed) else (parts,):
        yield total(found)
        if len(found) > 1:
            yield total([each(part, digits, rounded) for part in found])
            yield total([each(part, digits, cut) for part in found])


def textbook(
    worked: Worked,
    user: Stage,
    label: str,
    values: Mapping[int, Any],
    upstream: Mapping[int, Any],
    make: Callable[[Graph], Plan] | None = None,
) -> Any:
    """What comes through one stage by the formula that is printed, 1 - h**2 for tanh; None where the engine knows it.

    The engine works out the same from the numbers that the stage is given, which keeps more digits. That is not what
    somebody does who has rounded h.
    """
    found = user.local(label) if user.slot in values and user.operation is None else None
    if found is None:
        return None
    formula, primes = found
    for prime in primes:
        formula = substitute(formula, {prime.name: substitute(prime.formula, {**prime.arguments, "y": prime.call})})
    used = {part.name for part in postorder(formula) if isinstance(part, Name)} & {*user.inputs, user.name}
    if user.name not in used:
        return None
    given = {name: values.get(worked.slots[name], worked.value(name)) for name in used}
    plain = all(isinstance(x, float) for x in given.values())
    local = evaluate(formula, given, user.find) if plain else comes_to(formula, given, make)
    above = upstream.get(user.slot, worked.gradient(user.name))
    return None if local is None else unbroadcast(above * local, worked.shape(label), 0)


def way(stage: Stage) -> Way:
    """A stage as the engine knows it."""
    return Way(stage.steps or (stage.slot,), stage.slot)


def total(parts: Sequence[Any]) -> Any:
    """The sum over the paths."""
    result = parts[0]
    for part in parts[1:]:
        result = result + part
    return result


def each(number: Any, digits: int, form: Any) -> Any:
    """A number, or every entry of an array, with so many digits."""
    if not shape(number):
        return form(number, digits)
    import numpy as np

    return np.array([form(x, digits) for x in entries(number)]).reshape(shape(number))


def carried_on(worked: Worked, stage: Stage | None, label: str, own: Own, shown: Mapping[int, Any]) -> Any:
    """What somebody comes to who goes on with all of the own answers, and with the given numbers as they are shown."""
    values, upstream = _by_slot(sources(worked, stage, label, own), own, shown)
    if stage is not None:
        return value(worked.trace, way(stage), values)
    ways = [way(user) for user in worked.users.get(label, ())]
    if not ways:
        return worked.gradient(label)
    return total(gradient(worked.trace, worked.slots[label], ways, values, upstream))
