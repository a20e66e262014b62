"""How much of a large network was checked, in words: what, how to do it again, and what it leaves open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backpropcli.gradcheck import Report
    from backpropcli.gradcheck.large.sampling import Coverage

FILES = (".yaml", ".yml", ".json")


def coverage_sentences(report: Report, source: str) -> list[str]:
    """Sentences for a check that did not see everything; none where it did."""
    coverage = report.coverage
    if coverage is None or not (coverage.sample or coverage.interrupted):
        return []
    if report.size is not None:
        return _of_a_black_box(report, coverage)
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


def _of_a_black_box(report: Report, coverage: Coverage) -> list[str]:
    """The same for a program or a function, which is asked for its loss alone."""
    found = [
        f"{coverage.checked:,} of {coverage.total:,} were moved one by one, and all of them along "
        f"{coverage.directions} random direction{'' if coverage.directions == 1 else 's'} (--seed {coverage.seed}). "
        "Each one by itself: --every"
    ]
    if coverage.differing and not report.count("fail"):
        found.append(
            "The loss goes another way along them than the gradients say: something is wrong that no single one shows."
        )
    if coverage.blind:
        found.append(f"Along {coverage.blind} of the directions the loss is too rough to tell.")
    return found


def counted(report: Report) -> tuple[str, str]:
    """Of how many gradients a headline speaks, and what else it says was looked at, where not each one was.

    Both are empty for a network, and where each was looked at by itself.
    """
    coverage = report.coverage
    if coverage is None or not coverage.sample or report.size is None:
        return "", ""
    told = coverage.directions - coverage.blind
    along = f" and {told} random direction{'' if told == 1 else 's'} over all" if told > 0 else ""
    return f"{coverage.total:,}", along


def coverage_fields(report: Report) -> dict[str, Any] | None:
    """The same as JSON: {"checked", "total", "directions", "differing", "blind", "seed", "sample", "interrupted"}."""
    return report.coverage._asdict() if report.coverage is not None else None
