"""Any function and its gradients, checked from outside: one written in Python, or a program that is asked by lines."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.errors import UsageError
from backpropcli.gradcheck.blackbox.function_values import UnsteadyError
from backpropcli.gradcheck.blackbox.program import TIMEOUT, Program
from backpropcli.gradcheck.blackbox.protocol import Dialogue
from backpropcli.gradcheck.blackbox.tensors import Along, Probe, Tensor, flattened, same_name, tensor
from backpropcli.gradcheck.blackbox.verdicts import DeafError, judge
from backpropcli.ops.shape import show_shape
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.gradcheck.differences import Difference
    from backpropcli.gradcheck.report import Report
    from backpropcli.ops.definition import Value

ROUNDED = 1e-4
"""Parameters written with six digits may move the loss by this, relative to it."""
Function = Callable[[dict[str, Any]], Any]
"""From a dict of parameters (a float or a float64 array each) to the loss, or to the loss and a dict of gradients."""


def check_function(
    f: Function,
    parameters: Mapping[str, Any],
    gradients: Mapping[str, Any] | Callable[[dict[str, Any]], Mapping[str, Any]] | None = None,
    *,
    eps: float | None = None,
    difference: Difference = "central",
    names: Sequence[str] | None = None,
    seed: int = 0,
    every: bool = False,
) -> Report:
    """Whether the gradients of a function written in Python are right, by differences of its own values.

    `f` takes a dict of parameters (floats and float64 arrays of the given shapes, its own to change) and returns the
    loss or, without `gradients`, the loss and a dict of its gradients. `gradients` is that dict, or a function of the
    same parameters. `names` checks only these; `eps` shows the plain difference at that step as well.
    Of more parameters than a thousand or so a sample is moved one by one, and all of them along random directions that
    are halved down to what is wrong (`seed` chooses both), unless `every`; `report.coverage` says how many.

    Raises UsageError where names or shapes do not fit, and where the same parameters give different losses; what `f`
    itself raises at these parameters goes through.
    """
    if not parameters:
        raise UsageError("nothing to check: there are no parameters", hint='check_function(f, {"w": 2.0, "b": 0.0})')
    tensors = [tensor(str(name), value) for name, value in parameters.items()]
    source = Written(f, gradients)
    try:
        return judge(source, tensors, eps=eps, difference=difference, names=names, seed=seed, every=every)
    except UnsteadyError as error:
        what, hint = unsteady(error)
        raise UsageError(
            f"{source.name} is not steady: the same parameters gave {what} {error.first:.10g} and {error.second:.10g}",
            hint=hint or "Fix its seed, and let it change nothing outside (dropout, a training step).",
        ) from None
    except DeafError:
        raise UsageError(
            f"{source.name} gives the same loss whatever its parameters are, though its gradients are not 0",
            hint="It should compute the loss from the dict that it is given.",
        ) from None


def unsteady(error: UnsteadyError) -> tuple[str, str]:
    """What differed from one time to the next, in words, and a hint where it was a gradient."""
    if not error.what:
        return "the losses", ""
    return f"for {error.what} the gradients", "Are they set back to 0 before each backward pass, or random?"


def check_program(
    command: str,
    parameters: Mapping[str, Value] | None = None,
    *,
    timeout: float = TIMEOUT,
    eps: float | None = None,
    difference: Difference = "central",
    names: Sequence[str] | None = None,
    seed: int = 0,
    every: bool = False,
) -> Report:
    """Whether a program's own gradients are right, by differences of its own loss.

    The program answers each line of JSON, an object of parameters, with `{"loss": ..., "gradients": {...}}` on one
    line; to `{}` it adds its own `"parameters"`, which `parameters` replace. It is run without a shell, and ended at
    the end. `timeout` is in seconds, for each answer.

    Raises ProgramError for whatever keeps it from being checked.
    """
    with Program(command, timeout) as program:
        source = Dialogue(program)
        tensors = source.own(parameters or {})
        try:
            report = judge(source, tensors, eps=eps, difference=difference, names=names, seed=seed, every=every)
        except UnsteadyError as error:
            off = abs(error.first - error.second) / max(abs(error.first), abs(error.second))
            by = f" ({100 * off:.2g} % apart)" if math.isfinite(off) else ""
            what, hint = unsteady(error)
            raise program.trouble(
                f"{source.name} is not deterministic: the same line gave {what} {error.first:.10g} and "
                f"{error.second:.10g}{by}",
                source.base(),
                hint=hint or "Fix its seed, switch dropout off, and let no line change what the next one gets.",
            ) from None
        except DeafError:
            raise program.trouble(
                f"{source.name} answers the same loss whatever the parameters are, though its gradients are not 0",
                source.base(),
                hint="It should compute the loss from the parameters on each line.",
            ) from None
        report.notes = (*report.notes, *_manner(program, source, report.loss))
    return report


def _manner(program: Program, source: Dialogue, loss: float) -> Iterator[str]:
    """What was odd about the program's own parameters, and how it was run, where that was slow."""
    if source.first is not None and abs(source.first - loss) > ROUNDED * max(abs(source.first), abs(loss)):
        yield (
            f"To {{}} it answers the loss {source.first:.6g}, but at the parameters that it names there the loss is "
            f"{loss:.6g}: does it read them as it writes them?"
        )
    name, times = program.name, f"{program.started:,} times"
    if program.mode == "single":
        yield (
            f"{name} ends after one answer, and was started {times}. Reading line after line until its input ends is "
            "faster."
        )
    elif program.mode == "batch":
        yield (
            f"{name} answers only when its input ends, and was started {times}. Flushing its output after every line "
            "(std::endl, fflush(stdout), flush=True) is faster."
        )


