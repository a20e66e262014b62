"""Whole lines of a spec as learners type them: the fix that is told, which reads when it is put in."""

from __future__ import annotations

import re

import pytest

import backpropcli as bp
from backpropcli.app import main
from backpropcli.errors import BackpropError
from backpropcli.language.data.printed import made, printed, spaced

# A spec; what is typed in it and what the hint tells to write in its stead.
SPECS = [
    ("inputs: {x: 1 y: 2}\nnodes: {J: x*y}", "{x: 1 y: 2}", "{x: 1, y: 2}"),
    ("inputs: {x: 1 y: 2 z: 3}\nnodes: {J: x*y}", "{x: 1 y: 2 z: 3}", "{x: 1, y: 2, z: 3}"),
    ("parameters: {w1: 1, w2: 2 w3: 3}\nnodes: {J: w1}", "{w1: 1, w2: 2 w3: 3}", "{w1: 1, w2: 2, w3: 3}"),
    ("inputs: {x: [1, 2] y: 3}\nnodes: {J: sum(x)*y}", "{x: [1, 2] y: 3}", "{x: [1, 2], y: 3}"),
    ("inputs: {x: 1}\nnodes: {z: 2*x J: z**2}", "{z: 2*x J: z**2}", "{z: 2*x, J: z**2}"),
    ("parameters: {W[1]: 2}\nnodes: {J: W1}", "W[1]", "W1"),
    ("parameters: {w[0]: 2, w[1]: 3}\nnodes: {J: w0}", "w[0]", "w0"),
    ("inputs: {x: torch.tensor([1.0, 2.0])}\nnodes: {J: sum(x)}", "x: torch.tensor([1.0, 2.0])", "x: [1.0, 2.0]"),
    ("inputs: {x: np.array([1.0, 2.0])}\nnodes: {J: sum(x)}", "x: np.array([1.0, 2.0])", "x: [1.0, 2.0]"),
    ("inputs: {x: 1}\nparameters: {w: 1}\nnodes:\n  z:w*x\n  J:z**2\n", "z:w*x\n  J:z**2", "z: w*x\n  J: z**2"),
    ("parameters: {w: 1}\nnodes:\n  J:w**2\n", "J:w**2", "J: w**2"),
    ("parameters: {w: 1}\nnodes:\n  z = 2*w\n  J = z**2\n", "z = 2*w\n  J = z**2", "z: 2*w\n  J: z**2"),
    ("parameters: {w: 1;v: 2}\nnodes: {J: w*v}", "{w: 1;v: 2}", "{w: 1, v: 2}"),
    ("parameters: (w: 1)\nnodes: {J: w*2}", "(w: 1)", "{w: 1}"),
    ("parameters: (w: 1, v: 2)\nnodes: {J: w*v}", "(w: 1, v: 2)", "{w: 1, v: 2}"),
    ("parameters: {w=1}\nnodes: {J: w*2}", "w=1", "w: 1"),
    ("parameters: {w: 1}\nnodes: {J = w*2}", "J = w*2", "J: w*2"),
    ("parameters: {w: 1}\nnodes: [J: w*2]", "nodes: [J: w*2]", "nodes:\n  J: w*2"),
    ("parameters: {w: 1}\nnodes:\n  - z: w*2\n  - J: z**2\n", "- z: w*2\n  - J: z**2", "z: w*2\n  J: z**2"),
    ("parameters: {w: 1}\nnodes:\n  J: w*2;\n", "w*2;", "w*2"),
    ("parameters: {w: 1}\nnodes:\n  J: if w > 0 then w else 0\n", "if w > 0 then w else 0", "where(w > 0, w, 0)"),
    ("parameters: {w: 1}\nnodes:\n  J: w if w > 0 else 2w\n", "w if w > 0 else 2w", "where(w > 0, w, 2*w)"),
    ("parameters: {w: 1}\nnodes:\n  J(w): w*2\n", "J(w)", "J"),
    ("parameters: {w: 1}\nnodes:\n  z = 2 w\n  J = z^2\n", "z = 2 w\n  J = z^2", "z: 2*w\n  J: z**2"),
    ("parameters: {w: 1}\nnodes:\n  z:2w\n  J:z*3\n", "z:2w\n  J:z*3", "z: 2*w\n  J: z*3"),
    ("x = 1\nw = 2\nJ = w*x\n", "x = 1\nw = 2\nJ = w*x\n", "parameters:\n  x: 1\n  w: 2\nnodes:\n  J: w*x"),
    ("parameters: {w: 1}\nnodes:\n  J: 3w^2 + 2w\n", "3w^2 + 2w", "3*w**2 + 2*w"),
    ("parameters: {w: 1}\nnodes:\n  J: tanh w\n", "tanh w", "tanh(w)"),
    ("parameters: {w: 1}\nnodes:\n  J = w == 1\n", "J = w == 1", "J: w == 1"),
    (
        "parameters: {w: 1}\nfunctions:\n  g(z) = maximum(0, z)\nnodes: {J: g(w)}",
        "g(z) = maximum(0, z)",
        "g(z): maximum(0, z)",
    ),
    ("parameters:\n  w = 1\n  v = 2\nnodes: {J: w*v}", "w = 1\n  v = 2", "w: 1\n  v: 2"),
    ("inputs:\n  x = [1, 2]\nnodes: {J: sum(x)}", "x = [1, 2]", "x: [1, 2]"),
    ("parameters: {w: 1}\nnodes:\nJ: w*2\n", "nodes:\nJ: w*2", "nodes:\n  J: w*2"),
    ("parameters:\nw: 1\nnodes: {J: w*2}\n", "parameters:\nw: 1", "parameters:\n  w: 1"),
    ("parameters: {w: 1}\n  nodes: {J: w*2}\n", "  nodes: {J: w*2}", "nodes: {J: w*2}"),
    ("parameters: {w: 1}\nnodes:\n  y^: 2*w\nloss: y_hat", "y^", "y_hat"),
    ("parameters: {w: 1}\ntargets: {y: 2}\nnodes:\n  y~: 2*w\nloss: y_tilde", "y~", "y_tilde"),
    ("parameters: {w: 1}\nnodes:\n  y_hat: 2*w\n  J: ŷ**2", "ŷ", "y_hat"),
    ("parameters: {w: 1}\nnodes:\n  x_bar: 2*w\n  J: x̄**2", "x̄", "x_bar"),
    ("parameters: {w: [1, 2], x: [3, 4]}\nnodes:\n  J: wᵀx", "wᵀx", "w.T @ x"),
    (
        "parameters: {a: [1, 2]}\nnodes:\n  p, q: a.chunk(2)\n  J: sum(p * q)",
        "p, q: a.chunk(2)",
        "p: a.chunk(2)[0]\n  q: a.chunk(2)[1]",
    ),
    ("parameters: {W: [[1, 2], [3, 4]]}\nnodes:\n  J: sum(W.t())", "W.t()", "W.T"),
    (
        "inputs: {x: [1, 2]}\ntargets: {y: 1}\nlayers:\n  - dense: {units: 1, W: [[1], [2]], b: [0]}\n"
        "loss: squared_error",
        "y: 1",
        "y: [1]",
    ),
]

