"""Where digits go, in sentences and in JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.notation.numbers import Precision, apart, component_name

if TYPE_CHECKING:
    from backpropcli.gradcheck import Report
    from backpropcli.gradcheck.precision.cause import Lost
    from backpropcli.gradcheck.precision.warning import Spoiled

MOST = 3
"""So many steps are told of."""


def lost_sentences(report: Report) -> Iterator[str]:
    """A sentence or two a step: `Digits go in J, at 1 - 0.999999995: about 8 of 16 are left.`, and what keeps them."""
    yield from (sentence(lost, report.of) for lost in report.lost[:MOST])


def sentence(lost: Lost, of: str) -> str:
    """One step, and the form that keeps what it loses."""
    leak = lost.leak
    if leak is None:
        name = component_name(f"d{of}/d{lost.name}", lost.index)
        return f"No step loses digits: what comes back to {name} on several ways cancels."
    at = f", at {whole(leak.shown)}" if leak.shown else f", in its {leak.operation}"
    left = f"about {leak.left} of 16 are left" if leak.left else "none of 16 is left"
    text = f"Digits go in {leak.node}{at}: {left}." if leak.finite else f"{leak.node} leaves float64's range{at}."
    if leak.instead:
        also = ", and the gradient its own" if leak.helps else ", though not the gradient all of its own"
        node = leak.old.isidentifier()
        form = f"{leak.old} = {leak.instead}" if node else leak.instead
        text += f" {whole(form)}{'' if node else f' for {whole(leak.old)}'} keeps them{also}."
    return text


def whole(formula: str) -> str:
    """A formula that no line is broken in."""
    return formula.replace(" ", "\xa0")


def spoiled_note(spoiled: Sequence[Spoiled], lost: Sequence[Lost], of: str, precision: Precision) -> str:
    """What a run says of gradients that it printed wrong: which, what they should be, where the digits go."""
    shown = [
        f"{component_name(f'd{of}/d{s.name}', s.index)} = {precision.show(s.printed)} should be "
        f"{apart(precision, s.printed, s.reliable).show(s.reliable)}"
        for s in spoiled[:MOST]
    ]
    more = f", and {len(spoiled) - MOST} more" if len(spoiled) > MOST else ""
    words = " ".join(sentence(one, of) for one in lost[:1])
    return f"note: float64 has lost digits: {', '.join(shown)}{more}. {words}".replace("\xa0", " ").rstrip()


def lost_fields(report: Report) -> list[dict[str, Any]]:
    """The same for JSON."""
    return [
        {
            "name": lost.name,
            "index": list(lost.index),
            **(
                {}
                if lost.leak is None
                else {
                    "node": lost.leak.node,
                    "operation": lost.leak.operation,
                    "at": lost.leak.shown,
                    "digits": lost.leak.left,
                    "instead": lost.leak.instead or None,
                    "for": lost.leak.old or None,
                    "helps": lost.leak.helps,
                }
            ),
        }
        for lost in report.lost
    ]
