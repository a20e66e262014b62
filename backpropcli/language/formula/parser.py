"""Formulas are NumPy expressions: a Pratt parser from text to tree, with NumPy's precedence."""

from __future__ import annotations

from collections.abc import Container
from typing import Literal

from backpropcli.errors import FormulaError
from backpropcli.language.formula.grammar import BINDING, COMPARISON, MODULES, POWER, RESERVED, SIGN, TYPED, TYPES
from backpropcli.language.formula.rows import row
from backpropcli.language.formula.tokens import tokens
from backpropcli.language.formula.tree import (
    ATTRIBUTES,
    DEEPEST,
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
)

Why = Literal["missing", "unexpected", "reserved", "chained", "attribute", "padded"]
"""Why a parser stops: see UnreadableError."""
_NUMERAL = frozenset("0123456789.")
_POSTFIX = frozenset("([.")


def parse(text: str, known: Container[str] = ()) -> Expression:
    """The tree of a formula; `known` names of the network are never taken for modules (a parameter `F` in `F.T`).

    Raises FormulaError with its `span` in the text; `reading.read_formula` also says what its author probably meant.
    """
    parser = Parser(text, known)
    try:
        return parser.whole()
    except RecursionError:
        # Only where the caller's own stack is deep already: the levels counted in `deeper` fit in Python's.
        raise too_deep(parser, parser.i) from None


class UnreadableError(FormulaError):
    """A token stands where none like it can: the parser as it stopped, from which `habits` sees what was meant.

    `why`: an operand is missing, the token is unexpected behind the one before it, it is reserved, it is a second
    comparison behind the one that is `left`, no name of an attribute, or a number padded with 0. `opener` is the
    bracket that is open.
    """

    def __init__(self, why: Why, parser: Parser, opener: int | None = None, left: Binary | None = None) -> None:
        at = parser.i
        super().__init__(f"{parser.tokens[at] or 'the end'} cannot stand here")
        self.spanning(parser.starts[at], parser.starts[at] + len(parser.tokens[at]))
        self.why = why
        self.parser = parser
        self.opener = opener
        self.left = left


