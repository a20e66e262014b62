"""Any function: its gradients judged by its own values, right ones passed, wrong ones failed, the rest left unsure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backpropcli as bp
from backpropcli.gradcheck.blackbox.resolution import Resolution, flat, noise, resolution

Scalar = Callable[[float], float]


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z)) if z > -700 else 0.0


def verdict(f: Scalar, gradient: float, w: float) -> tuple[str, str]:
    (row,) = bp.check_function(lambda p: (f(p["w"]), {"w": gradient}), {"w": w}).rows
    return row.verdict, row.reason


HARD: list[tuple[Scalar, Scalar, float]] = [
    (lambda w: math.sin(1e4 * w), lambda w: 1e4 * math.cos(1e4 * w), 0.3),
    (lambda w: w + 1e-6 * math.sin(1e5 * w), lambda w: 1 + 0.1 * math.cos(1e5 * w), 1.7),
    (math.log, lambda w: 1 / w, 1e-5),
    (lambda w: 1 / w, lambda w: -1 / w**2, -1e-4),
    (lambda w: (w - 1e8) ** 2 + w * 1e-3, lambda w: 2 * (w - 1e8) + 1e-3, 1e8 + 0.5),
    (math.sin, math.cos, 1e8),
    (sigmoid, lambda w: sigmoid(w) * sigmoid(-w), -30.0),
    (sigmoid, lambda w: sigmoid(w) * sigmoid(-w), -100.0),
    (lambda w: math.log(1 - sigmoid(w)), lambda w: -sigmoid(w), 20.0),
    (math.exp, math.exp, 300.0),
    (math.exp, math.exp, -300.0),
    (lambda w: w**4, lambda w: 4 * w**3, 1e-4),
    (lambda w: w * w, lambda w: 2 * w, 1e-9),
    (math.sqrt, lambda w: 0.5 / math.sqrt(w), 1e-9),
    (abs, lambda w: 1.0, 1e-5),
    (lambda w: max(w, 0.0), lambda w: 1.0, 1e-9),
    (lambda w: w + (w > 1), lambda w: 1.0, 1.0001),
    (lambda w: w + (w > 1), lambda w: 1.0, 1.0),
]


@pytest.mark.parametrize("number", range(len(HARD)))
def test_hard_slopes(number: int) -> None:
    f, slope, w = HARD[number]
    right = slope(w)
    assert verdict(f, right, w)[0] == "pass"
    for factor in (-1.0, 1.05, 0.99, 2.0, 0.0):
        assert verdict(f, factor * right, w)[0] == "fail", factor


@pytest.mark.parametrize(
    ("f", "gradient", "w"),
    [
        (lambda w: w * w, 0.0, 0.0),
        (lambda w: w**4, 0.0, 0.0),
        (lambda w: math.cos(w), 0.0, 0.0),
        (lambda w: 3.0, 0.0, 1.0),
        (lambda w: 0.0, 0.0, 1.0),
        (lambda w: max(w, 0.0) + 1.0, 0.0, -1.0),
    ],
)
def test_zero_is_zero(f: Scalar, gradient: float, w: float) -> None:
    assert verdict(f, gradient, w) == ("pass", "")


@pytest.mark.parametrize("factor", [1.0, -1.0, 1.05, 0.0])
def test_what_no_difference_can_see_is_unsure(factor: float) -> None:
    right = sigmoid(30.0) * sigmoid(-30.0)
    found = verdict(sigmoid, factor * right, 30.0)
    assert found == (("fail", "rule") if factor < 0 else ("unsure", "unsettled"))
    assert verdict(lambda w: 1e6 + 1e-12 * w, factor * 1e-12 or 1e-13, 0.5) == ("unsure", "unsettled")


@pytest.mark.parametrize(
    ("f", "gradient", "expected"),
    [
        (lambda w: max(w, 0.0), 0.0, ("pass", "corner")),
        (lambda w: max(w, 0.0), 1.0, ("pass", "corner")),
        (lambda w: max(w, 0.0), 0.5, ("pass", "corner")),
        (lambda w: max(w, 0.0), -1.0, ("fail", "corner")),
        (lambda w: max(w, 0.0), 1.05, ("fail", "corner")),
        (abs, 0.0, ("pass", "corner")),
        (lambda w: w if w > 0 else 0.01 * w, 0.01, ("pass", "corner")),
        (lambda w: w if w > 0 else 0.01 * w, 0.0, ("fail", "corner")),
        (lambda w: math.floor(w + 2.0), 0.0, ("pass", "jump")),
        (lambda w: math.floor(w + 2.0), 1.0, ("fail", "jump")),
        (lambda w: max(w, 0.0) - max(-w, 0.0), 1.0, ("pass", "")),
        (lambda w: max(w, 0.0) - max(-w, 0.0), 0.0, ("fail", "rule")),
    ],
)
def test_corners_are_recognised_from_outside(f: Scalar, gradient: float, expected: tuple[str, str]) -> None:
    assert verdict(f, gradient, 0.0) == expected


@pytest.mark.parametrize(("gradient", "expected"), [(0.0, "pass"), (1.0, "pass"), (5.0, "fail"), (11.0, "fail")])
def test_a_corner_beside_another(gradient: float, expected: str) -> None:
    """Wide steps leap over the second one and see a slope of 11, which does not lead to the value here."""
    assert verdict(lambda w: 1.0 + max(w, 0.0) + 10 * max(w - 1e-4, 0.0), gradient, 0.0) == (expected, "corner")


TIES: list[tuple[Any, list[float], list[list[float]], list[list[float]]]] = [
    (np.max, [1, 1, 0], [[0.5, 0.5, 0], [1, 0, 0], [0, 1, 0]], [[1, 1, 0], [0, 0, 0], [1, 0.5, 0]]),
    (np.min, [2, 2, 2], [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]], [[1, 1, 1], [0, 0, 0]]),
    (lambda x: abs(x[0] - x[1]) + x[2], [3, 3, 1], [[0, 0, 1], [1, -1, 1]], [[1, 1, 1], [1, 0, 1]]),
    (lambda x: max(x[0], 0) - max(x[1], 0) + 2 * x[2], [0, 0, 1], [[0, 0, 2], [1, 0, 2], [1, -1, 2]], [[1, 1, 2]]),
    (lambda x: abs(x).sum(), [0, 0, 0], [[0, 0, 0], [1, -1, 1]], [[2, 0, 0]]),
]


@pytest.mark.parametrize(("f", "x", "right", "wrong"), TIES)
def test_a_corner_that_several_share_is_judged_together(f: Any, x: Any, right: Any, wrong: Any) -> None:
    def status(gradient: list[float]) -> int:
        return bp.check_function(lambda p: (float(f(p["x"])), {"x": gradient}), {"x": np.array(x, float)}).status

    assert [status(g) for g in right] == [0] * len(right)
    assert [status(g) for g in wrong] == [1] * len(wrong)


def test_dead_units_that_start_at_zero_are_no_tie() -> None:
    """relu(x @ 0) is on a corner in every weight, and relu'(0) = 0 is as good as any."""
    r = np.random.default_rng(2)
    x, v = r.normal(size=(3, 2)), np.array([1.0, -2.0])

    def f(p: dict[str, Any]) -> Any:
        return float(np.maximum(x @ p["W"], 0).sum(0) @ v), {"W": np.zeros((2, 2))}

    report = bp.check_function(f, {"W": np.zeros((2, 2))})
    assert report.count("fail") == 0


