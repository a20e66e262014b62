"""An optimiser's rules over plain lists of floats: a scalar network's parameters, without NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backpropcli.ops.definition import Elementwise
from backpropcli.ops.numbers import scalar

if TYPE_CHECKING:
    from backpropcli.graph import Graph
    from backpropcli.language.training.rules import Program
    from backpropcli.ops.definition import XP, Body

Steps = list[tuple[int, "Body", tuple[int, ...]]]


def steps_of(graph: Graph, entrywise: bool) -> Steps:
    """The steps that are made for every entry, or those that are made once."""
    return [
        (slot, operation.value, graph.arguments[slot])
        for slot, operation in enumerate(graph.operations)
        if isinstance(operation, Elementwise) and bool(graph.shapes[slot]) == entrywise
    ]


def constants_of(graph: Graph) -> list[Any]:
    """The values of all slots, as far as they are known before."""
    return [graph.constants.get(slot) for slot in range(len(graph))]


def made(steps: Steps, v: list[Any]) -> None:
    """Make the steps; where plain floats have no answer, NumPy's float64 has one: inf, or not a number."""
    try:
        _make(scalar.xp, steps, v)
    except (ArithmeticError, ValueError):
        _oddly(steps, v)


def _make(xp: XP, steps: Steps, v: list[Any]) -> None:
    for slot, body, arguments in steps:
        v[slot] = body(xp, *[v[k] for k in arguments])


def _oddly(steps: Steps, v: list[Any]) -> None:
    import numpy as np

    from backpropcli.ops.numbers.array import xp

    known = {k for _, _, arguments in steps for k in arguments if v[k] is not None}
    for k in known:
        v[k] = np.float64(v[k])
    with np.errstate(all="ignore"):
        _make(xp, steps, v)
    for k in {*known, *(slot for slot, _, _ in steps)}:
        v[k] = v[k].item() if hasattr(v[k], "item") else v[k]


class Plainly:
    """The rules of a program, made for one entry after the other."""

    def __init__(self, program: Program) -> None:
        graph = program.graph
        self.values = constants_of(graph)
        self.once, self.each = steps_of(graph, False), steps_of(graph, True)
        places = {name: k for k, name in enumerate(program.data)}
        self.p, self.g, self.lr, self.t = (places[name] for name in ("p", "g", "lr", "t"))
        self.entrywise = [
            (name, places[name], program.results[name]) for name in program.starts if name in program.entrywise
        ]
        self.shared = [
            (name, places[name], program.results[name]) for name in program.starts if name not in program.entrywise
        ]
        self.result = program.results["p"]

    def update(self, p: list[float], g: list[float], state: dict[str, Any], lr: float, t: int) -> None:
        """Move `p` and the state in place."""
        v = self.values
        v[self.lr], v[self.t] = lr, float(t)
        for name, place, _ in self.shared:
            v[place] = state[name][0]
        made(self.once, v)
        entrywise = [(state[name], place, result) for name, place, result in self.entrywise]
        each, at_p, at_g, result, xp = self.each, self.p, self.g, self.result, scalar.xp
        for i in range(len(p)):
            v[at_p], v[at_g] = p[i], g[i]
            for values, place, _ in entrywise:
                v[place] = values[i]
            try:
                for slot, body, arguments in each:
                    v[slot] = body(xp, *[v[k] for k in arguments])
            except (ArithmeticError, ValueError):
                _oddly(each, v)
            p[i] = v[result] if type(result) is int else result
            for values, _, new in entrywise:
                values[i] = v[new]
        for name, _, new in self.shared:
            state[name][0] = v[new] if type(new) is int else new
