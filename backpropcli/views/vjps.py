"""Gradients through whole arrays in textbook form: `x.T @ dJ/dt1`, `dJ/dJ.3 spread over J.2`, sums over examples."""

from __future__ import annotations

import re
from collections.abc import Sequence

from backpropcli.errors import FormulaError
from backpropcli.ops.definition import Options, Shape, Structural
from backpropcli.spec.formula.parser import parse
from backpropcli.spec.formula.tree import Binary, Call, Expression, Name, substitute
from backpropcli.views.stages import Stage

_WORD = re.compile(r"[A-Za-z]\w*")


def product(
    stage: Stage, position: int, upstream: str, shapes: Sequence[Shape], options: Options | None
) -> Expression | str:
    """A structural stage's vector-Jacobian product for one argument, over the names of the network.

    A formula where the operation's textbook form is one, else its words with the names put in. `shapes` are those of
    the arguments.
    """
    operation = stage.operation
    assert isinstance(operation, Structural)
    names = [name or "constant" for name in stage.arguments]
    if operation.name in ("matmul", "dot") and all(0 < len(shape) <= 2 for shape in shapes):
        return _matrix_product(position, names, [len(shape) for shape in shapes], upstream)
    words = {"g": upstream, "y": stage.name}
    if operation.variadic:
        words[operation.arguments[0]] = names[position]
    else:
        words.update(zip(operation.arguments, names, strict=False))
    for letter, option in (("n", "count"), ("ddof", "ddof")):
        if hasattr(options, option):
            words.setdefault(letter, str(getattr(options, option)))
    text = operation.textbook[0 if operation.variadic else position]
    try:
        return substitute(parse(text), {word: Name(name) for word, name in words.items()})
    except FormulaError:
        return _WORD.sub(lambda found: words.get(found.group(), found.group()), text)


def _matrix_product(position: int, names: list[str], ranks: list[int], upstream: str) -> Expression:
    """The gradient of one factor of `a @ b`, for vectors and matrices.

    For matrices `g @ b.T` and `a.T @ g`; where one factor is a vector, an outer product or a plain one.
    """
    a, b = map(Name, names)
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
