"""What stands below a drawing in characters: what its signs mean, what nothing uses, what was shortened in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from backpropcli.drawing.canvas import Paint, painted
from backpropcli.drawing.terminal_parts import equals, line
from backpropcli.notation.middle import said
from backpropcli.render.width import worded

if TYPE_CHECKING:
    from backpropcli.drawing.model import Item, Picture

SIGNS = "┬ ┴ ├ ┤ ┼ lines join or branch    ─│─ they cross"
SIGNS_IN_ASCII = "+ lines bend, join or branch    -|- they cross"


def legend(shown: Picture, width: int, crossed: bool, ascii: bool, coloured: bool) -> list[str]:
    """The data that nothing uses, and the signs: those of lines only where some have `crossed`."""
    lines = []
    items = shown.items
    if unused := shown.unused:
        words = (f"{items[n].title}{equals(items[n]) or f' {items[n].shown_shape}'}".rstrip() for n in unused)
        lines += ["", *worded(f"not used: {', '.join(words)}", width)]
    if shown.shared:
        words = (_said(items[name]) for name in shown.shared)
        lines += ["", *worded(f"at every time: {',  '.join(words)}", width)]
    if shown.left_out:
        lines += ["", f"{said(shown.left_out)} are left out; --full draws every time."]
    signs = [_in_colour("▶ values", "value", coloured)] * any(item.value for item in items.values())
    gradients = _in_colour(f"◀ gradients of {shown.of}", "gradient", coloured)
    signs += [gradients] * any(item.gradient for item in items.values())
    lines += ["", "    ".join(signs)] if signs else [""] * crossed
    return [*lines, *worded(SIGNS_IN_ASCII if ascii else SIGNS, width)] if crossed else lines


def _said(item: Item) -> str:
    """A datum in words: `U=0.8 ▲0.7618`."""
    gradient = f" ▲{line(item.gradient)}" if item.gradient else ""
    return f"{item.title}{equals(item) or f' {item.shown_shape}'}{gradient}"


def _in_colour(text: str, paint: Paint, coloured: bool) -> str:
    return painted(text, paint) if coloured else text


def in_full(short: Mapping[str, str], formulas: Mapping[str, str], width: int) -> Iterator[str]:
    """The names and the formulas that a drawing shows without their middle, each in full."""
    if short or formulas:
        yield ""
    for name, shown in short.items():
        yield f"{shown} is {name}"
    for name, formula in formulas.items():
        yield from worded(f"{name} = {formula}", width)
