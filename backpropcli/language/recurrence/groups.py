"""Which nodes make one recurrence, and the order of everything: a recurrence comes where its first node would."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.errors import FormulaError
from backpropcli.language.formula.names import names
from backpropcli.language.formula.unknown import dependencies
from backpropcli.language.order import CycleError, in_order
from backpropcli.language.recurrence.keys import Subscript, subscript
from backpropcli.language.recurrence.misplaced import MisplacedError
from backpropcli.language.recurrence.timed import Timed, timed

if TYPE_CHECKING:
    from backpropcli.language.formula.tree import Expression


class Group(NamedTuple):
    """Nodes that need each other through time, in the order of one turn; one that needs only others is by itself."""

    members: list[Timed]

    @property
    def letter(self) -> str:
        """What it counts with."""
        return self.members[0].letter

    @property
    def names(self) -> list[str]:
        """The names of its nodes."""
        return [member.name for member in self.members]


def subscripted(trees: Mapping[str, Expression], known: Collection[str]) -> dict[str, Timed]:
    """The nodes whose keys have subscripts, by name."""
    parts: dict[str, dict[Subscript, tuple[str, Expression]]] = {}
    for key, tree in trees.items():
        if not key.isidentifier() and (said := subscript(key)) is not None:
            parts.setdefault(said.name, {})[said] = (key, tree)
    found = {}
    for name, rules in parts.items():
        key = next(iter(rules.values()))[0]
        try:
            found[name] = timed(name, rules, known)
            key = found[name].keys["rule"]
            found[name].uses()  # what cannot be a subscript is told here
        except FormulaError as error:
            raise MisplacedError(key, error) from None
    return found


def ordered(trees: Mapping[str, Expression], nodes: Mapping[str, Timed], known: Collection[str]) -> list[str | Group]:
    """Plain nodes by name, and groups, each behind all that it uses. Raises MisplacedError."""
    try:
        return _ordered(trees, nodes, known)
    except CycleError as error:
        name = error.path[0]
        raise MisplacedError(nodes[name].keys["rule"] if name in nodes else name, error.told()) from None


def _ordered(trees: Mapping[str, Expression], nodes: Mapping[str, Timed], known: Collection[str]) -> list[str | Group]:
    uses: dict[str, tuple[str, ...]] = {}
    for key, tree in trees.items():
        if key.isidentifier():
            try:
                uses[key] = dependencies(tree, known)
            except FormulaError as error:
                raise MisplacedError(key, error) from None
    for name, node in nodes.items():
        uses[name] = _used(node, known)
    groups = {name: group for group in _groups(uses, nodes) for name in group.names}
    first = {name: groups[name].names[0] if name in groups else name for name in uses}
    joined: dict[str, list[str]] = {}
    for name, used in uses.items():
        own = first[name]
        others = [first[other] for other in used if other in first and first[other] != own]
        joined.setdefault(own, []).extend(others)
    return [groups.get(name, name) for name in in_order(joined)]


def _used(node: Timed, known: Collection[str]) -> tuple[str, ...]:
    """The names that a node with a subscript needs; its own, where it needs itself at another time."""
    found: dict[str, None] = {}
    with_letter = {*known, node.letter}
    keys = [(node.keys["rule"], node.tree)]
    keys += [(node.keys[row], tree) for row, tree in node.given.items()]
    keys += [(node.keys["beyond"], node.beyond[1])] if node.beyond else []
    for key, tree in keys:
        try:
            found.update(dict.fromkeys(dependencies(tree, with_letter if key == node.keys["rule"] else known)))
        except FormulaError as error:
            raise MisplacedError(key, error) from None
    found.pop(node.letter, None)
    return tuple(found)


def _groups(uses: Mapping[str, Sequence[str]], nodes: Mapping[str, Timed]) -> Iterable[Group]:
    """The nodes with subscripts, those that need each other together."""
    for names_ in components(uses):
        if not any(name in nodes for name in names_):
            continue
        inside = {name: [other for other in uses[name] if other in names_] for name in names_}
        if len(names_) > 1 or inside[names_[0]]:
            _check(names_, inside, nodes)
        yield Group([nodes[name] for name in _turn(names_, nodes)])


def _check(names_: Sequence[str], inside: Mapping[str, Sequence[str]], nodes: Mapping[str, Timed]) -> None:
    """CycleError for a way round that is none through time."""
    at_once = {}
    for name in names_:
        node = nodes.get(name)
        at_once[name] = inside[name] if node is None else [x for x in inside[name] if x in _directly(node)]
    in_order(at_once)


def _directly(node: Timed) -> set[str]:
    """What a node needs as a whole, or for its first row."""
    return {*node.whole(), *(name for tree in node.starts() for name in names(tree))}


def _turn(names_: Sequence[str], nodes: Mapping[str, Timed]) -> list[str]:
    """The order of one turn: each node behind those of the same time that it uses."""
    written = [name for name in nodes if name in names_]
    now = {name: [use.name for use in nodes[name].uses() if use.lag == 0 and use.name in names_] for name in written}
    try:
        return in_order(now)
    except CycleError as error:
        at = nodes[error.path[0]]
        way = f": {' → '.join(error.path)}" if len(error.path) > 2 else ""
        message, hint = (
            f"{at.name} needs itself at the same {at.letter}",
            f"What was before is {at.name}[{at.letter}-1]",
        )
        raise MisplacedError(at.keys["rule"], FormulaError(message + way, hint=hint)) from None


def components(uses: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The names that need each other, directly or not (Tarjan 1972), without recursion."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    found: list[list[str]] = []
    for start in uses:
        if start in number:
            continue
        waiting = [(start, iter(uses[start]))]
        number[start] = low[start] = len(number)
        stack.append(start)
        on_stack.add(start)
        while waiting:
            name, rest = waiting[-1]
            for other in rest:
                if other not in uses:
                    continue
                if other not in number:
                    number[other] = low[other] = len(number)
                    stack.append(other)
                    on_stack.add(other)
                    waiting.append((other, iter(uses[other])))
                    break
                if other in on_stack:
                    low[name] = min(low[name], number[other])
            else:
                waiting.pop()
                if waiting:
                    low[waiting[-1][0]] = min(low[waiting[-1][0]], low[name])
                if low[name] == number[name]:
                    at = stack.index(name)
                    found.append(stack[at:])
                    on_stack.difference_update(stack[at:])
                    del stack[at:]
    return found
