"""Random networks of plain numbers against complex steps and against PyTorch, and the same in every way of running."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scalar_makers import FORMS, Written, write

import backpropcli as bp
from backpropcli.ops.definition import Elementwise
from backpropcli.ops.table import TABLE, lookup

seeds = st.integers(0, 2**32 - 1)


def close(ours: float, right: float, scale: float) -> bool:
    """Agreement to 1e-10, relative; where terms have cancelled, relative to the largest gradient's rounding."""
    return abs(ours - right) <= 1e-10 * abs(right) + 1e-13 * scale


def gradients(written: Written) -> dict[str, float]:
    trace = bp.loads(written.document()).run()
    return {name: trace.gradient(name) for name in [*written.parameters, *written.nodes]}


def test_nearly_every_elementwise_operation_is_written() -> None:
    used = {word for form in FORMS for word in re.findall(r"[a-z]\w*(?=\()", form.text)}
    named = {found.name for word in used if (found := lookup(word)) is not None}
    infix = {
        "add",
        "subtract",
        "multiply",
        "divide",
        "power",
        "less",
        "less_equal",
        "greater",
        "greater_equal",
        "not_equal",
        "equal",
        "negative",
        "identity",
        "logical_and",
        "logical_or",
        "logical_not",
        "floor_divide",
    }
    elementwise = {name for name, operation in TABLE.items() if isinstance(operation, Elementwise)}
    assert len(elementwise - named - infix) <= 6, sorted(elementwise - named - infix)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_against_complex_steps(seed: int) -> None:
    written = write(seed)
    ours = gradients(written)
    scale = max(map(abs, ours.values()))
    for name, gradient in ours.items():
        assert close(gradient, written.slope(name), scale), name


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_values_against_complex_arithmetic(seed: int) -> None:
    written = write(seed)
    trace = bp.loads(written.document()).run(forward=True)
    for name, value in written.evaluate().items():
        assert trace.value(name) == pytest.approx(value.real, rel=1e-12, abs=1e-13)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_against_pytorch(seed: int) -> None:
    torch = pytest.importorskip("torch")
    written = write(seed)
    env = {k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in written.parameters.items()}
    for name, text in written.torch.items():
        env[name] = eval(text, {"torch": torch, "F": torch.nn.functional, **env})  # our own text, not a stranger's
        env[name].retain_grad()
    env["J"].backward()
    ours = gradients(written)
    scale = max(map(abs, ours.values()))
    for name, gradient in ours.items():
        theirs = env[name].grad
        assert close(gradient, 0.0 if theirs is None else float(theirs), scale), name


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_lists_and_plain_numbers_agree(seed: int) -> None:
    """The same formulas on arrays of one entry run through NumPy: the same gradients."""
    written = write(seed, nodes=30)
    ours = gradients(written)
    document = re.sub(r"^(  p\d+: )(\S+)$", r"\1[\2]", written.document(), flags=re.M)
    document = document.replace("loss: J", "  total: sum(J)\nloss: total")
    trace = bp.loads(document).run()
    for name, gradient in ours.items():
        assert trace.gradient(name).shape == (1,)
        assert trace.gradient(name)[0] == pytest.approx(gradient, rel=1e-11, abs=1e-13)


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_any_node_can_be_differentiated_again(seed: int) -> None:
    """Two runs, and runs from another node, give the same numbers: nothing is accumulated between them."""
    written = write(seed, nodes=20)
    network = bp.loads(written.document())
    first, second = network.run(), network.run()
    middle = network.run("n10").gradient("p0")
    for name in written.parameters:
        assert first.gradient(name) == second.gradient(name)
    assert first.gradient("p0", of="n10") == middle
    env = written.evaluate("p0", 1e-30j)
    assert middle == pytest.approx(env["n10"].imag / 1e-30, rel=1e-10, abs=1e-13)


@settings(max_examples=5, deadline=None)
@given(seeds)
def test_check_passes_right_gradients(seed: int) -> None:
    written = write(seed, nodes=25)
    report = bp.loads(written.document()).check()
    assert report.verdict in ("pass", "unsure")
    assert report.status != 1


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_single_precision_is_single(dtype: str) -> None:
    written = write(7, nodes=40)
    trace = bp.loads(written.document()).run(dtype=dtype)
    exact = {name: written.slope(name) for name in written.parameters}
    scale = max(map(abs, exact.values()))
    worst = max(abs(trace.gradient(name) - exact[name]) for name in exact) / scale
    assert worst < (1e-3 if dtype == "float32" else 1e-12)
    assert np.isfinite(worst)
    assert math.isfinite(trace.value("J"))
