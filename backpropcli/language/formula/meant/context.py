"""What stands around the token at which a parser stopped, as text to be quoted in a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpropcli.errors import FormulaError

if TYPE_CHECKING:
    from backpropcli.language.formula.parser import Parser

OPENERS = {"(": ")", "[": "]", "{": "}"}
CLOSERS = {")": "(", "]": "[", "}": "{"}
LONGEST = 60
"""An operand of more characters is not quoted: a letter stands for it."""


class Context:
    """The token at which a parser stopped, the one before it and the one behind; `opener` is the bracket it is in."""

    __slots__ = ("before", "behind", "i", "opener", "starts", "text", "token", "tokens")

    def __init__(self, parser: Parser, opener: int | None = None) -> None:
        self.text = parser.text
        self.tokens = parser.tokens
        self.starts = parser.starts
        self.i = parser.i
        self.opener = opener
        self.token = self.tokens[self.i]
        self.before = self.tokens[self.i - 1] if self.i else ""
        self.behind = self.tokens[self.i + 1] if self.token else ""

    def error(self, message: str, hint: str = "", first: int | None = None, last: int | None = None) -> FormulaError:
        """An error about the tokens `first` to `last`, or about this one."""
        first = self.i if first is None else first
        last = first if last is None else last
        return FormulaError(message, hint=hint).spanning(self.starts[first], self.end(last))

    def pair(self, message: str, hint: str = "") -> FormulaError:
        """An error about this token and the one before it."""
        return self.error(message, hint, self.i - 1, self.i)

    def end(self, i: int) -> int:
        """Where token `i` ends."""
        return self.starts[i] + len(self.tokens[i])

    @property
    def touching(self) -> bool:
        """Whether no space stands between the token and the one before it."""
        return self.starts[self.i] == self.end(self.i - 1)

    @property
    def rest(self) -> str:
        """What stands behind the token."""
        return self.text[self.end(self.i) :]

    def open_bracket(self) -> int | None:
        """The bracket that is open before the token."""
        stack: list[int] = []
        for k, token in enumerate(self.tokens[: self.i]):
            if token in OPENERS:
                stack.append(k)
            elif token in CLOSERS and stack:
                stack.pop()
        return stack[-1] if stack else None

    def left(self) -> str:
        """The operand that ends just before the token: a name, a number, brackets with what they belong to; or x."""
        if not self.i:
            return "x"
        found, k = self.tokens, self.i - 1
        while k >= 0:
            if found[k] in CLOSERS:
                k = self._opened(k)
                if k > 0 and (found[k - 1].isidentifier() or found[k - 1] in CLOSERS) and found[k] in ("(", "["):
                    k -= 1
                    continue
            if k <= 1 or found[k - 1] != ".":
                break
            k -= 2
        text = self.text[self.starts[max(k, 0)] : self.end(self.i - 1)]
        return text if 0 < len(text) <= LONGEST else "x"

    def right(self, at: int | None = None) -> str:
        """The operand that begins just after the token (or after token `at`); or y."""
        found, last = self.tokens, len(self.tokens) - 1
        first = k = (self.i if at is None else at) + 1
        while k < last and found[k] in ("-", "+"):
            k += 1
        if found[min(k, last)].isidentifier() or numeral(found[min(k, last)]):
            k += 1
            while k < last - 1 and found[k] == "." and found[k + 1].isidentifier():
                k += 2
        if k < last and found[k] in OPENERS:
            k = self._closed(k)
        text = self.text[self.starts[min(first, last)] : self.end(k - 1)]
        return text if 0 < len(text) <= LONGEST and k > first else "y"

    def _opened(self, k: int) -> int:
        """Where the bracket that token `k` closes is opened; -1 where it is not."""
        level = 0
        for j in range(k, -1, -1):
            level += (self.tokens[j] in CLOSERS) - (self.tokens[j] in OPENERS)
            if level == 0:
                return j
        return -1

    def _closed(self, k: int) -> int:
        """The token behind the bracket that closes the one at `k`; the last where it is not closed."""
        level = 0
        for j in range(k, len(self.tokens) - 1):
            level += (self.tokens[j] in OPENERS) - (self.tokens[j] in CLOSERS)
            if level == 0:
                return j + 1
        return len(self.tokens) - 1


def numeral(token: str) -> bool:
    """Whether a token is a number."""
    return token[:1].isdigit() or (token[:1] == "." and token not in (".", "..."))


def odd(token: str) -> bool:
    """Whether a token is something that a formula is never made of."""
    if token.isidentifier() or token.isascii():
        return not token.isprintable() or token in ("?", "\\", "`", "#", "$", "!", "&&", "||")
    return True


def bare(text: str) -> str:
    """A parenthesised operand without its parentheses."""
    return text[1:-1] if text[:1] == "(" and text[-1:] == ")" else text
