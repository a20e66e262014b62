"""`backprop run`, as users type it."""

import json
import sys

import pytest

from backpropcli.app import main
from backpropcli.commands.quantity import read
from backpropcli.errors import UsageError

NET = """\
inputs:     {x: 1}
targets:    {y: 5}
parameters: {w1: 2, b1: 0, w2: 3, b2: 1}
nodes:
  t1: w1 * x
  z1: t1 + b1
  a1: relu(z1)
  t2: w2 * a1
  z2: t2 + b2
  a2: relu(z2)
  J: (a2 - y)**2 / 2
loss: J
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "net.yaml").write_text(NET)
    return tmp_path


@pytest.fixture
def backprop(folder, capsys):
    def call(*words):
        status = main(list(words))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


TABLE = """\
net.yaml   J = 2

  name   formula           value   dJ/d(name)
  ───────────────────────────────────────────
  x      input                 1
  y      target                5
  ───────────────────────────────────────────
  w1     parameter             2            6
  b1     parameter             0            6
  w2     parameter             3            4
  b2     parameter             1            2
  ───────────────────────────────────────────
  t1     w1 * x                2            6
  z1     t1 + b1               2            6
  a1     relu(z1)              2            6
  t2     w2 * a1               6            2
  z2     t2 + b2               7            2
  a2     relu(z2)              7            2
  J      (a2 - y)**2 / 2       2            1
