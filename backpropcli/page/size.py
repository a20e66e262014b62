"""What a browser can open: how large a network's page may be, and which part of a larger one is small enough."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection
from typing import TYPE_CHECKING

from backpropcli.engine.subgraph import needed, part
from backpropcli.errors import SpecError

if TYPE_CHECKING:
    from backpropcli.graph import Graph

MOST = {"nodes": 1_000, "edges": 5_000, "steps": 10_000}
"""A page of more takes a browser too long to open: nodes, edges between them, steps inside their formulas."""
MOST_SHOWN = 1_000
"""So many steps where each has a box of its own."""
LARGEST = 20_000_000
"""So many bytes."""
ELSEWHERE = "backprop run shows every number."


def check_graph(graph: Graph, expand: bool = False) -> None:
    """Whether a browser can open a page of a graph, before anything is drawn. Raises SpecError where not."""
    found = excess(graph, graph.nodes, expand)
    if found is not None:
        what, size, most = found
        raise SpecError(
            f"a page of {size:,} {what} is more than a browser can show: {most:,} is the most",
            hint=readable(graph, expand),
        )


def check_bytes(size: int, graph: Graph, expand: bool = False) -> None:
    """Whether a page that was made can be opened."""
    if size > LARGEST:
        raise SpecError(
            f"a page of {size / 1e6:.0f} MB is more than a browser can show: {LARGEST / 1e6:.0f} MB is the most",
            hint=readable(graph, expand, share=8),
        )


def excess(graph: Graph, names: Collection[str], expand: bool = False, share: int = 1) -> tuple[str, int, int] | None:
    """Of what some nodes have more than a page can show, or than its `share`-th part: what, how many, and the most."""
    sizes = {
        "nodes": len(names),
        "edges": sum(len(graph.nodes[name].inputs) for name in names),
        "steps": sum(len(graph.steps(name)) for name in names if graph.nodes[name].kind == "node"),
    }
    for what, most in {**MOST, "steps": MOST_SHOWN if expand else MOST["steps"]}.items():
        if sizes[what] * share > most:
            return what, sizes[what], most
    return None


def readable_part(graph: Graph, of: str, expand: bool) -> Graph:
    """The graph, or of one that is too large just what a node depends on."""
    return graph if excess(graph, graph.nodes, expand) is None else part(graph, of)


def readable(graph: Graph, expand: bool, share: int = 1) -> str:
    """Which part of a graph is small enough: the last node, or nearly, that depends on so little."""
    nodes = graph.names("node")
    large = bisect_left(nodes, True, key=lambda name: excess(graph, needed(graph, name), expand, share) is not None)
    if not large:
        return ELSEWHERE
    return f"The part that leads to {nodes[large - 1]} can be shown: --of {nodes[large - 1]}. {ELSEWHERE}"
