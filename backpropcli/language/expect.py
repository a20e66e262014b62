"""What an author expects: keys (`J`, `dJ/dw1`, `dJ/dW1[0, 1]`) and how far off a number may be, from its digits."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from backpropcli.language.data.values import read_value
from backpropcli.language.file.sections import DATA, article
from backpropcli.language.network import Expectation
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.errors import SpecError
    from backpropcli.language.file.places import Key
    from backpropcli.language.file.words import Words

_KEY = re.compile(r"(?:([d∂]) ?([^\W\d]\w*) ?/ ?([d∂]) ?([^\W\d]\w*)|([^\W\d]\w*))\s*(?:\[([\d\s,-]+)\])?\Z")
_DECIMAL = re.compile(r"[-+]?(\d*)(?:\.(\d*))?(?:[eE]([-+]?\d+))?\Z")
_ROUNDING = 1e-12
"""How far off, relatively, a number may be that was not written in decimals (1/3): rounding only."""


def allowance(text: str) -> float | None:
    """How far off a number may be that was written like this: 0 for 2, 0.05 for 2.0 or 1.0e0; None for no decimal.

    >>> allowance("0.298"), allowance("1.0e-3"), allowance("2")
    (0.0005, 5e-05, 0.0)
    """
    match = _DECIMAL.match(text.strip())
    if match is None or not (match[1] or match[2]):
        return None
    if match[2] is None and match[3] is None:
        return 0.0
    exponent = int(match[3] or 0) - len(match[2] or "")
    return float(f"5e{exponent - 1}")


def read_expect(words: Words, names: Collection[str], nodes: Collection[str]) -> tuple[Expectation, ...]:
    """The section `expect:`, its keys checked against the network's names."""
    result = []
    for key, raw in words.sections.get("expect", {}).items():
        path: Key = ("expect", key)
        name, index = _key(words, key, names, nodes, path)
        if raw is None:
            raise words.error(f"{key} has no value", path)
        result.append(_expectation(words, name, index, raw, path))
    return tuple(result)


def _key(
    words: Words, key: str, names: Collection[str], nodes: Collection[str], path: Key
) -> tuple[str, tuple[int, ...] | None]:
    """What a key means: the name or gradient, and which component of it."""
    match = _KEY.match(key.strip())
    if match is None:
        hint = "Write J or dJ/dw1, or dJ/dW1[0, 1]."
        raise words.error(f"{key} is neither a name nor a gradient", path, hint, key=True)
    for name, known in ((match[2], nodes), (match[4], names), (match[5], names)):
        if name is not None and name not in known:
            raise _unknown(words, name, names, nodes, path, known is nodes)
    index = None
    if match[6] is not None:
        try:
            index = tuple(int(part) for part in match[6].split(","))
        except ValueError:
            raise words.error(f"{key}: [...] wants whole numbers", path, key=True) from None
    return (f"d{match[2]}/d{match[4]}" if match[2] else match[5]), index


def _unknown(
    words: Words, name: str, names: Collection[str], nodes: Collection[str], path: Key, node: bool
) -> SpecError:
    """The error for a name in a key that the network does not have; where a `node` is wanted, for one that is none."""
    *_, last = nodes
    if name in names:
        kind = article(next((s for s in DATA if name in words.sections.get(s, {})), "parameters"))
        message = f"{name} is {kind}: a gradient is one of a node"
        return words.error(message, path, f"Such as d{last}/d{name}", key=True)
    known = nodes if node else names
    near = did_you_mean(name, known)
    if not node and name[:1] == "d" and name[1:] in names and name[1:] != last:
        near = f". Did you mean d{last}/{name}?"  # the gradient, not the value of w
    listed = ", ".join(list(known)[:20]) + (", ..." if len(known) > 20 else "")
    message = f"no {'node' if node else 'name'} is called {name}{near}"
    return words.error(message, path, "" if near else f"There is: {listed}", key=True)


def _expectation(words: Words, key: str, index: tuple[int, ...] | None, raw: Any, path: Key) -> Expectation:
    given: float | None = None
    if isinstance(raw, dict):
        if set(raw) != {"value", "within"}:
            raise words.error(f"{key} wants a number, a list, or {{value: , within: }}", path)
        within = read_value(words, raw["within"], "within", (*path, "within"))
        if not isinstance(within, float) or not within >= 0:
            raise words.error("within wants one number from 0", (*path, "within"))
        given, raw, value_path = within, raw["value"], (*path, "value")
    else:
        value_path = path
    if isinstance(raw, list):
        read_value(words, raw, key, value_path)  # the checks of any array
    elif isinstance(raw, dict):
        raise words.error(f"{key} wants a number or a list", value_path)
    value, allowed = _read(words, raw, key, value_path)
    text = words.text(value_path) if not isinstance(raw, list) else ""
    return Expectation(key, value, text, allowed if given is None else given, path, index, words.place)


def _read(words: Words, raw: Any, key: str, path: Key) -> tuple[Any, Any]:
    """The value and what it may be off, both numbers or both nested lists."""
    if isinstance(raw, list):
        pairs = [_read(words, entry, key, (*path, position)) for position, entry in enumerate(raw)]
        return [value for value, _ in pairs], [allowed for _, allowed in pairs]
    value = read_value(words, raw, key, path)
    if not isinstance(value, float):
        raise words.error(f"{key} wants a number or a list", path)
    if type(raw) is int:
        return value, 0.0
    allowed = allowance(words.text(path))
    return value, abs(value) * _ROUNDING if allowed is None else allowed
