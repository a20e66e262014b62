"""Dropout in a training: another mask in every update, the same for the same seed, and none while it is measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backpropcli as bp

SPEC: dict[str, Any] = {
    "inputs": {"x": np.round(np.linspace(-1, 1, 24).reshape(8, 3), 3).tolist()},
    "targets": {"y": [[k % 2] for k in range(8)]},
    "parameters": {"W": {"he": [3, 5], "seed": 1}, "U": {"he": [5, 1], "seed": 2}},
    "nodes": {"h": "dropout(tanh(x @ W), p=0.4)", "J": "mean((h @ U - y)**2)"},
}


def network(**changes: str) -> bp.Network:
    return bp.loads(json.dumps({**SPEC, "nodes": {**SPEC["nodes"], **changes}}))


def losses(net: bp.Network, **settings: Any) -> list[float]:
    return [step.loss for step in net.descent(**{"updates": 6, "lr": 0.0, **settings})]


def test_every_update_has_a_mask_of_its_own() -> None:
    found = losses(network())
    assert len(set(found)) == 6
    assert found == losses(network())
    assert found[0] == network().run().value("J")
    assert found != losses(network(h="dropout(tanh(x @ W), p=0.4, seed=1)"))


def test_batches_too() -> None:
    found = losses(network(), batch=4, shuffle=False, seed=0)
    assert len(set(found)) == 6
    assert found == losses(network(), batch=4, shuffle=False, seed=0)


def test_float32_and_numbers_alone() -> None:
    scalar = {"parameters": {"w": 2.0}, "nodes": {"J": "(dropout(w, 0.5) - 1)**2"}}
    found = losses(bp.loads(json.dumps(scalar)), updates=30)
    assert set(found) == {1.0, 9.0}
    assert losses(network(), dtype="float32") == pytest.approx(losses(network()), rel=1e-5)


def test_what_is_measured_has_no_mask() -> None:
    run, plain = network().train(updates=5, lr=0.1), network(h="tanh(x @ W)")
    assert run.before == pytest.approx(plain.run().value("J"), rel=1e-12)
    trained = plain.with_parameters(run.network.values)
    assert run.after == pytest.approx(trained.run().value("J"), rel=1e-12)


def test_the_mean_over_masks_is_the_network_without() -> None:
    net = network(J="sum(h)")
    every = [step.loss for step in net.descent(updates=400, lr=0.0)]
    plain = network(h="tanh(x @ W)", J="sum(h)").run().value("J")
    assert np.mean(every) == pytest.approx(plain, abs=4 * np.std(every) / 20)


def test_two_masks_differ() -> None:
    net = network(h="dropout(tanh(x @ W))", g="dropout(tanh(x @ W)) + dropout(tanh(x @ W))", J="mean(g @ U + h @ U)")
    masks = [net.graph.constants[slot] for slot in net.graph.drawn]
    assert len(masks) == 3
    assert len({m.tobytes() for m in masks}) == 3
    assert net.check().verdict == "pass"


def test_a_training_that_is_resumed_goes_on_bit_for_bit(tmp_path: Path) -> None:
    (tmp_path / "net.json").write_text(json.dumps(SPEC))

    def train(*words: str) -> None:
        command = [sys.executable, "-m", "backpropcli", "train", "net.json", "--lr", "0.1", "--batch", "3", *words]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    train("--updates", "9", "-o", "whole.yaml")
    train("--updates", "5", "--checkpoint", "state.npz")
    train("--updates", "9", "--checkpoint", "state.npz", "--resume", "-o", "parts.yaml")
    assert (tmp_path / "whole.yaml").read_text() == (tmp_path / "parts.yaml").read_text()
