"""Fresh nice numbers for an exercise, such that its values and gradients have few figures.

Where a network has one to four numbers, all small ones are tried, and a seed picks among the nicest: seeds that follow
one another get different numbers. Else it is the best of many draws. The same seed gives the same numbers everywhere,
and those of the page that `page --exercise --seed` writes: its script chooses them in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from backpropcli.engine.labels import labels
from backpropcli.engine.plan import Plan
from backpropcli.engine.trace import seed as upstream_of
from backpropcli.errors import SpecError
from backpropcli.ops.definition import Value

DRAWS = 300
"""So many sets of numbers are tried."""
SIZES = {1: 16, 2: 8, 3: 4, 4: 3}
"""By how many numbers a network has: how large they get where all of them are tried."""
NICEST = {1: 48, 2: 64, 3: 96, 4: 128}
"""Among so many of the nicest a seed picks."""
ENOUGH, MOST_HALVED = 30, 2
"""Where fewer than these are possible (log takes no negative number), halves are tried too, of so many numbers."""
APART = 0.618
"""Seeds that follow one another pick so far apart in the list of the nicest, as a part of its length."""
ZERO_GRADIENT, ZERO_VALUE = 100, 30
"""What a blank whose answer is 0 costs: it teaches little. More than any figures, else saturated units would win."""
FREE_FIGURES, MOST_FIGURES = 2, 25
"""So many figures cost nothing, else every answer would be one of few; and what those of one answer cost at most: of a
long number three digits are typed anyway."""
ALIKE = 1000
"""What it costs where all entries of an array are the same, or all class numbers: that shows nothing."""
DUST = 1000
"""What a value costs that is only what rounding left of 0: relu would take it for more than 0, or less."""
MOST_NUMBERS = 3_000
"""Data of more numbers than these are no exercise."""
NEGLIGIBLE = 1e-6
"""A smaller number counts as 0: a saturated unit's, or what rounding left, which differs with the order of adding."""
WORD = 0xFFFFFFFF


class Part(NamedTuple):
    """One name's data: its entries, and how others are found for them.

    `rule` is "kept" (arrays of 0 and 1 that are data, such as one-hot targets and masks, and rows of probabilities),
    "label" (a class number below `classes`), "binary" (a target of 0 or 1), "positive" (a target stays on its side
    of 0) or "any".
    """

    entries: tuple[float, ...]
    rule: str
    classes: int = 0


def fresh(
    plan: Plan, values: Mapping[str, Value], of: str, asked: tuple[Sequence[int], Sequence[int]], seed: int
) -> dict[str, Value]:
    """Other numbers for all data: small whole ones, or tenths where the network's own are not whole.

    `asked` are the slots whose values, and those whose gradients, will be asked for. Where no numbers give finite
    answers everywhere, they are the network's own. Raises SpecError where there are too many.
    """
    data = {name: values[name] for name, node in plan.graph.nodes.items() if node.kind != "node"}
    parts = rules(plan, data)
    first = [x for part in parts for x in part.entries]
    if len(first) > MOST_NUMBERS:
        raise SpecError(
            f"other numbers are for exercises, and this network has {len(first):,}: {MOST_NUMBERS:,} is the most",
            hint="Take fewer units or examples, or leave the numbers as they are.",
        )
    unit = 1 if all(x.is_integer() for x in first) else 10

    def priced(draw: list[float]) -> float:
        return math.inf if draw == first else _cost(plan, _shaped(data, draw), of, asked) + _alike(parts, draw)

    count = sum(len(part.entries) for part in parts if part.rule != "kept")
    choose = _picked if count in SIZES else _drawn
    return _shaped(data, choose(parts, count, unit, priced, seed) or first)


def rules(plan: Plan, data: Mapping[str, Value]) -> list[Part]:
    """How other numbers are found for each name's data."""
    classes, result = labels(plan.graph), []
    for name, value in data.items():
        entries, kind = tuple(_flat(value)), plan.graph.nodes[name].kind
        zero_one = set(entries) <= {0.0, 1.0}
        if name in classes:
            rule = "label"
        elif kind != "parameter" and plan.graph.shape(name) and (zero_one or _probabilities(value)):
            rule = "kept"
        elif kind == "target":
            rule = "binary" if zero_one else "positive" if min(entries, default=0.0) >= 0 else "any"
        else:
            rule = "any"
        result.append(Part(entries, rule, classes.get(name, 0)))
    return result


def _probabilities(value: Any) -> bool:
    """Whether every row is of numbers from 0 to 1 that sum to 1."""
    return bool(value.min() >= 0 and (abs(value.sum(axis=-1) - 1) < NEGLIGIBLE).all())


def _picked(
    parts: Sequence[Part], count: int, unit: int, priced: Callable[[list[float]], float], seed: int
) -> list[float] | None:
    """One of the nicest of all small numbers; None where none is possible."""
    found: list[tuple[float, list[float]]] = []
    for halves in (False, True):
        if halves and (len(found) >= ENOUGH or count > MOST_HALVED):
            break
        axes = [axis for part in parts for axis in _axes(part, SIZES[count], unit, halves)]
        tried = ((priced(draw), draw) for draw in map(list, product(*axes)))
        found = [pair for pair in tried if pair[0] < math.inf]
    nicest = sorted(found, key=lambda pair: pair[0])[: NICEST[count]]
    return nicest[seed * stride(len(nicest)) % len(nicest)][1] if nicest else None


