"""Numbers from files beside a spec: columns of a CSV file, arrays of an NPZ file (never pickles)."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from backpropcli.errors import BackpropError, FileError, Place
from backpropcli.ops.definition import Value
from backpropcli.spec import files
from backpropcli.spec.initialisers import too_large
from backpropcli.spec.yaml_errors import comma_error
from backpropcli.suggest import did_you_mean

LARGEST_TABLE = 512 * 1024 * 1024
"""The largest CSV or NPZ file that is read, in bytes."""


def beside(folder: str, path: str) -> str:
    """A path written in a spec, seen from where we are: relative to the spec's folder."""
    return os.path.join(folder, os.path.expanduser(path))


def read_csv(path: str, columns: str | int | list[str | int] | None = None, skip: int = 0) -> Value:
    """Columns of numbers: shape (rows,) for one column named alone, else (rows, columns).

    The first line after `skip` lines is a header where one of its cells is not a number. Columns are names in the
    header or numbers from 0. Cells are separated by commas, semicolons or tabs, whichever the first line has.
    """
    import csv

    import numpy as np

    lines = files.read_text(path, LARGEST_TABLE).splitlines()
    used = [(number, line) for number, line in enumerate(lines, 1) if number > skip and line.strip()]
    if not used:
        raise FileError(f"{path} has no rows")
    first = used[0][1]
    separator = next((s for s in ";\t" if s in first), ",")
    rows = csv.reader((line for _, line in used), delimiter=separator, skipinitialspace=True)
    try:
        cells = list(rows)
    except csv.Error as error:
        raise FileError(f"{path} cannot be read as CSV: {error}") from None
    if len(cells) != len(used):
        raise FileError(f"{path}: a quoted cell goes over several lines")
    header = None if all(_is_number(cell) for cell in cells[0]) else [cell.strip() for cell in cells.pop(0)]
    numbered = used[1:] if header is not None else used
    if not cells:
        raise FileError(f"{path} has a header but no rows")
    width = len(header) if header is not None else len(cells[0])
    wanted = [columns] if isinstance(columns, str | int) else columns
    chosen = list(range(width)) if wanted is None else [_column(path, name, header, width) for name in wanted]
    result = np.empty((len(cells), len(chosen)))
    for row, (values, (number, line)) in enumerate(zip(cells, numbered, strict=True)):
        if len(values) != width:
            raise FileError(f"{len(values)} cells here, {width} in the first line", Place(path, number, 1, line))
        for position, column in enumerate(chosen):
            try:
                result[row, position] = float(values[column])
            except ValueError:
                raise _bad_cell(path, number, line, values, column, separator) from None
    _check_size(path, result, cells, chosen, numbered, separator)
    return result[:, 0].copy() if isinstance(columns, str | int) else result


def _check_size(path: str, result: Any, cells: Any, chosen: list[int], numbered: Any, separator: str) -> None:
    """Refuse cells that became infinite because no float is that large."""
    import numpy as np

    for row, position in np.argwhere(np.isinf(result)).tolist():
        number, line = numbered[row]
        if "n" not in cells[row][chosen[position]].lower():
            raise _bad_cell(path, number, line, cells[row], chosen[position], separator)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _column(path: str, name: str | int, header: list[str] | None, width: int) -> int:
    if header is not None and name in header:
        if header.count(str(name)) > 1:
            places = [k for k, other in enumerate(header) if other == name]
            raise FileError(f"{path} has {len(places)} columns called {name}",
                            hint=f"Number them, from 0: columns: {places}")  # fmt: skip
        return header.index(str(name))
    if isinstance(name, int):
        if not 0 <= name < width:
            raise FileError(f"{path} has no column {name}", hint=f"It has {width} columns, counted from 0.")
        return name
    if header is None:
        raise FileError(f"{path} has no header, so no column {name}", hint="Number them, from 0: columns: [0, 1]")
    near = did_you_mean(str(name), header)
    raise FileError(f"{path} has no column {name}{near}", hint=f"Its columns: {', '.join(header[:20])}")


