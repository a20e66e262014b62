"""Values: numbers, expressions, lists, initialisers and files."""

from __future__ import annotations

import math
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from backpropcli.errors import BackpropError
from backpropcli.language import loads
from backpropcli.language.data.columns import read_csv
from backpropcli.language.data.initialisers import OPTIONS, fans, initialise
from backpropcli.language.data.numpy_files import read_arrays, read_npz


def value(written: str, folder: str = "") -> Any:
    return loads(f"parameters: {{w: {written}}}\nnodes: {{J: w}}", "net.yaml", folder=folder).values["w"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2", 2.0),
        ("-0.5", -0.5),
        ("1/3", 1 / 3),
        ("pi/4", math.pi / 4),
        ("sqrt(2)", math.sqrt(2)),
        ("'2'", 2.0),
        ("-1/3", -1 / 3),
        ("e", math.e),
        ("2**-3", 0.125),
        ("1e3", 1000.0),
        ("0x10", 16.0),
        (".inf", math.inf),
        ("Infinity", math.inf),
        ("np.pi", math.pi),
        ("{zeros: []}", 0.0),
        ("exp(1) - e", 0.0),
        ("-.inf", -math.inf),
    ],
)
def test_numbers_are_floats(written: str, expected: float) -> None:
    found = value(written)
    assert type(found) is float
    assert found == pytest.approx(expected, rel=1e-15, abs=1e-15)


def test_nan_may_be_written() -> None:
    assert math.isnan(value(".nan"))
    assert math.isnan(value("NaN"))
    assert np.isnan(value("[1, .nan]")[1])


@given(npst.arrays(np.float64, npst.array_shapes(max_dims=4, max_side=4), elements=st.floats(width=64)))
def test_lists_of_any_rank_round_trip(array: Any) -> None:
    import json

    spec = loads(
        json.dumps({"inputs": {"w": array.tolist()}, "nodes": {"J": "w"}})
        .replace("NaN", '"NaN"')
        .replace("-Infinity", '"-Infinity"')
        .replace(" Infinity", ' "Infinity"')
        .replace("[Infinity", '["Infinity"')
    )
    np.testing.assert_array_equal(spec.values["w"], array)
    assert spec.values["w"].dtype == np.float64


def test_expressions_in_lists() -> None:
    np.testing.assert_array_equal(value("[1/2, 'sqrt(4)', 3]"), [0.5, 2.0, 3.0])
    np.testing.assert_array_equal(value("[2,5]"), [2.0, 5.0])