# Read as it is: what backprop, NumPy or PyTorch print.
READ = [
    ("parameters:\n  w: [1 2 3]\nnodes: {J: sum(w)}", "w", [1, 2, 3]),
    ("parameters:\n  w: [1 2; 3 4]\nnodes: {J: sum(w)}", "w", [[1, 2], [3, 4]]),
    ("parameters:\n  w: [1, 2; 3, 4]\nnodes: {J: sum(w)}", "w", [[1, 2], [3, 4]]),
    ("parameters:\n  w: [0.35 0.07 -0.42]\nnodes: {J: sum(w)}", "w", [0.35, 0.07, -0.42]),
    ("parameters:\n  w: [1 -2]\nnodes: {J: sum(w)}", "w", [1, -2]),
    ("parameters:\n  w: [[1 2], [3 4]]\nnodes: {J: sum(w)}", "w", [[1, 2], [3, 4]]),
    ("inputs:\n  x: torch.tensor([1.0, 2.0])\nnodes: {J: sum(x)}", "x", [1, 2]),
    (
        "inputs:\n  x: torch.tensor([[1.0, 2.0], [3., 4.]], dtype=torch.float32)\nnodes: {J: sum(x)}",
        "x",
        [[1, 2], [3, 4]],
    ),
    ("inputs:\n  x: tf.constant([1.0, 2.0])\nnodes: {J: sum(x)}", "x", [1, 2]),
    ("inputs:\n  x: np.array([1.0, 2.0])\nnodes: {J: sum(x)}", "x", [1, 2]),
]


def told(text: str) -> str:
    with pytest.raises(BackpropError) as caught:
        bp.loads(text)
    return f"{caught.value.message}\n{caught.value.hint}"


@pytest.mark.parametrize(("text", "typed", "meant"), SPECS, ids=[row[1] for row in SPECS])
def test_the_fix_is_told_and_reads(text: str, typed: str, meant: str) -> None:
    said = re.sub(r"\n\s*", "\n", told(text))
    assert re.sub(r"\n\s*", "\n", meant) in said
    assert typed in text
    fixed = text.replace(typed, meant)
    if "w[1]" in fixed:
        fixed = fixed.replace("w[1]", "w1")
    bp.loads(fixed).run()


