"""The times that a recurrence runs through: where it starts, how far it goes, and which row of an array is which."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.errors import FormulaError
from backpropcli.language.recurrence.misplaced import MisplacedError
from backpropcli.ops.shape import show_shape

if TYPE_CHECKING:
    from backpropcli.language.recurrence.groups import Group
    from backpropcli.language.recurrence.timed import Timed, Use
    from backpropcli.ops.shape import Shape


class Rows(NamedTuple):
    """The rows of an array that runs through time: the first is that of time `origin`; it `counts` from 0 or from 1.

    `last` is the last time that has a rule; a row may be given behind it. `hidden` rows stand before those that the
    network sees: the h[-1] of code that counts from 0.
    """

    origin: int
    counts: int
    last: int
    hidden: int = 0


class Span(NamedTuple):
    """The times of a group, in the order of its turns.

    `start` is the first turn's, `turns` is how many there are, `step` 1 or -1. Arrays without a time of their own have
    the row of time `origin` first. `before` rows are given for each member that reads earlier ones.
    """

    start: int
    turns: int
    step: int
    origin: int
    before: int

    @property
    def last(self) -> int:
        """The greatest time."""
        return self.start + self.turns - 1 if self.step > 0 else self.start

    @property
    def least(self) -> int:
        """The smallest time of a turn."""
        return self.start if self.step > 0 else self.start - self.turns + 1

    @property
    def counts(self) -> int:
        """Whether it counts from 0 or from 1."""
        return self.origin

    def rows(self, member: Timed) -> Rows:
        """Which row of a member's array is which."""
        if self.step > 0 and member.given:
            return Rows(0, self.counts, self.last, self.before if min(member.given) < 0 else 0)
        return Rows(self.least, self.counts, self.last)


def counting(nodes: Iterable[Timed]) -> dict[str, int]:
    """Whether each letter counts from 0 or from 1, as the rows that are given say. Raises MisplacedError for both."""
    found: dict[str, tuple[int, str]] = {}
    for node in nodes:
        if not node.given and node.beyond is None:
            continue
        key = node.keys["beyond"] if node.beyond else node.keys[min(node.given)]
        own = min(node.beyond[0], 1) if node.beyond else int(min(node.given) >= 0)
        counts, first = found.setdefault(node.letter, (own, key))
        if counts != own:
            zero, one = (key, first) if own == 0 else (first, key)
            message = f"{node.letter} counts from 1 where {one} is given, and from 0 where {zero} is"
            instead = f"{node.name}[{node.letter.upper()}+1]" if node.beyond else f"{node.name}[0]"
            hint = f"Where it counts from 1, x[{node.letter}] begins with the first row. Write {instead}."
            if node.beyond:
                hint += f" Its array begins with the row of {node.letter} = 1: {node.name}[:-1] is all but the start."
            raise MisplacedError(key, FormulaError(message, hint=hint if own == 0 else "").spanning(0, 1))
    return {letter: counts for letter, (counts, _) in found.items()}


def span(group: Group, shapes: Callable[[str], Shape], known: Mapping[str, Rows], counting: Mapping[str, int]) -> Span:
    """The times of a group; FormulaError, in the formula of a key, where arrays do not agree on them.

    `shapes` are those of the names outside, `known` the rows of those that have a time of their own; `counting` says of
    letters whether they count from 0 or from 1.
    """
    step = _step(group)
    before = _before(group, step)
    counts = _counts(group, known, counting)
    start = counts * before if step > 0 and before else _start(group, known, counts)
    ends = _ends(group, shapes, known, counts)
    most = next((member.most for member in group.members if member.most is not None), None)
    if most is None and not ends:
        member = group.members[0]
        letter, key = group.letter, member.keys["rule"]
        hint = f"It runs over the rows of what it indexes, as x[{letter}]; else say it: {member.name}[{letter} <= 8]"
        raise MisplacedError(key, FormulaError(f"nothing says how far {letter} goes", hint=hint).spanning(0, 1))
    last = most if most is not None else next(iter(ends.values()))[0]
    for name, (end, use, key) in ends.items():
        if end < last or (most is None and end != last):
            other, (its, _, _) = next(iter(ends.items()))
            ends_at = f"{group.letter} <= {most} was asked for" if most is not None else f"{other} has {its}"
            message = f"{name} has rows for {group.letter} up to {end}, and {ends_at}"
            raise MisplacedError(key, use.error(message, _row_hint(name, group.letter)))
    turns = last - start + 1
    if turns < 1:
        member = group.members[0]
        message = f"{group.letter} has no time to run through: it starts at {start} and ends at {last}"
        raise MisplacedError(member.keys["rule"], FormulaError(message).spanning(0, 1))
    found = Span(start if step > 0 else last, turns, step, counts, before)
    _check_least(group, known, found)
    return found


def _row_hint(name: str, letter: str) -> str:
    return f"Arrays that run along {letter} are equally long; a part of one is a node of its own: {name}[:-1]"


def _step(group: Group) -> int:
    """Forward in time, or backward; FormulaError for both."""
    found: dict[int, Use] = {}
    for member in group.members:
        for use in member.uses():
            if use.name in group.names and use.lag:
                found[1 if use.lag > 0 else -1] = use
        if len(found) > 1:
            message = "a recurrence runs one way: it reads earlier times and later ones"
            hint = f"What runs backward is a node of its own: r[{group.letter.upper()}+1]: 0 and r[{group.letter}]: ..."
            raise MisplacedError(member.keys["rule"], use.error(message, hint))
        for use in member.uses():
            if use.name in group.names and use.at:
                hint = f"Time is the first axis of what has the subscript: {use.name}[{group.letter}-1]"
                raise MisplacedError(member.keys["rule"], use.error(f"{use.name} has its times in front", hint))
    return next(iter(found), 1)


