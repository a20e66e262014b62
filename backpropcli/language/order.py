"""The order of nodes: written in any order, evaluated so that every node comes after those that it uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backpropcli.errors import FormulaError


class CycleError(ValueError):
    """A node needs itself; `path` is the way round, its first name once more at the end."""

    def __init__(self, path: Sequence[str]) -> None:
        super().__init__(" -> ".join(path))
        self.path = tuple(path)

    def told(self) -> FormulaError:
        """The error for who reads the network."""
        name, *rest = self.path
        needs = "needs itself" if len(rest) == 1 else f"needs itself: {' → '.join(self.path)}"
        return FormulaError(f"{name} {needs}", hint="A node uses data and nodes that do not use it.")


def in_order(uses: Mapping[str, Sequence[str]]) -> list[str]:
    """Names so that each comes after those it uses, otherwise as written; linear, without recursion.

    `uses` maps each name to the names in its formula; those that are no keys of `uses` are data and do not matter.
    Raises CycleError.

    >>> in_order({"J": ["a"], "a": ["x"]})
    ['a', 'J']
    """
    result: list[str] = []
    done: set[str] = set()
    for start in uses:
        if start in done:
            continue
        stack = [(start, iter(uses[start]))]
        waiting = {start: None}  # the names on the stack, in order
        while stack:
            name, rest = stack[-1]
            for used in rest:
                if used in done or used not in uses:
                    continue
                if used in waiting:
                    way = list(waiting)
                    raise CycleError([*way[way.index(used) :], used])
                stack.append((used, iter(uses[used])))
                waiting[used] = None
                break
            else:
                stack.pop()
                del waiting[name]
                done.add(name)
                result.append(name)
    return result
