"""The body of a recurrence: one graph for every time, and how what stands outside reaches it."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from backpropcli.graph import Graph
    from backpropcli.ops.shape import Shape


class Row(NamedTuple):
    """An argument of which every time reads one row, into the body's `slot`.

    `axis` is the argument's own axis along which time runs, from the left; `start` the row that the first turn reads.
    """

    argument: int
    slot: int
    axis: int
    start: int


class Lagged(NamedTuple):
    """What an earlier turn made of a member, `lag` turns ago, as the body reads it in `slot`."""

    slot: int
    member: int
    lag: int


class Member(NamedTuple):
    """A node of the body that the network knows by name.

    Its array has `before` rows that are given (h[0]), then one for each turn; of a recurrence that runs backwards in
    time the rows stand the other way round. Its entries begin at `begin` of the recurrence's value.
    """

    name: str
    slot: int
    shape: Shape
    before: int
    rows: int
    begin: int

    @property
    def end(self) -> int:
        """Where its entries end."""
        return self.begin + self.rows * prod(self.shape)


class Given(NamedTuple):
    """An argument that is a member's row before the first turn; `back` is how many turns before, from 1."""

    argument: int
    member: int
    back: int


class Body(NamedTuple):
    """A graph that is run `turns` times, and what it reads and makes.

    `wholes` are arguments that every turn reads as they are, with the body's slots of them. `clock` is the slot of the
    time itself, which is `first` in the first turn, where the formulas use it. With `step` -1 time runs backwards.
    """

    graph: Graph
    turns: int
    step: int
    wholes: dict[int, int]
    rows: list[Row]
    lagged: list[Lagged]
    members: list[Member]
    given: list[Given]
    clock: int | None
    first: int

    @property
    def size(self) -> int:
        """How many numbers all members have together."""
        return self.members[-1].end

    def row(self, member: Member, turn: int) -> int:
        """The row of a member's array that a turn makes; turns before the first are negative."""
        return member.before + turn if self.step > 0 else member.rows - member.before - 1 - turn


class Stages(NamedTuple):
    """The steps of a body: `once` for all, `ahead` for all turns together, and those of the `loop`.

    What no earlier turn reaches needs not wait for one: it is computed for all times in one go.
    """

    once: list[int]
    ahead: list[int]
    loop: list[int]


def stages(body: Body) -> Stages:
    """Which steps are worked out when."""
    level = dict[int, int]()
    level.update((row.slot, 1) for row in body.rows)
    level.update((lagged.slot, 2) for lagged in body.lagged)
    if body.clock is not None:
        level[body.clock] = 1
    found = Stages([], [], [])
    for slot, operation in enumerate(body.graph.operations):
        if operation is not None:
            level[slot] = max((level.get(a, 0) for a in body.graph.arguments[slot]), default=0)
            found[level[slot]].append(slot)
    return found


def read_by(graph: Graph, steps: Iterable[int], others: set[int]) -> list[int]:
    """Those of the other slots that these steps read, in order."""
    return sorted({a for slot in steps for a in graph.arguments[slot]} & others)
