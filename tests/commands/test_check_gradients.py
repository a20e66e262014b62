"""`backprop check --gradients`: the engineer's first hour, typed in."""

import json
from pathlib import Path

import numpy as np
import pytest

from backpropcli import load
from backpropcli.app import main

MAZUR = (Path(__file__).parents[2] / "examples" / "mazur-layers.yaml").read_text(encoding="utf-8")
WRONG = """\
{
  "W1": [[0.00107828, 0.00123466], [0.00215655, 0.00246933]],
  "b1": [0.0215655, 0.0246933],
  "W2": [[0.082167, -0.0226025], [0.0826676, -0.0227402]],
  "b2": [0.138499, -0.0380982]
}
"""
FIXED = """\
{
  "W1": [[0.000438568, 0.000497713], [0.000877135, 0.000995425]],
  "b1": [0.00877135, 0.00995425],
  "W2": [[0.082167, -0.0226025], [0.0826676, -0.0227402]],
  "b2": [0.138499, -0.0380982]
}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mazur-layers.yaml").write_text(MAZUR, encoding="utf-8")
    Path("theirs.json").write_text(WRONG)
    trace = load("mazur-layers.yaml").run()
    right = {name: trace.gradient(name) for name in ("W1", "b1", "W2", "b2")}
    np.savez("grads.npz", **{f"d{name}": value for name, value in right.items()})
    names = {"fc1.weight": right["W1"].T, "fc1.bias": right["b1"], "fc2.weight": right["W2"].T, "fc2.bias": right["b2"]}
    np.savez("torch.npz", **names)


def typed(capsys, *words):
    status = main(["check", *words])
    out, err = capsys.readouterr()
    return status, out, err


def mazur(capsys, *words):
    return typed(capsys, "mazur-layers.yaml", *words)


def test_the_bug_of_the_first_hour(capsys):
    status, out, err = mazur(capsys, "--gradients", "theirs.json")
    assert (status, err) == (1, "")
    assert (
        out
        == """\
mazur-layers.yaml   6 of 12 gradients in theirs.json are wrong

  gradient   shape    wrong   off by   worst at   verdict
  ───────────────────────────────────────────────────────
  dJ/dW1     (2,2)   4 of 4    148 %   [1, 1]     FAIL
  dJ/db1     (2,)    2 of 2    148 %   [1]        FAIL
  dJ/dW2     (2,2)   0 of 4   2e-4 %   [1, 1]     pass
  dJ/db2     (2,)    0 of 2   3e-4 %   [0]        pass

  wrong              theirs      backprop   numerical             theirs/right
  ────────────────────────────────────────────────────────────────────────────
  dJ/dW1[0, 0]   0.00107828   0.000438568   0.000438568 ± 2e-15        2.45864
  dJ/dW1[0, 1]   0.00123466   0.000497713   0.000497713 ± 2e-15        2.48067
  dJ/dW1[1, 0]   0.00215655   0.000877135   0.000877135 ± 3e-15        2.45863
  dJ/dW1[1, 1]   0.00246933   0.000995425   0.000995425 ± 3e-15        2.48068
  dJ/db1[0]      0.0215655    0.00877135    0.00877135  ± 3e-14        2.45863
  dJ/db1[1]      0.0246933    0.00995425    0.00995425  ± 3e-14        2.48068

Where   dJ/dW2 and dJ/db2 are right, dJ/db1 is not: the fault is in the way
        from z2 back to z1, at  t2 = a1 @ W2  or  a1 = sigmoid(z1).
Likely  theirs/right is 1/(1 - a1) in every column: the factor (1 - a1) of
        sigmoid's local derivative a1 * (1 - a1) is missing.
Sure?   Export dJ/da1 as well.

