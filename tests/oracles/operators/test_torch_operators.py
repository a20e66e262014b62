"""PyTorch's own samples of its operators, as formulas: the same values and vector-Jacobian products, or a refusal."""

from __future__ import annotations

from typing import Any

import pytest
from comparing import Outcome, compared, tally

torch = pytest.importorskip("torch", reason="PyTorch is not on this machine")
from torch_samples import database, samples  # noqa: E402  # they read PyTorch's table

HELD = 350
"""So many variants agree with all of their samples; it only rises."""
LOOSER = {"nn.functional.hardsigmoid": 1e-6}
"""Where PyTorch itself keeps a constant in single precision."""


def outcomes(variant: Any, most: int | None = None) -> list[Outcome]:
    """What came of the samples; where the first dozen is missing, the rest is not asked for, nor more than a hundred of
    a variant that misses some: it is not whole.
    """
    rtol = LOOSER.get(variant.full_name, 1e-9)
    found: list[Outcome] = []
    for sample in samples(variant, most):
        found.append(sample if isinstance(sample, Outcome) else compared(sample, rtol))
        if len(found) == 12 and all(outcome.kind == "missing" for outcome in found):
            break
        if len(found) >= 100 and any(outcome.kind == "missing" for outcome in found):
            break
    return found


def whole(found: list[Outcome]) -> bool:
    kinds = [outcome.kind for outcome in found]
    return "agrees" in kinds and set(kinds) <= {"agrees", "foreign"}


def test_a_few_samples_of_some_variants() -> None:
    found = {v.full_name: outcomes(v, 3) for v in database()[::20]}
    assert not [(name, o) for name, all_of in found.items() for o in all_of if o.kind == "differs"]
    assert sum(map(whole, found.values())) >= 6


@pytest.mark.slow
def test_every_variant(capsys: pytest.CaptureFixture[str]) -> None:
    found = {v.full_name: outcomes(v) for v in database()}
    agree = [name for name, all_of in found.items() if whole(all_of)]
    with capsys.disabled():
        print(f"\n{len(agree)} of {len(found)} variants agree with all of their samples. Missing, by reason:")
        print(tally({name: all_of for name, all_of in found.items() if name not in agree})[:6000])
    assert not [(name, o) for name, all_of in found.items() for o in all_of if o.kind == "differs"]
    assert len(agree) >= HELD
