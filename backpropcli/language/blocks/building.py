"""The blocks of a network that is being read: what its layers may be, and what its nodes become."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.errors import FormulaError
from backpropcli.language.blocks.block import base, read_blocks
from backpropcli.language.blocks.copies import Copied, Copying
from backpropcli.language.blocks.uses import Use, at, block_kinds, node_use
from backpropcli.language.data.values import plan_value
from backpropcli.language.file.sections import article
from backpropcli.language.formula.grammar import CONSTANTS
from backpropcli.language.formula.unknown import unknown_name
from backpropcli.language.layers.kinds import KINDS
from backpropcli.language.made import Copy

if TYPE_CHECKING:
    from backpropcli.language.file.places import Key
    from backpropcli.language.file.words import Words
    from backpropcli.ops.definition import Value


class Built(NamedTuple):
    """Formulas with the copies in place of the uses, where the new ones are written, and the copies' parameters."""

    formulas: dict[str, str]
    paths: dict[str, Key]
    parameters: dict[str, tuple[Value, Key]]


class Blocks:
    """All blocks of a network."""

    def __init__(self, words: Words, functions: Mapping[str, Any]) -> None:
        self.words = words
        self.blocks = read_blocks(words, functions, KINDS)
        self.copying = Copying(self.blocks)
        self.kinds = block_kinds(words, self.blocks, self.copying)

    def copied(
        self,
        formulas: Mapping[str, str],
        paths: Mapping[str, Key],
        kinds: Mapping[str, str],
        given: Mapping[str, tuple[Value, Key]],
    ) -> Built:
        """What nodes become that are uses of blocks; `kinds` has the section of every name so far."""
        built = Built({}, {}, {})
        uses = {key: self._use(key, text, paths[key]) for key, text in formulas.items()}
        made = dict.fromkeys(base(one.name) for use in uses.values() if use is not None for one in use.parts)
        for key, text in formulas.items():
            use = uses[key]
            if use is None:
                built.formulas[key] = text
                continue
            self._check_arguments(use, [*kinds, *made], paths[key])
            for one in use.parts:
                self._check_free(one, key, use, kinds, formulas)
                whole = (key, str(use.block)) if one.path[0] == "blocks" else None
                self.words.copies[one.name] = Copy(one.of(use.block, f"the node {key}"), whole, one.formula)
                if one.formula is not None:
                    built.formulas[one.name] = one.formula.text
                    built.paths[one.name] = one.path
                else:
                    value = given.get(one.name) or (
                        plan_value(self.words, at(self.words, one.path), one.name, one.path),
                        one.path,
                    )
                    built.parameters[one.name] = value
        return built

    def _use(self, key: str, text: str, path: Key) -> Use | None:
        if path[0] != "nodes":
            return None
        try:
            return node_use(self.blocks, self.copying, key, text, path)
        except FormulaError as error:
            raise self.words.placed(error, path) from None

    def _check_arguments(self, use: Use, known: Collection[str], path: Key) -> None:
        """Raise for an argument that the network has not."""
        for name in use.arguments:
            if name.name not in known and name.name not in CONSTANTS:
                error = unknown_name(name, known).spanning(name.start, name.end)
                raise self.words.placed(error, path)

    def _check_free(
        self, one: Copied, key: str, use: Use, kinds: Mapping[str, str], formulas: Mapping[str, str]
    ) -> None:
        """Raise where the network has a name already that a copy makes."""
        name = base(one.name)
        if name != key and (name in kinds or name in formulas):
            there = kinds.get(name, "nodes")
            message = f"{name} is {article(there)}, and {use.block} in the node {key} makes {name}"
            raise self.words.error(message, (there, name), "Give one of them another name.", key=True)
