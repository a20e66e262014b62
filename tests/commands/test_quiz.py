"""`backprop quiz` as a learner, a script and a teacher see it."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import backpropcli as bp
from backpropcli.app import main
from backpropcli.exercise.random_values import generator
from backpropcli.exercise.students import seed_of
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.tree import Binary, Name
from backpropcli.notation import maths
from backpropcli.notation.formula_latex import LINEAR, mathematics
from backpropcli.notation.maths import Formula, Maths, Said

LECTURE = ("--example", "lecture")
EXAMPLES = Path(__file__).parents[2] / "examples"
RIGHT = ["2", "2", "2", "6", "7", "7", "2", "1", "2", "2", "2", "2", "4", "6", "6", "6", "6", "6"]


@pytest.fixture
def quiz(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def call(*words, typed=()):
        text = typed if isinstance(typed, str) else "".join(f"{line}\n" for line in typed)
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        status = main(["quiz", *words])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def test_the_lecture_s_quiz_from_the_first_line_to_the_last(quiz):
    typed = [
        "2",
        "2",
        "2",
        "2*3",
        "7",
        "7",
        "4",
        "2",
        "1",
        "1",
        "2",
        "2",
        "2",
        "2",
        "2",
        "h",
        "h",
        "h",
        "h",
        "2*2",
        "3",
        "2",
        "6",
        "6",
        "6",
        "x",
        "0,5",
        "6",
        "-6",
        "s",
    ]
    status, out, err = quiz(*LECTURE, typed=typed)
    assert (status, err) == (0, "")
    assert (
        out
        == """\
lecture.yaml. 18 blanks: 7 values, then 11 gradients.
6, 2*3 and 1/3 are all fine.
Give numbers of up to three digits whole; of longer ones three are enough.
h hint   s skip   q stop

 1/18  t1 = w1 · x, with w1 = 2, x = 1             t1 = 2       right
 2/18  z1 = t1 + b1, with t1 = 2, b1 = 0           z1 = 2       right
 3/18  a1 = relu(z1), with z1 = 2                  a1 = 2       right
 4/18  t2 = w2 · a1, with w2 = 3, a1 = 2           t2 = 2*3     right
 5/18  z2 = t2 + b2, with t2 = 6, b2 = 1           z2 = 7       right
 6/18  a2 = relu(z2), with z2 = 7                  a2 = 7       right
 7/18  J = (a2 - y)² / 2, with a2 = 7, y = 5        J = 4
           Not yet: that is (a2 - y)². Halve it.    J = 2       right
 8/18  dJ/dJ                                    dJ/dJ = 1       right
 9/18  dJ/da2                                  dJ/da2 = 1
           Not yet: 1 is the upstream gradient dJ/dJ. Multiply it by the
           derivative of (a2 - y)² / 2 with respect to a2.
                                               dJ/da2 = 2       right
10/18  dJ/dz2                                  dJ/dz2 = 2       right
11/18  dJ/dt2                                  dJ/dt2 = 2       right
12/18  dJ/db2                                  dJ/db2 = 2       right
13/18  dJ/dw2                                  dJ/dw2 = 2
           Not yet: 2 is the upstream gradient dJ/dt2. Multiply it by ∂t2/∂w2.
                                               dJ/dw2 = h
           Hint 1 of 3: t2 = w2 · a1, so ∂t2/∂w2 is what w2 is multiplied by.
                                               dJ/dw2 = h
           Hint 2 of 3: dJ/dw2 = dJ/dt2 · a1   dJ/dw2 = h
           Hint 3 of 3: dJ/dw2 = 2 · 2         dJ/dw2 = h
           There are no more hints. s shows the answer.
                                               dJ/dw2 = 2*2     right
14/18  dJ/da1                                  dJ/da1 = 3
           Not yet: 3 is the local derivative ∂t2/∂a1 alone. Multiply it by
           the upstream gradient dJ/dt2.       dJ/da1 = 2
           Not yet: 2 is the upstream gradient dJ/dt2. Multiply it by ∂t2/∂a1.
                                               dJ/da1 = 6       right
15/18  dJ/dz1                                  dJ/dz1 = 6       right
16/18  dJ/dt1                                  dJ/dt1 = 6       right
17/18  dJ/db1                                  dJ/db1 = x
           That is a formula, and a number is asked for: what does it come to,
           with x = 1?                         dJ/db1 = 0,5
           Decimals are written with a point. Write 0.5.
                                               dJ/db1 = 6       right
18/18  dJ/dw1                                  dJ/dw1 = -6
           Not yet: the size is right, the sign is not.
                                               dJ/dw1 = s
           dJ/dw1 = 6

