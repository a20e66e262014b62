"""Slips in one way back that are no missing factor: a wrong sign or power, a wrong axis, one example, = for +=."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from backpropcli.engine import Trace
from backpropcli.errors import BackpropError
from backpropcli.gradcheck.external.mutations import Change, Spelling, Way, evaluate, said
from backpropcli.gradcheck.mistakes.mutations import replaced, scaled
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.tree import Binary, Call, Expression, Name, Number, Unary, substitute
from backpropcli.ops.definition import Body, Elementwise, Operation, Options, Part, Structural
from backpropcli.ops.table import TABLE

SIGNS = {"+": "-", "-": "+"}
"""Signs that are taken for one another."""


def slips(trace: Trace, way: Way) -> Iterator[Change]:
    """Slips in the rule of one step: a formula nearly right, one example alone, another axis, = for +=."""
    operation = trace.graph.operations[way.slot]
    if isinstance(operation, Elementwise):
        yield from _nearly(trace, way, operation)
        yield from _another_rule(trace, way, operation)
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
        body = replaced(operation, way.position, partial(constant_body, value))
        yield Change(body, f"{spell.called(way.slot)} local derivative is {wrong} there instead of {right}")


def _another_rule(trace: Trace, way: Way, operation: Elementwise) -> Iterator[Change]:
    """The local derivative of another activation: sigmoid's a * (1 - a) behind a tanh."""
    if not operation.nonlinearity:
        return
    letters = Spelling(trace.graph).letters(way.slot)
    own = said(substitute(parse(operation.textbook[0]), letters))
    for other in {id(o): o for o in TABLE.values()}.values():
        if not isinstance(other, Elementwise) or not other.nonlinearity:
            continue
        formula = substitute(parse(other.textbook[0]), {other.arguments[0]: Name(operation.arguments[0])})
        value = evaluate(formula, trace, way.slot) if other is not operation else None
        if value is not None:
            wrong = said(substitute(formula, letters))
            what = f"{other.name}'s local derivative {wrong} stands where {operation.name}'s {own} belongs"
            yield Change(replaced(operation, 0, partial(constant_body, value)), what)


def constant_body(value: Any, body: Any) -> Any:
    """A rule that gives this value, in the shape of the right one."""
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
    """A normalisation's sum taken along another axis; an upstream gradient that is not transposed."""
    graph = trace.graph
    axis, shape = getattr(graph.options.get(way.slot), "axis", None), graph.shapes[way.slot]
    whole = [graph.shapes[a] for a in graph.arguments[way.slot]] == [shape]
    spell = Spelling(graph)
    if len(shape) == 2 and shape[0] == shape[1] and not whole and not operation.variadic:
        turned = replaced(operation, way.position, partial(_turned_upstream))
        what = f"the upstream gradient of {spell.slot(way.slot)} is transposed in the gradient of {spell.slot(way.to)}"
        yield Change(turned, f"{what} (or should be, and is not)")
    if not isinstance(axis, tuple) or len(shape) < 2 or not whole:
        return
    own = tuple(k % len(shape) for k in axis)
    for k in range(len(shape)):
        if (k,) == own:
            continue
        along, rule = (k - len(shape),), operation.rule
        body = partial(_along, along) if rule is None else partial(_by_rule, rule, Options(axis=along))
        what = f"the sum in {operation.name}'s rule at {spell.slot(way.slot)} goes along axis {k} instead of {own[0]}"
        yield Change(replaced(operation, way.position, body), what)


def _turned_upstream(body: Any) -> Any:
    return lambda xp, o, g, y, *v: body(xp, o, g.swapaxes(-1, -2), y, *v)


def _by_rule(rule: Body, other: Options, body: Any) -> Any:
    return lambda xp, o, g, y, *v: rule(xp, other, g, y)


def _along(axis: tuple[int, ...], body: Any) -> Any:
    import copy

    def wrong(xp: Any, o: Any, g: Any, y: Any, *v: Any) -> Any:
        other = copy.copy(o)
        other.axis = axis
        return body(xp, other, g, y, *v)

    return wrong


def _kept_once(trace: Trace, way: Way, operation: Structural) -> Iterator[Change]:
    """Entries that are picked more than once keep only what came last, or the mean of it."""
    if not trace.graph.shapes[way.to]:
        return
    label = Spelling(trace.graph).slot(way.to)
    yield Change(
        replaced(operation, way.position, partial(_repeated, lambda part, counts: part._replace(unique=True))),
        f"rows of {label} that are picked more than once keep only their last gradient (= in place of +=; NumPy's "
        f"d{label}[ids] += g does that too, np.add.at adds them all)",
    )
    yield Change(
        replaced(
            operation, way.position, partial(_repeated, lambda part, counts: part._replace(value=part.value / counts))
        ),
        f"rows of {label} that are picked more than once get the mean of their gradients, not the sum",
    )


def _repeated(make: Callable[[Part, Any], Part], body: Any) -> Any:
    """A rule that changes what is picked more than once; TypeError where nothing is."""
    import numpy as np

    def wrong(xp: Any, o: Any, *given: Any) -> Any:
        part = body(xp, o, *given)
        if not isinstance(part, Part) or part.unique:
            raise TypeError("nothing is picked twice here")
        counts = np.zeros(o.before)
        np.add.at(counts, part.where, 1.0)
        return make(part, counts[part.where])

    return wrong


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
