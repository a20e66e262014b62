"""Checks of anything that has gradients: a file, a function, a program, a PyTorch module; and what comes of several."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.errors import FileError

if TYPE_CHECKING:
    from backpropcli.api.network import Network
    from backpropcli.gradcheck import Checked, Report, Summary
    from backpropcli.ops.definition import Value


def check_file(name: str, read: Callable[[str], Network], ask: Callable[[Network], Report]) -> Checked:
    """What comes of one file, whatever it is: a report, or the error."""
    from backpropcli.gradcheck import Checked

    start = time.perf_counter()
    network: Network | None = None
    report: Report | None = None
    error: Exception | None = None
    try:
        network = read(name)
        report = ask(network)
    except MemoryError:
        error = FileError(f"{name}: there is not enough memory for this network")
    except OSError as refused:
        error = FileError(f"{name}: {refused.strerror or refused}")
    except Exception as other:  # one file must not keep the others from being checked
        error = other
    source = network.source if network is not None else name
    checked = Checked(source, report, error, time.perf_counter() - start)
    return checked._replace(place=network.place) if network is not None else checked


def sum_up(files: Iterable[Checked]) -> Summary:
    """The files with the worst first, the verdict over all of them, and the exit status that says the same."""
    from backpropcli.gradcheck import sum_up

    return sum_up(files)


def check_function(
    f: Callable[[dict[str, Any]], Any],
    parameters: Mapping[str, Any],
    gradients: Mapping[str, Any] | Callable[[dict[str, Any]], Mapping[str, Any]] | None = None,
    **options: Any,
) -> Report:
    """Whether any function's gradients are right: `check_function(lambda p: (p["w"]**2, {"w": 2*p["w"]}), {"w": 3})`.

    `f` takes a dict of parameters (floats and float64 arrays) and returns the loss and a dict of its gradients; or the
    loss alone, with `gradients`, a dict or a function that returns it. Options: `eps`, `difference`, `names`, `every`
    (not only a sample of many) and `seed`.
    """
    from backpropcli.gradcheck.blackbox.function import check_function

    return check_function(f, parameters, gradients, **options)


def check_program(
    command: str, parameters: Mapping[str, Value] | None = None, *, timeout: float | None = None, **options: Any
) -> Report:
    """Whether the gradients of a program are right, which answers lines of JSON with its loss and its gradients.

    `parameters` replace the program's own; `timeout` is in seconds for each answer (10). Options as `check_function`.
    Raises BackpropError for whatever keeps the program from being checked; nothing of it is left running.
    """
    from backpropcli.gradcheck.blackbox.function import check_program
    from backpropcli.gradcheck.blackbox.program import TIMEOUT

    return check_program(command, parameters, timeout=TIMEOUT if timeout is None else timeout, **options)


def check_torch(
    module: Any,
    inputs: Any,
    loss: Callable[[Any], Any] | None = None,
    *,
    names: Sequence[str] | None = None,
    seed: int = 0,
    every: bool = False,
) -> Report:
    """Whether a PyTorch module's gradients are right, parameter by parameter, where PyTorch is installed.

    `check_torch(net, x, lambda out: ((out - y)**2).mean()).verdict`. `inputs` is a tensor, a tuple of them, or a dict
    of keyword arguments; `loss` makes one number of what the module returns (without it, the module returns that).
    A copy in float64 is asked; nothing of yours changes, and what is random (dropout) is so in the same way each time.
    Rows have PyTorch's names (`fc1.weight`); inputs that require a gradient are judged too, all of them where no
    parameter does. A wrong `torch.autograd.Function` is found so. Options as `check_function`.
    Raises BackpropError where PyTorch is missing, or the module cannot be checked.
    """
    from backpropcli.gradcheck.blackbox.torch_module import check_torch

    return check_torch(module, inputs, loss, names=names, seed=seed, every=every)


def checked(source: str, report: Report, seconds: float) -> Checked:
    """A report that is there already, as one of the files that `sum_up` takes."""
    from backpropcli.gradcheck import Checked

    return Checked(source, report, None, seconds)
