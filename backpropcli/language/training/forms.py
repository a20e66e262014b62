"""Forms in which an optimiser is written: a call in a text, and rules of one's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from backpropcli.language.file.schema import formula_text
from backpropcli.language.training.training import OWN, Optimizer, Rule
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.language.file.places import Key
    from backpropcli.language.file.words import Words

PARTS = ("state", "update")
TAKEN = ("p", "g", "lr", "t")
FORM = '{state: {v: 0}, update: {v: "0.9*v - lr*g", p: "p + v"}}'
_CALL = re.compile(r"\s*([^\W\d]\w*)\s*\(\s*(\w+\s*=(?!=).*)\)\s*\Z", re.DOTALL)


def called(text: str) -> tuple[str, dict[str, Any]]:
    """`adam(beta1=0.8)` as a name and settings; any other text is a name without."""
    match = _CALL.match(text)
    if match is None:
        return re.sub(r"\(\s*\)\s*\Z", "", text).strip(), {}
    from backpropcli.language.flags import call, plain

    name, _, settings = call("train", text)
    return name, {key: plain(said, f"{text}", key) if said else None for key, said in settings.items()}


def own(words: Words, raw: Mapping[str, Any], path: Key) -> Optimizer:
    """`{state: {v: 0}, update: {v: "0.9*v - lr*g", p: "p + v"}}`."""
    for part in raw:
        if part not in PARTS:
            near = did_you_mean(str(part), PARTS)
            raise words.error(f"an optimiser has no {part}{near}", (*path, part), f"Such as {FORM}", key=True)
    state = _rules(words, raw.get("state") or {}, (*path, "state"))
    for rule in state:
        if rule.name in TAKEN:
            raise words.error(f"{rule.name} has a meaning already", (*path, "state", rule.name), key=True)
    update = _rules(words, raw.get("update") or {}, (*path, "update"))
    for rule in update:
        if rule.name == "t":
            raise words.error("t is the number of the update", (*path, "update", "t"), key=True)
    if "p" not in [rule.name for rule in update]:
        where = (*path, "update") if "update" in raw else path
        raise words.error("the update moves nothing: it has no rule for p", where, f"Such as {FORM}")
    return Optimizer(OWN, "rules of this network's own", "", (), state, update)


def _rules(words: Words, raw: Any, path: Key) -> tuple[Rule, ...]:
    if not isinstance(raw, dict):
        raise words.error(f"{path[-1]} wants formulas by name", path, f"Such as {FORM}")
    found = []
    for name, value in raw.items():
        if not str(name).isidentifier() or iskeyword(name):
            from backpropcli.language.file.meant import bad_name

            raise bad_name(words, str(name), (*path, name), value)
        found.append(Rule(name, formula_text(words, name, value, (*path, name))))
    return tuple(found)
