"""The lesson of an unrolled network in a real browser: a slider through time."""

from __future__ import annotations

import pytest
from driven import Browser, driver, needs_browser, page
from selenium.webdriver.common.keys import Keys

import backpropcli as bp

pytestmark = needs_browser
__all__ = ["driver", "page"]  # fixtures

RNN = """
inputs: {x: [0.5, -1, 0.2]}
parameters: {w: 0.5, h0: 0.1}
nodes:
  h[0]: h0
  h[t]: tanh(w * h[t-1] + x[t])
  L[t]: h[t]**2
  J: sum(L)
"""


def shown(page: Browser) -> set[str]:
    rows = page.driver.find_elements("css selector", "#table [data-value-of]")
    return {row.get_attribute("data-value-of") for row in rows if row.is_displayed()}


def test_the_slider_shows_one_time_and_steps_move_it(page: Browser) -> None:
    page.open(bp.loads(RNN).unrolled())
    everything = shown(page)
    assert {"h[0]", "h[3]", "L[0]", "L[2]", "w", "J"} <= everything
    assert page.text("#now") == "all times"
    page.one("#later").click()
    page.one("#later").click()
    assert page.text("#now") == "t = 1"
    assert {name for name in shown(page) if "[" in name and "." not in name} == {"h[1]", "L[0]"}
    assert {"x", "w", "J"} <= shown(page)
    page.press(Keys.END)  # the last step of the way back
    page.press(Keys.HOME)
    for _ in range(3):
        page.press(Keys.ARROW_RIGHT)
    now = page.one("#step").get_attribute("data-name")
    assert page.text("#now") == f"t = {bp.loads(RNN).unrolled().graph.times[now.partition('.')[0]]}"
    page.one("#later").click()
    assert page.one("#step").get_attribute("data-name").startswith(("h[2]", "L[1]", "h[3]"))
    for _ in range(4):
        if page.text("#now") != "all times":
            page.one("#earlier").click()
    assert shown(page) == everything


@pytest.mark.parametrize("width", [1280, 400])
def test_a_network_without_time_has_no_slider(page: Browser, width: int) -> None:
    page.open(bp.loads("parameters: {w: 2}\nnodes: {J: w**2}"), width=width)
    assert not page.one("#times").is_displayed()
    page.open(bp.loads(RNN).unrolled(), width=width)
    assert page.one("#times").is_displayed()
    assert page.driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")
