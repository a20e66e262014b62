"""Names from elsewhere in our words: what `--as THEIRS=OURS[.T]` says, and `module.fc1.weight` as fc1_weight."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.errors import SpecError, UsageError
from backpropcli.language.data.deferred import transposed

if TYPE_CHECKING:
    from backpropcli.ops.definition import Value

_WRAPPED = re.compile(r"(?:(?:module|_orig_mod)\.)+")
"""What torch's DataParallel and compile put in front of every name."""


class Rename(NamedTuple):
    """Their name, ours (empty: leave it out), and whether theirs is transposed."""

    theirs: str
    ours: str
    turned: bool
    text: str


def read_renames(texts: Iterable[str]) -> dict[str, Rename]:
    """What each `--as` says, by their name; UsageError where it cannot be read, or one is renamed twice."""
    result: dict[str, Rename] = {}
    for text in texts:
        theirs, equals, ours = (part.strip() for part in text.rpartition("="))
        if not equals or not theirs:
            hint = "Such as --as fc1.weight=W1.T, or --as fc1.bias=b1"
            raise UsageError(f"--as {text}: expected THEIRS=OURS", hint=hint)
        if theirs in result:
            raise UsageError(f"--as {text}: {theirs} is renamed twice")
        result[theirs] = Rename(theirs, ours.removesuffix(".T"), ours.endswith(".T"), text)
    return result


def unwrapped(name: str) -> str:
    """A name without what a wrapper of torch's put in front: `module.fc1.weight` is `fc1.weight`."""
    return _WRAPPED.sub("", name, count=1) if _WRAPPED.match(name) else name


def dotless(name: str) -> str:
    """A name from elsewhere as one that a network can have: `fc1.weight` is `fc1_weight`, `0.bias` is `_0_bias`."""
    name = unwrapped(name).replace(".", "_")
    return f"_{name}" if name[:1].isdigit() else name


def renamed(
    values: Mapping[str, Value], renames: Mapping[str, Rename], file: str, origin: dict[str, str]
) -> dict[str, Value]:
    """The values of a file under our names, whose own are noted in `origin`; SpecError where two come to one."""
    result: dict[str, Value] = {}
    for name, value in values.items():
        rename = renames.get(name)
        ours = rename.ours if rename is not None else dotless(name) if "." in name else name
        if not ours:
            continue
        if ours in result:
            raise SpecError(f"{file}: {origin[ours]} and {name} both mean {ours}")
        shape: Sequence[int] = getattr(value, "shape", ())
        result[ours] = transposed(value) if rename is not None and rename.turned and len(shape) == 2 else value
        origin[ours] = name
    return result


def paired(theirs: Mapping[str, Value], ours: Mapping[str, tuple[int, ...]]) -> list[str]:
    """The `--as` that would do, by shape and order: `fc1.weight=W1.T`."""
    found, left = [], dict(ours)
    for name, value in theirs.items():
        shape = tuple(getattr(value, "shape", ()))
        for own, wanted in left.items():
            # PyTorch's weights have a row a unit: what x @ W has as a column.
            turned = shape[::-1] == wanted and len(shape) == 2 and (shape != wanted or name.endswith("weight"))
            if shape == wanted or turned:
                found.append(f"{name}={own}{'.T' if turned else ''}")
                del left[own]
                break
    return found
