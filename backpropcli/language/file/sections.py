"""The sections that a network may have, and what one thing of each is called."""

from __future__ import annotations

DATA = ("inputs", "targets", "parameters")
"""The sections of numbers, in the order in which their names come."""
SECTIONS = ("title", *DATA, "functions", "nodes", "layers", "loss", "expect")
_KINDS = {"inputs": "an input", "targets": "a target", "parameters": "a parameter", "nodes": "a node"}


def article(section: str) -> str:
    """`a node` for nodes."""
    return _KINDS[section]
