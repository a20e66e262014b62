"""What is told of one gradient: `Network.explain` and `Network.derive`, whose imports are heavier than a run's."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from backpropcli.api.arrays import steepest
from backpropcli.derivation.proof import best, steps
from backpropcli.derivation.worked import Worked
from backpropcli.engine.nudge import nudge
from backpropcli.errors import SpecError
from backpropcli.explanation.explain import Explanation
from backpropcli.notation.formula import ASCII, UNICODE
from backpropcli.ops.shape import show_shape

if TYPE_CHECKING:
    from backpropcli.engine import Trace
    from backpropcli.explanation.derive import Derivation
    from backpropcli.notation.numbers import Precision
    from backpropcli.ops.definition import Value
    from backpropcli.symbolic.derive import Derived


def explanation(
    trace: Trace,
    name: str,
    index: tuple[int, ...],
    precision: Precision | None,
    ascii: bool,
    known: Collection[str] = (),
    full: bool = False,
    expand: bool = False,
) -> Explanation:
    """What `Network.explain` says, with a nudge of the number (or the steepest entry) as proof."""
    data = trace.graph.nodes[name].kind in ("input", "target")
    shape = trace.graph.shape(name)
    if index and (len(index) != len(shape) or any(not -n <= k < n for k, n in zip(index, shape, strict=True))):
        has = f"has shape {show_shape(shape)}" if shape else "is one number"
        raise SpecError(f"there is no {name}[{', '.join(map(str, index))}]: {name} {has}")
    place = tuple(k % n for k, n in zip(index, shape, strict=True)) if index else ()
    at = place or steepest(trace.gradient(name))
    before = float(trace.value(name)[at] if at else trace.value(name)) if 0 not in shape else math.nan
    proof = best([nudge(trace, name, eps, at) for eps in steps(before)]) if math.isfinite(before) else None
    worked = Worked(trace, precision, ASCII if ascii else UNICODE, data, expand)
    return Explanation(worked, name, place, proof, known, full)


def derivation(
    trace: Trace,
    values: Mapping[str, Value],
    name: str,
    index: tuple[int, ...],
    seconds: float,
    precision: Precision | None,
    ascii: bool,
    full: bool = False,
    expand: bool = False,
) -> Derivation:
    """What `Network.derive` says."""
    from backpropcli.explanation.derive import Derivation
    from backpropcli.symbolic import SymbolicError
    from backpropcli.symbolic.derive import derive

    told = explanation(trace, name, index, precision, ascii, expand=expand)
    found, together, problem = list["Derived"](), "", None
    try:
        gradient = trace.gradient(name)
        found, together = derive(trace.graph, values, told.of, name, gradient, told.index, seconds, full)
    except SymbolicError as error:
        problem = error
    return Derivation(told, found, problem, together)
