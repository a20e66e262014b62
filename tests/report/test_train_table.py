"""What `backprop train` prints fits its terminal, and its curve of batches can be read."""

from __future__ import annotations

import pytest

from backpropcli.api import Network
from backpropcli.language import loads
from backpropcli.notation.numbers import Precision
from backpropcli.report.train_table import train_table
from backpropcli.train.measured import means

NET = """
inputs: {x: [[1, 2, 3], [3, 4, 1], [5, 6, 2]]}
targets: {y: [0.1, 0.3, 0.7]}
parameters: {w: [0.123456, 0.2345678, 0.345678], b: 0.1234567}
nodes: {J: mean((x @ w + b - y)**2)}
train: {lr: 0.001, updates: 3, metrics: {accuracy: "mean(abs(x @ w))"}}
"""


@pytest.mark.parametrize("width", [60, 72, 80, 100, 120])
def test_it_fits_the_terminal(width: int) -> None:
    found = train_table(Network(loads(NET)).train().outcome, Precision(), width=width)
    assert all(len(line) <= width for line in found.layout(width).lines())


def test_arrays_are_told_by_their_size_before_numbers_lose_digits() -> None:
    outcome = Network(loads(NET)).train().outcome
    wide, narrow, narrower = (
        "\n".join(train_table(outcome, Precision(), width=width).layout(width).lines()) for width in (120, 90, 60)
    )
    assert "0.123456" in wide
    assert "root mean square" not in wide
    assert "(3,), root mean square" in narrow
    assert "digits to fit" not in narrow
    assert "digits to fit" in narrower
    chosen = train_table(outcome, Precision(), width=60, chosen=True)
    assert "digits to fit" not in "\n".join(chosen.layout(60).lines())


def test_means_of_batches() -> None:
    assert means([1, 2, 3, 4] * 10, 4) == pytest.approx([1.5, 3.5] * 10)
    assert means([1, 2, 3], 4) == [1, 2, 3]
    assert len(means([1.0] * 100_000, 4)) == 120
    assert means([1, 2, 3, 4] * 30, 4) == pytest.approx([2.5] * 30)
