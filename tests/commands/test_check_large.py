"""`backprop check` of a large network on the command line: samples, what replays them, and Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from backpropcli.app import main

NET = """
inputs: {x: {normal: [8, 30], seed: 1}}
parameters: {W: {normal: [30, 40], seed: 2}, b: {zeros: [40]}}
nodes:
  a: tanh((x @ W + b) * 0.2)
  J: mean(a**2)
"""
SLOW = """
inputs: {x: {normal: [200, 300], seed: 1}}
parameters: {W: {normal: [300, 300], seed: 2}}
nodes:
  a: cumprod(1 + tanh((x @ W + reshape(W, (300, 300))[:200]) * 0.1) * 0.01, axis=1)
  J: mean(a**2)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(NET, encoding="utf-8")
    return tmp_path


def test_a_sample_and_the_command_that_replays_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "net.yaml", "--sample", "100", "--seed", "3"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("net.yaml   100 of 100 gradients are right")
    assert "Checked 100 of 1,240 components and 20 random directions over all of them." in out
    assert "backprop check net.yaml --seed 3 --sample 100" in " ".join(out.split())
    data = []
    for _ in range(2):
        assert main(["check", "net.yaml", "--sample", "100", "--seed", "3", "--format", "json"]) == 0
        data.append(json.loads(capsys.readouterr().out))
    assert data[0] == data[1]
    assert data[0]["coverage"]["checked"] == len(data[0]["parameters"]) == 100


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--sample", "0"], "--sample 0: expected a whole number from 1 to 1000000000000"),
        (["--sample", "a few"], "--sample a few: expected a whole number from 1 to 1000000000000"),
        (["--seed", "-1"], "--seed -1: expected a whole number from 0 to 1000000000000"),
        (["--sample", "9", "--every"], "--every and --sample together"),
    ],
)
def test_what_is_refused(here: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str) -> None:
    assert main(["check", "net.yaml", *words]) == 2
    assert capsys.readouterr().err.splitlines()[0] == f"error: {message}"


def test_every_component_of_a_network_that_is_sampled_otherwise(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backpropcli.gradcheck.network.scope.BUDGET", 1.0)
    monkeypatch.setattr("backpropcli.gradcheck.large.sampling.BUDGET", 1.0)
    assert main(["check", "net.yaml"]) == 0
    assert "Checked 100 of 1,240 components" in capsys.readouterr().out
    assert main(["check", "net.yaml", "--every"]) == 0
    out = capsys.readouterr().out
    assert "1,240 of 1,240" in out
    assert "Checked" not in out


@pytest.mark.slow
def test_ctrl_c_in_a_terminal_ends_the_bar_and_reports_what_was_checked(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(SLOW, encoding="utf-8")
    leader, follower = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen(
        [sys.executable, "-m", "backpropcli", "check", "net.yaml", "--every"],
        cwd=tmp_path,
        env=env,
        stdout=subprocess.PIPE,
        stderr=follower,
        text=True,
        start_new_session=True,
    ) as child:
        os.close(follower)
        seen, end = "", time.monotonic() + 60
        while not re.search(r"[1-9]\d*/90000", seen) and time.monotonic() < end:
            if select.select([leader], [], [], 0.2)[0]:
                seen += os.read(leader, 4096).decode()
        assert "checking" in seen
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=60)
        assert child.returncode == 130
    while select.select([leader], [], [], 0.2)[0]:
        try:
            more = os.read(leader, 4096).decode()
        except OSError:
            break
        if not more:
            break
        seen += more
    os.close(leader)
    assert seen.rstrip().endswith("interrupted")
    assert "Traceback" not in seen
    last = out.strip().splitlines()[-1]
    assert last.startswith("Interrupted: ")
    assert last.endswith(" of 90,000 components were checked.")
    assert int(last.split()[1].replace(",", "")) > 0
