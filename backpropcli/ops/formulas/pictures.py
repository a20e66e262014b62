"""Pictures in PyTorch's other words: upsample_nearest, upsample_bilinear, unfold_copy, constant_pad_nd, lp_pool."""

from __future__ import annotations

from typing import Any

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED
from backpropcli.ops.formula import Case, Formula, Written
from backpropcli.ops.planning import axis_of, flag, number, whole

INPUT = {"x": "input"}


def _upsampled(mode: str, corners: str) -> Any:
    def build(case: Case) -> Written:
        o = case.options
        return Written(f"interpolate(input, size={o.size!r}, scale_factor={o.scale_factor!r}, mode='{mode}'{corners})")

    return build


def _unfold(case: Case) -> Written:
    o, shape = case.options, case.shapes["input"]
    size, step = whole(o.size, "size"), whole(o.step, "step")
    if step < 1:
        raise OperationError(f"step is at least 1, not {step}")
    if not shape and size == 1 and o.dimension in (0, -1):
        return Written("reshape(input, (1,))")
    axis = axis_of(o.dimension, shape, "dimension") + len(shape)
    skipped = f"[{', '.join([':'] * axis + [f'::{step}'])}]" if step > 1 else ""
    return Written(f"sliding_window_view(input, {size}, axis={axis}){skipped}")


def _constant_pad(case: Case) -> Written:
    o = case.options
    return Written(f"torch_pad(input, {o.pad!r}, value={number(o.value, 'value')!r})")


def _lp_pool(count: int) -> Any:
    def build(case: Case) -> Written:
        o = case.options
        p = number(o.norm_type, "norm_type")
        if not p:
            raise OperationError("norm_type cannot be 0")
        ceil = flag(o.ceil_mode, "ceil_mode")
        size = o.kernel_size if isinstance(o.kernel_size, tuple | list) else (o.kernel_size,) * count
        entries = 1
        for k in size:
            entries *= whole(k, "kernel_size")
        mean = f"avg_pool{count}d(input**{p!r}, {o.kernel_size!r}, stride={o.stride!r}, ceil_mode={ceil})"
        return Written(f"({entries} * relu({mean}))**{1 / p!r}")

    return build


def _lp(count: int, call: str, shape: tuple[int, ...]) -> Formula:
    return Formula(
        f"lp_pool{count}d",
        "input",
        "the p-norm of every window: the root of the sum of powers",
        group="windows",
        options={"norm_type": REQUIRED, "kernel_size": REQUIRED, "stride": None, "ceil_mode": False},
        keywords=INPUT,
        formula=f"(k * relu(avg_pool{count}d(input**norm_type, kernel_size)))**(1 / norm_type)",
        where={"k": "kernel_size"},
        build=_lp_pool(count),
        source=f"torch.nn.functional.lp_pool{count}d",
        samples=((call, {"x": shape}),),
    )


SIZES = {"size": None, "scale_factor": None}
OPERATIONS = (
    Formula(
        "upsample_nearest",
        "input",
        "each entry repeated, so that there are more of them",
        group="windows",
        options=SIZES,
        keywords=INPUT,
        formula="interpolate(input, size=size, scale_factor=scale_factor)",
        build=_upsampled("nearest", ""),
        source="torch.nn.functional.upsample_nearest",
        samples=(("upsample_nearest(x, scale_factor=2)", {"x": (1, 1, 2, 3)}),),
    ),
    Formula(
        "upsample_bilinear",
        "input",
        "more entries in straight lines between the old ones, corners on corners",
        group="windows",
        options=SIZES,
        keywords=INPUT,
        formula="interpolate(input, size=size, scale_factor=scale_factor, mode='bilinear', align_corners=True)",
        build=_upsampled("bilinear", ", align_corners=True"),
        source="torch.nn.functional.upsample_bilinear",
        samples=(("upsample_bilinear(x, size=(3, 4))", {"x": (1, 1, 2, 3)}),),
    ),
    Formula(
        "unfold_copy",
        "input",
        "windows of a size along one axis, every step entries, side by side: PyTorch's x.unfold(dimension, size, step)",
        group="windows",
        options={"dimension": REQUIRED, "size": REQUIRED, "step": REQUIRED},
        formula="sliding_window_view(input, size, axis=dimension)",
        build=_unfold,
        source="torch.Tensor.unfold",
        samples=(
            ("unfold_copy(x, 1, 2, 1)", {"x": (2, 4)}),
            ("x.unfold(-1, 3, 2)", {"x": (2, 5)}),
        ),
    ),
    Formula(
        "constant_pad_nd",
        "input",
        "a frame of one value, two widths an axis, the last axis first",
        group="shapes",
        options={"pad": REQUIRED, "value": 0},
        formula="torch_pad(input, pad, value=value)",
        build=_constant_pad,
        source="torch.constant_pad_nd",
        samples=(("constant_pad_nd(x, (1, 2), 0.5)", {"x": (2, 3)}),),
    ),
    _lp(1, "lp_pool1d(x, 2, 3)", (1, 6)),
    _lp(2, "lp_pool2d(x, 2, (2, 1), stride=1)", (1, 1, 3, 3)),
)
