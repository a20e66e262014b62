"""One node of a recurrence as it is written: its rule for every t, and the rows that it starts from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.errors import FormulaError
from backpropcli.language.formula.names import names
from backpropcli.language.formula.show import show
from backpropcli.language.formula.tree import Binary, Expression, Index, Name, Number, Slice, postorder, rebuilt

if TYPE_CHECKING:
    from backpropcli.language.recurrence.keys import Subscript


class Use(NamedTuple):
    """A name with a time in its subscript: `x[t - 1]` is x with `lag` 1; `at` is the item of the index that has it.

    `items` are all of them.
    """

    name: str
    at: int
    lag: int
    items: tuple[Expression, ...]
    start: int
    end: int

    def axis(self, rank: int) -> int:
        """Which axis of an array time runs along, from the left."""
        before = sum(not _adds(item) for item in self.items[: self.at])
        if any(isinstance(item, Name) and item.name == "..." for item in self.items[: self.at]):
            return rank - sum(not _adds(item) for item in self.items[self.at :])
        return before

    @property
    def rest(self) -> tuple[Expression, ...]:
        """The index that is left once a row is taken; empty where that is the row as it is."""
        left = (*self.items[: self.at], *self.items[self.at + 1 :])
        return () if all(map(_all, left)) else left

    def error(self, message: str, hint: str = "") -> FormulaError:
        """An error about it."""
        return FormulaError(message, hint=hint).spanning(self.start, self.end)


def _adds(item: Expression) -> bool:
    """Whether an item of an index takes no axis."""
    return isinstance(item, Name) and item.name in ("None", "...")


def _all(item: Expression) -> bool:
    """Whether an item takes an axis as it is."""
    if isinstance(item, Slice):
        return not item.parts()
    return isinstance(item, Name) and item.name == "..."


class Timed(NamedTuple):
    """A node with a rule for every t: its `tree`; `given` has its first rows by number, `beyond` the one at the end.

    `keys` are its keys in the spec, by what they say: a row's number, "beyond", or "rule".
    """

    name: str
    letter: str
    tree: Expression
    most: int | None
    given: Mapping[int, Expression]
    beyond: tuple[int, Expression] | None
    keys: Mapping[int | str, str]

    @property
    def first(self) -> Expression | None:
        """The formula of the row that the first turn reads."""
        if self.beyond is not None:
            return self.beyond[1]
        return self.given[max(self.given)] if self.given else None

    def uses(self) -> list[Use]:
        """Every name with a time in its subscript, in order of appearance."""
        found: list[Use] = []

        def noted(use: Use) -> Expression:
            found.append(use)
            return Name(use.name)

        replaced(self.tree, self.letter, noted)
        return found

    def whole(self) -> tuple[str, ...]:
        """The names that the rule uses as they are."""
        tree = replaced(self.tree, self.letter, lambda use: Number(0.0, "0"))
        return tuple(name for name in names(tree) if name != self.letter)

    def starts(self) -> list[Expression]:
        """The formulas of the rows that are given."""
        return [*self.given.values(), *([self.beyond[1]] if self.beyond is not None else [])]


def timed(name: str, parts: Mapping[Subscript, tuple[str, Expression]], known: Collection[str]) -> Timed:
    """The node of these keys; FormulaError where they do not make one."""
    rules = {said: part for said, part in parts.items() if not said.starts}
    if len(rules) != 1:
        first = next(iter(rules.values() or parts.values()))[0]
        raise FormulaError(
            f"{name} has {'no rule for every t' if not rules else 'two rules'}: {first} alone does not say the rest"
            if not rules
            else f"{name} has two rules, {' and '.join(key for key, _ in rules.values())}",
            hint=f"Such as {name}[0]: ... and {name}[t]: ... {name}[t-1] ...{_plainly(name, parts)}",
        )
    ((rule, (key, tree)),) = rules.items()
    letter = rule.letter
    if letter in known:
        raise FormulaError(
            f"{letter} is a name of the network, and {key} counts with it", hint="Count with another letter."
        )
    given, beyond = dict[int, Expression](), None
    keys: dict[int | str, str] = {"rule": key}
    for said, (written, formula) in parts.items():
        if said.row is not None:
            given[said.row] = formula
            keys[said.row] = written
        elif said.starts and said.letter == letter.upper():
            beyond = (said.beyond, formula)
            keys["beyond"] = written
        elif said.starts:
            raise FormulaError(
                f"{written} and {key} count with different letters", hint=f"Write {name}[{letter.upper()}]."
            )
    return Timed(name, letter, tree, rule.most, given, beyond, keys)


def _plainly(name: str, parts: Mapping[Subscript, object]) -> str:
    """What to write where no recurrence is meant."""
    rows = [said.row for said in parts if said.row is not None]
    return f"\nWrite {name}{rows[0]} for a name of its own." if len(rows) == len(parts) == 1 and rows[0] >= 0 else ""


# Subscripts in formulas.


def replaced(tree: Expression, letter: str, by: Callable[[Use], Expression]) -> Expression:
    """The tree with every `x[t]`, and what else has the letter in a subscript, replaced; FormulaError for `x[2*t]`."""

    def change(before: Expression, now: Expression) -> Expression:
        if not isinstance(before, Index) or not any(_has(item, letter) for item in before.items):
            return now
        assert isinstance(now, Index)
        return by(_use(before, now, letter))

    return rebuilt(tree, change)


def _has(item: Expression, letter: str) -> bool:
    """Whether an item of an index has the letter in it, but for what stands in an index of its own."""
    waiting = [item]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Name) and part.name == letter and not part.prefix:
            return True
        if not isinstance(part, Index):
            waiting.extend(part.parts())
    return False


def _use(before: Index, now: Index, letter: str) -> Use:
    """What `x[..., t - 1]` says."""
    items = now.items
    places = [k for k, item in enumerate(items) if _has(item, letter)]
    lags = [_lag(items[k], letter) for k in places]
    if len(places) != 1 or lags[0] is None:
        raise FormulaError(
            f"{letter} stands alone in a subscript, or with a whole number: not {show(before)}",
            hint=f"Such as x[{letter}], x[{letter}-1] or x[:, {letter}]",
        ).spanning(before.start, before.end)
    if not isinstance(now.value, Name) or now.value.prefix:
        raise FormulaError(
            f"only names have a subscript {letter}, not {show(before.value)}",
            hint="Give it a node of its own; along another axis it is x[:, t].",
        ).spanning(before.start, before.end)
    at = places[0]
    others = (*items[:at], *items[at + 1 :])
    if any(map(_lists, others)) and any(isinstance(item, Slice) for item in items[at + 1 :]):
        raise FormulaError(
            f"{show(before)}: a row at {letter} and a list of places do not stand in one index",
            hint=f"Write {now.value.name}[{letter}][...]",
        ).spanning(before.start, before.end)
    return Use(now.value.name, at, lags[0], items, before.start, before.end)


def _lists(item: Expression) -> bool:
    """Whether an item may be a list of places."""
    return not isinstance(item, Slice | Number) and not _adds(item)


def _lag(item: Expression, letter: str) -> int | None:
    """How many times ago an item is: 0 for t, 1 for t - 1; None for something else."""
    if isinstance(item, Name):
        return 0
    if not isinstance(item, Binary) or item.sign not in ("+", "-") or not isinstance(item.left, Name):
        return None
    if item.left.name != letter or not isinstance(item.right, Number) or not item.right.whole:
        return None
    return int(item.right.value) * (1 if item.sign == "-" else -1)


def mentions(tree: Expression, letter: str) -> bool:
    """Whether a formula uses the time itself as a number."""
    bare = replaced(tree, letter, lambda use: Number(0.0, "0"))
    return any(isinstance(part, Name) and part.name == letter and not part.prefix for part in postorder(bare))
