"""`backprop check --program`: a program's own gradients, judged by its own loss."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from backpropcli.api.checks import check_program as judged
from backpropcli.api.checks import checked, sum_up
from backpropcli.commands.check_records import Checked, Files
from backpropcli.errors import UsageError
from backpropcli.formats.registry import deliver
from backpropcli.language.given import given_parameters
from backpropcli.notation.numbers import read_number

if TYPE_CHECKING:
    from backpropcli.commands.check_options import Outside, Theirs, What
    from backpropcli.commands.options import Network, Numbers
    from backpropcli.render.output import Destination

TAKEN = ("eps", "difference", "seed", "every")
"""What a check of a program takes of the options that say how gradients are judged."""


def check_program(
    outside: Outside,
    network: Network,
    what: What,
    how: dict[str, Any],
    theirs: Theirs,
    numbers: Numbers,
    failures: bool,
    to: Destination,
) -> int:
    """The check of a program, in full; its exit status. `how` are the arguments of a network's check."""
    command = outside.program or ""
    _alone(command, network, what, how, theirs)
    seconds = read_number("--timeout", outside.timeout) if outside.timeout is not None else None
    if seconds is not None and seconds <= 0:
        raise UsageError(f"--timeout {outside.timeout}: expected seconds, such as --timeout 60")
    given = given_parameters(network.parameter or (), network.load or (), network.renames or ())
    options = {name: how[name] for name in TAKEN if name in how}
    start = perf_counter()
    report = judged(command, given, timeout=seconds, names=what.names(network), **options)
    if to.format in ("junit", "github"):
        return deliver(Files(sum_up([checked(command, report, perf_counter() - start)]), failures), to)
    return deliver(Checked(report, command, numbers, failures), to)


def _alone(program: str, network: Network, what: What, how: dict[str, Any], theirs: Theirs) -> None:
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
            else f'A command of several words stands in quotes:  --program "{program} {words[0]}"',
        )
