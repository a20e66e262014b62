"""A command-line calculator for backpropagation; in Python: `import backpropcli as bp; bp.load("net.yaml").run()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backpropcli.version import __version__

if TYPE_CHECKING:
    from backpropcli.api import (
        Network,
        Trace,
        check,
        check_files,
        check_function,
        check_program,
        check_torch,
        load,
        loads,
        plot_log,
    )
    from backpropcli.errors import BackpropError

__all__ = [
    "BackpropError",
    "Network",
    "Trace",
    "__version__",
    "check",
    "check_files",
    "check_function",
    "check_program",
    "check_torch",
    "load",
    "loads",
    "plot_log",
]


def __getattr__(name: str) -> Any:
    """The public names, imported when first used: the command line must not pay for all of them."""
    if name == "BackpropError":
        from backpropcli.errors import BackpropError

        return BackpropError
    if name in __all__:
        from backpropcli import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
