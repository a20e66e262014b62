"""What the lesson says beside its numbers, in a real browser: corners, factors of arrays, steps; and on paper."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess

import numpy as np
import pytest
from driven import EXAMPLES, Browser, driver, lecture, needs_browser, page
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import backpropcli as bp

pytestmark = needs_browser
__all__ = ["driver", "lecture", "page"]  # fixtures


def printed_pages(page: Browser) -> list[str]:
    """The text of each printed page, from the PDF that the browser makes."""
    a4 = {"preferCSSPageSize": True, "paperWidth": 8.27, "paperHeight": 11.69}
    data = page.driver.execute_cdp_cmd("Page.printToPDF", a4)
    (page.folder / "page.pdf").write_bytes(base64.b64decode(data["data"]))
    words = ["pdftotext", "-layout", page.folder / "page.pdf", "-"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return done.stdout.rstrip("\f").split("\f")


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="pdftotext is not on this machine: no page was printed")
@pytest.mark.parametrize("count", [17, 18, 19, 20, 33, 34, 35])
def test_no_row_of_the_table_is_alone_on_a_page(page: Browser, count: int) -> None:
    chain = "".join(f"\n  n{k}: 2 * n{k - 1}" for k in range(1, count))
    page.open(bp.loads(f"parameters: {{w: 2}}\nnodes:\n  n0: 3 * w{chain}\nloss: n{count - 1}"))
    pages = printed_pages(page)
    rows = [line for line in pages[-1].splitlines() if " · " in line]
    assert len(rows) >= 3, pages[-1]  # nor is the last page empty but for its foot


def test_on_a_corner_it_says_so(page: Browser, lecture: bp.Network) -> None:
    page.open(lecture)
    page.type("[data-input=w2]", "0")
    page.type("[data-input=b2]", "0")
    page.js("(e => { e.value = 12; e.dispatchEvent(new Event('input')); })(document.getElementById('scrub'))")
    said = (
        "J has a corner at {} = 0: its slope is 0 on the left and −5 on the right, so there is no one derivative. "
        "Backprop takes 0."
    )
    assert page.one("#step").get_attribute("data-name") == "b2"
    assert said.format("b2") in page.text("#step").replace("\n", "")
    page.one("#back").click()
    page.one("#back").click()
    assert page.one("#step").get_attribute("data-name") == "z2"  # inside the network, where nothing can be typed
    assert said.format("z2") in page.text("#step").replace("\n", "")
    page.type("[data-input=b2]", "-1")  # off it
    assert "Move z2 a little, and J stays where it is." in page.text("#step").replace("\n", "")
    page.type("[data-input=b2]", "1")
    assert "corner" not in page.text("#step")


def test_array_steps_show_their_factors(page: Browser) -> None:
    page.open(bp.load(EXAMPLES / "mazur-layers.yaml"))
    shown = {}
    page.one("#last").click()
    for _ in range(11):
        name = page.one("#step").get_attribute("data-name")
        boxes = page.all("#step .factor")
        shown[name] = [box.text.replace("\n", " ") for box in boxes]
        page.one("#back").click()
    assert shown["a1"][0].startswith("upstream: □ = dJ/dt2 [0.138499")
    assert shown["a1"][1] == "local: □ @ W2.T [0.4 0.45] [0.5 0.55]"
    assert shown["W2"][1] == "local: outer(a1, □) [0.59327 0.596884]"
    assert shown["W1"][1] == "local: outer(x, □) [0.05 0.1]"
    shared = bp.loads("inputs: {x: [1, 2]}\nparameters: {W: [[1, 2], [3, 4]]}\nnodes: {h: x @ W, a: h @ W, J: sum(a)}")
    page.open(shared)
    page.one("#last").click()
    terms = page.all("#step .term")
    assert len(terms) == 2  # both uses of W, each with its own part of the sum
    parts = [term.find_element(By.CSS_SELECTOR, "strong.head").text for term in terms]
    numbers = [[float(number) for number in re.findall(r"[\d.]+", part)] for part in parts]
    assert np.array(numbers).sum(axis=0).tolist() == shared.run().gradient("W").ravel().tolist()


def test_what_is_no_number_leaves_the_number_that_was_there(page: Browser, lecture: bp.Network) -> None:
    page.open(lecture)
    page.type("[data-input=w1]", "1,5")
    assert page.text(".field .problem:not(:empty)") == "Decimals are written with a point: 1.5 (w1 is still 2)"
    assert page.column("value")["w1"] == "2"
    page.one("[data-input=w1]").send_keys(Keys.BACKSPACE, Keys.BACKSPACE)
    assert page.column("value")["w1"] == "1"


def test_powers_and_steps_are_told(page: Browser) -> None:
    page.open(bp.load(EXAMPLES / "mazur-layers.yaml"))
    labels = page.js("[...document.querySelectorAll('[role=math]')].map(e => e.getAttribute('aria-label'))")
    assert any("(a2 − y) to the power of 2" in label for label in labels)
    page.js("(e => { e.value = 12; e.dispatchEvent(new Event('input')); })(document.getElementById('scrub'))")
    assert "J.2 is a step inside J = sum((a2 − y)2) / 2" in page.text("#step").replace("\n", " ")
    page.open(bp.loads("parameters: {q: 2, W: [[1, 2]]}\nnodes: {a: relu(q), t: W.T, c: q**2, J: sum(t) * a + c}"))
    said = {}
    for _ in range(4):
        page.one("#next").click()
        words = page.js("[...document.querySelectorAll('#step .small')].map(p => p.textContent)")
        said[page.one("#step").get_attribute("data-name")] = words
    assert said["a"] == ["relu: q where it is positive, else 0."]
    assert said["t"] == ["transpose: rows become columns: the axes in reverse, or in the order given."]
    assert said["c"] == []
    assert page.one("#theme").get_attribute("aria-pressed") == "false"
    page.one("#theme").click()
    assert page.one("#theme").get_attribute("aria-pressed") == "true"
