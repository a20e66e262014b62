"""Lines of a worked solution that several outputs have: a gradient from its terms, and a value as a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backpropcli.notation import maths
from backpropcli.ops.shape import show_shape
from backpropcli.render.rows import Row

if TYPE_CHECKING:
    from backpropcli.derivation.worked import Worked

MOST_ENTRIES = 48
"""An array of more entries than these is shown as its shape."""


def gradient_row(worked: Worked, label: str, mark: str) -> Row:
    """One gradient worked out: its terms, the numbers put in, and what they come to."""
    name, result = maths.gradient(str(worked.trace.of), label), block(worked, worked.gradient(label))
    terms = worked.terms(label)
    if not terms:  # the loss itself
        return Row(name, result=result, mark=mark, remark="" if result == "1" else "the upstream gradient given")
    remarks = [said for term in terms for said in term.remark.split("; ")]  # summed twice over the examples: said once
    remark = "; ".join(dict.fromkeys(filter(None, remarks)))
    numbers = tuple(term.numbers or "" for term in terms)
    if not all(numbers) or (len(terms) == 1 and numbers[0] == result):
        numbers = ()
    products = worked.products(terms, worked.gradient(label))
    return Row(name, tuple(term.text for term in terms), numbers, result, mark, remark, products)


def block(worked: Worked, value: Any) -> str:
    """A value as a result: a number, a small array inside the line, a larger one line by line, else its shape."""
    inline = worked.show(value)
    if inline is not None:
        return maths.number(inline)
    if value.ndim > 2 or value.size > MOST_ENTRIES or value.shape[-1] > 8:
        return show_shape(value.shape)
    rows = [[worked.precision.show(x) for x in row] for row in value.reshape(-1, value.shape[-1]).tolist()]
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = ["  ".join(x.rjust(size) for x, size in zip(row, widths, strict=True)) for row in rows]
    return "[" + "\n ".join(lines) + "]"
