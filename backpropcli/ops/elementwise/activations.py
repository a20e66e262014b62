"""Activations: what a unit does with its weighted sum z. Every one keeps its digits far out, where it saturates.

Conventions at corners: the slope is that of the flatter side, as in PyTorch, so relu'(0) = 0. One predicate (`z > 0`,
or its opposite `z <= 0`) decides everywhere in a body, and exp only ever sees -|z|: it cannot overflow.
"""

from __future__ import annotations

from functools import partial

from backpropcli.ops.definition import XP, Elementwise, Value
from backpropcli.ops.elementwise import entries
from backpropcli.ops.elementwise.entries import TRANSCENDENTAL, Entry, gaussian, gaussian_share, taken

one: Entry = partial(
    entries.one,
    group="activations",
    activation=True,
    probability=False,
    nonlinearity=True,
    primed=True,
    work=TRANSCENDENTAL,
)

WIDE = (-700.0, -40.0, -3.0, -0.5, -1e-9, 0.0, 1e-9, 0.7, 2.0, 20.0, 40.0, 700.0)
TAILS = (-20.0, -6.0, -2.0, -0.5, -1e-9, 0.0, 1e-9, 0.7, 3.0, 9.0, 30.0)
LIMITS = (-7.0, -3.0, -2.5, -1.0, -0.5, 0.0, 0.7, 1.0, 2.5, 3.0, 6.0, 20.0)

SELU_SCALE = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772
GELU_CUBIC = 0.044715
GELU_INNER = f"sqrt(2 / pi) * (z + {GELU_CUBIC} * z**3)"


# Building blocks, accurate everywhere.


def negative_part(xp: XP, z: Value) -> Value:
    """min(z, 0)."""
    return xp.where(z > 0, 0.0, z)


def decay(xp: XP, z: Value) -> Value:
    """exp(-|z|): at most 1."""
    return xp.exp(xp.where(z > 0, -z, z))


def sigmoid(xp: XP, z: Value) -> Value:
    """1 / (1 + exp(-z)), with its digits at both ends."""
    e = decay(xp, z)
    return xp.where(z > 0, 1.0, e) / (1.0 + e)


def sigmoid_slope(xp: XP, z: Value) -> Value:
    """sigmoid(z) · sigmoid(-z): y · (1 - y) has lost every digit at z = 40."""
    e = decay(xp, z)
    return e / ((1.0 + e) * (1.0 + e))


def softplus(xp: XP, z: Value) -> Value:
    """log(1 + exp(z)) = max(z, 0) + log(1 + exp(-|z|))."""
    return xp.where(z > 0, z, 0.0) + xp.log1p(decay(xp, z))


def exponential_part(xp: XP, z: Value) -> Value:
    """exp(z) - 1 for negative z, else 0."""
    return xp.expm1(negative_part(xp, z))


def between(xp: XP, low: float, z: Value, high: float, middle: Value, above: Value) -> Value:
    """0 up to low, `middle` between low and high, `above` from high on."""
    return xp.where(z <= low, 0.0, xp.where(z >= high, above, middle))


def slope_between(xp: XP, low: float, z: Value, high: float, middle: Value, above: Value | None = None) -> Value:
    """The slope of three pieces: up to low the value does not look at z; nor from high on, unless a slope is given."""
    return taken(xp, z > low, xp.where(z >= high, xp.nothing if above is None else above, middle))


# The slopes that are too long for a line.


def elu_slope(xp: XP, z: Value, alpha: Value) -> Value:
    """1, or alpha · exp(z)."""
    return xp.where(z > 0, 1.0, alpha * xp.exp(negative_part(xp, z)))


def gelu_inner(xp: XP, z: Value) -> Value:
    """2 √(2/π) (z + 0.044715 z³): gelu_tanh is z · sigmoid of it, as (1 + tanh u)/2 = sigmoid(2u)."""
    return 2.0 * xp.sqrt2 / xp.sqrtpi * (z + GELU_CUBIC * z * z * z)


def gelu_tanh_slope(xp: XP, z: Value) -> Value:
    """With s = sigmoid(inner): s + z · s' · inner'."""
    inner = gelu_inner(xp, z)
    slope = 2.0 * xp.sqrt2 / xp.sqrtpi * (1.0 + 3.0 * GELU_CUBIC * z * z)
    return sigmoid(xp, inner) + z * sigmoid_slope(xp, inner) * slope


def mish_parts(xp: XP, z: Value) -> tuple[Value, Value]:
    """tanh(softplus(z)) = n / d without overflow or cancelling; the numerator n, and d - n."""
    e = decay(xp, z)
    return xp.where(z > 0, 1.0 + 2.0 * e, e * (e + 2.0)), xp.where(z > 0, 2.0 * e * e, 2.0)


def mish(xp: XP, z: Value) -> Value:
    """The value z · tanh(softplus(z))."""
    n, rest = mish_parts(xp, z)
    return z * n / (n + rest)


def mish_slope(xp: XP, z: Value) -> Value:
    """The slope t + z · (1 - t²) · sigmoid(z), with t = n / d and so 1 - t² = (d - n)(d + n) / d²."""
    n, rest = mish_parts(xp, z)
    d = n + rest
    return n / d + z * (rest * (d + n) / (d * d)) * sigmoid(xp, z)


