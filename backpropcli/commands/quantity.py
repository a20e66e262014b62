"""A quantity by name, as it is printed and typed back: `J`, `dJ/dw1`, `da2/dw1`, `W1[0, 2]`, `dJ/dW1[0]`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.errors import UsageError
from backpropcli.ops.definition import show_shape
from backpropcli.suggest import did_you_mean
from backpropcli.views.numbers import shape_of

if TYPE_CHECKING:
    from backpropcli.face import Trace

INDEX = re.compile(r"(.*?)\s*\[\s*(-?\d+(?:\s*,\s*-?\d+)*)\s*\]\Z", re.DOTALL)


class Quantity(NamedTuple):
    """A value (`of` is None), or the gradient of `of` with respect to `name`; a part of it where there is an index."""

    text: str
    of: str | None
    name: str
    place: tuple[int, ...] = ()

    def find(self, trace: Trace) -> Any:
        """The number or array in a trace. Raises UsageError where there is no such name or entry."""
        for name in (self.of, self.name):
            if name is not None and name not in trace.graph.nodes:
                near = did_you_mean(name, trace.graph.nodes)
                raise UsageError(f"{self.text}: {trace.network.source} has no {name}{near}")
        value = trace.value(self.name) if self.of is None else trace.gradient(self.name, of=self.of)
        if not self.place:
            return value
        shape = shape_of(value)
        fits = len(self.place) <= len(shape) and all(-n <= k < n for k, n in zip(self.place, shape, strict=False))
        if not fits:
            known = f"has shape {show_shape(shape)}" if shape else "is one number"
            raise UsageError(f"{self.text}: {self.name} {known}, and indices count from 0")
        for k in self.place:
            value = value[k]
        return value


def read(text: str, option: str = "--get") -> Quantity:
    """The quantity that a text names; `∂` is as good as `d`.

    >>> read("dJ/dW1[0, 2]")
    Quantity(text='dJ/dW1[0, 2]', of='J', name='W1', place=(0, 2))
    """
    text = text.strip()
    inside = INDEX.match(text)
    bare = inside[1] if inside else text
    index = tuple(int(k) for k in inside[2].split(",")) if inside else ()
    above, slash, below = (part.strip() for part in bare.partition("/"))
    if not slash:
        if not bare:
            raise UsageError(f"{option} needs a name, such as {option} J")
        return Quantity(text, None, bare, index)
    if not (above[:1] in ("d", "∂") and below[:1] in ("d", "∂") and above[1:] and below[1:]):
        raise UsageError(f"{option} {text}: expected a name or a gradient, such as J or dJ/dw1")
    return Quantity(text, above[1:].strip(), below[1:].strip(), index)
