"""`backprop schema`: the JSON Schema and the loader say the same of good files and of bad ones."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import pytest

import backpropcli as bp
from backpropcli.app import main
from backpropcli.errors import BackpropError
from backpropcli.language.file.document import read_string
from backpropcli.language.json_schema import accepted, json_schema

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))
SCHEMA = json_schema()
JUDGE = jsonschema.Draft202012Validator(SCHEMA)
LAYERS = "inputs: {x: 1}\ntargets: {y: 5}\nloss: squared_error\nlayers:\n  - dense: "
TRAIN = "parameters: {w: 1}\nnodes: {J: w}\ntrain: "
DATA = "inputs: {x: 1}\nnodes: {J: x + w}\nparameters: "
GOOD = [
    "parameters: {w: []}\nnodes: {J: sum(w)}",
    LAYERS + "{units: 1, activation: relu, w: 2, b: 0}",
    LAYERS + "{units: 1, activation: leaky_relu(0.1), w: 1/3, bias: false}",
    LAYERS + "{units: 1, init: he, seed: 3}",
    LAYERS + "{units: 1, init: {normal: {std: 0.1}}}",
    LAYERS.replace("squared_error", "{huber: {delta: 2, reduction: mean, target: y}}") + "{w: 2}",
    LAYERS.replace("squared_error", "t1") + "{w: 2}",
    "functions: {'g(z)': 'maximum(0, z)'}\n" + LAYERS + "{w: 2, activation: g}",
    "functions: {'g(z)': {value: z**2, gradient: {z: 2*z}}}\n" + DATA + "{w: 2}",
    "title: 5\n" + DATA + "{w: [[1, 2], [3, 1/2]]}\nloss: J\nexpect: {'J[0, 0]': 2.0, 'dJ/dw': {value: 1, within: 2}}",
    DATA + "{w: {full: [2, 3], value: 1}}",
    DATA + "{w: {uniform: 3, low: 0, high: 1, seed: 7}}",
    DATA + "{w: .nan}",
    TRAIN + "{lr: 1/3, optimizer: gd, schedule: lr / sqrt(t), until: {loss: 0.1, time: 60}}",
    TRAIN + "{optimizer: {adam: {beta1: 0.8}}, schedule: {step: {every: 3}}, clip: {norm: 1}}",
    TRAIN + "{optimizer: {state: {v: 0}, update: {v: 0.9*v - lr*g, p: p + v}}, holdout: 0.2}",
    TRAIN + "{optimizer: adam(beta1=0.8), schedule: cosine, metrics: {r: J / 2}, batch: 3}",
    TRAIN,
    DATA + "{w: pi}",
    DATA + "{w: ' 1/3 '}",
    DATA + "{w: 'sqrt(2)'}",
    LAYERS + "{units: 1, init: {normal: }}",
    "parameters: {θ: 1}\nnodes: {J: θ**2, K: 3}",
]
BAD = [
    TRAIN + "{lrr: 0.1}",
    TRAIN + "{lr: -1}",
    TRAIN + "{updates: 0}",
    TRAIN + "{updates: 1, epochs: 1}",
    TRAIN + "{optimizer: {adam: {beta1: 1}}}",
    TRAIN + "{optimizer: {adam: {beta3: 0.5}}}",
    TRAIN + "{schedule: {step: {gamma: 0.5}}}",
    TRAIN + "{until: {los: 1}}",
    "weights: {w: 2}\nnodes: {J: 1}",
    "parameters: [1, 2]\nnodes: {J: 1}",
    "nodes: [J]",
    "nodes: {J: [1, 2]}",
    "nodes: {J: true}",
    "nodes: {J: }",
    "nodes: {J-1: 2}",
    "nodes: {lambda: 2}",
    "nodes: {2a: 2}",
    "inputs: {x: 1}",
    "[1, 2]",
    "title: [a]\nnodes: {J: 1}",
    DATA + "{w: true}",
    DATA + "{w: ''}",
    DATA + "{w: two}",
    DATA + "{w: '2,5'}",
    DATA + "{w: 2026-11-28}",
    DATA + "{w: '01'}",
    DATA + "{w: 2}\nloss: J*2",
    "title: true\nnodes: {J: 1}",
    LAYERS + "{units: 1, init: {normal: 0.1}}",
    DATA + "{w: {hee: [2]}}",
    DATA + "{w: {he: [2, 2], sede: 1}}",
    DATA + "{w: {full: [2]}}",
    DATA + "{w: {zeros: [-1]}}",
    DATA + "{w: {zeros: [2], csv: a.csv}}",
    DATA + "{w: 2}\nloss: {huberr: {}}",
    DATA + "{w: 2}\nloss: [J]",
    DATA + "{w: 2}\nexpect: {J: true}",
    DATA + "{w: 2}\nexpect: {J: {value: 1}}",
    DATA + "{w: 2}\nfunctions: {g: z}",
    DATA + "{w: 2}\nfunctions: {'g(z)': {valu: z}}",
    LAYERS + "{units: 1, activation: relu, w: 2, bb: 0}",
    LAYERS + "{units: 1, activation: rellu, w: 2}",
    LAYERS + "{units: 1, activation: sum, w: 2}",
    LAYERS + "{units: 1}",
    LAYERS + "{units: 0, w: 2}",
    LAYERS + "{units: 1.5, w: 2}",
    LAYERS + "{w: 2, W: [[2]]}",
    LAYERS + "{w: 2, bias: 0}",
    LAYERS + "{units: 1, init: hee}",
    LAYERS + "[w, 2]",
    LAYERS.replace("dense", "conv") + "{w: 2}",
    LAYERS.replace("squared_error", "squared_eror") + "{w: 2}",
    LAYERS.replace("squared_error", "{huber: {delt: 2}}") + "{w: 2}",
    LAYERS.replace("squared_error", "{squared_error: {reduction: most}}") + "{w: 2}",
]


def data_of(text: str) -> Any:
    return read_string(text, "net.yaml").data


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_good_and_begins_with_the_modeline(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    JUDGE.validate(data_of(text))
    assert text.startswith("# yaml-language-server: $schema=./net.schema.json\n")


def test_the_file_beside_the_examples_is_up_to_date() -> None:
    written = (EXAMPLES[0].parent / "net.schema.json").read_text(encoding="utf-8")
    assert written == json.dumps(SCHEMA, indent=2, ensure_ascii=False) + "\n", "backprop schema --force -o ..."


@pytest.mark.parametrize("text", GOOD)
def test_what_loads_is_good(text: str) -> None:
    bp.loads(text)
    JUDGE.validate(data_of(text))


@pytest.mark.parametrize("text", BAD)
def test_what_the_schema_refuses_does_not_load(text: str) -> None:
    with pytest.raises(BackpropError):
        bp.loads(text)
    with pytest.raises(jsonschema.ValidationError):
        JUDGE.validate(data_of(text))


STRANGE: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x",
    "1/3",
    "relu",
    "2,5",
    [],
    {},
    [1, 2],
    [[1], [2, 3]],
    {"a": 1},
    {"he": [1]},
    "nan",
    {"zeros": 2},
    {"value": 1},
    {"shared": 1},
    [None],
    10**30,
    {"he": [2, 2], "seed": -1},
    "leaky_relu(0.2)",
    "J",
    "softmax",
    "linear",
    {"huber": None},
    {"huber": {"delta": "1/2"}},
    "squared_error",
]
KEYS = ["x", "J", "w", "units", "W", "W.T", "b", "init", "seed", "loss", "nodes", "a-b", "2a", "θ", "J[0]", "g(z)", "e"]


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of everything inside a document."""
    for key in data if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ():
        yield (*path, key)
        yield from places(data[key], (*path, key))


