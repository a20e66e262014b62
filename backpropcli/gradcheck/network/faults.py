"""Bugs put into one operation's backward pass on purpose, so that the check can be seen catching them.

`NODE:KIND` breaks what a node passes back, `NODE.2:KIND` the second step inside its formula, `NODE:ARGUMENT:KIND` only
what it passes to one argument, which is a name that its formula uses or what the operation calls it. Of what runs
through time `h:KIND` breaks the rule, in every row, and `h[3]:KIND` one row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.engine import Plan, run
from backpropcli.errors import UsageError
from backpropcli.gradcheck.mistakes.mutations import mistaken, with_operations
from backpropcli.gradcheck.mistakes.table import DETACHED, DROPPED, READ_OUT, SIGN, Mistake, Right, scaled
from backpropcli.gradcheck.network.culprit import argument_names
from backpropcli.gradcheck.point.owner import rows
from backpropcli.gradcheck.report import Fault
from backpropcli.language.recurrence.keys import subscript
from backpropcli.ops.definition import Operation, Structural, Value
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.graph import Graph, Node

KINDS = {"sign": SIGN, "scale": scaled(1.0), "drop": DROPPED, "transpose": READ_OUT, "detach": DETACHED}
"""What may be broken on purpose; the factor of `scale=F` is told."""
UNMOVED = {
    "scale=1": "A factor of 1 is no fault.",
    "transpose": "What is passed on there is 0, or symmetric.",
    "": "What is passed on there is 0, or reaches none of the gradients that are checked.",
}
"""Why a fault of a kind may change nothing."""


class Site(NamedTuple):
    """One place to break: what step `slot` passes to its argument number `k`."""

    slot: int
    k: int


class Asked(NamedTuple):
    """What `--fault` says: the text, the node or a step of it, an argument's name or none, the kind, its factor."""

    text: str
    label: str
    argument: str
    kind: str
    factor: float = 0.0

    @property
    def mistake(self) -> Mistake[Right]:
        """What is done to what is passed on there."""
        return scaled(self.factor) if self.kind == "scale" else KINDS[self.kind]

    def error(self, words: str, hint: str = "") -> UsageError:
        """An error about it."""
        return UsageError(f"--fault {self.text}{words}", hint=hint)


def inject(
    graph: Graph, values: Mapping[str, Value], of: str, text: str, names: Sequence[str], upstream: Value | None = None
) -> tuple[Graph, Fault]:
    """A copy of the graph with the fault that `text` describes, and the fault; `names` are those whose gradients count.

    Raises UsageError where the words are wrong, there is nothing to break, or no gradient would change.
    """
    asked = _read(text)
    nodes = _nodes(graph, asked)
    sites = [site for node in nodes for site in _sites(graph, node, asked)]
    if not any(graph.nodes[of].slot in (node.slot, *graph.downstream(node.slot)) for node in nodes):
        raise asked.error(f": no path leads from {nodes[0].name} to {of}, so no gradient comes by there")
    wrong = {}
    for slot in sorted({s for s, _ in sites}):
        operation = graph.operations[slot]
        assert operation is not None
        wrong[slot] = mistaken(operation, {k for s, k in sites if s == slot}, asked.mistake)
    broken = with_operations(graph, wrong)
    name, moves = _moved(graph, broken, values, of, names, upstream)
    if not moves:
        hint = UNMOVED.get("scale=1" if asked.factor == 1.0 else asked.kind, UNMOVED[""])
        raise asked.error(" changes no gradient here, so there is nothing to catch", hint)
    labels = graph.labels()
    steps = tuple(dict.fromkeys(labels[s] for s, _ in sites))
    what = f"the gradient that {asked.label} passes {_to(graph, sites, asked)}{asked.mistake.fault}"
    return broken, Fault(text, steps, what, name, moves)


# The words.