@pytest.mark.parametrize(("text", "name", "value"), READ, ids=[row[0].split("\n")[1] for row in READ])
def test_what_is_printed_is_read(text: str, name: str, value: list) -> None:
    assert bp.loads(text).values[name].tolist() == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[1 2 3]", [1, 2, 3]),
        ("1 2; 3 4", [[1, 2], [3, 4]]),
        ("[1 2; 3 4]", [[1, 2], [3, 4]]),
        ("[1, -2; 3, 4;]", [[1, -2], [3, 4]]),
        ("[1; 2]", [[1], [2]]),
        ("[[1 2] [3 4]]", [[1, 2], [3, 4]]),
        ("[[1. 2.]\n [3. 4.]]", [[1, 2], [3, 4]]),
        ("1 2 3", [1, 2, 3]),
        ("[ 0.5 -1e-3]", [0.5, -1e-3]),
        ("1 -2; 3 4", [[1, -2], [3, 4]]),
        ("1; 2", [[1], [2]]),
        ("1 -2", None),
        ("1 000", None),
        ("12 345 678", None),
        ("[1, 2]", None),
        ("[1 2", None),
        ("1", None),
        ("[1]", None),
        ("2 * 3", None),
        ("[1 - 2]", None),
        ("a b", None),
        ("", None),
        ("[1 2]]", None),
        ("[1 2; x 4]", None),
    ],
)
def test_numbers_side_by_side(text: str, value: list | None) -> None:
    assert printed(text) == value


def test_what_stands_around_a_list() -> None:
    assert made("torch.tensor([1, 2])") == "[1, 2]"
    assert made("np.array([[1, 2]], dtype=float)") == "[[1, 2]]"
    assert (made("zeros([1, 2])"), made("torch.tensor(1)"), spaced("1 000"), spaced(3)) == ("", "", None, None)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["-n", "J: x*2"], '-n "J = x*2"'),
        (["-n", "x*2"], '-n "J = x*2"'),
        (["-n", "J"], '-n "J = w*x"'),
        (["-n", "x**2 + 1"], '-n "J = x**2 + 1"'),
        (["-n", "J: 2 x"], '-n "J = w*x"'),
    ],
)
def test_a_node_on_the_command_line(words: list[str], meant: str, capsys) -> None:
    assert main(["run", "-p", "x=2", *words]) == 2
    assert meant in capsys.readouterr().err
    assert main(["run", "-p", "x=2", "-p", "w=3", "-n", meant.removeprefix("-n ").strip('"')]) == 0


def test_files_that_are_no_network(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in (("a.py", "import torch\n"), ("m.onnx", "\x00\x01"), ("g.gv", "digraph {}\n"), ("e.txt", "")):
        (tmp_path / name).write_text(text)
        assert main(["run", name]) == 2
        said = capsys.readouterr().err
        assert "< " not in said
        assert "parameters: {w: 2}\n    nodes: {J: w**2}" in said
    (tmp_path / "net.txt").write_text("parameters: {w: 2}\nnodes: {J: w**2}\n")
    assert main(["run", "net.txt"]) == 2
    assert "backprop run - < net.txt" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (["-p", "W=1 2; 3 4", "-n", "J = sum(W)", "--get", "J"], "10"),
        (["-p", "w=[0.5 0.25 -0.5]", "-n", "J = sum(w)", "--get", "J"], "0.25"),
        (["-p", "x=2", "-p", "w=3", "-n", "J = x² · w", "--get", "dJ/dx"], "12"),
        (["-p", "x=0", "-n", "J = σ(x)", "--get", "J"], "0.5"),
    ],
)
def test_what_is_printed_can_be_typed(words: list[str], value: str, capsys) -> None:
    assert main(["run", *words]) == 0
    assert capsys.readouterr().out == value + "\n"


def test_expected_arrays_as_they_are_printed(capsys) -> None:
    network = ["-p", "x=[[[1,2],[3,4],[5,6]]]", "-n", "J = sum(x**2)"]
    for said in ("dJ/dx[0, 2]=[10, 12]", "dJ/dx[0,2]=[10 12]", "dJ/dx=[[[2 4] [6 8] [10 12]]]", "dJ/dx[0,1,1]=8"):
        assert main(["check", *network, "--expect", said]) == 0, capsys.readouterr()
        capsys.readouterr()
    assert main(["check", *network, "--expect", "dJ/dx[0,2]=[10 13]"]) == 1


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("parameters: {w: 1}\nnodes: {J: w**2}\nloss: MSE", "Did you mean mean_squared_error?"),
        ("parameters: {w: 1}\nnodes: {J: w**2}\nexpect: {dw: 2}", "Did you mean dJ/dw?"),
    ],
)
def test_what_is_meant_is_told_whatever_it_is_called(spec: str, told: str) -> None:
    with pytest.raises(BackpropError) as caught:
        bp.loads(spec)
    assert told in str(caught.value)
