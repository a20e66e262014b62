"""Formulas as steps of a graph: the values against NumPy's own reading of the same text, the errors to the letter."""

import re
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backpropcli.errors import BackpropError, FormulaError, OperationError
from backpropcli.graph import Graph
from backpropcli.language.formula.expanded import by_hand
from backpropcli.language.formula.functions import Function
from backpropcli.language.formula.lower import Lowering
from backpropcli.language.formula.names import names
from backpropcli.language.formula.reading import read_formula as parse
from backpropcli.language.formula.unknown import dependencies
from backpropcli.language.functions import check
from backpropcli.ops.definition import Elementwise, Structural
from backpropcli.ops.numbers.array import xp

RNG = np.random.default_rng(5)
DATA: dict[str, Any] = {
    "x": RNG.normal(size=3),
    "y": RNG.normal(size=3),
    "W": RNG.normal(size=(2, 3)),
    "V": RNG.normal(size=(2, 3)),
    "z": 0.7,
    "z1": -0.4,
    "w": 1.3,
    "w1": 2.0,
    "F": RNG.normal(size=(2, 2)),
}


def function(
    head: str, value: str, where: dict[str, str] | None = None, gradient: dict[str, str] | None = None
) -> Function:
    name, _, arguments = head.rstrip(")").partition("(")
    return Function(
        name,
        tuple(a.strip() for a in arguments.split(",")),
        parse(value),
        {k: parse(v) for k, v in (where or {}).items()},
        None if gradient is None else {k: parse(v) for k, v in gradient.items()},
    )


FUNCTIONS = {
    f.name: f
    for f in (
        function("g(z)", "maximum(0, z)"),
        function("h(u, v)", "g(u) + k * v", {"k": "2 * m", "m": "u + 1"}),
        function("r1(a)", "r2(a)"),
        function("r2(a)", "r1(a) + 1"),
        function("outer_of(a, b)", "a @ b"),
        function("one(z)", "1"),
        function(
            "mish2(z)",
            "z * np.tanh(sp)",
            {"sp": "np.log(1 + np.exp(z))"},
            {"z": "np.tanh(sp) + z * (1 - np.tanh(sp)**2)"},
        ),
    )
}


def lowered(text: str, data: dict[str, Any] = DATA) -> Graph:
    graph = Graph()
    for name, value in data.items():
        graph.add_data(name, "parameter", np.shape(value))
    Lowering(graph, FUNCTIONS).node("J", parse(text, data), text, ("nodes", "J"))
    return graph


def tried(text: str) -> Graph | BackpropError:
    try:
        return lowered(text)
    except BackpropError as error:
        return error


def value(text: str) -> Any:
    """What the graph computes, by the operations' own bodies."""
    graph = lowered(text)
    slots: list[Any] = [np.asarray(v, float) for v in DATA.values()]
    for slot in range(len(slots), len(graph)):
        operation = graph.operations[slot]
        arguments = [slots[a] for a in graph.arguments[slot]]
        if operation is None:
            slots.append(np.asarray(graph.constants[slot]))
        elif isinstance(operation, Elementwise):
            slots.append(operation.value(xp, *arguments))
        else:
            assert isinstance(operation, Structural)
            slots.append(operation.value(xp, graph.options.get(slot), *arguments))
        assert np.shape(slots[-1]) == graph.shapes[slot]
    return slots[-1]


NUMPY = {
    **{k: np.asarray(v) for k, v in DATA.items()},
    "np": np,
    **{
        n: getattr(np, n)
        for n in (
            "exp",
            "tanh",
            "sum",
            "mean",
            "max",
            "min",
            "maximum",
            "minimum",
            "where",
            "clip",
            "reshape",
            "concatenate",
            "stack",
            "dot",
            "outer",
            "zeros",
            "ones",
            "arange",
            "eye",
            "sqrt",
            "abs",
            "sin",
            "einsum",
            "round",
            "transpose",
            "full",
            "linspace",
            "pi",
            "e",
            "inf",
            "prod",
            "cumsum",
            "expand_dims",
            "squeeze",
            "flip",
            "tile",
            "var",
            "std",
            "power",
        )
    },
}


