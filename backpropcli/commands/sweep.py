"""`backprop check --sweep`: the error of plain differences against their step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backpropcli import api
from backpropcli.commands.options import listed
from backpropcli.formats.registry import Record, deliver

if TYPE_CHECKING:
    from backpropcli.commands.check_options import How, What
    from backpropcli.commands.options import Network, Numbers, Output
    from backpropcli.formats.text import Block
    from backpropcli.gradcheck.network.sweep import Sweep
    from backpropcli.render.output import Destination


class Sweeps(Record):
    """A sweep for each gradient."""

    what = "check --sweep"

    def __init__(self, found: list[Sweep], source: str, numbers: Numbers) -> None:
        self.found, self.source, self.numbers = found, source, numbers

    @property
    def status(self) -> int:
        """That of their verdicts."""
        return max((sweep.status for sweep in self.found), key=(0, 3, 1).index)

    def blocks(self, to: Destination) -> list[Block]:
        """A plot each."""
        from backpropcli.formats.text import Block
        from backpropcli.report.sweep_plot import sweep_lines

        precision = self.numbers.precision(10)
        plots = [sweep_lines(sweep, self.source, precision, to.ascii) for sweep in self.found]
        return [Block(f"{line}\n" for line in lines) for lines in plots]

    def json(self, to: Destination) -> Iterator[str]:
        """`backprop.sweep/1`."""
        from backpropcli.report.sweep_data import sweeps_json

        return sweeps_json(self.found, self.source)

    def csv(self, to: Destination) -> Iterator[str]:
        """A line for each step."""
        from backpropcli.report.sweep_data import sweep_csv

        return sweep_csv(self.found)


def sweep(network: Network, what: What, how: How, numbers: Numbers, output: Output) -> int:
    """A sweep for each gradient that was named, or for the first; the exit status."""
    to = output.to(Sweeps)
    words = listed([*(what.only or ()), *network.names]) or [""]
    net = api.Network(network.open("check", to, names=True))
    difference = how.arguments()["difference"]
    return deliver(Sweeps([net.sweep(word, what.of, difference=difference) for word in words], net.source, numbers), to)
