"""Lanes: where the lines between two columns of a drawing go up and down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from backpropcli.drawing.canvas import TangledError


class Net(NamedTuple):
    """The lines that leave one place for the next column.

    They begin in row `start`; `ends` are pairs, the row where a line arrives and how far in front of the next column.
    """

    name: str
    start: int
    ends: tuple[tuple[int, int], ...]

    @property
    def rows(self) -> set[int]:
        """The rows where its lines arrive."""
        return {row for row, _ in self.ends}

    @property
    def straight(self) -> bool:
        """Whether it needs no lane."""
        return self.rows == {self.start}

    @property
    def span(self) -> tuple[int, int]:
        """The first and the last row of its lane."""
        rows = {self.start, *self.rows}
        return min(rows), max(rows)


def lanes(nets: Sequence[Net]) -> dict[str, int]:
    """The lane of each net that is not straight, from 0 on the left; no two of their lines lie on top of each other.

    A net whose first line runs on the row of another's last must turn off before the other arrives. Raises TangledError
    where nets wait for each other in a circle.
    """
    bent = [net for net in nets if not net.straight]
    before: dict[str, set[str]] = {net.name: set() for net in bent}
    for net in bent:
        for other in nets:
            if other.name != net.name and other.start in net.rows:
                if other.straight:
                    raise TangledError
                before[net.name].add(other.name)
    result: dict[str, int] = {}
    taken: list[list[tuple[int, int]]] = []
    waiting = sorted(bent, key=lambda net: (-(net.span[1] - net.span[0]), net.start))
    while waiting:
        ready = next((net for net in waiting if before[net.name] <= result.keys()), None)
        if ready is None:
            raise TangledError
        waiting.remove(ready)
        first, last = ready.span
        lane = max((result[name] + 1 for name in before[ready.name]), default=0)
        while lane < len(taken) and any(first <= b and a <= last for a, b in taken[lane]):
            lane += 1
        while len(taken) <= lane:
            taken.append([])
        taken[lane].append((first, last))
        result[ready.name] = lane
    return result
