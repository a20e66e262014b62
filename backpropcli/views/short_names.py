"""Names too long for a drawing, shortened in their middle: `the_weighted_sum_before` becomes `the_weig…_before`."""

from __future__ import annotations

from collections.abc import Iterable


def short_names(names: Iterable[str], most: int, dots: str = "…") -> dict[str, str]:
    """What to write for each name of more than `most` signs; all that is written stays different.

    Where the middle alone tells names apart, a number does.
    """
    every = list(names)
    taken = set(every)
    result: dict[str, str] = {}
    for name in every:
        if len(name) <= most:
            continue
        for count in range(1, len(every) + 2):
            mark = dots + (str(count) + dots if count > 1 else "")
            room = max(most - len(mark), 2)
            short = name[: room - room // 2] + mark + name[len(name) - room // 2 :]
            if short not in taken:
                break
        taken.add(short)
        result[name] = short
    return result
