"""Where PyTorch means another thing than NumPy by the same name, and its words for what needs no operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from backpropcli.ops.definition import Operation, Structural

FAMILY = frozenset(("torch", "F", "nn", "functional"))
"""Modules whose functions are PyTorch's."""
MARKS = frozenset(("dim", "keepdim", "dim0", "dim1", "unbiased", "split_size", "split_size_or_sections"))
"""Names of arguments that only PyTorch has."""


class Differs(NamedTuple):
    """How PyTorch's operation of a name differs from NumPy's, which is the one of this name here.

    `instead` is the operation that PyTorch's is; `methods`: no array of NumPy has a method of this name, so that one is
    PyTorch's. Else `adds` are the options that PyTorch's has where nothing is said of them (`settled` says it), and a
    call that may be either is refused with `says` and `hint`. `pair`: with an axis it gives values and positions, and
    `positions` is the operation that gives these alone.
    """

    says: str = ""
    hint: str = ""
    instead: str = ""
    methods: bool = False
    adds: Mapping[str, int] = {}
    settled: frozenset[str] = frozenset()
    pair: bool = False
    positions: str = ""


def _spread(name: str) -> Differs:
    """The variance and its root, which PyTorch divides by n - 1."""
    return Differs(
        f"PyTorch's {name} divides by n - 1, NumPy's by n",
        "Say which one is meant: correction=1 or correction=0.",
        adds={"ddof": 1},
        settled=frozenset(("ddof", "correction", "unbiased")),
    )


DIFFERS: Mapping[str, Differs] = {
    "var": _spread("var"),
    "std": _spread("std"),
    "split": Differs(instead="split_with_sizes", methods=True),
    "pad": Differs(instead="torch_pad"),
    "max": Differs(pair=True, positions="argmax"),
    "min": Differs(pair=True, positions="argmin"),
    "sort": Differs(pair=True),
    "median": Differs(instead="lower_median", pair=True),
    **dict.fromkeys(("topk", "kthvalue", "cummax", "cummin", "lower_median"), Differs(pair=True)),
}
"""By the operation's name."""

SWAPS: Mapping[str, str] = {"transpose": "swapaxes"}
"""What PyTorch calls by two axes that change places, where NumPy names all of them."""

SIZES: Mapping[str, int] = {"zeros": 0, "ones": 0, "expand": 1}
"""What takes its sizes one by one in PyTorch, and as a tuple in NumPy; how many arguments stand before them."""

METHODS: Mapping[str, str] = {"unfold": "unfold_copy", "where": "kept_where"}
"""What PyTorch calls so as a method of an array, where its function of that name is another one."""

COPIES: Mapping[str, str] = {"repeat": "tile"}
"""Methods whose second number is an axis in NumPy and one more size in PyTorch; what PyTorch's is."""

_PLAIN = "float double half contiguous clone tensor cpu cuda numpy item"
CASTS: Mapping[str, tuple[str, tuple[float, ...]]] = {
    **dict.fromkeys(_PLAIN.split(), ("", ())),
    **dict.fromkeys(("int", "long"), ("trunc", ())),
    "bool": ("not_equal", (0.0,)),
}
"""Words about how numbers are stored, and the operation that says the same with its further arguments; "" for none."""


def has_one_entry(operation: Operation) -> bool:
    """Whether it takes the entries along an axis together, of which PyTorch says that a number has one."""
    return operation.group == "reductions" and isinstance(operation, Structural)
