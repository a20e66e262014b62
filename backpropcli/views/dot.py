"""A computation graph for Graphviz: `backprop draw -o net.dot`, then `dot -Tpdf net.dot`."""

from __future__ import annotations

from collections.abc import Iterator

from backpropcli.views.picture import Item, Picture

SHAPES = {"input": "box", "target": "box", "parameter": "box", "node": "ellipse"}
FILLS = {"input": "#f4f4f2", "target": "#f4f4f2", "parameter": "#eef4fb", "node": "#fffdf5"}


def dot(shown: Picture) -> Iterator[str]:
    """The lines of a DOT file: a node for every item, with formula, value and gradient on lines of their own."""
    yield "digraph network {\n  rankdir=LR;\n"
    yield '  node [fontname="Times", style="filled,rounded", fontsize=14];\n  edge [arrowsize=0.7];\n'
    for item in shown.items.values():
        label = "\\n".join(escaped(text) for text in lines(item, shown.of))
        shape = SHAPES[item.kind] if item.data or item.round else "box"
        fill = f', fillcolor="{FILLS[item.kind]}"'
        yield f'  {quoted(item.name)} [label="{label}", shape={shape}{fill}];\n'
    for item in shown.items.values():
        for source in item.inputs:
            yield f"  {quoted(source)} -> {quoted(item.name)};\n"
    yield "}\n"


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
