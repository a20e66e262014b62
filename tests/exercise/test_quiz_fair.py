"""Exercises can be solved, and marking is fair: whole sheets by learners who round, cut, and are wrong once."""

from __future__ import annotations

import json
import math
import random
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sheets import DIGITS, MAKERS, filled, mistaken, networks, typed

import backpropcli as bp
from backpropcli.exercise.grading import cut, entries, fits, right, rounded
from backpropcli.exercise.question import GRADIENT, NAME
from backpropcli.exercise.session import Session

if TYPE_CHECKING:
    from backpropcli.exercise.quiz import Quiz

MANY = 40
"""So many networks; more, and other ones, were tried with `sheets.networks(120, seed)`."""


@pytest.mark.parametrize("form", DIGITS)
def test_who_goes_on_with_the_digits_asked_for_has_a_perfect_sheet(form: str) -> None:
    for name, network in networks(MANY):
        quiz = network.quiz(every=True)
        refused = [q.name for q, m in zip(quiz, quiz.marked(filled(quiz, form).answers), strict=True) if not m.right]
        assert not refused, (name, form, refused)


@pytest.mark.slow
@pytest.mark.parametrize("form", DIGITS)
@pytest.mark.parametrize("factor", [1.37, -1.0, 2.0, 0.5, 1.02])
def test_one_mistake_costs_one_blank(form: str, factor: float) -> None:
    for k, (name, network) in enumerate(networks(MANY // 4, seed=1)):
        quiz = network.quiz(every=True)
        wrong = random.Random(f"{k} {factor}").randrange(len(quiz))
        sheet = filled(quiz, form, wrong, factor)
        refused = [q.name for q, m in zip(quiz, quiz.marked(sheet.answers), strict=True) if not m.right]
        assert refused == [sheet.wrong], (name, form, factor)


def test_a_wrong_answer_is_wrong_whatever_was_answered_before() -> None:
    accepted = tried = 0
    for k, (_, network) in enumerate(networks(MANY // 2, seed=2)):
        quiz = network.quiz(every=True)
        answers = filled(quiz, "round", k % len(quiz)).answers
        own: dict[str, Any] = {}
        for question in quiz:
            number = question.read(answers[question.name])
            for factor in (-1.0, 2.0, 0.5, 1.03, 0.97):
                wrong = mistaken(question, number, factor)
                if np.allclose(wrong, question.answer, rtol=0.01):  # one's own mistake made good again
                    continue
                tried += 1
                accepted += question.mark(typed(wrong), own=own).right
            own[question.name] = number
    assert tried > 1000
    assert accepted == 0


FUNCTIONS = {
    "tanh": math.tanh,
    "exp": math.exp,
    "sqrt": math.sqrt,
    "log": math.log,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "softplus": lambda z: math.log1p(math.exp(z)),
    "relu": lambda z: max(z, 0.0),
    "step": lambda z: float(z > 0),
}


def by_hand(text: str, own: dict[str, float]) -> float:
    """What a printed formula comes to with these numbers, by Python alone."""
    text = text.replace("relu'", "step").replace("·", "*").replace("²", "**2")
    text = re.sub(r"(?<![\w.])(\d+)\(", r"\1*(", text)
    text = GRADIENT.sub(lambda found: f"({own[found[0]]!r})", text)
    text = NAME.sub(lambda found: f"({own[found[0]]!r})" if found[0] in own else found[0], text)
    return float(eval(text.replace(")(", ")*("), {"__builtins__": {}}, FUNCTIONS))  # formulas of this test's networks


@pytest.mark.parametrize("form", ["round", "cut"])
@pytest.mark.parametrize("once", [False, True])
def test_the_printed_formulas_lead_to_a_perfect_sheet(pytestconfig: pytest.Config, form: str, once: bool) -> None:
    """The learner of this test knows no engine: Python works out what `explain` prints."""
    sheets = [bp.loads(maker(random.Random(f"by hand {k}"))) for k in range(12) for maker in MAKERS[:2]]
    sheets.append(bp.load(pytestconfig.rootpath / "examples" / "mazur.yaml"))
    for number, network in enumerate(sheets):
        quiz = network.quiz(every=True)
        own = {name: float(text) for name, text in quiz.given}
        answers = {}
        wrong = random.Random(number).randrange(len(quiz)) if once else -1
        for k, question in enumerate(quiz):
            if question.stage is not None:
                found = by_hand(quiz.worked.formula(question.stage).text, own)
            else:
                found = sum(by_hand(term.text, own) for term in question.terms) if question.terms else 1.0
            found = DIGITS[form](found if k != wrong else 3.1 * found + 0.7, quiz.digits)
            own[question.name] = found
            answers[question.name] = repr(found)
        refused = [q.name for q, m in zip(quiz, quiz.marked(answers), strict=True) if not m.right]
        assert refused == ([quiz.questions[wrong].name] if once else []), network.source


def ingredients(quiz: Quiz) -> None:
    """Every blank's ingredients are given, or asked for before it."""
    known = {name for name, text in quiz.given if not re.fullmatch(r"\([\d,]+\)", text)}
    known |= {stage.name for stage in quiz.known}
    for question in quiz:
        assert set(question.needs) <= known, (question.name, set(question.needs) - known)
        known.add(question.name)


BATCH = """
inputs: {X: [[1,2],[0,1],[-1,1],[2,0]]}
targets: {y: [1,0,2,1]}
parameters: {w: [1,-1], b: 1}
nodes: {z: X @ w + b, a: relu(z), e: a - y, J: mean(e**2)}
"""


def test_no_blank_without_what_it_needs(pytestconfig: pytest.Config) -> None:
    tried = 0
    for path in sorted((pytestconfig.rootpath / "examples").glob("*.yaml")):
        for only in (None, "values", "gradients"):
            ingredients(bp.load(path).quiz(only=only))
            tried += 1
    for many in (4, 13, 30, 300):
        rows = [[k % 5 - 2, k % 3] for k in range(many)]
        text = BATCH.replace("[[1,2],[0,1],[-1,1],[2,0]]", str(rows))
        text = text.replace("[1,0,2,1]", str([k % 2 for k in range(many)]))
        for only in (None, "gradients"):
            ingredients(bp.loads(text).quiz(only=only))
    assert [q.name for q in bp.loads(text).quiz()] == ["dJ/dJ"]  # nobody adds up 300 numbers
    for _, network in networks(10, seed=3):
        ingredients(network.quiz())
        ingredients(network.quiz(seed=3))
    assert tried > 60


def test_data_stand_there_in_full() -> None:
    network = bp.loads(BATCH)
    sheet, key = (text for _, text in network.worksheets("w.md"))
    for text in (sheet, key):
        assert "X = [[1 2] [0 1] [-1 1] [2 0]]" in text.replace("\xa0", " ")
        assert "(4,2)" not in text
    session = Session(network.quiz())
    assert "z.1 = X @ w, with X = [[1 2] [0 1] [-1 1] [2 0]], w = [1 -1]\n" in session.prompt() + "\n"
    long = bp.loads("inputs: {x: " + str(list(range(20))) + "}\nparameters: {w: 2}\nnodes: {J: sum(w*x)}")
    opening = Session(long.quiz()).opening().replace("\n", " ")
    assert "x = [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19]" in opening


def test_what_only_cancellation_is_left_of_is_given_not_asked_for() -> None:
    norm = (
        "inputs: {x: [0.31, 1.7, -0.52]}\nparameters: {w: 1.3, b: 0.7}\nnodes:\n  z: w*x + b\n  c: z - mean(z)\n"
        "  n: c / sqrt(mean(c**2) + 0.01)\n  J: sum(n**3) / 7\n"
    )
    quiz = bp.loads(norm).quiz()
    assert "dJ/db" in quiz.left_out  # b moves all of z by the same, which the mean takes away
    thirds = bp.loads("parameters: {w: 1/3, v: 0.7}\nnodes: {d: 3*w - 1, s: d + v, J: s**2}").quiz()
    assert thirds.left_out == ["d"]
    assert ("d", "0") in thirds.given
    exact = bp.loads("parameters: {w: 2, v: 0.7}\nnodes: {d: 3*w - 6, s: d + v, J: s**2}").quiz()
    assert exact.left_out == []  # nothing is rounded on the way to that 0


def test_a_network_that_loses_digits_asks_for_more() -> None:
    close = bp.loads("parameters: {a: 1.2345, b: 1.3}\nnodes: {s: a*b, t: s - 1.6, J: t*7.77}").quiz()
    plain = bp.loads("parameters: {a: 1.2345, b: 1.3}\nnodes: {s: a*b, t: s + 1.6, J: t*7.77}").quiz()
    assert (plain.digits, close.digits) == (3, 5)
    assert "of longer ones five are enough" in Session(close).opening()
    assert not close.questions[0].mark("1.60").right
    assert close.questions[0].mark("1.6048").right
    assert close.questions[0].mark("1.605").words == (
        "nearly, but rounded too far. Five digits are asked for, and are enough."
    )


CHAIN = "inputs: {x: 1}\nparameters: {w: 2, v: 3}\nnodes: {z: w*x, a: z + 1, b: a*v, J: b**2}"


def walked(text: str, *lines: str) -> list[str]:
    session = Session(bp.loads(text).quiz())
    return [session.take(line).strip() for line in lines]


def test_what_follows_from_one_s_own_answer_is_right_and_said_so() -> None:
    said = walked(CHAIN, "5", "s", "6", "18", "324", "1", "36")
    assert said[2:] == [
        "6       right, from your z",
        "18      right, from your a",
        "324     right, from your b",
        "1       right",
        "36      right, from your b",
    ]
    session = Session(bp.loads(CHAIN).quiz())
    for line in ("5", "s", "6", "18", "324", "1", "36", "9"):
        session.take(line)
    assert [one["follows"] for one in json.loads(session.result())["answers"]][:3] == [[], ["z"], ["a"]]
    taken = {one.name: one.follows for one in session.taken}
    assert taken["a"] == ("z",)
    assert taken["b"] == ("a",)
    assert taken["dJ/db"] == ("b",)  # 2·18, where the network's is 2·9


def test_an_answer_that_was_corrected_is_not_carried_on() -> None:
    session = Session(bp.loads(CHAIN).quiz())
    for line in ("7", "2", "8"):
        session.take(line)
    assert "with z = 7 it would be 8, but z is 2." in " ".join(session._said.split())


@pytest.mark.parametrize(
    ("answer", "number", "same"),
    [
        (21.0, 20.98, True),
        (21.0, 20.5, False),
        (2.0, 2.4, False),
        (2.0, 2.0, True),
        (0.0554, 0.05539942, True),
        (0.0554, 0.05549942, True),
        (0.0554, 0.0556, False),
        (0.123456, 0.1234561, True),
        (0.123456, 0.12349, False),
    ],
)
def test_a_reason_fits_to_the_digits_typed(answer: float, number: float, same: bool) -> None:
    assert fits(answer, number) is same


def test_a_number_cut_is_a_number_given() -> None:
    assert all(right(x, -520.553) for x in (-520.0, -521.0, -520.5, -520.6, -520.553))
    assert not any(right(x, -520.553) for x in (-519.0, -522.0, 520.0, -52.0, -500.0))
    assert (rounded(-520.553, 3), cut(-520.553, 3), cut(0.0842 - 1e-17, 3)) == (-521.0, -520.0, 0.0842)


def test_far_is_not_near() -> None:
    quiz = bp.loads("parameters: {u: 2.5, w: 1.6}\nnodes: {t: u*w, J: 5*t}").quiz()
    words = next(question for question in quiz if question.name == "J").mark("21").words
    assert words == ""
    assert "nothing has to be rounded" in next(q for q in quiz if q.name == "J").mark("20.04").words


def test_a_sheet_s_graph_has_blanks_for_what_is_asked_for_alone() -> None:
    norm = (
        "inputs: {x: [0.31, 1.7, -0.52]}\nparameters: {w: 1.3, b: 0.7}\nnodes:\n  z: w*x + b\n  c: z - mean(z)\n"
        "  n: c / sqrt(mean(c**2) + 0.01)\n  J: sum(n**3) / 7\n"
    )
    sheet = bp.loads(norm).worksheets("w.md")[0][1]
    assert re.search(r"w=1.3 ▲_", sheet)
    assert not re.search(r"b=0.7 +▲_", sheet)
    assert "Go on with what you wrote: what follows from it is right." in " ".join(sheet.split())


def test_an_answer_that_is_not_finite_is_not_cut():
    from backpropcli.exercise.grading import cut

    assert cut(float("inf"), 3) == float("inf")
    assert cut(float("-inf"), 3) == float("-inf")
    assert cut(float("nan"), 3) != cut(float("nan"), 3)
    assert cut(-520.553, 3) == -520.0


def test_numbers_by_chance_get_no_reasons() -> None:
    said = tried = 0
    for k, (_, network) in enumerate(networks(15, seed=11)):
        for question in network.quiz(every=True):
            if (question.stage is None and not question.terms) or not any(entries(question.answer)):
                continue  # dJ/dJ is told the same whatever was typed; of 0 nothing is another multiple
            for turn in range(4):
                factor = random.Random(f"{k} {question.name} {turn}").uniform(0.2, 3)
                if abs(factor - 1) > 0.02 and min(abs(factor - 2), abs(factor - 0.5)) > 0.02:
                    words = question.mark(typed(mistaken(question, question.answer, factor))).words
                    tried += 1
                    said += bool(words) and "entries" not in words
    assert tried > 500
    assert said <= tried / 100


@pytest.mark.parametrize("node", ["zeros((0, 3))**2", "v[:0] / v[:0]", "E * 2", "v[:0].nanvar()", "append(E, v[:0])"])
def test_nothing_is_asked_of_an_array_without_entries(node: str) -> None:
    network = bp.loads(f'parameters: {{v: [1, 2], x: 2, E: []}}\nnodes: {{a: "{node}", J: "sum(a) + x**2"}}')
    quiz = network.quiz(every=True)
    assert all(np.size(question.answer) for question in quiz)
    quiz.marked({question.name: "1" for question in quiz})
    assert network.page(exercise=True).html
    derivation = network.derive("x")
    assert derivation.found or "by 0" in str(derivation.problem)


@pytest.mark.parametrize(
    "node",
    [
        "ravel(W.shape[1]) + W.shape[1] * arange(3)",
        "x * W.shape[1] * arange(3)",
        "x**2 * len(W)",
        "relu(v * W.shape[1])",
        "maximum(x * W.shape[1], x**2) + where(x > W.shape[0], x, 2*x)",
        "v / W.size",
    ],
)
def test_what_gives_only_its_size_is_no_factor(node: str) -> None:
    spec = f'parameters: {{x: 2, W: [[1, 2, 3], [4, 5, 6]], v: [1, 2]}}\nnodes: {{a: "{node}", J: "sum(a*x)"}}'
    network = bp.loads(spec)
    assert "dJ/da" in [question.name for question in network.quiz(every=True)]
    assert network.page(exercise=True).html
    for name in ("x", "v"):
        assert list(network.explain(name).sections())
    assert network.check().verdict == "pass"
