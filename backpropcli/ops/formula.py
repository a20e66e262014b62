"""Named formulas: operations that are no step of their own, but a formula of others, in the tool's own language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.ops.definition import Group, Operation, Options

if TYPE_CHECKING:
    from backpropcli.ops.shape import Shape

Sample = tuple[str, Mapping[str, Any]]
"""A call, and what its names are: a shape (a tuple) of any numbers, or the numbers themselves (a list)."""


class Case(NamedTuple):
    """One call of a named formula, from which its text is made.

    `shapes` are those of the arguments that are given, by name; `options` are all options, defaults included.
    `called` is the name that it was called by, with its module: `F.cross_entropy`. `place` names the node that it
    stands in, and no two calls that draw random numbers: `h1`, `h1.2`.
    """

    shapes: Mapping[str, Shape]
    options: Options
    called: str = ""
    place: str = ""

    def given(self, name: str) -> bool:
        """Whether an argument that may be left out is there."""
        return name in self.shapes


class Written(NamedTuple):
    """A formula for one call: its value, and the helpers that it may name, each of which may name those before it.

    `rules` are recurrences by their left sides, `h[0]` and `h[t]`, whose arrays the value names.
    """

    value: str
    where: Mapping[str, str] = {}
    rules: Mapping[str, str] = {}


Build = Callable[[Case], "Written | str"]


class Formula(Operation):
    """An operation that is a formula of other operations: a call of it is lowered to the formula's steps.

    `formula` is what it is in general, in the tool's own language, over `arguments`, the names of `options` and the
    helpers in `where`, and over what its recurrences in `rules` make: what `ops NAME` shows. `build(case)` gives the
    text for one call, where that depends on shapes, options, or on what is left out; it raises OperationError (without
    a place) where they do not fit. Without it the text is `formula` itself. In either text the name of an option stands
    for its value.
    `optional` arguments may be left out, or be None. Without `order` a call takes arguments, then options.
    `samples` are calls from which tests are made: `("layer_norm(x, 3)", {"x": (2, 3)})`.
    """

    kind = "formula"

    def __init__(
        self,
        name: str,
        arguments: str,
        words: str,
        *,
        formula: str,
        group: Group,
        samples: Sequence[Sample],
        where: Mapping[str, str] | None = None,
        rules: Mapping[str, str] | None = None,
        build: Build | None = None,
        optional: str = "",
        **rest: Any,
    ) -> None:
        super().__init__(name, arguments, words, group=group, **rest)
        self.formula = formula
        self.where = dict(where or {})
        self.rules = dict(rules or {})
        self.build = build
        self.optional = tuple(optional.split())
        self.samples = tuple(samples)
        if not self.order:
            self.order = (*self.arguments, *self.options)

    def case(self, shapes: Mapping[str, Shape], options: Mapping[str, Any], called: str = "", place: str = "") -> Case:
        """A call with these arguments and options, with the defaults of the options that were left out."""
        return Case(shapes, SimpleNamespace(**{**self.options, **options}), called, place)

    def text(self, case: Case) -> Written:
        """The text for one call. Raises OperationError, without a place, where shapes or options do not fit."""
        if self.build is None:
            return Written(self.formula, self.where, self.rules)
        built = self.build(case)
        return built if isinstance(built, Written) else Written(built)