13 of 18 right at the first try, with 3 hints. Practise: upstream · local
(dJ/da2, dJ/dw2, dJ/da1), signs (dJ/dw1).
"""
    )


def test_everything_right(quiz):
    status, out, _ = quiz(*LECTURE, typed=RIGHT)
    assert status == 0
    assert out.endswith("\n18 of 18 right at the first try.\n")


@pytest.mark.parametrize("typed", ["2\n2\nq\n2\n", "2\n2\nQuit", "2\n2\n", "2\n2"])
def test_stopping_and_the_end_of_the_input_are_no_failure(quiz, typed):
    status, out, err = quiz(*LECTURE, "--result", "r.json", typed=typed)
    assert (status, err) == (0, "wrote r.json\n")
    assert out.endswith("\n2 of 18 right at the first try, 16 not answered.\n")
    result = json.loads(Path("r.json").read_text(encoding="utf-8"))
    assert (result["first_try"], result["of"], result["finished"]) == (2, 18, False)


def test_no_input_at_all(quiz, monkeypatch):
    assert quiz(*LECTURE)[0] == 0
    monkeypatch.setattr(sys, "stdin", None)
    assert main(["quiz", *LECTURE]) == 0


def test_ctrl_c_shows_the_score_and_is_130(quiz, monkeypatch, capsys):
    class Interrupted(io.StringIO):
        def readline(self, *_):
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", Interrupted())
    assert main(["quiz", *LECTURE, "--result", "r.json"]) == 130
    assert "0 of 18 right at the first try, 18 not answered.\n" in capsys.readouterr().out
    assert json.loads(Path("r.json").read_text(encoding="utf-8"))["first_try"] == 0


def test_the_result_file(quiz):
    typed = [*RIGHT[:12], "2", "h", "2*2", *RIGHT[13:17], "s"]
    assert quiz(*LECTURE, "--student", "101", "--result", "101.json", "-q", typed=typed)[2] == ""
    result = json.loads(Path("101.json").read_text(encoding="utf-8"))
    answers = result.pop("answers")
    assert result == {
        "format": "backprop.quiz/1",
        "spec": "lecture.yaml",
        "student": "101",
        "seed": None,
        "digits": 3,
        "first_try": 16,
        "of": 18,
        "hints": 1,
        "finished": True,
    }
    assert answers[12] == {"name": "dJ/dw2", "given": ["2", "2*2"], "right": True, "hints": 1, "follows": []}
    assert answers[17] == {"name": "dJ/dw1", "given": [], "right": False, "hints": 0, "follows": []}


@pytest.mark.parametrize(
    ("spec", "name", "typed", "words"),
    [
        ("lecture", "z2", "6", "that is t2. Add b2."),
        ("lecture", "J", "2+2", "that is (a2 - y)². Halve it."),
        ("lecture", "dJ/dw2", "5", ""),
        ("lecture", "dJ/dw2", "6", "that is dJ/dt2 times w2 itself. With t2 = w2 · a1, what is ∂t2/∂w2?"),
        ("lecture", "dJ/da1", "12", "that is twice too large."),
        ("lecture", "dJ/da2", "4", "that is twice too large. Is a half forgotten?"),
        ("lecture", "z2", "5", "that is t2 - b2. Here they are added."),
        ("lecture", "t2", "5.99", "nearly. The answer is a short number, and nothing has to be rounded."),
        ("lecture", "dJ/dw1", "7", "that is dJ/dt1 + ∂t1/∂w1. The two are multiplied."),
        ("lecture", "dJ/dJ", "2", "J changes by exactly as much as J does."),
        (
            "mazur",
            "dE/dout_h1",
            "0.0554",
            "0.0554 is what comes through net_o1 alone: there are 2 paths, and what comes through each is added.",
        ),
        ("mazur", "dE/dout_h1", "0.036", "nearly, but rounded too far. Three digits are asked for, and are enough."),
        ("mazur", "dE/dout_h1", "0.0362", "nearly. Keep more digits on the way, and give three."),
        ("mazur", "E_o1", "0.5496", "that is (t1 - out_o1)². Halve it."),
        ("batch", "z1", "7", "z1 looks like [.., .., ..]."),
        ("batch", "t1", "[2, 4, 7]", "2 of 3 entries are right."),
        ("batch", "dJ/da2", "-2 -2 1", "the size is right, the sign is not."),
        ("batch", "dJ/dw1", "[1, 2]", "dJ/dw1 is one number."),
        (
            "mazur-layers",
            "dJ/dW1",
            "[[0.000438568, 0.000877135], [0.000497713, 0.000995425]]",
            "that is the transpose: rows and columns are swapped.",
        ),
    ],
)
def test_a_wrong_answer_is_explained(spec, name, typed, words):
    asked = bp.load(EXAMPLES / f"{spec}.yaml").quiz()
    question = next(q for q in asked if q.name == name)
    mark = question.mark(typed)
    assert (mark.right, mark.words) == (False, words)


@pytest.mark.parametrize("typed", ["0.0364", "0.03635", "0.036350306", "dE/dout_h1 = 0.0364", "364/10000", "3.64e-2"])
def test_three_digits_are_enough(typed):
    question = next(q for q in bp.load(EXAMPLES / "mazur.yaml").quiz() if q.name == "dE/dout_h1")
    assert question.mark(typed).right


@pytest.mark.parametrize("typed", ["[2, 4, 6]", "2 4 6", "2, 4, 6", "[2 4 6]", "t1 = [1+1, 4, 2·3]", "[2.0 4.0 6.0]"])
def test_arrays_are_answered_with_or_without_signs(typed):
    question = next(q for q in bp.load(EXAMPLES / "batch.yaml").quiz() if q.name == "t1")
    assert question.mark(typed).right


def test_a_short_answer_is_exact():
    question = bp.load(EXAMPLES / "lecture.yaml").quiz().questions[4]
    assert all(question.mark(typed).right for typed in ("7.0", "21/3", "−(-7)", "7.00"))
    assert not any(question.mark(typed).right for typed in ("7.004", "0/1", "-7", "1e-300"))


@pytest.mark.parametrize("spec", ["lecture", "mazur", "batch", "mazur-layers", "cs231n-sigmoid-neuron"])
def test_the_shown_answer_is_right_and_every_hint_is_said(spec):
    for question in bp.load(EXAMPLES / f"{spec}.yaml").quiz(seed=5):
        assert question.mark(question.shown).right, question
        assert all(question.hint(k) for k in (1, 2, 3)), question


@pytest.mark.parametrize("spec", sorted(path.stem for path in EXAMPLES.glob("*.yaml")))
def test_a_lone_number_for_an_array_and_on_with_s_leads_nowhere(quiz, spec):
    """What was left standing is no number that one can go on with: it has not the shape of what was asked for."""
    status, out, err = quiz(str(EXAMPLES / f"{spec}.yaml"), typed=["1.5", "s", "[1, 2, 3, 4, 5, 6, 7]", "s"] * 200)
    assert (status, "bug" in err) == (0, False), err
    assert "at the first try" in out


def test_a_sheet_s_answer_of_another_shape_is_wrong_and_the_rest_is_marked():
    asked = bp.load(EXAMPLES / "batch.yaml").quiz()
    right = {question.name: question.shown for question in asked.questions}
    first = next(name for name, shown in right.items() if " " in shown)
    marks = dict(zip(right, asked.marked({**right, first: "1 2 3 4 5 6 7"}), strict=True))
    assert [name for name, mark in marks.items() if not mark.right] == [first]


@pytest.mark.slow
@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(), st.text("0123456789.,+-*/()[] eEhsq=w1x^²½·", max_size=40)))
def test_any_text_may_be_typed(typed):
    asked = bp.load(EXAMPLES / "batch.yaml").quiz()
    from backpropcli.exercise.session import Session

    session = Session(asked)
    for _ in range(3):
        assert isinstance(session.prompt(), str)
        assert isinstance(session.take(typed), str)
        if session.over:
            break
    json.loads(session.result())
    for question in (asked.questions[6], asked.questions[-1]):
        with contextlib.suppress(bp.BackpropError):
            question.mark(typed)


def answered(text, *typed):
    """What a session says after each of these lines, without the prompts."""
    from backpropcli.exercise.session import Session

    session = Session(bp.loads(text).quiz())
    for line in typed:
        session.take(line)
    return " ".join(session._said.split())


def test_an_old_answer_that_was_wrong_is_recognised():
    chain = "inputs: {x: 3}\nparameters: {w: 5}\nnodes: {a: w*x, b: a + 4, J: b**2}"
    assert answered(chain, "14", "15", "18") == "Not yet: with a = 14 it would be 18, but a is 15."
    right = ("15", "19", "361", "1")
    assert answered(chain, *right, "38", "20", "38", "60") == (
        "Not yet: with dJ/da = 20 it would be 60, but dJ/da is 38."
    )


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [
        ("z", "-3", "that is w · x. Add b."),
        ("a", "-2", "that is z. Take its relu."),
        ("dJ/dz", "-2", "-2 is the upstream gradient dJ/da. Multiply it by ∂a/∂z."),
        # -1 is half of it, and dJ/dJ + dJ/da's local derivative too: no reason is named.
        ("dJ/da", "-1", "that is half of what it should be."),
        ("dJ/da", "-3", ""),
    ],
)
def test_no_reason_is_named_that_is_not_the_only_one(name, typed, words):
    dead = "inputs: {x: 1}\nparameters: {w: -3, b: 1}\nnodes: {z: w*x + b, a: relu(z), J: (a - 1)**2}"
    assert next(q for q in bp.loads(dead).quiz() if q.name == name).mark(typed).words == words


def test_what_rounding_left_of_zero_is_zero():
    quiz = bp.loads("inputs: {x: 0.1}\nparameters: {w: 0.2}\nnodes: {a: x + w - 0.3, J: a**2}").quiz()
    assert bp.loads("parameters: {w: 0.2}\nnodes: {J: 0.1 + w - 0.3}").run().value("J") != 0.0
    assert (quiz.questions[0].shown, quiz.questions[0].mark("0").right) == ("0", True)
    with_zero = bp.loads("inputs: {x: 0.1}\nparameters: {w: 0.2, b: 0}\nnodes: {a: x + w + b - 0.3, J: a**2}").quiz()
    assert with_zero.questions[0].shown == "0"  # a term that is 0 says nothing of the others' size


def test_a_hint_takes_an_article_for_an_article():
    quiz = bp.loads("parameters: {W: [[1, 2], [3, 4]]}\nnodes: {t: trace(W), J: t**2}").quiz()
    assert quiz.questions[0].hint(1) == "trace is the sum of a matrix's diagonal."


def test_a_large_network_s_quiz_asks_what_is_nearest_to_the_loss(quiz):
    nodes = ["n0: w"] + [f"n{k}: n{k - 1} + 1" for k in range(1, 500)]
    Path("chain.yaml").write_text("parameters: {w: 2}\nnodes: {" + ", ".join(nodes) + "}", encoding="utf-8")
    out = quiz("chain.yaml")[1]
    assert "60 blanks: 30 values, then 30 gradients." in out
    assert "Of 1,001 blanks these are nearest to n499; --every asks all." in out
    assert " 1/60  n470 = n469 + 1, with n469 = 471" in out
    assert "1001 blanks: 500 values, then 501 gradients." in quiz("chain.yaml", "--every")[1]
    assert "\nGiven: n469 = 471\n" in out
    gradients = quiz("chain.yaml", "--only", "gradients")[1]
    assert "60 gradients." in gradients
    assert "\nGiven: n440 = 442\n  n441 = n440 + 1 = 443\n" in gradients
    quiz("chain.yaml", "--worksheet", "w.md")
    assert "\nGiven: `n469 = 471`\n" in Path("w.md").read_text(encoding="utf-8")


def test_hints_for_arrays_say_what_to_do():
    hints = {
        question.name: [question.hint(k) for k in (1, 2, 3)]
        for spec in ("batch", "mazur-layers")
        for question in bp.load(EXAMPLES / f"{spec}.yaml").quiz()
    }
    assert hints["a1"][:2] == [
        "sigmoid is an S from 0 to 1: the logistic function.",
        "a1 = 1 / (1 + exp(-z1))",
    ]
    assert hints["dJ/da1"][0] == (
        "t2 = a1 @ W2, so every entry of a1 is multiplied by entries of W2: weight dJ/dt2 with them."
    )
    assert hints["dJ/dJ.2"][::2] == [
        "J.3 = sum(J.2), and every entry of J.2 counts once in the sum: it gets dJ/dJ.3 as it is.",
        "each of the 2 entries is 0.5.",
    ]
    assert hints["dJ/dw1"][0] == (
        "t1 = w1 · x, so ∂t1/∂w1 is what w1 is multiplied by. w1 is used for every entry of t1, so add up over them."
    )


def test_large_arrays_are_left_out_with_a_word(quiz):
    many = "[1,2,3,4,5,6,7,8,9,10,11,12,13]"
    words = ("-i", f"x={many}", "-p", "w=2", "-n", "t = w*x", "-n", "s = w*w", "-n", "J = s + t[0]")
    status, out, _ = quiz(*words, typed=["4"])
    assert status == 0
    assert "Not asked for (too long, not finite, or what cancels): t, " in out
    assert "t = [2 4 6 8 10 12 14 16 18 20 22 24 26]" in out  # what needs it is told it
    assert quiz("-p", f"w={many}", "-n", "t = 2*w", "--loss", "t")[0] == 2


def test_a_result_is_json_whatever_its_file_is_called(quiz, tmp_path):
    status, _, err = quiz(*LECTURE, "--result", "marks.csv", typed=["q"])
    assert status == 2
    assert "a result is JSON, not csv" in err
    assert not (tmp_path / "marks.csv").exists()


def test_what_cannot_start_is_2(quiz):
    assert quiz(*LECTURE, "--only", "value")[::2] == (
        2,
        "error: --only value: expected values or gradients. Did you mean values?\n",
    )
    assert quiz(*LECTURE, "--result", "no/r.json")[0] == 2
    assert quiz("-")[0] == 2
    assert quiz("nothing.yaml")[0] == 2
    assert quiz(*LECTURE, "--seed", "1", "--fresh")[0] == 2
    Path("n.json").write_text('{"parameters": {"w": 3}, "nodes": {"J": "w**2"}}', encoding="utf-8")
    assert quiz("n.json", "--result", "./n.json")[0] == 2
    assert bp.load("n.json").parameters == ["w"]
    assert quiz(*LECTURE, "--students", "3")[0] == 2


def test_only_one_kind(quiz):
    assert quiz(*LECTURE, "--only", "values", typed=RIGHT[:7])[1].endswith("7 of 7 right at the first try.\n")
    _, out, _ = quiz(*LECTURE, "--only", "gradients", typed=RIGHT[7:])
    assert "lecture.yaml. 11 gradients." in out
    assert "  J = (a2 - y)² / 2 = 2\n" in out
    assert out.endswith("11 of 11 right at the first try.\n")


# Fresh numbers and worksheets.


def test_random_numbers_are_those_of_the_page_s_script():
    """The first numbers of seeds 1 and 101, as JavaScript's Math.imul gives them."""
    first, other = generator(1), generator(101)
    assert [first(), first()] == [0.5708493082784116, 0.6920686743687838]
    assert [other(), other()] == [0.846276830881834, 0.7839732919819653]


