"""What windows are in the words of NumPy: their values and gradients as formulas of our own language, for one call.

A convolution is `einsum('nchwij,fcij->nfhw', windows, weight)`, where windows are
`sliding_window_view(pad(x, ...), (3, 3), axis=(2, 3))[:, :, ::2, ::2]`: every window that the stride leaves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backpropcli.ops.definition import Options
    from backpropcli.ops.shape import Shape
    from backpropcli.ops.windows.slide import Slide

Forms = dict[str, str]
"""By argument the textbook form of its gradient, and that of the value as `y`."""
PLACES, ENTRIES = {1: "w", 2: "hw", 3: "dhw"}, {1: "j", 2: "ij", 3: "kij"}
"""The letters of the places of a window, and of the entries in it."""


def framed(name: str, front: int, pairs: Sequence[tuple[int, int]], fill: str = "") -> str:
    """An array (a name) with frames around its last axes; negative ones take entries off."""
    wide = [(max(before, 0), max(after, 0)) for before, after in pairs]
    text = name
    if any(pair != (0, 0) for pair in wide):
        text = f"pad({name}, {_tuple([(0, 0)] * front + wide)}{f', constant_values={fill}' if fill else ''})"
    cut = [f"{-before if before < 0 else ''}:{after if after < 0 else ''}" for before, after in pairs]
    return text if all(part == ":" for part in cut) else f"{text}[{', '.join([':'] * front + cut)}]"


def _tuple(entries: Sequence[Any]) -> str:
    return str(tuple(entries))


def windows(text: str, front: int, slides: Sequence[Slide]) -> str:
    """Every window of an array in its frame: its axes in front, the places, and the entries of the window."""
    count = len(slides)
    reach = _tuple([s.reach for s in slides]) if count > 1 else str(slides[0].reach)
    axes = _tuple(range(front, front + count)) if count > 1 else str(front)
    view = f"sliding_window_view({text}, {reach}, axis={axes})"
    strides = [":" if s.stride == 1 else f"::{s.stride}" for s in slides]
    apart = [":" if s.dilation == 1 else f"::{s.dilation}" for s in slides]
    index = [":"] * front + strides + apart
    while index and index[-1] == ":":
        index.pop()
    return f"{view}[{', '.join(index)}]" if index else view


def _frame(s: Slide) -> tuple[int, int]:
    """The frame as windows need it: what no window reaches does no harm, what hangs over is added."""
    return s.before, max(s.after, s.steps - s.before - s.size)


def seen(name: str, front: int, slides: Sequence[Slide], fill: str = "") -> str:
    """The windows of an array (a name), in the frame that its slides have."""
    return windows(framed(name, front, [_frame(s) for s in slides], fill), front, slides)


class Letters:
    """The subscripts of a convolution between a long array and a short one, with a batch and groups or without.

    Channels are c and filters f; of a transposed convolution (`turned`) the filters are the long array's.
    """

    def __init__(self, o: Options, turned: bool = False) -> None:
        count = len(o.slides)
        batch, group = "n" if o.batch else "", "g" if o.groups > 1 else ""
        long, short = "fc" if turned else "cf"
        self.windows = f"{batch}{group}{long}{PLACES[count]}{ENTRIES[count]}"
        self.weight = f"{group}{short}{long}{ENTRIES[count]}"
        self.short = f"{batch}{group}{short}{PLACES[count]}"
        self.long = f"{batch}{group}{long}{PLACES[count]}"


def _grouped(text: str, o: Options, shape: Shape, axis: int) -> str:
    """An array with an axis of its own for the groups, in front of `axis`; as it is where there is one group."""
    if o.groups == 1:
        return text
    parts = (*shape[:axis], o.groups, shape[axis] // o.groups, *shape[axis + 1 :])
    return f"reshape({text}, {_tuple(parts)})"


def _reshaped(text: str, o: Options, shape: Shape) -> str:
    return text if o.groups == 1 else f"reshape({text}, {_tuple(shape)})"


def _windows_of(name: str, o: Options) -> str:
    front = len(o.batch) + 1
    places, kernel = tuple(s.places for s in o.slides), tuple(s.kernel for s in o.slides)
    return _grouped(seen(name, front, o.slides), o, (*o.batch, o.channels, *places, *kernel), len(o.batch))


def slid(x: str, weight: str, o: Options) -> str:
    """Filters slid along an array (names): at every place the sum of the products."""
    s = Letters(o)
    text = f"einsum('{s.windows},{s.weight}->{s.short}', {_windows_of(x, o)}, {_grouped(weight, o, o.weight, 0)})"
    return _reshaped(text, o, o.short)


def paired(x: str, z: str, o: Options, turned: bool = False) -> str:
    """Every window of the long array times the short one's entry: one number for each of the weight."""
    s = Letters(o, turned)
    short = _grouped(z, o, o.short, len(o.batch))
    return _reshaped(f"einsum('{s.windows},{s.short}->{s.weight}', {_windows_of(x, o)}, {short})", o, o.weight)


