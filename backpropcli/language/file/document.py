"""A spec's text as plain data, and the place of every value in it, found only when somebody asks."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.errors import FileError, Place, SpecError
from backpropcli.language.file import bulk, places, yaml12
from backpropcli.language.file import reading as files

if TYPE_CHECKING:
    from backpropcli.language.file.places import Found, Key


@contextmanager
def collector_paused() -> Iterator[None]:
    """Python's garbage collector off while many objects are made (it would look at all of them again and again)."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Document:
    """`data`: dicts (keys are text), lists, str, int, float, bool, None. `name`: what messages call the file."""

    def __init__(self, text: str, name: str, json: bool = False) -> None:
        self.name = name
        self._text = text
        self._json = json
        self._found: dict[tuple[Key, bool], Found | None] = {}
        with collector_paused():
            self._walked, lists = bulk.lifted(text, name)  # JSON is read as it is, and walked for its places alone
            try:
                self.data: Any = _load_json(text, name) if json else yaml12.load(self._walked, name, lists)
            except yaml12.MistakenError:
                self._walked, self.data = text, yaml12.load(text, name)

    def __len__(self) -> int:
        """How many characters it has."""
        return len(self._text)

    @property
    def whole(self) -> str:
        """Its text."""
        return self._text

    @property
    def is_json(self) -> bool:
        """Whether it was read as JSON."""
        return self._json

    def marks(self) -> Iterator[places.Mark]:
        """Its brackets and scalars as they come by; a long list of numbers is a scalar."""
        return places.json_marks(self._walked) if self._json else yaml12.marks(self._walked, self.name)

    def place(self, path: Key, span: tuple[int, int] | None = None, key: bool = False) -> Place:
        """Where the value at `path` stands (its key, where asked for, or where there is no value).

        `span`, (start, length), narrows it to these characters of the value. A path that is not in the document gets
        the place of its nearest parent.
        """
        try:
            found = self._find(path)
            while found is None and path:
                path, span = path[:-1], None
                found = self._find(path)
        except places.TooFarError:
            return Place(self.name)
        if found is None:
            return Place(self.name)
        start, end = found.start, found.end
        if found.key is not None and (key or start == end):
            start, end = found.key
        elif span is not None and found.text is not None:
            narrowed = places.within(self._text[start:end], found.text, span)
            if narrowed is not None:
                start, end = start + narrowed[0], start + sum(narrowed)
        raw = self._text[start:end]
        return files.place_at(self._text, start, len(raw.rstrip()), self.name)

    def text(self, path: Key) -> str:
        """The scalar at `path` as it is written: `1.0e-3`, not 0.001; empty for a list, a mapping or no value."""
        try:
            found = self._find(path, whole=True)
        except places.TooFarError:
            return ""
        return found.text or "" if found is not None else ""

    def _find(self, path: Key, whole: bool = False) -> Found | None:
        """Where a value stands, without its long lists of numbers unless they are looked at as a `whole`."""
        if (path, whole) not in self._found:
            text = self._text if whole else self._walked
            marks = places.json_marks(text) if self._json else yaml12.marks(text, self.name)
            self._found[path, whole] = places.find(marks, path)
        return self._found[path, whole]


def read(path: str) -> Document:
    """The document in a file; `-` is stdin. JSON where the name ends in .json, or stdin starts like it; else YAML."""
    text = files.read_text(path)
    name = files.shown(path)
    if path.lower().endswith(".json"):
        return Document(text, name, json=True)
    if path == files.STDIN and text.lstrip()[:1] == "{":
        try:
            return Document(text, name, json=True)
        except SpecError:
            pass  # YAML's { } allows more than JSON's
    return Document(text, name)


