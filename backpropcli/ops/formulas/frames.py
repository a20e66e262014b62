"""Padding as formulas: the modes of np.pad whose frame is worked out, and PyTorch's pad, in the words of NumPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED
from backpropcli.ops.formula import Case, Formula, Written
from backpropcli.ops.planning import number, shown, whole
from backpropcli.ops.shape import show_shape
from backpropcli.ops.shapes.padding import CALLED, OWN, pairs, widths_of

if TYPE_CHECKING:
    from backpropcli.ops.shape import Shape

STATISTICS = {"maximum": "max", "mean": "mean", "median": "median", "minimum": "min"}
"""Modes whose frame is one number of the entries along its axis, and the operation that gives it."""
ODD = {"reflect": 1, "symmetric": 0}
"""Modes that mirror, and how far from the edge the first mirrored entry stands."""
MODES = ("constant", *OWN, "linear_ramp", *STATISTICS)
Frame = Callable[[str, int, bool, int], str]
"""The text of a frame: of an array (a name), so wide, before it or behind it, along an axis."""


class Laid:
    """Helpers as they are added, each with the array a little larger; `name` is the last one."""

    def __init__(self, shape: Shape) -> None:
        self.name, self.shape = "a", list(shape)
        self.where: dict[str, str] = {}

    def part(self, axis: int, index: str) -> str:
        """A part of the array along an axis."""
        return f"{self.name}[{', '.join([':'] * axis + [index])}]"

    def end(self, axis: int, before: bool) -> str:
        """The first or the last entry along an axis, which stays."""
        return self.part(axis, ":1" if before else "-1:")

    def add(self, axis: int, front: tuple[int, str] | None, back: tuple[int, str] | None) -> None:
        """The array with frames, so wide, before and behind it."""
        parts = [front[1]] if front else []
        parts += [self.name, *([back[1]] if back else [])]
        text = f"concatenate([{', '.join(parts)}], axis={axis})"
        self.shape[axis] += sum(frame[0] for frame in (front, back) if frame)
        self.name = f"p{len(self.where) + 1}"
        self.where[self.name] = text


def _numpy_pad(case: Case) -> Written:
    o, shape = case.options, case.shapes["a"]
    mode = CALLED.get(o.mode, o.mode) if isinstance(o.mode, str) else o.mode
    if mode not in MODES:
        raise OperationError(f"mode={shown(o.mode)} is not available", hint=f"There are {', '.join(MODES)}.")
    widths = widths_of(o.pad_width, len(shape))
    odd = _odd(o.reflect_type, mode)
    _fitting(o, mode)
    if mode == "constant" or (mode in OWN and not odd):
        constant = ", constant_values=constant_values" if mode == "constant" else ""
        return Written(f"pad(a, {tuple(widths)}, mode='{mode}'{constant})")
    laid = Laid(shape)
    for axis, (before, after) in enumerate(widths):
        if not before and not after:
            continue
        if not laid.shape[axis]:
            raise OperationError(f"an axis without entries cannot be padded with mode={mode!r}")
        if odd:
            _mirrored(laid, axis, (before, after), ODD[mode])
        elif mode == "linear_ramp":
            ends = pairs(o.end_values, len(shape), "end_values", lambda x: number(x, "each of end_values"))[axis]
            _framed(
                laid, axis, (before, after), [_ramp(laid, axis, n, e, k) for k, (n, e) in _both(before, after, ends)]
            )
        else:
            lengths = _lengths(o.stat_length, len(shape), axis)
            texts = [_statistic(laid, axis, mode, n, m, k) for k, (n, m) in _both(before, after, lengths)]
            _framed(laid, axis, (before, after), texts)
    return Written(laid.name, laid.where)


def _both(before: int, after: int, values: tuple[Any, Any]) -> list[tuple[bool, tuple[int, Any]]]:
    return [(True, (before, values[0])), (False, (after, values[1]))]


def _framed(laid: Laid, axis: int, widths: tuple[int, int], texts: list[str]) -> None:
    front, back = ((n, text) if n else None for n, text in zip(widths, texts, strict=True))
    laid.add(axis, front, back)


def _odd(value: Any, mode: Any) -> bool:
    """Whether what is mirrored is turned upside down too, at the edge."""
    if value not in ("even", "odd"):
        raise OperationError(f"reflect_type is 'even' or 'odd', not {shown(value)}")
    if value == "odd" and mode not in ODD:
        raise OperationError(f"reflect_type has no meaning with mode={mode!r}", hint="It is for reflect and symmetric.")
    return bool(value == "odd")


def _fitting(o: Any, mode: str) -> None:
    """Options that other modes have are refused, as NumPy does."""
    for name, given, modes in (
        ("stat_length", o.stat_length is not None, tuple(STATISTICS)),
        ("end_values", o.end_values != 0, ("linear_ramp",)),
        ("constant_values", o.constant_values != 0, ("constant",)),
    ):
        if given and mode not in modes:
            raise OperationError(f"{name} has no meaning with mode={mode!r}", hint=f"It is for {', '.join(modes)}.")


def _lengths(given: Any, rank: int, axis: int) -> tuple[Any, Any]:
    """How many entries at both ends of an axis are looked at; None for all."""
    if given is None:
        return None, None
    found = pairs(given, rank, "stat_length", lambda x: whole(x, "each of stat_length"))[axis]
    if min(found) < 1:
        raise OperationError(f"stat_length is at least 1: {shown(given)}")
    return found


def _statistic(laid: Laid, axis: int, mode: str, width: int, length: int | None, before: bool) -> str:
    """The largest (mean, ...) of the entries at this end, so many times."""
    part = laid.name
    if length is not None and length < laid.shape[axis]:
        part = laid.part(axis, f":{length}" if before else f"-{length}:")
    found = f"{STATISTICS[mode]}({part}, axis={axis}, keepdims=True)"
    return found if width == 1 else f"repeat({found}, {width}, axis={axis})"


def _ramp(laid: Laid, axis: int, width: int, end: float, before: bool) -> str:
    """In equal steps from the array's last entry to the end value."""
    if not width:
        return ""
    steps = [k / width for k in range(width)]
    column = [_nested(step, len(laid.shape) - 1 - axis) for step in (steps if before else steps[::-1])]
    return f"{end!r} + ({laid.end(axis, before)} - {end!r}) * {column}"


