"""The pieces of a worked gradient: terms that are added, and their factors, as text and as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from backpropcli.derivation.stages import Stage
    from backpropcli.notation.maths import Maths


class Factor(NamedTuple):
    """One factor of a product: as a formula, with numbers put in (None where an array is too large), and its value.

    `remark` says what cannot be seen from the formula: which side of a corner a value is on. `spread`: it is an array.
    """

    text: Maths
    numbers: Maths | None
    value: Any = None
    remark: str = ""
    spread: bool = False
    comes: Any = None
    """What the numbers come to as they are shown; None where that is not known."""


class Term(NamedTuple):
    """One term of a gradient: what comes through one stage that uses the value.

    `text` and `numbers` are the whole term; for an elementwise stage that is `upstream · local`, for another (a matrix
    product, a sum) the operation's vector-Jacobian product, and `local` is None. `value` is the term's own number,
    where it is one, there are several terms, and the trace knows it.
    """

    through: Stage
    upstream: Factor
    local: Factor | None
    text: Maths
    numbers: Maths | None
    value: Any = None
    remark: str = ""
    comes: Any = None
    """What the numbers come to as they are shown; None where that is not known."""
