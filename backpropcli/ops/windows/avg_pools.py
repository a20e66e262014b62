"""Average pooling: the mean of every window, with PyTorch's options."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED, XP, Options, Structural, Value
from backpropcli.ops.planning import flag, number, sample
from backpropcli.ops.stacked import shape_of
from backpropcli.ops.windows.framing import framed, unframed
from backpropcli.ops.windows.pooling import INPUT, Planner, adaptive, along, joined, slides_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backpropcli.ops.shape import Shape
    from backpropcli.ops.windows.slide import Slide


def plan_avg_pool(count: int) -> Planner:
    """The planner over `count` axes; `o.divisors` has for each place what its sum is divided by."""

    def plan(
        shapes: list[Shape],
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: Any = False,
        count_include_pad: Any = True,
        divisor_override: Any = None,
    ) -> tuple[Shape, Options]:
        slides, after = slides_of(shapes[0], count, kernel_size, stride, padding, 1, ceil_mode)
        entries = [[s.entry(k) for k in range(s.kernel)] for s in slides]
        divisors = _divisors(slides, flag(count_include_pad, "count_include_pad"), divisor_override)
        return after, Options(slides=slides, entries=entries, divisors=divisors, front=len(shapes[0]) - count)

    return plan


def _divisors(slides: tuple[Slide, ...], padded: bool, override: Any) -> Any:
    """One number where all windows have as many entries; else an array of one for every place."""
    if override is not None:
        if not number(override, "divisor_override"):
            raise OperationError("divisor_override cannot be 0")
        return float(override)
    each = [[_entries(s, k, padded) for k in range(s.places)] for s in slides]
    if all(len(set(counts)) == 1 for counts in each):
        return float(prod(counts[0] for counts in each))
    import numpy as np

    found: Any = np.ones(())
    for counts in each:
        found = np.multiply.outer(found, np.asarray(counts, float))
    return found


def _entries(s: Slide, k: int, padded: bool) -> int:
    """How many entries window `k` has along an axis: those beyond the padding never count, it itself if `padded`."""
    first = k * s.stride
    last = first + s.kernel
    return min(last, s.framed) - first if padded else min(last, s.before + s.size) - max(first, s.before)


def plan_adaptive(count: int) -> Planner:
    """The planner of windows that share out `count` axes."""

    def plan(shapes: list[Shape], output_size: Any) -> tuple[Shape, Options]:
        spans, after = adaptive(shapes[0], count, output_size)
        shares = list(zip(shapes[0][-count:], after[-count:], strict=True))
        return after, Options(spans=spans, front_sizes=shapes[0][:-count], shares=shares)

    return plan


def _shared(xp: XP, o: Options, a: Value) -> Value:
    """Every sum, or its upstream gradient, divided by how many entries it has."""
    return a / (o.divisors if isinstance(o.divisors, float) else xp.asarray(o.divisors))


def _value(xp: XP, o: Options, x: Value) -> Value:
    return _shared(xp, o, joined(framed(xp, o.slides, x), o.entries, lambda a, b: a + b))


def _vjp(xp: XP, o: Options, g: Value, y: Value, x: Value) -> Value:
    share = _shared(xp, o, g)
    result = framed(xp, o.slides, xp.zeros(shape_of(x)))
    for where in product(*o.entries):
        result[(..., *where)] += share
    return unframed(o.slides, result)


def _part(o: Options, k: int, where: slice) -> tuple[Any, ...]:
    """The index of a part of axis `k` of those that are pooled."""
    return (..., where, *(slice(None),) * (len(o.spans) - 1 - k))


def _adaptive(xp: XP, o: Options, x: Value) -> Value:
    for k, axis in enumerate(o.spans):
        place = k - len(o.spans)
        x = xp.stack([xp.sum(x[_part(o, k, slice(a, b))], axis=place) / (b - a) for a, b in axis], axis=place)
    return x


def _adaptive_vjp(xp: XP, o: Options, g: Value, y: Value, x: Value) -> Value:
    for k, axis in reversed(tuple(enumerate(o.spans))):
        place = k - len(o.spans)
        shape = list(shape_of(g))
        shape[place] = shape_of(x)[place]
        result = xp.zeros(tuple(shape))
        for j, (a, b) in enumerate(axis):
            result[_part(o, k, slice(a, b))] += g[_part(o, k, slice(j, j + 1))] / (b - a)
        g = result
    return g


def _forms(o: Options) -> Mapping[str, str]:
    from backpropcli.ops.windows import textbook

    return textbook.avg_pool(o) if hasattr(o, "front") else textbook.shared_out(o, "mean")


def _pool(count: int, samples: Any) -> Structural:
    options = {
        "kernel_size": REQUIRED,
        "stride": None,
        "padding": 0,
        "ceil_mode": False,
        "count_include_pad": True,
        "divisor_override": None,
    }
    return Structural(
        f"avg_pool{count}d",
        "x",
        f"the mean of every window {along(count)}",
        group="windows",
        options=options,
        keywords=INPUT,
        planner=plan_avg_pool(count),
        value=_value,
        vjps={"x": ("each g divided by the size of its window, added up where windows overlap", _vjp)},
        affine=True,
        forms=_forms,
        samples=samples,
        source=f"torch.nn.functional.avg_pool{count}d",
    )


def _adaptive_pool(count: int, samples: Any) -> Structural:
    return Structural(
        f"adaptive_avg_pool{count}d",
        "x",
        f"the mean of every window of so many {along(count)}",
        group="windows",
        options={"output_size": REQUIRED},
        keywords=INPUT,
        planner=plan_adaptive(count),
        value=_adaptive,
        vjps={"x": ("each g divided by the size of its window, added up where windows overlap", _adaptive_vjp)},
        affine=True,
        forms=_forms,
        samples=samples,
        source=f"torch.nn.functional.adaptive_avg_pool{count}d",
    )


OPERATIONS = (
    _pool(
        1,
        (
            sample((1, 2, 6), kernel_size=2),
            sample((2, 5), kernel_size=3, stride=2, padding=1),
            sample((1, 5), kernel_size=2, ceil_mode=True, divisor_override=3),
        ),
    ),
    _pool(
        2,
        (
            sample((2, 1, 4, 4), kernel_size=2),
            sample((1, 4, 5), kernel_size=3, stride=2, padding=1, count_include_pad=False),
            sample((1, 1, 5, 5), kernel_size=2, padding=1, ceil_mode=True),
        ),
    ),
    _pool(3, (sample((1, 2, 4, 3), kernel_size=(1, 2, 2), stride=1), sample((1, 1, 3, 3, 3), kernel_size=2))),
    _adaptive_pool(1, (sample((1, 2, 5), output_size=3), sample((2, 4), output_size=1))),
    _adaptive_pool(2, (sample((1, 2, 5, 4), output_size=(3, None)), sample((1, 5, 5), output_size=2))),
    _adaptive_pool(3, (sample((1, 1, 2, 3, 4), output_size=(1, 2, 3)),)),
)
