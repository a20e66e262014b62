"""Windows beside PyTorch: the inputs of its own module tests, and random settings of its functions."""

from __future__ import annotations

import json
import sys
import types
import unittest
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import backpropcli as bp
from backpropcli.errors import OperationError
from backpropcli.ops.definition import Part, Structural
from backpropcli.ops.numbers.array import xp
from backpropcli.ops.table import TABLE, lookup

torch = pytest.importorskip("torch")

OURS = {
    **{f"Conv{n}d": f"conv{n}d" for n in (1, 2, 3)},
    **{f"ConvTranspose{n}d": f"conv_transpose{n}d" for n in (1, 2, 3)},
    **{f"MaxPool{n}d": f"max_pool{n}d" for n in (1, 2, 3)},
    **{f"AvgPool{n}d": f"avg_pool{n}d" for n in (1, 2, 3)},
    **{f"AdaptiveAvgPool{n}d": f"adaptive_avg_pool{n}d" for n in (1, 2, 3)},
    **{f"AdaptiveMaxPool{n}d": f"adaptive_max_pool{n}d" for n in (1, 2, 3)},
}
OPTIONS = [
    "stride",
    "padding",
    "dilation",
    "groups",
    "output_padding",
    "kernel_size",
    "ceil_mode",
    "count_include_pad",
    "divisor_override",
    "output_size",
]


def database() -> list[Any]:
    """PyTorch's modules with the inputs that it tests them on."""
    stub = types.ModuleType("expecttest")  # PyTorch's test helpers derive a class from it, which nobody uses
    stub.TestCase = unittest.TestCase  # type: ignore[attr-defined]
    missing = sys.modules.setdefault("expecttest", stub) is stub
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from torch.testing._internal.common_modules import module_db
    finally:
        if missing:
            del sys.modules["expecttest"]
    return [m for m in module_db if m.name.removeprefix("nn.") in OURS or "Pad" in m.name]


MODULES = database()


def found(name: str, arrays: list[Any], options: dict[str, Any], g: Any) -> tuple[Any, list[Any]]:
    """Our value, and our gradient by every array."""
    operation = lookup(name)
    assert isinstance(operation, Structural)
    values = [np.asarray(a) for a in arrays]
    missing = len(operation.arguments) - len(values)
    values += [np.float64(default) for default in operation.defaults[len(operation.defaults) - missing :]]
    shape, o = operation.plan([np.shape(v) for v in values], options)
    y = operation.value(xp, o, *values)
    assert np.shape(y) == shape
    gradients = [vjp(xp, o, np.asarray(g), y, *values) for vjp in operation.vjps[: len(arrays)]]
    return y, [_whole(part, v) for part, v in zip(gradients, values, strict=False)]


def _whole(gradient: Any, value: Any) -> Any:
    if not isinstance(gradient, Part):
        return gradient
    result = np.zeros(value.shape)
    np.add.at(result, (..., *gradient.where), gradient.value)
    return result


def agree(name: str, function: Any, arrays: list[Any], options: dict[str, Any]) -> None:
    """The value and every gradient agree to 1e-10."""
    given = [torch.tensor(np.asarray(a), requires_grad=True) for a in arrays]
    y = function(*given)
    g = torch.tensor(np.random.default_rng(1).normal(size=tuple(y.shape)))
    y.backward(g)
    value, gradients = found(name, arrays, options, g)
    np.testing.assert_allclose(value, y.detach().numpy(), rtol=1e-10, atol=1e-12)
    if not np.isfinite(value).all():
        return  # a window that sees nothing but padding: PyTorch's gradient goes to an entry that is not in it
    for gradient, tensor in zip(gradients, given, strict=True):
        np.testing.assert_allclose(gradient, tensor.grad.numpy(), rtol=1e-10, atol=1e-12)


def padding(module: Any) -> dict[str, Any]:
    """A padding module's settings as those of our pad: a pair for each axis, the last axis first in PyTorch."""
    pairs = list(zip(module.padding[::2], module.padding[1::2], strict=True))[::-1]
    kind = type(module).__name__
    mode = next((m for m in ("Reflection", "Replication", "Circular") if kind.startswith(m)), "constant")
    mode = {"Reflection": "reflect", "Replication": "edge", "Circular": "wrap"}.get(mode, mode)
    value = getattr(module, "value", 0.0)
    return {"pad_width": pairs, "mode": mode, **({"constant_values": value} if mode == "constant" else {})}


