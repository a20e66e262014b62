"""The check of what runs through time: rows as culprits, faults of a rule, and the loop itself held to account."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backpropcli import api
from backpropcli.app import main
from backpropcli.passes.through_time import BackThroughTime

RNN = """
inputs: {x: {normal: [3, 2], seed: 1}, y: [0.5, -0.5, 0.2]}
parameters: {Wx: {normal: [2, 2], seed: 2}, Wh: {normal: [2, 2], seed: 3}, b: [0.1, 0], Wo: [0.5, -0.4], h0: [0, 0.1]}
functions:
  f(z): {value: "tanh(z)", gradient: {z: "%s"}}
nodes:
  h[0]: h0
  h[t]: f(x[t] @ Wx + h[t-1] @ Wh + b)
  J: mean((h[1:] @ Wo - y)**2)
loss: J
"""
RIGHT = RNN % "1 - tanh(z)**2"
SCALAR = """
inputs: {x: [0.5, -1, 0.2, 0.3]}
parameters: {a: 0.7, w: 1.2, r0: 0.3}
nodes:
  r[N]: r0
  r[n]: tanh(w * x[n] - a * r[n+1]) + r[n+1] * exp(a)
  J: sum(r[:4])
loss: J
"""


def backprop(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The exit status of a command, and what it prints."""
    return main(list(words)), capsys.readouterr().out


def test_a_wrong_rule_is_placed_in_the_row_where_it_is_wrong_first(tmp_path: Any, capsys: Any) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(RNN % "where(z > 0.4, 0.99, 1) * (1 - tanh(z)**2)")
    z = api.load(file).run().value("h")[1:]
    first = int(np.flatnonzero((np.arctanh(z) > 0.4).any(axis=1))[0]) + 1
    assert first > 1, "or the place would tell nothing"
    status, said = backprop(capsys, "check", str(file), "--format", "json")
    assert status == 1
    found = json.loads(said)["culprit"]
    assert (found["operation"], found["node"], found["line"]) == ("f", f"h[{first}]", 5)
    assert f"Where: f(z) in h[{first}], " in " ".join(backprop(capsys, "check", str(file))[1].split())


@pytest.mark.parametrize("text", [RIGHT, RNN % "1 - tanh(z)"])
def test_a_network_is_checked_row_by_row_however_it_is_asked(text: str) -> None:
    net = api.loads(text)
    one, other = net.check(), net.unrolled().check()
    assert one.rows == other.rows
    assert one.culprit == other.culprit
    unrolled = net.unrolled()
    assert unrolled.unrolled() is unrolled
    rows = net.check(names=["h", "Wo"]).rows
    assert [row.name for row in rows] == ["h[0]"] * 2 + ["h[1]"] * 2 + ["h[2]"] * 2 + ["h[3]"] * 2 + ["Wo"] * 2


@pytest.mark.parametrize(
    ("fault", "steps", "culprit"),
    [
        ("h:sign", ["h[1]", "h[2]", "h[3]"], "h[1]"),
        ("h[t]:sign", ["h[1]", "h[2]", "h[3]"], "h[1]"),
        ("h[2]:scale=1.01", ["h[2]"], "h[2]"),
        ("h:Wh:transpose", ["h[1].3", "h[2].3", "h[3].3"], "h[1].3"),
        ("h.2:sign", ["h[1].2", "h[2].2", "h[3].2"], "h[1].2"),
    ],
)
def test_a_fault_of_a_rule_is_in_every_row_and_found_in_the_first(fault: str, steps: list[str], culprit: str) -> None:
    report = api.loads(RIGHT).check(fault=fault)
    assert report.fault is not None
    assert report.culprit is not None
    assert list(report.fault.labels) == steps
    assert report.culprit.label == culprit
    assert report.status == 1


def skipping(name: str) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(BackThroughTime, name, lambda self: setattr(self, "through", [None] * 99))


def twice(name: str) -> Callable[[pytest.MonkeyPatch], None]:
    right = getattr(BackThroughTime, name)
    return lambda patch: patch.setattr(BackThroughTime, name, lambda self, *given: right(self, *given) * (1 + 1e-8))


def forgetful(patch: pytest.MonkeyPatch) -> None:
    """The last turn alone counts, for what all turns share."""
    right = BackThroughTime._gathered
    last = np.array([0.0, 0.0, 1.0])[:, None]
    patch.setattr(BackThroughTime, "_gathered", lambda self, late, g: right(self, late, g * last))


def unlagged(patch: pytest.MonkeyPatch) -> None:
    """Nothing goes back to the turn before (truncated after one step)."""
    right = BackThroughTime._turn

    def turn(self: Any, number: int) -> None:
        kept = [[np.copy(row) for row in totals] for totals in self.totals]
        right(self, number)
        for before, totals in zip(kept, self.totals, strict=True):
            row = self.body.row(self.body.members[0], number)
            totals[:] = [new if k == row else old for k, (old, new) in enumerate(zip(before, totals, strict=True))]

    patch.setattr(BackThroughTime, "_turn", turn)


BROKEN = {
    "gathered behind the loop": skipping("_gather"),
    "the last turn alone": forgetful,
    "nothing goes back in time": unlagged,
    "a gradient 1e-8 off": twice("_argument"),
    "what was computed ahead": skipping("_back_ahead"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_loop_that_goes_back_wrongly_is_a_bug_of_ours(
    how: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: Any
) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(RIGHT)
    assert api.loads(RIGHT).check().status == 0
    BROKEN[how](monkeypatch)
    report = api.loads(RIGHT).check()
    assert all(row.verdict == "pass" for row in report.rows)
    assert report.differing is not None
    assert report.status == 1
    status, said = backprop(capsys, "check", str(file))
    assert status == 1
    assert "A bug in backprop, not in the network: dJ/d" in said.replace("\n", " ")
    found = json.loads(backprop(capsys, "check", str(file), "--format", "json")[1])
    assert found["verdict"] == "fail"
    assert "A bug in backprop" in found["notes"][-1]


def test_rounding_is_no_bug() -> None:
    """What nearly cancels in a sum over time, and what grows until single precision has no digits left."""
    cancelling = SCALAR.replace("sum(r[:4])", "1e8 * (sum(r[:4]) - (r[0] + r[1] + r[2] + r[3])) + r[0]")
    assert api.loads(cancelling).check().differing is None
    growing = SCALAR.replace("tanh(w * x[n] - a * r[n+1])", "3 * sin(9 * w * x[n] - 40 * a * r[n+1])")
    for dtype in ("float64", "float32"):
        assert api.loads(growing).check(dtype=dtype).differing is None
    overflowing = SCALAR.replace("exp(a)", "exp(400 * a) * r[n+1]")
    assert api.loads(overflowing).check().differing is None


def test_a_row_can_be_what_is_differentiated() -> None:
    net = api.loads(SCALAR)
    for name in ("r[0]", "r[2]"):
        report = net.unrolled().check(name)
        assert report.status == 0
        assert report.differing is None
    assert api.loads(RIGHT).unrolled().check("h[2]", upstream=[1, 2]).status == 0
