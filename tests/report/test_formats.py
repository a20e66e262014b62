"""JSON, CSV and Markdown say the same as the table."""

import csv
import io
import json
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backpropcli.notation.numbers import Precision
from backpropcli.render.json import anything, array, number
from backpropcli.report.csv import run_csv
from backpropcli.report.json import run_json
from backpropcli.report.markdown import run_markdown
from backpropcli.report.run_rows import Result, Row, result


def test_the_founding_example_as_json(lecture):
    data = json.loads("".join(run_json(result(lecture, "net.yaml"))))
    assert list(data) == ["format", "spec", "loss", "nodes"]
    assert (data["format"], data["spec"], data["loss"]) == ("backprop.run/1", "net.yaml", "J")
    assert " ".join(n["name"] for n in data["nodes"]) == "x y w1 b1 w2 b2 t1 z1 a1 t2 z2 a2 J"
    assert data["nodes"][2] == {
        "name": "w1",
        "kind": "parameter",
        "formula": None,
        "inputs": [],
        "shape": [],
        "value": 2.0,
        "gradient": 6.0,
    }
    assert data["nodes"][-1] == {
        "name": "J",
        "kind": "node",
        "formula": "(a2 - y)**2 / 2",
        "inputs": ["a2", "y"],
        "shape": [],
        "value": 2.0,
        "gradient": 1.0,
    }
    assert data["nodes"][0]["gradient"] is None


def test_arrays_as_json_round_trip(mazur):
    data = json.loads("".join(run_json(result(mazur, "mazur.yaml"))))
    nodes = {n["name"]: n for n in data["nodes"]}
    assert nodes["W1"]["shape"] == [2, 2]
    assert np.array_equal(nodes["W1"]["gradient"], mazur.gradient("W1"))
    assert np.array_equal(nodes["a2"]["value"], mazur.value("a2"))


@given(st.floats())
def test_json_numbers_round_trip_exactly(x):
    read = json.loads(number(x))
    if math.isfinite(x):
        assert isinstance(read, float)
        assert read == x
        assert math.copysign(1, read) == math.copysign(1, x)
    else:
        assert read == {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(x)]


def test_other_json_values():
    value = {"a": [1, 2.0, None, True, "é\n"], "b": np.array([[1.0, math.nan]]), "c": (np.float64(0.5),)}
    assert json.loads(anything(value)) == {"a": [1, 2.0, None, True, "é\n"], "b": [[1.0, "NaN"]], "c": [0.5]}
    assert array(np.zeros((0,))) == "[]"


def rows(count):
    return [Row(f"n{k}", "node", "z|w", ("z",), (), float(k), 1.0) for k in range(count)]


def test_json_in_chunks_is_one_document():
    for count in (0, 1, 1999, 2000, 2001, 4000):
        data = json.loads("".join(run_json(Result("-", "J", 1.0, rows(count), title="T"))))
        assert [n["value"] for n in data["nodes"]] == [float(k) for k in range(count)]
        assert data["title"] == "T"


def test_csv_has_a_line_for_every_number(mazur):
    lines = list(csv.DictReader(io.StringIO("".join(run_csv(result(mazur, "mazur.yaml"))))))
    assert len(lines) == 2 + 2 + 4 + 2 + 4 + 2 + 6 * 2 + 1
    entry = next(line for line in lines if line["name"] == "W1" and line["index"] == "1,0")
    assert float(entry["value"]) == 0.2
    assert float(entry["gradient"]) == mazur.gradient("W1")[1, 0]
    assert lines[0]["gradient"] == ""
    assert lines[-1] == {
        "name": "J",
        "kind": "node",
        "formula": "sum((a2 - y)**2) / 2",
        "index": "",
        "value": repr(mazur.value("J")),
        "gradient": "1",
    }


def test_csv_quotes_what_needs_it():
    text = "".join(run_csv(Result("-", "J", 1.0, [Row("a", "node", 'f("x", 1)\n', (), (), 1.0, None)])))
    assert list(csv.reader(io.StringIO(text)))[1] == ["a", "node", 'f("x", 1)\n', "", "1", ""]


def test_markdown_escapes_bars(lecture):
    text = "".join(run_markdown(Result("a_b.yaml", "J", 1.0, rows(1)), Precision(), "a_b.yaml   J = 1"))
    assert text == (
        "a\\_b.yaml   J = 1\n\n"
        "| name | formula | value | dJ/d(name) |\n"
        "| ---- | ------- | ----: | ---------: |\n"
        "| `n0` | `z\\|w`  |     0 |          1 |\n"
    )
    text = "".join(run_markdown(result(lecture, "net.yaml"), Precision(), "net.yaml"))
    assert "| `J`  | `(a2 - y)**2 / 2` |     2 |          1 |" in text
