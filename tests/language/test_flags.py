"""Flags: the same words as a file's, over a file or alone, and the slips of a shell."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backpropcli.errors import BackpropError, FileError, UsageError
from backpropcli.language import Flags, example, example_names, example_text, load, loads

NET = example_text("lecture")
LAYERED = "inputs: {x: [1, 2]}\nlayers:\n  - dense: {W: [[1, 2], [3, 4]], b: [0, 1], activation: relu}\n"


def with_flags(text: str = NET, **flags: Any) -> Any:
    return loads(text, "net.yaml", Flags(**flags))


def test_flags_override() -> None:
    spec = with_flags(inputs=("x=3",), targets=("y = 1/2",), parameters=("w1=[1, 2]",), nodes=("J = sum((a2-y)**2)",))
    assert spec.values["x"] == 3
    assert spec.values["y"] == 0.5
    assert spec.values["w1"].tolist() == [1, 2]
    assert spec.graph.nodes["J"].formula == "sum((a2-y)**2)"
    assert list(spec.graph.nodes) == list(loads(NET).graph.nodes)
    spec = with_flags(nodes=("K = J * q",), parameters=("q=2",), loss="K")
    assert spec.loss == "K"
    assert spec.graph.names("parameter")[-1] == "q"
    assert with_flags(parameters=("w1={he: [2, 3], seed: 3}",), nodes=("t1 = sum(w1)",)).values["w1"].shape == (2, 3)
    assert with_flags(loss="a2").loss == "a2"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"parameters": ("w1=2,001",)}, "--parameter w1=2,001: decimals are written with a point: w1=2.001"),
        ({"inputs": ("x=-0,5",)}, "--input x=-0,5: decimals are written with a point: x=-0.5"),
        ({"parameters": ("W_1=2",)}, "net.yaml has no parameter W_1. Did you mean w1?"),
        ({"inputs": ("v=2",)}, "net.yaml has no input v"),
        ({"nodes": ("y",)}, '-n y: expected "NAME = FORMULA", got only "y"'),
        ({"parameters": ("w1",)}, '--parameter w1: expected "NAME=VALUE", got only "w1"'),
        ({"parameters": ("w1=",)}, "--parameter w1=: w1 has no value"),
        ({"parameters": ("=2",)}, '--parameter =2: expected "NAME=VALUE", a name is missing'),
        ({"parameters": ("w1=1", "w1=2")}, "--parameter w1=2: w1 is given twice"),
        ({"inputs": ("w1=1",)}, "--input w1=1: w1 is a parameter: --parameter w1=1"),
        ({"parameters": ("x=1",)}, "--parameter x=1: x is an input: --input x=1"),
        ({"parameters": ("t1=1",)}, "--parameter t1=1: t1 is a node"),
        ({"nodes": ("w1 = x",)}, "w1 is a parameter and a node"),
        ({"nodes": ("a = relu(q)",)}, "unknown name: q"),
        ({"nodes": ("a.b = x",)}, "a.b cannot be a name: a name is letters, digits and _"),
        ({"parameters": ("w1=[1,",)}, "--parameter w1=[1,: this [ is never closed"),
        ({"parameters": ("w1=relu",)}, "w1 is relu, not a number"),
        ({"layers": ("dense(1, relu, w=2, w=3)",)}, "--layer dense(1, relu, w=2, w=3): w is given twice"),
        ({"layers": ("dense(1, relu, 3)",)}, "--layer dense(1, relu, 3): 3 has no name"),
        ({"layers": ("dense(1, w=2,5)",)}, "--layer dense(1, w=2,5): decimals are written with a point: 2.5"),
        ({"layers": ("dense(1, w=[2)",)}, "--layer dense(1, w=[2): a bracket is not closed"),
        ({"layers": ("swirl(1)",)}, "unknown layer: swirl"),
        ({"loss": "huber(2)"}, "--loss huber(2): 2 has no name"),
        ({"loss": "K"}, "unknown loss: K"),
        ({"expect": ("dJ/dw9=2",)}, "no name is called dw9"),
        ({"load": ("nowhere.json",)}, "there is no file nowhere.json"),
    ],
)
def test_slips(flags: dict[str, Any], message: str) -> None:
    with pytest.raises(BackpropError) as caught:
        with_flags(**flags)
    if "dw9" in message:
        assert caught.value.message.startswith("no name is called w9")
    else:
        assert caught.value.message == message


def test_a_formula_in_a_flag_has_its_place() -> None:
    with pytest.raises(BackpropError) as caught:
        with_flags(nodes=("a = relu(q)",))
    assert str(caught.value).splitlines()[1:4] == ["  -n", "  | a = relu(q)", "  |          ^"]


def test_quoting_hint() -> None:
    with pytest.raises(UsageError) as caught:
        with_flags(nodes=("y",))
    assert caught.value.hint == 'Put the formula in quotes:  -n "y = w*x"'


def test_comparisons_are_not_assignments() -> None:
    assert with_flags(nodes=("K = where(x == 1, J, 0)",), loss="K").graph.nodes["K"].formula == "where(x == 1, J, 0)"


def test_expect_flag() -> None:
    (found,) = with_flags(expect=("dJ/dw1=18",)).expect
    assert (found.key, found.value, found.within, found.of, found.by) == ("dJ/dw1", 18.0, 0.0, "J", "w1")
    (found,) = with_flags(expect=("∂J/∂w1 = 6.00",)).expect
    assert (found.key, found.within, found.text) == ("dJ/dw1", 0.005, "6.00")
    assert str(found.place) == "--expect"


def test_load(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text('{"w1": 7, "b2": -1.5}')
    spec = with_flags(load=(str(path),), parameters=("w1=8",))
    assert (spec.values["w1"], spec.values["b2"], spec.values["w2"]) == (8, -1.5, 3)
    path.write_text('{"fc1.weight": 7}')
    with pytest.raises(BackpropError) as caught:
        with_flags(load=(str(path),))
    assert caught.value.message == f"{path}: no parameter of net.yaml is called fc1.weight"
    assert caught.value.hint == (
        "In the file:     fc1.weight\nIn the network:  w1, b1, w2, b2\nSay which is which:  --as fc1.weight=w1"
    )
    assert with_flags(load=(str(path),), renames=("fc1.weight=w1",)).values["w1"] == 7
    path.write_text('{"w1": [1, [2]]}')
    with pytest.raises(BackpropError, match="is a list, where other entries"):
        with_flags(load=(str(path),))
    path.write_text("[1]")
    with pytest.raises(BackpropError, match="not a mapping"):
        with_flags(load=(str(path),))
    np.savez(tmp_path / "p.npz", W1=np.eye(2))
    assert with_flags(LAYERED, load=(str(tmp_path / "p.npz"),)).values["W1"].tolist() == [[1, 0], [0, 1]]


def test_which_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError) as caught:
        load()
    assert str(caught.value) == (
        "no network to run: there is no net.yaml here\n"
        "  Start one:      backprop new            (writes the lecture's net.yaml)\n"
        "  Or look first:  backprop run --example lecture"
    )
    Path("net.yaml").write_text(NET)
    assert load().source == "net.yaml"
    assert load(None, Flags(parameters=("w1=9",))).values["w1"] == 9
    alone = load(None, Flags(inputs=("x=1",), parameters=("w=2",), nodes=("y = w*x",)))
    assert (alone.source, list(alone.graph.nodes)) == ("the command line", ["x", "w", "y"])
    Path("sub").mkdir()
    Path("sub/d.csv").write_text("1\n2\n")
    Path("sub/n.yaml").write_text("inputs: {x: {csv: d.csv, columns: 0}}\nnodes: {J: sum(x)}")
    assert load("sub/n.yaml").values["x"].tolist() == [1, 2]
    Path("net.json").write_text(json.dumps({"nodes": {"J": "1 + 1"}}))
    assert load("net.json").loss == "J"


@pytest.mark.parametrize("text", [NET, json.dumps({"nodes": {"J": "1 + 1"}}), "{nodes: {J: 1 + 1}}"])
def test_stdin(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    spec = load("-")
    assert (spec.source, spec.loss) == ("stdin", "J")


def test_examples() -> None:
    assert "lecture" in example_names()
    assert example("lecture").source == "lecture.yaml"
    for name in example_names():
        assert example(name).loss
    with pytest.raises(UsageError, match="Did you mean lecture"):
        example("lectur")


TEXTS = st.text("abJwx12=,.:[]{}()\"'*+ -∂/", max_size=20)


@given(st.sampled_from(["inputs", "targets", "parameters", "nodes", "layers", "expect", "loss"]), TEXTS, st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_flag_never_does_more_than_an_error(kind: str, text: str, alone: bool) -> None:
    flags = Flags(**{kind: text if kind == "loss" else (text, "x=1") if alone else (text,)})
    try:
        if alone:
            load(None, flags._replace(nodes=(*flags.nodes, "Q = 1")))
        else:
            loads(NET, "net.yaml", flags)
    except BackpropError as error:
        str(error)  # which must not fail either


@given(st.floats(allow_nan=False))
def test_values_round_trip(number: float) -> None:
    found = with_flags(parameters=(f"w1={number!r}".replace("inf", ".inf"),)).values["w1"]
    assert found == number


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("z := w*x", '-n "z = w*x"'),
        ("z <- w*x", '-n "z = w*x"'),
        ("z += w", '-n "z2 = z + w"'),
        ("w*x + 1 = z", '-n "z = w*x + 1"'),
        ("W[1] = x", "Write W1"),
        ("f(x) = x", "Write f"),
        ("y^ = w1*x", "Write y_hat"),
    ],
)
def test_a_node_assigned_otherwise(typed: str, hint: str) -> None:
    with pytest.raises(BackpropError) as caught:
        with_flags(nodes=(typed,))
    assert hint in caught.value.hint
