"""What the page looks like, measured in a real browser: nothing cut off, rows aligned, what is needed in sight."""

from __future__ import annotations

from typing import Any

import pytest
from driven import EXAMPLES, Browser, driver, lecture, needs_browser, page
from selenium.webdriver.common.keys import Keys

import backpropcli as bp

pytestmark = needs_browser
__all__ = ["driver", "lecture", "page"]  # fixtures

XOR = """
inputs: {X: [[0, 0], [0, 1], [1, 0], [1, 1]]}
targets: {y: [[0], [1], [1], [0]]}
parameters:
  W1: [[0.31, -0.42, 0.25], [0.17, 0.66, -0.93]]
  b1: [0.1, -0.2, 0.05]
  W2: [[0.7], [-0.51], [0.33]]
  b2: [0.02]
nodes: {z1: X @ W1 + b1, a1: tanh(z1), z2: a1 @ W2 + b2, a2: sigmoid(z2), J: mean((a2 - y)**2)}
"""
RNN = (
    "inputs: {x1: 0.5, x2: -0.1, x3: 0.8, x4: 0.2, x5: -0.6, x6: 0.3, h0: 0}\ntargets: {y: 0.7}\n"
    "parameters: {w: 0.4, u: 0.9, b: 0.1, v: 1.2}\nnodes:\n"
    + "".join(f"  h{k}: tanh(u*x{k} + w*h{k - 1} + b)\n" for k in range(1, 7))
    + "  o: v*h6\n  J: (o - y)**2 / 2\n"
)
NETWORKS = {
    "2-3-1": XOR,
    "rnn": RNN,
    "softmax": "inputs: {X: [[1.2, -0.7], [0.3, 2.1], [-1.4, 0.5]]}\ntargets: {y: [0, 2, 1]}\nparameters:\n"
    "  W: [[0.5, -0.25, 0.1], [0.3, 0.8, -0.6]]\n  b: [0, 0.1, -0.1]\n"
    "nodes:\n  z: X @ W + b\n  p: softmax(z)\n  J: mean(-log(p[arange(3), y]))",
    "wide": "inputs: {x: {normal: [6, 12], seed: 1}}\ntargets: {y: {normal: [6, 5], seed: 2}}\nparameters:\n"
    "  W1: {normal: [12, 10], seed: 3}\n  b1: {zeros: [10]}\n  W2: {normal: [10, 5], seed: 4}\n"
    "  scale: {ones: [5]}\n"
    "nodes:\n  a1: relu(x @ W1 + b1)\n  z2: a1 @ W2\n  mu: mean(z2, axis=0)\n  v: var(z2, axis=0)\n"
    "  n: (z2 - mu) / sqrt(v + 1e-5)\n  J: mean((scale*n - y)**2)",
    "cube": "parameters: {T: [[[1, -22.5], [3e-9, 4]], [[-5, 6], [1e6, -0.125]]]}\nnodes: {J: sum(T**3)}",
    "huge": "parameters: {w: -1.23456789e200, v: 1e-300}\nnodes: {a: w*v, J: a*w}",
    "nan": "parameters: {x: -1, w: 2, v: [[1, 0, -1], [2, 3, 4]]}\nnodes: {s: sqrt(x), l: log(v), J: w*s + sum(l)}",
    "long names": "inputs: {a_number_with_a_long_name: 1.5}\nparameters: {another_one_of_these_long_names: -0.25}\n"
    "nodes:\n  the_product_of_the_two_of_them: a_number_with_a_long_name * "
    "another_one_of_these_long_names\n  J: the_product_of_the_two_of_them**2 + "
    "tanh(the_product_of_the_two_of_them) * a_number_with_a_long_name",
}
SHIPPED = ["lecture", "mazur", "mazur-layers", "batch", "tf-conv2d-2x3-2x2", "alexkode-batchnorm-small"]
SIZES = [(1400, 900), (390, 844), (320, 640)]

