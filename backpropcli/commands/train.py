"""`backprop train`: where the gradients lead."""

# Annotations are read when the module is loaded (see `command`), so they are not postponed here.
from collections.abc import Sequence
from typing import Annotated, NamedTuple

import typer

from backpropcli import api
from backpropcli.commands.command import command
from backpropcli.commands.going import Going, saving
from backpropcli.commands.options import DTYPES, Network, Numbers, Output, Word, Words, node_option, one_of
from backpropcli.commands.train_records import (
    OptimizerPages,
    Optimizers,
    Trained,
    Worked,
    list_optimizers,
    rewritten,
    warnings_of,
)
from backpropcli.formats.registry import deliver
from backpropcli.render.output import Destination
from backpropcli.render.writing import refuse_same, refuse_unwritable

HOW, LONG, DATA, KEPT = "How the parameters move", "How long", "On which examples", "What is kept"


class How(NamedTuple):
    """The optimiser, and what is done with the gradients before."""

    optimizer: Annotated[
        Word,
        typer.Option(metavar="NAME", help="gradient_descent, adam, ..., as 'adam(beta1=0.8)'.", rich_help_panel=HOW),
    ] = None
    lr: Annotated[Word, typer.Option("--lr", metavar="RATE", help="The learning rate.", rich_help_panel=HOW)] = None
    schedule: Annotated[
        Word,
        typer.Option(
            metavar="NAME", help="How lr changes: cosine, 'step(every=30)', 'lr / sqrt(t)'.", rich_help_panel=HOW
        ),
    ] = None
    weight_decay: Annotated[
        Word, typer.Option("--weight-decay", metavar="RATE", help="Pull every parameter to 0.", rich_help_panel=HOW)
    ] = None
    clip: Annotated[
        Word, typer.Option(metavar="norm=C", help="Keep gradients short: norm=1 or value=0.5.", rich_help_panel=HOW)
    ] = None
    updates: Annotated[Word, typer.Option(metavar="N", help="How many updates (100).", rich_help_panel=LONG)] = None
    epochs: Annotated[
        Word, typer.Option(metavar="N", help="How often through all examples instead.", rich_help_panel=LONG)
    ] = None
    until: Annotated[
        Words,
        typer.Option(metavar="loss=J", help="Stop at loss=0.01, after patience=20 or time=60 s.", rich_help_panel=LONG),
    ] = None
    batch: Annotated[
        Word, typer.Option(metavar="N", help="Examples an update; all of them without.", rich_help_panel=DATA)
    ] = None
    shuffle: Annotated[
        bool | None, typer.Option("--shuffle/--no-shuffle", help="Another order every epoch.", rich_help_panel=DATA)
    ] = None
    seed: Annotated[
        Word, typer.Option(metavar="N", help="Of the order, and what is held out.", rich_help_panel=DATA)
    ] = None
    holdout: Annotated[
        Word, typer.Option(metavar="SHARE", help="Examples that are only measured: 0.2, or 30.", rich_help_panel=DATA)
    ] = None
    examples: Annotated[
        Word, typer.Option(metavar="NAMES", help="What has an example a row, as x,y.", rich_help_panel=DATA)
    ] = None
    metric: Annotated[
        Words,
        typer.Option(
            metavar="FORMULA", help='Measure too: "accuracy = mean(argmax(z, axis=1) == y)".', rich_help_panel=DATA
        ),
    ] = None

    def texts(self) -> list[tuple[str, str]]:
        """What was said, setting by setting."""
        said = {name: [value] if not isinstance(value, list) else value for name, value in self._asdict().items()}
        return [(name, _text(value)) for name, values in said.items() for value in values if value is not None]


def _text(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else value


class Kept(NamedTuple):
    """Files that outlive the command."""

    log: Annotated[
        Word, typer.Option(metavar="FILE", help="A row an update: .csv or .jsonl.", rich_help_panel=KEPT)
    ] = None
    checkpoint: Annotated[
        Word, typer.Option(metavar="FILE.npz", help="Save the whole state there, now and then.", rich_help_panel=KEPT)
    ] = None
    every_updates: Annotated[
        Word, typer.Option("--every-updates", metavar="N", help="Save every N updates.", rich_help_panel=KEPT)
    ] = None
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from --checkpoint, if it is there.", rich_help_panel=KEPT)
    ] = False


@command(Trained, Worked, Optimizers, OptimizerPages)
def train(
    network: Network,
    how: How,
    kept: Kept,
    numbers: Numbers,
    output: Output,
    steps: Annotated[bool, typer.Option("--steps", help="Show every update worked out.")] = False,
    optimizers: Annotated[bool, typer.Option("--optimizers", help="List the optimisers, as formulas.")] = False,
    of: Annotated[Word, node_option("Make this node small instead of the loss.")] = None,
    dtype: Annotated[Word, typer.Option(metavar="TYPE", help="float64 (the default) or float32.")] = None,
) -> int:
    """Where do the gradients lead? Moves the parameters until the loss is small.

    Says how from a section train: of the file, with options over it; prints the loss and every parameter before and
    after. Ctrl-C ends with what there is.

    Exit status: 0 done, 1 the loss is no number any more, 2 it could not begin, 130 interrupted.

    Examples:
      backprop train --example mazur --lr 0.5 --updates 1 --steps
      backprop train --example lecture --lr 0.01 --updates 100
      backprop train net.yaml --optimizer adam --lr 0.1 --until loss=0.001
      backprop train points.yaml --epochs 10 --batch 2 --holdout 0.2 --log run.csv
      backprop train points.yaml --checkpoint run.npz --resume
      backprop train points.yaml -o trained.yaml
      backprop train --optimizers
      backprop train --optimizers adam

    """
    if optimizers:
        return list_optimizers(network.names, output.to(OptimizerPages if network.names else Optimizers))
    to = output.to(Worked if steps else Trained)
    numbers.precision()
    one_of("--dtype", dtype, DTYPES)
    net = api.Network(network.open("train", to, training=how.texts(), batches=True))
    refuse_files(to, kept)
    session = net.session(net.training(), of, dtype or "float64")  # type: ignore[arg-type]  # the engine refuses others
    if to.format == "yaml":  # what cannot be written after the training is refused before it
        rewritten(session, session.parameters, to)
    state = saving(session, kept.checkpoint, kept.every_updates, kept.resume)
    going = Going(session, to, state, kept.log, kept.resume)
    said = warnings_of(session.findings, session.descent)
    noted(to, said)
    worked = Worked(session.descent, numbers) if steps else None
    if worked is not None:
        going.looks = worked.look
    status = going.go()
    if worked is not None:
        worked.close(status)
    found = Trained(session, numbers, going.losses.kept, status, kept.checkpoint)
    deliver(worked or found, to)
    if to.path is not None:
        to.note(f"{found.summary}: {to.path} written")
    if worked is not None and found.ending:
        to.note(found.ending)
    noted(to, [text for text in found.warnings if text not in said])
    return status


def refuse_files(to: Destination, kept: Kept) -> None:
    """Refuse files that could not be written at the end, before there is something to lose."""
    files = (("--output", to.path), ("--checkpoint", kept.checkpoint), ("--log", kept.log))
    for option, path in files:
        if path is not None:
            refuse_unwritable(option, path)
    refuse_same(files)


def noted(to: Destination, texts: Sequence[str]) -> None:
    """What looks wrong, beside the data."""
    for text in texts:
        to.note(f"note: {text}")
