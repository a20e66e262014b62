"""Which commands there are: the one place where a command is registered."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A command: its name, the module in `commands` with a function of that name, one line of help, its panel."""

    name: str
    module: str
    help: str
    panel: str


COMPUTE, EXPLAIN, START = "Work with a network", "Understand it", "Get started"
COMMANDS = (
    Entry("run", "run", "Every node's value and gradient; --steps shows the work.", COMPUTE),
    Entry("check", "check", "Are the gradients right? Compares them with finite differences.", COMPUTE),
    Entry("page", "page", "One HTML page: step through both passes, or fill in the blanks.", COMPUTE),
    Entry("train", "train", "Where do gradient descent, Adam, ... take the parameters?", COMPUTE),
    Entry("explain", "explain", "How does the chain rule get to this gradient?", EXPLAIN),
    Entry("derive", "derive", "The gradient as one formula, by SymPy.", EXPLAIN),
    Entry("nudge", "nudge", "What happens when one number moves a little?", EXPLAIN),
    Entry("count", "count", "What did the gradients cost, and what would nudging have cost?", EXPLAIN),
    Entry("draw", "draw", "What the graph looks like: terminal, SVG, DOT, Mermaid or TikZ.", EXPLAIN),
    Entry("plot", "plot", "The loss as a curve or a map, a training, a fit: terminal, SVG, PNG or PDF.", EXPLAIN),
    Entry("quiz", "quiz", "The same as an exercise: fill in the numbers, or print a worksheet.", EXPLAIN),
    Entry("new", "new", "Write a starter net.yaml: the network of the lecture.", START),
    Entry("schema", "schema", "The JSON Schema of net.yaml: editors complete and check it.", START),
    Entry("ops", "ops", "The operations that formulas can use.", START),
    Entry("help", "help", "The guide, for learners, teachers and engineers; or a command's help.", START),
)
"""Every command, in the order of `backprop --help`. A new command is one line here and one module."""
