"""NumPy's warnings are nobody's: neither a user of the command line nor a notebook sees one."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import backpropcli as bp
from backpropcli.app import main
from backpropcli.ops.numbers import quiet as silence
from backpropcli.ops.numbers.quiet import hush, quiet

LOUD = """
inputs: {k: [0, 2, 1]}
parameters: {S: [[-1, 1e308], [1e-310, 2]], W: [[-2, 9e307, 5e-324], [1e308, 1, 0.001]], v: [1, -2, 3]}
nodes:
  a: arccosh(sum(S * 3)) + sum(1 / (W - W))
  z: sum(log(v) * exp(1000 * v)) + a
  J: z + sum(W * W) + sum(sqrt(S)) * 0
"""
COMMANDS = [
    ["run"],
    ["run", "--steps"],
    ["check"],
    ["check", "--all"],
    ["quiz"],
    ["count"],
    ["draw"],
    ["draw", "--expand"],
    ["page"],
    ["explain", "dJ/dW[0, 1]"],
    ["derive", "S[0, 0]"],
    ["nudge", "v[0]"],
    ["run", "--dtype", "float32"],
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(LOUD)
    return tmp_path


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_command_is_warned_of_anything(words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert main([words[0], "net.yaml", *words[1:]]) in (0, 1, 2, 3)
    assert "Warning" not in capsys.readouterr().err


def test_nor_is_a_notebook(folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network = bp.load("net.yaml")
        network.run()
        network.check()
        network.quiz()


def test_what_others_import_is_silent_in_a_process_of_ours(folder: Path) -> None:
    root = Path(__file__).parent.parent.parent
    code = (
        "import sys, warnings; from backpropcli import app\n"
        "app.run = lambda words: warnings.warn('x') or 0\nsys.exit(app.main())"
    )
    for options, heard in (([], False), (["-W", "default"], True)):
        done = subprocess.run(
            [sys.executable, *options, "-c", code],
            capture_output=True,
            env={**os.environ, "PYTHONPATH": str(root)},
            timeout=60,
            check=False,
        )
        assert (b"UserWarning" in done.stderr) == heard


def test_silence_begins_when_numpy_comes_and_ends_with_the_outermost(monkeypatch: pytest.MonkeyPatch) -> None:
    before = np.geterr()
    with monkeypatch.context() as without:
        without.delitem(sys.modules, "numpy")
        outer = quiet()
        outer.__enter__()
        inner = quiet()
        inner.__enter__()
    assert np.geterr() == before
    hush()
    assert set(np.geterr().values()) == {"ignore"}
    inner.__exit__(None, None, None)
    assert set(np.geterr().values()) == {"ignore"}
    with quiet():
        pass
    assert set(np.geterr().values()) == {"ignore"}
    outer.__exit__(None, None, None)
    assert np.geterr() == before
    assert not silence._silences
    assert not silence._kept
