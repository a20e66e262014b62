"""Normalization: over each example's last axis, over the batch, over groups of channels, or by the mean square."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from backpropcli.language.layers.kind import Kind, Node, Parameter, Wrong
from backpropcli.language.layers.setting import (
    ACTIVATED,
    COUNT,
    INPUT,
    SMALL,
    SWITCH,
    VALUE,
    Setting,
    choice,
)
from backpropcli.ops.shape import show_shape

if TYPE_CHECKING:
    from backpropcli.language.layers.kind import Sizes
    from backpropcli.language.layers.layer import Layer

KINDS = ("layer", "batch", "group", "rms")


def of(*kinds: str) -> Callable[[Layer], bool]:
    """Whether it is one of these."""
    return lambda layer: layer["kind"] in kinds


def _axis(layer: Layer) -> int:
    """The axis of features, or of channels."""
    return 1 if layer["kind"] in ("batch", "group") else len(layer.shape) - 1


def _features(layer: Layer) -> Sizes:
    return (layer.shape[_axis(layer)],)


def _input_fits(layer: Layer) -> Wrong | None:
    """There is an axis of features or channels, and groups divide it."""
    kind, groups = layer["kind"], layer["groups"]
    if len(layer.shape) <= max(_axis(layer), 0):
        wants = "examples in rows" if kind in ("batch", "group") else "a list of features"
        return Wrong(f"norm: {kind} wants {wants}, but {layer.source} has the shape {show_shape(layer.shape)}", "kind")
    if kind == "rms" and layer.gives("b"):
        return Wrong("norm: rms has no offsets", "b", "Leave b out, or write kind: layer.")
    if kind == "group" and groups is None:
        return Wrong(f"layer {layer.index} has no groups", "", "Write groups: and how many there are.")
    if kind != "group" and groups is not None:
        return Wrong(f"groups belongs to kind: group, not {kind}", "groups")
    if groups is not None and layer.shape[1] % groups:
        return Wrong(f"{layer.shape[1]} channels cannot be divided into {groups} groups", "groups")
    return None


NORM = Kind(
    name="norm",
    help="Mean 0 and variance 1, then a gain and an offset; a batch's own statistics, at any time.",
    wants="its kind: layer, batch, group or rms",
    form="- norm: {kind: layer}",
    call="norm(layer)",
    settings=(
        Setting(
            "kind", choice(*KINDS), "layer and rms: over the last axis; batch: over examples; group.", required=True
        ),
        Setting("groups", COUNT, "How many groups of channels there are: group only."),
        Setting("g", VALUE, "The gains, one a feature or channel; ones where nothing is said."),
        Setting("b", VALUE, "The offsets; zeros where nothing is said. rms has none."),
        Setting("affine", SWITCH, "Whether there are gains and offsets.", default=True),
        Setting("eps", SMALL, "Keeps the division from exploding."),
        ACTIVATED,
        INPUT,
    ),
    parameters=(
        Parameter("g", "g", _features, axes=("features",), start="ones", switch="affine"),
        Parameter(
            "b",
            "b",
            _features,
            axes=("features",),
            start="zeros",
            switch="affine",
            when=of("layer", "batch", "group"),
        ),
    ),
    nodes=(
        Node("n", "layer_norm({x}{, weight=g}{, bias=b}{, eps=})", of("layer")),
        Node("n", "rms_norm({x}{, weight=g}{, eps=})", of("rms")),
        Node("n", "batch_norm({x}, None, None{, g}{, b}, training=True{, eps=})", of("batch")),
        Node("n", "group_norm({x}, {groups}{, g}{, b}{, eps=})", of("group")),
    ),
    checks=(_input_fits,),
    positional=("kind", "groups"),
    aliases=("layernorm", "batchnorm", "groupnorm", "rmsnorm", "bn"),
    alone=True,
)
