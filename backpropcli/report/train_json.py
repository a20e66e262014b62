"""`backprop.train/1`: what came of a training, for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from backpropcli.notation.numbers import component_name, components, exact, shape_of
from backpropcli.render.csv import line
from backpropcli.render.json import anything

if TYPE_CHECKING:
    from backpropcli.train.measured import Measured
    from backpropcli.train.outcome import Outcome


def train_json(found: Outcome, warnings: list[str]) -> Iterator[str]:
    """One object; parameters with all their numbers."""
    examples = found.examples
    data: dict[str, Any] = {
        "format": "backprop.train/1",
        "spec": found.source,
        "loss": found.of,
        "optimizer": found.training.optimizer.name,
        "settings": dict(found.training.settings),
        "lr": found.training.lr,
        "schedule": found.training.schedule.name,
        "dtype": found.dtype,
        "updates": found.updates,
        "epochs": found.epochs,
        "ended": found.reason,
        "before": _measured(found.before),
        "after": _measured(found.after),
        "held_out": None
        if found.held_before is None or found.held_after is None
        else {"before": _measured(found.held_before), "after": _measured(found.held_after)},
        "examples": None
        if examples is None
        else {"names": list(examples.names), "training": examples.training, "held_out": examples.held_out},
        "warnings": warnings,
    }
    yield "{\n"
    for key, value in data.items():
        yield f'  "{key}": {anything(value)},\n'
    yield '  "parameters": [\n'
    for k, moved in enumerate(found.parameters):
        row = {"name": moved.name, "shape": list(shape_of(moved.after)), "before": moved.before, "value": moved.after}
        yield f"    {anything(row)}{',' if k < len(found.parameters) - 1 else ''}\n"
    yield "  ]\n}\n"


def _measured(found: Measured) -> dict[str, Any]:
    return {"loss": found.loss, "metrics": dict(found.metrics)}


def train_csv(found: Outcome) -> Iterator[str]:
    """A line for every number of every parameter, and for the loss."""
    yield line(("name", "before", "after"))
    yield line((found.of, exact(found.before.loss), exact(found.after.loss)))
    for moved in found.parameters:
        for (index, before), (_, after) in zip(components(moved.before), components(moved.after), strict=True):
            yield line((component_name(moved.name, index), exact(before), exact(after)))
