"""What a network makes of other inputs: a node's value where one feature, or two, go through their range."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.engine.example_axis import Layout, layouts
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
        self.slot, self.shape = self.graph.nodes[node].slot, self.graph.shape(node)
        self._refuse_no_answer()
        self.inputs = self._inputs()
        self._base = plan.forward(values, copies=True)
        self.layout = self._layout()
        self.features = tuple(f for name in self.inputs for f in self._features(name))
        if not 1 <= len(self.features) <= 2:
            raise UsageError(
                f"a fit is shown over one feature or two, and {node} has {len(self.features)}",
                hint="Plot the loss along one number instead:  backprop plot w1",
            )

    def _refuse_no_answer(self) -> None:
        node = self.node
        if self.graph.nodes[node].kind != "node":
            raise UsageError(f"{node} is no node, and fits nothing", hint="Name a node that depends on an input.")
        if node in _downstream(self.graph, "target"):
            raise UsageError(
                f"{node} depends on a target, and is no answer to new inputs",
                hint=f"Name a node before it, such as {predicted(self.graph)}" if _answers(self.graph) else "",
            )

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

    def _layout(self) -> Layout:
        """Where the examples are: the first way in which the node of one does not move with the others."""
        shapes = {name: self.graph.shape(name) for name in self.inputs}
        possible = list(layouts(self.shape, list(shapes.values())))
        for layout in possible:
            few = layout.kind != "one" or sum(map(layout.width, shapes.values())) <= 2
            if not self._mixed(layout) and (few or len(possible) == 1):
                return layout
        if possible:
            raise SpecError(f"{self.node} of one example depends on the others: it has no curve of its own")
        said = ", ".join(f"{name} {show_shape(shape)}" for name, shape in shapes.items())
        raise UsageError(f"{self.node} has shape {show_shape(self.shape)}, and {said}: no one axis is examples")

    def _mixed(self, layout: Layout) -> bool:
        """Whether the node of one example moves with the others, so that no place has a value of its own."""
        import numpy as np

        if layout.examples == 1:
            return False
        own = {name: self._rows(layout, name) for name in self.inputs}
        there = layout.rows(self._run(layout, own))[0]
        for k in range(2):  # one example, alone in a crowd of itself
            crowd = {name: np.broadcast_to(rows[:, k : k + 1], rows.shape) for name, rows in own.items()}
            alone = layout.rows(self._run(layout, crowd))[0, k]
            if np.any(np.abs(alone - there[k]) > SAME * np.maximum(np.abs(alone), 1.0)):
                return True
        return False

    def _rows(self, layout: Layout, name: str) -> Any:
        """A value as (1, examples, numbers of each)."""
        import numpy as np

        return layout.rows(np.asarray(plain(self.values[name], self.graph.shape(name)), float)[None])

    def _features(self, name: str) -> list[Feature]:
        """The numbers of an input that one example has."""
        shape = self.graph.shape(name)
        if self.layout.alone(shape):
            return [Feature(name, None)]
        return [Feature(name, k) for k in range(self.layout.width(shape))]

    def fit(self) -> Fit:
        """The node over the features' own range, and a little beyond."""
        data = [self._column(feature) for feature in self.features]
        outputs = self._outputs(list(zip(*data, strict=True)))
        grid = [self._range(column) for column in data]
        places = [place[::-1] for place in product(*reversed(grid))]
        name, target, classes = self._target()
        return Fit(self.node, self.features, data, outputs, grid, self._outputs(places), name, target, classes)

    def _column(self, feature: Feature) -> list[float]:
        """The examples' values of a feature."""
        found: list[float] = self._rows(self.layout, feature.name)[0, :, feature.column or 0].tolist()
        if not all(map(math.isfinite, found)):
            raise SpecError(f"{feature.name} is not finite: a fit is shown over its range")
        return found

    def _range(self, column: list[float]) -> list[float]:
        """Places from a little before the smallest value to a little behind the largest one."""
        low, high = min(column), max(column)
        room = (high - low) * MARGIN or max(abs(low), 1.0)
        work = max(self.graph.numbers, len(self.graph)) / self.layout.examples
        if len(self.features) == 1:
            count = max(min(POINTS, int(WORK / work)), FEWEST_POINTS)
        else:
            count = max(min(SIDE, math.isqrt(int(WORK / work))), SHORTEST_SIDE)
        return spaced(low - room, high + room, count)

    def _outputs(self, places: Sequence[Sequence[float]]) -> list[list[float]]:
        """The node's numbers, a list a place: as many places at a time as there are examples, and copies of those."""
        import numpy as np

        count = len(places)
        rows = np.array([*places, *[places[-1]] * (-count % self.layout.examples)], float)
        copies = rows.reshape(-1, self.layout.examples, len(self.features))
        at_once = max(AT_ONCE // max(self.graph.numbers, len(self.graph)), 1)
        parts = [self._of(copies[k : k + at_once]) for k in range(0, len(copies), at_once)]
        found: list[list[float]] = np.concatenate(parts)[:count].tolist()
        return found

    def _of(self, copies: Any) -> Any:
        """The node's numbers, a row a place, of examples with these features: (copies, examples, features)."""
        given = {}
        for name in self.inputs:
            given[name] = copies[:, :, [k for k, feature in enumerate(self.features) if feature.name == name]]
        found = self.layout.rows(self._run(self.layout, given))
        return found.reshape(-1, found.shape[-1])

    def _run(self, layout: Layout, given: Mapping[str, Any]) -> Any:
        """The node of copies of the network whose inputs are these: (copies, *shape)."""
        import numpy as np

        count = len(next(iter(given.values())))
        changed = {
            self.graph.nodes[name].slot: layout.natural(rows, self.graph.shape(name)) for name, rows in given.items()
        }
        found = self.plan.reevaluate(self._base, changed, copies=True)[self.slot]
        return np.broadcast_to(np.asarray(found, float), (count, *self.shape))

    def _target(self) -> tuple[str, list[float] | None, int]:
        """What the examples should be: the first target that has a number, or a one-hot row, for each of them."""
        known = labels(self.graph)
        for name in self.graph.names("target"):
            shape = self.graph.shape(name)
            if not self.layout.fits(shape):
                continue
            rows = self._rows(self.layout, name)[0]
            if rows.shape[1] > 1 and ((rows == 0) | (rows == 1)).all() and (rows.sum(axis=1) == 1).all():
                return name, rows.argmax(axis=1).astype(float).tolist(), rows.shape[1]
            if rows.shape[1] == 1:
                numbers: list[float] = rows[:, 0].tolist()
                return name, numbers, self._classes(numbers, name in known)
        return "", None, 0

    def _classes(self, numbers: list[float], label: bool) -> int:
        """How many classes a target names; 0 where it is measured: a few whole numbers, again and again."""
        different = set(numbers)
        whole = all(math.isfinite(number) and number == math.floor(number) for number in numbers)
        several = self.layout.width(self.shape) > 1
        if label or (whole and 2 <= len(different) <= CLASSES and (different <= {-1.0, 0.0, 1.0} or several)):
            return max(len(different), 2)
        return 0


def _answers(graph: Graph) -> bool:
    try:
        predicted(graph)
    except UsageError:
        return False
    return True
