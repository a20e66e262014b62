"""The options of `backprop check` in groups, and how one report is asked for and printed."""

# Annotations are read when the module is loaded (see `options.command`), so they are not postponed here.
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from backpropcli.commands.options import Network, Numbers, Word, Words, complete_names, listed
from backpropcli.errors import UsageError
from backpropcli.notation.numbers import read_count, read_number
from backpropcli.render.output import Destination, render
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli import api
    from backpropcli.gradcheck import Report, Summary
    from backpropcli.notation.numbers import Precision
    from backpropcli.render.table import Table
    from backpropcli.report.check_table import Page

FORMATS = ("table", "json", "csv", "markdown", "junit", "github")
DIFFERENCES = ("central", "forward", "backward")
DTYPES = ("float64", "float32")
MOST_POINTS = 100_000
THEIRS = "External gradients"
LARGE = "Large networks"
LARGEST = 10**12
ELIDED = 40
"""So many components that did not pass are listed in a terminal; all of them where the output is piped."""


class What(NamedTuple):
    """What is checked: whose gradients, of which node, and what is expected of them."""

    expect: Annotated[Words, typer.Option(metavar="NAME=VALUE", help="Your own answer, as dJ/dw1=18. Repeatable.")] = (
        None
    )
    all: Annotated[bool, typer.Option("--all", help="Gradients of inputs and targets too.")] = False
    only: Annotated[Words, typer.Option(metavar="NAME...", help="Check only these.", autocompletion=complete_names)] = (
        None
    )
    of: Annotated[
        Word,
        typer.Option(
            metavar="NODE", help="Differentiate this node instead of the loss.", autocompletion=complete_names
        ),
    ] = None


class How(NamedTuple):
    """How gradients are judged."""

    eps: Annotated[
        Word, typer.Option(metavar="STEP", help="One plain difference with this step, as 0.001, shown in full.")
    ] = None
    difference: Annotated[Word, typer.Option(metavar="KIND", help="central (the default), forward or backward.")] = None
    every: Annotated[
        bool, typer.Option("--every", help="Every component, however many: no sample.", rich_help_panel=LARGE)
    ] = False
    sample: Annotated[Word, typer.Option(metavar="N", help="Check so many components only.", rich_help_panel=LARGE)] = (
        None
    )
    seed: Annotated[
        Word, typer.Option(metavar="N", help="Which sample, and which directions (0).", rich_help_panel=LARGE)
    ] = None

    dtype: Annotated[Word, typer.Option(metavar="TYPE", help="float64 (the default) or float32.")] = None
    points: Annotated[
        Word,
        typer.Option(metavar="N", help="Judge the rules at N further points too, drawn around this one by --seed."),
    ] = None

    def arguments(self) -> dict[str, Any]:
        """What the options mean, as arguments of `Network.check`; UsageError where they mean nothing."""
        step = read_number("--eps", self.eps) if self.eps is not None else None
        if step is not None and step <= 0:
            raise UsageError(f"--eps {self.eps}: a step is greater than 0, such as --eps 0.001")
        if self.difference is not None and self.difference not in DIFFERENCES:
            near = did_you_mean(self.difference, DIFFERENCES)
            raise UsageError(f"--difference {self.difference}: expected central, forward or backward{near}")
        if self.every and self.sample is not None:
            raise UsageError("--every and --sample together", hint="--every checks every component: give one of them.")
        found: dict[str, Any] = {"eps": step, "difference": self.difference or "central"}
        if self.every:
            found["every"] = True
        if self.sample is not None:
            found["sample"] = read_count("--sample", self.sample, 1, LARGEST)
        if self.seed is not None:
            found["seed"] = read_count("--seed", self.seed, 0, LARGEST)
        if self.dtype is not None:
            if self.dtype not in DTYPES:
                raise UsageError(f"--dtype {self.dtype}: expected float64 or float32{did_you_mean(self.dtype, DTYPES)}")
            found["dtype"] = self.dtype
        if self.points is not None:
            found["points"] = read_count("--points", self.points, 1, MOST_POINTS)
        return found


