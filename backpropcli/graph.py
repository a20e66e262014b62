"""The computation graph: named nodes in order, made of steps; shapes, and no numbers computed here.

A *node* is what the author wrote as one (`J: (a2 - y)**2 / 2`); a *step* is one operation of its formula. Everything
that has a value, data, constants and steps, has a *slot*: a number, in evaluation order, so that a loop over slots
needs no recursion and a chain of a million nodes works. What is known of a slot stands in flat lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf, prod
from typing import Any, Literal, NamedTuple

from backpropcli.errors import MemoryNeededError, SpecError
from backpropcli.ops.definition import Elementwise, Operation, Options, Value
from backpropcli.ops.shape import Shape, show_shape

Kind = Literal["input", "target", "parameter", "node"]


class Node(NamedTuple):
    """A name of the network: data (input, target, parameter) or a formula.

    `slot` holds its value, `first` is the slot of its formula's first step (or constant); for data both are the same.
    `inputs` are the names that the formula uses, in the order in which they appear, each once. `path` leads to the
    place in the spec where it is written, such as ("nodes", "a1").
    """

    name: str
    kind: Kind
    formula: str
    inputs: tuple[str, ...]
    first: int
    slot: int
    path: tuple[str | int, ...] = ()


class Graph:
    """Nodes by name, in evaluation order (data first), and the slots that they are made of.

    Lists by slot: `operations` (None for data and constants), `arguments` (slots, all smaller than the step's own),
    `shapes`. By slot where there is one: `options` (planned), `constants` (a value known when the graph was built),
    `drawn` (of a constant that is random: what draws it, and its options). `applied`, by node, are the named formulas
    that its own formula calls, each as the language put it in.
    `numbers` counts what its arrays hold, gradients included; more than `most` are refused before any is made.
    `times`, by name, is of a network that is unrolled: the time that a row belongs to. `copies`, by name, are the use
    of a block that made it, and how the block is called: ("block1", "block(x)"). `notes` say what may be misread.
    """

    __slots__ = (
        "applied",
        "arguments",
        "constants",
        "copies",
        "drawn",
        "most",
        "nodes",
        "notes",
        "notes",
        "numbers",
        "operations",
        "options",
        "recurs",
        "shapes",
        "times",
    )

    def __init__(self, most: float = inf) -> None:
        self.most = most
        self.numbers = 0
        self.recurs = False
        """Whether a step of it is a recurrence."""
        self.nodes: dict[str, Node] = {}
        self.operations: list[Operation | None] = []
        self.arguments: list[tuple[int, ...]] = []
        self.shapes: list[Shape] = []
        self.options: dict[int, Options] = {}
        self.constants: dict[int, Value] = {}
        self.applied: dict[str, list[Any]] = {}
        self.times: dict[str, int] = {}
        self.notes: list[str] = []
        self.copies: dict[str, tuple[str, str]] = {}
        self.drawn: dict[int, tuple[Operation, Options | None]] = {}

    def __len__(self) -> int:
        """How many slots there are."""
        return len(self.operations)

    # Building: data, then for each node its steps and the node itself.

    def _slot(self, operation: Operation | None, arguments: tuple[int, ...], shape: Shape, times: int = 2) -> int:
        """A new slot, whose shape counts so many times: its value, and its gradient where it has one."""
        self.operations.append(operation)
        self.arguments.append(arguments)
        self.shapes.append(shape)
        if shape:
            self.count(prod(shape) * times, shape)
        return len(self.operations) - 1

    def count(self, numbers: int, shape: Shape = ()) -> None:
        """So many numbers more; MemoryNeededError where they are too many, for an array of this shape."""
        self.numbers += numbers
        if self.numbers > self.most:
            raise _too_large(shape, self.numbers, self.most)

    def add_data(self, name: str, kind: Kind, shape: Shape, path: tuple[str | int, ...] = ()) -> int:
        """A new input, target or parameter; its slot."""
        slot = self._slot(None, (), shape, 2 if kind == "parameter" else 1)
        self._name(Node(name, kind, "", (), slot, slot, path))
        return slot

    def add_constant(self, value: Value, shape: Shape = ()) -> int:
        """A new constant (a number in a formula, or an array made from constants); its slot."""
        slot = self._slot(None, (), shape, 1)
        self.constants[slot] = value
        return slot

    def add_step(self, operation: Operation, arguments: Sequence[int], options: Mapping[str, Any] | None = None) -> int:
        """A new step; its slot. Raises OperationError, without a place, where shapes or options do not fit."""
        shapes = self.shapes
        if not options and isinstance(operation, Elementwise):
            for a in arguments:
                if shapes[a]:
                    break
            else:  # all plain numbers: most steps of a large graph, so no time is lost on planning
                self.operations.append(operation)
                self.arguments.append(tuple(arguments))
                shapes.append(())
                return len(shapes) - 1
        shape, planned = operation.plan([shapes[a] for a in arguments], options or {})
        slot = self._slot(operation, tuple(arguments), shape)
        if planned is not None:
            planned.given = options or {}  # as they were written, for those who write the step down again
            self.options[slot] = planned
        return slot

    def add_planned(
        self, operation: Operation, arguments: tuple[int, ...], shape: Shape, options: Options | None
    ) -> int:
        """A step whose shape and options are known already, from another graph; its slot."""
        slot = self._slot(operation, arguments, shape)
        if options is not None:
            self.options[slot] = options
        return slot

    def forget(self, first: int) -> None:
        """Take the newest slots back, from `first` on: steps of which only the shape was asked, and no node's."""
        for slot in range(first, len(self)):
            self.numbers -= (
                prod(self.shapes[slot]) * (1 if self.operations[slot] is None else 2) * bool(self.shapes[slot])
            )
            self.options.pop(slot, None)
            self.constants.pop(slot, None)
        del self.operations[first:], self.arguments[first:], self.shapes[first:]

    def add_alias(self, name: str, slot: int) -> None:
        """Another name for a slot."""
        self._name(Node(name, "input", "", (), slot, slot))

    def add_node(
        self, name: str, formula: str, inputs: tuple[str, ...], first: int, path: tuple[str | int, ...] = ()
    ) -> Node:
        """Name the newest slot, which must be a step of this node's own (a plain `a: b` has an `identity` step)."""
        node = Node(name, "node", formula, inputs, first, len(self) - 1, path)
        self._name(node)
        return node

    def _name(self, node: Node) -> None:
        if node.name in self.nodes:
            raise SpecError(f"{node.name} is defined twice")
        self.nodes[node.name] = node

    # Reading.

    def names(self, *kinds: Kind) -> list[str]:
        """The names of these kinds, in order; all names where no kind is given."""
        return [name for name, node in self.nodes.items() if not kinds or node.kind in kinds]

    def shape(self, name: str) -> Shape:
        """The shape of a node's value; () is a plain number."""
        return self.shapes[self.nodes[name].slot]

    def work(self, slot: int) -> int:
        """How many numbers are computed for a slot: of a matrix product every product counts."""
        options: Any = self.options.get(slot)
        inner = options.lifted[0][-1] if hasattr(options, "lifted") else 1
        return prod(self.shapes[slot]) * inner + (prod(options.size.values()) if hasattr(options, "inputs") else 0)

    @property
    def scalar(self) -> bool:
        """Whether every value is one number and every operation elementwise: no array is needed to run it."""
        return not any(self.shapes) and all(
            operation is None or isinstance(operation, Elementwise) for operation in self.operations
        )

    def steps(self, name: str) -> list[int]:
        """The slots of a node's steps (constants left out), in evaluation order; empty for data."""
        node = self.nodes[name]
        return [slot for slot in range(node.first, node.slot + 1) if self.operations[slot] is not None]

    def labels(self) -> dict[int, str]:
        """A name for every slot but constants: `a2` for a node's value, `a2.1`, `a2.2`, ... for the steps before it."""
        result: dict[int, str] = {}
        for name, node in self.nodes.items():
            inner = (slot for slot in range(node.first, node.slot) if self.operations[slot] is not None)
            result.update((slot, f"{name}.{k}") for k, slot in enumerate(inner, 1))
            result[node.slot] = name
        return result

    def users(self) -> dict[str, list[str]]:
        """For every name, the nodes whose formulas move with it, in order."""
        result: dict[str, list[str]] = {name: [] for name in self.nodes}
        for name, node in self.nodes.items():
            for used in node.inputs:
                if self.carries(self.nodes[used].slot, range(node.first, node.slot + 1)):
                    result[used].append(name)
        return result

    def unused(self) -> list[str]:
        """The nodes that no other node uses, in order: the network's outputs."""
        used = {name for node in self.nodes.values() for name in node.inputs}
        return [name for name, node in self.nodes.items() if node.kind == "node" and name not in used]

    def downstream(self, slot: int) -> Iterator[int]:
        """The steps that a change of `slot` reaches, in evaluation order, without the slot itself."""
        reached = bytearray(len(self))
        reached[slot] = 1
        arguments = self.arguments
        for later in range(slot + 1, len(reached)):
            for a in arguments[later]:
                if reached[a]:
                    if not self.stops(later):
                        reached[later] = 1
                        yield later
                    break

    def stops(self, slot: int) -> bool:
        """Whether a step is held where it is, so that no change of its arguments reaches it (`stop_gradient`)."""
        operation = self.operations[slot]
        return operation is not None and operation.stops

    def carries(self, source: int, steps: Sequence[int]) -> bool:
        """Whether the last of these steps, one formula's, moves with a value that it uses: no if all ways are stopped.

        A plain formula, in which nothing stops, carries all that it uses.
        """
        if not any(map(self.stops, steps)):
            return True
        reached = {source}
        for slot in steps:
            if not reached.isdisjoint(self.arguments[slot]) and not self.stops(slot):
                reached.add(slot)
        return steps[-1] in reached

    def stopped(self, source: int, target: int) -> list[str]:
        """The nodes in whose formulas the way from one slot to another is stopped, in order; none if nothing is."""
        reached = {source}
        first: list[int] = []
        for slot in range(source + 1, target + 1):
            if not reached.isdisjoint(self.arguments[slot]):
                reached.add(slot) if not self.stops(slot) else first.append(slot)
        found = []
        for stop in first:
            beyond = bytearray(len(self))
            beyond[stop] = 1
            for slot in range(stop + 1, target + 1):
                beyond[slot] = any(beyond[a] for a in self.arguments[slot])
            if beyond[target]:
                found.append(next(n.name for n in self.nodes.values() if n.first <= stop <= n.slot))
        return list(dict.fromkeys(found))


def _too_large(shape: Shape, numbers: int, most: float) -> MemoryNeededError:
    """The error for a graph whose arrays hold too many numbers, this one of them."""
    enough = 1
    while enough * 2**30 < 16 * numbers:
        enough *= 2
    return MemoryNeededError(
        f"this network needs more than {_size(most)} for its numbers: {_size(numbers)} with this array, of shape "
        f"{show_shape(shape)}",
        hint=f"Values and gradients count, of every step. If it is meant:  --memory {enough}GB",
    )


def _size(numbers: float) -> str:
    """How much memory so many numbers take: `64 MB`, `3.2 GB`."""
    size = 8 * numbers
    return f"{size / 1e9:.2g} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
