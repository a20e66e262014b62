"""The pieces of a drawing in characters: a box, what stands above it, its outgoing line with value and gradient."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.drawing.matrix_rows import aligned
from backpropcli.render.width import width_of

if TYPE_CHECKING:
    from backpropcli.drawing.canvas import Canvas, Paint
    from backpropcli.drawing.model import Item, Picture
    from backpropcli.passes.loops import Loop


class Text(NamedTuple):
    """A text and where it stands: rows down and columns right from the left end of a box; and what it is."""

    row: int
    column: int
    text: str
    paint: Paint = ""


class Part(NamedTuple):
    """An item measured in cells.

    `box` is what stands in its row, `stub` how long its outgoing line is, `texts` all that stands around it. `back` is
    the row of the gradient's arrow, empty where there is none; `fed` says whether a parameter stands above.
    """

    item: Item
    box: str
    stub: int
    texts: tuple[Text, ...]
    back: str = ""
    fed: bool = False

    @property
    def above(self) -> int:
        """Rows over its own."""
        return max((-text.row for text in self.texts), default=0)

    @property
    def below(self) -> int:
        """Rows under its own."""
        return max([int(bool(self.back)), *(text.row for text in self.texts)])

    @property
    def width(self) -> int:
        """Columns up to the end of its outgoing line, and of what stands above it, with a blank behind."""
        beside = [text.column + width_of(text.text) + (text.row < 0) for text in self.texts if text.row]
        return max([width_of(self.box) + self.stub, *beside])

    def draw(self, canvas: Canvas, row: int, column: int, tight: bool) -> None:
        """Write everything but the outgoing line; `tight` where an arrow's head ends that line at once."""
        for text in self.texts:
            canvas.text(row + text.row, column + text.column, text.text, text.paint)
        name = len(self.item.title) + 1 if self.item.data else len(self.box)
        canvas.text(row, column, self.box[:name])
        canvas.text(row, column + width_of(self.box[:name]), self.box[name:], "value")
        if self.back:
            start = column + width_of(self.box) + self.item.data
            canvas.text(row + 1, start, self.back, "gradient")
            if tight:
                canvas.overhang(row + 1, start + width_of(self.back), "─", "gradient")


def parts(shown: Picture, width: int, ascii: bool = False) -> Iterator[Part]:
    """Every item that does not stand above another, measured; of long formulas the middle is cut out."""
    ellipsis = "..." if ascii else "…"
    users = {source for item in shown.items.values() for source in item.inputs}
    for item in shown.items.values():
        if item.name in shown.hanging:
            continue
        above = [shown.items[name] for name in shown.above.get(item.name, ())]
        box = item.title + equals(item) if item.data else _label(item, width, ellipsis)
        if item.data:
            yield _datum(item, box)
        else:
            part = _operation(item, box, above, item.name not in users)
            part = part._replace(texts=(*part.texts, *_looping(shown.looped(item.name), width_of(box))))
            yield part._replace(fed=any(datum.kind == "parameter" for datum in above))


def equals(item: Item) -> str:
    """`=2`, or nothing where there are no numbers."""
    return f"={line(item.value)}" if item.value else ""


def line(rows: tuple[str, ...]) -> str:
    """A number or a matrix on one line."""
    return rows[0] if len(rows) == 1 else f"[{' '.join(rows)}]" if rows else ""


def is_cut(item: Item, width: int) -> bool:
    """Whether an item's formula is too long for a drawing of this width."""
    return not item.data and len(_whole(item)) > _longest(width)


def _whole(item: Item) -> str:
    return f"({item.label})" if item.round else item.label.replace(" ", "")


