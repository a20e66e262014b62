"""A few seconds of nonsense in CI; `make fuzz` goes on for an hour."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz.harness import call, fault
from tests.fuzz.strategies import Case, cases

FEW = 250
PATIENCE = 60.0
"""Seconds that one call may take on a machine with other work."""


@pytest.mark.slow
@settings(max_examples=FEW, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_whatever_is_typed_has_an_orderly_end(case: Case) -> None:
    assert fault(case, PATIENCE) == ""


def test_the_harness_sees_what_it_looks_for() -> None:
    """That a fault is found where there is one: a bug, a warning, a control character, a line for CI."""
    import warnings
    from unittest.mock import patch

    import tests.fuzz.harness as harness

    def acting(status: int, out: str = "", err: str = "", warn: bool = False) -> str:
        def main(words: list[str]) -> int:
            if warn:
                warnings.warn("divide by zero", RuntimeWarning, stacklevel=2)
            print(out, end="")
            if err:
                import sys

                print(err, end="", file=sys.stderr)
            return status

        with patch.object(harness, "main", main):
            return fault(Case({}, ["run"]))

    assert acting(0, "J = 2\n") == ""
    said = "error: a bug in backprop: KeyError: 2\n  backpropcli/ops/x.py:3, in f"
    assert acting(70, err=said).startswith("status 70 backpropcli/ops/x.py:3")
    assert "status 130" in acting(130)
    assert "control character" in acting(0, "\x1b[2J")
    assert "CI obeys" in acting(2, err="error: x\n  ::error::y")
    assert "noise" in acting(0, err="RuntimeWarning: divide")
    assert "without a word" in acting(2)
    try:
        acting(0, warn=True)
    except RuntimeWarning:
        pass
    else:
        raise AssertionError("a warning went unnoticed")


def test_a_call_leaves_nothing_behind() -> None:
    import os
    import sys

    before = os.getcwd(), sys.stdin, set(os.listdir())
    status, out, _ = call(Case({"net.yaml": b"parameters: {w: 2}\nnodes: {J: w**2}"}, ["run", "net.yaml"]), 60)
    assert (status, (os.getcwd(), sys.stdin, set(os.listdir()))) == (0, before)
    assert "dJ/d(name)" in out
