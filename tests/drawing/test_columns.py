"""An unrolled network in columns: time goes right, what is made goes up, nothing lies on anything else."""

from __future__ import annotations

import re
from itertools import combinations

import pytest
from test_by_time import RNN, TWO, shown

from backpropcli.drawing.arrangement import arranged
from backpropcli.drawing.shapes import Group, Rect

LSTM = """
inputs: {x: {normal: [3, 3], seed: 1}}
parameters: {W: {normal: [5, 2], seed: 2}, V: {normal: [5, 2], seed: 3}, b: [1, 1]}
nodes:
  h[0]: zeros(2)
  c[0]: zeros(2)
  v[t]: concatenate([x[t], h[t-1]])
  f[t]: sigmoid(v[t] @ W + b)
  g[t]: tanh(v[t] @ V)
  o[t]: sigmoid(v[t] @ V + b)
  c[t]: f[t] * c[t-1] + (1 - f[t]) * g[t]
  h[t]: o[t] * tanh(c[t])
  J: sum(h[3]**2)
"""


def boxes(sheet) -> dict[str, Rect]:
    return {group.name: group.shapes[0] for group in sheet.shapes if isinstance(group, Group) and group.name}


@pytest.mark.parametrize("text", [RNN, LSTM, TWO.replace("COUNT", "3"), TWO.replace("COUNT", "40")])
def test_boxes_stand_apart_and_every_line_is_drawn(text: str) -> None:
    picture = shown(text)
    sheet = arranged(picture)
    found = boxes(sheet)
    assert set(found) == set(picture.items)
    for one, other in combinations(found.values(), 2):
        apart = one.left + one.width <= other.left or other.left + other.width <= one.left
        assert apart or one.top + one.height <= other.top or other.top + other.height <= one.top
    lines = {(g.source, g.target) for g in sheet.shapes if isinstance(g, Group) and g.kind == "edge"}
    assert lines == {(source, item.name) for item in picture.items.values() for source in item.inputs}
    for box in found.values():
        assert 0 <= box.left <= sheet.width - 2 * sheet.left + 0.1 - box.width
        assert 0 <= box.top <= sheet.height - box.height
    assert "nan" not in str(sheet.shapes)


@pytest.mark.parametrize(("text", "states"), [(RNN, "h"), (LSTM, "hcv")])
def test_time_goes_right_and_states_stand_in_a_row(text: str, states: str) -> None:
    found = boxes(arranged(shown(text)))
    for name in states:
        own = [box for row, box in found.items() if row.startswith(f"{name}[")]
        assert len({round(box.top + box.height / 2, 3) for box in own}) == 1
        assert [box.left for box in own] == sorted(box.left for box in own)
    assert found["J"].top == min(box.top for name, box in found.items() if name not in shown(text).shared)
    assert found["x[0]"].top > found["h[1]"].top + found["h[1]"].height


def test_what_is_made_stands_above_what_it_is_made_of() -> None:
    found = boxes(arranged(shown(RNN)))
    assert found["h[1]"].top > found["o[0]"].top > found["L[0]"].top > found["L"].top > found["J"].top


def test_a_narrow_page_has_bands() -> None:
    sheet = arranged(shown(LSTM), widest=700)
    assert re.search(r"line dots", str(sheet.shapes))
