"""The formats: what each is called, how its files end, who writes it. A new format is a row of FORMATS and its module.

What a command has found is a Record, of a class that has one or more shapes, a method each. A format can write every
record that has one of its shapes; nothing else says who writes what.

- `tables(to)`: tables of the terminal's; `sections(to)`: explanations, of paragraphs, tables and equations
- `blocks(to)`: texts set in columns; `bare(to)`: numbers alone; `markdown(to)`: a Markdown of its own
- `json(to)`, `csv(to)`: data, in chunks of text; `checks(to)`: checked files; `picture(to)`: a drawing
- `figure(to)`: a plot; `page(to)`: an HTML page
- `network(to)`: a network as a file; `arrays(to)`: arrays by name

`to` is where it goes (`render.output.Destination`), whose `width`, `coloured` and `ascii` a shape may depend on. A
shape that is None has nothing to say, and no file is written.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib import import_module
from typing import NamedTuple

from backpropcli.errors import UsageError
from backpropcli.render.output import Destination, known_color
from backpropcli.render.writing import is_special
from backpropcli.suggest import did_you_mean


class Format(NamedTuple):
    """A format. Its `module` has a function for each of its shapes, `tables(found, to)`: chunks of text, or bytes."""

    name: str
    endings: tuple[str, ...]
    shapes: tuple[str, ...]
    module: str
    aliases: tuple[str, ...] = ()
    raw: bool = False
    """Whether the text is safe as it is, because its writer escapes it in the format's own way."""


class Record:
    """What a command has found, in shapes that formats can write."""

    what: str
    """Which command, and with which option, for messages: `run --steps`."""
    because = instead = ""
    """Why a format may be missing, and a line more about what to do then: for the refusal."""

    @property
    def status(self) -> int:
        """The exit status."""
        return 0


FORMATS: tuple[Format, ...] = (
    Format("table", (".txt",), ("tables", "sections", "blocks", "bare"), "formats.text", ("text", "txt")),
    Format("terminal", (".txt",), ("picture",), "drawing.terminal"),
    Format("terminal", (".txt",), ("figure",), "plotting.terminal", ("text", "txt")),
    Format("json", (".json",), ("json",), "formats.data"),
    Format("csv", (".csv",), ("csv",), "formats.data"),
    Format("markdown", (".md", ".markdown"), ("markdown", "tables", "sections", "blocks"), "formats.markdown", ("md",)),
    Format("latex", (".tex",), ("sections",), "formats.latex"),
    Format("junit", (".xml",), ("checks",), "report.junit"),
    Format("github", (), ("checks",), "report.github", raw=True),
    Format("svg", (".svg",), ("picture",), "drawing.svg"),
    *(Format(name, (f".{name}",), ("figure",), "plotting.matplotlib") for name in ("svg", "png", "pdf")),
    Format("dot", (".dot", ".gv"), ("picture",), "drawing.dot"),
    Format("mermaid", (".mmd",), ("picture",), "drawing.mermaid"),
    Format("tikz", (".tex",), ("picture",), "drawing.tikz", ("latex",)),
    Format("yaml", (".yaml", ".yml"), ("network",), "formats.network"),
    Format("npz", (".npz",), ("arrays",), "formats.network"),
    Format("html", (".html", ".htm"), ("page",), "formats.html", raw=True),
)
"""Every format, in the order in which they are listed. A record's first is the one that nobody has to name."""


def formats_of(*records: type[Record]) -> list[Format]:
    """What any of these can be written as."""
    return [f for f in FORMATS if any(hasattr(record, shape) for record in records for shape in f.shapes)]


def names(formats: Iterable[Format]) -> str:
    """`table, json or markdown`."""
    *others, last = [f.name for f in formats]
    return f"{', '.join(others)} or {last}" if others else last


def written(record: Record, to: Destination) -> Iterable[str] | bytes | None:
    """The record in the format that was chosen, in chunks of text or as bytes; None where it has nothing to say."""
    form = next(f for f in formats_of(type(record)) if f.name == to.format)
    shape = next(shape for shape in form.shapes if hasattr(record, shape))
    found = getattr(record, shape)(to)
    if found is None:
        return None
    chunks: Iterable[str] | bytes = getattr(import_module(f"backpropcli.{form.module}"), shape)(found, to)
    return chunks


def text_of(record: Record, to: Destination) -> str:
    """The record in a format that is text, whole: for a notebook."""
    found = written(record, to)
    return found.decode("utf-8") if isinstance(found, bytes) else "".join(found or ())


def deliver(record: Record, to: Destination) -> int:
    """Write the record where it goes; its exit status."""
    chunks = written(record, to)
    if chunks is not None:
        to.write(chunks)
    return record.status


def destination(
    record: type[Record],
    path: str | None = None,
    form: str | None = None,
    color: str | None = None,
    quiet: bool = False,
) -> Destination:
    """Where such a record goes; UsageError where it cannot be written so, or the colour is unknown."""
    color = known_color(color)
    free = path is None or os.path.isdir(path) or is_special(path)
    name = path or ""
    found = _of_ending(name, record, free) if form is None else _named(form, "" if free else name, record)
    return Destination(path, found.name, color, quiet, found.raw)


def _named(form: str, path: str, record: type[Record]) -> Format:
    """The format that `--format` names, which the ending of the file must not contradict; .txt may be any text."""
    known = formats_of(record)
    found = next((f for f in known if form in (f.name, *f.aliases)), None)
    if found is None:
        raise _refusal(record, form)
    ending, says = _ending(path), of_ending(path)
    if says is not None and ending not in (*found.endings, ".txt"):
        raise UsageError(
            f"--format {form} -o {path}: the ending says {says.name}",
            hint="Leave --format out, or choose the other ending.",
        )
    return found


def _of_ending(path: str, record: type[Record], free: bool) -> Format:
    """The format that a file's ending chooses; the record's first where it chooses none and is `free` not to."""
    known, ending = formats_of(record), _ending(path)
    for f in known:
        if ending in f.endings:
            return f
    if free:
        return known[0]
    other = of_ending(path)
    if other is not None and record.because:  # the reason says more than a list of endings
        raise _refusal(record, other.name)
    endings = dict.fromkeys(e for f in known for e in f.endings)
    raise UsageError(
        f"-o {path}: the ending chooses the format, and should be one of {', '.join(endings)}",
        hint=f"Or say the format:  --format {known[0].name} -o {path}",
    )


def of_ending(path: str) -> Format | None:
    """The format that a file's ending names, whoever can write it."""
    ending = _ending(path)
    return next((f for f in FORMATS if ending in f.endings), None)


def _ending(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def _refusal(record: type[Record], form: str) -> UsageError:
    """The one answer to a format that this record has not: which it has, and where the other belongs."""
    known = formats_of(record)
    if any(form == f.name for f in FORMATS):
        return UsageError(
            f"{record.what}{record.because} has no {form}", hint=f"It has {names(known)}.{record.instead}"
        )
    near = did_you_mean(form, [f.name for f in known])
    return UsageError(f"--format {form}: expected {names(known)}{near}")
