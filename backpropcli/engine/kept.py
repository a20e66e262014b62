"""Both passes of a plan on arrays, written down as calls into kept places, which every run makes again.

A run allocates nothing that need not be. The steps are those of `forward` and `backward`, and so are the bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from backpropcli.ops.definition import UNIT_SLOPE, Part
from backpropcli.ops.numbers.calls import Call, Calls, Traced, plain, recording
from backpropcli.passes.backward import program as backward_program
from backpropcli.passes.forward import program as forward_program
from backpropcli.passes.stepping import GENERAL, UNARY

if TYPE_CHECKING:
    from backpropcli.engine.plan import Plan
    from backpropcli.ops.definition import Value
    from backpropcli.ops.shape import Shape

LARGE = 4096
"""A gradient of so many numbers is computed where it has to be; so is a smaller one, in a pass of few calls."""
FEW = 500


class Kept:
    """The passes of a plan over `places`: data and constants by slot, of which those in `moving` will change."""

    def __init__(self, plan: Plan, places: list[Value], moving: Iterable[int]) -> None:
        self.plan, self.graph = plan, plan.graph
        self.calls = Calls()
        self._xp = plan.numbers()
        self._recording = recording(self._xp, self.calls)
        self._values: list[Any] = list(places)
        for slot in moving:
            self._values[slot] = self.calls.traced(places[slot])
        self.forward: list[Call] = self._passed(self._forward)

    def value(self, slot: int) -> Value:
        """The array where a slot's value is after a run."""
        return plain(self._values[slot])

    def backward(self, seeds: Mapping[int, Value], results: Mapping[int, Value]) -> list[Call]:
        """The calls of the backward pass, which leave the gradients of these slots in the arrays of `results`."""
        return self._passed(lambda: self._backward(seeds, results))

    def _passed(self, make: Callable[[], None]) -> list[Call]:
        """The calls that `make` writes down."""
        before = len(self.calls.made)
        make()
        return self.calls.made[before:]

    def _made(self, body: Callable[..., Any], arguments: list[Any]) -> Any:
        """What a body makes of its arguments, written down step by step; as a whole where that cannot be."""
        if not any(isinstance(x, Traced) for x in arguments):
            return body(self._xp, *arguments)
        calls, xp = self.calls, self._xp
        calls.begin()
        before = len(calls.made)
        try:
            return body(self._recording, *arguments)
        except Exception:  # what a body does that cannot be written down, it does without a recorder
            del calls.made[before:]
        numbers = tuple(map(plain, arguments))
        if isinstance(body(xp, *numbers), Part):
            return LatePart(lambda: body(xp, *numbers))
        return self._as_one(body, arguments)

    def _forward(self) -> None:
        values = self._values
        for slot, body, a, b, arguments in forward_program(self.graph, range(len(self.graph))):
            slots = (a,) if b == UNARY else arguments if b == GENERAL else (a, b)
            taken = [values[k] for k in slots]
            whole = self._pullback(slot) is not None  # what comes back together went there as one
            values[slot] = self._as_one(body, taken) if whole else self._made(body, taken)

    def _pullback(self, slot: int) -> Any:
        """How a step hands back to all its arguments together; None where each has a rule of its own."""
        return getattr(self.graph.operations[slot], "pullback", None)

    def _as_one(self, body: Callable[..., Any], arguments: list[Any]) -> Any:
        """What a body makes of its arguments, called as a whole."""
        xp, numbers = self._xp, tuple(map(plain, arguments))
        return self.calls.call(lambda *given: body(xp, *given), numbers, {})

    def _backward(self, seeds: Mapping[int, Value], results: Mapping[int, Value]) -> None:
        g = Gathered(self.calls, self.graph.shapes, self.plan.dtype, seeds)
        shapes, values = self.graph.shapes, self._values
        slots, idle = range(max(seeds), -1, -1), self.plan.without_gradient(everything=False)
        for slot, arguments, needed, elementwise in backward_program(self.graph, slots, idle):
            upstream = g.found.get(slot)
            if upstream is None or not needed:
                continue
            taken, y = [values[k] for k in arguments], values[slot]
            if (pullback := self._pullback(slot)) is not None:
                self._together(
                    g, [(k, a) for k, a, _ in needed], _with(pullback, self.graph.options[slot]), taken, upstream
                )
                continue
            for k, a, body in needed:
                if elementwise:
                    new = self._product(body, upstream, y, taken)
                    g.add(a, _unbroadcast(new, shapes[arguments[k]]))
                else:
                    vjp = _with(body, self.graph.options[slot])
                    g.add(a, self._made(vjp, [upstream, y, *taken]))
        for slot, place in results.items():
            others = [g.found.get(other) for other in results if other != slot]
            self._left(g.found.get(slot), place, others)

    def _together(
        self, g: Gathered, needed: list[tuple[int, int]], pullback: Callable[..., Any], taken: list[Any], upstream: Any
    ) -> None:
        """What a step hands back to all its arguments, which the last forward pass has left ready."""
        xp, numbers = self._xp, tuple(map(plain, taken))
        chosen, arriving = tuple(k for k, _ in needed), plain(upstream)

        def again() -> list[Any]:
            found: list[Any] = pullback(xp, arriving, None, chosen, *numbers)[0]
            return found

        places = [np.array(one) for one in again()]
        self.calls.made.append((_pulled_back, (places, again)))
        for (_, a), place in zip(needed, places, strict=True):
            g.add(a, self.calls.traced(place))

    def _product(self, partial: Any, upstream: Any, y: Any, taken: list[Any]) -> Any:
        """Upstream times local, where the local derivative has just been computed."""
        if partial is UNIT_SLOPE:
            return upstream
        before = len(self.calls.made)
        local = self._made(partial, [y, *taken])
        fresh = len(self.calls.made) > before  # and not y itself, as exp's is
        mine = fresh and isinstance(local, Traced) and self.calls.last_place is local.array
        if mine and isinstance(upstream, Traced) and local.dtype == upstream.dtype and local.shape == upstream.shape:
            product = np.asarray(local.array * upstream.array)
            if product.strides == local.array.strides:  # in another memory order, later sums would round otherwise
                self.calls.made.append((np.multiply, (local.array, upstream.array, local.array)))
                local.array[...] = product
                return local
        return local * upstream

    def _left(self, gradient: Any, place: Any, others: list[Any]) -> None:
        """See that a gradient ends up in its place; the `others` have places too, and may be the same array."""
        found = plain(gradient) if gradient is not None else 0.0
        worth = place.size >= LARGE or len(self.calls.made) <= FEW
        alone = worth and not any(_knows(plain(other), found) for other in others)
        if alone and isinstance(gradient, Traced) and self._moved(gradient.array, place):
            return
        self.calls.made.append((np.copyto, (place, found)))
        np.copyto(place, found)

    def _moved(self, made: Any, place: Any) -> bool:
        """Compute an array where it has to be, if nothing but its own call knows where it was."""
        if made.shape != place.shape or made.dtype != place.dtype or not made.flags.c_contiguous:
            return False
        calls = self.calls.made
        users = [k for k, (_, arguments) in enumerate(calls) if any(_knows(x, made) for x in arguments)]
        if len(users) != 1 or users[0] < len(self.forward):  # what the forward pass made stays
            return False
        function, arguments = calls[users[0]]
        calls[users[0]] = (function, tuple(place if x is made else x for x in arguments))
        np.copyto(place, made)
        return any(x is place for x in calls[users[0]][1])


