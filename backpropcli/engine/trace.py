"""A trace: what one run computed, every value and gradient, and the local derivatives between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.errors import SpecError
from backpropcli.ops.definition import XP, Elementwise, Value
from backpropcli.ops.numbers.careful import careful, settled
from backpropcli.ops.shape import show_shape
from backpropcli.passes.backward import Gradients, finite
from backpropcli.passes.stepping import odd_case, quietly
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.engine.plan import Plan
    from backpropcli.graph import Graph


class Trace:
    """Values and gradients by name.

    `of` is the node that was differentiated (None after a forward pass alone), `slots` all values by slot, `gradients`
    the gradients of `of` by slot, None where no path leads from there to `of`. Numbers are floats, arrays are NumPy's,
    of the shape that `graph.shape(name)` gives. `start` is the upstream gradient that the backward pass began with,
    where it is not that of `of` any more: what runs through time adds to it.
    """

    def __init__(
        self,
        plan: Plan,
        of: str | None,
        slots: list[Value],
        gradients: Gradients,
        everything: bool,
        start: Value | None = None,
    ) -> None:
        self.plan = plan
        self.graph: Graph = plan.graph
        self.of = of
        self.slots = slots
        self.gradients = gradients
        self.everything = everything
        self.start = start

    def value(self, name: str) -> Any:
        """The value of an input, target, parameter or node: a float or an array."""
        return plain(self.slots[self._slot(name)], self.graph.shape(name))

    def gradient(self, name: str, of: str | None = None) -> Any:
        """d(of)/d(name), of the shape of `name`: a float or an array; 0 where no path leads from `name` to `of`.

        `of` is the node that was differentiated unless another is named (which costs a backward pass). Raises
        SpecError for an unknown name or an `of` that is not one number.
        """
        slot = self._slot(name)
        gradients = self.gradients
        kind = self.graph.nodes[name].kind
        if of is not None and of != self.of:
            gradients = self.plan.backward(self.slots, {self._slot(of): seed(self.plan, of, None)})
        elif self.of is None:
            raise SpecError("there are no gradients: only the forward pass was run")
        elif kind in ("input", "target") and not self.everything:
            gradients = self.gradients = self.plan.backward(self.slots, self.seeds())
            self.everything = True
        return plain(gradients[slot], self.graph.shape(name), self.plan.dtype)

    def entry_gradient(self, name: str, of: str, at: tuple[int, ...]) -> Any:
        """d(of[at])/d(name) for one entry of an array, of the shape of `name`; costs a backward pass."""
        start = one_entry(self.graph.shape(of), at, of)
        gradients = self.plan.backward(self.slots, {self._slot(of): seed(self.plan, of, start)})
        return plain(gradients[self._slot(name)], self.graph.shape(name), self.plan.dtype)

    def seeds(self) -> dict[int, Value]:
        """The upstream gradient that the backward pass started from, by slot."""
        assert self.of is not None
        slot = self._slot(self.of)
        return {slot: self.gradients[slot] if self.start is None else self.start}

    def reaches(self, name: str) -> bool:
        """Whether a path leads from `name` to the node that was differentiated."""
        return self.gradients[self._slot(name)] is not None

    def paths(self, name: str) -> list[str]:
        """The nodes that use `name` and lead to the loss: the gradient of `name` is the sum over them."""
        if not hasattr(self, "_users"):
            self._users = self.graph.users()
        return [user for user in self._users[name] if self.reaches(user)]

    def contribution(self, name: str, argument: str) -> Any:
        """The part of the gradient of `argument` that comes through node `name`, which uses it."""
        node, slot = self.graph.nodes[name], self._slot(argument)
        upstream = self.gradients[node.slot]
        if upstream is None:
            return plain(None, self.graph.shape(argument), self.plan.dtype)
        through = self.plan.backward(self.slots, {node.slot: upstream}, until=node.first)
        return plain(through[slot], self.graph.shape(argument), self.plan.dtype)

    def local(self, name: str, argument: str) -> Any:
        """The local derivative d(name)/d(argument) through the formula of `name` alone, entry by entry.

        A float for plain numbers, else an array that broadcasts to the shape of `name`; None where the formula is not
        elementwise between the two (a matrix product, a sum): there is no single local derivative then.
        """
        result = self.tangent(name, argument)
        if result is None:
            return None
        return result if getattr(result, "ndim", 0) else float(result)

    def tangent(self, name: str, argument: str) -> Value | None:
        """The same as a number of the plan's own."""
        return self.along(self.graph.steps(name), self._slot(argument), self._slot(name))

    def along(self, steps: Sequence[int], argument: int, result: int, marked: bool = False) -> Value | None:
        """The local derivative of one slot with respect to another, through these steps alone, in evaluation order.

        `marked`: a 0 that means that the result does not look at the argument here is an `Unreached` (see `nothing`).
        """
        xp = self.plan.numbers()
        with quietly(xp):
            found = None if marked else self._carried(steps, argument, result, xp)
            if found is not None and finite([found]):
                return found
            return settled(self._carried(steps, argument, result, careful(xp)), xp)

    def _carried(self, steps: Sequence[int], argument: int, result: int, xp: XP) -> Value | None:
        tangent: dict[int, Value] = {argument: 1.0}
        for slot in steps:
            arguments = self.graph.arguments[slot]
            moving = [k for k, a in enumerate(arguments) if a in tangent]
            if moving and not isinstance(self.graph.operations[slot], Elementwise):
                return None
            total: Value = None
            for k in moving:
                term = self.partial(slot, k, xp) * tangent[arguments[k]]
                total = term if total is None else total + term
            if moving:
                tangent[slot] = total
        return tangent.get(result, 0.0)

    def partial(self, slot: int, k: int, xp: XP | None = None) -> Value:
        """The local derivative of an elementwise step with respect to its argument number `k`, at this run's point."""
        operation, xp = self.graph.operations[slot], xp or self.plan.numbers()
        if not isinstance(operation, Elementwise):
            raise TypeError(f"{operation} has no local derivative entry by entry")
        values = [self.slots[a] for a in self.graph.arguments[slot]]
        try:
            with quietly(xp):
                return operation.partials[k](xp, self.slots[slot], *values)
        except (ArithmeticError, ValueError):
            return odd_case(operation.partials[k], self.slots[slot], *values)

    def jacobian(self, slot: int, argument: int) -> Any:
        """All local derivatives of one step by one of its arguments: an array of the step's shape, then the argument's.

        A float where both are numbers. Costs a backward pass through the step for each of its entries.
        """
        shape, own = self.graph.shapes[slot], self.graph.shapes[argument]
        if not shape:
            gradients = self.plan.backward(self.slots, {slot: 1.0}, until=slot)
            return plain(gradients[argument], own, self.plan.dtype)
        import numpy as np

        rows = []
        for at in np.ndindex(*shape):
            gradients = self.plan.backward(self.slots, {slot: one_entry(shape, at, "")}, until=slot)
            rows.append(plain(gradients[argument], own, self.plan.dtype))
        return np.array(rows).reshape((*shape, *own))

    def whole(self, value: Value | None, shape: tuple[int, ...]) -> Any:
        """A slot's value as users get it, of its full shape; None (no path) is 0."""
        return plain(value, shape, self.plan.dtype)

    def _slot(self, name: str) -> int:
        if name not in self.graph.nodes:
            raise SpecError(f"there is no {name} in this network{did_you_mean(name, self.graph.nodes)}")
        return self.graph.nodes[name].slot


