"""Which examples an update takes: every one once an epoch, from any update on, and the same for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backpropcli.errors import SpecError
from backpropcli.train.batches import batch_at, order, split

ORDERS = [[5, 1, 2, 0, 7, 4, 3, 6], [2, 3, 6, 4, 0, 5, 1, 7], [1, 6, 2, 5, 7, 4, 0, 3]]
HELD = [3, 5, 8]


@given(st.integers(1, 40), st.integers(1, 45), st.integers(0, 3), st.booleans())
def test_every_example_comes_once_an_epoch(examples: int, batch: int, seed: int, shuffle: bool) -> None:
    updates = -(-examples // batch)
    for epoch in range(2):
        taken = [batch_at(epoch * updates + k, examples, batch, seed, shuffle) for k in range(1, updates + 1)]
        assert sorted(row for one in taken for row in one.rows.tolist()) == list(range(examples))
        assert {one.epoch for one in taken} == {epoch}
        assert [one.last for one in taken] == [False] * (updates - 1) + [True]
        assert all(len(one.rows) == batch for one in taken[:-1])


def test_orders_stay_for_ever() -> None:
    assert order(0, 0, 8).tolist() == ORDERS[0]
    assert order(0, 1, 8).tolist() == ORDERS[1]
    assert order(7, 0, 8).tolist() == ORDERS[2]
    train, held = split(10, 0.3, 0)
    assert held.tolist() == HELD
    assert sorted([*train, *held]) == list(range(10))


def test_without_shuffle_rows_come_as_they_stand() -> None:
    assert [batch_at(t, 5, 2, shuffle=False).rows.tolist() for t in (1, 2, 3, 4)] == [[0, 1], [2, 3], [4], [0, 1]]


def test_a_share_is_rounded_and_something_is_left() -> None:
    assert [len(part) for part in split(1797, 0.2, 0)] == [1438, 359]
    assert [len(part) for part in split(5, 2, 0)] == [3, 2]
    assert [len(part) for part in split(5, 0, 0)] == [5, 0]
    with pytest.raises(SpecError, match="leaves none to train on"):
        split(3, 3, 0)
    with pytest.raises(SpecError, match="is none"):
        split(3, 0.1, 0)
