"""YAML 1.2 by libyaml's events: the core schema's scalars, plain data, and errors in our own words.

Plain PyYAML follows YAML 1.1: it reads `1e-3` and `y` as something else than people mean, keeps the last of two equal
keys, and follows anchors and tags. Events know nothing of that: what they mean is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from backpropcli.errors import SpecError
from backpropcli.language.file.places import Mark
from backpropcli.language.file.reading import composed, place_at

DEEPEST = 100
"""How deep lists and mappings may be nested."""

_NUMBER = re.compile(
    r"(?P<int>[-+]?[0-9]+)\Z"
    r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)\Z"
    r"|(?P<octal>0o[0-7]+)\Z|(?P<hex>0x[0-9a-fA-F]+)\Z|(?P<inf>[-+]?\.(?:inf|Inf|INF))\Z|(?P<nan>\.(?:nan|NaN|NAN))\Z"
)
_WORDS = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_NUMERIC = frozenset("0123456789+-.")
MOST_NAMES = 100_000
"""How many names may stand at the top: a network has a dozen sections, a file of parameters a name for each."""
UNPRINTABLE = "a name has a line break or a character in it that cannot be printed"
MISSING: Any = object()


class MistakenError(Exception):
    """A list that was taken out of the text is not a value of its own there: the text is to be read as it is."""


def scalar(text: str) -> Any:
    """What a plain scalar says in YAML 1.2's core schema: None, a bool, an int, a float, or its text.

    >>> scalar("1e-3"), scalar("yes"), scalar("0x1F")
    (0.001, 'yes', 31)
    """
    if text[:1] not in _NUMERIC:
        return _WORDS.get(text, text)
    match = _NUMBER.match(text)
    return number(match) if match else text


def number(match: re.Match[str]) -> int | float | str:
    """The number that a match of the number pattern says; one that no float can hold stays text: see `read_value`."""
    text, kind = match[0], match.lastgroup
    if kind == "int":
        return integer(text)
    if kind == "octal" or kind == "hex":
        return int(text, 0) if len(text) < 250 else text
    if kind == "inf" or kind == "nan":
        return float(text.replace(".", ""))
    return finite(text)


def integer(text: str) -> int | str:
    """A whole number as an int; its text where it is so long that no float may hold it."""
    return int(text) if len(text) < 309 else text


def finite(text: str) -> float | str:
    """A decimal as a float; its text where it is larger than any float (which would become infinite silently)."""
    value = float(text)
    return value if value - value == 0.0 else text


def events(text: str, name: str) -> Iterator[Any]:
    """The events of libyaml, its errors turned into ours."""
    import yaml

    try:
        # PyYAML without libyaml is slower and has the same events.
        parser: Any = yaml.CSafeLoader(text) if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader(text)
        while (event := parser.get_event()) is not None:
            yield event
    except yaml.MarkedYAMLError as error:
        from backpropcli.language.file.yaml_errors import syntax_error

        raise syntax_error(text, name, error) from None
    except (yaml.YAMLError, ValueError):  # a character that YAML has no place for
        raise SpecError(f"{name} has characters that YAML does not allow") from None


def marks(text: str, name: str) -> Iterator[Mark]:
    """The brackets and scalars of a text as `places.find` walks along them."""
    import yaml

    kinds: dict[type, Any] = {
        yaml.MappingStartEvent: "{",
        yaml.MappingEndEvent: "}",
        yaml.SequenceStartEvent: "[",
        yaml.SequenceEndEvent: "]",
    }
    for event in events(text, name):
        kind = type(event)
        if kind is yaml.ScalarEvent:
            yield Mark("scalar", event.start_mark.index, event.end_mark.index, event.value)
        elif kind in kinds:
            yield Mark(kinds[kind], event.start_mark.index, event.end_mark.index)


def load(text: str, name: str, lists: Mapping[int, Any] = MappingProxyType({})) -> Any:
    """The plain data of one YAML document: dict (keys are text), list, str, int, float, bool, None.

    `lists` stand where a scalar starts in their stead: see `bulk.lifted`. Raises MistakenError where one is no value.
    """
    return _Loader(text, name, lists).data()


class _Level:
    """A list or a mapping that is being filled; in a mapping `key` is the name whose value comes next."""

    __slots__ = ("container", "flow", "key", "key_event", "mapping")

    def __init__(self, container: Any, flow: bool) -> None:
        self.container = container
        self.mapping = type(container) is dict
        self.flow = flow
        self.key: Any = MISSING
        self.key_event: Any = None

    @property
    def waits(self) -> bool:
        """Whether a name comes next."""
        return self.mapping and self.key is MISSING

    def take(self, value: Any) -> None:
        """Put in a value."""
        if self.mapping:
            self.container[self.key] = value
            self.key = MISSING
        else:
            self.container.append(value)

    def entered(self) -> str | int:
        """The name or the number of the value that comes next."""
        return self.key if self.mapping else len(self.container)


class _Loader:
    """One document on its way from events to data: a method for each kind of event."""

    def __init__(self, text: str, name: str, lists: Mapping[int, Any]) -> None:
        self.text = text
        self.name = name
        self.lists = lists
        self.taken = 0
        """How many of them stood where a value stands: the others are parts of a text, such as a formula."""
        self.level = _Level([], False)
        self.parents: list[_Level] = []
        self.last: Any = None
        """The scalar value just before, in the same list or mapping."""

    def data(self) -> Any:
        """The document's data."""
        import yaml

        handlers: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self.scalar,
            yaml.MappingStartEvent: self.start,
            yaml.SequenceStartEvent: self.start,
            yaml.MappingEndEvent: self.end,
            yaml.SequenceEndEvent: self.end,
            yaml.AliasEvent: self.alias,
            yaml.DocumentStartEvent: self.document,
        }
        for event in events(self.text, self.name):
            handler = handlers.get(type(event))
            if handler is not None:
                handler(event)
        if self.taken < len(self.lists):
            raise MistakenError
        return self.level.container[0] if self.level.container else None

    def scalar(self, event: Any) -> None:
        """A name, or a value that is no list and no mapping."""
        level, said = self.level, event.value
        waits = level.mapping and level.key is MISSING  # not by the property: there may be 100,000 names
        lifted = self.lists and event.start_mark.index in self.lists
        if lifted and (said != "0" or waits):
            raise MistakenError
        if event.anchor is not None or event.tag is not None:
            raise self.stranger(event)
        if waits:
            level.key, level.key_event = self.checked(composed(said), event), event
            return
        if not event.implicit[0]:
            value = said
        elif lifted:
            value = self.lists[event.start_mark.index]
            self.taken += 1
        else:
            if said == "" and level.flow and level.mapping:
                from backpropcli.language.file.yaml_errors import check_cut

                check_cut(self.text, self.name, level.key, level.key_event, self.last)
            value = scalar(said)
        self.last = event
        level.take(value)

    def checked(self, key: str, event: Any) -> str:
        """A name that a mapping can have; SpecError for any other."""
        container = self.level.container
        if not key.isprintable():
            raise self.refuse(UNPRINTABLE, event)
        if key in container:
            raise self.twice(key, event)
        if key == "<<" and not event.style:
            raise self.refuse("merge keys (<<) are not read here", event, "Write the values out.")
        if len(self.parents) == 1 and len(container) >= MOST_NAMES:
            raise self.refuse(f"more than {MOST_NAMES:,} names stand at the top: this is not a network", event)
        return key

    def start(self, event: Any) -> None:
        """A list or a mapping begins."""
        import yaml

        if event.anchor is not None or event.tag is not None:
            raise self.stranger(event)
        if self.level.waits:
            raise self.refuse("a name is expected here, not a list or a mapping", event, length=1)
        if len(self.parents) >= DEEPEST:
            raise self.refuse(f"nested more than {DEEPEST} levels deep", event, length=1)
        self.parents.append(self.level)
        self.level = _Level({} if type(event) is yaml.MappingStartEvent else [], bool(event.flow_style))
        self.last = None

    def end(self, event: Any) -> None:
        """A list or a mapping ends."""
        value = self.level.container
        self.level = self.parents.pop()
        self.last = None
        self.level.take(value)

    def document(self, event: Any) -> None:
        """A document begins: there is one."""
        if self.level.container:
            hint = "One file is one network: delete the line ---."
            raise self.refuse("a second document starts here", event, hint, 3)

    def alias(self, event: Any) -> None:
        """A value that is written elsewhere."""
        hint = "Write the value out; a formula that starts with * needs quotes."
        raise self.refuse("* in front of a name is a YAML alias, which is not read here", event, hint)

    # Errors.

    def refuse(self, message: str, event: Any, hint: str = "", length: int = 0) -> SpecError:
        """The error for what an event says."""
        start, end = event.start_mark.index, event.end_mark.index
        return SpecError(message, place_at(self.text, start, length or end - start, self.name), hint)

    def stranger(self, event: Any) -> SpecError:
        """The error for an anchor or a tag."""
        start = event.start_mark.index
        word = re.match(r"\S*", self.text[start : start + 40])
        length = len(word[0].rstrip(",]}")) if word else 1
        if event.anchor is not None:
            message = "& in front of a value is a YAML anchor, which is not read here"
            return self.refuse(message, event, "Write the value out.", length)
        message = "! in front of a value is a YAML tag, which is not read here"
        return self.refuse(message, event, "A value is a number, a list or a text.", length)

    def twice(self, key: str, event: Any) -> SpecError:
        """The error for a key given twice in one mapping; the hint says where the first one is."""
        from backpropcli.language.file.places import find

        path = [level.entered() for level in self.parents[1:]]
        first = find(marks(self.text, self.name), (*path, key))
        place = place_at(self.text, event.start_mark.index, len(key), self.name)
        if first is None or first.key is None:
            return SpecError(f"{key} is given twice", place)
        other = place_at(self.text, first.key[0], 1, self.name)
        return SpecError(f"{key} is given twice", place, f"The first one is in line {other.line}.")
