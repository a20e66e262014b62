"""`backprop explain`: what it says of the lecture's network and of others, line by line; and that its sums are true."""

from __future__ import annotations

import re

import numpy as np
import pytest

import backpropcli as bp
from backpropcli.spec import example_text
from backpropcli.views.explain import added, latex, markdown, put, terminal

MAZUR = """
inputs:  {i1: 0.05, i2: 0.10, b1: 0.35, b2: 0.60}
targets: {t1: 0.01, t2: 0.99}
parameters: {w1: 0.15, w2: 0.20, w3: 0.25, w4: 0.30, w5: 0.40, w6: 0.45, w7: 0.50, w8: 0.55}
nodes:
  net_h1: w1*i1 + w2*i2 + b1
  net_h2: w3*i1 + w4*i2 + b1
  out_h1: sigmoid(net_h1)
  out_h2: sigmoid(net_h2)
  net_o1: w5*out_h1 + w6*out_h2 + b2
  net_o2: w7*out_h1 + w8*out_h2 + b2
  out_o1: sigmoid(net_o1)
  out_o2: sigmoid(net_o2)
  E_o1: (t1 - out_o1)**2 / 2
  E_o2: (t2 - out_o2)**2 / 2
  E: E_o1 + E_o2
"""


def told(text: str, name: str, index: tuple[int, ...] = (), **options: object) -> list[str]:
    return list(terminal(bp.loads(text).explain(name, index, **options)))  # type: ignore[arg-type]


def test_the_lecture_s_gradient() -> None:
    assert "\n".join(told(example_text("lecture"), "w1")) == """\
dJ/dw1 = 6: raise w1 a little, and J rises 6 times as much.

One path leads from w1 to J:  w1 → t1 → z1 → a1 → t2 → z2 → a2 → J

Walk it from J back to w1. Each line multiplies by one local derivative.

  to   through             upstream     local derivative   gradient
  ───────────────────────────────────────────────────────────────────
  a2   J = (a2 - y)² / 2   dJ/dJ  = 1   2(a2 - y)/2 = 2    dJ/da2 = 2
  z2   a2 = relu(z2)       dJ/da2 = 2   relu'(z2)   = 1    dJ/dz2 = 2
  t2   z2 = t2 + b2        dJ/dz2 = 2   1           = 1    dJ/dt2 = 2
  a1   t2 = w2 · a1        dJ/dt2 = 2   w2          = 3    dJ/da1 = 6
  z1   a1 = relu(z1)       dJ/da1 = 6   relu'(z1)   = 1    dJ/dz1 = 6
  t1   z1 = t1 + b1        dJ/dz1 = 6   1           = 1    dJ/dt1 = 6
  w1   t1 = w1 · x         dJ/dt1 = 6   x           = 1    dJ/dw1 = 6

relu'(7) = 1, as 7 > 0.
relu'(2) = 1, as 2 > 0.

In one line:   1 · 2 · 1 · 1 · 3 · 1 · 1 · 1 = 6
As a formula:  dJ/dw1 = 2(a2 - y)/2 · relu'(z2) · w2 · relu'(z1) · x

Test it: w1 = 2.001 makes J = 2.0060045, so J rose 0.0060045 ≈ 6 · 0.001."""


def test_paths_are_added_up() -> None:
    lines = told(MAZUR, "out_h1")
    text = "\n".join(lines)
    assert lines[0] == "dE/dout_h1 = 0.0363503: raise out_h1 a little, and E rises 0.0363503 times as much."
    assert "Two paths lead from out_h1 to E. Their products are added:" in text
    assert re.search(r"out_h1 → net_o1 → out_o1 → E_o1 → E +0\.4 · 0\.186816 · 0\.741365 = +0\.0553994", text)
    assert re.search(r"out_h1 → net_o2 → out_o2 → E_o2 → E +0\.5 · 0\.17551 · \(-0\.217072\) = -0\.0190491", text)
    assert re.search(r"sum = +0\.0363503", text)
    assert "= 0.138499 · 0.4 + (-0.0380982) · 0.5" in text


