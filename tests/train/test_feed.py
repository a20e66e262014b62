"""What a training with batches computes and holds: a batch, and what is measured as far as memory allows."""

from __future__ import annotations

import gzip
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import backpropcli
from backpropcli.app import main
from backpropcli.errors import BackpropError, FileError, SpecError
from backpropcli.language import Flags, loads
from backpropcli.language.data import kept, large
from backpropcli.language.training.read import training
from backpropcli.train import feed
from backpropcli.train.checkpoint import fingerprint
from backpropcli.train.descent import Descent
from backpropcli.train.health import Parted

if TYPE_CHECKING:
    from pathlib import Path

    from backpropcli.language.network import Spec

NET = """
inputs: {x: {X}}
targets: {y: {Y}}
parameters: {w: {normal: [6], seed: 1}, b: 0.1}
nodes:
  h: tanh(x @ w + b)
  r: reshape(x, (-1, 2, 3)) @ reshape(w, (3, 2))
  J: mean((h - y)**2) + 0 * sum(r)
train:
  {lr: 0.2, batch: 16, updates: 40, holdout: 0.25, seed: 5,
   metrics: {R2: 1 - sum((y - h)**2) / sum((y - mean(y))**2), off: mean(abs(h - y))}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 9, (2000, 6)).astype(np.uint8)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", rng.normal(size=2000).astype(np.float32))
    data = bytes([0, 0, 8, 3]) + struct.pack(">3I", 2000, 2, 3) + x.tobytes()
    (tmp_path / "x.gz").write_bytes(gzip.compress(data))
    return tmp_path


def network(folder: Path, x: str = "npy: x.npy", y: str = "npy: y.npy", **flags: Any) -> Spec:
    text = NET.replace("{X}", f"{{{x}}}").replace("{Y}", f"{{{y}}}")
    return loads(text, "net.yaml", Flags(**{"batches": True, **flags}), str(folder))


def descent(spec: Spec, **settings: Any) -> Descent:
    return Descent(spec, "J", training(spec, settings))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (kept, large):
        monkeypatch.setattr(module, "LARGE", 1000)
    monkeypatch.setattr(large, "PIECE", 1 << 9)


@pytest.mark.parametrize("x", ["npy: x.npy", "idx: x.gz, shape: [-1, 6]"])
@pytest.mark.parametrize("options", ["", ", scale: 0.1", ", standardise: true"])
def test_kept_rows_train_as_those_in_memory(folder: Path, small: None, x: str, options: str) -> None:
    here, there = network(folder, x + options, batches=False), network(folder, x + options)
    assert [kept.kept(v) for v in there.values.values()] == [True, True, False, False]
    for settings in ({}, {"holdout": 0.5}, {"batch": 5000}):
        ours, theirs = descent(there, **settings), descent(here, **settings)
        for one, other in zip(ours, theirs, strict=True):
            assert one.loss == pytest.approx(other.loss, rel=1e-12 if "standardise" in options else 1e-15)
        for mine, yours in zip(ours.measured(), theirs.measured(), strict=True):
            assert mine is not None
            assert yours is not None
            assert mine.loss == pytest.approx(yours.loss, rel=1e-12)
            assert mine.metrics == pytest.approx(yours.metrics, rel=1e-11)


def test_a_batch_is_judged_and_not_all_examples(folder: Path) -> None:
    with pytest.raises(SpecError, match="needs more than 0 MB") as caught:
        network(folder, memory="300KB", batches=False)
    assert "backprop train  takes 16 examples at a time" in str(caught.value)
    spec = network(folder, memory="300KB")
    assert sum(1 for _ in descent(spec)) == 40
    with pytest.raises(SpecError, match="A smaller batch than 1,400 takes less: batch: 700"):
        descent(spec, batch=1400)
    with pytest.raises(SpecError, match="needs more than"):  # what is held in memory counts
        network(folder, memory="100KB")


def test_what_is_measured_in_parts_says_what_it_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "PART", 10_000)
    whole, parts = descent(network(folder)), descent(network(folder, memory="300KB"))
    assert whole.feed.parted is None
    for held in (False, True):
        exact, ours = whole.feed.measure(held), parts.feed.measure(held)
        assert ours.loss == pytest.approx(exact.loss, rel=1e-12)
        assert ours.metrics["off"] == pytest.approx(exact.metrics["off"], rel=1e-12)
    rows = whole.feed.held_rows
    h, y = np.tanh(whole.spec.values["x"] @ whole.spec.values["w"] + 0.1)[rows], whole.spec.values["y"][rows]
    assert exact.metrics["R2"] == pytest.approx(1 - ((y - h) ** 2).sum() / ((y - y.mean()) ** 2).sum(), rel=1e-12)
    assert whole.feed.parted is None
    assert parts.feed.parted.names == ("R2",)  # type: ignore[union-attr]  # it is there
    found = [one for one in parts.findings() if isinstance(one, Parted)]
    assert found == [parts.feed.parted]
    assert not any(isinstance(one, Parted) for one in whole.findings())


def test_a_file_that_changes_ends_the_training_with_an_error(folder: Path, small: None) -> None:
    ours = descent(network(folder))
    next(iter(ours))
    with (folder / "x.npy").open("r+b") as file:
        file.truncate(3000)
    with pytest.raises(FileError, match=r"x\.npy was cut short while it was read: it had 12,128 bytes, and has 3,000"):
        list(ours)


def test_what_was_made_before_the_file_changed_is_saved(
    folder: Path, small: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And with the file as it was, the training goes on as if nothing had happened."""
    monkeypatch.chdir(folder)
    (folder / "net.yaml").write_text(NET.replace("{X}", "{npy: x.npy}").replace("{Y}", "{npy: y.npy}"))
    assert main(["train", "-q", "-o", "whole.npz"]) == 0
    data, move = (folder / "x.npy").read_bytes(), Descent.move

    def moved(self: Descent, looked: Any) -> Any:
        if self.number == 7:
            (folder / "x.npy").write_bytes(data[:5000])
        return move(self, looked)

    with monkeypatch.context() as patch:
        patch.setattr(Descent, "move", moved)
        assert main(["train", "-q", "--checkpoint", "run.npz"]) == 2
    said = capsys.readouterr().err
    assert "x.npy was cut short while it was read" in said
    assert "leave it alone" in said
    (folder / "x.npy").write_bytes(data)
    assert main(["train", "--checkpoint", "run.npz", "--resume", "-o", "parts.npz"]) == 0
    assert "resumed after update 8" in capsys.readouterr().err
    for name in ("w", "b"):
        np.testing.assert_array_equal(np.load("parts.npz")[name], np.load("whole.npz")[name])


