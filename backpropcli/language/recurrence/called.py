"""Recurrences inside a named formula, such as lstm(x, ...): its rules are lowered where the call stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from backpropcli.language.recurrence.misplaced import MisplacedError
from backpropcli.language.recurrence.network import add
from backpropcli.language.recurrence.outside import Scope

if TYPE_CHECKING:
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
    names = {key.partition("[")[0] for key in trees}
    try:
        found = add(outside, trees, {*outside.scope, *names}, unrolled=unrolled)
    except MisplacedError as error:
        raise error.error from None
    return lowering.lower(found.seen(value))
