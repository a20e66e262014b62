"""What else there is to say of a check: gradients that are stopped on purpose, digits that nobody could look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from backpropcli.gradcheck.point.owner import owner

if TYPE_CHECKING:
    from backpropcli.graph import Graph

LISTED = 4
"""So many nodes in which a gradient is stopped are named."""


def held(graph: Graph, names: Sequence[str], of: str) -> Iterator[str]:
    """What to say where a gradient is stopped on purpose: what it is then the gradient of."""
    stops = [s for s, operation in enumerate(graph.operations) if operation is not None and graph.stops(s)]
    if not stops:
        return
    moving, leading = bytearray(len(graph)), bytearray(len(graph))
    for name in names:
        moving[graph.nodes[name].slot] = 1
    for slot, arguments in enumerate(graph.arguments):
        moving[slot] |= any(moving[a] for a in arguments)
    leading[graph.nodes[of].slot] = 1
    for slot in reversed(range(len(graph))):
        for a in graph.arguments[slot] if leading[slot] else ():
            leading[a] = 1
    on_the_way = [s for s in stops if moving[s] and leading[s]]
    nodes = list(dict.fromkeys(owner(graph, s) for s in on_the_way))
    if nodes:
        shown = ", ".join(nodes[:LISTED]) + (", ..." if len(nodes) > LISTED else "")
        yield (
            f"Stopped on purpose: what stands in stop_gradient in {shown} is held at its value, by backprop and by the "
            f"check alike. Judged is the gradient of {of} with that as a constant, not how {of} itself would move."
        )


def unseen(count: int) -> Iterator[str]:
    """What to say where rounding may have reached so many gradients, and 50 digits would take too long to tell."""
    if count:
        yield (
            f"Rounding may have taken digits of {count:,} gradient{'s' if count > 1 else ''}, and the network is too "
            "large to tell at 50 digits: right is the rule."
        )
