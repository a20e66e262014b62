"""Calls: which of the things in the parentheses are arguments, which are options, and whether they can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.errors import FormulaError
from backpropcli.language.formula import tree
from backpropcli.language.formula.hints import suggested
from backpropcli.language.formula.keywords import unknown_keyword
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.show import show
from backpropcli.language.formula.tree import DOTTED, Binary, Call, Expression, Name, Number, Text, Unary
from backpropcli.ops.definition import REQUIRED, Elementwise, Operation, Structural
from backpropcli.ops.makers import Maker, Splitter
from backpropcli.ops.table import TABLE, lookup

if TYPE_CHECKING:
    from backpropcli.graph import Graph


class Bound(NamedTuple):
    """A call sorted out: the operation, its arguments (those left out filled in), and its options."""

    operation: Operation
    arguments: tuple[Expression, ...]
    options: Mapping[str, Expression] = {}


def allowed(e: Call, operation: Operation) -> None:
    """Raise FormulaError where an operation is not called in this way, or not by this name."""
    end = e.at + len(e.name)
    if operation.abroad and e.prefix and e.name == operation.name:
        message = f"{e.prefix}{e.name} is another function than {e.name}"
        raise FormulaError(message, hint=operation.abroad).spanning(e.at, end)
    if operation.written:
        hint = f"Write {operation.written}, as in a[0], a[1:] or p[arange(4), y]."
        raise FormulaError(f"{e.name} is not called by its name", hint=hint).spanning(e.at, end)
    if e.written == "attribute" and e.name not in DOTTED:
        hint = suggested(f"{show(e)}()")
        raise FormulaError(f"{e.name} is an operation: it is called", hint=hint).spanning(e.at, e.end)
    if e.written == "method" and not operation.arguments and not operation.variadic:
        raise FormulaError(f"{e.name} is not a method", hint=f"It stands alone: {e.name}(3)").spanning(e.at, e.end)


def bind(e: Call, operation: Operation) -> Bound:
    """The arguments and options of a call, in NumPy's order; FormulaError where their number or names do not fit."""
    if operation.order and len(e.arguments) > 1:
        e = _in_order(e, operation)
    positional = e.arguments
    if operation.defaults:
        positional = tuple(_left_out(operation, k, a) for k, a in enumerate(positional))
    if not e.keywords and len(positional) == len(operation.arguments) and not operation.variadic:
        return Bound(operation, positional, _required(e, operation, {}))
    if operation.variants and not operation.fuller and e.keywords:
        return _variant(e, operation)
    count = len(operation.arguments)
    given, rest = _variadic(e, operation) if operation.variadic else (positional[:count], positional[count:])
    options = _positional_options(e, operation, rest)
    named = _named(e, operation, given, options)
    arguments = given if operation.variadic else _filled(e, operation, given, named)
    return Bound(operation, arguments, _required(e, operation, options))


def _in_order(e: Call, operation: Operation) -> Call:
    """A call whose arguments behind the first come in an order of their own, with their names."""
    if len(e.arguments) > len(operation.order):
        raise wrong_number(e, operation)
    by_name = tuple(zip(operation.order[1:], e.arguments[1:], strict=False))
    return Call(
        e.name, e.arguments[:1], (*by_name, *e.keywords), e.start, e.end, at=e.at, written=e.written, prefix=e.prefix
    )


def _named(
    e: Call, operation: Operation, given: tuple[Expression, ...], options: dict[str, Expression]
) -> dict[str, Expression]:
    """The arguments that are given by name; what is an option joins `options`."""
    open_still = () if operation.variadic else operation.arguments[len(given) :]
    named: dict[str, Expression] = {}
    for key, value in e.keywords:
        meant = operation.keywords.get(key, key)
        if meant in open_still:
            named[meant] = _left_out(operation, operation.arguments.index(meant), value)
        elif meant in operation.options and meant not in options:
            options[meant] = value
        elif meant in operation.options or meant in operation.arguments:
            raise FormulaError(f"{meant} of {e.name} is given twice").spanning(value.start, value.end)
        else:
            raise unknown_keyword(e, operation, key, value)
    return named


def _filled(
    e: Call, operation: Operation, given: tuple[Expression, ...], named: Mapping[str, Expression]
) -> tuple[Expression, ...]:
    """All arguments: those given in order, those given by name, and the defaults of the rest."""
    filled = list(given)
    defaults = _defaults(operation)
    for name in operation.arguments[len(given) :]:
        if name not in named and name not in defaults:
            raise wrong_number(e, operation)
        filled.append(named[name] if name in named else _default(defaults[name], e))
    return tuple(filled)


def _defaults(operation: Operation) -> dict[str, float]:
    """The arguments that may be left out, with what stands for them then."""
    least = len(operation.arguments) - len(operation.defaults)
    return dict(zip(operation.arguments[least:], operation.defaults, strict=True))


def _default(value: float, e: Expression) -> Number:
    return Number(value, repr(value), e.start, e.end)


