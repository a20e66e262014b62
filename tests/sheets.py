"""Random networks of exercises, and learners who fill in their sheets: rounding, cutting, wrong once or not at all."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import backpropcli as bp
from backpropcli.exercise.carried_forward import carried_on, each
from backpropcli.exercise.grading import cut, entries, rounded

if TYPE_CHECKING:
    from backpropcli.exercise.question import Question
    from backpropcli.exercise.quiz import Quiz

DIGITS = {"round": rounded, "cut": cut, "exact": lambda x, digits: x}


def numbers(chance: random.Random, *shape: int, places: int = 2) -> Any:
    if not shape:
        return round(chance.uniform(-2, 2), places) or 0.5
    return [numbers(chance, *shape[1:], places=places) for _ in range(shape[0])]


def perceptron(chance: random.Random) -> str:
    units, activation = chance.choice([1, 2, 3]), chance.choice(["sigmoid", "tanh", "relu", "softplus"])
    sides = [f"  h{k}: {activation}(w{k} * x + b{k})" for k in range(units)]
    data = {f"{letter}{k}": numbers(chance) for k in range(units) for letter in "wbv"}
    out = " + ".join(f"v{k} * h{k}" for k in range(units))
    given = f"inputs: {{x: {numbers(chance)}}}\ntargets: {{y: {numbers(chance)}}}\nparameters: {data}\n"
    return given.replace("'", "") + "nodes:\n" + "\n".join(sides) + f"\n  o: {out}\n  e: o - y\n  J: e**2 / 2\n"


def recurrent(chance: random.Random) -> str:
    steps = chance.choice([2, 3, 4])
    data = {f"x{k}": numbers(chance) for k in range(1, steps + 1)}
    nodes = [f"  a{k}: w * x{k} + u * h{k - 1} + b\n  h{k}: tanh(a{k})" for k in range(1, steps + 1)]
    return (
        f"inputs: {{h0: 0, {str(data)[1:-1]}}}\ntargets: {{y: {numbers(chance)}}}\n".replace("'", "")
        + "parameters: {"
        + ", ".join(f"{name}: {numbers(chance)}" for name in "wubv")
        + "}\n"
        + "nodes:\n"
        + "\n".join(nodes)
        + f"\n  o: v * h{steps}\n  J: (o - y)**2 / 2\n"
    )


def dense(chance: random.Random) -> str:
    many, width = chance.choice([1, 2, 4]), chance.choice([2, 3])
    activation = chance.choice(["sigmoid", "relu", "tanh"])
    return (
        f"inputs: {{X: {numbers(chance, many, 2)}}}\ntargets: {{Y: {numbers(chance, many, 1)}}}\n"
        f"parameters: {{W1: {numbers(chance, 2, width)}, b1: {numbers(chance, width)}, "
        f"W2: {numbers(chance, width, 1)}, b2: {numbers(chance, 1)}}}\n"
        f"nodes:\n  Z1: X @ W1 + b1\n  A1: {activation}(Z1)\n  Z2: A1 @ W2 + b2\n  E: Z2 - Y\n"
        "  J: mean(E**2)\n"
    )


def classifier(chance: random.Random) -> str:
    many = chance.choice([1, 2])
    labels = [chance.randrange(3) for _ in range(many)]
    loss = chance.choice(["-mean(log(softmax(Z)[arange({n}), y]))", "cross_entropy(Z, y)"]).format(n=many)
    return (
        f"inputs: {{X: {numbers(chance, many, 2)}}}\ntargets: {{y: {labels}}}\n"
        f"parameters: {{W: {numbers(chance, 2, 3)}, b: {numbers(chance, 3)}}}\n"
        f"nodes:\n  Z: X @ W + b\n  J: '{loss}'\n"
    )


def batch_norm(chance: random.Random) -> str:
    many = chance.choice([3, 4])
    return (
        f"inputs: {{x: {numbers(chance, many)}}}\ntargets: {{y: {numbers(chance, many)}}}\n"
        f"parameters: {{w: {numbers(chance)}, b: {numbers(chance)}, g: {numbers(chance)}, s: {numbers(chance)}}}\n"
        "nodes:\n  z: w*x + b\n  m: mean(z)\n  c: z - m\n  v: mean(c**2)\n  n: c / sqrt(v + 0.001)\n"
        "  o: g*n + s\n  J: mean((o - y)**2)\n"
    )


MAKERS = (perceptron, recurrent, dense, classifier, batch_norm)


def networks(count: int, seed: int = 0) -> Iterator[tuple[str, bp.Network]]:
    for k in range(count):
        maker = MAKERS[k % len(MAKERS)]
        yield maker.__name__, bp.loads(maker(random.Random(f"{seed} {k}")))


class Sheet(NamedTuple):
    """A filled-in sheet: the answers as typed, and the name of the one that is wrong (empty where none is)."""

    answers: dict[str, str]
    wrong: str


def typed(number: Any) -> str:
    return repr(float(number)) if not getattr(number, "shape", ()) else str(np.asarray(number).tolist())


def filled(quiz: Quiz, form: str, wrong: int | None = None, factor: float = 1.37) -> Sheet:
    """What a learner writes who works from what was written before, and is wrong at the blank number `wrong`."""
    own: dict[str, Any] = {}
    told = quiz.questions[0].told
    for k, question in enumerate(quiz):
        number = carried_on(quiz.worked, question.stage, question.label, own, told)
        number = each(number, quiz.digits, DIGITS[form])
        if k == wrong:
            number = mistaken(question, number, factor)
        own[question.name] = number
    name = quiz.questions[wrong].name if wrong is not None else ""
    return Sheet({name: typed(number) for name, number in own.items()}, name)


def mistaken(question: Question, number: Any, factor: float) -> Any:
    """A number that is no answer: another factor, and where it is 0 a 1."""
    if all(x == 0 for x in entries(number)):
        return number + 1.0
    return number * factor
