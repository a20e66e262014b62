"""What `backprop derive` says: the local derivatives, the gradient as one formula, its number, and backprop's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Any, NamedTuple

from backpropcli.errors import BackpropError
from backpropcli.spec.formula.parser import parse
from backpropcli.spec.formula.tree import Call, Expression, Index, Name, Number, Unary, postorder, substitute
from backpropcli.symbolic.derive import Derived
from backpropcli.views.explain import Explanation, Link, Section, put
from backpropcli.views.numbers import component_name
from backpropcli.views.primes import textbook
from backpropcli.views.table import Column, Table
from backpropcli.views.typeset import typeset
from backpropcli.views.typeset_latex import latex, latex_name, latex_number, subscripted
from backpropcli.views.worked import Worked

MOST_NUMBERS = 16
"""A formula that uses more numbers than these is not written out with them."""


class Equation(NamedTuple):
    """One line, `left = right` with what it is, as text and in LaTeX."""

    what: str
    left: str
    right: str
    tex: str


class Derivation:
    """The sections about one gradient: `found` has its formulas, or `problem` says why there are none."""

    def __init__(self, told: Explanation, found: Sequence[Derived], problem: BackpropError | None) -> None:
        self.told = told
        self.worked: Worked = told.worked
        self.found = found
        self.problem = problem

    def __str__(self) -> str:
        return "\n".join(terminal(self))

    @property
    def agrees(self) -> bool:
        """Whether every formula's number is backpropagation's."""
        return all(one.agrees for one in self.found)

    def links(self) -> list[Link]:
        """The local derivatives that the chain rule needs, from the loss back, where all are plain numbers."""
        paths = self.told.paths() if self.told.name != self.told.of else None
        if not paths or not all(isinstance(k.local.value, float) for path in paths for k in path):
            return []
        links = {(-link.stage.slot, link.label): link for path in paths for link in path}
        return [links[key] for key in sorted(links)]

    def chain(self) -> Table | None:
        """The local derivatives, one a line."""
        show = self.told.show
        rows = [
            [f"d{k.stage.name}/d{k.label}", f"{k.stage.name} = {self.worked.formula(k.stage).text}",
             f"= {k.local.text}", f"= {show(k.local.value)}"]
            for k in self.links()
        ]  # fmt: skip
        if not rows:
            return None
        columns = [Column("local derivative"), Column("of", elastic=True), Column("formula", elastic=True),
                   Column("here")]  # fmt: skip
        return Table(columns, [rows])

    def matrices(self) -> list[str]:
        """For arrays, every gradient on the way in terms of those before it: `dJ/dW1 = X.T @ dJ/dz1`."""
        name, worked = self.told.name, self.worked
        onward, waiting = {name}, [name]
        while waiting:
            for stage in worked.users.get(waiting.pop(), ()):
                if stage.name not in onward:
                    onward.add(stage.name)
                    waiting.append(stage.name)
        lines = []
        for label in worked.order():
            if label in onward and label != self.told.of:
                terms = " + ".join(term.text for term in worked.terms(label))
                lines.append(f"d{self.told.of}/d{label} = {terms}")
        return lines

    def product(self) -> str:
        """The chain rule in one line: each path's local derivatives, multiplied, and the paths added."""
        paths = self.told.paths() if self.links() else None
        factors = [[put(k.local.text) for k in path if k.local.text != "1"] or ["1"] for path in paths or ()]
        return " + ".join(self.told.times.join(one) for one in factors)

    def equations(self, one: Derived) -> Iterator[Equation]:
        """The lines of one formula, as it is composed, simplified, and worked out."""
        style = self.worked.style
        left = component_name(f"d{self.told.of}/d{one.name}", one.entry)
        formula = self.tree(one.formula)
        if chained := self.product():
            yield Equation("chain rule", left, chained, "")
        yield Equation("simplified", left, typeset(formula, style), latex(formula))
        whole = formula
        if one.in_data is not None and one.in_data != one.formula:
            whole = self.tree(one.in_data)
            yield Equation("in the data alone", left, typeset(whole, style), latex(whole))
        elif one.in_data is None:
            yield Equation("in the data alone", left, one.problem, "")
        numbers = self.numbers(formula)
        shown = self.told.show(one.value)
        names = [part for part in postorder(_flat(formula)) if isinstance(part, Name)]
        if names and len(names) <= MOST_NUMBERS:
            put_in = typeset(_flat(formula), style, numbers=numbers)
            yield Equation("numbers put in", left, f"{put_in} = {shown}" if put_in != shown else shown,
                           latex(_flat(formula), numbers=numbers) + f" = {latex_number(shown)}")  # fmt: skip
        else:
            yield Equation("as a number", left, shown, latex_number(shown))
        yield Equation("by backprop", left, self.told.show(one.gradient), latex_number(self.told.show(one.gradient)))

    def tree(self, text: str) -> Expression:
        """A formula of ours, read."""
        return parse(text, self.worked.graph.nodes)

    def numbers(self, formula: Expression) -> dict[str, str]:
        """The numbers of all names and entries in a formula."""
        found = {}
        for part in postorder(_flat(formula)):
            if isinstance(part, Name):
                name, _, inside = part.name.partition("[")
                if name in self.worked.graph.nodes:
                    value = self.worked.value(name)
                    place = tuple(int(k) for k in inside.rstrip("]").split(",")) if inside else ()
                    found[part.name] = self.told.show(value[place] if place else value)
        return found

    def closing(self, one: Derived) -> list[str]:
        """The conditions, and whether both agree."""
        said = []
        if one.while_:
            style = self.worked.style
            said.append("This holds while " + _and([typeset(self.tree(c), style) for c in one.while_]) + ".")
        if one.agrees:
            said.append("The formula and backprop agree.")
        else:
            said.append(f"They differ: the formula comes to {one.value!r}, backprop to {one.gradient!r}.")
        return said

    def sections(self) -> Iterator[Section | list[Equation]]:
        """Everything there is to say, in order."""
        yield f"{self.told.label} as a formula"
        if not self.worked.reaches(self.told.name):
            yield f"No path leads from {self.told.name} to {self.told.of}, so it is 0."
            return
        if (chain := self.chain()) is not None:
            yield chain
        elif self.told.name != self.told.of:
            yield "From the loss back, each in terms of those before it:"
            yield "\n".join(f"  {line}" for line in self.matrices())
        for one in self.found:
            yield list(self.equations(one))
            yield "\n".join(self.closing(one))
        if self.problem is not None:
            yield f"No single formula: {self.problem}"


