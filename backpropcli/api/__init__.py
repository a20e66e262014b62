"""The Python API: load a network, run it, check it; what the commands use is what a notebook can use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backpropcli import language
from backpropcli.api.checks import check_file, check_function, check_program, check_torch, sum_up
from backpropcli.api.logs import plot_log
from backpropcli.api.network import Network
from backpropcli.api.trace import Trace

if TYPE_CHECKING:
    from backpropcli.gradcheck import Checked, Report

__all__ = [
    "Network",
    "Trace",
    "check",
    "check_file",
    "check_files",
    "check_function",
    "check_program",
    "check_torch",
    "json_schema",
    "load",
    "loads",
    "plot_log",
    "sum_up",
]


def load(path: str | Path | None = None, **flags: Any) -> Network:
    """The network in a YAML or JSON file, or `net.yaml` in the current folder.

    Keyword arguments are the command line's flags: `parameters=["w1=2"]`, `nodes=["a = relu(z)"]`, `loss="J"`, ...
    Raises BackpropError, which knows the place and says what to write instead.
    """
    return Network(language.load(str(path) if path is not None else None, language.Flags(**flags)))


def loads(text: str, name: str = "<text>") -> Network:
    """The network in a YAML or JSON text."""
    return Network(language.loads(text, name))


def check(network: Network | str | Path, **options: Any) -> Report:
    """Whether a network's gradients are right: `check("net.yaml").verdict`. Options as `Network.check`."""
    return (network if isinstance(network, Network) else load(network)).check(**options)


def check_files(
    files: str | Iterable[str],
    *,
    read: Callable[[str], Network] = load,
    ask: Callable[[Network], Report] | None = None,
    **options: Any,
) -> Iterator[Checked]:
    """Check many files, such as `"nets/*.yaml"`, one after the other, whatever becomes of each: no error is raised.

    Options as `Network.check`; or `read` and `ask` say how a file is read, and a network checked. Raises FileError,
    before anything is checked, for a pattern that matches no file, and for a folder.
    """
    from backpropcli.language.globs import matching

    names = matching([files] if isinstance(files, str) else files)
    return (check_file(name, read, ask or (lambda network: network.check(**options))) for name in names)


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a network's file, for editors."""
    from backpropcli.language.json_schema import json_schema

    return json_schema()
