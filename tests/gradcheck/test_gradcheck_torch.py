"""Live PyTorch modules: right ones pass, a wrong autograd.Function is found, and nothing of the caller's changes."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

import backpropcli as bp

pytestmark = pytest.mark.slow


def test_without_torch_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str, *more: Any) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(bp.BackpropError, match="check_torch needs PyTorch, which is not installed") as caught:
        bp.check_torch(object(), 1)
    assert caught.value.hint.startswith("pip install torch")


torch: Any = pytest.importorskip("torch")
nn = torch.nn


class Square(torch.autograd.Function):  # type: ignore[misc]  # torch is Any here
    """x**2, whose gradient lacks the 2."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * x


class Net(nn.Module):  # type: ignore[misc]
    def __init__(self, wrong: bool = False, p: float = 0.0) -> None:
        super().__init__()
        self.fc1, self.fc2, self.drop, self.wrong = nn.Linear(3, 4), nn.Linear(4, 2), nn.Dropout(p), wrong

    def forward(self, x: Any) -> Any:
        h = torch.tanh(self.fc1(x))
        h = Square.apply(h) if self.wrong else h * h
        return self.fc2(self.drop(h))


@pytest.fixture
def data() -> tuple[Any, Any]:
    torch.manual_seed(0)
    return torch.randn(5, 3), torch.randn(5, 2)


def statuses(report: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in report.rows:
        found.setdefault(row.name, set()).add(row.verdict)
    return found


def test_a_wrong_function_is_found_parameter_by_parameter(data: tuple[Any, Any]) -> None:
    x, y = data
    right = bp.check_torch(Net(), x, lambda out: ((out - y) ** 2).mean())
    assert (right.status, right.judged, right.size) == (0, "PyTorch", 26)
    wrong = statuses(bp.check_torch(Net(wrong=True), x, lambda out: ((out - y) ** 2).mean()))
    assert wrong == {"fc1.weight": {"fail"}, "fc1.bias": {"fail"}, "fc2.weight": {"pass"}, "fc2.bias": {"pass"}}


def test_nothing_of_the_callers_changes(data: tuple[Any, Any]) -> None:
    x, y = data
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4, 2))
    before = {name: value.clone() for name, value in net.state_dict().items()}
    state = torch.random.get_rng_state()
    report = bp.check_torch(net, x, lambda out: ((out - y) ** 2).mean())
    assert report.count("fail") == 0
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert torch.get_default_dtype() == torch.float32
    assert all(p.grad is None and p.dtype == torch.float32 for p in net.parameters())
    assert net.training


def test_dropout_is_the_same_each_time(data: tuple[Any, Any]) -> None:
    x, y = data
    assert bp.check_torch(Net(p=0.5), x, lambda out: ((out - y) ** 2).mean(), seed=3).status == 0


def test_frozen_parameters_are_left_out_and_tied_ones_stay_tied(data: tuple[Any, Any]) -> None:
    x, _ = data
    net = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3))
    net[2].weight = net[0].weight
    net[0].bias.requires_grad_(False)
    report = bp.check_torch(net, x, lambda out: out.pow(2).sum())
    assert (report.status, set(statuses(report))) == (0, {"0.weight", "2.bias"})


def test_inputs_are_judged_where_they_ask_for_it(data: tuple[Any, Any]) -> None:
    x, _ = data

    class Bare(nn.Module):  # type: ignore[misc]
        def forward(self, x: Any) -> Any:
            return Square.apply(x).sum()

    assert statuses(bp.check_torch(Bare(), x)) == {"input0": {"fail"}}
    report = bp.check_torch(nn.Linear(3, 1), x.clone().requires_grad_(True), lambda out: out.sum())
    assert set(statuses(report)) == {"weight", "bias", "input0"}
    assert bp.check_torch(nn.Linear(3, 1), {"input": x}, lambda out: out.sum(), names=["bias"]).status == 0


def test_several_inputs_and_labels(data: tuple[Any, Any]) -> None:
    x, _ = data
    labels = torch.tensor([0, 1, 1, 0, 1])
    embedded = nn.Embedding(4, 3)
    assert bp.check_torch(Net(), (x,), lambda out: nn.functional.cross_entropy(out, labels)).status == 0
    assert bp.check_torch(embedded, torch.tensor([1, 1, 2]), lambda out: out.pow(3).sum()).status == 0
    lstm = nn.LSTM(3, 2, batch_first=True)
    assert bp.check_torch(lstm, x[None], lambda out: out[0].pow(2).sum()).status == 0


@pytest.mark.parametrize(
    ("module", "loss", "message"),
    [
        (3, None, "check_torch takes a torch.nn.Module, not a int"),
        (nn.Linear(3, 2), None, r"the loss should be one number, not a tensor of shape \(5, 2\)"),
        (nn.Linear(3, 2), lambda out: 1.0, "the loss should be one number, not float"),
        (nn.Linear(3, 2), lambda out: out.detach().sum(), "the loss of Linear does not depend on its parameters"),
        (
            nn.Linear(3, 2),
            lambda out: out.sum() * float(torch.randn(())) if False else out @ torch.ones(2).float(),
            "Linear does not run in float64",
        ),
        (nn.Identity(), lambda out: out.sum(), None),
    ],
)
def test_what_cannot_be_checked_is_said(data: tuple[Any, Any], module: Any, loss: Any, message: str | None) -> None:
    if message is None:
        assert bp.check_torch(module, data[0], loss).status == 0
        with pytest.raises(bp.BackpropError, match="nothing to check"):
            bp.check_torch(module, torch.tensor([1, 2]), loss)
        return
    with pytest.raises(bp.BackpropError, match=message):
        bp.check_torch(module, data[0], loss)
