"""The labels of a network: class numbers, which count from 0 and pick entries, so that 2.5 names nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from backpropcli.errors import SpecError
from backpropcli.ops.definition import Labels, Structural, Value
from backpropcli.ops.labels import misfit

if TYPE_CHECKING:
    from backpropcli.graph import Graph


def labels(graph: Graph) -> dict[str, int]:
    """The names of data that are used as class numbers, and how many classes there are: labels are 0 to one less."""
    names = {node.slot: name for name, node in graph.nodes.items() if node.kind != "node"}
    result: dict[str, int] = {}
    for _, slot, use in _uses(graph):
        if slot in names:
            result[names[slot]] = min(use.size, result.get(names[slot], use.size))
    return result


def nothing_but_labels(graph: Graph, target: int) -> set[int]:
    """The slots that lead to `target` as class numbers alone: beside those there is nothing to move to."""
    named = {(step, slot) for step, slot, _ in _uses(graph)}
    if not named:
        return set()
    users: dict[int, list[int]] = {}
    for step, arguments in enumerate(graph.arguments):
        for slot in arguments:
            users.setdefault(slot, []).append(step)
    found: set[int] = set()
    for slot in reversed(range(target)):
        if slot in users and all((step, slot) in named or step in found for step in users[slot]):
            found.add(slot)
    return found


def check_labels(graph: Graph, slots: list[Value], given: Mapping[str, Value]) -> None:
    """Refuse labels that name nothing, after a forward pass with some data replaced; SpecError says which."""
    if not given:
        return
    names = graph.labels()
    for step, slot, use in _uses(graph):
        found = misfit(slots[slot], use)
        if found is not None:
            of = names.get(graph.arguments[step][0], "it") if use.argument else "one_hot"
            raise SpecError(found.message(names.get(slot, "a label"), use, of))


def _uses(graph: Graph) -> Iterator[tuple[int, int, Labels]]:
    """Steps, slots that they use as class numbers, and how."""
    for step, o in graph.options.items():
        operation: Any = graph.operations[step]
        if isinstance(operation, Structural):
            for use in operation.labels(o):
                yield step, graph.arguments[step][use.argument], use