PAGE = Path(bp.__file__).parent / "page" / "assets"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not on this machine")
@pytest.mark.parametrize("spec", ["lecture", "batch", "mazur-layers"])
def test_a_page_with_the_same_seed_has_the_same_numbers(spec):
    """The functions of the page's script, run in node on the page's own data."""
    network = bp.load(EXAMPLES / f"{spec}.yaml")
    page = network.page(exercise=True, seed=7).html
    data = re.search(r'id="lesson">(.*?)</script>', page, flags=re.S)[1]
    program = re.search(r"</script>\s*<script>(.*)</script>", page, flags=re.S)[1].partition("(() => {\n")[0]
    drawn = (PAGE / "random_values.js").read_text(encoding="utf-8")
    show = re.search(r"\nfunction plainly\(.*?\n}\n", (PAGE / "common.js").read_text(encoding="utf-8"), flags=re.S)[0]
    script = f"""{program}
const lesson = {data}, steps = lesson.steps, first = lesson.data.flatMap((d) => d.values);
const blanks = steps.map((step) => ({{step, inputs: Array((step.at[1] || []).reduce((a, b) => a * b, 1)).fill(0)}}));
{show}{drawn}console.log(JSON.stringify([1, 2, 3, 4, 7, 101].map(nice)));"""
    done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True, timeout=60)
    for seed, numbers in zip((1, 2, 3, 4, 7, 101), json.loads(done.stdout), strict=True):
        assert numbers == [float(x) for value in network.fresh(seed).values() for x in np.ravel(value)]


