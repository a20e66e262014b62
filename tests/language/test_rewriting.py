"""A text with new parameters: the values read back exactly, and nothing else has changed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backpropcli.errors import BackpropError
from backpropcli.language import example_names, example_text, loads
from backpropcli.language.file.document import Document
from backpropcli.language.file.rewriting import rewritten
from backpropcli.language.flags import Flags
from backpropcli.language.load import EXAMPLES


def moved(values: dict[str, Any], names: list[str], seed: int = 0) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    new = {}
    for name in names:
        shape = np.shape(values[name])
        new[name] = random.normal(size=shape) if shape else float(random.normal())
    return new


def judge(text: str, folder: str = "", json: bool = False, flags: Flags | None = None) -> str:
    """Rewrite, read again, and compare everything; the new text."""
    before = loads(text, "net.yaml", flags or Flags(), folder=folder)
    new = moved(before.values, before.graph.names("parameter"))
    found = (
        before.rewritten(new, "trained.npz") if not json else rewritten(Document(text, "n", True), new, "trained.npz")
    )
    if found.arrays:
        if not folder:
            return found.text
        np.savez(Path(folder) / "trained.npz", **found.arrays)
    after = loads(found.text, "net.yaml", folder=folder)
    assert after.graph.names() == before.graph.names()
    assert [n.formula for n in after.graph.nodes.values()] == [n.formula for n in before.graph.nodes.values()]
    assert after.loss == before.loss
    for name, value in before.values.items():
        np.testing.assert_array_equal(after.values[name], new.get(name, value), err_msg=name)
    assert re.findall(r"#.*", found.text) == re.findall(r"#.*", text), "a comment is lost"
    return found.text


@pytest.mark.parametrize("name", example_names())
def test_every_example_reads_back(name: str) -> None:
    text = example_text(name)
    before = loads(text, f"{name}.yaml", folder=EXAMPLES)
    new = moved(before.values, before.graph.names("parameter"))
    found = before.rewritten(new, "trained.npz")
    small = {k for k, v in new.items() if np.size(v) <= 100}
    assert found.arrays.keys() == new.keys() - small
    if not found.arrays:
        after = loads(found.text, f"{name}.yaml", folder=EXAMPLES)
        assert after.graph.names() == before.graph.names()
        for key, value in {**before.values, **new}.items():
            np.testing.assert_array_equal(after.values[key], value, err_msg=key)
    assert re.findall(r"#.*", found.text) == re.findall(r"#.*", text)


BLOCK = """\
# before
title: A net   # its title
inputs: {x: [[1, 2]]}
parameters:
  # about W
  W:
    - [1, 2]   # first row
    - [3,
       4]      # second

  # about b
  b:   [0.5,  -1e-3]  # aligned
  c: 1/3
  d: {he: [2, 2], seed: 3}   # drawn
  e:
  - [1, 0]
  - [0, 1]
  f: '2'
nodes:
  J: sum((x @ W + b) * c @ d @ e) * f
# after
"""


def test_layout_and_comments_stay() -> None:
    text = judge(BLOCK)
    assert "    - [" in text
    assert "   # first row\n" in text
    assert "  # aligned\n" in text
    assert "{he" not in text


LAYERS = """\
inputs: {x: [[1, 2], [3, 4]]}
targets: {y: [[1], [0]]}
layers:
  - dense: {units: 3, activation: relu, init: he, seed: 4}  # first
  - dense:
      units: 2
      # how it starts
      init: {glorot: {seed: 2}}   # drawn
      seed: 5
      activation: tanh
  - dense: {seed: 7, init: he, units: 2, b: {shared: 0.5}}
  - dense: {units: 1, W.T: [[1, 2]], b: [1]}
loss: mean_squared_error
"""


def test_layers() -> None:
    text = judge(LAYERS)
    assert "seed" not in text
    assert "init" not in text
    assert "b: {shared: " in text
    assert "# how it starts" in text


def test_layers_of_every_kind() -> None:
    text = judge("""\
inputs: {x: {uniform: [2, 1, 6, 6]}}
targets: {y: [0, 1]}
layers:
  - conv: {filters: 3, size: 3, init: he, seed: 2}   # filters
  - norm: batch   # first
  - relu
  - flatten
  - norm: {kind: rms}
  - dense: {units: 2, init: he}
loss: cross_entropy
""")
    assert "init" not in text
    assert "  - norm: {kind: batch, g: [" in text


def test_layers_of_several_weights() -> None:
    text = judge("""\
inputs: {x: {uniform: [3, 2, 4]}}
targets: {y: [0, 1]}
layers:
  - attention: {heads: 2, init: glorot, seed: 3}
  - lstm:
      units: 2
      init: glorot   # gates
      last: true
