"""The rows of a run, which every form prints: name, kind, formula, inputs, shape, value, gradient."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from backpropcli.engine import Trace
from backpropcli.engine.trace import plain
from backpropcli.ops.definition import Operation, Options
from backpropcli.views.numbers import is_array, nested


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
    return Result(source, trace.of, loss_value, rows, title, marks or {})


def _rows(trace: Trace, expand: bool) -> list[Row]:
    graph, slots, gradients, dtype = trace.graph, trace.slots, trace.gradients, trace.plan.dtype
    shapes = graph.shapes
    labels = graph.labels() if expand else {}
    backward = trace.of is not None
    rows = []
    for name, kind, formula, inputs, first, slot, _ in graph.nodes.values():
        shown = backward and (kind in ("parameter", "node") or trace.everything)
        if expand and first < slot:
            for step in range(first, slot):
                if step in labels:
                    rows.append(_step(trace, step, labels, shown))
        shape = shapes[slot]
        value, gradient = slots[slot], gradients[slot] if shown else None
        if shape or type(value) is not float or (shown and type(gradient) is not float):
            value = plain(value, shape, dtype)
            gradient = plain(gradient, shape, dtype) if shown else None
        rows.append(Row(name, kind, formula, inputs, shape, value, gradient))
    return rows


def _step(trace: Trace, slot: int, labels: dict[int, str], shown: bool) -> Row:
    """A step inside a compound formula, as a node of its own."""
    graph, dtype = trace.graph, trace.plan.dtype
    operation, shape = graph.operations[slot], graph.shapes[slot]
    assert operation is not None
    inputs = tuple(dict.fromkeys(labels[a] for a in graph.arguments[slot] if a in labels))
    words = [
        labels[a] if a in labels else nested(graph.constants[a]) if not is_array(graph.constants[a]) else "[...]"
        for a in graph.arguments[slot]
    ]
    value = plain(trace.slots[slot], shape, dtype)
    gradient = plain(trace.gradients[slot], shape, dtype) if shown else None
    formula = step_formula(operation, words, graph.options.get(slot))
    return Row(labels[slot], "node", formula, inputs, shape, value, gradient)


def step_formula(operation: Operation, arguments: Sequence[str], options: Options | None = None) -> str:
    """One operation in the formula language: `w1 * x`, `-z`, `sum(x, axis=-1)`."""
    if operation.infix and len(arguments) == 2:
        return f" {operation.infix} ".join(arguments)
    if operation.name == "negative":
        return f"-{arguments[0]}"
    words = list(arguments)
    planned = vars(options) if options is not None else {}
    words += [f"{key}={planned[key]}" for key in operation.options if key in planned and planned[key] is not None]
    return f"{operation.name}({', '.join(words)})"
