"""What people write that is not a formula here, and what to write instead: a table of habits, the first that fits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.errors import FormulaError
from backpropcli.language.formula.hints import LONGEST_SHOWN, reads, suggested
from backpropcli.language.formula.meant.characters import strange_character, superscript
from backpropcli.language.formula.meant.context import CLOSERS, OPENERS, Context, bare, numeral, odd
from backpropcli.language.formula.meant.signs import (
    BETWEEN,
    CALLED,
    INVERSE,
    MISSING,
    NEVER_NAMES,
    OPERATORS,
    SIGNS,
    SUPERSCRIPTS,
    WORDS,
)
from backpropcli.language.formula.parser import UnreadableError, brief

if TYPE_CHECKING:
    from backpropcli.language.formula.tree import Binary


class Habit(NamedTuple):
    """What is written: when it is this habit, and the words about it."""

    fits: Callable[[Context], object]
    words: Callable[[Context], FormulaError]


def in_words(error: UnreadableError) -> FormulaError:
    """The parser's error in words that help who wrote the formula."""
    at = Context(error.parser, error.opener)
    if error.left is not None:
        return _chained(at, error.left)
    return next(habit.words(at) for habit in HABITS[error.why] if habit.fits(at))


# Words of Python, dots and brackets.


def _reserved(at: Context) -> FormulaError:
    """A word of Python."""
    says = "has no place in a formula" if at.token in NEVER_NAMES else "is a word of Python and cannot be a name"
    return at.error(f"{at.token} {says}", WORDS.get(at.token, f"Call it {at.token}_."))


def _chained(at: Context, left: Binary) -> FormulaError:
    """`a < b < c`."""
    middle = at.text[left.right.start : left.right.end]
    first = at.text[left.start : left.end].strip()
    hint = suggested(f"({first}) & ({middle} {at.token} {at.right()})", otherwise="Write (a < b) & (b < c)")
    return at.error("comparisons cannot be chained", hint)


def _attribute(at: Context) -> FormulaError:
    """A dot without a name behind it."""
    return at.error("a name is missing after the dot", "Such as W.T or x.sum().", at.i - 1)


def _padded(at: Context) -> FormulaError:
    """`007`."""
    return at.error(f"{brief(at.token)} begins with 0", suggested(at.token.lstrip("0")))


def _never_closed(at: Context, opener: int | None) -> FormulaError:
    opened = at.tokens[opener or 0]
    return at.error(f"{opened} is never closed", f"Its {OPENERS[opened]} is missing.", opener)


def _closes(at: Context, opener: int | None) -> FormulaError:
    """A closing bracket that is not the one of `opener`."""
    if opener is None:
        return at.error(f"{at.token} closes nothing", f"Its {CLOSERS[at.token]} is missing, or it is one too many.")
    opened = at.tokens[opener]
    return at.error(f"{opened} is closed by {at.token}", f"Close it with {OPENERS[opened]}.")


# Two operands side by side, and commas.


def _decimal_comma(at: Context) -> FormulaError:
    hint = suggested(f"{at.before}.{at.behind}")
    return at.error("decimals are written with a point", hint, at.i - 1, at.i + 1)


def _juxtaposed(at: Context) -> FormulaError:
    """Two operands that mathematics would multiply."""
    return at.pair(MISSING, suggested(f"{at.left()} * {at.right(at.i - 1)}", otherwise="A product is written with *."))


# Equals signs, powers, primes.


def _equals(at: Context) -> FormulaError:
    rest = at.rest.strip()
    if at.behind in ("<", ">", "!"):
        hint = "At most is <=, at least is >=, not equal is !=."
    elif at.i == 1 and at.tokens[0].isidentifier() and rest:
        hint = suggested(rest, "Write only what stands behind it: {}", "Write only what stands behind it.")
    else:
        hint = "Equal is ==."
    return at.error(f"{at.token} has no place in a formula", hint)


def _power(at: Context) -> FormulaError:
    left, right = at.left(), at.right()
    if right in ("T", "⊤"):
        return at.error("^ is not an operator here", f"Transposed is {left}.T")
    inverse = INVERSE.match(f"{left}^{right}")
    right = f"({right[1:-1]})" if right[:1] == "{" else right
    hint = suggested(f"exp({bare(right)})", "The exponential function is {}.") if left == "e" else ""
    if inverse:
        hint = suggested(f"inv({left})", "The inverse of a matrix is {}.")
    example = suggested(f"{left}**{right}", ": {}")
    return at.error(f"^ is not an operator here; a power is **{example}", hint)


