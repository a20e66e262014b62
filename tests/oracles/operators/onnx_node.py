"""A node of ONNX as the forms see it: the names of its inputs, what is known of them, its attributes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


class Node:
    """One node: the names of its inputs in formulas, what is known of them, and its attributes."""

    def __init__(self, proto: Any, names: dict[str, str], known: dict[str, Any]) -> None:
        self.proto, self.names, self.known = proto, names, known
        self.inputs = list(proto.input)
        self.count = sum(map(bool, self.inputs))

    def __getitem__(self, k: int) -> str:
        """The name of an input; of a constant its literal."""
        name = self.inputs[k]
        if name not in self.names:
            return literal(self.value(k))
        return self.names[name]

    def has(self, k: int) -> bool:
        """Whether an input is there."""
        return k < len(self.inputs) and bool(self.inputs[k])

    def value(self, k: int) -> Any:
        """What is known of an input: options must be known."""
        if self.inputs[k] not in self.known:
            raise NotImplementedError("an option that only a run knows")
        return np.asarray(self.known[self.inputs[k]])

    def ints(self, k: int) -> tuple[int, ...]:
        """A constant input as whole numbers."""
        return tuple(int(n) for n in self.value(k).ravel())

    def shape(self, k: int = 0) -> tuple[int, ...]:
        """The shape of an input."""
        return self.value(k).shape

    def rank(self, k: int = 0) -> int:
        """How many axes an input has."""
        return len(self.shape(k))

    def whole(self, k: int = 0) -> bool:
        """Whether an input holds integers."""
        return self.value(k).dtype.kind in "iu"

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute; a text for bytes, a plain array for a tensor."""
        from onnx import TensorProto, helper, numpy_helper

        for attribute in self.proto.attribute:
            if attribute.name == name:
                found = helper.get_attribute_value(attribute)
                if isinstance(found, bytes):
                    return found.decode()
                return numpy_helper.to_array(found) if isinstance(found, TensorProto) else found
        return default

    def number(self, name: str, default: float) -> str:
        """An attribute that is a number, in single precision as it is kept there."""
        return repr(float(self.get(name, default)))


Form = Callable[[Node], "str | Sequence[str]"]
"""How a node is written: the formula of each of its results."""


def literal(array: Any) -> str:
    """A constant as a formula writes it."""
    array = np.asarray(array)
    if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
        raise NotImplementedError("constants that are no numbers")
    if array.size == 0:
        return f"reshape([], {array.shape})" if array.shape != (0,) else "[]"
    text = repr(array.astype(float).tolist())
    return text.replace("nan", "(inf - inf)") if array.ndim == 0 else text
