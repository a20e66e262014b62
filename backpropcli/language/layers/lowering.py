"""Layers are shorthand: each becomes parameters and nodes in formula text; there is one graph and one engine.

Layer k is number k; what is written is what there is: its output is its last row.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from backpropcli.language.data.values import plan_value
from backpropcli.language.layers.layer import Layer, Lowered, Stack
from backpropcli.language.layers.loss import Output, lower_loss
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.language.file.places import Key
    from backpropcli.language.file.words import Words
    from backpropcli.language.layers.kind import Kind
    from backpropcli.ops.definition import Value


def lower_layers(
    words: Words,
    kinds: Mapping[str, Kind],
    data: dict[str, Value],
    loss: Any,
    given: Mapping[str, tuple[Value, Key]] = MappingProxyType({}),
) -> Lowered:
    """The parameters and nodes of `layers:` and, where `loss` names a loss function, of the loss.

    `given` has parameters that take the place of what the layers say (`-p W1=...`), each with its path.
    """
    stack = Stack(words, data, given, plan_value)
    for number, item in enumerate(words.sections.get("layers") or []):
        path: Key = ("layers", number)
        kind = _kind(words, kinds, item, path)
        settings = _settings(words, kind, item, path)
        stack.output = kind.build(Layer(stack, kind.settings, number + 1, (*path, kind.name), settings))
    if loss is not None:
        formula, path = lower_loss(words, data, stack.shapes, Output(stack.output, stack.activation), loss)
        stack.add_node("J", formula, (), path, "the loss")
    return stack.result


def _kind(words: Words, kinds: Mapping[str, Kind], item: Any, path: Key) -> Kind:
    """The kind of one layer."""
    first = next(iter(kinds.values()))
    if not isinstance(item, dict) or len(item) != 1:
        for kind in kinds.values():
            if item == kind.name or (isinstance(item, dict) and item.get(kind.name, item) is None):
                raise words.error(f"a {kind.name} layer wants {kind.wants}", path, kind.form)
        raise words.error("a layer is a name and its settings", path, first.form)
    (name,) = item
    if name in kinds:
        return kinds[name]
    meant = next((kind.name for kind in kinds.values() if name.lower() in kind.aliases), "")
    near = f". Did you mean {meant}?" if meant else did_you_mean(name, kinds)
    raise words.error(f"unknown layer: {name}{near}", (*path, name), f"There is: {', '.join(kinds)}.", key=True)


def _settings(words: Words, kind: Kind, item: Any, path: Key) -> Mapping[str, Any]:
    """The settings of one layer, all of them known."""
    settings = item[kind.name]
    if not isinstance(settings, dict):
        raise words.error(f"a {kind.name} layer wants {kind.wants}", path, kind.form)
    for key in settings:
        if key not in kind.keys:
            raise words.error(
                f"{kind.name} has no setting {key}{did_you_mean(key, kind.keys)}",
                (*path, kind.name, key),
                f"It has: {', '.join(kind.keys)}.",
                key=True,
            )
    return settings