def _nested(x: Any, depth: int) -> Any:
    return x if not depth else [_nested(x, depth - 1)]


def _mirrored(laid: Laid, axis: int, widths: tuple[int, int], first: int) -> None:
    """Mirrored and turned upside down at the edge, as often as it takes: 2 * edge - what stands as far inside.

    A step is no longer than the array was, so that the mirrors stand at its own edges and where these are mirrored to.
    """
    period = laid.shape[axis] - first
    for before, width in zip((True, False), widths, strict=True):
        left = width
        while left:
            if not period:  # one entry alone has nothing to be mirrored
                frame = (left, f"repeat({laid.end(axis, before)}, {left}, axis={axis})")
            else:
                step = min(left, period)
                inside = f"{first}:{step + first}" if before else f"-{step + first}:{-first if first else ''}"
                frame = (step, f"2 * {laid.end(axis, before)} - flip({laid.part(axis, inside)}, axis={axis})")
            laid.add(axis, frame if before else None, None if before else frame)
            left -= frame[0]


def _torch_pad(case: Case) -> Written:
    o, shape = case.options, case.shapes["input"]
    given = o.pad if isinstance(o.pad, tuple | list) else (o.pad,)
    numbers = [whole(n, "each entry of pad") for n in given]
    if len(numbers) % 2 or len(numbers) > 2 * len(shape):
        raise OperationError(
            f"pad={shown(o.pad)} does not fit the shape {show_shape(shape)}",
            hint="It is (left, right, top, bottom, ...): two numbers for each axis, the last axis first.",
        )
    if o.mode not in ("constant", "reflect", "replicate", "circular"):
        raise OperationError(
            f"mode={shown(o.mode)} is not available", hint="There are constant, reflect, replicate, circular."
        )
    named = list(zip(numbers[::2], numbers[1::2], strict=True))[::-1]
    widths = [(0, 0)] * (len(shape) - len(named)) + named
    for n, (before, after) in zip(shape, widths, strict=True):
        _within(o.mode, n, before, after)
    framed = tuple((max(b, 0), max(a, 0)) for b, a in widths)
    value = number(0 if o.value is None else o.value, "value")
    constant = f", constant_values={value!r}" if value and o.mode == "constant" else ""
    text = f"pad(input, {framed}, mode='{o.mode}'{constant})"
    cut = [f"{-b if b < 0 else ''}:{a if a < 0 else ''}" for b, a in widths]
    if o.mode == "circular":  # what is left after the cut goes round
        return Written(f"pad(input[{', '.join(cut)}], {framed}, mode='circular')" if cut else text)
    return Written(text if all(part == ":" for part in cut) else f"{text}[{', '.join(cut)}]")


