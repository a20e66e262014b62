"""A computation graph for Mermaid, which GitHub, GitLab and many note-taking programs draw inside Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backpropcli.drawing.dot import lines

if TYPE_CHECKING:
    from backpropcli.drawing.drawing import Drawing
    from backpropcli.drawing.model import Item, Picture
    from backpropcli.render.output import Destination

SAFE = set(" _=.,+-/()[]')·⁰¹²³⁴⁵⁶⁷⁸⁹⁻…")
"""Signs beside letters and figures that mean nothing in a quoted label."""

STYLES = {
    "input": "fill:#f4f4f2,stroke:#a5a5a0",
    "target": "fill:#f4f4f2,stroke:#a5a5a0",
    "parameter": "fill:#eef4fb,stroke:#7d9cc0",
    "node": "fill:#fffdf5,stroke:#1c1c1c",
}
"""How each kind of node looks, whatever the page's theme is."""


def picture(found: Drawing, to: Destination) -> Iterator[str]:
    """A drawing, as the registry of formats asks for it."""
    return mermaid(found.shown)


def mermaid(shown: Picture) -> Iterator[str]:
    """The lines of a Mermaid flowchart; nodes are numbered, because a name such as `end` would be a word of its own.

    Layers that are framed are subgraphs.
    """
    yield "flowchart LR\n"
    number = {name: f"n{k}" for k, name in enumerate(shown.items)}
    for layer, names in shown.clusters.items():
        yield f'  subgraph layer{layer}["layer {layer}"]\n'
        for name in names:
            yield f"  {_node(shown.items[name], number[name], shown.of)}"
        yield "  end\n"
    for item in shown.loose:
        yield _node(item, number[item.name], shown.of)
    for item in shown.items.values():
        for source in item.inputs:
            yield f"  {number[source]} --> {number[item.name]}\n"
    for loop in shown.loops:
        words = escaped(f"{loop.when}, {loop.often}")
        yield f'  {number[loop.source]} -. "{words}" .-> {number[loop.reader]}\n'
    for kind, style in STYLES.items():
        own = [number[item.name] for item in shown.items.values() if item.kind == kind]
        word = "operation" if kind == "node" else kind  # Mermaid's own style sheet has a class `node`
        if own:
            yield f"  classDef {word} {style},color:#1c1c1c\n  class {','.join(own)} {word}\n"
    for layer in shown.clusters:
        yield f"  style layer{layer} fill:#f7f7fa,stroke:#c9c9d4,color:#1c1c1c\n"


def _node(item: Item, number: str, of: str | None) -> str:
    """The line of an item."""
    label = "<br/>".join(escaped(text) for text in lines(item, of))
    left, right = ("([", "])") if item.data else ("(", ")") if item.round else ("[", "]")
    return f'  {number}{left}"{label}"{right}\n'


def escaped(text: str) -> str:
    """Text inside a quoted label: every sign that could mean something is written by its number, `#42;`."""
    text = "".join(sign if sign.isprintable() else " " for sign in text)
    return "".join(sign if sign.isalnum() or sign in SAFE else f"#{ord(sign)};" for sign in text)
