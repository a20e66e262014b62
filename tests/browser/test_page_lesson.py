"""The lesson in a real browser: steps, stories, fields and sliders, against what the engine computes."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from driven import EXAMPLES, SHOW, Browser, driver, lecture, needs_browser, page, shown
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

import backpropcli as bp

pytestmark = needs_browser
__all__ = ["driver", "lecture", "page"]  # fixtures


def test_all_numbers_stand_there_at_first(page: Browser, lecture: bp.Network) -> None:
    page.open(lecture)
    trace = lecture.run()
    values = {name: SHOW(trace.value(name)) for name in lecture.graph.nodes}
    gradients = {name: SHOW(trace.gradient(name)) for name in lecture.graph.names("parameter", "node")}
    for look in (page.column, page.drawn):
        assert look("value") == values
        assert look("gradient") == gradients
    assert page.text("#loss") == "J = 2"


def test_one_minus_sign_everywhere(page: Browser) -> None:
    """What the script writes into the graph is what Python drew, also where a number has a minus sign or is none."""
    network = bp.loads("inputs: {x: -3}\nparameters: {w: 2, v: 1e200}\nnodes: {y: w*x, z: v*v*y, J: y - z}\nloss: J\n")
    page.open(network)
    trace = network.run()
    values, gradients = page.drawn("value"), page.drawn("gradient")
    assert values == {"x": "−3", "w": "2", "v": "1e200", "y": "−6", "z": "−∞", "J": "∞"}
    assert gradients["w"] == shown(trace.gradient("w"))
    assert page.column("value")["y"] == "−6"
    assert page.one("[data-value-of=y]").get_attribute("data-number") == "-6"  # for scripts
    assert page.one("[name=x]").get_attribute("value") == "-3"  # as it is typed
    page.press(Keys.ARROW_RIGHT)
    assert page.drawn("value")["x"] == "−3"


def test_the_arrow_keys_walk_forward_and_back(page: Browser, lecture: bp.Network) -> None:
    page.open(lecture)
    page.press(Keys.ARROW_RIGHT)
    assert page.column("value") == {"x": "1", "y": "5", "w1": "2", "b1": "0", "w2": "3", "b2": "1", "t1": "2"}
    assert page.column("gradient") == page.drawn("gradient") == {}
    assert "t1 = w1 · x = 2 · 1 = 2" in page.text("#step").replace("\n", "")
    assert [g.get_attribute("data-name") for g in page.all(".backprop-graph .node.now")] == ["t1"]
    assert {g.get_attribute("data-name") for g in page.all(".backprop-graph .node.feeds")} == {"x", "w1"}
    page.press(*[Keys.ARROW_RIGHT] * 12)
    assert page.text("#count") == "13 of 18"
    told = page.text("#step").replace("\n", " ")
    assert "dJ/dw2 = dJ/dt2 · a1 = 2 · 2 = 4" in told
    assert "upstream: dJ/dt2 2" in told
    assert "local: ∂t2/∂w2 = a1 2" in told
    assert "Raise w2 a little, and J rises 4 times as much." in told
    assert page.one("#table tr.now").get_attribute("aria-current") == "step"
    lit = page.js("[...document.querySelectorAll('.edge.lit')].map(e => e.dataset.from + '>' + e.dataset.to)")
    assert lit == ["w2>t2"]
    page.press(Keys.ARROW_LEFT)
    assert page.text("#count") == "12 of 18"
    page.press(Keys.END)
    assert page.text("#count") == "18 of 18"
    page.press(Keys.HOME)
    assert page.text("#count") == "0 of 18"


def test_the_buttons_do_the_same(page: Browser, lecture: bp.Network) -> None:
    page.open(lecture)
    assert not page.one("#back").is_enabled()
    page.one("#next").click()
    page.one("#next").click()
    page.one("#back").click()
    assert page.text("#count") == "1 of 18"
    page.one("#last").click()
    assert not page.one("#next").is_enabled()
    page.one("#first").click()
    assert page.text("#count") == "0 of 18"


def test_a_node_tells_its_story(page: Browser, lecture: bp.Network) -> None:
    page.open(lecture)
    ActionChains(page.driver).move_to_element(page.one("#node-a1")).perform()
    told = page.text("#story")
    assert "a1 = relu(z1) = relu(2) = 2" in told.replace("\n", "")
    assert "dJ/da1 = dJ/dt2 · w2 = 2 · 3 = 6" in told.replace("\n", "")
    ActionChains(page.driver).move_to_element(page.one("h1")).perform()
    assert "Point at a node" in page.text("#story")
    page.js("document.getElementById('node-w1').focus()")
    assert "Raise w1 a little, and J rises 6 times as much." in page.text("#story")
    page.press(Keys.ENTER)
    page.js("document.getElementById('next').focus()")
    assert "w1: parameter" in page.text("#story").replace("\n", "")


def test_a_field_changes_everything_at_once(page: Browser, lecture: bp.Network) -> None:
    page.open(lecture)
    page.type("[data-input=w1]", "2.001")
    assert page.column("value")["J"] == "2.006"
    assert page.column("value")["a2"] == page.drawn("value")["a2"] == "7.003"
    assert page.text("#moved") == "J was 2, is 2.0060045: a change of 0.0060045"
    page.type("[data-input=w1]", "2,001")
    assert page.text(".field .problem:not(:empty)") == "Decimals are written with a point: 2.001 (w1 is still 2)"
    page.type("[data-input=w1]", "-1/2")
    assert page.column("gradient")["w1"] == "0"
    page.js("(s => { s.value = 3; s.dispatchEvent(new Event('input')); })(document.querySelector('[data-slider=w1]'))")
    assert page.one("[data-input=w1]").get_attribute("value") == "3"
    assert page.column("gradient")["w1"] == SHOW(lecture.run(values={"w1": 3.0}).gradient("w1"))
    page.one("#reset").click()
    assert page.column("gradient")["w1"] == "6"
    assert page.one("[data-input=w1]").get_attribute("value") == "2"


TYPED = [
    "lecture",
    "mazur",
    "mazur-layers",
    "batch",
    "mish",
    "lecture-function",
    "tf-softmax-xent",
    "tf-conv2d-2x3-2x2",
    "alexkode-batchnorm-small",
    "udl-toy-model",
]


@pytest.mark.parametrize("name", TYPED)
def test_values_typed_in_give_what_the_engine_gives(page: Browser, name: str) -> None:
    network = bp.load(EXAMPLES / f"{name}.yaml")
    page.open(network)
    random.seed(name)
    values: dict[str, Any] = {}
    for datum in network.graph.names("input", "target", "parameter"):
        value = network.values[datum]
        if getattr(value, "ndim", 0):
            value = value * 1.0
            for index in _indices(value.shape):
                value[index] = round(random.uniform(-2, 2), 3)
                label = f"{datum}[{', '.join(map(str, index))}]"
                page.type(f'[data-input="{label}"]', repr(float(value[index])))
        else:
            value = round(random.uniform(-2, 2), 3)
            page.type(f'[data-input="{datum}"]', repr(value))
        values[datum] = value
    trace = network.run(values=values)
    for kind, ask in (("value", trace.value), ("gradient", trace.gradient)):
        texts, exact = page.column(kind), page.exact(kind)
        for node in network.graph.names("parameter", "node"):
            flat = ask(node).ravel().tolist() if getattr(ask(node), "ndim", 0) else [ask(node)]
            assert texts[node].replace("[", "").replace("]", "").split() == [shown(x) for x in flat], (kind, node)
            assert exact[node] == pytest.approx(ask(node), rel=1e-12, abs=1e-15)
    page.errors()


def _indices(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    if not shape:
        yield ()
        return
    for k in range(shape[0]):
        for rest in _indices(shape[1:]):
            yield (k, *rest)


def test_corners_and_division_by_zero(page: Browser) -> None:
    network = bp.loads("parameters: {w: 1, v: 2}\nnodes: {z: w * v, a: relu(z) + abs(z), J: a**2 / v}")
    page.open(network)
    for w, v in (("0", "2"), ("-1", "2"), ("1", "0"), ("0", "0"), ("1e200", "3")):
        page.type("[data-input=w]", w)
        page.type("[data-input=v]", v)
        trace = network.run(values={"w": float(w), "v": float(v)})
        for kind, ask in (("value", trace.value), ("gradient", trace.gradient)):
            for name in ("z", "a", "J", "w", "v"):
                assert page.exact(kind)[name] == pytest.approx(ask(name), rel=1e-12, nan_ok=True), (w, v, kind, name)
    assert "J is the first number that is not finite (∞)" in page.text("#moved")
    page.one("#reset").click()
    assert page.text("#moved") == ""
    slider = page.one("[data-slider=w]")
    assert [slider.get_attribute(name) for name in ("min", "max", "value")] == ["-10", "10", "1"]


def test_what_is_no_number_is_said_and_changes_nothing(page: Browser, lecture: bp.Network) -> None:
    page.open(lecture)
    before = page.exact("gradient")
    for typed, said in (
        ("", "Nothing is written there. (w1 is still 2)"),
        ("abc", "A number or an expression such as 2*3 or 1/3 is needed. (w1 is still 2)"),
        ("1e400", "That is not a finite number. (w1 is still 2)"),
        ("alert(1)", "A number or an expression such as 2*3 or 1/3 is needed. (w1 is still 2)"),
    ):
        page.js(
            "(([e, text]) => { e.value = text; e.dispatchEvent(new Event('input')); })(arguments[0])",
            [page.one("[data-input=w1]"), typed],
        )
        assert page.text(".field .problem:not(:empty)") == said
        assert page.one("[name=w1]").get_attribute("aria-invalid") == "true"
        assert page.exact("gradient") == before
    page.type("[data-input=w1]", "4/2")
    assert page.all(".field .problem:not(:empty)") == []
    assert page.one("[name=w1]").get_attribute("aria-invalid") is None
    page.errors()


def test_class_numbers_and_arrays_of_three_axes_have_fields(page: Browser) -> None:
    network = bp.loads(
        "targets: {y: [0, 2]}\nparameters: {W: [[[1, 2], [3, 4]], [[5, 6], [7, 8]]], "
        "z: [[1, 2, 3], [3, 2, 2]]}\nnodes:\n  J: cross_entropy(z, y) + sum(W**2)"
    )
    page.open(network)
    page.type('[name="y[1]"]', "7")
    assert page.text(".field .problem:not(:empty)") == "This is a class number: 0 to 2. (y[1] is still 2)"
    page.type('[name="y[1]"]', "0")
    page.type('[name="W[1, 0, 1]"]', "9")
    weights = network.values["W"] * 1.0
    weights[1, 0, 1] = 9
    trace = network.run(values={"y": [0, 0], "W": weights})
    assert page.exact("value")["J"] == pytest.approx(trace.value("J"), rel=1e-12)
    for name in ("W", "z"):
        assert page.exact("gradient")[name] == pytest.approx(trace.gradient(name), rel=1e-12)


def test_the_slider_goes_to_any_step(page: Browser, lecture: bp.Network) -> None:
    page.open(lecture)
    page.js("(e => { e.value = 13; e.dispatchEvent(new Event('input')); })(document.getElementById('scrub'))")
    assert page.text("#count") == "13 of 18"
    step = page.one("#step")
    assert [step.get_attribute(name) for name in ("data-phase", "data-name")] == ["gradient", "w2"]
    factors = [page.one(f"#step [data-{which}]").get_attribute(f"data-{which}") for which in ("upstream", "local")]
    assert factors == ["2", "2"]
    assert page.one("#scrub").get_attribute("aria-valuetext") == "Backward, step 13 of 18: w2"
    page.one("#next").send_keys(Keys.ENTER, Keys.ENTER, Keys.ENTER, Keys.ENTER, Keys.ENTER)
    page.press(Keys.SPACE, Keys.SPACE)  # past the last step: the focus stays, and nothing goes back
    assert page.js("document.activeElement.id") == "next"
    assert page.one("#next").get_attribute("aria-disabled") == "true"
    assert page.text("#count") == "18 of 18"
    page.press(Keys.ARROW_LEFT)
    assert page.text("#count") == "17 of 18"
    assert page.one("#next").get_attribute("aria-disabled") == "false"
    page.one("#last").send_keys(Keys.ENTER, Keys.TAB)
    page.driver.implicitly_wait(0)
    assert page.js("new Promise(done => setTimeout(() => done(document.getElementById('last').disabled), 30))")


def test_a_reader_hears_what_is_drawn(page: Browser, lecture: bp.Network) -> None:
    page.open(lecture)
    assert page.one("#node-w1").get_attribute("aria-label") == "w1 = 2, gradient 6"
    page.press(Keys.ARROW_RIGHT)
    assert page.one("#node-w1").get_attribute("aria-label") == "w1 = 2"
    assert page.one("#node-z1").get_attribute("aria-label") == "z1"
    page.open(lecture, exercise=True)
    assert page.one("#node-t1").get_attribute("aria-label") == "t1 = to be found, gradient to be found"
    labels = [page.one(f'[name="{name}"]').get_attribute("aria-label") for name in ("t1", "J", "dJ/dw1")]
    assert labels == ["t1 = w1 · x", "J = (a2 − y)^2 / 2", "dJ/dw1"]


def test_the_keyboard_gets_past_the_graph(page: Browser, lecture: bp.Network) -> None:
    page.open(lecture)
    page.press(Keys.TAB)
    assert page.js("document.activeElement.textContent") == "Skip the graph"
    assert page.js("document.activeElement.getBoundingClientRect().top") >= 0
    page.press(Keys.ENTER, Keys.TAB)
    assert page.js("document.activeElement.id") == "next"
    page.press(Keys.SPACE)
    assert page.text("#count") == "1 of 18"


def test_five_hundred_nodes_stay_usable(page: Browser) -> None:
    lines = ["inputs: {x: 0.5}", "parameters:", *(f"  w{k}: 1.{k % 7}" for k in range(1, 251)), "nodes:"]
    for k in range(1, 251):
        lines += [f"  t{k}: w{k} * {f'a{k - 1}' if k > 1 else 'x'}", f"  a{k}: tanh(t{k})"]
    page.open(bp.loads("\n".join(lines)))
    assert page.js("document.documentElement.scrollHeight") < 3000
    assert page.js("document.documentElement.scrollWidth") <= 1280
    page.js("(e => { e.value = 700; e.dispatchEvent(new Event('input')); })(document.getElementById('scrub'))")
    for css, frame in ((".node.now .box", "#graph"), ("#table tr.now", ".scroll")):
        seen = page.js(
            "(([a, b]) => [a.top - b.top, b.bottom - a.bottom])(arguments[0].map(c => "
            "document.querySelector(c).getBoundingClientRect()))",
            [css, frame],
        )
        assert min(seen) >= 0, css
    page.errors()


def test_it_works_inside_a_frame_that_forbids_most_things(page: Browser, lecture: bp.Network, tmp_path: Path) -> None:
    (tmp_path / "inner.html").write_text(lecture.page().html, encoding="utf-8")
    page.show(
        '<!DOCTYPE html><title>course</title><iframe sandbox="allow-scripts" src="inner.html" width="900" '
        'height="800"></iframe><link rel="icon" href="data:,">'
    )
    page.driver.switch_to.frame(page.one("iframe"))
    page.one("#next").click()
    assert page.text("#count") == "1 of 18"
    page.driver.switch_to.default_content()
    page.errors()


@pytest.mark.parametrize("exercise", [False, True])
@pytest.mark.parametrize("name", ["lecture", "mazur-layers"])
def test_a_phone_needs_no_sideways_scrolling(page: Browser, name: str, exercise: bool) -> None:
    page.open(bp.load(EXAMPLES / f"{name}.yaml"), 360, 740, exercise=exercise)
    assert page.js("document.documentElement.scrollWidth") <= 360
    if exercise:
        return
    for _ in range(9):
        page.one("#next").click()
        seen = page.js("(r => [r.left, r.right])(document.querySelector('.node.now .box').getBoundingClientRect())")
        assert seen[0] >= 0
        assert seen[1] <= 360


def test_light_and_dark(page: Browser, lecture: bp.Network) -> None:
    for scheme, paper, other in (
        ("light", "rgb(246, 245, 241)", "rgb(18, 20, 23)"),
        ("dark", "rgb(18, 20, 23)", "rgb(246, 245, 241)"),
    ):
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        page.open(lecture)
        assert page.js("getComputedStyle(document.body).backgroundColor") == paper
        page.one("#theme").click()
        assert page.js("getComputedStyle(document.body).backgroundColor") == other
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.parametrize("exercise", [False, True])
def test_everything_that_can_be_used_has_a_name(page: Browser, lecture: bp.Network, exercise: bool) -> None:
    page.open(lecture, exercise=exercise)
    nameless = page.js("""[...document.querySelectorAll('button, input, [tabindex], [role]')].filter(e =>
        !(e.getAttribute('aria-label') || e.textContent.trim() || (e.labels && e.labels.length)
          || e.querySelector('title') || e.getAttribute('role') === 'status' || e.getAttribute('role') === 'alert')
        ).map(e => e.outerHTML)""")
    assert nameless == []
    assert page.js("new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size") == len(page.all("[id]"))
    assert page.all("[tabindex]:not([tabindex='0'])") == []
    assert page.js("document.documentElement.lang") == "en"
    if not exercise:
        assert [th.get_attribute("scope") for th in page.all("#table thead th")] == ["col"] * 4
        assert {th.get_attribute("scope") for th in page.all("#table tbody th")} == {"row"}


def test_a_strangers_network_runs_nothing(page: Browser) -> None:
    evil = "\"><img src=x onerror=document.title='owned'><script>document.title='owned'</script>"
    spec = {
        "title": evil,
        "parameters": {"w": 2, "__proto__": 3, "constructor": 1},
        "nodes": {"J": "relu(w*__proto__ + constructor)**2"},
    }
    for exercise in (False, True):
        page.open(bp.loads(json.dumps(spec)), exercise=exercise)
        assert page.driver.title == evil
        assert page.text("h1") == evil
    page.open(bp.loads(json.dumps(spec)))
    page.type('[data-input="__proto__"]', "4")
    assert page.column("value")["J"] == "81"


def test_it_prints(page: Browser, lecture: bp.Network) -> None:
    for exercise in (False, True):
        page.open(lecture, exercise=exercise)
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        shown = page.js("[...document.querySelectorAll('.controls button')].filter(b => b.offsetParent).length")
        assert shown == 0
        assert [svg.is_displayed() for svg in page.all(".backprop-graph")] == [False, True]  # the one for paper
        assert page.js("document.getElementById('paper').viewBox.baseVal.width") <= 1050  # labels of 7 pt and more
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
