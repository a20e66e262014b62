"""A network in the nodes form: what its layers, blocks and loss became, as a file that every command reads.

Sections that stay as they are keep every byte, comments too. Values are as their author wrote them, initialisers with
their seeds; what flags say stands where the file said something else.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.language.data.deferred import ready
from backpropcli.language.file.sections import DATA, SECTIONS
from backpropcli.language.file.spelling import Spelling, block_key, plain, says
from backpropcli.language.made import Turned

if TYPE_CHECKING:
    from backpropcli.language.build import Formulas
    from backpropcli.language.file.places import Key
    from backpropcli.ops.definition import Value

SUGAR = ("layers", "blocks")
"""Sections that become parameters and nodes."""
MARGIN = "  "


class Origins(NamedTuple):
    """How parameters are written that no section has.

    `written` has plain data by name, or Turned, where the path says it otherwise; of those that are `loaded` a file of
    --load has the numbers.
    """

    written: Mapping[str, Any]
    loaded: Collection[str]


class Entry(NamedTuple):
    """A line of a section: a name, what it says as plain data, and as text."""

    name: str
    raw: Any
    text: str
    above: str = ""

    def __str__(self) -> str:
        comment = f"{MARGIN}# {self.above}\n" if self.above else ""
        return f"{comment}{MARGIN}{block_key(self.name)}: {self.text}\n"


def lowered(formulas: Formulas, values: Mapping[str, Value], loss: str | None, origins: Origins) -> str:
    """The text of a network whose loss is the node `loss`."""
    made = _Lowering(formulas, values, loss, origins)
    text = made.text(verbatim=True)
    return text if says(text, made.wanted) else made.text(verbatim=False)


class _Lowering:
    """One network on its way to text; `wanted` is what the text has to mean."""

    def __init__(self, formulas: Formulas, values: Mapping[str, Value], loss: str | None, origins: Origins) -> None:
        self.formulas = formulas
        self.words = formulas.words
        self.values = values
        self.loss = loss
        self.origins = origins
        self.spelling = Spelling(self.words)
        self.document = self.words.document
        self.wanted: dict[str, Any] = {}

    def text(self, verbatim: bool) -> str:
        """All sections in the order in which they are written."""
        self.wanted = {}
        whole = _Pieces(self.spelling, verbatim)
        pieces = [self.section(name, whole) for name in self.order()]
        return whole.head + "".join(pieces)

    def order(self) -> list[str]:
        """The sections that the nodes form has: parameters stand before the nodes, which take the place of layers."""
        sections = self.words.sections
        known = list(self.document.data) if self.document is not None else [s for s in SECTIONS if s in sections]
        known += [name for name in sections if name not in (*known, "nodes", "parameters")]
        if "nodes" not in known:
            known.insert(known.index("layers") if "layers" in known else len(known), "nodes")
        if "parameters" not in known and any(kind == "parameters" for kind in self.formulas.kinds.values()):
            known.insert(known.index("nodes"), "parameters")
        return [name for name in known if name in (*sections, "nodes", "parameters")]

    def section(self, name: str, whole: _Pieces) -> str:
        """One section; what layers become is left out."""
        if name in SUGAR:
            return whole.tail(name)
        if name == "loss" and self.words.sections["loss"] != self.loss and self.loss is not None:
            self.wanted[name] = self.loss
            return f"loss: {self.loss}\n{whole.tail(name)}"
        if name in DATA:
            return self.entries(name, [self.datum(one) for one in self.names(name)], whole)
        if name == "nodes":
            return self.entries(name, list(self.nodes()), whole)
        raw = self.words.sections[name]
        self.wanted[name] = raw
        kept = whole.kept(name) if not self.flagged(name) else ""
        return kept or f"{name}: {self.spelling.flow(raw, (name,))}\n{whole.tail(name)}"

    def flagged(self, section: str) -> bool:
        """Whether flags changed a section of the file."""
        here = (section,) if section in DATA else ()
        moved = any(self.formulas.kinds.get(name) in here for name in self.origins.loaded)
        return moved or bool(self.words.flagged(section))

    def entries(self, section: str, entries: list[Entry], whole: _Pieces) -> str:
        """A section of names: with all its bytes where it stays, or only gains names before and behind."""
        self.wanted[section] = {entry.name: entry.raw for entry in entries}
        own = self.words.sections.get(section, {})
        if own and not self.flagged(section) and all(self.stays((section, name)) for name in own):
            names = [entry.name for entry in entries]
            first = names.index(next(iter(own)))
            kept = whole.kept(section, entries[:first], entries[first + len(own) :])
            if kept:
                return kept
        return f"{section}:\n{''.join(map(str, entries))}{whole.tail(section)}" if entries else whole.tail(section)

    def stays(self, path: Key) -> bool:
        """Whether a name is what its author wrote, and no use of a block."""
        return self.formulas.paths.get(str(path[1]), path)[0] == path[0]

    def names(self, section: str) -> list[str]:
        """The names of a section of data."""
        return [name for name in self.values if self.formulas.kinds[name] == section]

    def datum(self, name: str) -> Entry:
        """An input, a target or a parameter."""
        path: Key = self.formulas.paths.get(name, ("parameters", name))
        column = len(MARGIN) + len(name) + 2
        if name in self.origins.loaded:
            return self.numbers(name)
        raw = self.origins.written.get(name)
        if isinstance(raw, Turned):
            return self.turned(name, raw.raw, path)
        raw = self.raw(path) if raw is None else raw
        return self.numbers(name) if raw is None else Entry(name, raw, self.spelling.value(raw, path, column))

    def raw(self, path: Key) -> Any:
        """What is written at a path as plain data; None where it is written nowhere."""
        found: Any = self.words.sections
        for part in path:
            if not isinstance(found, list) and part not in found:
                return None
            found = found[part]  # type: ignore[index]  # in a list it is a number
        return found

    def turned(self, name: str, raw: Any, path: Key) -> Entry:
        """A matrix that is written the other way round."""
        if isinstance(raw, dict):
            raw = {**raw, "transpose": True}
            return Entry(name, raw, self.spelling.flow(raw, path))
        if isinstance(raw, list) and all(isinstance(row, list) for row in raw):
            columns = [list(column) for column in zip(*raw, strict=True)]
            return Entry(name, columns, self.spelling.turned(raw, path))
        return self.numbers(name)

    def numbers(self, name: str) -> Entry:
        """A value whose numbers stand elsewhere, or in a notation of their own."""
        value = ready(self.values[name])
        raw = value if isinstance(value, float) else value.tolist()
        return Entry(name, raw, self.spelling.flow(raw))

    def nodes(self) -> Iterator[Entry]:
        """Every node, a comment above the first that a layer or the loss made."""
        before = ""
        for name, formula in self.formulas.formulas.items():
            path = self.formulas.paths[name]
            above = self.maker(name, path)
            own = path == ("nodes", name)
            raw = self.words.sections["nodes"][name] if own else formula
            written = self.spelling.value(raw, path, len(MARGIN) + len(name) + 2) if own else ""
            yield Entry(name, raw, written or plain(formula), above if above != before else "")
            before = above

    def maker(self, name: str, path: Key) -> str:
        """What made a node, in a comment's words; empty for one that its author wrote."""
        if path[0] == "layers":
            item = self.words.sections["layers"][path[1]]
            return (
                f"layer {int(path[1]) + 1}: {' '.join((item if isinstance(item, str) else next(iter(item))).split())}"
            )
        if name in self.words.copies:
            return self.words.copies[name].use
        if path[0] == "loss":
            raw = self.words.sections["loss"]
            return f"loss: {next(iter(raw)) if isinstance(raw, dict) else self.spelling.flow(raw)}"
        return ""


