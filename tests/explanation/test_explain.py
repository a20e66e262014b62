"""`backprop explain`: what it says of the lecture's network and of others, line by line; and that its sums are true."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from telling_makers import matrices

import backpropcli as bp
from backpropcli.app import main
from backpropcli.language import example_text
from backpropcli.render.latex import latex, seen
from backpropcli.render.markdown import markdown
from backpropcli.render.text import text as terminal

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))
LAYERS = (Path(__file__).parents[2] / "examples" / "mazur-layers.yaml").read_text("utf-8")

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
    return list(terminal(bp.loads(text).explain(name, index, **options).sections()))  # type: ignore[arg-type]


def test_the_lecture_s_gradient() -> None:
    assert (
        "\n".join(told(example_text("lecture"), "w1"))
        == """\
dJ/dw1 = 6: raise w1 a little, and J rises 6 times as much.

One path leads from w1 to J:  w1 → t1 → z1 → a1 → t2 → z2 → a2 → J

Walk it from J back to w1: on each line the gradient so far (upstream), times
how fast one formula moves with what it uses (local derivative), is the next
gradient.

  through             upstream     local derivative            gradient
  ───────────────────────────────────────────────────────────────────────
  J = (a2 - y)² / 2   dJ/dJ  = 1   ∂J/∂a2  = 2(a2 - y)/2 = 2   dJ/da2 = 2
  a2 = relu(z2)       dJ/da2 = 2   ∂a2/∂z2 = relu'(z2)   = 1   dJ/dz2 = 2
  z2 = t2 + b2        dJ/dz2 = 2   ∂z2/∂t2 = 1                 dJ/dt2 = 2
  t2 = w2 · a1        dJ/dt2 = 2   ∂t2/∂a1 = w2          = 3   dJ/da1 = 6
  a1 = relu(z1)       dJ/da1 = 6   ∂a1/∂z1 = relu'(z1)   = 1   dJ/dz1 = 6
  z1 = t1 + b1        dJ/dz1 = 6   ∂z1/∂t1 = 1                 dJ/dt1 = 6
  t1 = w1 · x         dJ/dt1 = 6   ∂t1/∂w1 = x           = 1   dJ/dw1 = 6

relu'(7) = 1, as 7 > 0.
relu'(2) = 1, as 2 > 0.

In one line:   1 · 2 · 1 · 1 · 3 · 1 · 1 · 1 = 6
As a formula:  dJ/dw1 = 2(a2 - y)/2 · relu'(z2) · w2 · relu'(z1) · x
                      = (a2 - y) · w2 · x   while z2 > 0 and z1 > 0

The gradients on this way are worked out once, and used again: dJ/dz2 gives
dJ/db2, dJ/dt2 gives dJ/dw2 and dJ/dz1 gives dJ/db1.

