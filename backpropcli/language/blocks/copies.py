"""A use of a block as parameters and nodes with names of its own: block1_W, block1_h, ..."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from backpropcli.errors import UsageError
from backpropcli.language.blocks.block import Block, base, used
from backpropcli.language.formula.tree import Expression, Name, postorder

if TYPE_CHECKING:
    from backpropcli.language.file.places import Key

MOST = 20_000
"""So many parameters and nodes may be copied: blocks of blocks of blocks are soon very many."""


class Renaming(NamedTuple):
    """A formula with other names: its text, and each name's place in it with that in the formula that was written."""

    text: str
    moved: tuple[tuple[int, int, int, int], ...] = ()
    start: int = 0

    def written(self, span: tuple[int, int]) -> tuple[int, int]:
        """The characters (start, length) of the written formula that these of the new one came from."""
        start, end = self._back(span[0], False), self._back(span[0] + span[1], True)
        return start, max(end - start, 1)

    def _back(self, index: int, end: bool) -> int:
        shift = self.start
        for new, stop, old, old_stop in self.moved:
            if index < new or (index == new and not end):
                break
            if index < stop or (index == stop and end):
                return old_stop if end else old
            shift = old_stop - stop
        return index + shift


class Copied(NamedTuple):
    """A parameter or a node of a copy: its name (or key), where the block has it, and which copy it belongs to.

    A parameter has no formula; `local` is its name in the block, empty in a block that is used in the block.
    """

    name: str
    path: Key
    copy: str
    formula: Renaming | None = None
    local: str = ""

    def of(self, block: Block, where: str) -> str:
        """In words: `block1: block(x), in layer 1`."""
        head = self.path[1] if self.path[0] == "blocks" else block
        return f"{self.copy}: {head}, in {where}"


def renamed(text: str, tree: Expression, names: Mapping[str, str], start: int = 0, end: int | None = None) -> Renaming:
    """The formula (or these characters of it) with other names."""
    pieces, moved, at, length = [], [], start, 0
    found = sorted((p.start, p.end, p.name) for p in postorder(tree) if isinstance(p, Name) and not p.prefix)
    for first, last, name in found:
        if name in names:
            pieces += [text[at:first], names[name]]
            length += first - at
            moved.append((length, length + len(names[name]), first, last))
            length += len(names[name])
            at = last
    return Renaming("".join([*pieces, text[at:end]]), tuple(moved), start)


class Copying:
    """Makes the copies of one network, and counts what they are made of."""

    def __init__(self, blocks: Mapping[str, Block]) -> None:
        self.blocks = blocks
        self.made = 0

    def copy(self, block: Block, copy: str, given: Mapping[str, str], output: str = "") -> Iterator[Copied]:
        """The parameters and nodes of one use, in order; `given` are the names of its arguments.

        Its output is called `output`, where that is said.
        """
        names = {name: f"{copy}_{name}" for name in (*block.parameters, *block.nodes)} | dict(given)
        if output:
            names[block.output] = output
        for name in block.parameters:
            yield self._counted(Copied(names[name], (*block.path, "parameters", name), copy, local=name))
        for key, text in block.formulas.items():
            tree, path = block.trees[key], block.node(key)
            inner = used(tree, self.blocks)
            if inner is None:
                new = names[base(key)] + key[len(base(key)) :]
                yield self._counted(Copied(new, path, copy, renamed(text, tree, names)))
            else:
                yield from self.use(inner.name, inner.arguments, text, names, names[base(key)], path)

    def use(
        self, name: str, arguments: tuple[Expression, ...], text: str, names: Mapping[str, str], node: str, path: Key
    ) -> Iterator[Copied]:
        """The copy that a node `y: block(x)` is, called y as its output is; an argument may be a formula."""
        block, given = self.blocks[name], {}
        for argument, e in zip(block.arguments, arguments, strict=True):
            if isinstance(e, Name) and not e.prefix:
                given[argument] = names.get(e.name, e.name)
                continue
            given[argument] = f"{node}_{argument}"
            yield self._counted(Copied(given[argument], path, node, renamed(text, e, names, e.start, e.end)))
        for one in self.copy(block, node, given, node):
            yield one._replace(local=one.local if one.copy == node else "")

    def _counted(self, one: Copied) -> Copied:
        self.made += 1
        if self.made > MOST:
            raise UsageError(f"the copies of blocks have more than {MOST:,} parameters and nodes")
        return one