class Written:
    """A function written in Python as a `Source`."""

    def __init__(self, f: Function, gradients: Any) -> None:
        self.f = f
        self.given = gradients
        self.name = getattr(f, "__name__", "the function").replace("<lambda>", "the function")
        self.title = "yours"
        self._tensors: Sequence[Tensor] = ()
        self._base: dict[str, Any] = {}

    def ask(self, tensors: Sequence[Tensor]) -> tuple[float, list[list[float]]]:
        """The loss and the gradients at these parameters, which further probes start from."""
        self._tensors, self._base = tensors, {}
        result = self.f(self._arguments(()))
        loss, found = result if isinstance(result, tuple) and len(result) == 2 else (result, None)
        if callable(self.given):
            found = self.given(self._arguments(()))
        elif self.given is not None:
            found = self.given
        if found is None:
            raise UsageError(
                f"{self.name} gives a loss and no gradients",
                hint="Return (loss, gradients), or say them: check_function(f, parameters, gradients)",
            )
        if not hasattr(found, "items"):
            raise UsageError(f"the gradients of {self.name} should be a dict of names, not a {type(found).__name__}")
        return self._loss(loss), self._gradients(found, tensors)

    def losses(self, probes: Iterable[Probe]) -> Iterator[float]:
        """The loss at each probe; NaN where the function raises an ArithmeticError or a ValueError."""
        for probe in probes:
            try:
                result = self.f(self._arguments(probe))
            except (ArithmeticError, ValueError):  # outside its domain
                yield math.nan
                continue
            yield self._loss(result[0] if isinstance(result, tuple) and len(result) == 2 else result)

    def _arguments(self, probe: Probe) -> dict[str, Any]:
        """A fresh dict of parameters, with the probe's moves."""
        if isinstance(probe, Along):
            return self._along(probe)
        arguments = self._fresh()
        for t, flat, x in probe:
            name, shape = self._tensors[t].name, self._tensors[t].shape
            if shape:
                arguments[name].flat[flat] = x
            else:
                arguments[name] = x
        return arguments

    def _fresh(self) -> dict[str, Any]:
        """A copy of the parameters."""
        if not self._base:
            self._base = {t.name: _value(t) for t in self._tensors}
        return {name: value.copy() if hasattr(value, "copy") else value for name, value in self._base.items()}

    def _along(self, probe: Along) -> dict[str, Any]:
        """A copy of the parameters, moved by a probe that moves many at once."""
        arguments = self._fresh()
        for t, flat, there in probe.moved():
            name, shape = self._tensors[t].name, self._tensors[t].shape
            if shape:
                arguments[name].flat[flat] = there
            else:
                arguments[name] = float(there[0])
        return arguments

    def _loss(self, loss: Any) -> float:
        try:
            shape, numbers = flattened(loss)
        except ValueError as error:
            raise UsageError(f"the loss of {self.name} {error}") from None
        if len(numbers) != 1:
            raise UsageError(f"the loss of {self.name} has shape {show_shape(shape)}: it should be one number")
        return numbers[0]

    def _gradients(self, found: Mapping[str, Any], tensors: Sequence[Tensor]) -> list[list[float]]:
        names, known = [t.name for t in tensors], {}
        for key, value in found.items():
            name = same_name(str(key), names)
            if name is None:
                raise UsageError(f"there is a gradient for {key}, which is no parameter{did_you_mean(str(key), names)}")
            known[name] = value
        result = []
        for t in tensors:
            if t.name not in known:
                raise UsageError(f"there is no gradient for {t.name}")
            given = tensor(f"the gradient of {t.name}", known[t.name])
            if given.shape != t.shape and not given.size == t.size == 1:
                raise UsageError(
                    f"the gradient of {t.name} has shape {show_shape(given.shape)}, but {t.name} has "
                    f"{show_shape(t.shape)}"
                )
            result.append(given.numbers)
        return result


def _value(t: Tensor) -> Any:
    if not t.shape:
        return t.numbers[0]
    import numpy as np

    return np.array(t.numbers, dtype=np.float64).reshape(t.shape)
