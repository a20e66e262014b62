"""`backprop check --program`: a program's own gradients, judged by its own loss."""

# Annotations are read when the module is loaded (see `options.command`), so they are not postponed here.
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from backpropcli.commands.options import Network, Word, listed
from backpropcli.errors import UsageError
from backpropcli.notation.numbers import read_number

if TYPE_CHECKING:
    from backpropcli.commands.checking import Printer, Theirs, What

TAKEN = ("eps", "difference", "seed", "every")
"""What a check of a program takes of the options that say how gradients are judged."""


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

    def check(self, network: Network, what: "What", how: dict[str, Any], theirs: "Theirs", printer: "Printer") -> int:
        """The check of a program, in full; its exit status. `how` are the arguments of a network's check."""
        from backpropcli import api

        command = self.program or ""
        self._alone(network, what, how, theirs)
        seconds = read_number("--timeout", self.timeout) if self.timeout is not None else None
        if seconds is not None and seconds <= 0:
            raise UsageError(f"--timeout {self.timeout}: expected seconds, such as --timeout 60")
        given = api.given_parameters(network.parameter or (), network.load or (), network.renames or ())
        names = listed([*what.only, *network.names]) if what.only else None
        options = {name: how[name] for name in TAKEN if name in how}
        start = perf_counter()
        report = api.check_program(command, given, timeout=seconds, names=names, **options)
        if printer.to.format in ("junit", "github"):
            printer.files(api.sum_up([api.checked(command, report, perf_counter() - start)]))
        else:
            printer.report(report, command, False)
        return int(report.status)

    def _alone(self, network: Network, what: "What", how: dict[str, Any], theirs: "Theirs") -> None:
        """Refuse what belongs to a network in words."""
        given = {
            "--input": network.input,
            "--target": network.target,
            "--node": network.node,
            "--layer": network.layer,
            "--loss": network.loss,
            "--example": network.example,
            "--expect": what.expect,
            "--of": what.of,
            "--all": what.all,
            "--gradients": theirs.gradients,
            **{f"--{name}": value for name, value in how.items() if name not in TAKEN},
        }
        for option, value in given.items():
            if value:
                raise UsageError(
                    f"--program and {option} together", hint=f"{option} belongs to a network that is written in words."
                )
        words = network.files or ([] if what.only else network.names)
        if words:
            data = words[0].lower().endswith((".json", ".npz", ".safetensors"))
            raise UsageError(
                f"--program and {words[0]} together",
                hint=f"Parameters from a file:  --load {words[0]}"
                if data
                else f'A command of several words stands in quotes:  --program "{self.program} {words[0]}"',
            )
