"""`backprop help`: the list of chapters, a chapter in a terminal and in a pipe, what the wheel must hold."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from backpropcli.app import main
from backpropcli.guide import CHAPTERS, chapter, title
from backpropcli.render.chapter import WIDEST, typeset

ROOT = Path(__file__).parent.parent.parent


def call(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["help", *words]) == 0
    return capsys.readouterr().out


def test_every_chapter_is_listed_with_what_it_is_about(capsys: pytest.CaptureFixture[str]) -> None:
    lines = call(capsys).splitlines()
    for name in CHAPTERS:
        assert [line for line in lines if line.split()[:1] == [name] and line.endswith(title(name))]
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_pipe_gets_the_markdown(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert call(capsys, name) == chapter(name)


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_terminal_gets_it_set(capsys: pytest.CaptureFixture[str], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = call(capsys, name, "--color", "always")
    assert "\x1b[" in text
    assert "```" not in text
    assert "\ufffd" not in text  # all that Rich writes may leave
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert plain.startswith(title(name) + "\n")
    assert max(map(len, plain.splitlines())) <= 80


def test_without_colour_there_is_no_code_in_it() -> None:
    text = typeset("# Title\n\nSome *words* and `code`, see [it](https://a.b).\n", 40, coloured=False)
    assert text == "Title\n\nSome words and code, see it\n(https://a.b).\n"


def test_what_a_terminal_shows_of_a_session_is_what_was_printed() -> None:
    for name in ("learner", "external", "accuracy"):
        shown = typeset(chapter(name), 120, coloured=False)
        for block in re.findall(r"^```console\n(.*?)^```", chapter(name), flags=re.S | re.M):
            lines = [line.rstrip() for line in block.rstrip().splitlines()]
            if max(map(len, lines)) <= WIDEST:
                assert "\n".join(lines) in shown


def test_the_wheel_takes_the_chapters_along() -> None:
    """Hatch takes every file of a package that Git does not ignore; none of ours is excluded."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["tool"]["hatch"]["build"]["targets"]["wheel"] == {"packages": ["backpropcli"]}
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8")
    assert ".md" not in ignored