def test_both_slopes_of_a_corner_are_shown() -> None:
    (row,) = bp.check_function(lambda p: (abs(p["w"]), {"w": 0.0}), {"w": 0.0}).rows
    assert (row.left, row.right, row.note) == (pytest.approx(-1), pytest.approx(1), "the loss is on a corner here")


def test_not_a_number_is_wrong() -> None:
    assert verdict(lambda w: math.nan, 1.0, 1.0) == ("fail", "nonfinite")
    assert verdict(lambda w: w, math.nan, 1.0) == ("fail", "nonfinite")
    assert verdict(lambda w: w, 1.0, math.inf) == ("fail", "nonfinite")
    (row,) = bp.check_function(lambda p: (p["w"], {"w": math.nan}), {"w": 1.0}).rows
    assert (row.numerical, row.note) == (pytest.approx(1), "its gradient is NaN")


def test_the_domain_may_end_nearby() -> None:
    assert verdict(math.log, 1e5, 1e-5)[0] == "pass"
    assert verdict(lambda w: w**1.5 if w >= 0 else math.nan, 0.0, 0.0)[0] in ("pass", "unsure")
    assert verdict(lambda w: 0.5 + w if w >= 1 else math.nan, 1.0, 1.0) == ("pass", "")
    assert verdict(lambda w: 0.5 + w if w >= 1 else math.nan, 2.0, 1.0)[0] != "pass"


