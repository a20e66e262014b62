"""Pooling: the largest entry of every window, or its mean, with PyTorch's options and defaults."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, prod
from typing import TYPE_CHECKING, Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED, XP, Options, Structural, Value
from backpropcli.ops.planning import bounded, flag, number, sample, shown
from backpropcli.ops.stacked import shape_of
from backpropcli.ops.windows.framing import framed, unframed
from backpropcli.ops.windows.geometry import AXES, Slide, offsets, per_axis, placed, split_batch

if TYPE_CHECKING:
    from backpropcli.ops.shape import Shape


def _slides(x: Shape, count: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil: Any) -> Options:
    """What both kinds of pooling share."""
    batch, channels, sizes = split_batch(x, count, "x")
    kernel = per_axis(kernel_size, count, "kernel_size")
    steps = kernel if stride is None else per_axis(stride, count, "stride")
    frame, apart = per_axis(padding, count, "padding", 0), per_axis(dilation, count, "dilation")
    for size, wide in zip(kernel, frame, strict=True):
        if 2 * wide > size:
            raise OperationError(
                f"padding={shown(padding)} is more than half of kernel_size={shown(kernel_size)}",
                hint="A window that sees little but padding has nothing to pool.",
            )
    slides = placed(
        [Slide(n, k, s, d, w, w) for n, k, s, d, w in zip(sizes, kernel, steps, apart, frame, strict=True)],
        f"kernel_size={shown(kernel_size)}",
        flag(ceil, "ceil_mode"),
    )
    after = bounded((*batch, channels, *(s.places for s in slides)))
    return Options(slides=slides, before=x, after=after, count=count)


def plan_max_pool(count: int) -> Callable[..., tuple[Shape, Options]]:
    """The planner of the largest entries, over `count` axes."""

    def plan(
        shapes: list[Shape],
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: Any = False,
    ) -> tuple[Shape, Options]:
        o = _slides(shapes[0], count, kernel_size, stride, padding, dilation, ceil_mode)
        return o.after, o

    return plan


def plan_avg_pool(count: int) -> Callable[..., tuple[Shape, Options]]:
    """The planner of the means, over `count` axes; `o.divisors` has for each place what its sum is divided by."""

    def plan(
        shapes: list[Shape],
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: Any = False,
        count_include_pad: Any = True,
        divisor_override: Any = None,
    ) -> tuple[Shape, Options]:
        o = _slides(shapes[0], count, kernel_size, stride, padding, 1, ceil_mode)
        o.divisors = _divisors(o.slides, flag(count_include_pad, "count_include_pad"), divisor_override)
        return o.after, o

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


# Bodies. Along each axis in turn: the largest of the largest, the sum of sums.


def _along(xp: XP, slides: tuple[Slide, ...], x: Value, join: Callable[[Value, Value], Value]) -> Value:
    """`join` of all entries of every window."""
    for k, s in enumerate(slides):
        rest = (slice(None),) * (len(slides) - 1 - k)
        parts = [x[(..., s.entry(j), *rest)] for j in range(s.kernel)]
        x = parts[0]
        for part in parts[1:]:
            x = join(x, part)
    return x


def _max_pool(xp: XP, o: Options, x: Value) -> Value:
    return _along(xp, o.slides, framed(xp, o.slides, x, -inf), xp.maximum)


def _first(xp: XP, o: Options, x: Value, y: Value) -> list[Value]:
    """For each entry of a window, 1 where it is the first of the largest; of a window with NaN, the first NaN."""
    x = framed(xp, o.slides, x, -inf)
    free: Value = None
    found = []
    for _, where in offsets(o.slides):
        part = x[(..., *where)]
        largest = xp.where(xp.logical_or(part == y, part != part), 1.0, 0.0)
        found.append(largest if free is None else largest * free)
        free = 1.0 - largest if free is None else free * (1.0 - largest)
    return found


def _max_pool_vjp(xp: XP, o: Options, g: Value, y: Value, x: Value) -> Value:
    result = framed(xp, o.slides, xp.zeros(shape_of(x)) + xp.nothing, xp.nothing)
    for chosen, (_, where) in zip(_first(xp, o, x, y), offsets(o.slides), strict=True):
        result[(..., *where)] += xp.where(chosen != 0, g, xp.nothing)
    return unframed(o.slides, result)


def _chosen(xp: XP, o: Options, x: Value) -> Value:
    return xp.stack(_first(xp, o, x, _max_pool(xp, o, x)), axis=-o.count - 1)


def _avg_pool(xp: XP, o: Options, x: Value) -> Value:
    total = _along(xp, o.slides, framed(xp, o.slides, x), lambda a, b: a + b)
    return total / (o.divisors if isinstance(o.divisors, float) else xp.asarray(o.divisors))


def _avg_pool_vjp(xp: XP, o: Options, g: Value, y: Value, x: Value) -> Value:
    share = g / (o.divisors if isinstance(o.divisors, float) else xp.asarray(o.divisors))
    result = framed(xp, o.slides, xp.zeros(shape_of(x)))
    for _, where in offsets(o.slides):
        result[(..., *where)] += share
    return unframed(o.slides, result)


def _largest(count: int, samples: Any) -> Structural:
    return Structural(
        f"max_pool{count}d",
        "x",
        f"the largest entry of every window along {' and '.join(AXES[count])}; of equal ones the first",
        group="windows",
        options={"kernel_size": REQUIRED, "stride": None, "padding": 0, "dilation": 1, "ceil_mode": False},
        keywords={"input": "x"},
        planner=plan_max_pool(count),
        value=_max_pool,
        vjps={"x": ("each g at the largest entry of its window, 0 elsewhere", _max_pool_vjp)},
        branch=_chosen,
        samples=samples,
        source=f"torch.nn.functional.max_pool{count}d",
    )


def _mean(count: int, samples: Any) -> Structural:
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
        f"the mean of every window along {' and '.join(AXES[count])}",
        group="windows",
        options=options,
        keywords={"input": "x"},
        planner=plan_avg_pool(count),
        value=_avg_pool,
        vjps={"x": ("each g divided by the size of its window, added up where windows overlap", _avg_pool_vjp)},
        affine=True,
        samples=samples,
        source=f"torch.nn.functional.avg_pool{count}d",
    )


OPERATIONS = (
    _largest(
        1,
        (
            sample((1, 2, 6), kernel_size=2),
            sample((2, 5), kernel_size=3, stride=2, padding=1),
            sample((1, 6), kernel_size=2, dilation=2, stride=1),
        ),
    ),
    _largest(
        2,
        (
            sample((2, 1, 4, 4), kernel_size=2),
            sample((1, 5, 4), kernel_size=(3, 2), stride=(2, 1), padding=(1, 0)),
            sample((1, 1, 5, 5), kernel_size=2, ceil_mode=True),
        ),
    ),
    _largest(3, (sample((1, 2, 4, 3), kernel_size=(1, 2, 2), stride=1), sample((1, 1, 3, 3, 3), kernel_size=2))),
    _mean(
        1,
        (
            sample((1, 2, 6), kernel_size=2),
            sample((2, 5), kernel_size=3, stride=2, padding=1),
            sample((1, 5), kernel_size=2, ceil_mode=True, divisor_override=3),
        ),
    ),
    _mean(
        2,
        (
            sample((2, 1, 4, 4), kernel_size=2),
            sample((1, 4, 5), kernel_size=3, stride=2, padding=1, count_include_pad=False),
            sample((1, 1, 5, 5), kernel_size=2, padding=1, ceil_mode=True),
        ),
    ),
    _mean(3, (sample((1, 2, 4, 3), kernel_size=(1, 2, 2), stride=1), sample((1, 1, 3, 3, 3), kernel_size=2))),
)
