"""Convolutions and pools explained: textbook forms on the way back, one entry's own sum, and operations written out."""

from __future__ import annotations

import pytest

from backpropcli.app import main

NET = """
inputs: {x: {normal: [2, 1, 6, 6], seed: 1}}
targets: {y: [0, 1]}
parameters:
  K: {normal: [2, 1, 3, 3], seed: 2}
  b: {normal: [2], seed: 4}
  W: {normal: [18, 2], seed: 3}
nodes:
  z1: conv2d(x, K, b, padding=1)
  p1: max_pool2d(relu(z1), 2)
  z2: reshape(p1, (2, 18)) @ W
  J: cross_entropy(z2, y)
"""


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    """What a command prints about the network, in one line."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cnn.yaml").write_text(NET)

    def run(*words: str) -> str:
        assert main([*words, "cnn.yaml"]) == 0
        return " ".join(capsys.readouterr().out.split())

    return run


def test_the_walk_back_has_the_textbook_form(said):
    text = said("explain", "dJ/dK")
    windows = "sliding_window_view(pad(x, ((0, 0), (0, 0), (1, 1), (1, 1))), (3, 3), axis=(2, 3))"
    assert f"dJ/dK = einsum('nchwij,nfhw->fcij', {windows}, dJ/dz1)" in text
    assert "einsum multiplies entries, and adds over the letters that its result lacks" in text
    assert "sum adds all entries up" not in text


@pytest.mark.parametrize(
    ("entry", "formula"),
    [
        ("dJ/dK[1,0,0,2]", "sum(pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))[:, 0, 0:6, 2:8] · dJ/dz1[:, 1])"),
        ("dJ/db[1]", "sum(dJ/dz1[:, 1])"),
    ],
)
def test_one_entry_is_a_sum_over_places(said, entry, formula):
    text = said("explain", entry)
    value = text.split(f"{entry.replace(',', ', ')} = ")[1].split(":")[0]
    assert f"{entry.replace(',', ', ')} = {formula} = {value}" in text
    assert "at each of 72 places" in text or "at 72 places" in text


def test_expanded_operations_are_written_out(said):
    windows = "sliding_window_view(pad(x, ((0, 0), (0, 0), (1, 1), (1, 1))), (3, 3), axis=(2, 3))"
    value = f"z1 = einsum('nchwij,fcij->nfhw', {windows}, K) + b[:, None, None]"
    pooled = "p1 = max(sliding_window_view(p1.1, (2, 2), axis=(2, 3))[:, :, ::2, ::2], axis=(-2, -1))"
    for command in (("run", "--expand"), ("explain", "--expand", "dJ/dK")):
        text = said(*command)
        assert "Written out:" in text
        assert value in text
        assert pooled in text
    assert "Written out" not in said("run")


def test_no_bias_is_not_written_out(said, tmp_path):
    (tmp_path / "cnn.yaml").write_text(NET.replace("conv2d(x, K, b, padding=1)", "conv2d(x, K, padding=1)"))
    assert "axis=(2, 3)), K) p1 = max(" in said("run", "--expand")