class _Pieces:
    """The text of a document cut at its sections."""

    def __init__(self, spelling: Spelling, verbatim: bool) -> None:
        document, self.spans = spelling.document, spelling.spans
        self.whole = document.whole if document is not None else ""
        self.head = ""
        self.bounds: dict[str, tuple[int, int, int]] = {}
        keys = {str(path[0]): span for path, span in self.spans.items() if len(path) == 1}
        if not verbatim or document is None or document.is_json or not keys or self.whole[self.spans[()].start] == "{":
            return
        starts = [self.line(span.key[0]) for span in keys.values() if span.key is not None]
        self.head = self.whole[: starts[0]]
        ends = [*starts[1:], len(self.whole)]
        for (name, span), start, end in zip(keys.items(), starts, ends, strict=True):
            self.bounds[name] = (start, min(self.whole.find("\n", span.end) % (len(self.whole) + 1) + 1, end), end)

    def line(self, index: int) -> int:
        """Where the line of a character begins."""
        return self.whole.rfind("\n", 0, index) + 1

    def tail(self, section: str) -> str:
        """The comments and blank lines behind a section that belong to none."""
        if section not in self.bounds:
            return ""
        _, stop, end = self.bounds[section]
        return "".join(
            line for line in self.whole[stop:end].splitlines(keepends=True) if line[:1] == "#" or not line.strip()
        )

    def kept(self, section: str, before: Collection[Entry] = (), after: Collection[Entry] = ()) -> str:
        """A section as it is written, with entries before and behind; empty where it cannot have them."""
        if section not in self.bounds:
            return ""
        start, stop, end = self.bounds[section]
        if not before and not after:
            return _ended(self.whole[start:end])
        first = min(
            (s.key[0] for p, s in self.spans.items() if p[:1] == (section,) and len(p) == 2 and s.key), default=0
        )
        margin = self.whole[self.line(first) : first]
        if margin.strip() or not margin:
            return ""
        inside = self.whole.find("\n", start) + 1
        top, rest = self.whole[start:inside], self.whole[inside:stop]
        new = [re.sub("(?m)^ {2}", margin, "".join(map(str, entries))) for entries in (before, after)]
        return top + new[0] + _ended(rest) + new[1] + self.whole[stop:end]


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"
