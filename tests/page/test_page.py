"""The page as text: self-contained, closed to strangers, an exercise without answers; its JavaScript in node."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import random
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import backpropcli as bp
from backpropcli.app import main
from backpropcli.errors import SpecError
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.tree import Call, Name
from backpropcli.notation import maths
from backpropcli.notation.formula import UNICODE, typeset
from backpropcli.notation.formula_html import Html, mathematics, minus, variable
from backpropcli.notation.maths import Maths, Said
from backpropcli.notation.numbers import Precision
from backpropcli.page import reading
from backpropcli.page.javascript import still
from backpropcli.page.lesson import Lesson
from backpropcli.page.page import embedded, piece
from backpropcli.page.size import MOST

ROOT = Path(__file__).parents[2]
MOST_NODES = MOST["nodes"]
LECTURE = ROOT / "examples" / "lecture.yaml"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="node is not on this machine")


class Parts(HTMLParser):
    """Every element with its attributes, and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[tuple[str, dict[str, str | None], str]] = []
        self._open: tuple[str, dict[str, str | None]] | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = (tag, dict(attrs))

    def handle_data(self, data: str) -> None:
        if self._open and self._open[0] in ("script", "style"):
            self.inside.append((*self._open, data))

    def handle_endtag(self, tag: str) -> None:
        self._open = None