def settings(module: Any, rank: int) -> dict[str, Any]:
    """A module's attributes as options."""
    if "Pad" in type(module).__name__:
        options = padding(module)
        options["pad_width"] = ((0, 0),) * (rank - len(options["pad_width"])) + tuple(options["pad_width"])
        return options
    operation = TABLE[OURS[type(module).__name__]]
    given = {name: getattr(module, name, None) for name in OPTIONS if name in operation.options}
    return {name: value for name, value in given.items() if value is not None or name == "output_size"}


@pytest.mark.parametrize("info", MODULES, ids=lambda m: m.name)
def test_modules(info: Any) -> None:
    inputs = info.module_inputs_func(info, device="cpu", dtype=torch.float64, requires_grad=True, training=True)
    assert inputs
    for one in inputs:
        torch.manual_seed(0)
        module = info.module_cls(*one.constructor_input.args, **one.constructor_input.kwargs).double()
        x = one.forward_input.args[0].detach().numpy()
        parameters = list(module.parameters())
        if getattr(module, "return_indices", False):
            continue  # one value is what a step has

        def run(x: Any, *given: Any, module: Any = module) -> Any:
            names = [name for name, _ in module.named_parameters()]
            return torch.func.functional_call(module, dict(zip(names, given, strict=True)), (x,))

        name = OURS.get(type(module).__name__, "pad")
        agree(name, run, [x, *(p.detach().numpy() for p in parameters)], settings(module, x.ndim))


def drawn(rng: Any, count: int) -> dict[str, Any]:
    return {
        "stride": tuple(int(k) for k in rng.integers(1, 4, count)),
        "padding": tuple(int(k) for k in rng.integers(0, 3, count)),
        "dilation": tuple(int(k) for k in rng.integers(1, 3, count)),
        "groups": int(rng.integers(1, 4)),
    }


