"""Formulas as mathematics: exact forms, and what is set reads back as the same number."""

import math
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.tree import Binary, Call, Expression, Name, Number, Unary, postorder
from backpropcli.notation import maths
from backpropcli.notation.formula import ASCII, UNICODE, factor, typeset
from backpropcli.notation.formula_latex import LINEAR, latex, latex_name, latex_number, mathematics

NAMES = ("a", "b", "c")
CALLS = {"exp": math.exp, "sin": math.sin, "abs": abs, "tanh": math.tanh}


def value(expression: Expression, known: dict[str, float]) -> float:
    """What a formula of plain numbers comes to, by Python's own arithmetic."""
    stack: list[float] = []
    for part in postorder(expression):
        count = len(part.parts())
        inside = stack[len(stack) - count :]
        del stack[len(stack) - count :]
        match part:
            case Number(value=x):
                stack.append(float(x))
            case Name(name=name):
                stack.append(known[name])
            case Unary():
                stack.append(-inside[0])
            case Call(name=name):
                stack.append(CALLS[name](*inside))
            case Binary(sign="+"):
                stack.append(inside[0] + inside[1])
            case Binary(sign="-"):
                stack.append(inside[0] - inside[1])
            case Binary(sign="*"):
                stack.append(inside[0] * inside[1])
            case Binary(sign="/"):
                stack.append(inside[0] / inside[1])
            case Binary(sign="**"):
                result = inside[0] ** inside[1]
                if isinstance(result, complex):
                    raise ArithmeticError
                stack.append(result)
            case _:
                raise AssertionError(part)
    return stack[0]


def typed(text: str) -> str:
    """Typeset text as one would type it: every sign of a product, powers with two stars."""
    raised = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda m: f"**({m.group().translate(raised)})", text)
    text = text.replace("·", "*").replace(")(", ")*(")
    return re.sub(r"(\d|\b[abc])\(", r"\1*(", text)


def number(x: float) -> Number:
    return Number(x, str(x))


leaves = st.one_of(st.sampled_from(NAMES).map(Name), st.sampled_from([1, 2, 3, 0.5, 10]).map(number))


