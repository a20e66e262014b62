"""`backprop explain`: how the chain rule gets to a gradient."""

# Annotations are read when the module is loaded (see `options.command`), so they are not postponed here.
from typing import Annotated

import typer

from backpropcli.commands.options import (
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

FORMATS = ("table", "markdown", "latex")


@command
def explain(
    network: Network,
    numbers: Numbers,
    output: Output,
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
    from backpropcli.views import explain as view

    tellings = [
        net.explain(q.name, q.place, of=q.of or of, precision=numbers.precision(), ascii=to.ascii) for q in wanted
    ] or [net.explain(name, of=of, precision=numbers.precision(), ascii=to.ascii) for name in net.parameters]
    if not tellings:
        raise UsageError(f"{net.source} has no parameters: say which gradient", hint="Such as  backprop explain dJ/dx")
    for number, telling in enumerate(tellings):
        if to.format == "markdown":
            to.write(view.markdown(telling))
        elif to.format == "latex":
            to.write(view.latex(telling))
        else:
            lines = [*([""] * 2 * bool(number)), *view.terminal(telling, to.width)]
            to.write(f"{line}\n" for line in lines)
    return 0
