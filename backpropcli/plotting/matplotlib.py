"""A figure as SVG, PNG or PDF, by matplotlib: imported here alone, and only when such a file is asked for."""

from __future__ import annotations

import logging
import math
import textwrap
from contextlib import AbstractContextManager, ExitStack
from io import BytesIO
from typing import TYPE_CHECKING, Any

from backpropcli.errors import UsageError
from backpropcli.plotting.thinning import thinned
from backpropcli.plotting.ticks import labels, ticks
from backpropcli.safe import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backpropcli.plotting.figure import Axis, Contours, Figure, Line
    from backpropcli.plotting.plot import Plot
    from backpropcli.render.output import Destination

SIZE, DOTS_PER_INCH = (7.0, 4.6), 150
OUTSIDE = 1e4
"""So many times its own length from an axis everything is equally far."""
TICKS_ACROSS, TICKS_UP = 9, 8
NOTES = 100
"""Letters of a line of notes."""
MOST = 4000
"""Points of one line: more are not seen, and make files that no program opens."""
COLOURS = ("#1f6fb4", "#b03a8c", "#d08a00", "#2e8b57", "#3f3fbf", "#c0392b")
MARKERS = ("D", "o", "^", "s", "P", "v", "X", "*", "<", ">")
SETTINGS = {
    "svg.hashsalt": "backprop",  # the ids of a file are the same in the next run
    "svg.fonttype": "none",
    "text.usetex": False,
    "text.parse_math": False,
    "font.family": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}
"""No time and no version: the same plot is the same file, byte for byte."""


def figure(found: Plot, to: Destination) -> list[str] | bytes:
    """A plot, as the registry of formats asks for it."""
    form = to.format
    with _quietly(), _defaults(_library()):
        from matplotlib.figure import Figure as Sheet

        sheet = Sheet(figsize=SIZE, dpi=DOTS_PER_INCH, layout="constrained")
        _fill(sheet.add_subplot(), found.shown)
        file = BytesIO()
        sheet.savefig(file, format=form, metadata=METADATA[form])
    content = file.getvalue()
    return [content.decode("utf-8")] if form == "svg" else content


def _library() -> Any:
    """matplotlib; UsageError, with what to type, where it is not there."""
    try:
        import matplotlib
    except ImportError:
        raise UsageError(
            "SVG, PNG and PDF of a plot are drawn by matplotlib, which is not installed",
            hint="Install it:  pip install 'backpropcli[plot]'\n"
            "Without it there are the formats terminal, json, csv and markdown.",
        ) from None
    except ValueError as error:  # a backend that nobody knows, in the environment or in a file of the user's
        said = str(error).partition(";")[0]
        raise UsageError(f"matplotlib cannot be loaded: {said}", hint="Look at MPLBACKEND and matplotlibrc.") from None
    return matplotlib


def _quietly() -> AbstractContextManager[Any]:
    """No warnings of the library's beside our own messages."""
    import warnings

    stack = ExitStack()
    before = logging.root.manager.disable
    stack.callback(logging.disable, before)
    logging.disable(max(before, logging.WARNING))  # where it keeps its fonts is no news to who wants a file
    stack.enter_context(warnings.catch_warnings())
    warnings.simplefilter("ignore")  # a sign that the font has not
    return stack


def _defaults(matplotlib: Any) -> AbstractContextManager[Any]:
    """Our settings alone, whatever a file in somebody's home folder says."""
    defaults = {key: value for key, value in matplotlib.rcParamsDefault.items() if not key.startswith("backend")}
    context: AbstractContextManager[Any] = matplotlib.rc_context({**defaults, **SETTINGS})
    return context


