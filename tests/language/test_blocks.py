"""Blocks: a function with parameters and rows of its own; each use is a copy with names that can be typed."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import numpy as np
import pytest
from sessions import play

from backpropcli.engine import Plan, run
from backpropcli.errors import BackpropError
from backpropcli.gradcheck import check
from backpropcli.language import Flags, Spec, loads
from backpropcli.language.file.document import read_string
from backpropcli.language.json_schema import json_schema

TRANSFORMER = """\
inputs: {x: {uniform: [2, 3, 4]}}
targets: {y: {uniform: [2, 3, 2]}}
blocks:
  mlp(v):
    parameters: {W1: {he: [4, 6]}, W2: {he: [6, 4]}}
    nodes: {u: gelu(v @ W1) @ W2}
  block(x):   # pre-normalisation
    parameters: {Wq: {xavier: [4, 4]}, Wk: {xavier: [4, 4], seed: 3}, Wv: {xavier: [4, 4]}, Wo: {xavier: [4, 4]}}
    nodes:
      y: layer_norm(x)
      h: x + attention(y @ Wq, y @ Wk, y @ Wv, heads=2, causal=True) @ Wo
      m: mlp(layer_norm(h))
      out: h + m
layers:
  - block: {repeat: 2}
  - dense: {units: 2, init: glorot}
nodes:
  extra: block(z2 @ ones((2, 4)))
  J: mean((z2 - y)**2) + mean(extra**2)
loss: J
"""
SMALL = """\
inputs: {x: [[1, 2], [3, 4]]}
blocks:
  block(x):
    parameters: {W: {he: [2, 2]}}
    nodes:
      h: x @ W
      y: relu(h)
"""


def formulas(spec: Spec) -> dict[str, str]:
    return {name: node.formula for name, node in spec.graph.nodes.items() if node.kind == "node"}


def test_copies_are_nodes_with_names_of_their_own() -> None:
    spec = loads(SMALL + "layers:\n  - block: {repeat: 2}\nnodes:\n  a: block(block2_y)\n  J: sum(a)\nloss: J\n")
    assert formulas(spec) == {
        "block1_h": "x @ block1_W",
        "block1_y": "relu(block1_h)",
        "block2_h": "block1_y @ block2_W",
        "block2_y": "relu(block2_h)",
        "a_h": "block2_y @ a_W",
        "a": "relu(a_h)",
        "J": "sum(a)",
    }
    assert spec.graph.names("parameter") == ["block1_W", "block2_W", "a_W"]


def test_blocks_of_blocks_and_their_gradients() -> None:
    spec = loads(TRANSFORMER)
    assert "block2_m_W1" in spec.values
    assert formulas(spec)["block1_m"] == "gelu(block1_m_v @ block1_m_W1) @ block1_m_W2"
    assert formulas(spec)["block1_m_v"] == "layer_norm(block1_h)"
    names = ["block1_Wq", "block2_m_W2", "extra_Wo", "W2"]
    assert check(spec.graph, spec.values, "J", names=names).verdict == "pass"


def test_copies_start_differently_from_the_same_seed() -> None:
    values = loads(TRANSFORMER).values
    starts = [values[name] for name in ("block1_Wk", "block2_Wk", "extra_Wk", "block1_Wq")]
    for k, one in enumerate(starts):
        assert not any(np.array_equal(one, other) for other in starts[:k])
    alone = loads("parameters: {block2_Wk: {xavier: [4, 4], seed: 3}}\nnodes: {J: sum(block2_Wk)}").values
    np.testing.assert_array_equal(alone["block2_Wk"], values["block2_Wk"])


def test_lowered_it_is_the_same_network(tmp_path: Path) -> None:
    spec = loads(TRANSFORMER)
    text = spec.lowered()
    again = loads(text)
    assert formulas(again) == formulas(spec)
    assert list(again.values) == list(spec.values)
    for name, value in spec.values.items():
        np.testing.assert_array_equal(again.values[name], value)
    assert "  block2_Wk: {xavier: [4, 4], seed: 3}\n" in text
    assert "  # block1: block(x), in layer 1\n  block1_y: layer_norm(x)\n" in text
    assert "blocks:" not in text
    (tmp_path / "net.yaml").write_text(TRANSFORMER)
    before = play("backprop run net.yaml --format json", tmp_path)
    play("backprop run net.yaml --lowered -o nodes.yaml", tmp_path)
    (tmp_path / "nodes.yaml").rename(tmp_path / "net.yaml")
    assert play("backprop run net.yaml --format json", tmp_path) == before


def test_parameters_of_a_copy_are_given_by_flags_and_settings() -> None:
    text = SMALL + "layers:\n  - block: {repeat: 2, W: [[1, 0], [0, 1]]}\nnodes: {a: block(block2_y), J: sum(a)}\n"
    spec = loads(text, flags=Flags(parameters=("block2_W=[[5, 6], [7, 8]]", "a_W=[[1, 2], [3, 4]]")))
    assert spec.values["block1_W"].tolist() == [[1, 0], [0, 1]]
    assert spec.values["block2_W"].tolist() == [[5, 6], [7, 8]]
    assert spec.values["a_W"].tolist() == [[1, 2], [3, 4]]
    assert loads(spec.lowered()).values["a_W"].tolist() == [[1, 2], [3, 4]]
    trace = run(Plan(spec.graph), spec.values, "J")
    assert np.asarray(trace.gradient("a_W")).shape == (2, 2)


def test_a_block_may_run_through_time_and_take_more_than_its_input() -> None:
    text = """\
