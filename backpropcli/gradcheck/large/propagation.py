"""How a perturbation propagates through each operation: by what is known of it, or by whole evaluation."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from backpropcli.gradcheck.large.sparsity import Array, Indices, Pattern, Sparsity, State, extent, own, region
from backpropcli.ops.definition import Elementwise, Operation, Structural
from backpropcli.ops.stacking import align, spread
from backpropcli.ops.table import tabled

if TYPE_CHECKING:
    from backpropcli.ops.shape import Shape


class Update:
    """One step made ready: what it reads, the pattern of its result, and what computes it for the copies."""

    __slots__ = ("dead", "pattern", "run", "slot", "watch", "work")

    def __init__(self, slot: int, pattern: Pattern, run: Callable[[State, Indices], Array], work: float) -> None:
        self.slot = slot
        self.pattern = pattern
        self.run = run
        self.work = work
        self.watch: Callable[[State, Indices], Array] | None = None
        self.dead: list[int] = []


class Propagation(Sparsity):
    """Updates that grow step by step: each is made ready for the patterns in which its arguments change."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.updates: list[Update] = []

    def add(self, slot: int) -> None:
        """The next step downstream."""
        operation = self.graph.operations[slot]
        changed = [a in self.patterns for a in self.graph.arguments[slot]]
        update = None
        if isinstance(operation, Elementwise):
            update = self._elementwise(slot, operation)
        elif isinstance(operation, Structural) and tabled(operation):
            if operation.matrix_product:
                update = self._product(slot, changed)
            elif operation.divisor is not None:
                update = self._sum(slot, operation, operation.divisor(self.graph.options[slot]))
            elif operation.by_axis and self.graph.shapes[self.graph.arguments[slot][0]]:
                update = self._by_axis(slot, operation)
            elif operation.each is not None:
                update = self._mean_of_each(slot, operation, operation.each)
            elif operation.permutes:
                update = self._permuted(slot)
        if update is None:
            update = self._whole(slot, operation)
        self.patterns[slot] = update.pattern
        self.updates.append(update)

    def _readers(self, slot: int, patterns: Sequence[Pattern]) -> list[Callable[[State, Indices], Array]]:
        """What gives each argument of a step in these patterns, lined up for broadcasting behind the copies."""
        arguments = self.graph.arguments[slot]
        ranks = [len(self.graph.shapes[a]) for a in arguments]
        widest = max(ranks)

        def reader(a: int, pattern: Pattern, rank: int) -> Callable[[State, Indices], Array]:
            if a in self.patterns:
                if self.patterns[a] == pattern:
                    if rank == widest:
                        return lambda state, index: state[a]
                    return lambda state, index: align(state[a], rank, widest)
                return lambda state, index: align(self.widened(a, state, pattern, index), rank, widest)
            if all(label is None for label in pattern):
                value = self.values[a]
                return lambda state, index: value
            return lambda state, index: align(self.base(a, pattern, index), rank, widest)

        return [reader(a, p, r) for a, p, r in zip(arguments, patterns, ranks, strict=True)]

    def _watch(
        self, body: Any, slot: int, patterns: Sequence[Pattern], readers: Sequence[Callable[[State, Indices], Array]]
    ) -> Callable[[State, Indices], Array]:
        """Whether the choice of a step differs from the one here, for every copy; `body` takes (xp, *arguments)."""
        arguments = self.graph.arguments[slot]
        ranks = [len(self.graph.shapes[a]) for a in arguments]
        widest = max(ranks)

        def turned(state: State, index: Indices) -> Array:
            there = np.asarray(body(self.xp, *[read(state, index) for read in readers]))
            here = np.asarray(
                body(
                    self.xp,
                    *[
                        align(self.base(a, p, index), r, widest)
                        for a, p, r in zip(arguments, patterns, ranks, strict=True)
                    ],
                )
            )
            changed = np.asarray(there != here)
            copies = len(index[0]) if index else len(next(iter(state.values())))
            if not changed.ndim or len(changed) != copies:  # the choice hangs on nothing that moves: the same for all
                return np.full(copies, bool(changed.any()))
            return changed.reshape(copies, -1).any(axis=1)

        return turned

    def _elementwise(self, slot: int, operation: Elementwise) -> Update:
        """Any operation on numbers, one at a time: where its arguments change, in the same places."""
        graph, shape, arguments = self.graph, self.graph.shapes[slot], self.graph.arguments[slot]
        pattern = self._common(arguments, shape)
        patterns = [own(pattern, graph.shapes[a]) for a in arguments]
        readers = self._readers(slot, patterns)
        body, xp = operation.value, self.xp

        def run(state: State, index: Indices) -> Array:
            return body(xp, *[read(state, index) for read in readers])

        update = Update(slot, pattern, run, region(shape, pattern) * operation.work + 1.0)
        if operation.branch is not None:
            update.watch = self._watch(operation.branch, slot, patterns, readers)
        return update

    def _common(self, arguments: Sequence[int], shape: Shape) -> Pattern:
        """The pattern in which a broadcast result changes: a label where all changed arguments have the same one."""
        found: list[int | None] = []
        for k in range(-len(shape), 0):
            labels = {
                self.patterns[a][k] if len(self.graph.shapes[a]) >= -k and self.graph.shapes[a][k] == shape[k] else None
                for a in arguments
                if a in self.patterns
            }
            found.append(labels.pop() if len(labels) == 1 else None)
        return tuple(found)

    def _product(self, slot: int, changed: Sequence[bool]) -> Update | None:
        """A matrix product: one entry, row or column of either side, as one row, one column or one outer product."""
        graph, (a, b) = self.graph, self.graph.arguments[slot]
        options = graph.options[slot]
        if not hasattr(options, "lifted") or all(changed) or max(len(graph.shapes[a]), len(graph.shapes[b])) > 2:
            return None
        if not all(np.isfinite(self.values[k]).all() for k in (a, b, slot)):
            return None  # what is added to infinity leaves no trace
        (rows, inner), (_, columns) = options.lifted
        A = np.broadcast_to(self.values[a], graph.shapes[a]).reshape(rows, inner)
        B = np.broadcast_to(self.values[b], graph.shapes[b]).reshape(inner, columns)
        across = np.ascontiguousarray(A.T)
        side = 0 if changed[0] else 1
        which = (a, b)[side]
        pattern = self.patterns[which]
        matrix = lifted(pattern, side)
        kept, summed = matrix[side], matrix[1 - side]  # the labels along the result, and along what is summed
        two = (kept, None) if side == 0 else (None, kept)
        result = tuple(label for label, argument in zip(two, (a, b), strict=True) if len(graph.shapes[argument]) == 2)

        def as_matrix(value: Array) -> Array:
            return value.reshape(len(value), *extent(options.lifted[side], matrix))

        def exchanged(new: Array, index: Indices) -> Array:
            """Of the terms that are summed only the one that changed is exchanged."""
            assert summed is not None
            moved = new - as_matrix(self.base(which, pattern, index))
            other = B[index[summed]][:, None, :] if side == 0 else across[index[summed]][:, :, None]
            product = moved * other
            product += np.reshape(self.base(slot, result, index), (-1, *product.shape[1:]))
            return product

        def multiplied(new: Array, index: Indices) -> Array:
            if side == 0:
                return (new.reshape(-1, inner) @ B).reshape(len(new), -1, columns)
            return (new.reshape(len(new), inner) @ across).reshape(len(new), rows, 1) if kept is not None else A @ new

        product = multiplied if summed is None else exchanged

        def run(state: State, index: Indices) -> Array:
            new = as_matrix(state[which])
            return product(new, index).reshape(len(new), *extent(graph.shapes[slot], result))

        dear = 2.0 if summed is not None else 1.0 + inner / 8.0
        return Update(slot, result, run, region(graph.shapes[slot], result) * dear + 1.0)

    def _sum(self, slot: int, operation: Structural, count: int) -> Update | None:
        """A sum or a mean of `count`: of the terms along a summed axis only the one that changed is exchanged."""
        graph, (a,), options = self.graph, self.graph.arguments[slot], self.graph.options[slot]
        shape, pattern = graph.shapes[a], self.patterns[a]
        axes = [k + len(shape) for k in options.axis]
        kept = [k for k in range(len(shape)) if k not in axes]
        result = (
            tuple(None if k in axes else pattern[k] for k in range(len(shape)))
            if options.keepdims
            else tuple(pattern[k] for k in kept)
        )
        behind = tuple(k + 1 for k in axes)
        body, xp = operation.value, self.xp
        size = region(shape, pattern) + 2.0
        if all(pattern[k] is None for k in axes):
            return Update(slot, result, lambda state, index: body(xp, options, state[a]), size)
        if not all(np.isfinite(self.values[k]).all() for k in (a, slot)):
            return None

        def run(state: State, index: Indices) -> Array:
            moved = (state[a] - self.base(a, pattern, index)).sum(axis=behind, keepdims=options.keepdims)
            return moved / count + self.base(slot, result, index)

        return Update(slot, result, run, size)

    def _by_axis(self, slot: int, operation: Structural) -> Update:
        """An operation along some axes: whole along them, and only in the places that are reached along the others."""
        graph, arguments, options = self.graph, self.graph.arguments[slot], self.graph.options[slot]
        shape = graph.shapes[arguments[0]]
        axes = {k + len(shape) for k in options.axis}
        common = self._common(arguments, shape)
        pattern = tuple(None if k in axes else label for k, label in enumerate(common))
        same = len(graph.shapes[slot]) == len(shape)
        result = pattern if same else tuple(label for k, label in enumerate(pattern) if k not in axes)
        patterns = [pattern] * len(arguments)
        readers = self._readers(slot, patterns)
        xp = self.xp

        def bound(given: Any) -> Callable[..., Array]:
            def body(xp: Any, *values: Array) -> Array:
                copies = max((v.shape[: v.ndim - len(shape)] for v in values), key=len)
                return given(xp, options, *[xp.broadcast_to(v, copies + v.shape[-len(shape) :]) for v in values])

            return body

        value = bound(operation.value)

        def run(state: State, index: Indices) -> Array:
            return value(xp, *[read(state, index) for read in readers])

        update = Update(slot, result, run, 15.0 * region(shape, pattern) + 1.0)
        if operation.branch is not None:
            update.watch = self._watch(bound(operation.branch), slot, patterns, readers)
        return update

    def _mean_of_each(self, slot: int, operation: Structural, each: Callable[..., Array]) -> Update | None:
        """A mean over examples: only what the examples that are reached contribute is exchanged."""
        graph, options, xp = self.graph, self.graph.options[slot], self.xp
        first, *others = self.graph.arguments[slot]
        shape = graph.shapes[first]
        if first not in self.patterns or any(a in self.patterns for a in others) or len(shape) < 2:
            return None
        examples = self.patterns[first][:-1]
        if all(label is None for label in examples) or not np.isfinite(self.values[slot]):
            return None
        own = [(*examples, None)[: len(graph.shapes[a])] for a in others]
        whole = each(xp, options, *[np.broadcast_to(self.values[a], graph.shapes[a]) for a in graph.arguments[slot]])
        behind = tuple(range(1, len(shape)))
        regions = [extent(graph.shapes[a], p) for a, p in zip(others, own, strict=True)]

        def run(state: State, index: Indices) -> Array:
            there = self.widened(first, state, (*examples, None), index)
            beside = [self.base(a, p, index) for a, p in zip(others, own, strict=True)]
            given = spread(xp, [there, *beside], [there.shape[1:], *regions])
            moved = each(xp, options, *given) - self.at(whole, examples, index)
            return moved.sum(axis=behind) / options.count + self.values[slot]

        return Update(slot, (), run, 15.0 * region(shape, (*examples, None)) + 2.0)

    def _permuted(self, slot: int) -> Update:
        """Axes in another order."""
        (a,), options = self.graph.arguments[slot], self.graph.options[slot]
        order = tuple(k + len(options.axes) for k in options.axes)
        pattern = tuple(self.patterns[a][k] for k in order)
        behind = (0, *(k + 1 for k in order))
        return Update(slot, pattern, lambda state, index: state[a].transpose(behind), 1.0)

    def _whole(self, slot: int, operation: Operation | None) -> Update:
        """Anything else: all of it is computed, in stacked copies."""
        graph, arguments, options = self.graph, self.graph.arguments[slot], self.graph.options.get(slot)
        shapes = [graph.shapes[a] for a in arguments]
        whole = [(None,) * len(s) for s in shapes]
        given: Any = operation
        xp = self.xp

        def values(state: State, index: Indices) -> list[Array]:
            found = [
                self.widened(a, state, p, index) if a in self.patterns else self.values[a]
                for a, p in zip(arguments, whole, strict=True)
            ]
            return spread(xp, found, shapes)

        update = Update(
            slot,
            (None,) * len(graph.shapes[slot]),
            lambda s, i: given.value(xp, options, *values(s, i)),
            4.0 * sum(math.prod(s) for s in [*shapes, graph.shapes[slot]]) + 10.0,
        )
        if given.branch is not None:

            def turned(state: State, index: Indices) -> Array:
                there = np.asarray(given.branch(xp, options, *values(state, index)))
                return (there != np.asarray(self.point.branch_here(slot))).reshape(len(there), -1).any(axis=1)

            update.watch = turned
        return update


def lifted(pattern: Pattern, side: int) -> Pattern:
    """The pattern of a product's side as a matrix: a vector on the left is a row, one on the right a column."""
    if len(pattern) == 2:
        return pattern
    return (None, *pattern) if side == 0 else (*pattern, None)