def run(
    plan: Plan,
    values: Mapping[str, Value],
    of: str | None,
    upstream: Value | None = None,
    everything: bool = False,
) -> Trace:
    """Run forward, and backward from node `of` unless it is None.

    `upstream` (the shape of `of`) is needed where `of` is not one number. With `everything`, inputs and targets get
    gradients too. Raises SpecError where `of` is not a scalar and no upstream gradient is given.
    """
    slots = plan.forward(values)
    if of is None:
        return Trace(plan, None, slots, [None] * len(slots), everything)
    start = seed(plan, of, upstream)
    gradients = plan.backward(slots, {plan.graph.nodes[of].slot: start}, everything=everything)
    return Trace(plan, of, slots, gradients, everything, start)


def seed(plan: Plan, of: str, upstream: Value | None) -> Value:
    """The upstream gradient at `of` as a number of the plan: 1, or the one given."""
    shape = plan.graph.shape(of)
    xp = plan.numbers()
    if upstream is None:
        if shape:
            ones = ",".join("1" for _ in range(shape[0])) if len(shape) == 1 and shape[0] <= 8 else ""
            raise NotScalarError(
                f"{of} has shape {show_shape(shape)}, and gradients need one number",
                hint="Write sum(...) or mean(...) around it, or give its upstream gradient:  backprop run --upstream "
                + (ones or "1 (the same for every entry)"),
            )
        return xp.number(1.0)
    given: tuple[int, ...] = getattr(upstream, "shape", ())
    if given == shape:
        return xp.asarray(upstream) if shape else xp.number(float(upstream))
    if not given:
        return xp.broadcast_to(xp.asarray(upstream), shape)
    raise SpecError(
        f"the upstream gradient has shape {show_shape(given)}, but {of} has shape {show_shape(shape)}",
        hint=f"It has one number for every entry of {of}.",
    )


