"""What is wrong with a YAML text, in words for people who know formulas better than YAML."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from backpropcli.errors import Place, SpecError
from backpropcli.language.data.printed import made
from backpropcli.language.file.reading import place_at
from backpropcli.language.file.sections import SECTIONS

_LONG_NAME = re.compile(r"(?<![\w.])\w{1000,}(?=\s*:)")
"""YAML wants the colon within 1,024 characters."""
_DIGITS = re.compile(r"\d+(?:[eE][-+]?\d+)?(?![\w.])")


def check_cut(text: str, name: str, key: str, key_event: Any, last: Any) -> None:
    """Raise where a key without a value in { } is the rest of a number or formula that YAML cut at a comma."""
    if key_event.style:
        return
    start = key_event.start_mark.index
    plain = last if last is not None and not last.style else None
    if plain is not None and text[plain.end_mark.index : start] == "," and key[:1].isdigit():
        _check_decimal(text, name, key, plain)
    if plain is not None and _open(plain.value):
        opening = plain.start_mark.index
    elif _open(key):
        opening = start
    else:
        return
    whole = _whole(text, opening)
    head, colon, body = whole.partition(": ")  # a function's head, g(z, c): the comma is in its own name
    quoted = f', "{head}": {body},' if colon and "," in head else f', "{whole}",' if whole else ""
    raise SpecError(
        "this formula was cut at a comma",
        place_at(text, text.find(",", opening), 1, name),
        f"In {{ }} put quotes around it{quoted} or give each node its own line.",
    )


def _check_decimal(text: str, name: str, key: str, last: Any) -> None:
    """Raise where a number ends before the comma, and its decimals begin behind it."""
    before = re.search(r"[-+]?\d+\Z", last.value)
    after = _DIGITS.match(key)
    if before and after:
        whole = before[0] + "," + after[0]
        raise comma_error(whole, place_at(text, last.start_mark.index + before.start(), len(whole), name))


def comma_error(written: str, place: Place | None) -> SpecError:
    """The error for a decimal comma, `written` being the whole number."""
    return SpecError("decimals are written with a point", place, f"Write {written.replace(',', '.')}")


def _open(said: str) -> bool:
    """Whether a bracket in it is not closed."""
    return sum(map(said.count, "([{")) > sum(map(said.count, ")]}"))


def _whole(text: str, start: int) -> str:
    """The formula from `start` to where its brackets are closed and a comma or brace ends it; empty where unclear."""
    depth = 0
    for index in range(start, min(start + 500, len(text))):
        letter = text[index]
        if letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        if (depth == 0 and letter == ",") or depth < 0:
            whole = text[start:index].strip()
            return "" if "\n" in whole or '"' in whole else whole
    return ""


class Problem(NamedTuple):
    """What libyaml found wrong: its words, where it is, and the bracket or quote that was `opened` before."""

    text: str
    name: str
    said: str
    position: int
    opened: int

    @property
    def letter(self) -> str:
        """The letter at which libyaml stopped."""
        return self.text[self.position : self.position + 1]

    @property
    def rest(self) -> str:
        """What stands behind, the letter included."""
        return self.text[self.position :].strip()

    @property
    def bracket(self) -> str:
        """What is open."""
        return self.text[self.opened : self.opened + 1]

    @property
    def before(self) -> str:
        """The last letter that stands before."""
        return self.text[: self.position].rstrip()[-1:]

    def at(self, message: str, hint: str = "", where: int | None = None) -> SpecError:
        """An error there, or at another place in the text."""
        where = self.position if where is None else where
        return SpecError(message, place_at(self.text, where, 1, self.name), hint)


class Row(NamedTuple):
    """A mistake that people make in YAML: when it is this one, and the words about it (or None, where it is not)."""

    fits: Callable[[Problem], object]
    words: Callable[[Problem], SpecError | None]


def syntax_error(text: str, name: str, error: Any) -> SpecError:
    """What libyaml found wrong in our own words, placed where a reader would look."""
    mark = error.problem_mark or error.context_mark
    index = mark.index if mark is not None else 0
    opened = error.context_mark.index if error.context_mark is not None else index
    problem = Problem(text, name, error.problem or "", index, opened)
    found = (row.words(problem) for row in MISTAKES if row.fits(problem))
    return next(words for words in found if words is not None)


QUOTES = "Put quotes around the whole formula."


def _says(*words: str) -> Callable[[Problem], bool]:
    """Whether libyaml says one of these."""
    return lambda p: any(word in p.said for word in words)


def _always(message: str, hint: str = "") -> Callable[[Problem], SpecError]:
    """An error of these words, where libyaml stopped."""
    return lambda p: p.at(message, hint)


def _long_name(p: Problem) -> SpecError | None:
    long = _LONG_NAME.search(p.text, max(p.position - 100_000, 0), p.position + 100_000)
    if long is None:
        return None
    place = place_at(p.text, long.start(), len(long[0]), p.name)
    return SpecError("this name is too long", place, "A name has at most 1,000 characters.")


def _indented_section(p: Problem) -> SpecError | None:
    line = place_at(p.text, p.position, 1, p.name)
    section = re.match(rf"\s+({'|'.join(SECTIONS)})\s*:", line.text)
    if section is None:
        return None
    return SpecError(
        "this section does not start at the margin",
        line._replace(column=section.start(1) + 1, length=len(section[1])),
        f"Write it without spaces in front: {line.text.strip()}",
    )


def _in_brackets(p: Problem) -> SpecError:
    """A comma or the closing bracket is missing."""
    if not p.rest or ("\n" in p.text[p.opened : p.position] and re.match(r"(?:[\w ]+)?:", p.rest)):
        return p.at(f"this {p.bracket} is never closed", "", p.opened)
    if advice := _inside(p.text, p.opened, p.position):
        return p.at(*advice)
    if p.letter in "[]{}":
        return p.at(f"{p.letter} inside {p.bracket} {_closing(p.bracket)} ends a formula", QUOTES)
    if p.letter == ":":
        return p.at("a second colon", QUOTES)
    quoted = p.text[p.position - 1 : p.position] in "'\"" or p.letter in "'\""
    hint = "After a closing quote nothing may follow." if quoted else ""
    return p.at(f"a comma or {_closing(p.bracket)} is expected here", hint)


def _no_key(p: Problem) -> SpecError:
    """A name is expected."""
    if p.letter in "]}":
        return p.at(f"{p.letter} closes nothing")
    if p.before in ("'", '"', "]", "}"):
        return p.at(f"nothing may follow the closing {p.before}", QUOTES if p.before in "'\"" else "")
    return p.at("this line does not line up with the ones above it", "Names of one section start in one column.")


def _ended(p: Problem) -> SpecError:
    last = max(p.text.rfind("["), p.text.rfind("{"))
    return p.at(f"this {p.text[last]} is never closed", "", last) if last >= 0 else p.at("the text ends too early")


MISTAKES = (
    Row(lambda p: True, _long_name),
    Row(lambda p: True, _indented_section),
    Row(lambda p: "tab" in p.said or p.letter == "\t", _always("a tab is used for indentation", "Indent with spaces.")),
    Row(_says("mapping values are not allowed"), lambda p: _second_colon(p.text, p.name, p.position)),
    Row(_says("expected ',' or"), _in_brackets),
    Row(_says("cannot start any token"), lambda p: p.at(f"a value cannot start with {p.letter}", QUOTES)),
    Row(_says("unexpected end of stream"), lambda p: p.at("this quote is never closed", "", p.opened)),
    Row(_says("escape"), _always("unknown escape after \\", "In single quotes '...' a \\ is just a \\.")),
    Row(
        _says("block sequence entries"),
        _always("a list item (-) is not expected here", "A list on one line is written [1, 2, 3]."),
    ),
    Row(_says("expected '-' indicator"), _always("a list item, starting with -, is expected here")),
    Row(_says("document", "directive"), _always("this line is not part of the network", "One file is one network.")),
    Row(_says("expected key"), _no_key),
    Row(
        _says("could not find expected ':'"),
        lambda p: p.at("this line has no colon", "Every line is name: value.", p.opened),
    ),
    Row(lambda p: not p.rest, _ended),
    Row(lambda p: p.letter in ("]", "}", ","), lambda p: p.at(f"{p.letter} is not expected here")),
    Row(
        lambda p: True,
        _always("this cannot be read as YAML", "Every line is name: value; put quotes around an unusual value."),
    ),
)
"""What people do wrong in YAML, in the order in which it is looked for."""


def _inside(text: str, opened: int, index: int) -> tuple[str, str] | tuple[()]:
    """What is wrong inside { }, and what to write, where it is one of the usual things: a lost comma, an index."""
    line_end = text.find("\n", opened)
    piece = text[opened : line_end if line_end >= 0 else len(text)]
    entry = re.search(r"([^\W\d]\w*)\[(\d+)\Z", text[opened:index].rstrip() + text[index : text.find("]", index)])
    if entry and re.match(r"\[\d+\]\s*:", text[index:]):
        return f"{entry[1]}[{entry[2]}] is an entry, not a name", f"Write {entry[1]}{entry[2]}"
    start = text.rfind(": ", opened, index) + 2
    list_ = made(_whole(text, start)) if start > 1 else ""
    if list_:
        key = re.search(r"([\w]+)\s*:\s*\Z", text[opened:start])
        return "only the list is needed", f"Write {key[1] + ': ' if key else ''}{list_}"
    closing = _ends(piece)
    if (text[index] == ":" or text[index].isalnum()) and closing and "#" not in piece:
        fixed = re.sub(r"(?<=[\w.\])}'\"])(?:\s+|\s*;\s*)(?=[^\W\d]\w*\s*:(?:\s|\Z))", ", ", piece[:closing])
        if fixed != piece[:closing] and _reads(fixed):
            return "a comma is missing", f"Write {fixed}"
    return ()


def _ends(piece: str) -> int:
    """Where the bracket with which a text begins is closed, and what follows begins; 0 where it is not."""
    depth = 0
    for k, letter in enumerate(piece):
        depth += (letter in "([{") - (letter in ")]}")
        if not depth:
            return k + 1
    return 0


def _reads(text: str) -> bool:
    """Whether YAML reads a text."""
    import yaml

    try:
        return yaml.compose(text, yaml.SafeLoader) is not None
    except yaml.YAMLError:
        return False


def as_lines(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and values as lines of YAML, in quotes where YAML would not read them as they are; tried on it first."""
    import yaml

    lines = []
    for name, value in pairs:
        line = f"{name}: {value}"
        try:
            found = next(iter(getattr(yaml.compose(line, yaml.SafeLoader), "value", ())))
            plain = found[0].value == name and getattr(found[1], "style", "") is None and found[1].value == value
        except (yaml.YAMLError, StopIteration, TypeError, AttributeError):
            plain = False
        listed = value[:1] == "[" and _reads(line)
        lines.append(line if plain or listed else f"{name}: {_quoted(value)}")
    return "\n".join(lines)