def softsign_size(xp: XP, z: Value) -> Value:
    """1 + |z|."""
    return 1.0 + xp.where(z > 0, z, -z)


OPERATIONS = (
    one(
        "relu",
        "maximum(0, z)",
        "z where it is positive, else 0; the slope at 0 is taken as 0",
        lambda xp, z: xp.maximum(z, 0.0),
        ("step(z)", lambda xp, y, z: xp.where(z <= 0, xp.nothing, 1.0)),
        WIDE,
        branch=lambda xp, z: z > 0,
        source="Nair and Hinton 2010, Rectified linear units improve restricted Boltzmann machines",
    ),
    one(
        "relu6",
        "minimum(maximum(0, z), 6)",
        "relu, but never more than 6; the slope at 0 and 6 is taken as 0",
        lambda xp, z: between(xp, 0.0, z, 6.0, z, 6.0),
        ("where((z > 0) & (z < 6), 1, 0)", lambda xp, y, z: slope_between(xp, 0.0, z, 6.0, 1.0)),
        LIMITS,
        branch=lambda xp, z: between(xp, 0.0, z, 6.0, 1.0, 2.0),
        source="Krizhevsky 2010, Convolutional deep belief networks on CIFAR-10",
    ),
    Elementwise(
        "leaky_relu",
        "z negative_slope",
        "z where it is positive, else a small multiple of z",
        group="activations",
        defaults=[0.01],
        formula="where(z > 0, z, negative_slope * z)",
        value=lambda xp, z, negative_slope: xp.where(z > 0, z, negative_slope * z),
        partials={
            "z": (
                "where(z > 0, 1, negative_slope)",
                lambda xp, y, z, negative_slope: xp.where(z > 0, 1.0, negative_slope),
            ),
            "negative_slope": ("minimum(z, 0)", lambda xp, y, z, negative_slope: xp.where(z > 0, xp.nothing, z)),
        },
        branch=lambda xp, z, negative_slope: z > 0,
        samples=[(z, slope) for slope in (0.01, 0.25) for z in (-700.0, -0.5, 0.0, 0.7, 40.0)],
        aliases=["leakyrelu", "prelu"],
        keywords={"alpha": "negative_slope", "weight": "negative_slope"},
        source="Maas, Hannun and Ng 2013, Rectifier nonlinearities improve neural network acoustic models",
        activation=True,
        primed=True,
        work=TRANSCENDENTAL,
        probability=False,
    ),
    Elementwise(
        "elu",
        "z alpha",
        "z where it is positive, else alpha times exp(z) - 1",
        group="activations",
        defaults=[1.0],
        formula="where(z > 0, z, alpha * (exp(z) - 1))",
        value=lambda xp, z, alpha: xp.where(z > 0, z, alpha * exponential_part(xp, z)),
        partials={
            "z": ("where(z > 0, 1, alpha * exp(z))", lambda xp, y, z, alpha: elu_slope(xp, z, alpha)),
            "alpha": (
                "where(z > 0, 0, exp(z) - 1)",
                lambda xp, y, z, alpha: xp.where(z > 0, xp.nothing, exponential_part(xp, z)),
            ),
        },
        branch=lambda xp, z, alpha: z > 0,
        samples=[(z, alpha) for alpha in (1.0, 0.5) for z in (-700.0, -40.0, -0.5, -1e-9, 0.0, 0.7, 800.0)],
        source="Clevert, Unterthiner and Hochreiter 2015, arXiv:1511.07289",
        activation=True,
        primed=True,
        work=TRANSCENDENTAL,
        probability=False,
    ),
    one(
        "selu",
        f"{SELU_SCALE} * where(z > 0, z, {SELU_ALPHA} * (exp(z) - 1))",
        "elu with the two constants that keep mean 0 and variance 1 from layer to layer",
        lambda xp, z: SELU_SCALE * xp.where(z > 0, z, SELU_ALPHA * exponential_part(xp, z)),
        (
            f"{SELU_SCALE} * where(z > 0, 1, {SELU_ALPHA} * exp(z))",
            lambda xp, y, z: SELU_SCALE * elu_slope(xp, z, SELU_ALPHA),
        ),
        WIDE,
        branch=lambda xp, z: z > 0,
        source="Klambauer, Unterthiner, Mayr and Hochreiter 2017, arXiv:1706.02515",
    ),
    one(
        "gelu",
        "z * (1 + erf(z / sqrt(2))) / 2",
        "z times the share of the normal distribution that lies below z",
        lambda xp, z: z * gaussian_share(xp, z),
        (
            "(1 + erf(z / sqrt(2))) / 2 + z * exp(-z**2 / 2) / sqrt(2 * pi)",
            lambda xp, y, z: gaussian_share(xp, z) + z * gaussian(xp, z),
        ),
        TAILS,
        source="Hendrycks and Gimpel 2016, arXiv:1606.08415",
        variants={"approximate": {"tanh": "gelu_tanh", "none": "gelu", "True": "gelu_tanh", "False": "gelu"}},
    ),
    one(
        "gelu_tanh",
        f"z * (1 + tanh({GELU_INNER})) / 2",
        "gelu, approximated with tanh",
        lambda xp, z: z * sigmoid(xp, gelu_inner(xp, z)),
        (
            f"(1 + tanh({GELU_INNER})) / 2"
            f" + z * (1 - tanh({GELU_INNER})**2) / 2 * sqrt(2 / pi) * (1 + 3 * {GELU_CUBIC} * z**2)",
            lambda xp, y, z: gelu_tanh_slope(xp, z),
        ),
        (-10.0, *TAILS[1:]),
        source="Hendrycks and Gimpel 2016, arXiv:1606.08415",
    ),
    one(
        "silu",
        "z / (1 + exp(-z))",
        "z times sigmoid(z)",
        lambda xp, z: z * sigmoid(xp, z),
        ("y + sigmoid(z) * (1 - y)", lambda xp, y, z: sigmoid(xp, z) * (1.0 + z * sigmoid(xp, -z))),
        WIDE,
        aliases=["swish"],
        source="Elfwing, Uchibe and Doya 2017, arXiv:1702.03118; swish: Ramachandran et al. 2017, arXiv:1710.05941",
    ),
    one(
        "mish",
        "z * tanh(log(1 + exp(z)))",
        "z times tanh(softplus(z))",
        mish,
        ("tanh(softplus(z)) + z * (1 - tanh(softplus(z))**2) * sigmoid(z)", lambda xp, y, z: mish_slope(xp, z)),
        WIDE,
        source="Misra 2019, arXiv:1908.08681",
    ),
    one(
        "softplus",
        "log(1 + exp(z))",
        "a smooth relu",
        softplus,
        ("sigmoid(z)", lambda xp, y, z: sigmoid(xp, z)),
        WIDE,
        source="Dugas, Bengio, Bélisle, Nadeau and Garcia 2000, Incorporating second-order functional knowledge",
    ),
    one(
        "softsign",
        "z / (1 + abs(z))",
        "an S from -1 to 1 that flattens slowly",
        lambda xp, z: z / softsign_size(xp, z),
        ("1 / (1 + abs(z))**2", lambda xp, y, z: 1.0 / xp.square(softsign_size(xp, z))),
        WIDE,
    ),
    one(
        "sigmoid",
        "1 / (1 + exp(-z))",
        "an S from 0 to 1: the logistic function",
        sigmoid,
        ("y * (1 - y)", lambda xp, y, z: sigmoid_slope(xp, z)),
        WIDE,
        aliases=["logistic", "expit", "σ"],
        probability=True,
        latex=r"\sigma",
    ),
    one(
        "log_sigmoid",
        "-log(1 + exp(-z))",
        "the logarithm of sigmoid(z)",
        lambda xp, z: -softplus(xp, -z),
        ("sigmoid(-z)", lambda xp, y, z: sigmoid(xp, -z)),
        WIDE,
        aliases=["logsigmoid"],
    ),
    one(
        "hard_sigmoid",
        "clip(z / 6 + 1/2, 0, 1)",
        "sigmoid from three straight lines; the slope at -3 and 3 is taken as 0",
        lambda xp, z: between(xp, -3.0, z, 3.0, z / 6.0 + 0.5, 1.0),
        ("where(abs(z) < 3, 1/6, 0)", lambda xp, y, z: slope_between(xp, -3.0, z, 3.0, 1 / 6)),
        LIMITS,
        branch=lambda xp, z: between(xp, -3.0, z, 3.0, 1.0, 2.0),
        aliases=["hardsigmoid"],
        source="Howard et al. 2019, arXiv:1905.02244, as in PyTorch",
        probability=True,
    ),
    one(
        "hard_tanh",
        "clip(z, -1, 1)",
        "tanh from three straight lines; the slope at -1 and 1 is taken as 0",
        lambda xp, z: xp.where(z <= -1, -1.0, xp.where(z >= 1, 1.0, z)),
        ("where(abs(z) < 1, 1, 0)", lambda xp, y, z: slope_between(xp, -1.0, z, 1.0, 1.0)),
        LIMITS,
        branch=lambda xp, z: between(xp, -1.0, z, 1.0, 1.0, 2.0),
        aliases=["hardtanh"],
    ),
    one(
        "hard_swish",
        "z * clip(z + 3, 0, 6) / 6",
        "z times hard_sigmoid(z); the slope is taken as 0 at -3 and as 1 at 3",
        lambda xp, z: between(xp, -3.0, z, 3.0, z * (z + 3.0) / 6.0, z),
        (
            "where(abs(z) < 3, z / 3 + 1/2, step(z))",
            lambda xp, y, z: slope_between(xp, -3.0, z, 3.0, z / 3.0 + 0.5, 1.0),
        ),
        LIMITS,
        branch=lambda xp, z: between(xp, -3.0, z, 3.0, 1.0, 2.0),
        aliases=["hardswish", "hard_silu"],
        source="Howard et al. 2019, arXiv:1905.02244",
    ),
)