def _read(text: str) -> Asked:
    """`NODE[:ARGUMENT]:KIND`, where the kind may have a factor."""
    where, colon, last = text.rpartition(":")
    kind, equals, number = last.strip().partition("=")
    label, _, argument = where.partition(":")
    asked = Asked(text, label, argument, kind)
    if not colon or not where:
        raise asked.error(": expected NODE:KIND, such as --fault a1:sign", _kinds())
    if kind == "scale":
        return asked._replace(factor=_factor(asked, number))
    if kind not in KINDS:
        raise asked.error(f": {kind or 'nothing'} is no kind of fault{did_you_mean(kind, KINDS)}", _kinds())
    if equals:
        raise asked.error(": only scale takes a number", f"Such as {where}:scale={number or 2}")
    return asked


def _factor(asked: Asked, number: str) -> float:
    where = asked.text.rpartition(":")[0]
    try:
        factor = float(number)
    except ValueError:
        raise asked.error(f": scale needs a number, such as {where}:scale=2") from None
    if factor - factor != 0:
        raise asked.error(f": scale needs a finite number, such as {where}:scale=2")
    return factor


def _kinds() -> str:
    return "The kinds are sign, scale=F, drop, transpose and detach."


# The places.


def _nodes(graph: Graph, asked: Asked) -> list[Node]:
    """The nodes that are meant, by themselves or by a step of them: of what runs through time those of its rule."""
    name = asked.label.partition(".")[0]
    said = subscript(name)
    every = [graph.nodes[row] for row in rows(graph, said.name if said and said.row is None else name)]
    return [node for node in every if not _given(node)] or [_node(graph, asked, name)]


def _given(row: Node) -> bool:
    """Whether a row is one that its recurrence starts with."""
    said = subscript(str(row.path[-1]))
    return said is None or said.starts


def _node(graph: Graph, asked: Asked, name: str) -> Node:
    node = graph.nodes.get(name)
    if node is None:
        raise asked.error(f": there is no node {name}{did_you_mean(name, graph.names('node'))}")
    if node.kind != "node":
        users = [user for user, n in graph.nodes.items() if name in n.inputs]
        number = "=2" if asked.kind == "scale" else ""
        hint = f"Break a node that uses it:  {users[0]}:{name}:{asked.kind}{number}" if users else ""
        raise asked.error(f": {name} is {_a(node.kind)}: it has no backward pass", hint)
    return node


def _steps(graph: Graph, node: Node, asked: Asked) -> Sequence[int]:
    """The steps of the node that are meant: all of them, or the one that is numbered."""
    steps = graph.steps(node.name)
    _, dot, number = asked.label.partition(".")
    if not dot:
        return steps
    if not number.isdecimal() or not 1 <= int(number) <= len(steps):
        inner = "one step, so it is written without a number" if len(steps) == 1 else f"{len(steps)} steps"
        raise asked.error(f": {node.name} = {node.formula} has {inner}", _listing(graph, node.name))
    return [steps[int(number) - 1]]


def _sites(graph: Graph, node: Node, asked: Asked) -> list[Site]:
    """The places to break."""
    steps = _steps(graph, node, asked)
    sites = [
        Site(s, k)
        for s in steps
        for k, a in enumerate(graph.arguments[s])
        if a not in graph.constants and not graph.stops(s)
    ]
    if asked.argument:
        sites = _of_argument(graph, sites, steps, asked)
    if asked.kind == "transpose":
        sites = _matrices(graph, sites, node, asked)
    elif not asked.argument:
        sites = [site for site in sites if site.slot == steps[-1]]
    if asked.kind == "drop" and not asked.argument:
        learned = _from_parameters(graph)
        sites = ([s for s in sites if learned[graph.arguments[s.slot][s.k]]] or sites)[:1]
    if not sites:
        why = "it is stopped" if any(map(graph.stops, steps)) else "it is made of constants"
        raise asked.error(f": {asked.label} passes no gradient on: {why}")
    return sites


def _from_parameters(graph: Graph) -> bytearray:
    """A mark on every slot that a parameter leads to."""
    reached = bytearray(len(graph))
    for name in graph.names("parameter"):
        reached[graph.nodes[name].slot] = 1
    for slot, arguments in enumerate(graph.arguments):
        if any(reached[a] for a in arguments):
            reached[slot] = 1
    return reached