def test_a_seed_gives_the_same_nice_numbers_each_time():
    network = bp.load(EXAMPLES / "lecture.yaml")
    assert network.fresh(101) == {"x": 4.0, "y": 4.0, "w1": 1.0, "b1": 2.0, "w2": 2.0, "b2": 4.0}
    assert network.fresh(101) == network.fresh(101)
    assert network.fresh(102) != network.fresh(101)
    trace = network.run(values=network.fresh(101))
    assert [q.answer for q in network.quiz(seed=101)][:7] == [trace.value(n) for n in network.graph.names("node")]
    layers = bp.load(EXAMPLES / "mazur-layers.yaml")
    assert layers.fresh(3)["W1"].shape == (2, 2)


def test_a_large_network_has_no_fresh_numbers(quiz):
    words = ("-i", "x=ones((60, 60))", "-p", "w=2", "-n", "J = sum(w*x)")
    status, _, err = quiz(*words, "--seed", "1")
    assert status == 2
    assert err.startswith("error: other numbers are for exercises, and this network has 3,601: 3,000 is the most")


def test_worksheets_for_a_class_and_their_key(quiz):
    status, out, err = quiz(*LECTURE, "--worksheet", "homework.md", "--students", "101,102,103")
    assert (status, out) == (0, "")
    files = ["homework-101.md", "homework-102.md", "homework-103.md", "homework-key.md", "homework-students.csv"]
    assert err == "".join(f"wrote {name}\n" for name in files)
    texts = [Path(name).read_text(encoding="utf-8") for name in files]
    assert len(set(texts)) == 5
    assert texts[4] == "student,seed,file\n" + "".join(f"{k},{k},homework-{k}.md\n" for k in (101, 102, 103))
    assert texts[0].count("________") == 18
    network, key = bp.load(EXAMPLES / "lecture.yaml"), texts[3]
    for name, part in zip((101, 102, 103), key.split("## Student ")[1:], strict=True):
        trace = network.run(values=network.fresh(name))
        assert part.startswith(f"{name}\n")
        lines = re.findall(r"^\d+\. `(\S+) = .*?(-?[\d.]+)`(?: \(.*\))?$", part, flags=re.M)
        assert len(lines) == 18
        for what, number in lines:
            wanted = trace.gradient(what[4:]) if what.startswith("dJ/") else trace.value(what)
            assert float(number) == wanted, (name, what)


