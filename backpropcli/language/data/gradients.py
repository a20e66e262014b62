"""Gradients that another program computed: arrays by name from a file, and how precise they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.errors import BackpropError, FileError, Place, SpecError
from backpropcli.language.data import numpy_files as tables
from backpropcli.language.data.columns import LARGEST_TABLE
from backpropcli.language.data.pickles import refuse_pickle
from backpropcli.language.data.precision import MANY, Precision, precision_of, written
from backpropcli.language.data.safetensors import is_safetensors, read_safetensors
from backpropcli.language.data.values import read_value
from backpropcli.language.file import reading as files
from backpropcli.language.file.document import Document
from backpropcli.language.file.words import Words

if TYPE_CHECKING:
    from backpropcli.language.file.places import Key
    from backpropcli.ops.definition import Value

FORMS = """A line for every number:  W1,0,1,0.5   (or "W1[0, 1]",0.5)
Or a column for every name:  w1,b1 in the first line, their numbers below."""
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_NUMBER = re.compile(r"[-+]?\d[\d.]*(?:[eE][-+]?\d+)?")
_COMPONENT = re.compile(r"(.*\S)\s*[\[(]\s*(\d+(?:\s*,\s*\d+)*)\s*,?\s*[\])]\Z")
Row = tuple[int, list[str]]
"""The line of a CSV file that a row stands on, from 1, and its cells."""
_NAMES, _NUMBERS = ("name", "parameter", "key"), ("gradient", "grad", "theirs", "value", "backprop")


class Given(NamedTuple):
    """What a file gives: `arrays` by the names that it uses, a float or a float64 array each.

    `source` is what messages call the file, `precision` how many digits it has; `place` is where a name stands in it,
    None where that means nothing.
    """

    source: str
    arrays: dict[str, Value]
    precision: Precision
    place: Callable[[str], Place | None] = lambda name: None


@files.unquoted()
def read_gradients(path: str) -> Given:
    """The gradients in a file, `-` for standard input; which kind of file it is, its first characters tell.

    JSON: an object of names to numbers or nested lists (or objects of such: `fc1.weight`), perhaps under a key
    "gradients", with the loss beside it. NPZ and safetensors: arrays by name, never pickles. CSV: a line for every
    number, or a column for every name. Raises BackpropError for what is none of these, with its place.
    """
    name = files.shown(path)
    data = files.read_bytes(path, LARGEST_TABLE)
    refuse_pickle(data, name)
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _from_stored(tables.read_stored(data, name), name)
    if path.lower().endswith(".safetensors") or is_safetensors(data):
        return _from_stored(read_safetensors(data, name), name)
    if data[:6] == b"\x93NUMPY":
        raise FileError(f"{name} holds one array without a name", hint="numpy.savez(..., W1=dW1, b1=db1) keeps names.")
    text = files.decode(data, name)
    if not text.strip():
        raise FileError(f"{name} is empty")
    if text.lstrip()[0] in "{[" or path.lower().endswith(".json"):
        return _from_json(text, name)
    return _from_csv(text, name)


# NPZ and safetensors.


def _from_stored(stored: dict[str, tables.Stored], name: str) -> Given:
    if not stored:
        raise FileError(f"{name} holds no arrays")
    kinds = {kind for _, kind in stored.values()}
    arrays = {key: value for key, (value, _) in stored.items()}
    if kinds & {"float16", "bfloat16"}:
        return Given(name, arrays, Precision("float16"))
    texts = (repr(x) for value in arrays.values() for x in _flat(value))
    single = "float32" in kinds or _sharpest(texts, list(arrays.values())).kind == "float32"
    return Given(name, arrays, Precision("float32" if single else "float64"))


# JSON.


def _from_json(text: str, name: str) -> Given:
    try:
        document = Document(text, name, json=True)
    except BackpropError as error:
        if error.hint.startswith("If it really is not a number"):
            error.hint = 'If the gradient really is not a number, write "NaN"; it will fail the check.'
        raise
    words = Words(name, document)
    form = 'Such as {"W1": [[0.5, 1], [2, 3]], "b1": [0, 1]}'
    if not isinstance(document.data, dict):
        raise words.error(f"{name} is not an object of names to gradients", (), form)
    arrays: dict[str, Value] = {}
    paths: dict[str, Key] = {}
    for key, raw, path in _leaves(document.data):
        if raw is None:
            raise words.error(f"{key} has no value", path, 'If it really is not a number, write "NaN".')
        if key in arrays:
            raise words.error(f"{key} is given twice", path)
        try:
            arrays[key] = read_value(words, raw, key, path)
        except BackpropError as error:
            raise words.placed(error, path) from None
        paths[key] = path
    if not arrays:
        raise SpecError(f"{name} holds no gradients", hint=form)
    texts = _NUMBER.findall(_STRING.sub("", text))
    precision = _sharpest(texts, list(arrays.values()))
    return Given(name, arrays, precision, lambda key: document.place(paths[key], key=True).bare())


def _leaves(data: dict[str, Any]) -> Iterator[tuple[str, Any, Key]]:
    """Every number or list with its name (`fc1.weight`) and its path; the key "gradients" adds nothing to a name."""
    waiting: list[tuple[str, Any, Key]] = [("", data, ())]
    while waiting:
        name, raw, path = waiting.pop()
        if isinstance(raw, dict):
            inner = []
            for key, value in raw.items():
                known = not path and key in ("gradients", "grads") and isinstance(value, dict)
                inner.append(("" if known else f"{name}.{key}" if name else key, value, (*path, key)))
            waiting += reversed(inner)
        else:
            yield name, raw, path


# CSV.


def _from_csv(text: str, name: str) -> Given:
    rows = _rows(text, name)
    first = next(rows)
    head = first[1]
    if any(_number(cell) is not None for cell in head):
        return _Table(name, chain([first], rows)).long(0, slice(1, -1), -1, headed=False)
    lower = [cell.lower() for cell in head]
    names = next((lower.index(word) for word in _NAMES if word in lower), None)
    numbers = next((lower.index(word) for word in _NUMBERS if word in lower), None)
    table = _Table(name, rows)
    if names is not None and numbers is not None:
        index = lower.index("index") if "index" in lower else None
        return table.long(names, slice(0, 0) if index is None else slice(index, index + 1), numbers, headed=True)
    return table.wide(first)


def _rows(text: str, name: str) -> Iterator[Row]:
    """The rows of a CSV file one by one, so that a bad one is refused before those behind it are looked at."""
    import csv

    head = next(line for line in _lines(text) if line.strip())
    separator = next((s for s in ";\t" if s in head), ",")
    reader = csv.reader(_lines(text), delimiter=separator, skipinitialspace=True)
    line = 0
    try:
        for cells in reader:
            line += 1
            if reader.line_num != line:
                raise FileError(f"{name}: a quoted cell goes over several lines")
            if len(cells) > 1 or (cells and cells[0].strip()):
                yield line, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise FileError(f"{name} cannot be read as CSV: {error}") from None


def _lines(text: str) -> Iterator[str]:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


class _Table:
    """The rows of a CSV file, and on which line each name stands first."""

    def __init__(self, name: str, rows: Iterable[Row]) -> None:
        self.name = name
        self.rows = rows
        self.first: dict[str, int] = {}

    def place(self, line: int) -> Place:
        """The place of a line."""
        return Place(self.name, line, 1)

    def long(self, names: int, index: slice, numbers: int, *, headed: bool) -> Given:
        """A line for every number; the cells of `index` are its indices, unless the name says them."""
        cells: dict[str, dict[tuple[int, ...], float]] = {}
        texts = []
        for line, row in self.rows:
            if len(row) < 2 or len(row) <= max(names, numbers):
                raise FileError("a name and a number are expected here", self.place(line), FORMS)
            value = _number(row[numbers])
            if value is None:
                if not row[numbers] and headed:
                    continue  # a line of our own CSV for a node that has no gradient
                raise FileError(f"{row[numbers][:40] or 'an empty cell'} is not a number", self.place(line), FORMS)
            name, where = _component(row[names])
            if not where:
                parts = [part for cell in row[index] for part in cell.strip("[]()").split(",") if part.strip()]
                if not all(part.strip().isdecimal() for part in parts):
                    raise FileError("the cells between name and number are indices", self.place(line), FORMS)
                where = tuple(int(part) for part in parts)
            if not name:
                raise FileError("a name is expected here", self.place(line), FORMS)
            if where in cells.setdefault(name, {}):
                raise FileError(f"{_label(name, where)} is given twice", self.place(line))
            self.first.setdefault(name, line)
            cells[name][where] = value
            texts.append(row[numbers])
        if not cells:
            raise FileError(f"{self.name} holds no gradients", hint=FORMS)
        arrays = {name: self.array(name, entries) for name, entries in cells.items()}
        return self.given(arrays, texts)

    def array(self, name: str, entries: dict[tuple[int, ...], float]) -> Value:
        """The entries as an array; every one must be there."""
        import numpy as np

        place = self.place(self.first[name])
        if len({len(where) for where in entries}) > 1:
            raise FileError(f"{name} has entries with different numbers of indices", place)
        shape = tuple(1 + max(where[axis] for where in entries) for axis in range(len(next(iter(entries)))))
        if not shape:
            return entries[()]
        size = 1
        for n in shape:
            size *= n
        if size != len(entries):
            missing = "" if size > 10**6 else next(w for w in np.ndindex(shape) if w not in entries)
            at = f": {_label(name, missing)} is missing" if missing else ""
            raise FileError(f"{name} has {len(entries)} of its {size} entries{at}", place)
        return np.array([entries[where] for where in np.ndindex(shape)]).reshape(shape)

    def wide(self, head: Row) -> Given:
        """A column for every name; one line of numbers means plain numbers."""
        import numpy as np

        start, names = head
        seen: set[str] = set()
        for name in names:
            if not name or name in seen:
                raise FileError(f"{name} is given twice" if name else "a name is empty", self.place(start), FORMS)
            seen.add(name)
        columns: list[list[float]] = [[] for _ in names]
        texts: list[str] = []
        count = 0
        for count, (line, row) in enumerate(self.rows, 1):
            if len(row) > len(names):
                raise FileError(f"{len(row)} cells here, {len(names)} in the first line", self.place(line), FORMS)
            for column, cell in zip(columns, chain(row, repeat("")), strict=False):
                value = _number(cell)
                if value is not None and len(column) == count - 1:
                    column.append(value)
                    texts.append(cell)
                elif cell or not column:
                    raise FileError(f"{cell[:40] or 'an empty cell'} is not a number here", self.place(line), FORMS)
        if not count:
            raise FileError(f"{self.name} has a header but no numbers", hint=FORMS)
        found = {name: c[0] if count == 1 else np.array(c) for name, c in zip(names, columns, strict=True)}
        return self.given(found, texts)

    def given(self, arrays: dict[str, Value], texts: list[str]) -> Given:
        """The result."""
        return Given(
            self.name,
            arrays,
            _sharpest(texts, list(arrays.values())),
            lambda name: self.place(self.first[name]) if name in self.first else None,
        )


def _number(cell: str) -> float | None:
    try:
        return float(cell) if "_" not in cell else None
    except ValueError:
        return None


def _component(cell: str) -> tuple[str, tuple[int, ...]]:
    """`dJ/dW1[0, 1]` as its name and its index."""
    match = _COMPONENT.match(cell)
    return (match[1], tuple(int(k) for k in match[2].split(","))) if match else (cell, ())


def _label(name: str, where: tuple[int, ...] | str) -> str:
    return f"{name}[{', '.join(map(str, where))}]" if where else name


# How precise they are.


def _flat(value: Value) -> Iterator[float]:
    yield from value.ravel().tolist() if getattr(value, "ndim", 0) else [float(value)]


def _sharpest(texts: Any, values: list[Value]) -> Precision:
    """The precision that the texts show, or single precision where every number is one of its own."""
    texts = list(texts)
    found = precision_of(texts)
    if found.kind == "decimals" or (found.kind == "digits" and found.count <= MANY):
        return found
    import struct

    def single(x: float) -> bool:
        try:
            return x != x or struct.unpack("f", struct.pack("f", x))[0] == x
        except OverflowError:
            return False

    long = any((w := written(text)) is not None and w.digits > MANY for text in texts)
    return Precision("float32") if long and all(single(x) for value in values for x in _flat(value)) else found