@pytest.mark.parametrize(
    "text",
    [
        "w1*z + w",
        "-z**2",
        "2**-1*z",
        "z1**2",
        "x @ y",
        "W @ x",
        "W.T @ W",
        "W.dot(x)",
        "sum(x)",
        "np.sum(W, 0)",
        "W.sum(axis=1, keepdims=True)",
        "x.mean()",
        "max(x)",
        "max(W, 0)",
        "W.max(axis=-1)",
        "W.reshape(3, 2)",
        "W.reshape((3, 2))",
        "reshape(W, (2*3,))",
        "W.reshape(-1)",
        "W.flatten()",
        "W.transpose(1, 0)",
        "x[0]",
        "x[1:]",
        "x[::-1]",
        "W[:, 0]",
        "W[0, ::2]",
        "W[..., None]",
        "W[-1]",
        "W[[0, 1, 0]]",
        "x[2 - 1]",
        "W[:, None, 1:]",
        "concatenate([x, y])",
        "np.concatenate((W, V), axis=1)",
        "stack([x, y], axis=-1)",
        "np.array([w, z])",
        "np.array([[w, z], [z1, 1]])",
        "np.array([1, 2, 3]) * x",
        "zeros((2, 3)) + W",
        "arange(3) * x",
        "eye(2) @ W",
        "einsum('ij,j->i', W, x)",
        "where(x > 0, x, 0.1 * x)",
        "clip(x, 0, 1)",
        "clip(x, a_min=-0.5, a_max=0.5)",
        "(x > 0) & (y > 0)",
        "~(x > 0)",
        "x * pi + e",
        "np.pi * z",
        "x / x.shape[0]",
        "W.shape[1] * z",
        "W.size * z",
        "len(W) * z",
        "z + W.ndim",
        "sum((x - y)**2) / 2",
        "x == y",
        "x != x",
        "1 / (1 + exp(-x))",
        "2**0.5 * z",
        "full((3,), 2) * x",
        "maximum(W.sum(0), x)",
        "(W * 2).T.sum(axis=0)[0]",
        "linspace(0, 1, 3) + x",
        "-(-x)",
        "+x",
        "x",
        "3",
        "F.T",
        "F.sum(axis=0)",
        "np.mean(W, axis=(0, 1))",
        "W.var()",
        "cumsum(x)",
        "expand_dims(x, 0)",
        "W[None].squeeze()",
        "tile(x, 2)",
        "np.power(2, x)",
    ],
)
def test_a_formula_means_what_numpy_says(text: str) -> None:
    expected = eval(text, {}, dict(NUMPY))  # the oracle, and only in tests
    np.testing.assert_allclose(np.asarray(value(text), float), np.asarray(expected, float), rtol=1e-13)


