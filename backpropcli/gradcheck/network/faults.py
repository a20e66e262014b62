"""Bugs put into one operation's backward pass on purpose, so that the check can be seen catching them.

`NODE:KIND` breaks what a node passes back, `NODE.2:KIND` the second step inside its formula, `NODE:ARGUMENT:KIND` only
what it passes to one argument, which is a name that its formula uses or what the operation calls it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from backpropcli.engine import Plan, run
from backpropcli.errors import UsageError
from backpropcli.gradcheck.network.culprit import argument_names
from backpropcli.gradcheck.report import Fault
from backpropcli.graph import Graph
from backpropcli.ops.definition import Elementwise, Operation, Part, Structural, Value
from backpropcli.suggest import did_you_mean

KINDS = ("sign", "scale=F", "drop", "transpose", "detach")
WORDS = {
    "sign": "has the wrong sign",
    "drop": "is forgotten",
    "transpose": "is transposed",
    "detach": "stops there, as behind a detach()",
}

BROKEN = "broken on purpose"
Bug = Callable[[Any, Any], Any]
"""`(xp, gradient)` to a wrong gradient."""


class Site(NamedTuple):
    """One place to break: what step `slot` passes to its argument number `k`."""

    slot: int
    k: int


def inject(
    graph: Graph, values: Mapping[str, Value], of: str, text: str, names: Sequence[str], upstream: Value | None = None
) -> tuple[Graph, Fault]:
    """A copy of the graph with the fault that `text` describes, and the fault; `names` are those whose gradients count.

    Raises UsageError where the words are wrong, there is nothing to break, or no gradient would change.
    """
    where, kind, factor = _read(text)
    node, labels, sites = _sites(graph, where, kind, text)
    _reaches(graph, node, of, text)
    broken = copy.copy(graph)
    broken.operations = list(graph.operations)
    bug = _bug(kind, factor)
    for slot in sorted({s for s, _ in sites}):
        operation = graph.operations[slot]
        assert operation is not None
        broken.operations[slot] = broken_operation(operation, bug, {k for s, k in sites if s == slot})
    name, moves = _moved(graph, broken, values, of, names, upstream)
    done = WORDS.get(kind) or f"is multiplied by {factor:g}"
    if not moves:
        hint = _why(kind, factor)
        raise UsageError(f"--fault {text} changes no gradient here, so there is nothing to catch", hint=hint)
    labelled = graph.labels()
    steps = tuple(dict.fromkeys(labelled[s] for s, _ in sites))
    what = f"the gradient that {labels} passes {_to(graph, sites, where)}{done}"
    return broken, Fault(text, steps, what, name, moves)


def broken_operation(operation: Operation, bug: Bug, arguments: set[int]) -> Operation:
    """A copy of an operation whose backward pass is wrong for these arguments (by number)."""
    result = copy.copy(operation)
    if isinstance(result, Elementwise):
        result.partials = tuple(
            _wrong_partial(body, bug) if k in arguments else body for k, body in enumerate(result.partials)
        )
        # The engine knows a slope of 1 by its textbook form, which no longer holds.
        result.textbook = tuple(BROKEN if k in arguments else text for k, text in enumerate(result.textbook))
    elif isinstance(result, Structural) and result.variadic:
        result.vjps = (_wrong_vjp(result.vjps[0], bug, arguments),)
    elif isinstance(result, Structural):
        result.vjps = tuple(
            _wrong_vjp(body, bug, None) if k in arguments else body for k, body in enumerate(result.vjps)
        )
    return result


def _wrong_partial(body: Any, bug: Bug) -> Any:
    return lambda xp, y, *values: bug(xp, body(xp, y, *values))


def _wrong_vjp(body: Any, bug: Bug, arguments: set[int] | None) -> Any:
    """Of a variadic operation only some arguments: its body is told which one it is for."""

    def wrong(xp: Any, o: Any, g: Any, y: Any, *rest: Any) -> Any:
        found = body(xp, o, g, y, *rest)
        if arguments is not None and rest[0] not in arguments:
            return found
        return found._replace(value=bug(xp, found.value)) if isinstance(found, Part) else bug(xp, found)

    return wrong


def _bug(kind: str, factor: float) -> Bug:
    if kind == "transpose":
        return _transposed
    scale = {"sign": -1.0, "scale": factor}.get(kind, 0.0)
    return lambda xp, gradient: gradient * scale


def _transposed(xp: Any, gradient: Any) -> Any:
    """Rows taken for columns; where the matrix is not square, its numbers are laid out the other way round."""
    return xp.reshape(xp.swapaxes(gradient, -1, -2), gradient.shape)


# The words.


def _read(text: str) -> tuple[str, str, float]:
    """`NODE[:ARGUMENT]`, the kind, and the factor of a scale."""
    where, colon, kind = text.rpartition(":")
    if not colon or not where:
        raise UsageError(f"--fault {text}: expected NODE:KIND, such as --fault a1:sign", hint=_kinds())
    kind, equals, number = kind.strip().partition("=")
    if kind == "scale":
        try:
            factor = float(number)
        except ValueError:
            raise UsageError(f"--fault {text}: scale needs a number, such as {where}:scale=2") from None
        if factor - factor != 0:
            raise UsageError(f"--fault {text}: scale needs a finite number, such as {where}:scale=2")
        return where, kind, factor
    if kind not in WORDS:
        near = did_you_mean(kind, [*WORDS, "scale"])
        raise UsageError(f"--fault {text}: {kind or 'nothing'} is no kind of fault{near}", hint=_kinds())
    if equals:
        raise UsageError(f"--fault {text}: only scale takes a number", hint=f"Such as {where}:scale={number or 2}")
    return where, kind, 0.0


def _kinds() -> str:
    return f"The kinds are {', '.join(KINDS[:-1])} and {KINDS[-1]}."


def _sites(graph: Graph, where: str, kind: str, text: str) -> tuple[str, str, list[Site]]:
    """The node, how it is called in a sentence, and the places to break."""
    label, _, argument = where.partition(":")
    name, dot, number = label.partition(".")
    node = graph.nodes.get(name)
    if node is None:
        nodes = graph.names("node")
        raise UsageError(f"--fault {text}: there is no node {name}{did_you_mean(name, nodes)}")
    if node.kind != "node":
        users = [user for user, n in graph.nodes.items() if name in n.inputs]
        hint = f"Break a node that uses it:  {users[0]}:{name}:{kind}{'=2' if kind == 'scale' else ''}" if users else ""
        raise UsageError(f"--fault {text}: {name} is {_a(node.kind)}: it has no backward pass", hint=hint)
    steps = graph.steps(name)
    if dot:
        if not number.isdecimal() or not 1 <= int(number) <= len(steps):
            inner = "one step, so it is written without a number" if len(steps) == 1 else f"{len(steps)} steps"
            raise UsageError(f"--fault {text}: {name} = {node.formula} has {inner}", hint=_listing(graph, name))
        steps = [steps[int(number) - 1]]
    idle = graph.constants
    sites = [
        Site(s, k) for s in steps for k, a in enumerate(graph.arguments[s]) if a not in idle and not graph.stops(s)
    ]
    if argument:
        sites = _of_argument(graph, sites, steps, argument, text)
    elif kind != "transpose":
        sites = [site for site in sites if site.slot == steps[-1]]
        if kind == "drop":
            learned = _from_parameters(graph)
            sites = ([s for s in sites if learned[graph.arguments[s.slot][s.k]]] or sites)[:1]
    if kind == "transpose":
        sites = _matrices(graph, sites, bool(argument), name, text)
    if not sites:
        why = "it is stopped" if any(map(graph.stops, steps)) else "it is made of constants"
        raise UsageError(f"--fault {text}: {label} passes no gradient on: {why}")
    return name, label, sites


def _from_parameters(graph: Graph) -> bytearray:
    """A mark on every slot that a parameter leads to."""
    reached = bytearray(len(graph))
    for name in graph.names("parameter"):
        reached[graph.nodes[name].slot] = 1
    for slot, arguments in enumerate(graph.arguments):
        if any(reached[a] for a in arguments):
            reached[slot] = 1
    return reached


def _of_argument(graph: Graph, sites: list[Site], steps: Sequence[int], argument: str, text: str) -> list[Site]:
    """The places where a step passes a gradient to this argument: a name, or what the last operation calls it."""
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
    raise UsageError(
        f"--fault {text}: there is no argument {argument} there{did_you_mean(argument, known)}",
        hint=f"It passes a gradient to {', '.join(known)}.",
    )


def _matrices(graph: Graph, sites: list[Site], named: bool, node: str, text: str) -> list[Site]:
    """The places where a whole matrix is passed on; without an argument's name, the last of them."""
    whole = [site for site in sites if isinstance(graph.operations[site.slot], Structural) and _rank(graph, site) >= 2]
    if not whole:
        shown = f"{node} = {graph.nodes[node].formula}"
        flat = all(len(graph.shapes[graph.arguments[s][k]]) < 2 for s, k in sites)
        why = "passes no matrix on" if flat else "works entry by entry: nothing in it can be transposed"
        raise UsageError(f"--fault {text}: {shown} {why}", hint="transpose breaks a product such as x @ W.")
    if named:
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


def _to(graph: Graph, sites: Sequence[Site], where: str) -> str:
    """`on `, or `to a1 `, where only some of a step's arguments are meant."""
    steps = {s for s, _ in sites}
    passed = {(s, k) for s in steps for k, a in enumerate(graph.arguments[s]) if a not in graph.constants}
    if passed == set(sites) and ":" not in where:
        return "on "
    labels = graph.labels()
    slot, k = sites[0]
    operation = graph.operations[slot]
    assert operation is not None
    return f"to {labels.get(graph.arguments[slot][k]) or argument_names(operation, k + 1)[k]} "


# What the fault does.


def _reaches(graph: Graph, node: str, of: str, text: str) -> None:
    slot, target = graph.nodes[node].slot, graph.nodes[of].slot
    if slot != target and target not in graph.downstream(slot):
        raise UsageError(f"--fault {text}: no path leads from {node} to {of}, so no gradient comes by there")


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


def _why(kind: str, factor: float) -> str:
    if kind == "scale" and factor == 1.0:
        return "A factor of 1 is no fault."
    if kind == "transpose":
        return "What is passed on there is 0, or symmetric."
    return "What is passed on there is 0, or reaches none of the gradients that are checked."
