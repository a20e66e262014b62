"""NumPy says nothing: a value that is not finite is ours to tell, by name, and no warning's."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

Made = TypeVar("Made", bound=type)
_silences: list[ExitStack] = []
"""What is quiet now, from the outside in."""
_kept: list[ExitStack] = []
"""Those of them that NumPy knows of."""


@contextmanager
def quiet() -> Iterator[None]:
    """No warnings of NumPy's about overflows and the like, if it is there or comes meanwhile (see `hush`)."""
    with ExitStack() as silence:
        _silences.append(silence)
        try:
            hush()
            yield
        finally:
            _silences.remove(silence)
            if silence in _kept:
                _kept.remove(silence)


def hush() -> None:
    """NumPy may just have been imported: inside of `quiet` it is silenced now, till the end of that."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not hasattr(numpy, "errstate"):  # half imported: it will be heard of again
        return
    for silence in _silences[len(_kept) :]:
        silence.enter_context(numpy.errstate(all="ignore"))
        _kept.append(silence)


def quietly(made: Made) -> Made:
    """A class whose public methods are quiet."""
    for name, method in list(vars(made).items()):
        if not name.startswith("_") and callable(method) and not isinstance(method, type):
            setattr(made, name, _quiet(method))
    return made


def _quiet(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def called(*arguments: Any, **options: Any) -> Any:
        with quiet():
            return method(*arguments, **options)

    return called
