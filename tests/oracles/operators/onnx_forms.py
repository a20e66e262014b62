"""How each operator of ONNX is written here: its attributes and constant inputs become options of a formula."""

from __future__ import annotations

import numpy as np
import onnx_arrays as arrays
import onnx_layers as layers
import onnx_windows as windows
from onnx_node import Form, Node


def called(name: str) -> Form:
    """All inputs, in order, as arguments."""
    return lambda n: f"{name}({', '.join(n[k] for k in range(len(n.inputs)))})"


def infix(sign: str) -> Form:
    """Two inputs around an operator."""
    return lambda n: f"({n[0]}) {sign} ({n[1]})"


def pairwise(name: str) -> Form:
    """Any number of inputs, two at a time."""

    def form(n: Node) -> str:
        found = n[0]
        for k in range(1, len(n.inputs)):
            found = f"{name}({found}, {n[k]})"
        return found if len(n.inputs) > 1 else f"1 * {found}"

    return form


def axes_of(n: Node) -> tuple[tuple[int, ...] | None, bool]:
    """A reduction's axes, from the attribute or the second input; and whether none are reduced."""
    axes = n.get("axes")
    if axes is None and n.has(1):
        axes = n.ints(1)
    if axes is None or len(axes) == 0:
        return None, bool(n.get("noop_with_empty_axes", 0))
    return tuple(axes), False


def reduced(text: str) -> Form:
    """A reduction of `{a}` along `{over}`, whose axes are kept unless told otherwise."""

    def form(n: Node) -> str:
        axes, nothing = axes_of(n)
        if nothing:
            axes = ()
        return text.format(a=n[0], over=f"axis={axes}, keepdims={bool(n.get('keepdims', 1))}")

    return form


def along(text: str, default: int = -1) -> Form:
    """An operation along one axis."""
    return lambda n: text.format(a=n[0], axis=n.get("axis", default))


def cast(n: Node) -> str:
    """A cast that keeps the numbers: between floats, to integers the part before the point, to truth values not 0."""
    from onnx import TensorProto, helper

    to = n.get("to") if n.proto.op_type == "Cast" else None
    kind = helper.tensor_dtype_to_np_dtype(to) if to is not None else n.value(1).dtype
    if to == TensorProto.STRING or "float8" in str(kind) or "float4" in str(kind) or "int4" in str(kind):
        raise NotImplementedError("casts to types of few bits")
    if kind.kind == "b":
        return f"{n[0]} != 0"
    if kind.kind in "iu" and n.value(0).dtype.kind not in "iub":
        return f"trunc({n[0]})"
    return f"1 * {n[0]}"


def divided(n: Node) -> str:
    """Of integers the quotient, rounded towards 0."""
    return f"trunc(({n[0]}) / ({n[1]}))" if n.whole() else f"({n[0]}) / ({n[1]})"


def modulo(n: Node) -> str:
    """The remainder with the divisor's sign, or the dividend's."""
    return f"fmod({n[0]}, {n[1]})" if n.get("fmod", 0) else f"({n[0]}) % ({n[1]})"


def clipped(n: Node) -> str:
    """Between bounds, either of which may be missing."""
    low = n[1] if n.has(1) else n.number("min", 0) if n.get("min") is not None else "None"
    high = n[2] if n.has(2) else n.number("max", 0) if n.get("max") is not None else "None"
    if low == high == "None":
        return f"1 * {n[0]}"
    return f"minimum(maximum({n[0]}, {low}), {high})" if "None" not in (low, high) else f"clip({n[0]}, {low}, {high})"


def gemm(n: Node) -> str:
    """A product of two matrices, either of them transposed, and something added."""
    a = f"{n[0]}.T" if n.get("transA", 0) else n[0]
    b = f"{n[1]}.T" if n.get("transB", 0) else n[1]
    product = f"{n.number('alpha', 1)} * {a} @ {b}"
    return f"{product} + {n.number('beta', 1)} * {n[2]}" if n.has(2) else product


