"""The log of a training, read again: CSV with a header or JSON lines, a row an update, the last one perhaps torn."""

from __future__ import annotations

import csv
import json
import os
from array import array
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from backpropcli.errors import FileError, Place
from backpropcli.language.file.reading import opened, shown

LARGEST = 4 * 1024 * 1024 * 1024
LONGEST = 1 << 20
"""The largest log that is read, and its longest line, in bytes."""
UPDATE = "update"
WANTED = "A log is what  backprop train --log run.csv  writes: a row an update, with columns update, loss, ..."


class Column(NamedTuple):
    """The numbers of one column, and the updates at which they stand: a row may have none."""

    updates: array[float]
    numbers: array[float]


class Log(NamedTuple):
    """Columns by name, without the updates themselves. `torn`: the last line was not finished, and is left out."""

    source: str
    columns: dict[str, Column]
    rows: int
    torn: bool


def read_log(path: str) -> Log:
    """The log in a file, .csv or .jsonl (or .ndjson); FileError, with its place, where a line is no row of one."""
    ending = os.path.splitext(path)[1].lower()
    if ending not in (".csv", ".jsonl", ".ndjson"):
        raise FileError(f"{shown(path)}: a log ends in .csv or .jsonl", hint=WANTED)
    with opened(path, LARGEST) as file:
        reading = _Reading(shown(path))
        (reading.csv if ending == ".csv" else reading.json)(file)
    if not reading.rows:
        raise FileError(f"{shown(path)} has no rows", hint=WANTED)
    return Log(reading.name, {name: c for name, c in reading.columns.items() if c.numbers}, reading.rows, reading.torn)


class _Reading:
    """Columns that grow line by line."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.columns: dict[str, Column] = {}
        self.rows = 0
        self.torn = False

    def csv(self, file: BinaryIO) -> None:
        """A header, then rows of numbers; an empty cell has none."""
        lines = self._lines(file)
        number, text = next(lines, (1, ""))
        header = [cell.strip() for cell in _cells(text)]
        if UPDATE not in header or len(header) < 2 or len(set(header)) < len(header):
            raise FileError(f"{self.name} is no log of a training", Place(self.name, number), WANTED)
        at = header.index(UPDATE)
        columns = [self._column(name) for name in header]
        for number, text in lines:
            cells = text.split(",") if '"' not in text else _cells(text)
            if len(cells) != len(header):
                place = Place(self.name, number, 1)
                raise FileError(f"{len(cells)} cells here, {len(header)} in the first line", place)
            try:
                update = float(cells[at])
                for column, cell in zip(columns, cells, strict=True):
                    if cell:
                        column.numbers.append(float(cell))
                        column.updates.append(update)
            except ValueError:
                raise self._no_number(number) from None
            self.rows += 1
        del self.columns[UPDATE]

    def json(self, file: BinaryIO) -> None:
        """An object of numbers a line."""
        for number, text in self._lines(file):
            try:
                row = json.loads(text)
                update = float(row[UPDATE])
                for name, value in row.items():
                    if name != UPDATE and value is not None:
                        column = self._column(name)
                        column.numbers.append(float(value))
                        column.updates.append(update)
            except (KeyError, AttributeError):
                raise FileError(f"{self.name} is no log of a training", Place(self.name, number, 1), WANTED) from None
            except (ValueError, TypeError, RecursionError, OverflowError):
                raise self._no_number(number) from None
            self.rows += 1

    def _column(self, name: str) -> Column:
        return self.columns.setdefault(name, Column(array("d"), array("d")))

    def _no_number(self, line: int) -> FileError:
        return FileError("this is no row of numbers", Place(self.name, line, 1), WANTED)

    def _lines(self, file: BinaryIO) -> Iterator[tuple[int, str]]:
        """Whole lines with their numbers, empty ones left out; one without its end is torn, wherever it was cut."""
        number = 0
        while data := file.readline(LONGEST):
            number += 1
            if not data.endswith(b"\n"):
                if len(data) == LONGEST:
                    raise FileError(
                        f"{self.name} has a line of more than {LONGEST // 2**20} MB", Place(self.name, number)
                    )
                self.torn = True
                return
            try:
                text = data.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            except UnicodeDecodeError:
                raise FileError(f"{self.name} is not a text file in UTF-8", Place(self.name, number)) from None
            if text:
                yield number, text


def _cells(text: str) -> list[str]:
    try:
        return next(csv.reader([text]), [])
    except csv.Error:
        return []
