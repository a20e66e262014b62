"""The guide's sections about layers, made from their declarations: printed by `python tests/layers_guide.py`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backpropcli.language import loads
from backpropcli.language.layers.kinds import KINDS
from backpropcli.ops.shape import show_shape

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
    yield f"\nOf an input `x` of shape {show_shape(kind.on)} it becomes\n"
    yield "```yaml"
    yield from _rows(kind)
    yield "```"


def _rows(kind: Kind) -> Iterator[str]:
    """What the layer becomes, in the nodes form, without its weights."""
    before = "  - relu\n" if "a1" in kind.form else ""
    lines = f"inputs:\n  x: {{zeros: {list(kind.on)}}}\nlayers:\n{before}  {kind.form}\n"
    text = loads(lines).lowered()
    yield from text[text.index("nodes:") :].partition("loss:")[0].rstrip().split("\n")


def _shown(default: object) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)


def sections() -> list[str]:
    """All of them."""
    return [section(kind) for kind in KINDS.values() if kind.name not in WRITTEN_OUT]


if __name__ == "__main__":
    print("\n\n".join(sections()))
