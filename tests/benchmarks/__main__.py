"""`make bench`: how fast, beside other programs that do the same in the same run; quote the ratios, not the times.

python -m tests.benchmarks                 # all
python -m tests.benchmarks startup dense   # some
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.benchmarks import attention, chain, check, dense, recurrence, scalar_graph, startup, train, windows

if TYPE_CHECKING:
    from tests.benchmarks.measure import Table

BENCHMARKS: dict[str, Callable[[], list[Table]]] = {
    "startup": startup.tables,
    "scalar": scalar_graph.tables,
    "chain": chain.tables,
    "dense": dense.tables,
    "attention": attention.tables,
    "check": check.tables,
    "train": train.tables,
    "windows": windows.tables,
    "recurrence": recurrence.tables,
}


def main(words: list[str]) -> int:
    unknown = [word for word in words if word not in BENCHMARKS]
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    for name in words or BENCHMARKS:
        for table in BENCHMARKS[name]():
            print(table, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
