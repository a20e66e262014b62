"""Words to graph: what an author writes in a file or on the command line becomes a network."""

from backpropcli.language.flags import Flags
from backpropcli.language.load import example, example_names, example_text, load, loads
from backpropcli.language.network import Expectation, Spec

__all__ = ["Expectation", "Flags", "Spec", "example", "example_names", "example_text", "load", "loads"]
