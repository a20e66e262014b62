"""What every structural operation must satisfy, made from its samples: shared by the tests of the modules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from backpropcli.ops.definition import Options, Part, Structural
from backpropcli.ops.numbers import array, complexstep, precise

if TYPE_CHECKING:
    from backpropcli.ops.shape import Shape

XP = array.xp


def cases(operations: tuple[Any, ...]) -> list[Any]:
    """(operation, shapes, options) for every sample of every structural operation."""
    return [
        (operation, list(shapes), dict(options))
        for operation in operations
        if isinstance(operation, Structural)
        for shapes, options in operation.samples
    ]


def name_case(case: Any) -> str:
    operation, shapes, options = case
    return f"{operation.name}-{shapes}-{options}".replace(" ", "")


def values(operation: Structural, shapes: list[Shape], options: dict[str, Any], lead: Shape = (), seed: int = 0) -> Any:
    """Random arguments without ties; labels are whole numbers."""
    rng = np.random.default_rng(seed)
    if operation.name == "one_hot":
        return [rng.integers(0, options["depth"], lead + s).astype(float) for s in shapes]
    found = [np.asarray(rng.normal(size=lead + s)) for s in shapes]
    _, o = operation.plan(shapes, options)
    return [found[0], *labels(operation, shapes, options, lead, rng)] if operation.labels(o) else found


def labels(operation: Structural, shapes: list[Shape], options: dict[str, Any], lead: Shape, rng: Any) -> list[Any]:
    """Labels for `pick` and its kin, each within the axes that it picks from; negative ones too."""
    _, o = operation.plan(shapes, options)
    sizes = [min(use.size for use in operation.labels(o) if use.argument == k + 1) for k in range(len(shapes) - 1)]
    return [rng.integers(-n, n, lead + s).astype(float) for n, s in zip(sizes, shapes[1:], strict=True)]


def vjp(operation: Structural, o: Options | None, g: Any, y: Any, k: int, arguments: Any, xp: Any = XP) -> Any:
    """Argument k's gradient as a whole array, whatever the body returned."""
    if operation.variadic:
        result = operation.vjps[0](xp, o, g, y, k, *arguments)
    else:
        result = operation.vjps[k](xp, o, g, y, *arguments)
    if isinstance(result, Part):
        buffer = xp.zeros(np.shape(arguments[k]))
        if result.unique:
            buffer[(..., *result.where)] += result.value
        else:
            xp.add_at(buffer, (..., *result.where), result.value)
        return buffer
    return result


def slopes(operation: Structural, o: Options | None, k: int, arguments: Any, g: Any) -> np.ndarray:
    """The gradient of sum(g * value) by complex steps of the value body, one entry of argument k at a time."""
    result = np.zeros(np.shape(arguments[k]))
    for index in np.ndindex(result.shape):
        direction = np.zeros(result.shape)
        direction[index] = 1.0
        moved = [complexstep.start(a, direction if j == k else 0.0 * a) for j, a in enumerate(arguments)]
        result[index] = np.sum(g * complexstep.slope(operation.value(complexstep.xp, o, *moved)))
    return result


def differences(operation: Structural, o: Options | None, k: int, arguments: Any, g: Any) -> np.ndarray:
    """The same by central differences."""
    result, h = np.zeros(np.shape(arguments[k])), 1e-6
    for index in np.ndindex(result.shape):
        ends = []
        for sign in (1, -1):
            moved = [np.array(a) for a in arguments]
            moved[k][index] += sign * h
            ends.append(np.sum(g * operation.value(XP, o, *moved)))
        result[index] = (ends[0] - ends[1]) / (2 * h)
    return result


def check_shape(case: Any) -> None:
    operation, shapes, options = case
    shape, o = operation.plan(shapes, options)
    y = operation.value(XP, o, *values(operation, shapes, options))
    assert np.shape(y) == shape
    assert isinstance(shape, tuple)
    assert all(type(size) is int for size in shape)
    assert np.asarray(y).dtype == np.float64


