"""The part of a network between a value and the loss: its routes, and the gradients on the way back."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from backpropcli.derivation.paths import MOST_PATHS
from backpropcli.derivation.spelled import written_out
from backpropcli.explanation.hidden import Hidden
from backpropcli.explanation.named import told
from backpropcli.explanation.rows import gradient_row
from backpropcli.language.formula.parser import parse
from backpropcli.notation import maths
from backpropcli.notation.maths import Maths, Said
from backpropcli.render.document import Lines, Section, Walk

if TYPE_CHECKING:
    from backpropcli.derivation.worked import Worked

COUNTS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight")
"""Numbers in words, up to `MOST_PATHS`."""
SIGNS = (
    (" * ", "* multiplies entry by entry"),
    (" @ ", "@ is the matrix product"),
    (".T", ".T swaps rows and columns"),
    ("outer(", "outer(a, b) has a[i]·b[j] in row i, column j"),
    (" spread over ", "spread over gives every entry the same number"),
    ("sum(", "sum adds all entries up"),
    ("axis=0", "axis=0 adds down the columns"),
    ("axis=-1", "axis=-1 adds along the rows"),
    ("keepdims", "keepdims keeps that axis, with one entry"),
    ("one_hot(", "one_hot makes rows of zeros with a single 1"),
    ("einsum(", "einsum multiplies entries, and adds over the letters that its result lacks"),
    ("sliding_window_view(", "sliding_window_view has all windows of a size side by side"),
)
"""What the signs of matrix notation mean, in words."""


class Subgraph:
    """All that lies between `name` and the loss."""

    def __init__(self, worked: Worked, name: str) -> None:
        self.worked = worked
        self.name = name
        assert worked.trace.of is not None
        self.of = worked.trace.of

    @cached_property
    def labels(self) -> set[str]:
        """The values and steps on the way, the loss and `name` among them."""
        onward, waiting = {self.name}, [self.name]
        while waiting:
            for stage in self.worked.users.get(waiting.pop(), ()):
                if stage.name not in onward:
                    onward.add(stage.name)
                    waiting.append(stage.name)
        return onward

    @cached_property
    def hidden(self) -> Hidden:
        """The times that are left out."""
        return Hidden(self.worked, self.name)

    @cached_property
    def spread(self) -> set[str]:
        """The names of arrays and of their gradients."""
        return {*self.worked.arrays, *(self.worked.gradient_name(label) for label in self.worked.arrays)}

    @cached_property
    def order(self) -> list[str]:
        """The same from the loss back, each when all that use it are done."""
        found = [label for label in self.worked.order() if label in self.labels]
        return found if self.name in found else [*found, self.name]  # data, whose gradient nobody else asks for

    def defined(self, label: str) -> Maths:
        """`a2 = relu(z2)`: a node's formula as its author wrote it; a step's where every step is told."""
        worked = self.worked
        shown = next((stage.shown for stage in worked.stages if stage.name == label), None) if worked.expand else None
        if shown is None:
            shown = parse(worked.graph.nodes[label].formula, worked.graph.nodes)
        return maths.spelled(maths.name(label), " = ", maths.formula(shown, worked.style, worked.arrays))

    def routes(self, arrow: str) -> Section:
        """Which nodes lie on the way: every path by its names, or how many there are."""
        who, of = maths.name(self.name), maths.name(self.of)
        count = self.count()
        if count > MOST_PATHS:
            return Said(
                f"{count:,} paths lead from " if count < 10**9 else "Very many paths lead from ",
                who,
                " to ",
                of,
                ". Backpropagation does not walk them one by one: at every name it adds up, once, what comes back.",
            )
        found = [maths.joined(arrow, [maths.name(label) for label in path]) for path in self._paths()]
        if len(found) == 1:
            return Said("One path leads from ", who, " to ", of, ":  ", found[0])
        meet = ", and what comes back is added where they meet:"
        head = Said(f"{COUNTS[count]} paths lead from ", who, " to ", of, meet)
        return Lines([(head, 0), *((Said("  ", path), 4) for path in found)])

    def count(self) -> int:
        """How many paths there are from node to node."""
        paths = {self.of: 1}
        for node in self._nodes():
            if node != self.of:
                paths[node] = sum(paths[user] for user in self._users(node))
        return paths[self.name]

    def _nodes(self) -> list[str]:
        return [label for label in self.order if self.worked.expand or label in self.worked.graph.nodes]

    def _users(self, node: str) -> list[str]:
        """The nodes of the subgraph that use a node, each once, in evaluation order."""
        found = dict.fromkeys(self.worked.unit(stage) for stage in self.worked.users.get(node, ()))
        return [user for user in found if user in self.labels]

    def _paths(self) -> list[list[str]]:
        done: list[list[str]] = []
        waiting = [[self.name]]
        while waiting:
            path = waiting.pop()
            if path[-1] == self.of:
                done.append(path)
            else:
                waiting += [[*path, user] for user in reversed(self._users(path[-1]))]
        return done

    def inner_steps(self, labels: Collection[str]) -> Lines | None:
        """The steps inside formulas that the lines about `labels` will name: `J.2 = (a2 - y)²,  J = J.2 / 2`.

        What named formulas among them stand for comes first.
        """
        named = [stage for stage in self.worked.stages if stage.name in labels]
        lines = told(self.worked, dict.fromkeys(stage.node for stage in named))
        for node in dict.fromkeys(stage.node for stage in named if "." in stage.name):
            stages = [s for s in self.worked.stages if s.node == node]
            steps = [
                maths.spelled(maths.name(s.name), " = ", maths.formula(s.shown, self.worked.style, self.worked.arrays))
                for s in stages
            ]
            written = parse(self.worked.graph.nodes[node].formula, self.worked.graph.nodes)
            whole = maths.formula(written, self.worked.style, self.worked.arrays)
            head = maths.spelled(maths.name(node), " = ", whole)
            lines.append((Said(head, " is worked out in steps:  ", maths.joined(",  ", steps)), 2))
        return Lines(lines) if lines else None

    def written_out(self) -> Lines | None:
        """The operations on the way in their textbook form, where their options make one: `z1 = einsum(...)`."""
        style, arrays = self.worked.style, self.worked.arrays
        found = written_out(self.worked.graph, self.worked.graph.labels(), self.labels)
        lines = [
            (Said(maths.spelled(maths.name(label), " = ", maths.formula(e, style, arrays))), 2) for label, e in found
        ]
        return Lines([(Said("Written out:"), 0), *lines]) if lines else None

    def legend(self, walk: Walk) -> Lines | None:
        """What the signs in these lines mean; None where there are none that a number alone does not have."""
        text = " ".join(f"{term} " for row in walk.rows for term in row.formula)
        plain = text.replace("einsum(", "")
        sums = "sum(" in plain and "axis=" not in plain
        said = [words for sign, words in SIGNS if sign in text and (sign != "sum(" or sums)]
        if not said:
            return None
        return Lines([(Said("; ".join(said) + "."), 0)])  # one_hot and axis=0 keep their case, as names do

    def walk(self, labels: Iterable[str]) -> Walk:
        """The gradients of these, each from those that come before it."""
        told = self.hidden.told(
            ((label, label) for label in labels), lambda label: gradient_row(self.worked, label, "")
        )
        return Walk(list(told), in_numbers=False)
