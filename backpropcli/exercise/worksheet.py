"""The exercise on paper: a worksheet for each student, with other nice numbers, and one key for all of them."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from backpropcli import safe
from backpropcli.drawing.picture import picture
from backpropcli.drawing.svg import drawn
from backpropcli.drawing.terminal import terminal_graph
from backpropcli.exercise.given_numbers import counted, told_apart
from backpropcli.exercise.grading import entries
from backpropcli.exercise.sheet import BLANK, PAPER, Entry, Part
from backpropcli.exercise.students import KEY, MANIFEST, Student, a_class, manifest, roster
from backpropcli.exercise.wording import in_letters, in_numbers, steps_inside, summed
from backpropcli.exercise.worksheet_latex import latex
from backpropcli.notation import maths
from backpropcli.notation.maths import Maths
from backpropcli.notation.numbers import Precision

if TYPE_CHECKING:
    from backpropcli.drawing.model import Picture
    from backpropcli.exercise.quiz import Quiz

TOGETHER = "\xa0"
"""A blank where no line is broken."""
WIDTH = 100
"""How wide a drawing may be, in characters."""
MOST_DRAWN = 60
"""A graph of more nodes is not drawn on a sheet of paper."""
MOST_NAMED = 8
WRITTEN = 12
"""A given number of up to so many digits is drawn whole."""
NO_SCRIPTS = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""What a sheet in HTML may load: nothing but its own style."""
FORWARD, BACKWARD = "Forward: values, left to right", "Backward: gradients, right to left"


def worksheets(
    make: Callable[[int | None], Quiz],
    path: str,
    students: str | None = None,
    seed: int | None = None,
    title: str = "",
    tell: Callable[[str], None] = lambda _: None,
    seeds: Mapping[str, int] | None = None,
) -> Iterator[tuple[str, str]]:
    """Each file's name and its text: homework.md becomes homework-101.md, ..., homework-key.md, homework-students.csv.

    `make` gives the exercise of a seed (None: the network's own numbers). `students` are names, "101,102", or how many,
    "30"; without them there is one worksheet and no CSV file. The numbers depend on the name, and on `seed` where
    there is one; `seeds` are those of a manifest. `tell` is told where two would have the same numbers.
    """
    stem, ending = os.path.splitext(path)
    write = {".md": markdown, ".tex": latex, ".html": html}[ending.lower()]
    everybody: list[Student] = []
    listing = f"{stem}-{MANIFEST}.csv"
    if students is not None or seeds:
        everybody = a_class(make, list(seeds or ()) or roster(students or ""), seed, tell, seeds, listing)
    made = [(student.name, student.quiz) for student in everybody] or [("", make(seed))]
    heading = title or os.path.basename(made[0][1].source)
    files = [f"{stem}-{name}{ending}" if name else path for name, _ in made]
    for file, (name, quiz) in zip(files, made, strict=True):
        yield file, write(heading + (f", student {name}" if name else ""), sheet(quiz))
    key = [part for name, quiz in made for part in answers(quiz, name)]
    yield f"{stem}-{KEY}{ending}", write(f"{heading}: key", key)
    if everybody:
        yield listing, manifest(everybody, files)


def sheet(quiz: Quiz) -> list[Part]:
    """The parts of an exercise: what is given, the graph, and both passes with blanks."""
    forward, backward = _entries(quiz, False)
    parts = [Part("", _told(quiz), given=quiz.given, picture=graph(quiz))]
    if quiz.known:
        known = [
            Entry((maths.name(stage.name), quiz.worked.formula(stage).text), quiz.told(stage.name))
            for stage in quiz.known
        ]
        parts.append(Part("The forward pass", (), known, numbered=False))
    parts += [Part(FORWARD, (), forward)] if forward else []
    parts += [Part(BACKWARD, (), backward)] if backward else []
    if quiz.seed is not None:
        name = os.path.basename(quiz.source)
        parts.append(Part("", [f"The same in a terminal, with hints: backprop quiz {name} --seed {quiz.seed}"]))
    return parts


