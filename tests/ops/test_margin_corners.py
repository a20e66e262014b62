"""Margins at their corner: as PyTorch, a class that is just far enough counts no more."""

from __future__ import annotations

import pytest

from backpropcli.api import loads


@pytest.mark.parametrize(
    ("loss", "target"), [("multi_margin_loss", [0, 1]), ("multilabel_margin_loss", [[0, -1], [1, -1]])]
)
def test_a_class_at_the_margin_gets_no_gradient(loss: str, target: list[object]) -> None:
    net = loads(f"targets: {{y: {target}}}\nparameters: {{x: [[1, 0], [0, 1]]}}\nnodes: {{J: '{loss}(x, y)'}}")
    assert net.run().gradient("x").tolist() == [[0, 0], [0, 0]]