def cumulated(name: str, sign: str) -> Form:
    """Running sums or products, from either end, with the entry itself or without."""

    def form(n: Node) -> str:
        axis = n.ints(1)[0]
        found = f"{name}({n[0]}, axis={axis})"
        if n.get("reverse", 0):
            found = f"flip({name}(flip({n[0]}, {axis}), axis={axis}), {axis})"
        if n.get("exclusive", 0):
            return f"{found} {sign} {n[0]}"
        return found

    return form


def position(name: str) -> Form:
    """Where the largest or smallest entry stands, the first or the last of equal ones."""

    def form(n: Node) -> str:
        over = f"axis={n.get('axis', 0)}, keepdims={bool(n.get('keepdims', 1))}"
        if n.get("select_last_index", 0):
            axis = n.get("axis", 0)
            return f"{n.shape()[axis] - 1} - {name}(flip({n[0]}, {axis}), {over})"
        return f"{name}({n[0]}, {over})"

    return form


def shrunk(n: Node) -> str:
    """Towards 0 by a bias, and 0 near it."""
    limit, bias = n.number("lambd", 0.5), n.number("bias", 0)
    return f"where({n[0]} < -{limit}, {n[0]} + {bias}, where({n[0]} > {limit}, {n[0]} - {bias}, 0))"


def infinite(n: Node) -> str:
    """Where an entry is infinite, of either sign or of one."""
    signs = [s for s, name in (("inf", "detect_positive"), ("-inf", "detect_negative")) if n.get(name, 1)]
    return " | ".join(f"({n[0]} == {sign})" for sign in signs) or f"0 * {n[0]}"


SAME_NAME = """
    Abs Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Exp Floor Log Sigmoid Sign Sin Sinh Softplus Softsign
    Sqrt Tan Tanh Relu Erf Mish Reciprocal Where Det Round Celu
"""
"""Operators that are called the same here."""

