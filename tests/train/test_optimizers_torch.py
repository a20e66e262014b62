"""Every configuration of PyTorch's own optimiser database, beside ours, over 100 updates."""

from __future__ import annotations

import sys
import types
import unittest
from typing import Any

import numpy as np
import pytest

from backpropcli.language.training.optimizers import NAMED
from backpropcli.language.training.schedules import CONSTANT
from backpropcli.language.training.training import Clip, Training
from backpropcli.train.optimizer import Stepper

torch = pytest.importorskip("torch")
if "expecttest" not in sys.modules:  # PyTorch's test helpers import it, for what is not used here
    try:
        import expecttest  # noqa: F401
    except ImportError:
        sys.modules["expecttest"] = types.ModuleType("expecttest")
        sys.modules["expecttest"].TestCase = unittest.TestCase  # type: ignore[attr-defined]
try:
    from torch.testing._internal.common_optimizers import optim_db
except ImportError:  # pragma: no cover
    pytest.skip("this PyTorch has no database of optimisers", allow_module_level=True)

OURS = {
    "SGD": "gradient_descent",
    "Adagrad": "adagrad",
    "RMSprop": "rmsprop",
    "Adadelta": "adadelta",
    "Adam": "adam",
    "AdamW": "adamw",
    "Adamax": "adamax",
    "NAdam": "nadam",
    "RAdam": "radam",
}
OTHERS = {"Adafactor", "ASGD", "LBFGS", "Muon", "Rprop", "SparseAdam"}
"""What PyTorch has beside: other optimisers, and L-BFGS, whose line search is SciPy's here."""
FIRST = {"SGD": 0.001}
UPDATES = 100
NO_CLIP = Clip()


def configurations() -> list[Any]:
    """The optimiser's name, PyTorch's class and its options."""
    found = []
    for info in optim_db:
        name = info.optim_cls.__name__
        if name in OURS:
            for one in info.optim_inputs_func(device="cpu"):
                found.append(pytest.param(name, info.optim_cls, one.kwargs, id=f"{name}: {one.desc or 'default'}"))
    return found


def ours(name: str, options: dict[str, Any], clip: Clip = NO_CLIP) -> Training:
    """The same as one of our trainings."""
    options = {key: float(value) if torch.is_tensor(value) else value for key, value in options.items()}
    called = OURS[name]
    if name == "SGD" and options.get("momentum"):
        called = "nesterov" if options.pop("nesterov", False) else "momentum"
    optimizer = NAMED[called]
    if "betas" in options:
        options["beta1"], options["beta2"] = options.pop("betas")
    lr = options.pop("lr", optimizer.lr if optimizer.lr is not None else FIRST[name])
    defaults = {setting.name: setting.default for setting in optimizer.settings}
    assert set(options) <= set(defaults), f"{called} has no {set(options) - set(defaults)}"
    return Training(optimizer, {**defaults, **options}, lr, CONSTANT, {"warmup": 0}, clip=clip)


def linear(w: Any) -> Any:
    """Logistic regression."""
    x = torch.linspace(-1, 1, 20, dtype=torch.float64).reshape(5, 4)
    return torch.nn.functional.softplus(x @ w[:4] + w[4]).sum()


def hidden(w: Any) -> Any:
    """Two layers, tanh between them."""
    x = torch.linspace(-2, 2, 12, dtype=torch.float64).reshape(4, 3)
    a = torch.tanh(x @ w[:12].reshape(3, 4) + w[12:16])
    return ((a @ w[16:20] + w[20] - 1.5) ** 2).mean()


def product(w: Any) -> Any:
    """A chain of products with relu, whose gradients are now and then 0."""
    a = torch.relu(w[0] * 1.3 + w[1])
    return (torch.relu(a * w[2] + w[3]) - 5) ** 2 / 2


NETWORKS = {"linear": (linear, 5), "hidden": (hidden, 21), "product": (product, 4)}


def gradient(loss: Any, p: Any) -> Any:
    """Of a network at our parameters."""
    w = torch.tensor(p, dtype=torch.float64, requires_grad=True)
    loss(w).backward()
    return w.grad.numpy()


@pytest.mark.parametrize(("name", "made", "options"), configurations())
def test_parameters_are_pytorchs(name: str, made: Any, options: dict[str, Any]) -> None:
    """Each goes its own way on its own gradients, in an array and in a list."""
    for loss, size in NETWORKS.values():
        start = np.random.default_rng(size).normal(size=size)
        theirs = torch.tensor(start, dtype=torch.float64, requires_grad=True)
        optimizer = made([theirs], **options)
        array, plain = start.copy(), start.tolist()
        steppers = [Stepper(ours(name, dict(options)), size, "float64", UPDATES) for _ in range(2)]
        for t in range(1, UPDATES + 1):
            optimizer.zero_grad()
            loss(theirs).backward()
            optimizer.step()
            g = gradient(loss, array)
            steppers[0].update(array, g, t, steppers[0].learning_rate(t, 0))
            steppers[1].update(plain, g.tolist(), t, steppers[1].learning_rate(t, 0))
        assert array == pytest.approx(theirs.detach().numpy(), rel=1e-9, abs=1e-9)
        assert plain == pytest.approx(array.tolist(), rel=1e-9, abs=1e-9)
        assert not np.allclose(array, start, rtol=1e-9, atol=1e-9)


def test_what_is_not_compared_is_known() -> None:
    """A new optimiser of PyTorch's is noticed."""
    assert {info.optim_cls.__name__ for info in optim_db} <= {*OURS, *OTHERS}
    assert len(configurations()) >= 58


@pytest.mark.parametrize("most", [0.1, 1.0, 1e3])
def test_gradients_are_clipped_as_pytorchs(most: float) -> None:
    """clip_grad_norm_ over all parameters, and clip_grad_value_."""
    g = np.linspace(-3, 2, 7)
    for kept, clip in (
        (torch.nn.utils.clip_grad_norm_, Clip(norm=most)),
        (torch.nn.utils.clip_grad_value_, Clip(most)),
    ):
        w = torch.zeros(7, dtype=torch.float64, requires_grad=True)
        w.grad = torch.tensor(g)
        kept([w], most)
        for p in (np.zeros(7), [0.0] * 7):
            stepper = Stepper(ours("SGD", {"lr": 1.0}, clip), 7, "float64", 1)
            stepper.update(p, g.copy() if isinstance(p, np.ndarray) else g.tolist(), 1, stepper.learning_rate(1, 0))
            assert list(p) == pytest.approx((-w.grad).tolist(), rel=1e-14, abs=0)
