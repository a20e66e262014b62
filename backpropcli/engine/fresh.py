"""Fresh nice numbers for an exercise: of many draws the one whose values and gradients have the fewest figures.

The same seed gives the same numbers everywhere, and those of the page that `page --exercise --seed` writes: its script
draws them in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from backpropcli.engine.plan import Plan
from backpropcli.engine.trace import seed as upstream_of
from backpropcli.errors import SpecError
from backpropcli.ops.definition import Value

DRAWS = 300
"""So many sets of numbers are tried."""
ZERO_GRADIENT, ZERO_VALUE = 12, 3
"""What a blank whose answer is 0 costs: it teaches little."""
UNCHANGED = 1e6
MOST_NUMBERS = 3_000
"""Data of more numbers than these are no exercise."""
ROUNDING = 1e-12
"""A smaller number is what rounding has left of 0, which differs from one order of adding to another."""
WORD = 0xFFFFFFFF


def fresh(
    plan: Plan, values: Mapping[str, Value], of: str, asked: tuple[Sequence[int], Sequence[int]], seed: int
) -> dict[str, Value]:
    """Other numbers for all data: small whole ones, or tenths where the network's own are not whole.

    `asked` are the slots whose values, and those whose gradients, will be asked for. Arrays of 0 and 1 (labels, masks)
    are kept. Where no draw gives finite numbers everywhere, they are the network's own. Raises SpecError where
    there are too many.
    """
    data = {name: values[name] for name, node in plan.graph.nodes.items() if node.kind != "node"}
    given = {name: _flat(value) for name, value in data.items()}
    first = [x for entries in given.values() for x in entries]
    if len(first) > MOST_NUMBERS:
        raise SpecError(
            f"other numbers are for exercises, and this network has {len(first):,}: {MOST_NUMBERS:,} is the most",
            hint="Take fewer units or examples, or leave the numbers as they are.",
        )
    whole = all(x.is_integer() for x in first)
    patterns = {
        name for name, value in data.items() if getattr(value, "shape", ()) and set(given[name]) <= {0.0, 1.0}
    }
    following = generator(seed)
    best, least = first, math.inf
    for k in range(DRAWS):
        draw: list[float] = []
        for name, entries in given.items():
            draw += entries if name in patterns else [_number(following, 4 if k % 3 else 6, whole) for _ in entries]
        price = _cost(plan, _shaped(data, draw), of, asked) + (UNCHANGED if draw == first else 0.0)
        if price < least:
            best, least = draw, price
    return _shaped(data, best)


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


def _number(following: Callable[[], float], most: int, whole: bool) -> float:
    """A number of one figure, one in three or so negative."""
    size = 1 + math.floor(following() * most)
    signed = float(-size if following() < 0.3 else size)
    return signed if whole else signed / 10


def _cost(
    plan: Plan, values: Mapping[str, Value], of: str, asked: tuple[Sequence[int], Sequence[int]]
) -> float:
    """How unpleasant the answers are: the figures beyond the first, squared, and what a zero costs."""
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
                x = 0.0 if abs(x) < ROUNDING else x
                total += max(0, figures(x) - 1) ** 2 + (zero if x == 0 else 0)
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
