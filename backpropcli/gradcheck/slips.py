"""Slips in one way back that are no missing factor: a wrong letter, a wrong axis, one example, = for +=."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from backpropcli.engine import Trace
from backpropcli.errors import BackpropError
from backpropcli.gradcheck.whatif import Change, Spelling, Way, evaluate, replaced, said, scaled
from backpropcli.ops.definition import Elementwise, Operation, Part, Structural
from backpropcli.spec.formula.parser import parse
from backpropcli.spec.formula.tree import Binary, Call, Expression, Name, Number, Unary, postorder, substitute

SMALL = 1e-2
"""A constant up to this may be an ε, which keeps a division from 0."""
EPSILONS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-12)
AVERAGES = ("mean", "var", "std")
SIGNS = {"+": "-", "-": "+"}


class Stand(NamedTuple):
    """Another array that may stand where one belongs: `text` is what it is called, `at` the node's name."""

    text: str
    value: Any


def slips(trace: Trace, way: Way) -> Iterator[Change]:
    """Slips in the rule of one step: a formula nearly right, one example alone, another axis, = for +=."""
    operation = trace.graph.operations[way.slot]
    if isinstance(operation, Elementwise):
        yield from _nearly(trace, way, operation)
    elif isinstance(operation, Structural):
        yield from _another_axis(trace, way, operation)
        yield from _kept_once(trace, way, operation)
    if operation is not None:
        yield from _one_example(trace, way, operation)


def _nearly(trace: Trace, way: Way, operation: Elementwise) -> Iterator[Change]:
    """The textbook's local derivative with one sign or one power changed: 1 - y for 1 - y**2."""
    try:
        formula = parse(operation.textbook[way.position])
    except BackpropError:  # a hand-derived gradient may say what formulas cannot
        return
    spell = Spelling(trace.graph)
    letters = spell.letters(way.slot)
    for other in mutants(formula):
        value = evaluate(other, trace, way.slot)
        if value is None:
            continue
        wrong, right = said(substitute(other, letters)), said(substitute(formula, letters))
        body = replaced(operation, way.position, partial(_constant_body, value))
        yield Change(body, f"{spell.called(way.slot)} local derivative is {wrong} there instead of {right}")


def _constant_body(value: Any, body: Any) -> Any:
    return lambda *given: body(*given) * 0.0 + value


def mutants(formula: Expression) -> Iterator[Expression]:
    """The formula with one sign turned, or one power left out, wherever one is."""
    if isinstance(formula, Binary):
        if formula.sign == "**" and isinstance(formula.right, Number):
            yield formula.left
        if formula.sign in SIGNS:
            yield Binary(SIGNS[formula.sign], formula.left, formula.right)
        yield from (Binary(formula.sign, left, formula.right) for left in mutants(formula.left))
        yield from (Binary(formula.sign, formula.left, right) for right in mutants(formula.right))
    elif isinstance(formula, Unary):
        yield from (Unary(formula.sign, operand) for operand in mutants(formula.operand))
    elif isinstance(formula, Call) and len(formula.arguments) == 1:
        yield from (Call(formula.name, (inner,)) for inner in mutants(formula.arguments[0]))


def _another_axis(trace: Trace, way: Way, operation: Structural) -> Iterator[Change]:
    """A normalisation's sum taken along another axis."""
    graph = trace.graph
    axis, shape = getattr(graph.options.get(way.slot), "axis", None), graph.shapes[way.slot]
    whole = [graph.shapes[a] for a in graph.arguments[way.slot]] == [shape]
    if not isinstance(axis, tuple) or len(shape) < 2 or not whole:
        return
    label = Spelling(trace.graph).slot(way.slot)
    own = tuple(k % len(shape) for k in axis)
    for k in range(len(shape)):
        if (k,) == own:
            continue
        other = replaced(operation, way.position, partial(_along, (k - len(shape),)))
        yield Change(other, f"the sum in {operation.name}'s rule at {label} goes along axis {k} instead of {own[0]}")


def _along(axis: tuple[int, ...], body: Any) -> Any:
    import copy

    def wrong(xp: Any, o: Any, g: Any, y: Any, *v: Any) -> Any:
        other = copy.copy(o)
        other.axis = axis
        return body(xp, other, g, y, *v)

    return wrong


