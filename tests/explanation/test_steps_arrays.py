"""Both passes of array networks: what stands between the signs of equality is true, by NumPy's own arithmetic."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backpropcli.engine import Trace
from backpropcli.explanation.steps import steps
from backpropcli.notation.numbers import Precision
from backpropcli.ops.definition import Structural
from backpropcli.ops.table import TABLE
from backpropcli.render.text import text as terminal
from tests.explanation.test_steps import text, traced
from tests.notation.test_formula_notation import typed


def softmax(z: Any, axis: int = -1) -> Any:
    raised = np.exp(z - np.max(z, axis=axis, keepdims=True))
    return raised / raised.sum(axis=axis, keepdims=True)


def logsumexp(z: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.log(np.sum(np.exp(z), axis=axis, keepdims=keepdims))


ORACLE = {
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z, slope=0.01: np.where(z > 0, z, slope * z),
    "tanh": np.tanh,
    "exp": np.exp,
    "sin": np.sin,
    "cos": np.cos,
    "log": np.log,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "abs": np.abs,
    "sign": np.sign,
    "maximum": np.maximum,
    "clip": np.clip,
    "sum": np.sum,
    "mean": np.mean,
    "var": np.var,
    "std": np.std,
    "softmax": softmax,
    "logsumexp": logsumexp,
    "outer": np.outer,
    "transpose": np.transpose,
    "norm": np.linalg.norm,
    "expand_dims": np.expand_dims,
    "log_softmax": lambda z, axis=-1: np.log(softmax(z, axis)),
    "array": np.array,
    "cumsum": np.cumsum,
    "max": np.max,
    "min": np.min,
    "where": np.where,
    "tril": np.tril,
    "flip": np.flip,
    "True": True,
    "False": False,
}
LETTERS = "".join(sorted(set("".join(ORACLE)) | set("axisdpeT_")))
POINTWISE = (
    "relu(w*{a} + b)",
    "abs({a} + b)",
    "leaky_relu({a} - b)",
    "clip({a} + b, -1, 1)",
    "relu({a})",
    "{a} * {b}",
    "tanh(w*{a})",
    "sigmoid({a} + {b})",
    "({a} - {b})**2 / 2",
    "maximum({a}, {b})",
    "{a} * relu(w*{b} + b) * 3",
    "2 * {a} - {b} / 4",
    "exp(-{a}**2)",
    "softmax({a})",
    "softmax(w * {a}, axis=0)",
    "{a} - mean({a})",
    "cumsum(w * {a}, axis=0)",
)
LOSSES = (
    "sum({a}**2)",
    "sum(relu({a} + b))",
    "mean({a} * {b})",
    "var({a})",
    "var({a} * w, ddof=1)",
    "std({a} + {b}, ddof=1)",
    "sum(std({a} * {b}, axis=0))",
    "sum(var({a}, axis=0)**2)",
    "logsumexp({a})",
    "sum(logsumexp({a}, axis=-1))",
    "norm({a} + 1)",
    "max({a} * {b})",
    "sum(softmax({a}) * {b})",
    "sum(log_softmax({a}, axis=0) * {b})",
    "sum(abs({a} + b) * {b})",
)


@st.composite
def networks(draw: st.DrawFn) -> Trace:
    shape = draw(st.sampled_from([(3,), (2,), (2, 3), (3, 2), (2, 2)]))
    number = st.floats(-3, 3).map(lambda x: round(x, 3))
    count = int(np.prod(shape))

    def array() -> Any:
        return np.reshape(draw(st.lists(number, min_size=count, max_size=count)), shape).tolist()

    parameters = {"w": draw(number), "b": draw(number), "c": array()}
    names, nodes = ["c", "x"], {}
    for k in range(draw(st.integers(1, 3))):
        a, b = draw(st.sampled_from(names)), draw(st.sampled_from(names))
        nodes[f"n{k}"] = draw(st.sampled_from(POINTWISE)).format(a=a, b=b)
        names.append(f"n{k}")
    a, b = draw(st.sampled_from(names)), draw(st.sampled_from(names))
    nodes["J"] = draw(st.sampled_from(LOSSES)).format(a=a, b=b)
    return traced(nodes, parameters, {"x": array()})


def calculated(line: str) -> Any:
    """Typeset numbers and arrays as NumPy reads them."""
    listed = re.sub(r"(?<=[\d\]e]) (?=[-\[\d])(?![-] )", ", ", line)
    listed = re.sub(r"(\[\[.*?\]\]|\[[^\[\]]*\])", r"array(\1)", listed)
    words = re.sub(r"(?<=\)),(?= )", ",", typed(listed))
    assert re.fullmatch(rf"[-+*/@(). \d,\[\]={LETTERS}]+", words), words
    return eval(words, {"__builtins__": {}}, ORACLE)  # our own text, of the characters above


def lines(trace: Trace, **options: Any) -> list[str]:
    return [line for line in terminal(steps(trace, **options), 3000) if " = " in line and "not on a path" not in line]


def sides(line: str) -> list[str]:
    """What stands between the signs of equality, without the remark."""
    bare = re.split(r" {3,}(?=[◀<]|[∂D][\w.]+/[∂D]|[\w']+'?\(|sign\(|summed|the upstream)", line)[0].strip()
    return [side.strip() for side in re.split(r"(?<!axis) += ", bare)]


def lines_are_true(trace: Trace, tolerance: float = 3e-3, **options: Any) -> int:
    told = 0
    for line in lines(trace, **options):
        _, *equal = sides(line)
        if "NaN" in line or "Infinity" in line or len(equal) < 3:
            continue
        with np.errstate(all="ignore"):
            result = calculated(equal[-1])
            for side in equal[1:-1]:
                scale = float(np.max(np.abs(result)))
                assert calculated(side) == pytest.approx(result, rel=tolerance, abs=1e-11 * scale + 1e-12), line
                told += 1
    return told


@settings(max_examples=120, deadline=None)
@given(networks())
def test_every_line_of_an_array_network_is_true(trace):
    assert lines_are_true(trace) > 0


@pytest.mark.parametrize(
    ("loss", "line"),
    [
        ("sum(relu(w*x + b))", "dJ/db = sum(dJ/dJ.3 * relu'(w · x + b)) = sum([1 1] * [1 1]) = 2"),
        ("sum(abs(x - b))", "dJ/db = sum(dJ/dJ.2 * sign(x - b) * (-1)) = sum([1 1] * [0 1] * (-1)) = -1"),
        ("sum(leaky_relu(x + b) * w)", "dJ/db = sum(dJ/dJ.3 * leaky_relu'(x + b) * w) = sum([1 1] * [1 1] * 2) = 4"),
        ("sum(clip(x + b, -1, 1) + w)", "dJ/db = sum(dJ/dJ.3 * clip'(x + b, -1, 1)) = sum([1 1] * [0 0]) = 0"),
    ],
)
def test_a_corner_inside_an_array_formula(loss, line):
    shown = lines(traced({"J": loss}, {"w": 2, "b": 1}, {"x": [1, 2]}))
    assert any(re.sub(r" +", " ", found).strip().startswith(line) for found in shown), shown


@pytest.mark.parametrize(
    ("loss", "line"),
    [
        ("var(c)", "dJ/dc = dJ/dJ · 2 · (c - mean(c)) / 3 = 1 · 2 · ([1 2 4] - mean([1 2 4])) / 3"),
        ("var(c, ddof=1)", "dJ/dc = dJ/dJ · 2 · (c - mean(c)) / (3 - 1) = 1 · 2 · ([1 2 4] - mean([1 2 4])) / (3 - 1)"),
        ("std(c)", "dJ/dc = dJ/dJ · (c - mean(c)) / (3 · J)"),
        ("mean(c)", "dJ/dc = dJ/dJ / 3 spread over c"),
    ],
)
def test_options_are_numbers(loss, line):
    shown = lines(traced({"J": loss}, {"c": [1, 2, 4]}))
    assert any(re.sub(r" +", " ", found).strip().startswith(line) for found in shown), shown


STRUCTURAL = [operation for operation in TABLE.values() if isinstance(operation, Structural)]


@pytest.mark.parametrize("operation", STRUCTURAL, ids=lambda operation: operation.name)
def test_no_option_is_left_in_a_product(operation):
    """Textbook forms name their operation's options; a line of --steps names no letter that it does not explain."""
    from backpropcli.derivation.stages import stages
    from backpropcli.derivation.trial import comes_to
    from backpropcli.derivation.vjps import product
    from backpropcli.graph import Graph
    from backpropcli.language.formula.tree import Expression, Name, postorder

    for shapes, options in operation.samples:
        graph = Graph()
        slots = [graph.add_data(f"p{k}", "parameter", tuple(shape)) for k, shape in enumerate(shapes)]
        first = len(graph)
        try:
            slot = graph.add_step(operation, slots, options)
        except Exception:
            continue
        names = tuple(f"p{k}" for k in range(len(shapes)))
        graph.add_node("v", f"{operation.name}({', '.join(names)})", names, first)
        (stage,) = stages(graph, graph.labels())
        for k in range(len(names)):
            found = product(stage, k, "dJ/dv", list(shapes), graph.options.get(slot))
            if isinstance(found, Expression):
                used = {part.name for part in postorder(found) if isinstance(part, Name)} - {"True", "False", "None"}
                assert used <= {*names, "v", "dJ/dv"}, found
                value = comes_to(
                    found,
                    {
                        n: np.ones(s) if s else 1.0
                        for n, s in [
                            *zip(names, shapes, strict=True),
                            ("v", graph.shapes[slot]),
                            ("dJ/dv", graph.shapes[slot]),
                        ]
                    },
                )
                assert np.shape(value) == tuple(shapes[k])
            else:
                assert not re.search(r"\b(g|y|a|n|ddof)\b", re.sub(r"dJ/dv|gains? .*", "", found)), found


@pytest.mark.parametrize("digits", [1, 2, 3, 4])
def test_few_digits_are_kept_where_the_line_stays_true(digits):
    trace = traced({"y": "w*x + b", "J": "(y - 1)**2 / 2"}, {"w": 1 / 3, "b": 0.25}, {"x": 2})
    shown = text(trace, precision=Precision(digits))
    assert "0.333333333" not in shown
    for line in lines(trace, precision=Precision(digits)):
        _, *equal = sides(line)
        for side in equal[1:-1]:
            comes = float(calculated(side))
            near = pytest.approx(float(equal[-1]), rel=max(1e-3, 3 * 10.0**-digits))
            assert Precision(digits).show(comes) == equal[-1] or comes == near, line


def test_a_sum_that_cancels_gets_digits_in_its_terms():
    trace = traced({"a": "x * 3", "b": "x * p", "J": "a - b"}, {"x": 1 / 3, "p": 2.9999991})
    for line in lines(trace):
        _, *equal = sides(line)
        for side in equal[1:-1]:
            assert calculated(side) == pytest.approx(float(equal[-1]), rel=3e-3), line
