"""Operations that are no steps: those that make constants, and those that give several arrays, parts of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.ops.definition import Body, Group, Operation, Options, Value

if TYPE_CHECKING:
    from backpropcli.ops.shape import Shape


class Maker(Operation):
    """An operation that makes a constant from constants (`zeros((2, 3))`, `linspace(0, 1, 5)`): no gradient, run once.

    `planner(**options)` gives `(shape, Options)` without making anything; `value(xp, o)` makes it.

    `drawn(o, update)`, of a random one, is what it is in the update of a training with this number, counted from 0, as
    a NumPy array; `value` is that of update 0. `resting(o)` is the number that stands for it while nothing is trained.
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
        drawn: Callable[[Options, int], Value] | None = None,
        resting: Callable[[Options], float] = lambda o: 0.0,
        **rest: Any,
    ) -> None:
        super().__init__(name, "", words, group=group, options=options, **rest)
        self.planner = planner
        self.value = value
        self.drawn = drawn
        self.resting = resting

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