def _kept_once(trace: Trace, way: Way, operation: Structural) -> Iterator[Change]:
    """Entries that are picked more than once keep only what came last."""
    if operation.variadic or len(trace.graph.shapes[way.to]) < 1:
        return

    def last(body: Any) -> Any:
        def wrong(*given: Any) -> Any:
            part = body(*given)
            if not isinstance(part, Part) or part.unique:
                raise TypeError("nothing is picked twice here")
            return part._replace(unique=True)

        return wrong

    label = Spelling(trace.graph).slot(way.to)
    yield Change(
        replaced(operation, way.position, last),
        f"rows of {label} that are picked more than once keep only their last gradient (= in place of +=; NumPy's "
        f"d{label}[ids] += g does that too, np.add.at adds them all)",
    )


def _one_example(trace: Trace, way: Way, operation: Operation) -> Iterator[Change]:
    """The upstream gradient of the first (or the last) example alone."""
    import numpy as np

    shape = trace.graph.shapes[way.slot]
    batches = {trace.graph.shape(name)[0] for name in trace.graph.names("input", "target") if trace.graph.shape(name)}
    if not shape or shape[0] < 2 or shape[0] not in batches:
        return
    label = Spelling(trace.graph).slot(way.to)
    for place, word in ((0, "first"), (shape[0] - 1, "last")):
        for times in (1.0, float(shape[0])):
            mask = np.zeros((shape[0], *[1] * (len(shape) - 1)))
            mask[place] = times
            what = f"only the {word} example goes into the gradient of {label}"
            what += f", times {shape[0]}" if times > 1.0 else ""
            if isinstance(operation, Elementwise):
                yield Change(scaled(operation, way.position, mask), what)
            else:
                yield Change(replaced(operation, way.position, partial(_masked, mask)), what)


def _masked(mask: Any, body: Any) -> Any:
    return lambda xp, o, g, y, *v: body(xp, o, g * mask, y, *v)


# Another array of the same shape.


def stands(trace: Trace) -> list[Stand]:
    """Every array (or number) of the network that may stand in the wrong place: values, and gradients."""
    import numpy as np

    found = [Stand(name, trace.value(name)) for name in trace.graph.nodes]
    for name in trace.graph.nodes:
        if trace.reaches(name) and np.any(trace.gradient(name)):
            found.append(Stand(f"d{trace.of}/d{name}", trace.gradient(name)))
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
                return None if other is None else replaced(
                    operation, way.position, partial(_constant_body, other))

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


# Another number in the backward pass.


def revalued(trace: Trace) -> Iterator[tuple[str, str, list[Any]]]:
    """Backward passes at other values: without an ε, with another one, with n - 1 for n. Node, words, the values."""
    graph, plan, spell = trace.graph, trace.plan, Spelling(trace.graph)
    for slot, c in graph.constants.items():
        users = [s for s, arguments in enumerate(graph.arguments) if slot in arguments]
        if not isinstance(c, float) or not 0.0 < abs(c) <= SMALL or not users:
            continue
        node = spell.owner(users[0])
        for value in (0.0, *EPSILONS):
            if value != c:
                what = "left out" if value == 0.0 else f"{value:g}"
                words = f"the {c:g} in {node.name} = {node.formula} is {what} in their backward pass"
                yield from _variants(trace, node, words, plan.reevaluate(trace.slots, {slot: value}))
    for slot, operation in enumerate(graph.operations):
        arguments = graph.arguments[slot]
        if operation is None or operation.name not in AVERAGES or len(arguments) != 1:
            continue
        count = math.prod(graph.shapes[arguments[0]]) // max(1, math.prod(graph.shapes[slot]))
        if count < 2:
            continue
        node, power = spell.owner(slot), 0.5 if operation.name == "std" else 1.0
        other = trace.slots[slot] * (count / (count - 1)) ** power
        words = f"{spell.slot(slot)} has n - 1 = {count - 1} in their backward pass where n = {count} belongs (ddof)"
        yield from _variants(trace, node, words, plan.reevaluate(trace.slots, {slot: other}))


def _variants(trace: Trace, node: Any, words: str, v: list[Any]) -> Iterator[tuple[str, str, list[Any]]]:
    """All values downstream changed; those inside the node; those inside and its own."""
    inside, whole = list(trace.slots), list(trace.slots)
    for slot in range(node.first, node.slot + 1):
        whole[slot] = v[slot]
        if slot != node.slot:
            inside[slot] = v[slot]
    for slots in (v, whole, inside):
        yield node.name, words, slots
