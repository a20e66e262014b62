"""Flags of the same meaning as a spec's sections: `-p w=2`, `-n "a = relu(z)"`, `--layer "dense(1, relu, w=2)"`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.errors import BackpropError, UsageError
from backpropcli.language.data.printed import made, printed
from backpropcli.language.file.reading import composed
from backpropcli.language.file.yaml12 import finite, integer, scalar
from backpropcli.ops.table import lookup

if TYPE_CHECKING:
    from backpropcli.language.layers.kind import Kind

_COMMA = re.compile(r"\s*[-+]?\d+,\d+(?:[eE][-+]?\d+)?\s*\Z")


class Flags(NamedTuple):
    """The texts of the flags, in the order in which they were given."""

    inputs: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    loss: str | None = None
    load: tuple[str, ...] = ()
    renames: tuple[str, ...] = ()
    expect: tuple[str, ...] = ()
    allow_files: tuple[str, ...] = ()
    memory: str | None = None
    training: tuple[tuple[str, str], ...] = ()
    """Settings of `train:` and their texts: ("lr", "0.1")."""
    batches: bool = False
    """Whether the network is only trained: where `train:` says a batch, no more is computed at a time."""

    @property
    def builds(self) -> bool:
        """Whether they make a network of their own where no file is given."""
        return bool(self.nodes or self.layers)


SPELLED = {
    "inputs": "--input",
    "targets": "--target",
    "parameters": "--parameter",
    "nodes": "-n",
    "layers": "--layer",
    "loss": "--loss",
    "load": "--load",
    "expect": "--expect",
}
_FORMS = {"nodes": "NAME = FORMULA", "expect": "KEY=NUMBER"}


class Assignment(NamedTuple):
    """`name = value` as a flag gave it; the value's text starts at `offset` of `text`."""

    name: str
    value: Any
    text: str
    offset: int


def assignment(section: str, text: str) -> Assignment:
    """A flag of this section taken apart: the value as plain data (a formula stays text)."""
    text = composed(text)
    flag = f"{SPELLED[section]} {text}"
    form = _FORMS.get(section, "NAME=VALUE")
    if section == "nodes" and (hint := _assigned(text.strip())):
        raise UsageError(f"{flag}: a node is written NAME = FORMULA", hint=hint)
    match = re.match(r"\s*([^=]*?(?:<=[^=]*?)?)\s*(?<!<)=(?!=)\s*", text, re.DOTALL)
    if match is None and (double := re.match(r"([^=]*?)\s*==\s*(.*)", text, re.DOTALL)):
        one = f"{double[1].strip()} = {double[2]}" if section == "nodes" else f"{double[1].strip()}={double[2]}"
        one = f'"{one}"' if " " in one else one
        raise UsageError(f"{flag}: expected one =, not two", hint=f"Write {SPELLED[section]} {one}")
    if match is None:
        hint = (
            _as_node(text.strip())
            if section == "nodes"
            else (f"Without spaces around =, or in quotes:  {SPELLED[section]} {text.strip() or 'w'}=2")
        )
        raise UsageError(f'{flag}: expected "{form}", got only "{text.strip()}"', hint=hint)
    name, said = match[1], text[match.end() :].strip()
    if not name:
        raise UsageError(f'{flag}: expected "{form}", a name is missing')
    if not said:
        raise UsageError(f"{flag}: {name} has no {'formula' if section == 'nodes' else 'value'}")
    value = said if section == "nodes" else plain(said, flag, name)
    return Assignment(name, value, text, match.end())


def _assigned(text: str) -> str:
    """What to write for `z := w*x`, `z <- w*x`, `z += w` and `w*x = z`; empty for anything else."""
    from backpropcli.language.formula.hints import LONGEST_SHOWN, reads, suggested

    if found := re.fullmatch(r"([^\W\d]\w*)\s*(:=|<-|←|[-+*/@]=)\s*(.+)", text):
        name, sign, rest = found.groups()
        if sign in (":=", "<-", "←"):
            return suggested(rest, f'Write -n "{name} = {{}}"', f'Such as -n "{name} = w*x"')
        return suggested(
            f"{name} {sign[0]} {rest}",
            f'What becomes of it has a name of its own:  -n "{name}2 = {{}}"',
            "What becomes of it has a name of its own.",
        )
    found = re.fullmatch(r"(?![^\W\d]\w*\s*[(\[])([^=]*[-+*/@][^=]*)=\s*([^\W\d]\w*)", text)
    if found and len(text) <= LONGEST_SHOWN and reads(found[1].strip()):
        return f'The name stands on the left:  -n "{found[2]} = {found[1].strip()}"'
    return ""


