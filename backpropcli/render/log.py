"""The log of a training: a row an update, CSV or JSON lines, appended in whole lines as they come.

`update` is the update's number, `loss` what it saw before it moved the parameters, `lr` its learning rate;
`held_out_loss` stands in the last row of an epoch. Every metric has a column, and one for what is held out.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping, Sequence

from backpropcli.errors import FileError, UsageError
from backpropcli.notation.numbers import exact
from backpropcli.render.csv import line as csv_line
from backpropcli.render.json import number, text
from backpropcli.render.writing import is_special, opened_to_append, reason
from backpropcli.safe import leaving

ENDINGS = (".csv", ".jsonl", ".ndjson")


class Log:
    """A file of rows (`with Log(path, columns) as log`); where it goes on, rows after update `after` are dropped."""

    def __init__(self, path: str, columns: Sequence[str], after: int | None = None) -> None:
        ending = os.path.splitext(path)[1].lower()
        if ending not in ENDINGS:
            raise UsageError(f"--log {path}: expected a file that ends in .csv or .jsonl")
        self.path, self.columns, self.lines = path, tuple(columns), ending != ".csv"
        self.after = after
        self.last: int | None = None
        """The last update that has a row already, where the log goes on."""
        self._file = -1

    def __enter__(self) -> Log:
        try:
            keep = self._kept() if self.after is not None else 0
            self._file = opened_to_append(self.path, keep)
            if not keep and not self.lines:
                self._write(csv_line(self.columns))
        except OSError as error:
            raise FileError(f"{self.path} cannot be written: {reason(error)}") from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def add(self, row: Mapping[str, float | None]) -> None:
        """One more row, whole, in one write; what is None is left out."""
        if self.lines:
            said = ", ".join(
                f"{text(name)}: {x if isinstance(x, int) else number(x)}"
                for name in self.columns
                if (x := row.get(name)) is not None
            )
            self._write(f"{{{said}}}\n")
        else:
            self._write(csv_line(tuple(_cell(row.get(name)) for name in self.columns)))

    def _write(self, line: str) -> None:
        data = "".join(leaving([line])).encode()
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            raise FileError(f"{self.path} cannot be written: {reason(error)}") from error

    def _kept(self) -> int:
        """How many bytes of the file that is there are rows up to update `after`, in whole lines, one an update."""
        assert self.after is not None
        if is_special(self.path) or not os.path.exists(self.path):
            return 0
        kept = 0
        with open(self.path, "rb") as file:
            for k, line in enumerate(file):
                if not k and not self.lines:
                    self._headed(line)
                if not line.endswith(b"\n"):
                    break
                if k or self.lines:
                    number = self._number(line)
                    if number > self.after:
                        break
                    if self.last is not None and number != self.last + 1:
                        raise self._foreign(
                            f"has update {number} after update {self.last}: it is no log of one training"
                        )
                    self.last = number
                kept += len(line)
        return kept

    def _headed(self, line: bytes) -> None:
        """Refuse a first line of other columns; the beginning of the right one is what a kill leaves."""
        titles = csv_line(self.columns).encode()
        if line != titles and (line.endswith(b"\n") or not titles.startswith(line)):
            raise self._foreign("has other columns than this training")

    def _number(self, line: bytes) -> int:
        """The update that a line is a row of."""
        try:
            text = line.decode()
            if self.lines:
                number = json.loads(text)["update"]
            else:
                cells = next(csv.reader([text]))
                number = int(cells[0]) if len(cells) == len(self.columns) else 0
            if type(number) is int and number >= 1:
                return number
        except (ValueError, KeyError, TypeError, IndexError, csv.Error, StopIteration, RecursionError):
            pass
        raise self._foreign("is no log of a training")

    def _foreign(self, what: str) -> FileError:
        return FileError(f"{self.path} {what}", hint="Name another file for --log.")


def _cell(x: float | None) -> str:
    """A number as it reads back exactly."""
    return "" if x is None else str(x) if isinstance(x, int) else exact(x)
