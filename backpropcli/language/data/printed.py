"""Numbers as backprop and NumPy print them, `[1 2 3]`, and rows as MATLAB has them, `1 2; 3 4`: read as lists."""

from __future__ import annotations

import re
from typing import Any

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_PRINTED = re.compile(rf"\s*(?:(?:{_NUMBER}(?=[\s\];]|\Z)|[\[\];])\s*)+\Z")
_SPACED = re.compile(rf"\s*{_NUMBER}(?:\s+{_NUMBER})+\s*\Z")
_WHOLE = re.compile(rf"{_NUMBER}\Z")
_THOUSANDS = re.compile(r"\s*[-+]?\d{1,3}(?: \d{3})+\s*\Z")
_MADE = re.compile(
    r"\s*(?:(?:torch|tf|np|numpy|jnp)\.)?(?:[Tt]ensor|FloatTensor|constant|asarray|array)\(\s*(\[.*\])\s*"
    r"(?:,\s*(?:dtype\s*=\s*)?[\w.]+)?\)\s*\Z",
    re.DOTALL,
)


def printed(text: str) -> list[Any] | None:
    """The nested list that a text such as `[[1 2] [3 4]]` or `1 2; 3 4` means; None where it is something else.

    Rows in brackets, `[1 2; 3 4]`, may have commas too. What else has a comma, an operator or a name in it is left to
    others; `1 -2` without brackets is a difference, and `1 000` one number.
    """
    if text.lstrip()[:1] == "[" and (rows := _matrix(text)) is not None:
        return rows
    if not _PRINTED.match(text) or not re.search(r"[\d.\]]\s+[-+.\d\[]|;", text) or _THOUSANDS.match(text):
        return None
    if "[" not in text:
        if ";" not in text and re.search(r"\s[-+]", text.strip()):
            return None
        rows = _rows(text)
        return rows if ";" in text else rows[0]
    return _nested(text) if ";" not in text else None


def spaced(item: Any) -> list[Any] | None:
    """What YAML leaves as one text in brackets, `[1 2 3]`: its numbers; None where it is something else."""
    return _row(item) if isinstance(item, str) and _SPACED.match(item) and not _THOUSANDS.match(item) else None


def rowed(items: list[Any]) -> list[Any] | None:
    """What YAML cuts at its commas, `[1, 2; 3, 4]`: the rows; None where it is something else."""
    has_rows = any(isinstance(item, str) and ";" in item for item in items)
    return _matrix(f"[{', '.join(map(str, items))}]") if has_rows else None


def made(text: str) -> str:
    """`torch.tensor([1.0, 2.0])` without what stands around the list; empty where it is something else."""
    found = _MADE.match(text)
    return found[1] if found else ""


def _matrix(text: str) -> list[Any] | None:
    """`[1 2; 3, 4]` as rows; None where there is no `;`, or anything but numbers."""
    inner = text.strip()[1:-1]
    if ";" not in inner or text.strip()[-1:] != "]":
        return None
    words = inner.replace(",", " ").replace(";", " ").split()
    return _rows(inner) if words and all(map(_WHOLE.match, words)) else None


def _rows(text: str) -> list[Any]:
    return [_row(row.replace(",", " ")) for row in text.split(";") if row.strip()]


def _row(text: str) -> list[Any]:
    return [_number(word) for word in text.split()]


def _number(word: str) -> int | float:
    return int(word) if word.lstrip("-+").isdecimal() and len(word) < 16 else float(word)


def _nested(text: str) -> list[Any] | None:
    stack: list[list[Any]] = [[]]
    for word in re.findall(r"[\[\]]|[^\s\[\]]+", text):
        if word == "[":
            stack.append([])
        elif word != "]":
            stack[-1].append(_number(word))
        elif len(stack) > 1:
            stack[-2].append(stack.pop())
        else:
            return None
    return stack[0][0] if len(stack) == 1 and len(stack[0]) == 1 else None
