"""The Python API: load a network, run it, check it; what the commands use is what a notebook can use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backpropcli import language
from backpropcli.api.checks import check_file, check_function, check_program, check_torch, checked, sum_up
from backpropcli.api.network import Network
from backpropcli.api.trace import Trace

if TYPE_CHECKING:
    from backpropcli.gradcheck import Checked, Report
    from backpropcli.ops.definition import Value

__all__ = [
    "Network",
    "Trace",
    "check",
    "check_file",
    "check_files",
    "check_function",
    "check_program",
    "check_torch",
    "checked",
    "given_parameters",
    "json_schema",
    "load",
    "loads",
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


def given_parameters(
    texts: Sequence[str] = (), files: Sequence[str] = (), renames: Sequence[str] = ()
) -> dict[str, Value]:
    """Parameters by name from texts such as `w=2` and from files, as -p and --load give them, renamed as --as says."""
    from backpropcli.language.given import given_parameters

    return given_parameters(texts, files, renames)


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a network's file, for editors."""
    from backpropcli.language.json_schema import json_schema

    return json_schema()