ELEMENTWISE = st.recursive(
    st.sampled_from(["z", "w", "w1", "x", "y", "2", "0.5", "3", "pi", "x[0]", "W[1]"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", " / "]), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
        st.tuples(inner, st.sampled_from(["<", ">="]), inner).map(lambda t: f"(1.0 * ({t[0]}{t[1]}{t[2]}))"),
        inner.map(lambda a: f"-{a}"),
        inner.map(lambda a: f"{a}**2"),
        inner.map(lambda a: f"np.tanh({a})"),
        inner.map(lambda a: f"sin({a})"),
        st.tuples(inner, inner).map(lambda t: f"maximum({t[0]}, {t[1]})"),
        inner.map(lambda a: f"sum({a} * x)"),
    ),
    max_leaves=12,
)


@given(ELEMENTWISE)
@settings(max_examples=200, deadline=None)
def test_random_formulas_mean_what_numpy_says(text: str) -> None:
    with np.errstate(all="ignore"):
        numerals = re.sub(r"(?<![\w\[.])([0-9.]+)(?![\w.\]])", r"np.float64(\1)", text)  # not Python's own numbers
        expected = np.asarray(eval(numerals, {}, {**NUMPY, "pi": np.float64(np.pi)}), float)
        refused = tried(text)
        if isinstance(refused, BackpropError):
            assert refused.message.startswith(("this divides by zero", "this constant"))
            return
        np.testing.assert_allclose(np.asarray(value(text), float), expected, rtol=1e-9, atol=1e-12)


WORDS = st.lists(
    st.sampled_from(
        [
            "x",
            "W",
            "z",
            "sum",
            "max",
            "(",
            ")",
            "[",
            "]",
            ",",
            "0",
            "1",
            "-",
            "**",
            "*",
            "@",
            ".T",
            ".reshape(",
            ".sum(",
            "axis=",
            "None",
            "relu(",
            "where(",
            "stack(",
            "zeros(",
            "einsum(",
            "'ij,j->i'",
            "g(",
            "h(",
            "arange(",
            "...",
            ":",
            "pi",
            "clip(",
            "foo(",
            "gelu(",
            "np.",
            "9**9",
            "1e300",
            "mish2(",
            "r1(",
            ".shape",
            "concatenate(",
            "True",
            "approximate='tanh'",
            "<",
        ]
    ),
    max_size=12,
).map("".join)


@pytest.mark.slow
@given(WORDS)
@settings(max_examples=1500, deadline=2000)
def test_any_formula_is_a_node_or_an_error_with_a_place(text: str) -> None:
    graph = tried(text)
    if isinstance(graph, BackpropError):
        assert isinstance(graph, FormulaError | OperationError)
        assert graph.span is not None
        assert 0 <= graph.span[0] <= len(text)
        return
    node = graph.nodes["J"]
    assert node.slot == len(graph) - 1
    assert graph.operations[node.slot] is not None
    assert node.first >= len(DATA)
    assert set(node.inputs) <= set(DATA)


MISTAKES = [
    (
        "max(0, z1)",
        "max(0, z1)",
        "max reduces one array; it does not compare two values",
        "The larger of two values is maximum(0, z1). This one is also relu(z1).",
    ),
    (
        "max(z1, 0)",
        "max(z1, 0)",
        "max reduces one array; it does not compare two values",
        "The larger of two values is maximum(z1, 0). This one is also relu(z1).",
    ),
    (
        "min(1, z)",
        "min(1, z)",
        "min reduces one array; it does not compare two values",
        "The smaller of two values is minimum(1, z).",
    ),
    (
        "max(z, w, 0)",
        "max(z, w, 0)",
        "max reduces one array; it does not compare two values",
        "The larger of two values is maximum(z, maximum(w, 0)).",
    ),
    (
        "np.max(z, 0.0)",
        "z, 0.0",
        "np.max reduces an array: its second argument is the axis, here 0.0",
        "The larger of two values: np.maximum(z, 0.0)",
    ),
    (
        "2 * q(z1)",
        "q",
        "unknown operation: q",
        "Write the activation, relu(z1), or say once what q is:\n  functions:\n    q(z): maximum(0, z)",
    ),
    ("rleu(z)", "rleu", "unknown operation: rleu", "Did you mean relu?"),
    ("Sigmoid(z)", "Sigmoid", "unknown operation: Sigmoid", "Did you mean sigmoid?"),
    (
        "frobnicate(z, w)",
        "frobnicate",
        "unknown operation: frobnicate",
        "Say once what it is:\n  functions:\n    frobnicate(x, y): ...",
    ),
    ("w1(z + 1)", "w1", "w1 is a value, not an operation", "A product is written w1 * (z + 1)"),
    ("w1z + 2", "w1z", "unknown name: w1z", "Did you mean w1 * z?"),
    ("Z + 1", "Z", "unknown name: Z", "Did you mean z?"),
    ("w_1 + 1", "w_1", "unknown name: w_1", "Did you mean w1?"),
    ("relu + 1", "relu", "relu is an operation: it needs its arguments", "Such as relu(z)"),
    ("relu(z, w)", "relu(z, w)", "relu takes 1 argument, z; here are 2", "relu(z)"),
    ("relu()", "relu()", "relu takes 1 argument, z; here are none", "relu(z)"),
    (
        "relu(0,5)",
        "relu(0,5)",
        "relu takes 1 argument, z; here are 2",
        "relu(z)\nA decimal is written with a point: 0.5",
    ),
    ("sum(w, z)", "sum(w, z)", "sum reduces one array: its second argument is the axis", "Of two values: w + z"),
    ("sum(x, axes=0)", "axes=0", "sum has no option axes", "Did you mean axis?"),
    ("exp(z, base=2)", "base=2", "exp has no option base", "exp(z) has no options."),
    ("sum(x, axis=w)", "w", "axis must be a constant", "Such as axis=0 or axis=(0, 1), not something computed: w"),
    ("sum(x, 0, axis=0)", "0", "axis of sum is given twice", ""),
    (
        "zeros(2, 3) + W",
        "zeros(2, 3)",
        "zeros takes at most 1 arguments; here are 2",
        "A shape is a tuple: zeros((2, 3))",
    ),
    ("reshape(W)", "reshape(W)", "reshape needs shape", "reshape(a, shape)"),
    ("stack(x, y)", "x, y", "stack takes its arrays as one list", "Write stack([x, y])"),
    (
        "x[w]",
        "w",
        "w is a parameter, which cannot be an index",
        "An index is made of whole numbers, or of inputs and targets that hold them.",
    ),
    (
        "x[x > 0]",
        "x > 0",
        "an index is made of whole numbers, not of conditions",
        "Choose with where(condition, a, b).",
    ),
    (
        "[[1, 2], [3]] @ x",
        "[[1, 2], [3]]",
        "the rows of this array differ in length",
        "Every row needs as many entries as the first.",
    ),
    ("(w, z)", "(w, z)", "a tuple has no value", "An array is written in brackets: [w, z]"),
    ("z * None", "None", "None has no value", "It is a value of options, as in sum(x, axis=None)."),
    ("z * 'a'", "'a'", "a text has no value", "It can be an option, as in einsum('ij,jk->ik', a, b)."),
    ("z + 9**9**9**9", "9**9**9", "this constant overflows", "The largest number is about 1.8e308."),
    ("z / (2/0)", "2/0", "this divides by zero", ""),
    ("z * log(-1)", "log(-1)", "this constant has no finite value", ""),
    ("h(w)", "h(w)", "h takes 2 arguments; here is 1", "It is defined as h(u, v)."),
    ("h(w, q=1)", "1", "h has no argument q", "It is defined as h(u, v)."),
    ("1 + r1(z)", "r1(z)", "r1 is defined by itself: r1 → r2 → r1", "A function may call only other functions."),
    ("x.foo", "foo", "unknown attribute: .foo", "Transposed is .T; methods are called, as in x.sum()."),
    ("x.sum", "sum", "sum is an operation: it is called", "Write x.sum()"),
    ("x.shape * 2", "x.shape * 2", "a shape is not a number", "One of its sizes is x.shape[0], all entries x.size."),
    (
        "1 + outer_of(z, W)",
        "outer_of(z, W)",
        "in outer_of(a, b): shapes () and (2,3) do not fit: @ needs arrays, and one of these is a number",
        "A number times an array is written a * b.",
    ),
]


@pytest.mark.parametrize(("text", "caret", "message", "hint"), MISTAKES, ids=[m[0] for m in MISTAKES])
def test_mistake(text: str, caret: str, message: str, hint: str) -> None:
    with pytest.raises(BackpropError) as caught:
        lowered(text)
    error = caught.value
    assert (error.message, error.hint) == (message, hint)
    assert error.span is not None
    assert text[error.span[0] : sum(error.span)] == caret


def test_the_shapes_error_shows_the_operator_that_does_not_fit() -> None:
    text = "z + 2 * (x + W.T)"
    with pytest.raises(OperationError) as caught:
        lowered(text)
    assert caught.value.span is not None
    assert text[caught.value.span[0] : sum(caught.value.span)] == "x + W.T"


def test_names_of_the_network_win_over_constants_but_not_over_a_prefix() -> None:
    graph = lowered("e * pi + np.e", {"e": 1.0, "pi": 2.0})
    assert graph.nodes["J"].inputs == ("e", "pi")
    assert list(graph.constants.values()) == [np.e]


def test_functions_and_values_are_separate_names() -> None:
    graph = lowered("sum(sum) * beta + gamma * E", {"sum": np.ones(2), "beta": 1.0, "gamma": 1.0, "E": 1.0})
    assert graph.nodes["J"].inputs == ("sum", "beta", "gamma", "E")


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("z", ["identity"]),
        ("3", ["identity"]),
        ("2 * 3", ["identity"]),
        ("+z", ["identity"]),
        ("z + 2 * 3", ["add"]),
        ("g(z)", ["maximum"]),
        ("g(z * w)", ["multiply", "maximum"]),
        ("one(z * w)", ["multiply", "identity"]),
        ("h(z * w, w)", ["multiply", "maximum", "add", "multiply", "multiply", "add"]),
        ("mish2(z)", ["mish2"]),
        ("gelu(z, approximate='tanh')", ["gelu_tanh"]),
        ("gelu(z, approximate='none')", ["gelu"]),
        ("leaky_relu(z)", ["leaky_relu"]),
        ("x.copy()", ["identity"]),
        ("[w, z]", ["stack"]),
        ("sqrt(2) * exp(1) * z", ["multiply"]),
        ("zeros((2,)) + ones((2,))", ["identity"]),
    ],
)
def test_steps(text: str, steps: list[str]) -> None:
    graph = lowered(text)
    assert [repr(graph.operations[s]).split()[1][:-1] for s in graph.steps("J")] == steps