def test_a_checkpoint_knows_its_data(folder: Path, small: None) -> None:
    before = fingerprint(descent(network(folder)))
    assert before == fingerprint(descent(network(folder)))
    assert before["data"] != fingerprint(descent(network(folder, "npy: x.npy, scale: 2")))["data"]
    x = np.load(folder / "x.npy")
    x[7, 3] += 1
    np.save(folder / "x.npy", x)
    assert before["data"] != fingerprint(descent(network(folder)))["data"]


def test_what_has_no_examples_is_held(folder: Path, small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
inputs: {ids: {npy: y.npy}, table: {npy: x.npy}}
targets: {y: {npy: y.npy}}
parameters: {w: 1}
nodes: {J: mean((w * sum(table) * ids - y)**2)}
train: {lr: 0.001, batch: 16, examples: [ids, y], updates: 2}
"""
    spec = loads(text, "net.yaml", Flags(batches=True), str(folder))
    assert kept.kept(spec.values["table"])
    ours = descent(spec)
    assert ours.feed.spec.values["table"].shape == (2000, 6)
    assert ours.findings() == ()
    monkeypatch.setattr(kept, "_whole", None)  # nothing is made before it is judged
    with pytest.raises(BackpropError, match="needs more than"):
        descent(loads(text, "net.yaml", Flags(batches=True, memory="50KB"), str(folder)))


def test_from_python(folder: Path, small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "net.yaml").write_text(NET.replace("{X}", "{npy: x.npy}").replace("{Y}", "{npy: y.npy}"))
    net = backpropcli.load("net.yaml", batches=True)
    run, whole = net.train(), backpropcli.load("net.yaml").train()
    assert run.losses == pytest.approx(whole.losses, rel=1e-14)
    assert [step.values["J"] for step in net.descent(updates=3)] == pytest.approx(run.losses[:3])
    with pytest.raises(SpecError, match="x, y: too large to be held"):
        net.run()
