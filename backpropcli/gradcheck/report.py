"""What a check found: one row a component, the verdict over all, and how sharp it was."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from backpropcli.errors import Place

Verdict = Literal["pass", "fail", "unsure"]
Reason = Literal["", "corner", "jump", "nonfinite", "digits", "rule", "unsettled"]
"""Beside a verdict: the point is on a corner or a jump of an operation; a value or gradient is NaN or infinite; the
rule is right but float64 loses its digits; the rule is wrong; it could not be settled."""
Method = Literal["difference", "complex step", "50 digits", "local derivatives", "none"]


class Row(NamedTuple):
    """One component of one gradient.

    `index` is () for a plain number. `numerical` ± `bound` is the independent opinion (with a step given: the plain
    difference at that step and that step's own error; `above` and `below` are then the loss at p + eps and p - eps).
    On a corner `left` and `right` are the slopes on either side. `reason` is one word, `node` the node it is about,
    `note` the same as a sentence. `method` is the rung of the ladder that decided.
    """

    name: str
    index: tuple[int, ...]  # type: ignore[assignment]  # shadows tuple.index
    backprop: float
    numerical: float
    bound: float
    verdict: Verdict
    reason: Reason = ""
    node: str = ""
    note: str = ""
    method: Method = "difference"
    left: float | None = None
    right: float | None = None
    above: float | None = None
    below: float | None = None
    sees: float | None = None

    @property
    def label(self) -> str:
        """The component's name as one would index it: `w`, `W[1, 0]`."""
        return f"{self.name}[{', '.join(map(str, self.index))}]" if self.index else self.name


class Claim(NamedTuple):
    """One expected number (or array) against what backprop got: `key` is a node's name or `dJ/dw1`.

    For an array, `yours`, `got`, `off` and `index` are those of the entry that is furthest off, `wrong` of `size`
    entries are wrong. `diagnosis` guesses the slip. `numerical` ± `bound` where the check has its own opinion.
    """

    key: str
    yours: float
    got: float
    tolerance: float
    verdict: Verdict
    index: tuple[int, ...] = ()  # type: ignore[assignment]
    wrong: int = 0
    size: int = 1
    diagnosis: str = ""
    numerical: float | None = None
    bound: float | None = None
    text: str = ""
    place: Place | None = None

    @property
    def off(self) -> float:
        """How far the expected number is from what backprop got."""
        return abs(self.yours - self.got)


class Culprit(NamedTuple):
    """The first operation whose local derivative is wrong, in order of evaluation.

    `label` is the step (`a2`, or `a2.1` inside its formula), `argument` the argument's name, `at` the arguments'
    values there, `says` what its rule gives, `slope` ± `error` what its values give. `path` leads to the node in the
    spec.
    """

    node: str
    label: str
    operation: str
    argument: str
    at: tuple[tuple[str, float], ...]
    says: float
    slope: float
    error: float
    path: tuple[str | int, ...]
    diagnosis: str = ""


class Report:
    """All rows of a check of the node `of`, whose value here is `loss` (a float, or an array with `upstream`)."""

    def __init__(
        self,
        of: str,
        loss: Any,
        rows: Iterable[Row],
        *,
        claims: Iterable[Claim] = (),
        culprit: Culprit | None = None,
        eps: float | None = None,
        difference: str = "central",
    ) -> None:
        self.of = of
        self.loss = loss
        self.rows = tuple(rows)
        self.claims = tuple(claims)
        self.culprit = culprit
        self.eps = eps
        self.difference = difference

    def count(self, verdict: Verdict) -> int:
        """How many components have this verdict."""
        return sum(row.verdict == verdict for row in self.rows)

    @property
    def wrong_claims(self) -> int:
        """How many expected numbers are wrong."""
        return sum(claim.verdict == "fail" for claim in self.claims)

    @property
    def verdict(self) -> Verdict:
        """`fail` if anything is wrong, else `unsure` if anything could not be judged, else `pass`."""
        verdicts = {row.verdict for row in self.rows} | {claim.verdict for claim in self.claims}
        return "fail" if "fail" in verdicts else "unsure" if "unsure" in verdicts else "pass"

    @property
    def status(self) -> int:
        """The exit status that says the same: 1, 3 or 0."""
        return {"fail": 1, "unsure": 3, "pass": 0}[self.verdict]

    @property
    def power(self) -> float | None:
        """The smallest relative error that would have been caught in every component that passed.

        Components whose gradient is 0 (nothing is relative to that) or that stand on a corner are left out; None
        where no other is left.
        """
        return max((row.sees for row in self.rows if row.verdict == "pass" and row.sees is not None), default=None)
