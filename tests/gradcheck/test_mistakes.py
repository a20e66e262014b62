"""The table of mistakes: what each row makes of a right gradient, and who has words for it."""

from __future__ import annotations

import string
from typing import Any

import numpy as np
import pytest

from backpropcli.gradcheck.external.rules import SLIPS, USUAL
from backpropcli.gradcheck.mistakes import arrays, table
from backpropcli.gradcheck.mistakes.mutations import mistaken
from backpropcli.gradcheck.mistakes.table import Mistake, Right, explaining
from backpropcli.gradcheck.network.faults import KINDS
from backpropcli.ops.table import TABLE

ROWS = [row for module in (table, arrays) for row in vars(module).values() if isinstance(row, Mistake)]
EVERY = [*dict.fromkeys(row.name for row in ROWS)]
MATRIX = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 10.0]])
NUMBER = Right(6.0, 5.0, (2.0, 7.0), (0.5, 0.25), (1.0, 1.75))
ONE_WAY = Right(6.0, 5.0, (2.0,), (3.0,), (6.0,))
ARRAY = Right(MATRIX, 2.0 * MATRIX, other=MATRIX + 11.0, off=[(0, 1), (2, 0)])


def made(row: Mistake[Any], right: Right) -> list[Any]:
    return [wrong.number for wrong in row.wrong(right)]


@pytest.mark.parametrize("name", EVERY)
def test_a_mistake_changes_what_is_right_wherever_it_fits(name: str) -> None:
    row = next(row for row in ROWS if row.name == name)
    numbers = [(right.number, wrong) for right in (NUMBER, ONE_WAY, ARRAY) for wrong in made_where_it_can(row, right)]
    assert numbers
    assert all(not np.array_equal(right, wrong) for right, wrong in numbers)


def made_where_it_can(row: Mistake[Any], right: Right) -> list[Any]:
    """Rows of arrays are about arrays alone."""
    if row in vars(arrays).values() and row not in vars(table).values() and not np.ndim(right.number):
        return []
    return [wrong for wrong in made(row, right) if wrong is not None]


@pytest.mark.parametrize(
    ("row", "right", "numbers"),
    [
        (table.ZERO, NUMBER, [0.0]),
        (table.SIGN, NUMBER, [-6.0]),
        (table.TWICE, NUMBER, [12.0]),
        (table.HALF, NUMBER, [3.0]),
        (table.VALUE, NUMBER, [5.0]),
        (table.ONE_PATH, NUMBER, [1.0, 1.75]),
        (table.PATH_MISSING, NUMBER, [5.0, 4.25]),
        (table.UPSTREAM_ALONE, NUMBER, [2.0, 7.0]),
        (table.LOCAL_ALONE, NUMBER, [0.5, 0.25]),
        (table.ADDED, ONE_WAY, [5.0]),
        (table.OWN_VALUE, ONE_WAY, [10.0]),
        # What does not fit makes nothing of what is right.
        (table.ONE_PATH, ONE_WAY, []),
        (table.ADDED, NUMBER, []),
        (table.TRANSPOSED, NUMBER, []),
        (table.TRANSPOSED, Right(MATRIX[:2]), []),
        (table.ANOTHER, NUMBER, []),
    ],
)
def test_what_a_mistake_makes_of_a_gradient(row: Mistake[Any], right: Right, numbers: list[float]) -> None:
    assert made(row, right) == numbers


def test_matrices_are_laid_out_otherwise() -> None:
    wide = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert [w.tolist() for w in made(table.TRANSPOSED, Right(MATRIX))] == [MATRIX.T.tolist()]
    assert [w.tolist() for w in made(table.READ_OUT, Right(wide))] == [[[1.0, 4.0, 2.0], [5.0, 3.0, 6.0]]]
    assert [w.tolist() for w in made(table.FILLED, Right(wide))] == [[[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]]]
    assert [w.tolist() for w in made(arrays.REVERSED, Right(wide))] == [wide[::-1].tolist(), wide[:, ::-1].tolist()]


def test_the_mistakes_that_lead_to_a_number_come_in_their_order() -> None:
    rows = (*table.LEARNERS, *table.LEARNERS_ONLY)
    found = [(row.name, wrong.about.get("path")) for row, wrong in explaining(rows, ONE_WAY, lambda x: x in (3.0, 5.0))]
    assert found == [("local", 0), ("added", None), ("value", None), ("half", None)]


def test_each_reader_has_words_for_its_rows() -> None:
    assert all(row.told for row in (*table.LEARNERS, *table.LEARNERS_ONLY, table.TRANSPOSED))
    assert all(row.fault for row in KINDS.values())
    assert all(row.rule for row in (*USUAL, *SLIPS, table.ZERO, table.SIGN, table.TWICE, table.HALF))
    fields = {field for row in (*USUAL, *SLIPS) for _, field, _, _ in string.Formatter().parse(row.rule) if field}
    assert "over" not in fields  # it stands before the words


def test_an_operation_makes_a_mistake_where_it_fits_and_stays_right_where_it_does_not() -> None:
    product = mistaken(TABLE["multiply"], [1], table.SIGN)
    xp: Any = None
    assert [body(xp, 6.0, 2.0, 3.0) for body in product.partials] == [3.0, -2.0]  # type: ignore[attr-defined]
    assert TABLE["multiply"].partials[1](xp, 6.0, 2.0, 3.0) == 2.0  # type: ignore[attr-defined]
    turned = mistaken(TABLE["multiply"], [0], table.READ_OUT)
    assert turned.partials[0](xp, 6.0, 2.0, 3.0) == 3.0  # type: ignore[attr-defined]
