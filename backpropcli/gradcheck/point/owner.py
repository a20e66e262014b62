"""Slots in words: the node in whose formula one stands, the step beside it, rows of what runs through time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backpropcli.graph import Graph, Node


def node_of(graph: Graph, slot: int) -> Node:
    """The node in whose formula a slot is a step, or the data that it is."""
    return next(n for n in graph.nodes.values() if n.first <= slot <= n.slot)


def owner(graph: Graph, slot: int) -> str:
    """The name of that node, or of the data."""
    return node_of(graph, slot).name


def rows(graph: Graph, name: str) -> list[str]:
    """The rows of what runs through time, where they are nodes: h[0], h[1], ...; none of anything else."""
    found: list[str] = []
    while f"{name}[{len(found)}]" in graph.nodes:
        found.append(f"{name}[{len(found)}]")
    return found


def step_said(graph: Graph, slot: int) -> str:
    """A step in words: `log in J`."""
    operation, name = graph.operations[slot], owner(graph, slot)
    return f"{operation.name} in {name}" if operation is not None else name


def said(graph: Graph, slot: int) -> str:
    """A slot in words: a name, or the operation inside a node's formula, `log in J`."""
    name = owner(graph, slot)
    return name if len(graph.steps(name)) <= 1 else step_said(graph, slot)
