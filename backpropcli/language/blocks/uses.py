"""Where blocks are used: as layers, `- block: {repeat: 4}`, and as nodes, `y: block(x)`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.errors import BackpropError, FormulaError
from backpropcli.language.blocks.block import Block, used
from backpropcli.language.formula.reading import read_formula
from backpropcli.language.formula.tree import Name
from backpropcli.language.layers.kind import Kind
from backpropcli.language.layers.layer import LINEAR
from backpropcli.language.layers.setting import COUNT, INPUT, VALUE, Setting
from backpropcli.language.layers.setting import NAME as NAMED
from backpropcli.language.made import Copy
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.language.blocks.copies import Copied, Copying
    from backpropcli.language.file.places import Key
    from backpropcli.language.file.words import Words
    from backpropcli.language.layers.layer import Layer

REPEAT = Setting("repeat", COUNT, "How many copies there are, each fed by the one before.", default=1)


def block_kinds(words: Words, blocks: Mapping[str, Block], copying: Copying) -> dict[str, Kind]:
    """Each block as a kind of layer; copies are numbered as they come: block1, block2, ..."""
    counts = dict.fromkeys(blocks, 0)

    def build(block: Block, layer: Layer) -> str:
        output = layer.source
        others = {name: _other(layer, name) for name in block.arguments[1:]}
        for _ in range(layer["repeat"]):
            counts[block.name] += 1
            copy = f"{block.name}{counts[block.name]}"
            for one in copying.copy(block, copy, {block.arguments[0]: output, **others}):
                _add(words, layer, block, one, copy)
            output = f"{copy}_{block.output}"
        layer.stack.activation = LINEAR
        return output

    return {name: _kind(block, lambda layer, block=block: build(block, layer)) for name, block in blocks.items()}


def _kind(block: Block, build: Any) -> Kind:
    own = tuple(
        Setting(name, VALUE, f"{name} of every copy.") for name in block.parameters if name not in ("repeat", "input")
    )
    others = tuple(
        Setting(name, NAMED, f"The argument {name} of {block}.", required=True) for name in block.arguments[1:]
    )
    return Kind(
        name=block.name,
        help=f"The block {block}.",
        wants="nothing, or how often it is repeated",
        form=f"- {block.name}: {{{', '.join(['repeat: 2', *(f'{name}: x' for name in block.arguments[1:])])}}}",
        call=f"{block.name}(2)",
        settings=(REPEAT, *others, *own, INPUT),
        positional=("repeat",),
        alone=not others,
        build=build,
    )


def _other(layer: Layer, name: str) -> str:
    """The name of an argument that is not the layer's input."""
    said = layer[name]
    known = list(layer.stack.shapes)
    if said not in known:
        hint = f"There is: {', '.join(known[:20])}"
        raise layer.error(f"no input or layer output is called {said}{did_you_mean(said, known)}", name, hint=hint)
    return str(said)


def _add(words: Words, layer: Layer, block: Block, one: Copied, copy: str) -> None:
    """Add a parameter or a node of a copy."""
    stack = layer.stack
    words.copies[one.name] = Copy(one.of(block, layer.maker), (copy, str(block)), one.formula)
    if one.formula is not None:
        stack.add_node(one.name, one.formula.text, one.path, layer.maker)
        return
    path = (*layer.path, one.local) if one.local in layer.written else one.path
    value, path = stack.given.get(one.name) or (stack.read(words, at(words, path), one.name, path), path)
    stack.add_parameter(one.name, value, path, layer.maker)


def at(words: Words, path: Key) -> Any:
    """What is written at a path."""
    found: Any = words.sections
    for part in path:
        found = found[part]
    return found


class Use(NamedTuple):
    """What a node `y: block(x)` becomes."""

    parts: list[Copied]
    block: Block
    arguments: tuple[Name, ...]
    """Those that are names, for which the network has to have something."""


def node_use(blocks: Mapping[str, Block], copying: Copying, key: str, text: str, path: Key) -> Use | None:
    """The copy that a node is, None for any other formula. FormulaError where a block is used otherwise."""
    try:
        tree = read_formula(text)
    except BackpropError:
        return None  # which is told where all formulas are read
    call = used(tree, blocks)
    if call is None:
        return None
    if not key.isidentifier():
        raise FormulaError(f"{call.name} is a block, which has no place in a recurrence").spanning(call.start, call.end)
    plain = tuple(e for e in call.arguments if isinstance(e, Name) and not e.prefix)
    return Use(list(copying.use(call.name, call.arguments, text, {}, key, path)), blocks[call.name], plain)