# Networks, right and wrong, in float64, in float32 and with six digits.


def network(seed: int, dtype: Any = np.float64, digits: int = 0) -> tuple[dict[str, Any], Any]:
    """A dense network of 1 to 8 layers, and its loss and gradients by hand."""
    rng = np.random.default_rng(seed)
    depth, kind = (1, 2, 4, 8)[seed % 4], ("sigmoid", "tanh", "relu")[seed % 3]
    widths = [3, *[3] * depth]
    p = {f"W{k}": rng.normal(size=(widths[k], 3)) / math.sqrt(3) for k in range(depth)}
    p |= {f"b{k}": rng.normal(size=3) * 0.1 for k in range(depth)} | {"v": rng.normal(size=3)}
    x, y = rng.normal(size=(4, 3)).astype(dtype), rng.normal(size=4).astype(dtype)

    def f(p: dict[str, Any], fault: float = 1.0) -> tuple[float, dict[str, Any]]:
        p = {name: value.astype(dtype) for name, value in p.items()}
        acts, zs = [x], []
        for k in range(depth):
            zs.append(acts[-1] @ p[f"W{k}"] + p[f"b{k}"])
            z = zs[-1]
            squash = {"sigmoid": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh, "relu": lambda z: z * (z > 0)}
            acts.append(squash[kind](z))
        off = acts[-1] @ p["v"] - y
        g, da = {"v": acts[-1].T @ off / 4}, np.outer(off / 4, p["v"])
        for k in reversed(range(depth)):
            a = acts[k + 1]
            dz = da * (a * (1 - a) if kind == "sigmoid" else 1 - a * a if kind == "tanh" else zs[k] > 0)
            g |= {f"W{k}": acts[k].T @ dz, f"b{k}": dz.sum(0)}
            da = dz @ p[f"W{k}"].T
        loss = float((off * off).mean() / 2)
        g = {name: value * fault for name, value in g.items()}
        if digits:
            g = {name: np.vectorize(lambda x: float(f"{x:.{digits}g}"))(value) for name, value in g.items()}
            return float(f"{loss:.{digits}g}"), g
        return loss, g

    return p, f


def counted(seeds: range, fault: float, **options: Any) -> Counter[str]:
    found: Counter[str] = Counter()
    for seed in seeds:
        p, f = network(seed, **options)
        rows = bp.check_function(lambda q, f=f: f(q, fault), p).rows
        found.update(row.verdict for row in rows if fault == 1.0 or row.numerical)
    return found


def test_float64_networks_are_all_judged() -> None:
    assert set(counted(range(12), 1.0)) == {"pass"}


