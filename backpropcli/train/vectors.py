"""An optimiser's rules over one flat array of all parameters: few passes, into buffers that are kept.

A large array goes by in pieces that stay in the processor's cache: all rules for one piece, then the next.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from backpropcli.ops.definition import Elementwise
from backpropcli.ops.numbers import recorder
from backpropcli.ops.numbers.inplace import PLAIN, SHORTER, TRUTH, function

if TYPE_CHECKING:
    from collections.abc import Callable

    from backpropcli.language.training.rules import Program

PIECE = 8192
"""Entries that are worked on at a time."""


class Line(NamedTuple):
    """One pass over the entries: the slots of its arguments, and of its result."""

    function: Callable[..., Any]
    arguments: tuple[int, ...]
    out: int


class Recorded(NamedTuple):
    """A program as a recorder's tape: its entries, and the place of each result, or its number."""

    entries: list[recorder.Entry]
    results: dict[str, int | float]


def recorded(program: Program) -> Recorded:
    """Let the bodies of a program's steps write down what they do."""
    tape = recorder.Tape()
    xp = recorder.namespace(tape)
    graph = program.graph
    v: list[Any] = [tape.input() for _ in program.data] + [None] * (len(graph) - len(program.data))
    for slot in range(len(program.data), len(graph)):
        operation = graph.operations[slot]
        if operation is None:
            v[slot] = tape.constant(graph.constants[slot])
        else:
            assert isinstance(operation, Elementwise)  # rules have no others
            v[slot] = operation.value(xp, *[v[k] for k in graph.arguments[slot]])
    results = {name: v[at] if type(at) is int else at for name, at in program.results.items()}
    return Recorded(tape.entries, {name: _placed(tape, found) for name, found in results.items()})


def _placed(tape: recorder.Tape, found: Any) -> int | float:
    if isinstance(found, recorder.Recorded):
        line = tape.entries[found.place]
        return line.number if line.operation == "constant" else found.place
    return float(found)


class Vectors:
    """The rules of a program, made for all entries of a flat array at once."""

    def __init__(self, program: Program, size: int, dtype: str) -> None:
        self.dtype = np.dtype(dtype)
        self.piece = min(size, PIECE)
        self.size = size
        entries, results = recorded(program)
        self.names = program.data
        self.values: list[Any] = [e.number if e.operation == "constant" else None for e in entries]
        inputs = {program.data[int(e.number)]: k for k, e in enumerate(entries) if e.operation == "input"}
        self.inputs = inputs
        many = self._many(entries, {inputs["p"], inputs["g"], *(inputs[name] for name in program.entrywise)})
        self.once = [
            (k, e.operation, e.arguments)
            for k, e in enumerate(entries)
            if k not in many and e.operation not in ("input", "constant")
        ]
        self.shared = [(name, inputs[name], results[name]) for name in program.starts if name not in program.entrywise]
        self.moved = [
            (name, inputs[name], results[name])
            for name in ("p", *program.starts)
            if name == "p" or name in program.entrywise
        ]
        self.lines: list[Line] = []
        self.buffers: dict[int, Any] = {}
        self.direct: dict[str, int] = {}
        self._plan(entries, many)

    @staticmethod
    def _many(entries: list[recorder.Entry], start: set[int]) -> set[int]:
        """The places that have a number for each entry."""
        many = set(start)
        for k, entry in enumerate(entries):
            if any(a in many for a in entry.arguments):
                many.add(k)
        return many

    def _plan(self, entries: list[recorder.Entry], many: set[int]) -> None:
        """The passes, and a buffer for each result: one whose last reader has been is used again."""
        last = {a: k for k, e in enumerate(entries) for a in e.arguments}
        wanted = {at for _, _, at in self.moved if type(at) is int}
        last |= dict.fromkeys(wanted, len(entries))
        self._written_directly(entries, many, last)
        free: dict[np.dtype[Any], list[Any]] = {}
        owned = set(self.direct.values())
        for k, entry in enumerate(entries):
            if k not in many or entry.operation == "input":
                continue
            gone = [a for a in set(entry.arguments) if last[a] == k and a in self.buffers]
            kind = np.dtype(bool) if entry.operation in TRUTH else self.dtype
            late = entry.operation == "where"  # it writes one of two before it has read the other
            if not late:
                self._release(gone, free)
            if k not in owned:
                waiting = free.setdefault(kind, [])
                self.buffers[k] = waiting.pop() if waiting else np.empty(self.piece, kind)
            if late:
                self._release(gone, free)
            self.lines.append(self._line(entries, k))

    def _written_directly(self, entries: list[recorder.Entry], many: set[int], last: dict[int, int]) -> None:
        """Results that can be written over the old values at once, as nobody reads those any more."""
        for name, old, new in self.moved:
            if type(new) is not int or new not in many or entries[new].operation == "input":
                continue
            reads = entries[new].operation == "where" and old in entries[new].arguments
            if last.get(old, -1) <= new and new not in self.direct.values() and not reads:
                self.direct[name] = new

    def _release(self, gone: list[int], free: dict[np.dtype[Any], list[Any]]) -> None:
        for a in gone:
            free.setdefault(self.buffers[a].dtype, []).append(self.buffers[a])

    def _line(self, entries: list[recorder.Entry], k: int) -> Line:
        name, arguments, _ = entries[k]
        known = self.values[arguments[-1]]
        if isinstance(known, float) and (name, known) in SHORTER:
            return Line(SHORTER[name, known], arguments[:-1], k)
        return Line(function(name), arguments, k)

    def update(self, p: Any, g: Any, state: dict[str, Any], lr: float, t: int) -> None:
        """Move `p` and the state in place."""
        v = self.values
        inputs = self.inputs
        v[inputs["lr"]], v[inputs["t"]] = lr, float(t)
        for name, place, _ in self.shared:
            v[place] = float(state[name][0])
        self._once(v)
        if self.size <= self.piece:
            for k, buffer in self.buffers.items():
                v[k] = buffer
            self._made(p, g, state, slice(None))
        else:
            self._by_pieces(p, g, state)
        for name, _, new in self.shared:
            state[name][0] = v[new] if type(new) is int else new

    def _once(self, v: list[Any]) -> None:
        for k, name, arguments in self.once:
            try:
                v[k] = PLAIN[name](*[v[a] for a in arguments])
            except (ArithmeticError, ValueError):
                found = recorder.KNOWN[name](*[v[a] for a in arguments])
                v[k] = float(found) if not isinstance(found, bool) else found

    def _by_pieces(self, p: Any, g: Any, state: dict[str, Any]) -> None:
        v = self.values
        for start in range(0, self.size, self.piece):
            count = min(self.piece, self.size - start)
            for k, buffer in self.buffers.items():
                v[k] = buffer if count == self.piece else buffer[:count]
            self._made(p, g, state, slice(start, start + count))

    def _made(self, p: Any, g: Any, state: dict[str, Any], part: slice) -> None:
        """All rules for one piece."""
        v, whole = self.values, part.start is None
        v[self.inputs["g"]] = g if whole else g[part]
        for name, old, _ in self.moved:
            values = p if name == "p" else state[name]
            v[old] = values if whole else values[part]
            if name in self.direct:
                v[self.direct[name]] = v[old]
        for make, arguments, out in self.lines:
            make(*[v[a] for a in arguments], v[out])
        for name, old, new in self.moved:
            if name not in self.direct and new != old:
                np.copyto(v[old], v[new] if type(new) is int else new)


def norm(g: Any) -> float:
    """The length of a flat array."""
    return math.sqrt(float(np.dot(g, g)))
