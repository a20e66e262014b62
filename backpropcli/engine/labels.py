"""Labels: the data that are class numbers, which count from 0 and pick entries, so that 2.5 or -7 means nothing."""

from __future__ import annotations

from collections.abc import Iterator

from backpropcli.graph import Graph
from backpropcli.ops.indexing import Label


def labels(graph: Graph) -> dict[str, int]:
    """The names of data that are used as class numbers, and how many classes there are: labels are 0 to one less."""
    names = {node.slot: name for name, node in graph.nodes.items() if node.kind != "node"}
    result: dict[str, int] = {}
    for slot, classes in _uses(graph):
        if slot in names:
            result[names[slot]] = min(classes, result.get(names[slot], classes))
    return result


def _uses(graph: Graph) -> Iterator[tuple[int, int]]:
    """Slots that are used as class numbers, with the number of classes."""
    for slot, o in graph.options.items():
        operation, arguments = graph.operations[slot], graph.arguments[slot]
        match operation.name if operation is not None else "":
            case "cross_entropy" if not o.one_hot:
                yield arguments[1], o.shape[-1]
            case "one_hot":
                yield arguments[0], o.depth
            case "pick":
                for part, size in zip(o.where, o.before, strict=True):
                    if isinstance(part, Label):
                        yield arguments[1 + part.argument], size
