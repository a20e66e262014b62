"""ONNX's operators that are layers: norms, windows, losses."""

from __future__ import annotations

from collections.abc import Sequence

from onnx_node import Form, Node


def selu(n: Node) -> str:
    """The two constants may be others."""
    if n.get("alpha") is None and n.get("gamma") is None:
        return f"selu({n[0]})"
    return f"{n.number('gamma', 1)} * elu({n[0]}, {n.number('alpha', 1)})"


def dropped(n: Node) -> Sequence[str]:
    """All of it, outside training; and the mask, where it is wanted."""
    training = n.has(2) and bool(n.value(2))
    if training and not (n.has(1) and float(n.value(1)) == 0):
        raise NotImplementedError("Dropout in training is random")
    return [f"1 * {n[0]}", f"1 + 0 * {n[0]}"]


def normalized_layer(name: str) -> Form:
    """Each example less its mean, by its standard deviation; RMS without the mean."""

    def form(n: Node) -> Sequence[str]:
        axis = n.get("axis", -1) % n.rank()
        over = f"axis={tuple(range(axis, n.rank()))}, keepdims=True"
        epsilon = n.number("epsilon", 1e-5)
        x, mean = n[0], f"mean({n[0]}, {over})"
        if name == "rms":
            return f"{x} / sqrt(mean({x}**2, {over}) + {epsilon}) * {n[1]}"
        scale = f"1 / sqrt(var({x}, {over}) + {epsilon})"
        shift = f" + {n[2]}" if n.has(2) else ""
        return [f"({x} - {mean}) * ({scale}) * {n[1]}{shift}", mean, scale]

    return form


def channels(n: Node, k: int) -> str:
    """An input with one entry a channel, beside arrays whose second axis are the channels."""
    return f"reshape({n[k]}, {(-1, *(1,) * (n.rank() - 2))})"


def batch_normalized(n: Node) -> str:
    """Outside training: with the mean and variance that were kept."""
    if n.get("training_mode", 0):
        raise NotImplementedError("BatchNormalization in training")
    scale, bias, mean, var = (channels(n, k) for k in (1, 2, 3, 4))
    return f"({n[0]} - {mean}) / sqrt({var} + {n.number('epsilon', 1e-5)}) * {scale} + {bias}"


def instance_normalized(n: Node) -> str:
    """Each channel of each example by itself."""
    over = f"axis={tuple(range(2, n.rank()))}, keepdims=True"
    scale, bias = channels(n, 1), channels(n, 2)
    x = n[0]
    return f"({x} - mean({x}, {over})) / sqrt(var({x}, {over}) + {n.number('epsilon', 1e-5)}) * {scale} + {bias}"


def global_pool(name: str) -> Form:
    """One number a channel."""
    return lambda n: f"{name}({n[0]}, axis={tuple(range(2, n.rank()))}, keepdims=True)"


def normalized(n: Node) -> str:
    """By the 1-norm or 2-norm along an axis."""
    over = f"axis={n.get('axis', -1)}, keepdims=True"
    size = f"sum(abs({n[0]}), {over})" if n.get("p", 2) == 1 else f"sqrt(sum({n[0]}**2, {over}))"
    return f"where({size} == 0, 0, {n[0]} / where({size} == 0, 1, {size}))"


def loss(logits: bool) -> Form:
    """The negative logarithm of what the right class gets."""

    def form(n: Node) -> Sequence[str]:
        x, labels = n[0], n[1]
        log = f"log_softmax({x}, axis=1)" if logits else x
        more = f", weight={n[2]}" if n.has(2) else ""
        if (ignored := n.get("ignore_index")) is not None:
            more += f", ignore_index={ignored}"
        found = f"F.nll_loss({log}, {labels}{more}, reduction='{n.get('reduction', 'mean')}')"
        return [found, log] if logits else [found]

    return form


def hardmax(n: Node) -> str:
    """1 at the first of the largest entries, 0 elsewhere."""
    axis = n.get("axis", -1)
    size = n.shape()[axis]
    return f"moveaxis(one_hot(argmax({n[0]}, axis={axis}), {size}), -1, {axis})"


def group_normalized(n: Node) -> str:
    """Each group of channels of each example by itself."""
    return f"group_norm({n[0]}, {n.get('num_groups')}, {n[1]}, {n[2]}, eps={n.number('epsilon', 1e-5)})"
