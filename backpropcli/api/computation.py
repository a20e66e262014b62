"""A graph with its data, ready to run as often as one likes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from backpropcli import engine
from backpropcli.api.arrays import as_array
from backpropcli.api.trace import Trace
from backpropcli.engine import NotScalarError, Plan
from backpropcli.engine.labels import check_labels
from backpropcli.engine.trace import one_entry
from backpropcli.errors import SpecError
from backpropcli.language.data.kept import kept
from backpropcli.ops.numbers.quiet import quietly
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.graph import Graph
    from backpropcli.language import Spec
    from backpropcli.ops.definition import Value
    from backpropcli.train.descent import Descent

Dtype = Literal["float64", "float32"]


def known(dtype: object) -> Dtype:
    """A dtype of ours, also where NumPy's own is given. Raises SpecError."""
    name = getattr(dtype, "name", getattr(dtype, "__name__", dtype))
    if name == "float64":
        return "float64"
    if name == "float32":
        return "float32"
    raise SpecError(f"dtype is {name!r}: expected 'float64' or 'float32'")


@quietly
class Computation:
    """What every question to a network rests on: its graph, its data, its loss, and how they are run."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self._plans: dict[str, Plan] = {}

    @property
    def source(self) -> str:
        """Where it came from: a file's name, `-` for standard input, or what stands for the flags."""
        return self.spec.source

    @property
    def graph(self) -> Graph:
        """The computation graph."""
        return self.spec.graph

    @property
    def values(self) -> Mapping[str, Value]:
        """The data's values by name: a float or a float64 array each.

        Raises SpecError where some stay in their file: the network was loaded to be trained in batches alone.
        """
        if here := [name for name, value in self.spec.values.items() if kept(value)]:
            raise SpecError(
                f"{', '.join(here)}: too large to be held, as {self.source} was loaded for training in batches",
                hint="load(...) without batches=True reads them, and may want memory='8GB'.",
            )
        return self.spec.values

    @property
    def loss(self) -> str:
        """The node that is differentiated. Raises SpecError where the spec leaves it open."""
        if self.spec.loss is None:
            raise self.spec.loss_error or SpecError("this network has no loss: name a node with loss: or --of")
        return self.spec.loss

    @property
    def parameters(self) -> list[str]:
        """The parameters' names, in order."""
        return self.graph.names("parameter")

    @property
    def notes(self) -> tuple[str, ...]:
        """Where broadcasting made N × N numbers of N examples, and where the number of a row is not its time."""
        if self.graph.scalar:
            return ()
        from backpropcli.derivation.broadcasting import stretch_notes

        return (*self.graph.notes, *stretch_notes(self.graph))

    def unrolled(self) -> Self:
        """The same network with a node for each time, h[0], h[1], ...; itself where nothing runs through time."""
        spec = self.spec.unrolled()
        return self if spec is self.spec else type(self)(spec)

    def plan(self, dtype: Dtype = "float64") -> Plan:
        """The graph made ready to run, kept for the next time. Raises SpecError for another dtype."""
        dtype = known(dtype)
        if dtype not in self._plans:
            self._plans[dtype] = Plan(self.graph, dtype)
        return self._plans[dtype]

    def target(self, of: str | None) -> str:
        """The node that is differentiated: the one that is named, else the loss. Raises SpecError."""
        return self.node(of) if of is not None else self.loss

    def _begun(self, of: str | None, dtype: Dtype, settings: Mapping[str, Any]) -> Descent:
        """A training before its first update; what is wrong with its settings is said now."""
        from backpropcli.language.training.read import training
        from backpropcli.train.descent import Descent

        return Descent(self.spec, self.target(of), training(self.spec, settings), known(dtype))

    def node(self, name: str) -> str:
        """`name`, if this network has it; SpecError, with the nearest name, if not."""
        if name not in self.graph.nodes:
            raise SpecError(f"{self.source} has no node {name}{did_you_mean(str(name), self.graph.nodes)}")
        return name

    def run(
        self,
        of: str | None = None,
        *,
        values: Mapping[str, Value] | None = None,
        upstream: Value | None = None,
        dtype: Dtype = "float64",
        everything: bool = False,
        forward: bool = False,
        at: Sequence[int] = (),
    ) -> Trace:
        """Run forward, then backward from the loss (or from `of`); only forward if `forward`.

        `values` replaces some of the data (names to numbers or arrays of the same shapes). `upstream` is the upstream
        gradient of a node that is not one number. `everything`: gradients of inputs and targets too.
        `at`: only this entry of the node is differentiated, `run("z1", at=(0,))`.
        """
        target = None if forward else self.target(of)
        if at and target is not None:
            upstream = one_entry(self.graph.shape(target), at, target)
        return self._run(self.plan(dtype), target, values or {}, upstream, everything)

    def _run(
        self, plan: Plan, target: str | None, values: Mapping[str, Value], upstream: Value | None, everything: bool
    ) -> Trace:
        """Run a plan of this network's, or of a part of it."""
        data = {**self.values, **values}
        if values and self.graph.recurs:
            self.spec.again(values)  # class numbers that every time reads are judged where formulas are lowered
        try:
            trace = engine.run(plan, data, target, as_array(upstream), everything or not self.parameters)
            check_labels(plan.graph, trace.slots, values)
        except NotScalarError as error:
            raise error.at(self.place(target)) from None
        return Trace(self, trace)

    def place(self, name: str | None) -> Any:
        """Where `name` is written in the spec; None where that is not known."""
        node = self.graph.nodes.get(name or "")
        return self.spec.place(node.path) if node is not None and node.path else None
