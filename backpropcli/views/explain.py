"""What `backprop explain` says: what one gradient means, the path or paths that lead to it, and a nudge as proof."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from backpropcli.engine.nudge import Nudge
from backpropcli.views.numbers import Precision, component_name, is_array
from backpropcli.views.stages import Stage
from backpropcli.views.table import Column, Table
from backpropcli.views.worked import Factor, Term, Worked

MOST_PATHS = 8
"""So many paths are written out; of more, only the last steps, whose gradients are known by then."""
MOST_EXAMPLES = 20
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")

Section = str | Table
"""A paragraph, or a table."""


class Link(NamedTuple):
    """One step of a path, from the loss's side: `stage` uses `label`, with this local derivative."""

    stage: Stage
    label: str
    local: Factor


class Explanation:
    """The sections about one gradient, `of` by `name` (or its entry `index`); `proof` is a nudge of that number."""

    def __init__(self, worked: Worked, name: str, index: tuple[int, ...], proof: Nudge | None) -> None:
        self.worked = worked
        self.name = name
        self.index = index
        self.proof = proof
        self.of = worked.trace.of
        self.precision: Precision = worked.precision
        self.times = f" {worked.style.times} "
        self.arrow, self.about = ("→", "≈") if worked.style.superscripts else ("->", "~")

    @property
    def label(self) -> str:
        """`dJ/dW1[0, 2]`."""
        return component_name(f"d{self.of}/d{self.name}", self.index)

    def sections(self) -> Iterator[Section]:
        """Everything there is to say, in order."""
        gradient = self.worked.gradient(self.name)
        value = gradient[self.index] if self.index else gradient
        yield self.meaning(value)
        if not self.worked.reaches(self.name):
            yield f"No path leads from {self.name} to {self.of}: {self.of} would be the same whatever {self.name} is."
            return
        if self.name == self.of:
            yield f"Every backward pass starts here: {self.of} rises exactly as much as itself."
            return
        found = self.paths()
        plain = found is not None and all(isinstance(k.local.value, float) for path in found for k in path)
        if found is not None and plain and len(found) == 1:
            yield from self.one_path(found[0])
        elif found is not None and plain:
            yield from self.several_paths(found, value)
        else:
            yield from self.through_users(value)
        if self.proof is not None and (tested := self.tested()):
            yield tested

    def show(self, x: float) -> str:
        """A number as the tables print it."""
        return self.precision.show(float(x))

    # What it means.

    def meaning(self, value: Any) -> str:
        """What the number says: `dJ/dw1 = 6: raise w1 a little, and J rises 6 times as much`."""
        who = component_name(self.name, self.index)
        if is_array(value):
            shown = self.worked.show(value)
            number = shown if shown is not None else "an array of shape " + str(tuple(value.shape)).replace(" ", "")
            return f"{self.label} = {number}: one number for every entry of {who}, how fast {self.of} rises with it."
        x = float(value)
        if x - x != 0.0:
            sense = f"that is no finite number, so it says nothing of {self.of}. backprop run tells where it arises."
        elif x == 0.0:
            sense = f"raise {who} a little, and {self.of} stays as it is."
        else:
            verb = "rises" if x > 0 else "falls"
            much = "just" if abs(x) == 1.0 else f"{self.show(abs(x))} times"
            sense = f"raise {who} a little, and {self.of} {verb} {much} as much."
        return f"{self.label} = {self.show(x)}: {sense}"

    # Paths.

    def paths(self) -> list[list[Link]] | None:
        """Every path from `name` to the loss, as links from the loss back; None where there are too many."""
        done: list[list[tuple[Stage, str]]] = []
        waiting: list[tuple[str, list[tuple[Stage, str]]]] = [(self.name, [])]
        while waiting:
            label, before = waiting.pop()
            for stage in reversed(self.worked.users.get(label, ())):
                path = [*before, (stage, label)]
                if stage.name == self.of:
                    done.append(path)
                else:
                    waiting.append((stage.name, path))
            if len(done) + len(waiting) > MOST_PATHS:
                return None
        if any(stage.operation is not None for path in done for stage, _ in path):
            return None
        found = [[Link(s, k, self.worked.local(s, k)) for s, k in reversed(path)] for path in done]
        return sorted(found, key=lambda path: [-link.stage.slot for link in path], reverse=True)

    def arrows(self, path: Sequence[Link]) -> str:
        """`w1 → t1 → z1 → J`."""
        return f" {self.arrow} ".join([self.name, *(link.stage.name for link in reversed(path))])

    def one_path(self, path: Sequence[Link]) -> Iterator[Section]:
        """The walk from the loss back, a line a local derivative, and the same in one line."""
        yield f"One path leads from {self.name} to {self.of}:  {self.arrows(path)}"
        yield (
            f"Walk it from {self.of} back to {self.name}. Each line multiplies by one local derivative."
            if len(path) > 1
            else "It is one step long, so its local derivative is the gradient."
        )
        cells: list[list[tuple[str, str]]] = []
        remarks: dict[str, None] = {}
        for link in path:
            upstream, gradient = self.worked.upstream(link.stage), self.worked.gradient(link.label)
            cells.append([
                (upstream.text, str(upstream.numbers)), (link.local.text, self.show(link.local.value)),
                (f"d{self.of}/d{link.label}", self.show(gradient)),
            ])  # fmt: skip
            if link.local.remark:
                remarks[link.local.remark] = None
        rows = [
            [link.label, f"{link.stage.name} = {self.worked.formula(link.stage).text}", *row]
            for link, row in zip(path, zip(*map(equations, zip(*cells, strict=True)), strict=True), strict=True)
        ]
        yield Table(
            [Column("to"), Column("through", elastic=True), Column("upstream"), Column("local derivative"),
             Column("gradient")],
            [rows], footers=[f"{remark}." for remark in remarks],
        )  # fmt: skip
        yield self.in_one_line(path)

    def in_one_line(self, path: Sequence[Link]) -> str:
        """The product of all local derivatives, in numbers and in formulas."""
        numbers = self.times.join(["1", *(put(self.show(link.local.value)) for link in path)])
        result = self.show(self.worked.gradient(self.name))
        lines = [f"In one line:   {numbers} = {result}"]
        factors = [link.local.text for link in path if link.local.text != "1"]
        if factors:
            lines.append(f"As a formula:  {self.label} = {self.times.join(map(put, factors))}")
        return "\n".join(lines)

    def several_paths(self, found: Sequence[Sequence[Link]], value: Any) -> Iterator[Section]:
        """Each path's product, and their sum."""
        count = NUMBERS[len(found)] if len(found) < len(NUMBERS) else str(len(found))
        yield f"{count} paths lead from {self.name} to {self.of}. Their products are added:"
        rows = []
        for path in found:
            factors = [put(self.show(link.local.value)) for link in reversed(path) if link.local.text != "1"] or ["1"]
            total = 1.0
            for link in path:
                total *= link.local.value
            rows.append([self.arrows(path), self.times.join(factors), "=", self.show(total)])
        rows.append(["", "sum", "=", self.show(value)])
        yield Table(
            [Column("path", elastic=True), Column("local derivatives", "right"), Column("", gap=1),
             Column("product", "point", gap=1)], [rows],
        )  # fmt: skip
        links = {(link.stage.slot, link.label): link for path in found for link in path}
        rows = [
            [f"d{k.stage.name}/d{k.label}", f"{k.stage.name} = {self.worked.formula(k.stage).text}",
             f"= {k.local.text}", f"= {self.show(k.local.value)}"]
            for _, k in sorted(links.items(), key=lambda item: (item[0][0], item[0][1]))
        ]  # fmt: skip
        yield "Where the factors come from:"
        yield Table([Column("local derivative"), Column("of", elastic=True), Column("formula", elastic=True),
                     Column("here")], [rows])  # fmt: skip
        yield from self.last_steps(value)

    def through_users(self, value: Any) -> Iterator[Section]:
        """The last step of every path, whose upstream gradients are known by then; over the examples of a batch."""
        terms = self.worked.terms(self.name)
        users = ", ".join(term.through.name for term in terms)
        verb = "uses" if len(terms) == 1 else "use"
        yield f"{users} {verb} {self.name}; what comes back from there is known by then."
        yield from self.last_steps(value)
        for term in terms:
            if (table := self.examples(term)) is not None:
                yield table

    def last_steps(self, value: Any) -> Iterator[Section]:
        """The gradient as the sum of its terms, upstream gradients already known."""
        terms, whole = self.worked.terms(self.name), f"d{self.of}/d{self.name}"
        lines = [f"{whole} = {added([term.text for term in terms])}"]
        if all(term.numbers is not None for term in terms):
            lines.append(f"{' ' * len(whole)} = {added([str(term.numbers) for term in terms])}")
        gradient = self.worked.gradient(self.name)
        if (shown := self.worked.show(gradient)) is not None:
            lines.append(f"{' ' * len(whole)} = {shown}")
        remarks = dict.fromkeys(term.remark for term in terms if term.remark)
        if self.index:
            lines.append(f"{self.label} = {self.show(value)} is its entry [{', '.join(map(str, self.index))}].")
        if len(terms) > 1:
            yield f"Each of {', '.join(t.upstream.text for t in terms)} was worked out before, once, and is used again:"
        yield "\n".join([*lines, *remarks])

    def examples(self, term: Term) -> Table | None:
        """The sum over the examples of a batch, one a row, where a number meets a list of them in one step."""
        stage, worked = term.through, self.worked
        shape = worked.shape(stage.name)
        if term.local is None or worked.shape(self.name) or len(shape) != 1 or shape[0] > MOST_EXAMPLES:
            return None
        upstream, local = worked.gradient(stage.name), term.local.value
        rows, total = [], 0.0
        for k in range(shape[0]):
            here = float(local[k]) if is_array(local) else float(local)
            product = float(upstream[k]) * here
            total += product
            rows.append([str(k), self.show(upstream[k]), f"{self.times.strip()} {self.show(here)}", self.show(product)])
        rows.append(["sum", "", "", self.show(total)])
        return Table(
            [Column("example"), Column(f"d{self.of}/d{stage.name}", "point"), Column(f"d{stage.name}/d{self.name}"),
             Column("product", "point")], [rows],
            footers=[f"{self.name} is used once in each of the {shape[0]} examples: their sum is its gradient."],
        )  # fmt: skip

    # The proof.

    def tested(self) -> str:
        """The nudge, beside what the gradient says: `w1 = 2.001 makes J = 2.0060045, so J rose 0.0060045`."""
        assert self.proof is not None
        loss = self.proof.loss
        if loss is None or is_array(loss.before):
            return ""
        who, show = component_name(self.name, self.index), Precision(10).show
        change, there = loss.after - loss.before, show(self.proof.before + self.proof.eps)
        if change - change != 0.0 or loss.derivative - loss.derivative != 0.0:
            return ""
        near = f"{self.show(loss.derivative)}{self.times}{show(self.proof.eps)}"
        verb = "rose" if change > 0 else "fell"
        if change == 0.0:
            return f"Test it: {who} = {there} leaves {self.of} at {show(loss.after)}."
        return (
            f"Test it: {who} = {there} makes {self.of} = {show(loss.after)}, "
            f"so {self.of} {verb} {show(abs(change))} {self.about} {near.removeprefix('-')}."
        )


