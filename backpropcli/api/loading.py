"""Networks from files, from text and from flags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from backpropcli.api.network import Network
from backpropcli.errors import UsageError
from backpropcli.language import Flags
from backpropcli.language import example as example_spec
from backpropcli.language import load as load_spec
from backpropcli.language import loads as load_text
from backpropcli.ops.definition import Value


def load(path: str | Path | None = None, *, example: str | None = None, **flags: Any) -> Network:
    """The network in a YAML or JSON file, or `net.yaml` in the current folder, or an `example` of backprop's own.

    Keyword arguments are the command line's flags: `parameters=["w1=2"]`, `nodes=["a = relu(z)"]`, `loss="J"`, ...
    Raises BackpropError, which knows the place and says what to write instead.
    """
    if example is None:
        return Network(load_spec(str(path) if path is not None else None, Flags(**flags)))
    if path is not None:
        raise UsageError(f"--example {example} and {path} together", hint="Give one of them.")
    return Network(example_spec(example, Flags(**flags)))


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a network's file, for editors."""
    from backpropcli.language.json_schema import json_schema

    return json_schema()


def loads(text: str, name: str = "<text>") -> Network:
    """The network in a YAML or JSON text."""
    return Network(load_text(text, name))


def matching(words: Iterable[str]) -> list[str]:
    """The files that names and patterns stand for, each once; FileError for a folder, or where nothing matches."""
    from backpropcli.language.globs import matching

    return matching(words)


def given_parameters(
    texts: Sequence[str] = (), files: Sequence[str] = (), renames: Sequence[str] = ()
) -> dict[str, Value]:
    """Parameters by name from texts such as `w=2` and from files, as -p and --load give them, renamed as --as says."""
    from backpropcli.language.given import given_parameters

    return given_parameters(texts, files, renames)