def _flat(formula: Expression) -> Expression:
    """The same with every entry, `W1[0, 1]`, as a name of its own."""
    stack: list[Expression] = []
    for part in postorder(formula):
        count = len(part.parts())
        inside = tuple(stack[len(stack) - count :])
        del stack[len(stack) - count :]
        now = part.with_parts(inside) if count else part
        stack.append(Name(typeset(part)) if isinstance(part, Index) else now)
    return stack[0]


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def terminal(derivation: Derivation, width: int | None = None) -> Iterator[str]:
    """The sections as lines of plain text."""
    for number, section in enumerate(derivation.sections()):
        if number:
            yield ""
        if isinstance(section, list):
            yield from _lines(section, width)
        elif isinstance(section, Table):
            yield from section.layout(width).lines()
        else:
            yield from section.splitlines()


def _lines(section: Sequence[Equation], width: int | None) -> Iterator[str]:
    """The equations with their signs under each other; a long one goes on under its sign."""
    what = max(len(line.what) for line in section) + 2
    left = what + len(section[0].left) + 1
    for k, line in enumerate(section):
        head = f"{line.what:<{what}}{line.left if not k else '':<{left - what}}"
        words = f"= {line.right}" if line.tex or not k else line.right
        room = max((width or 10**9) - left, 30)
        for number, piece in enumerate(wrap(words, room, subsequent_indent="  ", break_long_words=False)):
            yield (head if not number else " " * left) + piece


