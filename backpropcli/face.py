"""The Python face: load a network, run it, check it; what the commands use is what a notebook can use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from backpropcli import engine
from backpropcli.engine import NotScalarError, Plan
from backpropcli.errors import SpecError, UsageError
from backpropcli.graph import Graph
from backpropcli.ops.definition import Value
from backpropcli.spec import Flags, Spec
from backpropcli.spec import load as load_spec
from backpropcli.spec import loads as load_text
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.gradcheck import Report

Dtype = Literal["float64", "float32"]
Difference = Literal["central", "forward", "backward"]


class Trace(engine.Trace):
    """What one run computed: `value(name)`, `gradient(name)`, `local(name, argument)`; a notebook shows a table."""

    def __init__(self, network: Network, trace: engine.Trace) -> None:
        super().__init__(trace.plan, trace.of, trace.slots, trace.gradients, trace.everything)
        self.network = network

    def __str__(self) -> str:
        from backpropcli.views.run_table import run_table
        from backpropcli.views.table import plain_text

        return plain_text(run_table(self, self.network.source))

    def _repr_html_(self) -> str:
        from backpropcli.views.html_table import html_table
        from backpropcli.views.run_table import run_table

        return html_table(run_table(self, self.network.source))


class Network:
    """A network: its graph, the values of its data, and the node to differentiate.

    >>> network = loads("parameters: {w: 3}\\nnodes: {J: (2 + 3*w)**2}")
    >>> network.run().gradient("w")
    66.0
    """

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
        """The data's values by name: a float or a float64 array each."""
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

    def plan(self, dtype: Dtype = "float64") -> Plan:
        """The graph made ready to run, kept for the next time."""
        if dtype not in self._plans:
            self._plans[dtype] = Plan(self.graph, dtype)
        return self._plans[dtype]

    def node(self, name: str) -> str:
        """`name`, if this network has it; SpecError, with the nearest name, if not."""
        if name not in self.graph.nodes:
            raise SpecError(f"{self.source} has no node {name}{did_you_mean(name, self.graph.nodes)}")
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
    ) -> Trace:
        """Run forward, then backward from the loss (or from `of`); only forward if `forward`.

        `values` replaces some of the data (names to numbers or arrays of the same shapes). `upstream` is the upstream
        gradient of a node that is not one number. `everything`: gradients of inputs and targets too.
        """
        target = None if forward else self.node(of) if of is not None else self.loss
        upstream = as_array(upstream)
        data = {**self.values, **(values or {})}
        try:
            trace = engine.run(self.plan(dtype), data, target, upstream, everything or not self.parameters)
        except NotScalarError as error:
            raise error.at(self.place(target)) from None
        return Trace(self, trace)

    def check(
        self,
        of: str | None = None,
        *,
        eps: float | None = None,
        difference: Difference = "central",
        everything: bool = False,
        names: Sequence[str] | None = None,
        upstream: Value | None = None,
        dtype: Dtype = "float64",
    ) -> Report:
        """Compare every gradient with finite differences, and what the spec expects with what there is.

        Checked are the parameters, `everything` (inputs and targets too) or just `names`. `eps` shows the plain
        difference at that step as well. Raises NothingToCheck where there are no parameters.
        """
        from backpropcli.gradcheck import check

        target = self.node(of) if of is not None else self.loss
        try:
            return check(
                self.graph, self.values, target, eps=eps, difference=difference, everything=everything, names=names,
                upstream=as_array(upstream), dtype=dtype, expect=self.spec.expect, source=self.source,
            )
        except SpecError as error:
            raise error.at(self.place(target) if isinstance(error, NotScalarError) else None) from None

    def place(self, name: str | None) -> Any:
        """Where `name` is written in the spec; None where that is not known."""
        node = self.graph.nodes.get(name or "")
        return self.spec.place(node.path) if node is not None and node.path else None


def as_array(numbers: Any) -> Any:
    """A nested list as an array; anything else as it is."""
    if not isinstance(numbers, list):
        return numbers
    import numpy as np

    try:
        return np.array(numbers, dtype=float)
    except (TypeError, ValueError):
        raise UsageError(f"{numbers} is not an array of numbers: every row needs the same number of them") from None


def load(path: str | Path | None = None, **flags: Any) -> Network:
    """The network in a YAML or JSON file, or `net.yaml` in the current folder.

    Keyword arguments are the command line's flags: `parameters=["w1=2"]`, `nodes=["a = relu(z)"]`, `loss="J"`, ...
    Raises BackpropError, which knows the place and says what to write instead.
    """
    return Network(load_spec(str(path) if path is not None else None, Flags(**flags)))


def loads(text: str, name: str = "<text>") -> Network:
    """The network in a YAML or JSON text."""
    return Network(load_text(text, name))


def check(network: Network | str | Path, **options: Any) -> Report:
    """Whether a network's gradients are right: `check("net.yaml").verdict`. Options as `Network.check`."""
    return (network if isinstance(network, Network) else load(network)).check(**options)