def test_products_of_paths_add_up_to_the_gradient() -> None:
    network = bp.loads("parameters: {a: -4, b: 2}\nnodes: {c: a + b, d: a*b + b**3, e: c - d, f: e**2, g: f/2 + 10/f}")
    explanation = network.explain("b")
    paths = explanation.paths()
    assert paths is not None
    total = sum(np.prod([link.local.value for link in path]) for path in paths)
    assert total == pytest.approx(network.run().gradient("b"), rel=1e-12)


def test_a_batch_is_summed_over_its_examples() -> None:
    text = "\n".join(told("inputs: {x: [1, 2, 3]}\nparameters: {w: 2}\nnodes: {t: w*x, J: sum(t**2)}", "w"))
    assert "w is used once in each of the 3 examples: their sum is its gradient." in text
    assert re.search(r"sum +56", text)


def test_an_entry_of_a_matrix() -> None:
    spec = "inputs: {x: [1, 2]}\nparameters: {W: [[1, 2], [3, 4]]}\nnodes: {t: x @ W, J: sum(t**2)}"
    lines = told(spec, "W", (1, 0))
    assert lines[0].startswith("dJ/dW[1, 0] = 28: raise W[1, 0] a little")
    assert any(line.startswith("Test it: W[1, 0] = 3.001 makes J =") for line in lines)
    with pytest.raises(bp.BackpropError, match=r"there is no W\[2, 0\]: W has shape \(2,2\)"):
        told(spec, "W", (2, 0))


def test_no_path_the_loss_itself_and_zero() -> None:
    spec = "inputs: {x: 1}\nparameters: {w: -2, v: 1}\nnodes: {J: relu(w*x), k: v*2}\nloss: J"
    assert told(spec, "v")[2] == "No path leads from v to J: J would be the same whatever v is."
    assert told(spec, "J")[0] == "dJ/dJ = 1: raise J a little, and J rises just as much."
    assert told(spec, "w")[0] == "dJ/dw = 0: raise w a little, and J stays as it is."
    assert told(spec, "w")[-1] == "Test it: w = -1.999 leaves J at 0."


def test_many_paths_are_told_by_their_last_steps() -> None:
    nodes = ", ".join(f"n{k}: n{k - 1} * n{k - 1} + n{k - 1}" if k else "n0: w * 1" for k in range(8))
    wide = "parameters: {w: 0.5}\nnodes: {" + ", ".join(f"a{k}: w*{k + 1}" for k in range(9)) + ", J: " + " + ".join(
        f"a{k}" for k in range(9)) + "}"
    assert bp.loads(wide).explain("w").paths() is None
    assert "what comes back from there is known by then" in "\n".join(told(wide, "w"))
    assert told("parameters: {w: 0.5}\nnodes: {" + nodes + "}", "w")


def test_ascii_has_no_other_signs() -> None:
    assert "\n".join(told(example_text("lecture"), "w1", ascii=True)).replace("─", "-").isascii()


def test_markdown_and_latex() -> None:
    explanation = bp.loads(example_text("lecture")).explain("w1")
    text = "".join(markdown(explanation))
    assert text.startswith("## dJ/dw1 = 6")
    assert re.search(r"\| w1 +\|", text)
    tex = "".join(latex(explanation))
    assert tex.count("\\begin{tabular}") == tex.count("\\end{tabular}") == 1
    assert "J = (a2 - y)$^{2}$ / 2" in tex
    assert not re.search(r"[·→²≈]", tex)


def test_factors_in_a_product() -> None:
    assert [put(t) for t in ("-2", "a + b", "2(a - y)/2", "w2", "a1(1 - a1)")] == [
        "(-2)", "(a + b)", "2(a - y)/2", "w2", "a1(1 - a1)"
    ]
    assert added(["-1 · 2", "-3 · 4", "5"]) == "-1 · 2 + (-3) · 4 + 5"
