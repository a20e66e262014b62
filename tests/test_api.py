"""The Python API: what a notebook types."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import backpropcli as bp
from backpropcli.language import example_text


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.yaml"
    path.write_text(example_text("lecture"), encoding="utf-8")
    return path


def test_load_run_gradient(file: Path) -> None:
    trace = bp.load(file).run()
    assert (trace.value("J"), trace.gradient("w1"), trace.gradient("w1", of="a2")) == (2.0, 6.0, 3.0)


def test_check_can_be_called_more_than_once(file: Path) -> None:
    """A room of the package called `check` would take the function's place after its first import."""
    assert [bp.check(file).verdict, bp.check(bp.load(file)).verdict, bp.check(file).status] == ["pass", "pass", 0]


def test_flags_and_values(file: Path) -> None:
    assert bp.load(file, parameters=["w1=2.001"]).run().value("J") == pytest.approx(2.0060045, rel=1e-12)
    network = bp.load(file)
    assert network.run(values={"w1": 2.001}).value("J") == pytest.approx(2.0060045, rel=1e-12)
    assert network.run().value("J") == 2.0
    assert network.parameters == ["w1", "b1", "w2", "b2"]


def test_forward_alone_and_other_nodes(file: Path) -> None:
    network = bp.load(file)
    trace = network.run(forward=True)
    assert (trace.of, trace.value("a2")) == (None, 7.0)
    with pytest.raises(bp.BackpropError, match="only the forward pass was run"):
        trace.gradient("w1")
    assert network.run("a2").gradient("w1") == 3.0
    with pytest.raises(bp.BackpropError, match="has no node z9"):
        network.run("z9")


def test_an_upstream_gradient_may_be_a_list() -> None:
    network = bp.loads("parameters: {w: [1, 2, 3]}\nnodes: {J: w**2}")
    np.testing.assert_array_equal(network.run(upstream=[1, 0, 2]).gradient("w"), [2.0, 0.0, 12.0])
    with pytest.raises(bp.BackpropError, match="not an array of numbers"):
        network.run(upstream=[[1], [1, 2]])


def test_a_loss_that_is_no_scalar_knows_its_place() -> None:
    with pytest.raises(bp.BackpropError) as caught:
        bp.loads("parameters: {w: [1, 2]}\nnodes: {J: w**2}", "net.yaml").run()
    assert str(caught.value).splitlines()[:3] == [
        "J has shape (2,), and gradients need one number",
        "  net.yaml:2:12",
        "  2 | nodes: {J: w**2}",
    ]


def test_errors_are_backprop_errors(file: Path) -> None:
    with pytest.raises(bp.BackpropError, match="unknown name: w9"):
        bp.loads("parameters: {w: 1}\nnodes: {J: w9}")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        bp.nothing  # noqa: B018  # the access is what is tested


def test_a_trace_shows_itself_as_a_table(file: Path) -> None:
    trace = bp.load(file).run()
    assert "dJ/d(name)" in str(trace)
    html = trace._repr_html_()
    assert html.count("<tr") == 14
    assert "<script" not in bp.loads("title: <script>\nparameters: {w: 1}\nnodes: {J: w}").run()._repr_html_()


def test_names_are_listed() -> None:
    assert {"load", "loads", "check", "Network", "Trace"} <= set(dir(bp))
