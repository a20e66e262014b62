"""`check --after-updates N`: bugs that hide at the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from backpropcli.app import main

HIDDEN = """
parameters: {w: 1}
functions:
  g(z): {value: z**2, gradient: {z: "2"}}
nodes:
  a: g(w)
  J: (a - 3)**2
train: {lr: 0.01}
expect: {J: 4}
"""
"""The hand-derived gradient 2 of z**2 is right at z = 1 alone."""


@pytest.fixture
def net(tmp_path: Path) -> str:
    path = tmp_path / "net.yaml"
    path.write_text(HIDDEN)
    return str(path)


def test_a_bug_that_hides_at_the_start_is_found_later(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", net]) == 0
    assert main(["check", net, "--after-updates", "3"]) == 1
    out, err = capsys.readouterr()
    assert "checked after 3 updates of gradient descent, lr 0.01" in err
    assert "FAIL" in out


def test_what_the_file_expects_is_about_its_start_and_a_flag_about_where_it_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("parameters: {w: 2}\nnodes:\n  J: (w - 5)**2\ntrain: {lr: 0.1}\nexpect: {w: 2}\n")
    assert main(["check", str(path), "--after-updates", "1"]) == 0
    assert main(["check", str(path), "--after-updates", "1", "--expect", "w=2.6"]) == 0
    assert main(["check", str(path), "--after-updates", "1", "--expect", "w=2.7"]) == 1
    capsys.readouterr()


def test_it_needs_a_training_that_stays_finite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("parameters: {w: 2}\nnodes:\n  J: exp(w**4)\n")
    assert main(["check", str(path), "--after-updates", "1"]) == 2
    assert "lr" in capsys.readouterr().err
    path.write_text("parameters: {w: 1}\nnodes:\n  J: exp(w**4)\ntrain: {lr: 10}\n")
    assert main(["check", str(path), "--after-updates", "5"]) == 2
    assert "not finite" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--gradients", "g.json"], ["--program", "python net.py"]])
def test_others_have_their_own_point(net: str, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", net, "--after-updates", "1", *words]) == 2
    assert "--after-updates and" in capsys.readouterr().err
