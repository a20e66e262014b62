"""`backprop plot`: what is seen is what the network's numbers are."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import backpropcli as bp
from backpropcli.app import main

BRAILLE = re.compile("[\u2801-\u28ff]")


def plot(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["plot", *words]) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["plot", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def data(capsys: pytest.CaptureFixture[str], *words: str) -> dict:
    return json.loads(plot(capsys, *words, "--format", "json"))


LECTURE = ("--example", "lecture")


def test_the_lectures_loss_along_w1(capsys: pytest.CaptureFixture[str]) -> None:
    text = plot(capsys, *LECTURE, "w1")
    lines = text.splitlines()
    assert lines[0] == "lecture.yaml   J against w1: dJ/dw1 = 6 at w1 = 2"
    assert lines[-1] == "  ⠒⠒ J   ·· the tangent, whose slope is dJ/dw1 = 6   ◆ w1 = 2, J = 2"
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in text
    row = next(line for line in lines if "◆" in line and "┤" not in line and "│" in line)
    assert row.index("◆") - row.index("│") == pytest.approx(73 / 2 + 1, abs=2), "in the middle of 0 to 4"


def test_its_numbers_are_the_networks_own(capsys: pytest.CaptureFixture[str]) -> None:
    found = data(capsys, *LECTURE, "w1", "--from", "-2", "--to", "3")
    curve, tangent = (s for s in found["series"] if s["kind"] == "line")
    assert (found["format"], found["plot"], found["spec"]) == ("backprop.plot/1", "slice", "lecture.yaml")
    assert (curve["x"][0], curve["x"][-1]) == (-2, 3)
    for w1, loss in list(zip(curve["x"], curve["y"], strict=True))[::20]:
        a1 = max(w1, 0)
        assert loss == pytest.approx((max(3 * a1 + 1, 0) - 5) ** 2 / 2, abs=1e-12)
    for w1, height in zip(tangent["x"], tangent["y"], strict=True):
        assert height == pytest.approx(2 + 6 * (w1 - 2), abs=1e-12)
    point = next(s for s in found["series"] if s["kind"] == "points")
    assert (point["x"], point["y"]) == ([2.0], [2.0])


def test_a_map_is_the_loss_over_two_numbers_with_the_way_down(capsys: pytest.CaptureFixture[str]) -> None:
    found = data(capsys, *LECTURE, "w1", "w2", "--from", "0,1", "--to", "4,5")
    heights = next(s for s in found["series"] if s["kind"] == "contours")
    for row, w2 in list(enumerate(heights["y"]))[::10]:
        for column, w1 in list(enumerate(heights["x"]))[::10]:
            assert heights["z"][row][column] == pytest.approx((w1 * w2 + 1 - 5) ** 2 / 2, abs=1e-12)
    arrow = next(s for s in found["series"] if s["kind"] == "arrow")
    steps = arrow["x"][1] - 2, arrow["y"][1] - 3
    assert steps[0] < 0
    assert steps[0] / steps[1] == pytest.approx(6 / 4)
    assert found["notes"] == ["J depends on 2 parameters more, which are held at the point on this map."]


def test_a_map_in_the_terminal_has_contours_their_values_the_point_and_the_arrow(capsys) -> None:
    text = plot(capsys, *LECTURE, "w1", "w2")
    picture = text.partition("└")[0]
    assert {"0.5", "1", "10", "50"} <= set(re.findall(r"\d+(?:\.\d+)?", picture))
    assert "◆" in picture
    assert "←" in picture
    assert len(BRAILLE.findall(picture)) > 300


def test_ascii_is_ascii_and_shows_bands(capsys: pytest.CaptureFixture[str]) -> None:
    for names in (("w1",), ("w1", "w2")):
        text = plot(capsys, *LECTURE, *names, "--ascii")
        assert text.isascii()
        assert max(map(len, text.splitlines())) <= 80
    found = re.search(r"0 2 J: 0 below 0\.5, 2 from 1 to 2, 4 from 5 to 10", text)
    assert found, text
    assert "0000" in text


def test_entries_inputs_and_other_nodes(capsys: pytest.CaptureFixture[str]) -> None:
    matrix = ("-p", "W=[[1, 2], [3, 4]]", "-n", "J = sum(W**2)")
    assert "J against W[0, 1]: dJ/dW[0, 1] = 4 at W[0, 1] = 2" in plot(capsys, *matrix, "W[0,1]")
    assert "J against W[1, 0]: dJ/dW[1, 0] = 6" in plot(capsys, *matrix, "W[-1, 0]")
    assert "J over W[0, 0] and W[1, 1]" in plot(capsys, *matrix, "W[0,0]", "W[1,1]")
    assert "J against x[2]: dJ/dx[2] = " in plot(capsys, "--example", "batch", "x[2]")
    assert "a2 against w2: da2/dw2 = 2 at w2 = 3" in plot(capsys, *LECTURE, "w2", "--of", "a2")
    assert "J against x: dJ/dx = 12 at x = 1" in plot(capsys, *LECTURE, "x")
    assert "J against z1" in plot(capsys, *LECTURE, "z1")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "plot takes one name, or two for a map"),
        (("w1", "w2", "b1"), "plot takes one name, or two for a map, and got 3: w1 w2 b1"),
        (("w9",), "lecture.yaml has no node w9. Did you mean w2?"),
        (("w1", "w1"), "w1 twice"),
        (("dJ/dw1",), "plot dJ/dw1: a plot is against a value"),
        (("J",), "J against itself is a straight line"),
        (("w1[0]",), "there is no w1[0]: w1 is one number"),
        (("w1", "--from", "3", "--to", "1"), "from 3 to 1 there is nothing to see"),
        (("w1", "--from", "2", "--to", "2"), "from 2 to 2 there is nothing to see"),
        (("w1", "--from", "a"), "--from a: expected a number"),
        (("w1", "--from", "0,1"), "--from has 2 numbers for one axis"),
        (("w1", "w2", "--to", "4"), "--to has 1 numbers for two axes"),
        (("w1", "--scale", "lin"), "--scale lin: expected linear or log"),
        (("w1", "--width", "5"), "--width 5: expected a whole number from 30 to 120"),
        (("w1", "--ascii", "--format", "json"), "--ascii is for the terminal, and this is json"),
        (("w1", "--format", "dot"), "plot has no dot"),
        (("w1", "-o", "x.html"), "-o x.html: the ending chooses the format"),
    ],
)
def test_what_cannot_be_plotted_is_said(capsys: pytest.CaptureFixture[str], words, message: str) -> None:
    assert message in refused(capsys, *LECTURE, *words)


def test_a_corner_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    text = plot(capsys, "-p", "z=0", "-n", "J = relu(z)", "z")
    assert text.endswith("\n  J has a corner there: its slope is 0 on the left and 1 on the right.\n")
    assert "corner" not in plot(capsys, "-p", "z=0.5", "-n", "J = relu(z)", "z")


def test_a_class_number_is_no_axis(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("-i", "x=[1, 2, 0.5]", "-t", "y=2", "-p", "w=1", "-n", "J = cross_entropy(w * x, y)", "y")
    assert "y is a class number" in refused(capsys, *words)


def test_a_loss_that_is_an_array_is_no_height(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("inputs: {x: [1, 2]}\nparameters: {w: 1}\nnodes:\n  z: w * x\n", encoding="utf-8")
    said = refused(capsys, str(tmp_path / "a.yaml"), "w")
    assert "z has shape (2,), and a height is one number" in said
    assert "a.yaml:4:" in said
    assert "-n 'J = sum(z)'" in said
    assert main(["plot", str(tmp_path / "a.yaml"), "-n", "J = sum(z)", "w", "--loss", "J"]) == 0


def test_an_array_needs_an_entry(capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, "-p", "W=[[1, 2], [3, 4]]", "-n", "J = sum(W**2)", "W")
    assert "W has shape (2,2): a plot is about one number" in said
    assert "Name an entry, such as W[0, 0]" in said


def test_what_is_not_finite_is_a_gap_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("-p", "w=1", "-n", "J = log(w)", "w", "--from", "-1", "--to", "2")
    found = data(capsys, *words)
    assert re.fullmatch(
        r"J is not finite at 81 of 241 places, from w = -1 to 0: there is no curve\.", found["notes"][0]
    )
    assert found["series"][1]["y"][0] == "NaN"
    picture = plot(capsys, *words)
    drawn = [match.start() for line in picture.splitlines() for match in BRAILLE.finditer(line) if "│" in line]
    assert min(drawn) > 25


def test_a_loss_that_never_is_finite_is_still_a_picture(capsys: pytest.CaptureFixture[str]) -> None:
    text = plot(capsys, "-p", "w=-1", "-n", "J = log(w)", "w", "--from", "-3", "--to", "-1")
    assert "J is not finite everywhere, from w = -3 to -1" in text


def test_a_constant_loss_and_a_loss_that_does_not_depend(capsys: pytest.CaptureFixture[str]) -> None:
    assert "J is 3 all along." in plot(capsys, "-p", "w=1", "-n", "J = 3 + 0*w", "w")
    text = plot(capsys, "-p", "w=1", "-p", "v=1", "-n", "J = v**2", "w")
    assert "J does not depend on w." in text
    text = plot(capsys, "-p", "w=1", "-p", "v=1", "-n", "J = v**2", "w", "v")
    assert "J does not depend on w." in text
    assert "there are no contours" in plot(capsys, "-p", "w=1", "-p", "v=1", "-n", "J = 0*v*w", "w", "v")


@pytest.mark.parametrize(
    ("value", "formula", "low", "high"),
    [
        ("2", "(w - 1)**2", 0, 4),  # bends as much as it falls at 2 (w - 1)
        ("0", "w**2", -1, 1),  # the minimum itself
        ("1e-8", "(w - 1)**2", -2, 2),
        ("-3", "relu(w)", -9, 3),  # flat here: as far as the corner
        ("1000", "(w - 1000)**2", 0, 2000),
        ("1", "3*w", 0, 2),  # never bends
        ("1e300", "w", 0, 2e300),
    ],
)
def test_a_range_is_as_wide_as_the_loss_takes_to_bend(
    capsys, value: str, formula: str, low: float, high: float
) -> None:
    found = data(capsys, "-p", f"w={value}", "-n", f"J = {formula}", "w")
    assert (found["x"]["low"], found["x"]["high"]) == (pytest.approx(low, abs=1e-7), pytest.approx(high, abs=1e-7))


def test_huge_ranges_and_a_logarithmic_scale(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("-p", "w=1", "-n", "J = exp(w)", "w", "--from", "-20", "--to", "20")
    text = plot(capsys, *words, "--scale", "log")
    assert all(f"1e{k} ┤" in text for k in (-8, 8))
    columns = [m.start() for line in text.splitlines()[3:22] for m in [BRAILLE.search(line)] if m]
    assert columns == sorted(columns, reverse=True), "exp is straight"
    assert main(["plot", *words[:-4], "--from", "-1e308", "--to", "1e308"]) == 0
    assert "not finite" in capsys.readouterr().out
    assert "a logarithmic scale has no place for it" in plot(capsys, "-p", "w=1", "-n", "J = w", "w", "--scale", "log")


def test_the_curve_of_an_entry_moves_that_entry(capsys: pytest.CaptureFixture[str]) -> None:
    found = data(capsys, "-p", "W=[[1, 2], [3, 4]]", "-n", "J = sum(W * [[1, 10], [100, 1000]])", "W[0,1]")
    curve = next(s for s in found["series"] if s["kind"] == "line")
    for place, loss in zip(curve["x"], curve["y"], strict=True):
        assert loss == pytest.approx(1 + 10 * place + 300 + 4000)


def test_a_point_outside_is_not_drawn_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    found = data(capsys, *LECTURE, "w1", "--from", "3", "--to", "5")
    assert [s["label"] for s in found["series"]] == ["J"]
    assert found["notes"] == ["w1 = 2 is outside: there is no point and no tangent."]


def test_contours_are_round_and_inside(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("-p", "u=0", "-p", "v=1", "-n", "J = u + 2*v", "u", "v", "--from", "-1,-1", "--to", "1,1")
    heights = next(s for s in data(capsys, *words)["series"] if s["kind"] == "contours")
    assert heights["levels"] == [-2, -1, 0, 1, 2]
    words = ("-p", "u=0", "-p", "v=1", "-n", "J = u + 2*v + 10", "u", "v", "--from", "-1,-1", "--to", "1,1")
    heights = next(s for s in data(capsys, *words)["series"] if s["kind"] == "contours")
    assert heights["levels"] == [8, 9, 10, 11, 12]


def test_colours_come_only_where_they_are_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    plain, coloured = plot(capsys, *LECTURE, "w1"), plot(capsys, *LECTURE, "w1", "--color", "always")
    assert all("\x1b[36m" in line for line in coloured.splitlines()[3:10]), "the curve"
    assert "\x1b[35m····" in coloured, "the tangent"
    assert re.sub(r"\x1b\[\d*m", "", coloured) == plain


def test_hostile_names_do_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    spec = tmp_path / "::error::x.yaml"
    spec.write_text("parameters: {w: 1}\nnodes: {J: w**2}\n", encoding="utf-8")
    for form in ("terminal", "json", "csv", "markdown", "svg"):
        text = plot(capsys, str(spec), "w", "--format", form)
        assert not re.search(r"^\s*::", text, re.M)


def test_csv_and_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    lines = plot(capsys, *LECTURE, "w1", "--format", "csv").splitlines()
    assert lines[:2] == ["series,kind,x,y,z", '"w1 = 2, J = 2",points,2,2,']
    assert lines[2] == "J,line,0,8,"
    assert len(lines) == 2 + 2 * 241
    text = plot(capsys, *LECTURE, "w1", "--format", "markdown")
    assert text == f"```text\n{plot(capsys, *LECTURE, 'w1')}```\n"


# Files, by matplotlib.


@pytest.mark.parametrize(("form", "begins"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_files_are_the_same_every_time(tmp_path: Path, form: str, begins: bytes) -> None:
    pytest.importorskip("matplotlib")
    contents = []
    for k in range(2):
        path = tmp_path / f"{k}.{form}"
        assert main(["plot", *LECTURE, "w1", "w2", "-o", str(path)]) == 0
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]
    assert contents[0].startswith(begins)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"0.{form}", f"1.{form}"]
    for word in (b"Date", b"matplotlib.org", b"Matplotlib v"):
        assert word not in contents[0] or form == "svg"


@pytest.mark.parametrize(
    "words",
    [
        ("J = w", "w", "--from", "-1e308", "--to", "1e308"),
        ("J = exp(exp(w))", "w", "--from", "0", "--to", "7", "--scale", "log"),
        ("J = log(w)", "w", "--from", "-3", "--to", "-1"),
        ("J = w*1e-320", "w", "--from", "0", "--to", "1e-3"),
        ("J = exp(700*w*w)", "w", "v", "--scale", "log"),
    ],
)
def test_extremes_are_drawn_by_matplotlib_too(tmp_path: Path, words: tuple[str, ...]) -> None:
    pytest.importorskip("matplotlib")
    assert main(["plot", "-p", "w=1", "-p", "v=1", "-n", *words, "-o", str(tmp_path / "a.svg")]) == 0
    assert (tmp_path / "a.svg").read_text(encoding="utf-8").count("<path") > 3


def test_an_svg_says_what_the_terminal_says(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "a.svg"
    assert main(["plot", "-p", "w_1=1", "-n", "J = w_1**2 + exp(0*w_1)", "w_1", "-o", str(path)]) == 0
    text = path.read_text(encoding="utf-8")
    assert "J against w_1: dJ/dw_1 = 2 at w_1 = 1" in text, "no formula of TeX"
    assert "<dc:date>" not in text


def test_without_matplotlib_the_extra_is_named(monkeypatch, capsys, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["plot", *LECTURE, "w1", "-o", str(tmp_path / "a.png")]) == 2
    said = capsys.readouterr().err
    assert "drawn by matplotlib, which is not installed" in said
    assert "pip install 'backpropcli[plot]'" in said
    assert not list(tmp_path.iterdir())
    assert main(["plot", *LECTURE, "w1"]) == 0
    found = bp.loads("parameters: {w: 3}\nnodes: {J: w**2}").plot("w")
    assert found._repr_svg_() is None
    assert found._repr_markdown_().startswith("```text\n")


def drawn(folder: Path, name: str, **environment: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "backpropcli", "plot", *LECTURE, "w1", "w2", "-o", str(folder / name)]
    given = {**os.environ, **environment}
    return subprocess.run(words, capture_output=True, text=True, timeout=60, env=given, check=False)


@pytest.mark.slow
def test_a_file_knows_nothing_of_who_made_it(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "matplotlibrc").write_text("axes.facecolor: red\nfont.size: 30\n", encoding="utf-8")
    first = drawn(tmp_path, "a.svg", PYTHONHASHSEED="1", MPLCONFIGDIR=str(tmp_path), SOURCE_DATE_EPOCH="")
    second = drawn(tmp_path, "b.svg", PYTHONHASHSEED="2", MPLCONFIGDIR=str(tmp_path / "nowhere"), HOME="/nonexistent")
    assert (first.returncode, first.stderr, second.returncode, second.stderr) == (0, "", 0, "")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    third = drawn(tmp_path, "c.svg", MPLBACKEND="nonsense")
    assert third.returncode == 2
    assert "error: matplotlib cannot be loaded" in third.stderr
    assert not (tmp_path / "c.svg").exists()


def test_a_notebook_shows_a_drawing() -> None:
    pytest.importorskip("matplotlib")
    found = bp.loads("parameters: {w: 3}\nnodes: {J: w**2}").plot("w")
    assert "<svg" in (found._repr_svg_() or "")


def test_a_terminal_plot_imports_no_matplotlib() -> None:
    code = "import sys\nfrom backpropcli.app import main\nmain(['plot', '--example', 'lecture', 'w1'])\n"
    code += "assert 'matplotlib' not in sys.modules and 'sympy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)


def test_a_path_is_drawn_over_the_map_which_is_made_wide_enough() -> None:
    network = bp.loads("parameters: {u: 1, v: 1}\nnodes: {J: u**2 + v**2}")
    path = [(1.0, 1.0), (0.5, -3.0), (9.0, 0.0)]
    shown = network.plot("u", "v", path=path).shown
    assert (shown.x.low, shown.x.high) == (-1.0, 9.0)
    assert (shown.y.low, shown.y.high) == (-3.0, 3.0)
    assert (list(shown.lines[0].x), list(shown.lines[0].y)) == ([1.0, 0.5, 9.0], [1.0, -3.0, 0.0])
    assert shown.lines[0].label == "the path of 2 updates"
    assert not shown.notes
    text = str(network.plot("u", "v", path=path))
    assert text.partition("└")[0].count("•") > 40
    assert "○ its end: u = 9, v = 0" in text


def test_a_path_that_runs_away_is_said_to() -> None:
    network = bp.loads("parameters: {u: 1, v: 1}\nnodes: {J: u**2 + v**2}")
    path = [(1.0, 1.0), (1.5, 1.0), (1e9, 1.0), (math.nan, math.inf)]
    shown = network.plot("u", "v", path=path).shown
    assert shown.x.high == 3.0
    assert shown.notes[0] == "The path leaves the map at update 2."
    assert "•" in str(network.plot("u", "v", path=path))


def test_in_python() -> None:
    network = bp.loads("parameters: {w: 3, v: 2}\nnodes: {J: (w - 1)**2 + v**4}")
    found = network.plot("w", ranges=[(0.0, None)])
    assert found.shown.x.low == 0.0
    assert "dJ/dw = 4" in str(found)
    assert found.text("csv").startswith("series,kind,x,y,z\n")
    assert math.isclose(network.plot("w", "v").shown.contours[0].z[0][0], 1 + 0.0 + 0.0, rel_tol=100)
    with pytest.raises(bp.BackpropError):
        network.plot("q")
    with pytest.raises(bp.BackpropError, match="one name or two"):
        network.plot()
