"""Links and paths written down: local derivatives with formulas and numbers, products, sums, the formula composed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from backpropcli.language.formula.algebra import added, replaced, tidied
from backpropcli.language.formula.tree import Expression, Name
from backpropcli.notation import maths
from backpropcli.notation.maths import Maths, Said
from backpropcli.notation.numbers import Precision, local_name
from backpropcli.ops.numbers.nothing import entry, product, unheard
from backpropcli.render.document import Lines, Walk
from backpropcli.render.rows import Row
from backpropcli.render.table import Column, Table

if TYPE_CHECKING:
    from backpropcli.derivation.paths import Link, Path, Spot
    from backpropcli.derivation.worked import Worked

MOST_FACTORS = 20
"""A product of more factors than these is not written in one line."""
ROOM = 75
"""A table's two columns of more characters together than these stand under each other."""


class Chain:
    """The chain rule for one number, `spot`, of a network: tables and formulas of the links that lead to the loss."""

    def __init__(self, worked: Worked, spot: Spot, defined: Callable[[str], Maths]) -> None:
        assert worked.trace.of is not None
        self.worked = worked
        self.of = worked.trace.of
        self.spot = spot
        self._defined = defined
        self.precision: Precision = worked.precision
        self.times = f" {worked.style.times} "
        self.arrow = " → " if worked.style.superscripts else " -> "

    @property
    def value(self) -> float:
        """The gradient."""
        return self.gradient_at(self.spot)

    def gradient_at(self, spot: Spot) -> float:
        """The gradient of one number."""
        found = self.worked.gradient(spot.label)
        return entry(found, spot.place)

    def show(self, x: float) -> str:
        """A number as the tables print it."""
        return self.precision.show(float(x))

    def arrows(self, path: Path) -> Maths:
        """`w1 → t1 → z1 → J`."""
        spots = [self.spot, *(link.to for link in reversed(path))]
        return maths.joined(self.arrow, [maths.name(*spot) for spot in spots])

    def defined(self, link: Link) -> Maths:
        """`a2 = relu(z2)`: the formula that a link goes through, as its author wrote it."""
        return self._defined(link.node)

    def expression(self, link: Link) -> Expression:
        """A local derivative as a formula: its name where no formula is known."""
        return link.formula or Name(local_name(str(link.to), str(link.by)))

    def factor(self, link: Link) -> Maths | None:
        """A local derivative as a formula."""
        return None if link.formula is None else maths.formula(link.formula, self.worked.style, tight=True)

    def multiplied(self, link: Link) -> Maths:
        """The same as a factor of a product."""
        return maths.factor_of(self.expression(link), self.worked.style)

    def locals(self, path: Sequence[Link]) -> list[Maths]:
        """`∂a2/∂z2 = relu'(z2) = 1`, the signs under each other."""
        names = [maths.local(self.worked.style, k.to.label, k.by.label, k.by.place, k.to.place) for k in path]
        formulas = [self.factor(link) for link in path]
        numbers = [maths.number(self.show(link.value)) for link in path]
        bare = [f is None or f in (n, f"({n})", own) for f, n, own in zip(formulas, numbers, names, strict=True)]
        first = max(len(n) for n in names)
        second = max((len(f) for f, b in zip(formulas, bare, strict=True) if f is not None and not b), default=0)
        found = []
        for own, f, n, alone in zip(names, formulas, numbers, bare, strict=True):
            middle = [] if alone or f is None else [maths.padded(f, second), " = "]
            found.append(maths.spelled(maths.padded(own, first), " = ", *middle, n))
        return found

    def walk_table(self, path: Path) -> Table:
        """A line a link: what comes from the loss's side, times the local derivative, is the next gradient."""
        upstream = [(maths.gradient(self.of, *k.to), maths.number(self.show(self.gradient_at(k.to)))) for k in path]
        gradients = [(maths.gradient(self.of, *k.by), maths.number(self.show(self.gradient_at(k.by)))) for k in path]
        columns = [equations(upstream), self.locals(path), equations(gradients)]
        rows = [[self.defined(link), *cells] for link, *cells in zip(path, *columns, strict=True)]
        return Table(
            [
                Column("through", elastic=True, wrap=True),
                Column("upstream"),
                Column("local derivative"),
                Column("gradient"),
            ],
            [rows],
            footers=remarks(path),
        )

    def locals_table(self, links: Sequence[Link]) -> Table:
        """Each local derivative beside the formula that it is of; under it where both are too long for one line."""
        of, cells, footers = [self.defined(link) for link in links], self.locals(links), remarks(links)
        if max(map(len, of)) + max(map(len, cells)) <= ROOM:
            rows: list[list[str]] = [list(pair) for pair in zip(of, cells, strict=True)]
            return Table([Column("of", elastic=True, wrap=True), Column("local derivative")], [rows], footers=footers)
        rows = []
        for k, cell in enumerate(cells):
            if not k or of[k] != of[k - 1]:
                rows.append([of[k]])
            rows.append([Maths(f"  {cell}", cell.source)])
        return Table([Column("formula, and its local derivative", elastic=True, wrap=True)], [rows], footers=footers)

    def products_table(self, found: Sequence[Path]) -> Table:
        """A path, its local derivatives, and their product, a row each; on two lines where one would be too long."""
        factors = []
        for path in found:
            numbers = [self.show(link.value) for link in reversed(path) if not link.plain] or ["1"]
            factors.append(maths.joined(self.times, [maths.inside(n) for n in numbers]))
        products = [product(link.value for link in path) for path in found]
        shown = self.worked.adding(products, float(self.value)) or [self.show(x) for x in products]
        arrows = [self.arrows(path) for path in found]
        total_ = self.show(self.value)
        if max(map(len, arrows)) + max(map(len, factors)) <= 52:
            rows: list[list[str]] = [[a, f, "=", n] for a, f, n in zip(arrows, factors, shown, strict=True)]
            columns = [
                Column("path", elastic=True),
                Column("local derivatives", "right"),
                Column("", gap=1),
                Column("product", "point", gap=1),
            ]
            return Table(columns, [[*rows, ["sum", "", "=", total_]]])
        rows = []
        for a, f, n in zip(arrows, factors, shown, strict=True):
            rows += [[a, "", ""], [Maths(f"  {f}", f.source), "=", n]]
        columns = [
            Column("path, and its local derivatives", elastic=True, wrap=True),
            Column("", gap=1),
            Column("product", "point", gap=1),
        ]
        return Table(columns, [[*rows, ["  sum", "=", total_]]])

    def rows_at(self, spots: Sequence[Spot], links: Sequence[Link]) -> Walk:
        """The gradients of some numbers, each from those that are known by then."""
        rows = []
        for spot in spots:
            own = [link for link in links if link.by == spot]
            terms, numbers = list[Maths](), list[Maths]()
            for link in own:
                up, local = maths.gradient(self.of, *link.to), maths.inside(self.show(link.value))
                terms.append(up if link.plain else maths.spelled(up, self.times, self.multiplied(link)))
                shown = self.show(self.gradient_at(link.to))
                number = maths.inside(shown) if numbers else maths.number(shown)
                if unheard(self.gradient_at(link.to), link.value):
                    numbers.append(maths.number("0"))
                else:
                    numbers.append(number if link.plain else maths.spelled(number, self.times, local))
            parts = [product((self.gradient_at(k.to), k.value)) for k in own]
            products = self.worked.adding(parts, self.gradient_at(spot))
            head, result = maths.gradient(self.of, *spot), maths.number(self.show(self.gradient_at(spot)))
            put_in = tuple(numbers) if len(own) > 1 or numbers[0] != result else ()
            if products == put_in:
                products = ()
            rows.append(Row(head, tuple(terms), put_in, result, products=tuple(products)))
        return Walk(rows)

    def in_one_line(self, path: Path, most: int) -> Lines | None:
        """The product of all local derivatives, in numbers and in formulas."""
        shown = path if len(path) <= MOST_FACTORS else path[-most:]
        if len(shown) > MOST_FACTORS:
            return None
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
            links = [link for link in paths[0] if not link.plain]
            plain = maths.joined(self.times, [self.multiplied(link) for link in links])
            if len(links) == 1 and (whole_ := self.factor(links[0])) is not None:
                plain = whole_
            yield Said(head, maths.spelled(whole, " = ", plain)), column
            if plain == tidy:
                return
            head, whole = Said(" " * len(head)), Maths(" " * len(whole), ())
        said = [Said("   while ", *maths.listed(conditions))] if conditions else []
        yield Said(head, maths.spelled(whole, " = ", tidy), *said), column

    def composed(self, paths: Sequence[Path]) -> tuple[Expression, list[Maths]]:
        """The sum over paths of the products of local derivatives; what they share towards the end is a factor of all.

        Choices are the numbers that they are here, under the conditions that are given beside.
        """
        shared = len(shared_end(paths)) if len(paths) > 1 else 0
        used: dict[Maths, None] = {}

        def multiplied(links: Sequence[Link]) -> Expression:
            known: list[tuple[Expression, Expression]] = []
            for fact in [fact for link in links for fact in link.facts if fact.conditions]:
                used.update(dict.fromkeys(fact.conditions))
                known.append((fact.said, fact.becomes))
            return tidied([replaced(self.expression(link), known) for link in links if not link.plain])

        if len(paths) == 1:
            return multiplied(paths[0]), list(used)
        whole = added([multiplied(path[: len(path) - shared]) for path in paths])
        tail = [link for link in paths[0][len(paths[0]) - shared :] if not link.plain]
        return tidied([whole, multiplied(tail)]) if tail else whole, list(used)


def remarks(links: Sequence[Link]) -> list[str]:
    """Why local derivatives that make a choice are what they are, a sentence each."""
    said = [f"{remark}." for remark in dict.fromkeys(f.remark for link in links for f in link.facts) if remark]
    if unheard(*(link.value for link in links)):
        said.append("What is not taken passes nothing back: 0, whatever stands behind it.")
    return said


def equations(pairs: Sequence[tuple[Maths, Maths]]) -> list[Maths]:
    """A column of `text = number`, the signs under each other."""
    widest = max(len(text) for text, _ in pairs)
    return [maths.spelled(maths.padded(text, widest), " = ", number) for text, number in pairs]


def shared_end(paths: Sequence[Path]) -> list[Link]:
    """The links that all paths share towards the number that they are about."""
    shared: list[Link] = []
    for links in zip(*map(reversed, paths), strict=False):
        if any((link.to, link.by) != (links[0].to, links[0].by) for link in links):
            break
        shared.insert(0, links[0])
    return shared
