"""Gradients exported from PyTorch: right ones pass in every form, wrong ones are found, placed and named."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from external_bugs import SLIPS  # noqa: E402
from external_makers import MAKERS, digits, mlp  # noqa: E402

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("make", MAKERS, ids=lambda make: getattr(make, "__name__", ""))
def test_right_gradients_raise_no_alarm(make, seed, tmp_path):
    case = make(seed)
    network, exact, single = case.network(), case.gradients(), case.gradients(dtype=torch.float32)
    forms = {"float64": exact, "float32": single}
    for kind, gradients in (("double", exact), ("single", single)):
        for count in (6, 9, 17):
            file = tmp_path / f"{kind}{count}.json"
            file.write_text(digits(gradients, count))
            forms[file.name] = file
    found = {name: network.check_gradients(form) for name, form in forms.items()}
    assert {name: report.verdict for name, report in found.items()} == dict.fromkeys(forms, "pass"), [
        e for report in found.values() for e in report.external.entries[:3]
    ]


@pytest.mark.parametrize("seed", [0, 2, 3])
@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.name.replace(" ", "-"))
def test_a_slip_is_found_named_and_placed(slip, seed, tmp_path):
    case = slip.case(seed)
    gradients = slip.export(case.gradients(slip.bugs), case)
    file = tmp_path / "theirs.json"
    file.write_text(digits(gradients))
    for form in (gradients, file):
        found = case.network().check_gradients(form).external
        assert found.verdict == "fail"
        for words in slip.likely:
            assert any(words in sentence for sentence in found.likely), (found.where, found.likely)
        assert not slip.nodes or any(f"{node} = " in found.where for node in slip.nodes), found.where


@pytest.mark.parametrize("scale", [1e-12, 1e12])
@pytest.mark.parametrize("error", [1.01, -1.0, 0.0, 2.0])
def test_a_wrong_one_is_found_at_any_scale(error, scale):
    case = mlp(4)
    text = case.spec.replace("/ 2", f"* {scale!r}")
    case = case._replace(spec=text)
    right = {k: v * 2 * scale for k, v in case.gradients().items()}
    network = case.network()
    assert network.check_gradients(right).verdict == "pass"
    for name in right:
        wrong = {**right, name: right[name] * error}
        assert network.check_gradients(wrong).external.verdict == "fail"


def test_every_single_entry_counts():
    case = mlp(5)
    network, right = case.network(), case.gradients()
    for name, value in right.items():
        for k in range(value.size):
            wrong = value.copy()
            wrong.flat[k] *= 1.001
            found = network.check_gradients({**right, name: wrong}).external
            assert [(e.name, np.ravel_multi_index(e.index, value.shape)) for e in found.entries] == [(name, k)]


def test_modules_of_torch_by_their_own_names():
    torch.manual_seed(1)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    x, y = torch.randn(5, 3), torch.randn(5, 2)
    ((net(x) - y) ** 2).sum().backward()
    from backpropcli.api import loads

    layers = [
        {"dense": {"units": 4, "activation": "tanh", "W.T": net[0].weight.tolist(), "b": net[0].bias.tolist()}},
        {"dense": {"units": 2, "W.T": net[2].weight.tolist(), "b": net[2].bias.tolist()}},
    ]
    network = loads(
        f"inputs: {{x: {x.tolist()}}}\ntargets: {{y: {y.tolist()}}}\nlayers: {layers}\nnodes: {{J: sum((z2 - y)**2)}}\n"
    )
    gradients = {name: p.grad.numpy() for name, p in net.named_parameters()}
    renames = ["0.weight=W1.T", "0.bias=b1", "2.weight=W2.T", "2.bias=b2"]
    assert network.check_gradients(gradients, renames=renames).verdict == "pass"
