"""The options of `backprop check` in groups: what is checked, how, and whose gradients."""

# Annotations are read when the module is loaded (see `command`), so they are not postponed here.
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import typer

from backpropcli.commands.options import DTYPES, Network, Word, Words, complete_names, listed, node_option, one_of
from backpropcli.errors import UsageError
from backpropcli.notation.numbers import read_count, read_number

DIFFERENCES = ("central", "forward", "backward")

MOST_POINTS = 100_000
THEIRS = "External gradients"
LARGE = "Large networks"
LARGEST = 10**12
PANEL = "The check itself, at work"


class What(NamedTuple):
    """What is checked: whose gradients, of which node, and what is expected of them."""

    expect: Annotated[Words, typer.Option(metavar="NAME=VALUE", help="Your own answer, as dJ/dw1=18. Repeatable.")] = (
        None
    )
    all: Annotated[bool, typer.Option("--all", help="Gradients of inputs and targets too.")] = False
    only: Annotated[Words, typer.Option(metavar="NAME...", help="Check only these.", autocompletion=complete_names)] = (
        None
    )
    of: Annotated[
        Word,
        node_option("Differentiate this node instead of the loss."),
    ] = None

    def names(self, network: Network) -> list[str] | None:
        """The gradients that are named, behind --only or among the arguments; None for all."""
        return listed([*self.only, *network.names]) if self.only else None


class How(NamedTuple):
    """How gradients are judged."""

    eps: Annotated[
        Word, typer.Option(metavar="STEP", help="One plain difference with this step, as 0.001, shown in full.")
    ] = None
    difference: Annotated[Word, typer.Option(metavar="KIND", help="central (the default), forward or backward.")] = None
    every: Annotated[
        bool, typer.Option("--every", help="Every component, however many: no sample.", rich_help_panel=LARGE)
    ] = False
    sample: Annotated[Word, typer.Option(metavar="N", help="Check so many components only.", rich_help_panel=LARGE)] = (
        None
    )
    seed: Annotated[
        Word, typer.Option(metavar="N", help="Which sample, and which directions (0).", rich_help_panel=LARGE)
    ] = None

    dtype: Annotated[Word, typer.Option(metavar="TYPE", help="float64 (the default) or float32.")] = None
    points: Annotated[
        Word,
        typer.Option(metavar="N", help="Judge the rules at N further points too, drawn around this one by --seed."),
    ] = None
    after_updates: Annotated[
        Word,
        typer.Option(
            "--after-updates", metavar="N", help="Train first, so many updates as train: says, and check there."
        ),
    ] = None

    @property
    def updates(self) -> int | None:
        """After how many updates is checked."""
        return read_count("--after-updates", self.after_updates, 1, LARGEST)

    def arguments(self) -> dict[str, Any]:
        """What the options mean, as arguments of `Network.check`; UsageError where they mean nothing."""
        step = read_number("--eps", self.eps) if self.eps is not None else None
        if step is not None and step <= 0:
            raise UsageError(f"--eps {self.eps}: a step is greater than 0, such as --eps 0.001")
        one_of("--difference", self.difference, DIFFERENCES)
        one_of("--dtype", self.dtype, DTYPES)
        if self.every and self.sample is not None:
            raise UsageError("--every and --sample together", hint="--every checks every component: give one of them.")
        found = {
            "eps": step,
            "difference": self.difference or "central",
            "every": self.every or None,
            "sample": read_count("--sample", self.sample, 1, LARGEST),
            "seed": read_count("--seed", self.seed, 0, LARGEST),
            "dtype": self.dtype,
            "points": read_count("--points", self.points, 1, MOST_POINTS),
        }
        return {name: value for name, value in found.items() if value is not None}


class Theirs(NamedTuple):
    """External gradients, to be judged instead of backprop's own."""

    gradients: Annotated[
        Word,
        typer.Option(
            "--gradients",
            metavar="FILE",
            rich_help_panel=THEIRS,
            help="Judge these gradients, from another program: .json, .npz, .csv, .safetensors.",
        ),
    ] = None
    allow_missing: Annotated[
        bool,
        typer.Option("--allow-missing", help="Their file need not have every parameter.", rich_help_panel=THEIRS),
    ] = False

    def fit(self, files: Sequence[str]) -> None:
        """UsageError where these options do not go together, or with the files."""
        if self.gradients is None:
            if self.allow_missing:
                raise UsageError("--allow-missing belongs to --gradients FILE")
        elif self.gradients == "-" and "-" in files:
            raise UsageError("the network and the gradients cannot both come from standard input")
        elif len(files) > 1:
            raise UsageError(f"--gradients {self.gradients} are those of one network, not of {len(files)}")


class Itself(NamedTuple):
    """How the check is put to the test."""

    against: Annotated[
        Word,
        typer.Option(
            "--against",
            metavar="ORACLE",
            rich_help_panel=PANEL,
            help="Ask other oracles too: complex, symbolic, digits, differences or all.",
        ),
    ] = None
    fault: Annotated[
        Word,
        typer.Option(
            "--fault",
            metavar="NODE:KIND",
            rich_help_panel=PANEL,
            help="Break one operation on purpose: sign, scale=F, drop, transpose or detach.",
        ),
    ] = None
    sweep: Annotated[
        bool,
        typer.Option("--sweep", help="Plot the error against the step size: --sweep w1.", rich_help_panel=PANEL),
    ] = False

    @property
    def given(self) -> bool:
        """Whether any of these options is used."""
        return self.sweep or self.against is not None or self.fault is not None

    def fit(self, network: Network, theirs: str | None, eps: str | None) -> None:
        """UsageError where the options do not go together; `theirs` are gradients or a program from outside."""
        option = "--sweep" if self.sweep else "--against" if self.against is not None else "--fault"
        if theirs is not None:
            raise UsageError(f"{option} is about backprop's own gradients, not about {theirs}")
        if self.sweep and (self.against is not None or self.fault is not None):
            other = "--against" if self.against is not None else "--fault"
            raise UsageError(f"--sweep and {other} together", hint="A sweep is a plot of its own: give one of them.")
        if eps is not None and (self.sweep or self.against is not None):
            hint = "A sweep tries every step: leave --eps out." if self.sweep else "--eps shows one plain difference."
            raise UsageError(f"{option} and --eps together", hint=hint)
        if self.fault is not None and len(network.files) > 1:
            raise UsageError("--fault breaks one network at a time", hint=f"Such as {network.files[0]} alone.")

    def arguments(self) -> dict[str, Any]:
        """What the options mean, as arguments of `Network.check`."""
        found: dict[str, Any] = {}
        if self.against is not None:
            found["against"] = self.against
        if self.fault is not None:
            found["fault"] = self.fault
        return found


class Outside(NamedTuple):
    """Which program is checked instead of a network."""

    program: Annotated[
        Word,
        typer.Option(metavar="COMMAND", help="Check a program's own gradients: JSON on its stdin and stdout."),
    ] = None
    timeout: Annotated[Word, typer.Option(metavar="SECONDS", help="How long an answer of --program may take (10).")] = (
        None
    )

    @property
    def given(self) -> bool:
        """Whether a program is checked; UsageError for an option that means nothing without one."""
        if self.program is None and self.timeout is not None:
            raise UsageError("--timeout without --program", hint='Such as --program "python net.py" --timeout 60')
        return self.program is not None
