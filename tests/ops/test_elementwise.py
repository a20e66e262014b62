"""Every elementwise operation, at every one of its samples, against oracles that share nothing with its bodies.

The tests are made from the table. The oracles: its own textbook formulas, read by SymPy and worked out with mpmath to
a thousand digits; SymPy's derivative of the formula; mpmath's numerical derivative; the complex step.
"""

import math
import re
from functools import cache

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from backpropcli.ops.definition import Elementwise
from backpropcli.ops.numbers import array, complexstep, precise, scalar
from backpropcli.ops.table import TABLE, lookup

OPERATIONS = [o for o in TABLE.values() if isinstance(o, Elementwise)]
CASES = [pytest.param(o, s, id=f"{o.name}{s}") for o in OPERATIONS for s in o.samples]
PARTIALS = [
    pytest.param(o, s, k, id=f"{o.name}{s}.{o.arguments[k]}")
    for o in OPERATIONS
    for s in o.samples
    for k in range(len(o.arguments))
]
SLOPES = [c for c in PARTIALS if (o := c.values[0]).arguments[c.values[2]] not in o.fixed]
LOGIC = {"logical_and", "logical_or", "logical_not"}
DIGITS = 1000


# Oracles.


def choose(condition, a, b):
    holds = condition if isinstance(condition, sympy.logic.boolalg.Boolean) else sympy.Ne(condition, 0)
    return sympy.Piecewise((a, holds), (b, True))


NAMES = {
    "where": choose,
    "maximum": lambda a, b: choose(a > b, a, b),
    "minimum": lambda a, b: choose(a < b, a, b),
    "clip": lambda z, low, high: choose(z < low, low, choose(z > high, high, z)),
    "step": lambda z: choose(z > 0, sympy.Integer(1), sympy.Integer(0)),
    "sigmoid": lambda z: 1 / (1 + sympy.exp(-z)),
    "softplus": lambda z: sympy.log(1 + sympy.exp(z)),
    "sign": lambda z: choose(z > 0, sympy.Integer(1), choose(z < 0, sympy.Integer(-1), sympy.Integer(0))),
    "trunc": lambda z: sympy.sign(z) * sympy.floor(sympy.Abs(z)),
    "ceil": sympy.ceiling,
    "round": lambda z: sympy.Function("nint")(z),
    "erf": sympy.erf,
    "inf": sympy.oo,
    "stop_gradient": lambda z: z,
    **{"arc" + name: getattr(sympy, "a" + name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "tan2")},
}


@cache
def read(text, arguments):
    """A formula of ours as SymPy reads it (our own text, in a test: never a user's)."""
    symbols = {name: sympy.Symbol(name, real=True) for name in ("y", *arguments)}
    text = re.sub(r"(\w+) == (\w+)", r"Eq(\1, \2)", re.sub(r"(\w+) != (\w+)", r"Ne(\1, \2)", text))
    return sympy.sympify(text, locals={**NAMES, **symbols}), [symbols[name] for name in ("y", *arguments)]


def work_out(expression, symbols, numbers):
    """A number, to a thousand digits; None where there is none or it is complex."""
    with mpmath.workdps(DIGITS):
        function = sympy.lambdify(symbols, expression, modules=["mpmath"])
        try:
            result = mpmath.mpmathify(function(*map(mpmath.mpf, numbers)))
        except (ZeroDivisionError, ValueError):
            return None
        return result if isinstance(result, mpmath.mpf) and not mpmath.isnan(result) else None


@cache
def textbook_value(operation, sample):
    expression, symbols = read(operation.formula, operation.arguments)
    return work_out(expression, symbols, (0, *sample))


def bodies(body, *arguments):
    """A body on plain floats, and where they raise, on NumPy's, as the engine runs it."""
    try:
        return float(body(scalar.xp, *arguments))
    except (ArithmeticError, ValueError):
        with np.errstate(all="ignore"):
            return float(body(array.xp, *map(np.float64, arguments)))


def value(operation, sample):
    return bodies(operation.value, *sample)


def partial(operation, sample, k):
    return bodies(operation.partials[k], value(operation, sample), *sample)


