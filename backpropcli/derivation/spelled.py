"""Steps written out: an operation's value in its textbook form, with the names of the network put in."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.steps import signed
from backpropcli.language.formula.tree import Binary, Expression, Name, Number, substitute
from backpropcli.ops.definition import Structural

if TYPE_CHECKING:
    from backpropcli.graph import Graph


def written_out(
    graph: Graph, labels: dict[int, str], only: Collection[str] | None = None
) -> Iterator[tuple[str, Expression]]:
    """Of each step whose options make a formula of their own, its label and that formula.

    `labels` are the steps' names by slot; with `only` those of some alone.
    """
    for slot, operation in enumerate(graph.operations):
        if not isinstance(operation, Structural) or operation.forms is None or slot not in labels:
            continue
        text = operation.spelled(graph.options.get(slot)).get("y")
        if text is None or (only is not None and labels[slot] not in only):
            continue
        words: dict[str, Expression] = {}
        for letter, argument in zip(operation.arguments, graph.arguments[slot], strict=True):
            if argument in labels:
                words[letter] = Name(labels[argument])
            elif not graph.shapes[argument]:
                words[letter] = signed(float(graph.constants[argument]))
        yield labels[slot], _tidied(substitute(parse(text), words))


def _tidied(formula: Expression) -> Expression:
    """Without a 0 that is added: an argument that was left out."""
    match formula:
        case Binary(sign="+", left=left, right=Number(value=0.0)):
            return left
    return formula
