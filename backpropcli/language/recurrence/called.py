"""Recurrences inside a named formula, such as lstm(x, ...): its rules are lowered where the call stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from backpropcli.language.recurrence.folded import Folded
from backpropcli.language.recurrence.groups import Group, MisplacedError, ordered, subscripted
from backpropcli.language.recurrence.outside import Scope
from backpropcli.language.recurrence.span import counting
from backpropcli.language.recurrence.unrolled import Unrolled

if TYPE_CHECKING:
    from backpropcli.errors import BackpropError
    from backpropcli.language.formula.lower import Lowering, Result
    from backpropcli.language.formula.tree import Expression


def recurrent(
    lowering: Lowering, rules: Mapping[str, tuple[str, Expression]], value: Expression, unrolled: bool = False
) -> Result:
    """The value of a formula that names what `rules` (a text and its tree by key, as h[t]) make, in its scope.

    `unrolled`: with steps of their own for every time.
    """
    outside = Scope(lowering, {key: text for key, (text, _) in rules.items()})
    trees = {key: tree for key, (_, tree) in rules.items()}
    nodes = subscripted(trees, outside.scope)
    from_one = counting(nodes.values())
    times = Unrolled(outside, from_one) if unrolled else Folded(outside, from_one)
    try:
        for group in ordered(trees, nodes, {*outside.scope, *nodes}):
            assert isinstance(group, Group), "every rule has a subscript"
            times.add(group)
    except MisplacedError as error:
        told: BackpropError = error.error
        raise told from None
    return lowering.lower(times.seen(value))
