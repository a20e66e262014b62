"""`backprop ops`: the operations that formulas can use."""

# Annotations are read when the module is loaded (see `command`), so they are not postponed here.
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from backpropcli.commands.command import command
from backpropcli.commands.options import Output, Words
from backpropcli.errors import UsageError
from backpropcli.formats.registry import Record, deliver
from backpropcli.render.output import Destination
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.formats.text import Block
    from backpropcli.ops.definition import Operation
    from backpropcli.render.table import Table


def complete_operations(incomplete: str) -> list[str]:
    """Shell completion: operations' names."""
    from backpropcli.ops.table import names

    return [name for name in names() if name.startswith(incomplete)]


class Operations(Record):
    """All operations, a line each."""

    what = "ops"

    def __init__(self, found: "Sequence[Operation]") -> None:
        self.found = found

    def tables(self, to: Destination) -> "list[Table]":
        """A line each."""
        from backpropcli.report.ops import ops_table

        return [ops_table(self.found)]

    def json(self, to: Destination) -> Iterator[str]:
        """`backprop.ops/1`."""
        from backpropcli.report.ops import ops_json

        return ops_json(self.found)


class Pages(Record):
    """A few operations, with all about them."""

    what = "ops"

    def __init__(self, found: "Sequence[Operation]") -> None:
        self.found = found

    def blocks(self, to: Destination) -> "list[Block]":
        """A page each."""
        from backpropcli.formats.text import Block
        from backpropcli.report.ops import ops_page

        pages = ("".join(f"{line}\n" for line in ops_page(operation)) for operation in self.found)
        return [Block(["\n".join(pages)])]

    def json(self, to: Destination) -> Iterator[str]:
        """`backprop.ops/1`."""
        return Operations(self.found).json(to)


@command(Operations, Pages)
def ops(
    output: Output,
    name: Annotated[
        Words,
        typer.Argument(
            metavar="[NAME]",
            help="Operations, as sigmoid or +.",
            show_default=False,
            autocompletion=complete_operations,
        ),
    ] = None,
) -> int:
    """The operations that formulas can use.

    With a name or several, all about them: formulas, derivatives, other names.

    Examples:
      backprop ops
      backprop ops sigmoid
      backprop ops np.tanh "**"
      backprop ops --format json

    """
    from backpropcli.ops.table import TABLE

    to = output.to(Pages if name else Operations)
    if name:
        return deliver(Pages([operation_of(word) for word in name]), to)
    return deliver(Operations(list(TABLE.values())), to)


def operation_of(word: str) -> "Operation":
    """The operation that a word names: `tanh`, `np.tanh`, `+`; UsageError, with what the word is, for any other."""
    from backpropcli.language.formula.grammar import MODULES
    from backpropcli.ops.refused import Refused
    from backpropcli.ops.table import INFIX, lookup, names

    *modules, bare = word.split(".")
    found = INFIX.get(word) or (lookup(bare) if MODULES.issuperset(modules) else None)
    if found is not None and not isinstance(found, Refused):
        return found
    from backpropcli.language.data.initialisers import OPTIONS, describe
    from backpropcli.language.layers.losses import ALIASES, LOSSES

    if word in LOSSES or word in ALIASES:
        loss = word if word in LOSSES else ALIASES[word]
        raise UsageError(
            f"{word} is a loss of the layers form, no operation",
            hint=f"Under layers:  loss: {loss}\nOn the command line:  --loss {loss}",
        )
    if found is not None:
        raise UsageError(f"{found.name}: {found.reason}", hint=found.hint)
    if word in OPTIONS:
        raise UsageError(f"{word} is an initialiser, no operation", hint=f"As a value:  W: {describe(word)}")
    raise UsageError(f"no such operation: {word}{did_you_mean(bare, names())}", hint="All of them:  backprop ops")
