"""Gradients through whole arrays in textbook form: `x.T @ dJ/dt1`, `dJ/dJ.3 spread over J.2`, sums over examples."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.derivation.trial import holds
from backpropcli.errors import FormulaError
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.steps import planned_axis
from backpropcli.language.formula.tree import Binary, Call, Expression, Name, Number, rebuilt, substitute
from backpropcli.notation import maths
from backpropcli.notation.maths import Maths, Said
from backpropcli.notation.numbers import exact
from backpropcli.ops.definition import Operation, Options
from backpropcli.ops.table import lookup

if TYPE_CHECKING:
    from backpropcli.derivation.stages import Stage
    from backpropcli.ops.shape import Shape


def product(
    stage: Stage, position: int, upstream: str, shapes: Sequence[Shape], options: Options | None
) -> Expression | Said:
    """A structural stage's vector-Jacobian product for one argument, over the names of the network.

    A formula where the operation's textbook form is one, else its words with the names put in. `shapes` are those of
    the arguments.
    """
    operation = stage.operation
    assert operation is not None
    names = [name or "constant" for name in stage.arguments]
    if operation.matrix_product and all(0 < len(shape) <= 2 for shape in shapes):
        written = _written(stage)
        factors = [Name(name) if name else written[k] for k, name in enumerate(stage.arguments)]
        return _matrix_product(position, factors, [len(shape) for shape in shapes], upstream)
    words = {"g": upstream, "y": stage.name}
    if operation.variadic:
        words[operation.arguments[0]] = names[position]
    else:
        words.update(zip(operation.arguments, names, strict=False))
    numbers = _numbers(options)
    text = operation.textbook[0 if operation.variadic else position]
    if not operation.variadic:  # a form for these shapes alone
        text = operation.spelled(options).get(operation.arguments[position], text)
    try:
        form = parse(text)
    except FormulaError:
        said = {key: maths.number(count) for key, count in numbers.items()}
        return worded(text, said | {key: maths.name(word) for key, word in words.items()})
    form = _fitted(substitute(form, {k: Number(float(n), n) for k, n in numbers.items()}), stage, shapes, options)
    letters = {word: word for word in words}
    if not holds(form, operation, position, operation.arguments, letters, list(shapes), options):
        return Said(maths.name(upstream), f" taken back through {operation.name}")
    return substitute(form, {word: Name(name) for word, name in words.items()} | _constants(stage))


def worded(text: str, known: Mapping[str, Maths]) -> Said:
    """A textbook form in words, with names and numbers put in for its letters."""
    letters = "|".join(map(re.escape, known))
    return Said(*(known.get(part, part) for part in re.split(rf"\b({letters})\b", text) if part))


def _numbers(options: Options | None) -> dict[str, str]:
    """The options that textbook forms name, as numbers: `n` entries, `ddof` of them not counted."""
    planned = vars(options) if options is not None else {}
    result = {"n": str(planned["count"])} if "count" in planned else {}
    if "divisor" in planned:
        result["ddof"] = exact(planned["count"] - planned["divisor"])
    return result


def _fitted(form: Expression, stage: Stage, shapes: Sequence[Shape], options: Options | None) -> Expression:
    """A textbook form, which speaks of whole vectors, for an operation along some axes only.

    Its own sums run along the same axes, and the upstream gradient and the value get back the axes that are gone.
    `(3 - 0)` is 3.
    """
    operation = stage.operation
    assert operation is not None
    written = options and "axis" in operation.options
    axes = getattr(options, "axis", ()) if written else ()
    axes = axes if isinstance(axes, tuple) else (axes,)
    rank = len(shapes[0])
    along = bool(axes) and len(axes) < rank
    gone = along and not getattr(options, "keepdims", True)
    axis = planned_axis(axes, rank) if along else None

    def fit(_: Expression, now: Expression) -> Expression:
        match now:
            case Call(name=name) if axis is not None and "axis" in (options := _options(name)):
                kept = (("keepdims", Name("True")),) if "keepdims" in options else ()
                return Call(name, now.arguments, (("axis", axis), *kept))
            case Call(name=name, keywords=()) if name == operation.name and isinstance(stage.shown, Call):
                own = stage.shown
                more = own.arguments[len(operation.arguments) :]
                return Call(name, now.arguments + more, own.keywords) if own.keywords or more else now
            case Name(name="g" | "y") if gone and axis is not None:
                return Call("expand_dims", (now, axis))
            case Binary(sign="-", left=Number() as left, right=Number(value=0)):
                return left
        return now

    return rebuilt(form, fit)


def _options(name: str) -> Mapping[str, Any]:
    """The options that an operation has."""
    operation = lookup(name)
    return operation.options if isinstance(operation, Operation) else {}


def _constants(stage: Stage) -> dict[str, Expression]:
    """The arguments that are constants, by the operation's letters, as they are written."""
    assert stage.operation is not None
    if stage.operation.variadic:
        return {}
    given = zip(stage.operation.arguments, stage.arguments, _written(stage), strict=False)
    return {letter: part for letter, name, part in given if name is None}


def _written(stage: Stage) -> list[Expression]:
    """The arguments as they are written; `constant` where that cannot be told."""
    parts = stage.shown.parts()
    known = len(parts) == len(stage.arguments)
    return list(parts) if known else [Name("constant")] * len(stage.arguments)


def _matrix_product(position: int, factors: list[Expression], ranks: list[int], upstream: str) -> Expression:
    """The gradient of one factor of `a @ b`, for vectors and matrices.

    For matrices `g @ b.T` and `a.T @ g`; where one factor is a vector, an outer product or a plain one.
    """
    a, b = factors
    g = Name(upstream)
    if ranks == [1, 1]:
        return Binary("*", g, b if position == 0 else a)
    if position == 0:
        return Call("outer", (g, b)) if ranks[1] == 1 else Binary("@", g, _transposed(b))
    return Call("outer", (a, g)) if ranks[0] == 1 else Binary("@", _transposed(a), g)


def _transposed(x: Expression) -> Expression:
    return Call("transpose", (x,), written="attribute")


def gathered(whole: Shape, own: Shape, examples: bool) -> tuple[str, str]:
    """How the gradient of a value of shape `own` that was spread over `whole` is gathered: `sum({})`, and in words.

    `examples`: the first axis of `whole` counts examples.
    """
    extra = len(whole) - len(own)
    axes = [k for k, size in enumerate(whole) if k < extra or (own[k - extra] == 1 and size != 1)]
    count = 1
    for k in axes:
        count *= whole[k]
    if not axes or count == 1:
        return "{}", ""
    if axes == [0] and examples:
        words = f"summed over the {count} examples"
    elif len(axes) == len(whole):
        words = f"summed over all {count} entries"
    else:
        words = f"summed over the {count} entries of axis {', '.join(map(str, axes))}"
    options = "" if not own else f", axis={axes[0] if len(axes) == 1 else tuple(axes)}"
    return f"sum({{}}{options}{', keepdims=True' if own and not extra else ''})", words