def _bad_cell(path: str, number: int, line: str, cells: list[str], which: int, separator: str) -> BackpropError:
    cell = cells[which]
    column = line.find(cell.strip()) + 1 if cell.strip() else len(line)
    if '"' not in line:  # then the separators alone say where it begins
        pieces = line.split(separator)
        before = sum(len(piece) + 1 for piece in pieces[:which])
        column = before + 1 + len(pieces[which]) - len(pieces[which].lstrip())
        if not cell.strip():  # nothing to point at: the separator behind it, or in front of the last one
            column = before + 1 if which < len(pieces) - 1 else before
    place = Place(path, number, max(column, 1), line, len(cell.strip()) or 1)
    if not cell.strip():
        return FileError("an empty cell", place, "Every cell is a number; nan stands for a missing one.")
    if cell.count(",") == 1 and cell.replace(",", "").strip().lstrip("+-").isdigit():
        return comma_error(cell.strip(), place)
    if _is_number(cell):
        return FileError(f"{cell.strip()[:40]} is larger than the largest float, 1.8e308", place)
    return FileError(f"{cell.strip()[:40]} is not a number", place)


def read_npz(path: str, array: str | None = None) -> Value:
    """One array of an NPZ file (its only one where `array` is None), as float64; FileError for what is not numbers."""
    with _opened(path) as archive:
        names = list(archive)
        if array is None:
            if not names:
                raise FileError(f"{path} has no arrays")
            if len(names) != 1:
                raise FileError(f"{path} has {len(names)} arrays", hint=f"Say which: array: {' | '.join(names[:9])}")
            array = names[0]
        if array not in names:
            raise FileError(f"{path} has no array {array}{did_you_mean(array, names)}",
                            hint=f"Its arrays: {', '.join(names[:20])}")  # fmt: skip
        return archive.get(array)


def read_arrays(path: str) -> dict[str, Value]:
    """Every array of an NPZ file by name."""
    with _opened(path) as archive:
        return {name: archive.get(name) for name in archive}


class _Archive:
    """An NPZ file whose arrays are looked at (kind of number, size) before they are read."""

    def __init__(self, path: str, zipped: Any) -> None:
        self._path = path
        self._zip = zipped

    def __enter__(self) -> _Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def __iter__(self) -> Any:
        return (name.removesuffix(".npy") for name in self._zip.namelist())

    def get(self, name: str) -> Value:
        """One array as float64, or a float where it has no axes."""
        return self.kept(name)[0]

    def kept(self, name: str) -> tuple[Value, str]:
        """One array as float64, and the dtype that it is stored in."""
        entry = name if name in self._zip.namelist() else f"{name}.npy"
        return _stored(lambda: self._zip.open(entry), f"{self._path}: {name}")


def _stored(opened: Callable[[], Any], label: str) -> tuple[Value, str]:
    """An array in NumPy's format as float64, and its dtype; looked at before it is read. `label` is its name."""
    import numpy as np

    try:
        with opened() as file:
            version = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, _, dtype = read(file)
        if dtype.kind not in "biuf":
            kind = "complex numbers" if dtype.kind == "c" else "something else"
            raise FileError(f"{label} holds {kind}, not real numbers")
        if message := too_large(shape):
            raise FileError(f"{label} with shape {message}")
        with opened() as file:
            array = np.lib.format.read_array(file, allow_pickle=False)
    except FileError:
        raise
    except Exception as error:  # a broken archive or header: zlib, tokenize, struct, ... each raise their own
        raise FileError(f"{label} cannot be read as a NumPy array") from error
    return np.asarray(array, dtype=np.float64) if array.shape else float(array), dtype.name


def read_npy(path: str) -> Value:
    """The array of an NPY file, as float64."""
    import io

    data = files.read_bytes(path, LARGEST_TABLE)
    return _stored(lambda: io.BytesIO(data), path)[0]


def read_stored(data: bytes, path: str) -> dict[str, tuple[Value, str]]:
    """Every array of an NPZ file's bytes by name, as float64, with the dtype that it is stored in."""
    with _archive(data, path) as archive:
        return {name: archive.kept(name) for name in archive}


def _opened(path: str) -> _Archive:
    return _archive(files.read_bytes(path, LARGEST_TABLE), path)


def _archive(data: bytes, path: str) -> _Archive:
    import io
    import zipfile

    try:
        return _Archive(path, zipfile.ZipFile(io.BytesIO(data)))
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise FileError(f"{path} is not an NPZ file", hint="numpy.savez(...) writes one.") from None

