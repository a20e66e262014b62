"""The page grades, and says to wrong answers, as the quiz does: its script, run in node, and Python on many answers."""

from __future__ import annotations

import html
import json
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sheets import networks

import backpropcli as bp
from backpropcli.page.page import piece

if TYPE_CHECKING:
    from backpropcli.exercise.question import Question

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="node is not on this machine: the page's script was NOT compared")
EXAMPLES = Path(__file__).parents[2] / "examples"
BROWSER = """
const get = (_, key) => (key === "textContent" ? DATA : nothing);
const nothing = new Proxy(() => {}, {get, set: () => true, apply: () => nothing});
const document = {getElementById: () => nothing, addEventListener() {}, querySelector: () => nothing};
const beginning = null, numbers = null, places = new Map(), blanks = [];
"""
DRIVER = """
const asked = JSON.parse(require("fs").readFileSync(0));
console.log(JSON.stringify(asked.map(([phase, name, k, answer]) => {
  const step = steps.find((s) => s.phase === phase && s.name === name), truth = r[step.at[0] + k];
  const right = answered(step, answer, truth);
  return [right, right ? "" : diagnosis(step, k, answer, truth)];
})));
"""
Asked = tuple[str, str, int, float]
"""Phase, name, which entry, and the answer."""


def by_page(network: bp.Network, asked: list[Asked]) -> list[tuple[bool, str]]:
    """Whether each answer is right in a network's exercise, and what the page says to it."""
    text = network.page(exercise=True).html
    data = re.search(r'<script type="application/json" id="lesson">(.*?)</script>', text, re.DOTALL)
    script = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)[0].partition("(() => {\n")[0]
    assert data is not None
    parts = [
        f"const DATA = {json.dumps(data[1])};",
        BROWSER,
        script,
        *map(piece, ("common.js", "read.js", "grading.js")),
    ]
    assert NODE is not None
    words = [NODE, "-e", "\n".join([*parts, DRIVER])]
    done = subprocess.run(words, input=json.dumps(asked), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [(right, plain(said)) for right, said in json.loads(done.stdout)]


def plain(text: str) -> str:
    """Without the differences of writing: a raised 2 is ², a subscript has no _."""
    text = html.unescape(re.sub(r"<[^>]*>", "", text))
    return text.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--", "_ "))


def tries(question: Question) -> Iterator[Any]:
    """Answers of all kinds: with fewer digits, near ones, each other number that is at hand, and sums of these."""
    answer, worked = question.answer, question.worked
    yield from (factor * answer for factor in (1.0, 1.0004, 0.9996, 1.002, 1.02, 2.0, -1.0, 0.5, 1.37, 0.0))
    yield from (float(f"{answer:.{digits}g}") for digits in (2, 3, 4))
    names = question.stage.inputs if question.stage is not None else [question.label]
    near = [worked.value(name) for name in names]
    for term in question.terms:
        near += [term.upstream.value, *([term.local.value] if term.local is not None else [])]
        if term.local is not None and isinstance(term.local.value, float) and isinstance(term.upstream.value, float):
            near += [term.upstream.value * term.local.value, answer - term.upstream.value * term.local.value]
    near = [x for x in near if isinstance(x, float)]
    yield from near
    for a in near:
        yield from (number for b in near for number in (a + b, a - b, a * b))


def compared(network: bp.Network) -> int:
    """How many answers of numbers were compared."""
    told: list[tuple[Question, Asked]] = []
    for question in network.quiz(every=True):
        phase = "value" if question.stage is not None else "gradient"
        if not question.shape:
            told += [(question, (phase, question.label, 0, x)) for x in tries(question) if isfinite(x)]
    found = by_page(network, [asked for _, asked in told])
    for (question, asked), (right, words) in zip(told, found, strict=True):
        mark = question.mark(repr(asked[-1]))
        if (
            mark.right and question.told
        ):  # numbers that the quiz tells in fewer digits than they have, and the page does not
            continue
        assert (right, words) == (mark.right, plain(mark.words)), (network.source, question.name, asked[-1])
    return len(told)


@pytest.mark.parametrize("name", ["lecture", "mazur", "cs231n-sigmoid-neuron", "lecture-function", "baydin-survey"])
def test_page_and_quiz_say_the_same(name: str) -> None:
    assert compared(bp.load(EXAMPLES / f"{name}.yaml")) > 100


def test_page_and_quiz_say_the_same_in_random_networks() -> None:
    assert sum(compared(network) for _, network in networks(10, seed=5)) > 2000


def test_entries_of_arrays_are_right_in_the_page_where_they_are_in_the_quiz() -> None:
    for _, network in networks(10, seed=6):
        asked: list[Asked] = []
        right: list[bool] = []
        for question in network.quiz(every=True):
            phase, chance = "value" if question.stage is not None else "gradient", random.Random(question.name)
            factor = chance.choice([1.0, 1.0003, 0.997, 1.02])
            given = np.vectorize(lambda x: float(f"{factor * x:.{chance.choice([3, 4])}g}"))(question.answer)  # noqa: B023
            asked += [(phase, question.label, k, x) for k, x in enumerate(np.ravel(given).tolist())]
            right += question._is(given if question.shape else float(given), question.answer)
        assert [one for one, _ in by_page(network, asked)] == right


def test_a_square_of_a_negative_number_may_be_typed_in_its_digits() -> None:
    """It is 1.2100000000000002 in a computer; nothing is known of its size by the exponent, log(-1.1)."""
    network = bp.loads("inputs: {o: 0}\ntargets: {y: 1.1}\nparameters: {b: 0}\nnodes: {e: o + b - y, J: e**2}")
    words = next(question for question in network.quiz() if question.name == "J").mark("1.2104").words
    assert by_page(network, [("value", "J", 0, x) for x in (1.21, 1.2104)]) == [(True, ""), (False, plain(words))]