def _left_out(operation: Operation, k: int, e: Expression) -> Expression:
    """An argument; its default where None is written for one that may be left out: clip(x, 0, None)."""
    if not isinstance(e, Name) or e.name != "None" or k >= len(operation.arguments):
        return e
    default = _defaults(operation).get(operation.arguments[k])
    return e if default is None else _default(default, e)


def _required(e: Call, operation: Operation, options: dict[str, Expression]) -> dict[str, Expression]:
    """The options, once those without a default are all there."""
    for name, default in operation.options.items():
        if default is REQUIRED and name not in options:
            shown = ", ".join([*operation.arguments, *(k for k, d in operation.options.items() if d is REQUIRED)])
            raise FormulaError(f"{e.name} needs {name}", hint=f"{operation.name}({shown})").spanning(e.start, e.end)
    return options


def _variant(e: Call, operation: Operation) -> Bound:
    """The operation that a keyword means: PyTorch's gelu(z, approximate='tanh') and JAX's gelu(z, approximate=True)."""
    meant = operation
    for key, value in e.keywords:
        if key not in operation.variants:
            raise unknown_keyword(e, operation, key, value)
        variants = operation.variants[key]
        chosen = value.value if isinstance(value, Text) else value.name if isinstance(value, Name) else ""
        if chosen not in variants:
            words = " or ".join(f"'{word}'" for word in variants if word not in ("True", "False"))
            raise FormulaError(f"{key} is {words}").spanning(value.start, value.end)
        meant = TABLE[variants[chosen]]
    if len(e.arguments) != len(operation.arguments):
        raise wrong_number(e, meant)
    return Bound(meant, e.arguments)


def _variadic(e: Call, operation: Operation) -> tuple[tuple[Expression, ...], tuple[Expression, ...]]:
    """The arguments and the rest, where any number of arguments can come: as one list, or behind a text (einsum)."""
    positional = e.arguments
    if not getattr(operation, "listed", False):
        if positional and isinstance(positional[0], Text):
            return positional[1:], positional[:1]
        return positional, ()
    if not positional:
        raise wrong_number(e, operation)
    first = positional[0]
    if isinstance(first, Call) and isinstance(lookup(first.name), Splitter):
        return positional[:1], positional[1:]  # the arrays that split gives are a list
    if not isinstance(positional[0], tree.Sequence):
        shown = ", ".join(show(argument) for argument in positional[:4])
        raise FormulaError(f"{e.name} takes its arrays as one list", hint=suggested(f"{e.name}([{shown}])")).spanning(
            positional[0].start, positional[-1].end
        )
    if not positional[0].items:
        raise FormulaError(f"{e.name} needs at least one array").spanning(e.start, e.end)
    return positional[0].items, positional[1:]


def _positional_options(e: Call, operation: Operation, rest: Sequence[Expression]) -> dict[str, Expression]:
    """Options without a name: what follows the arguments."""
    names = list(operation.options)
    if isinstance(operation, Structural) and operation.unpacked and e.written == "method" and len(rest) > 1:
        return {names[0]: tree.Sequence(tuple(rest), "tuple", rest[0].start, rest[-1].end)}
    if (_two_values(e, operation, rest)) or len(rest) > len(names):
        raise wrong_number(e, operation)
    return dict(zip(names, rest, strict=False))


def _constant_axis(axis: Expression) -> bool:
    """Whether an expression can be an axis: a whole number, a tuple of them, None."""
    if isinstance(axis, Unary):
        axis = axis.operand
    if isinstance(axis, Number):
        return axis.whole
    if isinstance(axis, tree.Sequence):
        return all(_constant_axis(item) for item in axis.items)
    return isinstance(axis, Name) and axis.name == "None"


def _two_values(e: Call, operation: Operation, rest: Sequence[Expression]) -> bool:
    """Whether a reduction got two values to compare (max(0, z)) instead of an array and its axis; raises if so."""
    if not rest or not isinstance(operation, Structural):
        return False
    axis_first = next(iter(operation.options), "") == "axis"
    first = e.arguments[0]
    if operation.instead and not (
        _constant_axis(rest[0]) and not isinstance(first, Number | Unary) and len(rest) <= len(operation.options)
    ):
        raise compares(e, operation)
    if axis_first and not _constant_axis(rest[0]) and operation.two_values and not isinstance(rest[0], Call):
        short = len(show(first) + show(rest[0])) < 60
        two = parse(operation.two_values)
        meant = show(tree.substitute(two, {"a": first, "b": rest[0]}) if short else two)
        raise FormulaError(
            f"{e.name} reduces one array: its second argument is the axis", hint=f"Of two values: {meant}"
        ).spanning(e.start, e.end)
    return False


