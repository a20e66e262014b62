"""The engine on graphs built by hand: what it computes, in which numbers, and how often it may be asked."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backpropcli as bp
from backpropcli.engine import NotScalarError, Plan, offenders, run
from backpropcli.errors import SpecError
from backpropcli.graph import Graph
from backpropcli.ops.table import lookup


class Build:
    """A graph written in a few words: `b.x = data`, `b.node("z", "multiply", "w", "x")`."""

    def __init__(self, **data: Any) -> None:
        self.graph, self.values = Graph(), {}
        for name, value in data.items():
            self.data(name, value)

    def data(self, name: str, value: Any, kind: Any = "parameter") -> None:
        self.values[name] = value
        self.graph.add_data(name, kind, np.shape(value))

    def node(self, name: str, operation: str, *arguments: str | float, **options: Any) -> None:
        graph = self.graph
        first = len(graph)
        slots = [graph.nodes[a].slot if isinstance(a, str) else graph.add_constant(a) for a in arguments]
        graph.add_step(lookup(operation), slots, options)
        graph.add_node(name, "", tuple(dict.fromkeys(a for a in arguments if isinstance(a, str))), first)

    def run(self, of: str = "J", **rest: Any) -> Any:
        return run(Plan(self.graph, rest.pop("dtype", "float64")), self.values, of, **rest)


def founding() -> Build:
    b = Build()
    b.data("x", 1.0, "input")
    b.data("y", 5.0, "target")
    for name, value in {"w1": 2.0, "b1": 0.0, "w2": 3.0, "b2": 1.0}.items():
        b.data(name, value)
    b.node("t1", "multiply", "w1", "x")
    b.node("z1", "add", "t1", "b1")
    b.node("a1", "relu", "z1")
    b.node("t2", "multiply", "w2", "a1")
    b.node("z2", "add", "t2", "b2")
    b.node("a2", "relu", "z2")
    b.node("d", "subtract", "a2", "y")
    b.node("s", "power", "d", 2.0)
    b.node("J", "divide", "s", 2.0)
    return b


def test_founding_example() -> None:
    trace = founding().run()
    assert trace.value("J") == 2.0
    expected = {"a2": 2, "z2": 2, "b2": 2, "t2": 2, "w2": 4, "a1": 6, "z1": 6, "b1": 6, "t1": 6, "w1": 6, "J": 1}
    assert {name: trace.gradient(name) for name in expected} == expected


def test_gradients_of_inputs_are_computed_when_asked_for() -> None:
    trace = founding().run()
    assert trace.gradients[trace.graph.nodes["x"].slot] is None
    assert trace.gradient("x") == 12.0
    assert trace.gradient("y") == -2.0


def test_gradient_of_another_node() -> None:
    trace = founding().run()
    assert trace.gradient("w1", of="a2") == 3.0
    assert trace.gradient("w2", of="a1") == 0.0  # no path


def test_local_derivatives_and_contributions() -> None:
    trace = founding().run()
    assert trace.local("t2", "a1") == 3.0
    assert trace.local("s", "d") == 4.0
    assert trace.contribution("t2", "a1") == 6.0
    assert trace.paths("a1") == ["t2"]


def test_running_backward_twice_gives_the_same() -> None:
    b = founding()
    plan = Plan(b.graph)
    first, second, third = (run(plan, b.values, "J") for _ in range(3))
    assert first.gradients == second.gradients == third.gradients


def test_plan_streams_then_keeps_its_program() -> None:
    b = founding()
    plan = Plan(b.graph)
    results = [plan.forward({**b.values, "w1": w})[b.graph.nodes["J"].slot] for w in (2.0, 2.001, 1.999, 2.0)]
    assert results == [2.0, pytest.approx(2.0060045, rel=1e-12), pytest.approx(1.9940045, rel=1e-12), 2.0]


@pytest.mark.parametrize(
    ("operation", "arguments", "value"),
    [
        ("divide", (1.0, 0.0), math.inf),
        ("divide", (0.0, 0.0), math.nan),
        ("log", (-1.0,), math.nan),
        ("log", (0.0,), -math.inf),
        ("exp", (1000.0,), math.inf),
        ("power", (-8.0, 1 / 3), math.nan),
        ("power", (0.0, -1.0), math.inf),
        ("sqrt", (-1.0,), math.nan),
        ("power", (1e200, 2.0), math.inf),
    ],
)
def test_odd_cases_of_plain_floats(operation: str, arguments: tuple[float, ...], value: float) -> None:
    b = Build(**{f"p{k}": a for k, a in enumerate(arguments)})
    b.node("z", operation, *b.values)
    b.node("J", "multiply", 2.0, "p0")  # the loop goes on behind the odd case
    trace = b.run()
    assert trace.value("z") == pytest.approx(value, nan_ok=True)
    assert isinstance(trace.slots[b.graph.nodes["z"].slot], float)
    assert trace.value("J") == 2.0 * arguments[0]
    assert trace.gradient("p0") == 2.0


def test_a_partial_that_raises_is_the_odd_case_too() -> None:
    b = Build(w=0.0)
    b.node("J", "sqrt", "w")
    trace = b.run()
    assert trace.gradient("w") == math.inf
    assert trace.local("J", "w") == math.inf


def test_fan_out_adds_up() -> None:
    b = Build(w=3.0)
    b.node("a", "multiply", "w", "w")
    b.node("c", "multiply", "a", "w")
    b.node("J", "add", "a", "c")
    trace = b.run()
    assert trace.gradient("w") == 2 * 3 + 3 * 9
    assert trace.contribution("a", "w") + trace.contribution("c", "w") == trace.gradient("w")
    assert trace.paths("w") == ["a", "c"]


def test_an_upstream_array_shared_by_two_arguments_is_not_written_into() -> None:
    a, c = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    b = Build(a=a, c=c)
    b.node("z", "add", "a", "c")
    b.node("s", "sum", "z")
    b.node("r", "sum", "a")
    b.node("q", "sum", "a")
    b.node("u", "add", "s", "r")
    b.node("J", "add", "u", "q")
    trace = b.run()
    np.testing.assert_array_equal(trace.gradient("a"), [3.0, 3.0])
    np.testing.assert_array_equal(trace.gradient("c"), [1.0, 1.0])
    np.testing.assert_array_equal(trace.gradient("z"), [1.0, 1.0])


def test_parts_gather_in_one_buffer() -> None:
    b = Build(x=np.arange(4.0))
    for t in range(4):
        b.node(f"x{t}", "getitem", "x", index=(t,))
        b.node(f"s{t}", "square", f"x{t}")
    b.node("whole", "sum", "x")
    b.node("p", "add", "s0", "s1")
    b.node("q", "add", "p", "s2")
    b.node("r", "add", "q", "s3")
    b.node("J", "add", "r", "whole")
    np.testing.assert_allclose(b.run().gradient("x"), 2 * np.arange(4.0) + 1)


def test_a_chain_of_many_nodes_needs_no_recursion() -> None:
    b = Build(w=1.0)
    previous = "w"
    for k in range(100_000):
        b.node(f"n{k}", "add", previous, 1.0)
        previous = f"n{k}"
    trace = b.run(previous)
    assert (trace.value(previous), trace.gradient("w")) == (100_001.0, 1.0)


def test_a_loss_that_is_not_one_number() -> None:
    b = Build(w=np.array([1.0, 2.0, 3.0]))
    b.node("J", "square", "w")
    with pytest.raises(NotScalarError) as caught:
        b.run()
    assert str(caught.value) == (
        "J has shape (3,), and gradients need one number\n"
        "  Write sum(...) or mean(...) around it, or give its upstream gradient:  backprop run --upstream 1,1,1"
    )
    np.testing.assert_array_equal(b.run(upstream=np.array([1.0, 10.0, 100.0])).gradient("w"), [2.0, 40.0, 600.0])
    np.testing.assert_array_equal(b.run(upstream=2.0).gradient("w"), [4.0, 8.0, 12.0])
    with pytest.raises(SpecError, match=r"upstream gradient has shape \(2,\), but J has shape \(3,\)"):
        b.run(upstream=np.ones(2))


def test_unknown_names_are_told() -> None:
    trace = founding().run()
    with pytest.raises(SpecError, match="there is no w3 in this network"):
        trace.value("w3")


shapes = st.lists(st.integers(1, 3), max_size=3).map(tuple)


@st.composite
def broadcastable(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...]]:
    full = draw(shapes)

    def part() -> tuple[int, ...]:
        cut = full[draw(st.integers(0, len(full))) :]
        return tuple(1 if draw(st.booleans()) else size for size in cut)

    return part(), part()


@given(broadcastable(), st.sampled_from(["add", "multiply", "subtract", "maximum", "divide"]), st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_broadcasting_gradients_are_differences(pair: Any, operation: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    b = Build(p=rng.normal(size=pair[0]) + 3, q=rng.normal(size=pair[1]) - 3)
    b.node("z", operation, "p", "q")
    b.node("s", "square", "z")
    b.node("J", "sum", "s")
    trace = b.run()
    plan, h = trace.plan, 1e-6
    for name, value in b.values.items():
        gradient = np.asarray(trace.gradient(name))
        assert gradient.shape == np.shape(value)
        for index in np.ndindex(*np.shape(value)):
            shifted = []
            for sign in (h, -h):
                moved = np.array(value, dtype=float)
                moved[index] += sign
                shifted.append(float(plan.forward({**b.values, name: moved})[b.graph.nodes["J"].slot]))
            assert gradient[index] == pytest.approx((shifted[0] - shifted[1]) / (2 * h), rel=1e-5, abs=1e-6)


def layers() -> Build:
    rng = np.random.default_rng(0)
    b = Build()
    b.data("x", rng.normal(size=(4, 3)), "input")
    b.data("W", rng.normal(size=(3, 2)))
    b.data("b", rng.normal(size=(2,)))
    b.data("k", 1.5)
    b.node("t", "matmul", "x", "W")
    b.node("z", "add", "t", "b")
    b.node("a", "tanh", "z")
    b.node("m", "multiply", "k", "a")
    b.node("c", "sum", "m", axis=-1)
    b.node("d", "multiply", "c", "k")
    b.node("r", "getitem", "d", index=(slice(1, None),))
    b.node("J", "sum", "r")
    return b


@pytest.mark.parametrize("stacked", [("W",), ("k",), ("b", "k"), ("x", "W", "b", "k")])
def test_stacked_copies_equal_one_at_a_time(stacked: tuple[str, ...]) -> None:
    b, rng, many = layers(), np.random.default_rng(1), 5
    plan = Plan(b.graph)
    values = {name: rng.normal(size=(many, *np.shape(v))) if name in stacked else v for name, v in b.values.items()}
    together = plan.forward(values, copies=True)
    loss = b.graph.nodes["J"].slot
    assert together[loss].shape == (many,)
    back = plan.backward(together, {loss: np.ones(many)})
    for k in range(many):
        alone = run(plan, {n: v[k] if n in stacked else v for n, v in values.items()}, "J", everything=True)
        for name, node in b.graph.nodes.items():
            own = together[node.slot]
            own = own[k] if np.ndim(own) > len(b.graph.shape(name)) else own
            np.testing.assert_allclose(own, alone.value(name), rtol=1e-14)
            np.testing.assert_allclose(back[node.slot][k], alone.gradient(name), rtol=1e-12, atol=1e-14)


def test_stacked_copies_of_a_scalar_graph() -> None:
    b = founding()
    plan = Plan(b.graph)
    w1 = np.linspace(-1, 2, 7)
    v = plan.forward({**b.values, "w1": w1}, copies=True)
    loss = b.graph.nodes["J"].slot
    g = plan.backward(v, {loss: np.ones(7)})
    for k, w in enumerate(w1):
        alone = run(plan, {**b.values, "w1": float(w)}, "J")
        assert v[loss][k] == alone.value("J")
        assert g[b.graph.nodes["w2"].slot][k] == alone.gradient("w2")


@pytest.mark.parametrize("name", ["W", "b", "k"])
def test_reevaluating_computes_what_lies_downstream(name: str) -> None:
    b = layers()
    plan = Plan(b.graph)
    v = plan.forward(b.values)
    before = list(v)
    moved = np.asarray(b.values[name]) + 0.25
    again = plan.reevaluate(v, {b.graph.nodes[name].slot: moved})
    fresh = plan.forward({**b.values, name: moved})
    for a, f in zip(again, fresh, strict=True):
        np.testing.assert_array_equal(a, f)
    assert all(x is y for x, y in zip(v, before, strict=True))
    assert again[b.graph.nodes["x"].slot] is v[b.graph.nodes["x"].slot]


def test_reevaluating_a_node_leaves_alone_what_feeds_it() -> None:
    b = founding()
    plan = Plan(b.graph)
    v = plan.forward(b.values)
    again = plan.reevaluate(v, {b.graph.nodes["z2"].slot: 7.001})
    assert again[b.graph.nodes["J"].slot] == pytest.approx(2.0020005, rel=1e-12)
    assert again[b.graph.nodes["t2"].slot] == 6.0


def test_float32_stays_float32() -> None:
    b = layers()
    trace = b.run(dtype="float32")
    for name in b.graph.nodes:
        assert np.asarray(trace.slots[b.graph.nodes[name].slot]).dtype == np.float32, name
        assert np.asarray(trace.gradients[b.graph.nodes[name].slot] if name != "x" else np.float32(0)).dtype == (
            np.float32
        ), name
    np.testing.assert_allclose(trace.gradient("W"), b.run().gradient("W"), rtol=1e-5)


def test_local_derivative_is_entry_by_entry_or_none() -> None:
    trace = layers().run()
    assert trace.local("t", "W") is None
    np.testing.assert_allclose(trace.local("a", "z"), 1 - np.tanh(trace.value("z")) ** 2)
    np.testing.assert_allclose(trace.local("m", "k"), trace.value("a"))


def test_offenders_name_the_first_step_that_is_not_finite() -> None:
    b = Build(w=0.0)
    b.node("u", "divide", 1.0, "w")
    b.node("J", "multiply", "u", 0.0)
    found = offenders(b.run())
    assert (found[0].what, found[0].label, found[0].result) == ("value", "u", math.inf)
    assert found[0].inputs == (("", 1.0), ("w", 0.0))
    b = Build(w=0.0)
    b.node("s", "sqrt", "w")
    b.node("J", "multiply", "s", 2.0)
    (only,) = offenders(b.run())
    assert (only.what, only.label, only.result) == ("gradient", "w", math.inf)
    assert only.inputs == (("s", 0.0), ("w", 0.0))
    assert offenders(founding().run()) == []


@pytest.mark.parametrize(
    ("formula", "value", "gradient"),
    [
        ("x[...] + x", 4, 2),
        ("sum(x[None])*x", 4, 4),
        ("sum(x[None, ...] + x[..., None])", 4, 2),
        ("(x[...]*x)[None].sum()", 4, 4),
        ("x*x[...]*x", 8, 12),
    ],
)
def test_a_plain_number_may_be_indexed_by_nothing(formula, value, gradient):
    network = bp.loads(f"parameters: {{x: 2}}\nnodes: {{J: '{formula}'}}")
    assert (network.run().value("J"), network.run().gradient("x")) == (value, gradient)
    assert network.check(against="all").verdict == "pass"
    assert network.check(eps=1e-3).verdict == "pass"
