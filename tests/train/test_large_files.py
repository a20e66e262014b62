"""Files of hundreds of megabytes (sparse ones) train in a small process: measured."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peak memory is read from /proc"),
]
NET = """
inputs: {{x: {{{x}}}}}
targets: {{y: {{idx: labels}}}}
layers:
  - dense: {{units: 16, activation: relu, init: he}}
  - dense: {{units: 10, init: glorot}}
loss: cross_entropy
train: {{optimizer: adam, lr: 0.001, batch: 128, updates: 20, holdout: 0.02}}
"""
RUN = """
import sys
from backpropcli.app import main
status = main(["train", "-q", "--format", "json"])
peak = [line for line in open("/proc/self/status") if line.startswith("VmHWM")][0]
print(status, peak.split()[1], file=sys.stderr)
"""


def sparse(path: Path, head: bytes, size: int) -> None:
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + size)


def images(path: Path, count: int) -> None:
    sparse(path, bytes([0, 0, 8, 3]) + struct.pack(">3I", count, 28, 28), count * 784)


def array(path: Path, count: int) -> None:
    """float32 numbers, as numpy.save has them."""
    np.save(path, np.empty((1, 196), np.float32))
    head = path.read_bytes()[:128].replace(b"(1, 196), }" + b" " * 5, f"({count}, 196), }}".encode().ljust(16))
    sparse(path, head, count * 784)


def peak(folder: Path, x: str, count: int) -> float:
    """The most memory of a training, in MB."""
    {"idx": images, "npy": array}[x[:3]](folder / "data.npy", count)
    sparse(folder / "labels", bytes([0, 0, 8, 1]) + struct.pack(">I", count), count)
    (folder / "net.yaml").write_text(NET.format(x=x))
    said = subprocess.run(
        [sys.executable, "-c", RUN], cwd=folder, capture_output=True, text=True, timeout=100, check=True
    )
    status, kilobytes = said.stderr.split()[-2:]
    assert status == "0"
    return int(kilobytes) / 1024


@pytest.mark.parametrize("x", ["idx: data.npy, shape: [-1, 784], scale: 1/255", "npy: data.npy, scale: 0.5"])
def test_the_process_stays_small(tmp_path: Path, x: str) -> None:
    small, large = peak(tmp_path, x, 1_000), peak(tmp_path, x, 510_000)
    assert os.path.getsize(tmp_path / "data.npy") > 399_000_000
    assert large < small + 150, (small, large)
