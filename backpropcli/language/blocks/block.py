"""The section `blocks:`: `block(x): {parameters: {...}, nodes: {...}}`, each checked by itself and with the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.errors import BackpropError, FormulaError
from backpropcli.language.file.schema import formula_text
from backpropcli.language.formula.grammar import CONSTANTS
from backpropcli.language.formula.names import names
from backpropcli.language.formula.reading import read_formula
from backpropcli.language.formula.tree import Call, Expression, postorder
from backpropcli.language.functions import read_head
from backpropcli.language.order import CycleError, in_order
from backpropcli.language.recurrence.keys import subscript
from backpropcli.ops.table import lookup
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.language.file.places import Key
    from backpropcli.language.file.words import Words

PARTS = ("parameters", "nodes")
FORM = "  block(x):\n    parameters: {W: {glorot: [2, 2]}}\n    nodes: {y: relu(x @ W)}"


class Block(NamedTuple):
    """A block: its arguments, what is written of its parameters, its nodes' formulas by their keys, and its output."""

    name: str
    arguments: tuple[str, ...]
    parameters: Mapping[str, Any]
    formulas: Mapping[str, str]
    trees: Mapping[str, Expression]
    output: str
    path: Key

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.arguments)})"

    def node(self, key: str) -> Key:
        """Where a node's formula is written."""
        return (*self.path, "nodes", key)

    @property
    def nodes(self) -> list[str]:
        """The names of its nodes, without subscripts."""
        return list(dict.fromkeys(map(base, self.formulas)))


def base(key: str) -> str:
    """The name in a key: h for `h[t]`."""
    return key.partition("[")[0].strip()


def read_blocks(words: Words, functions: Mapping[str, Any], kinds: Mapping[str, Any]) -> dict[str, Block]:
    """The blocks by name; `functions` are the spec's own, `kinds` the layers that there are already."""
    result: dict[str, Block] = {}
    for head, raw in words.sections.get("blocks", {}).items():
        path: Key = ("blocks", head)
        name, arguments = read_head(words, head, path, "block")
        other = next(
            (
                what
                for what, those in (("a block", result), ("a function", functions), ("a kind of layer", kinds))
                if name in those
            ),
            "an operation" if lookup(name) is not None else "",
        )
        if other:
            raise words.error(f"{name} is {other} already", path, "Give the block another name.", key=True)
        result[name] = _block(words, name, arguments, raw, path)
    for block in result.values():
        _check_names(words, block, result)
        result[block.name] = block._replace(output=_output(words, block.name, block.trees, block.path))
    _check_circles(words, result)
    return result


def _block(words: Words, name: str, arguments: tuple[str, ...], raw: Any, path: Key) -> Block:
    if not isinstance(raw, dict):
        raise words.error(f"{name} is no block: it has nodes, and parameters perhaps", path, FORM)
    for part, value in raw.items():
        if part not in PARTS:
            near = did_you_mean(part, PARTS)
            raise words.error(f"a block has no {part}{near}", (*path, part), "It has parameters and nodes.", key=True)
        if value is not None and not isinstance(value, dict):
            raise words.error(f"{part} gives every name its {'formula' if part == 'nodes' else 'value'}", (*path, part))
    parameters, nodes = raw.get("parameters") or {}, raw.get("nodes") or {}
    if not nodes:
        raise words.error(f"{name} has no nodes", path, FORM, key=True)
    _check_keys(words, path, arguments, parameters, nodes)
    formulas = {key: formula_text(words, key, text, (*path, "nodes", key)) for key, text in nodes.items()}
    trees = {}
    for key, text in formulas.items():
        try:
            trees[key] = read_formula(text)
        except BackpropError as error:
            raise words.placed(error, (*path, "nodes", key)) from None
    return Block(name, arguments, parameters, formulas, trees, "", path)


