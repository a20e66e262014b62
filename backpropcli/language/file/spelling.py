"""Plain data as YAML: as its author wrote it, to the byte, where that means the same in another place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from backpropcli.errors import BackpropError
from backpropcli.language.file.document import Document
from backpropcli.language.file.spans import Span, spans

if TYPE_CHECKING:
    from backpropcli.language.file.places import Key
    from backpropcli.language.file.words import Words

DEEPER = 4
"""A line that goes on with the value of a name that stands two columns in begins here at least."""


class Spelling:
    """The texts of what `words` say."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.document = words.document
        self.spans: dict[Key, Span] = spans(self.document) if self.document is not None else {}

    def value(self, raw: Any, path: Key, column: int) -> str:
        """The value `raw`, written at `path`, for a place that begins at this column of a block."""
        written = self._written(path, column)
        if written and says(f"v: {written}", {"v": raw}):
            return written
        return self.flow(raw, path)

    def flow(self, raw: Any, path: Key = ()) -> str:
        """It in one line, its numbers and texts as they are written at `path`."""
        if isinstance(raw, list):
            return f"[{', '.join([self.flow(entry, (*path, k)) for k, entry in enumerate(raw)])}]"
        if isinstance(raw, dict):
            inner = [f"{key(name)}: {self.flow(entry, self._inner(path, raw, name))}" for name, entry in raw.items()]
            return f"{{{', '.join(inner)}}}"
        written = self._written(path, 0) if path else ""
        return written if written and says(f"[{written}]", [raw]) else canonical(raw)

    def turned(self, rows: list[list[Any]], path: Key) -> str:
        """The transposed matrix whose rows are written at `path`."""
        columns = [[self.flow(row[k], (*path, j, k)) for j, row in enumerate(rows)] for k in range(len(rows[0]))]
        lists = [f"[{', '.join(column)}]" for column in columns]
        return f"[{', '.join(lists)}]"

    def _inner(self, path: Key, raw: dict[str, Any], name: str) -> Key:
        """Where an entry of a mapping stands: the settings of an initialiser may stand one deeper."""
        deeper = (*path, next(iter(raw)), name)
        return deeper if path and deeper in self.spans else (*path, name)

    def _written(self, path: Key, column: int) -> str:
        """What stands at a path, its further lines moved with it; empty where it stands nowhere."""
        if self.words.from_flag(path):
            return self.words.text(path) if len(path) == 2 else ""
        if self.document is None or path not in self.spans:
            return ""
        text, span = self.document.whole, self.spans[path]
        first, *lines = text[span.start : span.end].split("\n")
        shift = column - (span.start - text.rfind("\n", 0, span.start) - 1)
        return "\n".join([first, *(moved(line, shift) for line in lines)])


def moved(line: str, shift: int) -> str:
    """A line further to the right, or to the left."""
    bare = line.lstrip(" ")
    return " " * max(len(line) - len(bare) + shift, DEEPER) + bare if bare else ""


def says(text: str, wanted: Any) -> bool:
    """Whether a YAML text means this; a number is not the same with another sign of zero, or as a text."""
    try:
        return repr(Document(text, "").data) == repr(wanted)
    except BackpropError:
        return False


def key(name: str) -> str:
    """A name in front of its colon, in brackets."""
    return name if name.isidentifier() or says(f"{{{name}: 0}}", {name: 0}) else json.dumps(name, ensure_ascii=False)


def block_key(name: str) -> str:
    """A name in front of its colon, in a line of its own: h[t] needs no quotes there."""
    return name if says(f"{name}: 0", {name: 0}) else json.dumps(name, ensure_ascii=False)


def canonical(raw: Any) -> str:
    """One number, text or switch."""
    if isinstance(raw, float):
        text = repr(raw)
        return f"{text[:-3]}.{text[-3:]}" if text[-1] in "fn" else text  # inf and nan
    if isinstance(raw, str):
        return raw if says(f"[{raw}]", [raw]) else json.dumps(raw, ensure_ascii=False)
    return json.dumps(raw)


def plain(raw: str) -> str:
    """A text in a line of its own, such as a formula: it may have commas and brackets."""
    return raw if says(f"v: {raw}", {"v": raw}) else json.dumps(raw, ensure_ascii=False)