def answers(quiz: Quiz, name: str = "") -> list[Part]:
    """The key's parts: the same worked out, in the same order, and the graph with its numbers."""
    forward, backward = _entries(quiz, True)
    told = [f"{text}." for text in quiz.definitions]
    parts = [Part(f"Student {name}" if name else "", told, given=quiz.given, picture=graph(quiz, answered=True))]
    parts += [Part(FORWARD, (), forward, level=3)] if forward else []
    parts += [Part(BACKWARD, (), backward, level=3)] if backward else []
    return parts


def _told(quiz: Quiz) -> list[str]:
    """What stands under the data: functions, steps inside formulas, and what is not asked for."""
    lines = [f"{text}." for text in quiz.definitions]
    for node, steps in quiz.steps.items():
        lines.append(steps_inside(steps, f"{node} = {quiz.written(node)}"))
    if quiz.beyond:
        lines.append(f"Of {len(quiz) + quiz.beyond:,} blanks these are nearest to {quiz.worked.trace.of}.")
    if quiz.left_out:
        more = ", ..." if len(quiz.left_out) > MOST_NAMED else ""
        names = ", ".join(quiz.left_out[:MOST_NAMED])
        lines.append(f"Not asked for (too long, not finite, or what cancels): {names}{more}")
    digits = in_letters(quiz.digits)
    lines.append(
        f"Give numbers of up to {digits} digits whole; of longer ones {digits} digits are enough. "
        "Go on with what you wrote: what follows from it is right."
    )
    return lines


def graph(quiz: Quiz, answered: bool = False) -> Picture | None:
    """The drawing: the data with their numbers, and blanks for what is asked for; None where it would be too large."""
    trace = quiz.worked.trace
    if len(trace.graph.nodes) > MOST_DRAWN:
        return None
    full, blank = picture(trace, enough(quiz)), picture(trace, blank=True)
    if answered:
        return full
    items = {}
    asked, told = {question.name for question in quiz}, {name for name, _ in quiz.given}
    for name, item in full.items.items():
        known = item.data or quiz.only == "gradients" or name in told
        value = item.value if known else blank.items[name].value if name in asked else ()
        gradient = blank.items[name].gradient if quiz.worked.gradient_name(name) in asked else ()
        items[name] = item._replace(value=value, gradient=gradient)
    return full._replace(items=items)


def enough(quiz: Quiz) -> Precision:
    """As many digits as are asked for, or more, where numbers that are given would not be themselves with fewer."""
    given = [
        x for name in quiz.worked.graph.names("input", "target", "parameter") for x in entries(quiz.worked.value(name))
    ]
    written = [x for x in given if float(f"{x:.{WRITTEN}g}") == x]
    precision = quiz.worked.precision
    for finer in (precision, *(Precision(k) for k in range(Precision().digits, WRITTEN + 1))):
        if all(float(finer.show(x)) == x for x in written):
            return finer
    return Precision(WRITTEN)


def _entries(quiz: Quiz, answered: bool) -> tuple[list[Entry], list[Entry]]:
    """The lines of both passes; the formula of a gradient is part of the answer, as are the numbers put in."""
    forward, backward = [], []
    for question in quiz:
        stage, name = question.stage, maths.name(question.name)
        shown = told_apart(quiz.worked, question.answer) if answered else BLANK
        like = counted(question.shape) if question.shape and not answered else ""
        if stage is not None:
            formula = quiz.worked.formula(stage)
            numbers = [in_numbers(formula.numbers) or ""] if answered else []
            forward.append(Entry(_apart(name, formula.text, *numbers, result=shown), shown, like))
            continue
        if not answered:
            backward.append(Entry((name,), shown, like))
            continue
        terms = question.terms
        numbers = [in_numbers(term.numbers) or "" for term in terms]
        worked = Maths(summed(numbers), maths.joined(" + ", numbers).source) if numbers and all(numbers) else ""
        remark = "; ".join(dict.fromkeys(term.remark for term in terms if term.remark))
        sides = _apart(name, maths.joined(" + ", [term.text for term in terms]), worked, result=shown)
        backward.append(Entry(sides, shown, remark))
    return forward, backward


