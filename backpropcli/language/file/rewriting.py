"""A network's text with other values for its parameters: all else byte for byte, comments and the author's style too.

A number takes the place of a number. A list of the same shape keeps its brackets, line breaks and comments. Whatever
else made a value (`1/3`, `{he: [2, 3]}`, `init: he`) is replaced by a list; an array of many numbers by
`{npz: trained.npz, array: W1}`, for which the numbers are handed back.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.errors import SpecError
from backpropcli.language.file.document import Document
from backpropcli.language.file.spans import spans

if TYPE_CHECKING:
    from backpropcli.language.file.places import Key
    from backpropcli.language.layers.kind import Parameter
    from backpropcli.ops.definition import Value

INLINE = 100
"""An array of more numbers than this is stored beside the text."""
WIDE = 100
"""A list of more characters than this has a line for each row."""
WEIGHTS = ("w", "W", "W.T", "K", "init")
"""The settings of a layer behind which others are written."""


class Rewritten(NamedTuple):
    """The new text, and the arrays that it takes from an NPZ file, by name."""

    text: str
    arrays: dict[str, Value]


def rewritten(document: Document, values: Mapping[str, Value], stored: str) -> Rewritten:
    """The document with these values for its parameters; those of more than 100 numbers are taken from `stored`.

    Values read back exactly. Raises SpecError for a document that has no place for one of them.
    """
    return _Rewriting(document, stored).all(values)


class _Rewriting:
    """One text on its way: edits of it, (start, end, text), and what the result has to mean."""

    def __init__(self, document: Document, stored: str) -> None:
        self.document = document
        self.text = document.whole
        self.json = document.is_json
        self.stored = stored
        self.spans = spans(document)
        self.edits: list[tuple[int, int, str]] = []
        self.wanted: Any = copy.deepcopy(document.data)
        self.arrays: dict[str, Value] = {}
        self.added: list[tuple[str, Value]] = []
        self.renamed: set[Key] = set()

    def all(self, values: Mapping[str, Value]) -> Rewritten:
        """Every value in its place."""
        for name, value in values.items():
            if name in (self.document.data.get("parameters") or {}):
                self.replace(("parameters", name), name, value)
            elif (found := self.layer_of(name)) is not None:
                self.in_layer(name, *found, value)
            else:
                self.added.append((name, value))
        if self.added and self.document.data.get("blocks"):
            raise SpecError(
                f"{self.document.name}: a block's copies have no values of their own there",
                hint="Write -o trained.npz, or take the copies as nodes first:  backprop run --lowered -o nodes.yaml",
            )
        if self.added:
            self.add_parameters()
        text = self.text
        for start, end, new in sorted(self.edits, key=lambda edit: edit[:2], reverse=True):
            text = text[:start] + new + text[end:]
        if Document(text, self.document.name, self.json).data != self.wanted:  # an odd style: better nothing than wrong
            raise SpecError(
                f"{self.document.name} cannot be written with new values", hint="Write -o trained.npz instead."
            )
        return Rewritten(text, self.arrays)

    # Where a value stands.

    def layer_of(self, name: str) -> tuple[Key, Parameter] | None:
        """The path of the layer that makes a parameter, and how it declares it."""
        from backpropcli.language.layers.kinds import KINDS

        match = re.fullmatch(r"([^\W\d]\w*?)([1-9]\d*)", name)
        layers = self.document.data.get("layers") or []
        if match is None or int(match[2]) > len(layers) or not isinstance(layers[int(match[2]) - 1], dict):
            return None
        index = int(match[2]) - 1
        kind = next(iter(layers[index]))
        declared = KINDS[kind].parameters if kind in KINDS else ()
        found = next((parameter for parameter in declared if parameter.letter == match[1]), None)
        return (("layers", index, kind), found) if found is not None else None

    def in_layer(self, name: str, path: Key, parameter: Parameter, value: Value) -> None:
        """A parameter of a layer: where it is written, in place of an initialiser, or as a new setting."""
        settings, key = self.at(self.document.data, path), parameter.setting
        written = next((one for one in parameter.written if isinstance(settings, dict) and one in settings), "")
        if written:
            shared = isinstance(settings[written], dict) and list(settings[written]) == ["shared"]
            where = (*path, written, "shared") if shared else (*path, written)
            self.replace(where, name, value.T if written != key else value)
        elif parameter.start and (_numbers(value) == float(parameter.start == "ones")).all():
            return  # nobody has to write it
        elif not isinstance(settings, dict):
            self.open(path, settings, key, name, value)
        elif "init" in settings and not parameter.start and path not in self.renamed:
            self.renamed.add(path)
            self.rename((*path, "init"), key, name, value)
            if "seed" in settings:
                self.remove((*path, "seed"))
        else:
            behind = next((one for one in WEIGHTS if one in settings), list(settings)[-1])
            self.add(path, (*path, behind), key, name, value)

    def open(self, path: Key, alone: Any, key: str, name: str, value: Value) -> None:
        """`norm: layer` becomes `norm: {kind: layer, g: [...]}`."""
        from backpropcli.language.layers.kinds import KINDS

        new, meaning = self.written((), name, value)
        layer = self.at(self.wanted, path[:-1])
        if not isinstance(layer[path[-1]], dict):
            layer[path[-1]] = {KINDS[str(path[-1])].positional[0]: alone}
            span = self.spans[path]
            first = self.key(KINDS[str(path[-1])].positional[0])
            self.edits.append((span.start, span.start, f"{{{first}: "))
            self.edits.append((span.end, span.end, "}"))
        layer[path[-1]][key] = meaning
        end = self.spans[path].end
        place = self.edits.index((end, end, "}"))
        self.edits.insert(place + 1, (end, end, f", {self.key(key)}: {new}"))  # what is applied later stands before it

    # Edits.

    def replace(self, path: Key, name: str, value: Value, shift: int = 0) -> None:
        """Another value for what stands at `path`; `shift`: how far its line moves to the right."""
        raw = self.at(self.document.data, path)
        if prod(_shape(value)) <= INLINE and _listed(raw, _shape(value)):
            self.leaves(path, raw, value)
            return
        new, meaning = self.written(path, name, value, shift)
        span = self.spans[path]
        start = span.start
        if span.key is not None and self.line(start) != self.line(span.key[0]):
            column = start - self.text.rfind("\n", 0, start) - 1
            own = span.key[0] - self.text.rfind("\n", 0, span.key[0]) - 1
            new = " " * max(own + 2 - column, 0) + new
        self.edits.append((start, span.end, new))
        self.put(path, meaning)

    def leaves(self, path: Key, raw: Any, value: Value) -> None:
        """The numbers of a list, one by one, which keeps everything between them; one that stays is left alone."""
        if isinstance(raw, list):
            for position, entry in enumerate(raw):
                self.leaves((*path, position), entry, value[position])
            return
        number = float(value)
        if type(raw) in (int, float) and _number(float(raw)) == _number(number):
            return
        span = self.spans[path]
        self.edits.append((span.start, span.end, self.number(number)))
        self.put(path, self.meant(number))

    def rename(self, path: Key, letter: str, name: str, value: Value) -> None:
        """`init: he` becomes `W: [[...]]`."""
        self.replace(path, name, value, len(letter) - len("init"))
        span = self.spans[path]
        assert span.key is not None
        self.edits.append((*span.key, self.key(letter)))
        settings = self.at(self.wanted, path[:-1])
        settings[letter] = settings.pop("init")

    def remove(self, path: Key) -> None:
        """Take a setting out, with the comma or the line that it had."""
        span = self.spans[path]
        assert span.key is not None
        start, end = span.key[0], span.end
        if self.flow(path[:-1]):
            before = re.search(r",\s*\Z", self.text[:start])
            after = re.match(r"\s*,[^\S\n]*", self.text[end:])
            if before is not None:
                start = before.start()
            elif after is not None:
                end += after.end()
        elif not self.text[self.text.rfind("\n", 0, start) + 1 : start].strip():
            rest = re.match(r"[^\S\n]*(?:\n|\Z)", self.text[end:])
            if rest is not None:  # nothing else stands in this line
                start, end = self.text.rfind("\n", 0, start) + 1, end + rest.end()
        self.edits.append((start, end, ""))
        del self.at(self.wanted, path[:-1])[path[-1]]

    def add(self, path: Key, behind: Key, key: str, name: str, value: Value) -> None:
        """A new setting behind another one of the same mapping."""
        span = self.spans[behind]
        assert span.key is not None
        new, meaning = self.written((*path, key), name, value)
        if self.flow(path):
            self.edits.append((span.end, span.end, f", {self.key(key)}: {new}"))
        else:
            column = span.key[0] - self.text.rfind("\n", 0, span.key[0]) - 1
            end = self.text.find("\n", span.end)
            end = len(self.text) if end < 0 else end
            self.edits.append((end, end, f"\n{' ' * column}{key}: {new}"))
        self.at(self.wanted, path)[key] = meaning

    def add_parameters(self) -> None:
        """Parameters that the text has no place for yet: they came from flags."""
        known = self.document.data.get("parameters")
        if known:
            for name, value in self.added:
                self.add(("parameters",), ("parameters", list(known)[-1]), name, name, value)
            return
        if "parameters" in self.document.data:
            raise SpecError(f"{self.document.name}: parameters: is empty", hint="Leave it out, or write -o trained.npz")
        written = {name: self.written((), name, value) for name, value in self.added}
        if self.flow(()):
            inner = ", ".join(f"{self.key(name)}: {new}" for name, (new, _) in written.items())
            start = self.spans[()].start + 1
            self.edits.append((start, start, f"{self.key('parameters')}: {{{inner}}}, "))
        else:
            inner = "".join(f"  {name}: {new}\n" for name, (new, _) in written.items())
            gap = "" if self.text.endswith("\n") else "\n"
            self.edits.append((len(self.text), len(self.text), f"{gap}parameters:\n{inner}"))
        self.wanted["parameters"] = {name: meaning for name, (_, meaning) in written.items()}

    # Texts.

    def written(self, path: Key, name: str, value: Value, shift: int = 0) -> tuple[str, Any]:
        """A value as text, and as the data that it means."""
        if prod(_shape(value)) > INLINE:
            self.arrays[name] = value
            array = {"npz": self.stored, "array": name}
            if self.json:
                return json.dumps(array, ensure_ascii=False), array
            plain = re.fullmatch(r"[\w./-]+", self.stored) is not None
            return f"{{npz: {self.stored if plain else json.dumps(self.stored)}, array: {name}}}", array
        said = _numbers(value).tolist()
        one = self.shown(said)
        if len(one) > WIDE and isinstance(said, list) and isinstance(said[0], list) and path in self.spans:
            start = self.spans[path].start
            gap = ",\n" + " " * (start - self.text.rfind("\n", 0, start) + shift)
            one = f"[{gap.join(map(self.shown, said))}]"
        return one, _each(said, self.meant)

    def shown(self, said: Any) -> str:
        """Numbers as text."""
        return f"[{', '.join(map(self.shown, said))}]" if isinstance(said, list) else self.number(said)

    def number(self, value: float) -> str:
        """One number, as it reads back."""
        text = repr(value)
        if text[-1] in "fn":  # inf and nan
            return json.dumps(json.dumps(value)) if self.json else f"{text[:-3]}.{text[-3:]}"
        return text

    def meant(self, value: float) -> Any:
        """What the text of a number is as data."""
        return json.dumps(value) if self.json and value - value != 0 else _Same(value) if value != value else value

    def key(self, name: str) -> str:
        """A name as it is written here."""
        return (
            json.dumps(name)
            if self.json or self.text[self.spans[()].start : self.spans[()].start + 2] == '{"'
            else name
        )

    def flow(self, path: Key) -> bool:
        """Whether a mapping is written in brackets."""
        return self.text[self.spans[path].start] == "{"

    def line(self, index: int) -> int:
        """The line of a character."""
        return self.text.count("\n", 0, index)

    # Data.

    def at(self, data: Any, path: Key) -> Any:
        """What stands at a path."""
        for part in path:
            data = data[part]
        return data

    def put(self, path: Key, meaning: Any) -> None:
        """What has to stand at a path in the end."""
        self.at(self.wanted, path[:-1])[path[-1]] = meaning


class _Same(float):
    """Not-a-number, equal to itself."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, float) and other != other

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = float.__hash__


def _each(said: Any, change: Any) -> Any:
    return [_each(one, change) for one in said] if isinstance(said, list) else change(said)


def _numbers(value: Value) -> Any:
    import numpy as np

    return np.asarray(value, dtype=np.float64)


def _shape(value: Value) -> tuple[int, ...]:
    return tuple(getattr(value, "shape", ()))


def _number(value: float) -> str:
    """A number and its sign, so that 0 and -0 differ."""
    return repr(value)


def _listed(raw: Any, shape: tuple[int, ...]) -> bool:
    """Whether this is written as a list of numbers (or of constant expressions) of this shape, a number for ()."""
    if not shape:
        return not isinstance(raw, list | dict)
    return isinstance(raw, list) and len(raw) == shape[0] and all(_listed(entry, shape[1:]) for entry in raw)
