"""Products tidied as on paper: the same value, fewer signs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backpropcli.derivation.piecewise import evaluate
from backpropcli.language.formula.algebra import multiplied, tidied, tidied_inside
from backpropcli.language.formula.parser import parse
from backpropcli.language.formula.tree import Binary, Expression, Name, Number, Unary, postorder
from backpropcli.notation.formula import typeset

VALUES = {"a": 1.7, "b": -0.6, "c": 2.3}


@pytest.mark.parametrize(
    ("factors", "tidy"),
    [
        (["2*(a2 - y)/2", "1", "w2", "x"], "(a2 - y) · w2 · x"),
        (["2*a", "3"], "6 · a"),
        (["2*(t - o)*(-1)/2", "o*(1 - o)"], "(o - t) · o · (1 - o)"),
        (["-1", "x"], "-x"),
        (["a/b", "b"], "a"),
        (["x/4", "y"], "x · y / 4"),
        (["0", "x"], "0"),
        (["0.1", "10"], "1"),
        (["0.1*2", "k"], "0.2 · k"),
        (["1/320", "2*(p - y)"], "(p - y) / 160"),
        (["-1", "a", "1 - a"], "-a(1 - a)"),
        (["0.123456789", "x"], "0.123456789 · x"),
        (["-y/a + (1 - y)/(1 - a)"], "-y / a + (1 - y) / (1 - a)"),
        (["y/a + (1 - y)/(1 - a)*(-1)"], "y / a - (1 - y) / (1 - a)"),
        (["1/0", "x"], "x / 0"),
    ],
)
def test_as_on_paper(factors: list[str], tidy: str) -> None:
    assert typeset(tidied(map(parse, factors))) == tidy


def test_nothing_is_lost_inside_calls() -> None:
    assert typeset(tidied_inside(parse("p * sum(-labels / p * p)"))) == "p · sum(-labels)"


leaves = st.sampled_from([*(Name(n) for n in VALUES), Number(2.0, "2"), Number(0.5, "0.5"), Number(3.0, "3")])


def grown(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    pairs = st.builds(Binary, st.sampled_from("+-*/"), inner, inner)
    return pairs | st.builds(Unary, st.just("-"), inner)


@given(st.lists(st.recursive(leaves, grown, max_leaves=6), min_size=1, max_size=4))
def test_the_value_stays(factors: list[Expression]) -> None:
    before, after = evaluate(multiplied(factors), VALUES), evaluate(tidied(factors), VALUES)
    assert before is not None
    if before - before == 0.0 and abs(before) < 1e9:  # finite: x/(a - a) may cancel to anything
        assert after == pytest.approx(before, rel=1e-7, abs=1e-7)
    assert len(postorder(tidied(factors))) <= 2 * len(postorder(multiplied(factors))) + 3
