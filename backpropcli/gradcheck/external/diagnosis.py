"""Where external gradients go wrong, and which single mistake would give exactly their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.gradcheck.external.case import Case
from backpropcli.gradcheck.external.error_patterns import CLOSE, Shown, gradient_name, patterns
from backpropcli.gradcheck.external.guesses import Explanation, attempted
from backpropcli.gradcheck.external.judgement import ROUNDING
from backpropcli.gradcheck.external.localize import Localization
from backpropcli.gradcheck.external.search import Search
from backpropcli.gradcheck.external.shapes import shape_sentences

if TYPE_CHECKING:
    from backpropcli.engine import Trace
    from backpropcli.gradcheck.external.comparison import Compared, Comparison
    from backpropcli.gradcheck.external.naming import Match, Matched


def diagnose(trace: Trace, found: Comparison, matched: Matched) -> None:
    """Say where the fault is and what it may be, of what failed: sets `where`, `likely` and `sure` of what was found.

    Guesses are made in `attempted` (one that raises is none), so that no diagnosis can end a check.
    """
    if found.loss is not None and _differs(found.loss, found):
        theirs, ours = found.loss
        found.where = (
            f"their loss is {theirs:.10g}, and {trace.of} here is {ours:.10g}: the two forward passes differ, and so "
            "must the gradients. Are the data and the parameters the same (--load)?"
        )
    else:
        _diagnose(trace, found, matched)


def _diagnose(trace: Trace, found: Comparison, matched: Matched) -> None:
    compared = {g.name: g for g in found.gradients}
    shown = [_shown(trace, m, compared[m.name], found) for m in matched.matches]
    # What is not a number says nothing about the rest: it is told apart.
    broken = [s for s in shown if not _finite(s.theirs)]
    sound = [s for s in shown if _finite(s.theirs) and _finite(s.right)]
    wrong, right = [s for s in sound if s.wrong], [s for s in sound if not s.wrong]
    likely = [f"{gradient_name(trace, s.name)} is not a number in {_part(s)}." for s in broken[:1]]
    for m in matched.misshapen:
        likely += attempted(shape_sentences(trace, m, found.tolerance))
    if wrong or broken:
        where = Localization(trace, [s.name for s in (*wrong, *broken)], [s.name for s in right if not s.empty])
        judged_by_own = all(entry.right == entry.backprop for entry in found.components)
        search = Search(Case(trace, where, wrong, right, {m.name: m.key for m in matched.matches}))
        explained = list(attempted(search.explanations())) if wrong and judged_by_own else []
        likely += _in_words(explained) or attempted(patterns(trace, wrong, shown))
        nodes = [node for e in explained[:2] for node in e.nodes]
        found.where = where.sentence(nodes)
        found.sure = where.advice(nodes if where.edges and not set(nodes) <= {e.node for e in where.edges} else ())
    found.likely = tuple(likely)


def _in_words(explained: Sequence[Explanation]) -> list[str]:
    """The most usual of the mistakes, and another one that is as usual."""
    if not explained:
        return []
    first = explained[0]
    others = [e for e in explained[1:] if e.words != first.words and e.rank <= first.rank]
    return [f"{first.words}.", *(f"Or {e.words}." for e in others[:1])]


def _differs(loss: tuple[float, float], found: Comparison) -> bool:
    theirs, ours = loss
    size = max(abs(theirs), abs(ours))
    allowed = max(found.tolerance, CLOSE) * size + found.precision.allows(theirs)
    return not abs(theirs - ours) <= allowed


def _shown(trace: Trace, m: Match, g: Compared, found: Comparison) -> Shown:
    import numpy as np

    right = np.asarray(trace.gradient(m.name), float)
    theirs = np.asarray(m.value, float)
    own = [entry for entry in found.components if entry.name == m.name]
    right = np.array([entry.right for entry in own]).reshape(right.shape)
    slack = 2.0 * np.array([entry.allowed for entry in own]).reshape(right.shape)
    return Shown(m.name, theirs, right, slack, g.wrong > 0, all(entry.note == ROUNDING for entry in own))


def _finite(value: Any) -> bool:
    import numpy as np

    return bool(np.isfinite(value).all())


def _part(s: Shown) -> str:
    import numpy as np

    bad = int((~np.isfinite(s.theirs)).sum())
    return f"{bad} of {s.theirs.size} entries" if s.theirs.size > 1 else "their file"