inputs: {x: {uniform: [4, 2]}, m: 0.5}
blocks:
  cell(v, k):
    parameters: {W: {he: [2, 2]}, U: {he: [2, 2]}}
    nodes:
      h[0]: zeros(2)
      h[t]: tanh(v[t] @ W + k * h[t-1] @ U)
      o: h[1:]
layers:
  - cell: {input: x, repeat: 2, k: m}
"""
    spec = loads(text + "nodes: {J: sum(cell2_o**2)}\nloss: J\n")
    assert formulas(spec)["cell2_h"] == "tanh(cell1_o[t] @ cell2_W + m * cell2_h[t-1] @ cell2_U)"
    assert check(spec.graph, spec.values, "J").verdict == "pass"
    assert "  cell1_h[t]: tanh(x[t] @ cell1_W + m * cell1_h[t-1] @ cell1_U)\n" in spec.lowered()


@pytest.mark.parametrize(
    ("old", "new", "use", "message", "place"),
    [
        ("", "", "layers:\n  - block: {repeat: 0}", "repeat wants a whole number from 1", "9:21"),
        ("", "", "layers:\n  - block: {repeet: 2}", "block has no setting repeet. Did you mean repeat?", "9:13"),
        ("", "", "layers:\n  - blok", "unknown layer: blok. Did you mean block?", "9:5"),
        ("relu(h)", "relu(hh)", "layers: [block]", "hh is no name of block(x). Did you mean h?", "7:15"),
        ("relu(h)", "relu(k)", "layers: [block]", "k is no name of block(x)", "7:15"),
        ("relu(h)", "sin(x)", "layers: [block]", "which node does block give? No other node uses h, y", "7:7"),
        ("h: x @ W", "h: x @ W + y", "layers: [block]", "every node of block is used by another: which one", "5:5"),
        ("h: x @ W", "h: x @ W @@ y", "layers: [block]", "nothing stands between @ and @", "6:17"),
        ("h: x @ W", "W: x @ W", "layers: [block]", "W is a parameter and a node", "6:7"),
        ("nodes:", "nods:", "layers: [block]", "a block has no nods. Did you mean nodes?", "5:5"),
        ("block(x)", "block", "layers: [block]", "block is not a block: its arguments are missing", "3:3"),
        ("block(x)", "relu(x)", "layers: [relu]", "relu is an operation already", "3:3"),
        ("block(x)", "dense(x)", "layers: [dense]", "dense is a kind of layer already", "3:3"),
        ("{he: [2, 2]}", "{hee: [2, 2]}", "layers: [block]", "block1_W is not a value. Did you mean he?", "4:21"),
        ("h: x @ W", "h: block(x)", "layers: [block]", "block is made of itself: block → block", "3:3"),
        (
            "h: x @ W",
            "h: 2*block(x)",
            "layers: [block]",
            "block(x) is a block, and its use is a node by itself",
            "6:12",
        ),
        ("", "", "nodes: {J: 'sum(block(x))'}", "block(x) is a block, and its use is a node by itself", "8:17"),
        ("", "", "nodes: {a: 'block(x, x)'}", "block(x) takes 1 argument; here are 2", "8:13"),
        ("", "", "nodes: {a: block(q)}", "unknown name: q", "8:18"),
        ("", "", "nodes: {a: block(x), a_h: 2}", "a_h is a node, and block(x) in the node a makes a_h", "8:22"),
        ("", "", "parameters: {block1_W: 2}\nlayers: [block]", "block1_W is a parameter, and layer 1 makes", "8:14"),
        ("block(x)", "block(x, m)", "layers:\n  - block: {}", "m", "9"),
    ],
)
def test_what_is_wrong_has_its_place(old: str, new: str, use: str, message: str, place: str) -> None:
    text = SMALL.replace(old, new) if old else SMALL
    with pytest.raises(BackpropError) as caught:
        loads(f"{text}{use}\n", "net.yaml")
    assert caught.value.message.startswith(message) or message in caught.value.message
    assert str(caught.value.place).startswith(f"net.yaml:{place}")


def test_an_error_in_a_copy_points_into_the_block_and_names_the_use() -> None:
    wide = SMALL.replace("[[1, 2], [3, 4]]", "[1, 2, 3]")
    for use, said in (
        ("layers:\n  - block: {repeat: 3}\n", "This is block1_h, of block1: block(x), in layer 1."),
        (
            "nodes:\n  abc: block(x)\n  J: sum(abc)\n",
            "This is abc_h, of abc: block(x), in the node abc.",
        ),
    ):
        with pytest.raises(BackpropError) as caught:
            loads(wide + use, "net.yaml")
        assert caught.value.place is not None
        assert (caught.value.place.line, caught.value.place.column) == (6, 10)
        assert caught.value.place.length == len("x @ W")
        assert caught.value.hint.endswith(said)


def test_spans_come_back_through_longer_names() -> None:
    text = SMALL.replace("h: x @ W", "h: x @ W + W @ W @ softmax(x[0, 0, 0])")
    with pytest.raises(BackpropError) as caught:
        loads(text + "layers: [block]\n", "net.yaml")
    assert caught.value.place is not None
    line = text.splitlines()[5]
    assert line[caught.value.place.column - 1 :].startswith("x[0, 0, 0]")


def test_blocks_that_grow_without_end_are_refused() -> None:
    lines = ["  b0(x):\n    nodes: {y: x + 1}\n"]
    for k in range(1, 20):
        lines.append(f"  b{k}(x):\n    nodes: {{u: b{k - 1}(x), v: b{k - 1}(x), y: u + v}}\n")
    with pytest.raises(BackpropError, match="more than 20,000"):
        loads("inputs: {x: 1}\nblocks:\n" + "".join(lines) + "nodes: {a: b19(x)}\n")


def test_the_schema_knows_blocks() -> None:
    judge = jsonschema.Draft202012Validator(json_schema())
    data = read_string(TRANSFORMER, "net").data
    assert judge.is_valid(data)
    assert not judge.is_valid({**data, "blocks": {"block(x)": {"parameters": {}}}})
    assert not judge.is_valid({**data, "blocks": {"block(x)": {"nodes": {"y": "x"}, "more": 1}}})
    assert not judge.is_valid({**data, "layers": [{"dense": {"unit": 2}}]})
    without = {key: value for key, value in data.items() if key != "blocks"}
    assert not judge.is_valid(without)


def test_a_trained_network_of_blocks_has_no_place_for_its_values() -> None:
    spec = loads(SMALL + "layers: [block]\nnodes: {J: sum(block1_y)}\nloss: J\n")
    with pytest.raises(BackpropError) as caught:
        spec.rewritten(spec.values, "t.npz")
    assert "run --lowered" in caught.value.hint


def test_a_drawing_shows_each_copy_as_a_box(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(TRANSFORMER)
    drawn = play("backprop draw net.yaml --level blocks --format mermaid", tmp_path)
    for box in ("block1_out = block(x)", "block2_out = block(block1_out)", "extra = block(extra_x)"):
        assert f'["{box} (2,3,4)"]' in drawn
    assert "block1_h" not in drawn
    assert "block1_Wq" not in drawn
    assert "block1_h" in play("backprop draw net.yaml --format mermaid", tmp_path)
    told = play("backprop explain net.yaml dJ/dblock1_h", tmp_path)
    assert "block1_h" in told


def test_a_flag_adds_copies() -> None:
    flags = Flags(layers=("block(2)", "block(repeat=1, W=[[1, 2], [3, 4]])"), loss="block3_y")
    spec = loads(SMALL, flags=flags)
    assert spec.graph.names("parameter") == ["block1_W", "block2_W", "block3_W"]
    assert spec.values["block3_W"].tolist() == [[1, 2], [3, 4]]
    assert loads(spec.lowered()).graph.names() == spec.graph.names()
