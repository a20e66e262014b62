"""`backprop explain`: how the chain rule gets to a gradient."""

# Annotations are read when the module is loaded (see `command`), so they are not postponed here.
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from backpropcli import api
from backpropcli.commands.command import command
from backpropcli.commands.options import Expand, Network, Numbers, Output, Word, node_option
from backpropcli.commands.quantity import GRADIENTS, gradients
from backpropcli.formats.registry import Record, deliver
from backpropcli.render.output import Destination

if TYPE_CHECKING:
    from backpropcli.explanation.explain import Explanation
    from backpropcli.render.document import Section


class Explanations(Record):
    """How the chain rule gets to some gradients; `named`: the user asked for just these."""

    what = "explain"

    def __init__(self, found: "list[Explanation]", source: str, named: bool) -> None:
        self.found, self.source, self.named = found, source, named

    def sections(self, to: Destination) -> "list[list[Section]]":
        """An explanation each, and of all gradients the steepest at the end."""
        from backpropcli.explanation.steepest import steepest

        told = [list(one.sections()) for one in self.found]
        if not self.named and (said := steepest(self.found)) is not None:
            told[-1].append(said)
        return told

    def json(self, to: Destination) -> Iterator[str]:
        """`backprop.explain/1`."""
        from backpropcli.explanation.json import explain_json

        return explain_json(self.found, self.source)


@command(Explanations, takes=GRADIENTS)
def explain(
    network: Network,
    numbers: Numbers,
    output: Output,
    expand: Expand = False,
    of: Annotated[Word, node_option("Gradients of this node instead of the loss.")] = None,
) -> int:
    """How does the chain rule get to this gradient? In words, with every number.

    Names a gradient (dJ/dw1, or just w1) or one entry of it (dJ/dW1[0,2]); without one, every parameter in turn.

    Examples:
      backprop explain dJ/dw1
      backprop explain net.yaml a1
      backprop explain --example lecture
      backprop explain net.yaml dJ/dw1 --format markdown

    """
    to = output.to(Explanations)
    wanted = gradients(network.names, "explain", of)
    net = api.Network(network.open("explain", to, names=True)).unrolled()
    found: list[Explanation] = []
    for name, place, by in wanted.of(net):
        known = {label for one in found if by in (None, one.of) for label in one.subgraph.labels}
        found.append(
            net.explain(
                name,
                place,
                of=by,
                precision=numbers.precision(),
                ascii=to.ascii,
                known=known,
                full=numbers.full or (to.width is None and not net.graph.times),
                expand=expand,
            )
        )
    return deliver(Explanations(found, net.source, bool(network.names)), to)
