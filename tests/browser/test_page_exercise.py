"""The exercise in a real browser: blanks, marks, hints, and fresh numbers that are those of the quiz."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from driven import EXAMPLES, SHOW, Browser, driver, lecture, needs_browser, page, shown
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from sheets import filled

import backpropcli as bp

pytestmark = needs_browser
__all__ = ["driver", "lecture", "page"]  # fixtures


def blank(page: Browser, k: int) -> Any:
    return page.one(f"#blank-{k}")


def item(page: Browser, k: int) -> Any:
    return blank(page, k).find_element(By.XPATH, "..")


def answers(network: bp.Network, page: Browser, values: dict[str, float] | None = None) -> list[float]:
    trace = network.run(values=values)
    steps = page.js("[...document.querySelectorAll('.blank input')].map(i => i.dataset.blank)")
    ask = {"value": trace.value, "gradient": trace.gradient}
    return [ask[step.split()[0]](step.split()[1]) for step in steps]


def test_right_answers_walk_through_to_the_end(page: Browser, lecture: bp.Network) -> None:
    page.open(lecture, exercise=True)
    assert page.text("#score") == "0 of 18 right, 0 at the first try"
    assert "?" in page.drawn("value")["t1"]
    page.js("document.getElementById('blank-0').focus()")
    for answer in answers(lecture, page):
        page.press(SHOW(answer), Keys.ENTER)  # Enter goes on to the next blank
    assert page.text("#score") == "18 of 18 right, 18 at the first try. All done."
    assert page.drawn("gradient")["w1"] == "6"
    assert {m.text for m in page.all(".mark")} == {"✓"}


def test_wrong_answers_are_explained(page: Browser, lecture: bp.Network) -> None:
    page.open(lecture, exercise=True)
    for k, given, said in (
        (0, "2,0", "Decimals are written with a point: 2.0"),
        (0, "two", "A number or an expression such as 2*3 or 1/3 is needed."),
        (0, "-2", "Not yet: the size is right, the sign is not."),
        (0, "3", "Not yet: that is w1 + x. Here they are multiplied."),
        (4, "5", "Not yet: that is t2 − b2. Here they are added."),
        (4, "11", "Not yet."),
        (6, "4", "Not yet: that is (a2 − y)2. Halve it."),
        (6, "2.01", "Not yet: nearly. The answer is a short number, and nothing has to be rounded."),
        (7, "0", "Not yet: J changes by exactly as much as J does."),
        (9, "14", "Not yet: that is dJ/da2 times z2 itself. With a2 = relu(z2), what is ∂a2/∂z2?"),
        (12, "5", "Not yet."),
        (12, "3", "Not yet: 3 is the value of w2, not dJ/dw2."),
        (13, "2", "Not yet: 2 is the upstream gradient dJ/dt2. Multiply it by ∂t2/∂a1."),
        (13, "3", "Not yet: 3 is the local derivative ∂t2/∂a1 alone. Multiply it by the upstream gradient dJ/dt2."),
    ):
        blank(page, k).clear()
        blank(page, k).send_keys(given, Keys.ENTER)
        assert item(page, k).find_element(By.CLASS_NAME, "feedback").text.replace("\n", "") == said
        assert blank(page, k).get_attribute("aria-invalid") == ("true" if said.startswith("Not yet") else None) or k
    for k, given in ((6, "(7-5)^2/2"), (13, "2*3"), (12, "2·2")):
        blank(page, k).clear()
        blank(page, k).send_keys(given, Keys.ENTER)
        assert "right" in item(page, k).get_attribute("class")
    assert page.text("#score") == "3 of 18 right, 0 at the first try"


def test_an_answer_counts_once_however_it_is_left(page: Browser, lecture: bp.Network) -> None:
    page.open(lecture, exercise=True)
    blank(page, 0).send_keys("3", Keys.TAB)
    assert "wrong" in item(page, 0).get_attribute("class")
    blank(page, 0).send_keys(Keys.BACKSPACE, "2", Keys.ENTER)
    blank(page, 1).send_keys("2", Keys.ENTER)
    assert page.text("#score") == "2 of 18 right, 1 at the first try"


def test_three_hints_and_then_the_answer(page: Browser, lecture: bp.Network) -> None:
    page.open(lecture, exercise=True)
    told = []
    for _ in range(3):
        item(page, 12).find_element(By.TAG_NAME, "button").click()
        told.append(item(page, 12).find_element(By.CLASS_NAME, "feedback").text.replace("\n", ""))
    assert told == [
        "Hint 1 of 3: the chain rule: w2 is used by t2. Upstream gradient dJ/dt2, times the local derivative ∂t2/∂w2.",
        "Hint 2 of 3: dJ/dw2 = dJ/dt2 · a1",
        "Hint 3 of 3: dJ/dw2 = 2 · 2",
    ]
    item(page, 12).find_element(By.TAG_NAME, "button").click()
    assert blank(page, 12).get_attribute("value") == "4"
    assert page.text("#score") == "0 of 18 right, 0 at the first try, 3 hints"


@pytest.mark.parametrize("name", ["lecture", "mazur", "cs231n-add-mul", "batch"])
def test_new_numbers_are_short_and_the_same_for_a_seed(page: Browser, name: str) -> None:
    network = bp.load(EXAMPLES / f"{name}.yaml")
    seen = []
    for seed in (7, 7, 8):
        page.open(network, exercise=True, seed=seed)
        seen.append(page.text("#data"))
        assert page.text("#seed") == f"numbers no. {seed}"
    assert seen[0] == seen[1] != seen[2]
    page.one("#fresh").click()
    assert page.text("#seed") == "numbers no. 9"
    assert page.one("#reset").is_enabled()
    page.one("#reset").click()  # the numbers that the page was made with
    assert page.text("#seed") == "numbers no. 8"
    assert page.text("#data") == seen[2]
    assert not page.one("#reset").is_enabled()
    if name == "lecture":
        for seed in range(9, 29):
            page.one("#fresh").click()
            pairs = page.js("[...document.querySelectorAll('#data span')].map(s => s.textContent.split(' = '))")
            values = {name: float(value.replace("−", "-")) for name, value in pairs}
            found = answers(network, page, values)
            assert all(x == int(x) or x * 2 == int(x * 2) for x in found), (seed, values)
            assert max(map(abs, found)) <= 99
            zeros = found.count(0.0)  # every fourth has a dead ReLU
            assert (0 < zeros < len(found) / 2) if seed % 4 == 3 else zeros == 0, (seed, values, found)


def test_what_is_not_finite_is_given(page: Browser) -> None:
    network = bp.loads("parameters: {w: -3}\nnodes: {a: log(w), J: a**2}")
    page.open(network, exercise=True)
    assert page.text("#score") == "0 of 1 right, 0 at the first try"
    assert page.one("[name=J]").get_attribute("value") == "NaN"
    assert page.one("[name=J]").get_attribute("readonly") == "true"
    page.one('[name="dJ/dJ"]').send_keys("1", Keys.ENTER)
    assert page.text("#score") == "1 of 1 right, 1 at the first try. All done."
    page.one("#fresh").click()
    assert page.text("#score") == "0 of 5 right, 0 at the first try"
    assert page.all(".given") == []


@pytest.mark.parametrize(
    ("w", "typed", "right"),
    [
        (3, "0.333", True),
        (3, "1/3", True),
        (3, "0.33", False),
        (0.904232713, "1.11", True),
        (0.904232713, "1.10", True),
        (0.904232713, "1.12", False),
        (0.904232713, "1.0", False),
        (2, "0.5", True),
        (2, "0.5004", False),
    ],
)
def test_three_digits_are_enough(page: Browser, w: float, typed: str, right: bool) -> None:
    page.open(bp.loads(f"parameters: {{w: {w}}}\nnodes: {{a: 1/w, J: a**2}}"), exercise=True)
    blank(page, 0).send_keys(typed, Keys.ENTER)
    assert ("right" in item(page, 0).get_attribute("class").split()) is right


def test_an_exercise_of_an_array_too_long_for_the_lesson(page: Browser) -> None:
    network = bp.loads(
        "inputs: {x: [" + ", ".join(map(str, range(1, 71))) + "]}\nparameters: {w: 2}\nnodes: {a: w * x, J: sum(a)}"
    )
    page.open(network, exercise=True)
    page.one('[name="a[69]"]').send_keys("140", Keys.ENTER)
    assert page.text("#score") == "1 of 143 right, 1 at the first try"


def test_progress_is_kept_nowhere(page: Browser, lecture: bp.Network) -> None:
    page.open(lecture, exercise=True)
    blank(page, 0).send_keys("2", Keys.ENTER)
    assert page.js("document.cookie") == ""
    assert page.js("Object.keys(localStorage).length + Object.keys(sessionStorage).length") == 0
    page.driver.refresh()
    assert page.text("#score") == "0 of 18 right, 0 at the first try"


def test_rows_of_a_matrix_stand_in_their_order(page: Browser) -> None:
    network = bp.loads("inputs: {x: [[1, 2], [3, 4]]}\nparameters: {W: [[5, 6], [7, 8]]}\nnodes: {a: x @ W, J: sum(a)}")
    page.open(network)
    rows = page.js("""[...document.querySelectorAll('#node-a .value, #node-a .gradient')].map(t =>
        [Number(t.parentNode.getAttribute('y')), t.textContent]).sort((a, b) => a[0] - b[0]).map(r => r[1])""")
    assert rows == ["[19 22]", "[43 50]", "[1 1]", "[1 1]"]


def test_a_line_gets_the_digits_that_make_it_true(page: Browser) -> None:
    network = bp.loads("parameters: {z: 18}\nnodes: {a: sigmoid(z), J: a**2}")
    page.open(network)
    page.one("#last").click()
    assert "(1 − 0.99999998477)" in page.text("#step")
    page.type("[data-input=z]", "40")  # sigmoid(40) is 1 to all digits: no numbers tell
    told = page.text("#step").splitlines()
    assert "1(1 − 1)" not in page.text("#step")
    assert any("8.49671e−18" in line for line in told)


def test_infinity_and_nan_are_numbers_too(page: Browser) -> None:
    page.open(bp.loads("parameters: {w: 1, v: 2}\nnodes: {a: log(w), J: v/a}"))
    assert page.column("value")["J"] == "∞"
    page.type("[data-input=w]", "-1")
    assert page.column("value")["J"] == "NaN"
    page.type("[data-input=w]", "2")
    assert page.column("value")["J"] == "2.88539"


TINY = {
    "one": "parameters: {w: 3}\nnodes: {a: 2 + 3*w, J: a**2}",
    "log": "parameters: {w: 3}\nnodes: {a: log(w), J: a**2}",
    "two": "parameters: {w: 0.5, v: 1}\nnodes: {a: v/w, J: a**2}",
    "three": "inputs: {x: 2}\nparameters: {w: 3, b: 1}\nnodes: {a: w*x + b, J: a**2}",
    "logistic": "inputs: {x: 2}\ntargets: {y: 1}\nparameters: {w: 3, b: 1}\nnodes:\n  p: sigmoid(w*x + b)\n"
    "  J: binary_cross_entropy(p, y)",
    "classes": "inputs: {x: [[1, 2], [3, -1]]}\ntargets: {y: [0, 2]}\nparameters: {W: [[1, 2, 3], [4, -5, 6]]}\n"
    "nodes:\n  z: x @ W\n  J: cross_entropy(z, y)",
    "one class": "targets: {y: 2}\nparameters: {z: [1, 2, 4]}\nnodes: {p: softmax(z), J: '-log(p[y])'}",
    "choices": "inputs: {x: -1.5}\nparameters: {w: 2.0, m: 0.3, v: 1.5}\nnodes:\n  s: maximum(w*x, m)\n"
    "  q: max([w, v, m])\n  J: s*minimum(w, v) + q",
    "pool": "inputs: {x: [[1, 2], [4, 3]]}\nparameters: {w: 2, b: 1}\nnodes:\n  p: max(x*w + b, axis=1)\n"
    "  J: sum(p**2)",
    "negative target": "inputs: {x: 1}\ntargets: {y: -2}\nparameters: {a: 1, b: 2, c: 3}\n"
    "nodes: {J: (a*x + b + c - y)**2}",
}
"""Networks for which other numbers are found in every way there is."""


@pytest.mark.parametrize("name", ["lecture", "mazur", "batch", "mazur-layers", *TINY])
def test_a_seed_means_the_same_numbers_as_in_the_quiz(page: Browser, name: str) -> None:
    network = bp.loads(TINY[name]) if name in TINY else bp.load(EXAMPLES / f"{name}.yaml")
    page.open(network, exercise=True, seed=101)
    for seed in (101, 102, 103):
        assert page.text("#seed") == f"numbers no. {seed}"
        given = page.js("[...document.querySelectorAll('#data b')].map(b => b.textContent)")
        values = network.fresh(seed)
        expected = [values[datum] for datum in network.graph.names("input", "target", "parameter")]
        flat = [[shown(x) for x in (v.ravel().tolist() if getattr(v, "ndim", 0) else [v])] for v in expected]
        assert [text.replace("[", "").replace("]", "").split() for text in given] == flat
        page.one("#fresh").click()


def test_what_rounding_leaves_of_0_is_0(page: Browser) -> None:
    network = bp.loads("inputs: {x: 0.1}\nparameters: {w: 3, b: 0}\nnodes: {z: w*x - 0.3 + b, a: 5 * z, J: a**2 + w}")
    assert 0 < network.run().value("z") < 1e-15
    page.open(network, exercise=True)
    for name, typed in (("z", "0"), ("a", "0"), ("dJ/da", "0"), ("dJ/dz", "0")):
        page.one(f'[name="{name}"]').send_keys(typed, Keys.ENTER)
        assert page.one(f'[name="{name}"]').get_attribute("readonly") == "true", name
    assert page.drawn("value")["z"] == "0"
    page.open(network, exercise=True)
    for _ in range(4):
        item(page, 0).find_element(By.TAG_NAME, "button").click()
    assert blank(page, 0).get_attribute("value") == "0"
    page.open(bp.loads("parameters: {w: 0.1}\nnodes: {z: w * 1e-9, J: z + w}"), exercise=True)
    blank(page, 0).send_keys("0", Keys.ENTER)  # small, and nothing of it is rounding
    assert "wrong" in item(page, 0).get_attribute("class")


@pytest.mark.parametrize("name", ["lecture", "mazur", "mazur-layers"])
def test_the_page_and_the_quiz_say_the_same_to_wrong_answers(page: Browser, name: str) -> None:
    network = bp.load(EXAMPLES / f"{name}.yaml")
    page.open(network, exercise=True)
    questions = {question.name: question for question in network.quiz(every=True) if not question.shape}
    compared, own = 0, {}
    for title, question in questions.items():
        terms = question.terms
        tries = [2 * question.answer, -question.answer, question.answer / 2, question.answer * 1.02, 0.77]
        tries += [t.upstream.value for t in terms] + [t.local.value for t in terms if t.local is not None]
        tries += [] if question.stage else [question.worked.value(question.label)]
        for tried in filter(lambda x: isinstance(x, float), tries):
            box = page.one(f'[name="{title}"]')
            said = question.mark(repr(tried), own=own)
            if said.right:
                continue
            box.clear()
            box.send_keys(repr(tried), Keys.ENTER)
            own[title] = tried
            feedback = box.find_element(By.XPATH, "..").find_element(By.CLASS_NAME, "feedback")
            found = feedback.get_attribute("textContent").removeprefix("Not yet").removeprefix(":").removeprefix(".")
            assert plain(found) == plain(said.words), (title, tried)
            compared += 1
    assert compared > 30 or name == "mazur-layers"


def test_near_is_near_before_it_is_a_part_of_the_formula(page: Browser) -> None:
    network = bp.loads("parameters: {w: 100, b: 1}\nnodes: {z: w + b, J: z**2}")
    words = next(iter(network.quiz())).mark("100").words
    page.open(network, exercise=True)
    blank(page, 0).send_keys("100", Keys.ENTER)
    assert item(page, 0).find_element(By.CLASS_NAME, "feedback").text == f"Not yet: {words}"


def plain(text: str) -> str:
    """Without the differences of writing: dJ is ∂J, ² is a raised 2."""
    return text.translate(str.maketrans({"∂": "d", "−": "-", "²": "2", " ": None, "_": None}))


def test_the_keyboard_goes_on_to_the_next_blank(page: Browser, lecture: bp.Network) -> None:
    page.open(lecture, exercise=True)
    page.js("document.getElementById('blank-0').focus()")
    page.press("2", Keys.TAB)
    assert page.js("document.activeElement.id") == "blank-1"
    for _ in range(4):
        item(page, 1).find_element(By.TAG_NAME, "button").click()
    assert page.js("document.activeElement.id") == "blank-2"
    page.press("99", Keys.TAB)  # wrong: to its hint
    assert page.js("document.activeElement.textContent") == "Hint 1/3"


def test_names_of_steps_are_introduced(page: Browser) -> None:
    page.open(bp.load(EXAMPLES / "mazur-layers.yaml"), exercise=True)
    assert page.text("#inside").replace("\n", "") == "J.2 and J.3 are steps inside J = sum((a2 − y)2) / 2."
    page.open(bp.load(EXAMPLES / "lecture.yaml"), exercise=True)
    assert not page.one("#inside").is_displayed()


NORM = """
inputs: {x: [0.31, 1.7, -0.52]}
targets: {y: 0.2}
parameters: {w: 1.3, b: 0.7, v: -0.4}
nodes: {z: w*x + b, h: tanh(z), m: mean(h), o: m*v, J: (o - y)**2 / 2}
"""


@pytest.mark.parametrize("form", ["round", "cut"])
@pytest.mark.parametrize("wrong", [None, "h", "o", "dJ/dm"])
def test_a_whole_sheet_is_marked_as_in_the_quiz(page: Browser, form: str, wrong: str | None) -> None:
    """What follows from one's own answers is right, and said so; one mistake costs one blank."""
    network = bp.loads(NORM)
    quiz = network.quiz(every=True)
    names = [question.name for question in quiz]
    sheet = filled(quiz, form, names.index(wrong) if wrong else None)
    page.open(network, exercise=True)
    for question in quiz:
        number = question.read(sheet.answers[question.name])
        for k, x in enumerate(np.ravel(number).tolist()):
            page.one(f'[name="{question.name}{f"[{k}]" if question.shape else ""}"]').send_keys(repr(x), Keys.ENTER)
    bad = page.js("[...document.querySelectorAll('.blank input.bad')].map(i => i.name)")
    assert {name.partition("[")[0] for name in bad} == ({wrong} if wrong else set())
    if wrong == "o":
        box = page.one('[name="J"]')
        assert box.find_element(By.XPATH, "..").find_element(By.CLASS_NAME, "feedback").text == "Right, from your o."


def test_dust_is_0_by_the_rule_of_the_quiz(page: Browser) -> None:
    for b, right in ((0.99999999999998, False), (1 - 2**-53, True)):
        network = bp.loads(f"parameters: {{a: 1, b: {b!r}}}\nnodes: {{d: a - b, J: d * 1e14}}")
        page.open(network, exercise=True)
        blank(page, 0).send_keys("0", Keys.ENTER)
        assert ("right" in item(page, 0).get_attribute("class").split()) is right
        assert network.quiz().questions[0].mark("0").right is right
