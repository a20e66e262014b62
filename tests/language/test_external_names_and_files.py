"""Files as PyTorch users have them: safetensors read within bounds, pickles refused, names with dots and wrappers."""

import json
import struct
import zipfile

import numpy as np
import pytest

from backpropcli import load
from backpropcli.api import loads
from backpropcli.app import main
from backpropcli.errors import BackpropError
from backpropcli.language.data.gradients import read_gradients
from backpropcli.language.data.safetensors import read_safetensors

NET = """
inputs: {x: [[1, -2], [0.5, 1]]}
parameters: {fc1_weight: [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]], fc1_bias: [0, 0.1, 0.2]}
nodes: {z: x @ fc1_weight.T + fc1_bias, J: sum(tanh(z))}
"""
WEIGHTS = {"fc1.weight": np.array([[0.3, 0.1], [0.2, -0.4], [1.5, 0.7]]), "fc1.bias": np.array([0.5, -0.1, 0.25])}


def stored(arrays, dtype="F64", kind="<f8", **more):
    header, body = dict(more), b""
    for name, array in arrays.items():
        data = np.asarray(array).astype(kind).tobytes()
        header[name] = {
            "dtype": dtype,
            "shape": list(np.shape(array)),
            "data_offsets": [len(body), len(body) + len(data)],
        }
        body += data
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(NET)
    (tmp_path / "w.safetensors").write_bytes(stored(WEIGHTS, __metadata__={"format": "pt"}))
    np.savez("w.npz", **{f"module.{k}": v for k, v in WEIGHTS.items()})
    (tmp_path / "w.json").write_text(
        json.dumps({"fc1": {"weight": WEIGHTS["fc1.weight"].tolist(), "bias": WEIGHTS["fc1.bias"].tolist()}})
    )
    trace = load("net.yaml", load=("w.npz",)).run()
    right = {"fc1.weight": trace.gradient("fc1_weight"), "fc1.bias": trace.gradient("fc1_bias")}
    (tmp_path / "g.safetensors").write_bytes(stored(right))
    (tmp_path / "g32.safetensors").write_bytes(stored(right, "F32", "<f4"))
    np.savez("g.npz", **{f"module.{k}.grad": v for k, v in right.items()})
    return tmp_path


@pytest.mark.parametrize("weights", ["w.safetensors", "w.npz", "w.json"])
@pytest.mark.parametrize("gradients", ["g.safetensors", "g32.safetensors", "g.npz"])
def test_names_with_dots_and_wrappers_are_matched(files, capsys, weights, gradients):
    assert main(["check", "net.yaml", "--load", weights, "--gradients", gradients]) == 0
    to = "2e-5" if "32" in gradients else "1e-6"
    assert capsys.readouterr().out == f"net.yaml   9 of 9 gradients in {gradients} are right (to {to})\n"


def test_as_renames_what_is_loaded_too(files, capsys):
    spec = NET.replace("[[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]", "{zeros: [2, 3]}").replace("fc1_weight.T", "W")
    (files / "net.yaml").write_text(spec.replace("fc1_weight", "W").replace("fc1_bias", "b"))
    renames = ["--as", "fc1.weight=W.T", "--as", "fc1.bias=b"]
    assert main(["check", "net.yaml", "--load", "w.safetensors", "--gradients", "g.safetensors", *renames]) == 0
    assert main(["run", "net.yaml", "--load", "w.safetensors", *renames, "--get", "b[0]"]) == 0
    assert capsys.readouterr().out.endswith("0.5\n")
    assert main(["run", "net.yaml", "--load", "w.safetensors"]) == 2
    assert "Say which is which:  --as fc1.weight=W.T --as fc1.bias=b\n" in capsys.readouterr().err
    assert main(["run", "net.yaml", "--load", "w.safetensors", *renames, "--as", "fc9=W"]) == 2
    assert capsys.readouterr().err == "error: --as fc9=W: w.safetensors has no fc9\n"


def test_two_names_that_come_to_one(files):
    np.savez("two.npz", **{"fc1.bias": np.zeros(3), "module.fc1.bias": np.ones(3), "fc1.weight": np.zeros((3, 2))})
    with pytest.raises(BackpropError, match=r"fc1\.bias and module\.fc1\.bias both mean fc1_bias"):
        load("net.yaml", load=("two.npz",))


@pytest.mark.parametrize(
    ("dtype", "kind", "word"),
    [
        ("F64", "<f8", "float64"),
        ("F32", "<f4", "float32"),
        ("F16", "<f2", "float16"),
        ("I64", "<i8", "int64"),
        ("I32", "<i4", "int32"),
        ("U8", "u1", "uint8"),
        ("BOOL", "?", "bool"),
    ],
)
def test_dtypes(dtype, kind, word):
    given = np.array([[1, 0, 1], [0, 1, 1]])
    found = read_safetensors(stored({"a": given, "s": np.array(1)}, dtype, kind), "f")
    assert (found["a"].value.tolist(), found["a"].dtype, found["s"].value) == (given.tolist(), word, 1.0)


