"""The README's pictures, made from the real program: `make pictures` (the page's needs Chromium)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
LECTURE = HERE.parent / "lecture.yaml"
BROWSER = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--hide-scrollbars",
]


def backprop(*words: str) -> str:
    """What the command prints in a colour terminal of 80 columns."""
    environment = {**os.environ, "COLUMNS": "80", "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "backpropcli", *words]
    return subprocess.run(command, env=environment, cwd=HERE.parent, text=True, capture_output=True, check=True).stdout


def terminal() -> None:
    """A terminal with a run, as an SVG."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=80, file=nowhere, force_terminal=True)
        for line in ("run lecture.yaml", "check lecture.yaml --eps 0.001"):
            console.print(Text(f"$ backprop {line}", style="bold"))
            console.print(Text.from_ansi(backprop(*line.split(), "--color", "always")))
    picture = console.export_svg(title="backprop")
    # No font from elsewhere: a picture must not fetch anything.
    picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)
    (HERE / "terminal.svg").write_text(picture, encoding="utf-8")


def page() -> None:
    """The page of the lecture's network, in a browser."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        print("no Chromium here: page.png stays as it is")
        return
    with tempfile.TemporaryDirectory() as folder:
        backprop("page", "lecture.yaml", "-o", f"{folder}/lecture.html", "-q")
        subprocess.run(
            [
                browser,
                *BROWSER,
                f"--user-data-dir={folder}/profile",
                "--window-size=1200,1130",
                f"--screenshot={HERE / 'page.png'}",
                f"file://{folder}/lecture.html",
            ],
            check=True,
            capture_output=True,
            timeout=60,
        )


if __name__ == "__main__":
    terminal()
    backprop("draw", "lecture.yaml", "-o", str(HERE / "graph.svg"), "-q")
    page()
