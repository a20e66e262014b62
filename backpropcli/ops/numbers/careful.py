"""Namespaces made careful: NOTHING stands in them for 0.0, in numbers and, as objects, in arrays."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from backpropcli.ops.numbers.nothing import NOTHING, ZERO, Unreached, whole


def settled(value: Any, xp: Any) -> Any:
    """A number or an array of the namespace `xp`; where it is NOTHING it is 0, and marked as such."""
    if getattr(value, "shape", None) == () and value.dtype.kind == "O":
        value = value[()]  # an array without axes
    if value is NOTHING:
        return ZERO
    if not whole(value):
        return value
    from backpropcli.ops.numbers import nothings

    return nothings.settled(value, xp)


def lifted(value: Any) -> Any:
    """A gradient with NOTHING again where it was, as far as it is marked."""
    if type(value) is Unreached:
        return NOTHING
    if not whole(value):
        return value
    from backpropcli.ops.numbers import nothings

    return nothings.lifted(value)


def among_numbers(function: Callable[[Any], Any], value: Any, xp: Any) -> Any:
    """What a function makes of a gradient's numbers; NOTHING is left as it is."""
    shown = settled(value, xp)
    if shown is ZERO:
        return NOTHING
    marks = getattr(shown, "nothing", None)
    made = function(shown if marks is None else xp.asarray(shown))
    if marks is None:
        return made
    from backpropcli.ops.numbers import nothings

    return nothings.with_nothing(made, marks)


def careful(xp: Any) -> SimpleNamespace:
    """The namespace with NOTHING in it; its arrays become arrays of objects where NOTHING comes into them."""
    own = vars(xp)
    if xp.raises:
        return SimpleNamespace(**{**own, "nothing": NOTHING})
    from backpropcli.ops.numbers import nothings

    return SimpleNamespace(**{**own, "nothing": NOTHING, **nothings.functions(xp)})
