"""The guide: chapters in Markdown, each a file beside this one, that `backprop help` shows and the README links to."""

from __future__ import annotations

from pathlib import Path

CHAPTERS = (
    "learner",
    "training",
    "teacher",
    "engineer",
    "external",
    "accuracy",
    "language",
    "layers",
    "windows",
    "time",
    "attention",
    "formats",
    "python",
)
"""The chapters' names in the order in which they are listed: by reader, then by subject."""


def chapter(name: str) -> str:
    """The text of a chapter. Its first line is its title, `# ...`, which is what it is about in one line."""
    return (Path(__file__).parent / f"{name}.md").read_text(encoding="utf-8")


def title(name: str) -> str:
    """What a chapter is about."""
    return chapter(name).partition("\n")[0].removeprefix("# ")