def equations(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """A column of `text = number`, the signs under each other."""
    widest = max(len(text) for text, _ in pairs)
    return [f"{text:<{widest}} = {number}" for text, number in pairs]


def added(terms: Sequence[str]) -> str:
    """A sum; a term that begins with a sign has its first number in parentheses."""
    return " + ".join(
        [*terms[:1], *(f"({t.split(' ')[0]}){t[len(t.split(' ')[0]):]}" if t[:1] == "-" else t for t in terms[1:])]
    )


def put(factor: str) -> str:
    """A factor inside a product: in parentheses where it begins with a sign or is a sum."""
    plain = factor.strip()
    depth = 0
    for k, c in enumerate(plain):
        depth += (c in "([") - (c in ")]")
        if depth == 0 and ((c == "-" and k == 0) or plain[k : k + 3] in (" + ", " - ")):
            return f"({plain})"
    return plain


def terminal(explanation: Explanation, width: int | None = None) -> Iterator[str]:
    """The sections as lines of plain text."""
    for number, section in enumerate(explanation.sections()):
        if number:
            yield ""
        if isinstance(section, Table):
            yield from section.layout(width).lines()
        else:
            yield from section.splitlines()


def markdown(explanation: Explanation) -> Iterator[str]:
    """The sections as Markdown, the first as a heading."""
    from backpropcli.views.markdown import told

    for number, section in enumerate(explanation.sections()):
        yield from told(section, number == 0)


def latex(explanation: Explanation) -> Iterator[str]:
    """The sections as LaTeX: paragraphs and tables, for a document that inputs them."""
    from backpropcli.views.latex import paragraph, tabular

    for number, section in enumerate(explanation.sections()):
        if isinstance(section, Table):
            yield from tabular(section)
        elif number == 0:
            yield f"\\subsection*{{{paragraph(section)}}}\n"
        else:
            yield " \\\\\n".join(map(paragraph, section.splitlines())) + "\n"
        yield "\n"
