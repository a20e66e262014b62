"""What was meant by a spec that is none: sections of another kind, names that cannot be names, lines of a program."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from backpropcli.language.file.sections import DATA, RESERVED
from backpropcli.language.file.yaml_errors import as_lines
from backpropcli.language.formula.hints import reads
from backpropcli.language.formula.meant.repair import whole

if TYPE_CHECKING:
    from backpropcli.errors import SpecError
    from backpropcli.language.file.places import Key
    from backpropcli.language.file.words import Words


def _of_function(words: Words, name: str, head: re.Match[str], value: Any) -> str:
    """What to write for `g(z): relu(z)` among the nodes; for `J(w): w*2`, where w is a name, only `J`."""
    known = {one for section in (*DATA, "nodes") for one in words.sections.get(section, {})}
    arguments = [one.strip() for one in head[2].split(",")]
    if all(one in known for one in arguments):
        return f"Write {head[1]}"
    return f"A function is said under functions:\n  functions:\n    {as_lines([(name, str(value))])}"


def program(text: str) -> str:
    """A network's sections for `x = 1  w = 2  J = w*x`, lines of a program; empty where they are none."""
    lines = _defined(text)
    data = [(name, value) for name, value in lines if re.fullmatch(r"[-+\d.eE]+|\[.*\]", value)]
    nodes = [line for line in lines if line not in data]
    if not (data and nodes) or any("(" in name for name, _ in lines):
        return ""
    return f"parameters:\n{indented(as_lines(data))}\nnodes:\n{indented(as_lines(nodes))}"


def unindented(data: Mapping[str, Any], name: str) -> str:
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


def wrong_kind(words: Words, section: str, value: Any) -> SpecError:
    """The error for a section that holds something else than it should, with what was meant."""
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
        "train": "train: has settings by name: train: {optimizer: adam, lr: 0.01, updates: 100}",
    }.get(section, f"{section}: gives every name its value: {section}: {{w1: 2}}")
    return words.error(f"{section}: is {what(value)}", (section,), form)


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
    if name not in RESERVED:
        return None
    better = {"lambda": "lam", "is": "i_s", "in": "x_in", "from": "source"}.get(name, name.lower() + "_")
    return f"{name} cannot be a name (Python keeps it for itself)", f"Write {better}"


def _nothing(words: Words, name: str, value: Any) -> Told:
    return None if name.strip() else ("a name is missing", "It stands in front of the colon: w1: 2")


def _typeset(words: Words, name: str, value: Any) -> Told:
    plain = unicodedata.normalize("NFKC", name)
    if plain == name or not plain.isidentifier() or plain in RESERVED:
        return None
    return f"{name} cannot be a name: its letters and digits are plain ones", f"Write {plain}"


_LETTERS = "cannot be a name: a name is letters, digits and _"


def _accented(words: Words, name: str, value: Any) -> Told:
    hat = re.fullmatch(r"([^\W\d]\w*)(\^|~|')", name)
    if hat is None:
        return None
    return f"{name} {_LETTERS}", "Write " + hat[1] + {"^": "_hat", "~": "_tilde", "'": "_new"}[hat[2]]


def _subscripted(words: Words, name: str, value: Any) -> Told:
    """`h[t+1]`, `in[t]`, `h[1:]`: what was meant for a row of every time."""
    index = re.fullmatch(r"([^\W\d]\w*)\[(.*)\]", name)
    if index is None or index[2].isdigit():
        return None
    if index[1] in RESERVED:
        return f"{index[1]} cannot be a name (Python keeps it for itself)", f"Write x_{index[1]}[{index[2]}]"
    if later := re.fullmatch(r"\s*([a-z])\s*[+-]\s*\d+\s*", index[2]):
        rule = f"{index[1]}[{later[1]}]: ... {index[1]}[{later[1]}-1] ..."
        return (
            f"the left side of a recurrence is {index[1]}[{later[1]}], not {name}",
            f"Write {rule}, where x[{later[1]}] is the input of the same step: x[1] is its first row.",
        )
    return (
        f"{name} is no left side: a row for each time is {index[1]}[t]",
        f"Write {index[1]}[0]: where it starts, and {index[1]}[t]: ... {index[1]}[t-1] ...",
    )


def _entry(words: Words, name: str, value: Any) -> Told:
    index = re.fullmatch(r"([^\W\d]\w*)\[(\d+)\]", name)
    return (f"{name} is an entry, not a name", f"Write {index[1]}{index[2]}") if index else None


def _several(words: Words, name: str, value: Any) -> Told:
    """`q, k, v: split(qkv, 3)`."""
    if not re.fullmatch(r"[^\W\d]\w*(\s*,\s*[^\W\d]\w*)+", name):
        return None
    whole = value if isinstance(value, str) and len(value) <= 60 and value.endswith((")", "]")) else "split(a, 2)"
    lines = (f"  {one.strip()}: {whole}[{k}]" for k, one in enumerate(name.split(",")))
    return "a node has one name", "\n".join(("Give each a line of its own:", *lines))


def _signs(words: Words, name: str, value: Any) -> Told:
    better = re.sub(r"\W+", "_", name.replace("'", "_prime").replace("′", "_prime")).strip("_")
    good = better.isidentifier() and better not in RESERVED
    return f"{name} {_LETTERS}", f"Write {better}" if good else "A name starts with a letter, such as w1."


_MISTAKES = (_line, _head, _reserved, _nothing, _typeset, _accented, _subscripted, _entry, _several, _signs)
"""What a name may be that is none, in the order in which it is looked for."""


def what(value: Any) -> str:
    """What a value is, in words."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "one text" if isinstance(value, str) else "a number" if isinstance(value, int | float) else "empty"
