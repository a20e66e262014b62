"""The examples that train: each comes to the numbers that its last line promises, in seconds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from backpropcli import load
from tests.test_gallery import agrees

FILES = sorted((Path(__file__).parents[2] / "examples" / "training").glob("*.yaml"))
KEY = re.compile(r"^# after(?P<least>, at least)?: (?P<key>\{.*\})$", re.MULTILINE)


def key(path: Path) -> tuple[dict[str, str], bool]:
    """The numbers after the training, as text, and whether they are the least that it comes to."""
    (found,) = KEY.finditer(path.read_text(encoding="utf-8"))
    return yaml.load(found["key"], Loader=yaml.BaseLoader), found["least"] is not None


def test_there_are_as_many_as_lessons() -> None:
    assert len(FILES) == 12


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_an_example_comes_to_what_it_promises(path: Path) -> None:
    promised, least = key(path)
    run = load(path).train()
    after, held = run.outcome.after, run.outcome.held_after
    metrics = {**after.metrics, "held out": held.metrics["accuracy"] if held is not None else None}
    trace = run.network.run()
    for name, text in promised.items():
        found: Any = metrics[name] if name in metrics else trace.value(name)
        assert found >= float(text) if least else agrees(float(found), text), name
    assert promised
    assert run.after < run.before


SLOW = [pytest.param(path, marks=[pytest.mark.slow] * (path.stem == "cnn"), id=path.stem) for path in FILES]
"""The convolutional network's check looks at 500 pictures for each of 1,370 numbers."""


@pytest.mark.parametrize("path", SLOW)
def test_an_example_checks_at_its_start(path: Path) -> None:
    assert load(path).check().verdict == "pass"


@pytest.mark.parametrize("name", ["descent", "xor"])
def test_an_example_inside_the_package_is_the_one_here(name: str) -> None:
    package = Path(__file__).parents[2] / "backpropcli" / "language" / "examples" / f"{name}.yaml"
    (here,) = (path for path in FILES if path.stem == name)
    assert here.read_text(encoding="utf-8").partition("\n")[2] == package.read_text(encoding="utf-8")