def _apart(*sides: str, result: str) -> tuple[str, ...]:
    """The sides of an equation without those that are empty, or say what stands beside them already."""
    kept = [side for side in dict.fromkeys(sides) if side and side != result]
    return tuple(kept)


def markdown(title: str, parts: Sequence[Part]) -> str:
    """A sheet as Markdown."""
    text = f"# {safe.markdown(title)}\n"
    for part in parts:
        text += f"\n{'#' * part.level} {safe.markdown(part.heading)}\n" if part.heading else ""
        given = [safe.code(f"{name} = {value}").replace(" ", TOGETHER) for name, value in part.given]
        for line in [f"Given: {', '.join(given)}"] * bool(given) + list(map(safe.markdown, part.lines)):
            filled = textwrap.fill(line, 116, break_long_words=False, break_on_hyphens=False)
            text += f"\n{filled.replace(TOGETHER, ' ')}\n"
        if part.picture is not None:
            text += "\n```text\n" + "".join(f"{line}\n" for line in terminal_graph(part.picture, WIDTH)) + "```\n"
        text += "\n" if part.entries else ""
        for number, entry in enumerate(part.entries, 1):
            said = f" ({safe.markdown(entry.remark)})" if entry.remark else ""
            line = safe.code(" = ".join([*entry.sides, entry.answer]))
            text += f"{f'{number}.' if part.numbered else '-'} {line}{said}\n"
    return text


def html(title: str, parts: Sequence[Part]) -> str:
    """A sheet as one HTML page that prints well."""
    text = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{NO_SCRIPTS}">\n'
        f"<title>{escape(title)}</title>\n<style>\n"
        "body { font: 12pt/1.6 Georgia, 'DejaVu Serif', serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem;\n"
        "  color: #1c1c1c; background: #fff; }\n"
        "li { margin: .35rem 0; break-inside: avoid; }\nh2, h3 { break-after: avoid; }\n"
        "svg { max-width: 100%; height: auto; break-inside: avoid; }\n"
        ".blank { display: inline-block; min-width: 8rem; border-bottom: 1px solid; }\n.long { min-width: 18rem; }\n"
        ".remark { color: #555; }\n@media print { body { margin: 0 auto; } }\n"
        f"</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
    )
    for part in parts:
        text += f"<h{part.level}>{escape(part.heading)}</h{part.level}>\n" if part.heading else ""
        lines = [f"Given: {', '.join(f'{name} = {value}' for name, value in part.given)}"] if part.given else []
        text += "".join(f"<p>{escape(line)}</p>\n" for line in [*lines, *part.lines])
        text += on_paper(drawn(part.picture, ids=False, widest=PAPER)) if part.picture is not None else ""
        if part.entries:
            kind = "ol" if part.numbered else "ul"
            text += f"<{kind}>\n{''.join(map(_item, part.entries))}</{kind}>\n"
    return text + "</body>\n</html>\n"


def _item(entry: Entry) -> str:
    long = "" if len(entry.sides) > 1 else " long"
    blank = f'<span class="blank{long}">&nbsp;</span>'
    answer = blank if entry.answer == BLANK else f"<b>{escape(entry.answer)}</b>"
    remark = f' <span class="remark">({escape(entry.remark)})</span>' if entry.remark else ""
    return f"<li>{escape(' = '.join(entry.sides))} = {answer}{remark}</li>\n"


def on_paper(svg: str) -> str:
    """A drawing that stays light where the screen is dark, as paper is."""
    return svg.replace("@media (prefers-color-scheme: dark)", "@media not all")
