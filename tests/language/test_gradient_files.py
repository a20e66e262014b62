"""Files with external gradients: JSON, NPZ and CSV, and how precise their numbers are."""

import json
import pickle
import tracemalloc

import numpy as np
import pytest

from backpropcli.errors import BackpropError
from backpropcli.language.data.gradients import read_gradients
from backpropcli.language.data.precision import Precision, precision_of


def read(tmp_path, text, name="theirs.json"):
    file = tmp_path / name
    file.write_bytes(text) if isinstance(text, bytes) else file.write_text(text)
    return read_gradients(str(file))


def plain(given):
    return {k: v.tolist() if getattr(v, "ndim", 0) else v for k, v in given.arrays.items()}


def error(tmp_path, text, name="theirs.json"):
    with pytest.raises(BackpropError) as caught:
        read(tmp_path, text, name)
    return str(caught.value).replace(f"{tmp_path}/", "")


@pytest.mark.parametrize(
    ("texts", "precision"),
    [
        (["0.00107828", "-0.0380982", "0.5", "7"], Precision("digits", 6)),
        (["1.234560e-03", "2.5"], Precision("digits", 7)),
        (["0.000439", "0.138499", "12.123456"], Precision("decimals", 6)),
        (["0.0002", "-0.1235", "1.2500"], Precision("decimals", 4)),
        (["6", "-4", "0"], Precision("float64")),
        (["0.13849856162855698"], Precision("float64")),
        (["nan", "inf"], Precision("float64")),
    ],
)
def test_precision(texts, precision):
    assert precision_of(texts) == precision


def test_json(tmp_path):
    given = read(tmp_path, '{"W1": [[0.25, 1e-3]], "b": 2, "c": "NaN", "d": "-Infinity"}')
    assert json.dumps(plain(given)) == '{"W1": [[0.25, 0.001]], "b": 2.0, "c": NaN, "d": -Infinity}'


def test_json_of_a_program(tmp_path):
    given = read(tmp_path, '{"loss": 0.5, "gradients": {"fc1": {"weight": [1, 2], "bias": 3}, "W2": 4}}')
    assert plain(given) == {"loss": 0.5, "fc1.weight": [1.0, 2.0], "fc1.bias": 3.0, "W2": 4.0}


def test_numbers_of_single_precision_are_recognised(tmp_path):
    numbers = np.float32([0.1, 2.7, -3.3e-5]).tolist()
    assert read(tmp_path, json.dumps({"w": numbers})).precision == Precision("float32")
    assert read(tmp_path, json.dumps({"w": [0.1, 2.7, 1 / 3]})).precision == Precision("float64")


def test_npz(tmp_path):
    np.savez(tmp_path / "g.npz", W=np.float32([[1, 2]]), b=3.5)
    given = read_gradients(str(tmp_path / "g.npz"))
    assert plain(given) == {"W": [[1.0, 2.0]], "b": 3.5}
    assert given.precision == Precision("float32")
    np.savez(tmp_path / "g.npz", W=np.array([0.5, 0.25]))
    assert read_gradients(str(tmp_path / "g.npz")).precision == Precision("float64")


CSVS = (
    "w,b\n0.5,2\n",
    "w,b\n0.5,2\n\n",
    "w,0.5\nb,2\n",
    "name,value\nw,0.5\nb,2\n",
    "parameter;gradient\nw;0.5\nb;2\n",
    "name,index,backprop,numerical,bound,verdict,reason\nw,,0.5,0.5,1e-12,pass,\nb,,2,2,1e-12,pass,\n",
    "name,kind,formula,index,value,gradient\nx,input,,,7,\nw,parameter,,,9,0.5\nb,parameter,,,9,2\n",
)


@pytest.mark.parametrize("text", CSVS)
def test_csv_of_plain_numbers(tmp_path, text):
    assert plain(read(tmp_path, text, "g.csv")) == {"w": 0.5, "b": 2.0}


