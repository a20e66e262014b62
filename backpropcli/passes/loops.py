"""What runs through time in a graph: how often, and which node reads what an earlier time has made."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from backpropcli.graph import Graph
    from backpropcli.passes.body import Body
    from backpropcli.passes.recurrence import Recurrence


class Loop(NamedTuple):
    """`reader` uses what `source` was at another time, `when` (t-1), and does so `turns` times."""

    reader: str
    source: str
    when: str
    turns: int

    @property
    def often(self) -> str:
        """`3 times`."""
        return "once" if self.turns == 1 else f"{self.turns} times"


class Repeat(NamedTuple):
    """A recurrence of a graph: the step's `slot`, its `letter`, its body, and how many rows of each member are unseen.

    The rows of which no name tells stand before those that the network sees.
    """

    slot: int
    letter: str
    body: Body
    hidden: tuple[int, ...]

    def time(self, turn: int) -> int:
        """What the letter is in a turn."""
        return self.body.first + self.body.step * turn

    def rows(self) -> Iterator[tuple[int, str, int]]:
        """Every row that the network sees: its time, and its member's name with the row's number."""
        for member, hidden in zip(self.body.members, self.hidden, strict=True):
            for turn in range(-member.before, self.body.turns):
                row = self.body.row(member, turn) - hidden
                if row >= 0:
                    yield self.time(turn), member.name, row

    def loops(self) -> Iterator[Loop]:
        """Who reads what of another time."""
        graph, members = self.body.graph, self.body.members
        earlier = {lagged.slot: members[lagged.member].name for lagged in self.body.lagged}
        for member in members:
            for name in graph.nodes[f"{member.name}[{self.letter}]"].inputs:
                if (source := earlier.get(graph.nodes[name].slot)) is not None:
                    yield Loop(member.name, source, name[len(source) + 1 : -1], self.body.turns)

    @classmethod
    def found(cls, graph: Graph) -> Iterator[Repeat]:
        """The recurrences of a graph, in order."""
        for slot, options in graph.options.items():
            if windows := getattr(options, "members", None):
                step = cast("Recurrence", graph.operations[slot])
                pairs = zip(windows.values(), step.body.members, strict=True)
                hidden = tuple((seen.begin - member.begin) // max(prod(member.shape), 1) for seen, member in pairs)
                yield cls(slot, step.letter, step.body, hidden)
