"""Padding in every mode of NumPy's that has a gradient, and as PyTorch writes it: the same numbers, and refusals."""

from __future__ import annotations

import numpy as np
import pytest

import backpropcli as bp
from backpropcli.errors import BackpropError

MODES = ("constant", "edge", "linear_ramp", "maximum", "mean", "median", "minimum", "reflect", "symmetric", "wrap")


def padded(call: str, a: np.ndarray) -> np.ndarray:
    """The value of a call on `a`."""
    network = bp.loads(f'{{"parameters": {{"a": {a.tolist()}}}, "nodes": {{"y": "{call}", "J": "sum(y)"}}}}')
    return np.asarray(network.run().value("y"))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(4,), (1,), (2, 3), (3, 1, 2)])
def test_numpys_modes(mode, shape):
    rng = np.random.default_rng(0)
    for _ in range(4):
        a = rng.normal(size=shape)
        width = tuple(tuple(map(int, rng.integers(0, 8, 2))) for _ in shape)
        options = {
            "constant": {"constant_values": 1.5},
            "linear_ramp": {"end_values": tuple(map(float, rng.integers(-3, 3, 2)))},
        }.get(mode, {})
        if mode in ("maximum", "mean", "median", "minimum") and rng.random() < 0.5:
            options = {"stat_length": tuple(map(int, rng.integers(1, 4, 2)))}
        if mode in ("reflect", "symmetric") and rng.random() < 0.7:
            options = {"reflect_type": "odd"}
        words = "".join(f", {name}={value!r}" for name, value in options.items())
        np.testing.assert_allclose(
            padded(f"pad(a, {width}, mode='{mode}'{words})", a), np.pad(a, width, mode, **options)
        )


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
def test_pytorchs_pad(mode):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    for shape, count in (((2, 3, 5), 2), ((2, 4, 5), 2), ((1, 2, 4, 5), 4), ((3, 6), 2)):
        least = -2 if mode == "constant" else 0
        pad = tuple(map(int, rng.integers(least, 3, count)))
        a = rng.normal(size=shape)
        expected = torch.nn.functional.pad(torch.tensor(a), pad, mode=mode).numpy()
        np.testing.assert_array_equal(padded(f"F.pad(a, {pad}, mode='{mode}')", a), expected)


@pytest.mark.parametrize(
    ("call", "message", "hint"),
    [
        ("pad(a, 1, mode='empty')", "mode='empty' is not available", "linear_ramp"),
        ("pad(a, 1, mode='mean', stat_length=0)", "stat_length is at least 1: 0", ""),
        ("pad(a, 1, mode='edge', stat_length=1)", "stat_length has no meaning with mode='edge'", "maximum, mean"),
        ("pad(a, 1, mode='mean', end_values=1)", "end_values has no meaning with mode='mean'", "linear_ramp"),
        ("pad(a, 1, reflect_type='odd')", "reflect_type has no meaning with mode='constant'", "reflect and symmetric"),
        ("pad(a, 1, reflect_type='up')", "reflect_type is 'even' or 'odd', not 'up'", ""),
        ("pad(a, -1, mode='mean')", "a width cannot be negative: pad_width=-1", ""),
        ("pad(a, (1, 2, 3), mode='mean')", "pad_width=(1, 2, 3) does not fit 1 axis", "Write n"),
        ("pad(a, 1, fill=2)", "pad has no option fill", "Its options"),
        ("F.pad(a, 1)", "pad=1 does not fit the shape (3,)", "the last axis first"),
        ("F.pad(a, (3, 0), mode='reflect')", "mode='reflect' pads an axis of 3 by 2 at the most, not by 3", "NumPy"),
        ("F.pad(a, (-2, -2))", "pad takes 4 off an axis of 3", ""),
        ("F.pad(a, (1, 1), mode='edge')", "mode='edge' is not available", "replicate"),
    ],
)
def test_what_is_refused(call, message, hint):
    with pytest.raises(BackpropError) as caught:
        padded(call, np.ones(3))
    assert caught.value.message.endswith(message)
    assert hint in caught.value.hint
