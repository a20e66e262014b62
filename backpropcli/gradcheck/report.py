"""What a check found: one row a component, the verdict over all, and how sharp it was."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from backpropcli.errors import Place
    from backpropcli.gradcheck.external.comparison import Comparison
    from backpropcli.gradcheck.large.sampling import Coverage
    from backpropcli.gradcheck.network.folding import Differing
    from backpropcli.gradcheck.network.points import Points
    from backpropcli.gradcheck.precision.cause import Lost

Verdict = Literal["pass", "fail", "unsure"]
Reason = Literal[
    "",
    "corner",
    "jump",
    "nonfinite",
    "digits",
    "precision",
    "rule",
    "unsettled",
    "disagreement",
    "elsewhere",
]
"""Beside a verdict: the point is on a corner or a jump of an operation; a value or gradient is NaN or infinite; the
rule is right but float64 loses some of its digits (digits), or the number itself (precision); the rule is wrong; it
could not be settled; the oracles that were asked do not agree; it is right here, and wrong at a further point."""
Method = Literal["difference", "complex step", "50 digits", "local derivatives", "none"]


Oracle = Literal["differences", "complex", "symbolic", "digits"]
"""What gradients are compared with: differences at fitting steps, complex steps, SymPy's derivatives, 50 digits."""


def indexed(name: str, index: tuple[int, ...]) -> str:
    """A name, or an entry of it as one would index it: `w`, `W[1, 0]`, `dJ/dW[1, 0]`."""
    return f"{name}[{', '.join(map(str, index))}]" if index else name


class Opinion(NamedTuple):
    """What one oracle says of a component: `value` ± `error`; its verdict on backprop's gradient.

    Where it cannot judge, the verdict is `unsure`, and `why` says why.
    """

    oracle: Oracle
    value: float
    error: float
    verdict: Verdict
    why: str = ""


class Row(NamedTuple):
    """One component of one gradient.

    `index` is () for a plain number. `numerical` ± `bound` is the independent slope (with a step given: the plain
    difference at that step and that step's own error; `above` and `below` are then the loss at p + eps and p - eps).
    On a corner `left` and `right` are the slopes on either side. `reason` is one word, `node` the node it is about,
    `note` the same as a sentence. `method` is the level that decided. `reliable` is what the rule gives at
    50 digits or more, where float64 did not.
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
    opinions: tuple[Opinion, ...] = ()
    reliable: float | None = None

    @property
    def cornered(self) -> bool:
        """Whether there are two slopes, one on each side."""
        return self.left is not None and self.right is not None and self.left != self.right

    @property
    def nearest(self) -> float:
        """The slope that backprop's is to be measured by: on a corner what is nearest of all that lies between."""
        if self.left is None or self.right is None:
            return self.numerical
        low, high = sorted((self.left, self.right))
        return min(max(self.backprop, low), high)

    @property
    def label(self) -> str:
        """The component's name as one would index it."""
        return indexed(self.name, self.index)


class ExpectedNumber(NamedTuple):
    """One expected number (or array) against what backprop got: `key` is a node's name or `dJ/dw1`.

    For an array, `yours`, `got`, `off` and `index` are those of the entry that is furthest off, `wrong` of `size`
    entries are wrong. `diagnosis` guesses the slip. `numerical` ± `bound` where the check has a slope of its own.
    `reliable` is what it was judged against where float64 lost what backprop got.
    """

    key: str
    yours: float
    got: float
    tolerance: float
    verdict: Verdict
    index: tuple[int, ...] = ()  # type: ignore[assignment]  # shadows tuple.index
    wrong: int = 0
    size: int = 1
    diagnosis: str = ""
    numerical: float | None = None
    bound: float | None = None
    text: str = ""
    place: Place | None = None
    reliable: float | None = None

    @property
    def right(self) -> float:
        """The number that it was judged against."""
        return self.got if self.reliable is None else self.reliable

    @property
    def off(self) -> float:
        """How far the expected number is from the right one."""
        return abs(self.yours - self.right)


