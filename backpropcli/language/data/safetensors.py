"""Arrays from .safetensors files, as PyTorch users share them, read by ourselves: a header of JSON, then the numbers.

The format is so small (8 bytes of length, names with dtype, shape and offsets, then raw bytes) that reading it within
bounds is less code, and less to trust, than another dependency. https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import json
from math import prod
from typing import TYPE_CHECKING, Any

from backpropcli.errors import FileError
from backpropcli.language.data.deferred import too_large
from backpropcli.language.data.numpy_files import MOST_ARRAYS, Stored
from backpropcli.safe import printable

if TYPE_CHECKING:
    from backpropcli.ops.definition import Value

HEADER = 16 * 1024 * 1024
"""The longest header that is read, in bytes."""
MOST_AXES = 32
KINDS = {
    "F64": ("<f8", "float64"),
    "F32": ("<f4", "float32"),
    "F16": ("<f2", "float16"),
    "BF16": ("<u2", "bfloat16"),
    "I64": ("<i8", "int64"),
    "I32": ("<i4", "int32"),
    "I16": ("<i2", "int16"),
    "I8": ("i1", "int8"),
    "U64": ("<u8", "uint64"),
    "U32": ("<u4", "uint32"),
    "U16": ("<u2", "uint16"),
    "U8": ("u1", "uint8"),
    "BOOL": ("?", "bool"),
}
"""What a dtype is to NumPy, and its name."""


def is_safetensors(data: bytes) -> bool:
    """Whether these bytes begin as such a file does: a length, and an object of JSON of that length."""
    length = int.from_bytes(data[:8], "little")
    return len(data) > 9 and data[8:9] == b"{" and 2 <= length <= len(data) - 8 and b"\0" in data[:8]


def read_safetensors(data: bytes, name: str) -> dict[str, Stored]:
    """Every array by name, as float64 (a float where it has no axes), with its dtype; FileError for what is broken."""
    header, start = _header(data, name)
    found: dict[str, Stored] = {}
    numbers = 0
    for key, entry in header.items():
        if key == "__metadata__":
            continue
        called = printable(key)
        if called in found:
            raise FileError(f"{name} holds two arrays called {called}")
        found[called] = _array(data, start, entry, f"{name}: {called}")
        numbers += getattr(found[called].value, "size", 1)
        if numbers > len(data):  # arrays that lie on top of each other
            raise FileError(f"{name} has {len(data):,} bytes, but holds {numbers:,} numbers")
    return found


def _header(data: bytes, name: str) -> tuple[dict[str, Any], int]:
    """The header's object, and where the numbers begin."""
    broken = FileError(f"{name} is not a safetensors file", hint="safetensors.torch.save_file(...) writes one.")
    length = int.from_bytes(data[:8], "little")
    if len(data) < 10 or length > len(data) - 8:
        raise broken
    if length > HEADER:
        raise FileError(f"{name} has a header of {length:,} bytes, at most {HEADER:,} are read")
    try:
        header = json.loads(data[8 : 8 + length].decode("utf-8"))
    except (ValueError, RecursionError):
        raise broken from None
    if not isinstance(header, dict):
        raise broken
    if len(header) > MOST_ARRAYS:
        raise FileError(f"{name} holds {len(header):,} arrays, at most {MOST_ARRAYS:,} are read")
    return header, 8 + length


def _array(data: bytes, start: int, entry: Any, label: str) -> Stored:
    """One array, whose place and shape must fit each other and the file."""
    import numpy as np

    if not isinstance(entry, dict):
        raise FileError(f"{label} is not described by dtype, shape and data_offsets")
    kind: Any = entry.get("dtype")
    shape: Any = entry.get("shape")
    offsets: Any = entry.get("data_offsets")
    if not (_whole(shape) and _whole(offsets) and len(offsets) == 2 and len(shape) <= MOST_AXES):
        raise FileError(f"{label} is not described by dtype, shape and data_offsets")
    if not isinstance(kind, str) or kind not in KINDS:
        raise FileError(
            f"{label} holds numbers of the kind {printable(str(kind))[:20]}, which is not read",
            hint=f"Read are {', '.join(KINDS)}.",
        )
    dtype, word = KINDS[kind]
    if message := too_large(tuple(shape)):
        raise FileError(f"{label} with shape {message}")
    begin, end = offsets
    if not (begin <= end <= len(data) - start and end - begin == prod(shape) * np.dtype(dtype).itemsize):
        raise FileError(f"{label}: its place in the file does not fit its shape: the file is cut off, or broken")
    numbers: Any = np.frombuffer(data, dtype, prod(shape), start + begin)
    if kind == "BF16":  # the upper half of a float32
        numbers = (numbers.astype("<u4") << 16).view("<f4")
    value: Value = numbers.astype(np.float64).reshape(shape) if shape else float(numbers[0])
    return Stored(value, word)


def _whole(entries: Any) -> bool:
    return isinstance(entries, list) and all(type(n) is int and n >= 0 for n in entries)
