"""The package's modules and what each of them imports, for the tests of the house."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "backpropcli"


class Import(NamedTuple):
    """One imported module, whether it is imported as soon as its importer is, and whether for annotations alone."""

    module: str
    line: int
    eager: bool
    relative: bool
    annotations: bool = False


class Module(NamedTuple):
    path: Path
    name: str
    tree: ast.Module

    @property
    def room(self) -> str:
        return self.name.partition(".")[0]

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))


def modules() -> Iterator[Module]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if len(parts) > 1 and parts[-1] == "__init__":
            parts = parts[:-1]
        yield Module(path, ".".join(parts), ast.parse(path.read_text(encoding="utf-8"), str(path)))


MODULES = list(modules())
KNOWN = {module.name for module in MODULES}


def imports(tree: ast.Module) -> Iterator[Import]:
    """Every import, in functions and under TYPE_CHECKING too."""
    waiting: list[tuple[ast.AST, bool, bool]] = [(tree, True, False)]
    while waiting:
        node, eager, checked = waiting.pop()
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, eager, False, checked)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            for alias in node.names:
                inner = f"{module}.{alias.name}"
                whole = inner.removeprefix("backpropcli.") in KNOWN and module.startswith("backpropcli")
                yield Import(inner if whole else module, node.lineno, eager, node.level > 0, checked)
        inside = eager and not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += [(child, False, True) for child in node.body]
            waiting += [(child, inside, checked) for child in node.orelse]
        else:
            waiting += [(child, inside, checked) for child in ast.iter_child_nodes(node)]
