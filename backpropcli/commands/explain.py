"""`backprop explain`: how the chain rule gets to a gradient."""

# Annotations are read when the module is loaded (see `options.command`), so they are not postponed here.
from typing import TYPE_CHECKING, Annotated

import typer

from backpropcli.commands.options import (
    Expand,
    Network,
    Numbers,
    Output,
    Word,
    announce,
    command,
    complete_names,
    one_file,
)
from backpropcli.commands.quantity import read
from backpropcli.errors import UsageError

if TYPE_CHECKING:
    from backpropcli.explanation.explain import Explanation

FORMATS = ("table", "json", "markdown", "latex")
NAMES = ("[GRADIENT]...", "which gradients: dJ/dw1, just w1, or an entry, 'dJ/dW1[0,2]'")


@command
def explain(
    network: Network,
    numbers: Numbers,
    output: Output,
    expand: Expand = False,
    of: Annotated[
        Word,
        typer.Option(metavar="NODE", help="Gradients of this node instead of the loss.", autocompletion=complete_names),
    ] = None,
) -> int:
    """How does the chain rule get to this gradient? In words, with every number.

    Names a gradient (dJ/dw1, or just w1) or one entry of it (dJ/dW1[0,2]); without one, every parameter in turn.

    Examples:
      backprop explain dJ/dw1
      backprop explain net.yaml a1
      backprop explain --example lecture
      backprop explain net.yaml dJ/dw1 --format markdown

    """
    to = output.destination(*FORMATS)
    wanted = [read(word, "explain") for word in network.names]
    file = one_file(network, "explain", names=True)
    if of is not None and any(q.of not in (None, of) for q in wanted):
        raise UsageError(f"--of {of} and {wanted[0].text} together", hint="The gradient says of which node it is.")
    net = network.read(file)
    announce(network, file, net.source, to)
    from backpropcli.explanation.explain import steepest
    from backpropcli.explanation.json import explain_json
    from backpropcli.render.document import tell

    asked = [(q.name, q.place, q.of or of) for q in wanted] or [(name, (), of) for name in net.parameters]
    if not asked:
        raise UsageError(f"{net.source} has no parameters: say which gradient", hint="Such as  backprop explain dJ/dx")
    tellings: list[Explanation] = []
    for name, place, by in asked:
        known = {label for one in tellings if by in (None, one.of) for label in one.cone.labels}
        tellings.append(
            net.explain(
                name,
                place,
                of=by,
                precision=numbers.precision(),
                ascii=to.ascii,
                known=known,
                full=numbers.full or to.width is None,
                expand=expand,
            )
        )
    if to.format == "json":
        to.write(explain_json(tellings, net.source))
    else:
        *parts, last = [list(one.sections()) for one in tellings]
        if not wanted and (said := steepest(tellings)) is not None:
            last.append(said)
        to.write(tell([*parts, last], to.format, to.width, to.coloured))
    return 0
