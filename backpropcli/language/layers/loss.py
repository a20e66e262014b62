"""A loss function over the layers' output: its options, target and labels checked, its formula made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.language.build import shape_of
from backpropcli.language.data.deferred import ready
from backpropcli.language.data.kept import blocks, kept
from backpropcli.language.data.values import read_value
from backpropcli.language.layers.losses import LOSSES, REDUCTIONS, loss_formula, misfit
from backpropcli.language.objective import PENALTIES
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.language.file.places import Key
    from backpropcli.language.file.words import Words
    from backpropcli.language.layers.activation import Activation
    from backpropcli.ops.definition import Value
    from backpropcli.ops.shape import Shape


class Output(NamedTuple):
    """The name of the last layer's output (empty where there are no layers) and its activation."""

    name: str
    activation: Activation


def lower_loss(
    words: Words,
    data: Mapping[str, Value],
    shapes: Mapping[str, Shape],
    output: Output,
    written: Any,
    base: Key = ("loss",),
) -> tuple[str, Key]:
    """The formula of what `loss:` says (`squared_error`, `{huber: {delta: 2}}`) at `base`, and its path."""
    name, path, options = _said(words, written, base)
    loss = LOSSES[name]
    _check_options(words, name, path, options)
    _check_output(words, name, output)
    target = _target(words, name, options.get("target"), path)
    settings = {}
    for option, _ in loss.options:
        if option in options:
            value = read_value(words, options[option], option, (*path, option))
            if not isinstance(value, float) or not value > 0:
                raise words.error(f"{option} wants a number above 0", (*path, option))
            settings[option] = value
    shape, y_shape = shapes[output.name], shapes[target]
    message, hint = misfit(name, output.name, target, shape, y_shape)
    if message:
        given = data[target]
        one = f"[{given:g}]" if isinstance(given, float) else "[..]"
        raise words.error(message, ("targets", target), hint.replace("[..]", one) if hint.endswith(": [..]") else hint)
    _check_labels(words, name, target, data[target], shape)
    reduction = options.get("reduction", loss.reduction)
    return loss_formula(name, output.name, target, shape, y_shape, reduction, settings), ("loss",)


def _said(words: Words, written: Any, base: Key) -> tuple[str, Key, Mapping[str, Any]]:
    """The loss function's name, its path, and its options."""
    if not isinstance(written, dict):
        return written, base, {}
    ((name, options),) = written.items()
    path: Key = base if base[-1] == name else (*base, name)
    if options is not None and not isinstance(options, dict):
        raise words.error(f"{name} wants options by name", path, f"{{{name}: {{reduction: mean}}}}")
    return name, path, options or {}


def _near(option: str, known: Iterable[str]) -> str:
    """The option that may be meant; an optimiser's weight decay is a penalty here."""
    return ". Did you mean l2?" if option in ("weight_decay", "reg", "ridge") else did_you_mean(option, known)


def _check_options(words: Words, name: str, path: Key, options: Mapping[str, Any]) -> None:
    known = ("reduction", "target", *(option for option, _ in LOSSES[name].options))
    for option in options:
        if option not in known:
            message = f"{name} has no option {option}{_near(option, (*known, *PENALTIES))}"
            raise words.error(message, (*path, option), f"It has: {', '.join((*known, *PENALTIES))}.", key=True)
    if options.get("reduction", "sum") not in REDUCTIONS:
        raise words.error("reduction is sum, mean or none", (*path, "reduction"))


def _check_output(words: Words, name: str, output: Output) -> None:
    """Raise where a loss function does not go with what the layers end in."""
    loss, activation = LOSSES[name], output.activation
    if not output.name:
        raise words.error(
            f"{name} compares the layers' output with a target, but there are no layers",
            ("loss",),
            "Write the loss as a node, such as J: (a - y)**2 / 2, and loss: J",
        )
    if activation.name in loss.refused:
        raise words.error(
            f"{name} takes the scores before {activation.written}",
            ("loss",),
            f"Leave activation: {activation.written} out of the last layer.",
        )
    if loss.probability and activation.beyond:
        what = "has no activation" if activation.name == "linear" else f"ends with {activation.written}"
        raise words.error(
            f"{name} takes probabilities, but the last layer {what}",
            ("loss",),
            "Write activation: sigmoid there, or loss: binary_cross_entropy_from_logits.",
        )


def _target(words: Words, loss: str, written: Any, path: Key) -> str:
    targets = list(words.sections.get("targets", {}))
    if written is not None:
        if written not in targets:
            raise words.error(f"no target is called {written}{did_you_mean(str(written), targets)}", (*path, "target"))
        return str(written)
    if not targets:
        raise words.error("the loss has no target", ("loss",), "Write targets: {y: ...}")
    if len(targets) > 1:
        raise words.error(
            f"which is the loss's target, {' or '.join(targets[:5])}?",
            ("loss",),
            f"Write loss: {{{loss}: {{target: {targets[0]}}}}}",
        )
    return str(targets[0])


def _check_labels(words: Words, loss: str, target: str, value: Value, shape: Shape) -> None:
    """Refuse targets that a loss cannot mean: class numbers out of range, labels of hinge that are not -1 or 1."""
    classes = loss == "cross_entropy" and len(shape) > len(shape_of(value))
    if (fits := _fits(loss, shape[-1] if classes else 0)) is None:
        return
    for entries in _entries(value):
        if (bad := next((v for v in entries if not fits.those(v)), None)) is not None:
            raise words.error(fits.message.format(bad), ("targets", target))


class _Fits(NamedTuple):
    """Which targets a loss can mean, and what is said of another."""

    those: Callable[[float], bool]
    message: str


def _fits(loss: str, classes: int) -> _Fits | None:
    """What the targets of a loss may be: class numbers where there are `classes`; None where anything may."""
    labels, between = LOSSES[loss].labels, LOSSES[loss].between
    if classes:
        message = f"{{:g}} is not one of the {classes} classes, 0 to {classes - 1}"
        return _Fits(lambda v: v % 1 == 0 and 0 <= v < classes, message)
    if labels is not None:
        return _Fits(lambda v: v in labels, f"{loss} wants targets of -1 or 1, not {{:g}}")
    if between is not None:
        low, high = between
        return _Fits(lambda v: low <= v <= high, f"{loss} wants targets from {low:g} to {high:g}, not {{:g}}")
    return None


def _entries(value: Value) -> Iterator[list[float]]:
    """All numbers of a value, some at a time: of a large file they are not held."""
    if isinstance(value, float):
        yield [value]
        return
    whole = value if kept(value) else ready(value)
    for _, block in blocks(whole):
        yield block.ravel().tolist()