def _as_node(text: str) -> str:
    """A node as the flag wants it, from `J: x*2` or from a formula alone."""
    from backpropcli.language.formula.hints import suggested

    if colon := re.fullmatch(r"([^\W\d]\w*)\s*:\s*(.+)", text):
        return suggested(colon[2], f'Write -n "{colon[1]} = {{}}"', f'Such as -n "{colon[1]} = w*x"')
    if re.fullmatch(r"[^\W\d]\w*", text):
        return f'Put the formula in quotes:  -n "{text} = w*x"'
    return suggested(text, 'Give it a name:  -n "J = {}"', 'Put the formula in quotes:  -n "J = w*x"')


def plain(said: str, flag: str, name: str) -> Any:
    """What a value typed in a shell says, as plain data: a number, a list, a mapping, or the text of an expression."""
    if _COMMA.match(said):
        raise UsageError(f"{flag}: decimals are written with a point: {name}={said.replace(',', '.')}")
    if (found := printed(said)) is not None:
        return found
    said = made(said) or said
    if said[0] in "[{":
        import json

        try:
            return json.loads(said, parse_int=integer, parse_float=finite)
        except (ValueError, RecursionError):
            from backpropcli.language.file.document import read_string

            try:
                return read_string(said, flag).data
            except BackpropError as error:
                raise UsageError(f"{flag}: {error.message}", hint=error.hint) from None
    if said[0] in "'\"":
        return said.strip("'\"")
    return scalar(said)


def call(flag: str, text: str) -> tuple[str, list[str], dict[str, str]]:
    """`dense(1, relu, w=2)` taken apart: the name, the arguments without a name, those with one; all of them text."""
    match = re.fullmatch(r"\s*(\w+)\s*(?:\((.*)\))?\s*", text, re.DOTALL)
    if match is None:
        raise UsageError(f"{flag} {text}: expected a name and its settings in parentheses")
    pieces, depth, piece = [], 0, ""
    for letter in match[2] or "":
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            pieces.append(piece)
            piece = ""
        else:
            piece += letter
    pieces.append(piece)
    if depth:
        raise UsageError(f"{flag} {text}: a bracket is not closed")
    places: list[str] = []
    named: dict[str, str] = {}
    for piece in pieces:
        setting = re.match(r"\s*([\w.]+)\s*=(?!=)\s*(.*)", piece, re.DOTALL)
        if setting is None:
            if piece.strip():
                places.append(piece.strip())
            elif len(pieces) > 1:
                raise UsageError(f"{flag} {text}: nothing stands between two commas")
        elif setting[1] in named:
            raise UsageError(f"{flag} {text}: {setting[1]} is given twice")
        else:
            named[setting[1]] = setting[2].strip()
    for first, second in pairwise(pieces):
        if re.search(r"=\s*[-+]?\d+\Z", first) and re.fullmatch(r"\d+(?:[eE][-+]?\d+)?", second):
            written = first.split("=")[1].strip()
            raise UsageError(f"{flag} {text}: decimals are written with a point: {written}.{second}")
    return match[1], places, named


def layer(text: str, kinds: Mapping[str, Kind]) -> str | dict[str, Any]:
    """`dense(1, relu, w=2, b=0)` as an entry of `layers:`; `relu`, or `leaky_relu(0.1)`, is a text."""
    flag = SPELLED["layers"]
    name, unnamed, named = call(flag, text)
    if name not in kinds and not named and lookup(name) is not None:
        return text.strip()
    if name not in kinds and len(unnamed) == 1 and not named:
        return {name: plain(unnamed[0], f"{flag} {text}", name)}  # a block, perhaps: block(2)
    kind = kinds.get(name) or next(iter(kinds.values()))  # that there is no such kind is said when it is lowered
    if len(unnamed) > len(kind.positional):
        stranger = unnamed[len(kind.positional)]
        raise UsageError(f"{flag} {text}: {stranger} has no name", hint=f'Such as "{kind.call}"')
    settings: dict[str, Any] = {}
    for key, said in [*zip(kind.positional, unnamed, strict=False), *named.items()]:
        if key in settings:
            raise UsageError(f"{flag} {text}: {key} is given twice")
        if not said:
            raise UsageError(f"{flag} {text}: {key} has no value")
        as_text = key in kind.keys and kind.setting(key).type.text
        settings[key] = said if as_text else plain(said, f"{flag} {text}", key)
    return {name: settings}


def loss(text: str) -> str | dict[str, Any]:
    """`J`, `squared_error` or `huber(delta=2)` as the section `loss:` says it."""
    if "(" not in text:
        return text.strip()
    flag = SPELLED["loss"]
    name, unnamed, named = call(flag, text)
    if unnamed:
        raise UsageError(f"{flag} {text}: {unnamed[0]} has no name", hint='Such as "squared_error(reduction=mean)"')
    return {name: {key: plain(said, f"{flag} {text}", key) for key, said in named.items()}} if named else name
