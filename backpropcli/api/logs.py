"""The log of a training as a plot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from backpropcli.errors import UsageError
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.notation.numbers import Precision
    from backpropcli.plotting.history import Series
    from backpropcli.plotting.plot import Plot
    from backpropcli.train.measured import Update

LOSSES = ("loss", "held_out_loss")


def plot_log(
    path: str | Path,
    columns: Sequence[str] = (),
    *,
    scale: str = "",
    precision: Precision | None = None,
    ascii: bool = False,
    width: int | None = None,
) -> Plot:
    """What `backprop train --log` wrote, over the updates: the losses, or the columns that are named.

    `scale` is linear or log; without it, log where the numbers span more than two decades. Raises FileError for a file
    that is no log, UsageError for a column that it has not.
    """
    from backpropcli.language.data.log import read_log
    from backpropcli.notation.numbers import Precision
    from backpropcli.plotting.history import Series, history_figure
    from backpropcli.plotting.plot import Plot

    log = read_log(str(path))
    series = chosen({name: Series(*column) for name, column in log.columns.items()}, columns, log.source)
    return Plot(history_figure(series, log.source, precision or Precision(), scale, log.torn), width=width, ascii=ascii)


def series_of(updates: Iterable[Update]) -> dict[str, Series]:
    """What the updates of a training saw, and what was measured on what is held out, under a log's names."""
    from backpropcli.plotting.history import Series

    found: dict[str, tuple[list[float], list[float]]] = {}

    def add(update: Update, name: str, value: float | None) -> None:
        if value is not None:
            numbers, values = found.setdefault(name, ([], []))
            numbers.append(update.number)
            values.append(value)

    for update in updates:
        add(update, "loss", update.loss)
        add(update, "lr", update.lr)
        for name, value in update.metrics.items():
            add(update, name, value)
        if update.held is not None:
            add(update, "held_out_loss", update.held.loss)
            for name, value in update.held.metrics.items():
                add(update, f"held_out_{name}", value)
    if not found:
        raise UsageError("this training makes no updates: there is nothing to plot")
    return {name: Series(*column) for name, column in found.items()}


def chosen(series: Mapping[str, Series], names: Sequence[str], source: str) -> dict[str, Series]:
    """The series that are named; without names the losses, else whatever there is. UsageError for an unknown one."""
    for name in names:
        if name not in series:
            near = did_you_mean(name, series)
            raise UsageError(f"{source} has no {name}{near}", hint=f"It has {', '.join(list(series)[:20])}.")
    wanted = list(names) or [name for name in LOSSES if name in series] or list(series)[:1]
    return {name: series[name] for name in wanted}
