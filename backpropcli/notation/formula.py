"""Formulas as mathematics: an expression tree to text for a terminal, to plain ASCII, or to LaTeX, names or numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from backpropcli.language.formula.tree import (
    DOTTED,
    Binary,
    Call,
    Expression,
    Index,
    Name,
    Number,
    Sequence,
    Slice,
    Text,
    Unary,
    postorder,
)
from backpropcli.ops.definition import Structural
from backpropcli.ops.table import lookup


class Style(NamedTuple):
    """How signs are written. With `superscripts`, whole powers are raised and `2 · (a - b)` becomes `2(a - b)`."""

    times: str
    superscripts: bool
    signs: Mapping[str, str]


UNICODE = Style("·", True, {"<=": "≤", ">=": "≥", "!=": "≠"})
ASCII = Style("*", False, {})

# How tightly an operator binds, as in Python.
COMPARISON, OR, AND, SUM, PRODUCT, SIGN, POWER, ATOM = range(1, 9)
BINDING = {
    "|": OR,
    "&": AND,
    "+": SUM,
    "-": SUM,
    "*": PRODUCT,
    "/": PRODUCT,
    "@": PRODUCT,
    "%": PRODUCT,
    "//": PRODUCT,
    "**": POWER,
    "<": COMPARISON,
    "<=": COMPARISON,
    ">": COMPARISON,
    ">=": COMPARISON,
    "==": COMPARISON,
    "!=": COMPARISON,
}
DOUBTFUL = {
    "*": ("@", "%", "//"),
    "/": ("%", "//"),
    "@": ("*", "/", "%", "//"),
    "%": ("*", "/", "@", "//"),
    "//": ("*", "/", "@", "%"),
}
"""By operator those on its left that nobody knows to come first: they are put in parentheses."""
RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
PLAIN = str.maketrans("₀₁₂₃₄₅₆₇₈₉∂·", "0123456789D*")
"""The signs of a derivative's name, `∂m/∂x` or `maximum'₂(x, y · z)`, in ASCII."""
LARGEST_RAISED = 99


class Piece(NamedTuple):
    """A part of a formula, set: at the start of its group, and inside it, where a minus sign needs parentheses."""

    first: str
    inner: str
    binding: int


def typeset(
    expression: Expression,
    style: Style = UNICODE,
    *,
    numbers: Mapping[str, str] | None = None,
    arrays: Collection[str] = (),
    tight: bool = False,
) -> str:
    """A formula on one line: `(a2 - y)² / 2`, `w1 · x`.

    `numbers` puts a number (as text) in the place of a name, in parentheses where its sign needs them: `2 · (-3)`. A
    product of two `arrays` is elementwise and keeps its `*`. `tight` sets `/` without blanks, for a formula that is
    itself a factor: `2(a2 - y)/2`.
    """
    return _set(expression, style, numbers or {}, arrays, tight).first


def factor(
    expression: Expression,
    style: Style = UNICODE,
    *,
    numbers: Mapping[str, str] | None = None,
    arrays: Collection[str] = (),
    starred: bool = False,
) -> str:
    """A formula as the right factor of a product: `2(a2 - y)/2`, but `(x + 1)`, `(-3)`.

    `starred`: that product is elementwise and has a `*`, and so have the formula's own.
    """
    piece = _set(expression, style, numbers or {}, arrays, tight=True, elementwise=starred)
    chain = piece.binding > PRODUCT or (piece.binding == PRODUCT and not _has_matmul(expression))
    return piece.inner if chain else _wrap(piece.first)


def _has_matmul(expression: Expression) -> bool:
    """Whether `@` stands in a product's own chain."""
    while isinstance(expression, Binary) and BINDING[expression.sign] == PRODUCT:
        if expression.sign == "@":
            return True
        expression = expression.left
    return False


def starred(order: list[Expression], arrays: Collection[str], whole: bool = False) -> list[bool]:
    """For each part of a formula, whether it is a product written with `*`: one sign in a whole chain of factors.

    The sign of a chain is `*` where two arrays are multiplied in it, entry by entry.
    """
    stars = [False] * len(order)
    if not arrays and not whole:
        return stars
    lefts = [-1] * len(order)  # where the chain goes on, on the left
    stack: list[tuple[int, bool]] = []
    for k, part in enumerate(order):
        count = len(part.parts())
        inside = stack[len(stack) - count :]
        del stack[len(stack) - count :]
        if isinstance(part, Binary) and BINDING[part.sign] == PRODUCT:
            left = order[inside[0][0]]
            stars[k] = part.sign == "*" and inside[0][1] and inside[1][1]
            if isinstance(left, Binary) and BINDING[left.sign] == PRODUCT:
                lefts[k] = inside[0][0]
                stars[k] = stars[k] or stars[lefts[k]]
        stack.append((k, _spread(part, [shaped for _, shaped in inside], arrays)))
    stars[-1] = stars[-1] or (whole and isinstance(order[-1], Binary) and BINDING[order[-1].sign] == PRODUCT)
    for k in reversed(range(len(order))):
        if stars[k] and lefts[k] >= 0:
            stars[lefts[k]] = True
    return stars


def _spread(part: Expression, inside: list[bool], arrays: Collection[str]) -> bool:
    """Whether a part of a formula is an array, as far as its words tell."""
    match part:
        case Name(name=name):
            return name in arrays
        case Number() | Text() | Index() | Slice():
            return False
        case Call():
            return any(inside) and not _one_number(part)
    return any(inside)


def _set(
    expression: Expression,
    style: Style,
    numbers: Mapping[str, str],
    arrays: Collection[str],
    tight: bool,
    elementwise: bool = False,
) -> Piece:
    """Parts before the whole, on a stack: a sum of 10,000 terms is a tree 10,000 deep."""
    if isinstance(expression, Name):  # most arguments and many factors
        text = numbers.get(expression.name) if not expression.prefix else None
        return _named(expression.name, style) if text is None else _number(text)
    stack: list[Piece] = []
    spread: list[bool] = []  # beside each piece: is it an array?
    order = postorder(expression)
    stars = starred(order, arrays, elementwise)
    for k, part in enumerate(order):
        count = len(part.parts())
        pieces, shaped = stack[len(stack) - count :], spread[len(spread) - count :]
        del stack[len(stack) - count :], spread[len(spread) - count :]
        match part:
            case Binary():
                spread.append(any(shaped))
                stack.append(_binary(part, pieces[0], pieces[1], style, tight, all(shaped), stars[k]))
                continue
            case Name(name=name, prefix=prefix):
                text = numbers.get(name) if not prefix else None
                piece = _named(name, style) if text is None else _number(text)
                spread.append(name in arrays)
            case Number(text=text, value=value):
                piece = _number(text or repr(value))
                spread.append(False)
            case Text(value=text):
                piece = _atom(repr(text))
                spread.append(False)
            case Unary(sign=sign):
                operand = pieces[0].inner if pieces[0].binding >= PRODUCT else _wrap(pieces[0].first)
                text = sign + operand
                piece = Piece(text, _wrap(text), min(pieces[0].binding, SIGN) if pieces[0].binding >= PRODUCT else SIGN)
                spread.append(any(shaped))
            case Call():
                piece = _call(part, pieces, style)
                spread.append(any(shaped) and not _one_number(part))
            case Index():
                inside = ", ".join(piece.first for piece in pieces[1:])
                piece = _atom(f"{_base(pieces[0])}[{inside}]")
                spread.append(False)
            case Slice():
                rest = iter(pieces)
                limits = [next(rest).first if limit is not None else "" for limit in (part.lower, part.upper)]
                piece = _atom(":".join([*limits, *(p.first for p in rest)]))
                spread.append(False)
            case Sequence(kind=kind):
                inside = ", ".join(piece.first for piece in pieces)
                piece = _atom(f"[{inside}]" if kind == "list" else f"({inside}{',' if count == 1 else ''})")
                spread.append(any(shaped))
            case _:
                raise TypeError(f"no typesetting for {type(part).__name__}")
        stack.append(piece)
    return stack[0]


def _atom(text: str) -> Piece:
    return Piece(text, text, ATOM)


def _named(name: str, style: Style) -> Piece:
    return _atom(name if style.superscripts or name.isascii() else name.translate(PLAIN))


def _number(text: str) -> Piece:
    """A number: a negative one needs parentheses inside a formula, one with an exponent in front of a power."""
    if text.startswith("-"):
        return Piece(text, _wrap(text), SIGN)
    return Piece(text, text, POWER if "e" in text and not text.startswith("[") else ATOM)


def _wrap(text: str) -> str:
    return f"({text})"


def _base(piece: Piece) -> str:
    """What stands in front of `.T`, `[0]` or a power."""
    return piece.first if piece.binding == ATOM else _wrap(piece.first)


def _call(call: Call, pieces: list[Piece], style: Style) -> Piece:
    by = str(call.by or "")
    name = f"{call.name}'{by.translate(LOWERED) if style.superscripts else by}" if call.prime else call.name
    keys = [""] * len(call.arguments) + [f"{key}=" for key, _ in call.keywords]
    words = [key + piece.first for key, piece in zip(keys, pieces, strict=True)]
    if call.written == "function":
        return _atom(f"{name}({', '.join(words)})")
    base = _base(pieces[0])
    if call.written == "attribute":
        return _atom(f"{base}.{DOTTED.get(name, name)}")
    return _atom(f"{base}.{name}({', '.join(words[1:])})")


def _one_number(call: Call) -> bool:
    """Whether a call reduces an array to one number, as far as its words tell."""
    operation = lookup(call.name)
    if not isinstance(operation, Structural) or call.keywords:
        return False
    return operation.reduces and len(call.arguments) == len(operation.arguments)


def _binary(part: Binary, left: Piece, right: Piece, style: Style, tight: bool, elementwise: bool, star: bool) -> Piece:
    sign, binding = part.sign, BINDING[part.sign]
    if sign == "**":
        return _power(part.right, left, right, style)
    # Comparisons do not chain, and a difference or a quotient on the right is not what was meant without parentheses.
    keep = left.binding > binding if binding == COMPARISON else left.binding >= binding
    before, inner = (left.first, left.inner) if keep else (_wrap(left.first),) * 2
    if isinstance(part.left, Binary) and part.left.sign in DOUBTFUL.get(sign, ()):
        before = inner = _wrap(left.first)  # nobody remembers which of the two comes first
    after = right.inner if right.binding > binding else _wrap(right.first)
    if binding == COMPARISON and right.binding > binding:
        after = right.first
    joint = f" {style.signs.get(sign, sign)} "
    if sign == "*" and not star:
        joint = f" {style.times} "
    if sign == "*" and _juxtaposed(part, after, elementwise):
        joint = "" if style.superscripts else "*"
    elif sign == "/" and tight:
        joint = "/"
    return Piece(before + joint + after, inner + joint + after, binding)


def _juxtaposed(part: Binary, after: str, elementwise: bool) -> bool:
    """Whether a product is written without a sign: `2(a - b)`, and `y(1 - y)`, which nobody takes for a call."""
    right = part.right
    if not (isinstance(right, Binary) and BINDING[right.sign] == SUM and after.startswith("(")) or elementwise:
        return False
    match part.left, right:
        case Number(), _:
            return True
        case Name(name=y), Binary(sign="-", left=Number(value=1), right=Name(name=other)):
            return y == other
    return False


def _power(exponent: Expression, left: Piece, right: Piece, style: Style) -> Piece:
    base = _base(left)
    raised = _whole(exponent)
    if style.superscripts and raised is not None:
        text = base + str(raised).translate(RAISED)
    else:
        text = f"{base}**{right.first if right.binding == ATOM else _wrap(right.first)}"
    return Piece(text, text, POWER)


def _whole(exponent: Expression) -> int | None:
    """A small whole exponent, or None."""
    sign = 1
    if isinstance(exponent, Unary) and exponent.sign == "-":
        sign, exponent = -1, exponent.operand
    if isinstance(exponent, Number) and exponent.value == int(exponent.value) and abs(exponent.value) <= LARGEST_RAISED:
        return sign * int(exponent.value)
    return None
