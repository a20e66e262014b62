"""One entry of a gradient that comes back through an array operation, as a formula of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from backpropcli.derivation.trial import CLOSE, comes_to
from backpropcli.derivation.vjps import worded
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.tree import Name, postorder, substitute
from backpropcli.notation import maths
from backpropcli.ops.definition import Structural

if TYPE_CHECKING:
    from backpropcli.derivation.stages import Stage
    from backpropcli.derivation.worked import Worked
    from backpropcli.notation.maths import Said


class Entry(NamedTuple):
    """The formula of one entry as it is typeset, and in words what it adds up."""

    text: maths.Maths
    words: Said


def entry(worked: Worked, stage: Stage, label: str, index: tuple[int, ...]) -> Entry | None:
    """The gradient of `label` at `index`, all of which comes back through this stage; None where no formula is known.

    Worked out before it is said: a formula that is not backpropagation's number is not told.
    """
    operation = stage.operation
    if not isinstance(operation, Structural) or operation.entry is None or stage.arguments.count(label) != 1:
        return None
    options = worked.graph.options.get(stage.slot)
    position = stage.arguments.index(label)
    found = operation.entry(options, operation.arguments[position], index) if options is not None else None
    if found is None or None in stage.arguments[: len(operation.arguments) - len(operation.defaults)]:
        return None
    upstream = worked.gradient_name(stage.name)
    words = {letter: Name(name) for letter, name in zip(operation.arguments, stage.arguments, strict=True) if name}
    formula = substitute(parse(found[0]), {**words, "g": Name(upstream)})
    arrays = {part.name for part in postorder(formula) if isinstance(part, Name)}
    values = {name: worked.value(name) for name in arrays if name in worked.slots}
    said = comes_to(formula, {**values, upstream: worked.gradient(stage.name)})
    right = float(worked.gradient(label)[index])
    if said is None or not abs(float(said) - right) <= CLOSE * max(abs(right), CLOSE):
        return None
    said_names = {letter: maths.name(name.name) for letter, name in words.items()}
    return Entry(maths.formula(formula, worked.style, arrays), worded(found[1], said_names))
