"""Parameters given outside a network: those of a program, from --load and -p."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backpropcli.errors import BackpropError, SpecError, UsageError
from backpropcli.language.data.renaming import Rename, read_renames
from backpropcli.language.data.values import read_value
from backpropcli.language.file.words import Words
from backpropcli.language.flags import SPELLED, assignment
from backpropcli.language.override import read_parameters

if TYPE_CHECKING:
    from backpropcli.ops.definition import Value


def given_parameters(
    parameters: Sequence[str] = (), load: Sequence[str] = (), renames: Sequence[str] = ()
) -> dict[str, Value]:
    """Values by name from texts such as `w=2` and from JSON, NPZ or safetensors files; a text goes before a file.

    `renames` say of names in files what they mean: `fc1.weight=W1.T`.

    Raises UsageError and SpecError, with the place, for what cannot be read, and for a name that is given twice.
    """
    result: dict[str, Value] = {}
    for file in load:
        for name, value in _called(read_parameters(file), read_renames(renames)).items():
            if name in result:
                raise SpecError(f"{file}: {name} is in another file of --load too")
            result[name] = value
    words, seen = Words(SPELLED["parameters"]), set[str]()
    for text in parameters:
        found = assignment("parameters", text)
        if found.name in seen:
            raise UsageError(f"{SPELLED['parameters']} {text}: {found.name} is given twice")
        seen.add(found.name)
        path = ("parameters", found.name)
        words.mark(path, SPELLED["parameters"], found.text, found.offset)
        try:
            result[found.name] = read_value(words, found.value, found.name, path)
        except BackpropError as error:
            raise words.placed(error, path) from None
    return result


def _called(values: dict[str, Value], renames: dict[str, Rename]) -> dict[str, Value]:
    """The values as `--as` calls them; all others keep their names, dots and all: a program has its own."""
    found = {}
    for name, value in values.items():
        rename = renames.get(name)
        if rename is None or rename.ours:
            turned = rename is not None and rename.turned and len(getattr(value, "shape", ())) == 2
            found[rename.ours if rename is not None else name] = value.T if turned else value
    return found