def _longest(width: int) -> int:
    return max(16, width // 2)


def _label(item: Item, width: int, ellipsis: str) -> str:
    text, room = _whole(item), _longest(width) - len(ellipsis)
    return text if not is_cut(item, width) else text[: room - room // 2] + ellipsis + text[len(text) - room // 2 :]


def _on_line(number: str) -> str:
    """A number as it stands in a line: a minus sign keeps away from the line's own dashes."""
    return f" {number} " if number.startswith("-") else number


def _datum(item: Item, box: str) -> Part:
    back = _on_line(line(item.gradient))
    if back:
        return Part(item, box, 1 + width_of(back) + 4, (), f"◀──{back}─")
    texts = (Text(1, 0, item.shown_shape),) if item.shape and not item.value else ()
    return Part(item, box, 2, texts)


def _operation(item: Item, box: str, above: list[Item], last: bool) -> Part:
    value, back = line(item.value), _on_line(line(item.gradient))
    size, texts = width_of(box), list(_hanging(above, width_of(box)))
    if not value:
        texts.append(Text(0, size + 2, item.title))
        if item.shape:
            texts.append(Text(1, size + 2, item.shown_shape))
        value = item.title
    else:
        value = value if last else _on_line(value)
        indent = value.startswith(" ")
        texts.append(Text(-1, size + 2 + last + indent, item.title))
        texts.append(Text(0, size + 2 + last, value, "value"))
    if last:
        texts = [t._replace(column=size + 3) if t.row in (0, 1) else t for t in texts]
        back = f"◀──{back}".rstrip() if back else ""
        return Part(item, box, 3 + width_of(value), (*texts, Text(0, size, "──▶")), back)
    stub = max(width_of(value) + 4, width_of(back) + 4 if back else 0, width_of(item.title) + 3)
    return Part(item, box, stub, tuple(texts), f"◀──{back}".ljust(stub, "─") if back else "")


def _looping(loops: tuple[Loop, ...], size: int) -> Iterator[Text]:
    """Under a box, an arrow that comes back from it, or from another node, with what of another time it brings."""
    if not loops:
        return
    words = f"{', '.join(f'{loop.source}[{loop.when}]' for loop in loops)}, {loops[0].often}"
    right = max(size - 2, 2)
    yield Text(1, 1, "▲")
    if not any(loop.source == loop.reader for loop in loops):
        yield Text(2, 1, f"└─ {words}")
        return
    yield Text(1, right, "│")
    inside, room = f" {words} ", right - 2
    yield Text(2, 1, f"└{inside.center(room, '─')}┘" if len(inside) <= room else f"└{'─' * room}┘{inside}")


def _hanging(above: list[Item], size: int) -> Iterator[Text]:
    """The data above an operation: a number with its two arrows, or rows of them over one pair of arrows."""
    if not above:
        return
    middle = size // 2
    both = any(datum.gradient or (not datum.value and datum.kind == "parameter") for datum in above)
    start = max(middle - 1, 0) if both else middle
    if len(above) == 1 and len(above[0].value) == 1:
        title = f"{above[0].title}="
        yield Text(-3, start, title)
        yield Text(-3, start + width_of(title), line(above[0].value), "value")
        yield Text(-2, start, "│")
        yield Text(-1, start, "▼")
        if both:
            yield Text(-2, start + 2, f"▲{line(above[0].gradient)}", "gradient")
            yield Text(-1, start + 2, "│", "gradient")
        return
    rows = list(_rows(above))
    longest = max(width_of(front) + width_of(value) for front, value, _ in rows)
    column = start if len(above) == 1 else min(start, max(0, middle - longest // 2))
    for k, (front, value, back) in enumerate(rows, -len(rows) - 1):
        yield Text(k, column, front)
        if value:
            yield Text(k, column + width_of(front), value, "value")
        if back:
            yield Text(k, column + longest + 1, back, "gradient")
    yield Text(-1, start, "▼")
    if both:
        some = any(datum.gradient for datum in above)
        yield Text(-1, start + 2, "│" if some else "▲", "gradient" if some else "")


def _rows(above: list[Item]) -> Iterator[tuple[str, str, str]]:
    """Data one under the other: name, value and gradient; a matrix takes its rows."""
    for datum in above:
        if not datum.value:
            yield f"{datum.title} {datum.shown_shape}".rstrip(), "", ""
        front = f"{datum.title}="
        gradient = aligned(datum.gradient)
        for k, text in enumerate(aligned(datum.value)):
            back = gradient[k] if gradient else ""
            yield front if not k else " " * width_of(front), text, back and ("▲" if not k else " ") + back
