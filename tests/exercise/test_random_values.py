"""Fresh numbers for exercises: nice, finite, the same for a seed, and others for another seed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backpropcli as bp
from backpropcli.engine.ties import twins
from backpropcli.exercise.random_values import stride, tell

STUDENTS = range(101, 131)
LECTURE = Path(__file__).parents[2] / "examples" / "lecture.yaml"


def sets(text: str, seeds: Any = STUDENTS) -> list[dict[str, Any]]:
    network = bp.loads(text)
    return [network.fresh(seed) for seed in seeds]


def different(found: list[dict[str, Any]]) -> int:
    return len({str({name: np.asarray(value).tolist() for name, value in one.items()}) for one in found})


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "parameters: {w: 3}\nnodes: {a: 2 + 3*w, J: a**2}",
        "parameters: {w: 0.3}\nnodes: {a: 2 + 3*w, J: a**2}",
        "parameters: {w: 3}\nnodes: {a: log(w), J: a**2}",
        "parameters: {w: 0, v: 2}\nnodes: {a: v/w, J: a**2}",
        "inputs: {x: 2}\nparameters: {w: 3, b: 1}\nnodes: {a: w*x + b, J: a**2}",
        "inputs: {x: 2}\ntargets: {y: 1}\nparameters: {w: -2, b: 8}\nnodes: {c: w*x, a: c + b, d: a - y, J: d**2/2}",
        "inputs: {x: 2}\ntargets: {y: 1}\nparameters: {w: -2, b: 8}\nnodes:\n  p: sigmoid(w*x + b)\n"
        "  J: binary_cross_entropy(p, y)",
    ],
)
def test_thirty_students_of_a_small_network_get_thirty_sets(text: str) -> None:
    found = sets(text)
    assert different(found) > 25  # as many as there are
    network = bp.loads(text)
    own = {name: float(value) for name, value in network.values.items()}
    for values in found:
        assert values != own
        trace = network.run(values=values)
        for name in network.graph.names("parameter", "node"):
            assert math.isfinite(trace.value(name))
            assert math.isfinite(trace.gradient(name))


def test_a_seed_is_a_set() -> None:
    text = "parameters: {w: 3, v: 2}\nnodes: {J: w * v**2}"
    assert sets(text) == sets(text)


def test_whole_numbers_stay_whole_and_others_become_tenths() -> None:
    for values in sets("parameters: {w: 3, v: 2}\nnodes: {J: w * v**2}"):
        assert all(x == int(x) and 0 < abs(x) <= 8 for x in values.values())
    for values in sets("parameters: {w: 0.25, v: 2}\nnodes: {J: w * v**2}"):
        assert all(round(10 * x, 9) == round(10 * x) and 0 < abs(x) <= 0.8 for x in values.values())


@pytest.mark.slow
def test_labels_stay_class_numbers() -> None:
    found = sets(
        "inputs: {x: [[1, 2], [3, -1]]}\ntargets: {y: [0, 2]}\nparameters: {W: [[1, 2, 3], [4, -5, 6]]}\n"
        "nodes:\n  z: x @ W\n  J: cross_entropy(z, y)"
    )
    assert different(found) > 25  # as many as there are
    labels = {label for values in found for label in values["y"].tolist()}
    assert labels == {0.0, 1.0, 2.0}


def test_targets_stay_what_they_are() -> None:
    common = "inputs: {x: 2, u: 3}\nparameters: {w: -2, b: 8}\nnodes:\n  p: sigmoid(w*x + b + u)\n"
    zero_one = sets("targets: {y: 1}\n" + common + "  J: binary_cross_entropy(p, y)")
    assert {values["y"] for values in zero_one} == {0.0, 1.0}
    assert all(values["y"] > 0 for values in sets("targets: {y: 5}\n" + common + "  J: (p - y)**2"))
    rows = [[0.0, 1.0], [0.25, 0.75]]
    for values in sets(
        f"targets: {{y: {rows}}}\nparameters: {{z: [[1, 2], [3, 4]]}}\nnodes:\n  J: mean(softmax_cross_entropy(z, y))",
        [1, 2],
    ):
        assert values["y"].tolist() == rows


@pytest.mark.slow
def test_parameters_of_zeros_and_ones_are_chosen_anew() -> None:
    assert different(sets("parameters: {b: [0, 0], g: [1, 1]}\nnodes: {J: sum(b * g)}")) == 30


def test_where_nothing_finite_is_possible_the_numbers_stay() -> None:
    assert sets("parameters: {w: 3}\nnodes: {a: log(-w*w), J: a**2}", [1]) == [{"w": 3.0}]
    assert sets("parameters: {a: 1, b: 2, c: 3, d: 4, e: 5}\nnodes: {J: log(-a*a) + b + c + d + e}", [1]) == [
        {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0, "e": 5.0}
    ]


def test_every_pick_comes_once() -> None:
    for count in range(1, 200):
        assert len({seed * stride(count) % count for seed in range(count)}) == count


def test_answers_are_not_all_the_same() -> None:
    network = bp.load(LECTURE)
    losses = [network.run(values=network.fresh(seed)).value("J") for seed in STUDENTS]
    assert len(set(losses)) >= 6
    assert max(losses.count(loss) for loss in losses) <= len(losses) / 2


@pytest.mark.slow
def test_arrays_are_not_constant_nor_labels_all_the_same() -> None:
    data = "inputs: {x: [[1, 2], [3, -1]]}\ntargets: {y: [0, 2]}\n"
    parameters = "parameters: {W: [[1, 2, 3], [4, -5, 6]], b: [1, 2, 3]}\n"
    text = data + parameters + "nodes:\n  z: x @ W + b\n  J: cross_entropy(z, y)"
    for values in sets(text):
        for name, value in values.items():
            assert len(set(np.ravel(value).tolist())) > 1, (name, value)


def test_what_rounding_leaves_of_0_is_avoided() -> None:
    network = bp.load(LECTURE.with_name("mazur.yaml"))
    for seed in range(12):
        trace = network.run(values=network.fresh(seed))
        for name in network.graph.names("node"):
            assert abs(trace.value(name)) > 1e-6, (seed, name)


def test_hundreds_of_seeds_share_no_numbers() -> None:
    text = "parameters: {a: 1, b: 2, c: 3, d: 4, e: 5}\nnodes: {s: a*b, t: c*d, J: s + t + e}"
    assert different(sets(text, range(1, 41))) == 40
    told = set()
    for seed in range(512):
        draw = [3.0, -2.0, 1.0, 5.0, 4.0]
        tell(draw, [0, 1, 3], 1, seed)
        told.add(tuple(draw))
    assert len(told) == 512


def test_every_fourth_seed_makes_a_unit_dead_where_there_is_one() -> None:
    small = "inputs: {x: 2}\ntargets: {y: 1}\nparameters: {w: 3, b: 1}\nnodes: {z: w*x + b, a: relu(z), J: (a - y)**2}"
    smooth = small.replace("relu", "tanh")
    for text, mortal in ((small, True), (LECTURE.read_text(encoding="utf-8"), True), (smooth, False)):
        network = bp.loads(text)
        for seed in range(1, 21):
            trace = network.run(values=network.fresh(seed))
            names = network.graph.names("parameter", "node")
            zeros = [name for name in names if trace.gradient(name) == 0.0]
            assert bool(zeros) is (mortal and seed % 4 == 3), (text, seed, zeros)
            assert len(zeros) < len(names)


@pytest.mark.slow
@pytest.mark.parametrize(
    "nodes",
    [
        "{s: 'maximum(w*x, m)', t: 'minimum(w, v)', q: 'max([w, v, m])', J: s*t + q}",
        "{z: '[w*x, m*v, w + v]', J: 'max(z)*m'}",
        "{a: 'min([x*w, m])', b: 'fmax(v, m)', J: a*b + w}",
    ],
)
def test_no_choice_between_equal_numbers(nodes: str) -> None:
    """How a tie is shared is a convention: 1/2 and 1/3 are no exercise, though they leave no gradient 0."""
    network = bp.loads(f"inputs: {{x: -1.5}}\nparameters: {{w: 2.0, m: 0.3, v: 1.5}}\nnodes: {nodes}")
    plan = network.plan()
    found = [network.fresh(seed) for seed in range(1, 31)]
    assert different(found) > 25  # as many as there are
    for values in found:
        assert not any(n > 0 for n in twins(plan.graph, plan.forward(values), plan.numbers())), values


def test_what_ties_anyway_has_fresh_numbers_too() -> None:
    network = bp.loads("parameters: {w: 2, v: 3}\nnodes: {m: 'maximum(w, w)', J: m*v}")
    assert different([network.fresh(seed) for seed in range(1, 9)]) == 8
