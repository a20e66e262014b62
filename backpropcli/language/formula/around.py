"""What stands around the next token, as text to be quoted in a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpropcli.errors import FormulaError

if TYPE_CHECKING:
    from backpropcli.language.formula.parser import Parser

OPENERS = {"(": ")", "[": "]", "{": "}"}
CLOSERS = {")": "(", "]": "[", "}": "{"}


def error_at(parser: Parser, i: int, message: str, hint: str = "") -> FormulaError:
    """An error about token `i`."""
    start = parser.starts[i]
    return FormulaError(message, hint=hint).spanning(start, start + len(parser.tokens[i]))


def pair(parser: Parser, message: str, hint: str = "") -> FormulaError:
    """An error about the next token and the one before it."""
    start = parser.starts[parser.i - 1]
    end = parser.starts[parser.i] + len(parser.tokens[parser.i])
    return FormulaError(message, hint=hint).spanning(start, end)


def short(text: str, otherwise: str) -> str:
    """`text`, unless it is too long for a hint."""
    return text if len(text) <= 100 else otherwise


def numeral(token: str) -> bool:
    """Whether a token is a number."""
    return token[:1].isdigit() or (token[:1] == "." and token not in (".", "..."))


def odd(token: str) -> bool:
    """Whether a token is something that a formula is never made of."""
    if token.isidentifier() or token.isascii():
        return not token.isprintable() or token in ("?", "\\", "`", "#", "$", "!", "&&", "||")
    return True


def open_bracket(parser: Parser) -> int | None:
    """The bracket that is open before the next token."""
    stack: list[int] = []
    for k in range(parser.i):
        token = parser.tokens[k]
        if token in OPENERS:
            stack.append(k)
        elif token in CLOSERS and stack:
            stack.pop()
    return stack[-1] if stack else None


def operand_before(parser: Parser, i: int) -> str:
    """The operand that ends just before token `i`, as text: a name, a number, brackets with what they belong to."""
    found, k = parser.tokens, i - 1
    while k >= 0:
        if found[k] in CLOSERS:
            level = 0
            while k >= 0:
                level += (found[k] in CLOSERS) - (found[k] in OPENERS)
                if level == 0:
                    break
                k -= 1
            if k > 0 and (found[k - 1].isidentifier() or found[k - 1] in CLOSERS) and found[k] in ("(", "["):
                k -= 1
                continue
        if k > 1 and found[k - 1] == ".":
            k -= 2
            continue
        break
    text = parser.text[parser.starts[max(k, 0)] : parser.starts[i - 1] + len(found[i - 1])] if i else ""
    return text if 0 < len(text) <= 60 else "x"


def operand_after(parser: Parser, i: int) -> str:
    """The operand that begins just after token `i`, as text."""
    found, k = parser.tokens, i + 1
    while k < len(found) - 1 and found[k] in ("-", "+"):
        k += 1
    if found[min(k, len(found) - 1)].isidentifier() or numeral(found[min(k, len(found) - 1)]):
        k += 1
        while k < len(found) - 2 and found[k] == "." and found[k + 1].isidentifier():
            k += 2
    if k < len(found) - 1 and found[k] in OPENERS:
        level = 0
        while k < len(found) - 1:
            level += (found[k] in OPENERS) - (found[k] in CLOSERS)
            k += 1
            if level == 0:
                break
    text = parser.text[parser.starts[min(i + 1, len(found) - 1)] : parser.starts[k - 1] + len(found[k - 1])]
    return text if 0 < len(text) <= 60 and k > i + 1 else "y"


def bare(text: str) -> str:
    """A parenthesised operand without its parentheses."""
    return text[1:-1] if text[:1] == "(" and text[-1:] == ")" else text
