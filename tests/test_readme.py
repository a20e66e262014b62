"""Every session in the README and in the guide is typed in, and prints what is shown."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from backpropcli.guide import CHAPTERS, chapter, title
from tests.sessions import ROOT, Typed, blocks, consoles, furnish, play, trimmed

README = (ROOT / "README.md").read_text(encoding="utf-8")
TEXTS = {"README": README, **{name: chapter(name) for name in CHAPTERS}}
SESSIONS = [(name, block) for name, text in TEXTS.items() for block in consoles(text)]
WIDEST = 80
"""What fits a common terminal."""


def test_there_are_sessions() -> None:
    assert len(consoles(README)) >= 3
    assert sum(len(block) for _, block in SESSIONS) >= 50


@pytest.mark.parametrize(("name", "block"), SESSIONS, ids=[f"{name}: {block[0][0][:50]}" for name, block in SESSIONS])
def test_session(name: str, block: list[Typed], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("FORCE_COLOR", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(variable, raising=False)
    furnish(tmp_path, TEXTS[name])
    for command, expected in block:
        assert trimmed(play(command, tmp_path)) == trimmed(expected), command


@pytest.mark.parametrize("name", [name for name in CHAPTERS if "```pycon" in TEXTS[name]])
def test_python_session(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    furnish(tmp_path, TEXTS[name])
    monkeypatch.chdir(tmp_path)
    text = "\n\n".join(blocks(TEXTS[name], "pycon"))
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    told: list[str] = []
    assert doctest.DocTestRunner(verbose=False).run(test, out=told.append).failed == 0, "".join(told)


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 150
    assert len(README.encode()) <= 8_000


@pytest.mark.parametrize("name", CHAPTERS)
def test_chapter(name: str) -> None:
    text = TEXTS[name]
    assert text.startswith(f"# {title(name)}\n\n")
    assert len(title(name)) <= 67  # in the list of chapters
    assert f"(backpropcli/guide/{name}.md)" in README
    wide = [line for line in text.splitlines() if len(line) > 120]
    assert not [line for line in wide if not line.startswith(("|", "  {", "::", "      <"))]
    shown = "".join("".join(blocks(text, language)) for language in ("console", "yaml", "sh", "pycon"))
    wide = [line for line in shown.splitlines() if len(line) > WIDEST]
    assert not [line for line in wide if not line.startswith(("$ ", "{", "  {", "::", "      <"))], "too wide"


def test_chapters_are_the_files() -> None:
    folder = ROOT / "backpropcli" / "guide"
    assert {path.stem for path in folder.glob("*.md")} == set(CHAPTERS)


def test_help_named_in_the_guide_is_there() -> None:
    named = {word for text in TEXTS.values() for word in re.findall(r"`backprop help (\w+)`", text)}
    assert named <= set(CHAPTERS)
    assert len(named) > 5


def test_links_lead_somewhere() -> None:
    for name, text in TEXTS.items():
        here = ROOT if name == "README" else ROOT / "backpropcli" / "guide"
        for target in re.findall(r"\]\(([^)#\s]+)\)", text):
            assert target.startswith("https://") or (here / target).exists(), f"{name}: {target}"
