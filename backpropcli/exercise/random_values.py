"""Fresh nice numbers for an exercise, such that its values and gradients have few figures.

Where a network has one to four numbers, all small ones are tried, and a seed picks among the nicest: seeds that follow
one another get different numbers. Else it is the best of many draws, of which no two seeds among hundreds share one:
three of the numbers tell the seed. The same seed gives the same numbers everywhere, whoever else gets some, and those
of the page that `page --exercise --seed` writes: its script chooses them in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from backpropcli.engine.labels import labels
from backpropcli.engine.plan import Plan
from backpropcli.engine.ties import twins
from backpropcli.engine.trace import seed as upstream_of
from backpropcli.errors import SpecError
from backpropcli.graph import Graph
from backpropcli.ops.definition import Elementwise, Value
from backpropcli.ops.numbers.scalar import xp

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
TWIN = 1000
"""What a choice between equal numbers costs, maximum(a, a): how a tie is shared is a convention, and no exercise."""
AVOIDED = 1000
"""What costs as much is taken only where there is nothing else."""
MOST_NUMBERS = 3_000
"""Data of more numbers than these are no exercise."""
NEGLIGIBLE = 1e-6
"""A smaller number counts as 0: a saturated unit's, or what rounding left, which differs with the order of adding."""
DYING = 4
"""Every fourth seed makes a unit dead, such as a ReLU, where there is one, so that a gradient of 0 is practised."""
MOST_DEAD, ALIVE = 0.7, 500
"""Then up to this part of the gradients is 0; what it costs where none is, or more are."""
TELLING, TOLD = (1, 2, 3, 4, 5, 6, -1, -2), 3
"""So many of the numbers are among these, chosen such that no other seed of as many as there are choices has them."""
SPREAD = 5
"""Seeds that follow one another differ in each of the numbers that tell them."""
WORD = 0xFFFFFFFF


Priced = Callable[[list[float]], tuple[float, bool]]
"""What a draw costs, and whether it has a dead unit."""


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
    dying = mortal(plan.graph) and seed % DYING == DYING - 1

    def priced(draw: list[float]) -> tuple[float, bool]:
        if draw == first:
            return math.inf, False
        cost, dead = _cost(plan, _shaped(data, draw), of, asked, dying)
        return cost + _alike(parts, draw), dead

    count = sum(len(part.entries) for part in parts if part.rule != "kept")
    found = (
        _picked(parts, count, unit, priced, seed, dying, mortal(plan.graph))
        if count in SIZES
        else _drawn(parts, unit, priced, seed)
    )
    return _shaped(data, found or first)


def mortal(graph: Graph) -> bool:
    """Whether a unit may be dead: an operation that makes a choice has a derivative of 0 on one side of it."""
    return any(_dies(operation) for operation in set(graph.operations) if isinstance(operation, Elementwise))


def _dies(operation: Elementwise) -> bool:
    if operation.branch is None:
        return False
    for sample in operation.samples:
        point = sample if isinstance(sample, tuple) else (sample,)
        try:
            y = operation.value(xp, *point)
            if any(partial(xp, y, *point) == 0 for partial in operation.partials):
                return True
        except (ArithmeticError, ValueError):
            continue
    return False


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
    parts: Sequence[Part], count: int, unit: int, priced: Priced, seed: int, dying: bool, may_die: bool
) -> list[float] | None:
    """One of the nicest of all small numbers; None where none is possible.

    Where units may die, the sets of numbers with a dead one are kept apart from the others: no seed shares one.
    """
    found: list[tuple[float, list[float]]] = []
    apart = False
    for halves in (False, True):
        if halves and (len(found) >= ENOUGH or count > MOST_HALVED):
            break
        axes = [axis for part in parts for axis in _axes(part, SIZES[count], unit, halves)]
        tried = [(*priced(draw), draw) for draw in map(list, product(*axes))]
        possible = [(price, dead, draw) for price, dead, draw in tried if price < math.inf]
        possible = [one for one in possible if one[0] < AVOIDED] or possible
        apart = may_die and len({dead for _, dead, _ in possible}) == 2
        found = [(price, draw) for price, dead, draw in possible if not apart or dead == dying]
    nicest = sorted(found, key=lambda pair: pair[0])[: NICEST[count]]
    place = seed // DYING if dying and apart else seed
    return nicest[place * stride(len(nicest)) % len(nicest)][1] if nicest else None


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


def _drawn(parts: Sequence[Part], unit: int, priced: Priced, seed: int) -> list[float] | None:
    """The nicest of many draws; None where none is possible."""
    following = generator(seed)
    free = [part.rule == "any" for part in parts for _ in part.entries]
    telling = [k for k, is_free in enumerate(free) if is_free][:TOLD]
    best, least = None, math.inf
    for k in range(DRAWS):
        draw = [_number(following, part, entry, 4 if k % 3 else 6, unit) for part in parts for entry in part.entries]
        tell(draw, telling, unit, seed)
        price, _ = priced(draw)
        if price < least:
            best, least = draw, price
    return best


def tell(draw: list[float], telling: Sequence[int], unit: int, seed: int) -> None:
    """Make some numbers of a draw such that, with the others, they tell its seed: no draw belongs to two of these."""
    rest = sum((2 * k + 1) * math.floor(x * unit + 0.5) for k, x in enumerate(draw) if k not in telling)
    code = (seed * SPREAD + rest) % len(TELLING) ** len(telling)
    for k in telling:
        code, figure = divmod(code, len(TELLING))
        draw[k] = TELLING[figure] / unit


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
    plan: Plan, values: Mapping[str, Value], of: str, asked: tuple[Sequence[int], Sequence[int]], dying: bool
) -> tuple[float, bool]:
    """How unpleasant the answers are: the figures beyond the first, squared, or what a zero costs.

    And whether some of the gradients are 0, and not most of them: that is what is wanted where a unit is `dying`.
    """
    try:
        slots = plan.forward(values)
        gradients = plan.backward(slots, {plan.graph.nodes[of].slot: upstream_of(plan, of, None)})
    except (ArithmeticError, ValueError):
        return math.inf, False
    total: float = TWIN * any(n > 0 for n in twins(plan.graph, slots, plan.numbers()))
    zeros = [0, 0]
    count = 0
    for kind, (numbers, places) in enumerate(((slots, asked[0]), (gradients, asked[1]))):
        for slot in places:
            for x in _entries(numbers[slot], plan.graph.shapes[slot]):
                if not math.isfinite(x):
                    return math.inf, False
                count += kind
                if abs(x) < NEGLIGIBLE:
                    zeros[kind] += 1
                    total += DUST if numbers is slots and x else 0
                else:
                    total += _lengthy(x)
    dead = 0 < zeros[1] <= MOST_DEAD * count
    if dying:
        return total + (0 if dead else ALIVE), dead
    return total + ZERO_VALUE * zeros[0] + ZERO_GRADIENT * zeros[1], dead


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
