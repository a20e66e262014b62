"""Splitting: one array cut into several along an axis, each of them a slice."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED
from backpropcli.ops.makers import Splitter
from backpropcli.ops.planning import axis_of, sample, whole
from backpropcli.ops.shape import Shape, show_shape

MOST_PARTS = 10_000
Part = tuple[Any, ...]


def plan_array_split(shape: Shape, indices_or_sections: Any, axis: Any = 0) -> list[Part]:
    """So many parts, the first ones longer by 1 where it does not divide; or cut before these places."""
    k = axis_of(axis, shape)
    size = shape[k]
    if isinstance(indices_or_sections, tuple | list):
        ends = [whole(n, "each place") for n in indices_or_sections]
        places = [0, *ends, size]
        cuts = list(zip(places, [*ends, None], strict=False))
        return [_part(k, slice(start, stop)) for start, stop in cuts]
    count = whole(indices_or_sections, "the number of parts")
    if not 0 < count <= MOST_PARTS:
        raise OperationError(f"the number of parts is from 1 to {MOST_PARTS:,}, not {count}")
    short, longer = divmod(size, count)
    starts = [n * short + min(n, longer) for n in range(count + 1)]
    return [_part(k, slice(a, b)) for a, b in pairwise(starts)]


def _part(axis: int, part: slice) -> Part:
    return (..., part, *(slice(None),) * (-axis - 1))


def plan_split(shape: Shape, indices_or_sections: Any, axis: Any = 0) -> list[Part]:
    """As `plan_array_split`, into equal parts."""
    k = axis_of(axis, shape)
    if isinstance(indices_or_sections, int) and indices_or_sections > 0 and shape[k] % indices_or_sections:
        raise OperationError(
            f"{shape[k]} entries do not divide into {indices_or_sections} equal parts",
            hint="array_split makes parts that differ by 1; a list cuts before these places: split(a, [2, 5])",
        )
    return plan_array_split(shape, indices_or_sections, axis)


def plan_sizes(shape: Shape, split_size: Any, axis: Any = 0) -> list[Part]:
    """Parts of so many entries each, the last one of what is left; or of these sizes, which add up to all."""
    k = axis_of(axis, shape)
    size = shape[k]
    if isinstance(split_size, tuple | list):
        given = [whole(n, "each size") for n in split_size]
        if min(given, default=0) < 0 or sum(given) != size:
            raise OperationError(f"sizes {show_shape(tuple(given))} do not add up to the {size} entries of axis {axis}")
        ends = [sum(given[: n + 1]) for n in range(len(given))]
        return [_part(k, slice(end - n, end)) for end, n in zip(ends, given, strict=True)]
    each = whole(split_size, "split_size")
    if each < 1 or size > each * MOST_PARTS:
        raise OperationError(f"split_size is at least 1, and makes {MOST_PARTS:,} parts at most, not {each}")
    return [_part(k, slice(start, min(start + each, size))) for start in range(0, max(size, 1), each)]


def plan_chunk(shape: Shape, chunks: Any, axis: Any = 0) -> list[Part]:
    """Parts of one size, so many or fewer; the last one is what is left."""
    k, count = axis_of(axis, shape), whole(chunks, "chunks")
    if not 0 < count <= MOST_PARTS:
        raise OperationError(f"chunks is from 1 to {MOST_PARTS:,}, not {count}")
    return plan_sizes(shape, max(-(-shape[k] // count), 1), k)


def plan_unbind(shape: Shape, axis: Any = 0) -> list[Part]:
    """Every entry of an axis by itself."""
    k = axis_of(axis, shape)
    if shape[k] > MOST_PARTS:
        raise OperationError(f"axis {axis} has {shape[k]:,} entries: {MOST_PARTS:,} parts are the most")
    return [(..., n, *(slice(None),) * (-k - 1)) for n in range(shape[k])]


def _along(axis: int, name: str) -> Any:
    """The planner of hsplit and its kin: one axis, which the shape must have."""

    def plan(shape: Shape, indices_or_sections: Any) -> list[Part]:
        k = 0 if axis == 1 and len(shape) == 1 else axis
        if len(shape) <= k:
            raise OperationError(f"{name} needs {k + 1} axes, not the shape {show_shape(shape)}")
        return plan_split(shape, indices_or_sections, k)

    return plan


SECTIONS = {"indices_or_sections": REQUIRED}
TORCH = {"split_size_or_sections": "indices_or_sections", "sections": "indices_or_sections", "dim": "axis"}
OPERATIONS = (
    Splitter(
        "split",
        "an array cut into equal parts, or before given places: split(a, 3)[0]",
        options={**SECTIONS, "axis": 0},
        keywords=TORCH,
        planner=plan_split,
        samples=(
            sample((6,), indices_or_sections=3),
            sample((4, 6), indices_or_sections=2, axis=1),
            sample((5, 2), indices_or_sections=[1, 3]),
            sample((5,), indices_or_sections=(2, -1)),
        ),
    ),
    Splitter(
        "array_split",
        "an array cut into parts that differ by one entry at most: array_split(a, 3)[0]",
        options={**SECTIONS, "axis": 0},
        keywords=TORCH,
        planner=plan_array_split,
        samples=(sample((7,), indices_or_sections=3), sample((2, 5), indices_or_sections=4, axis=-1)),
    ),
    Splitter(
        "split_with_sizes",
        "an array cut into parts of so many entries, PyTorch's split: split_with_sizes(a, 2)[0]",
        options={"split_size": REQUIRED, "axis": 0},
        keywords={"split_size_or_sections": "split_size", "split_sizes": "split_size", "dim": "axis"},
        planner=plan_sizes,
        samples=(
            sample((7,), split_size=3),
            sample((4, 6), split_size=2, axis=1),
            sample((5, 2), split_size=[1, 4]),
            sample((5,), split_size=(2, 0, 3)),
        ),
    ),
    Splitter(
        "chunk",
        "an array cut into so many parts of one size, the last one of what is left: chunk(a, 2)[0]",
        options={"chunks": REQUIRED, "axis": 0},
        keywords={"dim": "axis"},
        planner=plan_chunk,
        samples=(sample((7,), chunks=3), sample((2, 5), chunks=4, axis=-1)),
    ),
    Splitter(
        "unbind",
        "every entry of an axis by itself: unbind(a)[0]",
        options={"axis": 0},
        keywords={"dim": "axis"},
        aliases=("unstack",),
        planner=plan_unbind,
        samples=(sample((3,)), sample((2, 3), axis=1)),
    ),
    Splitter(
        "hsplit",
        "an array cut into parts that stand beside each other: hsplit(a, 2)[0]",
        options=SECTIONS,
        planner=_along(1, "hsplit"),
        samples=(sample((2, 4), indices_or_sections=2), sample((4,), indices_or_sections=2)),
    ),
    Splitter(
        "vsplit",
        "an array cut into parts that stand under each other: vsplit(a, 2)[0]",
        options=SECTIONS,
        planner=lambda shape, **o: _rows(shape, **o),
        samples=(sample((4, 2), indices_or_sections=2),),
    ),
    Splitter(
        "dsplit",
        "an array cut into parts that stand behind each other: dsplit(a, 2)[0]",
        options=SECTIONS,
        planner=_along(2, "dsplit"),
        samples=(sample((2, 3, 4), indices_or_sections=2),),
    ),
)


def _rows(shape: Shape, indices_or_sections: Any) -> list[Part]:
    """The planner of vsplit: the first axis of a matrix or more."""
    if len(shape) < 2:
        raise OperationError(f"vsplit needs 2 axes, not the shape {show_shape(shape)}")
    return plan_split(shape, indices_or_sections, 0)