def _prime(at: Context) -> FormulaError:
    """`f'`, `f'(x)`, or the quotes of a text."""
    if len(at.token) > 1 and (at.token[0] == '"' or at.before in ("f", "r", "b", "u")):
        hint = "A formula is made of names and numbers; a text is an option, as in einsum('ij,jk->ik', a, b)."
        return at.pair("a text has no place here", hint)
    start = at.starts[at.i]
    if at.text[start + 1 :].lstrip().startswith("("):
        message = "a derivative has no place in a formula"
        hint = "Derivatives are worked out for you: write only the value."
    else:
        named = at.before.isidentifier()
        message = "a prime cannot be part of a name" if named else "a prime has no place in a formula"
        hint = f"Another name could be {at.left()}_new; transposed is {at.left()}.T."
        hint = hint if len(hint) <= LONGEST_SHOWN else "Transposed is .T."
    return FormulaError(message, hint=hint).spanning(start, start + 1)


# Signs of mathematics.


def _raised(at: Context) -> FormulaError:
    """`x²`, where it could not be read as a power."""
    return superscript(at.token, at.starts[at.i], at.left())


def _operator(at: Context) -> FormulaError:
    """A sign that looks like an operator, with its name where it looks like a minus."""
    left, right = at.left(), at.right()
    if at.token in CALLED:
        shown = CALLED[at.token].format(left=left, right=right)
    elif OPERATORS[at.token] == "-" and (not at.i or at.before in OPENERS):
        shown = f"-{right}"
    else:
        shown = f"{left} {OPERATORS[at.token]} {right}"
    called = f"{at.token} ({unicodedata.name(at.token).lower()})" if OPERATORS.get(at.token) == "-" else at.token
    return at.error(f"{called} is not an operator here", suggested(shown))


def _sign(at: Context) -> FormulaError:
    """A sign that people write in mathematics: what it is here."""
    message, hint = SIGNS[at.token]
    if written := re.search(r"\w+\(\{right\}\)", hint):
        found = written[0].replace("{right}", bare(at.right()))
        hint = hint.replace(written[0], found if reads(found) else written[0].replace("{right}", "x"))
    return at.error(message, hint)


def _semicolon(at: Context) -> FormulaError:
    """`max(0; x)` and `W[0; 1]` want a comma, `[1, 2; 3, 4]` a list for every row."""
    opener = at.open_bracket()
    assert opener is not None
    text, start = at.text, at.starts[opener] + 1
    end = text.find(OPENERS[at.tokens[opener]], start)
    inner = text[start:end]
    made = inner.replace(";", ",")
    before = text[: start - 1].rstrip()[-1:]
    if at.tokens[opener] == "[" and not (before.isalnum() or before in ("_", ")", "]")):
        made = ", ".join(f"[{', '.join(row.replace(',', ' ').split())}]" for row in inner.split(";") if row.strip())
    said = "Arguments and entries are separated by commas."
    hint = suggested(text[:start] + made + text[end:], otherwise=said) if end > 0 else said
    return at.error(SIGNS[";"][0], hint)


def _bars(at: Context) -> FormulaError:
    """`|x|` and `||v||`."""
    inner = re.split("[|‖]", at.rest)[0].strip()
    name, said = ("abs", "The absolute value is {}.") if at.token == "|" else ("norm", "The length of a vector is {}.")
    return at.error("| | are not brackets here", suggested(f"{name}({inner})", said, said.format(f"{name}(x)")))


def _negated(at: Context) -> FormulaError:
    """`!x`."""
    said = "The opposite of a condition is {}."
    hint = suggested(f"logical_not({bare(at.right())})", said, "Write logical_not(x).")
    return at.error("! is not an operator here", hint)


def _percent(at: Context) -> FormulaError:
    """`5%`."""
    part = at.tokens[at.i - 2]
    return at.error(f"{part}% is not a number here", suggested(f"{part}/100"), at.i - 2, at.i - 1)


# The habits, in the order in which they are looked for.


def _otherwise_closed(at: Context) -> bool:
    """`(a]`, with nothing between."""
    return at.token in (")", "]") and at.before in OPENERS and OPENERS[at.before] != at.token