def test_names_and_dependencies() -> None:
    assert names(parse("b*a + sum(b, axis=None) + pi + np.e + f(c)[0, ...]")) == ("b", "a", "pi", "c")
    assert dependencies(parse("b*a + pi"), ["a", "b"]) == ("b", "a")
    assert dependencies(parse("b*a + pi"), ["a", "b", "pi"]) == ("b", "a", "pi")
    with pytest.raises(FormulaError, match=r"^unknown name: c") as caught:
        dependencies(parse("b + c"), ["a", "b"])
    assert caught.value.span == (4, 1)


@pytest.mark.slow
def test_functions_of_functions_cannot_explode() -> None:
    bomb = {"f0": function("f0(z)", "z + z")}
    for k in range(1, 40):
        bomb[f"f{k}"] = function(f"f{k}(z)", f"f{k - 1}(z) + f{k - 1}(z)")
    for text in ("f39(z)", "f39(1)"):
        graph = Graph()
        graph.add_data("z", "parameter", ())
        start = time.perf_counter()
        with pytest.raises(FormulaError) as caught:
            Lowering(graph, bomb).node("J", parse(text), text)
        assert caught.value.message == "functions of functions make more than 200,000 steps"
        assert time.perf_counter() - start < 10


def test_functions_nested_without_end_are_refused() -> None:
    chain = {"f0": function("f0(z)", "z + 1")}
    for k in range(1, 2000):
        chain[f"f{k}"] = function(f"f{k}(z)", f"f{k - 1}(z) + 1")
    graph = Graph()
    graph.add_data("z", "parameter", ())
    with pytest.raises(FormulaError, match="nested more than 200 deep"):
        Lowering(graph, chain).node("J", parse("f1999(z)"), "f1999(z)")


