"""A quiz being taken in a terminal or by a script: what is shown, what a line typed does, and the score."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from backpropcli.errors import BackpropError
from backpropcli.exercise.mistakes import TOPICS
from backpropcli.exercise.question import HINTS
from backpropcli.exercise.wording import in_letters, listed, plural, steps_inside
from backpropcli.ops.table import lookup
from backpropcli.render.json import anything

if TYPE_CHECKING:
    from backpropcli.exercise.quiz import Quiz

COLUMN, WIDTH, INDENT = 56, 78, " " * 11
"""Where answers are typed, how wide a line is, and where what is said stands."""
ANSWER = 8
MOST_LISTED, MOST_TOPICS = 4, 2
KEYS = {
    "h": "h",
    "hint": "h",
    "?": "h",
    "help": "h",
    "s": "s",
    "skip": "s",
    "q": "q",
    "quit": "q",
    "stop": "q",
    "exit": "q",
}
WORD = re.compile(r"[^\W\d][\w./]*")
TOGETHER = "\xa0"
"""A blank where no line is broken."""
UP = "\x1b[A\x1b[{}C"


class Taken:
    """One question's record: the answers given, the hints, and how it ended."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.given: list[str] = []
        self.hints = 0
        self.right = False
        self.skipped = False
        self.topic = ""
        self.latest: Any = None
        """The last wrong answer."""
        self.follows: tuple[str, ...] = ()
        """The learner's own answers that a right one follows from, where it is right because of them."""

    @property
    def first_try(self) -> bool:
        """Whether the first answer was right."""
        return self.right and len(self.given) == 1

    @property
    def done(self) -> bool:
        """Whether the next question may come."""
        return self.right or self.skipped


