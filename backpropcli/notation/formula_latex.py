r"""Formulas in LaTeX: `\frac{(a_2 - y)^2}{2}`, `w_1 \cdot x`, `\sigma(z_1)`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from backpropcli.language.formula.grammar import ATOM, POWER, PRODUCT, SIGN
from backpropcli.language.formula.tree import Binary, Call, Expression, Number
from backpropcli.notation.chains import TIMES
from backpropcli.notation.formula import DOUBTFUL, Piece, Style, atom, set_in
from backpropcli.notation.maths import Derivative, Formula, Maths, Said
from backpropcli.notation.numbers import derivative_parts
from backpropcli.notation.text_latex import GREEK, greek, printable
from backpropcli.ops.table import TABLE

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
_ROW = re.compile(r"(.*\D)\[(\d+)\](?:\.(\d+))?")
"""A row of what runs through time, h[3], or a step inside its formula."""
_WORD = re.compile(r"([^\W\d_]+)(\d*)((?:_\w+)?)")


def latex(expression: Expression, numbers: Mapping[str, str] | None = None, arrays: Collection[str] = ()) -> str:
    """A formula in LaTeX (mathematics mode); `numbers` puts a number (as text) in the place of a name.

    A product of two `arrays` is elementwise and has the sign for it.
    """
    return set_in(expression, LATEX, numbers or {}, arrays).first


def latex_name(name: str) -> str:
    r"""A name of the network: `w_1`, `\alpha`, `h_3` for the row `h[3]`, `J^{(3)}` for the step `J.3`.

    A gradient, `dJ/dw1`, becomes `\frac{dJ}{dw_1}`, a local derivative `\frac{\partial t_1}{\partial w_1}`.
    """
    if name.endswith("⁺"):  # a number that an update has just made: `w_1^{+}`
        old = name.rstrip("⁺")
        return f"{{{latex_name(old)}}}^{{{'+' * (len(name) - len(old))}}}"
    if parts := derivative_parts(name):
        sign, of, by = parts
        return latex_derivative(latex_name(of), latex_name(by), local=sign == "∂")
    if not name[1:2].isalpha():
        name = (greek(name[:1]) or name[:1]) + name[1:]
    if not name.isascii():
        return _spelled_out(name)
    if "[" in name:
        return _indexed(name)
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


def _indexed(name: str) -> str:
    """`h_3` for the row `h[3]`, `W_{[0,1]}` for an entry."""
    if row := _ROW.fullmatch(name):
        base, number, step = row.groups()
        main = latex_name(base)
        if "_" not in main:
            return f"{main}_{number if len(number) == 1 else f'{{{number}}}'}" + (f"^{{({step})}}" if step else "")
    base, _, place = name.partition("[")
    return f"{subscripted(latex_name(base))}_{{[{place}}}"


def _spelled_out(name: str) -> str:
    """A name with letters of other alphabets, as text."""
    base, _, index = name.partition("_")
    below = rf"\mathrm{{{index.replace('_', ', ')}}}" if index.isascii() else rf"\mbox{{{printable(index)}}}"
    return rf"\mbox{{{printable(base)}}}" + (f"_{{{below}}}" if index else "")


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


def function_command(name: str) -> str:
    r"""LaTeX's own command for a function, `\sin`; empty where it has none."""
    operation = TABLE.get(name)
    return operation.latex if operation is not None else ""


class Latex(Style):
    """How the parts of a formula are written in LaTeX's mathematics mode."""

    signs = SIGNS
    doubtful: Mapping[str, Collection[str]] = {}

    def name(self, name: str) -> str:
        """A name, or a derivative as a fraction."""
        if parts := derivative_parts(name):
            sign, of, by = parts
            return self.derivative(latex_name(of), latex_name(by), local=sign == "∂")
        return latex_name(name)

    def derivative(self, above: str, below: str, local: bool) -> str:
        """`dJ/dw1`, or a local derivative."""
        return latex_derivative(above, below, local=local)

    def number(self, text: str) -> Piece:
        """A number, or a matrix; one with a power of ten is a product."""
        if isinstance(text, Maths):  # what a sum or another call is put round
            return atom(mathematics(text, self))
        shown = self.plain_number(text)
        if shown.startswith("-"):
            return Piece(shown, self.wrap(shown), SIGN)
        return Piece(shown, shown, PRODUCT if r"\cdot" in shown else ATOM)

    def plain_number(self, text: str) -> str:
        """A number or a matrix by itself."""
        return latex_number(text)

    def quoted(self, text: str) -> str:
        """A text that is an option's value."""
        return rf"\text{{{text}}}"

    def wrap(self, text: str) -> str:
        """In parentheses, as high as a fraction in them."""
        return rf"\left({text}\right)" if r"\frac" in text else f"({text})"

    def base(self, piece: Piece) -> str:
        """What a power stands on: braces keep TeX from a second superscript, as on the step J^{(1)}."""
        if piece.binding != ATOM:
            return self.wrap(piece.first)
        return f"{{{piece.first}}}" if "^" in piece.first else piece.first

    def call(self, call: Call, pieces: Sequence[Piece]) -> Piece:
        """An operation: with a sign of its own where mathematics has one."""
        if not call.prime and (own := self._own_sign(call.name, pieces)) is not None:
            return own
        keys = [""] * len(call.arguments) + [r"\mathrm{" + key.replace("_", r"\_") + "}=" for key, _ in call.keywords]
        inside = ", ".join(key + piece.first for key, piece in zip(keys, pieces, strict=True))
        name = function_command(call.name) or r"\mathrm{" + call.name.replace("_", r"\_") + "}"
        prime = "'" + (f"_{call.by}" if call.by else "") if call.prime else ""
        return atom(f"{name}{prime}{self.wrap(inside)}")

    def _own_sign(self, name: str, pieces: Sequence[Piece]) -> Piece | None:
        match name, pieces:
            case "sqrt", [x]:
                return atom(rf"\sqrt{{{x.first}}}")
            case (("abs" | "absolute"), [x]):
                return atom(rf"\left|{x.first}\right|")
            case (("transpose" | "matrix_transpose"), [x]):
                return _power(rf"{self.base(x)}^{{\top}}")
            case "square", [x]:
                return _power(f"{self.base(x)}^2")
        return None

    def index(self, value: Piece, inside: str) -> Piece:
        """An entry, low."""
        return _power(f"{subscripted(self.base(value))}_{{[{inside}]}}")

    def sequence(self, kind: str, items: list[str]) -> Piece:
        """A list or a tuple."""
        inside = ", ".join(items)
        return atom(rf"\left[{inside}\right]" if kind == "list" else self.wrap(inside))

    def sign(self, sign: str) -> str:
        """A sign in front of its operand."""
        return r"\lnot " if sign == "~" else sign

    def power(self, exponent: Expression, left: Piece, right: Piece) -> Piece:
        """Any exponent, raised."""
        return _power(f"{self.base(left)}^{{{right.first}}}")

    def quotient(self, left: Piece, right: Piece) -> Piece | None:
        """A fraction; a power of it needs parentheses."""
        text = rf"\frac{{{left.first}}}{{{right.first}}}"
        return Piece(text, text, SIGN)

    def joint(self, part: Binary, after: str, product: int, tight: bool) -> str:
        """The sign between two operands; none between a number and what is in parentheses."""
        if part.sign == "*" and isinstance(part.left, Number) and after.startswith(("(", r"\left(")):
            return " "
        if part.sign == "*" and product != TIMES:
            return r" \odot "
        return self.signs.get(part.sign, f" {part.sign} ")


