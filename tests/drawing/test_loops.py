"""Recurrences in drawings: an arrow that leads back, with what it brings and how often."""

from __future__ import annotations

import re

import pytest

from backpropcli import api
from backpropcli.drawing.arrangement import arranged
from backpropcli.drawing.dot import dot
from backpropcli.drawing.mermaid import mermaid
from backpropcli.drawing.picture import picture
from backpropcli.drawing.svg import drawn
from backpropcli.drawing.terminal import terminal_graph
from backpropcli.passes.loops import Loop

RNN = """
inputs: {x: [0.5, -1, 0.2], y: [0.3, -0.2, 0.1]}
parameters: {U: 0.8, W: 0.5, b: 0.1, h0: 0}
nodes:
  h[0]: h0
  h[t]: tanh(U * x[t] + W * h[t-1] + b)
  L[t]: (h[t] - y[t])**2
  J: sum(L)
"""
GRU = """
inputs: {x: [0.5, -1, 0.2]}
parameters: {u: 0.8, w: 0.5}
nodes:
  h[0]: 0
  z[t]: sigmoid(u * x[t] + w * h[t-1])
  n[t]: tanh(w * x[t] + u * h[t-1])
  h[t]: (1 - z[t]) * h[t-1] + z[t] * n[t]
  J: sum(h)
"""
BACKWARD = "inputs: {x: [1, 2]}\nparameters: {a: 2}\nnodes: {'r[T]': 0, 'r[t]': 'a * r[t+1] + x[t]', J: 'sum(r)'}"


def loops_of(text: str) -> set[tuple[str, str, str, int]]:
    return {tuple(loop) for loop in Loop.found(api.loads(text).graph)}


@pytest.mark.parametrize(
    ("text", "loops"),
    [
        (RNN, {("h", "h", "t-1", 3)}),
        (GRU, {("z", "h", "t-1", 3), ("n", "h", "t-1", 3), ("h", "h", "t-1", 3)}),
        (BACKWARD, {("r", "r", "t+1", 2)}),
        ("parameters: {w: 2}\nnodes: {J: 'w * 2'}", set()),
    ],
)
def test_what_leads_back_is_known(text: str, loops: set[tuple[str, str, str, int]]) -> None:
    assert loops_of(text) == loops


def test_rows_know_their_times() -> None:
    times = {("h[0]", 0), ("h[1]", 1), ("h[2]", 2), ("h[3]", 3), ("L[0]", 1), ("L[1]", 2), ("L[2]", 3)}
    assert set(api.loads(RNN).unrolled().graph.times.items()) == times
    assert api.loads(BACKWARD).unrolled().graph.times == {"r[0]": 0, "r[1]": 1, "r[2]": 2}
    assert api.loads(RNN).graph.times == {}


def test_a_terminal_has_the_arrow_under_the_box() -> None:
    lines = "\n".join(terminal_graph(picture(api.loads(RNN).run()), 100)).splitlines()
    (at,) = [k for k, line in enumerate(lines) if "tanh" in line]
    start = lines[at].index("▶tanh") + 2
    assert lines[at + 1][start] == "▲"
    assert re.match(r"└─+ h\[t-1\], 3 times ─+┘", lines[at + 2][start:])
    assert lines[at + 1][start:].index("│") == lines[at + 2][start:].index("┘")
    narrow = "\n".join(terminal_graph(picture(api.loads(GRU).run()), 100, ascii=True))
    assert "+- h[t-1], 3 times" in narrow
    assert narrow.isascii()


def test_dot_and_mermaid_lead_back() -> None:
    shown = picture(api.loads(GRU).run())
    assert '"h" -> "z" [label="t-1, 3 times", style=dashed, constraint=false];' in "".join(dot(shown))
    assert len(re.findall(r'n\d -\. "t-1, 3 times" \.-> n\d', "".join(mermaid(shown)))) == 3


@pytest.mark.parametrize("widest", [None, 500.0])
def test_svg_has_a_group_for_each_loop(widest: float | None) -> None:
    shown = picture(api.loads(GRU).run())
    text = drawn(shown, widest=widest)
    found = re.findall(r'<g[^>]*class="edge loop"[^>]*data-from="(\w)" data-to="(\w)"', text)
    assert sorted(found) == [("h", "h"), ("h", "n"), ("h", "z")]
    sheet = arranged(shown, widest=widest)
    ends = [float(y) for y in re.findall(r"V([\d.]+)", str(sheet.shapes))]
    assert max(ends) <= sheet.height


def test_a_loop_follows_a_shortened_name() -> None:
    text = "inputs: {x: [1, 2]}\nparameters: {w: 2}\nnodes:\n  a_very_long_name_of_a_state[0]: 0\n"
    text += "  a_very_long_name_of_a_state[t]: w * a_very_long_name_of_a_state[t-1] + x[t]\n"
    text += "  J: sum(a_very_long_name_of_a_state)"
    told = "\n".join(terminal_graph(picture(api.loads(text).run()), 80))
    assert re.search(r"a_v\w*….*\[t-1\], 2 times", told)


def test_a_loop_is_its_reader_its_source_and_when() -> None:
    assert Loop("h", "h", "t-1", 1).often == "once"
