"""How the parameters of a layer start that nobody writes: zeros, ones, or by the layer's initialiser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backpropcli.language.data.deferred import waiting
from backpropcli.language.data.initialisers import OPTIONS, SHAPED, initialise
from backpropcli.language.layers.layer import Layer, Said
from backpropcli.language.layers.setting import COUNT
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.language.layers.kind import Parameter, Sizes
    from backpropcli.ops.shape import Shape

FEW = 8
"""So many zeros are written out."""


def whole(layer: Layer, parameter: Parameter, sizes: Sizes) -> Shape:
    """A shape of which every size is known; SpecError for one that no setting says."""
    for size, axis in zip(sizes, parameter.axes or ("",) * len(sizes), strict=False):
        if size is None:
            setting = layer.settings[axis]
            hint = f"Write {axis}: and how many there are." if setting.type is COUNT else setting.help
            raise layer.error(f"layer {layer.index} has no {axis}", hint=hint)
    return tuple(size or 0 for size in sizes)


def started(layer: Layer, start: str, shape: Shape) -> Said:
    """What nobody mentions: zeros or ones."""
    value = int(start == "ones")
    if not shape:
        return Said(float(value), layer.path, start, value)
    plain = [value] * shape[0] if len(shape) == 1 and shape[0] <= FEW else {start: list(shape)}
    return Said(waiting(shape, lambda: initialise(start, shape, "", {})), layer.path, start, plain)


def initialised(layer: Layer, parameter: Parameter, sizes: Sizes) -> Said:
    """Weights from an initialiser; a number is drawn as a list of one."""
    shape = whole(layer, parameter, sizes)
    kind, settings = initialiser(layer)
    name, path = f"{parameter.letter}{layer.index}", (*layer.path, "init")
    raw: dict[str, Any] = {kind: list(shape) or [1], **settings}
    value = layer.stack.read(layer.words, raw, name, path)
    if not shape:
        one = float(value[0])
        return Said(one, path, "init", one if kind in SHAPED else {**raw, kind: []})
    if kind in SHAPED and parameter.fans is not None:
        raw = _by_fans(kind, shape, *parameter.fans(layer, shape), settings)
        value = layer.stack.read(layer.words, raw, name, path)
    return Said(value, path, "init", raw)


ELSEWHERE = {"kaiming": "he", "he_": "he", "xavier": "xavier", "glorot": "glorot", "randn": "normal", "rand": "uniform"}
"""What stands in the names of initialisers elsewhere: used in did-you-mean only."""


def _by_fans(kind: str, shape: Shape, fan_in: int, fan_out: int, settings: dict[str, Any]) -> dict[str, Any]:
    """An initialiser that goes by the fans, of weights that are no matrix with a row an input."""
    if kind == "he":
        return {"normal": list(shape), "std": f"sqrt(2/{fan_in})", **settings}
    limit = f"sqrt(6/{fan_in + fan_out})"
    return {"uniform": list(shape), "low": f"-{limit}", "high": limit, **settings}


def initialiser(layer: Layer) -> tuple[str, dict[str, Any]]:
    """What `init:` says: the name of an initialiser and its settings, with the layer's seed."""
    written, settings = layer.written["init"], dict[str, Any]()
    if isinstance(written, dict) and len(written) == 1:
        ((written, inner),) = written.items()
        if not isinstance(inner, dict | None):
            setting = next(iter(OPTIONS.get(written, {"std": 1})), "seed")
            hint = f"Such as init: {{{written}: {{{setting}: 0.1}}}}"
            raise layer.error(f"init: the settings of {written} have names", "init", written, hint=hint)
        settings = dict(inner or {})
    if not isinstance(written, str):
        raise layer.error("init wants the name of an initialiser", "init", hint="Such as init: he, or init: glorot")
    if written not in OPTIONS:
        meant = next((known for name, known in ELSEWHERE.items() if name in written.lower()), "")
        near = f". Did you mean {meant}?" if meant else did_you_mean(written, OPTIONS)
        raise layer.error(f"unknown initialiser: {written}{near}", "init", hint=f"There is: {', '.join(OPTIONS)}")
    if "seed" in layer.written:
        settings["seed"] = layer["seed"]
    return written, settings