def _check_keys(words: Words, path: Key, arguments: tuple[str, ...], parameters: Any, nodes: Any) -> None:
    """Names are names, and each is one thing."""
    known = dict.fromkeys(arguments, "an argument")
    for part, those in (("parameters", parameters), ("nodes", nodes)):
        for key in those:
            name, where = base(key), (*path, part, key)
            if not name.isidentifier() or iskeyword(name) or (name != key and (part != "nodes" or not subscript(key))):
                from backpropcli.language.file.meant import bad_name

                raise bad_name(words, key, where, those[key])
            what = "a parameter" if part == "parameters" else "a node"
            if known.get(name, "") not in ("", "a node" if name != key else ""):
                raise words.error(f"{name} is {known[name]} and {what}", where, "Give one another name.", key=True)
            known[name] = what


def _output(words: Words, name: str, trees: Mapping[str, Expression], path: Key) -> str:
    """The node that no other node uses."""
    used = {one for key, tree in trees.items() for one in names(tree) if one != base(key)}
    unused = [one for one in dict.fromkeys(map(base, trees)) if one not in used]
    if len(unused) == 1:
        return unused[0]
    if not unused:
        raise words.error(
            f"every node of {name} is used by another: which one does it give?", (*path, "nodes"), key=True
        )
    message = f"which node does {name} give? No other node uses {', '.join(unused[:5])}"
    raise words.error(
        message, (*path, "nodes", unused[-1]), "A block gives the node that no other node of it uses.", key=True
    )


def used(tree: Expression, blocks: Mapping[str, Any]) -> Call | None:
    """The use of a block that a formula is. FormulaError where it is a part of it, or has other arguments."""
    for part in postorder(tree):
        if isinstance(part, Call) and part.name in blocks and not part.prefix and not part.prime:
            block = blocks[part.name]
            if part is not tree or part.written != "function":
                hint = f"Give it a node of its own:  y: {block}"
                raise FormulaError(f"{block} is a block, and its use is a node by itself", hint=hint).spanning(
                    part.start, part.end
                )
            if part.keywords or len(part.arguments) != len(block.arguments):
                found, wanted = len(part.arguments) + len(part.keywords), len(block.arguments)
                message = f"{block} takes {wanted} argument{'s' * (wanted != 1)}; here are {found}"
                hint = "Its parameters are not among them: a copy y has y_W, as -p y_W=..."
                raise FormulaError(message, hint=hint * bool(block.parameters)).spanning(part.start, part.end)
            return part
    return None


def _check_names(words: Words, block: Block, blocks: Mapping[str, Block]) -> None:
    """A block knows its arguments, its parameters and its nodes."""
    known = {*block.arguments, *block.parameters, *block.nodes, *CONSTANTS}
    for key, tree in block.trees.items():
        said = subscript(key) if key != base(key) else None
        letters = {said.letter, said.letter.upper()} if said is not None else set()
        try:
            used(tree, blocks)
        except FormulaError as error:
            raise words.placed(error, block.node(key)) from None
        for name in names(tree):
            if name not in known and name not in letters:
                near = did_you_mean(name, known)
                head = f"{block.name}({', '.join((*block.arguments, name))})"
                hint = "" if near else f"A block knows its arguments, parameters and nodes only: {head}"
                stranger = FormulaError(f"{name} is no name of {block}{near}", hint=hint)
                spot = next(part for part in postorder(tree) if getattr(part, "name", None) == name)
                raise words.placed(stranger.spanning(spot.start, spot.end), block.node(key))


def _check_circles(words: Words, blocks: Mapping[str, Block]) -> None:
    """No block is made of itself."""
    try:
        list(in_order({name: tuple(dict.fromkeys(_uses(block, blocks))) for name, block in blocks.items()}))
    except CycleError as error:
        names = " → ".join(error.path)
        raise words.error(f"{error.path[0]} is made of itself: {names}", blocks[error.path[0]].path, key=True) from None


def _uses(block: Block, blocks: Mapping[str, Block]) -> Iterator[str]:
    for tree in block.trees.values():
        if (call := used(tree, blocks)) is not None:
            yield call.name
