"""`backprop check`, `new` and `ops`, as users type them."""

import json

import pytest

from backpropcli.app import main


@pytest.fixture
def backprop(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def call(*words):
        status = main(list(words))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def test_new_writes_the_lecture_and_never_over_it(backprop, tmp_path):
    assert backprop("new") == (0, "", "wrote net.yaml. Now: backprop run\n")
    text = (tmp_path / "net.yaml").read_text()
    assert text.startswith("# The network of the lecture")
    (tmp_path / "net.yaml").write_text("mine")
    status, _, err = backprop("new")
    assert status == 2
    assert err.startswith("error: net.yaml is there already, and was left alone\n")
    assert (tmp_path / "net.yaml").read_text() == "mine"
    assert backprop("new", "--force", "-q") == (0, "", "")
    assert (tmp_path / "net.yaml").read_text() == text
    assert backprop("new", "lesson.yaml")[2] == "wrote lesson.yaml. Now: backprop run lesson.yaml\n"
    assert "Did you mean backprop new lesson.yaml?" in backprop("new", "lesson")[2]
    assert backprop("run", "-q", "--get", "dJ/dw1")[1] == "6\n"


def test_new_of_either_form(backprop, tmp_path):
    assert backprop("new", "a.yaml", "--form", "nodes", "-q")[0] == 0
    assert backprop("new", "b.yaml", "--form", "layers") == (0, "", "wrote b.yaml. Now: backprop run b.yaml\n")
    assert "nodes:" in (tmp_path / "a.yaml").read_text()
    assert "layers:\n  # " in (tmp_path / "b.yaml").read_text()
    for file in ("a.yaml", "b.yaml"):
        assert backprop("run", file, "-q", "--get", "dJ/dw1")[1] == "6\n"
    assert backprop("new", "b.yaml", "--form", "nodes")[0] == 2
    assert backprop("new", "c.yaml", "--form", "layer")[2] == (
        "error: --form layer: expected nodes or layers. Did you mean layers?\n"
    )
    assert backprop("new", "c.yaml", "--form", "nodes", "--example", "lecture")[0] == 2


def test_check_says_so_and_exits_with_it(backprop):
    status, out, err = backprop("check", "--example", "lecture")
    assert (status, err) == (0, "")
    assert out.startswith("lecture.yaml   4 of 4 gradients are right (a mistake above 0.0001 % would show)\n\n  grad")
    status, out, _ = backprop("check", "--example", "lecture", "--expect", "dJ/dw1=18")
    assert status == 1
    assert out.startswith("lecture.yaml   1 of 1 expected numbers is wrong\n")
    assert "  dJ/dw1           18          6   6 ± " in out


def test_check_with_the_lectures_step(backprop):
    status, out, _ = backprop("check", "--example", "lecture", "--eps", "0.001", "--difference", "forward")
    assert status == 0
    assert out.startswith("lecture.yaml   slope = (J(p + 0.001) - J) / 0.001, with J = 2\n")
    assert "  dJ/dw1        2.0060045   6.0045 ± 0.0045          6   0.0045   pass\n" in out


def test_check_formats(backprop):
    data = json.loads(backprop("check", "--example", "lecture", "--format", "json")[1])
    assert data["format"] == "backprop.check/1"
    assert [p["name"] for p in data["parameters"]] == ["w1", "b1", "w2", "b2"]
    assert backprop("check", "--example", "lecture", "--format", "csv")[1].startswith("name,index,backprop,")
    assert backprop("check", "--example", "lecture", "--format", "markdown")[1].count("| pass") == 4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--eps", "0,001"], "error: --eps 0,001: decimals are written with a point: --eps 0.001"),
        (["--eps", "0"], "error: --eps 0: a step is greater than 0, such as --eps 0.001"),
        (["--difference", "centre"], "error: --difference centre: expected central, forward or backward"),
        (["--only", "q"], "error: lecture.yaml has no node q"),
        (["--of", "q"], "error: lecture.yaml has no node q"),
        (["--get", "J"], "error: no such option: --get\n  --get belongs to backprop run."),
    ],
)
def test_check_slips(backprop, words, message):
    status, out, err = backprop("check", "--example", "lecture", *words)
    assert (status, out) == (2, "")
    assert err.startswith(message)


def test_ops(backprop):
    status, out, err = backprop("ops")
    assert (status, err) == (0, "")
    assert "  sigmoid(z) " in out
    assert backprop("ops", "sigmoid")[1].startswith("sigmoid(z)   ")
    assert backprop("ops", "swish")[1].startswith("silu(z)   ")
    assert backprop("ops", "sigmod")[2].startswith("error: no such operation: sigmod. Did you mean sigmoid?\n")
    status, out, err = backprop("ops", "argsort")
    assert (status, out) == (2, "")
    assert "argsort" in err
    assert json.loads(backprop("ops", "tanh", "--format", "json")[1])["operations"][0]["name"] == "tanh"


def test_completion_knows_the_networks_names(tmp_path, monkeypatch):
    from types import SimpleNamespace

    from backpropcli.commands.options import complete_names, complete_quantities

    monkeypatch.chdir(tmp_path)
    context = SimpleNamespace(params={"example": "lecture"})
    assert complete_names(context, "w") == ["w1", "w2"]
    assert complete_names(context, "w1,b") == ["w1,b1", "w1,b2"]
    assert "dJ/dw1" in complete_quantities(context, "dJ")
    assert complete_names(SimpleNamespace(params={}), "w") == []
    assert complete_names(SimpleNamespace(params={"arguments": ["nothing.yaml"]}), "w") == []


@pytest.mark.parametrize(
    ("word", "first"),
    [
        ("np.tanh", "tanh(z)   "),
        ("+", "add(a, b)   "),
        ("@", "matmul(a, b)   "),
        ("**", "power(x, n)   "),
        ("torch.nn.functional.relu", "relu(z)   "),
    ],
)
def test_operations_are_found_as_people_write_them(backprop, word, first):
    assert backprop("ops", word)[1].startswith(first)


def test_several_operations(backprop):
    out = backprop("ops", "relu", "sigmoid")[1]
    assert out.startswith("relu(z)   ")
    assert "\n\nsigmoid(z)   " in out
    assert len(json.loads(backprop("ops", "relu", "+", "--format", "json")[1])["operations"]) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["ops", "squared_error"], "error: squared_error is a loss of the layers form, no operation\n"),
        (["ops", "mse"], "error: mse is a loss of the layers form, no operation\n"),
        (["ops", "he"], "error: he is an initialiser, no operation\n  As a value:  W: {he: [2, 3], seed: 0}\n"),
        (["new", "new.json"], "error: new.json: a starter file ends in .yaml. Did you mean backprop new new.yaml?\n"),
        (["new", ""], "error: new needs a name for the file, such as backprop new net.yaml\n"),
        (["new", "a.yaml", "b.yaml"], "error: new writes one file, and got 2: a.yaml, b.yaml\n"),
        (["--verison"], "error: no such option: --verison. Did you mean --version?\n"),
        (["--"], "error: -- stands before a command's arguments, and there is no command\n"),
    ],
)
def test_slips_of_the_other_commands(backprop, words, message):
    status, out, err = backprop(*words)
    assert (status, out) == (2, "")
    assert err.startswith(message)
