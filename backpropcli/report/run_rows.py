"""The rows of a run, which every form prints: name, kind, formula, inputs, shape, value, gradient."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.engine.trace import plain
from backpropcli.notation.numbers import component_name
from backpropcli.passes.loops import Loop

if TYPE_CHECKING:
    from backpropcli.engine import Trace
    from backpropcli.graph import Graph


_WEIGHTED = re.compile(r"t(\d+) = \w+ @ (W\1)")


class Row(NamedTuple):
    """A row: `gradient` is None where there is none to show; `formula` is empty for data."""

    name: str
    kind: str
    formula: str
    inputs: tuple[str, ...]
    shape: tuple[int, ...]
    value: Any
    gradient: Any


class Result(NamedTuple):
    """What a view of a run needs: where it came from, what was differentiated (or None), and the rows in order."""

    source: str
    loss: str | None
    loss_value: Any
    rows: Sequence[Row]
    title: str = ""
    marks: dict[str, str] = {}  # noqa: RUF012 - read only
    """A note behind some rows, by name: where NaN or infinity arises."""

    remark: str = ""
    """What the title says of the rows: which index of a weight is which."""

    notes: Sequence[str] = ()
    """What is said below the rows: operations written out."""

    rules: dict[str, str] = {}  # noqa: RUF012 - read only
    """How the rules of what runs through time are written, by name: `h[t]`."""

    def written(self, row: Row) -> str:
        """A node's formula; of what runs through time its whole rule, `h[t] = tanh(...)`."""
        return f"{self.rules[row.name]} = {row.formula}" if row.name in self.rules else row.formula

    def of_entry(self, at: tuple[int, ...]) -> Result:
        """The same where one entry was differentiated: `z1[0]`, with its own value."""
        value = self.loss_value[at]
        return self._replace(loss=component_name(self.loss or "", at), loss_value=float(value))


def result(
    trace: Trace,
    source: str,
    title: str = "",
    only: Collection[str] | None = None,
    expand: bool = False,
    marks: dict[str, str] | None = None,
) -> Result:
    """The rows of a trace; with `expand` the steps of compound formulas (`a2.1`) too, with `only` some names alone."""
    rows = _rows(trace, expand)
    if only is not None:
        rows = [row for row in rows if row.name in only or row.name.partition(".")[0] in only]
    loss_value = trace.value(trace.of) if trace.of is not None else None
    notes = spelled_steps(trace.graph, {row.name for row in rows}) if expand else ()
    rules = Loop.subscripts(trace.graph)
    return Result(source, trace.of, loss_value, rows, title, marks or {}, weights_remark(trace.graph), notes, rules)


def weights_remark(graph: Graph) -> str:
    """How to read the indices of a dense layer's weights: of a matrix W1 in a node t1 = x @ W1, in either form."""
    nodes = graph.nodes
    found = (_WEIGHTED.fullmatch(f"{node.name} = {node.formula}") for node in nodes.values())
    weights = (nodes[match[2]] for match in found if match is not None)
    dense = any(node.kind == "parameter" and node.path and len(graph.shapes[node.slot]) == 2 for node in weights)
    return "[i, j]: from input i to unit j, from 0" if dense else ""


def _rows(trace: Trace, expand: bool) -> list[Row]:
    graph, slots, gradients, dtype = trace.graph, trace.slots, trace.gradients, trace.plan.dtype
    shapes = graph.shapes
    labels = graph.labels() if expand else {}
    backward = trace.of is not None
    rows = []
    for name, kind, formula, inputs, first, slot, _ in graph.nodes.values():
        shown = backward and (kind in ("parameter", "node") or trace.everything)
        if expand and first < slot:
            written = step_words(graph, name, labels)
            rows += [_step(trace, step, labels, shown, written[step]) for step in range(first, slot) if step in labels]
        shape = shapes[slot]
        value, gradient = slots[slot], gradients[slot] if shown else None
        if shape or type(value) is not float or (shown and type(gradient) is not float):
            value = plain(value, shape, dtype)
            gradient = plain(gradient, shape, dtype) if shown else None
        rows.append(Row(name, kind, formula, inputs, shape, value, gradient))
    return rows


def step_words(graph: Graph, name: str, labels: dict[int, str]) -> dict[int, str]:
    """Each step of a node in the formula language, by slot: `w1 * x`, `sum(J.2, axis=0)`."""
    from backpropcli.derivation.stages import step_formulas
    from backpropcli.language.formula.show import show

    return {slot: show(formula) for slot, formula in step_formulas(graph, graph.nodes[name], labels).items()}


def spelled_steps(graph: Graph, only: Collection[str]) -> list[str]:
    """Each step among some rows that has a formula of its own in the language: `z1 = einsum('nchwij,...`."""
    from backpropcli.derivation.spelled import written_out
    from backpropcli.language.formula.show import show

    return [f"{label} = {show(formula)}" for label, formula in written_out(graph, graph.labels(), only)]


def steps_said(graph: Graph, mentioned: Collection[str]) -> str:
    """What names such as J.4 are, for a message that mentions them: `(J.4 = exp(J.3), a step inside J; ...)`."""
    inner = [name for name in dict.fromkeys(mentioned) if "." in name]
    if not inner:
        return ""
    labels = graph.labels()
    said = []
    for node in dict.fromkeys(name.partition(".")[0] for name in inner):
        words = step_words(graph, node, labels)
        own = [f"{labels[slot]} = {text}" for slot, text in words.items() if labels[slot] in inner]
        said.append(f"{' and '.join(own)}, {'steps' if len(own) > 1 else 'a step'} inside {node}")
    return f" ({'; '.join(said)}; backprop run --expand shows them)"


def _step(trace: Trace, slot: int, labels: dict[int, str], shown: bool, formula: str) -> Row:
    """A step inside a compound formula, as a node of its own."""
    graph, dtype = trace.graph, trace.plan.dtype
    shape = graph.shapes[slot]
    inputs = tuple(dict.fromkeys(labels[a] for a in graph.arguments[slot] if a in labels))
    value = plain(trace.slots[slot], shape, dtype)
    gradient = plain(trace.gradients[slot], shape, dtype) if shown else None
    return Row(labels[slot], "node", formula, inputs, shape, value, gradient)
