"""`backprop ops`: the operations that formulas can use."""

# Annotations are read when the module is loaded (see `options.command`), so they are not postponed here.
from typing import Annotated

import typer

from backpropcli.commands.options import Output, command
from backpropcli.errors import UsageError
from backpropcli.suggest import did_you_mean

FORMATS = ("table", "json", "markdown")


def complete_operations(incomplete: str) -> list[str]:
    """Shell completion: operations' names."""
    from backpropcli.ops.table import names

    return [name for name in names() if name.startswith(incomplete)]


@command
def ops(
    output: Output,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="One operation, as sigmoid.", show_default=False, autocompletion=complete_operations
        ),
    ] = None,
) -> int:
    """The operations that formulas can use.

    With a name, all about one of them: its formula, its derivatives, its other names.

    Examples:
      backprop ops
      backprop ops sigmoid
      backprop ops --format json

    """
    from backpropcli.ops.definition import Refused
    from backpropcli.ops.table import TABLE, lookup, names

    to = output.destination(*FORMATS)
    if name is None:
        from backpropcli.views.ops import ops_json, ops_table

        if to.format == "json":
            to.write(ops_json(TABLE.values()))
        elif to.format == "markdown":
            from backpropcli.views.markdown import any_markdown

            to.write(any_markdown(ops_table(TABLE.values())))
        else:
            to.write_table(ops_table(TABLE.values()))
        return 0
    found = lookup(name)
    if found is None:
        raise UsageError(
            f"no such operation: {name}{did_you_mean(name, names())}", hint="All of them:  backprop ops"
        )
    if isinstance(found, Refused):
        raise UsageError(f"{found.name}: {found.reason}", hint=found.hint)
    from backpropcli.views.ops import ops_json, ops_page

    if to.format == "json":
        to.write(ops_json([found]))
    else:
        to.write(f"{line}\n" for line in ops_page(found))
    return 0
