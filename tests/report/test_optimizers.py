"""The list of optimisers and schedules, and a page of each."""

from __future__ import annotations

import json

import pytest

from backpropcli.commands.train_records import chosen
from backpropcli.errors import UsageError
from backpropcli.language.training.optimizers import OPTIMIZERS
from backpropcli.report.optimizers import Choice, everything, optimizer_page, optimizers_json, optimizers_table


@pytest.mark.parametrize("one", everything(), ids=lambda one: one.name)
def test_a_page_has_all_there_is_to_know(one: Choice) -> None:
    page = "\n".join(optimizer_page(one))
    formulas = [rule.formula for rule in (*one.state, *one.update)] if one in OPTIMIZERS else [one.formula]  # type: ignore[union-attr]
    for text in (one.name, one.words, one.torch, *formulas, *(f"{s.name}: " for s in one.settings)):
        assert text in page


def test_switches_are_said_in_words() -> None:
    page = "\n".join(optimizer_page(chosen("adam")))
    assert "v_hat            v_max / (1 - beta2**t)   (where amsgrad)" in page
    assert "(where weight_decay > 0, without decoupled_weight_decay)" in page


def test_json_has_the_formulas_too() -> None:
    found = json.loads("".join(optimizers_json(everything())))
    assert found["format"] == "backprop.optimizers/1"
    adam = next(one for one in found["optimizers"] if one["name"] == "adam")
    assert {"name": "m", "formula": "beta1*m + (1 - beta1)*g", "when": ""} in adam["update"]
    assert [one["name"] for one in found["schedules"]] == ["constant", "step", "exponential", "cosine", "linear"]


def test_the_table_has_a_row_each() -> None:
    table = optimizers_table(everything())
    assert sum(len(section) - 1 for section in table.sections) == len(everything())


def test_an_unknown_name_is_a_message() -> None:
    with pytest.raises(UsageError, match="no optimizer or schedule is called adm"):
        chosen("adm")