def on_corner(operation, sample):
    """Whether the branch changes within a tiny step of the sample."""
    if operation.branch is None:
        return False
    here = bodies(operation.branch, *sample)
    for k, x in enumerate(sample):
        for step in (-1e-12, 1e-12):
            moved = (*sample[:k], x + step * max(1.0, abs(x)), *sample[k + 1 :])
            if bodies(operation.branch, *moved) != here:
                return True
    return False


def has_no_slope(operation, sample):
    """At a corner, where a value is held, or where a power's base is at the edge of its domain (tested by hand)."""
    return operation.stops or on_corner(operation, sample) or (operation.name == "power" and sample[0] == 0)


def close(found, expected, relative=1e-13):
    expected = float(expected)
    return found == expected or abs(found - expected) <= relative * abs(expected)


# Values.


@pytest.mark.parametrize(("operation", "sample"), CASES)
def test_value_is_the_textbook_formula(operation, sample):
    if operation.name in LOGIC:
        truth = [x != 0 for x in sample]
        expected = {"logical_and": all(truth), "logical_or": any(truth), "logical_not": not truth[0]}[operation.name]
    else:
        expected = textbook_value(operation, sample)
    assert close(value(operation, sample), expected)


@pytest.mark.slow
@pytest.mark.parametrize(("operation", "sample"), CASES)
def test_ordinary_points_never_raise(operation, sample):
    """A scalar body that raises is run again with NumPy: right, and slow."""
    y = operation.value(scalar.xp, *sample)
    for k, body in enumerate(operation.partials):
        if (operation.name, operation.arguments[k]) != ("power", "n") or sample[0] >= 0:
            body(scalar.xp, y, *sample)


# Partials.


@pytest.mark.parametrize(("operation", "sample", "k"), PARTIALS)
def test_partial_is_the_textbook_form(operation, sample, k):
    """At corners too: the textbook form states the convention."""
    if operation.name in LOGIC:
        assert operation.textbook[k] == "0"
        assert partial(operation, sample, k) == 0
        return
    expression, symbols = read(operation.textbook[k], operation.arguments)
    expected = work_out(expression, symbols, (textbook_value(operation, sample), *sample))
    if expected is None:
        assert operation.name == "power"  # 0 * 0**-1, 0 * log(0), log(-2): see below
        assert sample[0] <= 0
    else:
        assert close(partial(operation, sample, k), expected)


@pytest.mark.slow
@pytest.mark.parametrize(("operation", "sample", "k"), PARTIALS)
def test_partial_is_sympys_derivative_of_the_formula(operation, sample, k):
    jumps = {"floor", "trunc"} & set(re.findall(r"\w+", operation.formula))
    flat = operation.group in ("rounding", "comparisons") or jumps
    if operation.name in LOGIC or flat or has_no_slope(operation, sample):  # SymPy knows no derivative of floor
        return
    formula, symbols = read(operation.formula, operation.arguments)
    expected = work_out(sympy.diff(formula, symbols[k + 1]), symbols, (0, *sample))
    if expected is None:
        assert operation.name == "power"
        assert math.isnan(partial(operation, sample, k))
    else:
        assert close(partial(operation, sample, k), expected)


@pytest.mark.slow
@pytest.mark.parametrize(("operation", "sample", "k"), SLOPES)
def test_partial_is_mpmaths_derivative_of_the_precise_value(operation, sample, k):
    if has_no_slope(operation, sample):
        return
    with precise.mp.workdps(700):

        def along(x):
            return operation.value(precise.xp, *sample[:k], x, *sample[k + 1 :])

        expected = precise.mp.diff(along, precise.mp.mpf(sample[k]))
    found = partial(operation, sample, k)
    assert math.isnan(found) if precise.mp.isnan(expected) else close(found, expected)


@pytest.mark.parametrize(("operation", "sample", "k"), SLOPES)
def test_partial_is_the_complex_step(operation, sample, k):
    if has_no_slope(operation, sample) or 0 < min(map(abs, sample)) <= complexstep.H:
        return
    xp = complexstep.xp
    moved = [complexstep.start(x, float(j == k)) for j, x in enumerate(sample)]
    with np.errstate(all="ignore"):
        y = operation.value(xp, *moved)
    found, expected = float(complexstep.slope(y)), partial(operation, sample, k)
    assert float(complexstep.real(y)) == pytest.approx(value(operation, sample), rel=1e-14, abs=1e-50)
    assert (math.isnan(found) and math.isnan(expected)) or found == pytest.approx(expected, rel=1e-12, abs=1e-300)


