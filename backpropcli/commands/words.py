"""How a command reads its words: as text, without the type adapters that would take half the time to start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from typer.core import TyperCommand, TyperGroup

from backpropcli.errors import UsageError
from backpropcli.suggest import nearest

OPTIONS = {
    "run": "--get --of --only --all --expand --forward --upstream --steps --dtype",
    "check": "--eps --difference --all --only --of --expect --upstream --against --fault --sweep --points",
    "page": "--exercise",
}
"""Where an option belongs that people look for elsewhere."""


class AsItIs:
    """What a command line's text is taken for: itself. All our options are text or flags, which commands read."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The words of a repeatable option as a tuple, any other word unchanged."""
        if param.multiple or param.nargs == -1:
            return tuple(value or ())
        return value


def as_text(parameters: Sequence[Any]) -> None:
    """Take parameters' words for what they are, and show no type beside flags and arguments in the help.

    Typer validates every option through pydantic, which takes 60 ms to import and does nothing to text. Should a later
    Typer no longer ask these two methods, commands start that much slower, and work the same.
    """
    for parameter in parameters:
        parameter.get_runtime_param = AsItIs
        if getattr(parameter, "is_flag", True):
            parameter.display_type_rich = _nothing


def _nothing(ctx: Any) -> str:
    return ""


class PlainCommand(TyperCommand):
    """A command whose options are text or flags."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        as_text(self.params)

    def make_parser(self, ctx: Any) -> Any:
        """The parser. An option that has one value, given twice, is an error: nobody knows which was meant."""
        parser = super().make_parser(ctx)
        parse = parser.parse_args

        def once(args: list[str]) -> Any:
            values, rest, order = parse(args)
            seen = set()
            for parameter in order:
                if getattr(parameter, "is_flag", True) or parameter.multiple or ctx.resilient_parsing:
                    continue
                if parameter.name in seen:
                    raise UsageError(f"{parameter.opts[0]} is given twice")
                seen.add(parameter.name)
            return values, rest, order

        setattr(parser, "parse_args", once)  # noqa: B010  # a method, which mypy lets nobody assign
        return parser

    def get_help_option(self, ctx: Any) -> Any:
        """`--help`, without a type behind it."""
        option = super().get_help_option(ctx)
        as_text([option] if option is not None else [])
        return option

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The usage line: one file, with or without names beside it, not `[[FILE]]...`."""
        pieces = super().collect_usage_pieces(ctx)
        return [
            piece[1:].removesuffix("]...")
            if piece.startswith("[[") and piece.endswith("]...")
            else piece.replace("[[", "[").replace("]]", "]")
            for piece in pieces
        ]


class PlainGroup(TyperGroup):
    """All commands together, for `--help` and completion."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The options, without types behind them: all are flags."""
        parameters = super().get_params(ctx)
        for parameter in parameters:
            parameter.display_type_rich = _nothing  # type: ignore[attr-defined]  # Typer's own, untyped
        return parameters


def no_such_option(option: str, command: str, known: Sequence[str], words: Sequence[str]) -> tuple[str, str]:
    """What stands behind "no such option", and a hint: the options that begin so, another command's, the nearest.

    `command` is the whole name, as `backprop run`; `words` are those typed, of which `option` may be a single letter.
    """
    begun = _begun(option, known, 1) or [f"-{w}" for w in words if w[:2] == option and f"-{w}" in known][:1]
    if begun:
        return f". Did you mean {' or '.join(begun[:3])}?", ""
    for other, options in OPTIONS.items():
        theirs = options.split()
        found = [option] if option in theirs else _begun(option, theirs, 2)
        if found and command != f"backprop {other}":
            return "", f"{found[0]} belongs to backprop {other}."
    near = nearest(option.lstrip("-"), [o.lstrip("-") for o in known if o.startswith("--")])
    return (f". Did you mean --{near}?" if near else ""), ""


def _begun(option: str, known: Sequence[str], least: int) -> list[str]:
    """The long options that begin like this one, which has so many letters or more."""
    long = option.startswith("--") and len(option) >= len("--") + least
    return [o for o in known if o.startswith(option)] if long else []
