"""The part of a graph that one node depends on."""

from __future__ import annotations

from backpropcli.graph import Graph


def needed(graph: Graph, name: str) -> set[str]:
    """The names that a node depends on, directly or through others, and its own."""
    found, waiting = {name}, [name]
    while waiting:
        for other in graph.nodes[waiting.pop()].inputs:
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found


def part(graph: Graph, name: str) -> Graph:
    """A graph of its own of just the nodes and data that a node depends on; the same graph where that is all."""
    names = needed(graph, name)
    if len(names) == len(graph.nodes):
        return graph
    result, places = Graph(), dict[int, int]()
    for node in graph.nodes.values():
        if node.name not in names:
            continue
        if node.kind != "node":
            places[node.slot] = result.add_data(node.name, node.kind, graph.shape(node.name), node.path)
            continue
        first = len(result)
        for slot in range(node.first, node.slot + 1):
            operation = graph.operations[slot]
            if slot in graph.constants:
                places[slot] = result.add_constant(graph.constants[slot], graph.shapes[slot])
                continue
            assert operation is not None
            for a in graph.arguments[slot]:
                if a not in places:  # a constant that stands elsewhere
                    places[a] = result.add_constant(graph.constants[a], graph.shapes[a])
            places[slot] = len(result)
            result.operations.append(operation)
            result.arguments.append(tuple(places[a] for a in graph.arguments[slot]))
            result.shapes.append(graph.shapes[slot])
            if slot in graph.options:
                result.options[places[slot]] = graph.options[slot]
        result.add_node(node.name, node.formula, node.inputs, first, node.path)
    result.times = {name: time for name, time in graph.times.items() if name in names}
    return result
