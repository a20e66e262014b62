"""What `backprop explain` says: what one gradient means, the path or paths that lead to it, and a nudge as proof."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from typing import Any

from backpropcli.engine.nudge import Nudge
from backpropcli.ops.definition import show_shape
from backpropcli.spec.formula.tree import Expression, Name, Number
from backpropcli.views.numbers import Precision, component_name, is_array
from backpropcli.views.rows import Row
from backpropcli.views.table import Column, Table
from backpropcli.views.tellings import maths
from backpropcli.views.tellings.cone import COUNTS, Cone
from backpropcli.views.tellings.links import Link, Links, Path, Spot
from backpropcli.views.tellings.maths import Maths, Said
from backpropcli.views.tellings.products import added, replaced, tidied
from backpropcli.views.tellings.proof import tested
from backpropcli.views.tellings.sections import Fitting, Lines, Section, Walk
from backpropcli.views.worked import Worked

MOST_LINES = 40
"""A walk of more steps than these is told by its last ones."""
MOST_EXAMPLES = 20
MOST_BY_ENTRY = 4
"""So many paths from entry to entry of arrays are told one by one; more are a walk through whole arrays."""


class Explanation:
    """The sections about one gradient, of `name` (or of its entry `index`); `proof` is a nudge of one number.

    `known`: the names whose gradients were told before, so that a walk may begin there.
    """

    def __init__(
        self, worked: Worked, name: str, index: tuple[int, ...], proof: Nudge | None, known: Collection[str] = ()
    ) -> None:
        self.worked = worked
        self.name = name
        self.index = index
        self.proof = proof
        self.known = frozenset(known) - {name}
        assert worked.trace.of is not None
        self.of = worked.trace.of
        self.spot = Spot(name, index)
        self.precision: Precision = worked.precision
        self.times = f" {worked.style.times} "
        self.arrow = " → " if worked.style.superscripts else " -> "
        self.links = Links(worked)
        self.cone = Cone(worked, name)

    @property
    def label(self) -> str:
        """`dJ/dW1[0, 2]`."""
        return component_name(f"d{self.of}/d{self.name}", self.index)

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
        if not self.index and not self.cone.labels.isdisjoint(self.worked.arrays):  # a number that meets a batch
            return None
        found = self.links.paths(self.spot)
        return found if found is None or not self.index or len(found) <= MOST_BY_ENTRY else None

    def sections(self) -> Iterator[Section]:
        """Everything there is to say, in order."""
        yield self.meaning()
        if not self.worked.reaches(self.name):
            who, of = maths.name(self.name), maths.name(self.of)
            yield Said("No path leads from ", who, " to ", of, ": ", of, " would be the same whatever ", who, " is.")
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
        if self.proof is not None and (said := tested(self.proof, self.precision, self.worked.style)):
            yield said

    def show(self, x: Any) -> str:
        """A number as the tables print it."""
        return self.precision.show(float(x))

    def gradient_at(self, spot: Spot) -> float:
        """The gradient of one number."""
        found = self.worked.gradient(spot.label)
        return float(found[spot.place] if spot.place else found)

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
        if x - x != 0.0:
            sense = [f"that is no finite number, so it says nothing of {self.of}. backprop run tells where it arises."]
        elif x == 0.0:
            sense = ["raise ", who, " a little, and ", of, " stays as it is."]
        else:
            much = "just" if abs(x) == 1.0 else f"{self.show(abs(x))} times"
            sense = ["raise ", who, " a little, and ", of, f" {'rises' if x > 0 else 'falls'} {much} as much."]
        return Said(maths.spelled(whole, " = ", maths.number(self.show(x))), ": ", *sense)

    # Paths of plain numbers.

    def arrows(self, path: Path) -> Maths:
        """`w1 → t1 → z1 → J`."""
        spots = [self.spot, *(link.to for link in reversed(path))]
        return maths.joined(self.arrow, [maths.name(*spot) for spot in spots])

    def one_path(self, path: Path) -> Iterator[Section]:
        """The walk from the loss back, a line a local derivative, and the same in one line."""
        who, of = maths.name(*self.spot), maths.name(self.of)
        yield Said("One path leads from ", who, " to ", of, ":  ", self.arrows(path))
        done = max((k + 1 for k, link in enumerate(path) if link.by.label in self.known), default=0)
        hidden = max(len(path) - MOST_LINES, 0)
        left = path[max(done, hidden) :]
        start = left[0].to
        before = maths.spelled(maths.gradient(self.of, *start), " = ", maths.number(self.show(self.gradient_at(start))))
        if hidden > done:
            yield Said("Its last ", str(len(left)), " steps, from ", before, " on (backprop run --steps has them all):")
        elif done:
            steps = "one step is" if len(left) == 1 else f"{len(left)} steps are"
            yield Said(before, f" is known by now, so {steps} left:")
        elif len(path) == 1:
            yield "It is one step long, so its local derivative is the gradient."
        else:
            yield Said("Walk it from ", of, " back to ", who, ". Each line multiplies by one local derivative.")
        narrow: list[Section] = [self.locals_table(left), self.rows_at([link.by for link in left], left)]
        yield Fitting(self.walk_table(left), narrow)
        yield self.in_one_line(path, len(left))
        if not self.known and (reused := self.reused(path)):
            yield reused

    def walk_table(self, path: Path) -> Table:
        """A line a link: what comes from the loss's side, times the local derivative, is the next gradient."""
        upstream = [(maths.gradient(self.of, *k.to), maths.number(self.show(self.gradient_at(k.to)))) for k in path]
        gradients = [(maths.gradient(self.of, *k.by), maths.number(self.show(self.gradient_at(k.by)))) for k in path]
        columns = [equations(upstream), self.locals(path), equations(gradients)]
        rows = [[self.defined(link), *cells] for link, *cells in zip(path, *columns, strict=True)]
        remarks = dict.fromkeys(fact.remark for link in path for fact in link.facts if fact.remark)
        return Table(
            [Column("through", elastic=True, wrap=True), Column("upstream"), Column("local derivative"),
             Column("gradient")],
            [rows], footers=[f"{remark}." for remark in remarks],
        )  # fmt: skip

    def defined(self, link: Link) -> Maths:
        """`a2 = relu(z2)`: the formula that a link goes through, as its author wrote it."""
        return self.cone.defined(link.node)

    def locals(self, path: Sequence[Link]) -> list[Maths]:
        """`da2/dz2 = relu'(z2) = 1`, the signs under each other."""
        names = [maths.gradient(k.to.label, k.by.label, k.by.place, k.to.place) for k in path]
        formulas = [self.factor(link) for link in path]
        numbers = [maths.number(self.show(link.value)) for link in path]
        bare = [f is None or f in (n, f"({n})") for f, n in zip(formulas, numbers, strict=True)]
        first = max(len(n) for n in names)
        second = max((len(f) for f, b in zip(formulas, bare, strict=True) if f is not None and not b), default=0)
        found = []
        for own, f, n, alone in zip(names, formulas, numbers, bare, strict=True):
            middle = [] if alone or f is None else [maths.padded(f, second), " = "]
            found.append(maths.spelled(maths.padded(own, first), " = ", *middle, n))
        return found

    def factor(self, link: Link) -> Maths | None:
        """A local derivative as a formula."""
        return None if link.formula is None else maths.formula(link.formula, self.worked.style, tight=True)

    def multiplied(self, link: Link) -> Maths:
        """The same as a factor of a product."""
        return maths.factor_of(self.expression(link), self.worked.style)

    def in_one_line(self, path: Path, most: int) -> Lines:
        """The product of all local derivatives, in numbers and in formulas."""
        shown = path if len(path) <= MOST_LINES else path[-most:]
        first = self.show(self.gradient_at(shown[0].to))
        numbers = maths.joined(self.times, [maths.inside(t) for t in [first, *(self.show(k.value) for k in shown)]])
        result = maths.number(self.show(self.value))
        lines = [(Said("In one line:   ", maths.spelled(numbers, " = ", result)), 15)]
        if len(shown) == len(path) and any(not link.plain for link in path):
            lines += self.as_formula([path])
        return Lines(lines)

    def as_formula(self, paths: Sequence[Path]) -> Iterator[tuple[Said, int]]:
        """The paths' local derivatives multiplied and added: as they are (of one path), and tidied up."""
        whole = maths.gradient(self.of, *self.spot)
        short, conditions = self.composed(paths)
        tidy = maths.formula(short, self.worked.style)
        head, column = Said("As a formula:  "), 15 + len(whole) + 3
        if len(paths) == 1:
            plain = maths.joined(self.times, [self.multiplied(link) for link in paths[0] if not link.plain])
            yield Said(head, maths.spelled(whole, " = ", plain)), column
            if plain == tidy:
                return
            head, whole = Said(" " * len(head)), Maths(" " * len(whole), "")
        said = [Said("   while ", *maths.listed(conditions))] if conditions else []
        yield Said(head, maths.spelled(whole, " = ", tidy), *said), column

    def composed(self, paths: Sequence[Path]) -> tuple[Expression, list[str]]:
        """The sum over paths of the products of local derivatives; what they share towards the end is a factor of all.

        Choices are the numbers that they are here, under the conditions that are given beside.
        """
        shared = len(_tail(paths)) if len(paths) > 1 else 0
        used: dict[str, None] = {}

        def multiplied(links: Sequence[Link]) -> Expression:
            known: list[tuple[Expression, Expression]] = []
            for fact in [fact for link in links for fact in link.facts if fact.condition]:
                used[fact.condition] = None
                known.append((fact.said, Number(fact.value, self.show(fact.value))))
            return tidied([replaced(self.expression(link), known) for link in links if not link.plain])

        if len(paths) == 1:
            return multiplied(paths[0]), list(used)
        whole = added([multiplied(path[: len(path) - shared]) for path in paths])
        tail = [link for link in paths[0][len(paths[0]) - shared :] if not link.plain]
        return tidied([whole, multiplied(tail)]) if tail else whole, list(used)

    def expression(self, link: Link) -> Expression:
        """A local derivative as a formula: its name where no formula is known."""
        return link.formula or Name(f"d{link.to}/d{link.by}")

    def reused(self, path: Path) -> Said | None:
        """Which parameters' gradients start from those on this way."""
        found: list[Said] = []
        parameters = set(self.worked.graph.names("parameter"))
        for link in path:
            others = [p for p in link.stage.inputs if p in parameters and p not in (self.name, link.by.label)]
            if others and link.to.label != self.of:
                given = [maths.gradient(self.of, p) for p in others]
                found.append(Said(maths.gradient(self.of, *link.to), " gives ", *maths.listed(given)))
        if not found or len(found) > 6:
            return None
        return Said("The gradients on this way are worked out once, and used again: ", *maths.listed(found), ".")

    def several_paths(self, found: Sequence[Path]) -> Iterator[Section]:
        """Each path's product, and their sum; and how one backward pass does it."""
        who, of = maths.name(*self.spot), maths.name(self.of)
        yield Said(f"{COUNTS[len(found)]} paths lead from ", who, " to ", of, ". Their products are added:")
        yield self.products_table(found)
        links = {(k.stage.slot, k.to.place, k.by): k for path in found for k in path}
        ordered = [links[key] for key in sorted(links)]
        told = [link for link in ordered if not link.plain]
        if told:
            ones = " (those that are 1 are left out)" if len(told) < len(ordered) else ""
            yield f"Where the local derivatives come from{ones}:"
            yield self.locals_table(told)
            yield Lines(list(self.as_formula(found)))
        tail = _tail(found)
        spots = [self.spot] if not tail else [*[link.to for link in tail[:1]], *(link.by for link in tail)]
        on = f", and goes on from there to {self.spot}" if tail else ""
        yield f"Backpropagation adds where the paths meet, at {spots[0]}, once{on}:"
        yield self.rows_at(spots, ordered)

    def locals_table(self, links: Sequence[Link]) -> Table:
        """Each local derivative beside the formula that it is of; under it where both are too long for one line."""
        remarks = dict.fromkeys(fact.remark for link in links for fact in link.facts if fact.remark)
        of, cells = [self.defined(link) for link in links], self.locals(links)
        footers = [f"{remark}." for remark in remarks]
        if max(map(len, of)) + max(map(len, cells)) <= 75:
            rows: list[list[str]] = [list(pair) for pair in zip(of, cells, strict=True)]
            return Table([Column("of", elastic=True, wrap=True), Column("local derivative")], [rows], footers=footers)
        rows = []
        for k, cell in enumerate(cells):
            if not k or of[k] != of[k - 1]:
                rows.append([of[k]])
            rows.append([Maths(f"  {cell}", cell.tex)])
        return Table([Column("formula, and its local derivative", elastic=True, wrap=True)], [rows], footers=footers)

    def products_table(self, found: Sequence[Path]) -> Table:
        """A path, its local derivatives, and their product, a row each; on two lines where one would be too long."""
        products, factors = [], []
        for path in found:
            numbers = [self.show(link.value) for link in reversed(path) if not link.plain] or ["1"]
            factors.append(maths.joined(self.times, [maths.inside(n) for n in numbers]))
            total = 1.0
            for link in path:
                total *= link.value
            products.append(total)
        shown = self.worked.adding(products, float(self.value)) or [self.show(x) for x in products]
        arrows = [self.arrows(path) for path in found]
        total_ = self.show(self.value)
        if max(map(len, arrows)) + max(map(len, factors)) <= 52:
            rows: list[list[str]] = [[a, f, "=", n] for a, f, n in zip(arrows, factors, shown, strict=True)]
            columns = [Column("path", elastic=True), Column("local derivatives", "right"), Column("", gap=1),
                       Column("product", "point", gap=1)]  # fmt: skip
            return Table(columns, [[*rows, ["", "sum", "=", total_]]])
        rows = []
        for a, f, n in zip(arrows, factors, shown, strict=True):
            rows += [[a, "", ""], [Maths(f"  {f}", f.tex), "=", n]]
        columns = [Column("path, and its local derivatives", elastic=True, wrap=True), Column("", gap=1),
                   Column("product", "point", gap=1)]  # fmt: skip
        return Table(columns, [[*rows, ["  sum", "=", total_]]])

    def rows_at(self, spots: Sequence[Spot], links: Sequence[Link]) -> Walk:
        """The gradients of some numbers, each from those that are known by then."""
        rows, tex = [], []
        for spot in spots:
            own = [link for link in links if link.by == spot]
            terms, numbers = list[Maths](), list[Maths]()
            for link in own:
                up, local = maths.gradient(self.of, *link.to), maths.inside(self.show(link.value))
                terms.append(up if link.plain else maths.spelled(up, self.times, self.multiplied(link)))
                shown = self.show(self.gradient_at(link.to))
                number = maths.inside(shown) if numbers else maths.number(shown)
                numbers.append(number if link.plain else maths.spelled(number, self.times, local))
            products = self.worked.adding([self.gradient_at(k.to) * k.value for k in own], self.gradient_at(spot))
            head, result = maths.gradient(self.of, *spot), maths.number(self.show(self.gradient_at(spot)))
            put_in = tuple(numbers) if len(own) > 1 or numbers[0] != result else ()
            rows.append(Row(head, tuple(terms), put_in, result, products=tuple(products)))
            sides = [maths.joined(" + ", terms).tex, maths.joined(" + ", numbers).tex, result.tex]
            tex.append([head.tex, *dict.fromkeys(sides)])
        return Walk(rows, tex)

    # Whole arrays, and more paths than anybody wants to read.

    def walk_back(self) -> Iterator[Section]:
        """Every gradient on the way, from the loss back; over the examples of a batch."""
        yield self.cone.routes(self.arrow)
        labels = [label for label in self.cone.order if label not in self.known and label != self.of]
        if steps := self.cone.inner_steps(labels[-MOST_LINES:]):
            yield steps
        who, of = maths.name(self.name), maths.name(self.of)
        if len(labels) > MOST_LINES:
            labels = labels[-MOST_LINES:]
            yield Said("The last ", str(len(labels)), " steps of the way back (backprop run --steps has them all):")
        elif self.known:
            yield Said("What came back before is known by now. What is left:")
        else:
            yield Said("Walk back from ", of, " to ", who, ". Each line takes a gradient back through one operation:")
        yield self.cone.walk(labels)
        if not is_array(self.value):
            for stage in self.worked.users.get(self.name, ()):
                if (table := self.examples(self.links.through(stage, self.spot))) is not None:
                    yield table

    def examples(self, links: list[Link] | None) -> Table | None:
        """The sum over the numbers that one number goes into in one step: over the examples of a batch, mostly."""
        if links is None or not 1 < len(links) <= MOST_EXAMPLES:
            return None
        batch = self.worked.batched(self.worked.shape(links[0].to.label))
        where = [str(k.to.place[0]) if batch and len(k.to.place) == 1 else str(k.to) for k in links]
        stage, rows = links[0].stage, []
        for here, k in zip(where, links, strict=True):
            sign = f"{self.times.strip()} {self.show(k.value)}"
            up = self.gradient_at(k.to)
            rows.append([here, self.show(up), sign, self.show(up * k.value)])
        total = sum(self.gradient_at(k.to) * k.value for k in links)
        rows.append(["sum", "", "", self.show(total)])
        count = f"each of the {len(links)} examples" if batch else f"{len(links)} entries of {stage.name}"
        end = "their sum is its gradient" if len(self.worked.users[self.name]) == 1 else "what comes back is added up"
        return Table(
            [Column("example" if batch else "through"), Column(f"d{self.of}/d{stage.name}", "point"),
             Column(f"d{stage.name}/d{self.name}"), Column("product", "point")], [rows],
            footers=[f"{self.spot} is used once in {count}: {end}."],
        )  # fmt: skip


def equations(pairs: Sequence[tuple[Maths, Maths]]) -> list[Maths]:
    """A column of `text = number`, the signs under each other."""
    widest = max(len(text) for text, _ in pairs)
    return [maths.spelled(maths.padded(text, widest), " = ", number) for text, number in pairs]


def _tail(paths: Sequence[Path]) -> list[Link]:
    """The links that all paths share towards the number that they are about."""
    shared: list[Link] = []
    for links in zip(*map(reversed, paths), strict=False):
        if any((link.to, link.by) != (links[0].to, links[0].by) for link in links):
            break
        shared.insert(0, links[0])
    return shared
