"""Of very many times the first and the last are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from backpropcli.explanation.rows import DOTS
from backpropcli.notation.middle import MOST_TIMES, middle
from backpropcli.render.rows import Row

if TYPE_CHECKING:
    from backpropcli.derivation.stages import Stage
    from backpropcli.derivation.worked import Worked

T = TypeVar("T")


class Hidden:
    """The times that are left out of very many, and what is told of the others."""

    def __init__(self, worked: Worked, asked: str = "") -> None:
        self._asked = asked
        self._times = worked.graph.times
        self.times = () if worked.full else middle(self._times.values())
        self._hidden = {*self.times}

    def hides(self, label: str) -> bool:
        """Whether a value belongs to a time that is left out."""
        return label != self._asked and self._times.get(label.partition(".")[0]) in self._hidden

    def told(self, things: Iterable[tuple[str, T]], row: Callable[[T], Row]) -> Iterator[Row]:
        """A row for each thing with its label; dots, once, where some are left out."""
        left_out = False
        for label, thing in things:
            if self.hides(label):
                left_out = True
                continue
            if left_out:
                yield Row(DOTS)
            left_out = False
            yield row(thing)


def short(worked: Worked, stage: Stage, text: str) -> str:
    """The formula of an array of very many rows, with its first and its last; empty for any other."""
    rows = [name for name in stage.inputs if name in worked.graph.times]
    whole = ", ".join(rows)
    if worked.full or len(rows) <= MOST_TIMES or whole not in text:
        return ""
    return text.replace(whole, f"{rows[0]}, {rows[1]}, {DOTS}, {rows[-1]}")