def test_a_sum_of_ten_thousand_terms_in_linear_time() -> None:
    def spent(n: int) -> float:
        text = "+".join(["w1*z"] * n)
        tree = parse(text)
        best = 9.0
        for _ in range(3):
            graph = Graph()
            graph.add_data("w1", "parameter", ())
            graph.add_data("z", "parameter", ())
            start = time.perf_counter()
            Lowering(graph).node("J", tree, text)
            best = min(best, time.perf_counter() - start)
            assert len(graph) == 2 + 2 * n - 1
        return best

    assert spent(10_000) < 8 * max(spent(2_500), 1e-3)


def test_deep_formulas_lower() -> None:
    for text in ["relu(" * 200 + "z" + ")" * 200, "-" * 200 + "z", "z" + "+(z" * 100 + ")" * 100]:
        lowered(text)
    with pytest.raises(FormulaError, match="64 axes"):
        lowered("[" * 100 + "1" + "]" * 100)


# Functions with a gradient derived by hand.


def test_a_hand_derived_function_is_one_elementwise_step() -> None:
    graph = lowered("mish2(x)")
    operation = graph.operations[graph.nodes["J"].slot]
    assert isinstance(operation, Elementwise)
    z = np.linspace(-3, 3, 7)
    np.testing.assert_allclose(operation.value(xp, z), z * np.tanh(np.log1p(np.exp(z))), rtol=1e-14)
    wrong = np.tanh(np.log1p(np.exp(z))) + z * (1 - np.tanh(np.log1p(np.exp(z))) ** 2)  # as its author has it
    np.testing.assert_allclose(operation.partials[0](xp, operation.value(xp, z), z), wrong, rtol=1e-14)
    assert operation.formula == "z * tanh(log(1 + exp(z)))"
    assert operation.textbook == ("tanh(log(1 + exp(z))) + z * (1 - tanh(log(1 + exp(z)))**2)",)


