"""Dropout: entries left out at random, the others made larger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from backpropcli.language.layers.kind import Kind, Node
from backpropcli.language.layers.setting import INPUT, SEED, SHARE, Setting

if TYPE_CHECKING:
    from backpropcli.language.layers.layer import Layer


def _mask(layer: Layer) -> Mapping[str, str]:
    """The seed of the mask: the layer's number where none is written, so that two layers leave out others."""
    return {"mask": str(layer.index if layer["seed"] is None else layer["seed"])}


DROPOUT = Kind(
    name="dropout",
    help="Entries left out with probability p, the others divided by 1 - p; other ones in every update of a training.",
    wants="nothing, or a probability",
    form="- dropout: {p: 0.5}",
    call="dropout(0.5)",
    settings=(
        Setting("p", SHARE, "The probability that an entry is left out.", default=0.5),
        Setting("seed", SEED, "The seed of the mask; the layer's number where nothing is said."),
        INPUT,
    ),
    nodes=(Node("d", "dropout({x}, {p}, seed={mask})"),),
    words=_mask,
    positional=("p", "seed"),
    alone=True,
)
