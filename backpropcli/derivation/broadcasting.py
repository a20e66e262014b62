"""What is said where broadcasting made N × N numbers of N examples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backpropcli.engine.broadcasting import stretched
from backpropcli.language.formula.show import show
from backpropcli.language.formula.tree import Expression, Index, Name, Number, Slice, substitute
from backpropcli.ops.shape import show_shape

if TYPE_CHECKING:
    from backpropcli.graph import Graph

LONGEST = 40
"""A longer formula is called by its step's name."""


def stretch_notes(graph: Graph) -> Iterator[str]:
    """One sentence each: `z (2,) with y (2,1) makes (2,2), 4 numbers for 2 examples. Did you mean y[:, 0]?`."""
    labels: dict[int, str] = {}
    for found in stretched(graph):
        labels = labels or graph.labels()
        row, column = (_called(graph, slot, labels) for slot in (found.row, found.column))
        square = graph.shapes[found.step]
        first = Index(column, (Slice(None, None, None), Number(0.0, "0")))
        yield (
            f"{show(row)} {show_shape(graph.shapes[found.row])} with {show(column)} "
            f"{show_shape(graph.shapes[found.column])} makes {show_shape(square)}, {found.examples**2:,} numbers for "
            f"{found.examples} examples. Did you mean {show(first)}?"
        )


def _called(graph: Graph, slot: int, labels: dict[int, str]) -> Expression:
    """A name, or a short formula: how a value stands in the author's formula."""
    label = labels[slot]
    if label in graph.nodes:
        return Name(label)
    from backpropcli.derivation.stages import step_formulas

    whole: dict[str, Expression] = {}
    for step, formula in sorted(step_formulas(graph, graph.nodes[label.split(".")[0]], labels).items()):
        whole[labels[step]] = substitute(formula, whole)
    return whole[label] if label in whole and len(show(whole[label])) <= LONGEST else Name(label)
