"""The house stays simple: bounds on a function's decisions, a file, a room, and on chains of imports."""

from __future__ import annotations

import ast
from collections import Counter
from graphlib import CycleError, TopologicalSorter

import pytest
from modules import KNOWN, MODULES, ROOT, Module, imports

COMPLEXITY = 15
"""One, and one for each decision: what a reader can hold in mind (McCabe, A Complexity Measure, 1976, has 10)."""
LINES = 350
CROWDED = 30
DEPTH = 20
"""Modules on the longest chain of imports, lazy ones included. It only ever goes down."""

BRANCHES = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.match_case)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def decisions(node: ast.AST) -> int:
    """The decisions in a function, without those of functions inside it."""
    count = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FUNCTIONS):
            continue
        count += isinstance(child, BRANCHES) + decisions(child)
        count += len(child.values) - 1 if isinstance(child, ast.BoolOp) else 0
        count += len(child.ifs) if isinstance(child, ast.comprehension) else 0
    return count


GRAPH = {
    module.name: {
        target
        for imported in imports(module.tree)
        if not imported.annotations
        and (target := imported.module.removeprefix("backpropcli").lstrip(".") or "__init__") in KNOWN - {module.name}
    }
    for module in MODULES
}
"""Which modules of ours each imports, in functions too, but not for annotations alone."""


def chain(graph: dict[str, set[str]]) -> list[str]:
    """The longest chain of imports, from the top. Raises CycleError where it goes round."""
    longest: dict[str, list[str]] = {}
    for module in TopologicalSorter(graph).static_order():
        below = max((longest[other] for other in graph.get(module, ())), key=len, default=[])
        longest[module] = [module, *below]
    return max(longest.values(), key=len)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_file_is_short_and_its_functions_decide_little(module: Module) -> None:
    functions = [node for node in ast.walk(module.tree) if isinstance(node, FUNCTIONS)]
    hard = [f"{node.name}: {1 + decisions(node)}" for node in functions if 1 + decisions(node) > COMPLEXITY]
    assert not hard
    assert len(module.path.read_text(encoding="utf-8").splitlines()) <= LINES


def test_no_room_has_too_many_modules() -> None:
    rooms = Counter(module.path.parent for module in MODULES if module.path.name != "__init__.py")
    assert not {str(room.relative_to(ROOT)): count for room, count in rooms.items() if count > CROWDED}


def test_imports_go_round_nowhere_and_no_further_than_they_did() -> None:
    longest = chain(GRAPH)
    assert len(longest) <= DEPTH, "\n".join(longest)


def test_the_bounds_are_seen_to_hold() -> None:
    source = "def f(x):\n  if x and x or x:\n    return [y for y in x if y if y]\n  def g():\n    while x: pass\n"
    assert decisions(ast.parse(source).body[0]) == 5
    assert chain({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == ["a", "b", "c"]
    with pytest.raises(CycleError):
        chain({"a": {"b"}, "b": {"a"}})
