"""The options that commands share, each defined once: the network's words, how numbers look, where results go.

A command's parameter annotated with a group (`Network`, `Numbers`, `Output`, or any NamedTuple of a command's own)
stands for all options of the group: `command` spreads it out for Typer and gathers the values again. Every option is
text or a flag; what the text means is read here or by the command, so that errors speak our language.
"""

# Annotations are read when the module is loaded, so they are not postponed here.
import functools
import inspect
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from backpropcli.errors import BackpropError, UsageError
from backpropcli.notation.numbers import Precision, read_count
from backpropcli.ops.numbers.quiet import hush, quiet
from backpropcli.render.output import Destination, destination, is_terminal
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli import api

Words = list[str] | None
Word = str | None
FILE_ENDINGS = (".yaml", ".yml", ".json")
NETWORK, NUMBERS, OUTPUT = "The network, in words", "How numbers look", "Where results go"


PIPES = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")
"""What a shell puts in place of <(...)."""


def is_file(word: str) -> bool:
    """Whether an argument is a file: `-`, an ending that only files have, the shell's <(...); any other is a name."""
    return word == "-" or word.lower().endswith(FILE_ENDINGS) or word.startswith(PIPES)


def complete_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Shell completion: the names of the network on the command line so far. Never raises, never prints."""
    return _complete(ctx, incomplete, quantities=False)


def complete_quantities(ctx: typer.Context, incomplete: str) -> list[str]:
    """Shell completion: names, and gradients of the loss (`dJ/dw1`)."""
    return _complete(ctx, incomplete, quantities=True)


def _complete(ctx: typer.Context, incomplete: str, quantities: bool) -> list[str]:
    try:
        words = [w for w in ctx.params.get("arguments") or [] if is_file(w) and w != "-"]
        given = Network(**{name: ctx.params.get(name) for name in Network._fields})
        network = given.read(words[0] if words else None)
        *done, last = incomplete.split(",")
        found = list(network.graph.nodes)
        if quantities and network.spec.loss:
            found += [f"d{network.spec.loss}/d{name}" for name in network.graph.names("parameter", "node")]
        return [",".join([*done, name]) for name in found if name.startswith(last)]
    except Exception:  # the shell is waiting: no names are better than a traceback in the middle of its line
        return []


class Network(NamedTuple):
    """Which network: a file, flags of the same meaning, or both."""

    arguments: Annotated[
        Words,
        typer.Argument(
            metavar="[FILE]",
            show_default=False,
            help="The network: a .yaml, .yml or .json file, or - for standard input. Without it: net.yaml.",
        ),
    ] = None
    input: Annotated[
        Words, typer.Option("--input", "-i", metavar="NAME=VALUE", help="An input, as x=1.", rich_help_panel=NETWORK)
    ] = None
    target: Annotated[
        Words, typer.Option("--target", "-t", metavar="NAME=VALUE", help="A target, as y=5.", rich_help_panel=NETWORK)
    ] = None
    parameter: Annotated[
        Words,
        typer.Option("--parameter", "-p", metavar="NAME=VALUE", help="A parameter, as w1=2.", rich_help_panel=NETWORK),
    ] = None
    node: Annotated[
        Words,
        typer.Option(
            "--node", "-n", metavar="FORMULA", help='A node, as "a = relu(w*x + b)".', rich_help_panel=NETWORK
        ),
    ] = None
    layer: Annotated[
        Words,
        typer.Option(
            "--layer", "-l", metavar="LAYER", help='A layer, as "dense(1, relu, w=2, b=0)".', rich_help_panel=NETWORK
        ),
    ] = None
    loss: Annotated[
        Word,
        typer.Option("--loss", metavar="NAME", help="A node, or a loss as squared_error.", rich_help_panel=NETWORK),
    ] = None
    load: Annotated[
        Words,
        typer.Option(
            "--load", metavar="FILE", help="Values of parameters: .json, .npz, .safetensors.", rich_help_panel=NETWORK
        ),
    ] = None
    renames: Annotated[
        Words,
        typer.Option(
            "--as",
            metavar="THEIRS=OURS",
            help="What a name in their file means, as fc1.weight=W1.T. Repeatable.",
            rich_help_panel=NETWORK,
        ),
    ] = None
    allow_files: Annotated[
        Words,
        typer.Option(
            "--allow-files", metavar="DIR", help="Data files may be taken from there too.", rich_help_panel=NETWORK
        ),
    ] = None
    memory: Annotated[
        Word,
        typer.Option("--memory", metavar="SIZE", help="How much its arrays may take, as 4GB.", rich_help_panel=NETWORK),
    ] = None
    example: Annotated[
        Word,
        typer.Option(
            "--example", metavar="NAME", help="A network that comes with backprop, as lecture.", rich_help_panel=NETWORK
        ),
    ] = None

    def read(self, file: str | None, elsewhere: bool = False, **more: Any) -> "api.Network":
        """The network that the options name; `more` are further flags, such as `expect`.

        Every --as must be about a name in a file of --load, unless there is another file `elsewhere`.
        """
        network = self._read(file, **more)
        for text in () if elsewhere else self.renames or ():
            theirs = text.rpartition("=")[0].strip()
            if not self.load:
                raise UsageError("--as belongs to --load FILE, or to check --gradients FILE")
            if theirs not in network.spec.renamed:
                raise UsageError(f"--as {text}: {' and '.join(self.load)} has no {theirs}")
        return network

    def _read(self, file: str | None, **more: Any) -> "api.Network":
        from backpropcli import api

        flags = {
            "inputs": tuple(self.input or ()),
            "targets": tuple(self.target or ()),
            "parameters": tuple(self.parameter or ()),
            "nodes": tuple(self.node or ()),
            "layers": tuple(self.layer or ()),
            "loss": self.loss,
            "load": tuple(self.load or ()),
            "renames": tuple(self.renames or ()),
            "allow_files": tuple(self.allow_files or ()),
            "memory": self.memory,
            **more,
        }
        if self.example is None:
            network = api.load(file, **flags)
            hush()
            return network
        if file is not None:
            raise UsageError(f"--example {self.example} and {file} together", hint="Give one of them.")
        from backpropcli.language import Flags, example

        return api.Network(example(self.example, Flags(**flags)))

    def spread(self, names: bool = False) -> "Network":
        """The same with patterns (`nets/*.yaml`) replaced by the files that they match.

        Words without a file's ending may be patterns and folders too, unless `names` are expected. Raises FileError.
        """
        words = self.files if names else list(self.arguments or ())
        if not words:
            return self
        from backpropcli import api

        return self._replace(arguments=[*api.matching(words), *(self.names if names else ())])

    @property
    def files(self) -> list[str]:
        """The arguments that are files."""
        return [word for word in self.arguments or () if is_file(word)]

    @property
    def names(self) -> list[str]:
        """The arguments that are not files."""
        return [word for word in self.arguments or () if not is_file(word)]


class Numbers(NamedTuple):
    """How numbers look."""

    digits: Annotated[
        Word, typer.Option("--digits", metavar="N", help="Significant digits.", rich_help_panel=NUMBERS)
    ] = None
    decimals: Annotated[
        Word, typer.Option("--decimals", metavar="N", help="Digits after the point instead.", rich_help_panel=NUMBERS)
    ] = None
    full: Annotated[
        bool, typer.Option("--full", help="Leave nothing out, as in pipes and files.", rich_help_panel=NUMBERS)
    ] = False

    def precision(self, digits: int = 6) -> Precision:
        """What the options say; `digits` significant ones where they say nothing."""
        given = read_count("--digits", self.digits, 1)
        decimals = read_count("--decimals", self.decimals, 0, 30)
        if given is not None and decimals is not None:
            raise UsageError(
                "--digits and --decimals together",
                hint="--digits counts significant digits, --decimals those after the point: give one of them.",
            )
        return Precision(given or digits, decimals)

    @property
    def chosen(self) -> bool:
        """Whether the user asked for a number of digits."""
        return self.digits is not None or self.decimals is not None


class Output(NamedTuple):
    """Where results go, and in which form."""

    format: Annotated[
        Word,
        typer.Option("--format", metavar="FORMAT", help="table, json, csv or markdown.", rich_help_panel=OUTPUT),
    ] = None
    output: Annotated[
        Word,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write a file; its ending chooses the format.",
            rich_help_panel=OUTPUT,
        ),
    ] = None
    color: Annotated[
        Word, typer.Option("--color", metavar="WHEN", help="auto, always or never.", rich_help_panel=OUTPUT)
    ] = None
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No messages, only results.", rich_help_panel=OUTPUT)] = (
        False
    )

    def destination(self, *formats: str) -> Destination:
        """Where to write, in one of the formats that this command has."""
        return destination(formats, self.output, self.format, self.color, self.quiet)


def command(function: Callable[..., int]) -> Callable[..., int]:
    """A command whose parameters may be groups of options; it returns its exit status."""
    spread: list[inspect.Parameter] = []
    groups: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if hasattr(parameter.annotation, "_field_defaults"):
            groups[parameter.name] = parameter.annotation
            for name, annotation in parameter.annotation.__annotations__.items():
                default = parameter.annotation._field_defaults[name]
                if name == "format" and "FORMATS" in function.__globals__:
                    annotation = _formats(function.__globals__["FORMATS"])
                if name == "arguments" and "NAMES" in function.__globals__:
                    annotation = _named(*function.__globals__["NAMES"])
                spread.append(
                    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
                )
        else:
            spread.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    @functools.wraps(function)
    def gathered(**values: Any) -> int:
        for name, group in groups.items():
            values[name] = group(*(values.pop(field) for field in group._fields))
        with quiet():
            return function(**values)

    # Typer keeps a paragraph's line breaks, which are the source's: every paragraph becomes one line, examples stay.
    gathered.__doc__ = re.sub(r"(?<=[^\n ])\n(?=[^\n ])", " ", inspect.cleandoc(function.__doc__ or ""))
    gathered.__signature__ = inspect.Signature(spread)  # type: ignore[attr-defined]  # which any function may have
    gathered.__annotations__ = {p.name: p.annotation for p in spread}
    return gathered


def _named(metavar: str, words: str) -> Any:
    """The arguments of a command that takes names beside the file."""
    network = "The network, a .yaml, .yml or .json file or - for standard input (without it: net.yaml)"
    return Annotated[
        Words, typer.Argument(metavar=f"[FILE] {metavar}", show_default=False, help=f"{network}, and {words}.")
    ]


def _formats(known: Sequence[str]) -> Any:
    """`--format` of a command that has these formats."""
    words = f"{', '.join(known[:-1])} or {known[-1]}."
    return Annotated[Word, typer.Option("--format", metavar="FORMAT", help=words, rich_help_panel=OUTPUT)]


def listed(words: Words) -> list[str] | None:
    """The names given to a repeatable option, which may be separated by commas too: `--only w1,w2 --only J`."""
    if words is None:
        return None
    result: list[str] = []
    for word in words:
        depth, start = 0, 0
        for k, c in enumerate(word):
            depth += (c in "([") - (c in ")]")
            if c == "," and not depth:
                result.append(word[start:k])
                start = k + 1
        result.append(word[start:])
    return [name.strip() for name in result if name.strip()]


Expand = Annotated[bool, typer.Option("--expand", help="Every step inside a formula by itself.")]
"""An option of the commands that tell a network step by step."""


def one_file(network: Network, command: str, names: bool = False) -> str | None:
    """The one file among the arguments; None where there is none.

    Raises UsageError for several, and for a word that is no file (where `names` are not welcome), with what was
    probably meant.
    """
    if network.names and not names:
        raise no_file(network.names[0], command)
    if len(network.files) > 1:
        raise UsageError(
            f"{command} takes one file, and got {len(network.files)}: {', '.join(network.files[:3])}",
            hint=f"One after the other:  for f in *.yaml; do backprop {command} $f; done",
        )
    return network.files[0] if network.files else None


def _another_file(word: str, command: str) -> str:
    """What to do with a file of another name: a network is read, anything else is not."""
    from backpropcli.language.load import load

    try:
        load(word)
    except (BackpropError, OSError, UnicodeError):
        return (
            "A network's file is YAML or JSON, such as\n  parameters: {w: 2}\n  nodes: {J: w**2}\n"
            "backprop new writes one to start from."
        )
    return f"Read it through standard input:  backprop {command} - < {word}"


def no_file(word: str, command: str) -> UsageError:
    """The error for a word that is no file, with what was probably meant."""
    message = f"{command} takes a file that ends in .yaml, .yml or .json; {word} is none"
    if os.path.isfile(word):
        return UsageError(message, hint=_another_file(word, command))
    for ending in FILE_ENDINGS:
        if os.path.exists(word + ending):
            return UsageError(f"{message}. Did you mean {word}{ending}?")
    if "/d" in word and word[:1] in "d∂":
        return UsageError(message, hint=f"One gradient:  backprop run --get {word}")
    if "=" in word:
        return UsageError(
            message, hint='A formula stands in quotes, behind its option:  -n "y = w*x"   A value:  -p w=2'
        )
    near = did_you_mean(word, [f for f in os.listdir() if is_file(f)]) if os.path.sep not in word else ""
    return UsageError(message + near)


def announce(network: Network, file: str | None, source: str, to: Destination) -> None:
    """Say on stderr that net.yaml was found in the current folder, where the network was not named.

    In a terminal the table's own title says it.
    """
    if file is None and source.endswith(FILE_ENDINGS) and not network.example and not is_terminal(sys.stdout):
        to.note(f"reading {source}")