def _within(mode: str, size: int, before: int, after: int) -> None:
    """What PyTorch refuses: a frame that is longer than what it is made of, or that takes off more than there is."""
    most = {"reflect": size - 1, "circular": size}.get(mode, max(before, after))
    if max(before, after) > max(most, 0):
        raise OperationError(
            f"mode={mode!r} pads an axis of {size} by {most} at the most, not by {max(before, after)}",
            hint="NumPy's pad goes on mirroring.",
        )
    if size + before + after < 0:
        raise OperationError(f"pad takes {-before - after} off an axis of {size}")


GROUP: Any = "shapes"
OPERATIONS = (
    Formula(
        "numpy_pad",
        "a",
        "pad with all of NumPy's modes: linear_ramp, maximum, mean, median, minimum, and mirrored upside down",
        group=GROUP,
        options={
            "pad_width": REQUIRED,
            "mode": "constant",
            "constant_values": 0,
            "stat_length": None,
            "end_values": 0,
            "reflect_type": "even",
        },
        keywords={"value": "constant_values", "array": "a"},
        formula="concatenate([mean(a, axis=0, keepdims=True), a, mean(a, axis=0, keepdims=True)], axis=0)",
        build=_numpy_pad,
        source="numpy.pad",
        samples=(
            ("pad(a, 1, mode='mean')", {"a": (2, 3)}),
            ("pad(a, (2, 1), 'maximum', stat_length=2)", {"a": (4,)}),
            ("pad(a, ((1, 0), (2, 1)), mode='minimum')", {"a": (2, 3)}),
            ("pad(a, 2, mode='median', stat_length=((1, 2), (3, 2)))", {"a": (2, 3)}),
            ("pad(a, ((2, 1), (1, 3)), mode='linear_ramp', end_values=((1, 2), (-0.5, 0)))", {"a": (2, 3)}),
            ("pad(a, 2, mode='reflect', reflect_type='odd')", {"a": (3, 4)}),
            ("pad(a, (5, 4), mode='symmetric', reflect_type='odd')", {"a": (3,)}),
            ("numpy_pad(a, 1, mode='edge')", {"a": (2,)}),
            ("numpy_pad(a, 1, constant_values=2)", {"a": (2,)}),
        ),
    ),
    Formula(
        "torch_pad",
        "input",
        "pad as PyTorch writes it, F.pad: two numbers an axis, the last axis first; negative ones take off",
        group=GROUP,
        options={"pad": REQUIRED, "mode": "constant", "value": None},
        formula="pad(input, ((0, 0), (pad, pad)))",
        build=_torch_pad,
        source="torch.nn.functional.pad",
        samples=(
            ("F.pad(x, (1, 2))", {"x": (2, 3)}),
            ("F.pad(x, (1, 0, 0, 2), mode='constant', value=-1.5)", {"x": (2, 3)}),
            ("F.pad(x, (1, 1), mode='reflect')", {"x": (1, 2, 3)}),
            ("torch_pad(x, (2, 1, 1, 1), mode='replicate')", {"x": (1, 2, 3)}),
            ("F.pad(x, (-1, 1), 'circular')", {"x": (1, 4)}),
        ),
    ),
)