Test it: w1 = 2.001 makes J = 2.0060045, so J rose 0.0060045 ≈ 6 · 0.001. The
rest is the curve of J: a smaller step leaves less of it."""
    )


def test_paths_are_added_up() -> None:
    lines = told(MAZUR, "out_h1")
    text = "\n".join(lines)
    assert " ".join(lines[:2]) == "dE/dout_h1 = 0.0363503: raise out_h1 a little, and E rises 0.0363503 times as much."
    assert "Two paths lead from out_h1 to E, as out_h1 is used in net_o1 and in net_o2." in text
    assert re.search(r"out_h1 → net_o1 → out_o1 → E_o1 → E\n +0\.4 · 0\.186816 · 0\.741365 += +0\.0553994", text)
    assert re.search(r"out_h1 → net_o2 → out_o2 → E_o2 → E\n +0\.5 · 0\.17551 · \(-0\.217072\) += -0\.0190491", text)
    assert re.search(r"sum += +0\.0363503", text)
    assert re.search(r"dE/dout_h1 = dE/dnet_o1 · w5 +=? *= 0.138499 · 0.4", text)
    assert "As a formula:  dE/dout_h1 = (out_o1 - t1) · out_o1 · (1 - out_o1) · w5 +" in text


def test_products_of_paths_add_up_to_the_gradient() -> None:
    network = bp.loads("parameters: {a: -4, b: 2}\nnodes: {c: a + b, d: a*b + b**3, e: c - d, f: e**2, g: f/2 + 10/f}")
    explanation = network.explain("b")
    paths = explanation.paths
    assert paths is not None
    total = sum(np.prod([link.value for link in path]) for path in paths)
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
    wide = (
        "parameters: {w: 0.5}\nnodes: {"
        + ", ".join(f"a{k}: w*{k + 1}" for k in range(9))
        + ", J: "
        + " + ".join(f"a{k}" for k in range(9))
        + "}"
    )
    assert bp.loads(wide).explain("w").paths is None
    lines = told(wide, "w")
    assert lines[2] == "9 paths lead from w to J. Backpropagation does not walk them one by one: at"
    assert lines[-3].split() == ["=", "45"]
    many = told("parameters: {w: 0.5}\nnodes: {" + nodes + "}", "w")
    assert many[0].startswith("dn7/dw = ")


def test_ascii_has_no_other_signs() -> None:
    assert "\n".join(told(example_text("lecture"), "w1", ascii=True)).replace("─", "-").isascii()


def test_markdown_and_latex() -> None:
    explanation = bp.loads(example_text("lecture")).explain("w1")
    text = "".join(markdown(explanation.sections()))
    assert text.startswith("## dJ/dw1 = 6")
    assert re.search(r"\| t1 = w1 · x +\|", text)
    tex = "".join(latex(explanation.sections()))
    assert tex.count("\\begin{tabular}") == tex.count("\\end{tabular}") == 1
    assert r"$J = \frac{(a_2 - y)^{2}}{2}$ & $\frac{dJ}{dJ} = 1$" in tex
    assert r"$w_1 \to t_1 \to z_1 \to a_1 \to t_2 \to z_2 \to a_2 \to J$" in tex


def test_a_slope_of_several_arguments_in_latex() -> None:
    tex = "".join(latex(bp.loads("parameters: {w: 2, v: 1}\nnodes: {J: 'maximum(w, w*v)*v'}").explain("w").sections()))
    assert r"\max'_2(w, w \cdot v)" in tex
    assert "maximum'$_2$(2, 2) = 0.5" in tex


@pytest.mark.parametrize("seed", range(12))
def test_latex_is_balanced_and_has_no_sign_of_its_own(seed: int) -> None:
    network = bp.loads(matrices(seed))
    for telling in [*(network.explain(n) for n in network.parameters), network.explain("W1", (0, 1))]:
        tex = "".join(latex(telling.sections()))
        plain = re.sub(r"\\[{}]", "", tex)
        assert plain.count("{") == plain.count("}")
        assert tex.count("$") % 2 == 0
        assert tex.isascii(), [c for c in tex if not c.isascii()]
        for kind in ("tabular", "align*", "pmatrix"):
            assert tex.count(f"\\begin{{{kind}}}") == tex.count(f"\\end{{{kind}}}")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_lines_fit_into_80_columns(path: Path) -> None:
    network = bp.load(str(path))
    for name in network.parameters:
        for line in terminal(network.explain(name).sections(), 80):
            assert len(line) <= 80 or " " not in line.strip()[60:], line


def test_what_was_told_is_not_told_again() -> None:
    network = bp.loads(example_text("lecture"))
    known = network.explain("w1").subgraph.labels
    lines = list(terminal(network.explain("b1", known=known).sections()))
    assert "dJ/dz1 = 6 is known by now, so one step is left:" in lines
    assert "  z1 = t1 + b1   dJ/dz1 = 6   ∂z1/∂b1 = 1        dJ/db1 = 6" in lines
    assert not any("a2 = relu" in line for line in lines)


def test_arrays_are_walked_back_in_matrix_notation() -> None:
    text = "\n".join(told(LAYERS, "W1"))
    assert "One path leads from W1 to J:  W1 → t1 → z1 → a1 → t2 → z2 → a2 → J" in text
    assert "J = sum((a2 - y)²) / 2 is worked out in steps:  J.2 = (a2 - y)²," in text
    for line in ("dJ/da1  = dJ/dt2 @ W2.T", "dJ/dz1  = dJ/da1 * a1 * (1 - a1)", "dJ/dW1  = outer(x, dJ/dt1)"):
        assert line in text
    assert "Test it: W1[1, 1] = 0.301 makes J =" in text


def test_an_entry_s_paths_go_from_entry_to_entry() -> None:
    text = "\n".join(told(LAYERS, "W1", (0, 1)))
    assert "Two paths lead from W1[0, 1] to J, as a1[1] is used in t2[0] and in t2[1]. Their" in text
    assert "  W1[0, 1] → t1[1] → z1[1] → a1[1] → t2[0] → z2[0] → a2[0] → J" in text
    assert re.search(r"a1 = sigmoid\(z1\) +∂a1\[1\]/∂z1\[1\] += a1\[1\] · \(1 - a1\[1\]\) = 0\.240613", text)
    assert "Backpropagation goes each step only once, from J back to W1[0, 1], and adds" in text
    assert re.search(r"sum += +0\.000497713", text)


def test_a_corner_is_said_to_be_one() -> None:
    lines = told("inputs: {x: 0}\nparameters: {w: 2}\nnodes: {J: relu(w*x)}", "x")
    assert " ".join(lines[:2]) == (
        "dJ/dx = 0: but raise x a little, and J rises 2 times as much: J turns a corner at x = 0, and one number "
        "cannot tell both sides."
    )
    assert lines[-1] == "Test it: x = 0.001 makes J = 0.002, so J rose 0.002, not 0."
    hinge = "inputs: {x: [1, 2]}\nparameters: {w: [0.5, 0.25]}\nnodes: {J: 'maximum(0, 1 - dot(w, x))'}"
    assert " ".join(told(hinge, "w")[-2:]) == (
        "Test it: w[1] = 0.251 leaves J at 0, not 1 · 0.001: J turns a corner at w[1] = 0.25, and one number cannot "
        "tell both sides."
    )


def test_a_wrong_gradient_derived_by_hand_is_suspected_and_its_own_formula_shown() -> None:
    spec = """
