"""One self-contained HTML page of a run: the graph, its steps, and fields that change its numbers; or an exercise.

Nothing is loaded from anywhere. The page's policy allows no request and no script but its own, by its hash, so that a
spec from a stranger can bring neither; its names and formulas are escaped all the same.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Collection
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.drawing.picture import picture
from backpropcli.drawing.svg import drawn
from backpropcli.page.lesson import Lesson, lesson
from backpropcli.page.size import check_bytes, check_graph
from backpropcli.version import __version__

if TYPE_CHECKING:
    from backpropcli.drawing.model import Picture
    from backpropcli.engine import Trace
    from backpropcli.notation.numbers import Precision
    from backpropcli.page.blanks import Place

SCRIPTS = {
    "lesson": ("common.js", "graph.js", "read.js", "table.js", "fields.js", "times.js", "lesson.js"),
    "exercise": ("common.js", "graph.js", "read.js", "random_values.js", "grading.js", "exercise.js"),
}
STYLES = {"lesson": ("page.css", "screens.css"), "exercise": ("page.css", "exercise.css", "screens.css")}
"""What the two kinds of page are made of, in order."""
HEADINGS = {"lesson": ", step by step", "exercise": ": fill in the blanks"}
WHOLE = '<button type="button" id="whole" aria-pressed="false" hidden>Whole graph</button>'
"""It stands beside the heading, in an exercise with what stays in sight."""
SMALLEST, SMALLEST_ON_PHONE = 0.7, 0.9
"""A drawing is made smaller than it is to fit the page, down to this; then it is scrolled."""
ON_PAPER, MOST_ON_PAPER = 800.0, 200
"""A wider drawing is printed in bands; one of more nodes than these is no picture for paper."""
UPRIGHT = 1050.0
"""A drawing that is still wider is printed in landscape, on a page of its own."""
LANDSCAPE = "@page wide { size: landscape; }\n@media print { header, #graph { page: wide; } }\n"
PRINTED = """\
#paper { display: none; }
@media print { #graph > .backprop-graph { display: none; } #graph > #paper { display: block; } }
"""
ROOM = "____"
"""What keeps the room for a number that is to be found: the same for every number."""
ROOMY = 5
"""The graph has room for so many figures where a number has fewer: it may get them when the numbers change."""
FIGURE_SPACE = "\u2007"
STYLE = re.compile(r"<style>.*?</style>\n?|<desc>.*?</desc>\n?", re.DOTALL)
NUMBER = re.compile(r"[^\s\[\]]+")
COMMENT, BLANKS = re.compile(r"/\*.*?\*/", re.DOTALL), re.compile(r"\s*([{};,])\s*|(?<=:)\s+")
"""In a style sheet."""
REMARK = re.compile(r"\s\s//.*$")
"""At the end of a line of JavaScript."""
WIDTH = re.compile(r'width="([\d.]+)"')


UNTIMED = "const times = [], followTime = () => {};\n"
"""What stands for the slider's script on a page of nothing that runs through time."""


class Page(NamedTuple):
    """A page: its text, how many numbers it asks for (0 where it is no exercise), and whether it can compute.

    `left_out` are the names of what an exercise does not ask for, because it is not finite, `beyond` how many more
    blanks there are than the nearest to the loss, which are asked for.
    """

    html: str
    blanks: int
    live: bool
    left_out: tuple[str, ...] = ()
    beyond: int = 0

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return len(self.html.encode())


def page(
    trace: Trace,
    title: str | None = None,
    *,
    precision: Precision | None = None,
    everything: bool = False,
    expand: bool = False,
    exercise: bool = False,
    seed: int | None = None,
    started: Trace | None = None,
) -> Page:
    """The page of a run that was differentiated. Without a `title` its heading says what it is about.

    `expand`: every step inside a formula is a box and a step of its own. `exercise`: blanks to be filled in; `seed`
    gives it other numbers, and `started` is the run with these. Raises SpecError where no browser could open it.
    """
    check_graph(trace.graph, expand)
    told = lesson(
        trace, precision=precision, everything=everything, expand=expand, exercise=exercise, seed=seed, started=started
    )
    mode = "exercise" if exercise else "lesson"
    heading = title or f"The gradients of {trace.of}{HEADINGS[mode]}"
    shown = picture(trace, precision, expand=expand)
    shown = with_room(shown)
    if told.choice is not None:
        shown = without_answers(shown, told.choice.asked)
    drawing = STYLE.sub("", drawn(shown))
    paper = for_paper(shown, drawing)
    style = "".join(map(piece, STYLES[mode])) + graph_width(drawing) + printed(paper, drawing)
    script = told.script + "(() => {\n" + _scripts(mode, bool(trace.graph.times)) + "})();\n"
    policy = (
        f"default-src 'none'; script-src '{fingerprint(script)}'; style-src '{fingerprint(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    graph = piece("graph.html").replace("$svg", drawing + paper)
    body = Template(piece(f"{mode}.html")).substitute(graph=graph, whole=WHOLE)
    text = Template(piece("page.html")).substitute(
        policy=policy,
        version=__version__,
        title=escape(heading),
        style=style,
        mode=mode,
        whole="" if exercise else WHOLE,
        body=body,
        data=embedded(told),
        script=script,
    )
    made = Page(text, told.blanks, told.live, told.left_out, told.choice.beyond if told.choice else 0)
    check_bytes(made.size, trace.graph, expand)
    return made


def _scripts(mode: str, timed: bool) -> str:
    """The scripts of a kind of page; a slider through time where there is any."""
    return "".join(UNTIMED if name == "times.js" and not timed else piece(name) for name in SCRIPTS[mode])


def without_answers(shown: Picture, asked: Collection[Place]) -> Picture:
    """A picture with room for the numbers to be found, and the given ones."""
    items = {}
    for name, item in shown.items.items():
        value = tuple(map(_room, item.value)) if ("value", name) in asked else item.value
        gradient = tuple(map(_room, item.gradient)) if ("gradient", name) in asked else item.gradient
        items[name] = item._replace(value=value, gradient=gradient)
    return shown._replace(items=items)


def with_room(shown: Picture) -> Picture:
    """A picture whose numbers may grow a little."""
    items = {}
    for name, item in shown.items.items():
        items[name] = item._replace(value=tuple(map(_roomy, item.value)), gradient=tuple(map(_roomy, item.gradient)))
    return shown._replace(items=items)


def _roomy(line: str) -> str:
    return NUMBER.sub(lambda found: found[0].ljust(ROOMY, FIGURE_SPACE), line)


def _room(line: str) -> str:
    return NUMBER.sub(ROOM, line.replace(FIGURE_SPACE, ""))


def piece(name: str) -> str:
    """A part of the page that stands in a file of its own, without its comments and the blanks that nobody needs."""
    text = (files("backpropcli.page") / "assets" / name).read_text(encoding="utf-8")
    if name.endswith(".css"):
        text = BLANKS.sub(r"\1", COMMENT.sub("", text)).replace("}", "}\n")
    lines = (REMARK.sub("", line).strip() if name.endswith(".js") else line for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("//"))


def for_paper(shown: Picture, drawing: str) -> str:
    """The drawing in bands, for printing: a wide one made as narrow as paper could not be read. Empty if it fits."""
    if width_of(drawing) <= ON_PAPER or len(shown.items) > MOST_ON_PAPER:
        return ""
    folded = STYLE.sub("", drawn(shown, ids=False, widest=ON_PAPER))
    return folded.replace("<svg ", '<svg id="paper" ', 1) if width_of(folded) < width_of(drawing) else ""


def printed(paper: str, drawing: str) -> str:
    """The style for printing: which drawing, and which way the paper lies."""
    style = PRINTED if paper else ""
    return style + (LANDSCAPE if width_of(paper or drawing) > UPRIGHT else "")


def width_of(drawing: str) -> float:
    """How wide a drawing is."""
    found = WIDTH.search(drawing)
    return float(found[1]) if found else 0.0


def graph_width(drawing: str) -> str:
    """How wide the drawing is."""
    width = width_of(drawing)
    return (
        f".backprop-graph {{ width: 100%; max-width: {width * 1.25:.0f}px; min-width: {width * SMALLEST:.0f}px; }}\n"
        "@media screen and (max-width: 60rem) "
        f"{{ .backprop-graph {{ min-width: {width * SMALLEST_ON_PHONE:.0f}px; }} }}\n"
    )


def embedded(told: Lesson) -> str:
    """The lesson's data as JSON that cannot end its own element."""
    text = json.dumps(told.data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def fingerprint(text: str) -> str:
    """The hash by which a policy allows one script or one style."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
