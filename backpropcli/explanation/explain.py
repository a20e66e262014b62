"""What `backprop explain` says: what one gradient means, the path or paths that lead to it, and a nudge as proof."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from backpropcli.derivation.entries import entry
from backpropcli.derivation.paths import Link, Links, Path, Spot
from backpropcli.derivation.proof import because, contradiction, judged, told
from backpropcli.explanation.chain import Chain
from backpropcli.explanation.subgraph import COUNTS, Subgraph
from backpropcli.notation import maths
from backpropcli.notation.maths import Maths, Said
from backpropcli.notation.middle import said
from backpropcli.notation.numbers import component_name, gradient_name, is_array
from backpropcli.ops.shape import show_shape
from backpropcli.render.document import Fitting, Heading, Lines, Section
from backpropcli.render.table import Column, Table

if TYPE_CHECKING:
    from backpropcli.derivation.stages import Stage
    from backpropcli.derivation.worked import Worked
    from backpropcli.engine.nudge import Nudge

MOST_LINES = 40
"""A walk of more steps than these is told by its last ones."""
MOST_EXAMPLES = 20
MOST_BY_ENTRY = 4
"""So many paths from entry to entry of arrays are told one by one; more are a walk through whole arrays."""


class Explanation:
    """The sections about one gradient, of `name` (or of its entry `index`); `proof` is a nudge of one number.

    `known`: the names whose gradients were told before, so that a walk may begin there. `full`: however long.
    """

    def __init__(
        self,
        worked: Worked,
        name: str,
        index: tuple[int, ...],
        proof: Nudge | None,
        known: Collection[str] = (),
        full: bool = False,
    ) -> None:
        self.worked = worked
        self.name = name
        self.index = index
        self.proof = proof
        self.known = frozenset(known) - {name}
        self.most = 10**9 if full else MOST_LINES
        worked.full = full
        assert worked.trace.of is not None
        self.of = worked.trace.of
        self.spot = Spot(name, index)
        self.links = Links(worked)
        self.subgraph = Subgraph(worked, name)
        self.chain = Chain(worked, self.spot, self.subgraph.defined)

    @property
    def label(self) -> str:
        """`dJ/dW1[0, 2]`."""
        return component_name(gradient_name(self.of, self.name), self.index)

    @property
    def value(self) -> Any:
        """The gradient: a number, or an array."""
        gradient = self.worked.gradient(self.name)
        return float(gradient[self.index]) if self.index else gradient

    @cached_property
    def paths(self) -> list[Path] | None:
        """The paths, number by number; None where there are too many, or the gradient is a whole array."""
        if is_array(self.value) or self.name == self.of or not self.worked.reaches(self.name):
            return None
        if not self.index and not self.subgraph.labels.isdisjoint(self.worked.arrays):  # a number that meets a batch
            return None
        found = self.links.paths(self.spot)
        return found if found is None or not self.index or len(found) <= MOST_BY_ENTRY else None

    def sections(self) -> Iterator[Section]:
        """Everything there is to say, in order."""
        yield Heading(self.meaning())
        if not self.worked.reaches(self.name):
            who, of = maths.name(self.name), maths.name(self.of)
            if stops := self.worked.stopped(self.name):
                where = maths.listed([maths.name(stop) for stop in stops])
                yield Said(
                    "The way from ",
                    who,
                    " to ",
                    of,
                    " is stopped in ",
                    *where,
                    ": stop_gradient takes a value as a constant, and nothing flows back through it.",
                )
            else:
                yield Said(
                    "No path leads from ", who, " to ", of, ": ", of, " would be the same whatever ", who, " is."
                )
            return
        if self.name == self.of:
            yield Said("Every backward pass starts here: ", maths.name(self.of), " rises exactly as much as itself.")
            return
        if self.paths and len(self.paths) == 1:
            yield from self.one_path(self.paths[0])
        elif self.paths:
            yield from self.several_paths(self.paths)
        else:
            yield from self.walk_back()
        if self.proof is not None:
            precision = self.worked.precision
            reason = because(self.proof, precision, self.by_hand()) if is_array(self.value) and self.proof.loss else ""
            if (said := told(self.proof, precision, self.worked.style, not self.known, reason)) is not None:
                yield said

    # What it means.

    def meaning(self) -> Said:
        """What the number says: `dJ/dw1 = 6: raise w1 a little, and J rises 6 times as much`."""
        who, of = maths.name(self.name, self.index), maths.name(self.of)
        whole = maths.gradient(self.of, self.name, self.index)
        if is_array(self.value):
            shown = self.worked.show(self.value)
            what = maths.number(shown) if shown else Said("an array of shape ", show_shape(self.value.shape))
            head = Said(maths.spelled(whole, " = ", what)) if isinstance(what, Maths) else Said(whole, " is ", what)
            return Said(head, ": one number for every entry of ", who, ", how fast ", of, " rises with it.")
        x = float(self.value)
        return Said(maths.spelled(whole, " = ", maths.number(self.chain.show(x))), ": ", *self.sense(x, who, of))

    def sense(self, x: float, who: Maths, of: Maths) -> list[str]:
        """What one number says of the loss, or why it says nothing."""
        result = self.worked.value(self.of)
        if x - x != 0.0:
            return [f"that is no finite number, so it says nothing of {self.of}. backprop run tells where it arises."]
        if not is_array(result) and result - result != 0.0:
            here = maths.spelled(of, " = ", maths.number(self.chain.show(result)))
            return ["but ", here, " here, so that says nothing. backprop run tells where it arises."]
        if self.proof is not None and judged(self.proof) == "against":
            return ["but ", contradiction(self.proof, self.worked.precision, self.by_hand())]
        if x == 0.0 and not self.worked.reaches(self.name) and self.worked.stopped(self.name):
            return ["nothing flows back to ", who, "."]
        if x == 0.0:
            return ["raise ", who, " a little, and ", of, " stays as it is."]
        much = "just" if abs(x) == 1.0 else f"{self.chain.show(abs(x))} times"
        held = "hold what stands in stop_gradient, " if self.worked.stopped(self.name) else ""
        return [f"{held}raise ", who, " a little, and ", of, f" {'rises' if x > 0 else 'falls'} {much} as much."]

    def by_hand(self) -> list[str]:
        """The spec's own functions, with gradients derived by hand, on the way to the loss."""
        stages = [stage for stage in self.worked.stages if stage.name in self.subgraph.labels]
        return list(dict.fromkeys(name for stage in stages for name in stage.own))

    # Paths of plain numbers.

    def one_path(self, path: Path) -> Iterator[Section]:
        """The walk from the loss back, a line a local derivative, and the same in one line."""
        who, of = maths.name(*self.spot), maths.name(self.of)
        if self.worked.expand and (inside := self.subgraph.inner_steps(self.subgraph.labels)):
            yield inside
        yield Said("One path leads from ", who, " to ", of, ":  ", self.chain.arrows(path))
        done = max((k + 1 for k, link in enumerate(path) if link.by.label in self.known), default=0)
        hidden = max(len(path) - self.most, 0)
        left = path[max(done, hidden) :]
        start = left[0].to
        shown = self.chain.show(self.chain.gradient_at(start))
        before = maths.spelled(maths.gradient(self.of, *start), " = ", maths.number(shown))
        if hidden > done:
            yield Said("Its last ", str(len(left)), " steps, from ", before, " on (--full tells all):")
        elif done:
            steps = "one step is" if len(left) == 1 else f"{len(left)} steps are"
            yield Said(before, f" is known by now, so {steps} left:")
        elif len(path) == 1:
            yield "It is one step long, so its local derivative is the gradient."
        rows = self.chain.rows_at([link.by for link in left], left)
        narrow: list[Section] = [self.chain.locals_table(left), Said("With these, from ", of, " back:"), rows]
        words: list[str] = []
        if not (hidden or done) and len(path) > 1:
            words = [
                Said(
                    "Walk it from ",
                    of,
                    " back to ",
                    who,
                    ": on each line the gradient so far (upstream), times how fast "
                    "one formula moves with what it uses (local derivative), is the next gradient.",
                )
            ]
            narrow[:1] = ["How fast each formula moves with what it uses (local derivative):", narrow[0]]
            narrow[2] = Said(
                "Walk it from ",
                of,
                " back to ",
                who,
                ": the gradient so far (upstream), times the local derivative, is the next gradient.",
            )
        yield Fitting(words, self.chain.walk_table(left), narrow)
        if (line := self.chain.in_one_line(path, len(left))) is not None:
            yield line
        if not self.known and (reused := self.reused(path)):
            yield reused

    def reused(self, path: Path) -> Said | None:
        """Which other gradients start from those on this way."""
        found: list[Said] = []
        others_of = {*self.worked.graph.names("parameter"), *self.worked.graph.names("node")}
        for link in path:
            others = [n for n in link.stage.inputs if n in others_of and n not in (self.name, link.by.label)]
            if others and link.to.label != self.of:
                given = [maths.gradient(self.of, p) for p in others]
                found.append(Said(maths.gradient(self.of, *link.to), " gives ", *maths.listed(given)))
        if not found or len(found) > 6:
            return None
        return Said("The gradients on this way are worked out once, and used again: ", *maths.listed(found), ".")

    def several_paths(self, found: Sequence[Path]) -> Iterator[Section]:
        """Each path's product, and their sum; and how one backward pass does it."""
        who, of = maths.name(*self.spot), maths.name(self.of)
        if self.worked.expand and (inside := self.subgraph.inner_steps(self.subgraph.labels)):
            yield inside
        yield Said(
            f"{COUNTS[len(found)]} paths lead from ", who, " to ", of, *self.forks(found), ". Their products are added:"
        )
        yield self.chain.products_table(found)
        links = {(k.stage.slot, k.to.place, k.by): k for path in found for k in path}
        ordered = [links[key] for key in sorted(links)]
        told = [link for link in ordered if not link.plain]
        if told:
            ones = " (those that are 1 are left out)" if len(told) < len(ordered) else ""
            yield f"Where the local derivatives come from{ones}:"
            yield self.chain.locals_table(told)
            yield Lines(list(self.chain.as_formula(found)))
        slots = self.worked.slots
        spots = sorted({link.by for link in ordered}, key=lambda spot: (slots[spot.label], spot.place), reverse=True)
        spots = [*(spot for spot in spots if spot != self.spot), self.spot]
        meet = [maths.name(*spot) for spot in spots if sum(link.by == spot for link in ordered) > 1]
        yield Said(
            "Backpropagation goes each step only once, from ",
            of,
            " back to ",
            who,
            ", and adds where paths meet, at ",
            *maths.listed(meet),
            ":",
        )
        yield self.chain.rows_at(spots[-self.most :], ordered)

    def forks(self, found: Sequence[Path]) -> list[str]:
        """Why there are several paths: `, as x is used in s and in gate`; nothing where they part in many places."""
        users: dict[Spot, dict[Spot, None]] = {}
        for link in (link for path in found for link in reversed(path)):
            users.setdefault(link.by, {})[link.to] = None
        parting = [(spot, list(used)) for spot, used in users.items() if len(used) > 1]
        if len(parting) != 1 or len(parting[0][1]) > 3:
            return []
        ((spot, used),) = parting
        return [", as ", maths.name(*spot), " is used ", *maths.listed([Said("in ", maths.name(*one)) for one in used])]

    # Whole arrays, and more paths than anybody wants to read.

    def walk_back(self) -> Iterator[Section]:
        """Every gradient on the way, from the loss back; over the examples of a batch."""
        yield self.subgraph.routes(self.chain.arrow)
        labels = [label for label in self.subgraph.order if label not in self.known and label != self.of]
        labels, head = self._way_back(labels)
        told = [label for label in labels if not self.subgraph.hidden.hides(label)]
        if steps := self.subgraph.inner_steps(told):
            yield steps
        if self.worked.expand and (formulas := self.subgraph.written_out()) is not None:
            yield formulas
        yield head
        walk = self.subgraph.walk(labels)
        yield walk
        if not self.known and (legend := self.subgraph.legend(walk)) is not None:
            yield legend
        if not is_array(self.value):
            for stage in self.worked.users.get(self.name, ()):
                if (table := self.examples(self.links.through(stage, self.spot))) is not None:
                    yield table
                elif (alone := self.alone(stage)) is not None:
                    yield alone

    def _way_back(self, labels: list[str]) -> tuple[list[str], Said]:
        """Which gradients are told, and how that begins."""
        if times := self.subgraph.hidden.times:
            return labels, Said(f"Walk back through time; {said(times)} are left out (--full tells all):")
        if len(labels) > self.most:
            labels = labels[-self.most :]
            return labels, Said("The last ", str(len(labels)), " steps of the way back (--full tells all):")
        if self.known:
            return labels, Said("What came back before is known by now. What is left:")
        who, of = maths.name(self.name), maths.name(self.of)
        return labels, Said(
            "Walk back from ", of, " to ", who, ". Each line takes a gradient back through one operation:"
        )

    def alone(self, stage: Stage) -> Lines | None:
        """One entry's own formula, where it goes into too many numbers to list them."""
        if len(self.worked.users[self.name]) > 1 or not self.index:
            return None
        if (found := entry(self.worked, stage, self.name, self.index)) is None:
            return None
        whole = maths.gradient(self.of, self.name, self.index)
        value = maths.number(self.chain.show(float(self.value)))
        said = [(Said("This entry alone: ", found.words, "."), 0)]
        return Lines([*said, (Said("  ", maths.spelled(whole, " = ", found.text, " = ", value)), 4)])

    def examples(self, links: list[Link] | None) -> Table | None:
        """The sum over the numbers that one number goes into in one step: over the examples of a batch, mostly."""
        if links is None or not 1 < len(links) <= MOST_EXAMPLES:
            return None
        batch = self.worked.batched(self.worked.shape(links[0].to.label))
        where = [str(k.to.place[0]) if batch and len(k.to.place) == 1 else str(k.to) for k in links]
        stage, rows = links[0].stage, []
        for here, k in zip(where, links, strict=True):
            sign = f"{self.chain.times.strip()} {self.chain.show(k.value)}"
            up = self.chain.gradient_at(k.to)
            rows.append([here, self.chain.show(up), sign, self.chain.show(up * k.value)])
        total = sum(self.chain.gradient_at(k.to) * k.value for k in links)
        rows.append(["sum", "", "", self.chain.show(total)])
        count = f"each of the {len(links)} examples" if batch else f"{len(links)} entries of {stage.name}"
        end = "their sum is its gradient" if len(self.worked.users[self.name]) == 1 else "what comes back is added up"
        return Table(
            [
                Column("example" if batch else "through"),
                Column(gradient_name(self.of, stage.name), "point"),
                Column(maths.local(self.worked.style, stage.name, self.name)),
                Column("product", "point"),
            ],
            [rows],
            footers=[f"{self.spot} is used once in {count}: {end}."],
        )
