"""The tree of a formula: a few plain classes, each of which knows the characters that it came from.

A left-associative chain (a sum of 10,000 terms, `x.T.T.T`) is deep on the left, so nothing here recurses: `postorder`
gives every subexpression after its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

Written = Literal["function", "method", "attribute"]
DEEPEST = 200
"""Brackets and signs may be nested this deep (a chain, however long, is not nested)."""
ATTRIBUTES = {"T": "transpose", "mT": "matrix_transpose"}
"""What stands behind a dot without brackets, and the operation that it is."""
DOTTED = {operation: word for word, operation in ATTRIBUTES.items()}


class Expression:
    """A formula or a part of one; `text[start:end]` is what was written (0, 0 where nobody wrote it)."""

    __slots__ = ("end", "start")
    start: int
    end: int

    def parts(self) -> tuple[Expression, ...]:
        """The expressions directly inside this one, in the order in which they are written."""
        return ()

    def with_parts(self, parts: tuple[Expression, ...]) -> Expression:
        """An expression of this kind around other parts, as many as `parts()` gives."""
        return self


class Number(Expression):
    """A number; `text` is how it was written (`1e-3`)."""

    __slots__ = ("text", "value")

    def __init__(self, value: float, text: str, start: int = 0, end: int = 0) -> None:
        self.value = value
        self.text = text
        self.start = start
        self.end = end

    @property
    def whole(self) -> bool:
        """Whether it was written as a whole number (`2`, not `2.0`), so that it can be an axis or a size."""
        return self.text.replace("_", "").isdigit()


class Name(Expression):
    """A name: of the network, of a constant (`pi`, `None`), or `...`; with `prefix` (`np.pi`) always a constant."""

    __slots__ = ("name", "prefix")

    def __init__(self, name: str, start: int = 0, end: int = 0, prefix: str = "") -> None:
        self.name = name
        self.start = start
        self.end = end
        self.prefix = prefix


class Text(Expression):
    """A text in quotes: the value of an option, such as einsum's subscripts."""

    __slots__ = ("value",)

    def __init__(self, value: str, start: int = 0, end: int = 0) -> None:
        self.value = value
        self.start = start
        self.end = end


class Call(Expression):
    """An operation and its arguments, whether written `sum(x)`, `x.sum()` or `x.T` (`written`).

    `prefix` is a dropped module (`np.`), `at` where the operation's name begins. `prime` marks a derivative,
    `relu'(z)`: the language cannot say it, but `derivative` can; `by` is the argument's number, from 1, where there
    are several: `maximum'₂(a, b)`.
    """

    __slots__ = ("arguments", "at", "by", "keywords", "name", "prefix", "prime", "written")

    def __init__(
        self,
        name: str,
        arguments: tuple[Expression, ...],
        keywords: tuple[tuple[str, Expression], ...] = (),
        start: int = 0,
        end: int = 0,
        *,
        at: int = 0,
        written: Written = "function",
        prefix: str = "",
        prime: bool = False,
        by: int = 0,
    ) -> None:
        self.name = name
        self.arguments = arguments
        self.keywords = keywords
        self.start = start
        self.end = end
        self.at = at
        self.written = written
        self.prefix = prefix
        self.prime = prime
        self.by = by

    def parts(self) -> tuple[Expression, ...]:
        """The arguments, then the keywords' values."""
        return self.arguments + tuple(value for _, value in self.keywords) if self.keywords else self.arguments

    def with_parts(self, parts: tuple[Expression, ...]) -> Call:
        """A call of the operation with other arguments."""
        count = len(self.arguments)
        keywords = tuple((key, value) for (key, _), value in zip(self.keywords, parts[count:], strict=True))
        return Call(
            self.name,
            parts[:count],
            keywords,
            self.start,
            self.end,
            at=self.at,
            written=self.written,
            prefix=self.prefix,
            prime=self.prime,
            by=self.by,
        )


class Unary(Expression):
    """`-x`, `+x` or `~x`."""

    __slots__ = ("operand", "sign")

    def __init__(self, sign: str, operand: Expression, start: int = 0, end: int = 0) -> None:
        self.sign = sign
        self.operand = operand
        self.start = start
        self.end = end

    def parts(self) -> tuple[Expression, ...]:
        """The operand."""
        return (self.operand,)

    def with_parts(self, parts: tuple[Expression, ...]) -> Unary:
        """Another operand behind the sign."""
        return Unary(self.sign, parts[0], self.start, self.end)


class Binary(Expression):
    """Two operands with an operator between them."""

    __slots__ = ("left", "right", "sign")

    def __init__(self, sign: str, left: Expression, right: Expression, start: int = 0, end: int = 0) -> None:
        self.sign = sign
        self.left = left
        self.right = right
        self.start = start
        self.end = end

    def parts(self) -> tuple[Expression, ...]:
        """Left, right."""
        return (self.left, self.right)

    def with_parts(self, parts: tuple[Expression, ...]) -> Binary:
        """Other operands around the operator."""
        return Binary(self.sign, parts[0], parts[1], self.start, self.end)


