"""How the variants of PyTorch's database are written that are not simply called by their name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

Form = Callable[[Sequence[str], Mapping[str, str]], str]


def infix(sign: str, reflected: bool = False) -> Form:
    """An operator between two operands."""
    return lambda words, options: f"{words[reflected]} {sign} {words[not reflected]}"


def another(words: Sequence[str], options: Mapping[str, str]) -> str:
    """A name that is an operation here, and means another one in PyTorch."""
    raise NotImplementedError("PyTorch means another operation by this name")


FORMS: dict[str, Form] = {
    "__getitem__": lambda words, options: f"{words[0]}[{words[1].removeprefix('(').removesuffix(')')}]",
    "__radd__": infix("+", True),
    "__rdiv__": infix("/", True),
    "__rmul__": infix("*", True),
    "__rmatmul__": infix("@", True),
    "__rmod__": infix("%", True),
    "__rpow__": infix("**", True),
    "__rsub__": infix("-", True),
    "T": lambda words, options: f"{words[0]}.T",
    "mT": lambda words, options: f"{words[0]}.mT",
    **dict.fromkeys(("linalg.solve", "median", "nn.functional.prelu", "nn.functional.batch_norm"), another),
    "where": lambda words, options: f"where({words[1]}, {words[0]}, {words[2]})",
}
