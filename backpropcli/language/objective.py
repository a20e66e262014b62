"""What is minimised where it is a sum: losses with their weights, and penalties on weights (`l2: 0.01`, `l1: 0.01`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from backpropcli.language.data.values import read_value
from backpropcli.language.layers.losses import LOSSES, meant_loss
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.language.file.places import Key
    from backpropcli.language.file.words import Words
    from backpropcli.ops.shape import Shape

PENALTIES = {"l1": ("abs({})", "sum(abs({}))"), "l2": ("{}**2", "sum({}**2)")}
"""Of one number, and of an array."""
OPTIONS = ("weight", "of")
NAMES = ("J", "L")
"""What the sum is called: J, or L where J is one of its terms."""
FORM = "Such as loss: [J, {l2: 0.01}], or loss: {cross_entropy: {l2: 0.01}}"


class Term(NamedTuple):
    """A term: a node, a loss function or a penalty, what is written of it, and where."""

    kind: Literal["node", "function", "penalty"]
    name: str
    said: Any
    path: Key

    @property
    def function(self) -> tuple[Any, Key]:
        """A loss function as `loss:` says one, and where."""
        return {self.name: self.said} if isinstance(self.said, dict) else self.name, self.path


def read_terms(words: Words, nodes: Mapping[str, Any]) -> list[Term] | None:
    """The terms of `loss:`; None where it is one node, or one loss function."""
    raw, path = words.sections.get("loss"), ("loss",)
    if isinstance(raw, list):
        return [term for k, item in enumerate(raw) for term in _item(words, nodes, item, (*path, k))]
    if not isinstance(raw, dict) or not raw:
        return None
    ((first, said), *others) = raw.items()
    if others and all(name in PENALTIES or name in nodes for name in raw):
        return [term for name in raw for term in _item(words, nodes, {name: raw[name]}, path)]
    if not others and isinstance(said, dict) and (first in LOSSES or first in nodes) and said.keys() & PENALTIES.keys():
        return list(_item(words, nodes, raw, path))
    return None


def _item(words: Words, nodes: Mapping[str, Any], item: Any, path: Key) -> Iterator[Term]:
    """One entry of a list, or of a mapping: a name, or a name with its weight or its options."""
    if not isinstance(item, str) and not (isinstance(item, dict) and len(item) == 1):
        raise words.error("a loss is a name, or a name and its weight", path, FORM)
    whole = item if isinstance(item, dict) else {item: None}
    name, said = next(iter(whole.items()))
    where = (*path, name) if isinstance(item, dict) else path
    if name in PENALTIES:
        if said is None:
            raise words.error(f"{name} has no weight", where, f"Such as {{{name}: 0.01}}")
        yield Term("penalty", name, said, where)
        return
    yield _loss(words, nodes, name, said, where)
    for penalty in PENALTIES:
        if isinstance(said, dict) and penalty in said:
            yield Term("penalty", penalty, said[penalty], (*where, penalty))


def _loss(words: Words, nodes: Mapping[str, Any], name: str, said: Any, path: Key) -> Term:
    """A node or a loss function, without the penalties among its options."""
    others = {key: said[key] for key in said if key not in PENALTIES} if isinstance(said, dict) else said
    if name in nodes:
        if isinstance(others, dict) and others:
            stranger = next(iter(others))
            raise words.error(f"{name} is a node, which has no {stranger}", (*path, stranger), FORM, key=True)
        return Term("node", name, None if isinstance(others, dict) else others, path)
    if name in LOSSES:
        return Term("function", name, others, path)
    meant = meant_loss(str(name))
    near = f". Did you mean {meant}?" if meant else did_you_mean(str(name), [*nodes, *LOSSES, *PENALTIES])
    hint = f"It names a node, a penalty ({', '.join(PENALTIES)}), or one of {', '.join(LOSSES)}."
    raise words.error(f"unknown loss: {name}{near}", path, hint)


def added(
    words: Words,
    terms: Sequence[Term],
    functions: Sequence[str],
    parameters: Mapping[str, Shape],
    taken: Mapping[str, Any],
) -> tuple[str, str]:
    """The name and the formula of the sum, whose name none of those `taken` is.

    `functions` are the formulas of the terms that are loss functions, in order.
    """
    name = next((one for one in NAMES if one not in taken), "")
    if not name:
        message = f"losses are added up in a node {' or '.join(NAMES)}, and both are names already"
        raise words.error(message, ("loss",), "Give one of them another name.")
    made, parts = iter(functions), []
    for term in terms:
        if term.kind == "penalty":
            parts.append(_penalty(words, term, parameters))
            continue
        one = term.name if term.kind == "node" else next(made)
        number = isinstance(term.said, int | float | str) and not isinstance(term.said, bool)
        if term.said is not None and term.kind == "node" and not number:
            raise words.error(f"the weight of {term.name} is a number", term.path)
        weight = _weight(words, term.name, term.said, term.path) if number else ""
        parts.append(f"{weight} * {one}" if weight else one)
    return name, " + ".join(parts)


def _weight(words: Words, name: str, said: Any, path: Key) -> str:
    """A weight as it is written, in brackets where it is more than a number; empty for 1."""
    value = read_value(words, said, name, path)
    if not isinstance(value, float) or not 0 < abs(value) < float("inf"):
        raise words.error(f"the weight of {name} is a number other than 0", path)
    text = words.text(path) or str(said)
    try:
        float(text)
    except ValueError:
        return f"({text})"
    return "" if value == 1 else text if value > 0 else f"({text})"


def _penalty(words: Words, term: Term, parameters: Mapping[str, Shape]) -> str:
    """`0.01 * (sum(W1**2) + sum(W2**2))`."""
    said, path, names = term.said, term.path, [*parameters]
    if isinstance(said, dict):
        for key in said:
            if key not in OPTIONS:
                near = did_you_mean(key, OPTIONS)
                raise words.error(
                    f"{term.name} has no option {key}{near}", (*path, key), "It has: weight, of.", key=True
                )
        if "weight" not in said:
            raise words.error(
                f"{term.name} has no weight", path, f"Such as {{{term.name}: {{weight: 0.01, of: [W1]}}}}"
            )
        names = _chosen(words, term, said.get("of"), parameters)
        said, path = said["weight"], (*path, "weight")
    else:
        names = [name for name, shape in parameters.items() if len(shape) > 1 or name[0] in "wW"]
        if not names:
            hint = f"Say which parameters: {{{term.name}: {{weight: {said}, of: [{', '.join([*parameters][:3])}]}}}}"
            raise words.error(f"{term.name} finds no weights: arrays of two axes, or names with w", path, hint)
    one, array = PENALTIES[term.name]
    parts = [(array if parameters[name] else one).format(name) for name in names]
    weight = _weight(words, term.name, said, path) or "1"
    return f"{weight} * {parts[0]}" if len(parts) == 1 else f"{weight} * ({' + '.join(parts)})"


def _chosen(words: Words, term: Term, of: Any, parameters: Mapping[str, Shape]) -> list[str]:
    """The parameters that a penalty names."""
    path = (*term.path, "of")
    names = [of] if isinstance(of, str) else of
    if not isinstance(names, list) or not names:
        raise words.error(f"{term.name}: of: wants the names of parameters", path, "Such as of: [W1, W2]")
    for k, name in enumerate(names):
        if name not in parameters:
            where = (*path, k) if isinstance(of, list) else path
            near = did_you_mean(str(name), parameters)
            raise words.error(f"{name} is no parameter{near}", where, f"There is: {', '.join([*parameters][:20])}")
    return names