class LatePart(NamedTuple):
    """A gradient that touches only a part, which depends on numbers: labels. `made` gives it at every run."""

    made: Callable[[], Part]


class Gathered:
    """Gradients by slot: the first that comes is taken as it is, others are added in a place of its own."""

    def __init__(self, calls: Calls, shapes: list[Shape], dtype: str, seeds: Mapping[int, Value]) -> None:
        self.calls, self.shapes, self.dtype = calls, shapes, dtype
        self.found: dict[int, Any] = dict(seeds)
        self._owned: set[int] = set()

    def add(self, slot: int, new: Any) -> None:
        """One contribution more."""
        before = self.found.get(slot)
        if isinstance(new, Part | LatePart):
            self._add_part(slot, before, new)
        elif before is None:
            self.found[slot] = new
        elif slot in self._owned:
            self._call(np.add, before.array, plain(new), before.array)
        else:
            self.found[slot] = self._sum(slot, plain(before), plain(new))

    def _sum(self, slot: int, before: Any, new: Any) -> Traced:
        """A place of the slot's own, in the memory order that NumPy gives the sum: later sums add up in that order."""
        self._owned.add(slot)
        total, shape = before + new, self.shapes[slot]
        place = np.array(total if np.shape(total) == shape else np.broadcast_to(total, shape))
        self.calls.made.append((np.add, (before, new, place)))
        return self.calls.traced(place)

    def _own(self, slot: int, before: Any) -> Traced:
        """A place of the slot's own, which begins with what was there before."""
        self._owned.add(slot)
        place = np.array(np.broadcast_to(plain(before), self.shapes[slot]))
        self._call(np.copyto, place, plain(before))
        return self.calls.traced(place)

    def _add_part(self, slot: int, before: Any, new: Part | LatePart) -> None:
        """A gradient that touches only a part, as `accumulate` has it."""
        if slot not in self._owned:
            self.found[slot] = self._own(slot, before if before is not None else np.zeros((), self.dtype))
        place = self.found[slot].array
        if isinstance(new, LatePart):
            self._call(_add_late, place, new.made)
        else:
            self._call(_add_at, place, tuple(map(plain, new.where)), plain(new.value), new.unique)

    def _call(self, function: Callable[..., None], *arguments: Any) -> None:
        self.calls.made.append((function, arguments))
        function(*arguments)


def _add_at(buffer: Any, where: Any, value: Any, unique: bool) -> None:
    if unique:
        buffer[(..., *where)] += value
    else:
        np.add.at(buffer, (..., *where), value)


def _add_late(buffer: Any, made: Callable[[], Part]) -> None:
    part = made()
    _add_at(buffer, part.where, part.value, part.unique)


def _pulled_back(places: list[Any], again: Callable[[], list[Any]]) -> None:
    for place, gradient in zip(places, again(), strict=True):
        np.copyto(place, gradient)


def _with(body: Callable[..., Any], options: Any) -> Callable[..., Any]:
    return lambda xp, *values: body(xp, options, *values)


def _unbroadcast(gradient: Any, shape: Shape) -> Any:
    """As the engine's: summed over the axes along which NumPy had spread the argument."""
    have: Shape = getattr(gradient, "shape", ())
    if have == shape:
        return gradient
    if not shape:
        return gradient.sum()
    extra = len(have) - len(shape)
    if have[extra:] == shape:
        return gradient.sum(axis=tuple(range(extra)))
    axes = tuple(k for k, size in enumerate(have) if k < extra or (shape[k - extra] == 1 and size != 1))
    return gradient.sum(axis=axes, keepdims=True).reshape(shape)


def _knows(argument: Any, made: Any) -> bool:
    """Whether an argument of a call is this array, or may be a view of it."""
    if isinstance(argument, tuple | list):
        return any(_knows(x, made) for x in argument)
    if isinstance(argument, dict):
        return any(_knows(x, made) for x in argument.values())
    return argument is made or (isinstance(argument, np.ndarray) and bool(np.may_share_memory(argument, made)))
