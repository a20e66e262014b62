"""The sections that a network may have."""

from __future__ import annotations

DATA = ("inputs", "targets", "parameters")
"""The sections of numbers, in the order in which their names come."""
SECTIONS = ("title", *DATA, "functions", "nodes", "layers", "loss", "expect")