def compares(e: Call, operation: Structural) -> FormulaError:
    """The error for max(0, z): a reduction of one array that was given two values."""
    first, *rest = e.arguments
    which = f"The {chosen_by(operation.instead)} of two values"
    if len(rest) > 1 and not any(isinstance(a, Name) and a.name == "None" for a in rest):
        last: Expression = e.arguments[-1]
        for argument in reversed(e.arguments[:-1]):
            last = Call(operation.instead, (argument, last))
        meant = last
    else:
        meant = Call(operation.instead, (first, rest[0]))
    shown = show(meant)
    shown = shown if len(shown) <= 100 else f"{operation.instead}(a, b)"
    if e.prefix:
        return FormulaError(
            f"{e.prefix}{e.name} reduces an array: its second argument is the axis, here {_brief(rest[0])}",
            hint=f"{which}: {e.prefix}{shown}",
        ).spanning(first.start, rest[-1].end)
    hint = f"{which} is {shown}."
    if (also := with_zero(operation.instead)) and len(rest) == 1:
        for zero, other in ((first, rest[0]), (rest[0], first)):
            if isinstance(zero, Number) and zero.value == 0:
                hint += f" This one is also {also}({_brief(other)})."
                break
    return FormulaError(f"{e.name} reduces one array; it does not compare two values", hint=hint).spanning(
        e.start, e.end
    )


def chosen_by(name: str) -> str:
    """Which of two values an operation is: `larger` for maximum."""
    operation = TABLE[name]
    assert isinstance(operation, Elementwise)
    return next(iter(operation.chosen.values())).removeprefix("the ")


def with_zero(name: str) -> str:
    """The operation that this one of 0 and z has a name for: relu for maximum; empty where there is none."""
    formula = f"{name}(0, z)"
    return next((o.name for o in TABLE.values() if isinstance(o, Elementwise) and o.formula == formula), "")


def _brief(e: Expression) -> str:
    text = show(e)
    return text if len(text) <= 40 else "z"


def judge(graph: Graph, e: Call, bound: Bound, results: Sequence[Any], options: Mapping[str, Any]) -> None:
    """What can only be said once shapes are known: max(z, 0) of one number compares; of an array, 0 is the axis."""
    operation = bound.operation
    for name in operation.fixed:
        k = operation.arguments.index(name)
        if not isinstance(results[k], float) or not results[k].is_integer():
            where = bound.arguments[k]
            raise FormulaError(f"{name} must be a constant whole number", hint=f"Such as {name}=2").spanning(
                where.start or e.start, where.end or e.end
            )
    if not isinstance(operation, Structural) or not operation.instead or len(e.arguments) < 2:
        return
    if options.get("axis") is not None:
        shape = graph.shapes[results[0]] if type(results[0]) is int else getattr(results[0], "shape", ())
        if not shape:
            raise compares(e, operation)


def wrong_number(e: Call, operation: Operation) -> FormulaError:
    """The error for too many or too few arguments."""
    takes = len(operation.arguments)
    least = takes - len(operation.defaults)
    given = len(e.arguments)
    count = f"{takes} argument" + "s" * (takes != 1)
    if least != takes:
        count = f"{least} or {count}"
    listed = ", ".join(operation.arguments)
    options = list(operation.options)
    if operation.variadic:
        count, listed = "a list of arrays", "[a, b]"
    elif isinstance(operation, Maker):
        count = f"at most {len(options)} arguments"
    signature = ", ".join(filter(None, [listed, *(f"{o}=..." for o in options)]))
    hint = f"{e.name}({signature})"
    if [k for k, default in operation.options.items() if default is REQUIRED] == ["shape"] and given > 1:
        first = "".join(f"{_brief(a)}, " for a in e.arguments[:takes])
        shape = ", ".join(map(_brief, e.arguments[takes:]))
        hint = f"A shape is a tuple: {e.name}({first}({shape}))"
    elif _decimal_comma(e) and given == takes + 1:
        a, b = _decimal_comma(e) or ("0", "5")
        hint += f"\nA decimal is written with a point: {a}.{b}"
    about = f", {', '.join(operation.arguments)}" if 1 <= takes <= 3 and not operation.variadic else ""
    message = f"{e.name} takes {count}{about}; here {'is' if given == 1 else 'are'} {given or 'none'}"
    return FormulaError(message, hint=hint).spanning(e.start, e.end)


def _decimal_comma(e: Call) -> tuple[str, str] | None:
    """Two numbers side by side that may be one with a decimal comma: relu(0,5)."""
    for a, b in zip(e.arguments, e.arguments[1:], strict=False):
        if isinstance(a, Number) and isinstance(b, Number) and a.whole and b.whole and b.start == a.end + 1:
            return a.text, b.text
    return None


def value_called(e: Call) -> FormulaError:
    """The error for w(x), where w is a value of the network."""
    hint = f"{e.name} * (...)"
    entry = f"{e.name}[{', '.join(map(show, e.arguments))}]"
    whole = e.arguments and all(isinstance(a, Number) and a.whole for a in e.arguments) and not e.keywords
    if len(e.arguments) == 1 and not e.keywords:
        product = show(Binary("*", Name(e.name), e.arguments[0]))
        hint = product if len(product) <= 100 else hint
    hint = f"A product is written {hint}"
    if whole:
        hint = f"{hint}; one entry is {entry}" if len(e.arguments) == 1 else f"One entry is {entry}, counted from 0."
    return FormulaError(f"{e.name} is a value, not an operation", hint=hint).spanning(e.at, e.at + len(e.name))
