"""What CONTRIBUTING adds to the house, as it is written there: an operation, a command, a format and a layer."""

from __future__ import annotations

import math
import re
import sys
from types import ModuleType
from typing import Any

import pytest

from backpropcli.app import main
from backpropcli.commands import table
from backpropcli.commands.table import EXPLAIN, Entry
from backpropcli.formats import registry
from backpropcli.language import loads
from backpropcli.language.layers import kinds
from backpropcli.ops.definition import Elementwise
from backpropcli.ops.elementwise import activations
from backpropcli.ops.numbers import scalar
from tests.sessions import ROOT, blocks

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def code(section: str) -> list[str]:
    """The Python blocks of a section."""
    text = re.split(r"^## ", CONTRIBUTING, flags=re.M)
    (found,) = (part for part in text if part.startswith(section + "\n"))
    return list(blocks(found, "python"))


def module(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A new module of the package, with this text."""
    made = ModuleType(name)
    exec(compile(text, name, "exec"), made.__dict__)
    monkeypatch.setitem(sys.modules, name, made)
    return made


def test_an_operation() -> None:
    entry, body = code("Add an operation")
    names: dict[str, Any] = dict(vars(activations))
    exec(body, names)
    operation = eval(entry, names)
    assert isinstance(operation, Elementwise)
    for (z,) in operation.samples:
        y = operation.value(scalar.xp, z)
        slope = operation.partials[0](scalar.xp, y, z)
        assert slope == pytest.approx(0.5 + 0.5 * z / math.hypot(z, 2.0), rel=1e-9, abs=1e-15)
        assert y > 0


def test_a_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    text, line = code("Add a command")
    module("backpropcli.commands.names", text, monkeypatch)
    entry = eval(line, {"Entry": Entry, "EXPLAIN": EXPLAIN})
    monkeypatch.setattr("backpropcli.app.COMMANDS", (*table.COMMANDS, entry))
    assert main(["names", "--example", "lecture"]) == 0
    assert "  w1     parameter   ()\n" in capsys.readouterr().out
    assert main(["names", "--example", "lecture", "--format", "markdown"]) == 0
    assert main(["names", "--help"]) == 0
    assert "table or markdown" in capsys.readouterr().out


def test_a_format(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    line, text = code("Add a format")
    module("backpropcli.formats.tsv", text, monkeypatch)
    row = eval(line, {"Format": registry.Format})
    monkeypatch.setattr(registry, "FORMATS", (*registry.FORMATS, row))
    assert main(["count", "--example", "lecture", "--format", "tsv"]) == 0
    assert "backpropagation\tN + P = 11\t" in capsys.readouterr().out
    assert main(["explain", "--example", "lecture", "--format", "tsv"]) == 2
    assert "explain has no tsv" in capsys.readouterr().err


def test_a_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    (text,) = code("Add a layer")
    scale = module("backpropcli.language.layers.scale", text, monkeypatch).SCALE
    monkeypatch.setitem(kinds.KINDS, scale.name, scale)
    spec = loads(
        "inputs: {x: [1, 2]}\ntargets: {y: [0, 0]}\nloss: squared_error\n"
        "layers: [scale: {gain: [2, 3], offset: [0, 1], activation: tanh}]"
    )
    assert spec.graph.names("parameter") == ["g1", "o1"]
