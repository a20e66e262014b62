"""A named formula as it was applied: the call as its author wrote it, and the formula that it stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.language.formula.names import names
from backpropcli.language.formula.show import show
from backpropcli.language.formula.tree import Expression, Name, substitute

if TYPE_CHECKING:
    from backpropcli.graph import Graph

LONGEST = 24
"""An argument that takes more characters is said apart, by the formula's own name for it."""


class Applied(NamedTuple):
    """One call: the formula's value and its helpers, as it was lowered, and what it was `given`, by name.

    `rules` are its recurrences, by their left sides.
    """

    call: Expression
    value: Expression
    where: Mapping[str, Expression]
    given: Mapping[str, Expression]
    rules: Mapping[str, Expression] = {}

    def spelled(self) -> tuple[Expression, dict[str, Expression]]:
        """The formula over what the call was given, and what its other names are, in the order of their use."""
        taken = {name for e in self.given.values() for name in names(e)}
        short = {k: e for k, e in self.given.items() if self._put_in(e)}
        apart = {k: e for k, e in self.given.items() if k not in short} | dict(self.where)
        new = {k: f"{k}_" if k in taken and k not in short else k for k in apart}  # a helper is not the author's m
        meant = {**short, **{k: Name(n) for k, n in new.items()}}
        texts = {new[k]: e if k in self.given else substitute(e, meant) for k, e in apart.items()}
        value = substitute(self.value, meant)
        rules = {key: substitute(tree, meant) for key, tree in self.rules.items()}
        used = dict.fromkeys(name for tree in (value, *rules.values()) for name in _used(tree, texts))
        return value, {**{name: texts[name] for name in used}, **rules}

    def _put_in(self, e: Expression) -> bool:
        """Whether an argument stands in the formula as it is: it is short, and a row of it can be written, x[t]."""
        return len(show(e)) <= LONGEST and (not self.rules or isinstance(e, Name))


def _used(value: Expression, texts: Mapping[str, Expression]) -> Iterator[str]:
    """The names that a formula uses, each behind those that it is made of."""
    done: set[str] = set()
    waiting: list[tuple[str, bool]] = [(name, False) for name in reversed(names(value))]
    while waiting:
        name, ready = waiting.pop()
        if name in done or name not in texts:
            continue
        if ready:
            done.add(name)
            yield name
            continue
        waiting.append((name, True))
        waiting += [(inner, False) for inner in reversed(names(texts[name])) if inner != name]


def of_node(graph: Graph, node: str) -> list[Applied]:
    """The calls of named formulas in a node's formula, each once."""
    found = {show(applied.call): applied for applied in graph.applied.get(node, ())}
    return list(found.values())
