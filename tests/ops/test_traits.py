"""Traits of operations are true: what a definition states about its mathematics is tried on its samples."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from backpropcli.ops.definition import Elementwise, Operation, Structural
from backpropcli.ops.numbers.array import xp
from backpropcli.ops.table import TABLE

ELEMENTWISE = [o for o in TABLE.values() if isinstance(o, Elementwise)]
STRUCTURAL = [o for o in TABLE.values() if isinstance(o, Structural)]
ALONE = [o for o in STRUCTURAL if o.arguments == ("a",) and not o.variadic]
"""Structural operations of one array."""


def arrays(operation: Structural, k: int, seed: int) -> tuple[list[np.ndarray], object]:
    """Arguments for one of an operation's samples, and its planned options."""
    shapes, options = operation.samples[k]
    _, planned = operation.plan(list(shapes), options)
    random = np.random.default_rng(seed)
    return [np.asarray(random.uniform(0.5, 1.5, shape)) for shape in shapes], planned


@pytest.mark.parametrize("operation", ALONE, ids=repr)
def test_affine_operations_are_those_that_say_so(operation: Structural) -> None:
    affine = True
    for k, holes in product(range(len(operation.samples)), (False, True)):
        (a,), options = arrays(operation, k, 0)
        (b,), _ = arrays(operation, k, 1)
        if holes and a.size > 1:  # NaN is a number too: what passes over it adds up other entries
            a.flat[0] = b.flat[-1] = np.nan
        with np.errstate(all="ignore"):
            between = operation.value(xp, options, 3.0 * a - 2.0 * b)
            expected = 3.0 * operation.value(xp, options, a) - 2.0 * operation.value(xp, options, b)
        affine = affine and np.allclose(between, expected, equal_nan=True)
    assert operation.affine == affine


@pytest.mark.parametrize("operation", [o for o in ALONE if o.copies], ids=repr)
def test_what_copies_entries_makes_no_new_numbers(operation: Structural) -> None:
    for k in range(len(operation.samples)):
        (a,), options = arrays(operation, k, 0)
        found = np.ravel(operation.value(xp, options, a))
        other = np.ravel(operation.value(xp, options, a + 7.0))
        assert all(x in a or x == y for x, y in zip(found, other, strict=True))  # an entry, or a constant


@pytest.mark.parametrize("operation", [o for o in STRUCTURAL if o.permutes], ids=repr)
def test_what_permutes_transposes_by_its_axes(operation: Structural) -> None:
    for k in range(len(operation.samples)):
        (a,), options = arrays(operation, k, 0)
        assert np.array_equal(
            operation.value(xp, options, a), np.transpose(a, [axis + a.ndim for axis in options.axes])
        )


@pytest.mark.parametrize("operation", [o for o in STRUCTURAL if o.divisor is not None], ids=repr)
def test_a_sum_is_divided_by_its_divisor(operation: Structural) -> None:
    for k in range(len(operation.samples)):
        (a,), options = arrays(operation, k, 0)
        total = np.sum(a, axis=options.axis, keepdims=options.keepdims)
        assert np.allclose(operation.value(xp, options, a) * operation.divisor(options), total)


@pytest.mark.parametrize("operation", [o for o in STRUCTURAL if o.reduces], ids=repr)
def test_what_reduces_gives_one_number(operation: Structural) -> None:
    shapes = [(3,)] * len(operation.arguments) if operation.matrix_product else [(3, 3)]
    assert operation.plan(shapes, {})[0] == ()


@pytest.mark.parametrize("operation", [o for o in STRUCTURAL if o.by_axis], ids=repr)
def test_places_along_the_other_axes_stand_for_themselves(operation: Structural) -> None:
    shapes = [(2, 3)] * len(operation.arguments)
    _, options = operation.plan(shapes, {"axis": -1})
    random = np.random.default_rng(0)
    values = [random.uniform(0.5, 1.5, shape) for shape in shapes]
    whole = operation.value(xp, options, *values)
    for row in range(2):
        alone = operation.value(xp, options, *[value[row : row + 1] for value in values])
        assert np.allclose(whole[row : row + 1], alone)


@pytest.mark.parametrize("operation", [o for o in STRUCTURAL if o.rule is not None], ids=repr)
def test_the_textbooks_rule_is_the_bodys(operation: Structural) -> None:
    for k in range(len(operation.samples)):
        values, options = arrays(operation, k, 0)
        y = operation.value(xp, options, *values)
        g = np.random.default_rng(1).normal(size=np.shape(y))
        assert np.allclose(operation.rule(xp, options, g, y), operation.vjps[0](xp, options, g, y, *values))


@pytest.mark.parametrize("operation", ELEMENTWISE, ids=repr)
def test_elementwise_traits(operation: Elementwise) -> None:
    for point in operation.samples:
        value = float(operation.value(xp, *map(np.float64, point)))
        if operation.picks:
            assert value in point
        if operation.signs is not None:
            assert value == pytest.approx(sum(s * x for s, x in zip(operation.signs, point, strict=True)))
        if operation.probability:
            assert 0.0 <= value <= 1.0
    flat = operation.textbook[0] == "0" and not operation.stops and not operation.selects
    assert operation.staircase == flat


def test_a_loss_applies_what_there_is_and_variants_are_operations() -> None:
    for operation in TABLE.values():
        meant = [name for variants in operation.variants.values() for name in variants.values()]
        assert {*meant, *operation.applies} <= set(TABLE)


def test_signs_before_an_argument_are_unary_operations() -> None:
    before: list[Operation] = [o for o in TABLE.values() if o.prefix]
    assert sorted(o.prefix for o in before) == ["-", "~"]
    assert all(len(o.arguments) == 1 and o.formula == f"{o.prefix}z" for o in before if isinstance(o, Elementwise))
