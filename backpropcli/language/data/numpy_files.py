"""Arrays from NPZ and NPY files, looked at before they are read; never pickles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.errors import FileError, LargeFileError
from backpropcli.language.data.columns import LARGEST_TABLE
from backpropcli.language.data.deferred import LARGEST_ARRAY, MOST_NUMBERS, Waiting, ready, too_large, waiting
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


class Header(NamedTuple):
    """What NumPy's format says of an array; `fortran`: it is stored column after column."""

    shape: Shape
    fortran: bool
    dtype: Any


def read_npz(path: str, array: str | None = None) -> Value:
    """One array of an NPZ file (its only one where `array` is None), as float64, which may wait."""
    with files.opened(path, LARGEST_TABLE) as file, archived(file, files.shown(path)) as archive:
        array = archive.chosen(array)
        value = archive.stored(array).value
    if not isinstance(value, Waiting):
        return value
    return Waiting(value.shape, partial(_again, path, array))


def _again(path: str, array: str) -> Value:
    """The array itself, from a file that was looked at before."""
    with files.opened(path, LARGEST_TABLE) as file, archived(file, files.shown(path)) as archive:
        return ready(archive.stored(array).value)


def read_arrays(path: str) -> dict[str, Value]:
    """Every array of an NPZ file by name; large ones wait."""
    import io

    result = {}
    data = files.read_bytes(path, LARGEST_TABLE)
    with archived(io.BytesIO(data), files.shown(path)) as archive:
        for name in archive.names:
            value = archive.stored(name).value
            result[name] = Waiting(value.shape, partial(_again, path, name)) if isinstance(value, Waiting) else value
    return result


def read_stored(data: bytes, path: str) -> dict[str, Stored]:
    """Every array of an NPZ file's bytes by name, as float64, with the dtype that it is stored in."""
    import io

    with archived(io.BytesIO(data), files.shown(path)) as archive:
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

    def chosen(self, array: str | None) -> str:
        """The array of this name, or the only one where None is said; FileError where there is none."""
        if array is None:
            if not self.names:
                raise FileError(f"{self.path} has no arrays")
            if len(self.names) != 1:
                some = " | ".join(list(self.names)[:9])
                raise FileError(f"{self.path} has {len(self.names)} arrays", hint=f"Say which: array: {some}")
            array = next(iter(self.names))
        if array not in self.names:
            raise FileError(
                f"{self.path} has no array {array}{did_you_mean(array, self.names)}",
                hint=f"Its arrays: {', '.join(list(self.names)[:20])}",
            )
        return array

    def stored(self, name: str) -> Stored:
        """One array as float64 (a float where it has no axes), and the dtype that it is stored in."""
        return _stored(lambda: self._zip.open(self.names[name]), f"{self.path}: {name}")

    def opened(self, name: str) -> Any:
        """One array's bytes, unpacked on the way."""
        try:
            return self._zip.open(self.names[name])
        except Exception as error:  # a broken archive: each part of zipfile raises its own
            raise FileError(f"{self.path}: {name} cannot be read as a NumPy array") from error

    def stands(self, name: str, file: Any) -> slice | None:
        """Where in the file an array stands that is stored as it is; None where it is packed."""
        import zipfile

        info = self._zip.getinfo(self.names[name])
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1 or info.compress_size != info.file_size:
            return None
        file.seek(info.header_offset)
        head = file.read(30)
        if len(head) < 30 or head[:4] != b"PK\x03\x04":
            raise FileError(f"{self.path}: {name} is not where the archive says")
        name_and_extra = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        start = info.header_offset + 30 + name_and_extra
        return slice(start, start + info.file_size)


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

    try:
        with opened() as file:
            found = header(file, label)
    except FileError:
        raise
    except Exception as error:  # what opens it may be broken, too
        raise FileError(f"{label} cannot be read as a NumPy array") from error
    return Stored(waiting(found.shape, read), found.dtype.name)


def header(file: Any, label: str, most: int = LARGEST_ARRAY) -> Header:
    """What an array is that begins here, of at most so many numbers; the file is left where they begin."""
    import numpy as np

    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(file)
    except FileError:
        raise
    except Exception as error:  # a broken header: zlib, tokenize, struct, ... each raise their own
        raise FileError(f"{label} cannot be read as a NumPy array") from error
    if dtype.kind not in "biuf":
        kind = "complex numbers" if dtype.kind == "c" else "something else"
        raise FileError(f"{label} holds {kind}, not real numbers")
    if any(size < 0 for size in shape):
        raise FileError(f"{label} cannot be read as a NumPy array: its shape is {shape}")
    if message := too_large(shape, most):
        raise LargeFileError(f"{label} with shape {message}")
    return Header(shape, fortran, dtype)


def archived(file: Any, path: str) -> _Archive:
    """An NPZ file that is open; FileError where it is none."""
    import zipfile

    try:
        return _Archive(path, zipfile.ZipFile(file))
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise FileError(f"{path} is not an NPZ file", hint="numpy.savez(...) writes one.") from None
