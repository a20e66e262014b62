"""Initial values of parameters: constant or random, the same on every machine for the same seed and name.

| name | values | source |
| --- | --- | --- |
| zeros, ones | 0, 1 | |
| full | `value` | |
| normal | mean + std N(0, 1), by default N(0, 1) | |
| uniform | U(low, high), by default U(-1, 1) | |
| glorot, xavier | U(-r, r), r = sqrt(6 / (fan_in + fan_out)) | Glorot & Bengio 2010, equation 16 |
| he | N(0, 2 / fan_in) | He, Zhang, Ren & Sun 2015, equation 10 |

fan_in and fan_out are the rows and columns of a matrix (rows: inputs, columns: units); for more axes they are the last
two, times the size of the others (Keras's convention for convolutions); a vector's fan_out is 1.

Random numbers come from PCG64, seeded with `seed` and the parameter's name (SHA-256), so that two parameters of one
seed differ; NumPy keeps PCG64, `random` and `standard_normal` reproducible across machines.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backpropcli.ops.definition import Value
    from backpropcli.ops.shape import Shape

OPTIONS: dict[str, dict[str, float]] = {
    "zeros": {},
    "ones": {},
    "full": {"value": 0.0},
    "normal": {"mean": 0.0, "std": 1.0, "seed": 0},
    "uniform": {"low": -1.0, "high": 1.0, "seed": 0},
    "glorot": {"seed": 0},
    "xavier": {"seed": 0},
    "he": {"seed": 0},
}
"""Every initialiser, with its options and their defaults."""

NAMED = "name"
"""The option of a random one: the name that seeds it, where that is not the parameter's own."""

SHAPED = ("glorot", "xavier", "he")
"""The initialisers whose size depends on the shape: see `fans`."""


def initialise(kind: str, shape: Shape, name: str, options: Mapping[str, float]) -> Value:
    """An array of this shape (a float for ()), by the initialiser `kind`; `name` and `options["seed"]` seed it.

    `kind` is one of OPTIONS, the options have been checked, and the shape is not `too_large`.
    """
    import numpy as np

    settings = {**OPTIONS[kind], **options}
    if kind in ("zeros", "ones", "full"):
        array = np.full(shape, {"zeros": 0.0, "ones": 1.0}.get(kind, settings.get("value", 0.0)))
    else:
        generator = np.random.Generator(np.random.PCG64([int(settings["seed"]), _number_of(name)]))
        if kind == "normal":
            array = settings["mean"] + settings["std"] * generator.standard_normal(shape)
        elif kind == "uniform":
            array = settings["low"] + (settings["high"] - settings["low"]) * generator.random(shape)
        elif kind == "he":
            array = math.sqrt(2.0 / fans(shape)[0]) * generator.standard_normal(shape)
        else:
            limit = math.sqrt(6.0 / sum(fans(shape)))
            array = limit * (2.0 * generator.random(shape) - 1.0)
    return array if shape else float(array)


def fans(shape: Shape) -> tuple[int, int]:
    """fan_in and fan_out of a weight.

    >>> fans((784, 128)), fans((3, 3, 16, 32)), fans((5,)), fans(())
    ((784, 128), (144, 288), (5, 1), (1, 1))
    """
    if len(shape) < 2:
        return (shape[0] if shape else 1), 1
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


def _number_of(name: str) -> int:
    from hashlib import sha256

    return int.from_bytes(sha256(name.encode()).digest()[:8], "big")


def describe(kind: str) -> str:
    """How an initialiser is written, with its options."""
    options: dict[str, Any] = OPTIONS[kind]
    return "{" + ", ".join([f"{kind}: [2, 3]", *(f"{k}: {v:g}" for k, v in options.items())]) + "}"