@pytest.mark.slow
@pytest.mark.parametrize(("operation", "sample", "k"), PARTIALS)
def test_float64_agrees_with_fifty_digits(operation, sample, k):
    """The same bodies, on 50 digits: what rounding costs, and that they run there at all."""
    numbers = [precise.xp.number(x) for x in sample]
    y = operation.value(precise.xp, *numbers)
    slope = operation.partials[k](precise.xp, y, *numbers)
    assert close(value(operation, sample), y)
    found = partial(operation, sample, k)
    assert math.isnan(found) if precise.mp.isnan(slope) else close(found, slope)


# Arrays.


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
@pytest.mark.parametrize("copies", [1, array.MANY])
def test_arrays_are_scalars_side_by_side(operation, copies):
    columns = [np.tile(column, copies) for column in np.array(operation.samples).T]
    with np.errstate(all="ignore"):
        y = operation.value(array.xp, *columns)
        slopes = [np.broadcast_to(body(array.xp, y, *columns), y.shape) for body in operation.partials]
    for i, sample in enumerate(operation.samples):
        for found, expected in [
            (y, value(operation, sample)),
            *((slope, partial(operation, sample, k)) for k, slope in enumerate(slopes)),
        ]:
            many = found[i :: len(operation.samples)]
            assert np.array_equal(many, np.full(copies, many[0]), equal_nan=True) or copies > 1
            np.testing.assert_allclose(many, expected, rtol=2e-14, atol=0)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
@pytest.mark.parametrize("copies", [0, 1, array.MANY])
def test_float32_stays_float32(operation, copies):
    xp = array.namespace("float32")
    columns = [np.tile(column, copies) for column in np.clip(operation.samples, -1e30, 1e30).astype(np.float32).T]
    arguments = columns if copies else [np.float32(x) for x in operation.samples[0]]
    with np.errstate(all="ignore"):
        y = operation.value(xp, *arguments)
        assert y.dtype == np.float32
        for body in operation.partials:
            slope = body(xp, y, *arguments)
            assert type(slope) is float or slope.dtype == np.float32


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_complex_steps_go_through_arrays(operation):
    columns = np.array(operation.samples).T
    with np.errstate(all="ignore"):
        moved = operation.value(complexstep.xp, *map(complexstep.asarray, columns))
        np.testing.assert_allclose(complexstep.real(moved), operation.value(array.xp, *columns), rtol=1e-14, atol=0)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_precise_numbers_go_through_arrays(operation):
    columns = np.array(operation.samples).T
    result = operation.value(precise.xp, *map(precise.asarray, columns))
    for sample, found in zip(operation.samples, result, strict=True):
        assert found == operation.value(precise.xp, *map(precise.xp.number, sample))


# Branches and corners.


@pytest.mark.slow
@pytest.mark.parametrize(("operation", "sample", "k"), PARTIALS)
def test_every_corner_and_jump_is_announced_by_the_branch(operation, sample, k):
    """Away from a change of branch the slopes to the left and to the right are the same."""
    if has_no_slope(operation, sample) or (operation.name, k) == ("power", 1):
        return
    with precise.mp.workdps(700):
        step, x = precise.mp.mpf("1e-330"), precise.mp.mpf(sample[k])
        left, here, right = (
            operation.value(precise.xp, *sample[:k], moved, *sample[k + 1 :]) for moved in (x - step, x, x + step)
        )
        before, after = (here - left) / step, (right - here) / step
        assert abs(after - before) <= 1e-20 * max(abs(after), abs(before)) + 1e-320


@pytest.mark.parametrize("name", ["relu", "absolute", "step", "sign", "floor", "leaky_relu", "selu", "round"])
def test_corners_are_where_the_branch_changes(name):
    corner = 0.5 if name == "round" else 0.0
    operation = TABLE[name]
    assert on_corner(operation, (corner, *operation.defaults))
    assert not on_corner(operation, (corner + 0.3, *operation.defaults))