def _of_argument(graph: Graph, sites: list[Site], steps: Sequence[int], asked: Asked) -> list[Site]:
    """The places where a step passes a gradient to this argument: a name, or what the last operation calls it."""
    argument = asked.argument
    if argument in graph.nodes:
        slot = graph.nodes[argument].slot
        found = [site for site in sites if graph.arguments[site.slot][site.k] == slot]
        if found:
            return found
    last = steps[-1]
    operation = graph.operations[last]
    assert operation is not None
    called = argument_names(operation, len(graph.arguments[last]))
    found = [site for site in sites if site.slot == last and called[site.k] == argument]
    if found:
        return found
    names = {node.slot: name for name, node in graph.nodes.items()}
    known = list(dict.fromkeys(names[a] for s, k in sites if (a := graph.arguments[s][k]) in names)) or called
    raise asked.error(
        f": there is no argument {argument} there{did_you_mean(argument, known)}",
        f"It passes a gradient to {', '.join(known)}.",
    )


def _matrices(graph: Graph, sites: list[Site], node: Node, asked: Asked) -> list[Site]:
    """The places where a whole matrix is passed on; without an argument's name, the last of them."""
    whole = [site for site in sites if isinstance(graph.operations[site.slot], Structural) and _rank(graph, site) >= 2]
    if not whole:
        flat = all(len(graph.shapes[graph.arguments[s][k]]) < 2 for s, k in sites)
        why = "passes no matrix on" if flat else "works entry by entry: nothing in it can be transposed"
        raise asked.error(f": {node.name} = {node.formula} {why}", "transpose breaks a product such as x @ W.")
    if asked.argument:
        return whole
    # A sum passes the same number to every entry: a product or a permutation is worth more.
    worth = [site for site in whole if _weighs(graph.operations[site.slot])] or whole
    return [site for site in worth if site.slot == worth[-1].slot][-1:]


def _weighs(operation: Operation | None) -> bool:
    return isinstance(operation, Structural) and (operation.copies or operation.contracts)


def _rank(graph: Graph, site: Site) -> int:
    operation, argument = graph.operations[site.slot], graph.arguments[site.slot][site.k]
    if operation is not None and operation.written:  # an index hands on what it takes
        return len(graph.options[site.slot].taken)
    return len(graph.shapes[argument])


def _listing(graph: Graph, name: str) -> str:
    steps = graph.steps(name)
    if len(steps) == 1:
        return ""
    return "\n".join(f"{name}.{k}  {getattr(graph.operations[s], 'name', '')}" for k, s in enumerate(steps, 1))


def _a(kind: str) -> str:
    return "an input" if kind == "input" else f"a {kind}"


def _to(graph: Graph, sites: Sequence[Site], asked: Asked) -> str:
    """`on `, or `to a1 `, where only some of a step's arguments are meant."""
    steps = {s for s, _ in sites}
    passed = {(s, k) for s in steps for k, a in enumerate(graph.arguments[s]) if a not in graph.constants}
    if passed == set(sites) and not asked.argument:
        return "on "
    labels = graph.labels()
    slot, k = sites[0]
    operation = graph.operations[slot]
    assert operation is not None
    return f"to {labels.get(graph.arguments[slot][k]) or argument_names(operation, k + 1)[k]} "


# What the fault does.


def _moved(
    graph: Graph, broken: Graph, values: Mapping[str, Value], of: str, names: Sequence[str], upstream: Value | None
) -> tuple[str, float]:
    """The gradient that changes most, and by how much: relative to the larger of the two; 0 where none does."""
    right, wrong = (run(Plan(g), values, of, upstream, True) for g in (graph, broken))
    worst, most = "", 0.0
    for name in names:
        moved = _distance(right.gradient(name), wrong.gradient(name))
        if moved > most:
            worst, most = name, moved
    return worst, most


def _distance(a: Any, b: Any) -> float:
    if not getattr(a, "shape", ()):
        gap = abs(a - b)
        return float(gap / max(abs(a), abs(b))) if gap else 0.0
    import numpy as np

    gap = np.abs(a - b)
    size = np.maximum(np.abs(a), np.abs(b))
    return float(np.max(np.divide(gap, size, out=np.zeros_like(gap), where=gap > 0), initial=0.0))
