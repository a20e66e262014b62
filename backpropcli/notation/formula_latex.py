r"""Formulas in LaTeX: `\frac{(a_2 - y)^2}{2}`, `w_1 \cdot x`, `\sigma(z_1)`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from backpropcli.language.formula.tree import (
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
from backpropcli.notation.formula import ATOM, BINDING, COMPARISON, POWER, PRODUCT, SIGN, Piece, starred
from backpropcli.ops.table import TABLE

_LETTERS = """
alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi
omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
"""
GREEK = frozenset(_LETTERS.split())
SIGNS = {
    "*": r" \cdot ",
    "@": r" \, ",
    "<=": r" \le ",
    ">=": r" \ge ",
    "==": " = ",
    "!=": r" \ne ",
    "%": r" \bmod ",
    "//": r" \mathbin{//} ",
    "&": r" \land ",
    "|": r" \lor ",
}
_WORD = re.compile(r"([^\W\d_]+)(\d*)((?:_\w+)?)")
_DERIVATIVE = re.compile(r"([d∂])([^/]+)/\1([^/]+)")


def latex(expression: Expression, numbers: Mapping[str, str] | None = None, arrays: Collection[str] = ()) -> str:
    """A formula in LaTeX (mathematics mode); `numbers` puts a number (as text) in the place of a name.

    A product of two `arrays` is elementwise and has the sign for it.
    """
    stack: list[Piece] = []
    order = postorder(expression)
    for part, star in zip(order, starred(order, arrays), strict=True):
        count = len(part.parts())
        pieces = stack[len(stack) - count :]
        del stack[len(stack) - count :]
        stack.append(_set(part, pieces, numbers or {}, star))
    return stack[0].first


def latex_name(name: str) -> str:
    r"""A name of the network: `w_1`, `\alpha`, `\mathrm{out}_{h1}`, `J^{(3)}` for the step `J.3`.

    A gradient, `dJ/dw1`, becomes `\frac{dJ}{dw_1}`, a local derivative `\frac{\partial t_1}{\partial w_1}`.
    """
    if found := _DERIVATIVE.fullmatch(name):
        return latex_derivative(latex_name(found[2]), latex_name(found[3]), local=found[1] == "∂")
    name, bracket, place = name.partition("[")
    if bracket:
        return f"{subscripted(latex_name(name))}_{{[{place}}}"
    base, _, step = name.partition(".")
    word = _WORD.fullmatch(base)
    if not word:
        return r"\mathrm{" + base.replace("_", r"\_") + "}"
    letters, digits, rest = word.groups()
    main = letters if len(letters) == 1 else rf"\{letters}" if letters in GREEK else rf"\mathrm{{{letters}}}"
    below = ", ".join(filter(None, [digits, *rest.strip("_").split("_")]))
    if below:
        below = below if below.isdigit() or len(below) == 1 else rf"\mathrm{{{below}}}"
        main += f"_{below}" if len(below) == 1 else f"_{{{below}}}"
    return main + (f"^{{({step})}}" if step else "")


def latex_derivative(above: str, below: str, *, local: bool = False) -> str:
    r"""`\frac{dJ}{dw_1}`; of one formula alone (`local`) `\frac{\partial t_1}{\partial w_1}`."""
    sign = r"\partial " if local else "d"
    return rf"\frac{{{sign}{above}}}{{{sign}{below}}}"


def subscripted(base: str) -> str:
    """A base that can take a subscript: one that has one already goes into braces."""
    return f"{{{base}}}" if "_" in base else base


def latex_number(text: str) -> str:
    r"""A number as text (`1.5e-7`, `Infinity`) in LaTeX: `1.5 \cdot 10^{-7}`; `[[1 2] [3 4]]` is a matrix (amsmath)."""
    if text.startswith("["):
        return _matrix(text)
    special = {"NaN": r"\mathrm{NaN}", "Infinity": r"\infty", "-Infinity": r"-\infty", "inf": r"\infty"}
    if text in special:
        return special[text]
    mantissa, e, exponent = text.lower().replace("_", "").partition("e")
    if not e:
        return mantissa
    power = f"10^{{{int(exponent)}}}"
    return {"1": power, "-1": f"-{power}"}.get(mantissa, rf"{mantissa} \cdot {power}")


def _matrix(text: str) -> str:
    """A small array as it is printed on one line; one of more than two axes keeps its brackets."""
    if text.startswith("[[["):
        return text.replace("[", r"\left[").replace("]", r"\right]").replace(" ", r"\;")
    rows = [row.strip("[] ").split() for row in text.split("] [")]
    inside = r" \\ ".join(" & ".join(map(latex_number, row)) for row in rows)
    return rf"\begin{{pmatrix}} {inside} \end{{pmatrix}}"


def _set(part: Expression, pieces: list[Piece], numbers: Mapping[str, str], star: bool) -> Piece:
    match part:
        case Binary():
            return _binary(part, pieces[0], pieces[1], star)
        case Name(name=name, prefix=prefix):
            return _atom(latex_name(name)) if prefix or name not in numbers else _number(numbers[name])
        case Number(text=text, value=value):
            return _number(text or repr(value))
        case Text(value=text):
            return _atom(rf"\text{{{text}}}")
        case Unary(sign=sign):
            operand = pieces[0].inner if pieces[0].binding >= PRODUCT else _wrap(pieces[0].first)
            text = (r"\lnot " if sign == "~" else sign) + operand
            return Piece(text, _wrap(text), min(max(pieces[0].binding, PRODUCT), SIGN))
        case Call():
            return _call(part, pieces)
        case Index():
            inside = ", ".join(piece.first for piece in pieces[1:])
            return Piece(text := f"{subscripted(_base(pieces[0]))}_{{[{inside}]}}", text, POWER)
        case Slice():
            rest = iter(pieces)
            limits = [next(rest).first if limit is not None else "" for limit in (part.lower, part.upper)]
            return _atom(":".join([*limits, *(p.first for p in rest)]))
        case Sequence(kind=kind):
            inside = ", ".join(piece.first for piece in pieces)
            return _atom(rf"\left[{inside}\right]" if kind == "list" else _wrap(inside))
    raise TypeError(f"no LaTeX for {type(part).__name__}")


def _atom(text: str) -> Piece:
    return Piece(text, text, ATOM)


def _number(text: str) -> Piece:
    shown = latex_number(text)
    if shown.startswith("-"):
        return Piece(shown, _wrap(shown), SIGN)
    return Piece(shown, shown, PRODUCT if r"\cdot" in shown else ATOM)


def _wrap(text: str) -> str:
    return rf"\left({text}\right)" if r"\frac" in text else f"({text})"


def function_command(name: str) -> str:
    r"""LaTeX's own command for a function, `\sin`; empty where it has none."""
    operation = TABLE.get(name)
    return operation.latex if operation is not None else ""