def laid(z: str, weight: str, o: Options, turned: bool = False) -> str:
    """Filters laid out: turned round they slide along the short array, with zeros between where there is a stride."""
    count, front = len(o.slides), len(o.batch) + 1
    pairs = []
    for s in o.slides:
        before = s.reach - 1 - s.before
        pairs.append((before, s.size + s.reach - 1 - before - s.places * s.stride))
    inner = framed(_apart(z, o), front, pairs)
    back = [s._replace(stride=1) for s in o.slides]
    places, kernel = tuple(s.size for s in o.slides), tuple(s.kernel for s in o.slides)
    around = _grouped(windows(inner, front, back), o, (*o.batch, o.filters, *places, *kernel), len(o.batch))
    mirrored = f"{weight}[:, :{', ::-1' * count}]"
    s = Letters(o, turned)
    entries = ENTRIES[count]
    text = f"einsum('{s.short}{entries},{s.weight}->{s.long}', {around}, {_grouped(mirrored, o, o.weight, 0)})"
    return _reshaped(text, o, o.long)


def _apart(z: str, o: Options) -> str:
    """The short array with zeros behind every entry, as many as the stride leaves out."""
    if all(s.stride == 1 for s in o.slides):
        return z
    front = len(o.batch) + 1
    index, wide = [":"] * front, [(0, 0)] * front
    for s in o.slides:
        index += [":", "None"] if s.stride > 1 else [":"]
        wide += [(0, 0), (0, s.stride - 1)] if s.stride > 1 else [(0, 0)]
    shape = (*o.batch, o.filters, *(s.places * s.stride for s in o.slides))
    return f"reshape(pad({z}[{', '.join(index)}], {_tuple(wide)}), {_tuple(shape)})"


def _with_bias(text: str, o: Options) -> str:
    return f"{text} + {'bias[:' + ', None' * o.count + ']' if o.bias else 'bias'}"


def _by_bias(o: Options, after: Shape) -> str:
    axes = [k for k in range(len(after)) if k != len(o.batch)]
    return f"sum(g, axis={_tuple(axes) if len(axes) > 1 else axes[0]})" if o.bias else "sum(g)"


def _settings(**given: Any) -> str:
    """Options that are not the defaults, as they are written."""
    words = []
    for name, (value, default) in given.items():
        short = value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value
        words += [f", {name}={short}"] if short != default else []
    return "".join(words)


def convolution(o: Options) -> Forms:
    """Of conv1d, conv2d, conv3d: the gradient by x is a transposed convolution."""
    even = all(s.before == s.after for s in o.slides)
    left = tuple(s.framed - s.steps for s in o.slides)
    settings = _settings(
        stride=(tuple(s.stride for s in o.slides), 1),
        padding=(tuple(s.before for s in o.slides), 0),
        output_padding=(left, 0),
        groups=(o.groups, 1),
        dilation=(tuple(s.dilation for s in o.slides), 1),
    )
    by_x = f"conv_transpose{o.count}d(g, weight{settings})" if even else laid("g", "weight", o)
    return {
        "y": _with_bias(slid("x", "weight", o), o),
        "x": by_x,
        "weight": paired("x", "g", o),
        "bias": _by_bias(o, o.short),
    }


