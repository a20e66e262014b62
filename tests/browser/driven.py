"""Headless Chromium: it opens a page from disk, and a script uses it as a reader would."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backpropcli as bp
from backpropcli.notation.numbers import Precision

selenium = pytest.importorskip("selenium", reason="selenium is not on this machine")

from selenium import webdriver  # noqa: E402
from selenium.webdriver.chrome.options import Options  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
needs_browser = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER),
        reason="Chromium and its driver are not on this machine: the page was NOT tried in a browser",
    ),
]
EXAMPLES = Path(__file__).parents[2] / "examples"
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
)
SHOW = Precision().show


def shown(x: float) -> str:
    """A number as the page shows it: with a true minus sign."""
    return SHOW(x).replace("-", "−").replace("Infinity", "∞")


class Browser:
    """A page that is open, and what a reader can see and do."""

    def __init__(self, driver: Any, folder: Path) -> None:
        self.driver, self.folder = driver, folder

    def open(self, network: bp.Network, width: int = 1280, height: int = 900, **options: Any) -> None:
        self.show(network.page(**options).html, width, height)

    def show(self, html: str, width: int = 1280, height: int = 900) -> None:
        (self.folder / "page.html").write_text(html, encoding="utf-8")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.get((self.folder / "page.html").as_uri())
        self.errors()

    def errors(self) -> None:
        """Nothing was refused by the policy, nothing was thrown."""
        assert [entry["message"] for entry in self.driver.get_log("browser")] == []

    def js(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script("return " + script, *arguments)

    def one(self, css: str) -> Any:
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def all(self, css: str) -> list[Any]:
        return list(self.driver.find_elements(By.CSS_SELECTOR, css))

    def text(self, css: str) -> str:
        return str(self.one(css).text)

    def press(self, *keys: str) -> None:
        ActionChains(self.driver).send_keys(*keys).perform()

    def column(self, kind: str) -> dict[str, str]:
        """The table's values or gradients, hidden ones left out."""
        cells = self.js(
            f"[...document.querySelectorAll('[data-{kind}-of]')].map(c => "
            f"[c.dataset.{kind}Of, c.textContent, c.classList.contains('later')])"
        )
        return {name: text for name, text, later in cells if text and not later}

    def drawn(self, kind: str) -> dict[str, str]:
        """The same in the graph."""
        spots = self.js(
            f"[...document.querySelectorAll('.backprop-graph .{kind}[data-name]')].map(t => "
            "[t.dataset.name, t.textContent, getComputedStyle(t).visibility])"
        )
        return {name: text for name, text, visibility in spots if visibility == "visible"}

    def exact(self, kind: str) -> dict[str, Any]:
        """All digits of the table's values or gradients, as a script reads them."""
        cells = self.js(
            f"[...document.querySelectorAll('[data-{kind}-of]')].map(c => [c.dataset.{kind}Of, c.dataset.number])"
        )
        return {
            name: float(text) if text[0] not in "[" else np.array(json.loads(text), float)
            for name, text in cells
            if text
        }

    def type(self, css: str, text: str) -> None:
        field = self.one(css)
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text)


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    options = Options()
    options.binary_location = str(CHROMIUM)
    for argument in (*ARGUMENTS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    made = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield made
    made.quit()


@pytest.fixture
def page(driver: Any, tmp_path: Path) -> Browser:
    return Browser(driver, tmp_path)


@pytest.fixture(scope="module")
def lecture() -> bp.Network:
    return bp.load(EXAMPLES / "lecture.yaml")
