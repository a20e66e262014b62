"""Expected numbers: by the digits written, with a guess at the slip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from check_helpers import LECTURE

import backpropcli as bp
from backpropcli.api import loads
from backpropcli.errors import SpecError

if TYPE_CHECKING:
    from backpropcli.gradcheck import ExpectedNumber, Report

ARRAYS = """
inputs:     {x: [1, 2]}
parameters: {W: [[1, 2], [3, 5]]}
nodes: {z: x @ W, J: sum(z**2)}
"""


def beside(text: str, expect: str) -> tuple[ExpectedNumber, Report]:
    found = loads(f"{text}\nexpect: {{{expect}}}\n").check()
    return found.expected[0], found


@pytest.mark.parametrize(
    ("expect", "verdict"),
    [
        ("J: 2", "pass"),
        ("J: 2.0", "pass"),
        ("J: 2.04", "fail"),
        ("J: 1.96", "fail"),
        ("J: 3", "fail"),
        ("dJ/dw1: 6", "pass"),
        ("dJ/dw1: 6.0", "pass"),
        ("dJ/dw1: 18", "fail"),
        ("da2/dw1: 3", "pass"),
        ("J: {value: 2.3, within: 0.5}", "pass"),
        ("J: {value: 2.3, within: 0.2}", "fail"),
        ("J: 4/2", "pass"),
        ("J: 2e0", "pass"),
        ("J: 2.0000000001", "fail"),
        ("J: 0", "fail"),
        ('"dJ/dx": 12', "pass"),
    ],
)
def test_verdicts_by_the_digits_written(expect: str, verdict: str) -> None:
    number, found = beside(LECTURE, expect)
    assert number.verdict == verdict
    assert found.status == (0 if verdict == "pass" else 1)


@pytest.mark.parametrize(
    ("w", "text", "verdict"),
    [
        ("0.3456", "0.35", "pass"),
        ("0.3456", "0.34", "fail"),
        ("0.345", "0.35", "pass"),  # the half itself belongs to both
        ("0.345", "0.34", "pass"),
        ("1234.6", "1.2e3", "pass"),
        ("1251.0", "1.2e3", "fail"),
        ("0.1", "0.1", "pass"),
    ],
)
def test_half_of_the_last_digit(w: str, text: str, verdict: str) -> None:
    assert beside(f"parameters: {{w: {w}}}\nnodes: {{J: w*1}}", f"J: {text}")[0].verdict == verdict


def test_whole_numbers_are_exact_but_for_rounding() -> None:
    text = "parameters: {w: 0.1}\nnodes: {J: (w + 0.2 - 0.3)*1 + 6}"
    assert beside(text, "J: 6")[0].verdict == "pass"
    assert beside("parameters: {w: 6.000001}\nnodes: {J: w*1}", "J: 6")[0].verdict == "fail"


@pytest.mark.parametrize(
    ("expect", "diagnosis"),
    [
        ("dJ/dw1: 18", "yours is 3 times too large. w2 = 3 is a factor on its path; used twice?"),
        ("dJ/dw1: 2", "yours is 3 times too small. w2 = 3 is a factor on its path; left out?"),
        ("dJ/dw1: -6", "the sign is the other way round"),
        ("dJ/dw1: -12", "yours is 2 times too large, and the sign is the other way round"),
        ("J: 4", "yours is 2 times too large"),
        ("dJ/dw1: 7.3", ""),
        ("dJ/dw1: 0", ""),
    ],
)
def test_the_slip_is_guessed(expect: str, diagnosis: str) -> None:
    assert beside(LECTURE, expect)[0].diagnosis == diagnosis


def test_swapped_digits_and_transposed_arrays() -> None:
    text = "parameters: {w: 0.298371}\nnodes: {J: w*1}"
    assert beside(text, "J: 0.283971")[0].diagnosis == ""
    assert beside(text, "J: 0.289371")[0].diagnosis == "digits 2 and 3 differ (swapped?)"
    text = "parameters: {w: 0.082167041, v: -12.354}\nnodes: {J: w*v, a: w*1, b: v*1}\nloss: J"
    assert beside(text, "a: 0.082167014")[0].diagnosis == "digits 8 and 9 differ (swapped?)"
    assert beside(text, "b: -12.534")[0].diagnosis == "digits 3 and 4 differ (swapped?)"
    assert beside(text, "b: -21.354")[0].diagnosis == "digits 1 and 2 differ (swapped?)"
    number, _ = beside(ARRAYS, "dJ/dW: [[14, 24], [28, 48]]")
    assert number.verdict == "pass"
    number, _ = beside(ARRAYS, "dJ/dW: [[14, 28], [24, 48]]")
    assert (number.verdict, number.wrong, number.size) == ("fail", 2, 4)
    assert number.diagnosis == "these are the right numbers, transposed"


def test_arrays_name_their_worst_entry() -> None:
    number, _ = beside(ARRAYS, "z: [7, 12.5]")
    assert (number.verdict, number.index, number.yours, number.got) == ("fail", (1,), 12.5, 12.0)
    assert (number.wrong, number.size) == (1, 2)


def test_one_entry_of_an_array() -> None:
    number, _ = beside(ARRAYS, '"dJ/dW[1, 0]": 28')
    assert (number.verdict, number.got) == ("pass", 28.0)
    assert number.numerical == pytest.approx(28.0)
    number, _ = beside(ARRAYS, '"z[-1]": 13')
    assert (number.verdict, number.got) == ("fail", 12.0)


@pytest.mark.parametrize("expect", ["z: [1, 2, 3]", "z: 5", "J: [1, 2]", '"z[2]": 3', '"z[0, 0]": 3', '"J[0]": 3'])
def test_a_shape_that_does_not_fit_is_an_error_with_its_place(expect: str) -> None:
    with pytest.raises(SpecError) as caught:
        beside(ARRAYS, expect)
    assert caught.value.place is not None
    assert caught.value.place.line == 6


def test_an_expected_number_carries_the_check_s_own_opinion_and_its_place() -> None:
    number, found = beside(LECTURE, "dJ/dw1: 18")
    assert number.numerical == pytest.approx(6.0)
    assert number.bound is not None
    assert number.place is not None
    assert (number.off, found.wrong_expected) == (12.0, 1)


def test_a_network_without_parameters_can_still_be_held_to_its_key() -> None:
    number, found = beside("inputs: {x: 3}\nnodes: {J: x**2}", "J: 9")
    assert (number.verdict, found.verdict, found.rows) == ("pass", "pass", ())


def test_nan_agrees_with_nothing() -> None:
    number, _ = beside("inputs: {x: -1}\nnodes: {J: log(x)}", "J: {value: 0, within: 1e300}")
    assert number.verdict == "fail"
    assert number.diagnosis == "backprop got nan"


def test_hand_derived_gradients_are_judged() -> None:
    text: Any = """
