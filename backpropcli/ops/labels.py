"""Labels: numbers that name classes or places. They are whole and count from 0; anything else names nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from backpropcli.ops.definition import Labels, Operation, Value


def condition(operation: Operation | None) -> bool:
    """Whether its values are 1 for yes and 0 for no: no numbers of places, as NumPy takes them in an index."""
    return operation is not None and operation.group == "comparisons"


class Misfit(NamedTuple):
    """The first label that names nothing: where it stands, the number, and whether it is a whole one."""

    place: tuple[int, ...]
    label: float
    whole: bool

    def named(self, name: str) -> str:
        """`y[1]`, from the name of the whole."""
        return f"{name}[{', '.join(map(str, self.place))}]" if self.place else name

    def message(self, name: str, labels: Labels, array: str) -> str:
        """What is wrong, in one sentence; `array` is what has the classes, or is picked from."""
        shown = f"{self.named(name)} is {self.label:g}"
        if not self.whole:
            return (
                f"{shown}: as an index it would be a whole number"
                if labels.wraps
                else f"{shown}, but labels are whole numbers: {array} has classes 0 to {labels.size - 1}"
            )
        if labels.wraps:
            of = f"axis {labels.axis} of {array}" if labels.axis is not None else array
            return f"{shown}, but {of} has the size {labels.size}"
        return f"{shown}, but labels count from 0: {array} has classes 0 to {labels.size - 1}"


def misfit(value: Value, labels: Labels) -> Misfit | None:
    """The first label that is no whole number, or that names nothing; None where all are right."""
    import numpy as np

    given = np.atleast_1d(np.asarray(value, float))
    whole = given == np.rint(given)
    least = -labels.size if labels.wraps else 0
    wrong = np.argwhere(~(whole & (given >= least) & (given < labels.size)))
    if not len(wrong):
        return None
    where = tuple(wrong[0].tolist())
    return Misfit(where if np.ndim(value) else (), float(given[where]), bool(whole[where]))
