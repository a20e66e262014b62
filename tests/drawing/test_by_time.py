"""Unrolled networks as pictures: rows of data at their times, what all times share aside, long times elided."""

from __future__ import annotations

import pytest

from backpropcli import api
from backpropcli.drawing.dot import dot
from backpropcli.drawing.picture import picture
from backpropcli.drawing.terminal import terminal_graph

RNN = """
inputs: {x: [0.5, -1, 0.2], y: [0.3, -0.2, 0.1]}
parameters: {U: 0.8, W: 0.5, b: 0.1, V: 1.2, h0: 0}
nodes:
  h[0]: h0
  h[t]: tanh(U * x[t] + W * h[t-1] + b)
  o[t]: V * h[t]
  L[t]: (o[t] - y[t])**2
  J: sum(L)
"""
TWO = """
inputs: {x: {normal: [COUNT, 2], seed: 1}}
parameters: {A: {normal: [2, 2], seed: 2}, B: {normal: [2, 2], seed: 3}}
nodes:
  h[0]: zeros(2)
  c[0]: zeros(2)
  c[t]: tanh(x[t] @ A + h[t-1])
  h[t]: c[t] * c[t-1]
  r[T+1]: zeros(2)
  r[t]: tanh(x[t] @ B + r[t+1] @ A)
  y[t]: h[t] * r[t]
  k[0]: zeros(2)
  k[t]: tanh(y[t] + k[t-1] @ B)
  J: sum(k)
"""


def shown(text: str, full: bool = False):
    return picture(api.loads(text).unrolled().run(everything=True), level="times", full=full)


def test_rows_of_data_stand_at_their_times() -> None:
    found = shown(RNN)
    assert found.shared == ("U", "W", "b", "V")
    assert found.items["h[2]"].inputs == ("x[1]", "h[1]")
    assert found.items["x[1]"].value == ("-1",)
    assert found.items["x[1]"].gradient == ("-0.5434",)  # 0.8 · (1 - 0.437344²) · -0.839968
    assert {"x", "y"}.isdisjoint(found.items)
    assert (found.items["o[0]"].label, found.items["o[0]"].round) == ("V · h[1]", False)
    assert found.above["L[0]"] == ("y[0]",)
    assert not found.unused


def test_an_axis_that_is_not_the_first_is_followed() -> None:
    nodes = "{'h[0]': zeros(2), 'h[t]': 'w * x[:, t] + h[t-1]', J: 'sum(h)'}"
    text = f"inputs: {{x: [[1, 2], [3, 4]]}}\nparameters: {{w: [1, 2]}}\nnodes: {nodes}"
    found = shown(text)
    assert found.items["x[:, 1]"].value == ("[2 4]",)


def test_what_is_read_whole_stays_whole() -> None:
    text = RNN.replace("J: sum(L)", "J: sum(L) + x[0] + sum(x)")
    assert "x" in shown(text).items
    assert "x[2]" in shown(text).items


@pytest.mark.parametrize("full", [False, True])
def test_the_middle_of_many_times_is_one_box(full: bool) -> None:
    found = shown(TWO.replace("COUNT", "40"), full)
    order = list(found.items)
    for name, item in found.items.items():
        for source in item.inputs:
            assert order.index(source) < order.index(name)
    assert bool(found.left_out) is not full
    if full:
        assert "h[20]" in found.items
        return
    assert len([name for name in found.times if name.startswith("h[")]) == 4
    assert "h[20]" not in found.items
    boxes = {name: item.inputs for name, item in found.items.items() if item.label == "⋯"}
    assert boxes == {"c[⋯]": ("h[2]", "c[2]"), "r[⋯]": ("r[39]",), "k[⋯]": ("k[2]",)}
    assert "c[⋯]" in found.items["c[40]"].inputs
    assert found.items["k"].formula == "[k[0], …, k[40]]"
    assert "".join(dot(found)).count("⋯") > 3
    told = "\n".join(terminal_graph(found, 100))
    assert "are left out; --full draws every time" in told


def test_a_terminal_says_what_is_shared() -> None:
    lines = list(terminal_graph(shown(RNN), 120))
    assert "at every time: U=0.8 ▲0.7618,  W=0.5 ▲-0.2611,  b=0.1 ▲-0.5868,  V=1.2 ▲0.5152" in lines
    assert not [line for line in lines if line.startswith("not used")]


def test_dot_goes_up_within_a_time_and_right_between_times() -> None:
    lines = "".join(dot(shown(RNN))).splitlines()
    assert "  rankdir=BT;" in lines
    assert '  { rank=same; "h[0]"; "h[1]"; "h[2]"; "h[3]"; }' in lines
    assert '  "h[1]" -> "h[2]" [constraint=false];' in lines
    assert '  "h[1]" -> "o[0]" [weight=4];' in lines
