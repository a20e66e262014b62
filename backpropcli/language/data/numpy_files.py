"""Arrays from NPZ and NPY files, looked at before they are read; never pickles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.errors import FileError
from backpropcli.language.data.columns import LARGEST_TABLE
from backpropcli.language.data.deferred import MOST_NUMBERS, Waiting, ready, too_large, waiting
from backpropcli.language.file import reading as files
from backpropcli.safe import printable
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.ops.definition import Value
    from backpropcli.ops.shape import Shape

MOST_ARRAYS = 10_000
"""How many arrays one NPZ file may hold."""
OURS = "backprop."
"""How the names begin of what a checkpoint keeps beside the parameters."""


class Stored(NamedTuple):
    """An array as it is stored: its value, which may wait, and its dtype."""

    value: Value
    dtype: str


def read_npz(path: str, array: str | None = None) -> Value:
    """One array of an NPZ file (its only one where `array` is None), as float64, which may wait."""
    with files.opened(path, LARGEST_TABLE) as file, _archive(file, files.shown(path)) as archive:
        if array is None:
            if not archive.names:
                raise FileError(f"{archive.path} has no arrays")
            if len(archive.names) != 1:
                some = " | ".join(list(archive.names)[:9])
                raise FileError(f"{archive.path} has {len(archive.names)} arrays", hint=f"Say which: array: {some}")
            array = next(iter(archive.names))
        if array not in archive.names:
            raise FileError(
                f"{archive.path} has no array {array}{did_you_mean(array, archive.names)}",
                hint=f"Its arrays: {', '.join(list(archive.names)[:20])}",
            )
        value = archive.stored(array).value
    if not isinstance(value, Waiting):
        return value
    return Waiting(value.shape, partial(_again, path, array))


def _again(path: str, array: str) -> Value:
    """The array itself, from a file that was looked at before."""
    with files.opened(path, LARGEST_TABLE) as file, _archive(file, files.shown(path)) as archive:
        return ready(archive.stored(array).value)


def read_arrays(path: str) -> dict[str, Value]:
    """Every array of an NPZ file by name; large ones wait."""
    import io

    result = {}
    data = files.read_bytes(path, LARGEST_TABLE)
    with _archive(io.BytesIO(data), files.shown(path)) as archive:
        for name in archive.names:
            value = archive.stored(name).value
            result[name] = Waiting(value.shape, partial(_again, path, name)) if isinstance(value, Waiting) else value
    return result


def read_stored(data: bytes, path: str) -> dict[str, Stored]:
    """Every array of an NPZ file's bytes by name, as float64, with the dtype that it is stored in."""
    import io

    with _archive(io.BytesIO(data), files.shown(path)) as archive:
        found = {name: archive.stored(name) for name in archive.names}
        whole = sum(prod(stored.value.shape) for stored in found.values() if not isinstance(stored.value, float))
        if whole > max(MOST_NUMBERS, len(data)):
            raise FileError(f"{archive.path} has {len(data):,} bytes, but holds {whole:,} numbers")
        return {name: stored._replace(value=ready(stored.value)) for name, stored in found.items()}


def read_npy(path: str) -> Value:
    """The array of an NPY file, as float64, which may wait."""

    @contextmanager
    def opened() -> Iterator[Any]:
        with files.opened(path, LARGEST_TABLE) as file:
            yield file

    return _stored(opened, files.shown(path)).value


class _Archive:
    """An NPZ file whose arrays are looked at (kind of number, size) before they are read; names that can be shown."""

    def __init__(self, path: str, zipped: Any) -> None:
        self.path = path
        self._zip = zipped
        entries = zipped.namelist()
        if len(entries) > MOST_ARRAYS:
            raise FileError(f"{path} holds {len(entries):,} arrays, at most {MOST_ARRAYS:,} are read")
        self.names: dict[str, str] = {}
        for entry in entries:
            name = printable(entry.removesuffix(".npy"))
            if name in self.names:
                raise FileError(f"{path} holds two arrays called {name}")
            self.names[name] = entry

    def __enter__(self) -> _Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def stored(self, name: str) -> Stored:
        """One array as float64 (a float where it has no axes), and the dtype that it is stored in."""
        return _stored(lambda: self._zip.open(self.names[name]), f"{self.path}: {name}")


def _stored(opened: Callable[[], Any], label: str) -> Stored:
    """An array in NumPy's format, and its dtype; looked at before it is read. `label` is its name."""
    import numpy as np

    def read() -> Value:
        try:
            with opened() as file:
                array = np.lib.format.read_array(file, allow_pickle=False)
        except FileError:
            raise
        except Exception as error:  # a broken archive: zlib, struct, ... each raise their own
            raise FileError(f"{label} cannot be read as a NumPy array") from error
        return np.asarray(array, dtype=np.float64) if array.shape else float(array)

    shape: Shape
    try:
        with opened() as file:
            version = np.lib.format.read_magic(file)
            header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, _, dtype = header(file)
    except FileError:
        raise
    except Exception as error:  # a broken header: zlib, tokenize, struct, ... each raise their own
        raise FileError(f"{label} cannot be read as a NumPy array") from error
    if dtype.kind not in "biuf":
        kind = "complex numbers" if dtype.kind == "c" else "something else"
        raise FileError(f"{label} holds {kind}, not real numbers")
    if message := too_large(shape):
        raise FileError(f"{label} with shape {message}")
    return Stored(waiting(shape, read), dtype.name)


def _archive(file: Any, path: str) -> _Archive:
    import zipfile

    try:
        return _Archive(path, zipfile.ZipFile(file))
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise FileError(f"{path} is not an NPZ file", hint="numpy.savez(...) writes one.") from None
