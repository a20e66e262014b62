"""Another array of the same shape in the wrong place: h1 for h, dW2 for W2, z + y for z - y."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from backpropcli.engine import Trace
from backpropcli.errors import BackpropError
from backpropcli.gradcheck.external.mutations import Change, Spelling, Way, evaluate
from backpropcli.gradcheck.external.slips import SIGNS, constant_body
from backpropcli.gradcheck.mistakes.mutations import replaced
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.tree import Name, postorder
from backpropcli.ops.definition import Elementwise, Operation


class Stand(NamedTuple):
    """Another array that may stand where one belongs: `text` is what it is called, `at` the node's name."""

    text: str
    value: Any


def stands(trace: Trace) -> list[Stand]:
    """Every array (or number) of the network that may stand in the wrong place: values, gradients, their transposes."""
    import numpy as np

    graph = trace.graph
    found = [Stand(name, trace.value(name)) for name in graph.nodes]
    for name in graph.nodes:
        if trace.reaches(name) and np.any(trace.gradient(name)):
            found.append(Stand(f"d{trace.of}/d{name}", trace.gradient(name)))
    found += [Stand(f"{s.text}.T", s.value.T) for s in found if len(_shape(s.value)) == 2]
    spell = Spelling(graph)
    for slot, operation in enumerate(graph.operations):  # z + y where z - y belongs
        if operation is not None and operation.infix in SIGNS and len(graph.arguments[slot]) == 2:
            a, b = (trace.slots[k] for k in graph.arguments[slot])
            left, right = (spell.slot(k) for k in graph.arguments[slot])
            plus = operation.infix == "-"
            found.append(Stand(f"({left} {SIGNS[operation.infix]} {right})", a + b if plus else a - b))
    return found


def misplaced(trace: Trace, way: Way, others: list[Stand]) -> Iterator[tuple[str, Change]]:
    """The rule of one step with another array of the same shape in the place of one that it uses.

    Beside each change is the letter that it is about, and who stands there, by which the same slip is known elsewhere.
    """
    graph = trace.graph
    operation = graph.operations[way.slot]
    spell = Spelling(graph)
    if operation is None or getattr(operation, "variadic", False):
        return
    places = _places(trace, way, operation)
    for letter, slot, make in places:
        own, right = trace.slots[slot], spell.slot(slot)
        where = spell.slot(way.to)
        for other in others:
            if _shape(other.value) != _shape(own) or other.text == right or _equal(other.value, own):
                continue
            changed = make(other.value)
            if changed is not None:
                what = f"{other.text} stands in the gradient of {where} where {right} belongs"
                yield f"{letter}|{other.text}", Change(changed, what)


def _places(
    trace: Trace, way: Way, operation: Operation
) -> Iterator[tuple[str, int, Callable[[Any], Operation | None]]]:
    """The letters that the rule uses, the slot of each, and the operation with another value there."""
    arguments = trace.graph.arguments[way.slot]
    if isinstance(operation, Elementwise):
        try:
            formula = parse(operation.textbook[way.position])
        except BackpropError:
            return
        used = {part.name for part in postorder(formula) if isinstance(part, Name)}
        slots = {**dict(zip(operation.arguments, arguments, strict=False)), "y": way.slot}
        for letter in sorted(used & set(slots)):

            def make(value: Any, letter: str = letter) -> Operation | None:
                other = evaluate(formula, trace, way.slot, {letter: value})
                return None if other is None else replaced(operation, way.position, partial(constant_body, other))

            yield letter, slots[letter], make
        return
    for k, slot in enumerate(arguments):
        if k != way.position and slot not in trace.graph.constants:
            yield str(k), slot, partial(_standing, operation, way.position, k)
    if len(arguments) == 1:
        yield "y", way.slot, partial(_standing, operation, way.position, -1)


def _standing(operation: Operation, position: int, k: int, value: Any) -> Operation:
    """The operation whose rule for `position` gets another value for argument k (-1: for its own value)."""
    return replaced(operation, position, partial(_with, k, value))


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
