"""Labels in formulas: whole numbers that are data, or are made from data, `p[arange(4), y - 1]`; never a parameter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from backpropcli.errors import FormulaError
from backpropcli.language.data.deferred import ready
from backpropcli.language.data.kept import Kept, blocks
from backpropcli.language.formula import constants
from backpropcli.language.formula.show import show
from backpropcli.language.formula.tape import Tape
from backpropcli.language.formula.tree import Expression, Name
from backpropcli.ops.definition import Elementwise, Labels, Operation, Structural, Value
from backpropcli.ops.labels import Misfit, condition, misfit
from backpropcli.ops.shapes.index import Label

if TYPE_CHECKING:
    from backpropcli.graph import Graph, Node
    from backpropcli.language.formula.lower import Lowering

FORM = "An index is made of whole numbers, or of inputs and targets that hold them."


class Found:
    """The labels in one index, in order of appearance: `slots`, and how each was `written`."""

    def __init__(self, lowering: Lowering) -> None:
        self.lowering = lowering
        self.slots: list[int] = []
        self.written: list[Expression] = []

    def label(self, e: Expression) -> Label | None:
        """An expression's labels; None where it is a constant. FormulaError where it has a gradient."""
        slot = self.lowering.lower(e)
        if type(slot) is not int:
            return None
        if condition(chosen_by(self.lowering.graph, slot)):
            raise constants.conditional(e)
        parameter = next((node for node in made_from(self.lowering.graph, slot) if node.kind == "parameter"), None)
        if parameter is not None:
            said = (
                "is a parameter"
                if isinstance(e, Name) and e.name == parameter.name
                else f"is made from the parameter {parameter.name}"
            )
            raise FormulaError(f"{_brief(e)} {said}, which cannot be an index", hint=FORM).spanning(e.start, e.end)
        self.slots.append(slot)
        self.written.append(e)
        return Label(len(self.slots) - 1)


def chosen_by(graph: Graph, slot: int) -> Operation | None:
    """The operation that a slot's value comes from; a name for another's is looked through."""
    operation = graph.operations[slot]
    while isinstance(operation, Elementwise) and operation.signs == (1.0,):
        slot = graph.arguments[slot][0]
        operation = graph.operations[slot]
    return operation


def check(lowering: Lowering, step: int, written: Sequence[Expression]) -> None:
    """Refuse labels whose values are known and that name nothing; `written` are a step's arguments in the formula."""
    operation = lowering.graph.operations[step]
    if not isinstance(operation, Structural) or step not in lowering.graph.options:
        return
    for use in operation.labels(lowering.graph.options[step]):
        slot = lowering.graph.arguments[step][use.argument]
        found = _misfit(lowering.graph, lowering.values, slot, use)
        if found is not None:
            e = written[use.argument]
            array = _brief(written[0]) if use.argument else operation.name
            error = FormulaError(found.message(_brief(e), use, array), hint=_hint(use, found.whole, array))
            raise error.spanning(e.start, e.end)


def _misfit(graph: Graph, values: Mapping[str, Value], slot: int, use: Labels) -> Misfit | None:
    """The first label that names nothing, as far as labels are known; of many that stay in a file, all are seen."""
    data = next((values.get(n.name) for n in graph.nodes.values() if n.kind != "node" and n.slot == slot), None)
    if not isinstance(data, Kept):
        value = known_value(graph, values, slot)
        return misfit(value, use) if value is not None else None
    for rows, block in blocks(data):
        if found := misfit(block, use):
            return found._replace(place=(found.place[0] + int(rows[0]), *found.place[1:]))
    return None


def _hint(use: Labels, whole: bool, array: str) -> str:
    if not use.wraps:
        return "Targets that are probabilities have one column for each class." if not whole else ""
    if not whole:
        return FORM
    return f"Labels count from 0: {array} has 0 to {use.size - 1}." if use.size else ""


def _brief(e: Expression) -> str:
    text = show(e)
    if len(text) > 40:
        return "it"
    return text if isinstance(e, Name) or text.endswith((")", "]")) else f"({text})"


# What labels are made of, and what they come to where their data are known.


def behind(graph: Graph, slot: int, through: bool = True) -> list[int]:
    """The slots that a slot is made from, itself included, in evaluation order; not `through` what is stopped."""
    found, waiting = {slot}, [slot]
    while waiting:
        now = waiting.pop()
        for a in graph.arguments[now] if through or not graph.stops(now) else ():
            if a not in found:
                found.add(a)
                waiting.append(a)
    return sorted(found)


def made_from(graph: Graph, slot: int) -> Iterator[Node]:
    """The data that a slot moves with."""
    needed = set(behind(graph, slot, through=False))
    for node in graph.nodes.values():
        if node.kind != "node" and node.slot in needed:
            yield node


def known_value(graph: Graph, values: Mapping[str, Value], slot: int) -> Value | None:
    """A slot's value; None where some of its data are not known, or too many to look at."""
    by_slot = {node.slot: values.get(node.name) for node in graph.nodes.values() if node.kind != "node"}
    if slot in by_slot:
        return ready(by_slot[slot])
    import numpy as np

    from backpropcli.ops.numbers.array import xp

    slots = behind(graph, slot)
    data: list[Value | None] = [None] * (slot + 1)
    for one in slots:
        if graph.operations[one] is None and one not in graph.constants:
            value = by_slot.get(one)
            if value is None or isinstance(value, Kept):
                return None
            value = ready(value)
            data[one] = xp.asarray(value)
    with np.errstate(all="ignore"):
        return Tape(graph, slot, slots).run(xp, data)[slot]
