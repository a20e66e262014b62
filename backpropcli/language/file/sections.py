"""The sections that a network may have, what one thing of each is called, and which names nothing may have."""

from __future__ import annotations

from keyword import kwlist

DATA = ("inputs", "targets", "parameters")
"""The sections of numbers, in the order in which their names come."""
SECTIONS = ("title", *DATA, "functions", "blocks", "nodes", "layers", "loss", "expect", "train")
RESERVED = frozenset(kwlist)
"""What Python keeps for itself, and formulas with it."""
_KINDS = {"inputs": "an input", "targets": "a target", "parameters": "a parameter", "nodes": "a node"}


def article(section: str) -> str:
    """`a node` for nodes."""
    return _KINDS[section]
