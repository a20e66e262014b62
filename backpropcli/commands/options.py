"""The options that commands share, each defined once: the network's words, how numbers look, where results go.

A command's parameter annotated with a group (`Network`, `Numbers`, `Output`, or any NamedTuple of a command's own)
stands for all options of the group: `command` spreads it out for Typer and gathers the values again. Every option is
text or a flag; what the text means is read here or by the command, so that errors speak our language.
"""

# Annotations are read when the module is loaded, so they are not postponed here.
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from backpropcli.commands.command import OUTPUT
from backpropcli.commands.files import FILE_ENDINGS, is_file, one_file
from backpropcli.errors import UsageError
from backpropcli.formats.registry import Record, destination
from backpropcli.notation.numbers import Precision, read_count
from backpropcli.ops.numbers.quiet import hush
from backpropcli.render.output import Destination, is_terminal
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.language import Spec

Words = list[str] | None
Word = str | None
DTYPES = ("float64", "float32")
NETWORK, NUMBERS = "The network, in words", "How numbers look"


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
        spec = given.read(words[0] if words else None)
        *done, last = incomplete.split(",")
        found = list(spec.graph.nodes)
        if quantities and spec.loss:
            found += [f"d{spec.loss}/d{name}" for name in spec.graph.names("parameter", "node")]
        return [",".join([*done, name]) for name in found if name.startswith(last)]
    except Exception:  # the shell is waiting: no names are better than a traceback in the middle of its line
        return []


def node_option(help: str) -> Any:
    """An option that names a node, `--of` as a rule; the shell completes it."""
    return typer.Option(metavar="NODE", help=help, autocompletion=complete_names)


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

    def open(self, command: str, to: Destination | None, names: bool = False, **more: Any) -> "Spec":
        """The one network that a command is about; `more` as in `read`. `to` is told of it where nobody named it.

        Words that are no files are an error unless they are welcome as `names`.
        """
        # A formula that fell apart at its spaces: what reads its option knows best what to say.
        torn = any(word.startswith("=") for word in self.names)
        file = one_file(self.arguments or (), command, names or torn)
        spec = self.read(file, **more)
        one_file(self.arguments or (), command, names)
        if to is not None:
            self.announce(file, spec.source, to)
        return spec

    def read(self, file: str | None, elsewhere: bool = False, **more: Any) -> "Spec":
        """The network that the options name; `more` are further flags, such as `expect`.

        Every --as must be about a name in a file of --load, unless there is another file `elsewhere`.
        """
        from backpropcli.language import Flags, example, load

        given = {
            "inputs": self.input,
            "targets": self.target,
            "parameters": self.parameter,
            "nodes": self.node,
            "layers": self.layer,
            "load": self.load,
            "renames": self.renames,
            "allow_files": self.allow_files,
            **more,
        }
        batches = bool(given.pop("batches", False))
        lists = {name: tuple(words or ()) for name, words in given.items()}
        flags = Flags(loss=self.loss, memory=self.memory, batches=batches, **lists)
        if self.example is not None and file is not None:
            raise UsageError(f"--example {self.example} and {file} together", hint="Give one of them.")
        spec = load(file, flags) if self.example is None else example(self.example, flags)
        hush()
        if not elsewhere:
            self._check_renames(spec)
        return spec

    def _check_renames(self, spec: "Spec") -> None:
        for text in self.renames or ():
            theirs = text.rpartition("=")[0].strip()
            if not self.load:
                raise UsageError("--as belongs to --load FILE, or to check --gradients FILE")
            if theirs not in spec.renamed:
                raise UsageError(f"--as {text}: {' and '.join(self.load)} has no {theirs}")

    def announce(self, file: str | None, source: str, to: Destination) -> None:
        """Say on stderr that net.yaml was found in the current folder, where the network was not named.

        In a terminal the table's own title says it.
        """
        if file is None and source.endswith(FILE_ENDINGS) and not self.example and not is_terminal(sys.stdout):
            to.note(f"reading {source}")

    def spread(self, names: bool = False) -> "Network":
        """These options with patterns (`nets/*.yaml`) replaced by the files that they match.

        Words without a file's ending may be patterns and folders too, unless `names` are expected. Raises FileError.
        """
        words = self.files if names else list(self.arguments or ())
        if not words:
            return self
        from backpropcli.language.globs import matching

        return self._replace(arguments=[*matching(words), *(self.names if names else ())])

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


Color = Annotated[Word, typer.Option("--color", metavar="WHEN", help="auto, always or never.", rich_help_panel=OUTPUT)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No messages, only results.", rich_help_panel=OUTPUT)]


class Output(NamedTuple):
    """Where results go, and in which form."""

    format: Word = None  # its help is the list of formats, which `command` makes
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
    color: Color = None
    quiet: Quiet = False

    def to(self, record: type[Record]) -> Destination:
        """Where a record of this class goes, in one of the formats that it has; UsageError for any other."""
        return destination(record, self.output, self.format, self.color, self.quiet)


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


def one_of(option: str, word: Word, known: Sequence[str]) -> None:
    """UsageError where an option's word is none of those that it may be: `--dtype flot64: expected float64 or ...`."""
    if word is not None and word not in known:
        *others, last = known
        raise UsageError(f"{option} {word}: expected {', '.join(others)} or {last}{did_you_mean(word, known)}")