def _before(group: Group, step: int) -> int:
    """How many rows are given."""
    needed = 0
    for member in group.members:
        for use in member.uses():
            if use.name in group.names and use.lag:
                needed = max(needed, abs(use.lag))
                _check_start(group, use, step, member)
    starting = [member for member in group.members if member.given or member.beyond]
    found = {_given(member, step) for member in starting}
    if not found:
        return 0
    key = starting[0].keys["rule"]
    if len(found) > 1:
        raise MisplacedError(key, FormulaError(f"{' and '.join(group.names)} start at different times").spanning(0, 1))
    before = found.pop()
    if needed > before:
        is_ = "is" if before == 1 else "are"
        message = f"{starting[0].name} reads {needed} rows back, and {before} {is_} given"
        first = min(starting[0].given, default=0)
        hint = f"Give {starting[0].name}[{first + before}] as well." if first >= 0 else ""
        raise MisplacedError(key, FormulaError(message, hint=hint).spanning(0, 1))
    return before


def _counts(group: Group, known: Mapping[str, Rows], counting: Mapping[str, int]) -> int:
    """Whether a group counts from 0 or from 1: as its letter does, else as what it reads does."""
    own = counting.get(group.letter)
    for member in group.members:
        for use in member.uses():
            if use.name not in known:
                continue
            counts = known[use.name].counts
            if own is not None and counts != own:
                letters = f"{use.name} counts from {counts}, and {member.keys['rule']} from {own}"
                hint = "Count with the same letter."
                raise MisplacedError(member.keys["rule"], use.error(letters, hint))
            own = counts
    return own or 0


def _start(group: Group, known: Mapping[str, Rows], counts: int) -> int:
    """The first time at which everything that is read has a row, where no row before is given."""
    uses = [use for member in group.members for use in member.uses() if use.name not in group.names]
    return max([counts, *((known[use.name].origin if use.name in known else counts) + use.lag for use in uses)])


def _check_start(group: Group, use: Use, step: int, reader: Timed) -> None:
    """Refuse a row of before for which nothing is given."""
    member = next(m for m in group.members if m.name == use.name)
    if (member.beyond is None) if step < 0 else not member.given:
        letter = group.letter
        where = f"{member.name}[0]" if step > 0 else f"{member.name}[{letter.upper()}]"
        hint = f"Say where it starts:  {where}: zeros(4), or the name of a parameter"
        raise MisplacedError(reader.keys["rule"], use.error(f"{member.name} has no first row", hint))


def _given(member: Timed, step: int) -> int:
    """How many rows a member starts with; FormulaError for others than these."""
    if member.beyond is not None:
        if member.given or step > 0:
            key = member.keys["beyond"]
            hint = f"It starts what runs backward: {member.name}[{member.letter}]: ... {member.name}[{member.letter}+1]"
            raise MisplacedError(key, FormulaError(f"{key} is read by nobody", hint=hint).spanning(0, 1))
        if member.beyond[0] > 1:
            key, letter = member.keys["beyond"], member.letter.upper()
            raise MisplacedError(key, FormulaError(f"{key} is too far: write {member.name}[{letter}]").spanning(0, 1))
        return 1
    rows = sorted(member.given)
    if step < 0:
        letter = member.letter.upper()
        key = member.keys[rows[0]]
        message = f"{member.name} runs backward in time: it starts behind the last row"
        raise MisplacedError(key, FormulaError(message, hint=f"Write {member.name}[{letter}]: ...").spanning(0, 1))
    if rows in (list(range(len(rows))), list(range(-len(rows), 0))):
        return len(rows)
    key = member.keys[rows[0]]
    message = f"{member.name} starts with row 0, or with row -1 where {member.letter} counts from 0"
    raise MisplacedError(key, FormulaError(message, hint=f"Write {member.name}[0]: ...").spanning(0, 1))


def _ends(
    group: Group, shapes: Callable[[str], Shape], known: Mapping[str, Rows], counts: int
) -> dict[str, tuple[int, Use, str]]:
    """The last time for which each array has its row, with where it is used."""
    found: dict[str, tuple[int, Use, str]] = {}
    for member in group.members:
        key = member.keys["rule"]
        for use in member.uses():
            if use.name in group.names:
                continue
            shape = shapes(use.name)
            if len(shape) <= use.axis(len(shape)):
                shown = "is a number" if not shape else f"has the shape {show_shape(shape)}"
                hint = f"It has a row for each {group.letter}; what is the same at every time is written {use.name}."
                raise MisplacedError(key, use.error(f"{use.name} {shown}: it has no axis for {group.letter}", hint))
            own = known.get(use.name)
            end = (own.origin if own else counts) + shape[use.axis(len(shape))] - 1 + use.lag
            end = min(own.last, end) if own else end
            if use.name not in found or end < found[use.name][0]:
                found[use.name] = (end, use, key)
    return found


def _check_least(group: Group, known: Mapping[str, Rows], found: Span) -> None:
    """Refuse rows before an array's first."""
    for member in group.members:
        for use in member.uses():
            if use.name in group.names:
                continue
            origin = known[use.name].origin if use.name in known else found.origin
            if found.least - use.lag < origin:
                letter = group.letter
                message = f"at {letter} = {found.least} there is no such row: {use.name} begins at {letter} = {origin}"
                hint = f"The row of the same step is {use.name}[{letter}], the first one at {letter} = {origin}."
                raise MisplacedError(member.keys["rule"], use.error(message, hint))
