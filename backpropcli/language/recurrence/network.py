"""The nodes of a network of which some run through time, added to a graph in their order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from backpropcli.errors import FormulaError, OperationError
from backpropcli.language.recurrence.first_rows import notes
from backpropcli.language.recurrence.folded import Folded
from backpropcli.language.recurrence.groups import Group, ordered, subscripted
from backpropcli.language.recurrence.misplaced import MisplacedError
from backpropcli.language.recurrence.span import counting
from backpropcli.language.recurrence.unrolled import Unrolled

if TYPE_CHECKING:
    from backpropcli.graph import Graph
    from backpropcli.language.formula.tree import Expression
    from backpropcli.language.recurrence.outside import Outside

Times = Folded | Unrolled
Plain = Callable[[str, "Expression"], None]


def times(outside: Outside, from_one: Mapping[str, int], unrolled: bool, folded: Graph | None = None) -> Times:
    """What adds recurrences: a step for each, or a node for each row, where the `folded` graph may know all shapes."""
    return Unrolled(outside, from_one, folded) if unrolled else Folded(outside, from_one)


def add(
    outside: Outside,
    trees: Mapping[str, Expression],
    known: Collection[str],
    plain: Plain | None = None,
    folded: Graph | None = None,
    unrolled: bool = False,
) -> Times:
    """Every formula, by key; those without a subscript are added by `plain`. MisplacedError for whatever is wrong.

    `known` are all names that there are.
    """
    nodes = subscripted(trees, known)
    found = times(outside, counting(nodes.values()), unrolled, folded)
    for one in ordered(trees, nodes, known):
        key = one.members[0].keys["rule"] if isinstance(one, Group) else one
        try:
            if isinstance(one, Group):
                found.add(one)
            elif plain is not None:
                plain(one, found.seen(trees[one]))
                outside.graph.notes += notes(trees[one], found.rows, nodes)
        except (FormulaError, OperationError) as error:
            raise MisplacedError(key, error) from None
    return found
