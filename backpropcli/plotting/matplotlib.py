"""A figure as SVG, PNG or PDF, by matplotlib: imported here alone, and only when such a file is asked for."""

from __future__ import annotations

import logging
import textwrap
from contextlib import AbstractContextManager, ExitStack
from io import BytesIO
from typing import TYPE_CHECKING, Any

from backpropcli.errors import UsageError
from backpropcli.plotting.thinning import thinned
from backpropcli.safe import printable

if TYPE_CHECKING:
    from backpropcli.plotting.figure import Axis, Figure, Line
    from backpropcli.plotting.plot import Plot
    from backpropcli.render.output import Destination

SIZE, DOTS_PER_INCH = (7.0, 4.6), 150
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
    """All of a figure, from the back to the front, in matplotlib's words."""
    for heights in shown.contours:
        _contours(axes, heights)
    for number, line in enumerate(shown.lines):
        _line(axes, line, number)
    for arrow in shown.arrows:
        ends = {"xy": (arrow.x[1], arrow.y[1]), "xytext": (arrow.x[0], arrow.y[0])}
        axes.annotate("", arrowprops={"arrowstyle": "-|>", "color": COLOURS[1], "lw": 1.6}, **ends)
        axes.plot([], [], color=COLOURS[1], lw=1.6, label=printable(arrow.label))
    for points in shown.points:
        colour = "black" if points.mark == 0 else COLOURS[(points.mark - 1) % len(COLOURS)]
        size = 36 if len(points.x) < 50 else 14
        marker = MARKERS[points.mark % len(MARKERS)]
        look = {"s": size, "c": colour, "marker": marker, "lw": 0.5, "edgecolors": "white"}
        axes.scatter(points.x, points.y, zorder=4, label=printable(points.label), **look)
    _edges(axes, shown.x, "x")
    _edges(axes, shown.y, "y")
    axes.set_title(printable(shown.headline), fontsize=10, loc="left", wrap=True)
    axes.figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    if shown.notes:
        notes = "\n".join(textwrap.wrap(printable(" ".join(shown.notes)), NOTES))
        axes.set_xlabel(f"{printable(shown.x.label)}\n{notes}")


def _line(axes: Any, line: Line, number: int) -> None:
    x, y = thinned(line.x, line.y, MOST)
    look = {"ls": (0, (4, 3)) if line.dotted else "-", "lw": 1.6, "color": COLOURS[number % len(COLOURS)]}
    if line.path:
        look |= {"color": COLOURS[2], "marker": ".", "ms": 5, "zorder": 3}
    axes.plot(x, y, label=printable(line.label), **look)


def _contours(axes: Any, heights: Any) -> None:
    """Coloured by height, with a number on each line."""
    import numpy as np

    z = np.ma.masked_invalid(np.array(heights.z, float))
    if not len(heights.levels):
        return
    if heights.numbered:
        bounds = [-np.inf, *heights.levels, np.inf]
        axes.contourf(heights.x, heights.y, z, levels=bounds, colors=_shades(len(bounds) - 1))
    found = axes.contour(heights.x, heights.y, z, levels=heights.levels, colors="#33506b", linewidths=0.8)
    if heights.numbered:
        axes.clabel(found, fontsize=7, fmt=lambda level: f"{level:g}")
    axes.plot([], [], color="#33506b", lw=0.8, label=printable(heights.label))


def _shades(count: int) -> list[tuple[float, float, float]]:
    """From light, where the loss is low, to blue."""
    return [tuple(1 - (1 - c) * 0.75 * k / max(count - 1, 1) for c in (0.12, 0.44, 0.71)) for k in range(count)]  # type: ignore[misc]


def _edges(axes: Any, axis: Axis, which: str) -> None:
    """One axis: what it is, from where to where, and its scale."""
    axes.set(**{f"{which}label": printable(axis.label), f"{which}scale": "log" if axis.log else "linear"})
    axes.set(**{f"{which}lim": (axis.low, axis.high)})
