"""Which data are class numbers, found from what uses them."""

from __future__ import annotations

import pytest

import backpropcli as bp
from backpropcli.engine.labels import labels


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("targets: {y: [0, 2]}\nparameters: {z: [[1, 2, 3], [4, 5, 6]]}\nnodes:\n  J: cross_entropy(z, y)", {"y": 3}),
        ("targets: {y: [[0, 1]]}\nparameters: {z: [[1, 2]]}\nnodes:\n  J: cross_entropy(z, y)", {}),
        ("targets: {y: [0, 2]}\nparameters: {z: 1}\nnodes:\n  h: one_hot(y, 4)\n  J: z * sum(h)", {"y": 4}),
        ("targets: {y: 1}\nparameters: {z: [1, 2, 4]}\nnodes: {p: softmax(z), J: '-log(p[y])'}", {"y": 3}),
        ("targets: {y: [1, 0]}\nparameters: {p: [[1, 2, 3], [4, 5, 6]]}\nnodes:\n  J: sum(p[arange(2), y])", {"y": 3}),
        ("inputs: {x: 1}\nparameters: {w: 2}\nnodes: {J: w * x}", {}),
    ],
)
def test_labels_are_found(spec: str, found: dict[str, int]) -> None:
    assert labels(bp.loads(spec).graph) == found


def test_of_two_uses_the_narrower_counts() -> None:
    network = bp.loads("inputs: {y: 1}\nparameters: {a: [1, 2, 4], b: [1, 2]}\nnodes: {J: 'a[y] * b[y]'}")
    assert labels(network.graph) == {"y": 2}
