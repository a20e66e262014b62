"""`backprop plot --training`, and the path of descent over a map: the numbers are those of the training itself."""

from __future__ import annotations

import json

import pytest

import backpropcli as bp
from backpropcli.app import main

BOWL = "parameters: {u: 1, v: [[1, 2], [3, 4]]}\nnodes: {J: u**2 + sum(v**2)}\n"
TRAINED = "parameters: {u: 1, v: 2}\nnodes: {J: u**2 + 3 * v**2}\ntrain: {lr: 0.1, updates: 3}\n"
BATCHES = """
inputs: {x: [0, 1, 2, 3, 4, 5, 6, 7]}
targets: {y: [1, 3, 5, 7, 9, 11, 13, 15]}
parameters: {w: 0, b: 0}
nodes:
  z: w * x + b
  J: mean((z - y)**2)
train: {lr: 0.005, epochs: 5, batch: 2, holdout: 2, metrics: {worst: max(abs(z - y))}}
"""


@pytest.fixture
def net(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    return lambda text: (tmp_path / "net.yaml").write_text(text, encoding="utf-8")


def data(capsys: pytest.CaptureFixture[str], *words: str) -> dict:
    assert main(["plot", *words, "--format", "json", "-q"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_path_over_a_map_is_the_trainings_own(net, capsys) -> None:
    net(TRAINED)
    line = next(s for s in data(capsys, "u", "v")["series"] if s["kind"] == "line")
    assert line["label"] == "the path of 3 updates"
    assert line["x"] == pytest.approx([0.8**k for k in range(4)])
    assert line["y"] == pytest.approx([2 * 0.4**k for k in range(4)])


def test_flags_describe_a_training_too_and_go_over_the_file(net, capsys) -> None:
    net(TRAINED)
    line = next(s for s in data(capsys, "u", "v", "--lr", "0.05", "--updates", "2")["series"] if s["kind"] == "line")
    assert line["x"] == pytest.approx([1, 0.9, 0.81])
    net(TRAINED.partition("train")[0])
    assert not [s for s in data(capsys, "u", "v")["series"] if s["kind"] == "line"], "no training, no path"
    line = next(
        s
        for s in data(capsys, "u", "v", "--optimizer", "adam", "--lr", "0.1", "--updates", "1")["series"]
        if s["kind"] == "line"
    )
    assert line["x"] == pytest.approx([1, 0.9], abs=1e-6)


def test_entries_of_arrays_and_inputs_have_their_places_in_a_path() -> None:
    network = bp.loads(BOWL)
    way = network.path(("v", (1, 0)), "u", lr=0.25, updates=2)
    assert way == [pytest.approx(p) for p in ((3, 1), (1.5, 0.5), (0.75, 0.25))]
    fixed = bp.loads("inputs: {x: 5}\nparameters: {w: 1}\nnodes: {J: w**2 + x}").path("x", "w", lr=0.25, updates=1)
    assert fixed == [(5, 1), (5, 0.5)]


def test_the_losses_of_a_training_that_is_made_now(net, capsys) -> None:
    net(TRAINED)
    found = data(capsys, "--training")
    (loss,) = found["series"]
    assert loss["x"] == [1, 2, 3]
    assert loss["y"] == pytest.approx([0.64**k + 12 * 0.16**k for k in range(3)])
    assert found["plot"] == "training"
    (loss,) = data(capsys, "--training", "--updates", "7")["series"]
    assert len(loss["x"]) == 7


def test_held_out_losses_and_metrics(net, capsys) -> None:
    net(BATCHES)
    best, loss, held = data(capsys, "--training")["series"]
    assert len(loss["x"]) == 15
    assert held["x"] == [3, 6, 9, 12, 15], "at the end of each epoch"
    assert best["label"].startswith("held_out_loss is lowest at update")
    worst, outside = data(capsys, "--training", "worst", "held_out_worst")["series"]
    assert (len(worst["x"]), len(outside["x"])) == (15, 5)
    run = bp.load("net.yaml").train()
    assert loss["y"] == run.losses
    assert worst["y"] == [update.metrics["worst"] for update in run.history]


def test_what_has_no_place_is_said(net, capsys) -> None:
    net(TRAINED)
    for words, message in (
        (["--training", "--log", "run.csv"], "--training and --log together"),
        (["--training", "--from", "1"], "--from has no place in the plot of a training"),
        (["--training", "nonsense"], "net.yaml has no nonsense"),
        (["--log", "run.csv", "--lr", "1"], "--lr has no place in the plot of a log"),
        (["u", "--lr", "1"], "a path of descent is drawn over a map"),
        (["u", "v", "--lr", "x"], "lr is x, not a number"),
        (["--training", "--updates", "0"], "updates"),
    ):
        assert main(["plot", *words, "-q"]) == 2, words
        assert message in capsys.readouterr().err
    net(TRAINED.partition("train")[0])
    assert main(["plot", "--training", "-q"]) == 2
    assert "learning rate" in capsys.readouterr().err