@pytest.mark.slow
@pytest.mark.parametrize("fault", [-1.0, 1.05, 0.99, 0.0])
def test_float64_networks_with_a_fault_are_all_found(fault: float) -> None:
    assert set(counted(range(12), fault)) == {"fail"}


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"dtype": np.float32}, {"digits": 6}], ids=["float32", "six digits"])
def test_coarse_losses_raise_no_false_alarm_and_miss_nothing(options: dict[str, Any]) -> None:
    right = counted(range(6, 12), 1.0, **options)
    assert right["fail"] == 0
    assert right["pass"] > 2 * right["unsure"] / 3
    for fault in (-1.0, 0.95):
        wrong = counted(range(6, 12), fault, **options)
        assert wrong["pass"] == 0
        assert wrong["fail"] > wrong["unsure"] or fault > 0


def test_a_float32_loss_is_named() -> None:
    p, f = network(5, dtype=np.float32)
    assert "The loss is a float32 number: float64 makes the check far sharper." in bp.check_function(f, p).notes


# What it takes and gives.


def test_gradients_may_stand_apart() -> None:
    x = {"w": 3.0, "b": np.array([1.0, 2.0])}

    def loss(p: dict[str, Any]) -> Any:
        return p["w"] ** 2 * p["b"].sum()

    def slopes(p: dict[str, Any]) -> dict[str, Any]:
        return {"dw": 2 * p["w"] * p["b"].sum(), "grad_b": np.full(2, p["w"] ** 2)}

    assert bp.check_function(loss, x, slopes).status == 0
    report = bp.check_function(loss, x, {"dL/dw": 18.0, "b": [9.0, 8.0]})
    assert [(row.label, row.verdict) for row in report.rows] == [("w", "pass"), ("b[0]", "pass"), ("b[1]", "fail")]
    assert (report.judged, report.size, report.loss, report.status) == ("yours", 3, 27.0, 1)


def test_a_function_may_change_what_it_is_given() -> None:
    def f(p: dict[str, Any]) -> Any:
        p["b"] *= 2.0
        p["w"] = 0.0
        return float((p["b"] ** 2).sum()), {"w": 0.0, "b": 4.0 * p["b"]}

    given = {"w": 1.0, "b": np.array([1.0, -2.0])}
    assert bp.check_function(f, given).status == 0
    assert given["b"].tolist() == [1.0, -2.0]


def test_torch_gradients() -> None:
    torch = pytest.importorskip("torch")

    def f(p: dict[str, Any]) -> Any:
        leaves = {name: torch.tensor(value, dtype=torch.float64, requires_grad=True) for name, value in p.items()}
        loss = torch.tanh(leaves["W"] @ torch.ones(3, dtype=torch.float64)).pow(2).sum() * leaves["s"]
        loss.backward()
        return loss, {name: leaf.grad for name, leaf in leaves.items()}

    assert bp.check_function(f, {"W": np.arange(6.0).reshape(2, 3) / 10, "s": 1.5}).status == 0


def test_its_own_step() -> None:
    report = bp.check_function(lambda p: (p["w"] ** 2, {"w": 6.0}), {"w": 3.0}, eps=0.1, difference="forward")
    (row,) = report.rows
    assert (row.numerical, row.bound, row.verdict) == (pytest.approx(6.1), pytest.approx(0.1), "pass")


def test_one_name_alone() -> None:
    report = bp.check_function(lambda p: (p["w"] * p["b"], {"w": p["b"], "b": 0.0}), {"w": 3.0, "b": 2.0}, names=["w"])
    assert [(row.name, row.verdict) for row in report.rows] == [("w", "pass")]


@pytest.mark.slow
def test_many_parameters_are_sampled_by_a_seed() -> None:
    def f(p: dict[str, Any]) -> Any:
        return float((p["W"] ** 2).sum() / 2 + (p["v"] ** 2).sum() / 2), {"W": p["W"], "v": p["v"]}

    given = {"W": np.random.default_rng(0).normal(size=20_000), "v": np.random.default_rng(1).normal(size=3)}
    first, again, other = (bp.check_function(f, given, seed=seed) for seed in (0, 0, 1))
    coverage = first.coverage
    assert coverage is not None
    assert (coverage.checked, coverage.total, coverage.directions, coverage.differing) == (68, 20_003, 4, 0)
    assert {row.name for row in first.rows} == {"W", "v"}
    assert [row.index for row in first.rows] == [row.index for row in again.rows] != [row.index for row in other.rows]
    assert first.status == 0


