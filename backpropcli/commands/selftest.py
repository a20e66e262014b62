"""The options of `backprop check` that look at the check itself: other opinions, faults on purpose, a sweep."""

# Annotations are read when the module is loaded, so they are not postponed here.
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from backpropcli.commands.options import Network, Numbers, Output, Word, announce, listed, one_file
from backpropcli.errors import UsageError

if TYPE_CHECKING:
    from backpropcli.commands.checking import How, What

PANEL = "The check itself, at work"
FORMATS = ("table", "json", "csv", "markdown")


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

    def plot(self, network: Network, what: "What", how: "How", numbers: Numbers, output: Output) -> int:
        """A sweep for each gradient that was named, or for the first; the exit status is that of their verdicts."""
        to = output.destination(*FORMATS)
        precision = numbers.precision(10)
        words = listed([*(what.only or ()), *network.names]) or [""]
        file = one_file(network, "check", names=True)
        net = network.read(file)
        announce(network, file, net.source, to)
        difference = how.arguments()["difference"]
        sweeps = [net.sweep(word, what.of, difference=difference) for word in words]
        if to.format in ("json", "csv"):
            from backpropcli.report.sweep_data import sweep_csv, sweeps_json

            to.write(sweep_csv(sweeps) if to.format == "csv" else sweeps_json(sweeps, net.source))
        else:
            from backpropcli.report.sweep_plot import sweep_lines

            plots = ["\n".join(sweep_lines(s, net.source, precision, to.ascii)) + "\n" for s in sweeps]
            fence = "```\n" if to.format == "markdown" else ""
            to.write(["\n".join(f"{fence}{plot}{fence}" for plot in plots)])
        return max((s.status for s in sweeps), key=(0, 3, 1).index)