note: theirs.json has at most 6 significant digits (a C++ stream's default),
      so it was judged to 5e-6. std::setprecision(17) makes the check sharper.
"""
    )


def test_the_same_with_da1_exported(capsys):
    theirs = json.loads(WRONG) | {"da1": [0.0363503, 0.0413703]}
    Path("theirs.json").write_text(json.dumps(theirs))
    _, out, _ = mazur(capsys, "--gradients", "theirs.json")
    assert "Where   dJ/da1 is right, dJ/db1 is not: the fault is in the way from a1 back\n" in out
    assert "        to z1, at  a1 = sigmoid(z1).\n" in out
    assert "Sure?" not in out


def test_the_bug_put_right(capsys):
    Path("theirs.json").write_text(FIXED)
    assert mazur(capsys, "--gradients", "theirs.json") == (
        0,
        "mazur-layers.yaml   12 of 12 gradients in theirs.json are right (to 5e-6)\n",
        "",
    )
    assert mazur(capsys, "--gradients", "theirs.json", "--failures") == (0, "", "")


def test_names_and_layouts_from_elsewhere(capsys):
    names = ["--as", "fc1.weight=W1.T", "--as", "fc1.bias=b1", "--as", "fc2.weight=W2.T", "--as", "fc2.bias=b2"]
    status, out, _ = mazur(capsys, "--gradients", "torch.npz", *names)
    assert (status, out) == (0, "mazur-layers.yaml   12 of 12 gradients in torch.npz are right (to 1e-6)\n")
    assert mazur(capsys, "--gradients", "grads.npz")[0] == 0
    status, out, _ = mazur(capsys, "--gradients", "torch.npz", "--as", "fc1.weight=W1", *names[2:])
    assert status == 1
    assert "Likely  the gradient of W1 is transposed there (if the file stores it so: --as\n" in out
    assert "        fc1.weight=W1.T).\n" in out


def test_names_that_are_not_in_the_network(capsys):
    status, out, err = mazur(capsys, "--gradients", "torch.npz")
    assert (status, out) == (2, "")
    assert (
        err
        == """\
error: torch.npz: no parameter of mazur-layers.yaml is called fc1.weight
  In the file:     fc1.weight (2,2), fc1.bias (2,), fc2.weight (2,2), fc2.bias (2,)
  In the network:  W1 (2,2), b1 (2,), W2 (2,2), b2 (2,)
  Say which is which:  --as fc1.weight=W1.T --as fc1.bias=b1 --as fc2.weight=W2.T --as fc2.bias=b2   \
(.T where rows are units)
"""
    )


def test_cpp_printed_nan(capsys):
    Path("theirs.json").write_text(WRONG.replace("0.0215655,", "nan,"))
    status, _, err = mazur(capsys, "--gradients", "theirs.json")
    assert status == 2
    assert (
        err
        == """\
error: nan is not JSON
  theirs.json:3:10
  3 |   "b1": [nan, 0.0246933],
    |          ^^^
  If the gradient really is not a number, write "NaN"; it will fail the check.
"""
    )
    Path("theirs.json").write_text(WRONG.replace("0.0215655,", '"NaN",'))
    status, out, _ = mazur(capsys, "--gradients", "theirs.json")
    assert status == 1
    assert "it is NaN" in out


def test_one_is_missing(capsys):
    theirs = json.loads(FIXED)
    del theirs["b2"]
    Path("theirs.json").write_text(json.dumps(theirs))
    assert mazur(capsys, "--gradients", "theirs.json") == (
        2,
        "",
        "error: theirs.json: b2 is missing\n  With --allow-missing, what is there is checked, and the rest is not.\n",
    )
    status, out, _ = mazur(capsys, "--gradients", "theirs.json", "--allow-missing")
    line = "mazur-layers.yaml   10 of 10 gradients in theirs.json are right (to 5e-6); b2 is not in it\n"
    assert (status, out) == (0, line)


def test_json_says_all_of_it(capsys):
    status, out, _ = mazur(capsys, "--gradients", "theirs.json", "--format", "json")
    report = json.loads(out)
    found = report["gradients"]
    assert (status, report["format"], report["verdict"]) == (1, "backprop.check/1", "fail")
    assert [(g["name"], g["wrong"], g["worst"]) for g in found["compared"]] == [
        ("W1", 4, [1, 1]),
        ("b1", 2, [1]),
        ("W2", 0, [1, 1]),
        ("b2", 0, [0]),
    ]
    assert len(found["components"]) == 6
    assert found["precision"] == {"kind": "digits", "count": 6}
    assert found["sure"] == "Export dJ/da1 as well."


def test_other_formats(capsys):
    status, out, _ = mazur(capsys, "--gradients", "theirs.json", "--format", "csv")
    assert (status, sum(line.endswith(",fail,theirs") for line in out.splitlines())) == (1, 6)
    status, out, _ = mazur(capsys, "--gradients", "theirs.json", "--format", "markdown")
    assert status == 1
    assert "| dJ/dW1 " in out


def test_scalars_are_one_table(capsys):
    Path("theirs.csv").write_text("w1,b1,w2,b2\n6,6,4,-2\n")
    status, out, _ = typed(capsys, "--example", "lecture", "--gradients", "theirs.csv")
    assert status == 1
    assert (
        out
        == """\
lecture.yaml   1 of 4 gradients in theirs.csv is wrong

  gradient   theirs   backprop   numerical   theirs/right   verdict
  ─────────────────────────────────────────────────────────────────
  dJ/dw1          6          6   6 ± 3e-12              1   pass
  dJ/db1          6          6   6 ± 1e-11              1   pass
  dJ/dw2          4          4   4 ± 3e-12              1   pass
  dJ/db2         -2          2   2 ± 9e-12             -1   FAIL

Where   dJ/db2 is wrong: the fault is in its own last step, at  z2 = t2 + b2.
Likely  theirs has the sign the other way round.
"""
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--as", "a=b"], "--as belongs to --load FILE, or to check --gradients FILE"),
        (["--allow-missing"], "--allow-missing belongs to --gradients FILE"),
        (["--gradients", "their.json"], "there is no file their.json\n  Did you mean theirs.json?"),
    ],
)
def test_what_does_not_go_together(capsys, words, message):
    status, _, err = mazur(capsys, *words)
    assert (status, err) == (2, f"error: {message}\n")


def test_their_weights_are_loaded_first(capsys):
    np.savez("w.npz", W1=[[0.5, -0.2], [0.1, 0.9]], b1=[0.1, 0.2], W2=[[1, -1], [0.5, 2]], b2=[0, 0.3])
    trace = load("mazur-layers.yaml", load=("w.npz",)).run()
    np.savez("g.npz", **{name: trace.gradient(name) for name in ("W1", "b1", "W2", "b2")})
    assert mazur(capsys, "--load", "w.npz", "--gradients", "g.npz")[0] == 0
    assert mazur(capsys, "--gradients", "g.npz")[0] == 1
