"""Max pooling: the largest entry of every window, with PyTorch's options; of equal ones the first."""

from __future__ import annotations

from itertools import product
from math import inf
from typing import TYPE_CHECKING, Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED, XP, Options, Structural, Value
from backpropcli.ops.planning import flag, sample
from backpropcli.ops.stacked import shape_of
from backpropcli.ops.windows.framing import framed, unframed
from backpropcli.ops.windows.pooling import INPUT, Planner, adaptive, along, joined, slides_of
from backpropcli.ops.windows.slide import Slide

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backpropcli.ops.shape import Shape


def _one_array(return_indices: Any) -> None:
    if flag(return_indices, "return_indices"):
        raise OperationError("return_indices=True gives two arrays, and a node is one value", hint="Leave it out.")


def plan_max_pool(count: int) -> Planner:
    """The planner over `count` axes; `o.entries` has for each axis where the entries of all windows stand."""

    def plan(
        shapes: list[Shape],
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: Any = False,
        return_indices: Any = False,
    ) -> tuple[Shape, Options]:
        _one_array(return_indices)
        slides, after = slides_of(shapes[0], count, kernel_size, stride, padding, dilation, ceil_mode)
        entries = [[s.entry(k) for k in range(s.kernel)] for s in slides]
        apart = all(s.stride >= s.reach for s in slides)  # no two windows share an entry
        return after, Options(slides=slides, entries=entries, apart=apart, count=count, front=len(shapes[0]) - count)

    return plan


def plan_adaptive(count: int) -> Planner:
    """The planner of windows that share out `count` axes; a short window names its last entry several times."""

    def plan(shapes: list[Shape], output_size: Any, return_indices: Any = False) -> tuple[Shape, Options]:
        import numpy as np

        _one_array(return_indices)
        spans, after = adaptive(shapes[0], count, output_size)
        entries = []
        for k, axis in enumerate(spans):
            longest = max(end - start for start, end in axis)
            open_mesh = (-1, *(1,) * (count - 1 - k))
            places = [np.array([min(start + j, end - 1) for start, end in axis], np.intp) for j in range(longest)]
            entries.append([place.reshape(open_mesh) for place in places])
        slides = tuple(Slide(n, 1, places=n) for n in shapes[0][-count:])
        return after, Options(
            slides=slides,
            entries=entries,
            apart=False,
            count=count,
            front_sizes=shapes[0][:-count],
            shares=list(zip(shapes[0][-count:], after[-count:], strict=True)),
        )

    return plan


def _value(xp: XP, o: Options, x: Value) -> Value:
    flat = [[where.ravel() if hasattr(where, "ravel") else where for where in axis] for axis in o.entries]
    return joined(framed(xp, o.slides, x, -inf), flat, xp.maximum)


def _first(xp: XP, o: Options, x: Value, y: Value) -> list[Value]:
    """For each entry of a window, whether it is the first of the largest; of a window with NaN, the first NaN."""
    x = framed(xp, o.slides, x, -inf)
    taken: Value = None
    found = []
    for where in product(*o.entries):
        part = x[(..., *where)]
        largest = xp.logical_or(part == y, part != part)
        found.append(largest if taken is None else xp.logical_and(largest, xp.logical_not(taken)))
        taken = largest if taken is None else xp.logical_or(taken, largest)
    return found


def _vjp(xp: XP, o: Options, g: Value, y: Value, x: Value) -> Value:
    result = framed(xp, o.slides, xp.zeros(shape_of(x)) + xp.nothing, xp.nothing)
    for chosen, where in zip(_first(xp, o, x, y), product(*o.entries), strict=True):
        share = xp.where(chosen, g, xp.nothing)
        if o.apart:
            result[(..., *where)] = share
        elif isinstance(where[0], slice):
            result[(..., *where)] += share
        else:
            xp.add_at(result, (..., *where), share)
    return unframed(o.slides, result)


def _chosen(xp: XP, o: Options, x: Value) -> Value:
    return xp.stack(_first(xp, o, x, _value(xp, o, x)), axis=-o.count - 1)


def _forms(o: Options) -> Mapping[str, str]:
    from backpropcli.ops.windows import textbook

    return textbook.max_pool(o) if hasattr(o, "front") else textbook.shared_out(o, "max")


def _largest(name: str, count: int, words: str, planner: Planner, options: dict[str, Any], samples: Any) -> Structural:
    return Structural(
        f"{name}{count}d",
        "x",
        f"the largest entry of every window {words}; of equal ones the first",
        group="windows",
        options=options,
        keywords=INPUT,
        planner=planner,
        value=_value,
        vjps={"x": ("each g at the largest entry of its window, 0 elsewhere", _vjp)},
        branch=_chosen,
        forms=_forms,
        samples=samples,
        source=f"torch.nn.functional.{name}{count}d",
    )


POOLS = {
    1: (
        sample((1, 2, 6), kernel_size=2),
        sample((2, 5), kernel_size=3, stride=2, padding=1),
        sample((1, 6), kernel_size=2, dilation=2, stride=1),
    ),
    2: (
        sample((2, 1, 4, 4), kernel_size=2),
        sample((1, 5, 4), kernel_size=(3, 2), stride=(2, 1), padding=(1, 0)),
        sample((1, 1, 5, 5), kernel_size=2, ceil_mode=True),
    ),
    3: (sample((1, 2, 4, 3), kernel_size=(1, 2, 2), stride=1), sample((1, 1, 3, 3, 3), kernel_size=2)),
}
ADAPTIVE = {
    1: (sample((1, 2, 5), output_size=3), sample((2, 4), output_size=1)),
    2: (sample((1, 2, 5, 4), output_size=(3, None)), sample((1, 5, 5), output_size=2)),
    3: (sample((1, 1, 2, 3, 4), output_size=(1, 2, 3)),),
}
SETTINGS = {
    "kernel_size": REQUIRED,
    "stride": None,
    "padding": 0,
    "dilation": 1,
    "ceil_mode": False,
    "return_indices": False,
}
OPERATIONS = (
    *(_largest("max_pool", n, along(n), plan_max_pool(n), SETTINGS, cases) for n, cases in POOLS.items()),
    *(
        _largest(
            "adaptive_max_pool",
            n,
            f"of so many {along(n)}",
            plan_adaptive(n),
            {"output_size": REQUIRED, "return_indices": False},
            cases,
        )
        for n, cases in ADAPTIVE.items()
    ),
)