def read_string(text: str, name: str) -> Document:
    """The document in a string (YAML, of which JSON is nearly a part)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise SpecError(f"{name} has characters that are not text") from None
    return Document(files.checked(text.removeprefix("\ufeff"), name), name)


_HUGE = re.compile(r"[eE]\+?\d{3}|\d{300}")
"""What a decimal too large for a float has in it: only then is each looked at, which takes time."""


def _load_json(text: str, name: str) -> Any:
    import json

    if not text.strip():
        return None
    try:
        data = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_int=yaml12.integer,
            parse_float=yaml12.finite if _HUGE.search(text) else None,
        )
    except json.JSONDecodeError as error:
        raise _json_error(text, name, error.msg, error.pos) from None
    except RecursionError:
        raise SpecError(f"{name} is nested more than {yaml12.DEEPEST} levels deep") from None
    except _UnprintableError:
        raise SpecError(yaml12.UNPRINTABLE, Place(name)) from None
    except _TwiceError as error:
        key = json.dumps(error.args[0], ensure_ascii=False)
        spots = [m.start() for m in re.finditer(re.escape(key) + r"\s*:", text)]
        place = files.place_at(text, spots[1], len(key), name) if len(spots) == 2 else Place(name)
        hint = f"The first one is in line {files.place_at(text, spots[0], 1, name).line}." if len(spots) == 2 else ""
        raise SpecError(f"{error.args[0]} is given twice", place, hint) from None
    if re.search(r"\\u[dD][89a-fA-F]", text):
        try:
            json.dumps(data, ensure_ascii=False).encode()
        except (UnicodeEncodeError, RecursionError):
            raise FileError(f"{name} has half a character (a lone \\ud800 to \\udfff)") from None
    return data


class _TwiceError(Exception):
    """A key is given twice."""


class _UnprintableError(Exception):
    """A key that would drive the terminal on which a message shows it."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = {files.composed(key): value for key, value in pairs}
    if not all(map(str.isprintable, result)):
        raise _UnprintableError
    if len(result) < len(pairs):
        seen: set[str] = set()
        keys = (files.composed(key) for key, _ in pairs)
        # `set.add` gives None, which is false.
        raise _TwiceError(next(key for key in keys if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
    return result


class _Problem(NamedTuple):
    """What `json` found wrong, and where."""

    text: str
    name: str
    said: str
    position: int

    @property
    def rest(self) -> str:
        """What stands behind."""
        return self.text[self.position :].lstrip()

    @property
    def word(self) -> str:
        """The word that stands there; empty where there is none."""
        match = re.compile(r"[-+]?[A-Za-z_]\w*").match(self.text, self.position)
        return match[0] if match else ""

    @property
    def comma(self) -> re.Match[str] | None:
        """A number with a decimal comma that the place is in."""
        found = re.compile(r"[-+]?\d+,\d+").search(self.text, self.text.rfind("\n", 0, self.position) + 1)
        return found if found and found.start() < self.position <= found.end() else None

    def at(self, words: str, hint: str = "", where: int | None = None, length: int = 1) -> SpecError:
        """An error there, or at another place in the text."""
        where = self.position if where is None else where
        return SpecError(words, files.place_at(self.text, where, length, self.name), hint)


def _json_error(text: str, name: str, message: str, index: int) -> SpecError:
    """What `json` found wrong, in our own words."""
    problem = _Problem(text, name, message, index)
    return next(words(problem) for fits, words in _MISTAKES if fits(problem))


def _decimal_comma(p: _Problem) -> SpecError:
    comma = p.comma
    assert comma is not None
    from backpropcli.language.file.yaml_errors import comma_error

    return comma_error(comma[0], files.place_at(p.text, comma.start(), len(comma[0]), p.name))


def _word(p: _Problem) -> SpecError:
    hint = 'If it really is not a number, write "NaN".' if p.word.lower().strip("-+") in ("nan", "inf") else ""
    return p.at(f"{p.word} is not JSON", hint, length=len(p.word))


def _says(*words: str) -> Callable[[_Problem], bool]:
    return lambda p: all(word in p.said for word in words)


_NAME = "property name"
_MISTAKES: tuple[tuple[Callable[[_Problem], object], Callable[[_Problem], SpecError]], ...] = (
    (lambda p: _NAME in p.said and p.comma, _decimal_comma),
    (
        lambda p: _NAME in p.said and p.word,
        lambda p: p.at(f'names need quotes in JSON: "{p.word}"', length=len(p.word)),
    ),
    (lambda p: p.word, _word),
    (
        lambda p: "Expecting" in p.said and p.text[: p.position].rstrip()[-1:] == "," and p.rest[:1] in ("]", "}"),
        lambda p: p.at("a comma is left over in front of the closing bracket", where=p.text.rfind(",", 0, p.position)),
    ),
    (_says("Unterminated"), lambda p: p.at("this quote is never closed")),
    (
        lambda p: not p.rest,
        lambda p: p.at("the file ends too early: a bracket is not closed", where=len(p.text.rstrip()) - 1),
    ),
    (_says("delimiter", ","), lambda p: p.at("a comma or a closing bracket is expected here")),
    (_says("delimiter"), lambda p: p.at("a colon is expected here")),
    (_says("Extra data"), lambda p: p.at("the network ends before this")),
    (_says(_NAME), lambda p: p.at("a name in double quotes is expected here")),
    (_says("escape"), lambda p: p.at("unknown escape after \\", "A backslash is written \\\\.")),
    (
        _says("control character"),
        lambda p: p.at("a text ends on the line where it starts", "Write \\n for a new line."),
    ),
    (lambda p: True, lambda p: p.at("a value is expected here")),
)
"""What people do wrong in JSON, in the order in which it is looked for."""
