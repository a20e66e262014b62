"""Labels in an index: inputs and targets that hold whole numbers, `p[arange(4), y]`; never what has a gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpropcli.errors import FormulaError
from backpropcli.ops.definition import Options, Value
from backpropcli.ops.indexing import Label
from backpropcli.spec.formula.tree import Name

if TYPE_CHECKING:
    from backpropcli.graph import Node
    from backpropcli.spec.formula.lower import Lowering

FORM = "An index is made of whole numbers, or of an input or target that holds them."


class Labels:
    """The labels in one index, in order of appearance: `slots` of inputs and targets."""

    def __init__(self, lowering: Lowering) -> None:
        self.lowering = lowering
        self.slots: list[int] = []
        self.written: list[tuple[Name, Node]] = []

    def label(self, e: Name) -> Label | None:
        """The labels that a name stands for; None where it is a constant. FormulaError where it has a gradient."""
        slot = self.lowering.lower(e)
        if type(slot) is not int:
            return None
        node = next((n for n in self.lowering.graph.nodes.values() if n.slot == slot), None)
        if node is None or node.kind not in ("input", "target"):
            kind = f"a {node.kind}" if node is not None else "a computed value"
            raise FormulaError(f"{e.name} is {kind}, which cannot be an index", hint=FORM).spanning(e.start, e.end)
        self.slots.append(slot)
        self.written.append((e, node))
        return Label(len(self.slots) - 1)

    def check(self, o: Options, array: str) -> None:
        """Refuse labels whose values are known and that nothing can be picked by; `o` are the step's options."""
        for axis, part in enumerate(o.where):
            if isinstance(part, Label):
                e, node = self.written[part.argument]
                value = self.lowering.values.get(node.name)
                if value is not None:
                    error = misfit(node.name, value, array, axis, o.before[axis])
                    if error is not None:
                        raise error.spanning(e.start, e.end)


def misfit(name: str, value: Value, array: str, axis: int, size: int) -> FormulaError | None:
    """The error for the first label that is no whole number, or that the axis has no entry for."""
    import numpy as np

    given = np.atleast_1d(value)
    whole = given == np.rint(given)
    wrong = np.argwhere(~(whole & (given >= -size) & (given < size)))
    if not len(wrong):
        return None
    where = tuple(wrong[0].tolist())
    label = given[where]
    shown = f"{name}[{', '.join(map(str, where))}]" if np.ndim(value) else name
    if not whole[where]:
        return FormulaError(f"{shown} is {label:g}: as an index it would be a whole number", hint=FORM)
    array = array if len(array) <= 40 else "it"
    last = f"Labels count from 0: {array} has 0 to {size - 1}." if size else ""
    return FormulaError(f"{shown} is {label:g}, but axis {axis} of {array} has the size {size}", hint=last)