class Session:
    """A quiz being taken: `opening`, then `prompt` and `take(line)` until it is `over`, then `closing`."""

    def __init__(self, quiz: Quiz) -> None:
        self.quiz = quiz
        self.taken = [Taken(question.name) for question in quiz]
        self.place = 0
        self.stopped = False
        self.wrong: dict[str, list[float]] = {}
        """The wrong answers that were plain numbers, by the questions' names."""
        self.own: dict[str, Any] = {}
        """The answers that were left standing, by the questions' names: what follows from them is right."""
        self._said = self._question()
        self._typed_at = COLUMN

    @property
    def over(self) -> bool:
        """Whether every question is done, or `q` was typed."""
        return self.stopped or self.place == len(self.quiz)

    # What is shown.

    def opening(self) -> str:
        """Which network, how many blanks, how answers look, and the keys."""
        lines = [*self._head(), *self._definitions(), *self._not_asked(), "h hint   s skip   q stop", *self._given()]
        return "\n".join(lines) + "\n\n"

    def _head(self) -> Iterator[str]:
        """What the quiz is about, and how an answer is typed."""
        quiz = self.quiz
        values = sum(question.stage is not None for question in quiz)
        gradients = len(quiz) - values
        many = f"{values} {plural('value', values)}", f"{gradients} {plural('gradient', gradients)}"
        what = f"{len(quiz)} blanks: {many[0]}, then {many[1]}" if values and gradients else many[not values]
        numbers = f", numbers no. {quiz.seed}" if quiz.seed is not None else ""
        head, taken = f"{quiz.source}{numbers}. {what}.", "6, 2*3 and 1/3 are all fine."
        if len(head) + len(taken) <= WIDTH:
            yield f"{head} {taken}"
        else:
            yield from textwrap.wrap(head, WIDTH, break_long_words=False, break_on_hyphens=False)
            yield taken
        digits = in_letters(quiz.digits)
        yield f"Give numbers of up to {digits} digits whole; of longer ones {digits} are enough."
        if any(question.shape for question in quiz):
            yield "An array is written 1 2 or [1, 2], a matrix 1 2; 3 4 or [[1, 2], [3, 4]]."

    def _definitions(self) -> Iterator[str]:
        """The network's own functions, and the formulas that are asked for in steps."""
        for text in self.quiz.definitions:
            yield from textwrap.wrap(f"{text}.", WIDTH)
        for node, steps in self.quiz.steps.items():
            yield from textwrap.wrap(steps_inside(steps, f"{node} = {self.quiz.written(node)}"), WIDTH)

    def _not_asked(self) -> Iterator[str]:
        """What there is beside what is asked for."""
        quiz = self.quiz
        if quiz.beyond:
            many, of = len(quiz) + quiz.beyond, quiz.worked.trace.of
            yield from textwrap.wrap(f"Of {many:,} blanks these are nearest to {of}; --every asks all.", WIDTH)
        if quiz.left_out:
            names = ", ".join(quiz.left_out[:MOST_LISTED]) + (", ..." if len(quiz.left_out) > MOST_LISTED else ".")
            yield from textwrap.wrap(f"Not asked for (too long, not finite, or what cancels): {names}", WIDTH)

    def _given(self) -> Iterator[str]:
        """The numbers that no question tells, and the forward pass where it is not asked for."""
        quiz, told = self.quiz, self.quiz.given
        if quiz.only != "gradients" and not quiz.beyond:
            told = [(name, text) for name, text in told if quiz.stands_apart(name)]
        if told:
            given = ", ".join(together(f"{name} = {text}") for name, text in told)
            wrapped = textwrap.wrap(f"Given: {given}", WIDTH, break_long_words=False)
            yield from ["", *(line.replace(TOGETHER, " ") for line in wrapped)]
        for stage in quiz.known:
            yield f"  {stage.name} = {quiz.worked.formula(stage).text} = {quiz.told(stage.name)}"

    def prompt(self) -> str:
        """What was said last, or the question, and the name whose number is to be typed."""
        name = f"{self.taken[self.place].name} = "
        lines = self._said.splitlines() or [""]
        room = COLUMN - len(name) - 2
        self._typed_at = max(COLUMN, len(name))
        if len(lines[-1]) <= room:
            return "\n".join([*lines[:-1], lines[-1].ljust(room + 2) + name])
        return "\n".join([*lines, " " * max(0, COLUMN - len(name)) + name])

    def take(self, line: str, echoed: bool = False, width: int | None = None) -> str:
        """What a typed line brings: the text that follows it.

        `echoed`: a terminal has shown the line and begun a new one, `width` columns wide; else the line itself is
        shown, so that a script's answers can be read.
        """
        verdict = self._take(line.strip())
        visible = "".join(c if c.isprintable() else " " for c in line.strip())
        end = self._typed_at + max(len(visible) + 2, ANSWER)
        if not echoed:
            text = (visible.ljust(ANSWER - 2) + "  " + verdict if verdict else visible) + "\n"
        elif not verdict:
            text = ""
        elif end + len(verdict) < (width or 0) and line.strip().isascii():
            text = UP.format(end) + verdict + "\n"
        else:
            text = INDENT + verdict + "\n"
        if self.taken[self.place].done:
            if self.taken[self.place].skipped:
                text += self._said + "\n"
            self.place += 1
            self._said = "" if self.over else self._question()
        return text

    def _question(self) -> str:
        many, number = len(self.quiz), self.place + 1
        question = self.quiz.questions[self.place]
        head, given = question.text, ""
        if question.given:
            head, given = head.split(", with ", 1)[0], ", ".join(part.replace(" ", TOGETHER) for part in question.given)
        text = f"{head.replace(' ', TOGETHER)}, with {given}" if given else head
        wrapped = textwrap.wrap(text, WIDTH - 7, break_long_words=False, break_on_hyphens=False) or [text]
        start = f"{number:>{max(len(str(many)), 2)}}/{many}  "
        return start + f"\n{' ' * len(start)}".join(line.replace(TOGETHER, " ") for line in wrapped)

    # What a line does.

    def _take(self, word: str) -> str:
        """What a typed word does; `right` where it is, and `_said` what stands before the next prompt."""
        question, taken = self.quiz.questions[self.place], self.taken[self.place]
        key = KEYS.get(word.lower())
        if key == "q":
            self.stopped = True
        elif key == "s":
            taken.skipped, taken.topic = True, taken.topic or question.topic
            if taken.latest is not None:
                self.own[question.name] = taken.latest
            self._say(f"{question.name} = {question.shown}")
        elif key == "h" and taken.hints == HINTS:
            self._say("There are no more hints. s shows the answer.")
        elif key == "h":
            taken.hints += 1
            self._say(f"Hint {taken.hints} of {HINTS}: {question.hint(taken.hints)}")
        else:
            return self._answer(word)
        return ""

    def _answer(self, word: str) -> str:
        """What an answer brings: `right`, or what is said to a wrong one, or to what cannot be read."""
        question, taken = self.quiz.questions[self.place], self.taken[self.place]
        known = self._known()
        try:
            mark = question.mark(word, known, self.wrong, self.own)
        except BackpropError as error:
            names = {*known, *WORD.findall(word)}
            self._say(" ".join(_sentence(text, names) for text in (error.message, error.hint) if text))
            return ""
        taken.given.append(word)
        taken.right = mark.right
        given = question.read(word)
        if mark.right:
            self.own[question.name] = given
            taken.follows = mark.follows
            return f"right, from your {listed(mark.follows)}" if mark.follows else "right"
        taken.latest = given
        if isinstance(given, float):
            self.wrong.setdefault(question.name, []).append(given)
        taken.topic = taken.topic or mark.topic
        self._say(f"Not yet: {mark.words}" if mark.words else "Not yet.")
        return ""

    def _known(self) -> dict[str, str | None]:
        """What can be known by now: the data, and what was asked for; None for what comes later."""
        quiz, worked = self.quiz, self.quiz.worked
        known: dict[str, str | None] = dict(quiz.given)
        for question in quiz.questions[self.place + 1 :]:
            known[question.name] = None
        for stage in worked.stages:
            known.setdefault(stage.name, quiz.told(stage.name))
        for label in worked.order():
            known.setdefault(worked.gradient_name(label), worked.show(worked.gradient(label)))
        return known

    def _say(self, text: str) -> None:
        lines = textwrap.wrap(" ".join(text.split()), WIDTH - len(INDENT), break_long_words=False)
        self._said = "\n".join(INDENT + line for line in lines)

    # The score.

    @property
    def first_try(self) -> int:
        """How many were right at the first try."""
        return sum(taken.first_try for taken in self.taken)

    def closing(self) -> str:
        """The score, and what to practise: the topics that are needed most, with their questions; a line's end."""
        text = f"{self.first_try} of {len(self.quiz)} right at the first try"
        missing, hints = len(self.quiz) - self.place, sum(taken.hints for taken in self.taken)
        text += f", with {hints} {plural('hint', hints)}" if hints else ""
        text += f", {missing} not answered." if missing else "."
        wanting = [taken for taken in self.taken if taken.topic]
        if wanting:
            topics = Counter(taken.topic for taken in wanting)
            needed = sorted((topic for topic in TOPICS if topics[topic]), key=lambda topic: -topics[topic])
            told = []
            for topic in needed[:MOST_TOPICS]:
                names = [taken.name for taken in wanting if taken.topic == topic]
                told.append(f"{topic} ({', '.join(names[:MOST_LISTED])}{', ...' if len(names) > MOST_LISTED else ''})")
            text += f" Practise: {', '.join(told)}."
        return "\n".join(textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)) + "\n"

    def result(self, student: str | None = None) -> str:
        """The score and the answers as JSON, `backprop.quiz/1`.

        {"format", "spec", "student", "seed", "digits", "first_try", "of", "hints", "finished", "answers": [{"name",
        "given", "right", "hints", "follows"}]}; `student` and `seed` are null where there is none, `digits` how many
        were asked for. `follows`: the names of the learner's own answers because of which one is right, though the
        network's number is another.
        """
        result: dict[str, Any] = {
            "format": "backprop.quiz/1",
            "spec": self.quiz.source,
            "student": student,
            "seed": self.quiz.seed,
            "digits": self.quiz.digits,
            "first_try": self.first_try,
            "of": len(self.quiz),
            "hints": sum(t.hints for t in self.taken),
            "finished": self.place == len(self.quiz),
            "answers": [
                {"name": t.name, "given": t.given, "right": t.right, "hints": t.hints, "follows": list(t.follows)}
                for t in self.taken
            ],
        }
        return anything(result) + "\n"


def together(text: str) -> str:
    """A short text whose blanks break no line."""
    return (
        text.replace(" ", TOGETHER)
        if len(text) < WIDTH
        else text.replace("] [", "]\0[").replace(" ", TOGETHER).replace("\0", " ")
    )


def _sentence(text: str, names: Collection[str] = ()) -> str:
    """A message as a sentence; a name, a gradient or a call at its beginning stays what it is."""
    text = " ".join(text.split())
    first = text.partition(" ")[0]
    word = first.rstrip(".,:").isalpha() and first not in names and lookup(first) is None
    start = text[:1].upper() if word else text[:1]
    return start + text[1:] + ("" if text.endswith((".", "?", ":")) else ".")
