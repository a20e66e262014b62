"""Flags of the same meaning as the settings of `train:`, over those of a file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from backpropcli.errors import UsageError
from backpropcli.language.flags import plain
from backpropcli.language.training.read import over

if TYPE_CHECKING:
    from backpropcli.language.file.words import Words

GROUPS = {"until": "loss=0.01", "clip": "norm=1"}
TEXTS = ("optimizer", "schedule")


def apply(words: Words, texts: Iterable[tuple[str, str]]) -> None:
    """Put the flags' settings, each with its text, over the section `train:`."""
    given: dict[str, Any] = {}
    said: set[tuple[str, str]] = set()
    for setting, text in texts:
        name = "metrics" if setting == "metric" else setting
        flag = f"--{setting.replace('_', '-')}"
        value, offset = _value(setting, flag, text)
        if isinstance(value, dict) and setting not in TEXTS:
            twice = next((key for key in value if key in given.get(name, {}) and (name, key) in said), None)
            if twice is not None:
                raise UsageError(f"{flag} {text}: {twice} is given twice")
            said |= {(name, key) for key in value}
            before = given.get(name, words.sections.get("train", {}).get(name))
            value = {**(before if isinstance(before, dict) else {}), **value}
        elif name in given:
            raise UsageError(f"{flag} {text}: {name} is given twice")
        given[name] = value
        words.mark(("train", name), flag, text, offset)
    words.sections["train"] = over(words.sections.get("train", {}), given)


def _value(setting: str, flag: str, text: str) -> tuple[Any, int]:
    """What a flag says, as `train:` would, and where its value starts."""
    if not text.strip():
        raise UsageError(f"{flag} has no value")
    if setting in TEXTS:
        return (plain(text.strip(), flag, setting) if text.strip()[0] == "{" else text.strip()), 0
    if setting in GROUPS:
        return _group(flag, text, GROUPS[setting]), 0
    if setting == "examples":
        names = [name.strip() for name in text.strip().strip("[]").split(",")]
        if not all(names):
            raise UsageError(f"{flag} {text}: expected names with commas between", hint=f"Such as {flag} x,y")
        return names, 0
    if setting == "metric":
        match = re.match(r"\s*([^\W\d]\w*)\s*=(?!=)\s*(\S.*)\Z", text, re.DOTALL)
        if match is None:
            raise UsageError(f"{flag} {text}: a metric is written NAME = FORMULA", hint='"accuracy = mean(z == y)"')
        return {match[1]: match[2]}, match.start(2)
    return plain(text.strip(), flag, setting), 0


def _group(flag: str, text: str, example: str) -> dict[str, Any]:
    """`loss=0.01,time=60`."""
    found: dict[str, Any] = {}
    for piece in text.split(","):
        match = re.match(r"\s*(\w+)\s*=\s*(.*?)\s*\Z", piece, re.DOTALL)
        if match is None or not match[2]:
            raise UsageError(f"{flag} {text}: expected NAME=VALUE", hint=f"Such as {flag} {example}")
        if match[1] in found:
            raise UsageError(f"{flag} {text}: {match[1]} is given twice")
        found[match[1]] = plain(match[2], flag, match[1])
    return found
