"""What makes a function a command: groups of options spread out for Typer, formats and arguments in its help."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import typer

from backpropcli.formats.registry import Record, formats_of, names
from backpropcli.ops.numbers.quiet import quiet

OUTPUT = "Where results go"
FILE = "The network, a .yaml, .yml or .json file or - for standard input (without it: net.yaml)"
Function = Callable[..., int]


def command(*records: type[Record], takes: tuple[str, str] | None = None) -> Callable[[Function], Function]:
    """A command, which returns its exit status, and whose parameters may be groups of options (NamedTuples).

    `records` are the classes of what it can write, whose formats its help lists; `takes` is what it takes beside the
    file: how the usage calls that, and what it is.
    """
    own = {name: help for name, help in (("format", _formats(records)), ("arguments", _names(takes))) if help}

    def made(function: Function) -> Function:
        parameters = inspect.signature(function, eval_str=True).parameters.values()
        groups = {p.name: p.annotation for p in parameters if hasattr(p.annotation, "_field_defaults")}
        spread = [option for parameter in parameters for option in _spread(parameter, own)]

        @functools.wraps(function)
        def gathered(**values: Any) -> int:
            for name, group in groups.items():
                values[name] = group(*(values.pop(field) for field in group._fields))
            with quiet():
                return function(**values)

        # Typer keeps a paragraph's line breaks, which are the source's: each becomes one line; examples stay.
        gathered.__doc__ = re.sub(r"(?<=[^\n ])\n(?=[^\n ])", " ", inspect.cleandoc(function.__doc__ or ""))
        gathered.__signature__ = inspect.Signature(spread)  # type: ignore[attr-defined]  # which any function may have
        gathered.__annotations__ = {p.name: p.annotation for p in spread}
        gathered.records = records  # type: ignore[attr-defined]  # any function may have that too
        return gathered

    return made


def _spread(parameter: inspect.Parameter, own: dict[str, Any]) -> Iterator[inspect.Parameter]:
    """The options of a group, or the one that a parameter is; `own` are those that the command has its way."""
    group = parameter.annotation
    if not hasattr(group, "_field_defaults"):
        annotation = own.get(parameter.name, parameter.annotation)
        yield parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=annotation)
        return
    for name, annotation in group.__annotations__.items():
        yield inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=group._field_defaults[name],
            annotation=own.get(name, annotation),
        )


def _formats(records: tuple[type[Record], ...]) -> Any:
    """`--format` of a command that writes these records."""
    if not records:
        return None
    known = formats_of(*records)

    def complete(incomplete: str) -> list[str]:
        return [f.name for f in known if f.name.startswith(incomplete)]

    return Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=f"{names(known)}.",
            rich_help_panel=OUTPUT,
            autocompletion=complete,
        ),
    ]


def _names(takes: tuple[str, str] | None) -> Any:
    """The arguments of a command that takes names beside the file."""
    if takes is None:
        return None
    metavar, words = takes
    return Annotated[
        list[str] | None,
        typer.Argument(metavar=f"[FILE] {metavar}", show_default=False, help=f"{FILE}, and {words}."),
    ]