def _fill(axes: Any, shown: Figure) -> None:
    """All of a figure, from the back to the front, in matplotlib's words.

    Places are shares of the axes, as in the terminal: numbers that matplotlib could not subtract have a place too.
    """
    for heights in shown.contours:
        _contours(axes, shown, heights)
    for number, line in enumerate(shown.lines):
        _line(axes, shown, line, number)
    for arrow in shown.arrows:
        (x0, x1), (y0, y1) = _shares(shown.x, arrow.x), _shares(shown.y, arrow.y)
        look = {"arrowstyle": "-|>", "color": COLOURS[1], "lw": 1.6}
        axes.annotate("", xy=(x1, y1), xytext=(x0, y0), arrowprops=look)
        axes.plot([], [], color=COLOURS[1], lw=1.6, label=_label(arrow.label))
    for points in shown.points:
        colour = "black" if points.mark == 0 else COLOURS[(points.mark - 1) % len(COLOURS)]
        size = 36 if len(points.x) < 50 else 14
        marker = MARKERS[points.mark % len(MARKERS)]
        look = {"s": size, "c": colour, "marker": marker, "lw": 0.5, "edgecolors": "white"}
        places = zip(_shares(shown.x, points.x), _shares(shown.y, points.y), strict=True)
        inside = [place for place in places if all(-1e-9 <= share <= 1 + 1e-9 for share in place)]
        axes.scatter(
            [x for x, _ in inside], [y for _, y in inside], zorder=4, clip_on=False, label=_label(points.label), **look
        )
    _edge(axes.xaxis, shown.x, TICKS_ACROSS)
    _edge(axes.yaxis, shown.y, TICKS_UP)
    axes.set(xlim=(0.0, 1.0), ylim=(0.0, 1.0))
    axes.set_title(printable(shown.headline), fontsize=10, loc="left", wrap=True)
    axes.figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    if shown.notes:
        notes = "\n".join(textwrap.wrap(printable(" ".join(shown.notes)), NOTES))
        axes.set_xlabel(f"{printable(shown.x.label)}\n{notes}")


def _shares(axis: Axis, values: Sequence[float]) -> list[float]:
    """Where values stand along an axis; far outside it is as far as the eye can tell."""
    return [min(max(axis.share(value), -OUTSIDE), OUTSIDE) if value == value else math.nan for value in values]


def _edge(side: Any, axis: Axis, most: int) -> None:
    """One axis: what it is, and round numbers along it."""
    marks = ticks(axis.low, axis.high, most, axis.log)
    side.set_ticks(_shares(axis, marks), labels(marks, axis.log))
    side.set_label_text(printable(axis.label))


def _label(words: str) -> str:
    """An entry of the legend, which leaves out what begins with an underscore."""
    return f" {printable(words)}" if words.startswith("_") else printable(words)


def _line(axes: Any, shown: Figure, line: Line, number: int) -> None:
    x, y = thinned(line.x, line.y, MOST)
    y = [value if math.isfinite(value) else math.nan for value in y]
    look = {"ls": (0, (4, 3)) if line.dotted else "-", "lw": 1.6, "color": COLOURS[number % len(COLOURS)]}
    if line.path:
        look |= {"color": COLOURS[2], "marker": ".", "ms": 5, "zorder": 3}
    axes.plot(_shares(shown.x, x), _shares(shown.y, y), label=_label(line.label), **look)


def _contours(axes: Any, shown: Figure, heights: Contours) -> None:
    """Coloured by height, with a number on each line."""
    import numpy as np

    if not len(heights.levels):
        return
    scale = max(1.0, *(abs(h) / 1e100 for row in heights.z for h in row if math.isfinite(h)))
    z = np.ma.masked_invalid(np.array(heights.z, float) / scale)
    levels = [level / scale for level in heights.levels]
    x, y = _shares(shown.x, heights.x), _shares(shown.y, heights.y)
    if heights.numbered:
        bounds = [-np.inf, *levels, np.inf]
        axes.contourf(x, y, z, levels=bounds, colors=_shades(len(bounds) - 1))
    found = axes.contour(x, y, z, levels=levels, colors="#33506b", linewidths=0.8)
    if heights.numbered:
        axes.clabel(found, fontsize=7, fmt=dict(zip(levels, labels(list(heights.levels)), strict=True)))
    axes.plot([], [], color="#33506b", lw=0.8, label=_label(heights.label))


def _shades(count: int) -> list[tuple[float, float, float]]:
    """From light, where the loss is low, to blue."""
    return [tuple(1 - (1 - c) * 0.75 * k / max(count - 1, 1) for c in (0.12, 0.44, 0.71)) for k in range(count)]  # type: ignore[misc]
