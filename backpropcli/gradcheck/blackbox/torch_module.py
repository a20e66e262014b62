"""A live PyTorch module, whose backward pass may be somebody's own: its gradients judged by differences of its loss.

PyTorch is imported here alone, and only when a module is checked; it is no dependency.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.errors import UsageError
from backpropcli.gradcheck.blackbox.function import check_function

if TYPE_CHECKING:
    from backpropcli.gradcheck.report import Report


def check_torch(
    module: Any,
    inputs: Any,
    loss: Callable[[Any], Any] | None = None,
    *,
    names: Sequence[str] | None = None,
    seed: int = 0,
    every: bool = False,
) -> Report:
    """Whether the gradients that a PyTorch module gives its parameters are right: see `backpropcli.check_torch`."""
    torch = _torch()
    if not isinstance(module, torch.nn.Module):
        raise UsageError(
            f"check_torch takes a torch.nn.Module, not a {type(module).__name__}",
            hint="check_torch(net, x, lambda out: ((out - y)**2).mean())",
        )
    asked = _Module(torch, module, inputs, loss, seed)
    if not asked.tensors:
        raise UsageError("nothing to check: no parameter of the module, and no input, requires a gradient")
    parameters = {name: t.detach().cpu().numpy() for name, t in asked.tensors.items()}
    report = check_function(asked.loss, parameters, asked.gradients, names=names, seed=seed, every=every)
    report.judged = "PyTorch"
    return report


def _torch() -> Any:
    try:
        return importlib.import_module("torch")
    except ImportError:
        hint = "pip install torch. Without it, check_function takes any function."
        raise UsageError("check_torch needs PyTorch, which is not installed", hint=hint) from None


class _Module:
    """A copy of a module in float64, asked for its loss and its gradients at other parameters.

    Tied weights stay tied. What is random (dropout) is so in the same way each time, and nothing of the caller's
    changes: not the module, its buffers, its gradients or modes, not torch's random numbers or default type.
    """

    def __init__(self, torch: Any, module: Any, inputs: Any, loss: Callable[[Any], Any] | None, seed: int) -> None:
        self.torch = torch
        self.name = type(module).__name__
        self.seed = seed
        self.own_loss = loss
        try:
            self.module = copy.deepcopy(module)
        except (RuntimeError, TypeError) as error:
            hint = "Check a module that has just been made, before tensors are kept in it."
            raise UsageError(f"{self.name} cannot be copied: {_first_line(error)}", hint=hint) from None
        devices = {t.device.type for t in self.module.parameters()}
        if "mps" in devices:  # which has no float64
            self.module = self.module.cpu()
        self.module = self.module.double()
        self.start = copy.deepcopy(dict(self.module.named_buffers()))
        if isinstance(inputs, Mapping):
            self.positional, self.keywords = [], {key: self._double(x) for key, x in inputs.items()}
        else:
            given = list(inputs) if isinstance(inputs, tuple | list) else [inputs]
            self.positional, self.keywords = [self._double(x) for x in given], {}
        self.tensors: dict[str, Any] = {n: p for n, p in self.module.named_parameters() if p.requires_grad}
        """What is moved, by its name."""
        floating = {
            name: x
            for name, x in (*((f"input{k}", x) for k, x in enumerate(self.positional)), *self.keywords.items())
            if hasattr(x, "is_floating_point") and x.is_floating_point()
        }
        self.inputs = {n: x for n, x in floating.items() if x.requires_grad or not self.tensors}
        for name, x in self.inputs.items():
            self.tensors[name if name not in self.tensors else f"{name} (given)"] = x.requires_grad_(True)

    def _double(self, x: Any) -> Any:
        """An input of its own, in float64 where it is a float of another size."""
        torch = self.torch
        if not isinstance(x, torch.Tensor):
            return torch.tensor(x) if type(x).__module__ == "numpy" else x
        found = x.detach().clone()
        if found.device.type == "mps":
            found = found.cpu()
        return (found.double() if found.is_floating_point() else found).requires_grad_(x.requires_grad)

    def loss(self, values: dict[str, Any]) -> float:
        """The loss where the parameters are these."""
        return float(self._run(values).detach())

    def gradients(self, values: dict[str, Any]) -> dict[str, Any]:
        """The gradients there, by `backward()`; 0 where nothing comes back."""
        for tensor in self.tensors.values():
            tensor.grad = None
        result = self._run(values)
        if not result.requires_grad:
            raise UsageError(f"the loss of {self.name} does not depend on its parameters: is something detached?")
        result.backward()
        return {
            name: (t.grad if t.grad is not None else self.torch.zeros_like(t)).detach().cpu().numpy()
            for name, t in self.tensors.items()
        }

    def _run(self, values: Mapping[str, Any]) -> Any:
        torch = self.torch
        with torch.no_grad():
            for name, tensor in self.tensors.items():
                tensor.copy_(torch.as_tensor(values[name], dtype=torch.float64))
            for name, buffer in self.module.named_buffers():  # running means move in training mode
                buffer.copy_(self.start[name])
        with self._quiet_world(), torch.enable_grad():
            try:
                out = self.module(*self.positional, **self.keywords)
                found = out if self.own_loss is None else self.own_loss(out)
            except RuntimeError as error:
                if "dtype" in str(error) or "Double" in str(error):
                    raise UsageError(
                        f"{self.name} does not run in float64: {_first_line(error)}",
                        hint="Targets in the loss are float64 too: y.double(). A module makes its tensors with the "
                        "type of its input: torch.zeros(n, dtype=x.dtype).",
                    ) from None
                raise
        if not isinstance(found, torch.Tensor) or found.numel() != 1:
            shape = tuple(found.shape) if isinstance(found, torch.Tensor) else None
            what = f"a tensor of shape {shape}" if shape is not None else type(found).__name__
            raise UsageError(
                f"the loss should be one number, not {what}",
                hint="check_torch(net, x, lambda out: ((out - y)**2).mean())",
            )
        return found.reshape(())

    @contextlib.contextmanager
    def _quiet_world(self) -> Iterator[None]:
        """Random numbers repeat themselves, and new tensors are float64; afterwards all is as it was."""
        torch = self.torch
        before = torch.get_default_dtype()
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            torch.set_default_dtype(torch.float64)
            try:
                yield
            finally:
                torch.set_default_dtype(before)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
