"""`backprop train --optimizers`: the optimisers and schedules there are, or a few of them in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from backpropcli.errors import UsageError
from backpropcli.formats.registry import Record, deliver
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.formats.text import Block
    from backpropcli.render.output import Destination
    from backpropcli.render.table import Table
    from backpropcli.report.optimizers import Choice


class Optimizers(Record):
    """All of them, a line each."""

    what = "train --optimizers"

    def __init__(self, chosen: Sequence[Choice]) -> None:
        self.chosen = chosen

    def tables(self, to: Destination) -> list[Table]:
        """A line each."""
        from backpropcli.report.optimizers import optimizers_table

        return [optimizers_table(self.chosen)]

    def json(self, to: Destination) -> Iterator[str]:
        """`backprop.optimizers/1`."""
        from backpropcli.report.optimizers import optimizers_json

        return optimizers_json(self.chosen)


class OptimizerPages(Record):
    """A few, with all about them."""

    what = "train --optimizers"

    def __init__(self, chosen: Sequence[Choice]) -> None:
        self.chosen = chosen

    def blocks(self, to: Destination) -> list[Block]:
        """A page each."""
        from backpropcli.formats.text import Block
        from backpropcli.report.optimizers import optimizer_page

        pages = ("".join(f"{line}\n" for line in optimizer_page(one)) for one in self.chosen)
        return [Block(["\n".join(pages)])]

    def json(self, to: Destination) -> Iterator[str]:
        """`backprop.optimizers/1`."""
        return Optimizers(self.chosen).json(to)


def list_optimizers(names: Sequence[str], to: Destination) -> int:
    """Print the list, or the pages of those that are named; the exit status. Raises UsageError for a name of none."""
    from backpropcli.report.optimizers import everything

    return deliver(OptimizerPages([chosen(name) for name in names]) if names else Optimizers(everything()), to)


def chosen(name: str) -> Choice:
    """The optimiser or schedule of this name."""
    from backpropcli.language.training import optimizers, schedules

    known: dict[str, Choice] = {**schedules.NAMED, **optimizers.NAMED}
    if name not in known:
        raise UsageError(
            f"no optimizer or schedule is called {name}{did_you_mean(name, known)}",
            hint="All of them:  backprop train --optimizers",
        )
    return known[name]
