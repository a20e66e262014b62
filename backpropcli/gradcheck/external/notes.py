"""What there is to say of how external gradients were judged, only where it matters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from backpropcli.gradcheck.external.judgement import ON_CORNER, OWN_LOST, ROUNDING, TOLERANCE16, Entry
from backpropcli.gradcheck.tolerances import TOLERANCE, TOLERANCE32

if TYPE_CHECKING:
    from backpropcli.language.data.precision import Precision


def tolerance(precision: Precision, single: bool = False) -> float:
    """How far off a number of such a file may be: relative, but for fixed decimals absolute."""
    if precision.kind == "decimals":
        return 0.5 * 10.0**-precision.count
    if precision.kind == "float16":
        return TOLERANCE16
    least = TOLERANCE32 if single or precision.kind == "float32" else TOLERANCE
    return max(least, 5.0 * 10.0**-precision.count) if precision.kind == "digits" else least


def notes(source: str, precision: Precision, entries: Sequence[Entry], single: bool) -> Iterator[str]:
    """Sentences about the judgement of these entries; `single`: they were judged as single precision."""
    if any(e.note == OWN_LOST for e in entries):
        yield "float64 lost some of backprop's own numbers, so theirs were judged by 50 digits there."
    if any(e.right != e.backprop and e.note != OWN_LOST for e in entries):
        yield (
            "backprop's own gradient failed its check where the network's hand-derived rule is wrong, so theirs was "
            "judged by the numerical opinion there."
        )
    if any(map(_needed_tolerance, entries)) and any(e.verdict != "pass" for e in entries):
        yield from _sharper(source, precision, f"{tolerance(precision, single):.0e}".replace("e-0", "e-"))
    if single and precision.kind != "float32":
        yield (
            f"{source} is as far off as single precision is, so it was judged to {TOLERANCE32:.0e}. "
            "Double precision makes the check sharper."
        ).replace("e-0", "e-")
    cornered = sum(e.note.startswith(ON_CORNER) for e in entries)
    if cornered:
        yield (
            f"{cornered} of theirs differ{'s' if cornered == 1 else ''} from backprop's where the network is on a "
            "corner, and lie" + ("s" if cornered == 1 else "") + " between the slopes of its two sides: as right."
        )


def _needed_tolerance(e: Entry) -> bool:
    """Whether an entry would have failed in a file of double precision."""
    off = abs(e.theirs - e.right) > TOLERANCE * max(abs(e.theirs), abs(e.right))
    return off and e.verdict != "fail" and e.note != ROUNDING


def _sharper(source: str, precision: Precision, limit: str) -> Iterator[str]:
    """How far numbers of few digits could be off and still pass, and what would make the check sharper."""
    if precision.kind == "digits":
        default = " (a C++ stream's default)" if precision.count == 6 else ""
        digits = f"{precision.count} significant digit{'s' if precision.count > 1 else ''}"
        yield (
            f"{source} has at most {digits}{default}, so it was judged to {limit}. "
            "std::setprecision(17) makes the check sharper."
        )
    elif precision.kind == "decimals":
        yield (
            f"{source} has {precision.count} decimals, so it was judged to ± {limit}. Significant digits "
            "(%.17g) make the check sharper."
        )
    elif precision.kind in ("float16", "float32"):
        yield f"{source} is in {precision.kind}, so it was judged to {limit}. float64 makes the check sharper."
