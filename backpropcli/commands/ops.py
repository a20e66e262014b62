"""`backprop ops`: the operations that formulas can use."""

# Annotations are read when the module is loaded (see `options.command`), so they are not postponed here.
from typing import TYPE_CHECKING, Annotated

import typer

from backpropcli.commands.options import Output, Words, command
from backpropcli.errors import UsageError
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.ops.definition import Operation

FORMATS = ("table", "json", "markdown")


def complete_operations(incomplete: str) -> list[str]:
    """Shell completion: operations' names."""
    from backpropcli.ops.table import names

    return [name for name in names() if name.startswith(incomplete)]


@command
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

    to = output.destination(*FORMATS)
    if not name:
        from backpropcli.report.ops import ops_json, ops_table

        if to.format == "json":
            to.write(ops_json(TABLE.values()))
        elif to.format == "markdown":
            from backpropcli.render.markdown import any_markdown

            to.write(any_markdown(ops_table(TABLE.values())))
        else:
            to.write_table(ops_table(TABLE.values()))
        return 0
    found = [operation_of(word) for word in name]
    from backpropcli.report.ops import ops_json, ops_page

    if to.format == "json":
        to.write(ops_json(found))
    else:
        pages = ["".join(f"{line}\n" for line in ops_page(operation)) for operation in found]
        fence = "```\n" if to.format == "markdown" else ""
        to.write([fence, "\n".join(pages), fence])
    return 0


def operation_of(word: str) -> "Operation":
    """The operation that a word names: `tanh`, `np.tanh`, `+`; UsageError, with what the word is, for any other."""
    from backpropcli.language.formula.parser import MODULES
    from backpropcli.ops.definition import Refused
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
