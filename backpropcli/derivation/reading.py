"""A trace read for a worked solution: its stages, who uses what, and the values and gradients by name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from backpropcli.derivation.stages import Stage, paired, primitive_stages, stages
from backpropcli.language.formula.tree import postorder, same
from backpropcli.notation.formula import UNICODE, Style
from backpropcli.notation.inline import full
from backpropcli.notation.numbers import Precision, gradient_name
from backpropcli.ops.numbers.nothing import Unreached

if TYPE_CHECKING:
    from backpropcli.derivation.piecewise import Prime
    from backpropcli.engine import Trace


class Reading:
    """A trace by the names of its network and its stages.

    `everything`: inputs and targets have gradients too; `expand`: every step inside a formula is worked out by itself.
    """

    def __init__(
        self,
        trace: Trace,
        precision: Precision | None = None,
        style: Style = UNICODE,
        everything: bool = False,
        expand: bool = False,
    ) -> None:
        self.trace = trace
        self.graph = trace.graph
        self.precision = precision or Precision()
        self.style = style
        self.expand = expand
        names = self.graph.names("input", "target") if everything else []
        if not everything and not self.graph.names("parameter"):
            names = self.graph.names("input")
        if names and trace.of is not None:
            trace.gradient(names[0])  # asks the engine for the gradients of data too
        self.data = [*names, *self.graph.names("parameter")]

    @cached_property
    def stages(self) -> list[Stage]:
        """Everything that is worked out, in evaluation order."""
        return list((primitive_stages if self.expand else stages)(self.graph, self.labels))

    def unit(self, stage: Stage) -> str:
        """What a stage belongs to where formulas are told as wholes: its node; itself where every step is told."""
        return stage.name if self.expand else stage.node

    @cached_property
    def labels(self) -> dict[int, str]:
        """A name by slot: the network's names, and `J.1` for steps."""
        return self.graph.labels()

    @cached_property
    def slots(self) -> dict[str, int]:
        """A slot by name."""
        return {label: slot for slot, label in self.labels.items()}

    @cached_property
    def arrays(self) -> set[str]:
        """The names whose values are arrays."""
        shapes = self.graph.shapes
        return {label for slot, label in self.labels.items() if shapes[slot]}

    @cached_property
    def users(self) -> dict[str, list[Stage]]:
        """The stages that move with a value and lead to the loss, in evaluation order."""
        result: dict[str, list[Stage]] = {}
        for stage in self.stages:
            if self.trace.gradients[stage.slot] is not None:
                for name in self.movers(stage):
                    result.setdefault(name, []).append(stage)
        return result

    def movers(self, stage: Stage) -> list[str]:
        """Those of a stage's inputs that it moves with: not what stands only in what is stopped (`stop_gradient`), or
        gives only its size (`W.shape[0]`)."""
        graph = self.graph
        if graph.operations[stage.slot] is None:  # a constant
            return []
        used = {argument for slot in stage.steps or (stage.slot,) for argument in graph.arguments[slot]}
        slots = ((name, self.slots[name]) for name in stage.inputs)
        return [name for name, slot in slots if slot in used and graph.carries(slot, stage.steps)]

    def shape(self, label: str) -> tuple[int, ...]:
        """The shape of a value; () is a plain number."""
        return self.graph.shapes[self.slots[label]]

    def value(self, label: str) -> Any:
        """A value, of a name or of a step."""
        return full(self.trace.slots[self.slots[label]], self.shape(label))

    def gradient(self, label: str) -> Any:
        """A gradient, of a name or of a step; 0 where no path leads to the loss."""
        slot = self.slots[label]
        found = self.trace.gradients[slot]
        if type(found) is Unreached or getattr(found, "nothing", None) is not None:
            return found
        if label in self.graph.nodes:
            return self.trace.gradient(label)
        return full(0.0 if found is None else found, self.shape(label))

    def reaches(self, label: str) -> bool:
        """Whether a path leads from a value to the loss."""
        return self.trace.gradients[self.slots[label]] is not None

    def gradient_name(self, label: str) -> str:
        """`dJ/dw1`."""
        return gradient_name(str(self.trace.of), label)

    def order(self) -> Iterator[str]:
        """The values whose gradients are worked out, from the loss back, each when its last user is done."""
        assert self.trace.of is not None
        yield self.trace.of
        waiting = {name: len(users) for name, users in self.users.items()}
        wanted = {stage.name for stage in self.stages} | set(self.data)
        for stage in reversed(self.stages):
            if self.trace.gradients[stage.slot] is None:
                continue
            for name in self.movers(stage):
                waiting[name] -= 1
                if not waiting[name] and name in wanted and name != self.trace.of:
                    yield name

    def apart(self) -> list[str]:
        """The nodes and parameters from which no path leads to the loss."""
        return [name for name in [*self.data, *self.graph.names("node")] if not self.reaches(name)]

    def stopped(self, name: str) -> list[str]:
        """The nodes in which the way from a name to the loss is stopped; none where there is no way anyhow."""
        assert self.trace.of is not None
        return self.graph.stopped(self.graph.nodes[name].slot, self.slots[self.trace.of])

    def slope(self, stage: Stage, label: str) -> Any:
        """The local derivative of a stage as a number or an array; None for a sub-step of several operations."""
        steps = self.graph.steps(stage.name) if stage.whole else stage.steps
        found = self.trace.along(steps, self.slots[label], stage.slot, marked=True)
        if type(found) is Unreached:
            return found
        if isinstance(found, (int, float)) or getattr(found, "ndim", None) == 0:
            return float(found)  # type: ignore[arg-type]  # no None, which is neither
        return found

    def slot_of(self, stage: Stage, prime: Prime) -> int | None:
        """The step whose derivative a prime is: relu's own step, for `relu'(w*x + b)`."""
        if same(prime.call, stage.formula):
            return stage.slot
        places = stage.places
        if places is None:
            places = paired(self.graph, self.graph.nodes[stage.node], stage.formula) or {}
        for part in postorder(stage.formula):
            if id(part) in places and same(part, prime.call):
                return places[id(part)]
        return None

    def batched(self, shape: tuple[int, ...]) -> bool:
        """Whether the first axis of a value counts examples: that of an input or target with examples in rows."""
        data = [self.shape(name) for name in self.graph.names("input", "target")]
        rank = 2 if any(self.shape(name) for name in self.graph.names("parameter")) else 1
        return any(len(own) >= rank and own[0] == shape[0] for own in data)