def test_a_worksheet_shows_the_graph_and_its_key_the_way(quiz):
    quiz(*LECTURE, "--worksheet", "w.md")
    sheet, key = (Path(f"w{part}.md").read_text(encoding="utf-8") for part in ("", "-key"))
    assert "x=1 ─▶(×)──__──▶(+)──__──▶relu──__──▶(×)──__──▶(+)──__──▶relu──__──▶(a2-y)²/2──▶__\n" in sheet
    assert "x=1 ─▶(×)──2──▶(+)──2──▶relu" in key
    assert "6. `dJ/dw2 = dJ/dt2 · a1 = 2 · 2 = 4`\n" in key
    assert "3. `dJ/dz2 = dJ/da2 · relu'(z2) = 2 · 1 = 2` (relu'(7) = 1, as 7 > 0)\n" in key
    quiz(*LECTURE, "--worksheet", "v.md", "--only", "values")
    assert "◀" not in Path("v.md").read_text(encoding="utf-8")


def test_worksheets_replace_nothing_unless_told_and_are_written_together(quiz, tmp_path):
    words = (*LECTURE, "--worksheet", "w.md", "--students", "1,2")
    Path("w-2.md").write_text("mine", encoding="utf-8")
    status, _, err = quiz(*words)
    assert (status, [path.name for path in tmp_path.iterdir()]) == (2, ["w-2.md"])
    assert err.startswith("error: w-2.md is there already, and nothing was written\n  Replace them:  --force")
    assert quiz(*words, "--force")[0] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["w-1.md", "w-2.md", "w-key.md", "w-students.csv"]
    assert Path("w-2.md").read_text(encoding="utf-8") != "mine"
    Path("v-key.md").mkdir()
    assert quiz(*LECTURE, "--worksheet", "v.md", "--force")[0] == 2
    assert not list(tmp_path.glob("*v.md*"))
    assert quiz(*LECTURE, "--worksheet", "no/w.md")[2].startswith("error: no/w.md cannot be written")