UNEXPECTED = (
    Habit(lambda at: not at.token, lambda at: _never_closed(at, at.opener)),
    Habit(lambda at: at.token in BETWEEN, _reserved),
    Habit(lambda at: at.token in (")", "]"), lambda at: _closes(at, at.opener)),
    Habit(lambda at: at.token == "," and at.before.isdigit() and at.behind[:1].isdigit(), _decimal_comma),
    Habit(
        lambda at: at.token == ",",
        lambda at: at.error(
            ", has no place here", "A node is one value. Arguments stand in parentheses, a list in brackets: [a, b]."
        ),
    ),
    Habit(lambda at: at.token in ("=", ":="), _equals),
    Habit(lambda at: at.token == "^", _power),
    Habit(lambda at: at.token[0] in "'′’\"" and at.touching, _prime),
    Habit(lambda at: at.token[0] in SUPERSCRIPTS, _raised),
    Habit(lambda at: at.token in OPERATORS or at.token in CALLED, _operator),
    Habit(lambda at: at.token == ";" and at.open_bracket() is not None, _semicolon),
    Habit(lambda at: at.token in SIGNS and at.token not in ("√", "∛", "{"), _sign),
    Habit(lambda at: odd(at.token), strange_character),
    Habit(
        lambda at: at.token[0] == "." and at.token != "." and numeral(at.before),
        lambda at: at.pair(f"{at.before}{at.token} is not a number", "A number has one decimal point."),
    ),
    Habit(
        lambda at: at.before == "0" and at.touching and at.token[0] in "xXbBoO",
        lambda at: at.pair(
            f"{at.before}{at.token} is not a number", "In hexadecimal a number has the digits 0 to f: 0x1F."
        ),
    ),
    # h_{t-1}, as LaTeX writes an index.
    Habit(
        lambda at: at.token == "{" and at.before.endswith("_"),
        lambda at: at.pair(
            "{ } are not part of a name", "A step in time is written h[t], and the one before it h[t-1]."
        ),
    ),
    Habit(
        lambda at: at.before.isdigit() and at.token.isdigit() and len(at.token) == 3,
        lambda at: at.pair("a number has no space inside", suggested(f"{at.before}{at.token}")),
    ),
    Habit(lambda at: True, _juxtaposed),
)
"""The token cannot follow the operand before it."""
MISSING_OPERAND = (
    Habit(lambda at: at.token in ("|", "||", "‖"), _bars),
    Habit(lambda at: at.token == "!", _negated),
    Habit(
        lambda at: at.before == "%" and at.i > 1 and numeral(at.tokens[at.i - 2]) and not at.token[:1].isalnum(),
        _percent,
    ),
    Habit(
        lambda at: at.token in ("%", "//", "^") and not at.i,
        lambda at: at.error(f"{at.token} is not an operator here"),
    ),
    Habit(
        lambda at: at.token == "=" and at.before in ("=", "==", "<", ">", "!", "<=", ">="),
        lambda at: at.error("this comparison has one sign too many", "Equal is ==, at most is <=, not equal is !=."),
    ),
    Habit(lambda at: not at.token and at.before in OPENERS, lambda at: _never_closed(at, at.i - 1)),
    Habit(
        lambda at: not at.token and at.before == "," and at.open_bracket() is not None,
        lambda at: _never_closed(at, at.open_bracket()),
    ),
    Habit(
        lambda at: not at.token,
        lambda at: at.error(
            f"the formula ends after {at.before}", "Something is missing there, or YAML cut it.", at.i - 1
        ),
    ),
    Habit(lambda at: at.token[0] in SUPERSCRIPTS, _raised),
    Habit(lambda at: at.token in OPERATORS or at.token in CALLED, _operator),
    Habit(lambda at: at.token == ";" and at.open_bracket() is not None, _semicolon),
    Habit(lambda at: at.token in SIGNS, _sign),
    Habit(lambda at: odd(at.token), strange_character),
    Habit(lambda at: at.token in (")", "]") and at.open_bracket() is None, lambda at: _closes(at, None)),
    Habit(_otherwise_closed, lambda at: _closes(at, at.i - 1)),
    Habit(lambda at: at.token in ("=", ":="), _equals),
    Habit(
        lambda at: at.token in ("*", "**") and at.i and at.before in ("(", "[", ","),
        lambda at: at.error(f"{at.token} unpacks nothing here", "A shape is one tuple: x.reshape(y.shape)."),
    ),
    Habit(lambda at: not at.i, lambda at: at.error(f"nothing stands before {at.token}")),
    Habit(lambda at: True, lambda at: at.error(f"nothing stands between {at.before} and {at.token}")),
)
"""An operand should come next, and something else does."""
HABITS = {
    "unexpected": UNEXPECTED,
    "missing": MISSING_OPERAND,
    "reserved": (Habit(lambda at: True, _reserved),),
    "attribute": (Habit(lambda at: True, _attribute),),
    "padded": (Habit(lambda at: True, _padded),),
}