def mutated(data: Any, random: Random) -> Any:
    """The same with one thing replaced, left out, renamed or added."""
    data = copy.deepcopy(data)
    *path, key = random.choice(list(places(data)))
    parent = data
    for part in path:
        parent = parent[part]
    how = random.random()
    if how < 0.5 or isinstance(parent, list):
        parent[key] = copy.deepcopy(random.choice(STRANGE))
    elif how < 0.65:
        del parent[key]
    elif how < 0.85:
        parent[random.choice(KEYS)] = copy.deepcopy(random.choice(STRANGE))
    else:
        parent[random.choice(KEYS)] = parent.pop(key)
    return data


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_no_file_that_loads_is_refused(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many good files with one thing changed: an editor never marks what backprop reads."""
    monkeypatch.chdir(EXAMPLES[0].parent)
    random = Random(seed)
    good = [data_of(path.read_text(encoding="utf-8")) for path in EXAMPLES] + [data_of(text) for text in GOOD]
    loaded = 0
    for _ in range(100):
        text = json.dumps(mutated(random.choice(good), random), ensure_ascii=False)
        try:
            bp.loads(text)
        except BackpropError:
            continue
        loaded += 1
        assert JUDGE.is_valid(data_of(text)), text
    assert loaded > 5


def test_every_activation_of_the_loader_is_known() -> None:
    assert {"relu", "sigmoid", "logistic", "softmax", "linear", "leaky_relu", "tanh"} <= set(accepted())
    assert not {"sum", "matmul", "argmax"} & set(accepted())


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA
    file = tmp_path / "net.schema.json"
    assert main(["schema", "-o", str(file)]) == 0
    assert json.loads(file.read_text(encoding="utf-8")) == SCHEMA
    assert capsys.readouterr().err.endswith("# yaml-language-server: $schema=./net.schema.json\n")
    assert main(["schema", "-o", str(file)]) == 2
    assert "is there already, and was left alone" in capsys.readouterr().err
    assert main(["schema", "-o", str(tmp_path / "a.yaml")]) == 2
