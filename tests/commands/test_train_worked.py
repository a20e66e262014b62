"""`backprop train --steps` and `--optimizers`."""

from __future__ import annotations

import json

import pytest

from backpropcli.app import main


def shown(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    """What a command prints."""
    assert main(["train", *words]) == status
    return capsys.readouterr().out


def test_one_update_as_a_textbook_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--example", "mazur", "--lr", "0.5", "--updates", "1", "--steps", "--digits", "8")
    lines = [" ".join(line.split()) for line in shown(capsys, *words).splitlines()]
    assert "w5⁺ = w5 - lr · dE/dw5 = 0.4 - 0.5 · 0.082167041 = 0.35891648" in lines
    assert "E before = 0.29837111" in lines
    assert "E after = 0.29102777" in lines


def test_each_update_begins_where_the_last_one_came_to(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--example", "lecture", "--optimizer", "adam", "--updates", "2", "--steps", "--format", "markdown")
    out = shown(capsys, *words)
    assert out.count("## Update") == 2
    losses = [line.rpartition("=")[2].strip() for line in out.splitlines() if line.strip().startswith("J ")]
    after, before = losses[1:3]
    assert after == before
    assert r"\frac{dJ}{dw_1}" in shown(capsys, *words[:-1], "latex")


def test_optimisers_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert "nadam" in shown(capsys, "--optimizers")
    assert "beta1*m + (1 - beta1)*g" in shown(capsys, "--optimizers", "adam")
    assert json.loads(shown(capsys, "--optimizers", "adam", "--format", "json"))["optimizers"][0]["name"] == "adam"
    shown(capsys, "--optimizers", "adm", status=2)
