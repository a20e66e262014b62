"""The operation table: every operation by name, gathered from the modules that define them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType

from backpropcli.ops import constants
from backpropcli.ops.definition import Operation
from backpropcli.ops.elementwise import (
    activations,
    arithmetic,
    comparisons,
    exponentials,
    powers,
    remainders,
    rounding,
    trigonometry,
)
from backpropcli.ops.linear import contraction, convolutions, matrices, neighbours, products, solving
from backpropcli.ops.reductions import aggregates, logsumexp, norms, positions, softmax, sorting, statistics
from backpropcli.ops.refused import REFUSED, Refused
from backpropcli.ops.shapes import (
    axes_added,
    indexing,
    joining,
    likes,
    padding,
    permutations,
    reshaping,
    splitting,
    stretching,
    taking,
    turning,
    windows,
)

MODULES: tuple[ModuleType, ...] = (
    arithmetic,
    remainders,
    powers,
    exponentials,
    trigonometry,
    activations,
    comparisons,
    rounding,
    aggregates,
    sorting,
    positions,
    statistics,
    logsumexp,
    norms,
    softmax,
    products,
    contraction,
    matrices,
    solving,
    neighbours,
    convolutions,
    reshaping,
    permutations,
    axes_added,
    turning,
    joining,
    stretching,
    likes,
    padding,
    windows,
    indexing,
    taking,
    splitting,
    constants,
)
"""Where most operations are defined."""


def gathered(modules: Iterable[ModuleType]) -> dict[str, Operation]:
    """The operations of these modules by their canonical names, in order."""
    return {operation.name: operation for module in modules for operation in module.OPERATIONS}


def late_modules() -> tuple[ModuleType, ...]:
    """Where named formulas and operations on windows are: read when one is asked for, so that others need not wait."""
    from backpropcli.ops.elementwise import special
    from backpropcli.ops.formulas import activations as activation_formulas
    from backpropcli.ops.formulas import (
        attention,
        classification,
        distances,
        dropout,
        frames,
        layers,
        losses,
        margins,
        multi_head,
        normalization,
        ordered,
        pictures,
        recurrent,
        scattering,
        selecting,
        similarity,
    )
    from backpropcli.ops.formulas import matrices as matrix_formulas
    from backpropcli.ops.formulas import products as sums_of_products
    from backpropcli.ops.reductions import running
    from backpropcli.ops.windows import (
        avg_pools,
        convolution,
        interpolation,
        max_pools,
        patches,
        shuffles,
        transposed,
    )

    return (
        convolution,
        transposed,
        max_pools,
        avg_pools,
        patches,
        shuffles,
        interpolation,
        selecting,
        layers,
        dropout,
        attention,
        multi_head,
        recurrent,
        similarity,
        normalization,
        losses,
        classification,
        margins,
        frames,
        pictures,
        special,
        running,
        activation_formulas,
        sums_of_products,
        distances,
        scattering,
        ordered,
        matrix_formulas,
    )


class Table(Mapping[str, Operation]):
    """Operations by their canonical names; the late ones join when a name is none of the others, or all are wanted."""

    def __init__(self, operations: dict[str, Operation]) -> None:
        self.known = operations
        self.whole = False

    def fill(self) -> bool:
        """Let the late ones join; whether they had not yet."""
        if self.whole:
            return False
        self.whole = True
        late = gathered(late_modules())
        self.known.update(late)
        _KNOWN.update({**{alias: operation for operation in late.values() for alias in operation.aliases}, **late})
        return True

    def __getitem__(self, name: str) -> Operation:
        if name not in self.known:
            self.fill()
        return self.known[name]

    def __iter__(self) -> Iterator[str]:
        self.fill()
        return iter(self.known)

    def __len__(self) -> int:
        self.fill()
        return len(self.known)


_EARLY = gathered(MODULES)
TABLE = Table(dict(_EARLY))
"""Every operation by its canonical name, grouped by kind."""

INFIX = {operation.infix: operation for operation in _EARLY.values() if operation.infix}
"""The operations that are written between their arguments, by sign: `+`, `**`, `@`, `<`, `&`."""

PREFIX = {operation.prefix: operation for operation in _EARLY.values() if operation.prefix}
"""The operations that are written before their argument, by sign: `-` and `~`."""

_KNOWN: dict[str, Operation | Refused] = {
    **{refused.name: refused for refused in REFUSED},
    **{alias: operation for operation in _EARLY.values() for alias in operation.aliases},
    **_EARLY,
}


def lookup(name: str) -> Operation | Refused | None:
    """The operation of this name or alias; what to write instead, where people write a name that has no place here.

    >>> lookup("abs")
    <operation absolute>
    """
    found = _KNOWN.get(name)
    return _KNOWN.get(name) if found is None and TABLE.fill() else found


def tabled(operation: Operation) -> bool:
    """Whether this is the operation of the table, as far as its value goes, and not a namesake of the spec's own."""
    value = getattr(TABLE.get(operation.name), "value", None)  # a named formula has none: it is no step
    return value is not None and value is getattr(operation, "value", None)


def names() -> list[str]:
    """Every name that can be called, aliases included, in alphabetical order: where "did you mean" looks."""
    TABLE.fill()
    return sorted(name for name, known in _KNOWN.items() if isinstance(known, Operation) and not known.written)
