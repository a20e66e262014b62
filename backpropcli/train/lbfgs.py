"""L-BFGS through SciPy, an iteration at a time; who asks for the next one computes the losses, in their own thread."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Objective = Callable[["Array"], tuple[float, "Array"]]
"""The loss and its gradient, a flat array as the parameters are, at a flat array of float64."""

UNIT = 0.1
"""A parameter is counted in tenths of its start: the first step, which no history shapes yet, has length 1 at most."""
SHORTEST = 1e-12
"""A start's entry smaller than this says nothing about its parameter's size, which is then counted in ones."""


class Iteration(NamedTuple):
    """An accepted step: its number (from 1), where it has arrived, the loss and the gradient there.

    `evaluations` counts the losses computed so far: a line search may try several steps.
    """

    number: int
    parameters: Array
    loss: float
    gradient: Array
    evaluations: int


class Settings(NamedTuple):
    """What can be chosen.

    `memory`: how many of the last steps shape the next one. `scale`: every parameter is counted in tenths of its start,
    so that one of 1e-4 and one of 500 are equally easy to move: 27 of NIST's 27 problems are solved to six digits,
    without it 20. `gradient`: stop where no entry of the gradient (by the scaled parameters) is larger. `loss`: stop
    where an iteration lowers the loss by less, as a share of it (of 1 where it is smaller). Both are 0 by default: go
    on until rounding lets no line search succeed. `tries`: losses that a line search may cost.
    """

    memory: int = 10
    scale: bool = True
    gradient: float = 0.0
    loss: float = 0.0
    tries: int = 50


DEFAULTS = Settings()


class _Stopped(BaseException):
    """Whoever asked for iterations wants no more; no business of any `except Exception` on the way."""


class _Evaluate(NamedTuple):
    at: Array


class _Accepted(NamedTuple):
    at: Array


class _Ended(NamedTuple):
    error: BaseException | None


def minimize() -> Any:
    """SciPy's `minimize`. Raises UsageError where there is no SciPy."""
    try:
        from scipy.optimize import minimize as found  # type: ignore[import-untyped]
    except ImportError:
        hint = "Install it:  pip install 'backpropcli[scipy]'\nor choose another optimiser:  --optimizer adam"
        raise UsageError("L-BFGS needs SciPy, which is not installed here.", hint=hint) from None
    return found


def iterations(objective: Objective, start: Array, settings: Settings = DEFAULTS) -> Generator[Iteration, None, None]:
    """The accepted steps of L-BFGS (Liu and Nocedal 1989; the code is Byrd, Lu, Nocedal and Zhu 1995) from `start`.

    They end where nothing is gained any more. The same start gives the same bits. Where a line search finds no
    lower loss, the remembered steps are forgotten and one more is tried, from steepest descent: only if that fails too
    has it ended. SciPy's history cannot be saved; to go on from iteration k is to ask for the first k again, which
    costs time and gives the same bits.
    """
    import numpy as np

    solver = minimize()
    at = np.array(start, dtype=np.float64)
    units = np.where((np.abs(at) > SHORTEST) & settings.scale, UNIT * np.abs(at), 1.0)
    number = evaluations = 0

    def scaled(point: Array) -> tuple[float, Array]:
        nonlocal evaluations
        evaluations += 1
        loss, gradient = objective(point * units)
        return float(loss), np.asarray(gradient, dtype=np.float64) * units

    point, lowest = at / units, np.inf
    while True:
        before = number
        with closing(_descent(solver, scaled, point, settings)) as found:
            for point, loss, gradient in found:
                if not loss < lowest:
                    return
                number, lowest = number + 1, loss
                yield Iteration(number, point * units, loss, gradient / units, evaluations)
        if number == before:
            return


def _descent(
    solver: Any, objective: Objective, start: Array, settings: Settings
) -> Generator[tuple[Array, float, Array], None, None]:
    """One call of SciPy's, turned inside out: it runs in a thread of its own and asks for every loss.

    So the engine, signals and errors stay in the caller's thread; at any moment only one of the two runs.
    """
    asked: SimpleQueue[_Evaluate | _Accepted | _Ended] = SimpleQueue()
    answered: SimpleQueue[Any] = SimpleQueue()
    thread = Thread(target=_solve, args=(solver, start, settings, asked, answered), daemon=True)
    thread.start()
    known: dict[bytes, tuple[float, Array]] = {}
    """Losses of this line search, by the bits of where they were computed: an accepted step is one of them."""
    begun: tuple[float, Array] | None = None
    try:
        while not isinstance(wants := asked.get(), _Ended):
            key = wants.at.tobytes()
            if isinstance(wants, _Evaluate):
                known[key] = objective(wants.at)
                begun = begun or known[key]
                answered.put(_uphill(*begun) if _lost(*known[key]) else known[key])
            else:
                begun = known.pop(key)
                known.clear()
                yield wants.at, *begun
                answered.put(None)
        if wants.error is not None:
            raise wants.error
    finally:
        answered.put(_Stopped())
        thread.join()


def _lost(loss: float, gradient: Array) -> bool:
    """Whether there is no number to go by."""
    import numpy as np

    return not (np.isfinite(loss) and np.isfinite(gradient).all())


def _uphill(loss: float, gradient: Array) -> tuple[float, Array]:
    """What a line search is told that began here and has come to where there is no number: much too far, turn back.

    SciPy's gives up at a NaN. This is higher than where it began, so it is never accepted, and of the same size, so
    that the curve through both has its minimum well between them.
    """
    return loss + abs(loss) + 1.0, -gradient


def _solve(solver: Any, start: Array, settings: Settings, asked: SimpleQueue[Any], answered: SimpleQueue[Any]) -> None:
    """What runs in the thread: SciPy's loop, whose questions go to `asked` and wait for `answered`."""

    def ask(question: _Evaluate | _Accepted) -> Any:
        asked.put(question)
        answer = answered.get()
        if isinstance(answer, _Stopped):
            raise answer
        return answer

    try:
        solver(
            lambda point: ask(_Evaluate(point.copy())),
            start,
            jac=True,
            method="L-BFGS-B",
            callback=lambda point: ask(_Accepted(point.copy())),
            options={
                "maxcor": settings.memory,
                "ftol": settings.loss,
                "gtol": settings.gradient,
                "maxiter": 2**31 - 1,
                "maxfun": 2**31 - 1,
                "maxls": settings.tries,
            },
        )
    except _Stopped:
        asked.put(_Ended(None))
    except BaseException as error:
        asked.put(_Ended(error))
    else:
        asked.put(_Ended(None))
