"""What a spec may say: its sections, what each of them holds, and the names that things may have."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from backpropcli.errors import SpecError
from backpropcli.language.file.reading import composed
from backpropcli.language.file.sections import DATA, SECTIONS, article
from backpropcli.language.file.yaml_errors import as_lines
from backpropcli.language.formula.hints import reads
from backpropcli.language.formula.repair import whole
from backpropcli.suggest import nearest

if TYPE_CHECKING:
    from backpropcli.language.file.places import Key
    from backpropcli.language.file.words import Words

_PLANNED = ("train", "training", "optimizer")
"""Sections that shall mean something one day: until then they are not read over."""
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
}
FORMS: dict[str, tuple[type, ...]] = {"layers": (list,), "title": (str, int, float), "loss": (str, dict)}
"""What a section may be, where it is no mapping."""
_RESERVED = frozenset(keyword.kwlist)


def check_sections(words: Words, data: Any) -> None:
    """Fill `words.sections` from a document's data; SpecError where it is not a spec's shape."""
    if data is None:
        raise SpecError(f"{words.source} is empty", hint="A network is written as parameters: and nodes:.")
    if not isinstance(data, dict):
        fixed = _program(data) if isinstance(data, str) else ""
        raise words.error(
            f"{words.source} is {_what(data)}, not a network",
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
            if not name.isidentifier() or name in _RESERVED:
                raise bad_name(words, name, (section, name), value)


def _checked(words: Words, section: str, value: Any) -> Any:
    """What a section says, where it is of the right kind; a mapping is copied, for flags to change."""
    if not isinstance(value, FORMS.get(section, dict)) or isinstance(value, bool):
        raise _wrong_kind(words, section, value)
    if isinstance(value, dict):
        return dict(value)
    return composed(value) if section == "loss" and isinstance(value, str) else value


def _check_section(words: Words, data: Mapping[str, Any], section: str) -> None:
    """Raise SpecError for a section that a network cannot have."""
    if section.lower() in _PLANNED:
        message = f"{section}: means nothing yet: backprop computes gradients, and does not train"
        raise words.error(message, (section,), "Leave the section out: it would be read over.", key=True)
    if section in SECTIONS:
        return
    if misplaced := _unindented(data, section):
        raise words.error(f"unknown section: {section}", (section,), misplaced, key=True)
    meant = _OTHER_WORDS.get(section.lower()) or nearest(section, SECTIONS)
    near = f". Did you mean {meant}?" if meant else ""
    hint = f"A network has the sections {', '.join(SECTIONS)}."
    raise words.error(f"unknown section: {section}{near}", (section,), hint, key=True)


def _of_function(words: Words, name: str, head: re.Match[str], value: Any) -> str:
    """What to write for `g(z): relu(z)` among the nodes; for `J(w): w*2`, where w is a name, only `J`."""
    known = {one for section in (*DATA, "nodes") for one in words.sections.get(section, {})}
    arguments = [one.strip() for one in head[2].split(",")]
    if all(one in known for one in arguments):
        return f"Write {head[1]}"
    return f"A function is said under functions:\n  functions:\n    {as_lines([(name, str(value))])}"


def _program(text: str) -> str:
    """A network's sections for `x = 1  w = 2  J = w*x`, lines of a program; empty where they are none."""
    lines = _defined(text)
    data = [(name, value) for name, value in lines if re.fullmatch(r"[-+\d.eE]+|\[.*\]", value)]
    nodes = [line for line in lines if line not in data]
    if not (data and nodes) or any("(" in name for name, _ in lines):
        return ""
    return f"parameters:\n{indented(as_lines(data))}\nnodes:\n{indented(as_lines(nodes))}"


def _unindented(data: Mapping[str, Any], name: str) -> str:
    """What to write of a name at the margin, where the section that it belongs to stands empty above it."""
    above = list(data)[: list(data).index(name)]
    value = data[name]
    if not above or data[above[-1]] is not None or above[-1] not in (*DATA, "nodes", "functions"):
        return ""
    if not isinstance(value, str | int | float):
        return ""
    return f"Indent it under {above[-1]}:\n  {above[-1]}:\n    {as_lines([(name, str(value))])}"


def _defined(text: str) -> list[tuple[str, str]]:
    """`z = w*x J = z**2`, lines of a program that YAML took for one text: each name with its formula."""
    pieces = re.split(r"\s+(?=[^\W\d]\w*(?:\([\w, ]*\))?\s*=(?!=))", text.strip())
    found = [re.fullmatch(r"([^\W\d]\w*(?:\([\w, ]*\))?)\s*=(?!=)\s*(.+)", piece, re.DOTALL) for piece in pieces]
    lines = [(one[1], one[2].strip()) for one in found if one] if all(found) else []
    mended = [(name, said if reads(said) else whole(said)[0]) for name, said in lines]
    return mended if all(said for _, said in mended) else []


def _spaced(text: str) -> str:
    """`z:w*x J:z**2`, lines that YAML took for one text, with a space behind each colon."""
    pieces = re.split(r"\s+(?=[^\W\d]\w*:)", text)
    pairs = [tuple(part.strip() for part in piece.split(":", 1)) for piece in pieces]
    fixed = as_lines([(name, said if reads(said) else whole(said)[0] or said) for name, said in pairs])
    return "Write\n" + indented(fixed) if "\n" in fixed else f"Write {fixed}"


