"""A class of students: who they are, whose exercise has which numbers, and the manifest that says so."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.errors import UsageError
from backpropcli.safe import cell

if TYPE_CHECKING:
    from backpropcli.exercise.quiz import Quiz

MOST_STUDENTS = 1000
SEEDS = 1_000_000_000
STUDENT = re.compile(r"\w[\w.-]{0,60}\Z")
KEY, MANIFEST = "key", "students"
RESERVED = (KEY, MANIFEST)
"""What files beside the worksheets are called."""
MOST_TRIED = 40
"""So many seeds are tried for numbers that nobody else has."""
COLUMNS = ("student", "seed", "file")


class Student(NamedTuple):
    """One student: the seed of the numbers, and the exercise with these."""

    name: str
    seed: int
    quiz: Quiz


def roster(text: str) -> list[str]:
    """The students' names: a list, `101,102`, or numbers from 1 where there is just one number, how many they are."""
    names = [name.strip() for name in text.split(",")]
    if len(names) == 1 and names[0].isdecimal():
        many = int(names[0])
        if not 1 <= many <= MOST_STUDENTS:
            raise UsageError(f"--students {text}: expected from 1 to {MOST_STUDENTS:,} students")
        return [str(k).zfill(len(names[0])) for k in range(1, many + 1)]
    names = [name for name in names if name]
    for name in names:
        if not STUDENT.match(name) or name.lower() in RESERVED:
            raise UsageError(
                f"--students: {name} cannot be part of a file's name", hint="Letters, digits, - and _ are fine."
            )
        if names.count(name) > 1:
            raise UsageError(f"--students: {name} is there twice")
    if not names:
        raise UsageError("--students: expected names, as 101,102, or how many, as 30")
    return names


def seed_of(name: str, seed: int | None = None) -> int:
    """The seed of a student: the number that the name is, if it is one, else one made from it."""
    if seed is None and name.isdecimal() and name.isascii() and int(name) < SEEDS:
        return int(name)
    return int.from_bytes(sha256(f"{'' if seed is None else seed}:{name}".encode()).digest()[:8], "big") % SEEDS


def a_class(
    make: Callable[[int | None], Quiz],
    names: Sequence[str],
    seed: int | None,
    tell: Callable[[str], None],
    seeds: Mapping[str, int] | None = None,
    listing: str = "",
) -> list[Student]:
    """Each student's exercise. Its numbers follow from the name alone, whoever else is there.

    Who would have the same numbers as somebody before gets those of a seed of their own that nobody has, which moves
    nobody else, and is told. `seeds` are those of a manifest, which stay; `listing` is the new one's file.
    """
    own = {name: seed_of(name, seed) for name in names} | dict(seeds or {})
    found = [Student(name, own[name], make(own[name])) for name in names]
    taken = {_numbers(student) for student in found}
    seen: set[str] = set()
    moved = alike = 0
    for k, student in enumerate(found):
        if _numbers(student) in seen and student.name not in (seeds or {}):
            other = _moved(make, student, taken) if not alike else None
            moved, alike = moved + (other is not None), alike + (other is None)
            found[k] = student = other or student
        taken.add(_numbers(student))
        seen.add(_numbers(student))
    if moved:
        have = "has another seed" if moved == 1 else "have other seeds"
        tell(
            f"{moved} of {len(names)} students {have} than the name's, which gives somebody else's numbers\n"
            f"  Print it again:  --students {listing}"
        )
    if alike:
        tell(f"this network has not enough different nice numbers: {alike} of {len(names)} worksheets repeat others'")
    return found


def _moved(make: Callable[[int | None], Quiz], student: Student, taken: set[str]) -> Student | None:
    """A student with numbers that nobody has; None where none are found."""
    for further in range(1, MOST_TRIED):
        other = seed_of(f"{student.name}:{further}", student.seed)
        moved = Student(student.name, other, make(other))
        if _numbers(moved) not in taken:
            return moved
    return None


def _numbers(student: Student) -> str:
    return repr(student.quiz.data)


def manifest(students: Sequence[Student], files: Sequence[str]) -> str:
    """A CSV file of who has which seed, and which file: `student,seed,file`."""
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for student, file in zip(students, files, strict=True):
        rows.writerow((cell(student.name), student.seed, cell(os.path.basename(file))))
    return text.getvalue()


def read_manifest(text: str, path: str) -> dict[str, int]:
    """The seeds of a manifest's students, by their names."""
    rows = list(csv.reader(StringIO(text)))
    if not rows or tuple(rows[0][:2]) != COLUMNS[:2]:
        raise UsageError(f"--students {path}: expected a file whose first line is {','.join(COLUMNS)}")
    seeds: dict[str, int] = {}
    for number, row in enumerate(rows[1:], 2):
        if not row:
            continue
        if len(row) < 2 or not row[1].isdecimal() or int(row[1]) >= SEEDS:
            raise UsageError(f"--students {path}: line {number} has no seed from 0 to {SEEDS - 1:,}")
        seeds.update((name, int(row[1])) for name in roster(f"{row[0]},"))
    if not seeds:
        raise UsageError(f"--students {path}: nobody is in it")
    return seeds
