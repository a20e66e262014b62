"""The exercise on paper: a worksheet for each student, with other nice numbers, and one key for all of them."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from html import escape
from typing import NamedTuple

from backpropcli.errors import UsageError
from backpropcli.views.latex import paragraph
from backpropcli.views.quiz import Quiz

MOST_STUDENTS = 1000
SEEDS = 1_000_000_000
STUDENT = re.compile(r"\w[\w.-]{0,60}\Z")
KEY = "key"
BLANK = "________"
FORWARD, BACKWARD = "Forward: values, left to right", "Backward: gradients, right to left"


class Part(NamedTuple):
    """A part of a sheet: a heading, lines before its list, and the list, each entry a formula and its answer or blank.

    `level` is the heading's. `numbered`: the entries are counted.
    """

    heading: str
    lines: Sequence[str] = ()
    entries: Sequence[tuple[str, str]] = ()
    level: int = 2
    numbered: bool = True


def worksheets(
    make: Callable[[int | None], Quiz], path: str, students: str | None = None, seed: int | None = None, title: str = ""
) -> Iterator[tuple[str, str]]:
    """Each file's name and its text, the key last: homework.md becomes homework-101.md, ..., homework-key.md.

    `make` gives the exercise of a seed (None: the network's own numbers). `students` are names, "101,102", or how many,
    "30"; without them there is one worksheet. The numbers depend on the name, and on `seed` where there is one.
    """
    stem, ending = os.path.splitext(path)
    write = {".md": markdown, ".tex": latex, ".html": html}[ending.lower()]
    names = roster(students) if students is not None else [""]
    made = [(name, make(seed_of(name, seed) if name else seed)) for name in names]
    heading = title or made[0][1].source
    for name, quiz in made:
        file = f"{stem}-{name}{ending}" if name else path
        yield file, write(heading + (f", student {name}" if name else ""), sheet(quiz))
    key = [part for name, quiz in made for part in answers(quiz, name)]
    yield f"{stem}-{KEY}{ending}", write(f"{heading}: key", key)


def roster(text: str) -> list[str]:
    """The students' names: a list, `101,102`, or numbers from 1 where there is just one number, how many they are."""
    names = [name.strip() for name in text.split(",")]
    if len(names) == 1 and names[0].isdecimal():
        many = int(names[0])
        if not 1 <= many <= MOST_STUDENTS:
            raise UsageError(f"--students {text}: expected from 1 to {MOST_STUDENTS:,} students")
        return [str(k).zfill(len(names[0])) for k in range(1, many + 1)]
    names = [name for name in names if name]
    for name in names:
        if not STUDENT.match(name) or name.lower() == KEY:
            raise UsageError(
                f"--students: {name} cannot be part of a file's name", hint="Letters, digits, - and _ are fine."
            )
        if names.count(name) > 1:
            raise UsageError(f"--students: {name} is there twice")
    if not names:
        raise UsageError("--students: expected names, as 101,102, or how many, as 30")
    return names


def seed_of(name: str, seed: int | None = None) -> int:
    """The seed of a student: the number that the name is, if it is one, else one made from it."""
    if seed is None and name.isdecimal() and name.isascii() and int(name) < SEEDS:
        return int(name)
    return int.from_bytes(sha256(f"{'' if seed is None else seed}:{name}".encode()).digest()[:8], "big") % SEEDS


def sheet(quiz: Quiz) -> list[Part]:
    """The parts of an exercise: what is given, and both passes with blanks."""
    forward, backward = _entries(quiz, False)
    lines = ["Given: " + _given(quiz)]
    if quiz.left_out:
        lines.append("Not asked for: " + ", ".join(quiz.left_out))
    parts = [Part("", lines)]
    if quiz.only == "gradients":
        known = [(stage.name, quiz.worked.formula(stage).text, quiz.told(stage.name)) for stage in quiz.worked.stages]
        parts.append(Part("The forward pass", (), [(f"{n} = {f}", value) for n, f, value in known], numbered=False))
    parts += [Part(FORWARD, (), forward)] if forward else []
    parts += [Part(BACKWARD, (), backward)] if backward else []
    if quiz.seed is not None:
        parts.append(Part("", [f"The same in a terminal, with hints: backprop quiz {quiz.source} --seed {quiz.seed}"]))
    return parts


def answers(quiz: Quiz, name: str = "") -> list[Part]:
    """The key's parts: the same with answers, in the same order."""
    forward, backward = _entries(quiz, True)
    parts = [Part(f"Student {name}" if name else "", ["Given: " + _given(quiz)])]
    parts += [Part(FORWARD, (), forward, 3)] if forward else []
    parts += [Part(BACKWARD, (), backward, 3)] if backward else []
    return parts


def _given(quiz: Quiz) -> str:
    return ", ".join(f"{name} = {text}" for name, text in quiz.given)


def _entries(quiz: Quiz, answered: bool) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The blanks of both passes; the formula of a gradient is part of the answer."""
    forward, backward = [], []
    for question in quiz:
        shown = question.shown if answered else BLANK
        if question.stage is not None:
            forward.append((f"{question.name} = {quiz.worked.formula(question.stage).text}", shown))
            continue
        worked = " + ".join(term.text for term in question.terms)
        backward.append((f"{question.name} = {worked}" if answered and worked else question.name, shown))
    return forward, backward


def markdown(title: str, parts: Sequence[Part]) -> str:
    """A sheet as Markdown."""
    text = f"# {title}\n"
    for part in parts:
        text += f"\n{'#' * part.level} {part.heading}\n" if part.heading else ""
        for line in part.lines:
            text += "\n" + textwrap.fill(line, 116, break_long_words=False, break_on_hyphens=False) + "\n"
        text += "\n" if part.entries else ""
        for number, (formula, answer) in enumerate(part.entries, 1):
            text += f"{f'{number}.' if part.numbered else '-'} `{formula} = {answer}`\n"
    return text


def latex(title: str, parts: Sequence[Part]) -> str:
    """A sheet as a LaTeX document."""
    text = (
        "\\documentclass[11pt,a4paper]{article}\n\\usepackage[utf8]{inputenc}\n\\usepackage[T1]{fontenc}\n"
        "\\usepackage[margin=25mm]{geometry}\n\\begin{document}\n"
        f"\\section*{{{paragraph(title)}}}\n"
    )
    for part in parts:
        command = "subsection" if part.level == 2 else "subsubsection"
        text += f"\n\\{command}*{{{paragraph(part.heading)}}}\n" if part.heading else ""
        text += "".join(f"\n\\noindent {paragraph(line)}\n" for line in part.lines)
        if part.entries:
            kind = "enumerate" if part.numbered else "itemize"
            items = (
                f"\\item {paragraph(formula)} $=$ "
                + ("\\underline{\\hspace{3cm}}" if answer == BLANK else f"\\textbf{{{paragraph(answer)}}}")
                for formula, answer in part.entries
            )
            text += f"\\begin{{{kind}}}\n" + "".join(f"{item}\n" for item in items) + f"\\end{{{kind}}}\n"
    return text + "\\end{document}\n"


def html(title: str, parts: Sequence[Part]) -> str:
    """A sheet as one HTML page that prints well."""
    text = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n<style>\n"
        "body { font: 12pt/1.6 Georgia, 'DejaVu Serif', serif; max-width: 44rem; margin: 2rem auto; }\n"
        "li { margin: .35rem 0; break-inside: avoid; }\nh2, h3 { break-after: avoid; }\n"
        ".blank { display: inline-block; min-width: 8rem; border-bottom: 1px solid; }\n"
        f"</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
    )
    for part in parts:
        text += f"<h{part.level}>{escape(part.heading)}</h{part.level}>\n" if part.heading else ""
        text += "".join(f"<p>{escape(line)}</p>\n" for line in part.lines)
        if part.entries:
            kind = "ol" if part.numbered else "ul"
            items = (
                f"<li>{escape(formula)} = "
                + ('<span class="blank">&nbsp;</span>' if answer == BLANK else f"<b>{escape(answer)}</b>") + "</li>\n"
                for formula, answer in part.entries
            )
            text += f"<{kind}>\n{''.join(items)}</{kind}>\n"
    return text + "</body>\n</html>\n"
