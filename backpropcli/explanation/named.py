"""Named formulas in words: what `layer_norm(x)` stands for, before its steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from backpropcli.language.formula.applied import of_node
from backpropcli.notation import maths
from backpropcli.notation.maths import Maths, Said

if TYPE_CHECKING:
    from backpropcli.derivation.worked import Worked


def definitions(worked: Worked, nodes: Iterable[str]) -> Iterator[tuple[Maths, Maths, list[Maths]]]:
    """The named formulas that these nodes call, each once: the call, its formula, and `m = mean(x)` for its helpers."""
    done: set[str] = set()
    for node in nodes:
        for applied in of_node(worked.graph, node):
            value, where = applied.spelled()
            arrays = {*worked.arrays, *where}
            call = maths.formula(applied.call, worked.style, arrays)
            if call in done:
                continue
            done.add(call)
            helpers = [
                maths.spelled(maths.name(name), " = ", maths.formula(e, worked.style, arrays))
                for name, e in where.items()
            ]
            yield call, maths.formula(value, worked.style, arrays), helpers


def told(worked: Worked, nodes: Iterable[str]) -> list[tuple[str, int]]:
    """The same as sentences: `layer_norm(x) is (x - m) / sqrt(v + 1e-5) with  m = mean(x),  v = var(x)`."""
    lines: list[tuple[str, int]] = []
    for call, formula, helpers in definitions(worked, nodes):
        more = [" with  ", maths.joined(",  ", helpers)] if helpers else []
        lines.append((Said(call, " is ", formula, *more), 2))
    return lines
