"""Mistakes in a rule for whole arrays, and with a batch: rows of the table of mistakes, as in `local_derivatives`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from backpropcli.gradcheck.external.local_derivatives import factors
from backpropcli.gradcheck.external.spelling import said
from backpropcli.gradcheck.mistakes.mutations import changed, scaled
from backpropcli.gradcheck.mistakes.table import TRANSPOSED, Mistake, Wrong
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.tree import Binary, Call, Expression, Name, Number, postorder, rebuilt, substitute
from backpropcli.ops.definition import Elementwise, Options, Part, Structural, Value

if TYPE_CHECKING:
    from backpropcli.gradcheck.external.edges import Step


def _square(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 and shape[0] == shape[1]


def _untransposed(step: Step) -> Iterator[Wrong]:
    """The other factor of a matrix product is not transposed, or is."""
    others = [a for k, a in enumerate(step.graph.arguments[step.edge.slot]) if k != step.position]
    product = isinstance(step.operation, Structural) and step.operation.matrix_product
    if product and others and _square(step.graph.shapes[others[0]]):
        wrong = step.replaced(partial(_other_turned, step.position))
        yield Wrong(wrong, {"factor": step.spell.slot(others[0]), "to": step.to})


def _other_turned(position: int, body: Any) -> Any:
    def wrong(xp: Any, o: Any, g: Any, y: Any, *v: Any) -> Any:
        v = tuple(x.swapaxes(-1, -2) if k != position else x for k, x in enumerate(v))
        return body(xp, o, g, y, *v)

    return wrong


def _turned(step: Step) -> Iterator[Wrong]:
    if isinstance(step.operation, Structural) and _square(step.graph.shapes[step.edge.to]):
        yield Wrong(changed(step.operation, step.position, lambda g: g.swapaxes(-1, -2)), {"to": step.to})


def _upstream_turned(step: Step) -> Iterator[Wrong]:
    operation, shape = step.operation, step.graph.shapes[step.edge.slot]
    if isinstance(operation, Structural) and _square(shape) and not _one_array(step) and not operation.variadic:
        turned = step.replaced(lambda body: lambda xp, o, g, y, *v: body(xp, o, g.swapaxes(-1, -2), y, *v))
        yield Wrong(turned, {"at": step.at, "to": step.to})


def _one_array(step: Step) -> bool:
    """Whether a step makes an array of one of the same shape."""
    shapes = [step.graph.shapes[a] for a in step.graph.arguments[step.edge.slot]]
    return shapes == [step.graph.shapes[step.edge.slot]]


def _entry_alone(step: Step) -> Iterator[Wrong]:
    """The rule of a softmax as if no entry depended on the others: each by its own slope."""
    operation = step.operation
    if isinstance(operation, Structural) and operation.slopes is not None:
        formula = parse(operation.slopes[0])
        value = step.value(formula)
        if value is not None:
            whole: Expression = Name("g")
            for factor in factors(formula):
                whole = Binary("*", whole, factor)
            yield Wrong(step.replaced(lambda _: _times(value)), {"name": operation.name, "rule": _at(step, whole)})


def _without_sum(step: Step) -> Iterator[Wrong]:
    """The textbook's rule without the sum that it takes off, `y * g` for `y * (g - sum(g * y))`."""
    operation = step.operation
    if not isinstance(operation, Structural) or operation.slopes is None:
        return
    form = parse(operation.textbook[step.position])
    found = (p for p in postorder(form) if isinstance(p, Binary) and p.sign == "-" and isinstance(p.right, Call))
    if (part := next(found, None)) is not None:
        without = rebuilt(form, lambda was, now: part.left if was is part else now)
        value = step.value(substitute(without, {"g": Number(1.0, "1")}))
        if value is not None:
            about = {"name": operation.name, "part": _at(step, part.right)}
            yield Wrong(step.replaced(lambda _: _times(value)), about)


def _passed_on(step: Step) -> Iterator[Wrong]:
    if isinstance(step.operation, Structural) and step.operation.slopes is not None:
        yield Wrong(step.replaced(lambda _: lambda xp, o, g, y, *v: g + 0.0), {"name": step.operation.name})


def _at(step: Step, formula: Expression) -> str:
    """A rule over its step's value, in the network's names."""
    return said(substitute(formula, {"y": Name(step.at)}))


def _times(value: Value) -> Any:
    """A rule that is the upstream gradient times a value."""
    return lambda xp, o, g, y, *v: g * value