@pytest.mark.parametrize(
    "text",
    [
        "W,0,0,1\nW,0,1,2\nW,1,0,3\nW,1,1,4\nb,0,5\nb,1,6\n",
        '"W[0, 0]",1\n"W[0, 1]",2\n"W[1, 1]",4\n"W[1, 0]",3\nb[0],5\nb[1],6\n',
        'name,index,value\nW,"0,0",1\nW,"0,1",2\nW,"1,0",3\nW,"1,1",4\nb,0,5\nb,1,6\n',
        'name,value\n"W[0,0]",1\n"W[0,1]",2\n"W[1,0]",3\n"W[1,1]",4\nb[0],5\nb[1],6\n',
    ],
)
def test_csv_of_arrays(tmp_path, text):
    assert plain(read(tmp_path, text, "g.csv")) == {"W": [[1.0, 2.0], [3.0, 4.0]], "b": [5.0, 6.0]}


def test_csv_in_columns(tmp_path):
    assert plain(read(tmp_path, "u,v\n1,4\n2,5\n3,\n", "g.csv")) == {"u": [1.0, 2.0, 3.0], "v": [4.0, 5.0]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{\n  "w": 1,\n  "b1": [nan, 0.02]\n}', "nan is not JSON\n  theirs.json:3:10\n"),
        ('{"w": [1, -nan]}', "-nan is not JSON"),
        ('{"w": null}', "w has no value"),
        ('{"w": [[1, 2], [3]]}', "w[1] has 1 entry, but the lists before it have 2"),
        ('{"w": [1, "abc"]}', "w[1] is abc, not a number"),
        ('{"w": 1, "w": 2}', "w is given twice"),
        ("[1, 2]", "theirs.json is not an object of names to gradients"),
        ("{}", "theirs.json holds no gradients"),
        ("", "theirs.json is empty"),
        ('{"w": 1,5}', "decimals are written with a point"),
    ],
)
def test_json_that_cannot_be_read(tmp_path, text, message):
    assert message in error(tmp_path, text)


def test_nan_has_a_hint_of_its_own(tmp_path):
    assert error(tmp_path, '{\n  "w": 1,\n  "b1": [nan, 0.02]\n}') == (
        'nan is not JSON\n  theirs.json:3:10\n  3 |   "b1": [nan, 0.02]\n    |          ^^^\n'
        '  If the gradient really is not a number, write "NaN"; it will fail the check.'
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("W,0,0,1\nW,1,1,2\n", "W has 2 of its 4 entries: W[0, 1] is missing"),
        ("W,0,1\nW,0,2\n", "W[0] is given twice"),
        ("W,1\nW,0,2\n", "W has entries with different numbers of indices"),
        ("w,1\nb,x\n", "x is not a number"),
        ("w,1\n,2\n", "a name is expected here"),
        ("w,0.5,1\n", "the cells between name and number are indices"),
        ("w,b\n", "theirs.csv has a header but no numbers"),
        ("w,w\n1,2\n", "w is given twice"),
        ("w,b\n1,2,3\n", "3 cells here, 2 in the first line"),
    ],
)
def test_csv_that_cannot_be_read(tmp_path, text, message):
    assert message in error(tmp_path, text, "theirs.csv")


def test_nothing_is_ever_unpickled(tmp_path):
    np.savez(tmp_path / "o.npz", w=np.array([{"a": 1}], dtype=object))
    with pytest.raises(BackpropError, match="holds something else, not real numbers"):
        read_gradients(str(tmp_path / "o.npz"))
    assert "is a pickle" in error(tmp_path, pickle.dumps({"w": 1.0}, 2), "theirs.pt")
    np.save(tmp_path / "one.npy", np.ones(3))
    with pytest.raises(BackpropError, match="holds one array without a name"):
        read_gradients(str(tmp_path / "one.npy"))


@pytest.mark.parametrize("data", [b"PK\x03\x04broken", b"\x00\x01\x02", b"\xff\xfe{\x00}\x00", b"\x80\x81"])
def test_broken_files_are_refused(tmp_path, data):
    for name in ("theirs.npz", "theirs.json", "theirs.csv"):
        assert error(tmp_path, data, name)


@pytest.mark.parametrize("text", ["1\n" * 300_000, "W,b\n1,2,3\n" + "1,2\n" * 300_000, "w,x\n" * 300_000])
def test_a_bad_line_is_refused_before_those_behind_it_are_looked_at(tmp_path, text):
    tracemalloc.start()
    try:
        error(tmp_path, text, "theirs.csv")
        assert tracemalloc.get_traced_memory()[1] < 12e6
    finally:
        tracemalloc.stop()
