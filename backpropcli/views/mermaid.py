"""A computation graph for Mermaid, which GitHub, GitLab and many note-taking programs draw inside Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from backpropcli.views.dot import lines
from backpropcli.views.picture import Picture

SAFE = set(" _=.,+-/()[]')·⁰¹²³⁴⁵⁶⁷⁸⁹⁻…")
"""Signs beside letters and figures that mean nothing in a quoted label."""


def mermaid(shown: Picture) -> Iterator[str]:
    """The lines of a Mermaid flowchart; nodes are numbered, because a name such as `end` would be a word of its own."""
    yield "flowchart LR\n"
    number = {name: f"n{k}" for k, name in enumerate(shown.items)}
    for item in shown.items.values():
        label = "<br/>".join(escaped(text) for text in lines(item, shown.of))
        left, right = ("([", "])") if item.data else ("((", "))") if item.round else ("[", "]")
        yield f'  {number[item.name]}{left}"{label}"{right}\n'
    for item in shown.items.values():
        for source in item.inputs:
            yield f"  {number[source]} --> {number[item.name]}\n"
    parameters = [number[item.name] for item in shown.items.values() if item.kind == "parameter"]
    if parameters:
        yield "  classDef parameter fill:#eef4fb,stroke:#7d9cc0,color:#1c1c1c\n"
        yield f"  class {','.join(parameters)} parameter\n"


def escaped(text: str) -> str:
    """Text inside a quoted label: every sign that could mean something is written by its number, `#42;`."""
    text = "".join(sign if sign.isprintable() else " " for sign in text)
    return "".join(sign if sign.isalnum() or sign in SAFE else f"#{ord(sign)};" for sign in text)
