"""`backprop plot`: the loss as a curve or a map, a training, a fit."""

# Annotations are read when the module is loaded (see `command`), so they are not postponed here.
from typing import Annotated, Any, NamedTuple

import typer

from backpropcli import api
from backpropcli.commands.command import OUTPUT, command
from backpropcli.commands.options import Network, Output, Word, Words, listed, node_option, one_of
from backpropcli.commands.quantity import Quantity, read
from backpropcli.errors import UsageError
from backpropcli.formats.registry import deliver
from backpropcli.notation.numbers import Precision, read_count, read_number
from backpropcli.plotting.plot import Plot
from backpropcli.render.output import Destination

NAMES = ("[NAME]...", "what the loss is plotted against: a parameter or an input, or an entry, 'W1[0,2]'; one or two")
SCALES = ("linear", "log")
LEAST, MOST = 30, 120
"""Columns of a plot in the terminal."""
AXES, TRAINING = "Axes", "A training"


class Look(NamedTuple):
    """How a plot looks, whatever it shows."""

    low: Annotated[
        Words,
        typer.Option("--from", metavar="A", help="Where the axis begins; of a map, two: 0,-1.", rich_help_panel=AXES),
    ] = None
    high: Annotated[
        Words,
        typer.Option(
            "--to",
            metavar="B",
            help="Where it ends. Without: as far as the loss takes to bend.",
            rich_help_panel=AXES,
        ),
    ] = None
    scale: Annotated[Word, typer.Option(metavar="SCALE", help="Of the loss: linear or log.", rich_help_panel=AXES)] = (
        None
    )
    digits: Annotated[
        Word, typer.Option(metavar="N", help="Significant digits of the numbers in words.", rich_help_panel=AXES)
    ] = None
    ascii: Annotated[
        bool, typer.Option("--ascii", help="Draw with ASCII signs in the terminal.", rich_help_panel=AXES)
    ] = False
    width: Annotated[
        Word, typer.Option(metavar="N", help="No wider, in columns of the terminal.", rich_help_panel=OUTPUT)
    ] = None

    def options(self, to: Destination) -> dict[str, Any]:
        """What the api is told of it."""
        one_of("--scale", self.scale, SCALES)
        if to.format not in ("terminal", "markdown") and (self.ascii or self.width):
            raise UsageError(f"{'--ascii' if self.ascii else '--width'} is for the terminal, and this is {to.format}")
        columns = read_count("--width", self.width, LEAST, MOST)
        digits = read_count("--digits", self.digits, 1)
        return {"precision": Precision(digits or 6), "ascii": self.ascii, "width": columns}

    def ranges(self, count: int) -> list[tuple[float | None, float | None]]:
        """Both ends of each axis; None where nothing was said."""
        return list(zip(_ends("--from", self.low, count), _ends("--to", self.high, count), strict=True))

    def has_no(self, what: str, **options: Any) -> None:
        """UsageError where an option was given that has no place in this plot."""
        own = {"--from": self.low, "--to": self.high, **options}
        for name, value in own.items():
            if value is not None:
                raise UsageError(f"{name} has no place in {what}", hint="It is for the loss against a number.")


class Training(NamedTuple):
    """How a training goes whose path or losses are plotted: what `train:` says, with these over it."""

    optimizer: Annotated[
        Word, typer.Option(metavar="NAME", help="gradient_descent, adam, ...", rich_help_panel=TRAINING)
    ] = None
    lr: Annotated[Word, typer.Option("--lr", metavar="RATE", help="The learning rate.", rich_help_panel=TRAINING)] = (
        None
    )
    updates: Annotated[Word, typer.Option(metavar="N", help="How many updates (100).", rich_help_panel=TRAINING)] = None

    def texts(self) -> tuple[tuple[str, str], ...]:
        """What was said."""
        return tuple((name, text) for name, text in self._asdict().items() if text is not None)