def test_half_of_a_float32():
    halves = (np.array([1.5, -2.0, 0.0], "<f4").view("<u4") >> 16).astype("<u2")
    found = read_safetensors(stored({"a": halves}, "BF16", "<u2"), "f")
    assert (found["a"].value.tolist(), found["a"].dtype) == ([1.5, -2.0, 0.0], "bfloat16")


def header(text, body=b""):
    return struct.pack("<Q", len(text)) + text + body


BROKEN = [
    b"",
    b"\0" * 9,
    struct.pack("<Q", 2**63) + b"{}",
    struct.pack("<Q", 10**8) + b"{" * 100,
    header(b"[]"),
    header(b"{"),
    header(b"\xff\xff"),
    header(b'{"a": 1}'),
    header(b'{"a": {}}'),
    header(b"[" * 100_000),
    header(b'{"a": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}}'),
    header(b'{"a": {"dtype": "F64", "shape": [2], "data_offsets": [0, 8]}}', b"\0" * 8),
    header(b'{"a": {"dtype": "F64", "shape": [1], "data_offsets": [8, 0]}}', b"\0" * 8),
    header(b'{"a": {"dtype": "F64", "shape": [-1], "data_offsets": [0, 8]}}', b"\0" * 8),
    header(b'{"a": {"dtype": "F64", "shape": [1.0], "data_offsets": [0, 8]}}', b"\0" * 8),
    header(b'{"a": {"dtype": "F64", "shape": [true], "data_offsets": [0, 8]}}', b"\0" * 8),
    header(b'{"a": {"dtype": "C64", "shape": [1], "data_offsets": [0, 8]}}', b"\0" * 8),
    header(b'{"a": {"dtype": ["F64"], "shape": [1], "data_offsets": [0, 8]}}', b"\0" * 8),
    header(b'{"a": {"dtype": "F64", "shape": [1000000000000, 0, 0], "data_offsets": [0, 8]}}', b"\0" * 8),
    header(b'{"a": {"dtype": "F64", "shape": [4000000000, 4000000000], "data_offsets": [0, 8]}}', b"\0" * 8),
]


@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_broken_ones_are_refused(tmp_path, number):
    path = tmp_path / "g.safetensors"
    path.write_bytes(BROKEN[number])
    for read in (lambda: read_gradients(str(path)), lambda: read_safetensors(BROKEN[number], "f")):
        with pytest.raises(BackpropError) as caught:
            read()
        assert caught.value.status == 2


def test_every_cut_is_refused():
    whole = stored(WEIGHTS)
    for end in range(0, len(whole), 7):
        with pytest.raises(BackpropError):
            read_safetensors(whole[:end], "f")


@pytest.mark.parametrize("name", ["it's a.pt", "net.pth"])
def test_what_torch_saves_is_refused_with_the_line_that_converts_it(files, capsys, name):
    with zipfile.ZipFile(name, "w") as archive:
        archive.writestr("net/data.pkl", b"\x80\x02}q\x00.")
    for words in (["--gradients", name], ["--load", name]):
        assert main(["check", "net.yaml", *words]) == 2
        err = capsys.readouterr().err
        assert err.startswith(f"error: {name} is a pickle, as torch.save writes them")
        assert "python -c 'import numpy, torch; numpy.savez(" in err


@pytest.mark.slow
def test_the_line_that_converts_does(files, capsys, monkeypatch):
    torch = pytest.importorskip("torch")
    import shlex
    import subprocess
    import sys

    grads = {name: torch.tensor(value) for name, value in WEIGHTS.items()}
    for old, name in ((True, "a b.pt"), (False, "it's.pth")):
        torch.save(grads, name, _use_new_zipfile_serialization=not old)
        assert main(["check", "net.yaml", "--gradients", name]) == 2
        line = next(text for text in capsys.readouterr().err.splitlines() if "python -c" in text)
        subprocess.run([sys.executable, *shlex.split(line)[1:]], check=True)
        with np.load(name.rpartition(".")[0] + ".npz") as made:
            assert {k: made[k].tolist() for k in made} == {k: v.tolist() for k, v in WEIGHTS.items()}


def test_names_of_modules_in_python():
    network = loads(NET)
    trace = network.run()
    given = {"_orig_mod.module.fc1.weight.grad": trace.gradient("fc1_weight"), "fc1.bias": trace.gradient("fc1_bias")}
    assert network.check_gradients(given).status == 0


def test_arrays_on_top_of_each_other_are_no_small_file_of_many_numbers(tmp_path):
    entry = {"dtype": "U8", "shape": [1000], "data_offsets": [0, 1000]}
    header = json.dumps({f"p{k}": entry for k in range(200)}).encode()
    data = struct.pack("<Q", len(header)) + header + bytes(1000)
    with pytest.raises(BackpropError, match=r"has [\d,]+ bytes, but holds [\d,]+ numbers"):
        read_safetensors(data, "w.safetensors")