def grown(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    signs = st.sampled_from("+-*/")
    return st.one_of(
        st.builds(Binary, signs, inner, inner),
        st.builds(Binary, st.just("**"), inner, st.one_of(st.sampled_from([2, 3]).map(number), inner)),
        st.builds(lambda x: Unary("-", x), inner),
        st.builds(lambda name, x: Call(name, (x,)), st.sampled_from(sorted(CALLS)), inner),
        st.builds(lambda y: Binary("*", Name(y), Binary("-", number(1), Name(y))), st.sampled_from(NAMES)),
    )


expressions = st.recursive(leaves, grown, max_leaves=8)
values = st.fixed_dictionaries({name: st.sampled_from([-3.0, -0.5, 0.25, 2.0, 7.0]) for name in NAMES})


@given(expressions, values, st.booleans(), st.booleans(), st.sampled_from([ASCII, UNICODE]))
def test_what_is_set_means_the_same(expression, known, tight, put_in, style):
    try:
        expected = value(expression, known)
    except (ArithmeticError, ValueError):
        assume(False)
    assume(abs(expected) < 1e100)
    numbers = {name: f"{x:g}" for name, x in known.items()} if put_in else None
    for text in (typeset(expression, style, numbers=numbers, tight=tight), factor(expression, style, numbers=numbers)):
        assert not re.search(r"[-+*/·] ?-", text), text
        assert value(parse(typed(text)), known) == pytest.approx(expected, rel=1e-9, abs=1e-12), text
    product = f"2 {style.times} {factor(expression, style, numbers=numbers)}"
    assert value(parse(typed(product)), known) == pytest.approx(2 * expected, rel=1e-9, abs=1e-12), product


@pytest.mark.parametrize(
    ("formula", "unicode", "plain", "tex"),
    [
        ("w1*x", "w1 · x", "w1 * x", r"w_1 \cdot x"),
        ("(a2-y)**2/2", "(a2 - y)² / 2", "(a2 - y)**2 / 2", r"\frac{(a_2 - y)^{2}}{2}"),
        ("2*(a2 - y)/2", "2(a2 - y) / 2", "2*(a2 - y) / 2", r"\frac{2 (a_2 - y)}{2}"),
        ("w*(a + b)", "w · (a + b)", "w * (a + b)", r"w \cdot (a + b)"),
        ("y*(1 - y)", "y(1 - y)", "y*(1 - y)", r"y \cdot (1 - y)"),
        ("relu(z1)", "relu(z1)", "relu(z1)", r"\mathrm{relu}(z_1)"),
        ("sigmoid(z_1)", "sigmoid(z_1)", "sigmoid(z_1)", r"\sigma(z_1)"),
        ("1/(1 + exp(-z))", "1 / (1 + exp(-z))", "1 / (1 + exp(-z))", r"\frac{1}{1 + \exp(-z)}"),
        ("(a/b)**2", "(a / b)²", "(a / b)**2", r"\left(\frac{a}{b}\right)^{2}"),
        ("x**-1", "x⁻¹", "x**(-1)", "x^{-1}"),
        ("x**n", "x**n", "x**n", "x^{n}"),
        ("(x**2)**3", "(x²)³", "(x**2)**3", "(x^{2})^{3}"),
        ("2**3**2", "2**(3²)", "2**(3**2)", "2^{3^{2}}"),
        ("-x**2", "-x²", "-x**2", "-x^{2}"),
        ("(-x)**2", "(-x)²", "(-x)**2", "(-x)^{2}"),
        ("a*-b", "a · (-b)", "a * (-b)", r"a \cdot (-b)"),
        ("a - (b - c)", "a - (b - c)", "a - (b - c)", "a - (b - c)"),
        ("a / (b * c)", "a / (b · c)", "a / (b * c)", r"\frac{a}{b \cdot c}"),
        ("sqrt(x)", "sqrt(x)", "sqrt(x)", r"\sqrt{x}"),
        ("abs(x)", "abs(x)", "abs(x)", r"\left|x\right|"),
        ("x @ W1.T", "x @ W1.T", "x @ W1.T", r"x \, W_1^{\top}"),
        ("x.sum(axis=0)", "x.sum(axis=0)", "x.sum(axis=0)", None),
        ("np.sum(x, axis=0, keepdims=True)", "sum(x, axis=0, keepdims=True)", "sum(x, axis=0, keepdims=True)", None),
        ("x[1:, 0]", "x[1:, 0]", "x[1:, 0]", "x_{[1:, 0]}"),
        ("where(z >= 0, z, 0.1*z)", "where(z ≥ 0, z, 0.1 · z)", "where(z >= 0, z, 0.1 * z)", None),
        ("1e-3*x", "1e-3 · x", "1e-3 * x", r"10^{-3} \cdot x"),
        ("concatenate([a, b])", "concatenate([a, b])", "concatenate([a, b])", None),
    ],
)
def test_forms(formula, unicode, plain, tex):
    tree = parse(formula)
    assert typeset(tree) == unicode
    assert typeset(tree, ASCII) == plain
    if tex is not None:
        assert latex(tree) == tex


@pytest.mark.parametrize(
    ("formula", "numbers", "text"),
    [
        ("(a2 - y)**2/2", {"a2": "7", "y": "5"}, "(7 - 5)² / 2"),
        ("(a2 - y)**2/2", {"a2": "7", "y": "-5"}, "(7 - (-5))² / 2"),
        ("w * x", {"w": "2", "x": "-3"}, "2 · (-3)"),
        ("w * x + b", {"w": "-2", "x": "3", "b": "-1"}, "-2 · 3 + (-1)"),
        ("b + w * x", {"w": "-2", "x": "3", "b": "1"}, "1 + (-2) · 3"),
        ("-x", {"x": "-3"}, "-(-3)"),
        ("x**2", {"x": "-3"}, "(-3)²"),
        ("x**2", {"x": "1e-07"}, "(1e-07)²"),
        ("2**x", {"x": "-1"}, "2**(-1)"),
        ("relu(x)", {"x": "-3"}, "relu(-3)"),
        ("y*(1 - y)", {"y": "0.73"}, "0.73(1 - 0.73)"),
        ("x @ W", {"x": "[1 2]", "W": "[[1 2] [3 4]]"}, "[1 2] @ [[1 2] [3 4]]"),
        ("1 / x", {"x": "NaN"}, "1 / NaN"),
    ],
)
def test_numbers_put_in(formula, numbers, text):
    assert typeset(parse(formula), numbers=numbers) == text


def test_a_product_of_arrays_keeps_its_star():
    tree = parse("w * x + y * log(a) + 2 * sum(x * y) * w")
    assert typeset(tree, arrays={"x", "y", "a"}) == "w · x + y * log(a) + 2 · sum(x * y) · w"
    assert factor(parse("a*(1 - a)"), arrays={"a"}) == "a * (1 - a)"


def test_factors():
    assert factor(parse("2*(a2 - y)/2")) == "2(a2 - y)/2"
    assert factor(parse("x + 1")) == "(x + 1)"
    assert factor(parse("-x")) == "(-x)"
    assert factor(parse("x"), numbers={"x": "-3"}) == "(-3)"
    assert factor(parse("x @ W")) == "(x @ W)"
    assert factor(Call("relu", (Name("z2"),), prime=True)) == "relu'(z2)"


@pytest.mark.slow
def test_a_long_sum_is_no_trouble():
    text = " + ".join(["x * w"] * 5000)
    assert typeset(parse(text), ASCII) == text
    assert latex(parse(text)).count(r"\cdot") == 5000


@pytest.mark.parametrize(
    ("name", "tex"),
    [
        ("w1", "w_1"),
        ("W12", "W_{12}"),
        ("alpha", r"\alpha"),
        ("theta_1", r"\theta_1"),
        ("out_h1", r"\mathrm{out}_{\mathrm{h1}}"),
        ("J.3", "J^{(3)}"),
        ("dJ/dw1", r"\frac{dJ}{dw_1}"),
        ("dE/dnet_o1", r"\frac{dE}{d\mathrm{net}_{\mathrm{o1}}}"),
    ],
)
def test_names_in_latex(name, tex):
    assert latex_name(name) == tex


def test_a_power_of_a_step_is_no_double_superscript():
    step = Binary("**", Name("J.1"), Number(2.0, "2"))
    assert latex(step) == "{J^{(1)}}^{2}"
    assert latex(Call("transpose", (Name("J.1"),), written="attribute")) == r"{J^{(1)}}^{\top}"
    product = Binary("*", Binary("**", Name("o.1"), Number(2.0, "2")), Call("transpose", (Name("o.2"),)))
    assert mathematics(maths.formula(product, UNICODE), LINEAR).count("{o^{(") == 2


def test_numbers_in_latex():
    assert latex(parse("w*x"), {"w": "2", "x": "-1.5e-7"}) == r"2 \cdot (-1.5 \cdot 10^{-7})"
    assert latex_number("-Infinity") == r"-\infty"
    assert latex_number("NaN") == r"\mathrm{NaN}"


def test_a_subscript_on_a_subscript_is_in_braces():
    from backpropcli.notation.formula_latex import subscripted

    assert latex(parse("b2[0]")) == "{b_2}_{[0]}"
    assert (subscripted("b_2"), subscripted("x")) == ("{b_2}", "x")


@pytest.mark.parametrize(
    ("name", "set_as"),
    [
        ("λ", r"\lambda"),
        ("Λ", r"\Lambda"),
        ("θ1", r"\theta_1"),
        ("σ_out", r"\sigma_{\mathrm{out}}"),
        ("dJ/dλ", r"\frac{dJ}{d\lambda}"),
        ("λx", r"\mbox{$\lambda$x}"),
    ],
)
def test_greek_letters_are_set_as_mathematics(name, set_as):
    """Unicode spells it LAMDA: it came out as U+03BB."""
    assert latex_name(name) == set_as


def test_rows_are_set_as_textbooks_set_them() -> None:
    from backpropcli.drawing.svg_text import runs
    from backpropcli.notation.formula_html import variable

    shown = {name: latex_name(name) for name in ("h[3]", "h[12]", "h[3].1", "dJ/dh[3]", "b2[0]", "W[0,1]")}
    assert list(shown.values()) == ["h_3", "h_{12}", "h_3^{(1)}", r"\frac{dJ}{dh_3}", "{b_2}_{[0]}", "W_{[0,1]}"]
    assert variable("h[3].1") == "<i>h</i><sub>3</sub>.1"
    assert [(run.text, run.style) for run in runs("V·h[2] + x[1]", {"V", "h[2]", "x"})] == [
        ("V", "name"),
        ("·", ""),
        ("h", "name"),
        ("2", "index"),
        (" + ", ""),
        ("x", "name"),
        ("[1]", ""),
    ]
