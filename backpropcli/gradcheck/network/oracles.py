"""Independent oracles side by side: four of them, which share neither rule nor method."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, get_args

from backpropcli.errors import UsageError
from backpropcli.gradcheck.acceptance import agrees, sharp
from backpropcli.gradcheck.differences import UNKNOWN, Slope
from backpropcli.gradcheck.network.level_differences import constant
from backpropcli.gradcheck.precision.multiprecision import PRECISE, WORK, Digits
from backpropcli.gradcheck.report import Opinion, Oracle, Reason, Row, Verdict
from backpropcli.gradcheck.tolerances import MARGIN, UNDERFLOWN, UNIT
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.gradcheck.network.judge import Judge
    from backpropcli.gradcheck.point.point import Component, Point

ORACLES: tuple[Oracle, ...] = get_args(Oracle)
KNOWN: dict[str, Oracle] = {
    **{oracle: oracle for oracle in ORACLES},
    "difference": "differences",
    "numerical": "differences",
    "complex-step": "complex",
    "sympy": "symbolic",
    "mpmath": "digits",
}
"""The oracles by name, and by other words for them."""
RESIDUE = 64.0 * UNIT
"""A complex step that is so small beside the gradients on its way may be what rounding leaves of 0."""
SYMBOLIC_DIGITS = (40, 100, 250, 700)
"""Digits for the numbers that are put into SymPy's derivatives, until two of them in a row agree."""

Heard = tuple[Slope, str]
"""What an oracle answers: a slope, or why it has none."""


def oracles(words: str) -> tuple[Oracle, ...]:
    """The oracles that `--against` names: `complex`, `symbolic,digits`, `all`. UsageError for an unknown one."""
    found: dict[Oracle, None] = {}
    for word in (w.strip() for w in words.split(",")):
        if word == "all":
            found.update(dict.fromkeys(ORACLES))
        elif word in KNOWN:
            found[KNOWN[word]] = None
        else:
            near = did_you_mean(word, [*ORACLES, "all"])
            raise UsageError(f"--against {word}: expected {', '.join(ORACLES)} or all{near}")
    return tuple(o for o in ORACLES if o in found)


def with_oracles(
    judge: Judge, components: Sequence[Component], rows: Sequence[Row], which: Sequence[Oracle]
) -> list[Row]:
    """The rows with the opinions of these oracles, and the verdict that follows from them."""
    ask = [k for k, row in enumerate(rows) if row.method != "none" and row.reason not in ("corner", "jump")]
    answers: dict[tuple[int, Oracle], Heard] = {}
    for oracle in which:
        heard = HEARINGS[oracle](judge, [components[k] for k in ask]) if ask else []
        answers.update({(k, oracle): answer for k, answer in zip(ask, heard, strict=True)})
    found = []
    for k, (c, row) in enumerate(zip(components, rows, strict=True)):
        opinions = tuple(_opinion(judge, c, row, oracle, answers.get((k, oracle))) for oracle in which)
        found.append(_merged(row, opinions))
    return found


def _opinion(judge: Judge, c: Component, row: Row, oracle: Oracle, heard: Heard | None) -> Opinion:
    if heard is None and row.reason in ("corner", "jump"):
        return Opinion(oracle, math.nan, math.inf, "unsure", f"the slope has two sides here: {row.note}")
    if heard is None and row.reason == "nonfinite":
        return Opinion(oracle, math.nan, math.inf, "unsure", row.note)
    n, why = heard or (Slope(0.0, 0.0), "")
    if why:
        return Opinion(oracle, n.value, n.error, "unsure", why)
    if not math.isfinite(n.value):
        return Opinion(oracle, n.value, n.error, "unsure", "it has no finite number here")
    if c.backprop == 0.0 == n.value or (sharp(c.backprop, n) and agrees(c.backprop, n, judge.tolerance)):
        return Opinion(oracle, n.value, n.error, "pass")
    if sharp(c.backprop, n) or not math.isfinite(c.backprop):
        return Opinion(oracle, n.value, n.error, "fail")
    size = f"{n.value:.1g} ± {n.error:.1g}"
    return Opinion(oracle, n.value, n.error, "unsure", f"it is not sharp enough here ({size})")


