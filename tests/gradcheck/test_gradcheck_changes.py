"""The fast ways through a network say what a plain evaluation of all of it says, for every operation and entry."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import numpy as np
import pytest
from check_helpers import FAULTS, broken, deep, report
from hypothesis import given, settings
from hypothesis import strategies as st

from backpropcli.api import Network, loads
from backpropcli.engine import Plan
from backpropcli.gradcheck.large.carried import CarriedSlopes
from backpropcli.gradcheck.large.complex_steps import complex_slopes
from backpropcli.gradcheck.large.entry_differences import Differences
from backpropcli.gradcheck.large.nearby import noises
from backpropcli.gradcheck.large.perturbation import Perturbation
from backpropcli.gradcheck.large.reach import added_up
from backpropcli.gradcheck.large.searches import searched
from backpropcli.gradcheck.large.stacks import Stack, ready
from backpropcli.gradcheck.point.point import Component, Point
from backpropcli.gradcheck.stepsize import StepSearch
from backpropcli.gradcheck.tolerances import GOAL, UNIT

STEPS = (1e-3, -2e-2, 0.7, -1.3)


def point_of(network: Network, everything: bool = True) -> Point:
    return Point(Plan(network.graph), network.values, network.loss, None, everything)


def plain(point: Point, c: Component, x: float) -> tuple[float, int]:
    """The loss and the first changed choice with everything computed again."""
    value: Any = x
    if point.graph.shapes[c.slot]:
        value = np.array(np.broadcast_to(point.slots[c.slot], point.graph.shapes[c.slot]))
        value.reshape(-1)[c.flat] = x
    v = point.plan.reevaluate(point.slots, {c.slot: value})
    for slot, operation in point.watched(point.downstream({c.slot})):
        there = point.branch(operation, slot, v, point.graph.arguments[slot])
        if np.any(np.asarray(there) != np.asarray(point.branch_here(slot))):
            return point.total(v[point.target]), slot
    return point.total(v[point.target]), -1


def compare(network: Network, names: list[str] | None = None) -> None:
    """Every entry at a few places: the program of changes beside a plain evaluation."""
    point = point_of(network)
    for name in names or network.graph.names("parameter", "input"):
        components = list(point.components(name))
        if not point.reaches(components[0].slot):
            continue
        noise = point.noise(components[0].slot)
        places = np.array([[c.x + step for step in STEPS] for c in components])
        index = tuple(np.array([c.index for c in components], int).reshape(len(components), -1).T)
        losses, corners = Perturbation(point, components[0].slot).look(index, places)
        for k, c in enumerate(components):
            expected = [plain(point, c, x) for x in places[k]]
            for got, (loss, _) in zip(losses[k].tolist(), expected, strict=True):
                same = got == loss or (math.isnan(got) and math.isnan(loss))
                assert same or abs(got - loss) <= 100 * noise + 1e-11 * abs(loss), (name, c.index, got, loss)
            turned = {slot for _, slot in expected} - {-1}
            assert corners[k] == min(turned, default=-1), (name, c.index, turned)


SHAPES = {(4, 3): ["A", "B"], (3,): ["u", "v"], (3, 5): ["W"], (4, 1): ["k"], (): ["s"], (5, 3): ["V"]}
FORMS = [
    ("{a} + {b}", (4, 3), (3,)),
    ("{a} * {b}", (4, 3), (4, 1)),
    ("{a} - {b}", (3,), ()),
    ("{a} * {b}", (4, 3), (4, 3)),
    ("{a} + {b}", (4, 1), (3,)),
    ("tanh({a})", (4, 3)),
    ("relu({a})", (4, 3)),
    ("maximum({a}, {b})", (4, 3), (3,)),
    ("{a} @ {b} @ V", (4, 3), (3, 5)),
    ("{a} @ {b}.T", (4, 3), (5, 3)),
    ("({a}.T @ {b})[0]", (4, 3), (4, 3)),
    ("softmax({a}, axis=1)", (4, 3)),
    ("softmax({a}, axis=0)", (4, 3)),
    ("log_softmax({a})", (4, 3)),
    ("{a} - max({a}, axis=1, keepdims=True)", (4, 3)),
    ("{a} / (1 + std({a}, axis=0))", (4, 3)),
    ("{a} - mean({a}, axis=0)", (4, 3)),
    ("{a} + sum({a}, axis=1, keepdims=True)", (4, 3)),
    ("mean({a}, axis=0) + {b}", (4, 3), (3,)),
    ("reshape({a}, (3, 4)).T", (4, 3)),
    ("{a}[1:, :]", (4, 3)),
    ("concatenate([{a}, {b}], axis=0)[2:6]", (4, 3), (4, 3)),
    ("cumsum({a}, axis=0)", (4, 3)),
    ("{b} @ {a}", (3, 5), (3,)),
    ("{a} @ {b}", (4, 3), (3,)),
    ("outer({a}, {b})[:, 1:2] * ones((3, 3))", (3,), (3,)),
    ("norm({a}, axis=1, keepdims=True) * {b}", (4, 3), (4, 3)),
    ("logsumexp({a}, axis=0)", (4, 3)),
    ("prod({a}, axis=1, keepdims=True) + {b}", (4, 3), (3,)),
    ("sum({a}) * {b}", (4, 3), (3,)),
]


@st.composite
def networks(draw: Any) -> Network:
    """A few random formulas over arrays that broadcast, meet again, and end in a scalar."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    pools: dict[Any, list[str]] = {shape: list(names) for shape, names in SHAPES.items()}
    lines = ["parameters:"]
    for shape, names in SHAPES.items():
        for name in names:
            lines.append(f"  {name}: {json.dumps(np.round(rng.normal(size=shape), 3).tolist())}")
    lines.append("nodes:")
    made = []
    for k in range(draw(st.integers(2, 7))):
        form, *shapes = draw(st.sampled_from(FORMS))
        a, *b = [draw(st.sampled_from(pools[shape])) for shape in shapes]
        lines.append(f'  n{k}: "{form.format(a=a, b=b[0] if b else "")}"')
        made.append(f"n{k}")
        shape = loads("\n".join([*lines, f"  J: sum(n{k})"])).graph.shape(f"n{k}")
        pools.setdefault(shape, []).append(f"n{k}")
    lines.append(f'  J: "{" + ".join(f"sum({name}**2) * 0.{k + 1}" for k, name in enumerate(made))}"')
    return loads("\n".join(lines))