class Theirs(NamedTuple):
    """External gradients, to be judged instead of backprop's own."""

    gradients: Annotated[
        Word,
        typer.Option(
            "--gradients",
            metavar="FILE",
            rich_help_panel=THEIRS,
            help="Judge these gradients, from another program: .json, .npz, .csv, .safetensors.",
        ),
    ] = None
    allow_missing: Annotated[
        bool,
        typer.Option("--allow-missing", help="Their file need not have every parameter.", rich_help_panel=THEIRS),
    ] = False

    def fit(self, files: Sequence[str]) -> None:
        """UsageError where these options do not go together, or with the files."""
        if self.gradients is None:
            if self.allow_missing:
                raise UsageError("--allow-missing belongs to --gradients FILE")
        elif self.gradients == "-" and "-" in files:
            raise UsageError("the network and the gradients cannot both come from standard input")
        elif len(files) > 1:
            raise UsageError(f"--gradients {self.gradients} are those of one network, not of {len(files)}")


class Question(NamedTuple):
    """The same question to any network; `arguments` are those of `Network.check`."""

    network: Network
    what: What
    arguments: dict[str, Any]
    theirs: Theirs = Theirs()

    def read(self, file: str | None) -> "api.Network":
        """The network of a file (or of what the options say without one), with the numbers that are expected."""
        return self.network.read(file, self.theirs.gradients is not None, expect=tuple(self.what.expect or ()))

    def ask(self, net: "api.Network", **more: Any) -> "Report":
        """The report on one network; `more` are further arguments of `Network.check`."""
        what, arguments = self.what, {**self.arguments, **more}
        words = [*what.only, *self.network.names] if what.only else None
        names = [net.node(name) for name in listed(words) or ()] if words else None
        theirs = self.theirs
        if theirs.gradients is not None:
            return net.check_gradients(
                theirs.gradients,
                what.of,
                renames=self.network.renames or (),
                allow_missing=theirs.allow_missing,
                names=names,
                **arguments,
            )
        return net.check(what.of, names=names, everything=what.all, **arguments)


class Printer(NamedTuple):
    """How a report is printed: where and in which form, and whether without what is right."""

    to: Destination
    numbers: Numbers
    failures: bool

    def report(self, report: "Report", source: str, asked: bool, title: str = "") -> None:
        """One network's report in full; `asked`: numbers were expected on the command line. `title`: its own."""
        to = self.to
        if to.format == "json":
            from backpropcli.report.json import check_json

            to.write(check_json(report, source, self.failures))
        elif to.format == "csv":
            from backpropcli.report.csv import check_csv

            to.write(check_csv(report, self.failures))
        elif report.foreign is not None and not (self.failures and report.verdict == "pass"):
            from backpropcli.report.external_table import foreign_tables

            precision = self.numbers.precision() if self.numbers.chosen else None
            self.tables(foreign_tables(report, source, precision, self.numbers.full, self.failures))
        elif not (self.failures and report.verdict == "pass"):
            from backpropcli.report.check_table import check_page, fitted_check

            def page(precision: "Precision") -> "Page":
                return check_page(
                    report,
                    source,
                    precision,
                    self.numbers.full,
                    asked,
                    failures=self.failures,
                    title=title,
                    most=ELIDED if to.width is not None else None,
                )

            fixed = self.numbers.chosen or self.numbers.full
            self.tables(fitted_check(page, self.numbers.precision(10), None if fixed else to.width))

    def files(self, summary: "Summary", planned: int = 0) -> None:
        """A line for each file; `planned` files were to be checked, where fewer were."""
        to, files = self.to, summary.files
        if to.format == "json":
            from backpropcli.report.json import checks_json

            to.write(checks_json(files, summary.verdict, self.failures))
        elif to.format == "csv":
            from backpropcli.report.csv import checks_csv

            to.write(checks_csv(files, self.failures))
        elif to.format == "junit":
            from backpropcli.report.junit import junit

            to.write(junit(files, self.failures))
        elif to.format == "github":
            from backpropcli.report.github import github

            to.write(github(files))
        elif not (self.failures and summary.verdict == "pass"):
            from backpropcli.report.files_table import checks_table

            self.tables([checks_table(files, self.failures, planned)])

    def tables(self, tables: "Sequence[Table]") -> None:
        """Tables as text, or as Markdown."""
        to = self.to
        if to.format == "markdown":
            from backpropcli.render.markdown import any_markdown

            to.write("".join(any_markdown(table)) for table in tables)
        else:
            to.write(["\n".join(render(table, to.width, to.coloured) for table in tables)])