FORMS: dict[str, Form] = {
    **{name: called(name.lower()) for name in SAME_NAME.split()},
    "Neg": called("negative"),
    "Not": called("logical_not"),
    "And": called("logical_and"),
    "Or": called("logical_or"),
    "Xor": infix("!="),
    "HardSwish": called("hard_swish"),
    "Identity": lambda n: f"1 * {n[0]}",
    "IsNaN": called("isnan"),
    "IsInf": infinite,
    "Add": infix("+"),
    "Sub": infix("-"),
    "Mul": infix("*"),
    "Div": divided,
    "Pow": infix("**"),
    "Mod": modulo,
    "MatMul": infix("@"),
    "Equal": infix("=="),
    "Less": infix("<"),
    "LessOrEqual": infix("<="),
    "Greater": infix(">"),
    "GreaterOrEqual": infix(">="),
    "Max": pairwise("maximum"),
    "Min": pairwise("minimum"),
    "Sum": pairwise("add"),
    "Mean": lambda n: (
        f"mean(stack(broadcast_arrays({', '.join(n[k] for k in range(n.count))})), axis=0)"
        if n.count > 1 and len({n.shape(k) for k in range(n.count)}) > 1
        else f"mean(stack([{', '.join(n[k] for k in range(n.count))}]), axis=0)"
    ),
    "Clip": clipped,
    "PRelu": lambda n: f"prelu({n[0]}, {n[1]})",
    "Elu": lambda n: f"elu({n[0]}, {n.number('alpha', 1)})",
    "Celu": lambda n: f"celu({n[0]}, {n.number('alpha', 1)})",
    "Selu": layers.selu,
    "LeakyRelu": lambda n: f"leaky_relu({n[0]}, {n.number('alpha', 0.01)})",
    "ThresholdedRelu": lambda n: f"where({n[0]} > {n.number('alpha', 1)}, {n[0]}, 0)",
    "HardSigmoid": lambda n: f"clip({n.number('alpha', 0.2)} * {n[0]} + {n.number('beta', 0.5)}, 0, 1)",
    "Shrink": shrunk,
    "Gelu": lambda n: f"gelu({n[0]}, approximate='{n.get('approximate', 'none')}')",
    "Swish": lambda n: f"{n[0]} * sigmoid({n.number('alpha', 1)} * {n[0]})",
    "Softmax": along("softmax({a}, axis={axis})"),
    "LogSoftmax": along("log_softmax({a}, axis={axis})"),
    "Hardmax": layers.hardmax,
    "ReduceSum": reduced("sum({a}, {over})"),
    "ReduceMean": reduced("mean({a}, {over})"),
    "ReduceMax": reduced("max({a}, {over})"),
    "ReduceMin": reduced("min({a}, {over})"),
    "ReduceProd": reduced("prod({a}, {over})"),
    "ReduceL1": reduced("sum(abs({a}), {over})"),
    "ReduceL2": reduced("sqrt(sum({a}**2, {over}))"),
    "ReduceLogSum": reduced("log(sum({a}, {over}))"),
    "ReduceLogSumExp": reduced("logsumexp({a}, {over})"),
    "ReduceSumSquare": reduced("sum({a}**2, {over})"),
    "ArgMax": position("argmax"),
    "ArgMin": position("argmin"),
    "CumSum": cumulated("cumsum", "-"),
    "CumProd": cumulated("cumprod", "/"),
    "Cast": cast,
    "CastLike": cast,
    "Gemm": gemm,
    "Einsum": lambda n: f"einsum('{n.get('equation')}', {', '.join(n[k] for k in range(len(n.inputs)))})",
    "Concat": arrays.concatenated,
    "Reshape": arrays.reshaped,
    "Flatten": arrays.flattened,
    "Unsqueeze": arrays.unsqueezed,
    "Squeeze": arrays.squeezed,
    "Slice": arrays.sliced,
    "Split": arrays.split,
    "Gather": arrays.gathered,
    "GatherElements": arrays.gathered_elements,
    "GatherND": arrays.gathered_nd,
    "ScatterElements": arrays.scattered,
    "Scatter": arrays.scattered,
    "GroupNormalization": layers.group_normalized,
    "Transpose": arrays.permuted,
    "Expand": lambda n: f"{n[0]} * ones({n.ints(1)})",
    "Tile": lambda n: f"tile({n[0]}, {n.ints(1)})",
    "Trilu": arrays.triangle,
    "Pad": arrays.padded,
    "Constant": arrays.constant,
    "ConstantOfShape": arrays.filled,
    "EyeLike": arrays.eye_like,
    "Shape": arrays.shaped,
    "Size": lambda n: f"1 * {float(np.prod(n.shape()))}",
    "Range": arrays.ranged,
    "OneHot": arrays.one_hot,
    "Dropout": layers.dropped,
    "LayerNormalization": layers.normalized_layer("layer"),
    "RMSNormalization": layers.normalized_layer("rms"),
    "BatchNormalization": layers.batch_normalized,
    "InstanceNormalization": layers.instance_normalized,
    "MeanVarianceNormalization": lambda n: "({a} - mean({a}, {o})) / (std({a}, {o}) + 1e-9)".format(
        a=n[0], o=f"axis={tuple(n.get('axes', (0, 2, 3)))}, keepdims=True"
    ),
    "LpNormalization": layers.normalized,
    "GlobalAveragePool": layers.global_pool("mean"),
    "GlobalMaxPool": layers.global_pool("max"),
    "DepthToSpace": arrays.depth_to_space,
    "SpaceToDepth": arrays.space_to_depth,
    "Conv": windows.convolved,
    "ConvTranspose": windows.transposed,
    "MaxPool": windows.pooled("max"),
    "AveragePool": windows.pooled("mean"),
    "LpPool": windows.pooled("norm"),
    "Col2Im": windows.patched,
    "NegativeLogLikelihoodLoss": layers.loss(False),
    "SoftmaxCrossEntropyLoss": layers.loss(True),
}
