"""Lines of a worked solution that several outputs have: a gradient from its terms, and a value as a result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.notation import maths
from backpropcli.notation.middle import middle, said
from backpropcli.ops.shape import show_shape
from backpropcli.render.rows import Row

if TYPE_CHECKING:
    from backpropcli.derivation.worked import Worked

DOTS = "..."
"""What stands in the place of what is left out."""
MOST_ENTRIES = 48
"""An array of more entries than these is shown as its shape."""


def gradient_row(worked: Worked, label: str, mark: str) -> Row:
    """One gradient worked out: its terms, the numbers put in, and what they come to."""
    name, result = maths.gradient(str(worked.trace.of), label), block(worked, worked.gradient(label))
    terms = worked.terms(label)
    if not terms:  # the loss itself
        return Row(name, result=result, mark=mark, remark="" if result == "1" else "the upstream gradient given")
    remarks = [
        words for term in terms for words in term.remark.split("; ")
    ]  # summed twice over the examples: said once
    remark = "; ".join(dict.fromkeys(filter(None, remarks)))
    numbers = tuple(term.numbers or "" for term in terms)
    if not all(numbers) or (len(terms) == 1 and numbers[0] == result):
        numbers = ()
    products = worked.products(terms, worked.gradient(label))
    row = Row(name, tuple(term.text for term in terms), numbers, result, mark, remark, products)
    return row if worked.full else _ends(row, [worked.graph.times.get(term.through.node) for term in terms])


def _ends(row: Row, times: Sequence[int | None]) -> Row:
    """A sum over very many times with its first terms and its last."""
    left_out = {*middle(time for time in times if time is not None)}
    kept = [k for k, time in enumerate(times) if time not in left_out]
    gaps = [k for k in kept if k and k - 1 not in kept]
    if not left_out:
        return row

    def shown(cells: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(text for k in kept for text in ([DOTS, cells[k]] if k in gaps else [cells[k]])) if cells else ()

    count = f"{len(times) - len(kept):,} more terms, {said(tuple(sorted(left_out)))}: --full"
    remark = "; ".join(filter(None, [row.remark, count]))
    return row._replace(
        formula=shown(row.formula), numbers=shown(row.numbers), products=shown(row.products), remark=remark
    )


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
