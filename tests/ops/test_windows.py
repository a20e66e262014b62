"""Windows: samples against several oracles, PyTorch's values and gradients, errors that say what would fit."""

from __future__ import annotations

import pytest
from structural_oracles import cases, check_all, check_precise, check_stacked, name_case

from backpropcli.ops.windows import (
    avg_pools,
    convolution,
    interpolation,
    max_pools,
    patches,
    shuffles,
    transposed,
)

MODULES = (convolution, transposed, max_pools, avg_pools, patches, shuffles, interpolation)
OPERATIONS = tuple(operation for module in MODULES for operation in module.OPERATIONS)
CASES = cases(OPERATIONS)
OP = {operation.name: operation for operation in OPERATIONS}


@pytest.mark.parametrize("case", CASES, ids=name_case)
def test_every_sample(case):
    check_all(case)


@pytest.mark.parametrize("case", CASES, ids=name_case)
def test_stacked_copies(case):
    check_stacked(case, (2,))


@pytest.mark.parametrize("name", ["conv2d", "max_pool2d", "avg_pool2d"])
def test_stacked_in_fifty_digits(name):
    check_precise(next(case for case in CASES if case[0].name == name), (2,))