CUT = """(() => {
    const cut = [];
    for (const e of document.querySelectorAll('body *:not(svg *)')) {
        if (!e.clientWidth || e.closest('.skip, .word') || getComputedStyle(e).display === 'inline') continue;
        const scrolled = ['auto', 'scroll'].includes(getComputedStyle(e).overflowX) && e.tagName !== 'INPUT';
        if (!scrolled && e.scrollWidth > e.clientWidth + 1) cut.push(e.outerHTML.slice(0, 120));
    }
    return cut;
})()"""
OUTSIDE = """[...document.querySelectorAll('#table th, #table td')].filter(c => {
    const cell = c.getBoundingClientRect(), frame = c.closest('.scroll').getBoundingClientRect();
    return cell.width && (cell.left < frame.left - 1 || cell.right > Math.min(frame.right, innerWidth) + 1);
}).map(c => c.textContent)"""
MATRICES = """[...document.querySelectorAll('.cell, .tall')].filter(e => e.offsetParent).map(e =>
    [...e.querySelectorAll('.line')].map(line => {
        const end = (n) => {  // where a number's whole part ends
            const range = document.createRange(), text = n.firstChild;
            range.setStart(text, 0);
            range.setEnd(text, text.data.match(/^[^.e]*/)[0].length);
            return range.getBoundingClientRect().right;
        };
        const box = line.getBoundingClientRect();
        return [box.left, ...[...line.querySelectorAll('.n')].map(end), box.right];
    })).filter(rows => rows.length > 1)"""
BEYOND = """(g => Math.max(g.scrollWidth - g.clientWidth, g.scrollHeight - g.clientHeight))(
    document.getElementById('graph'))"""
"""How much of the graph cannot be seen at once, in pixels."""


def network(name: str) -> bp.Network:
    return bp.loads(NETWORKS[name]) if name in NETWORKS else bp.load(EXAMPLES / f"{name}.yaml")


def aligned(page: Browser) -> int:
    """How many matrices there are, after each was seen to have its columns and brackets below one another."""
    matrices: list[list[list[float]]] = page.js(MATRICES)
    for rows in matrices:
        for row in rows[1:]:
            assert row == pytest.approx(rows[0], abs=0.5)
    return len(matrices)


