"""Operations that NumPy has beside the usual ones: every sample against complex steps, differences, 50 digits."""

from __future__ import annotations

import pytest
from structural_oracles import cases, check_all, check_stacked, name_case

from backpropcli.ops.linear import convolutions, neighbours, solving
from backpropcli.ops.reductions import sorting, statistics
from backpropcli.ops.shapes import padding, taking, windows
from backpropcli.ops.table import TABLE

MODULES = (neighbours, padding, solving, sorting, statistics, windows, convolutions)
OPERATIONS = (
    *(operation for module in MODULES for operation in module.OPERATIONS),
    *taking.OPERATIONS,
    *(
        TABLE[name]
        for name in (
            "cumprod",
            "cross",
            "tensordot",
            "kron",
            "column_stack",
            "dstack",
            "append",
            "rot90",
            "rollaxis",
            "atleast_1d",
            "atleast_2d",
            "atleast_3d",
            "full_like",
            "einsum",
        )
    ),
)
CASES = cases(OPERATIONS)


@pytest.mark.parametrize("case", CASES, ids=name_case)
def test_every_sample(case):
    check_all(case)


@pytest.mark.slow
@pytest.mark.parametrize("lead", [(2,), (2, 3), (1,)])
@pytest.mark.parametrize("case", CASES, ids=name_case)
def test_stacked_copies(case, lead):
    check_stacked(case, lead)
