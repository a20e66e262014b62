"""`python -m tests.fuzz [MINUTES]`: new calls until the time is up; every new fault once, shrunk, when it is found."""

from __future__ import annotations

import os
import sys
import time

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

from tests.fuzz.harness import fault
from tests.fuzz.strategies import Case, cases

ROUND = 400


def key(found: str) -> str:
    """What makes two faults the same: numbers in it do not."""
    return "".join(c for c in found if not c.isdigit()) if not found.startswith("status") else found.split("  ")[0][:90]


class Hunt:
    """The faults so far, and the call that shows each of them."""

    def __init__(self, minutes: float) -> None:
        self.end = time.monotonic() + 60 * minutes
        self.known: set[str] = set()
        self.calls = 0
        self.fresh = ""
        self.smallest: Case | None = None

    def look(self, case: Case) -> None:
        """AssertionError for a fault that is new; of one round, the first one alone, so that it can be shrunk."""
        self.calls += 1
        if time.monotonic() > self.end:
            return
        found = fault(case)
        name = key(found)
        if found and name not in self.known and (not self.fresh or name == self.fresh):
            self.fresh, self.smallest = name, case
            raise AssertionError(found)

    def round(self) -> None:
        """Some hundred calls."""
        self.fresh, self.smallest = "", None

        @seed(int.from_bytes(os.urandom(8), "big"))
        @settings(
            max_examples=ROUND,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
            verbosity=Verbosity.quiet,
            report_multiple_bugs=False,
        )
        @given(cases())
        def calls(case: Case) -> None:
            self.look(case)

        try:
            calls()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # whatever it was, it is shown, and the hunt goes on
            self.known.add(self.fresh or repr(error)[:200])
            print(f"\nFAULT {error}\n  {self.smallest!r}", flush=True)
        left = max(0.0, self.end - time.monotonic()) / 60
        print(f"{self.calls} calls, {len(self.known)} faults, {left:.0f} minutes left", flush=True)


def hunt(minutes: float) -> int:
    """How many different faults were found."""
    found = Hunt(minutes)
    try:
        while time.monotonic() < found.end:
            found.round()
    except KeyboardInterrupt:
        pass
    return len(found.known)


if __name__ == "__main__":
    sys.exit(min(hunt(float(sys.argv[1]) if len(sys.argv) > 1 else float(os.environ.get("FUZZ_MINUTES", "60"))), 100))
