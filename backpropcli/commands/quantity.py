"""A quantity by name, as it is printed and typed back: `J`, `dJ/dw1`, `da2/dw1`, `W1[0, 2]`, `dJ/dW1[0]`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.engine.trace import fits, indices
from backpropcli.errors import UsageError
from backpropcli.notation.numbers import shape_of
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.api import Network, Trace
    from backpropcli.graph import Graph

GRADIENTS = ("[GRADIENT]...", "which gradients: dJ/dw1, just w1, or an entry, 'dJ/dW1[0,2]'")
"""What commands about gradients take beside the file."""

NAME = re.compile(r"[^\[\]]*")
BRACKETS = re.compile(r"\s*\[([^\[\]]*)\]")
ENTRY = re.compile(r"\s*(-?\d+)\s*\Z")
SLICE = re.compile(r"\s*(-?\d+)?\s*:\s*(-?\d+)?\s*(?::\s*(-?\d+)?\s*)?\Z")

Index = tuple[Any, ...]
"""Whole numbers and slices."""


class Quantity(NamedTuple):
    """A value (`of` is None), or the gradient of `of` with respect to `name`; a part of it where there is an index.

    `place` is the index behind `name`, `at` the one behind `of`: `dz1[0]/dW1[:, 2]`.
    """

    text: str
    of: str | None
    name: str
    place: Index = ()
    at: Index = ()

    def find(self, trace: Trace) -> Any:
        """The number or array in a trace. Raises UsageError where there is no such name or entry."""
        if (own := self._unrolled(trace.graph)) is not self:
            return own.find(trace)
        for name in (self.of, self.name):
            if name is not None and name not in trace.graph.nodes:
                near = did_you_mean(name, trace.graph.nodes)
                raise UsageError(f"{self.text}: {trace.network.source} has no {name}{near}")
        if self.of is None:
            value = trace.value(self.name)
        elif not self.at:
            value = trace.gradient(self.name, of=self.of)
        else:
            value = trace.entry_gradient(self.name, self.of, self.at)
        if not self.place:
            return value
        shape = shape_of(value)
        if not fits(shape, self.place):
            raise UsageError(f"{self.text}: {indices(self.name, shape)}")
        return value[self.place]

    def _unrolled(self, graph: Graph) -> Quantity:
        """The same where what runs through time has a node for each row."""
        name, place = (rows(graph, self.name, self.place) or [(self.name, self.place)])[0]
        of, at = (rows(graph, self.of, self.at) or [(self.of, self.at)])[0] if self.of else (self.of, self.at)
        return self if (name, of) == (self.name, self.of) else Quantity(self.text, of, name, place, at)


def rows(graph: Graph, name: str, place: Index) -> list[tuple[str, Index]]:
    """A name and an index as a graph has them: of what runs through time, h[3] is a node; h is all of them.

    Empty where the graph has no such name.
    """
    if f"{name}[0]" not in graph.nodes:
        return [(name, place)] if name in graph.nodes else []
    if not place:
        return [(row, ()) for row in graph.nodes if row.startswith(f"{name}[")]
    if isinstance(place[0], slice):
        return [(name, place)]
    count = sum(row.startswith(f"{name}[") for row in graph.nodes)
    row = place[0] + count if place[0] < 0 else place[0]
    return [(f"{name}[{row}]", place[1:])]


def _of_row(graph: Graph, q: Quantity) -> str | None:
    """The node of a gradient that is differentiated: of what runs through time one row, dh[3]/dw."""
    own = rows(graph, q.of, q.at) if q.of is not None else []
    return own[0][0] if len(own) == 1 and not own[0][1] else q.of


class Gradients(NamedTuple):
    """Which gradients a command is about; without any, those of every parameter."""

    named: Sequence[Quantity]
    by: str | None
    command: str

    def of(self, network: Network) -> list[tuple[str, Index, str | None]]:
        """Name, entry and the node that is differentiated, of each."""
        found = [
            (name, place, _of_row(network.graph, q) or self.by)
            for q in self.named
            for name, place in rows(network.graph, q.name, q.place) or [(q.name, q.place)]
        ]
        found = found or [(name, (), self.by) for name in network.parameters]
        if not found:
            hint = f"Such as  backprop {self.command} dJ/dx"
            raise UsageError(f"{network.source} has no parameters: say which gradient", hint=hint)
        return found


def gradients(words: Sequence[str], command: str, of: str | None) -> Gradients:
    """The gradients that words name; `of` is the node that --of names."""
    named = [read(word, command) for word in words]
    if of is not None and any(q.of not in (None, of) for q in named):
        raise UsageError(f"--of {of} and {named[0].text} together", hint="The gradient says of which node it is.")
    return Gradients(named, of, command)


def read(text: str, option: str = "--get", slices: bool = False) -> Quantity:
    """The quantity that a text names; `∂` is as good as `d`. With `slices`, parts such as `W1[:, 0]` too.

    >>> read("dJ/dW1[0, 2]")
    Quantity(text='dJ/dW1[0, 2]', of='J', name='W1', place=(0, 2), at=())
    """
    text = text.strip()
    above, slash, below = (part.strip() for part in text.partition("/"))
    if not text:
        raise UsageError(f"{option} needs a name, such as {option} J")
    if not slash:
        name, place = _indexed(text, above, option, slices)
        return Quantity(text, None, name, place)
    if not (above[:1] in ("d", "∂") and below[:1] in ("d", "∂") and above[1:] and below[1:]):
        raise UsageError(f"{option} {text}: expected a name or a gradient, such as J or dJ/dw1")
    of, at = _indexed(text, above[1:].strip(), option, False)
    name, place = _indexed(text, below[1:].strip(), option, slices)
    return Quantity(text, of, name, place, at)


def _indexed(text: str, word: str, option: str, slices: bool) -> tuple[str, Index]:
    """A name and the index behind it; `W1[0][1]` is `W1[0, 1]`."""
    name = NAME.match(word)
    assert name is not None
    place: list[Any] = []
    end = name.end()
    while end < len(word):
        found = BRACKETS.match(word, end)
        if found is None:
            raise UsageError(f"{option} {text}: an index is written in brackets, such as W1[0, 2]")
        if place and any(isinstance(k, slice) for k in place):
            raise UsageError(f"{option} {text}: all indices belong in one pair of brackets, such as W1[:, 0]")
        place += [_entry(text, part, option, slices) for part in found[1].split(",")]
        end = found.end()
    if not name[0].strip():
        raise UsageError(f"{option} {text}: there is no name before the index")
    return name[0].strip(), tuple(place)


def _entry(text: str, part: str, option: str, slices: bool) -> Any:
    number = ENTRY.match(part)
    if number:
        return int(number[1])
    limits = SLICE.match(part)
    if limits and slices and limits[3] != "0":
        return slice(*(None if limit is None else int(limit) for limit in limits.groups()))
    expected = "whole numbers, or slices such as 0:2" if slices else "whole numbers"
    raise UsageError(f"{option} {text}: {part.strip() or 'nothing'} is no index: they are {expected}")
