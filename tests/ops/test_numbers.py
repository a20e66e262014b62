"""The number systems: they offer the same names, agree where they meet, and say inf and NaN where they must."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backpropcli.ops import numbers
from backpropcli.ops.numbers import array, complexstep, precise, scalar

SYSTEMS = [scalar, array, complexstep, precise]
FINITE = st.floats(-1e6, 1e6)
FUNCTIONS = """
    exp expm1 log log1p log2 log10 sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh
    sqrt cbrt square abs sign floor ceil round erf erfc
"""
UNARY = FUNCTIONS.split()
BINARY = ["arctan2", "hypot", "power", "divide", "maximum", "minimum"]


def plain(x):
    return float(complexstep.real(x))


def on_floats(name, *arguments):
    """The scalar answer; NaN or inf (None here) where it raises."""
    try:
        return getattr(scalar.xp, name)(*arguments)
    except (ArithmeticError, ValueError):
        return None


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda s: s.__name__.rpartition(".")[2])
def test_every_name_is_offered(system):
    wanted = numbers.ELEMENTWISE if system is scalar else numbers.ELEMENTWISE + numbers.WHOLE_ARRAYS
    assert [name for name in wanted if not hasattr(system.xp, name)] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", UNARY)
@given(z=st.one_of(FINITE, st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0, 2.5, 750.0])))
def test_systems_agree(name, z):
    with np.errstate(all="ignore"):
        expected = float(getattr(array.xp, name)(np.float64(z)))
        moved = plain(getattr(complexstep.xp, name)(complexstep.start(z, 1.0)))
    found, exact = on_floats(name, z), float(getattr(precise.xp, name)(z))
    assert moved == pytest.approx(expected, rel=1e-14, abs=1e-50, nan_ok=True)
    assert (not math.isfinite(expected)) if found is None else found == pytest.approx(expected, rel=1e-14, abs=1e-300)
    if math.isfinite(expected):
        assert exact == pytest.approx(expected, rel=1e-14, abs=1e-300)


@pytest.mark.parametrize("name", BINARY)
@given(a=FINITE, b=st.one_of(FINITE, st.sampled_from([-2.0, 0.0, 0.5, 3.0])))
def test_systems_agree_on_two_numbers(name, a, b):
    a, b = a + 0.0, b + 0.0  # mpmath has no -0
    with np.errstate(all="ignore"):
        expected = float(getattr(array.xp, name)(np.float64(a), np.float64(b)))
        moved = plain(getattr(complexstep.xp, name)(complexstep.start(a, 1.0), complexstep.asarray(b)))
    found = on_floats(name, a, b)
    assert moved == pytest.approx(expected, rel=1e-14, abs=1e-50, nan_ok=True)
    assert (not math.isfinite(expected)) if found is None else found == pytest.approx(expected, rel=1e-14, abs=0)
    if math.isfinite(expected) and abs(expected) > 1e-300:
        exact = getattr(precise.xp, name)(a, b)
        assert float(exact) == pytest.approx(expected, rel=1e-12, abs=0)


@pytest.mark.parametrize("system", [scalar, array, complexstep, precise], ids=lambda s: s.__name__.rpartition(".")[2])
@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_nan_is_never_swallowed(system, name):
    compare = getattr(system.xp, name)
    for a, b in [(math.nan, 1.0), (1.0, math.nan)]:
        assert math.isnan(
            plain(compare(system.xp.number(a), system.xp.number(b))) if system is not precise else float(compare(a, b))
        )


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("divide", (1.0, 0.0)),
        ("log", (0.0,)),
        ("power", (-8.0, 1 / 3)),
        ("exp", (1000.0,)),
        ("sqrt", (-1.0,)),
        ("floor", (math.inf,)),
        ("power", (10.0, 400.0)),
    ],
)
def test_scalar_raises_where_there_is_no_finite_answer(name, arguments):
    with pytest.raises((ArithmeticError, ValueError)):
        getattr(scalar.xp, name)(*arguments)


def test_scalar_imports_nothing_heavy():
    code = """if True:
        import sys, backpropcli.ops.table, backpropcli.ops.numbers.scalar
        print({"numpy", "mpmath", "sympy"} & set(sys.modules))"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


# Arrays.


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("a", [1.0, 0.0, -2.5, "array"])
@pytest.mark.parametrize("b", [0.0, 1.0, math.nan, "array", "row"])
def test_choosing_by_bits_is_choosing(dtype, a, b):
    rng = np.random.default_rng(0)
    odd = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, 3.0, -1e30], dtype)
    arrays = {"array": odd[rng.integers(0, 8, (64, 128))], "row": odd[rng.integers(0, 8, 128)]}
    condition = rng.random((64, 128)) < 0.5
    a, b = arrays.get(a, a), arrays.get(b, b)
    found = array.namespace(dtype).where(condition, a, b)
    expected = np.where(condition, a, b).astype(dtype)
    assert condition.size >= array.MANY
    assert found.dtype == dtype
    np.testing.assert_array_equal(found.view("u1"), expected.view("u1"))