@pytest.mark.parametrize("ending", [".tex", ".html", ".md"])
def test_a_worksheet_alone_has_the_network_s_own_numbers(quiz, ending):
    assert quiz(*LECTURE, "--worksheet", f"w{ending}")[2] == f"wrote w{ending}\nwrote w-key{ending}\n"
    sheet, key = (Path(f"w{part}{ending}").read_text(encoding="utf-8") for part in ("", "-key"))
    assert re.search(r"w_?1\s*= 2", sheet)
    assert len(re.findall(r"________|underline|class=\"blank", sheet)) == 18
    assert not re.findall(r"________|underline|class=\"blank", key)


STRANGE = """
parameters: {θ: 3, β_1: 2, 学: 1, w_out_long: 2, đ: 1, _a: 1e-7}
nodes: {a: "(θ + β_1)**2 + maximum(0, 学) * exp(-w_out_long)", J: "a * đ / _a * where(a > 2, 1, 0)"}
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not on this machine")
@pytest.mark.parametrize("spec", ["lecture", "mazur-layers", "strange & #1 100% {x}_y"])
def test_latex_compiles_a_worksheet_and_its_key(quiz, spec):
    source = EXAMPLES / f"{spec}.yaml"
    if not source.exists():
        source = Path(f"{spec}.yaml")
        source.write_text(STRANGE, encoding="utf-8")
    assert quiz(str(source), "--worksheet", "w.tex")[0] == 0
    for name in ("w.tex", "w-key.tex"):
        done = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", name],
            capture_output=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]


@pytest.mark.parametrize("students", ["a/b", "key", "1,1", "0", "", "9999", "..", "-x,y"])
def test_names_that_cannot_be_part_of_a_file_are_refused(quiz, students, tmp_path):
    status, _, err = quiz(*LECTURE, "--worksheet", "w.md", f"--students={students}")
    assert status == 2
    assert err.startswith("error: --students")
    assert not list(tmp_path.iterdir())


def test_a_number_of_students(quiz):
    assert quiz(*LECTURE, "--worksheet", "w.html", "--students", "12", "-q")[::2] == (0, "")
    assert sorted(path.name for path in Path().iterdir()) == [
        *(f"w-{k:02}.html" for k in range(1, 13)),
        "w-key.html",
        "w-students.csv",
    ]


def test_everybody_gets_other_numbers_as_long_as_there_are_any(quiz):
    words = ("--example", "lab-square", "--worksheet", "w.md")
    assert quiz(*words, "--students", "30")[2] == (
        "wrote 30 worksheets, w-01.md to w-30.md, w-key.md and w-students.csv\n"
    )
    given = [re.search(r"Given: (.*)", path.read_text(encoding="utf-8"))[1] for path in Path().glob("w-[0-9]*.md")]
    assert len(set(given)) == len(given) == 30
    first = Path("w-17.md").read_text(encoding="utf-8")
    assert quiz(*words, "--students", "60", "--force")[2] == (
        "this network has not enough different nice numbers: 29 of 60 worksheets repeat others'\n"
        "wrote 60 worksheets, w-01.md to w-60.md, w-key.md and w-students.csv\n"
    )
    assert Path("w-17.md").read_text(encoding="utf-8") == first


def test_one_student_s_worksheet(quiz):
    assert quiz(*LECTURE, "--worksheet", "w.md", "--students", "101,")[2] == (
        "wrote w-101.md\nwrote w-key.md\nwrote w-students.csv\n"
    )


def test_a_result_replaces_nothing_unless_told(quiz):
    Path("r.json").write_text("mine", encoding="utf-8")
    status, out, err = quiz(*LECTURE, "--result", "r.json", typed=RIGHT)
    assert (status, out) == (2, "")
    assert err == "error: r.json is there already\n  Replace it:  --force, or name another file.\n"
    assert Path("r.json").read_text(encoding="utf-8") == "mine"
    assert quiz(*LECTURE, "--result", "r.json", "--force", typed=RIGHT)[0] == 0
    assert json.loads(Path("r.json").read_text(encoding="utf-8"))["first_try"] == 18


def test_an_endless_answer_is_no_answer(quiz):
    out = quiz(*LECTURE, typed=["1" * 50_000, "q"])[1]
    assert "That has 50,000 characters: 500 are the most." in " ".join(out.split())


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is a program of its own")
@pytest.mark.parametrize("spec", ["mazur-layers", "alexkode-batchnorm-small", "deeplearning-ai-logistic-propagate"])
def test_a_latex_key_with_matrices_fits_the_page(quiz, spec):
    assert quiz(str(EXAMPLES / f"{spec}.yaml"), "--worksheet", "w.tex")[0] == 0
    text = Path("w-key.tex").read_text(encoding="utf-8")
    assert not re.search(r"U\+\d{4}|\.T\b|spreadover|mathrm\{spread", text)
    assert r"\begin{pmatrix}" in text
    command = ["pdflatex", "-interaction=nonstopmode", "w-key.tex"]
    log = subprocess.run(command, capture_output=True, text=True, errors="replace", check=True).stdout
    assert all(float(wide) < 20 for wide in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log))


SLOPE, Z = maths.name("dJ/dJ.3"), maths.name("z")
MATRIX = Formula(parse("A * z"), {"A", "z"}, {"A": "[[1 2] [3 4]]"})


@pytest.mark.parametrize(
    ("piece", "written"),
    [
        (Formula(Binary("@", Name("dJ/dt2"), parse("W2.T"))), r"dJ/dt_2 \, W_2 ^{\top}"),
        (MATRIX, r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} \odot z"),
        ((Said(SLOPE, " spread over ", Z),), r"dJ/dJ^{(3)} \ \text{spread}\ \text{over}\ z"),
        (
            (Said(maths.name("dJ/dq"), " where ", Z, " is largest"),),
            r"dJ/dq \ \text{where}\ z \ \text{is}\ \text{largest}",
        ),
        (Formula(parse("z[1]")), "z [1]"),
        (Formula(parse("relu(z) + 1")), r"\mathrm{relu} (z ) + 1"),
    ],
)
def test_matrices_and_words_in_latex(piece, written):
    def squeezed(tex: str) -> str:  # blanks say nothing in mathematics
        return re.sub(r"(?<!\\) ", "", tex)

    assert squeezed(mathematics(Maths("", piece), LINEAR)) == squeezed(written)


@pytest.mark.slow
def test_a_student_s_numbers_are_the_same_whoever_else_is_there(quiz):
    assert quiz(*LECTURE, "--worksheet", "w.md", "--students", "120", "-q")[2] == ""
    assert quiz(*LECTURE, "--worksheet", "v.md", "--students", "118,", "-q")[2] == ""
    of = {path.name: path.read_text(encoding="utf-8") for path in Path().glob("*.md")}
    assert of["w-118.md"] == of["v-118.md"]
    given = [re.search(r"Given: (.*)", of[f"w-{k:03}.md"])[1] for k in range(1, 121)]
    assert len(set(given)) == 120
    assert Path("w-students.csv").read_text(encoding="utf-8").splitlines()[118] == "118,118,w-118.md"


def test_a_clash_moves_one_and_the_manifest_says_where(quiz):
    names = [f"student{k}" for k in range(20)]
    words = ("--example", "lab-square", "--worksheet")
    err = quiz(*words, "w.md", "--students", ",".join(names))[2]
    moved = int(re.match(r"(\d+) of 20 students ha(?:s another seed|ve other seeds) than the name's", err)[1])
    assert "  Print it again:  --students w-students.csv\n" in err
    rows = [line.split(",") for line in Path("w-students.csv").read_text(encoding="utf-8").splitlines()[1:]]
    assert [row[0] for row in rows] == names
    own = {name: seed_of(name) for name in names}
    assert sum(int(seed) != own[name] for name, seed, _ in rows) == moved > 0
    for name, seed, file in rows:  # everybody else has the numbers of the name alone
        quiz(*words, "alone.md", "--students", f"{name},", "--force", "-q")
        same = Path(f"alone-{name}.md").read_text(encoding="utf-8") == Path(file).read_text(encoding="utf-8")
        assert same is (int(seed) == own[name]), name
    assert quiz(*words, "again.md", "--students", "w-students.csv", "-q")[0] == 0
    for name in names:
        assert Path(f"again-{name}.md").read_bytes() == Path(f"w-{name}.md").read_bytes(), name
    assert quiz(*words, "w.md", "--students", "w-students.csv", "--force")[2] == (
        "wrote 20 worksheets, w-student0.md to w-student19.md, w-key.md\n"
    )


@pytest.mark.parametrize("text", ["", "name,seed\n", "student,seed\n", "student,seed\na,b\n", "student,seed\n../a,1\n"])
def test_what_is_no_manifest(quiz, text):
    Path("m.csv").write_text(text, encoding="utf-8")
    status, _, err = quiz(*LECTURE, "--worksheet", "w.md", "--students", "m.csv")
    assert (status, err.startswith("error: --students")) == (2, True)


def test_names_whose_seeds_meet_get_other_numbers_too(quiz):
    names = [f"student{k}" for k in range(20)]
    assert quiz("--example", "lab-square", "--worksheet", "w.md", "--students", ",".join(names))[0] == 0
    given = [re.search(r"Given: (.*)", Path(f"w-{name}.md").read_text(encoding="utf-8"))[1] for name in names]
    assert len(set(given)) == 20


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="signals of Unix")
@pytest.mark.parametrize("name", ["SIGHUP", "SIGTERM", "SIGKILL"])
def test_no_signal_loses_an_answer(tmp_path, name):
    command = [sys.executable, "-m", "backpropcli", "quiz", *LECTURE, "--result", "r.json"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        running.stdin.write("2\n2\n2\n5\n")
        running.stdin.flush()
        said = ""
        while "that is w2 + a1" not in said:
            said += running.stdout.read(1) or pytest.fail("the quiz ended before it was asked to")
        running.send_signal(getattr(signal, name))
        running.wait(timeout=30)
    result = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert (result["first_try"], result["finished"]) == (3, False)
    assert [answer["given"] for answer in result["answers"]][:4] == [["2"], ["2"], ["2"], ["5"]]
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("t1", "t1 is what is asked for."),
        ("dJ/dw2", "dJ/dw2 is not known yet."),
        ("w9*2", "w9 is no number and no name"),
        ("T1 = 3", "Not yet: that is w1 + x."),
        ("ln(w1)", "That is a formula, and a number is asked for"),
        ("six", "That is not a number."),
        ("dJ/do = 3", "t1 is asked for here, not dJ/do."),
        ("0,5", "Decimals are written with a point. Write 0.5."),
        ("z1 = 2", "t1 is asked for here, not z1."),
    ],
)
def test_names_keep_their_case_and_sentences_begin_with_a_capital(quiz, typed, said):
    out = " ".join(quiz(*LECTURE, typed=[typed, "q"])[1].split())
    assert f"{typed} {said}" in out


def test_an_array_that_is_too_long_to_be_told(quiz):
    status, out, err = quiz("-p", "w={normal: [40000]}", "-n", "J = sum(w*w)", "-n", "K = J + 1")
    assert (status, err) == (0, "")
    assert "(40000,)" in out
