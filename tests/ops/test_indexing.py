"""Indexing: like NumPy's, with gradients that touch only what was picked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structural_oracles import XP, cases, check_all, check_precise, check_stacked, gradient, name_case, run

from backpropcli.errors import OperationError
from backpropcli.ops.definition import Part
from backpropcli.ops.shapes.indexing import OPERATIONS
from backpropcli.ops.table import TABLE

GETITEM, ONE_HOT = OPERATIONS
CASES = cases(OPERATIONS)


@pytest.mark.parametrize("case", CASES, ids=name_case)
def test_every_sample(case):
    check_all(case)


@pytest.mark.parametrize("lead", [(2,), (2, 3), (1,)])
@pytest.mark.parametrize("case", CASES, ids=name_case)
def test_stacked_copies(case, lead):
    check_stacked(case, lead)


@pytest.mark.parametrize("case", CASES[:3], ids=name_case)
def test_stacked_in_fifty_digits(case):
    check_precise(case, (2,))


def test_both_are_in_the_table():
    assert TABLE["getitem"] is GETITEM
    assert TABLE["one_hot"] is ONE_HOT


@st.composite
def indices(draw):
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=0, max_size=3)))
    whole = st.none() | st.integers(-5, 5)
    parts, listed = [], draw(st.integers(0, 3))
    for k, size in enumerate(shape[: draw(st.integers(0, len(shape)))]):
        one = st.integers(-size, size - 1)
        span = st.builds(slice, whole, whole, st.sampled_from([None, 1, 2, -1, -2]))
        parts.append(draw(st.lists(one, min_size=1, max_size=4) if k == listed else one | span))
    if draw(st.booleans()):
        parts.insert(draw(st.integers(0, len(parts))), ...)
    if draw(st.booleans()):
        parts.insert(draw(st.integers(0, len(parts))), None)
    return shape, tuple(parts)


@settings(max_examples=300, deadline=None)
@given(indices())
def test_same_as_numpy(drawn):
    shape, index = drawn
    a = np.random.default_rng(0).normal(size=shape)
    try:
        expected = a[index]
    except IndexError:
        with pytest.raises(OperationError, match=r"out of range|next to each other"):
            GETITEM.plan([shape], {"index": index})
        return
    try:
        planned, o = GETITEM.plan([shape], {"index": index})
    except OperationError as error:
        assert "next to each other" in error.message  # noqa: PT017
        return
    assert planned == expected.shape
    np.testing.assert_array_equal(GETITEM.value(XP, o, a), expected)
    copies = np.stack([a, 2 * a])
    np.testing.assert_array_equal(GETITEM.value(XP, o, copies), np.stack([expected, 2 * expected]))
    wanted = np.zeros(shape)
    np.add.at(wanted, index, 1.0)
    np.testing.assert_array_equal(gradient(GETITEM, a, index=index), wanted)


def test_the_gradient_is_a_part_with_a_complete_index():
    shape, o = GETITEM.plan([(4, 3)], {"index": (-1,)})
    part = GETITEM.vjps[0](XP, o, np.ones(shape), None, np.zeros((4, 3)))
    assert isinstance(part, Part)
    assert part.where == (3, slice(0, 3, 1))
    assert part.unique
    _, o = GETITEM.plan([(4,)], {"index": ([1, -3],)})
    assert not GETITEM.vjps[0](XP, o, np.ones(2), None, np.zeros(4)).unique


def test_a_place_picked_twice_gets_both_gradients():
    found = gradient(GETITEM, np.zeros(3), index=([0, 0, 2],), upstream=np.array([1.0, 10.0, 100.0]))
    assert found.tolist() == [11, 0, 100]


@pytest.mark.parametrize(
    ("shape", "index", "message", "hint"),
    [
        ((3,), (3,), "index 3 is out of range: axis 0 has the size 3", "Counting starts at 0: the indices are 0 to 2."),
        ((2, 3), (0, -4), "index -4 is out of range: axis 1 has the size 3", "0 to 2"),
        ((1,), (1,), "index 1 is out of range: axis 0 has the size 1", "the only index is 0"),
        ((2, 3), (..., [0, 5]), "index 5 is out of range: axis 1 has the size 3", "0 to 2"),
        ((3,), (0, 0), "too many indices: 2 for the shape (3,), which has 1 axis", ""),
        ((), (0,), "too many indices: 1 for the shape (), which has no axes: it is a plain number", ""),
        ((3,), (1.0,), "an index is a whole number, not 1.0", ""),
        ((3,), (True,), "True and False cannot be an index", "where"),
        ((3,), ([True, False, True],), "True and False cannot be an index", "where"),
        (
            (3,),
            ("x",),
            "an index is a whole number, a slice such as 1:3, a list of whole numbers, None or ..., not 'x'",
            "",
        ),
        ((3,), (..., ...), "an index can have only one ...", ""),
        ((3,), (slice(0, 2, 0),), "a slice cannot have the step 0", ""),
        ((3,), (slice(0, 1.5),), "the parts of a slice are whole numbers, not 1.5", ""),
        ((3, 3), ([0, 1], [0, 1, 2]), "the lists in an index differ in length: 2 and 3", ""),
        ((3, 3), ([[0, 1], [0]],), "the lists in an index differ in length", ""),
        ((3,), ([0, 1.5],), "each index in a list is a whole number, not 1.5", ""),
        (
            (3, 3, 3),
            ([0, 1], slice(None), 0),
            "lists and numbers in an index must stand next to each other",
            "two steps",
        ),
        ((3, 3), ([0, 1], ..., 0), "lists and numbers in an index must stand next to each other", "two steps"),
        ((3,), (10**5000,), "an index is too large", ""),
    ],
)
def test_errors(shape, index, message, hint):
    with pytest.raises(OperationError) as caught:
        GETITEM.plan([shape], {"index": index})
    assert caught.value.message == message
    assert hint in caught.value.hint


def test_one_hot():
    assert run(ONE_HOT, np.array([2.0, 0.0]), depth=3).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert np.isnan(run(ONE_HOT, np.array([3.0, 0.5]), depth=3)).all()
    with pytest.raises(OperationError, match="at least 1, not 0"):
        ONE_HOT.plan([(3,)], {"depth": 0})
    with pytest.raises(OperationError, match=r"write 3, not 3\.0"):
        ONE_HOT.plan([(3,)], {"depth": 3.0})
    with pytest.raises(OperationError, match="numbers"):
        ONE_HOT.plan([(1000,)], {"depth": 10**6})
