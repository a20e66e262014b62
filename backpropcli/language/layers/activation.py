"""Activations of layers: elementwise operations of one argument, softmax, and the functions of the spec."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from backpropcli.language.formula.calls import chosen_by, with_zero
from backpropcli.ops.definition import Elementwise, Operation, Structural
from backpropcli.ops.refused import Refused
from backpropcli.ops.table import TABLE, lookup
from backpropcli.suggest import nearest

LINEAR = ("linear", "identity")
NOTHING = ("none", "None", "null", "no", "off", "-")
"""What people write who want no activation."""
_WRITTEN = re.compile(r"\s*([^\W\d]\w*)\s*(?:\((.*)\))?\s*", re.DOTALL)


class Activation(NamedTuple):
    """What `activation:` says: `name` is the operation's own (`sigmoid` for logistic) or the function's, or `linear`.

    `settings` are the constants behind z: `0.1` in leaky_relu(0.1).
    """

    name: str
    written: str
    settings: str = ""

    def formula(self, z: str) -> str:
        """The formula of the layer's output."""
        if self.name == "linear":
            return z
        return f"{self.written}({z}, {self.settings})" if self.settings else f"{self.written}({z})"

    @property
    def beyond(self) -> bool:
        """Whether it is plain that its values are no probabilities: it is known to leave 0 to 1."""
        operation = TABLE.get(self.name)
        return self.name == "linear" or (operation is not None and operation.probability is False)


def read_activation(written: Any, functions: Mapping[str, Any]) -> Activation | tuple[str, str]:
    """The activation that `written` means, or what is wrong with it and what to write; `functions` by their heads."""
    match = _WRITTEN.fullmatch(written) if isinstance(written, str) else None
    if match is None or match[1] in NOTHING:
        if written in NOTHING or written is False:
            return f"unknown activation: {str(written).lower()}", "Write activation: linear, or leave it out."
        return "activation wants the name of an operation", "Such as relu or sigmoid."
    name, settings = match[1], (match[2] or "").strip()
    own = {head.split("(")[0].strip(): head for head in functions}
    if name in own:
        if own[name].count(",") != settings.count(",") + bool(settings):
            return f"{own[name]} does not take one argument", ""
        return Activation(name, name, settings)
    if name in LINEAR and not settings:
        return Activation("linear", name)
    operation = lookup(name)
    if isinstance(operation, Refused):
        return operation.reason, operation.hint
    if operation is None:
        return _unknown(name, list(own))
    return _judged(operation, name, settings)


def _judged(operation: Operation, name: str, settings: str) -> Activation | tuple[str, str]:
    """The activation, unless the operation works on whole arrays or takes more arguments."""
    if isinstance(operation, Elementwise):
        if len(operation.arguments) - len(operation.defaults) > 1 + bool(settings):
            return f"{name} takes {len(operation.arguments)} arguments; an activation takes one", ""
        return Activation(operation.name, name, settings)
    if operation.activation:
        if settings and not re.fullmatch(r"(?:(?:axis|dim)\s*=\s*)?-\s*1", settings):
            return f"as an activation, {name} works along the last axis: one example at a time", f"Write {name}"
        return Activation(operation.name, name)
    if isinstance(operation, Structural) and operation.instead:
        hint = f"The {chosen_by(operation.instead)} of z and 0 is {operation.instead}(0)."
        hint += f" This one is also {also}." if (also := with_zero(operation.instead)) else ""
        return f"{name} reduces one array; it does not compare two values", hint
    return (
        f"{name} works on a whole array, so it is no activation",
        "An activation takes one number at a time, such as relu, tanh or sigmoid.",
    )


def _unknown(name: str, own: list[str]) -> tuple[str, str]:
    message = f"unknown activation: {name}"
    if near := nearest(name, [*names(), *own]):
        return f"{message}. Did you mean {near}?", ""
    meant = f"Say once what {name} is:"
    if len(name) <= 2:
        meant = f"Write relu or another activation, or say what {name} is:"
    return message, f"{meant}\n  functions:\n    {name}(z): maximum(0, z)"


def names() -> list[str]:
    """The activations that people mean, with their other names: where "did you mean" looks."""
    usual = [o for o in TABLE.values() if o.activation]
    return sorted({*LINEAR, *(name for o in usual for name in (o.name, *o.aliases))})
