"""What a spec may say: its sections, what each of them holds, and the names that things may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from backpropcli.errors import SpecError
from backpropcli.language.file.reading import composed
from backpropcli.language.file.sections import DATA, RESERVED, SECTIONS, article
from backpropcli.suggest import nearest

if TYPE_CHECKING:
    from backpropcli.language.file.places import Key
    from backpropcli.language.file.words import Words

_OTHER_WORDS = {
    "weights": "parameters",
    "params": "parameters",
    "variables": "parameters",
    "biases": "parameters",
    "data": "inputs",
    "labels": "targets",
    "outputs": "targets",
    "graph": "nodes",
    "formulas": "nodes",
    "operations": "nodes",
    "model": "layers",
    "network": "nodes",
    "cost": "loss",
    "error": "loss",
    "expected": "expect",
    "name": "title",
    "activations": "functions",
    "training": "train",
    "optimizer": "train",
    "optimiser": "train",
}
FORMS: dict[str, tuple[type, ...]] = {"layers": (list,), "title": (str, int, float), "loss": (str, dict)}
"""What a section may be, where it is no mapping."""


def check_sections(words: Words, data: Any) -> None:
    """Fill `words.sections` from a document's data; SpecError where it is not a spec's shape."""
    if data is None:
        raise SpecError(f"{words.source} is empty", hint="A network is written as parameters: and nodes:.")
    if not isinstance(data, dict):
        from backpropcli.language.file import meant  # most networks are right, and do not wait for it

        fixed = meant.program(data) if isinstance(data, str) else ""
        raise words.error(
            f"{words.source} is {meant.what(data)}, not a network",
            (),
            fixed or "A network has sections such as inputs:, parameters:, nodes:.",
        )
    for section in data:
        _check_section(words, data, section)
    for section, value in data.items():
        if value is not None:
            words.sections[section] = _checked(words, section, value)
    for section in (*DATA, "nodes"):
        for name, value in words.sections.get(section, {}).items():
            if not name.isidentifier() or name in RESERVED:
                if section == "nodes" and _subscripted(name):
                    continue
                from backpropcli.language.file.meant import bad_name

                raise bad_name(words, name, (section, name), value)


def _subscripted(name: str) -> bool:
    """Whether it is the left side of a recurrence, which most networks have none of."""
    from backpropcli.language.recurrence.keys import subscript

    return subscript(name) is not None


def _checked(words: Words, section: str, value: Any) -> Any:
    """What a section says, where it is of the right kind; a mapping is copied, for flags to change."""
    several = section == "loss" and isinstance(value, list) and len(value) > 1
    if (not isinstance(value, FORMS.get(section, dict)) or isinstance(value, bool)) and not several:
        from backpropcli.language.file.meant import wrong_kind

        raise wrong_kind(words, section, value)
    if isinstance(value, dict):
        return dict(value)
    return composed(value) if section == "loss" and isinstance(value, str) else value


def _check_section(words: Words, data: Mapping[str, Any], section: str) -> None:
    """Raise SpecError for a section that a network cannot have."""
    if section in SECTIONS:
        return
    from backpropcli.language.file.meant import unindented

    if misplaced := unindented(data, section):
        raise words.error(f"unknown section: {section}", (section,), misplaced, key=True)
    meant = _OTHER_WORDS.get(section.lower()) or nearest(section, SECTIONS)
    near = f". Did you mean {meant}?" if meant else ""
    hint = f"A network has the sections {', '.join(SECTIONS)}."
    raise words.error(f"unknown section: {section}{near}", (section,), hint, key=True)


def check_unique(words: Words, kinds: Mapping[str, str], section: str, key: str, name: str = "") -> None:
    """Raise where a name of `section` is there already (`kinds`: name to section); it may stand in a `key`, as h[t]."""
    name = name or key
    other = kinds.get(name)
    if other is None:
        return
    if other == section == "nodes":
        hint = "A node with rows of time has no rule without a subscript. Give one of them another name."
        raise words.error(f"{name} is a node with rows of time, and a node without", (section, key), hint, key=True)
    first = words.place((other, name), key=True)
    where = f" in line {first.line}" if first is not None and first.line else ""
    raise words.error(
        f"{name} is {article(other)} and {article(section)}",
        (section, key),
        f"It is {article(other)}{where}. Give one of them another name.",
        key=True,
    )


def formula_text(words: Words, name: str, value: Any, path: Key) -> str:
    """A node's formula as text; SpecError where it is something else."""
    if type(value) is str and value.strip():
        return value
    if type(value) is int or type(value) is float:
        return repr(value)
    if value is None or value == "":
        raise words.error(f"{name} has no formula", path, f"Write {name}: and a formula, such as w * x + b.")
    if isinstance(value, bool):
        raise words.error(f"{str(value).lower()} is not a formula", path, f"A number is {int(value)}.")
    if isinstance(value, list):
        raise words.error(
            f"{name} is a list, not a formula",
            path,
            "Constant lists stand in inputs: or parameters:; a list in a formula needs quotes around the formula.",
        )
    from backpropcli.language.file.meant import what

    raise words.error(f"{name} is {what(value)}, not a formula", path, "Put quotes around a formula that holds { }.")
