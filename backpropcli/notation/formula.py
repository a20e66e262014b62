"""Formulas as mathematics: one walk over the tree, and the styles of a terminal; LaTeX's is `formula_latex.Latex`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from collections.abc import Sequence as Sequence_
from typing import NamedTuple

from backpropcli.language.formula.grammar import ATOM, BINDING, COMPARISON, POWER, PRODUCT, SIGN, SUM
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
from backpropcli.notation.chains import ELEMENTWISE, TIMES, products


class Piece(NamedTuple):
    """A part of a formula, set: at the start of its group, and inside it, where a minus sign needs parentheses."""

    first: str
    inner: str
    binding: int


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


class Style:
    """How the parts of a formula are written; this one is Unicode's, for a terminal."""

    times = "·"
    superscripts = True
    """Whether whole powers are raised, and `2 · (a - b)` becomes `2(a - b)`."""
    signs: Mapping[str, str] = {"<=": "≤", ">=": "≥", "!=": "≠"}
    doubtful: Mapping[str, Collection[str]] = DOUBTFUL

    def name(self, name: str) -> str:
        """A name of the network, or of a derivative."""
        return name

    def number(self, text: str) -> Piece:
        """A number: a negative one needs parentheses inside a formula, one with an exponent in front of a power."""
        if text.startswith("-"):
            return Piece(text, self.wrap(text), SIGN)
        return Piece(text, text, POWER if "e" in text and not text.startswith("[") else ATOM)

    def quoted(self, text: str) -> str:
        """A text that is an option's value."""
        return repr(text)

    def wrap(self, text: str) -> str:
        """In parentheses."""
        return f"({text})"

    def base(self, piece: Piece) -> str:
        """What stands in front of `.T`, `[0]` or a power."""
        return piece.first if piece.binding == ATOM else self.wrap(piece.first)

    def call(self, call: Call, pieces: Sequence_[Piece]) -> Piece:
        """An operation and its arguments, as they were written."""
        name = f"{call.name}'{self.lowered(call.by)}" if call.prime else call.name
        keys = [""] * len(call.arguments) + [f"{key}=" for key, _ in call.keywords]
        words = [key + piece.first for key, piece in zip(keys, pieces, strict=True)]
        if call.written == "function":
            return atom(f"{name}({', '.join(words)})")
        base = self.base(pieces[0])
        if call.written == "attribute":
            return atom(f"{base}.{DOTTED.get(name, name)}")
        return atom(f"{base}.{name}({', '.join(words[1:])})")

    def lowered(self, number: int) -> str:
        """The number of the argument that a slope is about; 0 for the only one."""
        return str(number or "").translate(LOWERED)

    def index(self, value: Piece, inside: str) -> Piece:
        """`x[0, 1:]`."""
        return atom(f"{self.base(value)}[{inside}]")

    def sequence(self, kind: str, items: list[str]) -> Piece:
        """A list or a tuple."""
        inside = ", ".join(items)
        return atom(f"[{inside}]" if kind == "list" else f"({inside}{',' if len(items) == 1 else ''})")

    def sign(self, sign: str) -> str:
        """A sign in front of its operand."""
        return sign

    def power(self, exponent: Expression, left: Piece, right: Piece) -> Piece:
        """`x²`, `x**n`."""
        raised = whole_exponent(exponent) if self.superscripts else None
        if raised is not None:
            text = self.base(left) + str(raised).translate(RAISED)
        else:
            text = f"{self.base(left)}**{right.first if right.binding == ATOM else self.wrap(right.first)}"
        return Piece(text, text, POWER)

    def quotient(self, left: Piece, right: Piece) -> Piece | None:
        """A fraction, where the style has them."""
        return None

    def joint(self, part: Binary, after: str, product: int, tight: bool) -> str:
        """The sign between two operands, the right one of which is `after`."""
        if part.sign == "/" and tight:
            return "/"
        if part.sign != "*":
            return f" {self.signs.get(part.sign, part.sign)} "
        if _juxtaposed(part, after, product):
            return "" if self.superscripts else "*"
        return f" {self.times} " if product == TIMES else " * "


class Ascii(Style):
    """Signs that any terminal has."""

    times = "*"
    superscripts = False
    signs: Mapping[str, str] = {}

    def name(self, name: str) -> str:
        """A derivative's name without its special signs."""
        return name if name.isascii() else name.translate(PLAIN)

    def lowered(self, number: int) -> str:
        """On the line."""
        return str(number or "")


UNICODE = Style()
ASCII = Ascii()


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
    return set_in(expression, style, numbers or {}, arrays, tight).first


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
    piece = set_in(expression, style, numbers or {}, arrays, tight=True, elementwise=starred)
    chain = piece.binding > PRODUCT or (piece.binding == PRODUCT and not _has_matmul(expression))
    return piece.inner if chain else style.wrap(piece.first)


