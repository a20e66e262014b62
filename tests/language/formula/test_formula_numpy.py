"""NumPy's names as people write them: `clip(x, 0, None)`, `x.clamp(min=0)`, `split(x, 2)[1]`, `x % 2`, `sum(x[()])`."""

import numpy as np
import pytest

import backpropcli as bp
from backpropcli.errors import BackpropError

X, M = np.array([3.0, -1, 2, 0.5]), np.array([[2.0, 1], [1, 3]])


def load(formula):
    data = f"parameters: {{x: {X.tolist()}, m: {M.tolist()}}}"
    return bp.loads(f'{data}\nnodes: {{J: "{formula} + 0*sum(x) + 0*sum(m)"}}')


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("sum(np.clip(x, 0, None))", 5.5),
        ("sum(x.clamp(min=0))", 5.5),
        ("sum(torch.clamp(x, min=0, max=1))", 2.5),
        ("sum(clip(x, a_max=1, a_min=None))", 1.5),
        ("sum(clip(x, min=0))", 5.5),
        ("x[0] % 2", 1),
        ("sum(x % 2)", 2.5),
        ("x[1] % 3", 2),
        ("x[0] // 2", 1),
        ("sum(np.remainder(x, -2))", np.remainder(X, -2).sum()),
        ("2*7 % 4", 2),
        ("sum(split(x, 2)[1])", 2.5),
        ("sum(array_split(x, 3)[-1])", 0.5),
        ("np.split(x, [1, 3])[1].sum()", 1),
        ("sum(concatenate(split(x, 2)))", 4.5),
        ("sum(hsplit(m, 2)[0])", 3),
        ("sum(vstack(array_split(m, 2)))", 7),
        ("np.linalg.det(m)", 5),
        ("sum(np.linalg.inv(m) @ m)", 2),
        ("sum(np.linalg.solve(m, [1, 2]))", 0.8),
        ("sum(pad(m, 1, constant_values=-1))", -5),
        ("sum(np.pad(m, 1, 'edge'))", np.pad(M, 1, "edge").sum()),
        ("sum(x.round(1))", 4.5),
        ("round(x[0]/7, decimals=2)", 0.43),
        ("sum(take(x, [0, 2]))", 5),
        ("tensordot(m, m)", 15),
        ("sum(np.cross(x[:3], [1, 2, 3], axis=0))", np.cross(X[:3], [1, 2, 3]).sum()),
        ("sum(kron(m, m))", 49),
        ("np.average(x, 0, [1, 2, 3, 4])", 0.9),
        ("average(x, weights=[1, 2, 3, 4])", 0.9),
        ("median(x)", 1.25),
        ("sum(np.lib.stride_tricks.sliding_window_view(x, 2)**2)", 19.25),
        ("sum(x[()])", 4.5),
        ("m[(0, 1)]", 1),
        ("sum(sort(x)[:2])", -0.5),
        ("sum(cumprod(x))", np.cumprod(X).sum()),
        ("np.sinc(x[3])", np.sinc(0.5)),
        ("sum(column_stack([x, x])[0])", 6),
        ("sum(dstack([m, m]))", 14),
        ("np.logaddexp2(x[0], x[1])", np.logaddexp2(3, -1)),
        ("einsum('ab,bc->', m[:, :1], m)", np.einsum("ab,bc->", M[:, :1], M)),
        ("einsum('...i,...i->...', x, x)", X @ X),
        ("trapezoid(x, dx=0.5)", 1.375),
        ("sum(x.detach())", 4.5),
        ("where(isnan(x[0]), 0, 1)", 1),
    ],
)
def test_what_numpy_says(formula, value):
    network = load(formula)
    assert network.run().value("J") == pytest.approx(value, rel=1e-13, abs=1e-13)
    assert network.check(against="complex").verdict != "fail"


@pytest.mark.parametrize(
    ("formula", "message", "hint"),
    [
        ("sum(split(x, 2))", "split gives 2 arrays, and a value is one", "Take one of them: split(x, 2)[0]"),
        ("len(split(x, 2))", "split gives 2 arrays, and a value is one", "Take one of them: split(x, 2)[0]"),
        ("split(x, 2)[2]", "split gives 2 arrays: there is no number 2", "0 to 1"),
        ("split(x, 2)[0:1]", "split gives 2 arrays: take one by its number", "split(x, 2)[0]"),
        ("sum(split(x, 3)[0])", "4 entries do not divide into 3 equal parts", "array_split"),
        ("sum(split(x, 0)[0])", "the number of parts is from 1 to 10,000, not 0", ""),
        ("round(x[0], x[1])", "decimals must be a constant whole number", "decimals=2"),
        ("round(x[0], 1.5)", "decimals must be a constant whole number", "decimals=2"),
        ("sum(np.identity(2) * m)", "np.identity is another function than identity", "eye(n)"),
        ("sum(gradient(m))", "gradient of the shape (2,2) is one array an axis, and a node is one value", "axis=0"),
        ("sorted(x)", "sorted has another name here", "sort(x)"),
        ("no_grad(x)", "no_grad is not an operation", "stop_gradient"),
        ("det(x)", "det takes a square matrix, not the shape (4,)", ""),
    ],
)
def test_what_is_refused(formula, message, hint):
    with pytest.raises(BackpropError) as caught:
        load(formula)
    assert caught.value.message == message
    assert hint in caught.value.hint
