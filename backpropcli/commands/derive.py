"""`backprop derive`: a gradient as one formula."""

# Annotations are read when the module is loaded (see `options.command`), so they are not postponed here.
from typing import Annotated

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
from backpropcli.notation.numbers import read_number

FORMATS = ("table", "json", "markdown", "latex")
NAMES = ("[GRADIENT]...", "which gradients: dJ/dw1, just w1, or an entry, 'dJ/dW1[0,2]'")


@command
def derive(
    network: Network,
    numbers: Numbers,
    output: Output,
    expand: Expand = False,
    of: Annotated[
        Word,
        typer.Option(metavar="NODE", help="Gradients of this node instead of the loss.", autocompletion=complete_names),
    ] = None,
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
    to = output.destination(*FORMATS)
    wanted = [read(word, "derive") for word in network.names]
    seconds = read_number("--timeout", timeout) if timeout is not None else 10.0
    if not 0 < seconds < 1e6:
        raise UsageError(f"--timeout {timeout}: expected seconds, such as --timeout 60")
    file = one_file(network, "derive", names=True)
    if of is not None and any(q.of not in (None, of) for q in wanted):
        raise UsageError(f"--of {of} and {wanted[0].text} together", hint="The gradient says of which node it is.")
    net = network.read(file)
    announce(network, file, net.source, to)
    from backpropcli.explanation.derive import derive_json
    from backpropcli.render.document import tell

    names = [(q.name, q.place, q.of or of) for q in wanted] or [(name, (), of) for name in net.parameters]
    if not names:
        raise UsageError(f"{net.source} has no parameters: say which gradient", hint="Such as  backprop derive dJ/dx")
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
        for name, place, by in names
    ]
    if to.format == "json":
        to.write(derive_json(found, net.source))
    else:
        to.write(tell([one.sections() for one in found], to.format, to.width, to.coloured))
    if not all(one.agrees for one in found):
        return 1
    without = [one for one in found if one.missing]
    return 3 if without and (network.names or len(without) == len(found)) else 0