def check_vjp(case: Any) -> None:
    operation, shapes, options = case
    shape, o = operation.plan(shapes, options)
    arguments = values(operation, shapes, options)
    y = operation.value(XP, o, *arguments)
    g = np.random.default_rng(1).normal(size=shape)
    for k, a in enumerate(arguments):
        found = vjp(operation, o, g, y, k, arguments)
        assert np.shape(found) == np.shape(a)
        if any(use.argument == k for use in operation.labels(o)):
            assert not np.any(found)
            continue
        np.testing.assert_allclose(found, slopes(operation, o, k, arguments, g), rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(found, differences(operation, o, k, arguments, g), rtol=1e-6, atol=1e-7)


def check_stacked(case: Any, lead: Shape) -> None:
    operation, shapes, options = case
    shape, o = operation.plan(shapes, options)
    arguments = values(operation, shapes, options, lead)
    y = np.asarray(operation.value(XP, o, *arguments))
    assert y.shape == lead + shape
    g = np.random.default_rng(1).normal(size=lead + shape)
    together = [vjp(operation, o, g, y, k, arguments) for k in range(len(arguments))]
    assert [np.shape(t) for t in together] == [a.shape for a in arguments]
    for copy in np.ndindex(lead):
        alone = [a[copy] for a in arguments]
        y_alone = operation.value(XP, o, *alone)
        np.testing.assert_allclose(y[copy], y_alone, rtol=1e-13, atol=1e-15)
        for k in range(len(arguments)):
            np.testing.assert_allclose(
                together[k][copy], vjp(operation, o, g[copy], y_alone, k, alone), rtol=1e-12, atol=1e-14
            )


def check_single(case: Any) -> None:
    """float32 stays float32, forward and backward, and nothing is written into."""
    operation, shapes, options = case
    shape, o = operation.plan(shapes, options)
    xp = array.namespace("float32")
    arguments = [a.astype(np.float32) for a in values(operation, shapes, options)]
    for a in arguments:
        a.flags.writeable = False
    y = np.asarray(operation.value(xp, o, *arguments))
    assert y.dtype == np.float32
    g = np.ones(shape, np.float32)
    g.flags.writeable = False
    for k in range(len(arguments)):
        assert np.asarray(vjp(operation, o, g, y, k, arguments, xp)).dtype == np.float32


@np.errstate(all="ignore")  # as the engine does
def check_precise(case: Any, lead: Shape = ()) -> None:
    """Fifty digits, forward and backward, agree with float64 to its last digits; stacked too."""
    operation, shapes, options = case
    shape, o = operation.plan(shapes, options)
    arguments = values(operation, shapes, options, lead)
    g = np.random.default_rng(1).normal(size=lead + shape)
    exact = [precise.number(a) for a in arguments]
    y, y_exact = operation.value(XP, o, *arguments), operation.value(precise.xp, o, *exact)
    np.testing.assert_allclose(y, np.asarray(y_exact).astype(float), rtol=1e-13, atol=1e-15)
    for k in range(len(arguments)):
        found = vjp(operation, o, g, y, k, arguments)
        truth = vjp(operation, o, precise.number(g), y_exact, k, exact, precise.xp)
        np.testing.assert_allclose(found, np.asarray(truth).astype(float), rtol=1e-11, atol=1e-13)


def check_scalars(case: Any) -> None:
    """An argument of shape () may be a Python float, as may the upstream gradient of a scalar."""
    operation, shapes, options = case
    shape, o = operation.plan(shapes, options)
    arrays = values(operation, shapes, options)
    arguments = [float(a) if a.shape == () else a for a in arrays]
    y = operation.value(XP, o, *arguments)
    np.testing.assert_allclose(y, operation.value(XP, o, *arrays))
    g = 1.5 if shape == () else np.full(shape, 1.5)
    for k in range(len(arguments)):
        expected = vjp(operation, o, np.asarray(g), np.asarray(y), k, arrays)
        np.testing.assert_allclose(vjp(operation, o, g, float(y) if shape == () else y, k, arguments), expected)


def check_all(case: Any) -> None:
    check_shape(case)
    check_vjp(case)
    check_scalars(case)
    check_single(case)
    check_precise(case)


@np.errstate(all="ignore")
def run(operation: Structural, *arguments: Any, **options: Any) -> Any:
    """The value as the engine would compute it."""
    _, o = operation.plan([np.shape(a) for a in arguments], options)
    return operation.value(XP, o, *arguments)


@np.errstate(all="ignore")
def gradient(operation: Structural, *arguments: Any, k: int = 0, upstream: Any = None, **options: Any) -> Any:
    """Argument k's gradient, of the sum of the result unless there is an upstream gradient."""
    shape, o = operation.plan([np.shape(a) for a in arguments], options)
    y = operation.value(XP, o, *arguments)
    return vjp(operation, o, np.ones(shape) if upstream is None else upstream, y, k, arguments)
