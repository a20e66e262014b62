"""Forms that lose digits, beside forms of the same value that keep them: one table, found in a graph by its structure.

Both sides are written in the tool's own language, over letters that stand for anything. A form is offered only after
its value was compared with the node's at 50 digits, and found better in float64.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from backpropcli.graph import Graph
from backpropcli.language.formula.lower import Lowering
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.show import show
from backpropcli.language.formula.steps import signed, step_formula
from backpropcli.language.formula.tree import Expression, Name, substitute
from backpropcli.ops.definition import UNIT_SLOPE, Elementwise, Operation

FORMS: tuple[tuple[str, str], ...] = (
    ("1 - cos(a)", "2*sin(a/2)**2"),
    ("cos(a) - 1", "-2*sin(a/2)**2"),
    ("cosh(a) - 1", "2*sinh(a/2)**2"),
    ("cos(a) - cos(b)", "-2*sin((a + b)/2)*sin((a - b)/2)"),
    ("sin(a) - sin(b)", "2*cos((a + b)/2)*sin((a - b)/2)"),
    ("tan(a) - sin(a)", "2*tan(a)*sin(a/2)**2"),
    ("exp(a) - 1", "expm1(a)"),
    ("1 - exp(a)", "-expm1(a)"),
    ("exp(a) - exp(b)", "exp(b)*expm1(a - b)"),
    ("exp(a) - exp(-a)", "2*sinh(a)"),
    ("(exp(a) - exp(-a)) / (exp(a) + exp(-a))", "tanh(a)"),
    ("1 - ((exp(a) - exp(-a)) / (exp(a) + exp(-a)))**2", "1/cosh(a)**2"),
    ("log(1 + a)", "log1p(a)"),
    ("log(1 - a)", "log1p(-a)"),
    ("log(a) - log(b)", "log1p((a - b)/b)"),
    ("log(1 + exp(a))", "softplus(a)"),
    ("log(1 - exp(a))", "log(-expm1(a))"),
    ("-log(1 - 1/(1 + exp(-a)))", "softplus(a)"),
    ("log(1 - 1/(1 + exp(-a)))", "-softplus(a)"),
    ("log(1 - 1/(1 + exp(a)))", "-softplus(-a)"),
    ("-log(1/(1 + exp(-a)))", "softplus(-a)"),
    ("log(1/(1 + exp(-a)))", "-softplus(-a)"),
    ("1 - 1/(1 + exp(-a))", "1/(1 + exp(a))"),
    ("1/(1 + exp(-a)) - 0.5", "tanh(a/2)/2"),
    ("log(sigmoid(a))", "-softplus(-a)"),
    ("log(1 - sigmoid(a))", "-softplus(a)"),
    ("1 - sigmoid(a)", "sigmoid(-a)"),
    ("exp(a) / (1 + exp(a))", "sigmoid(a)"),
    ("1 - tanh(a)**2", "1/cosh(a)**2"),
    ("1 - tanh(a)", "2*sigmoid(-2*a)"),
    ("1 + tanh(a)", "2*sigmoid(2*a)"),
    ("log(1 - tanh(a))", "log(2*sigmoid(-2*a))"),
    ("log(1 - tanh(a)**2)", "-2*log(cosh(a))"),
    ("log(cosh(a))", "log1p(2*sinh(a/2)**2)"),
    ("1 - erf(a)", "erfc(a)"),
    ("log(exp(a) + exp(b))", "logaddexp(a, b)"),
    ("exp(a) / (exp(a) + exp(b))", "sigmoid(a - b)"),
    ("log(sum(exp(a)))", "logsumexp(a)"),
    ("exp(a) / sum(exp(a))", "softmax(a)"),
    ("log(exp(a) / sum(exp(a)))", "log_softmax(a)"),
    ("log(softmax(a))", "log_softmax(a)"),
    ("log(prod(a))", "sum(log(a))"),
    ("sqrt(1 + a) - 1", "a/(sqrt(1 + a) + 1)"),
    ("1 - sqrt(1 - a)", "a/(1 + sqrt(1 - a))"),
    ("1 - sqrt(1 + a)", "-a/(1 + sqrt(1 + a))"),
    ("sqrt(a**2 + b**2)", "hypot(a, b)"),
    ("sqrt(a*a + b*b)", "hypot(a, b)"),
    ("sqrt(sum(a**2))", "norm(a)"),
    ("sqrt(a**2 + b) - a", "b/(sqrt(a**2 + b) + a)"),
    ("sqrt(a**2 - b) - a", "-b/(sqrt(a**2 - b) + a)"),
    ("a - sqrt(a**2 + b)", "-b/(sqrt(a**2 + b) + a)"),
    ("a - sqrt(a**2 - b)", "b/(a + sqrt(a**2 - b))"),
    ("-a + sqrt(a**2 - b)", "-b/(a + sqrt(a**2 - b))"),
    ("sqrt(a + b) - sqrt(a)", "b/(sqrt(a + b) + sqrt(a))"),
    ("sqrt(a) - sqrt(b)", "(a - b)/(sqrt(a) + sqrt(b))"),
    ("a**2 - b**2", "(a - b)*(a + b)"),
    ("1/a - 1/(a + b)", "b/(a*(a + b))"),
    ("1/a - 1/b", "(b - a)/(a*b)"),
    ("(a + b)**2 - a**2", "b*(2*a + b)"),
    ("(1 + a)**b - 1", "expm1(b*log1p(a))"),
    ("arctan(a) - arctan(b)", "arctan((a - b)/(1 + a*b))"),
    ("arccos(1 - a)", "2*arcsin(sqrt(a/2))"),
    ("arccosh(1 + a)", "2*arcsinh(sqrt(a/2))"),
    ("mean(a**2) - mean(a)**2", "mean((a - mean(a))**2)"),
    ("sqrt(mean(a**2) - mean(a)**2)", "std(a)"),
    ("a + b - a", "b"),
    ("a - (a - b)", "b"),
)
"""A formula that may lose digits, and one of the same value that keeps them."""
LETTERS = ("a", "b")
HIDDEN = {letter: f"__{letter}__" for letter in LETTERS}
"""What the letters are called in a graph that has names of its own."""
DEEPEST = 40
"""An expression of more steps than this is not written out in a suggestion."""


class Found(NamedTuple):
    """A form in a graph: at the slot `root`, made of the steps `inside`, its letters standing for these slots."""

    root: int
    inside: frozenset[int]
    letters: Mapping[str, int]
    instead: str


class Pattern(NamedTuple):
    """A form made ready: its graph, where its letters stand in it, and what to write instead."""

    graph: Graph
    root: int
    letters: Mapping[int, str]
    instead: str


@cache
def patterns() -> tuple[Pattern, ...]:
    """The table, made ready when it is first needed; the largest forms first."""
    found = []
    for formula, instead in FORMS:
        graph = Graph()
        letters = {graph.add_data(letter, "input", (2,)): letter for letter in LETTERS}
        root = Lowering(graph).node("y", parse(formula), formula).slot
        found.append(Pattern(graph, root, letters, instead))
    return tuple(sorted(found, key=lambda p: -len(p.graph)))


def forms(graph: Graph, root: int) -> Iterator[Found]:
    """The forms of the table that a step is the last step of, the largest first."""
    operation = graph.operations[root]
    for pattern in patterns():
        last = pattern.graph.operations[pattern.root]
        if operation is not None and last is not None and operation.name == last.name:
            for letters, inside in _fits(graph, root, pattern, pattern.root, {}):
                yield Found(root, inside, letters, pattern.instead)
                break


Fit = tuple[dict[str, int], frozenset[int]]
"""What the letters stand for so far, and the steps that were matched."""


def _fits(graph: Graph, slot: int, pattern: Pattern, at: int, letters: dict[str, int]) -> Iterator[Fit]:
    """The ways in which a slot is what a pattern has at a place, given what its letters stand for already."""
    slot = _behind(graph, slot)
    letter, operation = pattern.letters.get(at), pattern.graph.operations[at]
    if letter is not None:
        if letter not in letters or _same(graph, letters[letter], slot):
            yield {letter: slot, **letters}, frozenset()
        return
    if operation is None:
        value = graph.constants.get(slot)
        if value is not None and not getattr(value, "ndim", 0) and value == pattern.graph.constants[at]:
            yield letters, frozenset()
        return
    own = graph.operations[slot]
    wanted, given = pattern.graph.arguments[at], graph.arguments[slot]
    if own is None or own.name != operation.name or len(wanted) != len(given):
        return
    for order in (given, given[::-1]) if operation.commutative else (given,):
        for found, inside in _fit_all(graph, list(order), pattern, list(wanted), letters):
            yield found, inside | {slot}


def _fit_all(
    graph: Graph, slots: list[int], pattern: Pattern, places: list[int], letters: dict[str, int]
) -> Iterator[Fit]:
    """The ways in which slots are what a pattern has at places, one after the other."""
    if not slots:
        yield letters, frozenset()
        return
    for found, inside in _fits(graph, slots[0], pattern, places[0], letters):
        for rest, more in _fit_all(graph, slots[1:], pattern, places[1:], found):
            yield rest, inside | more


def _behind(graph: Graph, slot: int) -> int:
    """The slot itself, or what it only gives another name to."""
    while isinstance(operation := graph.operations[slot], Elementwise) and operation.partials == (UNIT_SLOPE,):
        slot = graph.arguments[slot][0]
    return slot


def _same(graph: Graph, one: int, other: int) -> bool:
    """Whether two slots hold the same number for certain."""
    if one == other:
        return True
    a, b = graph.constants.get(one), graph.constants.get(other)
    if a is not None and b is not None:
        return not getattr(a, "ndim", 0) and not getattr(b, "ndim", 0) and bool(a == b)
    first, second = graph.operations[one], graph.operations[other]
    if first is None or second is None or first.name != second.name or {one, other} & graph.options.keys():
        return False
    own, others = graph.arguments[one], graph.arguments[other]
    return len(own) == len(others) and all(_same(graph, a, b) for a, b in zip(own, others, strict=True))


# Another form in the same network.


def rewritten(graph: Graph, found: Found) -> tuple[Graph, dict[int, int]]:
    """The graph with the other form in the place of the old one, and where each old slot is in it.

    Raises BackpropError where the form does not fit the shapes.
    """
    new = Graph()
    moved: dict[int, int] = {}
    ends = {node.slot: node for node in graph.nodes.values()}
    for slot, operation in enumerate(graph.operations):
        if slot == found.root:
            moved[slot] = _instead(new, found, moved)
        elif operation is not None:
            moved[slot] = new.add_planned(
                operation, tuple(moved[a] for a in graph.arguments[slot]), graph.shapes[slot], graph.options.get(slot)
            )
        elif slot in graph.constants:
            moved[slot] = new.add_constant(graph.constants[slot], graph.shapes[slot])
        else:
            moved[slot] = new.add_data(ends[slot].name, ends[slot].kind, graph.shapes[slot])
        if slot in ends and ends[slot].kind == "node":
            node = ends[slot]
            new.nodes[node.name] = node._replace(first=moved[slot], slot=moved[slot])
    return new, moved


def _instead(new: Graph, found: Found, moved: Mapping[int, int]) -> int:
    """The steps of the other form; the slot of its value."""
    for letter, slot in found.letters.items():
        new.add_alias(HIDDEN[letter], moved[slot])
    tree = substitute(parse(found.instead), {letter: Name(name) for letter, name in HIDDEN.items()})
    root = Lowering(new).node("__y__", tree, found.instead).slot
    for name in ("__y__", *(HIDDEN[letter] for letter in found.letters)):
        del new.nodes[name]
    return root


def text(graph: Graph, found: Found) -> str:
    """The other form over what stands in the network: `2*sin(x/2)**2`."""
    known = {letter: expression(graph, slot) for letter, slot in found.letters.items()}
    return show(substitute(parse(found.instead), known))


def old(graph: Graph, found: Found) -> str:
    """The form as it stands in the network: `1 - cos(x)`."""
    return show(expression(graph, found.root, named=False))


def expression(graph: Graph, slot: int, named: bool = True) -> Expression:
    """What a slot is, as one would write it: a name (unless it is not to be `named`), a number, or an operation."""
    names = {node.slot: node.name for node in graph.nodes.values()}

    def written(s: int, left: int) -> Expression:
        operation = graph.operations[s]
        if s in names and (named or s != slot):
            return Name(names[s])
        if s in graph.constants and not getattr(graph.constants[s], "ndim", 0):
            return signed(float(graph.constants[s]))
        if operation is None or left <= 0 or not _plain(graph, s, operation):
            return Name("...")
        return step_formula(operation, [written(a, left - 1) for a in graph.arguments[s]])

    return written(slot, DEEPEST)


def _plain(graph: Graph, slot: int, operation: Operation) -> bool:
    """Whether a step can be written without options."""
    return isinstance(operation, Elementwise) or not vars(graph.options.get(slot) or object)
