"""Entries picked by labels that are data: as NumPy picks them, in every number system, NaN for labels that are none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structural_oracles import XP, cases, check_all, check_precise, check_stacked, gradient, name_case, run

from backpropcli.errors import OperationError
from backpropcli.ops.definition import Part
from backpropcli.ops.numbers import array
from backpropcli.ops.shapes.index import Label
from backpropcli.ops.shapes.taking import OPERATIONS

PICK = OPERATIONS[0]
CASES = cases(OPERATIONS[:1])


@pytest.mark.parametrize("case", CASES, ids=name_case)
def test_every_sample(case):
    check_all(case)


@pytest.mark.parametrize("lead", [(2,), (2, 3), (1,)])
@pytest.mark.parametrize("case", CASES, ids=name_case)
def test_stacked_copies_with_labels_of_their_own(case, lead):
    check_stacked(case, lead)


@pytest.mark.parametrize("case", CASES[:4], ids=name_case)
def test_stacked_in_fifty_digits(case):
    check_precise(case, (2,))


@st.composite
def picks(draw):
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    first = draw(st.integers(0, len(shape) - 1))
    count = draw(st.integers(1, len(shape) - first))
    picked = tuple(draw(st.lists(st.integers(1, 3), max_size=2)))
    whole = st.none() | st.integers(-5, 5)
    index, labels = [], []
    for k, size in enumerate(shape):
        if not first <= k < first + count:
            index.append(draw(st.builds(slice, whole, whole, st.sampled_from([None, 1, 2, -1]))))
            continue
        drawn = np.array([draw(st.integers(-size, size - 1)) for _ in range(int(np.prod(picked)))]).reshape(picked)
        kind = draw(st.sampled_from(["label", "label", "number", "row"])) if labels else "label"
        if kind == "label":
            index.append(Label(len(labels)))
            labels.append(drawn)
        elif kind == "number" or not picked:
            index.append(draw(st.integers(-size, size - 1)))
        else:
            index.append(drawn[(0,) * (len(picked) - 1)].tolist())
    return shape, tuple(index), labels


@settings(max_examples=200, deadline=None)
@given(picks())
def test_same_as_numpy_forward_and_backward(drawn):
    shape, index, labels = drawn
    a = np.random.default_rng(3).normal(size=shape)
    known = tuple(labels[part.argument] if isinstance(part, Label) else part for part in index)
    expected = a[known]
    arguments = (a, *(label.astype(float) for label in labels))
    assert PICK.plan([np.shape(x) for x in arguments], {"index": index})[0] == expected.shape
    np.testing.assert_array_equal(run(PICK, *arguments, index=index), expected)
    g = np.random.default_rng(4).normal(size=expected.shape)
    buffer = np.zeros(shape)
    np.add.at(buffer, known, g)
    np.testing.assert_allclose(gradient(PICK, *arguments, upstream=g, index=index), buffer, atol=1e-15)
    for k in range(1, len(arguments)):
        assert not gradient(PICK, *arguments, upstream=g, k=k, index=index).any()


def test_the_same_labels_for_all_copies_stay_one_part():
    """A check of a large table of rows must not make a dense copy of it for each entry that it moves."""
    _, o = PICK.plan([(4, 2), (3,)], {"index": (Label(0),)})
    copies = np.random.default_rng(0).normal(size=(5, 4, 2))
    labels = np.broadcast_to(np.array([3.0, 0.0, 3.0]), (5, 3))
    y = PICK.value(XP, o, copies, labels)
    np.testing.assert_array_equal(y, copies[:, [3, 0, 3]])
    part = PICK.vjps[0](XP, o, y, y, 0, copies, labels)
    assert isinstance(part, Part)
    assert not part.unique
    assert part.where[0].tolist() == [3, 0, 3]


@pytest.mark.parametrize("wrong", [3.0, -4.0, 0.5, np.nan, np.inf, 1e300])
def test_a_label_that_is_none_picks_nothing(wrong):
    a, labels = np.arange(6.0).reshape(3, 2), np.array([1.0, wrong])
    y = run(PICK, a, labels, index=(Label(0),))
    assert y[0].tolist() == [2, 3]
    assert np.isnan(y[1]).all()
    assert np.isnan(gradient(PICK, a, labels, index=(Label(0),))).any()


def test_a_label_may_move_a_little_and_single_precision_keeps_whole_numbers():
    assert run(PICK, np.arange(3.0), np.array([1 + 1e-6]), index=(Label(0),)).tolist() == [1]
    xp = array.namespace("float32")
    _, o = PICK.plan([(3,), (1,)], {"index": (Label(0),)})
    assert PICK.value(xp, o, np.arange(3, dtype=np.float32), np.ones(1, np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    ("shapes", "index", "message", "hint"),
    [
        (
            ((4, 3), (2,), (3,)),
            (Label(0), Label(1)),
            "the labels in an index have the shapes (2,) and (3,), which do not fit together",
            "one of each",
        ),
        (
            ((4, 3, 2), (4,)),
            (Label(0), slice(None), 0),
            "lists and numbers in an index must stand next to each other",
            "two steps",
        ),
        (((), ()), (Label(0),), "too many indices: 1 for the shape (), which has no axes: it is a plain number", ""),
        (((4, 3), (4,)), ([0, 4], Label(0)), "index 4 is out of range: axis 0 has the size 4", "0 to 3"),
    ],
)
def test_errors(shapes, index, message, hint):
    with pytest.raises(OperationError) as caught:
        PICK.plan(list(shapes), {"index": index})
    assert caught.value.message == message
    assert hint in caught.value.hint