def test_choosing_works_on_strides_and_columns():
    z = np.arange(200.0 * 200).reshape(200, 200)
    condition = (z > 7)[:, ::2]
    np.testing.assert_array_equal(
        array.xp.where(condition, z.T[:, ::2], z[:, :1]), np.where(condition, z.T[:, ::2], z[:, :1])
    )


def test_float32_makes_float32():
    xp = array.namespace("float32")
    z = np.ones((2, 3), np.float32)
    results = {
        "erf": lambda: xp.erf(z),
        "erfc": lambda: xp.erfc(z),
        "where": lambda: xp.where(z > 0, 1.0, 0.0),
        "zeros": lambda: xp.zeros((2, 3)),
        "ones": lambda: xp.ones((2, 3)),
        "full": lambda: xp.full((2, 3), 7.0),
        "arange": lambda: xp.arange(0, 3),
        "eye": lambda: xp.eye(3),
        "linspace": lambda: xp.linspace(0.0, 1.0, 3),
        "asarray": lambda: xp.asarray([1, 2]),
    }
    assert {name: make().dtype.name for name, make in results.items()} == dict.fromkeys(results, "float32")


def test_namespaces_are_made_once():
    assert array.namespace("float32") is array.namespace("float32")
    assert array.namespace() is array.xp


# Complex steps.


def test_complex_step_of_exp():
    z = complexstep.start([0.5, -2.0], [1.0, 3.0])
    np.testing.assert_allclose(complexstep.slope(complexstep.xp.exp(z)), np.exp([0.5, -2.0]) * [1, 3], rtol=1e-15)


def test_comparisons_look_at_the_real_part():
    z = complexstep.start(0.0, 1.0)
    assert not (z > 0)
    assert not (z < 0)
    assert z == 0
    assert z >= complexstep.asarray(0.0)
    assert not (complexstep.asarray(0.0) < z)
    assert float(complexstep.slope(abs(complexstep.start(-2.0, 1.0)))) == -1


def test_comparisons_survive_operations():
    """A result, a slice, a sum: all still compare by the real part."""
    z = complexstep.start([0.0, 0.0], [1.0, -1.0])
    xp = complexstep.xp
    for result in (
        z + 1,
        2 * z,
        xp.sum(z),
        z[..., 0],
        xp.where(z > 1, z, 0.0),
        xp.concatenate([z, z]),
        xp.matmul(z, z),
        xp.einsum("i,i->", z, z),
        z.T,
        xp.max(z),
        xp.reshape(z, (2, 1)),
    ):
        assert type(result) is complexstep.Step


def test_ties_share_equally():
    xp, z = complexstep.xp, complexstep.start([2.0, 2.0, 1.0], [1.0, 0.0, 5.0])
    assert float(complexstep.slope(xp.max(z))) == 0.5
    assert float(complexstep.slope(xp.maximum(z[..., 0], z[..., 1]))) == 0.5
    assert float(complexstep.slope(xp.min(z))) == 5


@given(x=st.lists(FINITE, min_size=6, max_size=6))
def test_complex_max_and_min_are_numpys(x):
    x = np.reshape(x, (2, 3))
    for name in ("max", "min"):
        for axis in (None, 0, -1, (0, 1)):
            found = getattr(complexstep.xp, name)(complexstep.asarray(x), axis=axis)
            np.testing.assert_array_equal(complexstep.real(found), getattr(np, name)(x, axis=axis))


# Fifty digits.


def test_precise_has_its_own_context():
    import mpmath

    before = mpmath.mp.dps
    assert str(precise.xp.exp(1))[:40] == "2.71828182845904523536028747135266249775"
    assert mpmath.mp.dps == before
    assert precise.mp.dps == 50


def test_precise_arrays_keep_their_digits():
    xp = precise.xp
    x = xp.asarray([[1.0, 3.0], [7.0, 9.0]])
    third = xp.sum(xp.divide(1.0, x), axis=0)
    assert str(third[1])[:40] == "0.44444444444444444444444444444444444444"
    assert xp.matmul(x, x).dtype == object
    assert xp.einsum("ij,ij->i", x, x)[0] == 10


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("divide", (1, 0), math.inf),
        ("divide", (-1, 0), -math.inf),
        ("divide", (0, 0), math.nan),
        ("log", (-1,), math.nan),
        ("log", (0,), -math.inf),
        ("power", (0, -1), math.inf),
        ("power", (-8, 1 / 3), math.nan),
        ("power", (0, 0), 1.0),
        ("arcsin", (2,), math.nan),
        ("arctan2", (0, 0), 0.0),
        ("round", (2.5,), 2.0),
    ],
)
def test_precise_odd_cases(name, arguments, expected):
    assert float(getattr(precise.xp, name)(*arguments)) == pytest.approx(expected, nan_ok=True)
