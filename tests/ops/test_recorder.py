"""The recorder: the same names as the other number systems, each operation once, nothing that asks for a value."""

from __future__ import annotations

import numpy as np
import pytest

from backpropcli.ops import numbers
from backpropcli.ops.numbers.recorder import KNOWN, Recorded, Tape, TooLongError, namespace


@pytest.fixture
def tape() -> Tape:
    return Tape()


def test_every_name_is_offered(tape: Tape) -> None:
    # argmax answers with a place in an array, which cannot be known before there are numbers; no body uses it.
    wanted = set(numbers.ELEMENTWISE + numbers.WHOLE_ARRAYS) - {"argmax"}
    assert [name for name in sorted(wanted) if not hasattr(namespace(tape), name)] == []


def test_the_same_operation_is_recorded_once(tape: Tape) -> None:
    xp, z = namespace(tape), tape.input()
    assert xp.exp(z * 2.0) is xp.exp(z * 2.0)
    assert len(tape.entries) == 4  # z, 2, z * 2, exp


def test_what_is_known_is_computed_at_once(tape: Tape) -> None:
    xp, two = namespace(tape), tape.constant(2.0)
    for made, value in (
        (two * 3, 6.0),
        (xp.exp(two), np.exp(2.0)),
        (xp.where(two > 1, 5.0, 7.0), 5.0),
        (xp.divide(1.0, tape.constant(0.0)), np.inf),
        (xp.maximum(two, 9.0), 9.0),
    ):
        assert tape.entries[made.place].operation == "constant"
        assert tape.entries[made.place].number == value
    assert xp.log(tape.constant(-1.0)) is tape.constant(np.nan)
    assert tape.constant(0.0) is not tape.constant(-0.0)


def test_what_changes_nothing_is_left_out(tape: Tape) -> None:
    xp, z = namespace(tape), tape.input()
    for same in (z * 1.0, 1 * z, z + 0.0, 0 + z, z - 0, xp.divide(z, 1), xp.power(z, 1.0), xp.where(z > 0, z, z)):
        assert same is z
    for different in (0 * z, 0 - z, 1 - z, xp.divide(1.0, z), xp.power(1.0, z)):
        assert different is not z
        assert tape.entries[different.place].operation != "constant"  # 0 · NaN is NaN


def test_a_body_cannot_ask(tape: Tape) -> None:
    z = tape.input()
    with pytest.raises(TypeError, match=r"use xp\.where"):
        bool(z > 0)
    with pytest.raises(TypeError, match="not known yet"):
        float(z)


def test_arrays_unroll(tape: Tape) -> None:
    xp = namespace(tape)
    a = xp.asarray(np.array([[tape.input() for _ in range(3)] for _ in range(2)], object))
    assert xp.matmul(a, xp.swapaxes(a, -1, -2)).shape == (2, 2)
    for mask in (a > 0, a == xp.max(a, axis=-1, keepdims=True), xp.logical_not(a <= a[0])):
        chosen = xp.where(mask, 1.0, 0.0)
        assert chosen.shape == (2, 3)
        assert all(isinstance(entry, Recorded) for entry in chosen.flat)
    assert xp.max(a, axis=(0, 1)).tape is tape
    assert xp.max(a, axis=(-2,), keepdims=True).shape == (1, 3)
    assert isinstance(xp.sum(a), Recorded)


def test_known_answers_are_numpys() -> None:
    assert KNOWN["div"](1.0, 0.0) == np.inf
    assert np.isnan(KNOWN["power"](-8.0, 1 / 3))


def test_a_tape_can_be_full() -> None:
    tape = Tape(most=2)
    tape.input()
    tape.input()
    with pytest.raises(TooLongError):
        tape.input()
