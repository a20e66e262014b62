"""Layers are shorthand: each becomes parameters and nodes in formula text; there is one graph and one engine.

Layer k is number k; what is written is what there is: its output is its last row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from backpropcli.language.data.values import plan_value
from backpropcli.language.layers.activation import Activation, names, read_activation
from backpropcli.language.layers.declared import build
from backpropcli.language.layers.layer import Layer, Lowered, Stack
from backpropcli.language.layers.loss import Output, lower_loss
from backpropcli.ops.definition import Elementwise
from backpropcli.ops.table import TABLE, lookup
from backpropcli.suggest import did_you_mean, nearest

if TYPE_CHECKING:
    from backpropcli.errors import SpecError
    from backpropcli.language.file.places import Key
    from backpropcli.language.file.words import Words
    from backpropcli.language.layers.kind import Kind
    from backpropcli.ops.definition import Value


SPELLED = {
    "kernel": ("size", "W"),
    "kernel_size": ("size",),
    "pool_size": ("size",),
    "window": ("size",),
    "strides": ("stride",),
    "pad": ("padding",),
    "channels": ("filters",),
    "out_channels": ("filters",),
    "units": ("filters",),
    "out_features": ("units",),
    "hidden": ("units",),
    "hidden_size": ("units",),
    "embedding_dim": ("units",),
    "num_embeddings": ("classes",),
    "words": ("classes",),
    "vocab": ("classes",),
    "vocab_size": ("classes",),
    "dim": ("units",),
    "act": ("activation",),
    "return_sequences": ("last",),
    "epsilon": ("eps",),
    "weight": ("W", "K", "E", "g"),
    "weights": ("W", "K", "E", "g"),
    "biases": ("b",),
    "gamma": ("g",),
    "beta": ("b",),
    "num_heads": ("heads",),
    "rate": ("p",),
    "start_dim": ("start",),
}
"""What others call these settings: used in did-you-mean only."""


def lower_layers(
    words: Words,
    kinds: Mapping[str, Kind],
    data: dict[str, Value],
    loss: Any,
    functions: Mapping[str, Any] = MappingProxyType({}),
    given: Mapping[str, tuple[Value, Key]] = MappingProxyType({}),
    terms: Sequence[tuple[Any, Key]] = (),
) -> Lowered:
    """The parameters and nodes of `layers:` and, where `loss` names a loss function, of the loss.

    `functions` are the spec's own; `given` has parameters that take the place of what the layers say (`-p W1=...`),
    each with its path. `terms` are the loss functions of a sum, whose formulas are `losses` of the result.
    """
    stack = Stack(words, data, given, plan_value, functions)
    for number, item in enumerate(words.sections.get("layers") or []):
        path: Key = ("layers", number)
        kind, settings = _read(words, kinds, item, path)
        where = (*path, kind.name) if isinstance(item, dict) else path
        stack.output = build(kind, Layer(stack, kind.settings, number + 1, where, settings))
    output = Output(stack.output, stack.activation)
    for said, base in terms:
        stack.result.losses.append(lower_loss(words, data, stack.shapes, output, said, base)[0])
    if loss is not None:
        formula, path = lower_loss(words, data, stack.shapes, output, loss)
        stack.add_node("J", formula, path, "the loss")
    return stack.result


def _read(words: Words, kinds: Mapping[str, Kind], item: Any, path: Key) -> tuple[Kind, Mapping[str, Any]]:
    """The kind of one layer, and its settings, all of them known."""
    first = next(iter(kinds.values()))
    if isinstance(item, str) and item not in kinds:
        return _activation(words, kinds, item, path)
    name, settings = next(iter(item.items())) if isinstance(item, dict) and len(item) == 1 else (item, None)
    if not isinstance(name, str):
        raise words.error("a layer is a name and its settings", path, first.form)
    if name not in kinds:
        raise _unknown(words, kinds, name, (*path, name))
    kind = kinds[name]
    if kind.alone and not isinstance(settings, dict | None):
        settings = {kind.positional[0]: settings}
    if settings is None and kind.bare:
        settings = {}
    if not isinstance(settings, dict):
        raise words.error(f"a {kind.name} layer wants {kind.wants}", path, kind.form)
    _check_known(words, kind, settings, path)
    return kind, settings


def _check_known(words: Words, kind: Kind, settings: Mapping[str, Any], path: Key) -> None:
    """Raise for a setting that the kind has not."""
    for key in settings:
        if key not in kind.keys:
            meant = next((name for name in SPELLED.get(key, ()) if name in kind.keys), "")
            near = f". Did you mean {meant}?" if meant else did_you_mean(key, kind.keys)
            raise words.error(
                f"{kind.name} has no setting {key}{near}",
                (*path, kind.name, key),
                f"It has: {', '.join(kind.keys)}.",
                key=True,
            )


def _activation(words: Words, kinds: Mapping[str, Kind], item: str, path: Key) -> tuple[Kind, Mapping[str, Any]]:
    """A layer that is an activation alone, as `- relu`."""
    found = read_activation(item, words.sections.get("functions", {}))
    if isinstance(found, Activation):
        return kinds["activation"], {"activation": item}
    name = item.split("(")[0].strip()
    if lookup(name) is not None and not _meant(kinds, name) and not _as_node(name):
        raise words.error(found[0], path, found[1])
    raise _unknown(words, kinds, name, path)


def _bare(name: str) -> str:
    """How a name is compared: MaxPool2d is max_pool."""
    return re.sub(r"_|\dd\Z", "", name.lower())


def _meant(kinds: Mapping[str, Kind], name: str) -> str:
    """The kind that is called `name` elsewhere."""
    return next((kind.name for kind in kinds.values() if _bare(name) in map(_bare, (kind.name, *kind.aliases))), "")


def _as_node(name: str) -> str:
    """The operation of whole arrays that `name` is, which can be written as a node but not as a layer."""
    same = [operation for operation in TABLE.values() if _bare(operation.name) == _bare(name)]
    plane = next((one.name for one in same if one.name.endswith("2d")), "")
    one = next((one for one in same if not one.activation and not isinstance(one, Elementwise)), None)
    return plane or (one.name if one else "")


def _unknown(words: Words, kinds: Mapping[str, Kind], name: str, path: Key) -> SpecError:
    meant = _meant(kinds, name)
    near = f". Did you mean {meant}?" if meant else did_you_mean(name, kinds)
    hint = f"There is: {', '.join(kinds)}."
    if not near and (operation := _as_node(name)):
        hint = f"Write it under nodes:, as y: {operation}(a1, ...)"
        return words.error(f"{name} is no layer, but an operation", path, hint, key=True)
    if not near and (usual := nearest(name, names())):
        near = f". Did you mean {usual}?"
    if not near and isinstance(read_activation(name, words.sections.get("functions", {})), Activation):
        hint = f"An activation that is a layer stands alone: - {name}, or with settings - leaky_relu(0.1)"
    return words.error(f"unknown layer: {name}{near}", path, hint, key=True)