def markdown(derivation: Derivation) -> Iterator[str]:
    """The sections as Markdown, the first as a heading."""
    from backpropcli.views.markdown import told

    for number, section in enumerate(derivation.sections()):
        if isinstance(section, list):
            rows: list[list[Any]] = [[line.what, f"{line.left} = {line.right}" if line.tex or not k else line.right]
                                     for k, line in enumerate(section)]  # fmt: skip
            yield from told(Table([Column("step"), Column("formula")], [rows]), False)
        else:
            yield from told(section, number == 0)


def latex_text(derivation: Derivation) -> Iterator[str]:
    """The sections as LaTeX, for a document that inputs them and uses amsmath."""
    from backpropcli.views.latex import paragraph, tabular

    links = derivation.links()
    for number, section in enumerate(derivation.sections()):
        if isinstance(section, list):
            rows = [(_left(line.left) if not k else "", line.tex) for k, line in enumerate(section) if line.tex]
            rows = [(_left(section[0].left), rows[0][1]), *rows[1:]]
            yield from _aligned(rows)
        elif isinstance(section, Table) and links:
            yield from _aligned([_local(derivation, link) for link in links])
        elif isinstance(section, Table):
            yield from tabular(section)
        elif number == 0:
            yield f"\\subsection*{{{paragraph(section)}}}\n"
        else:
            yield " \\\\\n".join(map(paragraph, section.splitlines())) + "\n"
        yield "\n"


def _aligned(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield "\\begin{align*}\n"
    yield " \\\\\n".join(f"  {left} &= {right}" for left, right in rows)
    yield "\n\\end{align*}\n"


def _left(text: str) -> str:
    name, bracket, index = text.partition("[")
    above, _, below = name.partition("/d")
    if not bracket:
        return latex_name(name)
    entry = f"{subscripted(latex_name(below))}_{{[{index.rstrip(']')}]}}"
    return rf"\frac{{\partial {latex_name(above[1:])}}}{{\partial {entry}}}"


def _local(derivation: Derivation, link: Link) -> tuple[str, str]:
    """A local derivative and its number in LaTeX."""
    left = latex_name(f"d{link.stage.name}/d{link.label}")
    number = latex_number(derivation.told.show(link.local.value))
    formula = link.stage.derivative(link.label)
    if formula is None:
        return left, number
    shown, primes = textbook(formula, link.stage.formula, link.stage.name, link.stage.find)
    calls = {p.name: Call(p.call.name, p.call.arguments, prime=True) for p in primes if "'" in p.name}
    text = latex(substitute(shown, calls))
    plain = isinstance(shown, Number) or (isinstance(shown, Unary) and isinstance(shown.operand, Number))
    return left, text if plain and text == number else f"{text} = {number}"


def derive_json(found: Sequence[Derivation], source: str) -> Iterator[str]:
    """`backprop.derive/1`: {"format", "spec", "loss", "agrees", "gradients": [{"name", "chain": [{"of", "by",
    "formula", "value"}], "problem", "formulas": [{"index", "formula", "in_data", "while", "value", "backprop",
    "agrees"}]}]}. Formulas are in the language of the spec; the chain's are as people write them.
    """
    from backpropcli.views.json import anything

    gradients = [
        {
            "name": one.told.name,
            "chain": [{"of": k.stage.name, "by": k.label, "formula": k.local.text, "value": k.local.value}
                      for k in one.links()],
            "problem": str(one.problem) if one.problem is not None else None,
            "formulas": [
                {"index": list(d.entry), "formula": d.formula, "in_data": d.in_data, "while": list(d.while_),
                 "value": d.value, "backprop": d.gradient, "agrees": d.agrees} for d in one.found
            ],
        } for one in found
    ]  # fmt: skip
    yield anything({
        "format": "backprop.derive/1", "spec": source, "loss": found[0].told.of if found else None,
        "agrees": all(one.agrees for one in found), "gradients": gradients,
    }) + "\n"  # fmt: skip
