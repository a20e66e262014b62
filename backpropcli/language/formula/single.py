"""A number where PyTorch takes an array: it is an array of one entry, whose axis is 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backpropcli.language.formula import shapes
from backpropcli.ops.pytorch import has_one_entry
from backpropcli.ops.table import TABLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from backpropcli.language.formula.lower import Lowering, Result
    from backpropcli.language.formula.tree import Call
    from backpropcli.ops.definition import Operation


def one_entry(lowering: Lowering, operation: Operation, e: Call, results: Sequence[Any], options: Any) -> bool:
    """Whether an operation is asked for along an axis of a number, as PyTorch may be: torch.softmax(z, dim=0)."""
    axis = options.get("axis")
    axes = axis if isinstance(axis, tuple) else (axis,)
    if not has_one_entry(operation) or not axes or any(k not in (0, -1) or k is False for k in axes):
        return False
    return len(results) == 1 and not shapes.shape_of(lowering.graph, shapes.number(results[0], e))


def along_it(
    lowering: Lowering, operation: Operation, e: Call, results: Sequence[Any], options: Mapping[str, Any]
) -> Result:
    """The operation on an array of this one entry, and a number again."""
    getitem = TABLE["getitem"]
    array = lowering.step(getitem, (results[0],), {"index": (None,)}, e)
    found = lowering.step(operation, (array,), options, e)
    if shapes.shape_of(lowering.graph, found) != (1,):
        return found
    return lowering.step(getitem, (found,), {"index": (0,)}, e)
