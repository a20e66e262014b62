"""What a network can be plotted as."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal, Unpack

from backpropcli.api.computation import Computation
from backpropcli.engine import NotScalarError
from backpropcli.errors import UsageError
from backpropcli.ops.numbers.quiet import quietly

if TYPE_CHECKING:
    from backpropcli.api.training import Settings
    from backpropcli.engine.landscape import Entry, Landscape
    from backpropcli.notation.numbers import Precision
    from backpropcli.plotting.figure import Figure
    from backpropcli.plotting.plot import Plot

Scale = Literal["linear", "log"]
Range = tuple[float | None, float | None]
OPEN: Range = (None, None)


@quietly
class Plots(Computation):
    """Figures of a network: of its loss, its training, its fit."""

    def plot(
        self,
        *names: str | tuple[str, Sequence[int]],
        of: str | None = None,
        ranges: Sequence[Range] = (),
        path: Sequence[tuple[float, float]] = (),
        scale: Scale = "linear",
        precision: Precision | None = None,
        ascii: bool = False,
        width: int | None = None,
    ) -> Plot:
        """The loss (or `of`) along one number, with its tangent, or over two: `print(network.plot("w1"))`.

        An entry of an array is `("W1", (0, 2))`. `ranges` has a (low, high) for each name, None where an end is to be
        found; `scale` "log" is for the loss. `path` is drawn over a map: both numbers, update by update.
        `plot(...).save("w1.svg")` writes a file. Raises UsageError for a class number, SpecError for an unknown name.
        """
        from backpropcli.engine.landscape import Landscape
        from backpropcli.plotting.plot import Plot

        target = self.target(of)
        try:
            land = Landscape(self.plan(), self.values, target)
        except NotScalarError as error:
            raise error.at(self.place(target)) from None
        found = [land.entry(self.node(name), index) for name, index in _places(names)]
        wanted = [*ranges, *[OPEN] * (len(names) - len(ranges))]
        if len(found) == 1:
            figure = self._slice(land, found[0], wanted[0], scale, precision)
        elif len(found) == 2:
            figure = self._surface(land, (found[0], found[1]), wanted, path, scale, precision)
        else:
            raise UsageError(f"a plot is about one name or two, and got {len(names)}")
        return Plot(figure, width=width, ascii=ascii)

    def path(
        self, *names: str | tuple[str, Sequence[int]], of: str | None = None, **settings: Unpack[Settings]
    ) -> list[tuple[float, ...]]:
        """Where a training takes these numbers, before the first update and after each: the `path` of a map.

        What is no parameter stays where it is. Settings as `train`.
        """
        from backpropcli.engine.landscape import Landscape
        from backpropcli.train.path import path

        target = self.target(of)
        land = Landscape(self.plan(), self.values, target)
        entries = [land.entry(self.node(name), index) for name, index in _places(names)]
        moving = [entry for entry in entries if entry.name in self.parameters]
        found = path(self._begun(of, "float64", settings), [(entry.name, entry.index) for entry in moving])
        if len(moving) == len(entries):
            return found
        steps = [iter(step) for step in found]
        return [tuple(next(step) if entry in moving else entry.at for entry in entries) for step in steps]

    def plot_training(
        self,
        *columns: str,
        of: str | None = None,
        scale: str = "",
        precision: Precision | None = None,
        ascii: bool = False,
        width: int | None = None,
        **settings: Unpack[Settings],
    ) -> Plot:
        """A training, made now, over its updates: the losses, or the `columns` that are named, such as a metric.

        Settings as `train`. `scale` is linear or log; without it, log where losses span more than two decades.
        """
        from backpropcli.api.logs import chosen, series_of
        from backpropcli.plotting.history import history_figure
        from backpropcli.plotting.plot import Plot

        series = chosen(series_of(self._begun(of, "float64", settings)), columns, self.source)
        figure = history_figure(series, self.source, precision or _digits(), scale)
        return Plot(figure, width=width, ascii=ascii)

    def plot_fit(
        self,
        node: str | None = None,
        *,
        precision: Precision | None = None,
        ascii: bool = False,
        width: int | None = None,
    ) -> Plot:
        """What the network makes of other inputs: the examples and the curve through them, or the decision boundary.

        `node` is the answer; without it the last one that depends on inputs and on no target. Its inputs have one
        feature or two. Raises UsageError where they have more, SpecError where examples depend on each other.
        """
        from backpropcli.engine.classes import decided
        from backpropcli.engine.fitted import Fitting, predicted
        from backpropcli.plotting.fit import fit_figure
        from backpropcli.plotting.plot import Plot

        answer = self.node(node) if node is not None else predicted(self.graph)
        found = Fitting(self.plan(), self.values, answer).fit()
        figure = fit_figure(found, decided(found), self.source, precision or _digits())
        return Plot(figure, width=width, ascii=ascii)

    def _slice(self, land: Landscape, entry: Entry, ends: Range, scale: Scale, precision: Precision | None) -> Figure:
        from backpropcli.plotting.slice import slice_figure

        return slice_figure(land.along(entry, *ends), self.source, precision or _digits(), scale == "log")

    def _surface(
        self,
        land: Landscape,
        entries: tuple[Entry, Entry],
        ends: Sequence[Range],
        path: Sequence[tuple[float, float]],
        scale: Scale,
        precision: Precision | None,
    ) -> Figure:
        from backpropcli.plotting.surface import surface_figure

        if entries[0][:2] == entries[1][:2]:
            raise UsageError(f"{entries[0].name} twice", hint="A map is over two different numbers.")
        visited = list(zip(*path, strict=True)) or [(), ()]
        ranges = [land.range(e, *pair, seen) for e, pair, seen in zip(entries, ends, visited, strict=True)]
        found = land.over(entries, ranges)
        return surface_figure(found, self.source, precision or _digits(), path, scale == "log")


def _places(names: Iterable[str | tuple[str, Sequence[int]]]) -> list[tuple[str, Sequence[int]]]:
    return [(name, ()) if isinstance(name, str) else name for name in names]


def _digits() -> Precision:
    from backpropcli.notation.numbers import Precision

    return Precision()
