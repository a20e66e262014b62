"""Where NaN and infinity start, in words."""

from backpropcli import loads
from backpropcli.report.nonfinite import described


def test_finite_networks_say_nothing(lecture):
    assert described(lecture) == ({}, [])


def test_the_first_value_and_the_first_gradient():
    trace = loads("parameters: {w: -1, v: 0}\nnodes: {s: log(w), t: sqrt(v), J: s + t}").run()
    marks, messages = described(trace)
    assert marks == {"s": "◀ NaN starts here", "v": "◀ Infinity starts here"}
    assert messages == [
        "note: s = log(w) is the first value that is not finite: NaN, where w = -1",
        "note: dJ/dv is the first gradient that is not finite: Infinity, through t = sqrt(v), where t = 0 and v = 0",
    ]


def test_big_arrays_are_shown_by_their_range():
    trace = loads("parameters: {w: {ones: [20]}}\nnodes: {s: log(w - 2), J: sum(s)}").run()
    assert described(trace)[1][0].startswith("note: s = log(w - 2) is the first value that is not finite: NaN")
