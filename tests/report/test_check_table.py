"""What a check prints, from reports made by hand."""

import json
import math

from backpropcli.errors import Place
from backpropcli.gradcheck.report import Culprit, ExpectedNumber, Report, Row
from backpropcli.notation.numbers import Precision
from backpropcli.render.markdown import any_markdown
from backpropcli.report.check_page import check_page, check_tables
from backpropcli.report.check_table import MANY
from backpropcli.report.csv import check_csv
from backpropcli.report.json import check_json


def page(report, **options):
    return "\n".join(t.text() for t in check_tables(check_page(report, "net.yaml", Precision(10), **options)))


def row(name, backprop, numerical, bound=4e-12, verdict="pass", index=(), **more):
    return Row(name, index, backprop, numerical, bound, verdict, **more)


GOOD = [row("w1", 6.0, 6.0, sees=1e-6), row("b1", 6.0, 6.0, 7e-12, sees=1e-6)]


def test_all_is_right():
    assert (
        page(Report("J", 2.0, GOOD))
        == """\
net.yaml   2 of 2 gradients are right (a mistake above 0.0001 % would show)

  gradient   numerical   backprop   verdict
  ─────────────────────────────────────────
  dJ/dw1     6 ± 4e-12          6   pass
  dJ/db1     6 ± 7e-12          6   pass
"""
    )


def test_a_forward_difference_of_the_lecture():
    rows = [
        row("w1", 6.0, 6.0045, 0.0045, above=2.0060045),
        row("w2", 4.0, 4.002, 0.002, above=2.004002),
    ]
    assert (
        page(Report("J", 2.0, rows, eps=0.001, difference="forward"))
        == """\
net.yaml   slope = (J(p + 0.001) - J) / 0.001, with J = 2

  gradient   J(p + 0.001)   slope             backprop   off by   verdict
  ───────────────────────────────────────────────────────────────────────
  dJ/dw1        2.0060045   6.0045 ± 0.0045          6   0.0045   pass
  dJ/dw2        2.004002    4.002  ± 0.002           4   0.002    pass

2 of 2 gradients are right, as far as a step of 0.001 can tell (± is the
step's own error). Without --eps the check is far sharper.
"""
    )


def test_a_central_difference_shows_both_sides():
    rows = [row("w1", 6.0, 6.0, 2e-12, above=2.0060045, below=1.9940045)]
    assert (
        page(Report("J", 2.0, rows, eps=0.001))
        == """\
net.yaml   slope = (J(p + 0.001) - J(p - 0.001)) / 0.002

  gradient   J(p + 0.001)   J(p - 0.001)   slope       backprop   verdict
  ───────────────────────────────────────────────────────────────────────
  dJ/dw1        2.0060045      1.9940045   6 ± 2e-12          6   pass

1 of 1 gradients is right.
"""
    )


def test_wrong_gradients_say_by_how_much_and_where():
    rows = [
        row("w", -0.155463, -0.33455, 2e-12, "fail", (0,)),
        row("v", 0.242451, 0.242451, 2e-12),
    ]
    culprit = Culprit("o", "o.1", "mish", "z", (("z", -0.4),), 0.161515, 0.347573, 1e-9, ("nodes", "o"), "")
    assert (
        page(Report("J", 2.0, rows, culprit=culprit))
        == """\
net.yaml   1 of 2 gradients is wrong

  gradient   numerical            backprop   off by   verdict
  ───────────────────────────────────────────────────────────
  dJ/dw[0]   -0.33455  ± 2e-12   -0.155463     54 %   FAIL
  dJ/dv       0.242451 ± 2e-12    0.242451      0 %   pass

Where: mish(z). At z = -0.4 its gradient says 0.161515; the slope of its value
is 0.347573.
"""
    )


def test_a_long_headline_is_broken():
    expected = [ExpectedNumber("J", 2.0, 2.0, 0.1, "pass")] * 17
    lines = page(Report("J", 2.0, GOOD, expected=expected)).splitlines()
    assert lines[0] == "net.yaml   2 of 2 gradients are right; 17 of 17 expected numbers agree"
    assert lines[1].startswith("  (a mistake above")
    long = "n" * 60 + ".yaml"
    lines = check_tables(check_page(Report("J", 2.0, GOOD), long, Precision(10)))[0].text().splitlines()
    assert lines[:2] == [f"{long}", "  2 of 2 gradients are right (a mistake above 0.0001 % would show)"]


def test_the_only_wrong_rule_is_named_with_its_line():
    culprit = Culprit(
        "o",
        "o.1",
        "mish",
        "z",
        (("z", -0.4),),
        0.161515,
        0.347573,
        1e-9,
        (),
        "its sign is wrong",
        Place("mish.yaml", 7, 3),
        True,
    )
    text = page(Report("J", 2.0, [row("w", 1.0, 2.0, 0.1, "fail", reason="rule")], culprit=culprit))
    assert text.endswith("""
Where: mish(z), mish.yaml:7. At z = -0.4 its gradient says 0.161515; the slope
of its value is 0.347573. Its sign is wrong. Every other operation is right.
""")
    several = culprit._replace(operation="matmul", at=(), alone=False, diagnosis="")
    text = page(Report("J", 2.0, [row("w", 1.0, 2.0, 0.1, "fail", reason="rule")], culprit=several))
    assert "Where: matmul in o.1, mish.yaml:7. Its gradient for z says 0.161515; the slope" in text