def test_hand_derived_functions_run_in_every_namespace() -> None:
    from backpropcli.language.formula.handderived import hand_derived
    from backpropcli.ops.numbers.complexstep import xp as complexstep
    from backpropcli.ops.numbers.precise import xp as precise
    from backpropcli.ops.numbers.scalar import xp as scalar

    kinked = function("k(z, s)", "maximum(0, z) * s + 1", None, {"z": "where(z > 0, s, 0)", "s": "maximum(z, 0)"})
    lower = by_hand(Lowering(Graph()))
    operation = hand_derived(kinked, lower)
    for namespace in (scalar, xp, complexstep, precise):
        z, s = namespace.number(1.5), namespace.number(2.0)
        y = operation.value(namespace, z, s)
        assert y == 4.0
        assert operation.partials[0](namespace, y, z, s) == 2.0
    assert operation.branch is not None
    assert operation.branch(scalar, 1.0, 2.0) != operation.branch(scalar, -1.0, 2.0)
    constant = hand_derived(function("c(z)", "z", None, {"z": "1"}), lower)
    np.testing.assert_array_equal(constant.partials[0](xp, np.zeros(3), np.ones(3)), np.ones(3))


@pytest.mark.parametrize(
    ("given_function", "part", "message"),
    [
        (function("f(z)", "z * k"), ("value",), "k is not an argument of f(z)"),
        (function("f(z)", "zz + 1", {"s": "rleu(z)"}), ("value",), "zz is not an argument of f(z)"),
        (function("f(z)", "s", {"s": "rleu(z)"}), ("where", "s"), "unknown operation: rleu"),
        (function("f(z)", "f(z)"), ("value",), "f is defined by itself: f → f"),
        (function("f(z, u)", "z*u", None, {"z": "u"}), ("gradient",), "f(z, u) gives no gradient for u"),
        (function("f(z)", "z", None, {"z": "1", "u": "2"}), ("gradient", "u"), "f(z) has no argument u"),
        (function("f(z)", "z", None, {"z": "q"}), ("gradient", "z"), "q is not an argument of f(z)"),
    ],
)
def test_a_function_is_judged_by_itself(given_function: Function, part: tuple[str, ...], message: str) -> None:
    found = check(given_function, {"f": given_function})
    assert found is not None
    assert (found[0], found[1].message) == (part, message)


def test_good_functions_pass_the_check() -> None:
    assert [check(FUNCTIONS[name], FUNCTIONS) for name in ("g", "h", "mish2")] == [None, None, None]


def test_a_hand_derived_function_of_whole_arrays_is_refused() -> None:
    FUNCTIONS["total"] = function("total(z)", "sum(z)", None, {"z": "1"})
    with pytest.raises(OperationError, match="works on numbers one at a time, as its gradient does: sum has no place"):
        lowered("total(x)")


# Labels: inputs and targets in an index.

LABELLED = """\
inputs: {x: [[1, 2], [3, 4], [5, 6], [0, 1]], ids: [[0, 2], [1, 1]], k: 1}
targets: {y: [0, 2, 1, 1]}
parameters: {W: [[0.1, 0.2, 0.3], [0.4, 0.5, -0.6]], V: [[1, 2], [3, 4], [5, 7]]}
functions: {"nll(p, t)": "-mean(log(p[arange(4), t]))"}
nodes: {p: softmax(x @ W), J: FORMULA}
"""


def labelled(formula: str) -> Any:
    from backpropcli.engine import Plan, run
    from backpropcli.language import loads

    spec = loads(LABELLED.replace("FORMULA", f"'{formula}'"))
    return run(Plan(spec.graph), spec.values, "J", everything=True)


