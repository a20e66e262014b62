"""`backprop derive`: a gradient as one formula."""

# Annotations are read when the module is loaded (see `command`), so they are not postponed here.
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from backpropcli import api
from backpropcli.commands.command import command
from backpropcli.commands.options import Expand, Network, Numbers, Output, Word, node_option
from backpropcli.commands.quantity import GRADIENTS, gradients
from backpropcli.errors import UsageError
from backpropcli.formats.registry import Record, deliver
from backpropcli.notation.numbers import read_number
from backpropcli.render.output import Destination

if TYPE_CHECKING:
    from backpropcli.explanation.derive import Derivation
    from backpropcli.render.document import Section

SECONDS = 10.0


class Derivations(Record):
    """Gradients as formulas; `named`: the user asked for just these."""

    what = "derive"

    def __init__(self, found: "list[Derivation]", source: str, named: bool) -> None:
        self.found, self.source, self.named = found, source, named

    @property
    def status(self) -> int:
        """1 where a formula and backprop differ, 3 where one that was asked for, or every one, is missing."""
        if not all(one.agrees for one in self.found):
            return 1
        missing = [one.missing for one in self.found]
        return 3 if any(missing) and (self.named or all(missing)) else 0

    def sections(self, to: Destination) -> "list[list[Section]]":
        """An explanation each."""
        return [list(one.sections()) for one in self.found]

    def json(self, to: Destination) -> Iterator[str]:
        """`backprop.derive/1`."""
        from backpropcli.explanation.json import derive_json

        return derive_json(self.found, self.source)


@command(Derivations, takes=GRADIENTS)
def derive(
    network: Network,
    numbers: Numbers,
    output: Output,
    expand: Expand = False,
    of: Annotated[Word, node_option("Gradients of this node instead of the loss.")] = None,
    timeout: Annotated[
        Word, typer.Option("--timeout", metavar="SECONDS", help="So long SymPy may compute for one, 10.")
    ] = None,
) -> int:
    """What is this gradient as a formula? Derived by SymPy, and compared with backprop.

    The local derivatives, multiplied and simplified, with the numbers put in. Names a gradient (dJ/dw1, or just w1)
    or one entry of it (dJ/dW1[0,2]); without one, every parameter in turn.

    Examples:
      backprop derive w1
      backprop derive net.yaml dJ/dw1 dJ/db1
      backprop derive --example lecture --format latex
      backprop derive net.yaml --format json

    """
    to = output.to(Derivations)
    wanted = gradients(network.names, "derive", of)
    seconds = read_number("--timeout", timeout) if timeout is not None else SECONDS
    if not 0 < seconds < 1e6:
        raise UsageError(f"--timeout {timeout}: expected seconds, such as --timeout 60")
    net = api.Network(network.open("derive", to, names=True)).unrolled()
    found = [
        net.derive(
            name,
            place,
            of=by,
            seconds=seconds,
            precision=numbers.precision(),
            ascii=to.ascii,
            full=numbers.full,
            expand=expand,
        )
        for name, place, by in wanted.of(net)
    ]
    return deliver(Derivations(found, net.source, bool(network.names)), to)