def scheme(page: Browser, value: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": value}] if value else []
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


@pytest.mark.parametrize("width", SIZES, ids=["wide", "phone", "small"])
@pytest.mark.parametrize("name", [*SHIPPED, *NETWORKS])
def test_a_lesson_shows_everything(page: Browser, name: str, width: tuple[int, int]) -> None:
    page.open(network(name), *width)
    assert page.js("document.documentElement.scrollWidth") <= width[0]
    assert page.js(CUT) == []
    assert page.js(OUTSIDE) == []
    aligned(page)
    page.one("#last").click()
    for _ in range(6):  # factors of the steps back
        assert page.js("document.documentElement.scrollWidth") <= width[0]
        assert page.js(CUT) == []
        aligned(page)
        page.one("#back").click()


@pytest.mark.parametrize("width", SIZES, ids=["wide", "phone", "small"])
@pytest.mark.parametrize("name", [*SHIPPED, *NETWORKS])
def test_an_exercise_shows_everything(page: Browser, name: str, width: tuple[int, int]) -> None:
    page.open(network(name), *width, exercise=True)
    assert page.js("document.documentElement.scrollWidth") <= width[0]
    assert page.js(CUT) == []
    aligned(page)


@pytest.mark.parametrize("value", ["light", "dark"])
def test_rows_of_a_matrix_are_aligned_in_both_colours(page: Browser, value: str) -> None:
    scheme(page, value)
    page.open(network("2-3-1"), 1400, 900)
    assert aligned(page) >= 15  # values and gradients: signs, and numbers of other lengths, in every one
    head = page.js(
        "(e => [getComputedStyle(e).color, getComputedStyle(e.closest('.card')).backgroundColor])"
        "(document.querySelector('[data-gradient-of=W1] .n'))"
    )
    assert contrast(*head) >= 4.5
    scheme(page, "")


def contrast(*colours: str) -> float:
    """How well two colours are told apart: at least 4.5 for text, by the Web Content Accessibility Guidelines."""

    def light(colour: str) -> float:
        parts = [int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dark, bright = sorted(map(light, colours))
    return (bright + 0.05) / (dark + 0.05)


def test_a_field_is_wide_enough_for_what_is_typed_and_computed(page: Browser) -> None:
    page.open(network("wide"), 1400, 900)
    clipped = (
        "[...document.querySelectorAll('input[type=text]')].filter(e => e.scrollWidth > e.clientWidth).map(e => e.name)"
    )
    assert page.js(clipped) == []
    field = page.one('[name="W2[0, 1]"]')
    page.type('[name="W2[0, 1]"]', "-0.123456789012345")
    assert page.js(clipped) == []
    assert field.get_attribute("data-number") == "-0.123456789012345"
    page.one("#reset").click()
    assert page.js(clipped) == []
    exact = network("wide").values["W2"][0, 1]
    assert float(field.get_attribute("data-number")) == exact  # shown with six digits, and still what it was
    assert len(field.get_attribute("value")) < len(field.get_attribute("data-number"))


def test_an_entry_of_an_array_has_a_slider(page: Browser) -> None:
    made = network("2-3-1")
    page.open(made)
    move = "(s => { s.value = -0.5; s.dispatchEvent(new Event('input')); })(document.querySelector(arguments[0]))"
    page.js(move, '[data-slider="W1[1, 0]"]')
    assert page.one('[name="W1[1, 0]"]').get_attribute("value") == "-0.5"
    weights = made.values["W1"].copy()
    weights[1, 0] = -0.5
    trace = made.run(values={"W1": weights})
    for name in ("W1", "W2", "a1"):
        assert page.exact("gradient")[name] == pytest.approx(trace.gradient(name), rel=1e-12)
    assert len(page.all("[data-slider]")) == 8 + 4 + 6 + 3 + 3 + 1


@pytest.mark.parametrize("name", ["2-3-1", "rnn", "mazur"])
def test_a_graph_higher_than_its_frame_is_seen_whole(page: Browser, name: str) -> None:
    page.open(network(name), 1400, 900)
    assert page.js(BEYOND) <= 0
    assert not page.one("#whole").is_displayed()
    assert page.js("document.querySelector('.backprop-graph .name').getBoundingClientRect().height") >= 10  # to be read
    assert page.js("document.getElementById('graph').getBoundingClientRect().bottom") < 700  # the steps are below it


def test_a_graph_too_large_for_that_is_shown_whole_by_a_button(page: Browser) -> None:
    for name, width in (("mazur", 390), ("2-3-1", 390), ("rnn", 700)):
        page.open(network(name), width, 844)
        assert page.js(BEYOND) > 0
        page.one("#whole").click()
        assert page.js(BEYOND) <= 0
        assert page.one("#whole").get_attribute("aria-pressed") == "true"
        page.one("#whole").click()
        assert page.js(BEYOND) > 0


@pytest.mark.parametrize("width", SIZES[:2], ids=["wide", "phone"])
@pytest.mark.parametrize("name", ["lecture", "mazur", "2-3-1", "softmax"])
def test_the_graph_and_what_is_given_stay_in_sight(page: Browser, name: str, width: tuple[int, int]) -> None:
    page.open(network(name), *width, exercise=True)
    boxes = (
        "['graph', 'data', 'score'].map(id => document.getElementById(id).getBoundingClientRect())"
        ".map(r => [r.top, r.bottom])"
    )
    blanks = page.all(".blank input")
    for k in (0, len(blanks) // 2, len(blanks) - 1):
        page.js("arguments[0].focus()", blanks[k])
        seen = page.js(boxes)
        assert all(top >= 0 and bottom <= width[1] for top, bottom in seen), (k, seen)
        below = page.js("(r => [r.top, r.bottom])(arguments[0].getBoundingClientRect())", blanks[k])
        assert below[0] >= seen[-1][1] - 1, "under what stays in sight"
        assert below[1] <= width[1] + 1
        lit = page.js("(r => [r.left, r.right])(document.querySelector('.node.now .box').getBoundingClientRect())")
        assert lit[0] >= 0
        assert lit[1] <= width[0]  # the graph shows the node that is asked about


def test_what_a_blank_needs_comes_first_of_what_is_given(page: Browser) -> None:
    page.open(network("2-3-1"), 390, 844, exercise=True)
    page.js("document.querySelector('[name=\"dJ/dW2[0, 0]\"]').focus()")
    shown = page.js(
        "[...document.querySelectorAll('.datum')].map(d => [d.getBoundingClientRect(), d.dataset.name])"
        ".sort(([a], [b]) => a.top - b.top || a.left - b.left).map(([, name]) => name)"
    )
    assert shown[0] == "W2"


@pytest.mark.parametrize("name", ["lecture", "mazur", "2-3-1"])
def test_each_blank_shows_its_formula(page: Browser, name: str) -> None:
    page.open(network(name), exercise=True)
    texts = page.js("[...document.querySelectorAll('.blank .what')].map(w => w.textContent)")
    assert all(" = " in text.replace("\u00a0", " ").removesuffix(" =") for text in texts), texts
    if name == "lecture":
        assert texts[12].replace("\u00a0", " ") == "dJ/dw2 =t2 = w2 · a1"


def test_steps_inside_a_formula_are_rows_of_the_table(page: Browser) -> None:
    made = network("2-3-1")
    page.open(made)
    trace = made.run()
    names = page.js("[...document.querySelectorAll('#table tbody th')].map(t => t.textContent.split(' ')[0])")
    assert names == ["X", "y", "W1", "b1", "W2", "b2", "z1.1", "z1", "a1", "z2.1", "z2", "a2", "J.2", "J"]
    product = made.values["X"] @ made.values["W1"]
    assert page.exact("value")["z1.1"] == pytest.approx(product, rel=1e-12)
    assert page.exact("gradient")["z1.1"] == pytest.approx(trace.gradient("z1"), rel=1e-12)
    page.one("#next").click()
    assert page.one("#step").get_attribute("data-name") == "z1.1"
    assert page.js("document.querySelector('#table tr.now th').textContent").startswith("z1.1")


def test_what_is_copied_can_be_typed_again(page: Browser) -> None:
    page.open(bp.loads("parameters: {w: -2}\nnodes: {J: w*w*w}"))
    copied = page.js("""(() => {
        const range = document.createRange(), data = new DataTransfer();
        range.selectNodeContents(document.querySelector('[data-value-of=w]'));
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        const shown = String(getSelection());
        document.dispatchEvent(new ClipboardEvent('copy', {clipboardData: data, bubbles: true}));
        return [shown, data.getData('text/plain')];
    })()""")
    assert copied == ["−2", "-2"]


def test_a_hyphen_is_no_minus_sign(page: Browser) -> None:
    made = bp.loads(
        "inputs: {x: -1.5}\nparameters: {w: -2, v: [-1, 2e-7]}\nnodes: {a: -w*x - 3, J: a**2 * sum(v) - 1e-5 * a}"
    )
    for options in ({}, {"exercise": True}):
        page.open(made, **options)
        texts: list[Any] = []
        for _ in range(6):
            texts += page.js("[...document.querySelectorAll('main *:not(:has(*)), main b')].map(e => e.textContent)")
            if options:
                break
            page.press(Keys.ARROW_RIGHT)
        assert [text for text in texts if "-" in text and any(c.isdigit() for c in text[text.index("-") :][:2])] == []


def test_the_heading_is_no_file_name(page: Browser, lecture: bp.Network) -> None:
    page.open(lecture)
    assert page.text("h1") == page.driver.title == "The gradients of J, step by step"
    page.open(lecture, exercise=True)
    assert page.text("h1") == "The gradients of J: fill in the blanks"
    page.open(bp.loads('title: "An own one"\nparameters: {w: 2}\nnodes: {J: w**2}'))
    assert page.text("h1") == "An own one"


def test_expanded_every_step_of_a_formula_is_walked(page: Browser) -> None:
    made = bp.loads("inputs: {x1: 2, x2: 0}\nparameters: {w1: -3, w2: 1, b: 6.88}\nnodes: {o: tanh(x1*w1 + x2*w2 + b)}")
    page.open(made, expand=True)
    forward = []
    for _ in range(5):
        page.press(Keys.ARROW_RIGHT)
        forward.append(page.text("#step .formula"))
        name = page.one("#step").get_attribute("data-name")
        assert page.js("document.querySelector('.node.now').dataset.name") == name  # a box of its own
        assert page.js("document.querySelector('#table tr.now th').textContent") == name
    assert [text.replace("\n", "") for text in forward] == [
        "o.1 = x1 · w1 = 2 · (−3) = −6",
        "o.2 = x2 · w2 = 0 · 1 = 0",
        "o.3 = o.1 + o.2 = −6 + 0 = −6",
        "o.4 = o.3 + b = −6 + 6.88 = 0.88",
        "o = tanh(o.4) = tanh(0.88) = 0.706419",
    ]
    trace = made.run()
    assert page.exact("gradient")["o.4"] == pytest.approx(1 - trace.value("o") ** 2, rel=1e-12)
    assert page.drawn("gradient") == {}  # not there yet
    page.press(Keys.END)
    assert page.drawn("gradient").keys() == {"o", "o.1", "o.2", "o.3", "o.4", "b", "w1", "w2"}
    assert page.js("document.querySelector('#node-o\\\\.1').textContent").startswith("o.1")
    page.open(made, expand=True, exercise=True, seed=4)
    given = [text.split(" = ") for text in page.js("[...document.querySelectorAll('.datum')].map(d => d.textContent)")]
    fresh = made.fresh(4, expand=True)
    assert {name: float(text.replace("−", "-")) for name, text in given} == pytest.approx(fresh)
    assert page.text("#score").startswith("0 of 13 right")


def test_a_term_that_is_taken_away_has_one_sign(page: Browser) -> None:
    page.open(bp.loads("parameters: {a: 2}\nnodes: {b: 3*a, p: b*b, q: 5*b, J: p - q}"))
    texts = []
    for _ in range(8):
        page.press(Keys.ARROW_RIGHT)
        texts.append(page.text("#step .formula"))
    assert any(" − " in text for text in texts)
    assert not [text for text in texts if "+ −" in text]


@pytest.mark.parametrize("name", ["lecture", "2-3-1"])
def test_an_exercise_on_paper_shows_the_whole_graph(page: Browser, name: str) -> None:
    page.open(network(name), 794, 1123, exercise=True)
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    boxes = page.js(
        "[document.getElementById('paper').getBoundingClientRect().bottom, "
        "document.getElementById('given').getBoundingClientRect().top]"
    )
    assert boxes[0] <= boxes[1], "what is given lies over the graph"
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_hints_and_reasons_have_true_minus_signs_and_room(page: Browser) -> None:
    made = bp.loads(
        "inputs: {x: -1.5}\nparameters: {w: -2}\nnodes: {a: -w*x - 3, c: 'where(a > 0, -a, a - 1)', J: a**2 - 1e-5 * c}"
    )
    page.open(made, exercise=True)
    said: list[str] = []
    for _ in range(3):
        page.js("[...document.querySelectorAll('.blank button')].forEach(b => b.click())")
        said += page.js("[...document.querySelectorAll('.feedback')].map(e => e.textContent)")
        assert page.js(CUT) == []
    assert sum("−" in text for text in said) >= 5
    assert [text for text in said if "-" in text] == []
