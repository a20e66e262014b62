"""What `backprop derive` says: the local derivatives, the gradient as one formula, its number, and backprop's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from backpropcli.derivation.matrices import Composed, composed
from backpropcli.language.formula.algebra import factors_of, multiplied
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.tree import Binary, Expression, Index, Name, Number, Unary, postorder, rebuilt
from backpropcli.notation import maths
from backpropcli.notation.formula import typeset
from backpropcli.notation.maths import Maths, Said
from backpropcli.notation.numbers import Precision, is_array
from backpropcli.ops.shape import show_shape
from backpropcli.render.document import Equations, Heading, Lines, Section, Walk
from backpropcli.render.rows import Row
from backpropcli.render.text import text

if TYPE_CHECKING:
    from backpropcli.derivation.paths import Link
    from backpropcli.derivation.worked import Worked
    from backpropcli.errors import BackpropError
    from backpropcli.explanation.explain import Explanation
    from backpropcli.symbolic.derive import Derived

CLOSE = 1e-9
MOST_NUMBERS = 16
"""A formula that uses more numbers than these is not written out with them."""


class Derivation:
    """The sections about one gradient: `found` has its formulas, or `problem` says why there are none; `together` is
    one formula for all entries."""

    def __init__(
        self, told: Explanation, found: Sequence[Derived], problem: BackpropError | None, together: str = ""
    ) -> None:
        self.told = told
        self.together = together
        self.worked: Worked = told.worked
        self.found = found
        self._problem = problem

    def __str__(self) -> str:
        return "\n".join(text(self.sections()))

    @property
    def problem(self) -> BackpropError | None:
        """Why there is no formula at all; None where there is one."""
        return self._problem if self.matrix is None else None

    @property
    def whole(self) -> Maths | None:
        """All entries in one formula, where SymPy found one."""
        if not self.together:
            return None
        formula = rebuilt(self.tree(self.together), _positive_first)
        return maths.formula(formula, self.worked.style, self.worked.arrays)

    @property
    def missing(self) -> str:
        """What of formula, number and verdict there is not, and why; "" where there are all three."""
        if not self.worked.reaches(self.told.name):
            return ""
        if self.problem is not None:
            return f"No single formula: {self.problem}"
        if not self.found and self.matrix_agrees is None:
            return "No number of this formula is known, and so no verdict: what it calls has none of its own."
        if any(one.value != one.value or one.gradient != one.gradient for one in self.found):
            return "There is nothing to compare: NaN agrees with nothing. backprop run tells where it arises."
        return ""

    @property
    def agrees(self) -> bool:
        """Whether every formula's number is backpropagation's."""
        return all(one.agrees for one in self.found) and self.matrix_agrees is not False

    @cached_property
    def matrix(self) -> Composed | None:
        """The gradient through whole arrays as one formula, in matrix notation; None where there is none."""
        told = self.told
        if told.index or told.name == told.of or not self.worked.reaches(told.name):
            return None
        if told.subgraph.labels.isdisjoint(self.worked.arrays):
            return None
        return composed(self.worked, told.name, told.subgraph.labels)

    @property
    def matrix_agrees(self) -> bool | None:
        """Whether that formula's numbers are backpropagation's; None where nobody knows them."""
        if self.matrix is None or self.matrix.value is None:
            return None
        import numpy as np

        ours, theirs = (np.asarray(x, dtype=float) for x in (self.told.value, self.matrix.value))
        least = CLOSE * float(np.abs(np.nan_to_num(ours)).max(initial=0.0)) + 1e-12
        return bool(np.allclose(theirs, ours, rtol=CLOSE, atol=least, equal_nan=True))

    def links(self) -> list[Link]:
        """The local derivatives that the chain rule needs, from the loss back, where it is told number by number."""
        links = {(-k.stage.slot, k.to, k.by): k for path in self.told.paths or () for k in path}
        return [links[key] for key in sorted(links)]

    def sections(self) -> Iterator[Section]:
        """Everything there is to say, in order."""
        told = self.told
        yield Heading(Said(maths.gradient(told.of, *told.spot), " as a formula"))
        if not self.worked.reaches(told.name):
            who, of = maths.name(told.name), maths.name(told.of)
            if stops := self.worked.stopped(told.name):
                where = maths.listed([maths.name(stop) for stop in stops])
                yield Said("The way from ", who, " to ", of, " is stopped in ", *where, ", so it is 0.")
            else:
                yield Said("No path leads from ", who, " to ", of, ", so it is 0.")
            return
        if links := self.links():
            yield told.chain.locals_table(links)
        elif told.name != told.of:
            yield from self.step_by_step()
        if self.matrix is not None and (is_array(told.value) or not self.found):
            yield self.in_matrices(self.matrix)
            yield self.closing_of_all()
        else:
            for one in self.found:
                left = maths.gradient(self.told.of, one.name, one.entry)
                yield Equations(left, list(self.equations(one)))
                yield self.closing(one)
        if self.whole is not None and self.matrix is None:
            label = maths.gradient(told.of, told.name)
            yield Lines([(Said("All entries in one:  ", maths.spelled(label, " = ", self.whole)), 21)])
        if self.missing:
            yield Lines([(Said(line), 2) for line in self.missing.splitlines()])

    # Number by number.

    def equations(self, one: Derived) -> Iterator[tuple[str, str]]:
        """One formula as it is composed, simplified, and worked out, and what each of these is."""
        style = self.worked.style
        formula = ordered(self.tree(one.formula), self.order())
        if (chained := self.chained()) is not None:
            yield ("chain rule", chained)
        elif self.matrix is not None:
            yield ("chain rule", maths.formula(self.matrix.formula, style, self.worked.arrays))
        yield ("simplified", maths.formula(formula, style))
        if one.in_data is not None and one.in_data != one.formula:
            yield ("fully written out", maths.formula(self.tree(one.in_data), style))
        elif one.in_data is None:
            yield ("fully written out", one.problem)
        shown = maths.number(self.told.chain.show(one.value))
        flat, numbers = _flat(formula), self.numbers(formula)
        put_in = maths.formula(flat, style, numbers=numbers)
        if numbers and len([p for p in postorder(flat) if isinstance(p, Name)]) <= MOST_NUMBERS:
            yield ("numbers put in", maths.spelled(put_in, " = ", shown) if put_in != shown else shown)
        else:
            yield ("as a number", shown)
        yield ("by backprop", maths.number(self.told.chain.show(one.gradient)))

    def order(self) -> dict[str, int]:
        """Where each name first stands in the chain rule's product."""
        names = [
            typeset(part)
            for path in self.told.paths or ()
            for link in path
            if link.formula is not None
            for part in postorder(link.formula)
            if isinstance(part, Name | Index)
        ]
        return {name: k for k, name in reversed(list(enumerate(names)))}

    def chained(self) -> Maths | None:
        """The chain rule in one line: each path's local derivatives, multiplied, and the paths added."""
        told = self.told
        links = [[link for link in path if not link.plain] for path in told.paths or ()]
        if len(links) == 1 and len(links[0]) == 1 and (whole := told.chain.factor(links[0][0])) is not None:
            return whole
        one = [maths.number("1")]
        factors = [[told.chain.multiplied(k) for k in path] or one for path in links]
        return maths.joined(" + ", [maths.joined(told.chain.times, part) for part in factors]) if factors else None

    def tree(self, text: str) -> Expression:
        """A formula of ours, read."""
        return parse(text, self.worked.graph.nodes)

    def numbers(self, formula: Expression) -> dict[str, str]:
        """The numbers of all names and entries in a formula."""
        found = {}
        for part in postorder(_flat(formula)):
            if isinstance(part, Name):
                own = part.name in self.worked.graph.nodes  # a row's, h[3], is a name
                name, _, inside = (part.name, "", "") if own else part.name.rpartition("[")
                if name in self.worked.graph.nodes:
                    value = self.worked.value(name)
                    place = tuple(int(k) for k in inside.rstrip("]").split(",")) if inside else ()
                    found[part.name] = self.told.chain.show(value[place] if place else value)
        return found

    def closing(self, one: Derived) -> Lines:
        """The conditions, and whether both agree."""
        said = []
        if one.while_:
            conditions = self.conditions(one.while_)
            said.append((Said("This holds while ", *maths.listed(conditions), "."), 0))
        if one.also:
            conditions = self.conditions(one.also)
            said.append((Said("Fully written out it holds while ", *maths.listed(conditions), "."), 0))
        if one.agrees and one.value == one.value:
            said.append((Said("The formula and backprop agree."), 0))
        elif not one.agrees:
            exactly = Precision(17).show
            words = (
                f"They differ: the formula comes to {exactly(one.value)}, backprop to {exactly(one.gradient)}. "
                "backprop check tells which is right."
            )
            said.append((Said(words), 0))
        return Lines(said)

    def conditions(self, texts: Sequence[str]) -> list[Maths]:
        """What has to hold, in the language of the spec, as people say it: not less and not more is equal."""
        kept = list(texts)
        for one in texts:
            other = one.replace("<=", ">=")
            if other != one and one in kept and other in kept:
                kept[kept.index(one)] = one.replace("<=", "==")
                kept.remove(other)
        return [maths.condition(self.tree(c), self.worked.style) for c in kept]

    # Through whole arrays.

    def step_by_step(self) -> Iterator[Section]:
        """Every gradient on the way in terms of those before it: `dJ/dW1 = X.T @ dJ/dz1`."""
        subgraph = self.told.subgraph
        labels = [label for label in subgraph.order if label != self.told.of]
        if steps := subgraph.inner_steps(labels):
            yield steps
        yield "From the loss back, each in terms of those before it:"
        walk = subgraph.walk(labels)
        yield Walk([Row(row.name, row.formula) for row in walk.rows])
        if (legend := subgraph.legend(walk)) is not None:
            yield legend

    def in_matrices(self, matrix: Composed) -> Equations:
        """The whole in one formula, and its numbers where they are few."""
        told = self.told
        rows: list[tuple[str, str]] = [
            ("chain rule", maths.formula(matrix.formula, self.worked.style, self.worked.arrays))
        ]
        if self.whole is not None and self.whole != rows[0][1]:
            rows.append(("simplified", self.whole))
        if matrix.value is not None:
            rows.append(("as numbers" if is_array(told.value) else "as a number", self.number(matrix.value)))
        rows.append(("by backprop", self.number(told.value)))
        return Equations(maths.gradient(told.of, told.name), rows)

    def number(self, value: Any) -> Maths | str:
        """A number or a small array; of a large one its shape."""
        shown = self.worked.show(value)
        return maths.number(shown) if shown is not None else f"an array of shape {show_shape(value.shape)}"

    def closing_of_all(self) -> Lines:
        """Whether the formula in matrices, and SymPy's of single entries, agree with backpropagation."""
        said = []
        if self.matrix_agrees:
            said.append("The formula and backprop agree.")
        elif self.matrix_agrees is False:
            said.append("They differ: the formula and backprop come to other numbers. backprop check tells which.")
        wrong = [one for one in self.found if not one.agrees]
        first = maths.name(self.told.name, (0,) * len(self.worked.shape(self.told.name)))
        if self.found and not wrong:
            whose = f"formulas of its {len(self.found)} entries" if len(self.found) > 1 else "formula of its entry"
            said.append(f"So {'do' if len(self.found) > 1 else 'does'} SymPy's {whose}.")
        for one in wrong:
            said.append(f"SymPy's formula of {one.name}{list(one.entry)} comes to {one.value!r}, not {one.gradient!r}.")
        if is_array(self.told.value):
            said.append(f"Each entry has a formula of its own: derive '{first}'")
        return Lines([(Said(line), 0) for line in said])


def ordered(formula: Expression, order: Mapping[str, int]) -> Expression:
    """The same with the factors of each product in the order of the chain rule; numbers first."""
    if not order:
        return formula

    def place(factor: Expression) -> tuple[int, bool]:
        if isinstance(factor, Number):
            return -1, False
        least = min((order.get(typeset(part), len(order)) for part in postorder(factor)), default=len(order))
        return least, isinstance(factor, Binary) and isinstance(factor.left, Number)  # y, then 1 - y

    def sort(_: Expression, now: Expression) -> Expression:
        if not (isinstance(now, Binary) and now.sign == "*"):
            return now
        return multiplied(sorted(factors_of(now), key=place))

    return rebuilt(formula, sort)


def _positive_first(_: Expression, now: Expression) -> Expression:
    """`p - y` for `-y + p`."""
    match now:
        case Binary(sign="+", left=Unary(sign="-", operand=first), right=second):
            return Binary("-", second, first)
    return now


def _flat(formula: Expression) -> Expression:
    """The same with every entry, `W1[0, 1]`, as a name of its own."""
    return rebuilt(formula, lambda part, now: Name(typeset(part)) if isinstance(part, Index) else now)
