"""The options of `backprop quiz` that put the exercise on paper."""

# Annotations are read when the module is loaded (see `command`), so they are not postponed here.
import os
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from backpropcli.commands.options import Word
from backpropcli.errors import UsageError
from backpropcli.render.output import Destination
from backpropcli.render.writing import write_files

if TYPE_CHECKING:
    from backpropcli import api

MOST_TOLD = 6
"""More files than these are told in one line."""
SHEETS = (".md", ".tex", ".html")


class Printed(NamedTuple):
    """Worksheets: the file, and whose."""

    worksheet: Annotated[
        Word, typer.Option(metavar="FILE", help="Write it to be printed, with its key: .md, .tex or .html.")
    ] = None
    students: Annotated[
        Word,
        typer.Option(
            metavar="NAMES",
            help="A worksheet with other numbers for each: 101,102 (one: 101,), how many, as 30, or who had which "
            "before: homework-students.csv.",
        ),
    ] = None
    force: Annotated[bool, typer.Option("--force", help="Replace worksheets, or a result, that are there.")] = False

    @property
    def wanted(self) -> bool:
        """Whether a worksheet is wanted instead of the quiz; UsageError where that cannot be told."""
        if self.students is not None and self.worksheet is None:
            raise UsageError("--students needs --worksheet", hint="backprop quiz --worksheet homework.md --students 30")
        return self.worksheet is not None

    def write(self, net: "api.Network", to: Destination, **options: Any) -> None:
        """Write the worksheets, and say so; `options` are those of `Network.worksheets`."""
        path = self.worksheet or ""
        ending = os.path.splitext(path)[1].lower()
        if ending not in SHEETS:
            raise UsageError(f"--worksheet {path}: its ending chooses the format, .md, .tex or .html")
        sheets = net.worksheets(path, self.students, tell=to.note, seeds=self._seeds(), **options)
        if self._manifest:  # what says so already is not written again
            given = os.path.realpath(self._manifest)
            sheets = [(path, text) for path, text in sheets if os.path.realpath(path) != given]
        write_files(sheets, self.force, hint=f"Replace them:  --force, or write others:  --worksheet other{ending}")
        _tell([path for path, _ in sheets], to)

    @property
    def _manifest(self) -> str:
        """The file in which --students says who had which numbers before; none as a rule."""
        return self.students if self.students is not None and self.students.lower().endswith(".csv") else ""

    def _seeds(self) -> dict[str, int] | None:
        """The seeds of a manifest that was written with other worksheets."""
        if not self._manifest:
            return None
        from backpropcli.exercise.students import read_manifest
        from backpropcli.language.file.reading import read_text

        return read_manifest(read_text(self._manifest), self._manifest)


def _tell(written: list[str], to: Destination) -> None:
    """Which files were written, a line each; of many how many, and from which to which."""
    from backpropcli.exercise.students import RESERVED

    if len(written) <= MOST_TOLD:
        for path in written:
            to.note(f"wrote {path}")
        return
    several = [path for path in written if os.path.splitext(path)[0].rpartition("-")[2] not in RESERVED]
    others = " and ".join(written[len(several) :])
    to.note(f"wrote {len(several):,} worksheets, {several[0]} to {several[-1]}, {others}")