def _has_matmul(expression: Expression) -> bool:
    """Whether `@` stands in a product's own chain."""
    while isinstance(expression, Binary) and BINDING[expression.sign] == PRODUCT:
        if expression.sign == "@":
            return True
        expression = expression.left
    return False


def set_in(
    expression: Expression,
    style: Style,
    numbers: Mapping[str, str],
    arrays: Collection[str],
    tight: bool = False,
    elementwise: bool = False,
) -> Piece:
    """Parts before the whole, on a stack: a sum of 10,000 terms is a tree 10,000 deep."""
    if isinstance(expression, Name):  # most arguments and many factors
        return _named(expression, style, numbers)
    stack: list[Piece] = []
    order = postorder(expression)
    for part, product in zip(order, products(order, arrays, elementwise), strict=True):
        count = len(part.parts())
        pieces = stack[len(stack) - count :]
        del stack[len(stack) - count :]
        if isinstance(part, Binary):
            stack.append(_binary(part, pieces[0], pieces[1], style, product, tight))
        elif isinstance(part, Name):
            stack.append(_named(part, style, numbers))
        else:
            stack.append(_piece(part, pieces, style))
    return stack[0]


def _named(part: Name, style: Style, numbers: Mapping[str, str]) -> Piece:
    text = numbers.get(part.name) if not part.prefix else None
    return atom(style.name(part.name)) if text is None else style.number(text)


def _piece(part: Expression, pieces: list[Piece], style: Style) -> Piece:
    match part:
        case Number(text=text, value=value):
            return style.number(text or repr(value))
        case Text(value=text):
            return atom(style.quoted(text))
        case Unary(sign=sign):
            tight = pieces[0].binding >= PRODUCT
            text = style.sign(sign) + (pieces[0].inner if tight else style.wrap(pieces[0].first))
            return Piece(text, style.wrap(text), min(pieces[0].binding, SIGN) if tight else SIGN)
        case Call():
            return style.call(part, pieces)
        case Index():
            return style.index(pieces[0], ", ".join(piece.first for piece in pieces[1:]))
        case Slice():
            rest = iter(pieces)
            limits = [next(rest).first if limit is not None else "" for limit in (part.lower, part.upper)]
            return atom(":".join([*limits, *(p.first for p in rest)]))
        case Sequence(kind=kind):
            return style.sequence(kind, [piece.first for piece in pieces])
    raise TypeError(f"no typesetting for {type(part).__name__}")


def atom(text: str) -> Piece:
    """What needs no parentheses anywhere."""
    return Piece(text, text, ATOM)


def _binary(part: Binary, left: Piece, right: Piece, style: Style, product: int, tight: bool) -> Piece:
    sign, binding = part.sign, BINDING[part.sign]
    if sign == "**":
        return style.power(part.right, left, right)
    if sign == "/" and (fraction := style.quotient(left, right)) is not None:
        return fraction
    # Comparisons do not chain, and a difference or a quotient on the right is not what was meant without parentheses.
    keep = left.binding > binding if binding == COMPARISON else left.binding >= binding
    if isinstance(part.left, Binary) and part.left.sign in style.doubtful.get(sign, ()):
        keep = False  # nobody remembers which of the two comes first
    before, inner = (left.first, left.inner) if keep else (style.wrap(left.first),) * 2
    if right.binding <= binding:
        after = style.wrap(right.first)
    else:
        after = right.first if binding == COMPARISON else right.inner
    joint = style.joint(part, after, product, tight)
    return Piece(before + joint + after, inner + joint + after, binding)


def _juxtaposed(part: Binary, after: str, product: int) -> bool:
    """Whether a product is written without a sign: `2(a - b)`, and `y(1 - y)`, which nobody takes for a call."""
    right = part.right
    if not (isinstance(right, Binary) and BINDING[right.sign] == SUM and after.startswith("(")):
        return False
    match part.left, right:
        case _ if product == ELEMENTWISE:
            return False
        case Number(), _:
            return True
        case Name(name=y), Binary(sign="-", left=Number(value=1), right=Name(name=other)):
            return y == other
    return False


def whole_exponent(exponent: Expression) -> int | None:
    """A small whole exponent, or None."""
    sign = 1
    if isinstance(exponent, Unary) and exponent.sign == "-":
        sign, exponent = -1, exponent.operand
    if isinstance(exponent, Number) and exponent.value == int(exponent.value) and abs(exponent.value) <= LARGEST_RAISED:
        return sign * int(exponent.value)
    return None
