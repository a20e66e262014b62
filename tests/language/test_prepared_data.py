"""IDX files, ranges of columns, and what is done with the numbers of a file."""

from __future__ import annotations

import gzip
import struct
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backpropcli.errors import BackpropError, FileError
from backpropcli.language import load, loads
from backpropcli.language.data.deferred import ready
from backpropcli.language.data.idx import KINDS, read_idx
from backpropcli.language.training.split import split

if TYPE_CHECKING:
    from backpropcli.language.network import Spec


def idx(array: np.ndarray, code: int) -> bytes:
    head = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(KINDS[code]).tobytes()


def spec(folder: Path, value: str, more: str = "") -> Spec:
    text = f"inputs:\n  x: {value}\nparameters: {{w: 1}}\nnodes: {{J: sum(w * x)}}\n{more}"
    return loads(text, "net.yaml", folder=str(folder))


def refused(folder: Path, value: str) -> str:
    with pytest.raises(BackpropError) as caught:
        spec(folder, value)
    return str(caught.value)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("code", KINDS)
def test_idx_of_every_kind(tmp_path: Path, code: int, zipped: bool) -> None:
    for shape in ((5,), (2, 3), (300, 4, 20)):
        array = (np.arange(np.prod(shape)).reshape(shape) % 120).astype(float)
        data = idx(array, code)
        (tmp_path / "a").write_bytes(gzip.compress(data) if zipped else data)
        np.testing.assert_array_equal(ready(read_idx(str(tmp_path / "a"))), array)


def test_idx_in_a_network(tmp_path: Path) -> None:
    images = np.arange(24).reshape(2, 3, 4)
    (tmp_path / "images.gz").write_bytes(gzip.compress(idx(images, 8)))
    found = spec(tmp_path, "{idx: images.gz, shape: [-1, 12], scale: 1/255}").values["x"]
    np.testing.assert_array_equal(found, images.reshape(2, 12) * (1 / 255))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is not an IDX file"),
        (b"\0\0\x08", "is not an IDX file"),
        (b"\0\0\x07\x01\0\0\0\x01\0", "is not an IDX file"),
        (b"\0\0\x08\0", "is not an IDX file"),
        (b"\0\0\x08\x02\0\0\0\x01", "ends within its header"),
        (b"\0\0\x08\x01\0\0\0\x02\0", "1 bytes of numbers, but its 2 numbers take 2"),
        (b"\0\0\x08\x01\0\0\0\x02\0\0\0", "more than 2 bytes"),
        (b"\0\0\x08\x02\xff\xff\xff\xff\xff\xff\xff\xff", "is too large"),
        (b"\0\0\x08\x01\0\0\0\0", "holds no numbers"),
        (gzip.compress(b"\0\0\x08\x01\0\0\0\x02\0\0")[:-9], "is not a whole gzip file"),
        (b"\x1f\x8bnonsense", "is not a whole gzip file"),
    ],
)
def test_broken_idx(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "a.idx").write_bytes(data)
    said = refused(tmp_path, "{idx: a.idx}")
    assert message in said
    assert "net.yaml:2:" in said