class Culprit(NamedTuple):
    """The first operation whose local derivative is wrong, in order of evaluation.

    `label` is the step (`a2`, or `a2.1` inside its formula), `argument` the argument's name, `at` the arguments'
    values there, `says` what its rule gives, `slope` ± `error` what its values give. `path` leads to the node in the
    spec, `place` is where the rule is written: a gradient derived by hand, else the node. `alone`: every other
    operation on the way to the loss was judged too, and is right. `entry` is the argument's entry, where it is an
    array. `along` are arguments that share a corner: `says` is then what is passed to all of them together, `slope`
    that along all of them.
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
    place: Place | None = None
    alone: bool = False
    entry: tuple[int, ...] = ()
    along: tuple[str, ...] = ()


class Fault(NamedTuple):
    """A bug that was put into one operation's backward pass on purpose.

    `text` is as it was written (`a1:sign`), `labels` the steps that were broken (`a1`, or `J.2` inside a formula),
    `words` what was done to them, `moves` by how much, relative to the larger, it changes the gradient that it changes
    most (`name`).
    """

    text: str
    labels: tuple[str, ...]
    words: str
    name: str
    moves: float

    def found_by(self, culprit: Culprit | None) -> bool:
        """Whether a culprit is what was broken."""
        return culprit is not None and culprit.label in self.labels


class Report:
    """All rows of a check of the node `of`, whose value here is `loss` (a float, or an array with `upstream`)."""

    def __init__(
        self,
        of: str,
        loss: Any,
        rows: Iterable[Row],
        *,
        expected: Iterable[ExpectedNumber] = (),
        culprit: Culprit | None = None,
        eps: float | None = None,
        difference: str = "central",
    ) -> None:
        self.of = of
        self.loss = loss
        self.rows = tuple(rows)
        self.expected = tuple(expected)
        self.culprit = culprit
        self.eps = eps
        self.difference = difference

    dtype: str = "float64"
    """The format in which backprop ran."""
    judged: str = "backprop"
    """Whose gradients these are: backprop's, or those of a program or a function from outside."""
    size: int | None = None
    """How many numbers the parameters of a program or a function hold; None for a network."""
    against: tuple[Oracle, ...] = ()
    """The oracles that were asked for their opinion beside the check's own."""
    fault: Fault | None = None
    """What was broken on purpose."""
    notes: tuple[str, ...] = ()
    """What else there is to say, a sentence or two each."""
    lost: tuple[Lost, ...] = ()
    """Where digits go, where float64 lost some."""
    shapes: tuple[str, ...] = ()
    """Where shapes met in a way that their author hardly meant, a sentence each."""
    external: Comparison | None = None
    """External gradients beside backprop's, where they were given."""
    points: Points | None = None
    """What was found at further points, where they were asked for."""
    differing: Differing | None = None
    """What backprop itself has otherwise where the network is run: a bug of ours."""
    coverage: Coverage | None = None
    """How much of everything was checked; None where that is not counted."""

    def count(self, verdict: Verdict) -> int:
        """How many components have this verdict."""
        return sum(row.verdict == verdict for row in self.rows)

    @property
    def wrong_expected(self) -> int:
        """How many expected numbers are wrong."""
        return sum(number.verdict == "fail" for number in self.expected)

    def answered(self, row: Row) -> bool:
        """Whether a number that float64 lost was given by the user, who is judged instead: an expected number that is
        right, or external gradients.
        """
        if row.reliable is None or row.verdict != "fail":
            return False
        keys = (f"d{self.of}/d{row.name}", f"d{self.of}/d{row.label}")
        return self.external is not None or any(c.key in keys and c.verdict == "pass" for c in self.expected)

    @property
    def verdict(self) -> Verdict:
        """`fail` if anything is wrong, else `unsure` if anything could not be judged, else `pass`."""
        verdicts = {row.verdict for row in self.rows if not self.answered(row)}
        verdicts |= {number.verdict for number in self.expected}
        if self.external is not None:
            verdicts.add(self.external.verdict)
        if self.coverage is not None and self.coverage.differing:
            verdicts.add("unsure")  # something is wrong somewhere; a row that fails says where
        if self.differing is not None or (self.points is not None and self.points.wrong):
            verdicts.add("fail")
        return "fail" if "fail" in verdicts else "unsure" if "unsure" in verdicts else "pass"

    @property
    def status(self) -> int:
        """The exit status that says the same: 1, 3 or 0; 130 where the check was interrupted."""
        if self.coverage is not None and self.coverage.interrupted:
            return 130
        return {"fail": 1, "unsure": 3, "pass": 0}[self.verdict]

    @property
    def power(self) -> float | None:
        """The smallest relative error that would have been caught in every component that passed.

        Components whose gradient is 0 (nothing is relative to that) or that stand on a corner are left out; None
        where no other is left.
        """
        return max((row.sees for row in self.rows if row.verdict == "pass" and row.sees is not None), default=None)