def one_entry(shape: tuple[int, ...], at: Sequence[int], name: str) -> Value:
    """The upstream gradient that asks for one entry of an array: 1 there, 0 elsewhere.

    Raises SpecError where there is no such entry, or more than one.
    """
    if not fits(shape, at) or len(at) != len(shape):
        raise SpecError(f"{name}[{', '.join(map(str, at))}] is no entry: {indices(name, shape)}")
    import numpy as np

    result = np.zeros(shape)
    result[tuple(at)] = 1.0
    return result


def one_place(name: str, shape: tuple[int, ...], index: Sequence[int], why: str) -> tuple[int, ...]:
    """The entry that an index names, counted from the front; SpecError, which says `why`, where it names none."""
    if len(index) == len(shape) and all(-n <= k < n for k, n in zip(index, shape, strict=True)):
        return tuple(k % n for k, n in zip(index, shape, strict=True))
    if index:
        known = f"has shape {show_shape(shape)}" if shape else "is one number"
        raise SpecError(f"there is no {name}[{', '.join(map(str, index))}]: {name} {known}")
    raise SpecError(
        f"{name} has shape {show_shape(shape)}: {why}",
        hint=f"Name an entry, such as {name}[{', '.join('0' for _ in shape)}]",
    )


def fits(shape: tuple[int, ...], at: Sequence[Any]) -> bool:
    """Whether whole numbers and slices are an index of an array, or of a part of it."""
    pairs = zip(at, shape, strict=False)
    return len(at) <= len(shape) and all(isinstance(k, slice) or -size <= k < size for k, size in pairs)


def indices(name: str, shape: tuple[int, ...]) -> str:
    """Which indices a value has, in words: `W has shape (2,3), its indices go from [0, 0] to [1, 2]`."""
    if not shape:
        return f"{name} is one number, without indices"
    if 0 in shape:
        return f"{name} has shape {show_shape(shape)}, and is empty"
    first, last = [0] * len(shape), [size - 1 for size in shape]
    return f"{name} has shape {show_shape(shape)}, its indices go from {first} to {last}"


class NotScalarError(SpecError):
    """The node to be differentiated is not a scalar."""


def plain(value: Value, shape: tuple[int, ...], dtype: str = "float64") -> Any:
    """A result as users get it: a float, or an array of the full shape; None (no path) is 0."""
    if not shape:
        return 0.0 if value is None else float(value)
    import numpy as np

    if value is None:
        return np.zeros(shape, dtype)
    return np.asarray(value) if np.shape(value) == shape else np.broadcast_to(value, shape)
