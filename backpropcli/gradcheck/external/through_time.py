"""Mistakes in the loop of a recurrence: a time that is left out, = in place of +=, a state that is cut off.

They are known where the network has a node for each row: what a row hands to a parameter, or to an earlier row, is
forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from backpropcli.gradcheck.external.edges import Edge, edges
from backpropcli.gradcheck.external.guesses import Explanation
from backpropcli.gradcheck.mistakes.mutations import mistaken
from backpropcli.gradcheck.mistakes.table import ZERO, Mistake, Wrong
from backpropcli.language.recurrence.keys import subscript

if TYPE_CHECKING:
    from backpropcli.gradcheck.external.case import Case
    from backpropcli.ops.definition import Operation

LONGEST = 12
"""A loop is looked for that is cut off after so many rows at most."""


class Turns:
    """The steps of a network by the turn of their loop, the first one 0; rows that are given are before it, -1."""

    def __init__(self, case: Case) -> None:
        self.case, self.graph = case, case.graph
        self.wrong = {self.graph.nodes[s.name].slot for s in case.wrong}
        self.of: dict[int, int] = {}
        """The turn of every step in a row."""
        self.rows: dict[int, int] = {}
        """The turn of every row's own slot."""
        made: dict[str, int] = {}
        for node in sorted(self.graph.nodes.values(), key=lambda node: node.slot):
            said = subscript(str(node.path[-1])) if node.path and node.name.endswith("]") else None
            if said is not None:
                turn = -1 if said.starts else made.get(said.name, 0)
                made[said.name] = turn + 1
                self.rows[node.slot] = turn
                self.of.update(dict.fromkeys(self.graph.steps(node.name), turn))
        self.last = max(self.of.values(), default=-1)

    @cached_property
    def edges(self) -> list[Edge]:
        """The edges that lead back from a row."""
        return [edge for edge in edges(self.case.trace) if self.of.get(edge.slot, -1) >= 0]

    def without(self, forgotten: Callable[[Edge, int], bool]) -> Mapping[int, Operation] | None:
        """The steps that pass nothing along some edges, each known by its turn; None where there are none."""
        positions: dict[int, set[int]] = {}
        for edge in self.edges:
            if forgotten(edge, self.of[edge.slot]):
                positions.setdefault(edge.slot, set()).add(edge.position)
        operations = self.graph.operations
        changed = {s: mistaken(operation, k, ZERO) for s, k in positions.items() if (operation := operations[s])}
        return changed or None

    def times(self, counts: Callable[[int], bool]) -> Mapping[int, Operation] | None:
        """The steps where only some times count for what is wrong and stands outside the loop."""
        return self.without(lambda edge, turn: edge.to in self.wrong and edge.to not in self.rows and not counts(turn))

    def cut(self, every: int) -> Mapping[int, Operation] | None:
        """The steps where the state is cut off after so many turns."""
        return self.without(lambda edge, turn: turn >= every and self.rows.get(edge.to, turn) < turn // every * every)


def _alone(turns: Turns) -> Iterator[Wrong]:
    for word, at in (("last", turns.last), ("first", 0)):
        yield Wrong(turns.times(lambda turn, at=at: turn == at), {"word": word})  # type: ignore[misc]


def _missing(turns: Turns) -> Iterator[Wrong]:
    for word, at in (("last", turns.last), ("first", 0)):
        yield Wrong(turns.times(lambda turn, at=at: turn != at), {"word": word})  # type: ignore[misc]


def _cut(turns: Turns) -> Iterator[Wrong]:
    for every in range(2, min(turns.last, LONGEST) + 1):
        yield Wrong(turns.cut(every), {"count": every})


DETACHED_STATE: Mistake[Turns] = Mistake(
    "detached state",
    lambda turns: [Wrong(turns.cut(1))],
    rule="nothing comes back from one time to the one before: the state before is taken as a constant (a detach in the "
    "loop)",
)
ONE_TIME: Mistake[Turns] = Mistake(
    "one time", _alone, rule="only the {word} time goes into {names} (= in place of += in the loop)"
)
TIME_MISSING: Mistake[Turns] = Mistake("time missing", _missing, rule="the {word} time is missing in {names}")
TRUNCATED: Mistake[Turns] = Mistake(
    "truncated",
    _cut,
    rule="the state is cut off every {count} times: truncated backpropagation through time, and not all of it",
)
IN_TIME = (ONE_TIME, TIME_MISSING, DETACHED_STATE, TRUNCATED)


def timed(case: Case) -> Iterator[Explanation]:
    """What in a loop would give their numbers."""
    turns = Turns(case)
    if turns.last < 1:
        return
    wrong = [s.name for s in case.wrong]
    names = " and ".join(f"d{case.trace.of}/d{name}" for name in wrong[:3]) + (" ..." if len(wrong) > 3 else "")
    for mistake in IN_TIME:
        for guess in mistake.wrong(turns):
            if guess.number is not None and case.gives(guess.number):
                nodes = tuple(dict.fromkeys(case.spell.owner(slot).name for slot in guess.number))
                yield Explanation(nodes, mistake.rule.format(**guess.about, names=names), 1)
                return
