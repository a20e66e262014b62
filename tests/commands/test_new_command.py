"""A command takes one file and one row: this one is written as a newcomer would, and everything else follows."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from backpropcli import app
from backpropcli.app import main
from backpropcli.commands.table import COMMANDS, EXPLAIN, Entry

SIZES = '''
"""`backprop sizes`: how many numbers each node has."""

from backpropcli.commands.command import command
from backpropcli.commands.options import Network, Output
from backpropcli.formats.registry import Record, deliver


class Sizes(Record):
    """The size of each node."""

    what = "sizes"

    def __init__(self, found):
        self.found = found

    def tables(self, to):
        from backpropcli.render.table import Column, Table

        return [Table([Column("name"), Column("size", "right")], [[[name, str(size)] for name, size in self.found]])]

    def json(self, to):
        from backpropcli.render.json import anything

        return [anything(dict(self.found)) + "\\n"]


@command(Sizes)
def sizes(network: Network, output: Output) -> int:
    """How many numbers each node has.

    Examples:
      backprop sizes
      backprop sizes net.yaml

    """
    to = output.to(Sizes)
    net = network.open("sizes", to)
    from math import prod

    return deliver(Sizes([(name, prod(net.graph.shape(name))) for name in net.graph.nodes]), to)
'''


@pytest.fixture(autouse=True)
def _sizes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    module = ModuleType("backpropcli.commands.sizes")
    exec(SIZES, module.__dict__)  # as Python would, had it a file
    monkeypatch.setitem(sys.modules, "backpropcli.commands.sizes", module)
    row = Entry("sizes", "sizes", "How many numbers each node has.", EXPLAIN)
    monkeypatch.setattr(app, "COMMANDS", (*COMMANDS, row))
    monkeypatch.chdir(tmp_path)


def test_it_reads_a_network_and_writes_every_format_of_its_shapes(capsys: pytest.CaptureFixture[str]) -> None:
    net = ["-p", "w=2", "-n", "J = w**2"]
    assert main(["sizes", *net]) == 0
    assert capsys.readouterr().out.split() == ["name", "size", "───────────", "w", "1", "J", "1"]
    assert main(["sizes", *net, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"w": 1, "J": 1}
    assert main(["sizes", *net, "-o", "sizes.md"]) == 0
    assert Path("sizes.md").read_text(encoding="utf-8").startswith("| name | size |\n")


def test_its_help_and_its_refusals_come_from_the_registry(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sizes", "--help"]) == 0
    assert "table, json or markdown." in capsys.readouterr().out
    assert main(["sizes", "-p", "w=2", "-n", "J = w**2", "--format", "csv"]) == 2
    assert capsys.readouterr().err == "error: sizes has no csv\n  It has table, json or markdown.\n"
    assert main(["sizes", "w1"]) == 2
    assert "sizes takes a file that ends in .yaml" in capsys.readouterr().err
    assert main(["--help"]) == 0
    assert "How many numbers each node has." in capsys.readouterr().out