@given(st.binary(max_size=60), st.integers(0, 40), st.binary(max_size=3))
def test_no_nonsense_breaks_the_reader(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, at: int, put: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed"
    good = idx(np.arange(6).reshape(2, 3), 0x0B)
    for one in (data, good[:at] + put + good[at + len(put) :], gzip.compress(good)[:at] + put, good[:at]):
        path.write_bytes(one)
        with suppress(FileError):  # and nothing else is raised
            array = ready(read_idx(str(path)))
            assert 1 <= array.size <= len(data) + len(good)
            assert array.dtype == np.float64


TABLE = "a,p0,p1,p2,y\n1,2,3,4,0\n5,6,7,8,1\n9,6,11,12,2\n2,6,3,1,1\n"


def test_ranges_of_columns(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TABLE)
    assert spec(tmp_path, '{csv: t.csv, columns: "p0:p2"}').values["x"].tolist()[0] == [2, 3, 4]
    assert spec(tmp_path, '{csv: t.csv, columns: [y, "p1:p2", a]}').values["x"].tolist()[1] == [1, 7, 8, 5]
    assert spec(tmp_path, '{csv: t.csv, columns: "1:1"}').values["x"].tolist()[1] == [6]
    assert 'Write "p0:p2"' in refused(tmp_path, '{csv: t.csv, columns: "p2:p0"}')
    assert "has no column p9" in refused(tmp_path, '{csv: t.csv, columns: "p0:p9"}')
    assert "is no range of columns" in refused(tmp_path, '{csv: t.csv, columns: ["p0:"]}')


@pytest.mark.parametrize("cell", ["", "NA", "?", "null"])
def test_a_missing_value_says_its_line_and_column(tmp_path: Path, cell: str) -> None:
    (tmp_path / "t.csv").write_text(f"a,height\n1,2\n3,{cell}\n")
    said = refused(tmp_path, "{csv: t.csv}")
    assert ("a value is missing (column height)" if cell else "an empty cell (column height)") in said
    assert "t.csv:3:" in said


def test_standardised_by_what_trains(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TABLE)
    value = '{csv: t.csv, columns: ["a:p2"], standardise: true}'
    array = np.array([[1, 2, 3, 4], [5, 6, 7, 8], [9, 6, 11, 12], [2, 6, 3, 1.0]])
    found = spec(tmp_path, value).values["x"]
    np.testing.assert_allclose(found, (array - array.mean(0)) / array.std(0), rtol=1e-15)
    (tmp_path / "c.csv").write_text("0.1,1\n0.1,2\n0.1,4\n")
    constant = spec(tmp_path, "{csv: c.csv, standardise: true}").values["x"]
    assert constant[:, 0].tolist() == [0, 0, 0]
    assert abs(constant[:, 1].std() - 1) < 1e-15


def test_the_split_is_the_one_that_training_makes(tmp_path: Path) -> None:
    from backpropcli.language.data.prepared import prepared
    from backpropcli.language.file.words import Words

    words = Words("net.yaml")
    words.sections["train"] = {"holdout": 0.25, "seed": 3}
    array = np.random.default_rng(0).normal(size=(40, 3))
    found = prepared(words, array, {"standardise": True}, 1.0, "x", ("inputs", "x"))
    train = array[split(40, 0.25, 3)[0]]
    assert len(train) == 30
    np.testing.assert_allclose(found, (array - train.mean(0)) / train.std(0), rtol=1e-12)


def test_one_hot(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TABLE)
    assert (
        spec(tmp_path, "{csv: t.csv, columns: y, one_hot: 3}").values["x"].tolist() == np.eye(3)[[0, 1, 2, 1]].tolist()
    )
    assert "x[2] is 2, not one of the 2 classes, 0 to 1" in refused(tmp_path, "{csv: t.csv, columns: y, one_hot: 2}")
    assert "how many classes" in refused(tmp_path, "{csv: t.csv, columns: y, one_hot: true}")
    assert "does not go with one_hot" in refused(tmp_path, "{csv: t.csv, columns: y, one_hot: 3, scale: 2}")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("shape: [3, 7]", "20 numbers in the shape (4,5)"),
        ("shape: [-1, 3]", "do not fit"),
        ("shape: [-1, -1]", "shape wants whole numbers"),
        ("scale: [1, 2]", "scale wants one number"),
        ("standardise: 1", "standardise is true or false"),
        ("standardize: true", "Did you mean standardise?"),
        ("onehot: 3", "Did you mean one_hot?"),
    ],
)
def test_options_are_judged_at_their_place(tmp_path: Path, option: str, message: str) -> None:
    (tmp_path / "t.csv").write_text(TABLE)
    said = refused(tmp_path, f"{{csv: t.csv, {option}}}")
    assert message in said
    assert "net.yaml:2:" in said


def test_a_large_file_is_made_only_when_all_is_judged(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones((200, 100)))
    (tmp_path / "net.yaml").write_text("inputs: {x: {npy: a.npy, scale: 2}}\nnodes: {J: sum(x)}\n")
    assert load(str(tmp_path / "net.yaml")).values["x"].sum() == 40000


def test_many_labels_of_a_loss_function_are_looked_at(tmp_path: Path) -> None:
    """More than wait until the whole network has been judged."""
    labels = np.arange(20_000) % 3
    text = (
        "inputs: {x: {zeros: [20000, 2]}}\ntargets: {y: {npy: y.npy}}\n"
        "layers: [dense: {units: 3, init: he}]\nloss: cross_entropy\n"
    )
    np.save(tmp_path / "y.npy", labels)
    assert loads(text, "net.yaml", folder=str(tmp_path)).values["y"].shape == (20_000,)
    labels[12_345] = 3
    np.save(tmp_path / "y.npy", labels)
    with pytest.raises(BackpropError, match="3 is not one of the 3 classes, 0 to 2"):
        loads(text, "net.yaml", folder=str(tmp_path))
