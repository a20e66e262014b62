"""Names that people write and that have no place here: why, and what to write instead."""

from __future__ import annotations

from typing import NamedTuple

POSITIONS = "answers with positions, which have no gradient"
ORDER = "puts values in order, which is not among the operations here"
TESTS = "answers a question about values, which has no gradient"
RANDOM = "is random: a formula gives the same value every time"
NAMED = "has another name here"
ABSENT = "is not among the operations here"


class Refused(NamedTuple):
    """A name that people write and that has no place here: why, and what to write instead."""

    name: str
    reason: str
    hint: str = ""


def refuse(names: str, reason: str, hint: str) -> tuple[Refused, ...]:
    """The same word on several names."""
    return tuple(Refused(name, f"{name} {reason}", hint) for name in names.split())


REFUSED = (
    # No gradient.
    *refuse(
        "argsort nonzero argwhere flatnonzero searchsorted digitize",
        POSITIONS,
        "Write the positions that you mean as numbers: x[[2, 0, 1]].",
    ),
    *refuse("unique partition", ORDER, "All entries in order are sort(x), the smallest first."),
    *refuse("union1d", "has as many entries as the values make it", "Arrays in a row are concatenate([a, b])."),
    *refuse("sorted", NAMED, "The entries in order are sort(x)."),
    *refuse("isclose allclose array_equal", TESTS, "Comparisons give 1 or 0: where(x < 1e9, x, 0)."),
    *refuse("any", TESTS, "Comparisons give 1 or 0, so write max(x > 0)."),
    *refuse("all", TESTS, "Comparisons give 1 or 0, so write min(x > 0)."),
    *refuse("isin in1d", TESTS, "Comparisons give 1 or 0: (x == 1) | (x == 3)."),
    *refuse("count_nonzero", TESTS, "Comparisons give 1 or 0, so write sum(x != 0)."),
    *refuse("divmod modf frexp", "answers with two values", "A node has one: write floor(z), or z - floor(z)."),
    *refuse(
        "random rand randn uniform normal choice",
        RANDOM,
        "Make a random parameter once, with a seed: W1: {normal: [2, 3], seed: 0}.",
    ),
    # Control and types.
    *refuse("if iif ifelse cond select piecewise", NAMED, "Choose with where: where(z > 0, z, 0)."),
    *refuse("range", NAMED, "Whole numbers in order are arange(n)."),
    *refuse("len size", "is known before anything is computed", "Write the number itself."),
    *refuse("int int32 int64 long short", NAMED, "Write floor(z), round(z) or trunc(z); their gradient is zero."),
    *refuse(
        "float float32 float64 double asarray astype tensor item real conj conjugate",
        "is not needed: every value is a number or an array of numbers",
        "Write the name alone.",
    ),
    *refuse("copy clone", "is not needed: nothing is changed in place", "Write the name alone."),
    *refuse("no_grad", "is not an operation", "What is a constant for the gradient is stop_gradient(x)."),
    *refuse(
        "grad derivative backward",
        "is not an operation: backprop finds the gradients",
        "Read one with: backprop run --get dJ/dw1",
    ),
    # Other languages' names for what we have.
    *refuse("ln Ln", NAMED, "The natural logarithm is log(z)."),
    *refuse("lg", NAMED, "The logarithm to the base 10 is log10(z)."),
    *refuse("lb ld", NAMED, "The logarithm to the base 2 is log2(z)."),
    *refuse("sqr", NAMED, "Write z**2, or square(z); the square root is sqrt(z)."),
    *refuse("root", NAMED, "The square root is sqrt(z), any other z**(1/n)."),
    *refuse("tg", NAMED, "The tangent is tan(z)."),
    *refuse("cot ctg cotan", ABSENT, "Write 1 / tan(z)."),
    *refuse("sec", ABSENT, "Write 1 / cos(z)."),
    *refuse("csc cosec", ABSENT, "Write 1 / sin(z)."),
    *refuse("arctg atg", NAMED, "The angle whose tangent is z is arctan(z)."),
    *refuse("arccot arcctg acot", ABSENT, "Write pi/2 - arctan(z)."),
    *refuse("sh", NAMED, "The hyperbolic sine is sinh(z)."),
    *refuse("ch", NAMED, "The hyperbolic cosine is cosh(z)."),
    *refuse("th tgh", NAMED, "The hyperbolic tangent is tanh(z)."),
    *refuse("coth cth", ABSENT, "Write 1 / tanh(z)."),
    *refuse("sech", ABSENT, "Write 1 / cosh(z)."),
    *refuse("csch", ABSENT, "Write 1 / sinh(z)."),
    *refuse("arsinh", NAMED, "Write arcsinh(z)."),
    *refuse("arcosh", NAMED, "Write arccosh(z)."),
    *refuse("artanh", NAMED, "Write arctanh(z)."),
    *refuse("sigm sig sigmoide", NAMED, "The logistic function is sigmoid(z)."),
    *refuse("softargmax", NAMED, "It is softmax(z)."),
    *refuse("lrelu", NAMED, "It is leaky_relu(z)."),
    *refuse("ramp pos", NAMED, "The positive part is relu(z)."),
    *refuse("avg", NAMED, "The mean is mean(x)."),
    *refuse("total", NAMED, "The sum is sum(x)."),
    *refuse("product", NAMED, "The product of all entries is prod(x)."),
    *refuse("matvec vecmat multi_dot", NAMED, "The matrix product is A @ B."),
    # NumPy's and PyTorch's names that look like another operation's, which would give another answer.
    *refuse("ger", NAMED, "It is outer(x, y)."),
    *refuse("pinv pinverse", ABSENT, "Of a tall matrix of full rank it is inv(A.T @ A) @ A.T."),
    *refuse("slogdet", ABSENT, "Write log(abs(det(A)))."),
    *refuse(
        "eig eigh eigvals eigvalsh svd svdvals qr cholesky",
        ABSENT,
        "Of matrices there are A @ B, inv(A), det(A), solve(A, b), trace(A) and norm(A).",
    ),
    *refuse("matrix_norm", NAMED, "The root of the sum of squares is norm(x)."),
    *refuse("diagflat", NAMED, "It is diag(ravel(x))."),
    *refuse("tri", ABSENT, "The lower triangle of ones is tril(ones((3, 3)))."),
    *refuse("nanmedian", ABSENT, "The middle of all entries is median(x)."),
    *refuse("nancumsum", ABSENT, "Write cumsum(nan_to_num(x))."),
    *refuse("logspace", ABSENT, "Write 10**linspace(0, 2, 5)."),
    *refuse("logical_xor", ABSENT, "Write (x > 0) != (y > 0)."),
    *refuse("invert bitwise_not", NAMED, "The opposite of a condition is logical_not(z)."),
    *refuse("imag", "is 0: every value is real", "Write 0*x."),
    *refuse("erfcx", ABSENT, "Write exp(z**2) * erfc(z)."),
    *refuse("rrelu", RANDOM, "With one slope it is leaky_relu(z, 0.1)."),
    *refuse("apply_along_axis", "is not an operation", "Operations take an axis: sum(x, axis=0)."),
    *refuse("msort", NAMED, "It is sort(x, axis=0)."),
    *refuse("mode", ABSENT, "The middle of all entries is median(x)."),
    *refuse("ix_", ABSENT, "Index in two steps: x[[0, 1]][:, [0, 2]]."),
    *refuse(
        "put put_along_axis fill fill_diagonal",
        "changes an array in place, which nothing here does",
        "A value in some places is where(condition, a, b).",
    ),
    *refuse("empty empty_like", "has no values", "Write zeros((2, 3))."),
    *refuse("dim", NAMED, "The number of axes is x.ndim."),
    # What is written out here.
    *refuse("layernorm", NAMED, "It is layer_norm(x)."),
    *refuse("batchnorm", NAMED, "It is batch_norm(x)."),
    *refuse("rmsnorm", NAMED, "It is rms_norm(x)."),
    *refuse("max_pool maxpool2d MaxPool2d", NAMED, "It is max_pool2d(x, 2) for x of (N, C, rows, columns)."),
    *refuse("avg_pool mean_pool avgpool2d AvgPool2d", NAMED, "It is avg_pool2d(x, 2) for x of (N, C, rows, columns)."),
    *refuse("conv Conv2d", NAMED, "It is conv2d(x, weight) for x of (N, C, rows, columns)."),
    *refuse("l2_loss mse MSE", NAMED, "It is mse_loss(z, y), or mean((z - y)**2)."),
    *refuse("sse SSE", "is no operation", "Write sum((z - y)**2)."),
    *refuse("rmse RMSE", "is no operation", "Write sqrt(mean((z - y)**2))."),
    *refuse("mae MAE", NAMED, "It is l1_loss(z, y), or mean(abs(z - y))."),
    *refuse("bce_loss bce BCE", NAMED, "It is binary_cross_entropy(p, y), or sigmoid_cross_entropy(z, y) of logits."),
    *refuse("dense", "is no operation", "Write x @ W + b, or a layer under layers:."),
)
