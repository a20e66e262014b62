"""Another array of the same shape in the wrong place: h1 for h, dW2 for W2, z + y for z - y."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.gradcheck.external.local_derivatives import SIGNS
from backpropcli.gradcheck.external.rules import Change
from backpropcli.language.formula.tree import Name, postorder
from backpropcli.ops.definition import Elementwise, Operation

if TYPE_CHECKING:
    from backpropcli.engine import Trace
    from backpropcli.gradcheck.external.edges import Step
    from backpropcli.gradcheck.external.spelling import Spelling


class Stand(NamedTuple):
    """Another array that may stand where one belongs: `text` is what it is called, `at` the node's name."""

    text: str
    value: Any


def stands(trace: Trace, spell: Spelling) -> list[Stand]:
    """Every array (or number) of the network that may stand in the wrong place: values, gradients, their transposes."""
    import numpy as np

    graph = trace.graph
    found = [Stand(name, trace.value(name)) for name in graph.nodes]
    for name in graph.nodes:
        if trace.reaches(name) and np.any(trace.gradient(name)):
            found.append(Stand(f"d{trace.of}/d{name}", trace.gradient(name)))
    found += [Stand(f"{s.text}.T", s.value.T) for s in found if len(_shape(s.value)) == 2]
    for slot, operation in enumerate(graph.operations):  # z + y where z - y belongs
        if operation is not None and operation.infix in SIGNS and len(graph.arguments[slot]) == 2:
            a, b = (trace.slots[k] for k in graph.arguments[slot])
            left, right = (spell.slot(k) for k in graph.arguments[slot])
            plus = operation.infix == "-"
            found.append(Stand(f"({left} {SIGNS[operation.infix]} {right})", a + b if plus else a - b))
    return found


def misplaced(step: Step, others: list[Stand]) -> Iterator[tuple[str, Change]]:
    """The rule of one step with another array of the same shape in the place of one that it uses.

    Beside each change is the letter that it is about, and who stands there, by which the same slip is known elsewhere.
    """
    if step.operation.variadic:
        return
    for letter, slot, make in _places(step):
        own, right = step.trace.slots[slot], step.spell.slot(slot)
        for other in others:
            if _shape(other.value) != _shape(own) or other.text == right or _equal(other.value, own):
                continue
            changed = make(other.value)
            if changed is not None:
                what = f"{other.text} stands in the gradient of {step.to} where {right} belongs"
                yield f"{letter}|{other.text}", Change(changed, what)


def _places(step: Step) -> Iterator[tuple[str, int, Callable[[Any], Operation | None]]]:
    """The letters that the rule uses, the slot of each, and the operation with another value there."""
    arguments = step.graph.arguments[step.edge.slot]
    if isinstance(step.operation, Elementwise):
        formula = step.formula
        used = {part.name for part in postorder(formula) if isinstance(part, Name)} if formula is not None else set()
        slots = {**dict(zip(step.operation.arguments, arguments, strict=False)), "y": step.edge.slot}
        for letter in sorted(used & set(slots)):
            yield letter, slots[letter], partial(_with_letter, step, letter)
        return
    for k, slot in enumerate(arguments):
        if k != step.position and slot not in step.graph.constants:
            yield str(k), slot, partial(_standing, step, k)
    if len(arguments) == 1:
        yield "y", step.edge.slot, partial(_standing, step, -1)


def _with_letter(step: Step, letter: str, value: Any) -> Operation | None:
    """The operation whose local derivative has another value for one of its letters."""
    other = step.value(step.formula, {letter: value}) if step.formula is not None else None
    return None if other is None else step.giving(other)


def _standing(step: Step, k: int, value: Any) -> Operation:
    """The operation whose rule gets another value for argument k (-1: for its own value)."""
    return step.replaced(partial(_with, k, value))


def _with(k: int, value: Any, body: Any) -> Any:
    def wrong(xp: Any, o: Any, g: Any, y: Any, *v: Any) -> Any:
        if k < 0:
            return body(xp, o, g, value, *v)
        return body(xp, o, g, y, *(value if n == k else x for n, x in enumerate(v)))

    return wrong


def _shape(value: Any) -> tuple[int, ...]:
    return tuple(getattr(value, "shape", ()))


def _equal(a: Any, b: Any) -> bool:
    import numpy as np

    return bool(np.array_equal(a, b))