def _base(piece: Piece) -> str:
    """What a power stands on: braces keep TeX from a second superscript, as on the step J^{(1)}."""
    if piece.binding != ATOM:
        return _wrap(piece.first)
    return f"{{{piece.first}}}" if "^" in piece.first else piece.first


def _call(call: Call, pieces: list[Piece]) -> Piece:
    words = [piece.first for piece in pieces]
    if not call.prime:
        match call.name, words:
            case "sqrt", [x]:
                return _atom(rf"\sqrt{{{x}}}")
            case (("abs" | "absolute"), [x]):
                return _atom(rf"\left|{x}\right|")
            case (("transpose" | "matrix_transpose"), [_]):
                return Piece(text := rf"{_base(pieces[0])}^{{\top}}", text, POWER)
            case "square", [_]:
                return Piece(text := f"{_base(pieces[0])}^2", text, POWER)
    keys = [""] * len(call.arguments) + [rf"\mathrm{{{key}}}=" for key, _ in call.keywords]
    inside = ", ".join(key + word for key, word in zip(keys, words, strict=True))
    name = function_command(call.name) or r"\mathrm{" + call.name.replace("_", r"\_") + "}"
    prime = "'" + (f"_{call.by}" if call.by else "") if call.prime else ""
    return _atom(f"{name}{prime}{_wrap(inside)}")


def _binary(part: Binary, left: Piece, right: Piece, star: bool) -> Piece:
    sign, binding = part.sign, BINDING[part.sign]
    if sign == "**":
        return Piece(text := f"{_base(left)}^{{{right.first}}}", text, POWER)
    if sign == "/":
        return Piece(text := rf"\frac{{{left.first}}}{{{right.first}}}", text, SIGN)  # a power of it needs parentheses
    keep = left.binding > binding if binding == COMPARISON else left.binding >= binding
    before, inner = (left.first, left.inner) if keep else (_wrap(left.first),) * 2
    after = right.inner if right.binding > binding else _wrap(right.first)
    joint = r" \odot " if star else SIGNS.get(sign, f" {sign} ")
    if sign == "*" and isinstance(part.left, Number) and after.startswith(("(", r"\left(")):
        joint = " "
    return Piece(before + joint + after, inner + joint + after, binding)
