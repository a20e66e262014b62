"""Names too long for a drawing, shortened in their middle: `the_weighted_sum_before` becomes `the_weig…_before`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backpropcli.drawing.model import Picture

_NAME = re.compile(r"[^\W\d⁰¹²³⁴⁵⁶⁷⁸⁹⁻][^\W⁰¹²³⁴⁵⁶⁷⁸⁹⁻]*(?:\[\d+\])?(?:\.\d+)?")


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


def shortened(text: str, short: Mapping[str, str]) -> str:
    """A formula with other names in the place of long ones."""

    def other(found: re.Match[str]) -> str:
        name, bracket, index = found[0].partition("[")  # of an array that is indexed the name alone
        return short.get(found[0]) or short.get(name, name) + bracket + index

    return _NAME.sub(other, text) if short else text


def renamed(shown: Picture, short: Mapping[str, str]) -> Picture:
    """A picture with other names in the place of long ones, everywhere."""
    if not short:
        return shown

    def names(old: Iterable[str]) -> tuple[str, ...]:
        return tuple(short.get(name, name) for name in old)

    items = {
        short.get(name, name): item._replace(
            name=short.get(name, name),
            label=shortened(item.label, short),
            formula=shortened(item.formula, short),
            inputs=names(item.inputs),
            members=names(item.members),
        )
        for name, item in shown.items.items()
    }
    above = {short.get(name, name): names(data) for name, data in shown.above.items()}
    loops = tuple(
        loop._replace(reader=short.get(loop.reader, loop.reader), source=short.get(loop.source, loop.source))
        for loop in shown.loops
    )
    return shown._replace(items=items, above=above, of=short.get(shown.of or "", shown.of), loops=loops)
