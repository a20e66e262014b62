"""Texts in so many columns of a terminal: measured, padded, cut, or going on in the next line."""

from __future__ import annotations

Block = str | list[str]
"""A padded cell: one line, or the lines of an array."""
NARROW = "─…±◀→·−∂αβγδεζηθλμνξπρστφχψωΔΣ"
"""Signs and Greek letters that are known to take one column: a table need not import Rich to measure them."""


def width_of(text: str) -> int:
    """How many columns of a terminal a text takes: wide characters take two, combining ones none."""
    if text.isascii() or all(c < "\u0300" or c in NARROW for c in text):
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def pad(text: str, size: int, side: str) -> str:
    """`text` in `size` columns, at the left or at the right side."""
    space = " " * max(size - width_of(text), 0)
    return space + text if side == "right" else text + space


def cut(block: Block, size: int) -> Block:
    """A text with … at its end where it is wider than `size`."""
    if isinstance(block, list):
        return block
    block = block.rstrip()
    if width_of(block) <= size:
        return block
    while width_of(block) > size - 1:
        block = block[:-1]
    return block.rstrip() + "…"


def cut_middle(block: Block, size: int) -> Block:
    """A name with … in its middle where it is wider than `size`: what tells names apart often stands at the end."""
    if isinstance(block, list) or width_of(block := block.rstrip()) <= size:
        return block
    tail = ""
    while width_of(tail) < (size - 1) // 2:
        tail = block[-len(tail) - 1] + tail
    head = block
    while width_of(head) > size - 1 - width_of(tail):
        head = head[:-1]
    return f"{head}…{tail}"


def worded(line: str, width: int) -> list[str]:
    """A line of words in as many lines as a terminal needs, broken at blanks; those below keep its indent."""
    if width_of(line) <= width:
        return [line]
    from textwrap import wrap as folded

    indent = line[: len(line) - len(line.lstrip())]
    return folded(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def wrap(block: Block, size: int) -> Block:
    """A text in as many lines as it needs; a word that is wider than a line is left whole."""
    if isinstance(block, list) or len(block) <= size:
        return block
    from textwrap import wrap as folded

    return folded(block, size, break_long_words=False, break_on_hyphens=False)
