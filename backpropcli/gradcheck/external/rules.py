"""The table of mistakes in the rule of one step, the usual ones first.

What each makes of a `Step` is its operation with the mistake; `about["over"]` is what theirs/right is in letters, where
the mistake is in one factor: `1/(1 - a1)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.gradcheck.external import array_rules as arrays
from backpropcli.gradcheck.external import local_derivatives as local

if TYPE_CHECKING:
    from backpropcli.gradcheck.external.edges import Step
    from backpropcli.gradcheck.mistakes.table import Mistake
    from backpropcli.ops.definition import Operation

USUAL: tuple[Mistake[Step], ...] = (
    local.FACTOR_MISSING,
    local.FACTOR_TWICE,
    local.LOCAL_MISSING,
    local.LOCAL_TWICE,
    local.AT_VALUE,
    local.AT_ARGUMENT,
    arrays.UNTRANSPOSED,
    arrays.TURNED,
    arrays.ENTRY_ALONE,
    arrays.WITHOUT_SUM,
    arrays.PASSED_ON,
)
"""A factor of a local derivative left out, a wrong point, no transpose."""
SLIPS: tuple[Mistake[Step], ...] = (
    local.NEARLY,
    local.OF_ANOTHER,
    arrays.UPSTREAM_TURNED,
    arrays.ANOTHER_AXIS,
    arrays.KEPT_LAST,
    arrays.AVERAGED,
    arrays.ONE_EXAMPLE,
)
"""A formula nearly right, another axis, = for +=, one example alone: looked for where nothing usual fits."""


class Change(NamedTuple):
    """A step's operation with a mistake in it: the whole sentence about it, and what theirs/right is in letters."""

    operation: Operation
    what: str
    over: str = ""


def changes(step: Step, mistakes: Iterable[Mistake[Step]]) -> Iterator[Change]:
    """The step with each of these mistakes."""
    for mistake in mistakes:
        for wrong in mistake.wrong(step):
            yield Change(wrong.number, mistake.rule.format(**wrong.about), wrong.about.get("over", ""))
