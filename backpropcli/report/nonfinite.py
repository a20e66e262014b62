"""Where NaN or infinity first arises, in words: a mark for the table's row, a message for stderr."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backpropcli.engine import Trace, finite, offenders
from backpropcli.notation.numbers import Precision, components, is_array, shape_of
from backpropcli.ops.shape import show_shape
from backpropcli.report.run_rows import steps_said

if TYPE_CHECKING:
    from backpropcli.engine.nonfinite import Offender

PRECISION = Precision()
MANY = 8
"""An array of more entries than these is shown by its shape and its range."""


def described(trace: Trace) -> tuple[dict[str, str], list[str]]:
    """Marks by name, and messages; nothing where every value and gradient is finite."""
    if all(_plain(v) for v in trace.slots) and all(_plain(g) for g in trace.gradients):
        return {}, []
    marks: dict[str, str] = {}
    messages = []
    for found in offenders(trace):
        marks.setdefault(found.node, f"◀ {_kind(found.result)} starts here")
        messages.append(_message(found, trace))
    return marks, messages


def _plain(value: Any) -> bool:
    if type(value) is float:
        return value - value == 0.0
    return value is None or finite(value)


def _kind(result: Any) -> str:
    """NaN where there is one, else Infinity, or -Infinity where there is no other."""
    odd = [x for _, x in components(result) if x - x != 0]
    if any(x != x for x in odd):
        return "NaN"
    return "-Infinity" if all(x < 0 for x in odd) else "Infinity"


def _message(found: Offender, trace: Trace) -> str:
    """Which node it is, and what it was computed from."""
    kind = _kind(found.result)
    given = " and ".join(f"{name} = {_shown(value)}" for name, value in found.inputs if name)
    inner = steps_said(trace.graph, [found.label, *(name for name, _ in found.inputs)])
    node = trace.graph.nodes.get(found.node)
    if node is None:
        return f"note: a number in a formula is not finite: {kind}"
    if found.what == "value":
        what = f"{found.node} = {node.formula}" if node.formula else f"{node.kind} {found.node}"
        what = found.label if found.label != found.node else what
        where = f", where {given}" if given else ""
        if not found.used:
            return f"note: {what} is not finite: {kind}{where}; {trace.of} does not use it{inner}"
        return f"note: {what} is the first value that is not finite: {kind}{where}{inner}"
    passing = trace.graph.nodes.get(found.inputs[0][0].partition(".")[0]) if found.inputs else None
    through = f", through {passing.name} = {passing.formula}" if passing is not None and passing.formula else ""
    where = f", where {given}" if given else ""
    return f"note: d{trace.of}/d{found.label} is the first gradient that is not finite: {kind}{through}{where}{inner}"


def _shown(value: Any) -> str:
    if not is_array(value):
        return PRECISION.show(value)
    numbers = [x for _, x in components(value)]
    if len(numbers) <= MANY:
        return f"[{', '.join(map(PRECISION.show, numbers))}]"
    known = [x for x in numbers if x - x == 0]
    span = f" from {PRECISION.show(min(known))} to {PRECISION.show(max(known))}" if known else ""
    return f"an array {show_shape(shape_of(value))}{span}"