def lesson_data(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="lesson">(.*?)</script>', html, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def made(exercise: bool = False, **options: Any) -> str:
    return bp.load(LECTURE).page(exercise=exercise, **options).html


@pytest.mark.parametrize("exercise", [False, True])
def test_it_loads_nothing_and_says_so(exercise: bool) -> None:
    html = made(exercise)
    parts = Parts(html)
    links = [
        (tag, key, value)
        for tag, attributes in parts.elements
        for key, value in attributes.items()
        if key in ("src", "href", "srcset", "action", "data", "poster", "xlink:href")
    ]
    assert links == [("link", "href", "data:,"), ("a", "href", "#below")]
    assert set(re.findall(r"\w+://[^\s\"'<)]+", html)) == {"http://www.w3.org/2000/svg"}  # a name, not an address
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|WebSocket|localStorage|eval\(|new Function", html)
    assert not [1 for _, attributes in parts.elements for key in attributes if key.startswith("on") or key == "style"]


@pytest.mark.parametrize("exercise", [False, True])
def test_the_policy_knows_the_one_script_and_the_one_style(exercise: bool) -> None:
    html = made(exercise)
    (policy,) = (a["content"] for t, a in Parts(html).elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        texts = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        assert len(texts) == 1
        digest = base64.b64encode(hashlib.sha256(texts[0].encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy


def test_it_is_small() -> None:
    assert len(made().encode()) < 90_000
    assert len(made(exercise=True).encode()) < 120_000  # with the engine's marking recorded


EVIL = "\"><script>alert(1)</script>--><img src=x onerror=alert(2)>'`</title></svg></style>${x}"


@pytest.mark.parametrize("exercise", [False, True])
def test_a_stranger_cannot_write_markup(exercise: bool) -> None:
    network = bp.loads(
        json.dumps(
            {
                "title": EVIL,
                "parameters": {"w": 2, "__proto__": 3, "constructor": 1},
                "nodes": {"J": "relu(w*__proto__ + constructor)**2"},
            }
        ),
        EVIL + ".json",
    )
    clean = bp.loads('{"title": "t", "parameters": {"w": 2, "p": 3, "c": 1}, "nodes": {"J": "relu(w*p + c)**2"}}')
    html = network.page(exercise=exercise).html
    assert tags(html) == tags(clean.page(exercise=exercise).html)
    assert "<script>alert" not in html
    assert "<img" not in html
    assert "-->" not in html.replace("&gt;", "")


def tags(html: str) -> list[str]:
    return [tag for tag, _ in Parts(html).elements if tag not in ("text", "tspan")]  # long names need more lines


def test_data_cannot_end_its_own_element() -> None:
    data = {"a": "</script><script>alert(1)</script><!-- &lt; \u2028"}
    text = embedded(Lesson(data, "", True, 0))
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == data


def test_a_title_cannot_reach_the_template() -> None:
    network = bp.loads('{"title": "$script $data ${x} $$", "parameters": {"w": 2}, "nodes": {"J": "w**2"}}')
    assert "<h1>$script $data ${x} $$</h1>" in network.page().html


def test_an_exercise_has_no_answers_in_its_source() -> None:
    text = (
        "inputs: {x: 1.25}\ntargets: {y: 5}\nparameters: {w1: 2.75, b1: 0.5, w2: 3.25, b2: 1}\n"
        "nodes:\n  t1: w1 * x\n  z1: t1 + b1\n  a1: relu(z1)\n  t2: w2 * a1\n  z2: t2 + b2\n  a2: relu(z2)\n"
        "  J: (a2 - y)**2 / 2\n"
    )
    network = bp.loads(text)
    trace, html = network.run(), network.page(exercise=True).html
    answers = [trace.value(n) for n in network.graph.names("node")]
    answers += [trace.gradient(n) for n in network.graph.names("node", "parameter") if n != "J"]
    shown = {form for a in answers for form in (repr(a), Precision().show(a), Precision(4).show(a))}
    body = re.sub(r'\b(?:x|y|cx|cy|width|height|rx|r|d|dy|font-size|transform|viewBox)="[^"]*"', "", html)
    assert not [a for a in shown if len(a) > 3 and re.search(rf"(?<![\d.]){re.escape(a)}(?![\d.])", body)]
    assert "<desc>" not in html
    spots = re.findall(r'class="(value|gradient)" data-name="(\w+)">([^<]*)<', html)
    assert len(spots) == 2 * (6 + 7 + 11)  # on the screen and on paper
    assert {t for kind, name, t in spots if kind == "gradient" or name in network.graph.names("node")} == {"____"}


def test_blanks_are_counted_in_the_order_of_the_two_passes() -> None:
    page = bp.load(LECTURE).page(exercise=True)
    assert page.blanks == 18
    steps = lesson_data(page.html)["steps"]
    assert [s["name"] for s in steps] == [
        "t1",
        "z1",
        "a1",
        "t2",
        "z2",
        "a2",
        "J",
        "J",
        "a2",
        "z2",
        "t2",
        "b2",
        "w2",
        "a1",
        "z1",
        "t1",
        "b1",
        "w1",
    ]
    assert [s["phase"] for s in steps] == ["value"] * 7 + ["gradient"] * 11


def asked(html: str) -> list[tuple[str, str]]:
    return [(step["phase"], step["name"]) for step in lesson_data(html)["steps"] if not step.get("unasked")]


def test_a_large_network_asks_as_many_blanks_as_the_quiz() -> None:
    network = bp.loads(f"parameters: {{w: 0.9, b: 0.1}}\nnodes:\n  a0: w\n{CHAIN}\nloss: a99")
    page = network.page(exercise=True)
    quiz = [("value" if question.stage is not None else "gradient", question.label) for question in network.quiz()]
    assert sorted(asked(page.html)) == sorted(quiz)
    assert (page.blanks, page.beyond) == (60, 142)


@pytest.mark.parametrize("shape", [[40, 3], [4, 5], [7, 3]])
def test_nothing_is_asked_for_that_nobody_can_work_out(shape: list[int]) -> None:
    """What a blank needs is asked for too, or given; an array that is too large by itself is given."""
    size = shape[0] * shape[1]
    network = bp.loads(
        f"inputs: {{x: {{ones: {shape}}}}}\nparameters: {{w: {{ones: [{shape[1]}]}}, c: 2}}\n"
        "nodes: {a: x*w, h: tanh(a), s: 'sum(h, axis=0)', t: s*c, d: a*a, J: sum(t) + sum(d)}"
    )
    page = network.page(exercise=True)
    data = lesson_data(page.html)
    known = {*asked(page.html), *map(tuple, data["given"])}
    assert (("value", "h") in asked(page.html)) == (size <= 30)
    assert ("value", "s") in asked(page.html)
    assert ("gradient", "c") in asked(page.html)
    for step in data["steps"]:
        if step.get("unasked"):
            continue
        if step["phase"] == "value":
            assert {("value", name) for name in step["inputs"]} <= known, step["name"]
        else:
            assert {("gradient", term["through"]) for term in step["terms"]} <= known, step["name"]
    assert page.blanks + page.beyond == sum(
        math.prod(step["at"][1]) if len(step["at"]) > 1 else 1 for step in data["steps"]
    )


@pytest.mark.parametrize(("expand", "most"), [(False, "10,000"), (True, "1,000")])
def test_a_formula_of_very_many_steps_is_refused_too(expand: bool, most: str) -> None:
    formula = " + ".join(["w * 2"] * 6_000)
    network = bp.loads(f"parameters: {{w: 2}}\nnodes: {{J: {formula} + w}}")
    with pytest.raises(SpecError, match=f"a page of 12,000 steps is more than a browser can show: {most} is the most"):
        network.page(expand=expand)


@pytest.mark.slow
def test_what_no_browser_can_open_is_refused_with_the_part_that_can_be_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lines = "".join(f"\n  a{k}: tanh(w*a{k - 1})" for k in range(1, 3 * MOST_NODES))
    (tmp_path / "long.yaml").write_text(f"parameters: {{w: 0.9}}\nnodes:\n  a0: w*w{lines}\n")
    assert main(["page", str(tmp_path / "long.yaml"), "-o", str(tmp_path / "x.html")]) == 2
    error = capsys.readouterr().err
    assert f"error: a page of {3 * MOST_NODES + 1:,} nodes is more than a browser can show: {MOST_NODES:,} is" in error
    part = re.search(r"--of (a\d+)", error)
    assert part is not None
    assert not (tmp_path / "x.html").exists()
    small = bp.loads(f"parameters: {{w: 0.9}}\nnodes:\n  a0: w*w{lines}").page(part[1]).html
    names = [node["name"] for node in lesson_data(small)["nodes"]]
    assert len(names) == MOST_NODES  # as many as there may be
    assert names[-1] == part[1]


CHAIN = "\n".join(f"  a{k}: tanh(w*a{k - 1} + b)" for k in range(1, 100))
LARGE = {
    "matrices": "inputs: {x: {ones: [50, 40]}}\nparameters: {W: {ones: [40, 30]}}\nnodes: {J: sum(tanh(x @ W))}",
    # Its local derivatives alone are too much.
    "a chain": f"inputs: {{x: 1}}\nparameters: {{w: 0.9, b: 0.1}}\nnodes:\n  a0: w*x\n{CHAIN}\nloss: a99",
}


@pytest.mark.parametrize("name", LARGE)
def test_a_large_network_stands_still(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backpropcli.page.lesson.MOST_RECORDED", 1_500)
    network = bp.loads(LARGE[name])
    page = network.page()
    assert not page.live
    assert lesson_data(page.html)["data"] == []


# The command.


def test_the_command_says_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "lesson.html"
    assert main(["page", str(LECTURE), "--exercise", "-o", str(target)]) == 0
    out, err = capsys.readouterr()
    size = round(target.stat().st_size / 1000)
    assert (out, err) == ("", f"wrote {target} (one file, {size} kB, needs no network): 18 blanks\n")
    assert main(["page", str(LECTURE), "-q"]) == 0
    assert capsys.readouterr().out.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "net.png"], "-o net.png: a page ends in .html. Did you mean -o net.html?"),
        (["-o", "-"], "-o -: without -o the page goes to standard output\n  backprop page "),
        (["-o", str(ROOT / "examples")], f"is a folder, not a file\n  Write -o {ROOT / 'examples' / 'net.html'}"),
        (["--seed", "3"], "--seed chooses the numbers of an exercise"),
        (["--exercise", "--seed", "x"], "--seed x: expected a whole number from 0 to 999999999"),
    ],
)
def test_the_command_explains_itself(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["page", str(LECTURE), *words]) == 2
    assert message in capsys.readouterr().err


# Formulas.


W1 = maths.gradient("J", "w1")
E = maths.times(UNICODE, maths.gradient("E", "net_h1"), maths.formula(parse("x**2"), UNICODE))
PRIME = maths.formula(Call("relu", (Name("z1"),), prime=True), UNICODE)


@pytest.mark.parametrize(
    ("formula", "html"),
    [
        ("w1 * x", "<i>w</i><sub>1</sub> · <i>x</i>"),
        (maths.formula(parse("2*(a2 - y)/2"), UNICODE), "2(<i>a</i><sub>2</sub> − <i>y</i>) / 2"),
        (maths.factor_of(parse("2*(a2 - y)/2"), UNICODE), "2(<i>a</i><sub>2</sub> − <i>y</i>)/2"),
        (W1, "d<i>J</i>/d<i>w</i><sub>1</sub>"),
        (E, "d<i>E</i>/d<i>net</i><sub>h1</sub> · <i>x</i><sup>2</sup>"),
        (PRIME, "relu'(<i>z</i><sub>1</sub>)"),
        ("sum(a, axis=0)", "sum(<i>a</i>, axis=0)"),
        ("2 * (-3)**-1", "2 · (-3)<sup>−1</sup>"),
        ("a < b & c", "<i>a</i> &lt; <i>b</i> &amp; <i>c</i>"),
        ("1e-5", "1e-5"),
    ],
)
def test_formulas(formula: str | Maths, html: str) -> None:
    piece = formula if isinstance(formula, Maths) else maths.formula(parse(formula), UNICODE)
    names = {"w1", "x", "a2", "y", "z1", "a", "b", "c", "J", "E", "net_h1"}
    assert mathematics(piece, Html(names)) == minus(html)


def test_words_are_not_variables() -> None:
    spread = Said(maths.name("dJ/dJ.3"), " spread over ", maths.name("a"))
    assert mathematics(spread, Html({"J.3", "a"})) == "d<i>J</i>/d<i>J</i>.3 spread over <i>a</i>"
    formula, names = parse("out_h1*(1 - out_h1)"), {"out_h1"}
    assert typeset(formula, Html(names)) == "<i>out</i><sub>h1</sub>(1 − <i>out</i><sub>h1</sub>)"
    assert typeset(Call("relu", (Name("z"),), prime=True), Html({"relu", "z"})) == "relu'(<i>z</i>)"
    assert variable("x_") == "<i>x_</i>"


def test_a_place_takes_the_parentheses_that_its_number_may_need() -> None:
    numbers = {"a": "\ue0007\ue001", "b": "\ue0009:2\ue001"}
    shown = typeset(parse("relu(a) * a - -a**2"), Html(()), numbers=numbers)
    assert shown == "relu(\ue0007\ue001) · \ue000(7\ue001 − (−\ue000(7\ue001<sup>2</sup>)"
    assert typeset(parse("-b / b**2"), Html(()), numbers=numbers) == "−\ue0009:2\ue001 / \ue0009:2\ue001<sup>2</sup>"


def test_what_is_not_finite_is_not_counted_and_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    spec = ["-p", "w=-3", "-n", "a = log(w)", "-n", "J = a**2", "--exercise", "-o", str(tmp_path / "x.html")]
    assert main(["page", *spec]) == 0
    assert capsys.readouterr().err.splitlines() == [
        f"wrote {tmp_path / 'x.html'} (one file, {round((tmp_path / 'x.html').stat().st_size / 1000)} kB, "
        "needs no network): 1 blank",
        "Given, not asked for, as not finite: a, J, dJ/da, dJ/dw. Other numbers: --seed 1",
    ]
    assert main(["page", *spec, "--seed", "1"]) == 0
    assert capsys.readouterr().err.endswith(": 5 blanks\n")


# The page's JavaScript, run in node with what it needs of a browser.

COMMON = """
const lesson = {digits: 6, decimals: null, nodes: [], steps: [], data: [], reading: READING};
const document = {
  getElementById: () => ({textContent: JSON.stringify(lesson), addEventListener() {}, setAttribute() {}}),
  addEventListener() {}, querySelectorAll: () => [], documentElement: {dataset: {}},
  querySelector: () => ({querySelectorAll: () => [], setAttribute() {}, querySelector: () => null})};
function program() { return []; }
const matchMedia = () => ({matches: false, addEventListener() {}});
"""


def in_node(script: str, data: Any) -> Any:
    assert NODE is not None
    common = piece("common.js").replace('const lesson = JSON.parse(document.getElementById("lesson").textContent);', "")
    functions = still([], reading.functions()).replace("function program", "function nothing")
    text = functions + COMMON.replace("READING", json.dumps(reading.as_data())) + common + piece("read.js")
    text += f"const data = JSON.parse(require('fs').readFileSync(0));\n{script}"
    done = subprocess.run([NODE, "-e", text], input=json.dumps(data), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@needs_node
def test_numbers_look_as_on_the_command_line() -> None:
    random.seed(1)
    numbers = [0.0, -0.0, 1.0, -2.5, 1e5, 999999.5, 123456789.4, 1e9, 1e15, 1e-4, 9.99e-5, 1e-5, 0.1 + 0.2, 1 / 3]
    numbers += [random.choice([-1, 1]) * 10 ** random.uniform(-12, 12) for _ in range(3000)]
    for digits in (3, 6, 10, 17):
        found = in_node(f"console.log(JSON.stringify(data.map(v => plainly(v, {digits}))))", numbers)
        assert found == [Precision(digits).show(v) for v in numbers]
    assert in_node("console.log(JSON.stringify([NaN, Infinity, -Infinity].map(v => plainly(v))))", 0) == [
        Precision().show(v) for v in (math.nan, math.inf, -math.inf)
    ]


@needs_node
def test_answers_are_read_as_numbers_and_small_expressions() -> None:
    good = {
        "6": 6,
        " -2.5 ": -2.5,
        "2*3": 6,
        "1/3": 1 / 3,
        "2·(7 − 5)/2": 2,
        "(1+2)*-3": -9,
        "2**3**2": 512,
        "2^3": 8,
        "-2**2": -4,
        "1e-3": 0.001,
        ".5": 0.5,
        "3.": 3,
        "1/2/2": 0.25,
        "½": 0.5,
        "1½ − ⅓": 1.5 - 1 / 3,
        "6 ÷ 3 ⋅ 2⁻¹": 1,
        "sigmoid(-40)": 1 / (1 + math.exp(40)),
        "--2": 2,
        "2--2": 4,
        "sqrt(2)": math.sqrt(2),
        "1/(1+exp(-1))": 1 / (1 + math.exp(-1)),
        "pi/4": math.pi / 4,
        "-e": -math.e,
        "tanh(0.5)^2": math.tanh(0.5) ** 2,
        "3²": 9,
        "2*relu(-3)": 0,
        "abs(-2)": 2,
    }
    found = in_node("console.log(JSON.stringify(data.map(t => read(t))))", list(good))
    assert [f.get("value") for f in found] == [pytest.approx(v, abs=1e-15) for v in good.values()]
    bad = [
        "",
        "x",
        "alert(1)",
        "2*",
        "1 2",
        "(1",
        "1)",
        "1/0",
        "()",
        "1..2",
        "2,001",
        "__proto__",
        "9" * 400,
        "exp",
        "exp 1",
        "exp(",
        "exp()",
        "toString(1)",
        "constructor",
        "2pi",
        "1e400",
        "log(-1)",
        "0/0",
        "2e",
    ]
    bad += ["1,5,2", "(" * 150, "-" * 199]
    found = in_node("console.log(JSON.stringify(data.map(t => read(t))))", bad)
    assert found[0] == {"empty": True}
    assert all("problem" in f for f in found[1:])
    assert found[bad.index("1/0")] == found[bad.index("0/0")] == {"problem": "That divides by 0."}
    assert found[bad.index("1e400")] == found[bad.index("log(-1)")] == {"problem": "That is not a finite number."}
    assert found[bad.index("2,001")] == {"problem": "Decimals are written with a point: 2.001"}


@pytest.mark.parametrize("formula", ["sum(exp(v - x))", "sum(logaddexp(v, x))", "sum(hypot(v, x))", "mean(x * v) + x"])
@pytest.mark.parametrize("exercise", [False, True])
def test_a_number_spread_over_an_array_is_computed_in_the_page(formula: str, exercise: bool) -> None:
    """Its gradient is a sum over the array: of no axes, and still an array."""
    for section in ("inputs", "parameters"):
        network = bp.loads(f"{section}: {{x: 2, v: [1, -2, 3]}}\nnodes: {{J: '{formula}'}}")
        assert network.page(exercise=exercise).live
