"""The arguments of one call of PyTorch: what they are, and how they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch


class Given:
    """A call's arguments in order, and those by name: each as a text (`words`) and as what it is (`values`)."""

    def __init__(
        self,
        name: str,
        words: Sequence[str],
        values: Sequence[Any],
        options: Mapping[str, str],
        keywords: Mapping[str, Any],
        write: Any,
    ) -> None:
        self.name, self.words, self.values = name, list(words), list(values)
        self.options, self.keywords, self.write = dict(options), dict(keywords), write
        self.by_name: dict[str, str] = {}
        self.found: dict[str, Any] = {}

    def bound(self, order: str) -> Given:
        """The same with its arguments by these names."""
        names = order.split()
        if len(self.words) > len(names):
            raise NotImplementedError(f"{self.name} with {len(self.words)} arguments")
        self.by_name = {**dict(zip(names, self.words, strict=False)), **self.options}
        self.found = {**dict(zip(names, self.values, strict=False)), **self.keywords}
        return self

    def filled(self, text: str) -> str:
        """A template with the arguments in their places; a part in brackets only where its arguments are given."""
        used = set(re.findall(r"{(\w+)}", text))
        if unknown := set(self.by_name) - used:
            raise NotImplementedError(f"{self.name} with {', '.join(sorted(unknown))}")

        def part(match: re.Match[str]) -> str:
            inside = match[1]
            return inside if all(name in self.by_name for name in re.findall(r"{(\w+)}", inside)) else ""

        return re.sub(r"\[([^\[\]]*{[^\[\]]*)\]", part, text).format(**self.by_name)

    def items(self, k: int) -> list[str]:
        """The arrays of an argument that is a list, each as it is written."""
        return [self.write(value) for value in self.values[k]]

    def called(self, name: str) -> str:
        """The same call of another function of PyTorch, or a method."""
        owner: Any = torch
        for part in name.split("."):
            owner = getattr(owner, part, None)
        method = owner is None
        words = self.words[1:] if method else self.words
        inside = ", ".join([*words, *(f"{key}={value}" for key, value in self.options.items())])
        return f"{self.words[0]}.{name}({inside})" if method else f"torch.{name}({inside})"