def test_what_would_settle_what_is_unsure():
    text = page(Report("J", 2.0, [row("k", 1.0, 1.1, 0.3, "unsure", reason="unsettled", note="nothing is sharp")]))
    assert text.endswith("""
What could not be judged is neither right nor wrong here; try it with another
value of k.
""")


def test_a_corner_shows_both_slopes():
    text = page(Report("J", 2.0, [row("w1", 0.0, 0.0, left=-12.0, right=0.0, reason="corner", note="relu is on it")]))
    assert "  dJ/dw1      -12 to 0          0   pass      relu is on it" in text


def test_not_a_number_has_no_bound():
    text = page(Report("J", 2.0, [row("w1", math.nan, math.nan, math.inf, "fail", reason="nonfinite")]))
    assert "±" not in text
    assert "NaN" in text


def test_an_answer_from_the_command_line():
    number = ExpectedNumber(
        "dJ/dw1", 18.0, 6.0, 1e-9, "fail", diagnosis="yours is 3 times too large.", numerical=6.0, bound=4e-12
    )
    report = Report("J", 2.0, GOOD, expected=[number])
    assert (
        page(report, expected_first=True)
        == """\
net.yaml   1 of 1 expected numbers is wrong

  gradient   expected   backprop   numerical   verdict
  ────────────────────────────────────────────────────
  dJ/dw1           18          6   6 ± 4e-12   FAIL

dJ/dw1: yours is 3 times too large.
"""
    )
    assert page(report).startswith("net.yaml   2 of 2 gradients are right; 1 of 1 expected numbers is wrong\n")


def test_a_failing_line_shows_the_digits_that_differ():
    number = ExpectedNumber("J", 0.504998396209, 0.50499839620, 5e-13, "fail", place=Place("net.yaml", 3))
    text = page(Report("J", 0.504998396, [], expected=[number]))
    assert "0.504998396209   0.5049983962 " in text
    assert "expected 0.504998396209, got 0.5049983962" in text
    close = ExpectedNumber("J", 1.0, 1.0 + 2**-52, 1e-17, "fail")
    assert "1   1.0000000000000002 " in page(Report("J", 1.0, [], expected=[close]))


def test_three_things_have_three_words():
    rows = [row("a", 1.0, 2.0, verdict="fail", reason="rule"), row("b", 1.0, 2.0, verdict="fail", reason="precision")]
    assert "1 of 2 gradients is wrong, 1 lost in float64" in page(Report("J", 2.0, rows))
    assert "1 of 1 gradients is lost in float64" in page(Report("J", 2.0, rows[1:]))


def test_a_number_that_float64_lost_is_shown_beside_what_it_should_be():
    lost = row("z", 1.0446, 1.0, verdict="fail", reason="precision", reliable=1.0)
    number = ExpectedNumber("dJ/dz", 1.0, 1.0446, 5e-6, "pass", reliable=1.0)
    report = Report("J", 0.0, [lost], expected=[number])
    assert (report.verdict, report.answered(lost)) == ("pass", True)
    assert "Float64 has lost backprop's own dJ/dz = 1.0446" in page(report, expected_first=True)
    found = json.loads("".join(check_json(report, "net.yaml")))
    assert (found["parameters"][0]["reliable"], found["expected"][0]["reliable"]) == (1.0, 1.0)
    assert Report("J", 0.0, [lost], expected=[number._replace(verdict="fail")]).status == 1
    assert Report("J", 0.0, [lost], expected=[number._replace(key="dJ/dx")]).status == 1


def test_many_components_are_summed_up():
    rows = [row("W", 1.0, 1.0, index=(k,)) for k in range(MANY)] + [row("b", 1.0, 2.0, verdict="fail")]
    text = page(Report("J", 2.0, rows))
    assert "  dJ/dW      0 of 40   pass\n" in text
    assert "  dJ/db       1 of 1   FAIL\n" in text
    assert "dJ/dW[3]" not in text
    assert "dJ/dW[3]" in page(Report("J", 2.0, rows), full=True)


def test_json_csv_and_markdown():
    report = Report("J", 2.0, [row("W1", 1.0, math.nan, math.inf, "fail", (0, 1), reason="nonfinite")])
    data = json.loads("".join(check_json(report, "net.yaml")))
    assert data["format"] == "backprop.check/1"
    assert data["verdict"] == "fail"
    assert data["parameters"] == [
        {
            "name": "W1",
            "index": [0, 1],
            "backprop": 1.0,
            "numerical": "NaN",
            "bound": "Infinity",
            "verdict": "fail",
            "reason": "nonfinite",
            "note": "",
        }
    ]
    assert "".join(check_csv(report)).splitlines()[1] == 'W1,"0,1",1,NaN,Infinity,fail,nonfinite'
    (table,) = check_tables(check_page(report, "net.yaml", Precision(10)))
    assert "| dJ/dW1\\[0, 1\\] |" in "".join(any_markdown(table))


def test_of_very_many_that_are_wrong_a_terminal_lists_the_first() -> None:
    rows = [Row("W", (k,), 1.0, 2.0, 1e-9, "fail", "rule") for k in range(60)]
    found = Report("J", 1.0, rows)
    assert "W[59]" in page(found)
    text = page(found, most=5)
    assert "dJ/dW[4]" in text
    assert "dJ/dW[5]" not in text
    assert "60 of 60" in text
    assert "The first 5 of 60 that did not pass are listed; --full lists all." in text
    assert "dJ/dW[59]" in page(found, most=5, full=True)