parameters: {w: 0.4}
functions:
  cube(z):
    value: z**3
    gradient: {z: 2*z**2}
nodes: {J: cube(w)}
"""
    found = loads(text).check()
    assert found.verdict == "fail"
    assert found.culprit is not None
    assert found.culprit.operation == "cube"
    assert found.culprit.says == pytest.approx(0.32)
    assert found.culprit.slope == pytest.approx(0.48)
    assert loads(text.replace("2*z**2", "3*z**2")).check().verdict == "pass"


@pytest.mark.parametrize("key", ["J", "dJ/dw"])
@pytest.mark.parametrize("value", [".inf", "-.inf", ".nan"])
def test_nothing_finite_agrees_with_infinity_or_nan(key: str, value: str) -> None:
    report = bp.check(bp.loads(f"parameters: {{w: 3}}\nnodes: {{J: w**2}}\nexpect: {{{key}: {value}}}"))
    assert [number.verdict for number in report.expected] == ["fail"]


def test_weights_typed_one_unit_a_row_are_recognised() -> None:
    net = bp.loads(
        "inputs: {x: [0.05, 0.10]}\ntargets: {y: [0.01, 0.99]}\n"
        "layers:\n"
        "  - dense: {units: 2, activation: sigmoid, b: [0.35, 0.35], W: [[0.15, 0.20], [0.25, 0.30]]}\n"
        "  - dense: {units: 2, activation: sigmoid, b: [0.60, 0.60], W: [[0.40, 0.45], [0.50, 0.55]]}\n"
        "loss: squared_error\nexpect: {J: 0.298371109}"
    )
    (number,) = bp.check(net).expected
    assert number.verdict == "fail"
    assert number.diagnosis.startswith("with W1 and W2 transposed it would be right")


@pytest.mark.parametrize(
    ("x", "node", "right"),
    [
        (1e4, "sqrt(1 + x) - sqrt(x)", "-2.499812515623633e-07"),
        (1e3, "1/x - 1/(x + 1)", "-1.997003995005993e-09"),
        (3.0, "log(1 - tanh(x)**2)", "-1.990109507373461"),
    ],
)
def test_the_number_itself_agrees_to_all_its_digits(x: float, node: str, right: str) -> None:
    network = loads(network_text(x, node, right))
    got = network.run().gradient("x")
    assert f"{got:.16g}" != f"{float(right):.16g}"
    assert [number.verdict for number in network.check().expected] == ["pass"]
    off = f"{float(right) * (1 + 3e-12):.16g}"
    assert loads(network_text(x, node, off)).check().expected[0].verdict == "fail"
    assert loads(network_text(x, node, f"{got:.16g}")).check().expected[0].verdict == "pass"


def network_text(x: float, node: str, expected: str) -> str:
    return f"parameters: {{x: {x}}}\nnodes: {{J: '{node}'}}\nexpect: {{dJ/dx: '{expected}'}}"
