"""Makers: arrays of constants, made once when a step is planned."""

from __future__ import annotations

from math import ceil, inf, isfinite
from typing import TYPE_CHECKING, Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED, XP, Options, Value
from backpropcli.ops.makers import Maker
from backpropcli.ops.planning import bounded, counts, flag, number, shown, whole

if TYPE_CHECKING:
    from backpropcli.ops.shape import Shape


def plan_filled(shape: Any, fill_value: Any = 0) -> tuple[Shape, Options]:
    """A shape, and the number that fills it."""
    result = bounded(counts(shape))
    return result, Options(shape=result, fill=number(fill_value, "fill_value"))


def plan_eye(N: Any, M: Any = None, k: Any = 0) -> tuple[Shape, Options]:
    """Rows, columns, and how far above the main diagonal the ones stand."""
    shape = bounded((*_count(N, "N"), *_count(N if M is None else M, "M")))
    return shape, Options(shape=shape, k=whole(k, "k"))


def plan_arange(start: Any, stop: Any = None, step: Any = 1) -> tuple[Shape, Options]:
    """From start (0 where one number is given) up to stop, which is left out."""
    first, last = (0, number(start, "stop")) if stop is None else (number(start, "start"), number(stop, "stop"))
    by = number(step, "step")
    if by == 0:
        raise OperationError("step cannot be 0")
    for value in (first, last, by):
        if not isfinite(value):
            raise OperationError(f"arange needs finite numbers, not {shown(value)}")
    steps = (last - first) / by
    if steps == inf:
        raise OperationError(f"step={shown(by)} is too small for the way from {shown(first)} to {shown(last)}")
    size = max(ceil(steps), 0)
    return bounded((size,)), Options(start=first, step=by, size=size)


def plan_linspace(start: Any, stop: Any, num: Any = 50, endpoint: Any = True) -> tuple[Shape, Options]:
    """`num` numbers at equal distances, the last one included unless endpoint=False."""
    (size,) = shape = bounded(_count(num, "num"))
    gaps = size - 1 if flag(endpoint, "endpoint") else size
    first, last = number(start, "start"), number(stop, "stop")
    return shape, Options(start=first, stop=last, size=size, gaps=gaps, endpoint=endpoint)


def _count(value: Any, name: str) -> Shape:
    if whole(value, name) < 0:
        raise OperationError(f"{name} cannot be negative: {value}")
    return (value,)


def _linspace(xp: XP, o: Options) -> Value:
    if o.endpoint:
        return xp.linspace(o.start, o.stop, o.size)
    return xp.arange(o.size) * ((o.stop - o.start) / max(o.gaps, 1)) + o.start


def _eye(xp: XP, o: Options) -> Value:
    rows, columns = o.shape
    row, column = xp.expand_dims(xp.arange(rows), -1), xp.arange(columns)
    return xp.where(row + o.k == column, 1.0, 0.0)


def plan_bernoulli(shape: Any, p: Any = 0.5, seed: Any = 0, name: Any = "") -> tuple[Shape, Options]:
    """A shape, how likely a 1 is, and what the draw depends on."""
    result = bounded(counts(shape))
    chance = number(p, "p")
    if not 0 <= chance <= 1:
        raise OperationError(f"p is a probability, from 0 to 1, not {shown(p)}")
    if not isinstance(name, str):
        raise OperationError(f"name is a text, not {shown(name)}")
    if whole(seed, "seed") < 0:
        raise OperationError(f"seed cannot be negative: {seed}")
    return result, Options(shape=result, p=float(chance), seed=seed, name=name)


def _drawn(o: Options, update: int) -> Value:
    """Of update number `update`: a pure function of seed, name, update and shape, the same on every machine."""
    from hashlib import sha256

    import numpy as np

    place = int.from_bytes(sha256(o.name.encode()).digest()[:8], "big")
    generator = np.random.Generator(np.random.PCG64([o.seed, place, update]))
    return (generator.random(o.shape) < o.p).astype(np.float64)


OPERATIONS = (
    Maker(
        "bernoulli",
        "an array of 0 and 1, a 1 with probability p: the same for the same seed, new in every update of a training",
        options={"shape": REQUIRED, "p": 0.5, "seed": 0, "name": ""},
        planner=plan_bernoulli,
        value=lambda xp, o: xp.asarray(_drawn(o, 0)),
        drawn=_drawn,
        resting=lambda o: o.p,
    ),
    Maker(
        "zeros",
        "an array of zeros",
        options={"shape": REQUIRED},
        planner=plan_filled,
        value=lambda xp, o: xp.zeros(o.shape),
    ),
    Maker(
        "ones",
        "an array of ones",
        options={"shape": REQUIRED},
        planner=plan_filled,
        value=lambda xp, o: xp.ones(o.shape),
    ),
    Maker(
        "full",
        "an array of one number",
        options={"shape": REQUIRED, "fill_value": REQUIRED},
        planner=plan_filled,
        value=lambda xp, o: xp.full(o.shape, o.fill),
    ),
    Maker(
        "eye",
        "the identity matrix: ones on the diagonal, zeros elsewhere",
        options={"N": REQUIRED, "M": None, "k": 0},
        keywords={"n": "N", "m": "M"},
        planner=plan_eye,
        value=_eye,
    ),
    Maker(
        "arange",
        "numbers from start up to (not including) stop, by step",
        options={"start": REQUIRED, "stop": None, "step": 1},
        planner=plan_arange,
        value=lambda xp, o: xp.arange(o.size) * o.step + o.start,
    ),
    Maker(
        "linspace",
        "numbers at equal distances from start to stop",
        options={"start": REQUIRED, "stop": REQUIRED, "num": 50, "endpoint": True},
        keywords={"steps": "num"},
        planner=plan_linspace,
        value=_linspace,
    ),
)
