"""Paths number by number: their products add up to the gradient, on scalars and from entry to entry of arrays."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import numpy as np
import pytest
from telling_makers import matrices, scalars

import backpropcli as bp
from backpropcli.derivation.paths import MOST_PATHS, Spot
from backpropcli.notation.formula import typeset


def total(paths: Any) -> float:
    return sum(prod(link.value for link in path) for path in paths)


@pytest.mark.parametrize("seed", range(60))
def test_paths_of_scalars_add_up_to_the_gradient(seed: int) -> None:
    network = bp.loads(scalars(seed))
    trace = network.run()
    for name in [*network.parameters, *network.graph.names("node")]:
        told = network.explain(name)
        if told.paths is not None:
            assert total(told.paths) == pytest.approx(trace.gradient(name), rel=1e-10, abs=1e-13)


@pytest.mark.parametrize("seed", range(60))
def test_paths_from_entry_to_entry_add_up_to_the_gradient(seed: int) -> None:
    network = bp.loads(matrices(seed))
    trace, followed = network.run(), 0
    for name in network.parameters:
        gradient, shape = trace.gradient(name), network.graph.shape(name)
        told = network.explain(name)
        for place in product(*map(range, shape)):
            paths = told.links.paths(Spot(name, place))
            if paths is not None:
                followed += 1
                right = gradient[place] if place else gradient
                assert total(paths) == pytest.approx(float(right), rel=1e-9, abs=1e-12)
    assert followed or "x: [[" in matrices(seed)


@pytest.mark.parametrize("seed", range(30))
def test_every_link_s_formula_is_its_number(seed: int) -> None:
    network = bp.loads(matrices(seed))
    told = network.explain("W1")
    values = {n: told.worked.value(n) for n in network.graph.nodes}
    checked = 0
    for place in product(*map(range, network.graph.shape("W1"))):
        for path in told.links.paths(Spot("W1", place)) or ():
            for link in path:
                if link.formula is not None and not link.facts:
                    text = typeset(link.formula).replace("·", "*").replace("²", "**2")
                    text = text.replace("(1", "*(1") if "](1" in text else text
                    try:
                        said = eval(text, {**vars(np), **values})  # our own text, not a stranger's
                    except (NameError, SyntaxError, TypeError):
                        continue  # 2(a - y): as people write it, not as Python does
                    checked += 1
                    assert said == pytest.approx(link.value, rel=1e-9, abs=1e-12), text
    assert checked or told.links.paths(Spot("W1", (0, 0))) is None


def test_too_many_paths_are_not_followed() -> None:
    names = [f"a{k}" for k in range(MOST_PATHS + 1)]
    nodes = ", ".join(f"{name}: w*{k + 1}" for k, name in enumerate(names))
    wide = f"parameters: {{w: 0.5}}\nnodes: {{{nodes}, J: {' + '.join(names)}}}\nloss: J"
    assert bp.loads(wide).explain("w").paths is None
    narrow = wide.replace(f" + a{MOST_PATHS}", "")
    found = bp.loads(narrow).explain("w").paths
    assert found is not None
    assert len(found) == MOST_PATHS


def test_a_long_chain_is_followed() -> None:
    nodes = ", ".join(f"a{k}: a{k - 1} + 1" for k in range(1, 3000))
    found = bp.loads(f"parameters: {{w: 0.5}}\nnodes: {{a0: w, {nodes}}}\nloss: a2999").explain("w").paths
    assert found is not None
    assert len(found[0]) == 3000


def test_steps_inside_a_formula_are_one_link() -> None:
    spec = "inputs: {x: [1, 2], y: [3, 5]}\nparameters: {W: [[1, 2], [3, 4]]}\nnodes: {a: x @ W, J: sum((a - y)**2)/2}"
    told = bp.loads(spec).explain("W", (0, 1))
    assert told.paths is not None
    (path,) = told.paths
    assert [(str(k.to), str(k.by), typeset(k.formula)) for k in path if k.formula] == [
        ("J", "a[1]", "a[1] - y[1]"),
        ("a[1]", "W[0, 1]", "x[0]"),
    ]


def test_softmax_has_its_two_cases() -> None:
    spec = "parameters: {z: [1, 2]}\nnodes: {p: softmax(z), J: '-log(p[0])'}"
    told = bp.loads(spec).explain("z", (1,))
    assert told.paths is not None
    assert typeset(told.paths[0][-1].formula or told.paths[0][0].formula) == "-p[0] · p[1]"  # type: ignore[arg-type]


def test_a_choice_is_told_with_its_numbers() -> None:
    told = bp.loads("parameters: {w: [2, -3]}\nnodes: {a: relu(w), J: sum(a)}").explain("w", (1,))
    assert told.paths is not None
    (fact,) = told.paths[0][-1].facts
    assert (typeset(fact.said), typeset(fact.becomes), fact.remark, fact.conditions) == (
        "relu'(w[1])",
        "0",
        "relu'(-3) = 0, as -3 ≤ 0",
        ("w[1] ≤ 0",),
    )
