"""ONNX's tests of its operators, as formulas: the same values, or a refusal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from comparing import Outcome, compared, tally

onnx = pytest.importorskip("onnx", reason="onnx is not on this machine")
from onnx_nodes import cases, translated  # noqa: E402  # they read ONNX's tests

HELD = 1200
"""So many tests agree; it only rises."""
EPSILON = {"float16": 2.0**-10, "bfloat16": 2.0**-7}
"""How coarse numbers are that ONNX's test has rounded after every operation, and nothing here does."""


def outcome(case: Any) -> Outcome:
    found = translated(case)
    if isinstance(found, Outcome):
        return found
    coarsest = max(EPSILON.get(np.asarray(value).dtype.name, 0.0) for value in found.values)
    return compared(found, max(case.rtol, 2 * coarsest), max(case.atol, coarsest / 2))


def test_a_few_tests() -> None:
    found = {case.name: outcome(case) for case in cases()[::40]}
    assert not [(name, o) for name, o in found.items() if o.kind == "differs"]
    assert sum(o.kind == "agrees" for o in found.values()) >= 10


@pytest.mark.slow
def test_every_test(capsys: pytest.CaptureFixture[str]) -> None:
    found = {case.name: outcome(case) for case in cases()}
    agree = sum(o.kind == "agrees" for o in found.values())
    with capsys.disabled():
        print(f"\n{agree} of {len(found)} tests agree. Missing, by reason:")
        print(tally({name: [o] for name, o in found.items()})[:4000])
    assert not [(name, o) for name, o in found.items() if o.kind == "differs"]
    assert agree >= HELD
