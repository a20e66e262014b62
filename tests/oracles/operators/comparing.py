"""One call as a network: its values and vector-Jacobian products beside those that another library found."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

import backpropcli as bp
from backpropcli.errors import BackpropError
from backpropcli.ops.refused import Refused
from backpropcli.ops.table import lookup

LARGE = 2_000
"""From so many numbers on it is seen first whether all operations are known, before all is written down."""


class Outcome(NamedTuple):
    """What came of one sample: it agrees, it is missing here (why), it differs (where), or it is nobody's to answer."""

    kind: Literal["agrees", "missing", "differs", "foreign"]
    reason: str = ""
    text: str = ""


@dataclass
class Sample:
    """A call as formulas, one a result; the arrays that it names, and what the other library answers.

    `upstream` has an array a result; `gradients` are of sum(upstream * result) by each of `parameters`. `nodes` are
    those that the formulas use.
    """

    formulas: Sequence[str]
    parameters: dict[str, Any]
    inputs: dict[str, Any]
    values: Sequence[Any]
    upstream: Sequence[Any] = ()
    gradients: Mapping[str, Any] = field(default_factory=dict)
    nodes: Mapping[str, str] = field(default_factory=dict)


def spec(sample: Sample) -> str:
    """The sample as a network whose loss is the sum of upstream times result."""
    nodes: dict[str, str] = {}

    def data(arrays: Mapping[str, Any]) -> dict[str, Any]:
        return {name: datum(name, np.asarray(array, float), nodes) for name, array in arrays.items()}

    inputs = data({**sample.inputs, **{f"u{k}": upstream for k, upstream in enumerate(sample.upstream)}})
    inputs, parameters = dict(inputs.values()), dict(data(sample.parameters).values())
    nodes |= sample.nodes
    nodes |= {f"r{k}": text for k, text in enumerate(sample.formulas)}
    nodes["J"] = " + ".join(f"sum(u{k} * r{k})" for k in range(len(sample.upstream))) or "0"
    text = json.dumps({"inputs": inputs, "parameters": parameters, "nodes": nodes, "loss": "J"})
    return text.replace("NaN", ".nan").replace("-Infinity", "-.inf").replace("Infinity", ".inf")


def datum(name: str, array: Any, nodes: dict[str, str]) -> tuple[str, Any]:
    """An array as a spec holds it. Lists cannot say (0, 3): that is a node, which gives an empty list a shape."""
    if array.size or array.ndim == 1 or (array.ndim == 2 and len(array)):
        return name, array.tolist()
    nodes[name] = f"reshape({name}_flat, {array.shape})"
    return f"{name}_flat", []


def compared(sample: Sample, rtol: float = 1e-9, atol: float = 1e-10, shapes: bool = True) -> Outcome:
    """The sample run here, beside the other library's answers."""
    written = (*sample.nodes.values(), *sample.formulas)
    text = "; ".join(written)
    if sum(map(np.size, [*sample.inputs.values(), *sample.parameters.values()])) > LARGE and (said := unknown(written)):
        return Outcome("missing", said, text)
    try:
        with np.errstate(all="ignore"):
            trace = bp.loads(spec(sample)).run()
    except BackpropError as error:
        return Outcome("missing", error.message.splitlines()[0], text)
    for k, value in enumerate(sample.values):
        if said := apart(f"result {k}", trace.value(f"r{k}"), value, rtol, atol, shapes):
            return Outcome("differs", said, text)
    for name, gradient in sample.gradients.items():
        if said := apart(f"gradient of {name}", trace.gradient(name), gradient, rtol, atol, shapes):
            return Outcome("differs", said, text)
    return Outcome("agrees", "", text)


def unknown(formulas: Sequence[str]) -> str:
    """What a formula calls that is no operation here, seen before large arrays are written down; empty if none."""
    for name in re.findall(r"(\w+)\(", " ".join(formulas)):
        found = lookup(name)
        if found is None:
            return f"unknown operation: {name}"
        if isinstance(found, Refused):
            return found.reason
    return ""


def apart(what: str, found: Any, expected: Any, rtol: float, atol: float, shapes: bool) -> str:
    """In what two arrays differ, in one line; empty where they agree, NaN with NaN."""
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    if found.shape != expected.shape:
        if shapes or found.size != expected.size:
            return f"{what} has the shape {found.shape}, and not {expected.shape}"
        found = found.reshape(expected.shape)
    if np.allclose(found, expected, rtol=rtol, atol=atol, equal_nan=True):
        return ""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where all of them are NaN
        worst = np.nanmax(np.abs(found - expected))
    return f"{what} differs by {worst:.3g}: {found.ravel()[:3]} for {expected.ravel()[:3]}"


def tally(outcomes: Mapping[str, Sequence[Outcome]]) -> str:
    """What is missing, by reason, with how many variants want it; then what is short of a few samples."""
    reasons: dict[str, list[str]] = {}
    for name, found in outcomes.items():
        for reason in sorted({o.reason for o in found if o.kind == "missing"}):
            reasons.setdefault(reason, []).append(name)
    lines = sorted(reasons.items(), key=lambda item: -len(item[1]))
    return "\n".join(f"{len(names):4} {reason}: {', '.join(names[:6])}" for reason, names in lines)
