"""The guide's sections about layers, made from their declarations: printed by `python tests/layers_guide.py`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backpropcli.language.layers.kinds import KINDS

if TYPE_CHECKING:
    from backpropcli.language.layers.kind import Kind

WRITTEN_OUT = ("dense", "residual")
"""One has a section of its own, the other is another name."""


def section(kind: Kind) -> str:
    """A heading, what it is, how it is written, its settings, and its rows in layer 1."""
    return "\n".join(_lines(kind))


def _lines(kind: Kind) -> Iterator[str]:
    yield f"### {kind.name}\n"
    yield f"{kind.help}\n"
    short = f", or `- {kind.name}: VALUE` with `{kind.positional[0]}` alone" if kind.alone else ""
    yield f"`{kind.form}`{short};"
    yield f'as a flag `-l "{kind.call}"`.\n'
    yield "| setting | means |\n| --- | --- |"
    for setting in kind.settings:
        default = "" if setting.default is None else f" ({_shown(setting.default)} unless it is said)"
        yield f"| `{setting.name}` | {setting.help.rstrip('.').replace('|', ' ')}{default} |"
    if not kind.nodes:
        return
    yield "\n| row | is |\n| --- | --- |"
    for node in kind.nodes:
        yield f"| `{node.letter}1` | `{_formula(kind, node.formula)}` |"


def _shown(default: object) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)


def _formula(kind: Kind, formula: str) -> str:
    letters = {parameter.letter for parameter in kind.parameters} | {node.letter for node in kind.nodes}

    def hole(found: re.Match[str]) -> str:
        name = found[3] or found[2]
        option = f"{found[2]}=" if found[2] else ""
        sign = {"": "", ",": ", ", " +": " + "}[found[1] or ""]
        return f"{sign}{option}{name}1" if name in letters else f"{sign}{option}{name if not found[2] else '..'}"

    return re.sub(r"\{(,| \+)? ?(?:(\w+)=)?(\w*)\}", hole, formula)


def sections() -> list[str]:
    """All of them."""
    return [section(kind) for kind in KINDS.values() if kind.name not in WRITTEN_OUT]


if __name__ == "__main__":
    print("\n\n".join(sections()))