"""


def test_the_founding_example(backprop):
    assert backprop("run", "net.yaml") == (0, TABLE, "")
    assert backprop("run") == (0, TABLE, "reading net.yaml\n")
    assert backprop("run", "-q") == (0, TABLE, "")


def test_stdin(backprop, monkeypatch):
    import io

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(NET.encode())))
    status, out, _ = backprop("run", "-", "--get", "J")
    assert (status, out) == (0, "2\n")


@pytest.mark.parametrize(
    ("wanted", "printed"),
    [
        ("J", "2"),
        ("dJ/dw1", "6"),
        ("∂J/∂w1", "6"),
        ("da2/dw1", "3"),
        (" dJ / dw2 ", "4"),
        ("dJ/dx", "12"),
        ("J,dJ/dw1", "2\n6"),
        ("da1/dw2", "0"),
    ],
)
def test_get_prints_bare_numbers(backprop, wanted, printed):
    assert backprop("run", "-q", "--get", wanted) == (0, printed + "\n", "")


def test_get_is_exact_unless_digits_are_asked_for(backprop):
    words = ["run", "-q", "-p", "w=0.1", "-n", "J = w*3", "--get", "J"]
    assert backprop(*words)[1] == "0.30000000000000004\n"
    assert backprop(*words, "--digits", "3")[1] == "0.3\n"


def test_get_parts_of_arrays(backprop):
    words = ["run", "-p", "W=[[1, 2], [3, 4.5]]", "-n", "J = sum(W**2)"]
    several = backprop(*words, "--get", "W[1,1]", "--get", "dJ/dW", "--get", "dJ/dW[0]")
    assert several[1] == "4.5\n[[2, 4], [6, 9]]\n[2, 4]\n"
    said = "error: W[2,0]: W has shape (2,2), its indices go from [0, 0] to [1, 1]\n"
    assert backprop(*words, "--get", "W[2,0]")[2] == said
    assert backprop(*words, "--get", "J[0]")[2] == "error: J[0]: J is one number, without indices\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--get", "dJ/dzz"], "error: dJ/dzz: net.yaml has no zz. Did you mean z2?"),
        (["--get", "J/w1"], "error: --get J/w1: expected a name or a gradient, such as J or dJ/dw1"),
        (["--get", ""], "error: --get needs a name, such as --get J"),
        (["--get", " , "], "error: --get needs a name, such as --get J"),
        (["--get", "w1[a]"], "error: --get w1[a]: a is no index: they are whole numbers, or slices such as 0:2"),
        (["--get", "w1["], "error: --get w1[: an index is written in brackets, such as W1[0, 2]"),
        (["--digits", "3", "--digits", "4"], "error: --digits is given twice"),
        (["-o", "x.json", "-o", "y.json"], "error: --output is given twice"),
        (["--format", "csv", "-o", "x.json"], "error: --format csv -o x.json: the ending says json"),
        (["--steps", "--format", "json"], "error: run --steps is text, and has no json"),
        (["--steps", "-o", "steps.csv"], "error: run --steps is text, and has no csv"),
        (["--get", "J", "--format", "csv"], "error: run --get prints bare numbers, and has no csv"),
        (["--digits", "0"], "error: --digits 0: expected a whole number from 1 to 17"),
        (["--digits", "3", "--decimals", "2"], "error: --digits and --decimals together"),
        (["--dtype", "float16"], "error: --dtype float16: expected float64 or float32. Did you mean float"),
        (["--forward", "--of", "a2"], "error: --forward computes no gradients, and --of is about them"),
        (["--upstream", "x"], "error: --upstream x: expected numbers, such as"),
        (["--only", "w9"], "error: net.yaml has no node w9. Did you mean w"),
        (["--of", "zz"], "error: net.yaml has no node zz"),
        (["-o", "a.xyz"], "error: -o a.xyz: the ending chooses the format"),
        (["-n", "y", "=", "w*x"], 'error: -n y: expected "NAME = FORMULA", got only "y"\n  Put the formula in quotes:'),
        (["w1"], "error: run takes a file that ends in .yaml, .yml or .json; w1 is none"),
        (["net"], "error: run takes a file that ends in .yaml, .yml or .json; net is none. Did you mean net.yaml?"),
        (["dJ/dw1"], "error: run takes a file that ends in .yaml, .yml or .json; dJ/dw1 is none\n  One "),
        (["net.yaml", "net.yaml"], "error: run takes one file, and got 2: net.yaml, net.yaml"),
        (["--example", "lecture", "net.yaml"], "error: --example lecture and net.yaml together"),
    ],
)
def test_slips(backprop, words, message):
    status, out, err = backprop("run", "-q", *words)
    if message:
        assert (status, out) == (2, "")
        assert err.startswith(message)
        assert "Traceback" not in err
    else:
        assert status == 0


def test_only_takes_names_in_every_way(backprop):
    expected = backprop("run", "-q", "--only", "w1", "--only", "J")
    assert expected[0] == 0
    assert [line.split()[0] for line in expected[1].splitlines() if line.startswith(("  w1", "  J"))] == ["w1", "J"]
    assert backprop("run", "-q", "--only", "w1,J") == expected
    assert backprop("run", "-q", "--only", "w1", "J") == expected
    assert backprop("run", "-q", "net.yaml", "--only", "w1", "J") == expected


def test_formats(backprop, folder):
    data = json.loads(backprop("run", "-q", "--format", "json")[1])
    assert data["format"] == "backprop.run/1"
    assert backprop("run", "-q", "-o", "a.json") == (0, "", "")
    assert json.loads((folder / "a.json").read_text()) == data
    assert backprop("run", "-q", "--format", "csv")[1].startswith("name,kind,formula,index,value,gradient\nx,input,")
    assert "| `w1` | parameter" in backprop("run", "-q", "--format", "markdown")[1]
    assert backprop("run", "-q", "-o", "a.txt") == (0, "", "")
    assert (folder / "a.txt").read_text(encoding="utf-8") == TABLE


def test_colour(backprop, monkeypatch):
    assert "\x1b[" in backprop("run", "-q", "--color", "always")[1]
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in backprop("run", "-q")[1]
    assert "\x1b[" not in backprop("run", "-q", "--color", "never")[1]
    assert backprop("run", "-q", "nothing.yaml")[2].startswith("\x1b[1;31merror:\x1b[0m ")
    monkeypatch.setenv("NO_COLOR", "1")
    assert backprop("run", "-q") == (0, TABLE, "")


def test_values_only(backprop):
    status, out, _ = backprop("run", "-p", "w=[1, 2]", "-n", "y = w*2", "--forward")
    assert status == 0
    assert "dy/d(name)" not in out
    assert "2  4" in out


def test_other_losses(backprop):
    assert "da2/d(name)" in backprop("run", "-q", "--of", "a2")[1]
    words = ["run", "-q", "-p", "w=[1, 2]", "-n", "y = w**2", "--get", "dy/dw"]
    assert backprop(*words, "--upstream", "1,10")[1] == "[2, 40]\n"
    assert backprop(*words, "--upstream", "[1, 1]")[1] == "[2, 4]\n"
    assert backprop(*words, "--upstream", "2")[1] == "[4, 8]\n"
    status, _, err = backprop(*words)
    assert status == 2
    assert err.startswith("error: y has shape (2,), and gradients need one number")


def test_expand_and_all(backprop):
    out = backprop("run", "-q", "--expand", "--all")[1]
    assert "  J.1    a2 - y " in out
    assert "  x      input                 1         12" in out or "12" in out


def test_infinity_is_marked_and_explained(backprop):
    status, out, err = backprop("run", "-p", "v=0", "-n", "J = sqrt(v)")
    assert status == 0
    assert "Infinity   ◀ Infinity starts here" in out
    assert err.startswith("note: dJ/dv is the first gradient that is not finite: Infinity, through J = sqrt(v)")


def test_single_precision(backprop):
    out = backprop("run", "-q", "-p", "w=0.1", "-n", "J = w", "--dtype", "float32", "--get", "J")[1]
    assert float(out) == pytest.approx(0.1)
    assert float(out) != 0.1


@pytest.mark.parametrize(
    ("wanted", "printed"),
    [
        ("dz1[0]/dW1", "[[0.5, 0], [1, 0]]"),
        ("dz1[1]/dW1[0, 1]", "0.5"),
        ("dz1[1]/dW1[:, 1]", "[0.5, 1]"),
        ("W1[0][1]", "2"),
        ("W1[1:, 0]", "[3]"),
        ("dJ/dW1[-1]", "[7, 10]"),
    ],
)
def test_an_entry_of_a_node_can_be_asked_for(backprop, wanted, printed):
    network = ("run", "-q", "-i", "x=[0.5, 1]", "-p", "W1=[[1, 2], [3, 4]]")
    network += ("-n", "z1 = x @ W1", "-n", "J = sum(z1**2)")
    assert backprop(*network, "--get", wanted) == (0, printed + "\n", "")


def test_one_entry_is_differentiated(backprop):
    network = ("run", "-q", "-i", "x=[0.5, 1]", "-p", "W=[[1, 2], [3, 4]]", "-n", "z = x @ W")
    out = backprop(*network, "--of", "z[1]", "--only", "W")[1]
    assert out.startswith("the command line   z[1] = 5\n")
    assert "dz[1]/d(name)" in out
    assert "0  0.5\n" in out
    said = "error: z[2] is no entry: z has shape (2,), its indices go from [0] to [1]\n"
    assert backprop(*network, "--of", "z[2]")[2] == said
    assert backprop(*network, "--of", "z[0]", "--upstream", "1,1")[0] == 2


def test_get_as_an_object(backprop):
    words = ("run", "-q", "-p", "w=3", "-n", "J = w**2", "--get", "J", "--get", "dJ/dw", "--format", "json")
    assert json.loads(backprop(*words)[1]) == {"J": 9.0, "dJ/dw": 6.0}


def test_steps_in_markdown_are_a_block(backprop):
    out = backprop("run", "-q", "--steps", "--format", "markdown")[1]
    assert out.startswith("```text\n")
    assert out.endswith("\n```\n")


def test_a_title_stands_above_everything(backprop, folder):
    (folder / "t.yaml").write_text("title: Two \x41 terms\nparameters: {w: 2}\nnodes: {J: w**2}\n")
    assert backprop("run", "t.yaml")[1].startswith("Two A terms\nt.yaml   J = 4\n\n")
    assert backprop("run", "t.yaml", "--steps")[1].startswith("Two A terms\nt.yaml   J = 4\n\n")
    assert backprop("check", "t.yaml")[1].startswith("Two A terms\nt.yaml   1 of 1 gradients is right")
    assert backprop("run", "t.yaml", "--format", "markdown")[1].startswith("## Two A terms\n\nt.yaml   J = 4\n\n")


def test_the_indices_of_a_layers_weights_are_explained(backprop):
    out = backprop(
        "run",
        "-q",
        "-i",
        "x=[0.5, 1]",
        "-t",
        "y=[1, 1]",
        "-l",
        "dense(2, W=[[1, 2], [3, 4]], b=[0, 0])",
        "--loss",
        "squared_error",
    )[1]
    assert out.partition("\n")[0].endswith("   [i, j]: from input i to unit j, from 0")


def test_expanded_steps_are_written_as_their_author_wrote_them(backprop):
    formula = "J = sum((w * c).sum(axis=0)) + np.sum(c, 1)[0] + sum(sum(c))"
    data = ("-i", "c=[[1, 2], [3, 4]]", "-p", "w=2")
    out = backprop("run", "-q", *data, "-n", formula, "--expand", "--format", "csv")[1]
    formulas = {line.split(",")[2].strip('"') for line in out.splitlines()}
    assert {"J.1.sum(axis=0)", "sum(J.2)", "J.4[0]"} <= formulas
    assert "keepdims" not in out


def test_a_closed_standard_input_is_no_bug(backprop, monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    assert backprop("run", "-") == (2, "", "error: standard input is closed: there is nothing to read\n")


def test_steps_are_worked(backprop):
    out = backprop("run", "-q", "--steps")[1]
    assert "dJ/dw1 = dJ/dt1 · x" in out


def test_quantities():
    assert read("dJ/dW1[0, -2]") == ("dJ/dW1[0, -2]", "J", "W1", (0, -2), ())
    assert read("data") == ("data", None, "data", (), ())
    assert read("dz1[0]/dW1[1][2]") == ("dz1[0]/dW1[1][2]", "z1", "W1", (1, 2), (0,))
    assert read("dJ/dW1[:, 0]", slices=True).place == (slice(None), 0)
    for text in ("a/b", "dJ/", "/", "dJ/w", ""):
        with pytest.raises(UsageError):
            read(text)


def test_a_plain_run_imports_nothing_heavy(folder):
    import subprocess

    code = (
        "import sys; from backpropcli.app import main; status = main(['run', 'net.yaml', '-q']);"
        "print(sorted({'numpy', 'sympy', 'mpmath', 'rich', 'pydantic', 'asyncio'} & set(sys.modules)), status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == TABLE + "[] 0\n"


LOST = ["run", "-p", "x=1e-4", "-n", "J = (1 - cos(x)) / x**2"]


@pytest.mark.parametrize("more", [[], ["--get", "dJ/dx"], ["--steps"], ["--format", "json"]])
def test_a_gradient_that_float64_lost_is_told_on_stderr(capsys, more):
    assert main([*LOST, *more]) == 0
    err = capsys.readouterr().err
    assert "float64 has lost digits: dJ/dx = 4.4108e-5 should be -8.33333e-6." in err
    assert "2 * sin(x / 2)**2 for 1 - cos(x) keeps them" in err
    assert main([*LOST, *more, "-q"]) == 0
    assert capsys.readouterr().err == ""


def test_entries_that_are_lost_are_told_apart_from_those_that_are_kept(capsys):
    assert main(["run", "-p", "x=[1e-4, 2]", "-n", "J = sum((1 - cos(x)) / x**2)"]) == 0
    err = capsys.readouterr().err
    assert "dJ/dx[0]" in err
    assert "dJ/dx[1]" not in err


@pytest.mark.parametrize(
    "words",
    [
        ["-i", "x=0.1", "-p", "w=3", "-t", "y=0.3", "-n", "J = (w*x - y)**2"],  # fitted but for rounding
        ["-p", "x=0.5", "-n", "J = (1 - cos(x)) / x**2"],
        ["-p", "x=2", "-n", "J = (x - x)**2"],
        ["-p", "x=0.3", "-p", "y=2", "-n", "J = y*floor(x*10)"],
        ["-p", "x=[1, 2, 3]", "-n", "d = x - mean(x)", "-n", "J = sum(d)"],
        ["--example", "mazur"],
        ["--example", "batch"],
    ],
)
def test_nobody_cries_wolf(capsys, words):
    assert main(["run", *words]) == 0
    assert "lost" not in capsys.readouterr().err


@pytest.mark.parametrize("upstream", ["1" * 400, "[" * 5000, "[" + "1" * 400 + "]"])
def test_an_upstream_gradient_that_is_no_float_is_no_bug(upstream, capsys):
    assert main(["run", "-p", "w=2", "-n", "J = w**2", "--upstream", upstream]) in (0, 2)
    assert "bug" not in capsys.readouterr().err


def test_a_row_of_what_runs_through_time_is_shown_by_name(tmp_path, monkeypatch, capsys):
    from backpropcli.app import main

    monkeypatch.chdir(tmp_path)
    words = ["-p", "w=2", "-n", "h[0] = 1", "-n", "h[t <= 3] = w * h[t-1]", "-n", "J = sum(h)"]
    assert main(["run", *words, "--only", "h[2]", "--format", "csv"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["h[2],node,w * h[1],,4,3"]
    assert main(["run", *words, "--only", "h", "--format", "csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5
    assert main(["run", *words, "--only", "h[9]"]) == 2
    assert "has no node h[9]" in capsys.readouterr().err


def test_a_rule_of_what_runs_through_time_can_be_typed_back(capsys):
    from backpropcli.app import main

    words = ["-p", "w=2", "-n", "h[0] = 1", "-n", "h[n <= 3] = w * h[n-1]", "-n", "J = sum(h)"]
    for form in ("table", "markdown"):
        assert main(["run", *words, "--format", form]) == 0
        assert "h[n] = w * h[n-1]" in capsys.readouterr().out
    assert main(["run", *words, "--format", "csv"]) == 0
    assert "h,node,w * h[n-1],0,1,15" in capsys.readouterr().out
