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
from backpropcli.language.file.yaml_errors import check_cut, syntax_error

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
        raise syntax_error(text, name, error) from None
    except (yaml.YAMLError, ValueError):  # a character that YAML has no place for
        raise SpecError(f"{name} has characters that YAML does not allow") from None


def marks(text: str, name: str) -> Iterator[Mark]:
    """The same walk as marks: see `places.find`."""
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
    import yaml

    def refuse(message: str, event: Any, hint: str = "", length: int = 0) -> SpecError:
        start, end = event.start_mark.index, event.end_mark.index
        return SpecError(message, place_at(text, start, length or end - start, name), hint)

    scalar_event, mapping_start, sequence_start = yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent
    ends = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
    result: Any = MISSING
    container: Any = None
    is_mapping = flow = False
    key: Any = MISSING
    key_event: Any = None
    last: Any = None
    stack: list[Any] = []
    for event in events(text, name):
        kind = type(event)
        if kind is scalar_event:
            said = event.value
            if lists and event.start_mark.index in lists and (said != "0" or (is_mapping and key is MISSING)):
                raise MistakenError
            if event.anchor is not None or event.tag is not None:
                raise _stranger(refuse, text, event)
            if is_mapping and key is MISSING:
                said = composed(said)
                if not said.isprintable():
                    raise refuse(UNPRINTABLE, event)
                if said in container:
                    raise _twice(text, name, said, event, container, stack)
                if said == "<<" and not event.style:
                    raise refuse("merge keys (<<) are not read here", event, "Write the values out.")
                if len(stack) == 1 and len(container) >= MOST_NAMES:
                    raise refuse(f"more than {MOST_NAMES:,} names stand at the top: this is not a network", event)
                key, key_event = said, event
                continue
            if event.implicit[0]:
                if flow and is_mapping and said == "":
                    check_cut(text, name, key, key_event, last)
                value = scalar(said)
                if lists and event.start_mark.index in lists:
                    value = lists[event.start_mark.index]
            else:
                value = said
            last = event
            if is_mapping:
                container[key] = value
                key = MISSING
            elif container is None:
                result = value
            else:
                container.append(value)
        elif kind is mapping_start or kind is sequence_start:
            if event.anchor is not None or event.tag is not None:
                raise _stranger(refuse, text, event)
            if is_mapping and key is MISSING:
                raise refuse("a name is expected here, not a list or a mapping", event, length=1)
            if len(stack) >= DEEPEST:
                raise refuse(f"nested more than {DEEPEST} levels deep", event, length=1)
            stack.append((container, is_mapping, flow, key, key_event))
            container = {} if kind is mapping_start else []
            is_mapping, key, flow, last = kind is mapping_start, MISSING, bool(event.flow_style), None
        elif kind in ends:
            value = container
            container, is_mapping, flow, key, key_event = stack.pop()
            last = None
            if is_mapping:
                container[key] = value
                key = MISSING
            elif container is None:
                result = value
            else:
                container.append(value)
        elif kind is yaml.AliasEvent:
            raise refuse(
                "* in front of a name is a YAML alias, which is not read here",
                event,
                "Write the value out; a formula that starts with * needs quotes.",
            )
        elif kind is yaml.DocumentStartEvent and result is not MISSING:
            raise refuse("a second document starts here", event, "One file is one network: delete the line ---.", 3)
    return None if result is MISSING else result


def _stranger(refuse: Callable[..., SpecError], text: str, event: Any) -> SpecError:
    """The error for an anchor or a tag."""
    start = event.start_mark.index
    word = re.match(r"\S*", text[start : start + 40])
    length = len(word[0].rstrip(",]}")) if word else 1
    if event.anchor is not None:
        return refuse(
            "& in front of a value is a YAML anchor, which is not read here", event, "Write the value out.", length
        )
    return refuse(
        "! in front of a value is a YAML tag, which is not read here",
        event,
        "A value is a number, a list or a text.",
        length,
    )


def _twice(text: str, name: str, key: str, event: Any, container: Any, stack: list[Any]) -> SpecError:
    """The error for a key given twice in one mapping; the hint says where the first one is."""
    from backpropcli.language.file.places import find

    path = [_entered(level) for level in stack[1:]]
    first = find(marks(text, name), (*path, key))
    place = place_at(text, event.start_mark.index, len(key), name)
    if first is None or first.key is None:
        return SpecError(f"{key} is given twice", place)
    other = place_at(text, first.key[0], 1, name)
    return SpecError(f"{key} is given twice", place, f"The first one is in line {other.line}.")


def _entered(level: tuple[Any, bool, bool, Any, Any]) -> str | int:
    container, is_mapping, _, key, _ = level
    return key if is_mapping else len(container)
