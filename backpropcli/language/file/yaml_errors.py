"""What is wrong with a YAML text, in words for people who know formulas better than YAML."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from backpropcli.errors import Place, SpecError
from backpropcli.language.data.printed import made
from backpropcli.language.file.reading import place_at

_LONG_NAME = re.compile(r"(?<![\w.])\w{1000,}(?=\s*:)")
"""YAML wants the colon within 1,024 characters."""
_SECTIONS = ("title", "inputs", "targets", "parameters", "functions", "nodes", "layers", "loss", "expect")
_DIGITS = re.compile(r"\d+(?:[eE][-+]?\d+)?(?![\w.])")


def check_cut(text: str, name: str, key: str, key_event: Any, last: Any) -> None:
    """Raise where a key without a value in { } is the rest of a number or formula that YAML cut at a comma."""
    start = key_event.start_mark.index
    if key_event.style:
        return
    if last is not None and not last.style and text[last.end_mark.index : start] == "," and key[:1].isdigit():
        before = re.search(r"[-+]?\d+\Z", last.value)
        after = _DIGITS.match(key)
        if before and after:
            left = last.start_mark.index + before.start()
            whole = before[0] + "," + after[0]
            raise comma_error(whole, place_at(text, left, len(whole), name))
    opening = last.start_mark.index if last is not None and not last.style and _open(last.value) else None
    if opening is None and _open(key):
        opening = start
    if opening is None:
        return
    comma = text.find(",", opening)
    whole = _whole(text, opening)
    head, colon, body = whole.partition(": ")  # a function's head, g(z, c): the comma is in its own name
    quoted = f', "{head}": {body},' if colon and "," in head else f', "{whole}",' if whole else ""
    raise SpecError(
        "this formula was cut at a comma",
        place_at(text, comma, 1, name),
        f"In {{ }} put quotes around it{quoted} or give each node its own line.",
    )


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


def syntax_error(text: str, name: str, error: Any) -> SpecError:
    """What libyaml found wrong in our own words, placed where a reader would look."""
    problem = error.problem or ""
    mark = error.problem_mark or error.context_mark
    index = mark.index if mark is not None else 0
    opened = error.context_mark.index if error.context_mark is not None else index
    letter = text[index : index + 1]
    rest = text[index:].strip()

    def at(message: str, hint: str = "", where: int = index) -> SpecError:
        return SpecError(message, place_at(text, where, 1, name), hint)

    quotes = "Put quotes around the whole formula."
    near = max(index - 100_000, 0)
    if long := _LONG_NAME.search(text, near, index + 100_000):
        return SpecError(
            "this name is too long",
            place_at(text, long.start(), len(long[0]), name),
            "A name has at most 1,000 characters.",
        )
    line = place_at(text, index, 1, name)
    if section := re.match(rf"\s+({'|'.join(_SECTIONS)})\s*:", line.text):
        return SpecError(
            "this section does not start at the margin",
            line._replace(column=section.start(1) + 1, length=len(section[1])),
            f"Write it without spaces in front: {line.text.strip()}",
        )
    if "tab" in problem or letter == "\t":
        return at("a tab is used for indentation", "Indent with spaces.")
    if "mapping values are not allowed" in problem:
        return _second_colon(text, name, index)
    if "expected ',' or" in problem:
        bracket = text[opened : opened + 1]
        if not rest or ("\n" in text[opened:index] and re.match(r"(?:[\w ]+)?:", rest)):
            return at(f"this {bracket} is never closed", "", opened)
        if advice := _inside(text, opened, index):
            return at(*advice)
        if letter in "[]{}":
            return at(f"{letter} inside {bracket} {_closing(bracket)} ends a formula", quotes)
        if letter == ":":
            return at("a second colon", quotes)
        return at(
            f"a comma or {_closing(bracket)} is expected here",
            "After a closing quote nothing may follow." if text[index - 1 : index] in "'\"" or letter in "'\"" else "",
        )
    if "cannot start any token" in problem:
        return at(f"a value cannot start with {letter}", quotes)
    if "unexpected end of stream" in problem:
        return at("this quote is never closed", "", opened)
    if "escape" in problem:
        return at("unknown escape after \\", "In single quotes '...' a \\ is just a \\.")
    if "block sequence entries" in problem:
        return at("a list item (-) is not expected here", "A list on one line is written [1, 2, 3].")
    if "expected '-' indicator" in problem:
        return at("a list item, starting with -, is expected here")
    if "document" in problem or "directive" in problem:
        return at("this line is not part of the network", "One file is one network.")
    if "expected key" in problem:
        if letter in "]}":
            return at(f"{letter} closes nothing")
        before = text[:index].rstrip()[-1:]
        if before in ("'", '"', "]", "}"):
            return at(f"nothing may follow the closing {before}", quotes if before in "'\"" else "")
        return at("this line does not line up with the ones above it", "Names of one section start in one column.")
    if "could not find expected ':'" in problem:
        return at("this line has no colon", "Every line is name: value.", opened)
    if not rest:
        last = max(text.rfind("["), text.rfind("{"))
        return at(f"this {text[last]} is never closed", "", last) if last >= 0 else at("the text ends too early")
    if letter in ("]", "}", ","):
        return at(f"{letter} is not expected here")
    return at("this cannot be read as YAML", "Every line is name: value; put quotes around an unusual value.")


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
