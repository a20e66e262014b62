"""Graphviz and Mermaid: nothing that a name or a formula may hold breaks out of its quotes."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import backpropcli as bp
from backpropcli.drawing.dot import dot
from backpropcli.drawing.mermaid import mermaid
from backpropcli.drawing.model import Item, Picture
from backpropcli.drawing.picture import picture

ROOT = Path(__file__).parent.parent.parent
SMALL = "inputs: {x: 3}\nparameters: {w: 2}\nnodes: {y: w*x, J: (y - 5)**2}\n"


def test_dot() -> None:
    assert (
        "".join(dot(picture(bp.loads(SMALL).run())))
        == """\
digraph network {
  rankdir=LR;
  node [fontname="Times", style="filled,rounded", fontsize=14];
  edge [arrowsize=0.7];
  "x" [label="x = 3", shape=box, fillcolor="#f4f4f2"];
  "w" [label="w = 2\\ndJ/dw = 6", shape=box, fillcolor="#eef4fb"];
  "y" [label="y = w · x\\n= 6\\ndJ/dy = 2", shape=ellipse, fillcolor="#fffdf5"];
  "J" [label="J = (y - 5)²\\n= 1\\ndJ/dJ = 1", shape=box, fillcolor="#fffdf5"];
  "w" -> "y";
  "x" -> "y";
  "y" -> "J" [weight=4];
}
"""
    )


def test_mermaid() -> None:
    assert (
        "".join(mermaid(picture(bp.loads(SMALL).run(), blank=True)))
        == """\
flowchart LR
  n0(["x = 3"])
  n1(["w = 2<br/>dJ/dw = __"])
  n2("y = w · x<br/>= __<br/>dJ/dy = __")
  n3["J = (y - 5)²<br/>= __<br/>dJ/dJ = __"]
  n1 --> n2
  n0 --> n2
  n2 --> n3
  classDef input fill:#f4f4f2,stroke:#a5a5a0,color:#1c1c1c
  class n0 input
  classDef parameter fill:#eef4fb,stroke:#7d9cc0,color:#1c1c1c
  class n1 parameter
  classDef operation fill:#fffdf5,stroke:#1c1c1c,color:#1c1c1c
  class n2,n3 operation
"""
    )


LAYERS = "inputs: {x: 3}\nlayers: [dense: {units: 1, w: 2, bias: false}]\ntargets: {y: 1}\nloss: squared_error\n"


def test_layers() -> None:
    shown = picture(bp.loads(LAYERS).run(), level="layers")
    assert (
        "".join(dot(shown))
        == """\
digraph network {
  rankdir=LR;
  node [fontname="Times", style="filled,rounded", fontsize=14];
  edge [arrowsize=0.7];
  subgraph cluster_1 {
    label="layer 1"; labeljust=l; fontname="Times"; style="rounded,dashed"; color="#a5a5b0";
    "w1" [label="w1", shape=box, fillcolor="#eef4fb"];
    "t1" [label="t1 = w1 · x", shape=ellipse, fillcolor="#fffdf5"];
  }
  "x" [label="x", shape=box, fillcolor="#f4f4f2"];
  "y" [label="y", shape=box, fillcolor="#f4f4f2"];
  "J" [label="J = (t1 - y)² / 2", shape=box, fillcolor="#fffdf5"];
  "w1" -> "t1";
  "x" -> "t1";
  "t1" -> "J" [weight=4];
  "y" -> "J";
}
"""
    )
    assert (
        "".join(mermaid(shown))
        == """\
flowchart LR
  subgraph layer1["layer 1"]
    n2(["w1"])
    n3("t1 = w1 · x")
  end
  n0(["x"])
  n1(["y"])
  n4["J = (t1 - y)² / 2"]
  n2 --> n3
  n0 --> n3
  n3 --> n4
  n1 --> n4
  classDef input fill:#f4f4f2,stroke:#a5a5a0,color:#1c1c1c
  class n0 input
  classDef target fill:#f4f4f2,stroke:#a5a5a0,color:#1c1c1c
  class n1 target
  classDef parameter fill:#eef4fb,stroke:#7d9cc0,color:#1c1c1c
  class n2 parameter
  classDef operation fill:#fffdf5,stroke:#1c1c1c,color:#1c1c1c
  class n3,n4 operation
  style layer1 fill:#f7f7fa,stroke:#c9c9d4,color:#1c1c1c
"""
    )
    plain = picture(bp.loads(LAYERS).run())
    assert "subgraph" not in "".join(dot(plain)) + "".join(mermaid(plain))


names = st.text(min_size=1, max_size=15)
STRING = r'"((?:[^"\\\n]|\\.)*)"'


def odd(a: str, b: str, formula: str) -> Picture:
    items = {
        a: Item(a, "parameter", "", "", False, (), (formula,), (formula,), ()),
        b: Item(b, "node", formula, formula, False, (), (formula,), (formula,), (a,)),
    }
    return Picture(items, {}, b, False)


@given(names, names, names)
def test_dot_is_well_formed_for_any_name(a: str, b: str, formula: str) -> None:
    b += "'" * (a == b)
    lines = "".join(dot(odd(a, b, formula))).split("\n")
    assert len(lines) == 9
    for line in lines[4:6]:
        assert re.fullmatch(rf'  {STRING} \[label={STRING}, shape=\w+, fillcolor="#\w+"\];', line), line
    assert re.fullmatch(rf"  {STRING} -> {STRING};", lines[6]), lines[6]


@given(names, names, names)
def test_mermaid_is_well_formed_for_any_name(a: str, b: str, formula: str) -> None:
    b += "'" * (a == b)
    lines = "".join(mermaid(odd(a, b, formula))).split("\n")
    assert len(lines) == 9
    for line, (left, right) in zip(lines[1:3], ((r"\(\[", r"\]\)"), (r"\[", r"\]")), strict=True):
        found = re.fullmatch(rf'  n\d{left}"([^"]*)"{right}', line)
        assert found, line
        read = re.sub(r"#(\d+);", lambda code: chr(int(code[1])), found[1].replace("<br/>", "\n"))
        assert read.split("\n")[0].startswith("".join(s if s.isprintable() else " " for s in (a, b)[line is lines[2]]))
        assert not set(re.sub(r"#\d+;|<br/>", "", found[1])) & set('"<>#;&`{}|\\')
    assert html.escape(lines[3]) == "  n0 --&gt; n1"


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_gallery(path: Path) -> None:
    for how in ({}, {"level": "layers"}, {"expand": True}):
        shown = picture(bp.load(path).run(), **how)
        edges = sum(len(item.inputs) for item in shown.items.values())
        assert "".join(dot(shown)).count(" -> ") == edges + len(shown.loops)
        assert "".join(mermaid(shown)).count(" --> ") == edges
        assert "".join(mermaid(shown)).count(" .-> ") == len(shown.loops)
