"""The gradients that a caller gave, by the name of a file or as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backpropcli.language.data.gradients import Given, read_gradients
from backpropcli.language.data.precision import Precision


def given_gradients(gradients: Any) -> Given:
    """What a caller gave: the name of a file, or numbers by name (nested lists, arrays of any float type)."""
    if not isinstance(gradients, Mapping):
        return read_gradients(str(gradients))
    import numpy as np

    arrays = {str(name): np.asarray(value) for name, value in gradients.items()}
    kinds = {array.dtype.name for array in arrays.values()}
    kind = next((k for k in ("float16", "float32") if k in kinds), "float64")
    plain = {name: array.astype(float) if array.shape else float(array) for name, array in arrays.items()}
    return Given("the given gradients", plain, Precision(kind))  # type: ignore[arg-type]  # one of three
