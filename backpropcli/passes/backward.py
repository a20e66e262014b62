"""The backward pass: reverse-mode automatic differentiation. The engine alone multiplies upstream by local."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from backpropcli.ops.definition import UNIT_SLOPE, XP, Body, Elementwise, Part, Value
from backpropcli.ops.stacking import align, copies, spread
from backpropcli.passes.stepping import GENERAL, UNARY, odd_case

if TYPE_CHECKING:
    from backpropcli.graph import Graph
    from backpropcli.ops.shape import Shape

Gradients = list[Value | None]
"""By slot: the gradient of the chosen node; None where no path leads to it (a gradient of 0)."""


BackStep = tuple[int, tuple[int, ...], list[tuple[int, int, Body]], bool]
"""One step of the way back: (slot, arguments, needed, elementwise); `needed` has a (position, slot, partial or vjp) for
each argument that gets a gradient."""

ScalarBackStep = tuple[int, int, Body | None, int, Body | None, tuple[int, ...]]
"""The same among plain numbers: (slot, a, partial of a, b, partial of b, arguments), a partial None where no gradient
is needed. b is UNARY for one argument; for three or more, each argument that needs a gradient has a step of its own
with b = GENERAL."""


def program(graph: Graph, slots: Iterable[int], idle: bytearray) -> Iterator[BackStep]:
    """The steps among `slots`, ready to run backward in that order; slots marked in `idle` get no gradient."""
    for slot in slots:
        operation, arguments = graph.operations[slot], graph.arguments[slot]
        if operation is None:
            continue
        elementwise = isinstance(operation, Elementwise)
        if operation.stops:
            continue
        if isinstance(operation, Elementwise):
            needed = [(k, a, operation.partials[k]) for k, a in enumerate(arguments) if not idle[a]]
        else:
            needed = [(k, a, rule(operation, k)) for k, a in enumerate(arguments) if not idle[a]]
        if needed or getattr(operation, "pullback", None):  # what it is made of may have gradients to show
            yield slot, arguments, needed, elementwise


def scalar_program(graph: Graph, slots: Iterable[int], idle: bytearray) -> Iterator[ScalarBackStep]:
    """The same for a graph of plain numbers, where every operation is elementwise."""
    operations: list[Any] = graph.operations
    every = graph.arguments
    for slot in slots:
        operation = operations[slot]
        if operation is None:
            continue
        arguments, partials = every[slot], operation.partials
        if len(arguments) == 2:
            a, b = arguments
            yield slot, a, None if idle[a] else partials[0], b, None if idle[b] else partials[1], arguments
        elif len(arguments) == 1:
            a = arguments[0]
            yield slot, a, None if idle[a] or operation.stops else partials[0], UNARY, None, arguments
        else:
            for a, partial in zip(arguments, partials, strict=True):
                if not idle[a]:
                    yield slot, a, partial, GENERAL, None, arguments


def rule(operation: Any, k: int) -> Body:
    """How argument `k` of a structural operation gets its gradient: a vector-Jacobian product."""
    if operation.variadic:
        vjp: Body = operation.vjps[0]
        return lambda xp, o, g, y, *values: vjp(xp, o, g, y, k, *values)
    product: Body = operation.vjps[k]
    return product


def backward_scalars(steps: Iterable[ScalarBackStep], v: list[Value], g: Gradients, xp: XP) -> None:
    """Run the steps of a graph of plain numbers: for each, upstream times local, added to what is there."""
    for slot, a, partial_a, b, partial_b, arguments in steps:
        upstream = g[slot]
        if upstream is None:
            continue
        y = v[slot]
        if partial_a is not None:
            try:
                if b >= 0:
                    local = partial_a(xp, y, v[a], v[b])
                elif b == UNARY:
                    local = partial_a(xp, y, v[a])
                else:
                    local = partial_a(xp, y, *[v[k] for k in arguments])
            except (ArithmeticError, ValueError):
                local = odd_case(partial_a, y, *[v[k] for k in arguments])
            before = g[a]
            g[a] = upstream * local if before is None else before + upstream * local
        if partial_b is not None:
            try:
                local = partial_b(xp, y, v[a], v[b])
            except (ArithmeticError, ValueError):
                local = odd_case(partial_b, y, v[a], v[b])
            before = g[b]
            g[b] = upstream * local if before is None else before + upstream * local


def backward_arrays(steps: Iterable[BackStep], v: list[Value], g: Gradients, xp: XP, graph: Graph) -> None:
    """Run the steps of any graph; gradients of a value used many times gather in a buffer that the engine owns."""
    shapes = graph.shapes
    owned: set[int] = set()
    for slot, arguments, needed, elementwise in steps:
        upstream = g[slot]
        if upstream is None:
            continue
        values, y = [v[k] for k in arguments], v[slot]
        own = [shapes[k] for k in arguments]
        lead = copies(upstream, len(shapes[slot]))
        if elementwise:
            rank = len(shapes[slot])
            if lead:
                values = [align(x, len(s), rank) for x, s in zip(values, own, strict=True)]
            for k, a, partial in needed:
                # One expression, the fresh array first: NumPy then multiplies in place instead of into new memory.
                product = upstream if partial is UNIT_SLOPE else partial(xp, y, *values) * upstream
                accumulate(xp, g, owned, a, unbroadcast(product, own[k], len(lead)), lead, own[k])
        else:
            options = graph.options[slot]
            if lead:
                values = spread(xp, [upstream, y, *values], [shapes[slot], shapes[slot], *own])[2:]
            operation: Any = graph.operations[slot]
            if operation.pullback is not None:
                chosen = tuple(k for k, _, _ in needed)
                found, g[slot] = operation.pullback(xp, options, upstream, y, chosen, *values)
                for (k, a, _), new in zip(needed, found, strict=True):
                    accumulate(xp, g, owned, a, new, lead, own[k])
                for member, window in options.members.items():  # what later turns hand back has come to them too
                    g[member] = window(xp, g[slot])
                continue
            for k, a, vjp in needed:
                accumulate(xp, g, owned, a, vjp(xp, options, upstream, y, *values), lead, own[k])


def accumulate(
    xp: XP, g: Gradients, owned: set[int], slot: int, new: Value | Part, lead: tuple[int, ...], shape: Shape
) -> None:
    """Add one contribution to a slot's gradient; the first may be somebody's array, so only sums are written into."""
    before = g[slot]
    if isinstance(new, Part):
        if slot not in owned:
            buffer = xp.zeros(lead + shape)
            if before is not None:
                buffer = roomy(buffer, before)
                buffer[...] += before  # and not a sum, which is no array where the shape is ()
            g[slot] = buffer
            owned.add(slot)
        where = (..., *new.where)
        g[slot] = roomy(g[slot], new.value)
        if new.unique:
            g[slot][where] += new.value  # type: ignore[index]  # a buffer since the lines above
        else:
            xp.add_at(g[slot], where, new.value)
    elif before is None:
        g[slot] = new
    elif slot in owned:
        before = roomy(before, new)
        before += new
        g[slot] = before
    else:
        g[slot] = before + new
        if getattr(g[slot], "ndim", 0):
            owned.add(slot)


def roomy(buffer: Value, new: Value) -> Value:
    """The buffer, of objects where such are to be added to it (a careful pass has NOTHING among them)."""
    kind = new.dtype.kind if hasattr(new, "dtype") else "f" if isinstance(new, int | float) else "O"
    return buffer.astype(object) if kind == "O" != buffer.dtype.kind else buffer


def finite(gradients: Iterable[Value | None]) -> bool:
    """Whether all of them are; False too where they only add up to infinity."""
    for g in gradients:
        if g is not None:
            total = g.sum() if getattr(g, "ndim", 0) else g
            if total - total != 0.0:
                return False
    return True


def finite_numbers(gradients: Gradients) -> bool:
    """The same of plain numbers, at a few nanoseconds each."""
    try:
        total = sum(filter(None, gradients))
    except ValueError:  # stacked copies of numbers are arrays
        return finite(gradients)
    return bool(total - total == 0.0)


def unbroadcast(gradient: Value, shape: Shape, lead: int) -> Value:
    """The gradient summed over the axes along which NumPy had spread the argument; `lead` axes in front are kept."""
    have: Shape = getattr(gradient, "shape", ())[lead:]  # a plain number of the namespace may have no shape
    if have == shape:
        return gradient
    extra = len(have) - len(shape)
    axes = tuple(lead + k for k, size in enumerate(have) if k < extra or (shape[k - extra] == 1 and size != 1))
    if not shape and not lead:
        return gradient.sum()
    return gradient.sum(axis=axes, keepdims=True).reshape(gradient.shape[:lead] + shape)