def transposed(o: Options) -> Forms:
    """Of conv_transpose1d, 2d, 3d: the gradient by x is a convolution."""
    settings = _settings(
        stride=(tuple(s.stride for s in o.slides), 1),
        padding=(tuple(s.before for s in o.slides), 0),
        dilation=(tuple(s.dilation for s in o.slides), 1),
        groups=(o.groups, 1),
    )
    return {
        "y": _with_bias(laid("x", "weight", o, turned=True), o),
        "x": f"conv{o.count}d(g, weight{settings})",
        "weight": paired("g", "x", o, turned=True),
        "bias": _by_bias(o, o.long),
    }


def entry(o: Options, name: str, index: tuple[int, ...]) -> tuple[str, str] | None:
    """One entry of a convolution's weight: what it meets at every place, times the gradient there."""
    places = f"{o.examples * o.places:,} places"
    if name == "bias" and o.bias:
        return f"sum(g[{':, ' if o.batch else ''}{index[0]}])", f"it is added at {places}, whose gradients are added up"
    if name != "weight":
        return None
    f, c, *at = index
    channel = f // (o.filters // o.groups) * o.weight[1] + c
    spans = []
    for s, k in zip(o.slides, at, strict=True):
        part = s.entry(k)
        spans.append(f"{part.start}:{part.stop}" + (f":{s.stride}" if s.stride > 1 else ""))
    batch = [":"] if o.batch else []
    around = framed("x", len(o.batch) + 1, [_frame(s) for s in o.slides])
    met, there = ", ".join([*batch, str(channel), *spans]), ", ".join([*batch, str(f)])
    words = f"it meets an entry of x at each of {places}, times the gradient there"
    return f"sum({around}[{met}] * g[{there}])", words


def _window_axes(count: int) -> str:
    return _tuple(range(-count, 0)) if count > 1 else "-1"


def max_pool(o: Options) -> Forms:
    """The largest of every window; what the frame adds is smaller than anything."""
    around = seen("x", o.front, o.slides, "-inf")
    return {"y": f"max({around}, axis={_window_axes(len(o.slides))})"}


def avg_pool(o: Options) -> Forms:
    """The mean of every window; where windows have not equally many entries that count, their sum by how many."""
    axes = _window_axes(len(o.slides))
    around = seen("x", o.front, o.slides)
    entries = 1
    for s in o.slides:
        entries *= s.kernel
    if isinstance(o.divisors, float):
        value = f"mean({around}, axis={axes})"
        if o.divisors != entries:
            value = f"sum({around}, axis={axes}) / {o.divisors:g}"
        return {"y": value, **_spread(o)}
    return {"y": f"sum({around}, axis={axes}) / {o.divisors.tolist()}"}


def _spread(o: Options) -> Forms:
    """Windows that stand side by side and cover all: each g, for every entry of its window."""
    if any(s.stride != s.kernel or s.places * s.stride != s.size or s.before for s in o.slides):
        return {}
    text = "g"
    for k, s in enumerate(o.slides):
        text = f"repeat({text}, {s.kernel}, axis={o.front + k})"
    return {"x": f"{text} / {o.divisors:g}"}


def shared_out(o: Options, name: str) -> Forms:
    """An adaptive pool whose windows are all alike: the mean, or the largest, of each."""
    shape: list[int] = list(o.front_sizes)
    axes = []
    for k, (size, windows_) in enumerate(o.shares):
        if size % windows_:
            return {}
        shape += [windows_, size // windows_]
        axes.append(len(o.front_sizes) + 2 * k + 1)
    along = _tuple(axes) if len(axes) > 1 else axes[0]
    return {"y": f"{name}(reshape(x, {_tuple(shape)}), axis={along})"}


def patches(o: Options) -> Forms:
    """Of unfold: every window a column."""
    batch = "n" if len(o.before) == 4 else ""
    text = seen("x", len(o.before) - 2, o.slides)
    return {"y": f"reshape(einsum('{batch}chwij->{batch}cijhw', {text}), {_tuple(o.after)})"}


def shuffled(o: Options) -> Forms:
    """Axes made of channels or places, put into another order."""
    rank = len(o.parts)

    def text(name: str, first: Shape, order: Shape, last: Shape) -> str:
        axes = _tuple([k + rank for k in order])
        return f"reshape(transpose(reshape({name}, {_tuple(first)}), {axes}), {_tuple(last)})"

    return {"y": text("x", o.parts, o.order, o.after), "x": text("g", o.turned, o.back, o.before)}
