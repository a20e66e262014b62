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
        """How many bytes of the file that is there are rows up to update `after`, in whole lines."""
        assert self.after is not None
        if is_special(self.path) or not os.path.exists(self.path):
            return 0
        kept = 0
        with open(self.path, "rb") as file:
            for k, line in enumerate(file):
                if not line.endswith(b"\n"):
                    break
                if not k and not self.lines:
                    if line.decode(errors="replace") != csv_line(self.columns):
                        raise FileError(
                            f"{self.path} has other columns than this training", hint="Name another file for --log."
                        )
                elif not self._belongs(line):
                    break
                kept += len(line)
        return kept

    def _belongs(self, line: bytes) -> bool:
        """Whether a line is a row of an update that was made before this training goes on."""
        assert self.after is not None
        try:
            text = line.decode()
            number = json.loads(text)["update"] if self.lines else next(csv.reader([text]))[0]
            return int(number) <= self.after
        except (ValueError, KeyError, TypeError, IndexError, csv.Error, StopIteration, RecursionError):
            raise FileError(f"{self.path} is no log of a training", hint="Name another file for --log.") from None


def _cell(x: float | None) -> str:
    """A number as it reads back exactly."""
    return "" if x is None else str(x) if isinstance(x, int) else exact(x)
