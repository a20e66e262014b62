"""What a network makes of other inputs: a node's value where one feature, or two, go through their range."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.engine.labels import labels
from backpropcli.engine.landscape import AT_ONCE, SHORTEST_SIDE, SIDE, WORK, spaced
from backpropcli.engine.trace import plain
from backpropcli.errors import SpecError, UsageError
from backpropcli.ops.shape import show_shape

if TYPE_CHECKING:
    from backpropcli.engine.plan import Plan
    from backpropcli.graph import Graph
    from backpropcli.ops.definition import Value

POINTS, FEWEST_POINTS = 241, 31
MARGIN = 0.08
"""How far beyond the data a fit is shown, as a part of their range."""
CLASSES = 12
"""A target with more different whole numbers than these is measured, and names no classes."""
SAME = 1e-9


class Feature(NamedTuple):
    """One number that every example has: an input, or one of its columns."""

    name: str
    column: int | None


class Fit(NamedTuple):
    """A node's value over one feature or two.

    `data` has the examples' values of each feature, `outputs` the node's values there, a list an example. `grid` has
    the places along each feature, `values` the node's numbers at each place, the first feature fastest. `target` has
    the examples' own answers, as numbers or as class numbers (then `classes` is how many there are), None where the
    network has no target of theirs.
    """

    node: str
    features: tuple[Feature, ...]
    data: list[list[float]]
    outputs: list[list[float]]
    grid: list[list[float]]
    values: list[list[float]]
    target_name: str
    target: list[float] | None
    classes: int


def predicted(graph: Graph) -> str:
    """The node that a network answers with: the last one that depends on an input and on no target. UsageError."""
    inputs, targets = (_downstream(graph, kind) for kind in ("input", "target"))
    found = [n for n, node in graph.nodes.items() if node.kind == "node" and n in inputs and n not in targets]
    if not found or not targets:
        raise UsageError("which node is the network's answer?", hint="Name it:  backprop plot --fit a2")
    return found[-1]


def _downstream(graph: Graph, kind: str) -> set[str]:
    """The names that depend on data of a kind, those themselves among them."""
    found: set[str] = set()
    for name, node in graph.nodes.items():
        if node.kind == kind or not found.isdisjoint(node.inputs):
            found.add(name)
    return found


class Fitting:
    """A network at its own parameters, over other inputs: as many examples at a time as it has of its own."""

    def __init__(self, plan: Plan, values: Mapping[str, Value], node: str) -> None:
        self.plan, self.graph, self.values, self.node = plan, plan.graph, values, node
        if self.graph.nodes[node].kind != "node":
            raise UsageError(f"{node} is no node, and fits nothing", hint="Name a node that depends on an input.")
        if node in _downstream(self.graph, "target"):
            raise UsageError(
                f"{node} depends on a target, and is no answer to new inputs",
                hint=f"Name a node before it, such as {predicted(self.graph)}" if _answers(self.graph) else "",
            )
        self.inputs = self._inputs()
        self.batched = self._batched()
        self.count = self.graph.shape(node)[0] if self.batched else 1
        self.features = tuple(f for name in self.inputs for f in self._features(name))
        if not 1 <= len(self.features) <= 2:
            raise UsageError(
                f"a fit is shown over one feature or two, and {node} has {len(self.features)}",
                hint="Plot the loss along one number instead:  backprop plot w1" if self.features else "",
            )
        self._base = plan.forward(values, copies=True)
        self.width = math.prod(self.graph.shape(node)) // self.count

    def _inputs(self) -> list[str]:
        """The inputs that the node depends on."""
        needed, names = {self.node}, list(self.graph.nodes.values())
        for node in reversed(names):
            if node.name in needed:
                needed.update(node.inputs)
        found = [node.name for node in names if node.kind == "input" and node.name in needed]
        if not found:
            raise UsageError(f"{self.node} depends on no input: there is nothing to fit")
        known = labels(self.graph)
        for name in found:
            if name in known:
                raise UsageError(f"{name} is a class number: between 0 and 1 there is no other")
        return found

    def _batched(self) -> bool:
        """Whether the first axis of the node and of its inputs is examples; else there is one example."""
        shape = self.graph.shape(self.node)
        shapes = [self.graph.shape(name) for name in self.inputs]
        if shape and all(s and s[0] == shape[0] for s in shapes):
            return True
        if all(len(s) <= 1 for s in shapes) and len(shape) <= 1:
            return False
        said = ", ".join(f"{name} {show_shape(s)}" for name, s in zip(self.inputs, shapes, strict=True))
        raise UsageError(f"{self.node} has shape {show_shape(shape)}, and of its inputs {said} no one axis is examples")

    def _features(self, name: str) -> list[Feature]:
        """The numbers of an input that one example has."""
        shape = self.graph.shape(name)
        own = shape[1:] if self.batched else shape
        if not own:
            return [Feature(name, None)]
        if len(own) > 1:
            raise UsageError(f"{name} has shape {show_shape(shape)}: an example is no row of features")
        return [Feature(name, k) for k in range(own[0])]

    def fit(self) -> Fit:
        """The node over the features' own range, and a little beyond. SpecError where examples depend on each other."""
        data = [self._column(feature) for feature in self.features]
        outputs = self._outputs(list(zip(*data, strict=True)))
        self._refuse_mixed(data, outputs)
        grid = [self._range(column) for column in data]
        places = [place[::-1] for place in product(*reversed(grid))]
        name, target, classes = self._target()
        return Fit(self.node, self.features, data, outputs, grid, self._outputs(places), name, target, classes)

    def _column(self, feature: Feature) -> list[float]:
        """The examples' values of a feature."""
        import numpy as np

        value = np.asarray(self.values[feature.name], float)
        value = value if feature.column is None else value[..., feature.column]
        found: list[float] = np.broadcast_to(value, (self.count,)).tolist()
        if not all(map(math.isfinite, found)):
            raise SpecError(f"{feature.name} is not finite: a fit is shown over its range")
        return found

    def _range(self, column: list[float]) -> list[float]:
        """Places from a little before the smallest value to a little behind the largest one."""
        low, high = min(column), max(column)
        room = (high - low) * MARGIN or max(abs(low), 1.0)
        work = max(self.graph.numbers, len(self.graph)) / self.count
        if len(self.features) == 1:
            count = max(min(POINTS, int(WORK / work)), FEWEST_POINTS)
        else:
            count = max(min(SIDE, math.isqrt(int(WORK / work))), SHORTEST_SIDE)
        return spaced(low - room, high + room, count)

    def _outputs(self, places: Sequence[Sequence[float]]) -> list[list[float]]:
        """The node's numbers, a list a place: as many places at a time as there are examples, and copies of those."""
        import numpy as np

        count = len(places)
        rows = np.array([*places, *[places[-1]] * (-count % self.count)], float)
        copies = rows.reshape(-1, self.count, len(self.features))
        at_once = max(AT_ONCE // max(self.graph.numbers, len(self.graph)), 1)
        parts = [self._stacked(copies[k : k + at_once]) for k in range(0, len(copies), at_once)]
        found: list[list[float]] = np.concatenate(parts).reshape(-1, self.width)[:count].tolist()
        return found

    def _stacked(self, copies: Any) -> Any:
        """The node of copies of the network, whose examples are these: (copies, examples, features)."""
        import numpy as np

        changed: dict[int, Any] = {}
        for name in self.inputs:
            slot, shape = self.graph.nodes[name].slot, self.graph.shape(name)
            own = [k for k, feature in enumerate(self.features) if feature.name == name]
            changed[slot] = copies[:, :, own].reshape(len(copies), *shape)
        found = self.plan.reevaluate(self._base, changed, copies=True)[self.graph.nodes[self.node].slot]
        return np.broadcast_to(np.asarray(found, float), (len(copies), *self.graph.shape(self.node)))

    def _refuse_mixed(self, data: list[list[float]], outputs: list[list[float]]) -> None:
        """SpecError where the node of one example moves with the others, so that no place has a value of its own."""
        if self.count == 1:
            return
        for k in range(min(self.count, 2)):  # one example, alone in a crowd of itself
            alone = self._outputs([[column[k] for column in data]] * self.count)[0]
            pairs = zip(alone, outputs[k], strict=True)
            if any(abs(a - b) > SAME * max(abs(a), abs(b), 1.0) for a, b in pairs):
                raise SpecError(f"{self.node} of one example depends on the others: it has no curve of its own")

    def _target(self) -> tuple[str, list[float] | None, int]:
        """What the examples should be: the one target that has a number, or a one-hot row, for each of them."""
        import numpy as np

        known = labels(self.graph)
        for name in self.graph.names("target"):
            value = np.asarray(plain(self.values[name], self.graph.shape(name)), float)
            if value.shape in ((), (1,)) and self.count == 1:
                value = value.reshape(1)
            if value.shape[:1] != (self.count,) or value.size == 0:
                continue
            rows = value.reshape(self.count, -1)
            if rows.shape[1] > 1 and ((rows == 0) | (rows == 1)).all() and (rows.sum(axis=1) == 1).all():
                return name, rows.argmax(axis=1).astype(float).tolist(), rows.shape[1]
            if rows.shape[1] == 1:
                numbers: list[float] = rows[:, 0].tolist()
                return name, numbers, self._classes(numbers, name in known)
        return "", None, 0

    def _classes(self, numbers: list[float], label: bool) -> int:
        """How many classes a target names; 0 where it is measured: a few whole numbers, again and again."""
        different = set(numbers)
        whole = all(number == math.floor(number) for number in numbers if math.isfinite(number))
        if label or (whole and 2 <= len(different) <= CLASSES and (different <= {-1.0, 0.0, 1.0} or self.width > 1)):
            return max(len(different), 2)
        return 0


def _answers(graph: Graph) -> bool:
    try:
        predicted(graph)
    except UsageError:
        return False
    return True