@pytest.mark.parametrize(
    "formula",
    [
        "-mean(log(p[[0, 1, 2, 3], y]))",
        "-mean(log(p[np.arange(4), y]))",
        "-mean(log(p[range(4), y]))",
        "-mean(log(p[range(len(y)), y]))",
        "-mean(log(p[arange(y.shape[0]), y]))",
        "nll(p, y)",
        "cross_entropy(x @ W, y)",
        "cross_entropy(x @ W, one_hot(y, 3))",
        "F.cross_entropy(x @ W, target=y)",
        "-sum(log(p)[:, y] * eye(4)) / 4",
        "-mean(log(p.T[y, arange(4)]))",
    ],
)
def test_labels_pick_what_one_hot_rows_pick(formula: str) -> None:
    expected = labelled("mean(softmax_cross_entropy(x @ W, one_hot(y, 3)))")
    found = labelled(formula)
    assert found.value("J") == pytest.approx(expected.value("J"), rel=1e-14)
    np.testing.assert_allclose(found.gradient("W"), expected.gradient("W"), rtol=1e-12)
    assert not np.any(found.gradient("y"))


def test_rows_of_a_table_gather_their_gradients() -> None:
    found = labelled("sum(V[ids]**2) / 2 + V[k, k] + sum(V[k])")
    V = np.array([[1.0, 2], [3, 4], [5, 7]])
    expected = V * np.array([[1], [2], [1]])
    expected[1] += 1
    expected[1, 1] += 1
    np.testing.assert_allclose(found.gradient("V"), expected)


def test_labels_are_those_of_the_run() -> None:
    from backpropcli.engine import Plan, run
    from backpropcli.language import loads

    spec = loads(LABELLED.replace("FORMULA", "'sum(V[ids])'"))
    values = {**spec.values, "ids": np.array([[2.0, 2.0], [2.0, 0.0]])}
    assert run(Plan(spec.graph), values, "J").gradient("V").tolist() == [[1, 1], [0, 0], [3, 3]]
    assert np.isnan(run(Plan(spec.graph), {**values, "ids": np.array([[2.0, 3.0], [0, 0]])}, "J").value("J"))


@pytest.mark.parametrize(
    ("formula", "message", "hint"),
    [
        ("sum(W[y])", "y[1] is 2, but axis 0 of W has the size 2", "Labels count from 0: W has 0 to 1."),
        ("sum(W[:, x])", "x[1, 0] is 3, but axis 1 of W has the size 3", "Labels count from 0: W has 0 to 2."),
        (
            "sum(p[y, W])",
            "W is a parameter, which cannot be an index",
            "An index is made of whole numbers, or of inputs and targets that hold them.",
        ),
        (
            "sum(W[p])",
            "p is made from the parameter W, which cannot be an index",
            "An index is made of whole numbers, or of inputs and targets that hold them.",
        ),
        (
            "sum(p[arange(3), y])",
            "the labels in an index have the shapes (3,) and (4,), which do not fit together",
            "There is one of each for every entry that is picked: p[arange(4), y].",
        ),
        (
            "sum(p[y > 1])",
            "an index is made of whole numbers, not of conditions",
            "Choose with where(condition, a, b).",
        ),
        (
            "sum(p[arange(3) / 2])",
            "an index is made of constant whole numbers",
            "Such as x[0] or x[1:3], not x[arange(3) / 2]",
        ),
        (
            "cross_entropy(x @ W, ids)",
            "logits (4,3) and targets (2,2) do not fit together",
            "Class numbers have the shape (4,), one-hot targets (4,3).",
        ),
    ],
)
def test_labels_that_do_not_fit(formula: str, message: str, hint: str) -> None:
    with pytest.raises(BackpropError) as caught:
        labelled(formula)
    assert (caught.value.message, caught.value.hint) == (message, hint)
    assert caught.value.place is not None


def test_a_label_is_a_whole_number() -> None:
    from backpropcli.language import loads

    with pytest.raises(BackpropError) as caught:
        loads("inputs: {t: 0.5}\nparameters: {W: [1, 2]}\nnodes: {J: 'W[t]'}")
    assert caught.value.message == "t is 0.5: as an index it would be a whole number"


@pytest.mark.parametrize(("text", "number"), [("0x1F", 31), ("0o17", 15), ("0b101", 5), ("0X_ff", 255), ("00", 0)])
def test_whole_numbers_in_other_bases(text: str, number: int) -> None:
    from backpropcli.language.formula.show import show

    tree = parse(f"x[{text}] * {text}")
    assert show(tree.right) == (str(number) if number else "00")
    assert tree.right.value == number