loss: cross_entropy
""")
    assert "init" not in text
    assert "seed" not in text
    for name in ("Wq", "Wk", "Wv", "Wo", "bq", "Wx", "Wh"):
        assert f"{name}: [" in text


def test_number_layers_and_missing_biases() -> None:
    text = judge(
        "inputs: {x: 1}\ntargets: {y: 5}\nlayers:\n- dense: {w: 2}\n- dense:\n    w: 3 # w\nloss: squared_error"
    )
    assert text.count("b: ") == 2


def test_json() -> None:
    text = '{"inputs": {"x": [1, 2]},\n "parameters": {"w": 2, "v": [1, 2],"u": {"he": [2, 2]}},\n'
    text += ' "nodes": {"J": "sum(w * v * x @ u)"}}'
    new = judge(text, json=True)
    assert new.startswith('{"inputs": {"x": [1, 2]},\n "parameters": {"w": ')


def test_flags_parameters_are_added() -> None:
    text = "parameters: {w: 2}\nnodes:\n  J: w * v\n"
    with pytest.raises(BackpropError):
        loads(text)
    text = "parameters: {w: 2}\nnodes:\n  J: w * 3\n"
    assert judge(text, flags=Flags(parameters=("w=7",))).endswith("}\nnodes:\n  J: w * 3\n")
    found = rewritten(Document(text, "n"), {"w": 2.5, "v": np.array([1.0, 2.0])}, "t.npz")
    assert found.text == "parameters: {w: 2.5, v: [1.0, 2.0]}\nnodes:\n  J: w * 3\n"
    found = rewritten(Document("nodes:\n  J: w * 3", "n"), {"w": 2.5}, "t.npz")
    assert found.text == "nodes:\n  J: w * 3\nparameters:\n  w: 2.5\n"


def test_a_network_on_the_command_line_has_no_text() -> None:
    spec = loads("parameters: {w: 2}\nnodes: {J: w * 3}", flags=Flags(nodes=("J = w * 4",)))
    with pytest.raises(BackpropError, match="-n changes the network"):
        spec.rewritten({"w": 1.0}, "t.npz")


def test_large_arrays_are_stored_beside_it(tmp_path: Path) -> None:
    text = "inputs: {x: [1, 2]}\nparameters:\n  W: {he: [2, 80]}  # many\n  b: 1\nnodes: {J: sum(x @ W) + b}\n"
    new = judge(text, folder=str(tmp_path))
    assert "  W: {npz: trained.npz, array: W}  # many\n" in new


def test_odd_numbers_read_back() -> None:
    text = "parameters: {a: 1, b: [1, 2, 3, 4], c: 2}\nnodes: {J: a * sum(b) * c}"
    values = {"a": -0.0, "b": np.array([np.nan, np.inf, -np.inf, 5e-324]), "c": 1.7976931348623157e308}
    for json in (False, True):
        source = '{"parameters": {"a": 1, "b": [1, 2, 3, 4], "c": 2}, "nodes": {"J": "a"}}' if json else text
        found = rewritten(Document(source, "n", json), values, "t.npz")
        after = loads(found.text)
        assert np.signbit(after.values["a"])
        np.testing.assert_array_equal(after.values["b"], values["b"])
        assert after.values["c"] == values["c"]


def test_what_stays_is_left_alone() -> None:
    text = "parameters: {a: 1.0e0, b: [0x1F, 2, +3.50]}\nnodes: {J: a * sum(b)}"
    found = rewritten(Document(text, "n"), {"a": 1.0, "b": np.array([31.0, 2.5, 3.5])}, "t.npz")
    assert found.text == text.replace(" 2,", " 2.5,")


VALUES = st.sampled_from(
    [
        "2",
        "1/3",
        "[1, 2]",
        "[[1, 2], [3, 4]]",
        "{he: [2, 3]}",
        "{full: [2], value: 3}",
        "'pi'",
        "\n    - 1\n    - 2",
        "\n    - [1]\n    # in\n    - [2]",
        "\n  - 3\n  - 4",
        "[1,\n    2]",
    ]
)
TAILS = st.sampled_from(["", "  # said", "\n\n  # between", "\n"])


@given(st.lists(st.tuples(VALUES, TAILS), min_size=1, max_size=5), st.booleans())
def test_random_blocks_read_back(entries: list[tuple[str, str]], first: bool) -> None:
    lines = "".join(f"  p{k}: {value}{tail}\n" for k, (value, tail) in enumerate(entries))
    nodes = "nodes:\n  J: " + " + ".join(f"sum(p{k})" for k in range(len(entries))) + "\n"
    parameters = f"parameters:\n{lines}"
    judge(nodes + parameters if first else parameters + nodes)


@given(st.lists(VALUES.filter(lambda v: "\n" not in v), min_size=1, max_size=5))
def test_random_flows_read_back(entries: list[str]) -> None:
    inner = ", ".join(f"p{k}: {value}" for k, value in enumerate(entries))
    judge(f"parameters: {{{inner}}}\nnodes:\n  J: " + " + ".join(f"sum(p{k})" for k in range(len(entries))))


@pytest.mark.parametrize("indent", ["  ", "    "])
def test_comments_around_a_large_block_stay(tmp_path: Path, indent: str) -> None:
    rows = "".join(f"{indent}- [{k}, {k + 1}]\n" for k in range(60)).rstrip("\n")
    text = (
        f"parameters:\n  W:  # many\n{rows}  # last\n\n  # about b\n  # it is one\n  b: 2\nnodes: {{J: sum(W) * b}}\n"
    )
    new = judge(text, folder=str(tmp_path))
    assert "  # last\n\n  # about b\n  # it is one\n  b: " in new
    assert "W:  # many\n    {npz: trained.npz, array: W}" in new
