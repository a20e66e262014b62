"""Stages: what is worked out in one go, a node's whole formula, or a sub-step `J.1` of a compound array formula."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.derivation.piecewise import Prime, textbook
from backpropcli.language.formula.derivative import derivative
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.steps import constant, step_formula
from backpropcli.language.formula.tree import (
    Binary,
    Call,
    Expression,
    Index,
    Name,
    Number,
    Sequence,
    Unary,
    longer,
    postorder,
)
from backpropcli.notation.numbers import exact
from backpropcli.ops.definition import Elementwise, Operation, Structural
from backpropcli.ops.makers import Splitter
from backpropcli.ops.table import INFIX, PREFIX, TABLE, lookup

if TYPE_CHECKING:
    from backpropcli.graph import Graph, Node
    from backpropcli.ops.refused import Refused

MOST_READ = 24
"""A local derivative of more parts than these is worked out step by step."""
MOST_LISTED = 12
"""An array of constants that the steps of a function have is written out up to so many entries."""
MOST_PARTS = 400
"""A formula put together from steps (a function's, written out) is shown as one only up to this size."""


class Stage(NamedTuple):
    """`name = formula`, with what the formula uses.

    `shown` is the formula as it was written, `formula` the one to differentiate (functions written out; mostly the
    same). `operation` is the structural operation that this stage is, None where the formula is elementwise.
    `arguments` are its labels by position, None for constants.
    """

    name: str
    slot: int
    node: str
    shown: Expression
    formula: Expression
    inputs: tuple[str, ...]
    operation: Structural | None = None
    arguments: tuple[str | None, ...] = ()

    whole: bool = True
    """Whether this is the node as its author wrote it, not its last sub-step."""

    own: Mapping[str, Operation] = MappingProxyType({})
    """The spec's own operations (functions with a gradient) by name."""

    steps: tuple[int, ...] = ()
    """The slots of the steps that it consists of, in evaluation order."""

    places: Mapping[int, int] | None = None
    """The slot of each operation in `formula`, by the id of its part; None where nobody has looked yet."""

    derived: dict[str, tuple[Expression, list[Prime]]] | None = None
    """The local derivatives that were worked out already, by name."""

    def find(self, name: str) -> object:
        """The operation of a name."""
        return self.own.get(name) or lookup(name)

    def derivative(self, name: str) -> Expression | None:
        """The textbook derivative with respect to one of the inputs; None where there is no such formula."""
        if self.operation is not None:
            return None
        found = derivative(self.formula, name, self.find)
        strange = found is not None and any(
            isinstance(part, Call) and part.prime and self.find(part.name) is None for part in postorder(found)
        )
        return None if strange else found

    def local(self, name: str) -> tuple[Expression, list[Prime]] | None:
        """The same as it is shown, `a1*(1 - a1)`, and the primes in it; None where there is none."""
        if self.derived is not None and name in self.derived:
            return self.derived[name]
        formula = self.derivative(name)
        if formula is None:
            return None
        found = textbook(formula, self.formula, self.name, self.find)
        if self.derived is not None:
            self.derived[name] = found
        return found


def stages(graph: Graph, labels: dict[int, str]) -> Iterator[Stage]:
    """Every stage of a graph, in evaluation order; `labels` are `graph.labels()`."""
    for node in graph.nodes.values():
        if node.kind == "node":
            yield from _of_node(graph, node, labels)


def step_formulas(graph: Graph, node: Node, labels: dict[int, str]) -> dict[int, Expression]:
    """Each step of a node as a formula of its own, by slot: as it was written, where that can be found again."""
    written = parse(node.formula, graph.nodes)
    places = paired(graph, node, written)
    if places is not None:
        return {stage.slot: stage.shown for stage in _cut(graph, written, places, node, labels, all_of_them=True)}
    return {slot: _primitive(graph, slot, node, labels).shown for slot in graph.steps(node.name)}


def primitive_stages(graph: Graph, labels: dict[int, str]) -> Iterator[Stage]:
    """Every step inside the formulas as a stage of its own, in evaluation order."""
    for node in graph.nodes.values():
        for slot in graph.steps(node.name):
            yield _primitive(graph, slot, node, labels)


def _of_node(graph: Graph, node: Node, labels: dict[int, str]) -> list[Stage]:
    written = parse(node.formula, graph.nodes)
    steps = graph.steps(node.name)
    own = _own(graph, steps)
    if longer(written, MOST_PARTS):
        pass  # as one line it could not be read; and each of a thousand inputs would have a derivative as long as it
    elif all(isinstance(graph.operations[slot], Elementwise) for slot in steps):
        stage = Stage(
            node.name, node.slot, node.name, written, written, node.inputs, own=own, steps=tuple(steps), derived={}
        )
        if all(_readable(stage, name) for name in node.inputs):
            return [stage]
        formula, places = _spelled_out(graph, node, labels)
        if formula is not None:
            stage = stage._replace(formula=formula, places=places, derived={})
            if all(_readable(stage, name) for name in node.inputs):
                return [stage]
    else:
        slots = paired(graph, node, written)
        if slots is not None:
            found = _cut(graph, written, slots, node, labels)
            if all(s.operation or all(_readable(s, name) for name in s.inputs) for s in found):
                return found
    return [_primitive(graph, slot, node, labels)._replace(own=own) for slot in steps]


def _readable(stage: Stage, name: str) -> bool:
    """Whether there is a derivative, and one that fits on a line; else the formula is worked through step by step."""
    found = stage.local(name)
    return found is not None and not longer(found[0], MOST_READ)


def _own(graph: Graph, slots: Iterable[int]) -> dict[str, Operation]:
    """The operations among some steps that the table does not have."""
    operations = (graph.operations[slot] for slot in slots)
    return {op.name: op for op in operations if op is not None and TABLE.get(op.name) is not op}


def paired(graph: Graph, node: Node, written: Expression) -> dict[int, int] | None:
    """The slot of each operation in a formula, by the id of its part; None where they do not correspond one to one.

    Steps follow the formula's parts, left before right, parts before the whole; parts made of constants have none.
    """
    result: dict[int, int] = {}
    own = _own(graph, graph.steps(node.name))
    steps = iter(graph.steps(node.name))
    stack: list[bool] = []  # does the part depend on a name of the network?
    for part in postorder(written):
        count = len(part.parts())
        depends = any(stack[len(stack) - count :]) if count else False
        del stack[len(stack) - count :]
        if isinstance(part, Name):
            depends = not part.prefix and part.name in graph.nodes
        elif depends and (operation := _operation(part, own)) is not None:
            slot = next(steps, None)
            if slot is None or graph.operations[slot] is not operation or id(part) in result:
                return None
            result[id(part)] = slot
        stack.append(depends)
    return result if next(steps, None) is None else None


def _operation(part: Expression, own: Mapping[str, Operation]) -> Operation | None:
    """The operation that a part of a formula stands for, if it is one."""
    found: Operation | Refused | None
    match part:
        case Binary(sign=sign):
            return INFIX.get(sign)
        case Unary(sign=sign):
            found = PREFIX.get(sign)
        case Call(name=name):
            found = own.get(name) or lookup(name)
        case Index():
            found = lookup("getitem")
        case _:
            return None
    return found if isinstance(found, Operation) and not isinstance(found, Splitter) else None


def _cut(
    graph: Graph,
    written: Expression,
    slots: dict[int, int],
    node: Node,
    labels: dict[int, str],
    all_of_them: bool = False,
) -> list[Stage]:
    """The stages of a formula: each structural operation one, and each elementwise piece between them.

    `all_of_them`: every operation is a stage.
    """
    cut = {id(written)} if not all_of_them else set(slots)
    for part in postorder(written) if not all_of_them else ():
        if id(part) in slots and not isinstance(graph.operations[slots[id(part)]], Elementwise):
            cut.add(id(part))
            cut.update(id(p) for p in _within(part) if id(p) in slots)
    known = {*node.inputs, *(labels[slot] for slot in slots.values())}
    places: dict[int, int] = {}
    result = []
    stack: list[Expression] = []
    for part in postorder(written):
        count = len(part.parts())
        inside = tuple(stack[len(stack) - count :])
        del stack[len(stack) - count :]
        now = part.with_parts(inside) if count else part
        if id(part) in slots:
            places[id(now)] = slots[id(part)]
        if id(part) in slots and id(part) in cut:
            slot = slots[id(part)]
            operation = graph.operations[slot]
            structural = operation if isinstance(operation, Structural) else None
            arguments = tuple(labels.get(a) for a in graph.arguments[slot])
            inputs, whole = _inputs(now, known), len(cut) == 1
            own = {id(p): places[id(p)] for p in postorder(now) if id(p) in places}
            result.append(
                Stage(
                    labels[slot],
                    slot,
                    node.name,
                    now,
                    now,
                    inputs,
                    structural,
                    arguments,
                    whole,
                    steps=tuple(sorted(own.values())),
                    places=own,
                    derived={},
                )
            )
            now = Name(labels[slot])
        stack.append(now)
    return result


def _within(part: Expression) -> Iterator[Expression]:
    """The arguments of a structural operation, looking through lists."""
    for inner in part.parts():
        yield inner
        if isinstance(inner, Sequence):
            yield from inner.parts()


def _inputs(formula: Expression, known: set[str]) -> tuple[str, ...]:
    """The labels that a formula uses, in the order in which they appear, each once."""
    names = (part.name for part in postorder(formula) if isinstance(part, Name) and not part.prefix)
    return tuple(dict.fromkeys(name for name in names if name in known))


def _step(graph: Graph, slot: int, arguments: list[Expression]) -> Expression:
    """One step as an expression of its arguments."""
    operation = graph.operations[slot]
    assert operation is not None
    return step_formula(operation, arguments, graph.options.get(slot))


def _constant(graph: Graph, slot: int) -> Expression:
    value = graph.constants[slot]
    if not (shape := getattr(value, "shape", ())):
        return Number(float(value), exact(value))
    written = constant(value.tolist()) if prod(shape) <= MOST_LISTED else None
    return written or Name("mask" if slot in graph.drawn else "constant")


def _spelled_out(
    graph: Graph, node: Node, labels: dict[int, str]
) -> tuple[Expression | None, Mapping[int, int] | None]:
    """A node's formula put together from its steps, functions written out, and its parts' slots.

    None where that gets too long.
    """
    parts: dict[int, Expression] = {}
    sizes: dict[int, int] = {}
    for slot in graph.steps(node.name):
        inside = []
        for a in graph.arguments[slot]:
            if a in graph.constants:
                inside.append(_constant(graph, a))
            else:
                inside.append(parts.get(a) or Name(labels[a]))
        sizes[slot] = 1 + sum(sizes.get(a, 1) for a in graph.arguments[slot])
        if sizes[slot] > MOST_PARTS:
            return None, None
        parts[slot] = _step(graph, slot, inside)
    return parts[node.slot], {id(part): slot for slot, part in parts.items()}


def _primitive(graph: Graph, slot: int, node: Node, labels: dict[int, str]) -> Stage:
    """One step as a stage of its own: right for every formula, if not the way in which it was written."""
    operation = graph.operations[slot]
    slots = graph.arguments[slot]
    formula = _step(graph, slot, [_constant(graph, a) if a in graph.constants else Name(labels[a]) for a in slots])
    arguments = tuple(labels.get(a) for a in slots)
    inputs = tuple(dict.fromkeys(name for name in arguments if name is not None))
    structural = operation if isinstance(operation, Structural) else None
    whole = slot == node.slot and not any(graph.operations[k] is not None for k in range(slot - 1, node.first - 1, -1))
    return Stage(
        labels[slot],
        slot,
        node.name,
        formula,
        formula,
        inputs,
        structural,
        arguments,
        whole,
        steps=(slot,),
        places={id(formula): slot},
    )
