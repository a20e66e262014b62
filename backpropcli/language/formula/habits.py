"""What people write that is not a formula here, and what to write instead."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from backpropcli.errors import FormulaError
from backpropcli.language.formula.around import (
    CLOSERS,
    OPENERS,
    bare,
    error_at,
    numeral,
    odd,
    open_bracket,
    operand_after,
    operand_before,
    pair,
    short,
)
from backpropcli.language.formula.mending import INVERSE, MISSING, reads, suggested
from backpropcli.language.formula.tree import Binary

if TYPE_CHECKING:
    from backpropcli.language.formula.parser import Parser

# Signs that look like an operator: what to write.
_OPERATORS = {
    "×": "*",
    "·": "*",
    "⋅": "*",
    "∙": "*",
    "•": "*",
    "∗": "*",
    "⁎": "*",
    "＊": "*",
    "⊙": "*",
    "∘": "*",
    "⨯": "*",
    "÷": "/",
    "∕": "/",
    "⁄": "/",
    "／": "/",
    "−": "-",
    "–": "-",
    "—": "-",
    "‐": "-",
    "‑": "-",
    "－": "-",
    "＋": "+",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "⩽": "<=",
    "⩾": ">=",
    "∧": "&",
    "∨": "|",
    "&&": "&",
    "||": "|",
    "=>": ">=",
    "⊗": "outer(a, b)",
}

_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ᵀ", [*"0123456789", "-", "+", "T"], strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))

# Other signs: why not, and what to write. {left} and {right} are the operands beside it.
_SIGNS = {
    "!": ("! is not an operator here", "There is no factorial; write it out as a number."),
    "?": ("? is not an operator here", "A choice is where(condition, a, b)."),
    ":": (": has no place here", "A slice stands in brackets, x[1:3]; a choice is where(condition, a, b)."),
    ";": ("; has no place here", "One formula a node: give each its own name and line."),
    "√": ("√ is not an operator here", "A square root is sqrt({right})."),
    "∛": ("∛ is not an operator here", "A cube root is cbrt({right})."),
    "∑": ("∑ is not an operator here", "A sum over an array is sum(x)."),
    "Σ": ("Σ is not an operator here", "A sum over an array is sum(x)."),
    "∏": ("∏ is not an operator here", "A product over an array is prod(x)."),
    "∞": ("∞ is not a number here", "Infinity is written inf."),
    "∂": ("∂ has no place in a formula", "Derivatives are worked out for you: write only the value."),
    "∇": ("∇ has no place in a formula", "Gradients are worked out for you: write only the value."),
    "$": ("$ has no place in a formula", "Write it as NumPy, without LaTeX: (a - y)**2 / 2."),
    "\\": ("\\ has no place in a formula", "Write it as NumPy, without LaTeX: (a - y)**2 / 2."),
    "`": ("` has no place in a formula", "Write the formula without back-quotes."),
    "#": ("# has no place in a formula", "A comment begins with a space and # outside the quotes."),
    "{": ("{ } are not brackets here", "Group with ( ), index with [ ]."),
    "}": ("{ } are not brackets here", "Group with ( ), index with [ ]."),
    "->": ("-> has no place in a formula", "Write only the value, without names or arrows."),
    "→": ("→ has no place in a formula", "Write only the value, without names or arrows."),
    "'": ("this quote is never closed", "Quotes stand around the text of an option, as in einsum('ij,jk->ik', a, b)."),
    '"': ("this quote is never closed", "Quotes stand around the text of an option, as in einsum('ij,jk->ik', a, b)."),
}

_WORDS = {
    "and": "Both of two conditions: (a > 0) & (b > 0).",
    "or": "One of two conditions: (a > 0) | (b > 0).",
    "not": "The opposite of a condition: ~(a > 0).",
    "if": "A choice is where(condition, a, b).",
    "else": "A choice is where(condition, a, b).",
    "for": "Operations work on whole arrays: sum(x * w), without a loop.",
    "while": "Operations work on whole arrays: sum(x * w), without a loop.",
    "in": "Write it out with == and |, or give a name that is not a word of Python.",
    "is": "Equal is ==.",
    "lambda": "Call it lam, or say what a function is under functions:.",
    "return": "Write only the value.",
    "import": "Operations need no import: exp(z), not np.exp(z), though both work.",
    "def": "Say what a function is under functions:, as in g(z): maximum(0, z).",
}


def reserved(parser: Parser) -> FormulaError:
    """The next token is a word of Python."""
    word = parser.tokens[parser.i]
    if word in ("and", "or", "not", "if", "else", "for", "while", "return", "import", "def", "is"):
        message = f"{word} has no place in a formula"
    else:
        message = f"{word} is a word of Python and cannot be a name"
    return error_at(parser, parser.i, message, _WORDS.get(word, f"Call it {word}_."))


def chained(parser: Parser, left: Binary) -> FormulaError:
    """`a < b < c`."""
    text, i = parser.text, parser.i
    middle = text[left.right.start : left.right.end]
    first, last = text[left.start : left.end].strip(), operand_after(parser, i)
    hint = suggested(f"({first}) & ({middle} {parser.tokens[i]} {last})", otherwise="Write (a < b) & (b < c)")
    return error_at(parser, i, "comparisons cannot be chained", hint)


def attribute(parser: Parser) -> FormulaError:
    """A dot without a name behind it."""
    return error_at(parser, parser.i - 1, "a name is missing after the dot", "Such as W.T or x.sum().")


def unexpected(parser: Parser, opener: int | None = None) -> FormulaError:
    """The next token cannot follow the operand before it; `opener` is the bracket that is open."""
    i = parser.i
    token, before = parser.tokens[i], parser.tokens[i - 1]
    if not token:
        opened = parser.tokens[opener] if opener is not None else ""
        return error_at(parser, opener or 0, f"{opened} is never closed", f"Its {OPENERS.get(opened, ')')} is missing.")
    if token in RESERVED_BETWEEN:
        return reserved(parser)
    if token in (")", "]"):
        return _closer(parser, opener)
    if token == ",":
        return _comma(parser)
    if token in ("=", ":="):
        return _equals(parser)
    if token == "^":
        return _power(parser)
    if token[0] in "'′’\"" and parser.starts[i] == parser.end:
        return _prime(parser)
    if token[0] in _SUPERSCRIPTS or token in _OPERATORS or (token in _SIGNS and token not in ("√", "∛", "{")):
        return _sign(parser)
    if odd(token):
        return _character(parser)
    if token[0] == "." and token != "." and numeral(before):
        return pair(parser, f"{before}{token} is not a number", "A number has one decimal point.")
    if numeral(before) and (parser.starts[i] == parser.end) and token[:1] in "xXbBoO" and before == "0":
        return pair(parser, f"{before}{token} is not a number", "In hexadecimal a number has the digits 0 to f: 0x1F.")
    return _juxtaposed(parser)


RESERVED_BETWEEN = frozenset(("and", "or", "not", "if", "else", "for", "in", "is", "while", "lambda"))


def missing(parser: Parser) -> FormulaError:
    """An operand should come next, and something else does."""
    i = parser.i
    token = parser.tokens[i]
    before = parser.tokens[i - 1] if i else ""
    if token in ("|", "||", "‖"):
        inner = re.split("[|‖]", parser.text[parser.starts[i] + len(token) :])[0].strip()
        name, said = ("abs", "The absolute value is {}.") if token == "|" else ("norm", "The length of a vector is {}.")
        hint = suggested(f"{name}({inner})", said, said.format(f"{name}(x)"))
        return error_at(parser, i, "| | are not brackets here", hint)
    if token == "!":
        what = bare(operand_after(parser, i))
        hint = suggested(f"logical_not({what})", "The opposite of a condition is {}.", "Write logical_not(x).")
        return error_at(parser, i, "! is not an operator here", hint)
    if before == "%" and i > 1 and numeral(parser.tokens[i - 2]) and (not token or not token[0].isalnum()):
        part = parser.tokens[i - 2]
        return FormulaError(f"{part}% is not a number here", hint=suggested(f"{part}/100")).spanning(
            parser.starts[i - 2], parser.starts[i - 1] + 1
        )
    if token in ("%", "//", "^") and i == 0:
        return error_at(parser, i, f"{token} is not an operator here")
    if token == "=" and before in ("=", "==", "<", ">", "!", "<=", ">="):
        hint = "Equal is ==, at most is <=, not equal is !=."
        return error_at(parser, i, "this comparison has one sign too many", hint)
    if not token:
        if before in OPENERS:
            return unexpected(parser, i - 1)
        opener = open_bracket(parser)
        if before == "," and opener is not None:
            return unexpected(parser, opener)
        hint = "Something is missing there, or YAML cut it."
        return error_at(parser, i - 1, f"the formula ends after {before}", hint)
    if token in _OPERATORS or token in _SIGNS or token[0] in _SUPERSCRIPTS:
        return _sign(parser)
    if odd(token):
        return _character(parser)
    if token in (")", "]"):
        opener = open_bracket(parser)
        if opener is None:
            return _closer(parser, None)
        if before == ",":
            return error_at(parser, i, f"nothing stands between , and {token}")
        if before in OPENERS and OPENERS[before] != token:
            return _closer(parser, i - 1)
        return error_at(parser, i, f"nothing stands between {before} and {token}")
    if token in ("=", ":="):
        return _equals(parser)
    if i == 0:
        return error_at(parser, i, f"nothing stands before {token}")
    return error_at(parser, i, f"nothing stands between {before} and {token}")


def _closer(parser: Parser, opener: int | None) -> FormulaError:
    i = parser.i
    token = parser.tokens[i]
    if opener is None:
        hint = f"Its {CLOSERS[token]} is missing, or it is one too many."
        return error_at(parser, i, f"{token} closes nothing", hint)
    opened = parser.tokens[opener]
    return error_at(parser, i, f"{opened} is closed by {token}", f"Close it with {OPENERS[opened]}.")


def _comma(parser: Parser) -> FormulaError:
    """A comma outside brackets: most often a decimal comma."""
    i = parser.i
    before, behind = parser.tokens[i - 1], parser.tokens[i + 1]
    if before.isdigit() and behind[:1].isdigit():
        start = parser.starts[i - 1]
        return FormulaError("decimals are written with a point", hint=suggested(f"{before}.{behind}")).spanning(
            start, parser.starts[i + 1] + len(behind)
        )
    hint = "A node is one value. Arguments stand in parentheses, a list in brackets: [a, b]."
    return error_at(parser, i, ", has no place here", hint)


def _equals(parser: Parser) -> FormulaError:
    i = parser.i
    rest = parser.text[parser.starts[i] + len(parser.tokens[i]) :].strip()
    if parser.tokens[i + 1] in ("<", ">", "!"):
        hint = "At most is <=, at least is >=, not equal is !=."
    elif i == 1 and parser.tokens[0].isidentifier() and rest:
        hint = suggested(rest, "Write only what stands behind it: {}", "Write only what stands behind it.")
    else:
        hint = "Equal is ==."
    return error_at(parser, i, f"{parser.tokens[i]} has no place in a formula", hint)


def _power(parser: Parser) -> FormulaError:
    i = parser.i
    left, right = operand_before(parser, i), operand_after(parser, i)
    if right in ("T", "⊤"):
        return error_at(parser, i, "^ is not an operator here", f"Transposed is {left}.T")
    inverse = INVERSE.match(f"{left}^{right}")
    right = f"({right[1:-1]})" if right[:1] == "{" else right
    hint = suggested(f"exp({bare(right)})", "The exponential function is {}.") if left == "e" else ""
    if inverse:
        hint = suggested(f"inv({left})", "The inverse of a matrix is {}.")
    example = suggested(f"{left}**{right}", ": {}")
    return error_at(parser, i, f"^ is not an operator here; a power is **{example}", hint)


def _prime(parser: Parser) -> FormulaError:
    i = parser.i
    token = parser.tokens[i]
    if len(token) > 1 and (token[0] == '"' or parser.tokens[i - 1] in ("f", "r", "b", "u")):
        hint = "A formula is made of names and numbers; a text is an option, as in einsum('ij,jk->ik', a, b)."
        return pair(parser, "a text has no place here", hint)
    name = operand_before(parser, i)
    message = "a prime cannot be part of a name"
    if not parser.tokens[i - 1].isidentifier():
        message = "a prime has no place in a formula"
    start = parser.starts[i]
    if parser.text[start + 1 :].lstrip().startswith("("):
        hint = "Derivatives are worked out for you: write only the value."
        return FormulaError("a derivative has no place in a formula", hint=hint).spanning(start, start + 1)
    hint = f"Another name could be {name}_new; transposed is {name}.T."
    return FormulaError(message, hint=short(hint, "Transposed is .T.")).spanning(start, start + 1)


def _sign(parser: Parser) -> FormulaError:
    """A sign that people write in mathematics: what it is here."""
    i = parser.i
    token = parser.tokens[i]
    left, right = (operand_before(parser, i) if i else "x"), operand_after(parser, i)
    if token[0] in _SUPERSCRIPTS:
        return _superscript(parser, token, parser.starts[i], left)
    if token in _OPERATORS:
        sign = _OPERATORS[token]
        shown = f"-{right}" if sign == "-" and (not i or parser.tokens[i - 1] in OPENERS) else f"{left} {sign} {right}"
        if len(sign) > 2:
            shown = sign.replace("a", left).replace("b", right)
        return error_at(parser, i, f"{_called(token)} is not an operator here", suggested(shown))
    message, hint = _SIGNS[token]
    if token == ";" and (opener := open_bracket(parser)) is not None:
        return error_at(parser, i, message, _semicolon(parser, opener))
    written = re.search(r"\w+\(\{right\}\)", hint)
    if written:
        found = written[0].replace("{right}", bare(right))
        hint = hint.replace(written[0], found if reads(found) else written[0].replace("{right}", "x"))
    return error_at(parser, i, message, hint)


def _semicolon(parser: Parser, opener: int) -> str:
    """`max(0; x)` and `W[0; 1]` want a comma, `[1, 2; 3, 4]` a list for every row."""
    text, start = parser.text, parser.starts[opener] + 1
    end = text.find(OPENERS[parser.tokens[opener]], start)
    inner = text[start:end]
    made = inner.replace(";", ",")
    before = text[: start - 1].rstrip()[-1:]
    if parser.tokens[opener] == "[" and not (before.isalnum() or before in ("_", ")", "]")):
        made = ", ".join(f"[{', '.join(row.replace(',', ' ').split())}]" for row in inner.split(";") if row.strip())
    said = "Arguments and entries are separated by commas."
    return suggested(text[:start] + made + text[end:], otherwise=said) if end > 0 else said


def _called(token: str) -> str:
    """A sign by itself, or with its name where it looks like another one."""
    if token in "−–—‐‑－":
        return f"{token} ({unicodedata.name(token).lower()})"
    return token


def _superscript(parser: Parser, token: str, start: int, base: str) -> FormulaError:
    raised = ""
    for c in token:
        if c not in _SUPERSCRIPTS:
            break
        raised += _SUPERSCRIPTS[c]
    sign = token[: len(raised)]
    if "T" in raised:
        return FormulaError(f"{sign} is not an operator here", hint=f"Transposed is {base}.T").spanning(
            start, start + len(sign)
        )
    power = f"{base}**{raised}" if raised.strip("+-") else f"{base}**2"
    return FormulaError(f"{sign} is not an operator here; a power is **: {power}").spanning(start, start + len(sign))


def _character(parser: Parser) -> FormulaError:
    """A token with a character that no formula has."""
    i = parser.i
    token, start = parser.tokens[i], parser.starts[i]
    for k, c in enumerate(token):
        if c in _SUPERSCRIPTS and k:
            return _superscript(parser, token[k:], start + k, token[:k])
    if any(c in _SUBSCRIPTS for c in token):
        plain = "".join(_SUBSCRIPTS.get(c, c) for c in token)
        return FormulaError("names have plain digits", hint=suggested(plain)).spanning(start, start + len(token))
    c = next((c for c in token if not c.isidentifier() and not c.isdecimal()), token[0])
    at = start + token.index(c)
    if c in "“”„‟″‘’‚‛′«»":
        message, hint = f"{c} is a printer's quote", "Straight quotes are \" and '; a formula seldom needs any."
    elif c in "½⅓¼¾⅔⅕⅛":
        fraction = unicodedata.normalize("NFKD", c).replace("\u2044", "/")
        message, hint = f"{c} is not a number here", suggested(fraction)
    elif c == "," or c == "，":
        message, hint = f"{c} is not a comma here", "Write ,"
    elif not c.isprintable() or unicodedata.category(c) in ("Cf", "Mn", "Me"):
        name = unicodedata.name(c, "").lower()
        message = f"an invisible character stands here: U+{ord(c):04X}" + (f" ({name})" if name else "")
        hint = "Delete it, or type the formula again."
    else:
        name = unicodedata.name(c, f"U+{ord(c):04X}").lower() if not c.isascii() else ""
        message, hint = f"{c} has no place in a formula" + (f" ({name})" if name else ""), ""
    return FormulaError(message, hint=hint).spanning(at, at + 1)


def token_of_time(parser: Parser) -> bool:
    """`h_{t-1}`, as LaTeX writes an index."""
    return parser.tokens[parser.i] == "{" and parser.tokens[parser.i - 1].endswith("_")


def _juxtaposed(parser: Parser) -> FormulaError:
    """Two operands side by side, which mathematics would multiply."""
    i = parser.i
    left, right = operand_before(parser, i), operand_after(parser, i - 1)
    start = parser.starts[i - 1]
    if token_of_time(parser):
        hint = "Each step in time is a name of its own: h0, h1, h2."
        return FormulaError("{ } are not part of a name", hint=hint).spanning(start, parser.starts[i] + 1)
    if parser.tokens[i - 1].isdigit() and parser.tokens[i].isdigit() and len(parser.tokens[i]) == 3:
        return pair(parser, "a number has no space inside", suggested(f"{parser.tokens[i - 1]}{parser.tokens[i]}"))
    hint = suggested(f"{left} * {right}", otherwise="A product is written with *.")
    return FormulaError(MISSING, hint=hint).spanning(start, parser.starts[i] + len(parser.tokens[i]))