@given(networks())
@settings(max_examples=60, deadline=None)
def test_a_change_moves_as_in_a_plain_evaluation(network: Network) -> None:
    compare(network)


@pytest.mark.slow
@given(networks())
@settings(max_examples=40, deadline=None)
def test_right_arrays_raise_no_alarm_and_wrong_ones_one(network: Network) -> None:
    good = report(network)
    assert good.verdict == "pass", [r for r in good.rows if r.verdict != "pass"]
    graph = network.graph
    rng = random.Random(len(graph))
    slot = rng.choice([s for s, o in enumerate(graph.operations) if o is not None and s in point_slots(network)])
    operation: Any = graph.operations[slot]
    k = next((k for k, a in enumerate(graph.arguments[slot]) if a not in graph.constants), None)
    if k is None:
        return
    graph.operations[slot] = broken(operation, FAULTS["1 %"], 0 if operation.variadic else k)
    bad = report(network)
    for a, b in zip(good.rows, bad.rows, strict=True):
        if abs(a.backprop - b.backprop) > 1e-5 * max(abs(a.backprop), abs(b.backprop)) and a.reason == "":
            assert b.verdict == "fail", (operation, k, b)


def point_slots(network: Network) -> set[int]:
    point = point_of(network, everything=False)
    return {s for s, g in enumerate(point.gradients) if g is not None}