def convolutions(rng: Any) -> Iterator[tuple[str, list[Any], dict[str, Any]]]:
    """Random convolutions, those that are wrong too."""
    for count in (1, 2, 3):
        for _ in range(25):
            options = drawn(rng, count)
            groups, sizes = options["groups"], rng.integers(1, 8, count)
            channels, filters = groups * int(rng.integers(1, 3)), groups * int(rng.integers(1, 3))
            kernel = rng.integers(1, 4, count)
            lead = [(2,), (1,), ()][rng.integers(3)]
            bias = [rng.normal(size=filters)] if rng.random() < 0.5 else []
            x = rng.normal(size=(*lead, channels, *sizes))
            yield f"conv{count}d", [x, rng.normal(size=(filters, channels // groups, *kernel)), *bias], options
            more = {**options, "output_padding": int(rng.integers(0, 2))}
            yield (
                f"conv_transpose{count}d",
                [x, rng.normal(size=(channels, filters // groups, *kernel)), *bias],
                more,
            )


def pools(rng: Any) -> Iterator[tuple[str, list[Any], dict[str, Any]]]:
    """Random pools; entries are few different numbers, so that many are equal."""
    for count in (1, 2, 3):
        for _ in range(25):
            options = drawn(rng, count)
            options.pop("groups")
            options["kernel_size"] = tuple(int(k) for k in rng.integers(1, 4, count))
            options["ceil_mode"] = bool(rng.random() < 0.5)
            x = rng.integers(-2, 3, (*[(2,), ()][rng.integers(2)], 2, *rng.integers(1, 8, count))).astype(float)
            yield f"max_pool{count}d", [x], dict(options)
            options.pop("dilation")
            options["count_include_pad"] = bool(rng.random() < 0.5)
            if count > 1 and rng.random() < 0.3:
                options["divisor_override"] = 3
            yield f"avg_pool{count}d", [x], options
            wanted = {"output_size": tuple(int(k) for k in rng.integers(1, 6, count))}
            yield f"adaptive_avg_pool{count}d", [x], wanted
            yield f"adaptive_max_pool{count}d", [x], wanted


def others(rng: Any) -> Iterator[tuple[str, list[Any], dict[str, Any]]]:
    """Patches, shuffles and interpolation."""
    for _ in range(25):
        options = drawn(rng, 2)
        options.pop("groups")
        options["kernel_size"] = tuple(int(k) for k in rng.integers(1, 4, 2))
        x = rng.normal(size=(*[(2,), ()][rng.integers(2)], 2, *rng.integers(1, 8, 2)))
        yield "unfold", [x], options
        yield "pixel_shuffle", [rng.normal(size=(2, 8, 2, 3))], {"upscale_factor": 2}
        yield "pixel_unshuffle", [rng.normal(size=(3, 2, 6, 3))], {"downscale_factor": 3}
        yield "channel_shuffle", [rng.normal(size=(2, 6, 2))], {"groups": 3}
        count = int(rng.integers(1, 4))
        x = rng.normal(size=(2, 1, *rng.integers(1, 6, count)))
        smooth = {1: ["linear"], 2: ["bilinear", "bicubic"], 3: ["trilinear"]}[count]
        mode = str(rng.choice(["nearest", "nearest-exact", "area", *smooth]))
        size = {"size": tuple(int(k) for k in rng.integers(1, 9, count))}
        scale = {"scale_factor": tuple(float(k) for k in rng.choice([0.5, 1.5, 2.0, 2.3, 0.7], count))}
        chosen = size if rng.random() < 0.5 else scale
        corners = {"align_corners": bool(rng.random() < 0.5)} if mode in smooth else {}
        yield "interpolate", [x], {"mode": mode, **chosen, **corners}


@pytest.mark.parametrize("draw", [convolutions, pools, others], ids=lambda draw: draw.__name__)
def test_random_settings(draw: Any) -> None:
    tried = refused = 0
    for name, arrays, options in draw(np.random.default_rng(0)):
        function = getattr(torch.nn.functional, name)
        tried += 1

        def run(*given: Any, function: Any = function, options: dict[str, Any] = options) -> Any:
            return function(*given, **options)

        try:
            run(*map(torch.tensor, arrays))
        except (RuntimeError, ValueError):
            refused += 1
            operation = TABLE[name]
            shapes = [a.shape for a in arrays] + [()] * (len(operation.arguments) - len(arrays))
            if not options.get("ceil_mode"):  # where avg_pool3d alone refuses a window that hangs over the end
                with pytest.raises(OperationError):
                    operation.plan(shapes, options)
            continue
        agree(name, run, arrays, options)
    assert refused < tried / 2


F = torch.nn.functional


@pytest.mark.parametrize(
    ("call", "shape", "function"),
    [
        ("lp_pool1d(x, 3, 2)", (2, 3, 7), lambda x: F.lp_pool1d(x, 3, 2)),
        ("lp_pool2d(x, 2, 2, 1)", (1, 2, 4, 3), lambda x: F.lp_pool2d(x, 2, 2, 1)),
        ("lp_pool2d(x, 2, (2, 3), ceil_mode=True)", (1, 5, 7), lambda x: F.lp_pool2d(x, 2, (2, 3), None, True)),
        ("x.unfold(1, 3, 2)", (2, 8, 2), lambda x: x.unfold(1, 3, 2)),
        (
            "F.upsample_bilinear(x, size=(5, 3))",
            (1, 2, 3, 3),
            lambda x: F.interpolate(x, (5, 3), mode="bilinear", align_corners=True),
        ),
    ],
)
def test_formulas_of_windows(call: str, shape: tuple[int, ...], function: Any) -> None:
    x = np.random.default_rng(0).uniform(0.2, 1.5, size=shape)
    network = bp.loads(json.dumps({"parameters": {"x": x.tolist()}, "nodes": {"y": call, "J": "sum(y * y)"}}))
    tensor = torch.tensor(x, requires_grad=True)
    (function(tensor) ** 2).sum().backward()
    run = network.run()
    np.testing.assert_allclose(run.value("y"), function(tensor).detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(run.gradient("x"), tensor.grad.numpy(), rtol=1e-11)
