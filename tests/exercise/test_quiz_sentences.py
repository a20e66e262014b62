"""What the quiz says begins like a sentence, and what is a name stays one."""

from __future__ import annotations

import pytest

from backpropcli.exercise.session import _sentence


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("the sign is wrong", "The sign is wrong."),
        ("t1 comes first", "t1 comes first."),
        ("dJ/do is missing", "dJ/do is missing."),
        ("ln is the logarithm", "ln is the logarithm."),
        ("ln(2) is a number", "ln(2) is a number."),
        ("w is added here", "w is added here."),
        ("almost: a digit is wrong", "Almost: a digit is wrong."),
        ("relu'(z1) is 1", "relu'(z1) is 1."),
        ("what is left of it?", "What is left of it?"),
    ],
)
def test_names_keep_their_case(text: str, said: str) -> None:
    assert _sentence(text, ("w", "t1")) == said