# Many parameters: what no single entry of a sample shows, a direction over all of them does.


def wide(inputs: int, hidden: int, dtype: Any = np.float64, seed: int = 0) -> tuple[dict[str, Any], Any]:
    """A tanh layer and softmax, and the loss and gradients by hand; `f(p, bug)` spoils the gradients."""
    r = np.random.default_rng(seed)
    p = {
        "W1": r.normal(size=(inputs, hidden)) / inputs**0.5,
        "b1": np.zeros(hidden),
        "W2": r.normal(size=(hidden, 10)) / hidden**0.5,
        "b2": np.zeros(10),
    }
    x, y, rows = r.normal(size=(16, inputs)).astype(dtype), r.integers(0, 10, 16), np.arange(16)

    def f(p: dict[str, Any], bug: Any = None) -> tuple[float, dict[str, Any]]:
        p = {k: v.astype(dtype) for k, v in p.items()}
        a = np.tanh(x @ p["W1"] + p["b1"])
        s = a @ p["W2"] + p["b2"]
        e = np.exp(s - s.max(1, keepdims=True))
        d = e / e.sum(1, keepdims=True)
        loss = -np.log(d[rows, y]).mean()
        d[rows, y] -= 1
        d /= 16
        dz = d @ p["W2"].T * (1 - a * a)
        g = {"W2": a.T @ d, "b2": d.sum(0), "W1": x.T @ dz, "b1": dz.sum(0)}
        if bug is not None:
            bug(g)
        return float(loss), g

    return p, f


def flipped(g: dict[str, Any]) -> None:
    g["W1"][:, 33] *= -1


def one_percent(g: dict[str, Any]) -> None:
    g["W1"][5, 7] *= 1.01


def exchanged(g: dict[str, Any]) -> None:
    g["W1"][5, 7], g["W1"][5, 8] = g["W1"][5, 8], g["W1"][5, 7]


@pytest.mark.slow
@pytest.mark.parametrize("bug", [flipped, one_percent, exchanged])
def test_no_entry_of_many_is_left_out(bug: Any) -> None:
    p, f = wide(100, 100)
    report = bp.check_function(lambda q: f(q, bug), p)
    wrong = [row.label for row in report.rows if row.verdict == "fail"]
    assert report.status == 1
    assert "W1[5, 7]" in wrong if bug is not flipped else all(label.endswith(", 33]") for label in wrong)
    assert bug is not flipped or any(note.endswith("that were found are in W1[:, 33].") for note in report.notes)


@pytest.mark.slow
def test_a_hundred_thousand_parameters() -> None:
    p, f = wide(784, 127)
    report = bp.check_function(lambda q: f(q, flipped), p)
    assert report.status == 1
    assert {row.index[1] for row in report.rows if row.verdict == "fail"} == {33}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_many_right_ones_raise_no_alarm(dtype: Any) -> None:
    p, f = wide(60, 60, dtype)
    report = bp.check_function(f, p)
    assert report.count("fail") == 0
    assert report.coverage is not None
    assert (report.coverage.total, report.coverage.differing) == (4270, 0)
    assert dtype is np.float32 or report.status == 0


def test_one_entry_of_a_rule_over_a_whole_array() -> None:
    m = np.random.default_rng(3).normal(size=(2500, 40)) / 50

    def f(p: dict[str, Any]) -> Any:
        out = np.tanh(p["w"] @ m)
        g = m @ (2 * out * (1 - out * out))
        g[1234] *= 1.01
        return float((out**2).sum()), {"w": g}

    report = bp.check_function(f, {"w": np.random.default_rng(4).normal(size=2500)})
    assert [row.label for row in report.rows if row.verdict == "fail"] == ["w[1234]"]


