"""Gradients in matrix notation as formulas: each from those before it, and put together into one, `X.T @ (a - y)`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.derivation.piecewise import primed
from backpropcli.derivation.trial import comes_to
from backpropcli.derivation.vjps import gathered, product
from backpropcli.language.formula.algebra import ONE, added, factors_of, replaced, tidied, tidied_inside
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.tree import (
    Binary,
    Call,
    Expression,
    Name,
    Number,
    Unary,
    longer,
    postorder,
    same,
    substitute,
)

if TYPE_CHECKING:
    from backpropcli.derivation.stages import Stage
    from backpropcli.derivation.worked import Worked

LONGEST = 60
"""A composed formula of more parts than these is given step by step instead."""


def _local(stage: Stage, label: str) -> Expression | None:
    """An elementwise stage's local derivative, `relu'(z1)` as a call."""
    found = stage.local(label)
    return found and substitute(found[0], {prime.name: primed(prime) for prime in found[1]})


def _structural(worked: Worked, stage: Stage, label: str, upstream: str) -> Expression | None:
    shapes = [worked.graph.shapes[a] for a in worked.graph.arguments[stage.slot]]
    options = worked.graph.options.get(stage.slot)
    parts = [product(stage, k, upstream, shapes, options) for k, n in enumerate(stage.arguments) if n == label]
    known = [part for part in parts if not isinstance(part, str)]
    return added(known) if len(known) == len(parts) else None


def _gathered(worked: Worked, stage: Stage, label: str, whole: Expression) -> Expression:
    """A product summed over the axes along which NumPy had spread the value."""
    shape, own = worked.shape(stage.name), worked.shape(label)
    if shape == own:
        return whole
    call, _ = gathered(shape, own, False)
    return substitute(parse(call.format("g")), {"g": whole})


class Spread(NamedTuple):
    """A gradient as it is put together: factors, all elementwise; `even` is one that is the same for every entry."""

    factors: list[Expression]
    even: bool


class Composed(NamedTuple):
    """A gradient as one formula in the network's names; `value` is what it comes to, None where that is not known."""

    formula: Expression
    value: Any


def composed(worked: Worked, name: str, labels: Collection[str]) -> Composed | None:
    """The whole gradient of `name` in matrix notation; None where the operations, or its length, do not allow it.

    `labels` are those between `name` and the loss.
    """
    assert worked.trace.of is not None
    found: dict[str, Spread] = {worked.trace.of: Spread([], True)}
    for label in [one for one in worked.order() if one in labels and one != worked.trace.of]:
        together = _together(worked, label, found)
        if together is None or sum(len(postorder(factor)) for factor in together.factors) > LONGEST:
            return None
        found[label] = together
    if name not in found or (found[name].even and worked.shape(name)):
        return None
    formula = tidied_inside(tidied(found[name].factors))
    if longer(formula, LONGEST):
        return None
    value = _worth(worked, formula, labels)
    lost = value is not None and tuple(getattr(value, "shape", ())) != worked.shape(name)
    return None if lost else Composed(formula, value)


def _together(worked: Worked, label: str, found: Mapping[str, Spread]) -> Spread | None:
    """What comes back to a label through all that use it; None where it cannot be put together."""
    terms = [_through(worked, stage, label, found.get(stage.name)) for stage in worked.users.get(label, ())]
    known = [term for term in terms if term is not None]
    if not terms or len(known) < len(terms):
        return None
    if len(known) == 1:
        return known[0]
    shape = worked.shape(label)
    if shape and any(term.even for term in known):
        return None
    return Spread([added([tidied(term.factors) for term in known])], not shape)


def _through(worked: Worked, stage: Stage, label: str, upstream: Spread | None) -> Spread | None:
    """What comes back through one stage, of a gradient that is known."""
    if upstream is None:
        return None
    operation = stage.operation
    if operation is None:
        return _elementwise(worked, stage, label, upstream)
    if operation.divisor is not None and upstream.even:
        return Spread([*upstream.factors, *_over(operation.divisor(worked.graph.options[stage.slot]))], True)
    above = Name(worked.gradient_name(stage.name))
    formula = _structural(worked, stage, label, above.name)
    if formula is None:
        return None
    if upstream.even and worked.shape(stage.name):  # the same number everywhere: a factor, or nothing
        formula = replaced(formula, [(Call("expand_dims", (above, Unary("-", ONE))), above)])
        factors = factors_of(formula)
        rest = [factor for factor in factors if not same(factor, above)]
        if len(rest) != len(factors) - 1 or any(same(part, above) for one in rest for part in postorder(one)):
            return None
        return Spread([*upstream.factors, *rest], False)
    return Spread([substitute(formula, {above.name: tidied(upstream.factors)})], False)


def _over(count: int) -> list[Expression]:
    return [] if count == 1 else [Binary("/", ONE, Number(float(count), str(count)))]


def _elementwise(worked: Worked, stage: Stage, label: str, upstream: Spread) -> Spread | None:
    local = _local(stage, label)
    if local is None:
        return None
    plain = not any(isinstance(part, Name) for part in postorder(local))
    factors = [*upstream.factors, local]
    shape, own = worked.shape(stage.name), worked.shape(label)
    if upstream.even and not plain and _natural(worked, local) != shape:
        return None  # NumPy had spread the slopes over entries that the product would no longer have
    if shape == own:
        return Spread(factors, upstream.even and (plain or not shape))
    if upstream.even and plain:  # a sum of equal numbers, whose count a formula would have to say
        return None
    return Spread([_gathered(worked, stage, label, tidied(factors))], False)


def _natural(worked: Worked, formula: Expression) -> tuple[int, ...]:
    """The shape that an elementwise formula of these names has by itself."""
    import numpy as np

    shapes = [worked.shape(p.name) for p in postorder(formula) if isinstance(p, Name) and p.name in worked.slots]
    return tuple(np.broadcast_shapes(*shapes))


def _worth(worked: Worked, formula: Expression, labels: Collection[str]) -> Any:
    """What a formula comes to with the network's numbers; None where that is not known."""
    slopes = _slopes(worked, [part for part in postorder(formula) if isinstance(part, Call) and part.prime], labels)
    said = replaced(formula, [(call, Name(f"slope{k}")) for k, (call, _) in enumerate(slopes)])
    if any(isinstance(part, Call) and part.prime for part in postorder(said)):  # of a function of the spec's own
        return None
    used = {part.name for part in postorder(said) if isinstance(part, Name)}
    values = {f"slope{k}": slope for k, (_, slope) in enumerate(slopes)}
    values.update({name: worked.value(name) for name in used if name in worked.slots})
    return comes_to(said, {name: value for name, value in values.items() if name in used})


def _slopes(worked: Worked, primes: Sequence[Call], labels: Collection[str]) -> list[tuple[Call, Any]]:
    """The local derivatives that primes stand for, `relu'(z1)`, with their numbers in this run."""
    found: list[tuple[Call, Any]] = []
    for stage in [s for s in worked.stages if s.name in labels and s.operation is None] if primes else ():
        known = [prime for label in stage.inputs for prime in (stage.local(label) or (None, []))[1]]
        for prime, call in [(prime, primed(prime)) for prime in known]:
            slot = worked.slot_of(stage, prime)
            if slot is not None and isinstance(call, Call) and any(same(call, one) for one in primes):
                found.append((call, worked.trace.partial(slot, prime.position)))
    return found
