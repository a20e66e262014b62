"""What is checked of a network too large to check whole: a seeded sample of every parameter, in strata."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from backpropcli.gradcheck.large.carried import CarriedSlopes
    from backpropcli.gradcheck.point.point import Component, Point

BUDGET = 4e9
"""Numbers that a check may compute before it takes a sample: some 20 seconds of them."""
EACH = 1000.0
"""What a component costs beside its numbers, in numbers: its search, its row."""
LEAST = 16
"""So many components of every parameter are in a sample at least, if it has them."""
SHARE = 8
"""Of a parameter's sample one part in so many is for the largest gradients, for the smallest, and for zeros."""
TRIED = 24
"""Of so many components what lies downstream is counted, for an estimate of all."""


class Coverage(NamedTuple):
    """How much of a network was checked: `checked` of `total` components, and random directions over all of them.

    `sample` is the number that was asked for (None: everything was), `differing` of the `directions` do not agree with
    backprop, `blind` of them could not tell. `interrupted`: somebody pressed Ctrl-C.
    """

    checked: int
    total: int
    directions: int = 0
    differing: int = 0
    blind: int = 0
    seed: int = 0
    sample: int | None = None
    interrupted: bool = False


def estimate(point: Point, names: Sequence[str], carriers: CarriedSlopes | None) -> float:
    """About how many numbers are computed to check every component of these."""
    sizes = {name: math.prod(point.graph.shape(name)) for name in names}
    total = EACH * sum(sizes.values())
    if carriers is not None:
        return total + sum(carriers.work(point.graph.nodes[name].slot) for name in names)
    slots = [point.graph.nodes[name].slot for name in names]
    some = slots[:: max(1, len(slots) // TRIED)]
    reached = sum(len(point.downstream({slot})) for slot in some) / max(len(some), 1)
    return total + 6.0 * len(slots) * reached


def sample_for(work: float, total: int) -> int:
    """How large a sample fits the budget: 1, 2 or 5 times a power of ten."""
    fits = max(100.0, total * BUDGET / work)
    power = 10.0 ** math.floor(math.log10(fits))
    return int(next(k for k in (5, 2, 1) if k * power <= fits) * power)


def shares(sizes: Sequence[int], sample: int) -> list[int]:
    """How many of each group's components are in the sample: by the root of its size, and at least a few."""
    least = max(1, min(LEAST, sample // max(len(sizes), 1)))
    result = [min(size, least) for size in sizes]
    left = sample - sum(result)
    while left > 0 and any(n < size for n, size in zip(result, sizes, strict=True)):
        weights = [math.sqrt(size) if n < size else 0.0 for n, size in zip(result, sizes, strict=True)]
        whole, before = sum(weights), left
        for k, weight in enumerate(weights):
            more = min(sizes[k] - result[k], max(1, int(before * weight / whole)), left) if weight else 0
            result[k] += more
            left -= more
    return result


def sampled(point: Point, names: Sequence[str], sample: int, seed: int) -> list[Component]:
    """The components of a sample, in order: the same ones for the same seed. All plain numbers are one group."""
    import numpy as np

    numbers = [name for name in names if not point.graph.shape(name)]
    groups = [name for name in names if point.graph.shape(name)]
    sizes = [math.prod(point.graph.shape(name)) for name in groups] + ([len(numbers)] if numbers else [])
    found: dict[str, list[Component]] = {}
    for number, count in enumerate(shares(sizes, sample)):
        rng = np.random.default_rng([seed, number])
        if number < len(groups):
            name = groups[number]
            gradient = np.abs(np.asarray(point.trace.gradient(name), float)).ravel()
            found[name] = list(point.components(name, chosen(gradient, point.graph.shape(name), count, rng)))
        else:
            gradient = np.abs([float(point.trace.gradient(name)) for name in numbers])
            for k in chosen(gradient, (len(numbers),), count, rng):
                found[numbers[k]] = list(point.components(numbers[k]))
    return [c for name in names for c in found.get(name, [])]


def chosen(sizes: Any, shape: tuple[int, ...], count: int, rng: Any) -> list[int]:
    """The entries of one parameter: its corners, its largest, smallest and zero gradients, and random ones; sorted.

    `sizes` are the gradients' sizes, flat.
    """
    import numpy as np

    if count >= len(sizes):
        return list(range(len(sizes)))
    ends = product(*[sorted({0, n - 1}) for n in shape])
    corners = [int(np.ravel_multi_index(end, shape)) for end in ends] if shape else [0]
    order = np.argsort(sizes, kind="stable")
    zeros = int(np.count_nonzero(sizes == 0.0))
    part = max(1, count // SHARE)
    strata = [
        corners,
        order[::-1][:part].tolist(),
        order[zeros : zeros + part].tolist(),
        rng.permutation(order[:zeros])[:part].tolist(),
    ]
    found = list(dict.fromkeys(k for stratum in strata for k in stratum))[:count]
    rest = np.setdiff1d(np.arange(len(sizes)), found)
    return sorted([*found, *rng.choice(rest, count - len(found), replace=False).tolist()])