class Parser:
    """One formula being read: its tokens, and `i`, the one that comes next."""

    __slots__ = ("depth", "i", "known", "starts", "text", "tokens")

    def __init__(self, text: str, known: Container[str] = ()) -> None:
        self.text = text
        self.known = known
        self.tokens, self.starts = tokens(text)
        self.i = 0
        self.depth = 0

    @property
    def end(self) -> int:
        """Where the latest token that was taken ends."""
        return self.starts[self.i - 1] + len(self.tokens[self.i - 1])

    def whole(self) -> Expression:
        """The whole text as one expression."""
        if not self.tokens[0]:
            raise FormulaError("the formula is empty").spanning(0, len(self.text))
        found = self.operators(self.operand(), self.starts[0], 0)
        if self.i != len(self.tokens) - 1:
            raise UnreadableError("unexpected", self)
        return found

    def operators(self, left: Expression, start: int, limit: int) -> Expression:
        """`left`, which begins at `start`, with all operators that bind more tightly than `limit`."""
        found, starts = self.tokens, self.starts
        binding = BINDING.get(found[self.i], 0)
        while binding > limit:
            sign = found[self.i]
            at = self.i = self.i + 1
            right = self.operand()
            following = BINDING.get(found[self.i], 0)
            if following > binding or following == POWER:
                self.deeper(at - 1)
                right = self.operators(right, starts[at], SIGN if binding == POWER else binding)
                self.depth -= 1
                following = BINDING.get(found[self.i], 0)
            left = Binary(sign, left, right, start, starts[self.i - 1] + len(found[self.i - 1]))
            if binding == following == COMPARISON:
                raise UnreadableError("chained", self, left=left)
            binding = following
        return left

    def deeper(self, at: int) -> None:
        """One level deeper, because of token `at`."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise too_deep(self, at)

    def operand(self) -> Expression:
        """A number, a name, brackets, or a sign with its operand; with its calls, indices and attributes."""
        i = self.i
        token = self.tokens[i]
        start = self.starts[i]
        found: Expression
        if token.isidentifier():
            if token in RESERVED:
                raise UnreadableError("reserved", self)
            self.i = i + 1
            if self.tokens[i + 1] not in _POSTFIX:
                return Name(token, start, start + len(token))
            prefix = self.module(token, start)
            at = self.i - 1
            if self.tokens[self.i] == "(":
                arguments, keywords = self.arguments()
                found = Call(self.tokens[at], arguments, keywords, start, self.end, at=self.starts[at], prefix=prefix)
            elif prefix and self.tokens[at] == "newaxis":
                found = Name("None", start, self.end)
            else:
                found = Name(self.tokens[at], start, self.end, prefix)
        elif token == "(":
            items, comma = self.items(")")
            found = items[0] if len(items) == 1 and not comma else Sequence(items, "tuple", start, self.end)
        elif token == "[":
            found = Sequence(self.items("]")[0], "list", start, self.end)
        elif token in ("-", "+", "~"):
            return self.signed(token)
        else:
            found = self.leaf(token, start)
        return self.postfix(found, start) if self.tokens[self.i] in _POSTFIX else found

    def signed(self, sign: str) -> Unary:
        """A sign, which comes next, and its operand."""
        at = self.i
        self.deeper(at)
        self.i = at + 1
        inner = self.operand()
        if self.tokens[self.i] == "**":
            inner = self.operators(inner, self.starts[at + 1], SIGN)
        self.depth -= 1
        return Unary(sign, inner, self.starts[at], self.end)

    def leaf(self, token: str, start: int) -> Expression:
        """A number, a text in quotes, or `...`."""
        if token[:1] in _NUMERAL and token not in ("", ".", "..."):
            self.i += 1
            return self.number(token)
        if token[:1] in ("'", '"') and len(token) > 1:
            self.i += 1
            return Text(token[1:-1], start, start + len(token))
        if token == "...":
            self.i += 1
            return Name("...", start, start + 3)
        raise UnreadableError("missing", self)

    def number(self, token: str) -> Number:
        """A number as written: in decimal, or 0x1F, 0o17, 0b11 (whose text is then decimal)."""
        start = self.starts[self.i - 1]
        end = start + len(token)
        try:
            value, text = _value(token)
        except ValueError:
            raise FormulaError(f"{brief(token)} is not a number").spanning(start, end) from None
        if value == float("inf"):
            raise FormulaError(f"{brief(token)} is larger than the largest float, 1.8e308").spanning(start, end)
        if token[0] == "0" and token.isdigit() and value:
            self.i -= 1
            raise UnreadableError("padded", self)
        return Number(value, text, start, end)

    def module(self, token: str, start: int) -> str:
        """The module in front of a name (`np.`), which is skipped; empty where there is none."""
        found = self.tokens
        at = self.i - 1
        if found[self.i] != "." or token not in MODULES or token in self.known:
            return ""
        while found[self.i] == "." and found[at] in MODULES:
            at = self.i + 1
            self.i = at + 1
            if not found[at].isidentifier():
                self.i = at
                raise FormulaError(f"a name is missing after {self.text[start : self.end]}").spanning(start, self.end)
        return self.text[start : self.starts[at]]

    def postfix(self, found: Expression, start: int) -> Expression:
        """`found` with the indices, attributes and method calls that follow."""
        while (token := self.tokens[self.i]) in _POSTFIX:
            if token == "(":
                raise UnreadableError("unexpected", self)
            if token == "[":
                found = row(Index(found, self.index(), start, self.end), self.known)
                continue
            self.i += 1
            at = self.i
            name = self.tokens[at]
            if not name.isidentifier():
                raise UnreadableError("attribute", self)
            self.i += 1
            if self.tokens[self.i] == "(":
                arguments, keywords = self.arguments()
                arguments = tuple(map(_type, arguments)) if name in TYPED else arguments
                found = Call(name, (found, *arguments), keywords, start, self.end, at=self.starts[at], written="method")
            else:
                name = ATTRIBUTES.get(name, name)
                found = Call(name, (found,), (), start, self.end, at=self.starts[at], written="attribute")
        return found

    # What stands in brackets. (Each reads its operands and operators itself: one call less a level, since Python's
    # own stack has to hold DEEPEST levels.)

    def items(self, closer: str) -> tuple[tuple[Expression, ...], bool]:
        """The items of `(...)` or `[...]`, whose opener comes next, and whether there was a comma."""
        opener = self.i
        found: list[Expression] = []
        comma = False
        self.deeper(opener)
        self.i += 1
        while self.tokens[self.i] != closer:
            start = self.starts[self.i]
            found.append(self.operators(self.operand(), start, 0))
            comma = self.separator(opener, closer) or comma
        self.i += 1
        self.depth -= 1
        return tuple(found), comma

    def separator(self, opener: int, closer: str) -> bool:
        """Whether a comma comes next, which is taken; otherwise the closer must."""
        token = self.tokens[self.i]
        if token == ",":
            self.i += 1
            return True
        if token != closer:
            raise UnreadableError("unexpected", self, opener)
        return False

    def arguments(self) -> tuple[tuple[Expression, ...], tuple[tuple[str, Expression], ...]]:
        """The arguments of a call, whose opening parenthesis comes next: those without and those with a name."""
        opener = self.i
        found: list[Expression] = []
        keywords: list[tuple[str, Expression]] = []
        self.deeper(opener)
        self.i += 1
        while (key := self.tokens[self.i]) != ")":
            start = self.starts[self.i]
            if key.isidentifier() and self.tokens[self.i + 1] == "=":
                self.i += 2
                if any(key == other for other, _ in keywords):
                    raise FormulaError(f"{key} is given twice").spanning(start, start + len(key))
                at = self.starts[self.i]
                value = self.operators(self.operand(), at, 0)
                keywords.append((key, _type(value) if key == "dtype" else value))
            else:
                found.append(self.operators(self.operand(), start, 0))
                if keywords and self.tokens[self.i] != "=":
                    raise FormulaError(
                        "an argument without a name stands behind a named one", hint="Named ones come last."
                    ).spanning(found[-1].start, found[-1].end)
            self.separator(opener, ")")
        self.i += 1
        self.depth -= 1
        return tuple(found), tuple(keywords)

    def index(self) -> tuple[Expression, ...]:
        """The items of an index, whose opening bracket comes next: expressions and slices."""
        opener = self.i
        found: list[Expression] = []
        self.deeper(opener)
        self.i += 1
        while self.tokens[self.i] != "]":
            start = self.starts[self.i]
            limits: list[Expression | None] = [None]
            while True:
                if self.tokens[self.i] not in (":", ",", "]"):
                    at = self.starts[self.i]
                    limits[-1] = self.operators(self.operand(), at, 0)
                if self.tokens[self.i] != ":" or len(limits) == 3:
                    break
                limits.append(None)
                self.i += 1
            if len(limits) > 1:
                lower, upper, step = (*limits, None)[:3]
                found.append(Slice(lower, upper, step, start, self.end))
            elif limits[0] is not None:
                found.append(limits[0])
            else:
                raise UnreadableError("missing", self)
            self.separator(opener, "]")
        if not found:
            raise FormulaError("an index is missing between [ and ]").spanning(
                self.starts[opener], self.starts[self.i] + 1
            )
        self.i += 1
        self.depth -= 1
        return tuple(found)


def _type(e: Expression) -> Expression:
    """A type of Python's as a text, since it is no value: x.astype(float)."""
    return Text(e.name, e.start, e.end) if isinstance(e, Name) and e.name in TYPES and not e.prefix else e


def brief(token: str) -> str:
    """A token, unless it is too long for a message."""
    return token if len(token) <= 40 else f"{token[:20]}... ({len(token):,} characters)"


def _value(token: str) -> tuple[float, str]:
    """A number's value and its decimal text; ValueError where it is none."""
    try:
        return float(token), token
    except ValueError:
        whole = int(token, 0)
    try:
        return float(whole), str(whole)
    except OverflowError:
        return float("inf"), token


def too_deep(parser: Parser, at: int) -> FormulaError:
    """The error for a formula that is nested too deep at token `at`."""
    start = parser.starts[at]
    return FormulaError(f"nested more than {DEEPEST} deep", hint="Give a part of it a node of its own.").spanning(
        start, start + len(parser.tokens[at])
    )