def indented(text: str) -> str:
    """Lines to be shown below a word of advice."""
    return "\n".join(f"  {line}" for line in text.splitlines())


def _wrong_kind(words: Words, section: str, value: Any) -> SpecError:
    if isinstance(value, str) and section in (*DATA, "nodes", "functions") and (lines := _defined(value)):
        return words.error(
            f"{section}: is one text: a colon stands behind a name, not =",
            (section,),
            f"{section}:\n{indented(as_lines(lines))}",
        )
    if isinstance(value, str) and re.match(r"(\w+):(\S.*)", value):
        return words.error("a space is missing after the colon", (section,), _spaced(value))
    if isinstance(value, list) and section != "layers" and all(isinstance(one, dict) for one in value):
        pairs = [(str(name), str(said)) for one in value for name, said in one.items()]
        return words.error(
            f"{section}: is a list", (section,), f"Without - and [ ]:\n{section}:\n{indented(as_lines(pairs))}"
        )
    form = {
        "layers": "layers: is a list:\n  - dense: {units: 1, activation: relu, w: 2, b: 0}",
        "title": "title: is a line of text.",
        "loss": "loss: names a node (loss: J) or a loss function (loss: squared_error).",
        "nodes": "nodes: gives every name its formula:\n  z1: w1 * x",
    }.get(section, f"{section}: gives every name its value: {section}: {{w1: 2}}")
    return words.error(f"{section}: is {_what(value)}", (section,), form)


def bad_name(words: Words, name: str, path: Key, value: Any = "") -> SpecError:
    """The error for a name that cannot be one, with a near name that can."""
    found = (mistake(words, name, value) for mistake in _MISTAKES)
    message, hint = next(said for said in found if said is not None)
    return words.error(message, path, hint, key=True)


Told = tuple[str, str] | None
"""What is wrong with a name, and what to write; None where it is something else."""


def _line(words: Words, name: str, value: Any) -> Told:
    """A line that YAML took for a name."""
    if value is None and ":" in name:
        return "a space is missing after the colon", _spaced(name)
    if (value is None or value == "") and (lines := _defined(name)):
        return "a colon stands behind a name, not =", f"Write {as_lines(lines)}"
    return None


def _head(words: Words, name: str, value: Any) -> Told:
    head = re.fullmatch(r"([^\W\d]\w*)\(([\w, ]*)\)", name)
    return (f"{name} is a function, not a name", _of_function(words, name, head, value)) if head else None


def _reserved(words: Words, name: str, value: Any) -> Told:
    if name not in _RESERVED:
        return None
    better = {"lambda": "lam", "is": "i_s", "in": "x_in", "from": "source"}.get(name, name.lower() + "_")
    return f"{name} cannot be a name (Python keeps it for itself)", f"Write {better}"


def _nothing(words: Words, name: str, value: Any) -> Told:
    return None if name.strip() else ("a name is missing", "It stands in front of the colon: w1: 2")


def _typeset(words: Words, name: str, value: Any) -> Told:
    plain = unicodedata.normalize("NFKC", name)
    if plain == name or not plain.isidentifier() or plain in _RESERVED:
        return None
    return f"{name} cannot be a name: its letters and digits are plain ones", f"Write {plain}"


_LETTERS = "cannot be a name: a name is letters, digits and _"


def _accented(words: Words, name: str, value: Any) -> Told:
    hat = re.fullmatch(r"([^\W\d]\w*)(\^|~|')", name)
    if hat is None:
        return None
    return f"{name} {_LETTERS}", "Write " + hat[1] + {"^": "_hat", "~": "_tilde", "'": "_new"}[hat[2]]


def _entry(words: Words, name: str, value: Any) -> Told:
    index = re.fullmatch(r"([^\W\d]\w*)\[(\d+)\]", name)
    return (f"{name} is an entry, not a name", f"Write {index[1]}{index[2]}") if index else None


def _signs(words: Words, name: str, value: Any) -> Told:
    better = re.sub(r"\W+", "_", name.replace("'", "_prime").replace("′", "_prime")).strip("_")
    good = better.isidentifier() and better not in _RESERVED
    return f"{name} {_LETTERS}", f"Write {better}" if good else "A name starts with a letter, such as w1."


_MISTAKES = (_line, _head, _reserved, _nothing, _typeset, _accented, _entry, _signs)
"""What a name may be that is none, in the order in which it is looked for."""


def check_unique(words: Words, kinds: Mapping[str, str], section: str, name: str) -> None:
    """Raise where `name` of `section` is in an earlier section already (`kinds`: name to section)."""
    other = kinds.get(name)
    if other is None:
        return
    first = words.place((other, name), key=True)
    where = f" in line {first.line}" if first is not None and first.line else ""
    raise words.error(
        f"{name} is {article(other)} and {article(section)}",
        (section, name),
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
    raise words.error(f"{name} is {_what(value)}, not a formula", path, "Put quotes around a formula that holds { }.")


def _what(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "one text" if isinstance(value, str) else "a number" if isinstance(value, int | float) else "empty"
