"""ONNX's operators on windows: convolutions, pools, patches, whose padding may differ at both ends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx_node import Form, Node

from backpropcli.ops.windows.geometry import placed
from backpropcli.ops.windows.slide import Slide
from backpropcli.ops.windows.textbook import framed, seen

Pairs = list[tuple[int, int]]


def pads(n: Node, kernel: Sequence[int], sizes: Sequence[int]) -> Pairs:
    """How wide the frame is before and behind every axis."""
    count, auto = len(kernel), n.get("auto_pad", "NOTSET")
    given = list(n.get("pads") or (0,) * 2 * count)
    pairs = list(zip(given[:count], given[count:], strict=True))
    if auto.startswith("SAME"):
        strides, dilations = each(n, "strides", count), each(n, "dilations", count)
        for k, (size, width, stride, dilation) in enumerate(zip(sizes, kernel, strides, dilations, strict=True)):
            needed = max((-(-size // stride) - 1) * stride + (width - 1) * dilation + 1 - size, 0)
            small = needed // 2
            pairs[k] = (small, needed - small) if auto == "SAME_UPPER" else (needed - small, small)
    return pairs


def each(n: Node, name: str, count: int) -> tuple[int, ...]:
    """An attribute with a number for every axis, 1 where it is not there."""
    return tuple(n.get(name) or (1,) * count)


def convolved(n: Node) -> str:
    """A convolution with PyTorch's layout, of an array in its frame."""
    kernel, sizes = n.shape(1)[2:], n.shape()[2:]
    count = len(kernel)
    x = framed(n[0], 2, pads(n, kernel, sizes))
    bias = f", bias={n[2]}" if n.has(2) else ""
    settings = f"stride={each(n, 'strides', count)}, dilation={each(n, 'dilations', count)}"
    return f"conv{count}d({x}, {n[1]}{bias}, {settings}, groups={n.get('group', 1)})"


def transposed(n: Node) -> str:
    """A transposed convolution without padding, of which the padding is cut off."""
    kernel, sizes = n.shape(1)[2:], n.shape()[2:]
    count = len(kernel)
    strides, dilations = each(n, "strides", count), each(n, "dilations", count)
    more = tuple(n.get("output_padding") or (0,) * count)
    full = [
        (m - 1) * s + (k - 1) * d + 1 + o for m, s, k, d, o in zip(sizes, strides, kernel, dilations, more, strict=True)
    ]
    auto, wanted = n.get("auto_pad", "NOTSET"), n.get("output_shape")
    given = list(n.get("pads") or (0,) * 2 * count)
    cut = list(zip(given[:count], given[count:], strict=True))
    if wanted is not None or auto.startswith("SAME"):
        goal = list(wanted)[-count:] if wanted is not None else [m * s for m, s in zip(sizes, strides, strict=True)]
        more = tuple(max(o, o + g - f) for o, f, g in zip(more, full, goal, strict=True))
        full = [max(f, g) for f, g in zip(full, goal, strict=True)]
        halves = [(f - g) // 2 for f, g in zip(full, goal, strict=True)]
        cut = [(h, f - g - h) for h, f, g in zip(halves, full, goal, strict=True)]
        if auto != "SAME_UPPER":
            cut = [(behind, before) for before, behind in cut]
    bias = f", bias={n[2]}" if n.has(2) else ""
    settings = f"stride={strides}, dilation={dilations}, output_padding={more}, groups={n.get('group', 1)}"
    call = f"conv_transpose{count}d({n[0]}, {n[1]}{bias}, {settings})"
    index = [f"{before}:{f - behind}" for f, (before, behind) in zip(full, cut, strict=True)]
    return f"{call}[:, :, {', '.join(index)}]"


def slides(n: Node) -> tuple[Slide, ...]:
    """How the windows of a pool slide."""
    kernel, sizes = tuple(n.get("kernel_shape")), n.shape()[2:]
    count = len(kernel)
    settings = zip(sizes, kernel, each(n, "strides", count), each(n, "dilations", count), strict=True)
    frame = pads(n, kernel, sizes)
    found = [Slide(*one, *pair) for one, pair in zip(settings, frame, strict=True)]  # type: ignore[call-arg]
    return placed(found, "the window", bool(n.get("ceil_mode", 0)))


def entries(n: Node, own: tuple[Slide, ...]) -> list[object]:
    """How many entries of every window count: those of the array, and with `count_include_pad` those of the frame."""
    found: np.ndarray = np.ones(())
    for s in own:
        first, last = (0, s.framed) if n.get("count_include_pad", 0) else (s.before, s.before + s.size)
        at = [[k * s.stride + j * s.dilation for j in range(s.kernel)] for k in range(s.places)]
        found = np.multiply.outer(found, np.array([sum(first <= p < last for p in row) for row in at], float))
    shown: list[object] = found.tolist()
    return shown


def pooled(kind: str) -> Form:
    """The largest, the mean or the p-norm of every window."""

    def form(n: Node) -> str:
        own = slides(n)
        axes = tuple(range(-len(own), 0))
        if kind == "max":
            return f"max({seen(n[0], 2, own, '-inf')}, axis={axes})"
        windows = seen(n[0], 2, own)
        if kind == "mean":
            return f"sum({windows}, axis={axes}) / {entries(n, own)}"
        p = n.get("p", 2)
        return f"sum(abs({windows})**{p}, axis={axes})**{1 / p!r}"

    return form


def patched(n: Node) -> str:
    """Columns laid back as a picture."""
    sizes, kernel = n.ints(1), n.ints(2)
    given = list(n.get("pads") or (0,) * 4)
    if len(sizes) != 2 or given[:2] != given[2:]:
        raise NotImplementedError("Col2Im with other axes than rows and columns")
    settings = f"dilation={each(n, 'dilations', 2)}, padding={tuple(given[:2])}, stride={each(n, 'strides', 2)}"
    return f"fold({n[0]}, {sizes}, {kernel}, {settings})"
