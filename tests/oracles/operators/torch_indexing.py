"""PyTorch's calls that pick, cut and reshape, as indices, slices and shapes: for them there is no other word here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import torch
from torch_arguments import Given


def item(given: Given) -> str:
    """x[index]."""
    index = given.values[1]
    entries = index if isinstance(index, tuple) else (index,)
    if any(isinstance(e, torch.Tensor) and e.dtype == torch.bool for e in entries):
        raise NotImplementedError("an index that is a condition")
    return f"{given.words[0]}[{', '.join(map(given.write, entries))}]"


def shape(given: Given, k: int = 0) -> tuple[int, ...]:
    """The shape of an argument."""
    return tuple(given.values[k].shape)


def along(axis: int, part: str, rank: int) -> str:
    """The index that takes a part of one axis."""
    axis = axis % rank if rank else 0
    return "[" + ":, " * axis + part + "]"


def turned(given: Given) -> str:
    """A matrix transposed; what has fewer axes as it is."""
    return f"{given.words[0]}.T" if len(shape(given)) > 1 else f"1 * {given.words[0]}"


def reshaped(word: str, sizes: Sequence[int]) -> str:
    """In another shape."""
    return f"reshape({word}, {tuple(sizes)})"


def expanded_to(word: str, own: Sequence[int], sizes: Sequence[int]) -> str:
    """Broadcast; -1 leaves a size as it is."""
    padded = (1,) * (len(sizes) - len(own)) + tuple(own)
    return f"broadcast_to({word}, {tuple(p if s == -1 else s for s, p in zip(sizes, padded, strict=True))})"


def expanded(given: Given) -> str:
    """x.expand(sizes)."""
    return expanded_to(given.words[0], shape(given), given.values[1])


def expanded_as(given: Given) -> str:
    """x.expand_as(other)."""
    return expanded_to(given.words[0], shape(given), shape(given, 1))


def summed_to(given: Given) -> str:
    """Added up over the axes that a smaller shape lacks, or has with size 1."""
    sizes = given.values[1]
    sizes = tuple(given.values[1:]) if isinstance(sizes, int) else tuple(sizes)
    own = shape(given)
    padded = (1,) * (len(own) - len(sizes)) + sizes
    axes = tuple(k for k, (a, b) in enumerate(zip(own, padded, strict=True)) if b == 1)
    return reshaped(f"sum({given.words[0]}, axis={axes})" if axes else given.words[0], sizes or padded)


def reshaped_as(given: Given) -> str:
    """x.reshape_as(other)."""
    return reshaped(given.words[0], shape(given, 1))


def broadcast(given: Given) -> list[str]:
    """All of them in the shape that they have together."""
    common = torch.broadcast_shapes(*(t.shape for t in given.values))
    return [f"broadcast_to({word}, {tuple(common)})" for word in given.words]


def unflattened(given: Given) -> str:
    """One axis cut into several."""
    given.bound("x dim sizes")
    own, dim, sizes = shape(given), given.found["dim"], list(given.found["sizes"])
    dim %= len(own)
    if -1 in sizes:
        sizes[sizes.index(-1)] = own[dim] // max(1, -prod(sizes))
    return reshaped(given.words[0], [*own[:dim], *sizes, *own[dim + 1 :]])


def flattened(given: Given) -> str:
    """Neighbouring axes in one."""
    given.bound("x start_dim end_dim")
    own = shape(given) or (1,)
    start, end = given.found.get("start_dim", 0) % len(own), given.found.get("end_dim", -1) % len(own)
    return reshaped(given.words[0], [*own[:start], prod(own[start : end + 1]), *own[end + 1 :]])


def pieces(given: Given, axis: int, sizes: Sequence[int]) -> list[str]:
    """Slices of these sizes, one after the other."""
    found, start = [], 0
    for size in sizes:
        found.append(given.words[0] + along(axis, f"{start}:{start + size}", len(shape(given))))
        start += size
    return found


def chunked(given: Given) -> list[str]:
    """As many pieces, all but the last of one size."""
    given.bound("x chunks dim")
    axis = given.found.get("dim", 0)
    size, count = shape(given)[axis], given.found["chunks"]
    step = max(1, -(-size // count))
    return pieces(given, axis, [min(step, size - start) for start in range(0, max(size, 1), step)])


def array_split(given: Given) -> list[str]:
    """Pieces that differ by one entry at most, or cut at given places."""
    given.bound("x places dim")
    axis = given.found.get("dim", 0)
    places = given.found.get("places", given.found.get("indices_or_sections", given.found.get("sections")))
    places = places.tolist() if isinstance(places, torch.Tensor) else places
    size = shape(given)[axis]
    if isinstance(places, int):
        whole, longer = divmod(size, places)
        return pieces(given, axis, [whole + (k < longer) for k in range(places)])
    ends = [slice(a, b).indices(size) for a, b in zip([0, *places], [*places, size], strict=True)]
    return [given.words[0] + along(axis, f"{start}:{max(start, stop)}", len(shape(given))) for start, stop, _ in ends]


def selected(given: Given) -> str:
    """One entry along an axis."""
    given.bound("x dim index")
    return given.words[0] + along(given.found["dim"], str(given.found["index"]), len(shape(given)))


def narrowed(given: Given) -> str:
    """So many entries from a place on."""
    given.bound("x dim start length")
    start, axis = int(given.found["start"]), given.found["dim"]
    start += shape(given)[axis] if start < 0 else 0
    return given.words[0] + along(axis, f"{start}:{start + given.found['length']}", len(shape(given)))


def sliced(given: Given) -> str:
    """A slice of one axis."""
    given.bound("x dim start end step")
    parts = [given.found.get(key) for key in ("start", "end", "step")]
    text = ":".join("" if part is None else str(part) for part in parts)
    return given.words[0] + along(given.found.get("dim", 0), text, len(shape(given)))


def unbound(given: Given) -> list[str]:
    """Each entry along an axis."""
    given.bound("x dim")
    axis = given.found.get("dim", 0)
    return [given.words[0] + along(axis, str(k), len(shape(given))) for k in range(shape(given)[axis])]


def squeezed(given: Given) -> str:
    """Without axes of size 1; other axes that are named stay, in PyTorch."""
    given.bound("x dim")
    own, dim = shape(given), given.found.get("dim")
    if dim is None:
        return f"squeeze({given.words[0]})"
    named = [d % len(own) for d in (dim if isinstance(dim, tuple | list) else (dim,))] if own else []
    axes = tuple(sorted(d for d in named if own[d] == 1))
    return f"squeeze({given.words[0]}, axis={axes})" if axes else f"1 * {given.words[0]}"


def mesh(given: Given) -> list[str]:
    """Each of several vectors along an axis of its own."""
    vectors = given.values[0] if isinstance(given.values[0], tuple | list) else given.values
    words = [given.write(v) for v in vectors]
    sizes = [v.numel() for v in vectors]
    order = list(range(len(sizes)))
    if given.keywords.get("indexing") == "xy" and len(sizes) > 1:
        order[:2] = [1, 0]
    whole = tuple(sizes[k] for k in order)
    found = []
    for k, word in enumerate(words):
        own = tuple(sizes[j] if j == k else 1 for j in order)
        found.append(f"broadcast_to(reshape({word}, {own}), {whole})")
    return found


def each(name: str) -> Callable[[Given], Any]:
    """A function of one array, or of each of several."""

    def form(given: Given) -> Any:
        if isinstance(given.values[0], tuple | list):
            return [f"{name}({word})" for word in given.items(0)]
        return f"{name}({given.words[0]})"

    return form


def index_select(given: Given) -> str:
    """Slices by number; of a number that is itself."""
    given.bound("x dim index")
    if not shape(given):
        return f"1 * {given.words[0]}"
    index = given.by_name["index"] if shape(given, 2) else f"reshape({given.by_name['index']}, (1,))"
    return f"take({given.words[0]}, {index}, axis={given.by_name['dim']})"


def gathered(given: Given) -> str:
    """An entry for each number, from its row; where there are fewer numbers than rows, from the first rows."""
    given.bound("x dim index")
    own, index, axis = shape(given), shape(given, 2), given.found["dim"]
    if not own:
        return f"{given.words[0]} + 0 * {given.by_name['index']}"
    if not index or not own or 0 in index:
        return f"0 * {given.by_name['index']}"
    cut = ", ".join(":" if k == axis % len(own) else f":{n}" for k, n in enumerate(index))
    return f"take_along_axis({given.words[0]}[{cut}], {given.by_name['index']}, axis={axis})"


def taken(given: Given) -> str:
    """An entry for each number; without an axis of all entries in a row."""
    given.bound("x index dim")
    if "dim" in given.found:
        return f"take_along_axis({given.words[0]}, {given.words[1]}, axis={given.by_name['dim']})"
    return f"take({given.words[0]}, {given.words[1]})"


def spread(given: Given) -> Any:
    """A variance or its root, with the number that is taken off the divisor; and the mean, where both are wanted."""
    words = list(given.words)
    if len(words) == 2 and words[1] in ("True", "False"):
        given.words = [words[0], "None", words[1]]
        given.values = [given.values[0], None, given.values[1]]
    given.bound("x dim unbiased keepdim")
    unbiased, correction = given.by_name.pop("unbiased", None), given.by_name.pop("correction", None)
    ddof = correction if correction not in (None, "None") else "0" if unbiased == "False" else "1"
    name = given.name.split("_")[0]
    over = "[, axis={dim}][, keepdims={keepdim}]"
    found = given.filled(f"{name}({{x}}, ddof={ddof}{over})")
    return [found, given.filled(f"mean({{x}}{over})")] if given.name.endswith("_mean") else found


def in_order(given: Given) -> list[str]:
    """Entries in order, or in the opposite one; of a number that is itself."""
    given.bound("x dim descending stable")
    if not shape(given):
        return [f"1 * {given.words[0]}"]
    axis = given.by_name.get("dim", "-1")
    text = f"sort({given.words[0]}, axis={axis})"
    return [f"flip({text}, {axis})" if given.found.get("descending") else text]


def differences(given: Given) -> str:
    """Of neighbours, n times; what is to stand before and after is joined first."""
    given.bound("x n dim prepend append")
    axis, text = given.found.get("dim", -1), given.words[0]
    ends = [given.by_name.get(key, "None") for key in ("prepend", "append")]
    joined = ", ".join(word for word in (ends[0], text, ends[1]) if word != "None")
    if joined != text:
        text = f"concatenate([{joined}], axis={axis})"
    for _ in range(given.found.get("n", 1)):
        text = f"diff({text}, axis={axis})"
    return f"1 * {text}"


def lower_median(given: Given) -> str | list[str]:
    """The middle entry; along an axis PyTorch gives positions too."""
    given.bound("x dim keepdim")
    if not shape(given):
        return [f"1 * {given.words[0]}"]
    text = given.filled("lower_median({x}[, {dim}][, keepdims={keepdim}])")
    return text if "dim" not in given.found else [text]
