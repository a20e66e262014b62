"""`backprop plot --log`: what a training wrote is what is seen, and a broken log says where it is broken."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from backpropcli.app import main
from backpropcli.language.data.log import read_log

HEADER = "update,epoch,lr,loss,accuracy,held_out_loss\n"


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    def write(text: str, name: str = "run.csv") -> str:
        (tmp_path / name).write_bytes(text.encode())
        return name

    return write


def rows(count: int) -> str:
    held = ["", "0.75"]
    return "".join(f"{k},{k // 2},0.1,{2 / k},{k / count},{held[k % 2 == 0]}\n" for k in range(1, count + 1))


def plotted(capsys: pytest.CaptureFixture[str], *words: str) -> dict:
    assert main(["plot", *words, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_losses_over_the_updates(log, capsys) -> None:
    found = plotted(capsys, "--log", log(HEADER + rows(10)))
    best, loss, held = found["series"]
    assert loss["x"] == list(range(1, 11))
    assert loss["y"] == [2 / k for k in range(1, 11)]
    assert (held["x"], held["y"]) == ([2, 4, 6, 8, 10], [0.75] * 5)
    assert best["label"] == "held_out_loss is lowest at update 2: 0.75"
    assert found["headline"] == "loss: 2 at update 1, 0.2 at update 10"
    assert (found["x"]["label"], found["y"]["label"], found["y"]["log"]) == ("update", "loss", False)


def test_two_curves_are_told_apart_without_colours(log, capsys) -> None:
    assert main(["plot", "--log", log(HEADER + rows(40))]) == 0
    text = capsys.readouterr().out
    assert "⠒⠒ loss, 0.05 in the end   ·· held_out_loss, 0.75 in the end" in text
    assert text.partition("└")[0].count("·") > 40


def test_json_lines_say_the_same(log, capsys) -> None:
    text = "".join(f'{{"update": {k}, "epoch": 0, "loss": {2 / k}}}\n' for k in range(1, 11))
    (loss,) = plotted(capsys, "--log", log(text, "run.jsonl"))["series"]
    assert loss["y"] == [2 / k for k in range(1, 11)]


def test_other_columns_by_name(log, capsys) -> None:
    name = log(HEADER + rows(10))
    accuracy, lr = plotted(capsys, "--log", name, "accuracy", "lr")["series"]
    assert (accuracy["label"], lr["label"]) == ("accuracy, 1 in the end", "lr, 0.1 in the end")
    assert main(["plot", "--log", name, "acuracy"]) == 2
    said = capsys.readouterr().err
    assert "run.csv has no acuracy. Did you mean accuracy?" in said
    assert "It has epoch, lr, loss, accuracy, held_out_loss." in said


def test_decades_are_drawn_on_a_logarithmic_scale_unless_told_otherwise(log, capsys) -> None:
    name = log("update,loss\n" + "".join(f"{k},{10.0**-k}\n" for k in range(1, 9)))
    assert plotted(capsys, "--log", name)["y"]["log"]
    assert not plotted(capsys, "--log", name, "--scale", "linear")["y"]["log"]
    assert main(["plot", "--log", name]) == 0
    text = capsys.readouterr().out
    assert "loss (logarithmic)" in text
    assert "1e-8" in text


def test_what_is_not_finite_is_a_gap_and_said(log, capsys) -> None:
    found = plotted(capsys, "--log", log("update,loss\n1,2\n2,NaN\n3,Infinity\n4,1\n"))
    assert found["notes"] == ["loss is not finite at 2 of 4 updates, first at 2."]
    assert found["series"][0]["y"] == [2, "NaN", "Infinity", 1]


@pytest.mark.parametrize("torn", ["11,5,0.1,0.", "11,5", "11,5,0.1,0.18,1,0.75", '"'])
def test_a_torn_last_line_is_left_out_and_said(log, capsys, torn: str) -> None:
    found = plotted(capsys, "--log", log(HEADER + rows(10) + torn))
    assert found["notes"] == ["The log's last line is not finished, and left out."]
    assert len(found["series"][1]["x"]) == 10


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("", "run.csv", "run.csv is no log of a training"),
        ("x,y\n1,2\n", "run.csv", "run.csv is no log of a training"),
        ("update\n1\n", "run.csv", "run.csv is no log of a training"),
        ("update,loss,loss\n1,2,3\n", "run.csv", "run.csv is no log of a training"),
        (HEADER, "run.csv", "run.csv has no rows"),
        ("update,loss\n1,2\n2\n", "run.csv", "1 cells here, 2 in the first line\n  run.csv:3:1\n"),
        ("update,loss\n1,2\n2,secret\n", "run.csv", "this is no row of numbers\n  run.csv:3:1\n"),
        ("update,loss\n1,\xff\n", "run.txt", "run.txt: a log ends in .csv or .jsonl"),
        ('{"update": 1, "loss": "x"}\n', "run.jsonl", "this is no row of numbers\n  run.jsonl:1:1\n"),
        ('{"loss": 1}\n', "run.jsonl", "run.jsonl is no log of a training"),
        ("[1, 2]\n", "run.jsonl", "this is no row of numbers\n  run.jsonl:1:1\n"),
        ("{\n", "run.jsonl", "this is no row of numbers\n  run.jsonl:1:1\n"),
        ("[" * 100_000 + "\n", "run.jsonl", "this is no row of numbers\n  run.jsonl:1:1\n"),
        ("7\n", "run.ndjson", "this is no row of numbers\n  run.ndjson:1:1\n"),
    ],
)
def test_what_is_no_log_is_said_with_its_place(log, capsys, text: str, name: str, message: str) -> None:
    assert main(["plot", "--log", log(text, name)]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert "secret" not in said


def test_options_that_have_no_place(log, capsys) -> None:
    name = log(HEADER + rows(4))
    for words, message in (
        (["--from", "1"], "--from has no place in the plot of a log"),
        (["--of", "J"], "--of has no place in the plot of a log"),
        (["net.yaml"], "--log run.csv and net.yaml together"),
        (["--example", "lecture"], "--example has no place in the plot of a log"),
        (["--fit"], "--fit and --log together"),
    ):
        assert main(["plot", "--log", name, *words]) == 2
        assert message in capsys.readouterr().err


def test_a_log_is_never_written_over(log, capsys) -> None:
    name = log(HEADER + rows(4))
    assert main(["plot", "--log", name, "-o", name]) == 2
    assert "was read: it is not written over" in capsys.readouterr().err


def test_hostile_columns_do_nothing(log, capsys) -> None:
    name = log("update,\x1b[2Jloss,::error::x\n1,2,3\n2,3,4\n")
    for form in ("terminal", "csv", "markdown"):
        assert main(["plot", "--log", name, "--format", form]) == 0
        text = capsys.readouterr().out
        assert "\x1b" not in text
        assert main(["plot", "--log", name, "::error::x", "--format", form]) == 0
        assert not any(line.strip().startswith("::") for line in capsys.readouterr().out.splitlines())


@pytest.mark.slow
def test_a_million_updates_keep_their_one_peak(log, capsys) -> None:
    lines = [f"{k},{1 + 8 * (k == 654_321)}\n" for k in range(1, 1_000_001)]
    name = log("update,loss\n" + "".join(lines))
    assert len(read_log(name).columns["loss"].numbers) == 1_000_000
    assert main(["plot", "--log", name]) == 0
    picture = capsys.readouterr().out.splitlines()
    assert math.isclose(
        picture[4].index("⡇") if "⡇" in picture[4] else picture[4].index("⢸"), 6 + 0.654 * 73, abs_tol=2
    )
