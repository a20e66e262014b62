"""Random calls of NumPy's functions in formulas: NumPy's own values and refusals, and gradients by complex steps."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backpropcli as bp
from backpropcli.errors import BackpropError

ALONG = """sum mean max min prod ptp std var median nansum nanmean nanprod nanmax nanmin nanvar nanstd"""
ONE_AXIS = """sort cumsum cumprod diff"""
PAIRS = """mod fmod remainder floor_divide fmax fmin logaddexp2 kron outer maximum"""
ONE = """sinc nan_to_num ediff1d atleast_1d atleast_2d atleast_3d isfinite round"""
KINDS = """along axis pair one pad take cross tensordot quantile window convolve solve trapezoid gradient rot90 join
    split clip round"""
SHAPES = st.lists(st.integers(1, 3), max_size=3).map(tuple)
Call = tuple[str, list[Any], list[Any], dict[str, Any]]


def numbers(draw: Any, shape: tuple[int, ...], missing: bool = False) -> Any:
    array = np.random.default_rng(draw(st.integers(0, 10**6))).normal(size=shape).round(3)
    if missing and array.ndim:
        array[np.random.default_rng(draw(st.integers(0, 99))).random(shape) < 0.3] = np.nan
    return array


@st.composite
def calls(draw: Any) -> Call:
    """A function, its arrays, what else stands between the parentheses, and its options."""
    kind = draw(st.sampled_from(KINDS.split()))
    shape, rank = (s := draw(SHAPES)), len(s)
    beyond = draw(st.integers(0, 9)) == 0
    axes = st.integers(-rank - 1, rank) if beyond else st.integers(-max(rank, 1), max(rank - 1, 0))
    axis = draw(st.none() | axes)
    keep = draw(st.sampled_from([{}, {"keepdims": True}]))
    a = numbers(draw, shape)
    match kind:
        case "along":
            name = draw(st.sampled_from(ALONG.split()))
            return name, [numbers(draw, shape, name.startswith("nan"))], [], {"axis": axis, **keep}
        case "axis":
            name = draw(st.sampled_from(ONE_AXIS.split()))
            return name, [a], [], {} if axis is None and name == "diff" else {"axis": axis}
        case "pair":
            other = tuple(draw(st.sampled_from([1, n])) for n in shape[draw(st.integers(0, rank)) :])
            b = numbers(draw, other)
            return draw(st.sampled_from(PAIRS.split())), [a, np.where(np.abs(b) < 0.05, 0.7, b)], [], {}
        case "one":
            return draw(st.sampled_from(ONE.split())), [a], [], {}
        case "pad":
            mode = draw(st.sampled_from(["constant", "edge", "reflect", "symmetric", "wrap"]))
            width = tuple((draw(st.integers(0, 3)), draw(st.integers(0, 3))) for _ in shape) or 0
            more = {"constant_values": draw(st.sampled_from([0, -1.5, (1, 2)]))} if mode == "constant" else {}
            return "pad", [a], [width], {"mode": mode, **more}
        case "take":
            count = a.size if axis is None else shape[axis] if rank and -rank <= axis < rank else 2
            places = np.random.default_rng(draw(st.integers(0, 99))).integers(-count, count, size=draw(SHAPES))
            return "take", [a, places], [], {"axis": axis}
        case "cross":
            three = (*shape[:2], 3)
            return "cross", [numbers(draw, three), numbers(draw, three)], [], draw(st.sampled_from([{}, {"axisc": 0}]))
        case "tensordot":
            k = draw(st.integers(0, rank))
            return "tensordot", [a, numbers(draw, (*shape[rank - k :], 2))], [k], {}
        case "quantile":
            return "quantile", [a], [draw(st.sampled_from([0, 0.25, 0.7, 1, 1.5]))], {"axis": axis, **keep}
        case "window":
            return "lib.stride_tricks.sliding_window_view", [a], [tuple(draw(st.integers(1, n + 1)) for n in shape)], {}
        case "convolve":
            pair = [numbers(draw, (draw(st.integers(1, 5)),)) for _ in range(2)]
            name = draw(st.sampled_from(["convolve", "correlate"]))
            return name, pair, [], {"mode": draw(st.sampled_from(["full", "same", "valid"]))}
        case "solve":
            n = draw(st.integers(1, 4))
            name = draw(st.sampled_from(["linalg.inv", "linalg.det", "linalg.solve"]))
            right = [numbers(draw, draw(st.sampled_from([(n,), (n, 2)])))] if name == "linalg.solve" else []
            return name, [numbers(draw, (*shape[:1], n, n)), *right], [], {}
        case "trapezoid":
            return "trapezoid", [a], [], {"axis": axis or 0, "dx": 0.5}
        case "gradient":
            return "gradient", [a], [2.0], {"axis": axis or 0, "edge_order": draw(st.sampled_from([1, 2]))}
        case "rot90":
            return "rot90", [a], [draw(st.integers(-3, 5))], {}
        case "join":
            name = draw(st.sampled_from(["column_stack", "dstack", "vstack", "hstack", "stack", "concatenate"]))
            return name, [[a, numbers(draw, shape)]], [], {}
        case "split":
            parts = draw(st.integers(1, 4) | st.lists(st.integers(-2, 4), max_size=3))
            return draw(st.sampled_from(["split", "array_split"])), [a], [parts], {"axis": axis or 0}
        case "clip":
            return "clip", [a], draw(st.sampled_from([[0, None], [None, 0.5], [-0.5, 0.5]])), {}
    return "round", [a * 100], [], {"decimals": draw(st.integers(-2, 3))}


def written(value: Any) -> str:
    """A literal of the language."""
    if isinstance(value, tuple | list):
        inner = ", ".join(map(written, value))
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' * (len(value) == 1)})"
    return repr(value)


STRICTER = ("leaves nothing to divide by", "a plain number has no axes", "it does not compare two values")
"""What we refuse on purpose where NumPy answers: an axis of a number, a variance of too few."""


@settings(max_examples=250)
@given(calls())
@np.errstate(all="ignore")
@pytest.mark.filterwarnings("ignore")
def test_values_refusals_and_gradients(call: Call) -> None:
    name, arrays, others, options = call
    function: Any = np
    for part in name.split("."):
        function = getattr(function, part)
    part = "[0]" if "split" in name else ""
    names: dict[str, Any] = {}

    def named(array: Any) -> str:
        names[f"p{len(names)}"] = array
        return f"p{len(names) - 1}"

    words = [f"[{', '.join(map(named, a))}]" if isinstance(a, list) else named(a) for a in arrays]
    words += [*map(written, others), *(f"{key}={written(value)}" for key, value in options.items())]
    text = f"np.{name}({', '.join(words)})"
    labels = {"p1": names.pop("p1").tolist()} if name == "take" else {}
    data = {"inputs": labels, "parameters": {key: value.tolist() for key, value in names.items()}}
    spec = json.dumps({**data, "nodes": {"y": text + part, "J": "sum(y) + 0.5*sum(y*y)"}}).replace("NaN", ".nan")
    try:
        expected = function(*arrays, *others, **options)
        expected = np.asarray(expected[0] if part else expected, float)
    except Exception:  # whatever NumPy refuses it with
        with pytest.raises(BackpropError):
            bp.loads(spec)
        return
    network, refusal = None, ""
    try:
        network = bp.loads(spec)
    except BackpropError as error:
        refusal = error.message
    if network is None:
        assert any(said in refusal for said in STRICTER), (text, refusal)
        return
    found = np.asarray(network.run().value("y"))
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12, err_msg=text)
    assert found.shape == expected.shape
    if found.size and np.isfinite(found).all() and math.isfinite(network.run().value("J")):
        assert network.check(against="complex").verdict != "fail", text


@settings(max_examples=150)
@given(st.data())
def test_einsum(data: st.DataObject) -> None:
    sizes = {c: data.draw(st.integers(1, 3)) for c in "abc"}
    dots = tuple(data.draw(st.lists(st.integers(1, 3), max_size=2)))
    terms, arrays = [], []
    for _ in range(data.draw(st.integers(1, 4))):
        letters = data.draw(st.lists(st.sampled_from("abc"), max_size=3))
        shape = [sizes[c] if data.draw(st.integers(0, 5)) else 1 for c in letters]
        if dots and data.draw(st.booleans()):
            at = data.draw(st.integers(0, len(letters)))
            letters[at:at], shape[at:at] = ["..."], dots[data.draw(st.integers(0, len(dots))) :]
        terms.append("".join(letters))
        arrays.append(np.random.default_rng(len(arrays)).normal(size=shape).round(3))
    text = ",".join(terms)
    if data.draw(st.booleans()):
        known = sorted(set(text) - set(".,"))
        output = data.draw(st.permutations(known))[: data.draw(st.integers(0, 3))]
        text += "->" + "..." * data.draw(st.booleans()) + "".join(output)
    names = [f"p{k}" for k in range(len(arrays))]
    nodes = {"y": f"einsum('{text}', {', '.join(names)})", "J": "sum(y) + 0.5*sum(y*y)"}
    spec = json.dumps({"parameters": {n: a.tolist() for n, a in zip(names, arrays, strict=True)}, "nodes": nodes})
    try:
        expected = np.einsum(text, *arrays)
    except ValueError:
        with pytest.raises(BackpropError):
            bp.loads(spec)
        return
    network = bp.loads(spec)
    np.testing.assert_allclose(network.run().value("y"), expected, rtol=1e-12, atol=1e-12)
    assert network.check(against="complex").verdict != "fail"
