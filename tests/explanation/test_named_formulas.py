"""A named formula says what it stands for, before the steps that take its place."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import backpropcli as bp
from backpropcli.language.formula.applied import of_node
from backpropcli.language.formula.show import show

SPEC = """
parameters: {x: [[1, 2, 4], [3, 1, 0]], m: [1, 2, 3]}
nodes:
  y: layer_norm(x * m, weight=m)
  J: mse_loss(y, x, reduction='sum')
"""


def told(*words: str, tmp_path: Path, spec: str = SPEC) -> str:
    (tmp_path / "net.yaml").write_text(spec)
    command = [sys.executable, "-m", "backpropcli", *words]
    return subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True).stdout


def spelled(formula: str, **names: str) -> tuple[str, dict[str, str]]:
    """The formula that a call in node `out` stands for, and its helpers."""
    given = ", ".join(f"{name}: {value}" for name, value in names.items())
    text = f'{{parameters: {{{given}}}, nodes: {{out: "{formula}"}}}}'
    (applied,) = of_node(bp.loads(text).graph, "out")
    value, where = applied.spelled()
    return show(value), {name: show(e) for name, e in where.items()}


def test_steps_begin_with_the_definition(tmp_path: Path) -> None:
    lines = told("run", "--steps", tmp_path=tmp_path).splitlines()
    assert lines[2:7] == [
        "layer_norm(x * m, weight=m) = (x * m - m_) / sqrt(v + 1e-5) * m",
        "  with m_ = mean(x * m, axis=-1, keepdims=True)",
        "       v = var(x * m, axis=-1, keepdims=True)",
        "mse_loss(y, x, reduction='sum') = sum((y - x)²)",
        "",
    ]


def test_explain_says_it_before_the_steps(tmp_path: Path) -> None:
    text = " ".join(told("explain", "dJ/dx", tmp_path=tmp_path).split())
    assert "layer_norm(x * m, weight=m) is (x * m - m_) / sqrt(v + 1e-5) * m with m_ = mean(x * m, axis=-1" in text
    assert text.index("layer_norm(x * m, weight=m) is (") < text.index("y = layer_norm(x * m, weight=m) is worked out")
    assert re.search(r"is_|\\mathrm\{[a-z]+_", told("explain", "dJ/dx", "--format", "latex", tmp_path=tmp_path)) is None


@pytest.mark.parametrize("command", ["derive", "explain"])
def test_both_tell_it_once(command: str, tmp_path: Path) -> None:
    text = " ".join(told(command, "dJ/dm", tmp_path=tmp_path).split())
    assert text.count("layer_norm(x * m, weight=m) is (") == 1


def test_a_long_argument_is_said_apart() -> None:
    value, where = spelled("normalize(maximum(x, 0.25) * 3 + exp(-x), dim=0)", x="[1, 2]")
    assert value == "x_ / maximum(norm(x_, axis=0, keepdims=True), 1e-12)"
    assert where == {"x_": "maximum(x, 0.25) * 3 + exp(-x)"}


def test_helpers_come_in_the_order_of_their_use() -> None:
    value, where = spelled("group_norm(x, 1)", x="[[1, 2, 4]]")
    assert value == "reshape((g - m) / sqrt(v + 1e-5), (1, 3))"
    assert list(where) == ["g", "m", "v"]


def test_what_is_called_twice_is_said_once(tmp_path: Path) -> None:
    graph = bp.loads("{parameters: {x: [1, 2]}, nodes: {out: layer_norm(x) + layer_norm(x), z: layer_norm(x)}}").graph
    assert [show(a.call) for a in of_node(graph, "out")] == ["layer_norm(x)"]
    assert of_node(graph, "x") == []


def test_small_constants_of_the_steps_are_written_out(tmp_path: Path) -> None:
    text = "parameters: {{x: {x}}}\nnodes:\n  out: dropout(x, 0.5)\n  J: sum(out)\n"
    graph = bp.loads(text.format(x="[1, 2, 3]")).graph
    (mask,) = (graph.constants[slot] for slot in graph.drawn)
    shown = ", ".join(f"{entry:g}" for entry in mask)
    assert f"[{shown}]/0.5" in told("run", "--steps", tmp_path=tmp_path, spec=text.format(x="[1, 2, 3]"))
    assert "mask/0.5" in told("run", "--steps", tmp_path=tmp_path, spec=text.format(x="{normal: [5, 4]}"))
