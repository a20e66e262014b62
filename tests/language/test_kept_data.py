"""Large files, for a training with batches: rows as from the whole array, whatever kind of file; and files that lie."""

from __future__ import annotations

import gc
import gzip
import os
import struct
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backpropcli.errors import BackpropError
from backpropcli.language import Flags, loads
from backpropcli.language.data import kept, large
from backpropcli.language.data.deferred import ready
from backpropcli.language.data.kept import Kept, blocks, fewer, spread, taken

if TYPE_CHECKING:
    from backpropcli.language.network import Spec

ARRAY = np.random.default_rng(3).integers(0, 200, (300, 6, 5)).astype(np.uint8)
ROWS = np.array([5, 299, 0, 0, 7, 8, 9, 120])


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a large file is a small one."""
    monkeypatch.setattr(kept, "LARGE", 1000)
    monkeypatch.setattr(large, "LARGE", 1000)
    monkeypatch.setattr(large, "PIECE", 1 << 9)
    monkeypatch.setattr(kept, "BLOCK", 700)
    monkeypatch.setattr(large, "BLOCK", 700)


def idx(array: Any) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write(path: Path) -> None:
    (path / "a.idx").write_bytes(idx(ARRAY))
    (path / "a.gz").write_bytes(gzip.compress(idx(ARRAY)))
    np.save(path / "a.npy", ARRAY)
    np.save(path / "fortran.npy", np.asfortranarray(ARRAY.astype(np.float32)))
    np.savez(path / "a.npz", other=[1], x=ARRAY.astype(">i4"))
    np.savez_compressed(path / "packed.npz", x=ARRAY, fortran=np.asfortranarray(ARRAY))
    np.savetxt(path / "a.csv", ARRAY.reshape(300, 30), "%d", ",")


FILES = {
    "a.idx": "idx: a.idx",
    "a.gz": "idx: a.gz",
    "a.npy": "npy: a.npy",
    "fortran.npy": "npy: fortran.npy",
    "a.npz": "npz: a.npz, array: x",
    "packed.npz": "npz: packed.npz, array: x",
    "packed fortran": "npz: packed.npz, array: fortran",
    "a.csv": "csv: a.csv",
}


def spec(folder: Path, value: str, batches: bool = True, more: str = "batch: 4") -> Spec:
    text = (
        f"inputs:\n  x: {{{value}}}\nparameters: {{w: 1}}\nnodes: {{J: mean((w * x)**2)}}\ntrain: {{lr: 0.1, {more}}}\n"
    )
    return loads(text, "net.yaml", Flags(batches=batches), str(folder))


def refused(folder: Path, value: str) -> str:
    with pytest.raises(BackpropError) as caught:
        spec(folder, value)
    assert "net.yaml:2:" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "options", ["", "shape: [-1, 30]", "shape: [-1, 30], scale: 0.1", "shape: [-1, 30], standardise: true"]
)
@pytest.mark.parametrize("file", FILES)
def test_rows_are_those_of_the_whole_array(tmp_path: Path, file: str, options: str) -> None:
    write(tmp_path)
    value = ", ".join(filter(None, [FILES[file], options]))
    for more in ("batch: 4", "batch: 4, holdout: 0.3, seed: 2"):
        whole = spec(tmp_path, value, batches=False, more=more).values["x"]
        x = spec(tmp_path, value, more=more).values["x"]
        assert isinstance(x, Kept)
        assert x.shape == whole.shape
        compare = np.testing.assert_allclose if "standardise" in options else np.testing.assert_array_equal
        for rows in (ROWS, np.arange(300), np.array([4]), np.arange(0)):
            compare(taken(x, rows), whole[rows], **({"atol": 1e-13} if "standardise" in options else {}))
        compare(ready(x), whole, **({"atol": 1e-13} if "standardise" in options else {}))
        compare(
            taken(fewer(x, ROWS), np.array([1, 3])),
            whole[ROWS][[1, 3]],
            **({"atol": 1e-13} if "standardise" in options else {}),
        )


def test_a_column_of_a_large_table(tmp_path: Path) -> None:
    write(tmp_path)
    whole = spec(tmp_path, "csv: a.csv, columns: 3", batches=False).values["x"]
    np.testing.assert_array_equal(spec(tmp_path, "csv: a.csv, columns: 3").values["x"], whole)
    np.savetxt(tmp_path / "long.csv", np.arange(3000.0), "%d")
    x = spec(tmp_path, "csv: long.csv, columns: 0").values["x"]
    assert isinstance(x, Kept)
    assert x.shape == (3000,)
    assert taken(x, np.array([2999, 1])).tolist() == [2999, 1]


def test_one_hot_of_many_labels(tmp_path: Path) -> None:
    labels = (np.arange(3000) % 10).astype(np.uint8)
    np.save(tmp_path / "y.npy", labels)
    x = spec(tmp_path, "npy: y.npy, one_hot: 10").values["x"]
    assert isinstance(x, Kept)
    np.testing.assert_array_equal(taken(x, np.array([12, 2999])), np.eye(10)[[2, 9]])
    labels[2345] = 10
    np.save(tmp_path / "y.npy", labels)
    assert "x[2345] is 10, not one of the 10 classes" in refused(tmp_path, "npy: y.npy, one_hot: 10")


def test_labels_in_a_formula_are_all_looked_at(tmp_path: Path) -> None:
    labels = (np.arange(3000) % 3).astype(np.uint8)
    text = (
        "inputs: {s: {normal: [3000, 3]}}\ntargets: {y: {npy: y.npy}}\nparameters: {w: 1}\n"
        "nodes: {J: 'mean(cross_entropy(w * s, y))'}\ntrain: {lr: 0.1, batch: 4}\n"
    )
    np.save(tmp_path / "y.npy", labels)
    assert isinstance(loads(text, "net.yaml", Flags(batches=True), str(tmp_path)).values["y"], Kept)
    labels[2001] = 3
    np.save(tmp_path / "y.npy", labels)
    with pytest.raises(BackpropError, match=r"y\[2001\] is 3"):
        loads(text, "net.yaml", Flags(batches=True), str(tmp_path))


def test_the_spread_is_that_of_the_whole_also_far_from_zero() -> None:
    array = np.random.default_rng(0).normal(1e6, 1e-2, (5000, 3))
    array[:, 1] = 0.1
    found = spread(array)
    np.testing.assert_allclose(found.mean, array.mean(0), rtol=1e-12)
    np.testing.assert_allclose(found.deviation[[0, 2]], array.std(0)[[0, 2]], rtol=1e-8)
    assert found.constant.tolist() == [False, True, False]
    assert sum(len(block) for _, block in blocks(array)) == 5000


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("a.idx", lambda d: d[:-1], "8,999 bytes of numbers, but its 300 x 6 x 5 numbers take 9,000"),
        ("a.idx", lambda d: d + b"0", "more than 9,000 bytes"),
        ("a.idx", lambda d: d[:4] + b"\xff" * 12 + d[16:], "is too large"),
        ("a.gz", lambda d: d[:-20], "is not a whole gzip file"),
        ("a.gz", lambda d: gzip.compress(gzip.decompress(d)[:-5]), "8,995 bytes of numbers"),
        ("a.npy", lambda d: d[:-1], "its numbers end at"),
        ("a.npy", lambda d: d.replace(b"(300, 6, 5)", b"(9e9, 6, 5)"), "cannot be read as a NumPy array"),
        ("a.npy", lambda d: d.replace(b"'|u1'", b"'|O1'"), "x"),
        ("a.npy", lambda d: d.replace(b"(300, 6, 5), }  ", b"(-300, -6, 5), }"), "its shape is (-300, -6, 5)"),
        ("fortran.npy", lambda d: d[:-1], "its numbers end at"),
        ("a.npz", lambda d: d[:-300], "is not an NPZ file"),
        ("packed.npz", lambda d: d[:900] + b"\0" * 90 + d[990:], "cannot be read as a NumPy array"),
        ("a.csv", lambda d: d[:-3] + b"z\n", "text stands here"),
        ("a.csv", lambda d: d + b"1,2\n", "2 cells here, 30 in the first line"),
    ],
)
def test_files_that_lie(tmp_path: Path, name: str, change: Any, message: str) -> None:
    write(tmp_path)
    file = tmp_path / name
    file.write_bytes(change(file.read_bytes()))
    assert message in refused(tmp_path, FILES[name])


def test_a_stored_member_that_lies(tmp_path: Path) -> None:
    """Its header says more numbers than the archive holds: none of what stands behind is taken for numbers."""
    np.save(tmp_path / "a.npy", ARRAY)
    data = (tmp_path / "a.npy").read_bytes().replace(b"(300, 6, 5)", b"(303, 6, 5)")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", data)
        archive.writestr("z.npy", b"0" * 9000)
    assert "more numbers by its header" in refused(tmp_path, "npz: a.npz, array: x")


def test_what_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "LARGEST_TABLE", 1 << 16)
    zeros = np.zeros((1000, 1000), np.uint8)
    (tmp_path / "a.gz").write_bytes(gzip.compress(idx(zeros)))
    np.savez_compressed(tmp_path / "a.npz", x=zeros)
    assert "unpacked" in refused(tmp_path, "idx: a.gz")
    assert "unpacks to 1,000,000 bytes" in refused(tmp_path, "npz: a.npz")


@pytest.mark.parametrize("name", ["a.idx", "a.npy", "a.npz"])
def test_a_file_that_is_cut_short_or_changes_is_an_error_not_a_crash(tmp_path: Path, name: str) -> None:
    write(tmp_path)
    x = spec(tmp_path, FILES[name]).values["x"]
    assert isinstance(x, Kept)
    first = taken(x, ROWS)
    os.utime(tmp_path / name, ns=(1, 1))
    with pytest.raises(BackpropError, match=f"{name} changed while it was read"):
        taken(x, ROWS)
    write(tmp_path)
    x = spec(tmp_path, FILES[name]).values["x"]
    with (tmp_path / name).open("r+b") as file:
        file.truncate(2000)
    with pytest.raises(BackpropError, match=f"{name} was cut short while it was read"):
        taken(x, ROWS)
    write(tmp_path)
    x = spec(tmp_path, FILES[name]).values["x"]
    (tmp_path / name).unlink()  # the open file is still there
    np.testing.assert_array_equal(taken(x, ROWS), first)


@pytest.mark.parametrize("kind", ["idx", "npy", "npz", "csv"])
def test_what_is_no_file(tmp_path: Path, kind: str) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("empty", "folder", "pipe", "nowhere"):
        refused(tmp_path, f"{kind}: {name}")


def test_a_file_is_closed_when_nobody_uses_it(tmp_path: Path) -> None:
    write(tmp_path)
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for name in FILES:
        x = spec(tmp_path, FILES[name]).values["x"]
        taken(x, ROWS)
        del x
    gc.collect()
    assert not before or len(os.listdir("/proc/self/fd")) <= before + 1
