"""Spec: sections together, the loss, and what is expected."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backpropcli.errors import BackpropError, SpecError
from backpropcli.language import Spec, loads
from backpropcli.language.expect import allowance


def test_sections() -> None:
    spec = loads("title:  Two   words\ninputs:\ntargets: {}\nparameters: {w: 2}\nnodes: {J: w**2}")
    assert (spec.title, spec.loss, spec.values) == ("Two words", "J", {"w": 2.0})
    assert spec.graph.names() == ["w", "J"]


def test_order_of_names() -> None:
    spec = loads("nodes: {J: a + t, a: w * x}\nparameters: {w: 2}\ntargets: {t: 1}\ninputs: {x: 3}")
    assert spec.graph.names() == ["x", "t", "w", "a", "J"]


def test_the_loss_is_decided_lazily() -> None:
    spec = loads("parameters: {w: 2}\nnodes: {a: w, J: w}")
    assert spec.loss is None
    assert isinstance(spec.loss_error, SpecError)
    assert spec.loss_error.message == "which node is the loss? No other node uses a, J"
    assert spec.loss_error.hint == "Write loss: J"
    assert loads("parameters: {w: 2}\nnodes: {a: w, J: a}").loss == "J"
    assert loads("parameters: {w: 2}\nnodes: {a: w, J: a}\nloss: a").loss == "a"


def test_names_of_the_field() -> None:
    text = "parameters: {E: 1, I: 2, N: 3, S: 4, beta: 5, gamma: 6, zeta: 7, pi: 8, λ: 9, θ1: 10, e: 11, _x: 12}\n"
    spec = loads(text + "nodes: {J: E + I + N + S + beta + gamma + zeta + pi + λ + θ1 + e + _x}")
    assert len(spec.graph.nodes["J"].inputs) == 12
    assert not spec.graph.constants


def test_constant_nodes() -> None:
    assert loads("nodes: {c: 3, d: 0.5, J: c*d}").graph.nodes["c"].formula == "3"


def test_functions() -> None:
    spec = loads("parameters: {w: 2}\nfunctions:\n  g(z): maximum(0, h(z))\n  h(z): z - 1\nnodes: {J: g(w)}")
    assert spec.graph.nodes["J"].inputs == ("w",)
    assert spec.functions["g"].arguments == ("z",)
    spec = loads(
        "parameters: {w: 2}\nnodes: {J: 'g(w, 2)'}\n"
        "functions:\n  g(x, y): {value: x*s, gradient: {x: s, y: x}, where: {s: y}}"
    )
    assert set(spec.functions["g"].gradient) == {"x", "y"}


def test_a_function_that_is_wrong_is_placed_in_its_part() -> None:
    with pytest.raises(BackpropError) as caught:
        loads("functions:\n  g(z):\n    value: z * s\n    where: {s: z + q}\nnodes: {J: 2}", "net.yaml")
    assert str(caught.value.place) == "net.yaml:4:20"


def expect(written: str) -> Spec:
    return loads(f"parameters: {{w: [1, 2]}}\nnodes: {{J: sum(w)}}\nexpect: {{{written}}}")


@pytest.mark.parametrize(
    ("written", "value", "within"),
    [
        ("J: 2", 2.0, 0.0),
        ("J: 2.0", 2.0, 0.05),
        ("J: -0.298", -0.298, 0.0005),
        ("J: 1.0e-3", 0.001, 0.00005),
        ("J: 1e3", 1000.0, 500.0),
        ("J: 5.", 5.0, 0.5),
        ("J: {value: 1.3862, within: 0.01}", 1.3862, 0.01),
        ("J: [1, 2.0]", [1.0, 2.0], [0.0, 0.05]),
        ("J: [[0.10], [2e1]]", [[0.1], [20.0]], [[0.005], [5.0]]),
        ("J: 1/4", 0.25, 0.25e-12),
        ('J: "2.00"', 2.0, 0.005),
    ],
)
def test_expected_numbers_and_their_digits(written: str, value: object, within: object) -> None:
    (found,) = expect(written).expect
    assert found.value == value
    assert found.within == within


@pytest.mark.parametrize(
    ("key", "read", "index"),
    [
        ("J", "J", None),
        ("dJ/dw", "dJ/dw", None),
        ("∂J/∂w", "dJ/dw", None),
        ("'dJ/dw[1]'", "dJ/dw", (1,)),
        ("'w[0]'", "w", (0,)),
        ("dJ / dw", "dJ/dw", None),
        ("'dJ/dw[0, -1]'", "dJ/dw", (0, -1)),
    ],
)
def test_keys(key: str, read: str, index: tuple[int, ...] | None) -> None:
    (found,) = expect(f"{key}: 3").expect
    assert (found.key, found.index) == (read, index)


@given(st.integers(-(10**6), 10**6), st.integers(0, 12), st.integers(-20, 20))
def test_half_of_the_last_digit(digits: int, decimals: int, exponent: int) -> None:
    mantissa = f"{abs(digits):0{decimals + 1}d}"
    text = ("-" if digits < 0 else "") + (mantissa[:-decimals] + "." + mantissa[-decimals:] if decimals else mantissa)
    text += f"e{exponent}"
    unit = Fraction(10) ** (exponent - decimals)
    assert allowance(text) == pytest.approx(float(unit / 2), rel=1e-15)
    assert abs(Fraction(digits) * unit - Fraction(float(text))) <= unit


def test_whole_numbers_are_exact_and_words_have_no_digits() -> None:
    assert allowance("12") == 0.0
    assert allowance("-12") == 0.0
    assert allowance("1/3") is None
    assert allowance("") is None
    assert allowance(".") is None
