"""What a quiz says: reasons that are certain, hints in the network's own terms, its functions, and its digits."""

from __future__ import annotations

import pytest

import backpropcli as bp
from backpropcli.exercise.session import Session
from backpropcli.notation.numbers import Precision

SQUARE = "parameters: {w: 3}\nnodes: {a: 2 + 3*w, J: a**2}"


def asked(network, name):
    return next(question for question in network.quiz() if question.name == name)


@pytest.mark.parametrize(
    ("spec", "name", "typed", "through"),
    [
        ("colah-computational-graphs", "dE/db", "2", "c"),
        ("colah-computational-graphs", "dE/db", "3", "d"),
        ("micrograd-test-sanity", "dy/dz", "-20", "h"),
        ("micrograd-test-sanity", "dy/dx", "40", "y"),
    ],
)
def test_a_forgotten_path_is_named_where_a_factor_is_1(pytestconfig, spec, name, typed, through):
    words = asked(bp.load(pytestconfig.rootpath / "examples" / f"{spec}.yaml"), name).mark(typed).words
    assert words.startswith(f"{typed} is what comes through {through} alone: there are ")
    assert "Multiply" not in words


def test_paths_that_give_the_same_are_not_told_apart():
    same = "parameters: {w: 2}\nnodes: {a: 3*w, b: 3*w, J: a + b}"
    words = asked(bp.loads(same), "dJ/dw").mark("3").words
    assert words == "3 is what comes through one path alone: there are 2 paths, and what comes through each is added."


@pytest.mark.parametrize(
    ("text", "name", "typed", "words"),
    [
        (SQUARE, "dJ/dw", "44", ""),
        (SQUARE, "dJ/dw", "33", "that is half of what it should be."),
        (SQUARE, "dJ/dw", "132", "that is twice too large."),
        (SQUARE, "dJ/da", "11", "that is half of what it should be. The 2 of the power is forgotten."),
        (SQUARE, "dJ/da", "44", "that is twice too large."),
        ("parameters: {u: 5}\nnodes: {r: u**2, J: (r - 1)**2 + 3*u}", "dJ/du", "966", "that is twice too large."),
        (
            "parameters: {a: 5}\nnodes: {J: (a - 1)**2 / 2}",
            "dJ/da",
            "8",
            "that is twice too large. Is a half forgotten?",
        ),
        ("parameters: {a: 5}\nnodes: {J: (a - 1)**2 / 2}", "dJ/da", "2", "that is half of what it should be."),
    ],
)
def test_a_factor_of_2_is_asked_for_only_where_there_is_one(text, name, typed, words):
    assert asked(bp.loads(text), name).mark(typed).words == words


@pytest.mark.parametrize(
    ("formula", "hint"),
    [
        ("relu(z * w)", "relu of z · w is z · w where it is positive, else 0."),
        ("where(w > z, z, z - w)", "where(w > z, z, z - w) is z where w > z holds, else (z - w)."),
        ("clip(w - z, -1, 1)", "clip(w - z, -1, 1) is (w - z) kept between -1 and 1."),
        ("exp(z * w)", "exp of z · w is e to the power of (z · w)."),
        ("relu(w)", "relu is w where it is positive, else 0."),
        ("maximum(w, z + 1)", "maximum(w, z + 1) is the larger of two values."),
    ],
)
def test_a_hint_speaks_of_what_stands_there(formula, hint):
    network = bp.loads(f"inputs: {{z: 2}}\nparameters: {{w: -3}}\nnodes: {{h: '{formula}', J: h*w}}\n")
    assert asked(network, "h").hint(1) == hint


def test_negative_numbers_stand_in_brackets_after_a_plus():
    network = bp.loads("parameters: {w: 2}\nnodes: {a: 3*w, b: a - 5*w, c: a*b, J: c + a}")
    assert asked(network, "dJ/da").hint(3) == "dJ/da = 6 · 1 + 1 · (-4) + 1 · 1"
    network = bp.loads("parameters: {w: 2}\nnodes: {a: 3*w, b: -5*w, J: a*b}")
    assert asked(network, "dJ/dw").hint(3) == "dJ/dw = -10 · 3 + 6 · (-5)"
    network = bp.loads("parameters: {w: 2}\nnodes: {a: 3*w, b: 5*w, J: a - a*b}")
    assert asked(network, "dJ/dw").hint(3) == "dJ/dw = -9 · 3 + (-6) · 5"


FUNCTIONS = """
inputs: {x: 1}
parameters: {w: 3}
functions:
  g(u): {value: u*h, gradient: {u: 2*u}, where: {h: u}}
  f(z): g(z) + 1
  unused(z): z
nodes: {p: f(w*x), J: p*2}
"""


