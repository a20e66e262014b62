"""Order: every node after those that it uses, otherwise as written."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backpropcli.language.order import CycleError, in_order


@given(st.tuples(st.permutations(range(9)), st.lists(st.sets(st.integers(0, 8)), min_size=9, max_size=9)))
def test_any_graph_is_ordered(case: tuple[list[int], list[set[int]]]) -> None:
    written, links = case
    uses = {str(k): [str(j) for j in sorted(links[k]) if j < k] + ["x"] for k in written}
    order = in_order(uses)
    assert sorted(order) == sorted(uses)
    at = {name: position for position, name in enumerate(order)}
    assert all(at[used] < at[name] for name, all_used in uses.items() for used in all_used if used in at)


@given(st.lists(st.sets(st.integers(0, 9)), min_size=10, max_size=10))
def test_written_order_is_kept_where_it_can_be(links: list[set[int]]) -> None:
    uses = {str(k): [str(j) for j in links[k] if j < k] for k in range(10)}
    assert in_order(uses) == list(uses)


@given(st.lists(st.sets(st.integers(0, 7)), min_size=8, max_size=8))
def test_a_cycle_is_a_way_round(links: list[set[int]]) -> None:
    uses = {str(k): [str(j) for j in sorted(links[k])] for k in range(8)}
    try:
        order = in_order(uses)
        path = None
    except CycleError as error:
        path = error.path
    if path is None:
        assert sorted(order) == sorted(uses)
        return
    assert path[0] == path[-1]
    assert len(set(path)) == len(path) - 1
    assert all(after in uses[before] for before, after in pairwise(path))


@pytest.mark.slow
def test_a_long_chain_backwards() -> None:
    count = 200_000
    uses = {str(k): [str(k + 1)] for k in range(count)}
    assert in_order(uses)[0] == str(count - 1)
    uses[str(count - 1)] = ["0"]
    with pytest.raises(CycleError):
        in_order(uses)
