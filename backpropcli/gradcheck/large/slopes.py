"""The slopes of whole arrays, and what an oracle has to say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from backpropcli.gradcheck.large.perturbation import Perturbation
    from backpropcli.gradcheck.large.sparsity import Indices

Array = Any


class Slopes(NamedTuple):
    """By entry of one slot: the slope and its error (inf where there is none to be had)."""

    value: Array
    error: Array


class EntrySlopes(Protocol):
    """Where the slopes of single entries come from: differences, or complex steps."""

    def perturbation(self, slot: int) -> Perturbation:
        """The program for one slot."""

    def slopes(self, perturbation: Perturbation, x: Array, index: Indices) -> tuple[Array, Array]:
        """The slopes of entries (their values, and their numbers by axis), and the errors; inf where there is none."""

    def local(self, step: int, k: int) -> Slopes:
        """The slope of every entry of an elementwise step with its argument `k`, from the step's own values."""
