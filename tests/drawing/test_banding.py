"""Where a drawing in characters is broken: as few bands as can be, and of those the cheapest."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from backpropcli.drawing.banding import Break, bands

places = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 9)), max_size=8, unique_by=lambda place: place[0]).map(
    lambda pairs: [Break(*pair) for pair in sorted(pairs)]
)


def head(start: int) -> int:
    return start % 3 if start else 0


@given(places, st.integers(1, 70), st.integers(4, 50))
def test_no_other_way_is_better(breaks: list[Break], total: int, width: int) -> None:
    found = bands(breaks, total, width, head)
    inner = [place for place in breaks if place.column < total]
    cost = {place.column: place.cost for place in inner}

    def fits(ways: tuple[int, ...]) -> bool:
        """Whether every band fits, or is one between neighbouring places that cannot be broken."""
        limits = [0, *ways, total]
        return all(
            b - a + head(a) <= width or not any(a < place.column < b for place in inner) for a, b in pairwise(limits)
        )

    assert [a for a, _ in found] == [0, *(b for _, b in found[:-1])]
    assert found[-1][1] == total
    chosen = tuple(b for _, b in found[:-1])
    assert fits(chosen)
    ways = [way for size in range(len(inner) + 1) for way in combinations([p.column for p in inner], size) if fits(way)]
    assert (len(chosen), sum(map(cost.__getitem__, chosen))) == min(
        (len(way), sum(map(cost.__getitem__, way))) for way in ways
    )


def test_what_fits_is_whole() -> None:
    assert bands([Break(10, 0)], 80, 80, head) == [(0, 80)]
    assert bands([], 200, 80, head) == [(0, 200)]
    assert bands([Break(10, 5), Break(40, 1), Break(50, 1), Break(60, 3)], 100, 80, lambda start: 0) == [
        (0, 50),
        (50, 100),
    ]