@command(Plot, takes=NAMES)
def plot(
    network: Network,
    output: Output,
    look: Look,
    how: Training,
    of: Annotated[Word, node_option("Plot this node instead of the loss.")] = None,
    fit: Annotated[
        bool,
        typer.Option(
            "--fit", help="The fitted curve, or the decision boundary, of the NAME, a node; with --training after that."
        ),
    ] = False,
    training: Annotated[
        bool, typer.Option("--training", help="A training, made now: its losses, or a metric NAME.")
    ] = False,
    log: Annotated[
        Word, typer.Option("--log", metavar="FILE", help="The log of a training: its losses, or the columns NAME.")
    ] = None,
) -> int:
    """The loss as a picture: along one number, or over two; a fit; a training.

    Along one number: the curve, the point where it is now, and the tangent there, whose slope is the gradient. Over
    two: lines of equal loss, the negative gradient and, where a training is described (`train:`, or --lr), its path. In
    the terminal, or through matplotlib as SVG, PNG or PDF.

    Examples:
      backprop plot w1
      backprop plot net.yaml w1 --from -1 --to 4
      backprop plot net.yaml w1 w2
      backprop plot net.yaml w1 w2 --scale log
      backprop plot net.yaml w1 w2 --lr 0.02 --updates 50
      backprop plot net.yaml --training --lr 0.01
      backprop plot points.yaml --fit
      backprop plot points.yaml --fit --training
      backprop plot --example lecture w1 --ascii
      backprop plot net.yaml w1 --format csv

    """
    to = output.to(Plot)
    options = look.options(to)
    kinds = {"--fit": fit, "--training": training and not fit, "--log": log is not None}
    asked = [name for name, there in kinds.items() if there]
    if len(asked) > 1:
        raise UsageError(f"{' and '.join(asked)} together", hint="Each is a plot of its own.")
    if log is not None:
        return deliver(_log(log, network, look, how, of, options), to)
    if fit:
        trained = training or bool(how.texts())
        return deliver(_fit(network, look, how, trained, of, options, to), to)
    if training:
        return deliver(_training(network, look, how, of, options, to), to)
    wanted = _numbers(network.names)
    ranges = look.ranges(len(wanted))
    if how.texts() and len(wanted) == 1:
        raise UsageError("a path of descent is drawn over a map", hint=f"Such as  backprop plot {wanted[0].text} NAME")
    net = api.Network(network.open("plot", to, names=True, training=how.texts()))
    places = [(q.name, q.place) for q in wanted]
    if len(places) == 2 and net.spec.training is not None:
        options["path"] = net.path(*places, of=of)
    scale: Any = look.scale or "linear"
    found = net.plot(*places, of=of, ranges=ranges, scale=scale, **options)
    return deliver(found, to)


def _log(path: str, network: Network, look: Look, how: Training, of: str | None, options: dict[str, Any]) -> Plot:
    """A log, which needs no network."""
    from backpropcli.api.logs import plot_log

    look.has_no("the plot of a log", **{"--of": of, "--example": network.example})
    for name, _ in how.texts():
        raise UsageError(f"--{name} has no place in the plot of a log")
    if network.files:
        raise UsageError(f"--log {path} and {network.files[0]} together", hint="A log is plotted by itself.")
    return plot_log(path, network.names, scale=look.scale or "", **options)


def _training(
    network: Network, look: Look, how: Training, of: str | None, options: dict[str, Any], to: Destination
) -> Plot:
    """A training that is made now."""
    look.has_no("the plot of a training")
    net = api.Network(network.open("plot", to, names=True, training=how.texts()))
    return net.plot_training(*network.names, of=of, scale=look.scale or "", **options)


def _fit(
    network: Network,
    look: Look,
    how: Training,
    trained: bool,
    of: str | None,
    options: dict[str, Any],
    to: Destination,
) -> Plot:
    """A fit of the node that is named, or of the network's answer; as it is, or once it is `trained`."""
    look.has_no("the plot of a fit", **{"--of": of, "--scale": look.scale})
    if len(network.names) > 1:
        raise UsageError(f"a fit is of one node, and got {len(network.names)}: {' '.join(network.names[:4])}")
    net = api.Network(network.open("plot", to, names=True, training=how.texts()))
    if trained:
        from backpropcli.report.train_words import summary

        run = net.train()
        to.note(summary(run.outcome, Precision()))
        net = run.network
    return net.plot_fit(*network.names, **options)


def _numbers(names: list[str]) -> list[Quantity]:
    """What the loss is plotted against."""
    if not 1 <= len(names) <= 2:
        got = f", and got {len(names)}: {' '.join(names[:4])}" if names else ""
        raise UsageError(f"plot takes one name, or two for a map{got}", hint="Such as  backprop plot w1")
    wanted = [read(name, "plot") for name in names]
    for quantity in wanted:
        if quantity.of is not None:
            raise UsageError(
                f"plot {quantity.text}: a plot is against a value",
                hint=f"Such as  backprop plot {quantity.name}  whose tangent has the slope {quantity.text}",
            )
    return wanted


def _ends(option: str, words: Words, count: int) -> list[float | None]:
    """One end of each axis, as it was said; None for all where nothing was."""
    found = [read_number(option, word) for word in listed(words) or ()]
    if found and len(found) != count:
        axes = "one axis" if count == 1 else "two axes"
        example = "0" if count == 1 else "0,-1"
        raise UsageError(f"{option} has {len(found)} numbers for {axes}", hint=f"Such as  {option} {example}")
    return list(found) or [None] * count
