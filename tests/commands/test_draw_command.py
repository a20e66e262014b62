"""The command draw: formats by option and ending, what it refuses, and the same from Python."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

import backpropcli as bp
from backpropcli.app import main

NET = "inputs: {x: 3}\nparameters: {w: 2}\nnodes: {y: w*x, J: (y - 5)**2}\n"
DRAWN = """\
      w=2
      │ ▲6
      ▼ │  y            J
x=3 ─▶(×)──6──▶(y-5)²──▶1
         ◀──2──      ◀──1

▶ values    ◀ gradients of J
"""
DRAWN_ASCII = """\
      w=2
      | ^6
      v |  y             J
x=3 ->(*)--6-->(y-5)^2-->1
         <--2--       <--1

> values    < gradients of J
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(NET, encoding="utf-8")


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(["draw", *words])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys) == (0, DRAWN, "reading net.yaml\n")
    assert call(capsys, "net.yaml") == (0, DRAWN, "")
    assert call(capsys, "net.yaml", "--format", "terminal")[1] == DRAWN
    assert call(capsys, "net.yaml", "--ascii")[1] == DRAWN_ASCII
    assert bp.load("net.yaml").run().draw() == DRAWN


def test_width(capsys: pytest.CaptureFixture[str]) -> None:
    lines = call(capsys, "net.yaml", "--width", "24")[1].splitlines()
    assert max(map(len, lines[:-1])) <= 24
    assert any("┄" in line for line in lines)
    wide, narrow = (
        int(ElementTree.fromstring(call(capsys, "net.yaml", "--format", "svg", *words)[1]).get("width", "0"))
        for words in ((), ("--width", "390"))
    )
    assert narrow <= 390 < wide
    for words, message in (
        (("--width", "5"), "--width 5: expected a whole number from 20 to"),
        (("--width", "100", "--format", "svg"), "--width 100: expected a whole number from 200 to"),
        (("--width", "100", "--format", "dot"), "--width is for the terminal and SVG, and this is dot"),
    ):
        status, out, err = call(capsys, "net.yaml", *words)
        assert (status, out) == (2, "")
        assert message in err


def test_gradients_of_a_datum_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for name, what in (("x", "an input"), ("w", "a parameter")):
        status, out, err = call(capsys, "net.yaml", "--of", name)
        assert (status, out) == (2, "")
        assert f"--of {name}: {name} is {what}; no gradient comes back from it" in err
        assert "--of J" in err


def test_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert "▲3" in call(capsys, "net.yaml", "--of", "y")[1]
    assert "gradients of y" in call(capsys, "net.yaml", "--of", "y")[1]
    assert "w=0.3333" in call(capsys, "net.yaml", "-p", "w=1/3")[1]
    assert "w=0.33333333 " in call(capsys, "net.yaml", "-p", "w=1/3", "--digits", "8")[1].replace("\n", " ")
    assert "__" in call(capsys, "net.yaml", "--blank")[1]
    assert "J.1²" in call(capsys, "net.yaml", "--expand")[1]
    assert "◀──4─" in call(capsys, "net.yaml", "--all")[1]
    assert "2" not in call(capsys, "net.yaml", "--level", "layers")[1].replace("²", "")


def test_colours(capsys: pytest.CaptureFixture[str]) -> None:
    assert "\x1b[36m6\x1b[0m" in call(capsys, "net.yaml", "--color", "always")[1]
    assert call(capsys, "net.yaml", "--color", "never")[1] == call(capsys, "net.yaml")[1] == DRAWN
    assert call(capsys, "net.yaml", "--color", "always", "-o", "out.txt")[0] == 0
    assert Path("out.txt").read_text(encoding="utf-8") == DRAWN
    assert call(capsys, "net.yaml", "--color", "blue")[::2] == (
        2,
        "error: --color blue: expected auto, always or never\n",
    )


def test_files(capsys: pytest.CaptureFixture[str]) -> None:
    starts = {
        ".svg": "<svg ",
        ".dot": "digraph",
        ".gv": "digraph",
        ".mmd": "flowchart",
        ".tex": "\\documentclass",
        ".txt": " ",
    }
    for ending, start in starts.items():
        assert call(capsys, "net.yaml", "-o", f"out{ending}") == (0, "", "")
        assert Path(f"out{ending}").read_text(encoding="utf-8").startswith(start)
    assert Path("out.txt").read_text(encoding="utf-8") == DRAWN
    root = ElementTree.parse("out.svg").getroot()
    assert root.find("{http://www.w3.org/2000/svg}title").text == "net.yaml"  # type: ignore[union-attr]
    assert Path("out.svg").read_text(encoding="utf-8") == bp.load("net.yaml").run().draw("svg")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--level", "layer"], "error: --level layer: expected nodes, layers, times or blocks. Did you mean layers?\n"),
        (["--format", "png"], "error: draw has no png\n  It has terminal, svg, dot, mermaid or tikz.\n"),
        (
            ["-o", "net.csv"],
            "error: -o net.csv: the ending chooses the format, and should be one of .txt, .svg, .dot, .gv, .mmd, .tex\n"
            "  Or say the format:  --format terminal -o net.csv\n",
        ),
        (
            ["-o", "a.b/net.PNG"],
            "error: -o a.b/net.PNG: no PNG is drawn here\n"
            "  Write a.b/net.svg, which every browser and word processor shows. By Graphviz:\n"
            "    backprop draw -o a.b/net.dot\n    dot -Tpng a.b/net.dot -o a.b/net.PNG\n",
        ),
        (["--ascii", "-o", "net.svg"], "error: --ascii is for the terminal, and this is svg\n"),
        (
            ["--expand", "--level", "layers"],
            "error: --expand and --level layers together\n  One shows more, the other less: give one.\n",
        ),
        (["--of", "q"], "reading net.yaml\nerror: net.yaml has no node q\n"),
    ],
)
def test_refusals(capsys: pytest.CaptureFixture[str], words: list[str], message: str) -> None:
    assert call(capsys, *words) == (2, "", message)


def test_no_loss_is_no_reason_not_to_draw(capsys: pytest.CaptureFixture[str]) -> None:
    Path("net.yaml").write_text("inputs: {x: 3}\nnodes: {y: x + 1, z: 2*x}\n", encoding="utf-8")
    status, out, _ = call(capsys)
    assert status == 0
    assert "gradients" not in out
    assert "▶ values" in out


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is a program of its own")
@pytest.mark.parametrize("level", ["nodes", "layers"])
def test_latex_compiles_a_drawing_to_one_page(level: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, "--example", "lecture-layers", "--level", level, "-o", "net.tex")[0] == 0
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "net.tex"]
    log = subprocess.run(command, capture_output=True, text=True, errors="replace", check=True).stdout
    assert "(1 page," in log
    assert "Overfull" not in log
