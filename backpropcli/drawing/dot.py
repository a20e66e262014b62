"""A computation graph for Graphviz: `backprop draw -o net.dot`, then `dot -Tpdf net.dot`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backpropcli.drawing.drawing import Drawing
    from backpropcli.drawing.model import Item, Picture
    from backpropcli.render.output import Destination

SHAPES = {"input": "box", "target": "box", "parameter": "box", "node": "ellipse"}
FILLS = {"input": "#f4f4f2", "target": "#f4f4f2", "parameter": "#eef4fb", "node": "#fffdf5"}


def picture(found: Drawing, to: Destination) -> Iterator[str]:
    """A drawing, as the registry of formats asks for it."""
    return dot(found.shown)


def dot(shown: Picture) -> Iterator[str]:
    """The lines of a DOT file: a node for every item, with formula, value and gradient on lines of their own.

    Layers that are framed are clusters.
    """
    yield f"digraph network {{\n  rankdir={'BT' if shown.times else 'LR'};\n"
    yield '  node [fontname="Times", style="filled,rounded", fontsize=14];\n  edge [arrowsize=0.7];\n'
    for number, names in shown.clusters.items():
        yield f'  subgraph cluster_{number} {{\n    label="layer {number}"; labeljust=l; fontname="Times"; '
        yield 'style="rounded,dashed"; color="#a5a5b0";\n'
        for name in names:
            yield f"  {_node(shown.items[name], shown.of)}"
        yield "  }\n"
    for item in shown.loose:
        yield _node(item, shown.of)
    for item in shown.items.values():
        for source in item.inputs:
            straight = "" if shown.items[source].data else " [weight=4]"  # between nodes rather than from their data
            here, there = shown.times.get(source), shown.times.get(item.name)
            if None not in (here, there) and here != there:
                straight = " [constraint=false]"  # from one time to the next
            yield f"  {quoted(source)} -> {quoted(item.name)}{straight};\n"
    yield from _rows(shown)
    for loop in shown.loops:
        ends = f"{quoted(loop.source)} -> {quoted(loop.reader)}"
        yield f'  {ends} [label="{escaped(f"{loop.when}, {loop.often}")}", style=dashed, constraint=false];\n'
    yield "}\n"


def _rows(shown: Picture) -> Iterator[str]:
    """The rows of what runs through time, each on one level: time goes right, what is made goes up."""
    rows: dict[str, list[str]] = {}
    for name in shown.times:
        rows.setdefault(name.partition("[")[0], []).append(name)
    for names in rows.values():
        yield f"  {{ rank=same; {'; '.join(map(quoted, names))}; }}\n"


def _node(item: Item, of: str | None) -> str:
    """The line of an item."""
    label = "\\n".join(escaped(text) for text in lines(item, of))
    shape = SHAPES[item.kind] if item.data or item.round else "box"
    return f'  {quoted(item.name)} [label="{label}", shape={shape}, fillcolor="{FILLS[item.kind]}"];\n'


def lines(item: Item, of: str | None) -> Iterator[str]:
    """What a box says where it must say all of it: `z1 = t1 + b1`, its value, its gradient."""
    shape = f" {item.shown_shape}" if item.shape and not item.value else ""
    if item.data:
        yield f"{item.title}{shape}" if not item.value else f"{item.title} = {_flat(item.value)}"
    else:
        yield f"{item.title} = {item.formula}{shape}" if not item.members else f"{item.title}: {item.label}"
        if item.value:
            yield f"= {_flat(item.value)}"
    if item.gradient:
        yield f"d{of}/d{item.name} = {_flat(item.gradient)}"


def _flat(rows: tuple[str, ...]) -> str:
    return rows[0] if len(rows) == 1 else f"[{', '.join(rows)}]"


def escaped(text: str) -> str:
    """Text inside a quoted string of DOT, where a backslash and a quote mean themselves."""
    text = "".join(sign if sign.isprintable() else " " for sign in text)
    return text.replace("\\", "\\\\").replace('"', '\\"')


def quoted(text: str) -> str:
    """A name as a quoted string."""
    return f'"{escaped(text)}"'