inputs: {x: 2, y: 1}
parameters: {w: 0.5}
functions: {swish(z): {value: z * s, gradient: {z: s * (1 + z * (1 + s))}, where: {s: 1 / (1 + exp(-z))}}}
nodes: {a: swish(w*x), J: (a - y)**2 / 2}
"""
    text = " ".join(told(spec, "w"))
    assert "J falls 0.497418 times as much: the gradient that was written for swish may be wrong." in text
    assert "∂a/∂w = swish'(w · x) · x" in text  # not the table's own swish
    assert "sigmoid" not in text


def test_what_rounding_swallows_is_said_to_be_lost() -> None:
    lines = told("parameters: {b: -7.25e-3, c: 1.0e+20}\nnodes: {J: 400*b + c}", "b")
    assert " ".join(lines[-2:]) == (
        "Test it: b = -0.00625 leaves J at 100000000000000000000: a change of 400 · 0.001 is lost in its rounding."
    ) or "is lost in its rounding." in " ".join(lines[-2:])
    assert told("parameters: {w: 4.0e+15}\nnodes: {J: w*w}", "w")[0].startswith("dJ/dw = 8e15")


def test_nan_says_nothing() -> None:
    lines = told("inputs: {x: 2}\nparameters: {w: -1, b: 2}\nnodes: {a: log(w*x), J: a*b}", "w")
    assert " ".join(lines[:2]) == (
        "dJ/dw = -2: but J = NaN here, so that says nothing. backprop run tells where it arises."
    )


def test_a_steep_formula_is_tested_by_a_smaller_step() -> None:
    lines = told("parameters: {w: 1}\nnodes: {J: exp(200*w - 200)}", "w")
    assert " ".join(lines[-2:]).startswith(
        "Test it: w = 1.0001 makes J = 1.02020134, so J rose 0.02020134003 ≈ 200 · 0.0001. The rest is the curve of J:"
    )


def test_the_command_writes_every_gradient_into_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("explain", "derive"):
        for ending in (".md", ".txt"):
            file = tmp_path / f"{command}{ending}"
            assert main([command, "--example", "lecture", "-o", str(file)]) == 0
            assert [n for n in ("w1", "b1", "w2", "b2") if f"dJ/d{n} =" in file.read_text("utf-8")] == [
                "w1",
                "b1",
                "w2",
                "b2",
            ]
    capsys.readouterr()


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--example", "lecture", "w1", "J", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["format"], found["loss"]) == ("backprop.explain/1", "J")
    first, last = found["gradients"]
    (path,) = first["paths"]
    assert path["names"] == ["w1", "t1", "z1", "a1", "t2", "z2", "a2", "J"]
    assert path["product"] == first["value"] == 6
    assert path["steps"][0] == {
        "of": "J",
        "by": "a2",
        "formula": "2(a2 - y)/2",
        "local": 2,
        "upstream": 1,
        "gradient": 2,
    }
    names = [step["name"] for step in first["walk"]]
    assert names == [f"dJ/d{n}" for n in ("J", "a2", "z2", "t2", "a1", "z1", "t1", "w1")]
    assert first["proof"]["loss_after"] == pytest.approx(2.0060045)
    assert (last["count"], last["paths"]) == (1, None)


def test_full_tells_every_step_and_colour_is_what_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    nodes = [f"a{k} = a{k - 1}*0.9" for k in range(1, 60)]
    flags = ["explain", "w", "-p", "w=2", "-n", "a0 = w + 1", *[word for node in nodes for word in ("-n", node)]]
    assert main(flags) == 0  # nothing is left out in a pipe
    assert len(capsys.readouterr().out.splitlines()) >= 135
    network = bp.loads(
        "parameters: {w: 2}\nnodes:\n  a0: w + 1\n" + "".join(f"  a{k}: a{k - 1}*0.9\n" for k in range(1, 60))
    )
    short = list(terminal(network.explain("w").sections(), 80))
    assert "Its last 40 steps, from da59/da39 = 0.121577 on (--full tells all):" in short
    assert len(list(terminal(network.explain("w", full=True).sections(), 80))) > len(short) + 15
    assert main(["explain", "--example", "lecture", "b2", "--color", "always"]) == 0
    coloured = capsys.readouterr().out
    assert coloured.startswith("\x1b[1mdJ/db2 = 2\x1b[0m: raise b2")
    assert main(["explain", "--example", "lecture", "b2", "--color", "never"]) == 0
    plain = [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", coloured).splitlines()]
    assert capsys.readouterr().out.splitlines() == plain


def test_long_equations_are_broken_in_latex() -> None:
    spec = (
        "inputs: {x: 1}\nparameters: {w: 0.8}\nnodes:\n  h0: tanh(w*x)\n"
        + "".join(f"  h{k}: tanh(w*h{k - 1} + x)\n" for k in range(1, 3))
        + "  J: (h2 - 0.3)**2\nloss: J"
    )
    tex = "".join(latex(bp.loads(spec).explain("w").sections()))
    longest = max(seen(line) for line in tex.splitlines() if "&=" in line or r"&\quad" in line)
    assert longest < 90
    assert r"\text" not in tex
    assert r"\odot" in "".join(latex(bp.loads(LAYERS).explain("b1").sections()))
