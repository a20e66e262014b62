"""Factors by their names: 4 is the number of examples in x, 3/4 is (n - 1)/n, 1.7 is the value of s."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backpropcli.engine import Trace

NICE = 1e-3
"""A plain number this near (relative) is tried first; it is named only if it gives their numbers."""
SAME = 1e-5
"""A value in the network that equals a factor to this, relative, gives it its name."""


class Factors:
    """The plain numbers that a factor may be in one network, and what they are there."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.sizes: dict[int, str] = {}
        self.examples: set[int] = set()
        """Lengths of arrays, and what each is the number of."""
        graph = trace.graph
        for name in graph.names("input", "target"):
            shape = graph.shape(name)
            if shape and shape[0] > 1:
                what = "examples" if len(shape) >= 2 else "entries"
                self.examples.add(shape[0])
                self.sizes.setdefault(shape[0], f"the number of {what} in {name}")
        for name in graph.names("node", "input", "target"):
            size = math.prod(graph.shape(name))
            if size > 1:
                self.sizes.setdefault(size, f"the size of {name}")
        for shape in graph.shapes:
            for n in shape:
                if n > 1:
                    self.sizes.setdefault(n, "")

    def near(self, c: float) -> Iterator[float]:
        """What to try for a factor that was measured as c: plain numbers next to it, the nearest first, then c."""
        plain = {x for n in range(1, 13) for x in (float(n), 1.0 / n)}
        for n in self.sizes:
            plain |= {float(n), 1.0 / n, n**0.5, n**-0.5, (n - 1) / n, n / (n - 1), ((n - 1) / n) ** 0.5}
            plain.add((n / (n - 1)) ** 0.5)
        found = sorted((x for x in plain if abs(abs(c) - x) <= NICE * x), key=lambda x: abs(abs(c) - x))
        yield from (math.copysign(x, c) for x in found[:3])
        if abs(c) < NICE:
            yield 0.0
        yield c

    def words(self, c: float) -> str:
        """`4 is the number of examples in x: a mean where a sum belongs, ...`; empty where nothing explains c."""
        size = abs(c)
        if not size or not math.isfinite(size) or _same(size, 1.0):
            return ""
        return self._mean(size) or self._other_count(size) or self._value(size)

    def _mean(self, size: float) -> str:
        """A number of examples, or one over it."""
        times = max(size, 1.0 / size)
        whole = round(times)
        known = self.sizes.get(whole) and (whole != 2 or whole in self.examples)  # 2 is more often a square's
        if not known or not _same(times, whole):
            return ""
        also = " also" if whole == 2 else ""
        mean = "a mean where a sum belongs, or the other way round"
        return f"{plain(times)} is{also} {self.sizes[whole]}: {mean}"

    def _other_count(self, size: float) -> str:
        """What comes of n - 1 for n, and of a square root of n."""
        times = max(size, 1.0 / size)
        for n, what in self.sizes.items():
            if n <= 2:
                continue
            called = f", {what}" if what else ""
            if _same(size, (n - 1) / n):
                return f"that is (n - 1)/n with n = {n}{called}: divided by n where n - 1 belongs"
            if _same(size, n / (n - 1)):
                return f"that is n/(n - 1) with n = {n}{called}: divided by n - 1 where n belongs (ddof=1)"
            if _same(times, n**0.5) and abs(times - round(times)) > SAME:
                return f"that is {'' if size > 1 else '1/'}sqrt({n})" + (f", and {n} is {what}" if what else "")
        return ""

    def _value(self, size: float) -> str:
        """A number in the network that is the factor, or one over it."""
        trace = self.trace
        if 0.5 <= size <= 2.0 and round(size * 2) == size * 2:
            return ""  # 1/2, 1, 2: too many things are
        for name, node in trace.graph.nodes.items():
            value = trace.value(name)
            if node.kind == "target" or getattr(value, "size", 1) != 1 or name == trace.of:
                continue
            x = abs(float(value if isinstance(value, float) else value.ravel()[0]))
            if x and abs(size - x) <= SAME * size:
                return f"that is the value of {name}"
            if x and abs(size * x - 1.0) <= SAME:
                return f"that is one over the value of {name}"
        return ""


def _same(size: float, other: float) -> bool:
    return abs(size - other) <= SAME * size


def plain(c: float) -> str:
    """`2`, `1/4`, `1.01`."""
    if abs(c) < 1.0 and abs(1.0 / c - round(1.0 / c)) < 1e-9 and abs(1.0 / c) < 1e4:
        return f"{'-' if c < 0 else ''}1/{round(abs(1.0 / c))}"
    return f"{c:.6g}" if abs(c - 1.0) < 1e-3 else f"{c:.4g}"