def _another_axis(step: Step) -> Iterator[Wrong]:
    """A normalisation's sum taken along another axis."""
    axis, shape = getattr(step.graph.options.get(step.edge.slot), "axis", None), step.graph.shapes[step.edge.slot]
    operation = step.operation
    if not isinstance(operation, Structural) or not isinstance(axis, tuple) or len(shape) < 2 or not _one_array(step):
        return
    own = tuple(k % len(shape) for k in axis)
    for k in range(len(shape)):
        if (k,) != own:
            along, rule = (k - len(shape),), operation.rule
            body = partial(_along, along) if rule is None else partial(_by_rule, rule, Options(axis=along))
            yield Wrong(step.replaced(body), {"name": operation.name, "at": step.at, "axis": k, "own": own[0]})


def _by_rule(rule: Callable[..., Any], other: Options, body: Any) -> Any:
    return lambda xp, o, g, y, *v: rule(xp, other, g, y)


def _along(axis: tuple[int, ...], body: Any) -> Any:
    def wrong(xp: Any, o: Any, g: Any, y: Any, *v: Any) -> Any:
        other = copy.copy(o)
        other.axis = axis
        return body(xp, other, g, y, *v)

    return wrong


def _kept_last(step: Step) -> Iterator[Wrong]:
    return _of_repeated(step, lambda part, counts: part._replace(unique=True))


def _averaged(step: Step) -> Iterator[Wrong]:
    return _of_repeated(step, lambda part, counts: part._replace(value=part.value / counts))


def _of_repeated(step: Step, make: Callable[[Part, Any], Part]) -> Iterator[Wrong]:
    if isinstance(step.operation, Structural) and step.graph.shapes[step.edge.to]:
        yield Wrong(step.replaced(partial(_repeated, make)), {"to": step.to})


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


UNTRANSPOSED = Mistake(
    "untransposed",
    _untransposed,
    rule="{factor} stands in the gradient of {to} where {factor}.T belongs (or the other way round)",
)
TURNED = Mistake("transposed", _turned, rule=TRANSPOSED.rule)
UPSTREAM_TURNED = Mistake(
    "upstream transposed",
    _upstream_turned,
    rule="the upstream gradient of {at} is transposed in the gradient of {to} (or should be, and is not)",
)
ENTRY_ALONE = Mistake(
    "entry alone", _entry_alone, rule="{name}'s rule is {rule} there, as if each entry depended on its own z alone"
)
WITHOUT_SUM = Mistake("without sum", _without_sum, rule="the part - {part} of {name}'s rule is missing")
PASSED_ON = Mistake(
    "passed on", _passed_on, rule="{name}'s rule is missing: the upstream gradient is passed on as it is"
)
ANOTHER_AXIS = Mistake(
    "another axis", _another_axis, rule="the sum in {name}'s rule at {at} goes along axis {axis} instead of {own}"
)
KEPT_LAST = Mistake(
    "kept last",
    _kept_last,
    rule="rows of {to} that are picked more than once keep only their last gradient (= in place of +=; NumPy's "
    "d{to}[ids] += g does that too, np.add.at adds them all)",
)
AVERAGED = Mistake(
    "averaged",
    _averaged,
    rule="rows of {to} that are picked more than once get the mean of their gradients, not the sum",
)


# A batch of examples.


def _one_example(step: Step) -> Iterator[Wrong]:
    """The upstream gradient of the first (or the last) example alone."""
    import numpy as np

    graph, shape = step.graph, step.graph.shapes[step.edge.slot]
    batches = {graph.shape(name)[0] for name in graph.names("input", "target") if graph.shape(name)}
    if not shape or shape[0] < 2 or shape[0] not in batches:
        return
    for place, word in ((0, "first"), (shape[0] - 1, "last")):
        for times in (1.0, float(shape[0])):
            mask = np.zeros((shape[0], *[1] * (len(shape) - 1)))
            mask[place] = times
            about = {"word": word, "to": step.to, "times": f", times {shape[0]}" if times > 1.0 else ""}
            if isinstance(step.operation, Elementwise):
                yield Wrong(scaled(step.operation, step.position, mask), about)
            else:
                yield Wrong(step.replaced(partial(_masked, mask)), about)


def _masked(mask: Any, body: Any) -> Any:
    return lambda xp, o, g, y, *v: body(xp, o, g * mask, y, *v)


ONE_EXAMPLE = Mistake("one example", _one_example, rule="only the {word} example goes into the gradient of {to}{times}")
