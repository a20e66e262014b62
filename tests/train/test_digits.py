"""Mini-batch training on real data, from CSV and from IDX, against the same loop in PyTorch: losses equal to 1e-9."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from digits_files import write

from backpropcli.language import loads
from backpropcli.language.training.read import training
from backpropcli.train.batches import batch_at, split
from backpropcli.train.descent import Descent

if TYPE_CHECKING:
    from pathlib import Path

    from backpropcli.language.network import Spec

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

DATA = {
    "csv": ('{csv: digits.csv, columns: ["p0:p63"], scale: 1/16}', "{csv: digits.csv, columns: digit}"),
    "idx": ("{idx: digits-images.gz, shape: [-1, 64], scale: 1/16}", "{idx: digits-labels}"),
}
NET = """
inputs: {{x: {x}}}
targets: {{y: {y}}}
layers:
  - dense: {{units: 16, activation: relu, init: he}}
  - dense: {{units: 10, init: glorot}}
loss: cross_entropy
"""
SETTINGS: dict[str, Any] = {
    "batch": 200,
    "epochs": 3,
    "holdout": 0.2,
    "seed": 4,
    "metrics": {"accuracy": "mean(argmax(z2, axis=1) == y)"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("digits")
    write(path)
    return path


def digits(folder: Path, kind: str) -> Spec:
    x, y = DATA[kind]
    return loads(NET.format(x=x, y=y), "net.yaml", folder=str(folder))


class Theirs:
    """The same network and loop in PyTorch."""

    def __init__(self, spec: Spec, optimizer: Any) -> None:
        self.spec = spec
        self.parameters = {n: torch.tensor(spec.values[n], requires_grad=True) for n in ("W1", "b1", "W2", "b2")}
        self.optimizer = optimizer(self.parameters.values())

    def loss(self, rows: Any) -> Any:
        p = self.parameters
        x, y = torch.tensor(self.spec.values["x"][rows]), torch.tensor(self.spec.values["y"][rows]).long()
        self.scores = torch.relu(x @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
        self.accuracy = float((self.scores.argmax(dim=1) == y).double().mean())
        return torch.nn.functional.cross_entropy(self.scores, y)

    def update(self, rows: Any) -> float:
        self.optimizer.zero_grad()
        loss = self.loss(rows)
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())


@pytest.mark.parametrize(
    ("kind", "said", "optimizer"),
    [
        ("csv", {"optimizer": "gradient_descent", "lr": 0.5}, lambda p: torch.optim.SGD(p, lr=0.5)),
        ("idx", {"optimizer": "adam", "lr": 0.01}, lambda p: torch.optim.Adam(p, lr=0.01)),
    ],
)
def test_losses_are_pytorchs(folder: Path, kind: str, said: dict[str, Any], optimizer: Any) -> None:
    spec = digits(folder, kind)
    descent = Descent(spec, "J", training(spec, {**SETTINGS, **said}))
    train, held = split(1797, 0.2, 4)
    assert (len(train), len(held)) == (1438, 359)
    theirs = Theirs(spec, optimizer)
    sizes = set()
    for t, update in enumerate(descent, 1):
        rows = train[batch_at(t, len(train), 200, 4).rows]
        sizes.add(len(rows))
        assert update.loss == pytest.approx(theirs.update(rows), rel=1e-9), t
    assert t == 24
    assert sizes == {200, 38}
    measured = descent.feed.measure(held=True)
    assert measured.loss == pytest.approx(float(theirs.loss(held).detach()), rel=1e-9)
    assert measured.metrics["accuracy"] == theirs.accuracy > 0.6


def test_both_files_hold_the_same_digits(folder: Path) -> None:
    csv, idx = digits(folder, "csv"), digits(folder, "idx")
    for name in ("x", "y", "W1"):
        np.testing.assert_array_equal(csv.values[name], idx.values[name])
