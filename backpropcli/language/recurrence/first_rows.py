"""Rows that a formula takes by their number, of arrays that begin with t = 1: the number is not the time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from backpropcli.language.formula.show import show
from backpropcli.language.formula.tree import Expression, Index, Name, Number, Slice, postorder

if TYPE_CHECKING:
    from backpropcli.language.recurrence.span import Rows
    from backpropcli.language.recurrence.timed import Timed


def notes(tree: Expression, rows: Mapping[str, Rows], nodes: Mapping[str, Timed]) -> Iterator[str]:
    """One sentence for each: `y[1] is the row of t = 2, as y has none of t = 0`."""
    for part in postorder(tree):
        if not isinstance(part, Index) or not isinstance(part.value, Name):
            continue
        name, first = part.value.name, part.items[0]
        own = rows.get(name)
        if own is None or own.origin != 1 or own.counts != 1:
            continue
        letter, begins = nodes[name].letter, isinstance(first, Slice)
        at = first.lower if isinstance(first, Slice) else first
        if isinstance(at, Number) and at.value >= 1:
            is_ = "begins with" if begins else "is"
            yield (
                f"{show(part)} {is_} the row of {letter} = {at.value + 1:g}, since {name} has none of {letter} = 0: "
                f"that of {letter} = 1 is {name}[0]"
            )
