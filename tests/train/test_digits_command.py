"""`backprop train` itself on real data: PyTorch's losses, and a trained file that comes to the loss that was told."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from digits_files import write
from test_digits import DATA, NET, Theirs

from backpropcli.app import main
from backpropcli.language import load
from backpropcli.train.batches import batch_at, split

if TYPE_CHECKING:
    from pathlib import Path

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
TRAIN = """
train:
  optimizer: adam   # PyTorch's defaults
  lr: 0.01
  batch: 200
  epochs: 2
  seed: 4
  metrics: {accuracy: "mean(argmax(z2, axis=1) == y)"}
"""


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "net.yaml"


def written(net: Path, kind: str) -> None:
    x, y = DATA[kind]
    net.write_text(NET.format(x=x, y=y) + TRAIN)


def test_the_log_has_pytorchs_losses(net: Path) -> None:
    written(net, "csv")
    assert main(["train", "-q", "--holdout", "0.2", "--log", "run.csv", "-o", "trained.npz"]) == 0
    spec = load(str(net))
    train, held = split(1797, 0.2, 4)
    theirs = Theirs(spec, lambda p: torch.optim.Adam(p, lr=0.01))
    with open("run.csv", encoding="utf-8") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    assert len(rows) == 17  # two epochs of eight batches, and what the next would see
    for t, row in enumerate(rows[:-1], 1):
        loss = theirs.update(train[batch_at(t, len(train), 200, 4).rows])
        assert float(row["loss"]) == pytest.approx(loss, rel=1e-9)
        if t % 8 == 0:
            assert float(row["held_out_loss"]) == pytest.approx(float(theirs.loss(held).detach()), rel=1e-9)
            assert float(row["held_out_accuracy"]) == pytest.approx(theirs.accuracy, rel=1e-12)
    with np.load("trained.npz") as found:
        for name, value in theirs.parameters.items():
            np.testing.assert_allclose(found[name], value.detach().numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", DATA)
def test_the_trained_file_comes_to_the_loss_that_was_told(
    net: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    written(net, kind)
    assert main(["train", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert main(["train", "-q", "-o", "trained.yaml"]) == 0
    text = (net.parent / "trained.yaml").read_text()
    assert "# PyTorch's defaults" in text
    assert "he" not in text.split("layers:")[1].split("loss:")[0]  # no initialiser is left
    for file in ("trained.yaml", "net.yaml"):
        assert main(["run", file, "--get", "J"]) == 0
    after, before = map(float, capsys.readouterr().out.split())
    assert after == pytest.approx(told["after"]["loss"], rel=1e-12)
    assert before == pytest.approx(told["before"]["loss"], rel=1e-12)
    assert after < 0.6 * before


def test_a_trained_file_in_another_folder_says_what_it_will_not_find(
    net: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(net, "csv")
    (net.parent / "elsewhere").mkdir()
    net.write_text(net.read_text().replace("epochs: 2", "updates: 1"))
    for path, said in (("elsewhere/trained.yaml", True), ("trained.yaml", False)):
        assert main(["train", "-o", path]) == 0
        note = f"note: {path} stands in another folder than digits.csv, which it will not find there"
        assert (note in capsys.readouterr().err) is said