@pytest.mark.parametrize("name", ["W", "b", "x", "t", "z", "a", "J"])
def test_inputs_and_nodes_move_too(name: str) -> None:
    network = loads(
        "inputs: {x: [[1, 2], [3, 4], [5, -6]]}\nparameters: {W: [[0.1, 0.2], [-0.3, 0.4]], b: [0.5, -0.1]}\n"
        "nodes: {t: x @ W, z: t + b, a: relu(z), J: sum(a**2)}"
    )
    compare(network, [name])


def test_infinities_and_nans_are_not_added_to() -> None:
    network = loads(
        "parameters: {W: [[1.0, 2.0], [3.0, 4.0]], x: [[1.0, 2.0], [0.5, 1.0]]}\n"
        "inputs: {m: [0.0, -.inf]}\n"
        "nodes: {t: x @ W, z: t + m, s: z @ W, p: exp(s), q: exp(z) @ W, J: sum(p) + sum(q) + sum(t)}"
    )
    compare(network, ["W", "x", "t"])
    rows = report(network).rows
    assert [r.label for r in rows if r.verdict != "pass"] == ["W[1, 0]", "W[1, 1]"]  # 0 times infinity in x.T @ g
    assert {r.reason for r in rows if r.verdict != "pass"} == {"nonfinite"}


def test_a_function_of_the_spec_with_the_name_of_an_operation_is_not_taken_for_it() -> None:
    network = loads(
        "parameters: {W: [[0.3, 0.2], [0.1, 0.5]], x: [[1.0, 2.0]]}\n"
        "functions: {soft(z): {value: z * z, gradient: {z: 2 * z}}}\n"
        "nodes: {a: soft(x @ W), J: sum(a)}"
    )
    compare(network)
    graph = network.graph
    slot = next(s for s, o in enumerate(graph.operations) if o is not None and o.name == "soft")
    graph.operations[slot].name = "softmax"  # type: ignore[union-attr]
    compare(network)


# Searches side by side.