def _merged(row: Row, opinions: tuple[Opinion, ...]) -> Row:
    """The verdict of those that could judge. On corners, and where only digits are lost, the check's own stands."""
    row = row._replace(opinions=opinions)
    if row.verdict == "fail" or row.reason in ("corner", "jump", "digits"):
        return row
    said = {o.verdict for o in opinions} - {"unsure"}
    verdict: Verdict
    reason: Reason
    if not said:
        verdict, reason, note = "unsure", "unsettled", next((f"{o.oracle}: {o.why}" for o in opinions), "")
    elif len(said) > 1:
        against = " and ".join(o.oracle for o in opinions if o.verdict == "fail")
        verdict, reason, note = "unsure", "disagreement", f"{against}: not what the others say"
    elif "fail" in said:
        verdict, reason, note = "fail", "rule", row.note
    else:
        verdict, reason, note = "pass", "" if row.reason == "unsettled" else row.reason, row.note
        note = "" if row.reason == "unsettled" else note
    return row._replace(verdict=verdict, reason=reason, note=note)


# The oracles.


def differences(judge: Judge, components: Sequence[Component]) -> list[Heard]:
    """Romberg's extrapolation of central differences, at a step that suits each component."""
    found: list[Heard] = []
    for c, search in zip(components, judge.differences.searches(components), strict=True):
        n = search.best
        why = ""
        if search.cornered:
            why = "a corner is nearer than its narrowest step"
        elif not math.isfinite(n.value):
            why = "the loss is not finite around this point"
        elif c.backprop == 0.0 and abs(n.value) <= MARGIN * n.error and not constant(judge.point, c):
            why = f"it cannot tell this slope from 0 (± {n.error:.1g})"
        found.append((n, why))
    return found


def complex_step(judge: Judge, components: Sequence[Component]) -> list[Heard]:
    """The imaginary part of the loss at x + 1e-30i: as exact as float64 is on the way."""
    from backpropcli.gradcheck.large.complex_steps import IN_RANGE, LEAST, complex_slopes

    slopes = complex_slopes(judge.point, components)
    nothing = [k for k, n in enumerate(slopes) if n.value == 0.0]
    again = complex_slopes(judge.point, [components[k] for k in nothing], IN_RANGE)
    for k, n in zip(nothing, again, strict=True):
        slopes[k] = Slope(n.value, LEAST / IN_RANGE)
    return [(n, _unable(judge, c, n)) for c, n in zip(components, slopes, strict=True)]


def _unable(judge: Judge, c: Component, n: Slope) -> str:
    """Why a complex step tells nothing; empty where it does."""
    if not judge.context.clean(c):
        return "float64 loses too many digits on the way to the loss"
    if c.backprop == 0.0 < abs(n.value) <= RESIDUE * judge.context.rounding.beside(c):
        return f"it cannot tell this slope from 0 ({n.value:.1g})"
    return ""


def digits(judge: Judge, components: Sequence[Component]) -> list[Heard]:
    """Central differences at 50 digits or more."""
    worker, left = judge.context.rounding.digits, WORK
    found: list[Heard] = []
    for c in components:
        left -= judge.point.entries()
        if left <= 0:
            found.append((UNKNOWN, "the network is too large for so many digits"))
        else:
            found.append(_at_digits(worker, c))
    return found


def _at_digits(worker: Digits, c: Component) -> Heard:
    n = UNKNOWN
    for many in PRECISE:
        seen = worker.exact(c, many)
        n = seen.rounded
        if seen.tells(max(abs(c.backprop), abs(seen.slope))):
            return n, "the slope has two sides here" if seen.two_sided else ""
    if abs(n.value) <= MARGIN * n.error and n.error < UNDERFLOWN:
        return Slope(0.0, n.error), ""
    return n, ""


def symbolic(judge: Judge, components: Sequence[Component]) -> list[Heard]:
    """SymPy's derivatives of the textbook formulas, node by node, the numbers put in at 40 digits or more."""
    from backpropcli.symbolic import SymbolicError, gradients

    point: Point = judge.point
    names = list(dict.fromkeys(c.name for c in components))
    try:
        at = gradients(point.graph, point.values, point.of, names, point.seed)
        rough = at(SYMBOLIC_DIGITS[0])
        found: dict[Component, Slope] = {}
        for many in SYMBOLIC_DIGITS[1:]:
            fine = at(many)
            for c in components:
                if c not in found:
                    a, b = rough[c.name][c.flat], fine[c.name][c.flat]
                    if not abs(b - a) > 1e-20 * abs(b):
                        found[c] = Slope(float(b), float(abs(b - a)) + UNIT * abs(float(b)))
            if len(found) == len(components):
                break
            rough = fine
    except SymbolicError as error:
        return [(UNKNOWN, error.message)] * len(components)
    unsettled = f"its number has not settled after {SYMBOLIC_DIGITS[-1]} digits"
    return [(found[c], "") if c in found else (UNKNOWN, unsettled) for c in components]


HEARINGS: dict[Oracle, Callable[[Judge, Sequence[Component]], list[Heard]]] = {
    "differences": differences,
    "complex": complex_step,
    "symbolic": symbolic,
    "digits": digits,
}