@pytest.mark.parametrize(
    ("name", "sample", "slopes"),
    [
        ("relu", (0.0,), (0,)),
        ("absolute", (0.0,), (0,)),
        ("relu6", (6.0,), (0,)),
        ("leaky_relu", (0.0, 0.01), (0.01, 0)),
        ("maximum", (2.0, 2.0), (0.5, 0.5)),
        ("minimum", (2.0, 2.0), (0.5, 0.5)),
        ("clip", (1.0, -1.0, 1.0), (1, 0, 0)),
        ("hard_tanh", (1.0,), (0,)),
        ("hypot", (0.0, 0.0), (0, 0)),
        ("power", (0.0, 0.0), (0, 0)),
        ("power", (0.0, 1.0), (1, 0)),
        ("power", (0.0, 2.0), (0, 0)),
        ("power", (0.0, 0.5), (math.inf, 0)),
        ("power", (-2.0, 2.0), (-4, math.nan)),
        ("power", (-8.0, 1 / 3), (math.nan, math.nan)),
        ("sqrt", (0.0,), (math.inf,)),
        ("cbrt", (0.0,), (math.inf,)),
        ("log", (0.0,), (math.inf,)),
        ("divide", (1.0, 0.0), (math.inf, -math.inf)),
    ],
)
def test_conventions_at_corners(name, sample, slopes):
    found = [partial(TABLE[name], sample, k) for k in range(len(sample))]
    np.testing.assert_array_equal(found, slopes)


def test_zero_to_the_zero_is_one():
    assert value(TABLE["power"], (0.0, 0.0)) == 1


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.group == "activations"], ids=lambda o: o.name)
def test_nan_goes_through_activations(operation):
    given_ones = len(operation.arguments) - len(operation.defaults)
    assert math.isnan(value(operation, (math.nan,) * given_ones + operation.defaults))


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("sigmoid", 0.0, 1.0),
        ("tanh", -1.0, 1.0),
        ("relu", 0.0, math.inf),
        ("softplus", 0.0, math.inf),
        ("log_sigmoid", -math.inf, 0.0),
        ("hard_sigmoid", 0.0, 1.0),
        ("elu", -1.0, math.inf),
        ("relu6", 0.0, 6.0),
        ("arctan", -math.pi / 2, math.pi / 2),
        ("erf", -1.0, 1.0),
        ("heaviside", 0.0, 1.0),
    ],
)
def test_limits_at_infinity(name, low, high):
    rest = TABLE[name].defaults or (0.5,) * (len(TABLE[name].arguments) - 1)
    assert value(TABLE[name], (-math.inf, *rest)) == low
    assert value(TABLE[name], (math.inf, *rest)) == high


# Anywhere between the samples.


SMOOTH = [
    o
    for o in OPERATIONS
    if len(o.arguments) == 1 and o.group in ("exponentials", "activations", "trigonometry", "powers")
]


@pytest.mark.slow
@pytest.mark.parametrize("operation", SMOOTH, ids=lambda o: o.name)
@given(where=st.floats(0, 1))
def test_float64_agrees_with_fifty_digits_anywhere(operation, where):
    low, high = operation.samples[0][0], operation.samples[-1][0]
    z = low + where * (high - low)
    exact = precise.xp.number(z)
    y = operation.value(precise.xp, exact)
    slope = operation.partials[0](precise.xp, y, exact)
    near_zero = 1e-15 if abs(z) < 3 else 0.0  # where gelu, silu and mish turn, a slope passes through 0
    assert close(value(operation, (z,)), y)
    assert abs(partial(operation, (z,), 0) - float(slope)) <= 1e-13 * abs(float(slope)) + near_zero


@pytest.mark.parametrize(
    ("name", "z", "expected"),
    [
        ("sigmoid", -700.0, "9.8596765437597708e-305"),
        ("log_sigmoid", 40.0, "-4.2483542552915889e-18"),
        ("softplus", -40.0, "4.2483542552915889e-18"),
        ("gelu", -20.0, "-5.5072482372124617e-88"),
        ("expm1", 1e-9, "1.0000000005000000e-9"),
    ],
)
def test_known_values_far_out(name, z, expected):
    assert value(TABLE[name], (z,)) == pytest.approx(float(expected), rel=1e-13, abs=0)


@pytest.mark.parametrize(
    ("name", "z", "expected"),
    [
        ("sigmoid", 40.0, "4.2483542552915889e-18"),
        ("tanh", 20.0, "1.6993417021166355e-17"),
    ],
)
def test_known_slopes_far_out(name, z, expected):
    assert partial(lookup(name), (z,), 0) == pytest.approx(float(expected), rel=1e-12, abs=0)
