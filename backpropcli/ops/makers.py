"""Operations that are no steps: those that make constants, and those that give several arrays, parts of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.ops.definition import Body, Group, Operation, Options

if TYPE_CHECKING:
    from backpropcli.ops.shape import Shape


class Maker(Operation):
    """An operation that makes a constant from constants (`zeros((2, 3))`, `linspace(0, 1, 5)`): no gradient, run once.

    `planner(**options)` gives `(shape, Options)` without making anything; `value(xp, o)` makes it.
    """

    kind = "maker"

    def __init__(
        self,
        name: str,
        words: str,
        *,
        options: Mapping[str, Any],
        planner: Callable[..., tuple[Shape, Options]],
        value: Body,
        group: Group = "constants",
        **rest: Any,
    ) -> None:
        super().__init__(name, "", words, group=group, options=options, **rest)
        self.planner = planner
        self.value = value

    def plan(self, shapes: Sequence[Shape], options: Mapping[str, Any]) -> tuple[Shape, Options | None]:
        """The planner's word: a maker has no arguments, only options."""
        return self.planner(**{**self.options, **options})


class Splitter(Operation):
    """An operation that gives several arrays, parts of one: `split(a, 3)[0]`. Each part is taken by index.

    `planner(shape, **options)` gives the index of every part.
    """

    kind = "splitter"

    def __init__(
        self,
        name: str,
        words: str,
        *,
        options: Mapping[str, Any],
        planner: Callable[..., list[tuple[Any, ...]]],
        samples: Sequence[tuple[Sequence[Shape], Mapping[str, Any]]],
        group: Group = "shapes",
        **rest: Any,
    ) -> None:
        super().__init__(name, "a", words, group=group, options=options, **rest)
        self.planner = planner
        self.samples = tuple(samples)

    def parts(self, shape: Shape, options: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The index of every part, with the defaults of the options that were left out."""
        return self.planner(shape, **{**self.options, **options})
