"""Which axis of an array counts examples: the first, the last (a column an example), or none where there is one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from backpropcli.ops.shape import Shape


class Layout(NamedTuple):
    """How `examples` lie in arrays: in "rows", in "columns", or "one" alone.

    An array of examples has one axis, or one more for what each example has.
    """

    kind: str
    examples: int

    def fits(self, shape: Shape) -> bool:
        """Whether an array of this shape has these examples."""
        if self.kind == "one":
            return len(shape) <= 1
        return 1 <= len(shape) <= 2 and shape[0 if self.kind == "rows" else -1] == self.examples

    def width(self, shape: Shape) -> int:
        """How many numbers each example has."""
        if self.kind == "one":
            return shape[0] if shape else 1
        return 1 if len(shape) == 1 else shape[1 if self.kind == "rows" else 0]

    def alone(self, shape: Shape) -> bool:
        """Whether each example has a plain number, not a row of them."""
        return len(shape) == (0 if self.kind == "one" else 1)

    def rows(self, value: Any) -> Any:
        """(copies, *shape) as (copies, examples, width)."""
        if self.kind == "columns" and value.ndim == 3:
            value = value.swapaxes(1, 2)
        return value.reshape(len(value), self.examples, -1)

    def natural(self, rows: Any, shape: Shape) -> Any:
        """(copies, examples, width) as (copies, *shape)."""
        if self.kind == "columns" and len(shape) == 2:
            return rows.swapaxes(1, 2)
        return rows.reshape(len(rows), *shape)


def layouts(node: Shape, inputs: Sequence[Shape]) -> Iterator[Layout]:
    """The ways in which a node and its inputs may have the same examples, the likeliest first."""
    found = [Layout("rows", node[0]), Layout("columns", node[-1])] if node else []
    for layout in (*found, Layout("one", 1)):
        if layout.examples and all(map(layout.fits, (node, *inputs))):
            yield layout
