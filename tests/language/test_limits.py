"""What a stranger's spec may read, and what it may cost before it is refused."""

from __future__ import annotations

import os
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from backpropcli.app import main
from backpropcli.errors import BackpropError, Place
from backpropcli.language import Flags, load, loads
from backpropcli.language.data.columns import read_csv
from backpropcli.language.data.gradients import read_gradients
from backpropcli.language.data.numpy_files import read_arrays, read_npz
from backpropcli.language.file import reading as files

SECRET = "root:$6$salt$hash:19000:0:99999:7:::"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder for specs, beside files that are not theirs."""
    (tmp_path / "nets" / "sub").mkdir(parents=True)
    (tmp_path / "shadow").write_text(f"{SECRET}\ndaemon:*\n")
    (tmp_path / "numbers.csv").write_text("1\n2\n")
    (tmp_path / "nets" / "sub" / "in.csv").write_text("1\n2\n")
    (tmp_path / "nets" / "link.csv").symlink_to("../numbers.csv")
    (tmp_path / "nets" / "up").symlink_to("..")
    (tmp_path / "nets" / "fine.csv").symlink_to("sub/in.csv")
    np.save(tmp_path / "x.npy", np.ones(2))
    np.savez(tmp_path / "x.npz", W=np.ones(2))
    return tmp_path


@pytest.mark.parametrize(
    "file",
    [
        "{csv: ../numbers.csv}",
        "{csv: link.csv}",
        "{csv: up/numbers.csv}",
        "{csv: sub/../../numbers.csv}",
        "{npy: ../x.npy}",
        "{npz: ../x.npz}",
        "{csv: /etc/shadow}",
        "{csv: /dev/zero}",
        "{csv: /proc/self/environ}",
        "{csv: ..}",
    ],
)
def test_data_files_come_from_the_specs_own_folder(file: str, outside: Path) -> None:
    with pytest.raises(BackpropError, match="outside the network's own folder") as caught:
        loads(f"inputs: {{x: {file}}}\nnodes: {{J: sum(x)}}", folder=str(outside / "nets"))
    assert "--allow-files " in caught.value.hint
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("file", ["sub/in.csv", "fine.csv", "./sub/../sub/in.csv"])
def test_and_from_below_it(file: str, outside: Path) -> None:
    spec = loads(f"inputs: {{x: {{csv: {file}}}}}\nnodes: {{J: sum(x)}}", folder=str(outside / "nets"))
    assert spec.values["x"].tolist() == [[1], [2]]


def test_other_folders_only_where_they_are_allowed(outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "inputs: {x: {csv: ../numbers.csv}}\nnodes: {J: sum(x)}"
    (outside / "nets" / "net.yaml").write_text(text)
    monkeypatch.chdir(outside)
    allowed = ["--allow-files", "."]
    assert main(["run", "nets/net.yaml", "-q", *allowed]) == 0
    assert main(["run", "nets/net.yaml", "-q", "--allow-files", "nets", "--allow-files", "nowhere"]) == 2
    monkeypatch.chdir(outside / "nets")
    assert main(["run", "net.yaml", "-q", "--allow-files", ".."]) == 0
    assert main(["run", "-i", "x={csv: sub/in.csv}", "-n", "J = sum(x)", "-q"]) == 0
    assert main(["run", "-i", "x={csv: ../numbers.csv}", "-n", "J = sum(x)", "-q"]) == 0  # typed by the user's own hand
    assert main(["run", "net.yaml", "-i", "x={csv: ../numbers.csv}", "-q"]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("columns", ["", ", columns: a", ", columns: 7", ", columns: root", ", skip: 1"])
def test_no_line_of_a_data_file_is_quoted(columns: str, outside: Path) -> None:
    for text in (
        f"{SECRET}\ndaemon:*\n",
        f"{SECRET}\n",
        f"x\n{SECRET}",
        f"1,2\n{SECRET},3",
        f"token {SECRET}\n12345\n",
        f"{SECRET},1\x01\n",
        f"\udcff{SECRET}",
        f'"{SECRET}\n{SECRET}"',
    ):
        (outside / "nets" / "d.csv").write_text(text, errors="surrogateescape")
        with pytest.raises(BackpropError) as caught:
            loads(f"inputs: {{x: {{csv: d.csv{columns}}}}}\nnodes: {{J: y}}", folder=str(outside / "nets"))
        assert "root:" not in str(caught.value)
        assert "hash" not in str(caught.value)


def test_folders_and_pipes_are_no_data(outside: Path) -> None:
    os.mkfifo(outside / "nets" / "pipe")
    for kind in ("csv", "npy", "npz"):
        for name, what in (("pipe", "a device or a pipe"), ("sub", "a folder")):
            with pytest.raises(BackpropError, match=f"is {what}, not a file"):
                loads(f"inputs: {{x: {{{kind}: {name}}}}}\nnodes: {{J: sum(x)}}", folder=str(outside / "nets"))


def test_a_csv_file_is_read_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "d.csv"
    for end in ("\n", "\r\n", "\r"):
        path.write_bytes(f"é,b{end}{end}".encode() + "".join(f"{k},{k / 8}{end}" for k in range(500)).encode())
        for size in (1, 2, 3, 7, 100):
            monkeypatch.setattr(files, "BATCH", size)
            found = read_csv(str(path), ["é", "b"])
            assert found.shape == (500, 2)
            assert found[:, 1].tolist() == [k / 8 for k in range(500)]


def test_two_arrays_of_one_name(tmp_path: Path) -> None:
    path = str(tmp_path / "w.npz")
    np.savez(path, W1=np.ones(2))
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("W1.npy", archive.read("W1.npy"))
    with pytest.raises(BackpropError, match="holds two arrays called W1"):
        read_npz(path)
    with pytest.raises(BackpropError, match="holds two arrays called W1"):
        read_arrays(path)


COSTLY = {
    "unknown name": "parameters: {" + ", ".join(f"p{k}: {{ones: [50000000]}}" for k in range(6)) + "}\nnodes: {J: q}",
    "values": "parameters: {" + ", ".join(f"p{k}: {{ones: [50000000]}}" for k in range(6)) + "}\nnodes: {J: sum(p0)}",
    "broadcast": "parameters: {w: {ones: [20000, 1]}, v: {ones: [1, 20000]}}\nnodes: {J: sum(w + v)}",
    "outer": "parameters: {w: {ones: [20000]}}\nnodes: {J: sum(outer(w, w))}",
    "product": "parameters: {w: {ones: [20000, 1]}}\nnodes: {J: sum(w @ w.T)}",
    "gradients": "parameters: {w: {normal: [3000000]}}\nnodes: {J: sum(exp(sin(w)))}",
    "many steps": "parameters: {w: {normal: [100000]}}\nnodes: {J: sum(" + "exp(" * 60 + "w" + ")" * 61 + "}",
    "constant": "parameters: {w: 1}\nnodes: {J: sum(w * zeros((10000, 10000)))}",
    "constants": "parameters: {w: 1}\nnodes: {J: sum(w * (ones((20000, 1)) + ones((1, 20000))))}",
    "layer": "inputs: {x: [1, 2]}\nlayers: [{dense: {units: 1000000000}}]",
    "layer with biases": "inputs: {x: [1, 2]}\nlayers: [{dense: {units: 30000000, init: zeros}}]\nloss: a1",
    "one bias": "inputs: {x: [1, 2]}\nlayers: [{dense: {units: 20000000, init: zeros, b: 1}}]\nloss: a1",
    "formula as a value": "inputs: {x: 'ones((7000, 7000))'}\nnodes: {J: sum(x)}",
    "einsum": "parameters: {w: {ones: [3000]}}\nnodes: {J: \"sum(einsum('i,j,k->ijk', w, w, w))\"}",
}


@pytest.mark.parametrize("kind", COSTLY)
def test_nothing_is_made_for_what_is_refused(kind: str) -> None:
    with warnings.catch_warnings():
        tracemalloc.start()
        try:
            with pytest.raises(BackpropError):
                loads(COSTLY[kind])
            assert tracemalloc.get_traced_memory()[1] < 3e7
        finally:
            tracemalloc.stop()


def test_the_limit_says_the_sizes_and_can_be_raised() -> None:
    text = "parameters: {w: {ones: [3000, 1]}, v: {ones: [1, 3000]}}\nnodes: {J: sum(w + v)}"
    with pytest.raises(BackpropError) as caught:
        loads(text)
    assert caught.value.message == (
        "this network needs more than 64 MB for its numbers: 144 MB with this array, of shape (3000,3000)"
    )
    assert caught.value.hint.endswith("--memory 1GB")
    assert loads(text, flags=Flags(memory="1GB")).graph.shape("J") == ()
    assert loads(text, flags=Flags(memory=" 150 m")).graph.shape("J") == ()
    for odd in ("", "1", "4XB", "-4GB", "1e9GB", "nan", "9" * 400 + "G"):
        with pytest.raises(BackpropError, match="expected a size"):
            loads(text, flags=Flags(memory=odd))


def test_who_gives_many_numbers_may_compute_with_many(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((2000, 1500)))
    text = "inputs: {x: {npy: x.npy}}\nparameters: {w: 2}\nnodes: {J: sum(exp(w * x))}"
    assert loads(text, folder=str(tmp_path)).values["x"].shape == (2000, 1500)


@pytest.mark.slow
def test_a_small_file_of_many_numbers(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "bomb.npz", **{f"p{k}": np.zeros(2_000_000) for k in range(10)})
    bomb = str(tmp_path / "bomb.npz")
    flags = Flags(parameters=("w=1",), nodes=("J = w",), load=(bomb,))
    tracemalloc.start()
    try:
        with pytest.raises(BackpropError, match="no parameter of the command line is called p0"):
            load(None, flags)
        with pytest.raises(BackpropError, match="needs more than 64 MB"):
            load(None, Flags(nodes=("J = sum(" + " + ".join(f"p{k}" for k in range(10)) + ")",), load=(bomb,)))
        with pytest.raises(BackpropError, match="holds 20,000,000 numbers"):
            read_gradients(bomb)
        assert tracemalloc.get_traced_memory()[1] < 3e7
    finally:
        tracemalloc.stop()
    with zipfile.ZipFile(tmp_path / "many.npz", "w") as archive:
        for k in range(10_001):
            archive.writestr(f"p{k}.npy", b"")
    with pytest.raises(BackpropError, match="holds 10,001 arrays, at most 10,000 are read"):
        read_arrays(str(tmp_path / "many.npz"))


@pytest.mark.parametrize("name", ["theirs.json", "theirs.csv", "theirs.npz"])
@pytest.mark.parametrize(
    "text",
    [
        f'{{"w": 2, "key": "{SECRET}"}}',
        f"{SECRET}\n",
        f"w,2\n{SECRET}",
        f'{{"w": [1,\n {SECRET}]}}',
        f"w\n{SECRET},1\n",
        f'{{"{SECRET}": 1}}',
        f"[{SECRET}]",
        f'"{SECRET}',
        f"w,{SECRET},1,2",
        f"w,1\nw,1\n{SECRET}",
    ],
)
def test_parameters_and_gradients_are_not_quoted_either(
    name: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(text)
    for option in ("--load", "--gradients"):
        assert main(["check", "-p", "w=2", "-n", "J = w**2", option, name]) in (1, 2)
        out, err = capsys.readouterr()
        assert "  | " not in err
        assert f"{SECRET[5:]}," not in out + err
        assert SECRET not in "".join(line for line in (out + err).splitlines() if "|" in line)


def test_a_line_of_numbers_may_be_shown() -> None:
    for line in ('  "b1": [nan, 0.0246933],', "[1, 2.5e-3]", '{"W1": [[1, 2], [NaN]]}', "", "1,2"):
        assert Place("f", 1, 1, line).bare().text == line
    for line in (f'"key": "{SECRET}"', SECRET, "token", "password: 12345", '"k": "v"', "A=1"):
        assert not Place("f", 1, 1, line).bare().text


def test_a_plain_network_of_a_course_is_no_attack() -> None:
    """784-256-128-10 on 1,024 examples, made by initialisers: some 30 MB with its gradients."""
    layers = {"W1": [784, 256], "W2": [256, 128], "W3": [128, 10]}
    weights = ", ".join(f"{name}: {{he: {shape}, seed: 0}}" for name, shape in layers.items())
    biases = "b1: {zeros: [256]}, b2: {zeros: [128]}, b3: {zeros: [10]}"
    spec = loads(
        f"inputs: {{x: {{normal: [1024, 784], seed: 3}}}}\ntargets: {{y: {{zeros: [1024]}}}}\n"
        f"parameters: {{{weights}, {biases}}}\nnodes:\n  a1: relu(x @ W1 + b1)\n  a2: relu(a1 @ W2 + b2)\n"
        "  z3: a2 @ W3 + b3\n  J: mean(softmax_cross_entropy(z3, one_hot(y, 10)))\n"
    )
    assert spec.graph.shape("z3") == (1024, 10)