def _quoted(value: str) -> str:
    return f"'{value}'" if '"' in value or "\\" in value else f'"{value}"'


def _closing(bracket: str) -> str:
    return {"{": "}", "[": "]"}.get(bracket, bracket)


def _second_colon(text: str, name: str, index: int) -> SpecError:
    """The error for `name: value` where YAML sees no room for it: two on a line, a wrong indentation, a lost colon."""
    place = place_at(text, index, 1, name)
    before = place.text[: place.column - 1]
    round_ = re.search(r":\s+(\((.*)\))\s*$", place.text)
    if round_ and _reads(f"{{{round_[2]}}}"):
        return SpecError(
            "names and values stand in { }",
            place._replace(column=round_.start(1) + 1, length=len(round_[1])),
            f"Write {{{round_[2]}}}",
        )
    if re.search(r"\S\s*:\s+\S", before):
        return SpecError("a second colon on this line", place, 'Put quotes around the value: name: "..."')
    above = text[: index - place.column + 1].rstrip()
    if above and not above.endswith(":") and re.match(r"\s", place.text):
        indent = len(place.text) - len(place.text.lstrip())
        return SpecError(
            "this line does not line up with the ones above it",
            place._replace(column=indent + 1, length=len(before.strip()) or 1),
            "Names of one section start in one column.",
        )
    lost = place_at(text, len(above) - 1, 1, name)
    lost = lost._replace(column=len(lost.text) - len(lost.text.lstrip()) + 1, length=len(lost.text.strip()))
    return SpecError("this line has no colon", lost, "Every line is name: value, with a space after the colon.")
