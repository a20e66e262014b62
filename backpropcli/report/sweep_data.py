"""A sweep for other programs: JSON and CSV, every step with all its digits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from backpropcli.notation.numbers import exact
from backpropcli.render.csv import line
from backpropcli.render.json import anything, listed
from backpropcli.safe import quoted

if TYPE_CHECKING:
    from backpropcli.gradcheck.network.sweep import Step, Sweep


def sweeps_json(sweeps: Sequence[Sweep], source: str) -> Iterator[str]:
    """One sweep as `backprop.sweep/1`, several as a list of them."""
    if len(sweeps) == 1:
        yield from sweep_json(sweeps[0], source)
        return
    yield "[\n" + ",\n".join("".join(sweep_json(s, source)).rstrip() for s in sweeps) + "\n]\n"


def sweep_json(sweep: Sweep, source: str) -> Iterator[str]:
    """`backprop.sweep/1`: {"format", "spec", "loss", "name", "index", "difference", "slope", "relative", "backprop",
    "verdict", "rounding", "truncation", "order", "best", "chosen", "steps": [{"eps", "slope", "error"}]}.

    The error follows rounding / eps + truncation * eps**order; `relative` says whether errors are relative.
    """
    head = {
        "loss": sweep.of,
        "name": sweep.name,
        "index": list(sweep.index),
        "difference": sweep.difference,
        "slope": sweep.right,
        "relative": sweep.relative,
        "backprop": sweep.row.backprop,
        "verdict": sweep.row.verdict,
        "rounding": sweep.rounding,
        "truncation": sweep.truncation,
        "order": sweep.order,
        "best": _step(sweep.best),
        "chosen": _step(sweep.chosen),
    }
    yield f'{{"format": "backprop.sweep/1", "spec": {quoted(source)}, {anything(head)[1:-1]}, "steps": ['
    yield from listed(anything(_step(step)) for step in sweep.steps)
    yield "]}\n"


def _step(step: Step | None) -> dict[str, float] | None:
    return None if step is None else {"eps": step.eps, "slope": step.slope, "error": step.error}


def sweep_csv(sweeps: Sequence[Sweep]) -> Iterator[str]:
    """A line for every step: `name,index,difference,eps,slope,error`."""
    yield line(("name", "index", "difference", "eps", "slope", "error"))
    for sweep in sweeps:
        place = ",".join(map(str, sweep.index))
        for step in sweep.steps:
            yield line((sweep.name, place, sweep.difference, exact(step.eps), exact(step.slope), exact(step.error)))
