"""`backprop train` as a user sees it: tables, files, signals, a kill at any moment."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from backpropcli.app import main
from backpropcli.commands.going import Said
from backpropcli.errors import FileError
from backpropcli.render.log import Log
from backpropcli.train.measured import Measured, Update

SPEC = """\
# three points
inputs: {x: [[1, 2], [3, 4], [5, 6], [7, 8], [1, 1], [2, 0], [0, 3]]}
targets: {y: [0, 1, 0, 1, 1, 0, 1]}
parameters:
  w: [0.1, 0.2]   # weights
  b: 0
nodes:
  z: x @ w + b
  J: mean(sigmoid_cross_entropy(z, y))
train: {optimizer: adam, lr: 0.05, batch: 2, holdout: 2, epochs: 4, metrics: {accuracy: "mean((z > 0) == y)"}}
"""


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "net.yaml"
    path.write_text(SPEC)
    return path


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--example", "mazur", "--lr", "0.5", "--updates", "1"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == "mazur.yaml   gradient descent, lr 0.5: 1 update"
    assert any(line.split()[:3] == ["w5", "0.4", "0.358916"] for line in lines)
    assert any(line.split()[:3] == ["E", "0.298371", "0.291028"] for line in lines)
    assert err == ""


def test_what_the_file_says_is_done_and_told(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(net)]) == 0
    out = capsys.readouterr().out
    assert "adam, lr 0.05, batches of 2: 12 updates (4 epochs)" in out
    assert "accuracy, held out" in out
    assert "Examples are the rows of x and y: 5 to learn from, 2 held out." in out


def test_a_batch_larger_than_the_data_and_examples_of_a_full_batch_are_told(
    net: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(net), "--batch", "9"]) == 0
    assert "5 to learn from, 2 held out. A batch of 9 is all of them." in capsys.readouterr().out.replace("\n", " ")
    assert main(["train", "-i", "x=[1, 2]", "-p", "w=1", "-n", "J = sum(w*x)", "--lr", "0.1", "--examples", "x"]) == 0
    assert "Examples are the rows of x: 2 to learn from." in capsys.readouterr().out


def test_json_is_plain_data(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(net), "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["format"] == "backprop.train/1"
    assert found["examples"] == {"names": ["x", "y"], "training": 5, "held_out": 2}
    assert found["updates"] == 12
    assert set(found["held_out"]["after"]["metrics"]) == {"accuracy"}


def test_the_trained_file_keeps_its_comments_and_runs_to_the_same_loss(
    net: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained, arrays = tmp_path / "trained.yaml", tmp_path / "trained.npz"
    assert main(["train", str(net), "-o", str(trained), "-q"]) == 0
    text = trained.read_text()
    assert "# three points" in text
    assert "# weights" in text
    assert main(["train", str(net), "-o", str(arrays), "-q"]) == 0
    assert main(["run", str(trained), "--get", "J"]) == 0
    assert main(["run", str(net), "--load", str(arrays), "--get", "J"]) == 0
    first, second = capsys.readouterr().out.split()
    assert first == second


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_the_log_has_a_row_an_update(net: Path, tmp_path: Path, ending: str) -> None:
    log = tmp_path / f"run.{ending}"
    assert main(["train", str(net), "--log", str(log), "-q"]) == 0
    lines = log.read_text().splitlines()
    if ending == "csv":
        assert lines[0] == "update,epoch,lr,loss,accuracy,held_out_loss,held_out_accuracy"
        rows = [line.split(",") for line in lines[1:]]
        assert [row[0] for row in rows] == [str(k) for k in range(1, 14)]
        assert [bool(row[5]) for row in rows] == [False, False, True] * 4 + [False]
        assert rows[-1][2] == ""
    else:
        rows = [json.loads(line) for line in lines]
        assert [row["update"] for row in rows] == list(range(1, 14))
        assert "held_out_loss" in rows[2]
        assert "held_out_loss" not in rows[1]


def test_a_training_in_two_halves_leaves_the_same_files(net: Path, tmp_path: Path) -> None:
    def files(folder: str, *runs: list[str]) -> dict[str, bytes]:
        place = tmp_path / folder
        place.mkdir()
        kept = ["--checkpoint", str(place / "run.npz"), "--log", str(place / "run.csv"), "-o", str(place / "t.yaml")]
        for more in runs:
            assert main(["train", str(net), *kept, "-q", *more]) == 0
        return {path.name: path.read_bytes() for path in place.iterdir()}

    whole = files("whole", ["--updates", "12"])
    halves = files("halves", ["--updates", "5"], ["--updates", "12", "--resume"])
    assert whole == halves


@pytest.mark.parametrize("until", ["patience=2", "loss=0.7", "loss=100"])
@pytest.mark.parametrize("batch", ["2", "5"])
def test_a_training_that_has_ended_by_itself_stays_as_it_is_when_it_is_resumed(
    net: Path, tmp_path: Path, until: str, batch: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run, log = tmp_path / "run.npz", tmp_path / "run.csv"
    words = ["train", str(net), "--epochs", "500", "--batch", batch, "--lr", "0.3", "--until", until, "-q"]
    words = [*words, "--checkpoint", str(run), "--log", str(log)]
    assert main(words) == 0
    first = run.read_bytes(), log.read_bytes(), capsys.readouterr().out
    words.remove("-q")
    assert "500 epochs" not in first[2]
    assert main([*words, "--resume"]) == 0
    out, err = capsys.readouterr()
    assert (run.read_bytes(), log.read_bytes(), out) == first
    assert "resumed after update" in err
    assert ("no update is left to make" in err) == (batch == "2" or "patience" in until)  # else a look says it


def test_a_checkpoint_is_loaded_as_parameters(net: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run.npz"
    assert main(["train", str(net), "--checkpoint", str(run), "-q"]) == 0
    capsys.readouterr()
    assert main(["run", str(net), "--load", str(run), "--get", "b"]) == 0
    assert float(capsys.readouterr().out) == float(np.load(run)["b"])


def test_what_is_no_checkpoint_or_another_trainings_is_refused(
    net: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run.npz"
    words = ["train", str(net), "--checkpoint", str(run), "-q", "--resume"]
    for content in (b"", b"PK nonsense", b"\x80\x04pickle"):
        run.write_bytes(content)
        assert main(words) == 2
        assert run.read_bytes() == content
    np.savez(run, w=np.zeros(2), b=0.0)
    assert main(words) == 2
    run.unlink()
    assert main(words) == 0
    for more, said in (
        (["--lr", "0.1"], "other settings"),
        (["-p", "b=1", "-n", "J = mean(z)"], "another network"),
        (["--dtype", "float32"], "float64"),
    ):
        capsys.readouterr()
        assert main([*words, *more]) == 2
        assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "changed",
    [
        {"update": -1},
        {"update": 1e300},
        {"update": True},
        {"since": -5},
        {"since": 10**40},
        {"epoch": ["1", -1]},
        {"epoch": ["1", 1, 1]},
        {"best": "x"},
        {"fingerprint": "x"},
    ],
    ids=str,
)
def test_a_checkpoint_that_says_nonsense_is_none(
    net: Path, tmp_path: Path, changed: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run.npz"
    words = ["train", str(net), "--checkpoint", str(run), "-q"]
    assert main(words) == 0
    arrays = dict(np.load(run))
    rest = {**json.loads(arrays["backprop.training"].tobytes()), **changed}
    np.savez(run, **{**arrays, "backprop.training": np.frombuffer(json.dumps(rest).encode(), dtype=np.uint8)})
    assert main([*words, "--resume"]) == 2
    assert "is no checkpoint of a training" in capsys.readouterr().err


LOGS = [
    (lambda head, rows: head + "".join(rows[:2]) + rows[3], "has update 4 after update 2"),
    (lambda head, rows: head + "1,0\n", "is no log of a training"),
    (lambda head, rows: head + "-1" + rows[0][1:], "is no log of a training"),
    (lambda head, rows: "name,age\n", "has other columns"),
    (lambda head, rows: "a text of one line, not ended", "has other columns"),
]


@pytest.mark.parametrize(("changed", "said"), LOGS, ids=[row[1] for row in LOGS])
def test_a_log_that_is_not_this_trainings_is_left_alone(
    net: Path, tmp_path: Path, changed: Callable[[str, list[str]], str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "run.csv"
    words = ["train", str(net), "--checkpoint", str(tmp_path / "run.npz"), "--log", str(log), "-q"]
    assert main([*words, "--updates", "6"]) == 0
    head, *rows = log.read_text().splitlines(keepends=True)
    log.write_text(changed(head, rows))
    assert main([*words, "--resume"]) == 2
    assert said in capsys.readouterr().err
    assert log.read_text() == changed(head, rows)


def test_a_log_that_lacks_rows_goes_on_and_says_so(
    net: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "run.csv"
    words = ["train", str(net), "--checkpoint", str(tmp_path / "run.npz"), "--log", str(log)]
    assert main([*words, "--updates", "6"]) == 0
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:4]))
    assert main([*words, "--resume"]) == 0
    assert f"{log} has no rows of updates 4 to 6" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "gone/t.yaml"], "there is no folder gone"),
        (["--checkpoint", "gone/t.npz"], "there is no folder gone"),
        (["--log", "folder.csv"], "--log folder.csv is a folder, not a file"),
        (["--log", "a.csv", "-o", "./a.csv"], "--output and --log name the same file"),
        (["--checkpoint", "a.npz", "-o", "a.npz"], "--output and --checkpoint name the same file"),
        (["-n", "J = mean((z - y)**2)", "-o", "t.yaml"], "-n changes the network: there is no file to write"),
        (["-p", "w={zeros: [2]}", "-i", "x={zeros: [7, 2]}", "-o", "gone.npz/t.yaml"], "there is no folder gone.npz"),
    ],
)
def test_what_could_not_be_written_at_the_end_is_said_at_the_start(
    net: Path, words: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(net.parent)
    (net.parent / "folder.csv").mkdir()
    assert main(["train", str(net), "--updates", "10000000", "--until", "time=20", *words]) == 2
    assert said in capsys.readouterr().err


def test_large_parameters_go_neither_over_the_checkpoint_nor_over_what_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text("parameters: {w: {normal: [2000], seed: 1}}\nnodes: {J: sum(w**2)}\ntrain: {lr: 0.1}\n")
    assert main(["train", "--checkpoint", "run.npz", "-o", "run.yaml", "-q"]) == 0
    assert main(["train", "--checkpoint", "run.npz", "--resume", "--updates", "101", "-q"]) == 0
    assert main(["train", "run.yaml", "-o", "run_parameters.yaml", "-q"]) == 0
    assert main(["run", "run_parameters.yaml", "--get", "J"]) == 0


def test_a_log_that_cannot_go_on_leaves_the_newest_state(
    net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run.npz"

    def full(log: Log, row: object) -> None:
        raise FileError("no space left on device")

    monkeypatch.setattr(Log, "add", full)
    assert main(["train", str(net), "--checkpoint", str(run), "--log", str(tmp_path / "run.csv")]) == 2
    assert json.loads(np.load(run)["backprop.training"].tobytes())["update"] == 1
    assert f"ended after update 1: saved in {run}" in capsys.readouterr().err


def test_a_loss_that_leaves_the_numbers_is_status_1_and_says_where(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["train", "-p", "w=1", "-n", "a = w**4", "-n", "J = exp(a)", "--lr", "10", "--updates", "9"])
    err = capsys.readouterr().err
    assert status == 1
    assert "J is the first number that is not finite" in err
    assert "Try lr 1" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--every-updates", "5"], "--every-updates needs a file"),
        (["--resume"], "--resume needs a file"),
        (["--checkpoint", "run.txt"], "ends in .npz"),
        (["--log", "run.txt"], ".csv or .jsonl"),
        (["--lr", "x"], "lr"),
        (["--optimizer", "adan"], "adam"),
        (["--metric", "accuracy = mean(zz)"], "zz"),
        (["--format", "svg"], "no svg"),
    ],
)
def test_what_is_wrong_is_said(net: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(net), *words]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (
            ["-p", "w=1", "-n", "J = w**2", "--schedule", "lr - t"],
            1,
            "update 1 was not made: its learning rate would be",
        ),
        (["-p", "w=1", "-n", "J = w**2", "--schedule", "lr / (3 - t)"], 1, "update 3 was not made"),
        (["-p", "w=-1", "-n", "J = log(w)"], 1, "J is the first number that is not finite, before anything has moved"),
        (["-i", "x=nan", "-p", "w=1", "-n", "J = w*x"], 1, "no training changes it. Is a value missing?"),
        (["-i", "x=1", "-n", "J = x**2"], 2, "this network has no parameters"),
        (["-p", "w=[1, 2]", "-n", "J = sum(w)", "--metric", "a = 2*w"], 2, "a has shape (2,), and a metric is one"),
        (["-p", "w=1", "-p", "u=1", "-n", "J = w**2"], 0, "J does not depend on u: no gradient moves it."),
    ],
)
def test_what_cannot_be_trained_is_said(
    words: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for more in ([], ["--steps"]):
        assert main(["train", *words, "--lr", "0.1", "--updates", "4", *more]) == status
        assert capsys.readouterr().err.count(said) == 1


def test_dead_units_are_one_note_which_comes_before_the_training(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["-i", "x=[[1], [2]]", "-p", "w=[[-1, 1]]", "-p", "v=-1", "-n", "a = relu(x @ w)", "-n", "b = relu(v)"]
    assert main(["train", *words, "-n", "J = sum(a) + b", "--lr", "0.1", "--updates", "2"]) == 0
    (note,) = capsys.readouterr().err.splitlines()
    assert note.startswith("note: 1 of the 2 units of a and b hand no gradient back for any example")


def test_why_steps_end_early_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "-p", "w=1", "-n", "J = w**2", "--lr", "0.1", "--until", "loss=2", "--steps"]) == 0
    assert "The loss that until: asks for is reached." in capsys.readouterr().err


def test_the_live_line_knows_what_was_held_out_at_the_last_epochs_end() -> None:
    said = Said("J")
    said.see(Update(1, 0, 0.1, 0.5, held=Measured(0.25, {})))
    said.see(Update(2, 1, 0.1, 0.125))
    assert said.text() == "J 0.125   held out 0.25"


LONG = [sys.executable, "-m", "backpropcli", "train", "--example", "mazur", "--lr", "0.5"]


@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_asked_to_end_it_saves_and_says_so(tmp_path: Path, name: str, status: int) -> None:
    run = tmp_path / "run.npz"
    words = [*LONG, "--updates", "100000000", "--checkpoint", str(run)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(1.0)
        process.send_signal(getattr(signal, name))
        out, err = process.communicate(timeout=30)
    assert process.returncode == status
    assert f"saved in {run}" in err
    assert "w5" in out
    assert run.exists()


@pytest.mark.slow
def test_killed_at_random_moments_and_resumed_it_leaves_the_same_files(net: Path, tmp_path: Path) -> None:
    draw = random.Random(5)

    def words(place: Path) -> list[str]:
        kept = ["--checkpoint", str(place / "run.npz"), "--every-updates", "7", "--log", str(place / "run.csv")]
        more = ["--resume", "-o", str(place / "t.yaml"), "--epochs", "1500", "-q"]
        return [sys.executable, "-m", "backpropcli", "train", str(net), *kept, *more]

    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    started = time.monotonic()
    subprocess.run(words(whole), check=True, timeout=60)
    seconds = time.monotonic() - started
    kills = 0
    for _ in range(200):
        process = subprocess.Popen(words(killed))
        try:
            process.wait(timeout=draw.uniform(0.15, max(0.5, seconds / 4)))
            break
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
    assert kills >= 3
    found = {path.name: path.read_bytes() for path in killed.iterdir()}
    assert found == {path.name: path.read_bytes() for path in whole.iterdir()}


def test_resuming_removes_what_a_kill_left_of_a_save_and_nothing_else(net: Path, tmp_path: Path) -> None:
    left = tmp_path / ".run.npz.0123456789abcdef.tmp"
    others = [tmp_path / name for name in (".run.npz.tmp", ".other.npz.0123456789abcdef.tmp", "run.npz.bak")]
    for path in (left, *others):
        path.write_text("x")
    assert main(["train", str(net), "--checkpoint", str(tmp_path / "run.npz"), "--resume", "-q"]) == 0
    assert not left.exists()
    assert all(path.exists() for path in others)
