"""How the properties are tested: no clock on slow machines; in CI the same examples every time, elsewhere new ones."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, settings
from traces import lecture, mazur

__all__ = ["lecture", "mazur"]
"""Fixtures."""

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("hunt", deadline=None, suppress_health_check=SLOW)
settings.register_profile("ci", deadline=None, suppress_health_check=SLOW, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "hunt")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say loudly what was not tested because a program is missing on this machine."""
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if "not on this machine" in reason:
            reason = reason.removeprefix("Skipped: ")
            reasons[reason] = reasons.get(reason, 0) + 1
    for reason, count in reasons.items():
        terminalreporter.write_line(f"WARNING: {count} tests were skipped: {reason}", yellow=True, bold=True)
