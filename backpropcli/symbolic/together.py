"""A whole gradient as one formula, where its entries are the same formula of the entries at their places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.symbolic.arrays import entries, symbols
from backpropcli.symbolic.tidy import text, tidy
from backpropcli.symbolic.words import Formula, sympy

if TYPE_CHECKING:
    from backpropcli.graph import Graph


def in_one(graph: Graph, known: Mapping[Any, Any], name: str, formulas: Sequence[Formula]) -> str:
    """All entries of d(loss)/d(name) in one: `p - y`; "" where they are not alike. `known` has the symbols' numbers.

    Entries that differ by one number, once in each row, differ by a one-hot vector: `p - one_hot(2, 3)`.
    """
    shape = graph.shape(name)
    if len(formulas) < 2:
        return ""
    same = [(label, own) for label, own in _arrays(graph) if graph.shape(label) == shape]
    common = []
    for k, formula in enumerate(formulas):
        whole = {own[k]: sympy().Symbol(label, real=True) for label, own in same}
        common.append(tidy(sympy().expand(formula.xreplace(whole))))
    base, many = Counter(common).most_common(1)[0]
    if not base.free_symbols or any("[" in str(s) for s in base.free_symbols):
        return ""
    if many == len(formulas):
        return text(base)
    gaps = [sympy().simplify(one - base) for one in common]
    rows = [gaps[first : first + shape[-1]] for first in range(0, len(gaps), shape[-1])]
    odd = {gap for gap in gaps if gap != 0}
    if len(shape) > 2 or len(odd) != 1 or any(sum(gap != 0 for gap in row) != 1 for row in rows):
        return ""
    (gap,) = odd
    if not gap.is_number:
        return ""
    hot = [next(j for j, gap in enumerate(row) if gap != 0) for row in rows]
    classes = str(hot[0]) if len(shape) == 1 else _labels(graph, known, hot)
    return text(tidy(base + gap * sympy().Symbol(f"one_hot({classes}, {shape[-1]})")))


def _arrays(graph: Graph) -> Iterator[tuple[str, list[Any]]]:
    """The names of arrays, and the symbols of their entries."""
    for name in graph.nodes:
        if shape := graph.shape(name):
            yield name, entries(symbols(name, shape))


def _labels(graph: Graph, known: Mapping[Any, Any], classes: Sequence[int]) -> str:
    """Class numbers as a formula: the name of the labels that they are, else the numbers themselves."""
    for name, own in _arrays(graph):
        if len(own) == len(classes) and [known.get(s) for s in own] == list(classes):
            return name
    return str(list(classes))