def _power(text: str) -> Piece:
    return Piece(text, text, POWER)


MOST_COLUMNS = 8
"""A vector of more numbers than these goes on in another line."""


class Linear(Latex):
    """Without fractions, as one writes on the lines of a worksheet; long vectors in lines."""

    doubtful = DOUBTFUL

    def derivative(self, above: str, below: str, local: bool) -> str:
        """`dJ/dw_1`."""
        sign = r"\partial " if local else "d"
        return f"{sign}{above}/{sign}{below}"

    def plain_number(self, text: str) -> str:
        """A number or a matrix; a long vector as a tuple that goes on."""
        numbers = text.strip("[]").split()
        if not text.startswith("[") or text.startswith("[[") or len(numbers) <= MOST_COLUMNS:
            return latex_number(text)
        rows = [numbers[k : k + MOST_COLUMNS - 2] for k in range(0, len(numbers), MOST_COLUMNS - 2)]
        lines = r",\\ ".join(r",\; ".join(map(latex_number, row)) for row in rows)
        return rf"\left(\begin{{array}}{{@{{}}l@{{}}}} {lines} \end{{array}}\right)"

    def index(self, value: Piece, inside: str) -> Piece:
        """An entry, on the line."""
        return atom(f"{self.base(value)}[{inside}]")

    def quotient(self, left: Piece, right: Piece) -> Piece | None:
        """A slash between the two."""
        return None

    def joint(self, part: Binary, after: str, product: int, tight: bool) -> str:
        """No blanks round the slash of a factor."""
        return "/" if part.sign == "/" and tight else super().joint(part, after, product, tight)


LATEX, LINEAR = Latex(), Linear()
SIGNS_BETWEEN = {
    "·": r"\cdot",
    "*": r"\cdot",
    "⊙": r"\odot",
    "→": r"\to",
    "->": r"\to",
    "≈": r"\approx",
    "~": r"\approx",
}
"""Signs between two pieces of mathematics; others are themselves."""


def mathematics(piece: str, style: Latex = LATEX, inner: bool = False) -> str:
    """A piece of mathematics in mathematics mode, words in it as words; `inner`: behind a plus sign."""
    if isinstance(piece, Said):
        return "".join(mathematics(part, style) for part in piece.parts)
    if not isinstance(piece, Maths):
        return _in_words(piece)
    match piece.source:
        case Formula() as one:
            if inner and not one.factor:
                return set_in(one.expression, style, one.numbers, one.arrays).inner
            return one.written(style)
        case Derivative(of=of, by=by, local=local):
            above, below = (set_in(part, style, {}, ()).first for part in (of, by))
            return style.derivative(above, below, local)
        case parts:
            return _spelled(parts, style, inner)


def _in_words(text: str) -> str:
    """Words among mathematics; a sign is itself."""
    words = text.split(" ")
    return r"\ ".join(rf"\text{{{printable(w)}}}" if any(map(str.isalpha, w)) else printable(w) for w in words)


def _spelled(parts: Sequence[str], style: Latex, inner: bool) -> str:
    found = ""
    for part in parts:
        if isinstance(part, Maths | Said):
            found += mathematics(part, style, inner)
            inner = False
        else:
            sign = part.strip()
            found += sign if sign in ("(", ")") else f" {SIGNS_BETWEEN.get(sign, sign)} "
            inner = sign == "+"
    return found


def said(text: str, style: Latex = LATEX) -> str:
    """Words, or mathematics, or both, as LaTeX text; what LaTeX would act on in words is made harmless."""
    if isinstance(text, Maths):
        return f"${mathematics(text, style)}$"
    return "".join(said(part, style) for part in text.parts) if isinstance(text, Said) else printable(text)
