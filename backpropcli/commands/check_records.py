"""What `backprop check` has found: of one network, of many files, or at many steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backpropcli.formats.registry import Record

if TYPE_CHECKING:
    from backpropcli.commands.options import Numbers
    from backpropcli.formats.text import Block
    from backpropcli.gradcheck import Report, Summary
    from backpropcli.gradcheck.network.sweep import Sweep
    from backpropcli.notation.numbers import Precision
    from backpropcli.render.output import Destination
    from backpropcli.render.table import Table
    from backpropcli.report.check_page import Page

ELIDED = 40
"""So many components that did not pass are listed in a terminal; all of them where the output is piped."""


class Checked(Record):
    """One report in full. `asked`: numbers were expected on the command line; `failures`: without what is right."""

    what = "check"

    def __init__(
        self, report: Report, source: str, numbers: Numbers, failures: bool, asked: bool = False, title: str = ""
    ) -> None:
        self.report, self.source, self.numbers, self.failures = report, source, numbers, failures
        self.asked, self.title = asked, title

    @property
    def status(self) -> int:
        """The report's own."""
        return int(self.report.status)

    def tables(self, to: Destination) -> list[Table] | None:
        """The page of the report, or of external gradients."""
        if self.failures and self.report.verdict == "pass":
            return None
        if self.report.external is not None:
            return self._external()
        from backpropcli.report.check_page import fitted_check

        fixed = self.numbers.chosen or self.numbers.full
        most = ELIDED if to.width is not None else None
        return fitted_check(
            lambda precision: self._page(precision, most), self.numbers.precision(10), None if fixed else to.width
        )

    def _external(self) -> list[Table]:
        from backpropcli.report.external_table import external_tables

        precision = self.numbers.precision() if self.numbers.chosen else None
        return list(external_tables(self.report, self.source, precision, self.numbers.full, self.failures))

    def _page(self, precision: Precision, most: int | None) -> Page:
        from backpropcli.report.check_page import check_page

        return check_page(
            self.report,
            self.source,
            precision,
            self.numbers.full,
            self.asked,
            failures=self.failures,
            title=self.title,
            most=most,
        )

    def json(self, to: Destination) -> Iterator[str]:
        """`backprop.check/1`."""
        from backpropcli.report.json import check_json

        return check_json(self.report, self.source, self.failures)

    def csv(self, to: Destination) -> Iterator[str]:
        """A line for every component."""
        from backpropcli.report.csv import check_csv

        return check_csv(self.report, self.failures)


class Files(Record):
    """A line for each file; `planned` files were to be checked, where fewer were."""

    what = "check"

    def __init__(self, summary: Summary, failures: bool, planned: int = 0) -> None:
        self.summary, self.failures, self.planned = summary, failures, planned

    @property
    def status(self) -> int:
        """That of all files together."""
        return int(self.summary.status)

    def tables(self, to: Destination) -> list[Table] | None:
        """The files, the worst first."""
        if self.failures and self.summary.verdict == "pass":
            return None
        from backpropcli.report.files_table import checks_table

        return [checks_table(self.summary.files, self.failures, self.planned)]

    def json(self, to: Destination) -> Iterator[str]:
        """`backprop.checks/1`."""
        from backpropcli.report.json import checks_json

        return checks_json(self.summary.files, self.summary.verdict, self.failures)

    def csv(self, to: Destination) -> Iterator[str]:
        """A line for every component of every file."""
        from backpropcli.report.csv import checks_csv

        return checks_csv(self.summary.files, self.failures)

    def checks(self, to: Destination) -> Files:
        """The files themselves, for formats that CI servers read."""
        return self


class Sweeps(Record):
    """A sweep for each gradient."""

    what = "check --sweep"

    def __init__(self, found: list[Sweep], source: str, numbers: Numbers) -> None:
        self.found, self.source, self.numbers = found, source, numbers

    @property
    def status(self) -> int:
        """That of their verdicts."""
        return max((sweep.status for sweep in self.found), key=(0, 3, 1).index)

    def blocks(self, to: Destination) -> list[Block]:
        """A plot each."""
        from backpropcli.formats.text import Block
        from backpropcli.report.sweep_plot import sweep_lines

        precision = self.numbers.precision(10)
        plots = [sweep_lines(sweep, self.source, precision, to.ascii) for sweep in self.found]
        return [Block(f"{line}\n" for line in lines) for lines in plots]

    def json(self, to: Destination) -> Iterator[str]:
        """`backprop.sweep/1`."""
        from backpropcli.report.sweep_data import sweeps_json

        return sweeps_json(self.found, self.source)

    def csv(self, to: Destination) -> Iterator[str]:
        """A line for each step."""
        from backpropcli.report.sweep_data import sweep_csv

        return sweep_csv(self.found)
