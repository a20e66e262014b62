"""The place between the last right and the first wrong of external gradients."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.ops.definition import Elementwise, Operation

if TYPE_CHECKING:
    from backpropcli.engine import Trace
    from backpropcli.graph import Node

LISTED = 4
"""So many places are named in one sentence."""


class Edge(NamedTuple):
    """One way back from node to node: through `node`, to its input `to`."""

    node: str
    to: str


class Localization:
    """Which of the given gradients are wrong, and which places in the network could explain exactly those."""

    def __init__(self, trace: Trace, wrong: Sequence[str], right: Sequence[str]) -> None:
        self.trace = trace
        self.graph = trace.graph
        self.wrong = list(wrong)
        self.right = [name for name in right if trace.reaches(name)]
        self.given = [*self.wrong, *self.right]
        bits = {self.graph.nodes[name].slot: 1 << k for k, name in enumerate(self.given)}
        self.masks: list[int] = []
        """By slot: which of the given a gradient there flows on to."""
        for slot, arguments in enumerate(self.graph.arguments):
            mask = bits.get(slot, 0)
            for a in arguments:
                mask |= self.masks[a]
            self.masks.append(mask)
        self.all_wrong = (1 << len(self.wrong)) - 1
        self._edges: list[Edge] | None = None

    def explains(self, slot: int) -> bool:
        """Whether a mistake in the gradient of this slot would reach all that are wrong."""
        return self.masks[slot] & self.all_wrong == self.all_wrong

    def spoils(self, slot: int) -> int:
        """How many that are right it would have reached too."""
        return (self.masks[slot] >> len(self.wrong)).bit_count()

    @property
    def edges(self) -> list[Edge]:
        """The ways back, from the loss on, that explain what is wrong and nothing that is right; empty if none does."""
        if self._edges is None:
            nodes = self.graph.nodes
            edges = [
                Edge(name, to)
                for name, node in reversed(nodes.items())
                if node.kind == "node" and self.trace.reaches(name)
                for to in node.inputs
                if self.explains(nodes[to].slot) and not self.spoils(nodes[to].slot)
            ]
            # Where a gradient is only handed on, little can go wrong: such a place is named if there is no other.
            self._edges = [edge for edge in edges if not self._copies(edge)] or edges
        return self._edges

    def _copies(self, edge: Edge) -> bool:
        steps = self.graph.steps(edge.node)
        operation = self.graph.operations[steps[0]]
        alone = len(self.trace.paths(edge.to)) == 1 == len(steps)
        return alone and hands_on(operation) and self.graph.shape(edge.node) == self.graph.shape(edge.to)

    # In words.

    def sentence(self, found: Iterable[str] = ()) -> str:
        """Where the fault is; `found` are the nodes at which one was found that gives these very numbers."""
        edges, graph = self.edges, self.graph
        last, first = self._last_right(), self._first_wrong()
        bottom = self._at(first) if first else ""
        places = list(dict.fromkeys(edge.node for edge in edges))
        named = [name for name in dict.fromkeys(found) if name not in places]
        if not edges or named:
            if named:
                return f"{_how_many(len(self.wrong))} wrong; the fault is at  {self._places(named)}."
            nearest = f"dJ/d{first}".replace("dJ", f"d{self.trace.of}")
            at = f" ({bottom} = {graph.nodes[bottom].formula})" if bottom and graph.nodes[bottom].formula else ""
            return (
                "no single place explains exactly these. Start with the wrong gradient that is nearest to the loss, "
                f"{nearest}{at}."
            )
        text = f"{self._contrast(last, first)}: the fault is "
        own = all(edge.to == first for edge in edges)
        if own and len(self.wrong) == 1 and graph.nodes[first].kind != "node":
            return text + f"in its own last step, at  {self._places(places)}."
        top = self._at(last[-1]) if last else str(self.trace.of)
        if top != bottom and bottom:
            text += f"in the way from {top} back to {bottom}, "
        return text + f"at  {self._places(places)}."

    def advice(self, found: Sequence[str] = ()) -> str:
        """Which gradients, given too, would narrow it down: those between the places."""
        between = [edge.to for edge in self.edges if edge.to not in self.given and edge.to != self._at_first()]
        between = list(dict.fromkeys(between))
        if len({edge.node for edge in self.edges}) < 2 or not between or len(found) == 1:
            return ""
        if len(between) > 3:
            between = [between[len(between) // 2]]
        of = self.trace.of
        return f"Export {_and([f'd{of}/d{name}' for name in between])} as well."

    def _places(self, names: Sequence[str]) -> str:
        """`t2 = a1 @ W2  or  a1 = sigmoid(z1)`."""
        shown = [f"{name} = {self.graph.nodes[name].formula}" for name in names[:LISTED]]
        more = f"  or {len(names) - LISTED} more" if len(names) > LISTED else ""
        return "  or  ".join(shown) + more

    def _contrast(self, last: Sequence[str], first: str) -> str:
        """`dJ/dW2 and dJ/db2 are right, dJ/db1 is not`."""
        of = self.trace.of
        if not last:
            if not self.right:
                every = "every gradient is wrong" if len(self.wrong) > 1 else f"d{of}/d{first} is wrong"
                return every + (f", d{of}/d{first} next to the loss too" if len(self.wrong) > 1 else "")
            return f"d{of}/d{first} is wrong"
        verb = "is" if len(last) == 1 else "are"
        return f"{_and([f'd{of}/d{name}' for name in last])} {verb} right, d{of}/d{first} is not"

    def _last_right(self) -> list[str]:
        """The right ones next above the places: up to the first that shows its node's gradient itself."""
        top = max((self.graph.nodes[e.node].slot for e in self.edges), default=-1)
        above = [name for name in self.right if self._slot(name) >= top] or self._beside()
        above.sort(key=lambda name: (self._slot(name), self._exact(name)))
        result = []
        for name in above[:LISTED]:
            result.append(name)
            if self._exact(name):
                break
        return result[-2:]

    def _beside(self) -> list[str]:
        """The right ones that are nearer to the loss than any wrong one, where none is above every place."""
        first = max((self._slot(name) for name in self.wrong), default=-1)
        return [name for name in self.right if self._slot(name) > first]

    def _first_wrong(self) -> str:
        """The wrong one nearest to the loss; rather one that shows its node's gradient itself."""
        return max(self.wrong, key=lambda name: (self._slot(name), self._exact(name)), default="")

    def _users(self, name: str) -> list[Node]:
        """The nodes that use a parameter, those nearest to the loss last."""
        return [self.graph.nodes[user] for user in self.trace.paths(name)]

    def _at(self, name: str) -> str:
        """The node whose gradient a given one shows: itself, or the one that a parameter goes into."""
        if self.graph.nodes[name].kind == "node":
            return name
        users = self._users(name)
        return users[-1].name if users else name

    def _at_first(self) -> str:
        first = self._first_wrong()
        return self._at(first) if first else ""

    def _slot(self, name: str) -> int:
        return self.graph.nodes[self._at(name)].slot

    def _exact(self, name: str) -> bool:
        """Whether a gradient is the one of its node, or the sum of it, and not mixed with other values."""
        node = self.graph.nodes[name]
        if node.kind == "node":
            return True
        users = self._users(name)
        steps = self.graph.steps(users[-1].name) if users else []
        operation: Operation | None = self.graph.operations[steps[-1]] if steps else None
        return hands_on(operation) and node.slot in self.graph.arguments[steps[-1]]


def hands_on(operation: Operation | None) -> bool:
    """Whether an operation hands a gradient on as it is: what is right (or wrong) behind it is so in front of it."""
    return isinstance(operation, Elementwise) and operation.signs is not None and operation.signs[0] > 0


def _how_many(count: int) -> str:
    return "one gradient is" if count == 1 else f"{count} gradients are"


def _and(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
