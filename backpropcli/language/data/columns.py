"""Columns of numbers from a CSV file, read as a stream; what stands in the file is never quoted, only placed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import inf
from typing import TYPE_CHECKING, Any, NoReturn

from backpropcli.errors import FileError, LargeFileError, Place
from backpropcli.language.data.deferred import LARGEST_ARRAY
from backpropcli.language.file import reading as files
from backpropcli.safe import printable
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.ops.definition import Value

LARGEST_TABLE = 512 * 1024 * 1024
"""The largest CSV, NPZ or NPY file that is read, in bytes."""
Line = tuple[int, str]
"""A line with its number, from 1."""
_COMMA = re.compile(r"[-+]?\d[\d ']*(?:,\d+)+(?:\.\d*)?(?:[eE][-+]?\d+)?\Z")
POINT = "Decimals are written with a point, thousands without a sign: 2.5, 1000."


def read_csv(path: str, columns: str | int | list[str | int] | None = None, skip: int = 0) -> Value:
    """Columns of numbers: shape (rows,) for one column named alone, else (rows, columns).

    The first line after `skip` lines is a header where one of its cells is not a number. Columns are names in the
    header or numbers from 0; "p0:p63" is all columns from one to another, both included. Cells are separated by commas,
    semicolons or tabs, whichever the first line has.
    """
    import numpy as np

    blocks: list[Any] = []
    count = 0
    single = False
    for table, block in blocks_of(path, columns, skip, LARGEST_TABLE):
        single = table.single(columns)
        count += block.size
        if count > LARGEST_ARRAY:
            raise LargeFileError(f"{files.shown(path)} holds more than {LARGEST_ARRAY:,} numbers")
        blocks.append(block)
    result = np.concatenate(blocks)
    return result[:, 0].copy() if single else result


def blocks_of(
    path: str, columns: str | int | list[str | int] | None, skip: int, largest: int
) -> Iterator[tuple[_Table, Any]]:
    """The wanted numbers of some lines after the other, (lines, columns); at least one, or FileError."""
    table = None
    count = number = 0
    for batch in files.lines_of(path, largest):
        first, number = number + 1, number + len(batch)
        block = table.plain(batch) if table is not None else None
        if block is None:
            lines = [(k, line) for k, line in enumerate(batch, first) if k > skip and line.strip()]
            if not lines:
                continue
            if table is None:
                table = _Table(files.shown(path), lines[0][1])
                lines = table.begin(lines, columns)
            block = table.numbers(lines)
        count += block.size
        assert table is not None
        yield table, block
    if table is None:
        raise FileError(f"{files.shown(path)} has no rows")
    if not count:
        raise FileError(f"{table.path} has a header but no rows")


class _Table:
    """How a file's lines are cut into cells, and which of them are wanted."""

    def __init__(self, path: str, first: str) -> None:
        self.path = path
        self.separator = next((s for s in ";\t" if s in first), ",")
        self.width = 0
        self.chosen: Sequence[int] = ()
        self.ranged = False
        """Whether a range of columns is among those wanted."""
        self.shown: list[str] | None = None
        """The names of the columns, where they can be shown."""

    def single(self, columns: object) -> bool:
        """Whether these columns are a single one, named alone."""
        return isinstance(columns, str | int) and not self.ranged

    def begin(self, lines: list[Line], columns: str | int | list[str | int] | None) -> list[Line]:
        """Learn the columns from the first lines; those that hold numbers, without a header."""
        cells = self.cells(lines[:2])
        head, header = cells[0], None
        self.width = len(head)
        if any(_trouble(cell) for cell in head):
            for which, cell in enumerate(head):
                if (trouble := _trouble(cell)) and trouble not in (_TEXT, _MISSED) and cell.strip():
                    self.refuse(lines[0], head, which, trouble)  # a number that is written otherwise is no header
            header, lines = [cell.strip() for cell in head], lines[1:]
        elif "_" in lines[0][1]:
            self.find(lines[:1])
        # Names are suggested only from what is a table indeed: a line of any other file is nobody's business.
        shown = header if self.width > 1 and not any(map(_trouble, cells[-1])) else None
        wanted = [columns] if isinstance(columns, str | int) else columns
        self.shown = shown
        if wanted is None:
            self.chosen = range(self.width)
        else:
            self.chosen = [one for c in wanted for one in self.columns(c, header, shown)]
        return lines

    def columns(self, name: str | int, header: list[str] | None, shown: list[str] | None) -> Sequence[int]:
        """The numbers of the columns that a name or a range of them means."""
        if isinstance(name, int) or ":" not in name or name in (header or ()):
            return (self.column(name, header, shown),)
        self.ranged = True
        ends = [part.strip() for part in name.split(":")]
        if len(ends) != 2 or not all(ends):
            raise FileError(f"{name} is no range of columns", hint='From one to another, both included: "p0:p63"')
        first, last = (
            self.column(int(end) if end.isdecimal() and end not in (header or ()) else end, header, shown)
            for end in ends
        )
        if first > last:
            raise FileError(
                f"columns {name}: the first one stands behind the last", hint=f'Write "{ends[1]}:{ends[0]}"'
            )
        return range(first, last + 1)

    def cells(self, lines: list[Line]) -> list[list[str]]:
        """The lines cut into cells."""
        import csv

        rows = csv.reader((line for _, line in lines), delimiter=self.separator, skipinitialspace=True)
        try:
            cells = list(rows)
        except csv.Error as error:
            raise FileError(f"{self.path} cannot be read as CSV: {error}") from None
        if len(cells) != len(lines):
            raise FileError(f"{self.path}: a quoted cell goes over several lines")
        return cells

    def plain(self, lines: list[str]) -> Any:
        """The wanted cells where every line is just numbers, as nearly all are; None where a closer look is needed."""
        import numpy as np

        text = "".join(lines)
        if '"' in text or "_" in text:
            return None
        try:
            if self.width == 1 and self.separator not in text:
                columns = [list(map(float, lines))]
            else:
                rows = [line.split(self.separator) for line in lines]
                if any(len(row) != self.width for row in rows):
                    return None
                columns = [[float(row[column]) for row in rows] for column in self.chosen]
        except ValueError:
            return None
        return None if any(inf in c or -inf in c for c in columns) else np.array(columns).T

    def numbers(self, lines: list[Line]) -> Any:
        """The wanted cells of these lines as an array, (lines, columns)."""
        import numpy as np

        rows = self.cells(lines)
        result = np.empty((len(rows), len(self.chosen)))
        if any(len(row) != self.width for row in rows) or any("_" in line for _, line in lines):
            self.find(lines)
        try:
            for position, column in enumerate(self.chosen):
                values = [float(row[column]) for row in rows]
                if inf in values or -inf in values:
                    self.find(lines)
                result[:, position] = values
        except ValueError:
            self.find(lines)
            raise
        return result

    def find(self, lines: list[Line]) -> None:
        """Refuse the first of these lines that is not as it should be, if there is one."""
        for line, row in zip(lines, self.cells(lines), strict=True):
            if len(row) != self.width:
                place = Place(self.path, line[0], 1)
                raise FileError(f"{len(row)} cells here, {self.width} in the first line", place)
            for column in self.chosen or range(self.width):
                if trouble := _trouble(row[column]):
                    self.refuse(line, row, column, trouble)

    def refuse(self, line: Line, row: list[str], which: int, trouble: tuple[str, str]) -> NoReturn:
        """The error for one cell: where it is and what is wrong with it."""
        number, text = line
        cell = row[which].strip()
        column = text.find(cell) + 1 if cell else len(text)
        if '"' not in text:  # then the separators alone say where it begins
            pieces = text.split(self.separator)
            before = sum(len(piece) + 1 for piece in pieces[:which])
            column = before + 1 + len(pieces[which]) - len(pieces[which].lstrip())
            if not cell:  # nothing to point at: the separator behind it, or in front of the last one
                column = before + 1 if which < len(pieces) - 1 else before
        message, hint = trouble
        if self.shown is not None and which < len(self.shown):
            message = f"{message} (column {printable(self.shown[which])})"
        raise FileError(message, Place(self.path, number, max(column, 1)), hint)

    def column(self, name: str | int, header: list[str] | None, shown: list[str] | None) -> int:
        """The number of a column; its name is looked for among `header`, and near ones among `shown`."""
        if header is not None and name in header:
            if header.count(str(name)) > 1:
                places = [k for k, other in enumerate(header) if other == name]
                raise FileError(
                    f"{self.path} has {len(places)} columns called {name}",
                    hint=f"Number them, from 0: columns: {places}",
                )
            return header.index(str(name))
        if isinstance(name, int):
            if not 0 <= name < self.width:
                raise FileError(
                    f"{self.path} has no column {name}", hint=f"It has {self.width} columns, counted from 0."
                )
            return name
        if header is None:
            raise FileError(
                f"{self.path} has no header, so no column {name}", hint="Number them, from 0: columns: [0, 1]"
            )
        near = did_you_mean(name, shown or ())
        hint = f"Its columns: {', '.join(shown[:20])}" if shown else "Columns may be numbered, from 0: columns: [0, 1]"
        raise FileError(f"{self.path} has no column {name}{near}", hint=hint)


_TEXT = ("text stands here, where a number belongs", "")
_MISSING = frozenset(("na", "n/a", "<na>", "null", "none", "?", "-", "--", "."))
"""What stands for a number that nobody has."""
_MISSED = ("a value is missing", "Every cell is a number: fill it in, or leave the line out.")


def _trouble(cell: str) -> tuple[str, str] | None:
    """What keeps a cell from being a number, and a hint; None where it is one."""
    try:
        value = float(cell)
    except ValueError:
        if not cell.strip():
            return "an empty cell", "Every cell is a number; nan stands for a missing one."
        if cell.strip().lower() in _MISSING:
            return _MISSED
        return ("a comma stands inside this number", POINT) if _COMMA.match(cell.strip()) else _TEXT
    if "_" in cell:
        return "an underscore stands inside this number", POINT
    if value in (inf, -inf) and "n" not in cell.lower():
        return "larger than the largest float, 1.8e308", ""
    return None