class Slice(Expression):
    """`lower:upper:step` inside an index; each of them may be missing."""

    __slots__ = ("lower", "step", "upper")

    def __init__(
        self,
        lower: Expression | None,
        upper: Expression | None,
        step: Expression | None,
        start: int = 0,
        end: int = 0,
    ) -> None:
        self.lower = lower
        self.upper = upper
        self.step = step
        self.start = start
        self.end = end

    def parts(self) -> tuple[Expression, ...]:
        """Those of the three that are there."""
        return tuple(part for part in (self.lower, self.upper, self.step) if part is not None)

    def with_parts(self, parts: tuple[Expression, ...]) -> Slice:
        """A slice with other limits, as many as this one has."""
        rest = iter(parts)
        lower, upper, step = (part and next(rest) for part in (self.lower, self.upper, self.step))
        return Slice(lower, upper, step, self.start, self.end)


class Index(Expression):
    """`x[...]`: `items` are what stands between the commas."""

    __slots__ = ("items", "value")

    def __init__(self, value: Expression, items: tuple[Expression, ...], start: int = 0, end: int = 0) -> None:
        self.value = value
        self.items = items
        self.start = start
        self.end = end

    def parts(self) -> tuple[Expression, ...]:
        """What is indexed, then the items."""
        return (self.value, *self.items)

    def with_parts(self, parts: tuple[Expression, ...]) -> Index:
        """These items, or others, as the index of something else."""
        return Index(parts[0], parts[1:], self.start, self.end)


class Sequence(Expression):
    """A list `[a, b]` or a tuple `(a, b)`."""

    __slots__ = ("items", "kind")

    def __init__(
        self, items: tuple[Expression, ...], kind: Literal["list", "tuple"], start: int = 0, end: int = 0
    ) -> None:
        self.items = items
        self.kind = kind
        self.start = start
        self.end = end

    def parts(self) -> tuple[Expression, ...]:
        """The items."""
        return self.items

    def with_parts(self, parts: tuple[Expression, ...]) -> Sequence:
        """A sequence of this kind of other items."""
        return Sequence(parts, self.kind, self.start, self.end)


def postorder(expression: Expression) -> list[Expression]:
    """Every subexpression, parts before the whole, left before right; a shared one as often as it is used."""
    found: list[Expression] = []
    waiting = [expression]
    while waiting:
        latest = waiting.pop()
        found.append(latest)
        waiting.extend(latest.parts())
    found.reverse()
    return found


def longer(expression: Expression, most: int) -> bool:
    """Whether there are more than `most` subexpressions; a shared one counts as often as it is used."""
    count = 0
    waiting = [expression]
    while waiting and count <= most:
        count += 1
        waiting.extend(waiting.pop().parts())
    return count > most


def substitute(expression: Expression, replacements: Mapping[str, Expression]) -> Expression:
    """The expression with names replaced by expressions."""
    done: dict[int, Expression] = {}
    for part in postorder(expression):
        if isinstance(part, Name):
            done[id(part)] = part if part.prefix else replacements.get(part.name, part)
        else:
            done[id(part)] = part.with_parts(tuple(done[id(p)] for p in part.parts()))
    return done[id(expression)]


def rebuilt(expression: Expression, change: Callable[[Expression, Expression], Expression]) -> Expression:
    """The expression made anew, parts before the whole: `change` gets each part as it was, and around its new parts."""
    stack: list[Expression] = []
    for part in postorder(expression):
        count = len(part.parts())
        inside = tuple(stack[len(stack) - count :])
        del stack[len(stack) - count :]
        stack.append(change(part, part.with_parts(inside) if count else part))
    return stack[0]


def same(one: Expression, other: Expression) -> bool:
    """Whether two expressions say the same: structure, names and numbers, whatever their spans and spelling."""
    pairs = [(one, other)]
    while pairs:
        a, b = pairs.pop()
        if _outline(a) != _outline(b):
            return False
        pairs.extend(zip(a.parts(), b.parts(), strict=True))
    return True


def _outline(e: Expression) -> tuple[object, ...]:
    """What an expression says apart from its parts."""
    match e:
        case Number():
            own: tuple[object, ...] = (e.value, e.whole)
        case Name():
            own = (e.name, bool(e.prefix))
        case Text():
            own = (e.value,)
        case Call():
            own = (e.name, len(e.arguments), tuple(key for key, _ in e.keywords), e.written, e.prime, e.by)
        case Unary() | Binary():
            own = (e.sign,)
        case Slice():
            own = (e.lower is None, e.upper is None, e.step is None)
        case Sequence():
            own = (e.kind, len(e.items))
        case _:
            own = (len(e.parts()),)
    return (type(e), *own)