def test_functions_of_the_network_are_shown_at_the_start_and_in_hints():
    network = bp.loads(FUNCTIONS)
    opening = Session(network.quiz()).opening()
    assert "g(u) = u · h and g'(u) = 2 · u, with h = u.\n" in opening
    assert "f(z) = g(z) + 1.\n" in opening
    assert "unused" not in opening
    question = asked(network, "p")
    assert question.hint(2) == "p = w · x · (w · x) + 1"
    assert question.hint(3) == "p = 3 · 1 · (3 · 1) + 1"
    assert "f(z) = g(z) + 1" in asked(network, "dJ/dw").hint(2)
    sheet = network.worksheets("w.md")[0][1]
    assert "g(u) = u · h and g'(u) = 2 · u, with h = u." in sheet


def test_given_numbers_are_themselves_however_few_digits_are_asked_for():
    network = bp.loads("inputs: {x: 1.000000001}\nparameters: {w: 2.04}\nnodes: {a: w*x, J: a/7}")
    quiz = network.quiz(precision=Precision(decimals=1))
    assert quiz.questions[0].given == ["w = 2.04", "x = 1.000000001"]
    assert quiz.questions[1].given == ["a = 2.04"]
    for question in quiz:
        assert question.mark(question.shown).right, question
    sheet, key = (text for _, text in network.worksheets("w.md", precision=Precision(decimals=1)))
    assert "x = 1.000000001" in sheet.replace("\xa0", " ")
    assert "= 0.291429`" in key


def test_small_answers_are_not_zero_and_dust_is():
    small = bp.loads("parameters: {w: -40}\nnodes: {s: sigmoid(w), J: s*3}").quiz()
    assert not small.questions[0].mark("0").right
    assert small.questions[0].mark("4.248e-18").right
    dust = bp.loads("inputs: {x: 0.1}\nparameters: {w: 0.2}\nnodes: {s: x + w - 0.3, J: s*3}").quiz()
    assert all(dust.questions[0].mark(typed).right for typed in ("0", "0.1+0.2-0.3"))
    assert dust.questions[1].given == ["s = 0"]


def test_a_quiz_of_a_node_asks_what_that_depends_on():
    network = bp.loads("parameters: {v: 5, w: 3}\nnodes: {m: v*2, c: w*3, d: c + 1, J: d + m}\nloss: J")
    quiz = network.quiz("d")
    assert [question.name for question in quiz] == ["c", "d", "dd/dd", "dd/dc", "dd/dw"]
    assert quiz.given == [("w", "3")]


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [
        ("z", "2 0 4", "that is x * w. Add b."),
        ("J.1", "1 -1 3", "that is z - y. Square it."),
        ("z", "9 9 9", ""),
        ("dJ/dz", "1 -1 3", "that is half of what it should be. The 2 of the power is forgotten."),
        ("dJ/dw", "2 -2 6", "[2 -2 6] is the upstream gradient dJ/dz. Multiply it by ∂z/∂w."),
    ],
)
def test_answers_that_are_arrays_get_reasons_too(name, typed, words):
    network = bp.loads(
        "inputs: {x: [2, 1, 2], y: [2, 2, 2]}\nparameters: {w: [1, 0, 2], b: 1}\n"
        "nodes: {z: x*w + b, J: sum((z - y)**2)}"
    )
    quiz = network.quiz()
    name = next(q.name for q in quiz if q.name.startswith("J.")) if name == "J.1" else name
    assert asked(network, name).mark(typed).words == words


def test_a_worksheet_says_what_an_array_looks_like_and_where_steps_come_from():
    network = bp.loads("inputs: {x: [2, 1, 2]}\nparameters: {w: [1, 0, 2]}\nnodes: {z: x*w, J: sum(z**2) + 1}")
    for ending in ("md", "tex", "html"):
        sheet, key = (text for _, text in network.worksheets(f"w.{ending}"))
        assert "(3 numbers)" in sheet
        assert "(3 numbers)" not in key
        assert "J.1 and J.2 are steps inside J = sum(z" in sheet


@pytest.mark.parametrize("formula", ["dot(x, w)", "x @ w"])
def test_a_dot_product_and_a_sum_are_hinted_entry_by_entry(formula):
    network = bp.loads(
        f"inputs: {{x: [2, -1]}}\nparameters: {{w: [-3, 5]}}\nnodes: {{z: '{formula}', t: w*z, J: sum(t)}}"
    )
    assert asked(network, "z").hint(2) == "z = x[0] · w[0] + x[1] · w[1]"
    assert asked(network, "z").hint(3) == "z = 2 · (-3) + (-1) · 5"
    assert asked(network, "J").hint(2) == "J = t[0] + t[1]"
    assert asked(network, "J").hint(3) == "J = 33 + (-55)"
