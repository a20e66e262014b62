"""Worked steps through very many times: the ends are told, the middle on request, and nothing takes quadratic time."""

from __future__ import annotations

import pytest

from backpropcli import api
from backpropcli.explanation.steps import steps
from backpropcli.render.text import text

LONG = """
inputs: {x: {normal: [COUNT], seed: 1}}
parameters: {w: 0.5, h0: 0}
nodes:
  h[0]: h0
  h[t]: tanh(w * h[t-1]) + x[t]
  J: sum(h)
"""


def network(count: int) -> api.Network:
    return api.loads(LONG.replace("COUNT", str(count))).unrolled()


def told(count: int, full: bool = False) -> str:
    return "\n".join(text(steps(network(count).run(), full=full), 100))


@pytest.mark.parametrize("count", [7, 20])
def test_the_middle_of_many_times_is_told_on_request(count: int) -> None:
    elided, full = told(count), told(count, full=True)
    many = count > 7
    assert (elided != full) is many
    assert (f"t = 3 to {count - 2} are left out: --full shows every time." in elided) is many
    assert "--full" not in full
    for name in ("h[2]", f"h[{count}]"):
        assert f"\n  {name} " in elided
        assert f"dJ/d{name} " in elided
    assert ("\n  h[4] " in elided) is not many
    assert "\n  h[4] " in full
    assert len(elided) < 7000
    if many:
        assert "stack([h[0], h[1], ..., h[20]])" in elided
        assert "15 more terms, t = 4 to 18: --full" in elided
        assert elided.count("\n  ...\n") == 4


def test_explain_tells_what_was_asked() -> None:
    asked = "\n".join(text(network(30).explain("h[9]").sections(), 100))
    assert "t = 3 to 28 are left out (--full tells all)" in asked
    assert "dJ/dh[9]  = " in asked
    assert "dJ/dh[12] = " not in asked
    assert "dJ/dh[12] = " in "\n".join(text(network(30).explain("h[9]", full=True).sections(), 100))


def test_no_line_is_worked_out_that_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from backpropcli.derivation.worked import Worked

    asked = []
    before = Worked.terms
    monkeypatch.setattr(Worked, "terms", lambda self, label: asked.append(label) or before(self, label))
    assert len(told(300)) < 7000
    assert len(asked) < 20