def test_the_headline_says_what_was_looked_at() -> None:
    from backpropcli.notation.numbers import Precision
    from backpropcli.report.check_page import check_page

    p, f = wide(100, 100)
    right, wrong = (
        check_page(bp.check_function(lambda q, b=bug: f(q, b), p), "net", Precision(6)).headline
        for bug in (None, one_percent)
    )
    assert "178 of 11,110 gradients and 4 random directions over all are right" in right
    assert "1 wrong of 179 gradients that were looked at (11,110 in all)" in wrong


@pytest.mark.parametrize(
    ("f", "parameters", "message"),
    [
        (lambda p: p["w"], {"w": 1.0}, "the function gives a loss and no gradients"),
        (lambda p: (p["w"], 1.0), {"w": 1.0}, "the gradients of the function should be a dict of names, not a float"),
        (lambda p: (p["w"], {"v": 1.0}), {"w": 1.0}, "there is a gradient for v, which is no parameter"),
        (lambda p: (p["w"], {}), {"w": 1.0}, "there is no gradient for w"),
        (lambda p: (p["w"], {"w": [1.0, 2.0]}), {"w": 1.0}, r"the gradient of w has shape \(2,\), but w has \(\)"),
        (lambda p: (p["w"], {"w": 1.0}), {"w": [1.0, 2.0]}, r"the loss of the function has shape \(2,\)"),
        (lambda p: ("1", {"w": 1.0}), {"w": 1.0}, 'the loss of the function is the text "1", not a number'),
        (lambda p: (p["w"], {"w": 1.0}), {}, "nothing to check: there are no parameters"),
        (lambda p: (p["w"], {"w": 1.0}), {"w": [[1.0], [1.0, 2.0]]}, "w has rows of different lengths"),
        (lambda p: (3.0, {"w": 1.0}), {"w": 1.0}, "the function gives the same loss whatever its parameters are"),
    ],
)
def test_what_does_not_fit_is_an_error(f: Any, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(bp.BackpropError, match=message):
        bp.check_function(f, parameters)


def test_a_function_that_is_not_steady() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(bp.BackpropError, match="is not steady: the same parameters gave the losses"):
        bp.check_function(lambda p: (p["w"] * rng.random(), {"w": 1.0}), {"w": 1.0})


def test_what_the_function_raises_goes_through() -> None:
    with pytest.raises(KeyError):
        bp.check_function(lambda p: (p["v"], {"w": 1.0}), {"w": 1.0})


# How finely values are told.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (repr, Resolution()),
        (lambda x: f"{x:.6g}", Resolution(6, 9)),
        (lambda x: f"{x:f}", Resolution(6, 6)),
        (lambda x: repr(float(np.float32(x))), Resolution(single=True)),
        (lambda x: f"{np.float32(x):.9g}", Resolution(9, 12, single=True)),
    ],
)
def test_printed_digits(text: Callable[[float], str], expected: Resolution) -> None:
    values = [0.0298371109 * (1 + 0.31 * k) for k in range(40)] + [0.00123456789]
    found = resolution(float(text(x)) for x in values)
    assert (found.single, bool(found.digits)) == (expected.single, bool(expected.digits))
    if expected.digits == 6:
        assert found.unit(0.0298371) == pytest.approx(1e-6 if expected.decimals == 6 else 1e-7)


def test_simple_numbers_are_not_taken_for_rounded_ones() -> None:
    assert resolution([1.0, 2.0, 0.5, 0.25, 6.0, 4.0]) == Resolution()
    assert resolution([0.298371, 0.298371, 0.298371]) == Resolution()
    assert resolution([]) == Resolution()


def test_noise_is_measured() -> None:
    rng = np.random.default_rng(1)
    for level in (1e-15, 1e-9, 1e-3):
        values = [math.sin(1.0 + 1e-6 * level * k) + level * rng.normal() for k in range(9)]
        assert level / 4 < (noise(values) or 0.0) < 4 * level
    assert noise([float(k * k) for k in range(9)]) is None
    assert flat([1.0] * 9)
    assert not flat([float(k) for k in range(9)])