@given(st.lists(st.tuples(st.floats(-50, 50), st.integers(0, 5)), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_searches_side_by_side_are_those_one_by_one(cases: list[tuple[float, int]]) -> None:
    functions = [
        math.sin,
        lambda p: math.log(p) if p > 0 else math.nan,
        lambda p: p + 1e-6 * math.sin(1e5 * p),
        lambda p: 2.0,
        lambda p: 1e6 + 1e-3 * p,
        lambda p: max(p, 0.0),
    ]
    noise = 3 * UNIT
    alone = []
    for x, which in cases:
        search = StepSearch(x, noise, GOAL)
        while not search.done:
            points = search.points()
            corner = 7 if which == 5 and min(points) <= 0 < max(points) else -1
            search.feed([functions[which](p) for p in points], corner)
        alone.append(search)

    def look(active: Any, places: Any) -> Any:
        losses = [[functions[cases[k][1]](float(p)) for p in row] for k, row in zip(active, places, strict=True)]
        turned = [
            7 if cases[k][1] == 5 and row.min() <= 0 < row.max() else -1 for k, row in zip(active, places, strict=True)
        ]
        return np.array(losses), np.array(turned)

    found = searched(np.array([x for x, _ in cases]), noise, GOAL, look)
    for k, search in enumerate(alone):
        value, error = found.value[k], found.error[k]
        assert bool(found.cornered[k]) == search.cornered
        assert found.corner[k] == search.corner
        if math.isfinite(search.best.error):
            assert value == pytest.approx(search.best.value, rel=1e-12, abs=1e-300)
            assert error == pytest.approx(search.best.error, rel=1e-9)
            assert (value, error) == search.best  # to the last bit: it is one implementation
        else:
            assert error == math.inf


# Graphs of plain numbers.


@pytest.mark.parametrize("act", ["sigmoid", "relu", "abs", "floor"])
@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_a_stack_is_a_plain_loop_also_where_nodes_feed_each_other(act: str, scale: float) -> None:
    network = deep(4, layers=4, width=3, scale=scale, act=act)
    point = point_of(network)
    names = network.graph.names("parameter", "node")
    components = [c for name in names for c in point.components(name) if point.reaches(c.slot)]
    places = np.array([[c.x + step for step in STEPS] for c in components])
    stack = Stack(point, components, ready(point))
    losses, corners = stack.look(np.arange(len(components)), places)
    for k, c in enumerate(components):
        expected = [plain(point, c, x) for x in places[k]]
        assert losses[k] == pytest.approx([loss for loss, _ in expected], rel=1e-12, abs=1e-14)
        assert corners[k] == min({slot for _, slot in expected} - {-1}, default=-1)


@pytest.mark.parametrize("act", ["relu", "floor", "sign", "sigmoid"])
def test_a_change_that_dies_on_the_way_is_seen_in_a_stack(act: str) -> None:
    for seed in range(6):
        point = point_of(deep(seed, layers=3, width=3, scale=3.0, act=act))
        names = point.graph.names("parameter", "node")
        components = [c for name in names for c in point.components(name) if point.reaches(c.slot)]
        points = [StepSearch(c.x, 0.0, 0.0).points() for c in components]
        found = Stack(point, components, ready(point)).constant(np.arange(len(components)), np.array(points))
        assert found.tolist() == [point.constant(c, p) for c, p in zip(components, points, strict=True)]


def test_a_change_that_is_lost_in_rounding_has_not_died() -> None:
    point = point_of(loads("parameters: {w: 0.5, v: 2}\nnodes: {t: w + 1e20, s: t - 1e20, J: s * v}"))
    components = list(point.components("w"))
    points = [StepSearch(0.5, 0.0, 0.0).points()]
    assert not point.constant(components[0], points[0])
    assert Stack(point, components, ready(point)).constant(np.arange(1), np.array(points)).tolist() == [False]


def test_complex_steps_of_nodes_that_feed_each_other() -> None:
    point = point_of(deep(4, layers=4, width=3, scale=1.5, act="tanh"))
    components = [c for name in point.graph.names("parameter", "node") for c in point.components(name)]
    for c, found in zip(components, complex_slopes(point, components), strict=True):
        assert found.value == pytest.approx(c.backprop, rel=1e-10, abs=1e-200), c.name


def test_every_node_of_a_graph_is_checked_alike_in_stacks_and_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    network = deep(7, layers=5, width=3, scale=1.5, act="softplus")
    names = network.graph.names("parameter", "node")
    loop = report(network, names=names)
    monkeypatch.setattr("backpropcli.gradcheck.large.nearby.LOOP", 0)
    stacked = report(network, names=names)
    for a, b in zip(loop.rows, stacked.rows, strict=True):
        assert (a.name, a.verdict, a.reason, a.method) == (b.name, b.verdict, b.reason, b.method)


def test_noise_of_many_slots_is_the_noise_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    point = point_of(deep(5, layers=6, width=3, scale=100.0))
    slots = [s for s in range(len(point.graph)) if s not in point.graph.constants]
    one = {slot: point.noise(slot) for slot in slots}
    monkeypatch.setattr("backpropcli.gradcheck.large.reach.WIDTH", 24)
    assert noises(point, slots) == pytest.approx(one, rel=1e-9)
    found = added_up(point.graph, [1.0] * len(point.graph), slots)
    reached = [len(point.downstream({slot})) for slot in slots]
    assert [round((size or 0.0) ** 2) for size in found] == reached


def test_a_pass_over_a_chain_costs_what_is_downstream(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = []
    look = Stack.look

    def counted(stack: Stack, active: Any, places: Any) -> Any:
        ran.append(len(stack.steps) * places.size)
        return look(stack, active, places)

    monkeypatch.setattr(Stack, "look", counted)
    numbers = []
    for size in (400, 800):
        nodes = {f"n{k}": f"{f'n{k - 1}' if k else 'w'} {'+-'[k % 2]} u" for k in range(size)}
        network = loads(json.dumps({"parameters": {"w": 0.5, "u": 0.1}, "nodes": nodes}))
        ran.clear()
        report(network, names=network.graph.names("node"))
        numbers.append(sum(ran) / size)
    assert 1.5 < numbers[1] / numbers[0] < 2.2


# Slopes carried back.


CARRIED = """
inputs: {{x: {{normal: [6, 20], seed: 1}}}}
parameters: {{W: {{normal: [20, 30], seed: 2}}, b: {{normal: [30], seed: 3}}, V: {{normal: [4, 30], seed: 4}}}}
nodes:
  z: {z}
  a: {a}(z * 0.1)
  o: a @ V.T
  J: mean(o**2)
"""


@pytest.mark.parametrize("z", ["x @ W + b", "b - x @ W", "-(x @ W) + b", "(W.T @ x.T).T + b"])
@pytest.mark.parametrize("act", ["tanh", "relu", "softplus"])
def test_carried_slopes_are_those_of_each_entry(z: str, act: str) -> None:
    point = point_of(loads(CARRIED.format(z=z, a=act)), everything=False)
    ways = CarriedSlopes(point, Differences(point, GOAL))
    slot = point.graph.nodes["W"].slot
    carried, direct = ways.carried(slot), ways.direct(slot)
    assert carried is not None
    known = np.isfinite(carried.error)
    assert known.mean() > 0.9
    gap = np.abs(carried.value - direct.value)
    assert (gap <= 3 * (carried.error + direct.error))[known].all()
    right = point.trace.gradient("W")
    assert (np.abs(carried.value - right) <= 3 * carried.error)[known].all()
    assert (carried.error < 1e-6 * np.abs(direct.value).max())[known].all()


def test_a_way_back_that_its_operation_contradicts_is_not_gone() -> None:
    network = loads(CARRIED.format(z="x @ W + b", a="tanh"))
    point = point_of(network, everything=False)
    ways = CarriedSlopes(point, Differences(point, GOAL))
    carry = ways.pullback._carry
    ways.pullback._carry = lambda *given, **options: 1.001 * carry(*given, **options)  # type: ignore[method-assign]
    assert ways.carried(point.graph.nodes["W"].slot) is None
    assert report(network).verdict == "pass"


def test_a_weight_that_is_used_twice_is_looked_at_itself() -> None:
    network = loads(CARRIED.format(z="x @ W + b", a="tanh").replace("mean(o**2)", "mean(o**2) + sum(W**2)"))
    point = point_of(network, everything=False)
    assert CarriedSlopes(point, Differences(point, GOAL)).carried(point.graph.nodes["W"].slot) is None
    assert report(network).verdict == "pass"


@pytest.mark.slow
@pytest.mark.parametrize("fault", sorted(FAULTS))
@pytest.mark.parametrize("operation", ["matmul", "add", "tanh", "mean"])
def test_no_fault_hides_behind_a_carried_slope(operation: str, fault: str) -> None:
    network = loads(CARRIED.format(z="x @ W + b", a="tanh"))
    graph = network.graph
    slot = next(s for s, o in enumerate(graph.operations) if o is not None and o.name == operation)
    k = 1 if operation == "matmul" else 0
    graph.operations[slot] = broken(graph.operations[slot], FAULTS[fault], k)  # type: ignore[arg-type]
    found = report(network)
    wrong = {row.name for row in found.rows if row.verdict == "fail"}
    assert wrong == {"matmul": {"W"}, "add": {"W"}, "tanh": {"W", "b"}, "mean": {"W", "b", "V"}}[operation]
    assert all(row.verdict == "fail" for row in found.rows if row.name in wrong)
    assert found.culprit is not None
    assert found.culprit.operation == operation


@pytest.mark.parametrize("act", ["tanh", "relu", "gelu"])
def test_complex_steps_move_as_changes_do(act: str) -> None:
    point = point_of(loads(CARRIED.format(z="x @ W + b", a=act)), everything=False)
    for name in ("W", "b", "V"):
        components = list(point.components(name))
        for some in (components, components[:5]):
            for c, found in zip(some, complex_slopes(point, some), strict=True):
                assert found.value == pytest.approx(c.backprop, rel=1e-9, abs=1e-13)
                assert abs(found.value - c.backprop) <= 3 * found.error + 1e-12 * abs(c.backprop) + 1e-15
