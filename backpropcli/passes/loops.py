"""What leads back in a graph: which node reads what another has made at an earlier time, and how often."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from backpropcli.graph import Graph
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
        return "once" if self.turns == 1 else f"{self.turns:,} times"

    @classmethod
    def found(cls, graph: Graph) -> Iterator[Loop]:
        """The loops of a graph's nodes, in order; those inside a named formula are not told."""
        nodes = {node.slot for node in graph.nodes.values()}
        for slot, options in graph.options.items():
            members = getattr(options, "members", ())
            if members and nodes.issuperset(members):
                yield from cls._of(cast("Recurrence", graph.operations[slot]))

    @classmethod
    def subscripts(cls, graph: Graph) -> dict[str, str]:
        """What runs through time, by name, as its rule is written: `h[t]`."""
        names = {node.slot: name for name, node in graph.nodes.items()}
        found = {}
        for slot, options in graph.options.items():
            for member in getattr(options, "members", ()):
                if name := names.get(member):
                    found[name] = f"{name}[{cast('Recurrence', graph.operations[slot]).letter}]"
        return found

    @classmethod
    def _of(cls, recurrence: Recurrence) -> Iterator[Loop]:
        body, letter = recurrence.body, recurrence.letter
        graph, members = body.graph, body.members
        earlier = {lagged.slot: members[lagged.member].name for lagged in body.lagged}
        for member in members:
            for name in graph.nodes[f"{member.name}[{letter}]"].inputs:
                if (source := earlier.get(graph.nodes[name].slot)) is not None:
                    yield cls(member.name, source, name[len(source) + 1 : -1], body.turns)