def test_scalars_need_no_numpy() -> None:
    code = (
        "import sys; from backpropcli.language import example, Flags, load; example('lecture');"
        "load(None, Flags(('x=1',), ('y=5',), layers=('dense(1, relu, w=2, b=0)',), loss='squared_error'));"
        "assert 'numpy' not in sys.modules and 'sympy' not in sys.modules and 'hypothesis' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_json_needs_no_yaml(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    path.write_text('{"parameters": {"w": 2}, "nodes": {"J": "w * 2"}, "expect": {"J": 4.0}}')
    code = (
        f"import sys; from backpropcli.language import load; spec = load({str(path)!r});"
        "assert spec.expect[0].within == 0.05 and spec.expect[0].place.column == 67, spec.expect[0].place;"
        "assert 'yaml' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# Initialisers: pinned numbers, so that no change of NumPy or of ours goes unseen.


def test_constants() -> None:
    assert initialise("zeros", (2,), "w", {}).tolist() == [0.0, 0.0]
    assert initialise("ones", (2,), "w", {}).tolist() == [1.0, 1.0]


PINNED = {
    "normal": [0.1938525856799457, 0.3113438257172383, 0.2720399863952217, -0.01702083703151216],
    "uniform": [-0.9005769897946727, 0.3169991829931169, -0.1990217444386022, 0.25355442652851323],
    "glorot": [-1.1029770495443008, 0.3882431236061437, -0.24375086079658553, 0.310539483509432],
    "he": [0.1938525856799457, 0.3113438257172383, 0.2720399863952217, -0.01702083703151216],
}


@pytest.mark.parametrize("kind", PINNED)
def test_random_numbers_are_the_same_everywhere(kind: str) -> None:
    np.testing.assert_allclose(initialise(kind, (2, 2), "W1", {"seed": 7}).ravel(), PINNED[kind], rtol=1e-14)


def test_seeds_and_names_matter() -> None:
    one = initialise("he", (3, 3), "W1", {})
    np.testing.assert_array_equal(one, initialise("he", (3, 3), "W1", {"seed": 0}))
    assert not np.array_equal(one, initialise("he", (3, 3), "W2", {}))
    assert not np.array_equal(one, initialise("he", (3, 3), "W1", {"seed": 1}))
    np.testing.assert_array_equal(initialise("xavier", (3, 3), "W1", {}), initialise("glorot", (3, 3), "W1", {}))


@pytest.mark.parametrize(
    ("kind", "deviation"),
    [
        ("he", math.sqrt(2 / 400)),
        ("glorot", math.sqrt(2 / 900)),
        ("normal", 3.0),
        ("uniform", 4 / math.sqrt(12)),
    ],
)
def test_spread(kind: str, deviation: float) -> None:
    options = {"normal": {"mean": 1.0, "std": 3.0}, "uniform": {"low": -1.0, "high": 3.0}}.get(kind, {})
    array = initialise(kind, (400, 500), "W1", options)
    assert array.std() == pytest.approx(deviation, rel=0.01)
    assert array.mean() == pytest.approx(1.0 if options else 0.0, abs=0.03)
    if kind == "glorot":
        assert abs(array).max() <= math.sqrt(6 / 900)


def test_fans_and_scalars() -> None:
    assert fans((784, 128)) == (784, 128)
    assert fans((3, 3, 16, 32)) == (144, 288)
    assert all(type(initialise(kind, (), "w", {})) is float for kind in OPTIONS)
    assert value("{full: [2, 2], value: 1/4}").tolist() == [[0.25, 0.25]] * 2
    assert value("{ones: 3}").shape == (3,)


# Files.


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("x, y,label\n1,2.5,3\n4,5e-1,6\n\n")
    np.testing.assert_array_equal(read_csv(str(path)), [[1, 2.5, 3], [4, 0.5, 6]])
    np.testing.assert_array_equal(read_csv(str(path), ["y", 0]), [[2.5, 1], [0.5, 4]])
    np.testing.assert_array_equal(value("{csv: data.csv, columns: label}", str(tmp_path)), [3, 6])
    path.write_text("# made by hand\n1;2\n3;4\n")
    np.testing.assert_array_equal(read_csv(str(path), None, 1), [[1, 2], [3, 4]])
    path.write_text("1\t2\n3\t4\n")
    np.testing.assert_array_equal(read_csv(str(path), 1), [2, 4])


@pytest.mark.parametrize(
    ("text", "columns", "message", "place"),
    [
        ("a,b\n1,2\n3,x\n", None, "text stands here, where a number belongs", "3:3"),
        ("a,b\n1,\n", None, "an empty cell", "2:2"),
        ("a,b,c\n1,,3\n", None, "an empty cell", "2:3"),
        ("a,b\n,2\n", None, "an empty cell", "2:1"),
        ("a,b\n11,1x\n", None, "text stands here, where a number belongs", "2:4"),
        ("a,b\n1,1e400\n", None, "larger than the largest float, 1.8e308", "2:3"),
        ("a,a\n1,2\n", "a", "has 2 columns called a", None),
        ("a;b\n1;2,5\n", None, "a comma stands inside this number", "2:3"),
        ("a,b\n1,2\n3\n", None, "1 cells here, 2 in the first line", "3:1"),
        ("a,b\n1,2\n", ["c"], "has no column c", None),
        ("a,alpha\n1,2\n", ["aplha"], "Did you mean alpha?", None),
        ("1,2\n", ["c"], "has no header, so no column c", None),
        ("1,2\n", [2], "has no column 2", None),
        ("", None, "has no rows", None),
        ("a,b\n", None, "has a header but no rows", None),
        ('1,"2\n3"\n', None, "several lines", None),
        ('"1,000"\n"2,000"\n', None, "a comma stands inside this number", "1:2"),
        ("1.5,1_000\n2,3\n", None, "an underscore stands inside this number", "1:5"),
        ("a\n1\n1_000\n", None, "an underscore stands inside this number", "3:1"),
        ("1e400,2\n", None, "larger than the largest float", "1:1"),
        ("a,b\n1,2\n\n \n3,x", 1, "text stands here", "5:3"),
        ("1,2\n1,2,3\n", None, "3 cells here, 2 in the first line", "2:1"),
    ],
)
def test_bad_csv(text: str, columns: Any, message: str, place: str | None, tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text(text)
    with pytest.raises(BackpropError) as caught:
        read_csv(str(path), columns)
    assert message in caught.value.message
    if place:
        assert str(caught.value.place) == f"{path}:{place}"
        assert not caught.value.place.text  # type: ignore[union-attr]  # it was just compared


def test_npz(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", W1=np.arange(6).reshape(2, 3), b=np.float32(0.5))
    assert value("{npz: w.npz, array: W1}", str(tmp_path)).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert read_npz(str(tmp_path / "w.npz"), "b") == 0.5
    assert set(read_arrays(str(tmp_path / "w.npz"))) == {"W1", "b"}
    with pytest.raises(BackpropError, match="has 2 arrays"):
        read_npz(str(tmp_path / "w.npz"))
    with pytest.raises(BackpropError, match=r"has no array W_1. Did you mean W1\?"):
        read_npz(str(tmp_path / "w.npz"), "W_1")


def test_npz_is_never_a_pickle_nor_a_bomb(tmp_path: Path) -> None:
    path = str(tmp_path / "w.npz")

    class Boom:
        def __reduce__(self) -> Any:
            return (pytest.fail, ("a pickle was opened",))

    np.savez(path, W1=np.array([Boom()], dtype=object))
    with pytest.raises(BackpropError, match="not real numbers"):
        read_npz(path)
    np.savez(path, W1=np.array([1j]), s=np.array(["a"]))
    with pytest.raises(BackpropError, match="complex"):
        read_npz(path, "W1")
    with pytest.raises(BackpropError, match="not real numbers"):
        read_npz(path, "s")
    header = b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000), }"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("W1.npy", header.ljust(127) + b"\n")
    with pytest.raises(BackpropError, match="too large"):
        read_npz(path)
    for junk in (b"", b"junk", b"PK\x03\x04 junk"):
        Path(path).write_bytes(junk)
        with pytest.raises(BackpropError, match="not an NPZ file"):
            read_npz(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("W1.npy", b"\x93NUMPY\x01\x00v\x00{junk".ljust(127) + b"\n")
    with pytest.raises(BackpropError, match="cannot be read"):
        read_npz(path)


def test_transposed_and_named() -> None:
    plain = loads("parameters: {W: {normal: [2, 3], seed: 1}}\nnodes: {J: W}").values["W"]
    named = value("{normal: [2, 3], seed: 1, name: W, transpose: true}")
    np.testing.assert_array_equal(named, plain.T)
    assert value("{normal: [2, 3], transpose: false}").shape == (2, 3)
    assert value("{normal: [200, 300], transpose: true}").shape == (300, 200)
    assert value("{normal: [], transpose: true}") == value("{normal: []}")


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{zeros: [2], name: W}", "zeros has no option name"),
        ("{he: [2, 3], name: 3}", "name wants the name that seeds it"),
        ("{he: [2, 3], transpose: 1}", "transpose is true or false"),
    ],
)
def test_bad_options_of_what_is_made(written: str, message: str) -> None:
    with pytest.raises(BackpropError, match=message):
        value(written)
