"""Start-up: `backprop run` on the founding example beside a Typer command that prints a Rich table of three rows."""

from __future__ import annotations

from tests.benchmarks.measure import Table, interleaved, process

REPEATS = 21
LECTURE = ("-m", "backpropcli", "run", "examples/lecture.yaml")


def tables() -> list[Table]:
    times = interleaved(
        {
            "python -c pass": process("-c", "pass"),
            "a Typer command, a Rich table of 3 rows": process("-m", "tests.benchmarks.typer_command", "there"),
            "backprop run lecture.yaml": process(*LECTURE),
            "backprop run lecture.yaml --format json": process(*LECTURE, "--format", "json"),
            "backprop run lecture.yaml --steps": process(*LECTURE, "--steps"),
            "backprop check lecture.yaml": process("-m", "backpropcli", "check", "examples/lecture.yaml"),
            "backprop --help": process("-m", "backpropcli", "--help"),
        },
        REPEATS,
    )
    peer = times["a Typer command, a Rich table of 3 rows"]
    rows = [(name, 1000 * seconds, seconds / peer) for name, seconds in times.items()]
    return [Table(f"Start-up: whole processes, median of {REPEATS}", ("", "ms", "ratio"), rows)]
