"""How much of a large network was checked, in words: what, how to do it again, and what it leaves open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backpropcli.gradcheck import Report

FILES = (".yaml", ".yml", ".json")


def coverage_sentences(report: Report, source: str) -> list[str]:
    """Sentences for a check that did not see everything; none where it did."""
    coverage = report.coverage
    if coverage is None or not (coverage.sample or coverage.interrupted):
        return []
    of = f"{coverage.checked:,} of {coverage.total:,} components"
    if coverage.interrupted:
        return [f"Interrupted: {of} were checked."]
    along = f" and {coverage.directions} random directions over all of them" if coverage.directions else ""
    command = f"backprop check {source}" if source.endswith(FILES) else "backprop check"
    found = [
        f"Checked {of}{along}. The same again: {command} --seed {coverage.seed} --sample {coverage.sample}. "
        "All of them: --every"
    ]
    if coverage.differing:
        several = coverage.differing > 1
        found.append(
            f"{coverage.differing} of the directions {'do' if several else 'does'} not agree with backprop"
            + ("." if report.count("fail") else ": something is wrong that no component here shows.")
        )
    if coverage.blind:
        found.append(f"{coverage.blind} of the directions could not tell: a corner is too near, or rounding too large.")
    return found


def coverage_fields(report: Report) -> dict[str, Any] | None:
    """The same as JSON: {"checked", "total", "directions", "differing", "blind", "seed", "sample", "interrupted"}."""
    return report.coverage._asdict() if report.coverage is not None else None
