"""The stepper: closed forms, the same bits again, and nothing written but the parameters and the state."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from backpropcli.language.training.optimizers import NAMED, OPTIMIZERS
from backpropcli.language.training.schedules import CONSTANT
from backpropcli.language.training.training import Clip, Optimizer, Rule, Training
from backpropcli.train.optimizer import Stepper
from backpropcli.train.vectors import PIECE

RULED = [one for one in OPTIMIZERS if one.update]


def stepper(optimizer: Optimizer | str, size: int, dtype: str = "float64", lr: float = 0.1, **more: Any) -> Stepper:
    """One with the optimiser's defaults."""
    one = NAMED[optimizer] if isinstance(optimizer, str) else optimizer
    settings = {s.name: s.default for s in one.settings}
    return Stepper(Training(one, settings, lr, CONSTANT, {"warmup": 0}, **more), size, dtype, 100)


@pytest.mark.parametrize(
    ("name", "after"),
    [
        ("gd", lambda t: 0.1 * 2 * t),
        ("momentum", lambda t: 0.1 * 2 * sum((1 - 0.9**k) / 0.1 for k in range(1, t + 1))),
        ("nesterov", lambda t: 0.1 * 2 * sum(1 + 0.9 * (1 - 0.9**k) / 0.1 for k in range(1, t + 1))),
        ("adagrad", lambda t: 0.1 * sum(2 / (2 * math.sqrt(k) + 1e-10) for k in range(1, t + 1))),
        ("rmsprop", lambda t: 0.1 * sum(2 / (2 * math.sqrt(1 - 0.99**k) + 1e-8) for k in range(1, t + 1))),
        ("adam", lambda t: 0.1 * t * 2 / (2 + 1e-8)),
        ("adamax", lambda t: 0.1 * t * 2 / (2 + 1e-8)),
    ],
)
def test_a_constant_gradient_has_a_closed_form(name: str, after: Any) -> None:
    """Textbooks' sums, for a slope of 2 everywhere."""
    p: list[float] = [0.0]
    one = stepper(name, 1)
    for t in range(1, 21):
        one.update(p, [2.0], t, one.learning_rate(t, 0))
        assert p[0] == pytest.approx(-after(t), rel=1e-12)


@pytest.mark.parametrize("one", RULED, ids=lambda one: one.name)
def test_a_state_that_is_loaded_goes_on_bit_for_bit(one: Optimizer) -> None:
    for kind in (list, np.array):
        rng = np.random.default_rng(0)
        slopes = rng.normal(size=(8, 5))
        p = kind(rng.normal(size=5).tolist())
        whole, part = stepper(one, 5), stepper(one, 5)
        q = kind(list(p))
        for t in range(1, 5):
            whole.update(p, kind(slopes[t - 1].tolist()), t, whole.learning_rate(t, 0))
            part.update(q, kind(slopes[t - 1].tolist()), t, part.learning_rate(t, 0))
        again = stepper(one, 5)
        for name, values in again.state.items():
            values[:] = list(part.state[name])
        for t in range(5, 9):
            whole.update(p, kind(slopes[t - 1].tolist()), t, whole.learning_rate(t, 0))
            again.update(q, kind(slopes[t - 1].tolist()), t, again.learning_rate(t, 0))
        assert list(p) == list(q)


@pytest.mark.parametrize("one", RULED, ids=lambda one: one.name)
def test_pieces_of_a_large_array_are_as_the_whole(one: Optimizer) -> None:
    """Entries move alike wherever they stand; gradients stay; float32 stays float32."""
    size = 2 * PIECE + 3
    rng = np.random.default_rng(1)
    p, g = rng.normal(size=size), rng.normal(size=size)
    few, ends = p[[0, PIECE, size - 1]].copy(), g[[0, PIECE, size - 1]].copy()
    large, small, before = stepper(one, size), stepper(one, 3), g.copy()
    single = p.astype("float32")
    other = stepper(one, size, "float32")
    for t in range(1, 4):
        large.update(p, g, t, large.learning_rate(t, 0))
        small.update(few, ends, t, small.learning_rate(t, 0))
        other.update(single, g.astype("float32"), t, other.learning_rate(t, 0))
    assert p[[0, PIECE, size - 1]].tolist() == few.tolist()
    assert (g == before).all()
    assert single.dtype == np.float32
    assert single == pytest.approx(p, rel=1e-3, abs=1e-4)


def test_old_values_are_read_before_they_are_written_over() -> None:
    """A rule may keep what a state was."""
    own = Optimizer(
        "own",
        "",
        "",
        (),
        (Rule("v", "1"), Rule("w", "3")),
        (
            Rule("old", "v"),
            Rule("v", "v + g"),
            Rule("w", "where(g > 0, v, w)"),
            Rule("start", "p"),
            Rule("p", "p - old"),
            Rule("p", "p - start * w"),
        ),
    )
    for kind in (list, np.array):
        p, one = kind([5.0, 7.0]), stepper(own, 2)
        one.update(p, kind([2.0, -4.0]), 1, one.learning_rate(1, 0))
        assert list(p) == [5.0 - 1.0 - 5.0 * 3.0, 7.0 - 1.0 - 7.0 * 3.0]
        assert list(one.state["v"]) == [3.0, -3.0]
        assert list(one.state["w"]) == [3.0, 3.0]


def test_odd_numbers_are_numpys() -> None:
    """1/0 is infinite, and no traceback."""
    own = Optimizer("own", "", "", (), (), (Rule("p", "p - lr / g + sqrt(g)"),))
    for kind in (list, np.array):
        p = kind([1.0, 1.0])
        with np.errstate(all="ignore"):
            one = stepper(own, 2)
            one.update(p, kind([0.0, -1.0]), 1, one.learning_rate(1, 0))
        assert p[0] == -math.inf
        assert math.isnan(p[1])


def test_no_numpy_for_a_list() -> None:
    """A scalar network trains without it."""
    import subprocess
    import sys

    code = (
        "import sys; from backpropcli.language.training.optimizers import NAMED; "
        "from backpropcli.language.training.schedules import CONSTANT; "
        "from backpropcli.language.training.training import Training; from backpropcli.train.optimizer import Stepper; "
        "a = NAMED['adam']; s = {x.name: x.default for x in a.settings}; p = [1.0]; "
        "Stepper(Training(a, s, 0.1, CONSTANT, {'warmup': 0}), 1, 'float64', 9).update(p, [2.0], 1, 0.1); "
        "assert abs(p[0] - 0.9) < 1e-6; assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_gradient_that_is_no_number_stays_one() -> None:
    """Clipping hides no divergence."""
    for kind in (list, np.array):
        p = kind([1.0])
        one = stepper("gd", 1, clip=Clip(norm=1.0))
        one.update(p, kind([math.nan]), 1, one.learning_rate(1, 0))
        assert math.isnan(p[0])
