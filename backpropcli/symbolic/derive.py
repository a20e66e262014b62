"""A gradient as a formula: SymPy's local derivatives, multiplied and added along the paths, simplified, with numbers.

Where a formula chooses (relu, where, max) the branch is taken that holds at the network's own numbers, and the
conditions are kept beside the formula. A time limit and bounds on sizes keep every answer near.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.symbolic.arrays import entries, spread
from backpropcli.symbolic.compose import LARGEST, limit, size_of
from backpropcli.symbolic.digits import number_of_digits
from backpropcli.symbolic.equations import Equations, indices
from backpropcli.symbolic.tidy import READABLE, TIDIED, text, tidy
from backpropcli.symbolic.ties import without_doubles
from backpropcli.symbolic.timelimit import TooSlow, within
from backpropcli.symbolic.together import in_one
from backpropcli.symbolic.words import Formula, SymbolicError, symbol, sympy

if TYPE_CHECKING:
    from backpropcli.graph import Graph
    from backpropcli.ops.definition import Value

MOST_ENTRIES = 6
"""An array of up to so many entries has a formula for each of them."""
COMPOSED = 60
"""Nor is one in the data alone of more than these."""
SECONDS = 10.0


class Derived(NamedTuple):
    """The gradient of one number as formulas, in the language of the spec, and what they come to.

    `formula` is in the nodes' names and the data's, `in_data` in the data's alone (None: see `problem`). The first
    holds `while_` all these conditions do, the second only where those of `also` do besides. `value` is the formula's
    number, `gradient` the one by backpropagation.
    """

    name: str
    entry: tuple[int, ...]
    formula: str
    in_data: str | None
    while_: tuple[str, ...]
    value: float
    gradient: float
    problem: str = ""
    also: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether formula and backpropagation say the same, but for the rounding of floats."""
        if self.value != self.value or self.gradient != self.gradient:
            return self.value != self.value and self.gradient != self.gradient
        size = max(abs(self.value), abs(self.gradient))
        return self.value == self.gradient or abs(self.value - self.gradient) <= 1e-9 * size + 1e-12


def derive(
    graph: Graph,
    values: Mapping[str, Value],
    of: str,
    name: str,
    gradient: Value,
    index: tuple[int, ...] = (),
    seconds: float = SECONDS,
    full: bool = False,
) -> tuple[list[Derived], str]:
    """d(of)/d(name), or that of its entry `index`, as formulas: one for a number, one for each entry of a small array.

    And all entries in one, `p - one_hot(2, 3)`, where they are alike ("" where they are not). `gradient` is
    backpropagation's, of the whole name; `seconds` are those that SymPy computes, its import not counted; `full`: no
    formula is too large to be read. Raises SymbolicError for what is too large for SymPy or takes too long.
    """
    shape = graph.shape(name)
    places = [index] if index or not shape else indices(shape)
    if len(places) > MOST_ENTRIES:
        first = ", ".join("0" * len(shape))
        raise SymbolicError(
            f"{name} has {len(places)} entries, too many for a formula each", hint=f"Name one:  {name}[{first}]"
        )
    sympy()  # imported before the clock starts
    start = time.process_time()
    try:
        with within(seconds):
            equations = Equations(graph, values, of, name)
            found = equations.upstream([symbol(name, place) for place in places])
    except TooSlow:
        raise SymbolicError(
            f"no formula yet after {seconds:g} s of computing: SymPy's time ran out", hint="--timeout 60 gives it more."
        ) from None
    except RecursionError:
        raise SymbolicError("too deep for one formula") from None
    flat = [float(g) for g in entries(spread(gradient, shape))]
    rows = dict(zip(indices(shape), flat, strict=True))
    left = max(seconds - (time.process_time() - start), 0.1) / max(len(places), 1)
    told = [_one(equations, name, place, e, rows[place], left, full) for place, e in zip(places, found, strict=True)]
    together = ""
    with suppress(TooSlow, SymbolicError), within(left):
        together = in_one(graph, equations.known, name, [formula for formula, _ in found])
    return told, together


def _one(
    equations: Equations,
    name: str,
    place: tuple[int, ...],
    found: tuple[Formula, dict[Any, None]],
    gradient: float,
    seconds: float,
    full: bool,
) -> Derived:
    """One formula, simplified as far as the time lasts."""
    formula, conditions = found
    readable, composed, tidied = (LARGEST,) * 3 if full else (READABLE, COMPOSED, TIDIED)
    equations.conditions = dict(conditions)
    value = float(number_of_digits(formula, equations.known))
    whole: Formula | None = None
    problem, kept = "", formula
    with suppress(TooSlow), within(seconds / 2):
        kept = tidy(formula)
    try:
        with within(seconds / 2):
            whole = equations.in_data(formula, tidied)
            limit(size_of(whole, tidied), tidied)
            with suppress(TooSlow), within(seconds / 3):
                whole = tidy(whole)
            conditions = equations.in_nodes(whole, equations.conditions)[1]
            value = float(number_of_digits(whole, equations.known))
    except TooSlow:
        problem = "takes SymPy too long"
    except (SymbolicError, RecursionError):
        problem = "too large to be read" + (" or made" if full else "")
    if whole is not None and (problem or size_of(whole, composed) > composed):
        whole, problem = None, problem or "too large to be read"
    if size_of(kept, readable) > readable:
        raise SymbolicError(f"a formula of more than {readable} terms, too large to be read", hint="--full prints it.")
    own = set(found[1])
    order = {symbol_: k for k, (symbol_, _, _, _) in enumerate(equations.list)}
    first = sorted(conditions, key=lambda c: max((order.get(s, -1) for s in c.free_symbols), default=-1))
    first = [c for c in first if not isinstance(c, sympy().Ne)]  # those hold nearly everywhere
    said = tuple(dict.fromkeys(map(text, without_doubles([c for c in first if c in own]))))
    every = dict.fromkeys(map(text, without_doubles(first))) if whole is not None else ()
    also = tuple(c for c in every if c not in said)
    in_data = None if whole is None else text(whole)
    return Derived(name, place, text(kept), in_data, said, value, gradient, problem, also)
