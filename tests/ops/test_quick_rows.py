"""Rows that are many take a quick way through softmax: it gives what the plain way gives, saturated or tied."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from backpropcli.ops.numbers import array
from backpropcli.ops.reductions.reducing import quick
from backpropcli.ops.table import TABLE

PLAIN = SimpleNamespace(**{k: v for k, v in vars(array.xp).items() if not k.startswith(("row_", "at_row"))})
RNG = np.random.default_rng(5)
ROWS = {
    "any": RNG.normal(size=(8, 16, 64)),
    "saturated": RNG.normal(size=(300, 20)) * 200,
    "tied": RNG.integers(0, 2, size=(300, 20)).astype(float),
    "all equal": np.zeros((300, 20)),
    "masked": np.where(np.tri(80, 80), RNG.normal(size=(80, 80)), -np.inf),
    "long": RNG.normal(size=(4, 3000)),
}


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_the_quick_way_is_the_plain_way(name: str, rows: np.ndarray) -> None:
    operation = TABLE[name]
    _, o = operation.plan([rows.shape], {})  # type: ignore[arg-type]
    assert quick(array.xp, o, rows)  # type: ignore[arg-type]
    assert not quick(PLAIN, o, rows)  # type: ignore[arg-type]
    with np.errstate(all="ignore"):
        values = [operation.value(xp, o, rows) for xp in (array.xp, PLAIN)]  # type: ignore[attr-defined]
        np.testing.assert_array_equal(*values)
        g = RNG.normal(size=rows.shape)
        found = [operation.vjps[0](xp, o, g, values[0], rows) for xp in (array.xp, PLAIN)]  # type: ignore[attr-defined]
    np.testing.assert_allclose(*found, rtol=1e-11, atol=1e-300)


def test_few_entries_take_the_plain_way() -> None:
    _, o = TABLE["softmax"].plan([(10, 10)], {})
    assert not quick(array.xp, o, np.zeros((10, 10)))  # type: ignore[arg-type]
