"""A call of PyTorch as a formula: the function as PyTorch's users call it, tensors by name, the rest as literals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch_arguments import Given
from torch_forms import form_of


class Written:
    """The tensors of a call, by the names that the formula uses: `p0` moves, `x0` does not."""

    def __init__(self) -> None:
        self.tensors: dict[int, tuple[str, Any]] = {}

    def name(self, tensor: Any) -> str:
        """The name of a tensor, the same for the same one."""
        if id(tensor) not in self.tensors:
            kind = "p" if tensor.requires_grad else "x"
            count = sum(name[0] == kind for name, _ in self.tensors.values())
            self.tensors[id(tensor)] = (f"{kind}{count}", tensor)
        return self.tensors[id(tensor)][0]

    def parameters(self) -> dict[str, Any]:
        """The tensors that move."""
        return {name: t for name, t in self.tensors.values() if name[0] == "p"}

    def inputs(self) -> dict[str, Any]:
        """The tensors that do not."""
        return {name: t for name, t in self.tensors.values() if name[0] == "x"}


def foreign(arguments: Sequence[Any], keywords: Mapping[str, Any]) -> str:
    """Why a call is not ours to answer: complex or sparse tensors; empty where it is."""
    import torch

    for value in leaves([*arguments, *keywords.values()]):
        if isinstance(value, torch.Tensor) and (value.is_complex() or value.layout != torch.strided):
            return "complex or sparse tensors"
        if isinstance(value, complex):
            return "complex numbers"
    return ""


def leaves(values: Any) -> list[Any]:
    """The values in nested lists and tuples."""
    if isinstance(values, list | tuple):
        return [leaf for value in values for leaf in leaves(value)]
    return [values]


def written(value: Any, names: Written) -> str:
    """A value as it stands in a formula."""
    import torch

    if isinstance(value, torch.Tensor):
        return names.name(value)
    if isinstance(value, slice):
        return ":".join(
            "" if v is None else str(v) for v in (value.start, value.stop, value.step)[: 2 + bool(value.step)]
        )
    if value is Ellipsis:
        return "..."
    if isinstance(value, torch.Size):
        value = tuple(value)
    if isinstance(value, list | tuple):
        inner = ", ".join(written(v, names) for v in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' * (len(value) == 1)})"
    if value is None or isinstance(value, bool | int | float | str):
        return repr(value)
    raise NotImplementedError(f"an argument that is a {type(value).__name__}")


def formulas(
    variant: Any, arguments: Sequence[Any], keywords: Mapping[str, Any], names: Written, parts: Sequence[int] | None
) -> list[str]:
    """The call, once for each result that is wanted; `parts` are their numbers where there are several."""
    import torch

    kept = {key: value for key, value in keywords.items() if not (key == "dtype" and value is torch.float64)}

    def write(value: Any) -> str:
        return written(value, names)

    words = [write(value) for value in arguments]
    options = {key: write(value) for key, value in kept.items()}
    given = Given(variant.name, words, arguments, options, kept, write)
    form = form_of(variant)
    call = form(given) if form is not None else given.called(variant.name)
    if parts is None:
        return [call] if isinstance(call, str) else list(call)
    return [f"{call}[{k}]" if isinstance(call, str) else call[k] for k in parts]
