"""A function of whole arrays whose vector-Jacobian product its author derived by hand: an operation that is a graph.

Its value and, for each argument, the gradient that its author gives (in which `upstream` is the upstream gradient, of
the shape of the value) are formulas, lowered anew for the shapes of each call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backpropcli.errors import OperationError
from backpropcli.graph import Graph
from backpropcli.language.formula.functions import UPSTREAM, Function
from backpropcli.language.formula.lower import Lowering
from backpropcli.language.formula.tree import Expression
from backpropcli.ops.definition import XP, Body, Elementwise, Options, Shape, Structural, Value, show_shape
from backpropcli.ops.stacking import lifted, together


def composite(
    function: Function, functions: Mapping[str, Function], textbook: Mapping[str, str], formula: str
) -> Structural:
    """The operation `function`; `textbook` has the text of each gradient, `formula` that of the value.

    The planner raises FormulaError or OperationError where a formula does not fit the shapes of a call.
    """
    assert function.gradient is not None
    gradient = function.gradient

    def planner(shapes: Sequence[Shape]) -> tuple[Shape, Options]:
        given = dict(zip(function.arguments, shapes, strict=True))
        value = Inner(function, function.value, functions, given)
        products = []
        for argument, shape in given.items():
            inner = Inner(function, gradient[argument], functions, {**given, UPSTREAM: value.shape})
            if inner.shape != shape:
                raise OperationError(
                    f"{function}: its gradient for {argument} has shape {show_shape(inner.shape)}, "
                    f"but {argument} has shape {show_shape(shape)}",
                    hint=f"The upstream gradient has shape {show_shape(value.shape)}, as the value.",
                )
            products.append(inner)
        return value.shape, Options(value=value, products=products)

    return Structural(
        function.name,
        " ".join(function.arguments),
        "a function of this network, its gradient derived by hand",
        planner=planner,
        value=run_value,
        formula=formula,
        vjps={a: (textbook[a], run_product(k)) for k, a in enumerate(function.arguments)},
        samples=(),
        group="activations",
    )


def run_value(xp: XP, o: Options, *arguments: Value) -> Value:
    """The value, by the author's formula."""
    return o.value(xp, *arguments)


def run_product(k: int) -> Body:
    """The gradient of argument `k`, by the author's formula."""
    return lambda xp, o, g, y, *arguments: o.products[k](xp, *arguments, g)


class Inner:
    """One formula of a function at given shapes, as a list of steps that any namespace of arrays can run.

    `shapes` are those of its names, in the order in which their values are given to a call.
    """

    __slots__ = ("constants", "last", "shape", "size", "steps")

    def __init__(
        self, function: Function, expression: Expression, functions: Mapping[str, Function], shapes: Mapping[str, Shape]
    ) -> None:
        graph = Graph()
        slots = {name: graph.add_data(name, "input", shape) for name, shape in shapes.items()}
        lowering = Lowering(graph, {name: other for name, other in functions.items() if name != function.name})
        lowering.by_hand = True
        lowering.scope = {**function.where, **slots}
        try:
            self.last = lowering.slot(lowering.lower(expression), expression)
        except OperationError as error:
            error.span = None  # it counts in the function's own text; the call is where the shapes come from
            raise
        self.shape = graph.shapes[self.last]
        self.size = len(graph)
        self.constants = graph.constants
        self.steps: list[tuple[int, Body, tuple[int, ...]]] = [
            (slot, step_body(graph, slot), graph.arguments[slot])
            for slot in range(len(graph))
            if graph.operations[slot] is not None
        ]

    def __call__(self, xp: XP, *values: Value) -> Value:
        """The formula's value; every argument may have one leading axis of stacked copies."""
        v: list[Any] = [*values, *[None] * (self.size - len(values))]
        for slot, constant in self.constants.items():
            v[slot] = xp.asarray(constant) if getattr(constant, "ndim", 0) else xp.number(constant)
        for slot, body, arguments in self.steps:
            v[slot] = body(xp, *[v[k] for k in arguments])
        return v[self.last]


def step_body(graph: Graph, slot: int) -> Body:
    """A step's body, ready for arguments of which some are stacked: `(xp, *arguments)`."""
    operation, shapes = graph.operations[slot], [graph.shapes[a] for a in graph.arguments[slot]]
    if isinstance(operation, Elementwise):
        ranks = [len(shape) for shape in shapes]
        return lifted(operation.value, ranks) if len(set(ranks)) > 1 else operation.value
    assert isinstance(operation, Structural)
    options, value = graph.options[slot], operation.value
    return together(lambda xp, *values: value(xp, options, *values), shapes)