def stride(count: int) -> int:
    """How far apart seeds pick among so many, such that none is picked twice before all were."""
    step = math.floor(count * APART) or 1
    while math.gcd(step, count) > 1:
        step += 1
    return step


def _axes(part: Part, most: int, unit: int, halves: bool) -> Iterator[Sequence[float]]:
    """What each entry of a part may be."""
    sizes = [k / 2 / unit for k in range(1, 2 * most + 1)] if halves else [k / unit for k in range(1, most + 1)]
    for entry in part.entries:
        match part.rule:
            case "kept":
                yield [entry]
            case "binary":
                yield [0.0, 1.0]
            case "label":
                yield [float(k) for k in range(part.classes)]
            case "positive":
                yield sizes
            case _:
                yield [x for size in sizes for x in (size, -size)]


def _drawn(
    parts: Sequence[Part], count: int, unit: int, priced: Callable[[list[float]], float], seed: int
) -> list[float] | None:
    """The nicest of many draws; None where none is possible."""
    following = generator(seed)
    best, least = None, math.inf
    for k in range(DRAWS):
        draw = [_number(following, part, entry, 4 if k % 3 else 6, unit) for part in parts for entry in part.entries]
        price = priced(draw)
        if price < least:
            best, least = draw, price
    return best


def _number(following: Callable[[], float], part: Part, entry: float, most: int, unit: int) -> float:
    """A number of one figure, one in three or so negative; or what the rule asks for."""
    match part.rule:
        case "kept":
            return entry
        case "binary":
            return float(following() < 0.5)
        case "label":
            return float(math.floor(following() * part.classes))
    size = (1 + math.floor(following() * most)) / unit
    return -size if following() < 0.3 and part.rule == "any" else size


def generator(seed: int) -> Callable[[], float]:
    """Random numbers from 0 to below 1: Mulberry32, which JavaScript computes exactly too."""
    state = (_times(seed & WORD, 0x9E3779B1) ^ 0x5BF03635) & WORD

    def following() -> float:
        nonlocal state
        state = (state + 0x6D2B79F5) & WORD
        t = _times(state ^ (state >> 15), 1 | state)
        t = ((t + _times(t ^ (t >> 7), 61 | t)) & WORD) ^ t
        return (t ^ (t >> 14)) / 4294967296

    return following


def _times(a: int, b: int) -> int:
    return a * b & WORD


def _cost(
    plan: Plan, values: Mapping[str, Value], of: str, asked: tuple[Sequence[int], Sequence[int]]
) -> float:
    """How unpleasant the answers are: the figures beyond the first, squared, or what a zero costs."""
    try:
        slots = plan.forward(values)
        gradients = plan.backward(slots, {plan.graph.nodes[of].slot: upstream_of(plan, of, None)})
    except (ArithmeticError, ValueError):
        return math.inf
    total = 0.0
    for numbers, places, zero in ((slots, asked[0], ZERO_VALUE), (gradients, asked[1], ZERO_GRADIENT)):
        for slot in places:
            entries = _entries(numbers[slot], plan.graph.shapes[slot])
            for x in entries:
                if not math.isfinite(x):
                    return math.inf
                dust = DUST if numbers is slots and 0 < abs(x) < NEGLIGIBLE else 0
                total += dust + (zero if abs(x) < NEGLIGIBLE else _lengthy(x))
    return total


def _lengthy(x: float) -> int:
    """What the figures of an answer cost."""
    return min(max(figures(x) - FREE_FIGURES, 0) ** 2, MOST_FIGURES)


def _alike(parts: Sequence[Part], draw: Sequence[float]) -> int:
    """What arrays cost whose entries are all the same."""
    total = start = 0
    for part in parts:
        entries = draw[start : start + len(part.entries)]
        start += len(part.entries)
        total += ALIKE if len(entries) > 1 and part.rule != "kept" and len(set(entries)) == 1 else 0
    return total


def figures(x: float) -> int:
    """How many signs a number takes, to ten digits, without its point and its sign.

    >>> figures(6.0), figures(0.25), figures(-12.0)
    (1, 3, 2)
    """
    mantissa, e, exponent = f"{abs(x):.10g}".partition("e")
    return len((mantissa + (f"e{int(exponent)}" if e else "")).replace(".", ""))


def _flat(value: Value) -> list[float]:
    return [float(x) for x in value.ravel().tolist()] if getattr(value, "shape", ()) else [float(value)]


def _entries(value: Value, shape: tuple[int, ...]) -> list[float]:
    """All entries of a slot's value, which may be one number for all of them; none known means 0."""
    if not shape:
        return [0.0 if value is None else float(value)]
    import numpy as np

    return [float(x) for x in np.broadcast_to(0.0 if value is None else value, shape).ravel().tolist()]


def _shaped(data: Mapping[str, Value], numbers: Sequence[float]) -> dict[str, Value]:
    """The numbers in the shapes of the data."""
    result: dict[str, Value] = {}
    start = 0
    for name, value in data.items():
        shape = getattr(value, "shape", ())
        if not shape:
            result[name], start = numbers[start], start + 1
            continue
        import numpy as np

        result[name] = np.array(numbers[start : start + value.size]).reshape(shape)
        start += value.size
    return result
