"""The section `train:` (and flags, and Python's arguments) as a Training: strict, every error at its place."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan
from typing import TYPE_CHECKING, Any, NamedTuple

from backpropcli.errors import SpecError
from backpropcli.language.data.values import read_value
from backpropcli.language.file.schema import formula_text
from backpropcli.language.file.words import Words
from backpropcli.language.layers.setting import SEED, SWITCH, Setting, Type
from backpropcli.language.training import optimizers, schedules
from backpropcli.language.training.forms import PARTS, called, own
from backpropcli.language.training.metrics import metrics
from backpropcli.language.training.rules import FREE, RuleError, program, schedule_graph
from backpropcli.language.training.settings import ABOVE_ZERO, COUNT, FROM_ZERO, LARGEST, NUMBER, WHOLE
from backpropcli.language.training.training import OWN, Clip, Optimizer, Schedule, Training, Until
from backpropcli.suggest import did_you_mean

if TYPE_CHECKING:
    from backpropcli.errors import Place
    from backpropcli.language.file.places import Key
    from backpropcli.language.network import Spec

ANY = Type("any")
SECTION = (
    Setting("optimizer", ANY, "What moves the parameters: adam, {adam: {beta1: 0.8}}, or rules of your own."),
    Setting("lr", FROM_ZERO, "The learning rate."),
    Setting("schedule", ANY, "How it changes: cosine, {step: {every: 30}}, or a formula of lr, t, T and epoch."),
    Setting("weight_decay", FROM_ZERO, "The optimiser's setting of this name."),
    Setting("updates", COUNT, "How many updates there are."),
    Setting("epochs", COUNT, "How often all examples come by, instead of updates."),
    Setting("batch", COUNT, "Examples an update; all of them where it is left out."),
    Setting("shuffle", SWITCH, "Whether the examples come in another order every epoch.", True),
    Setting("seed", SEED, "Of the order, and of what is held out.", 0),
    Setting("holdout", FROM_ZERO, "A share of the examples that is only measured, or how many.", 0),
    Setting("until", ANY, "When to stop before: loss, patience, time."),
    Setting("clip", ANY, "The largest gradient (value), or length of all gradients (norm)."),
    Setting("metrics", ANY, "Formulas by name, measured beside the loss."),
    Setting("examples", ANY, "The inputs and targets that have an example a row."),
)
UNTIL = (
    Setting("loss", NUMBER, "Stop where the loss is no larger."),
    Setting("patience", COUNT, "Stop after so many updates (or epochs) without a smaller loss."),
    Setting("time", FROM_ZERO, "Stop after so many seconds."),
)
CLIP = (
    Setting("value", ABOVE_ZERO, "No entry of a gradient is larger."),
    Setting("norm", ABOVE_ZERO, "All gradients together are no longer."),
)
LONGEST = 40
"""Letters of a name that a message repeats."""
NAMES = [setting.name for setting in SECTION]
INSTEAD = {"updates": "epochs", "epochs": "updates"}
"""What a setting given later takes the place of."""
ELSEWHERE = {"learning_rate": "lr", "eta": "lr", "batch_size": "batch", "iterations": "updates", "steps": "updates"}


def over(section: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A section with further settings over it.

    An optimiser with a line search of its own has no use for how another one steps, which goes with that.
    """
    gone = {INSTEAD[name] for name in given if name in INSTEAD} - given.keys()
    if _searches(given.get("optimizer")):
        gone |= {"lr", "schedule", "clip", "batch", "weight_decay"} - given.keys()
    return {**{name: value for name, value in section.items() if name not in gone}, **given}


def _searches(raw: Any) -> bool:
    """Whether an optimizer is one that is no formulas: L-BFGS."""
    name = next(iter(raw), "") if isinstance(raw, dict) else str(raw).split("(")[0].strip()
    known = optimizers.NAMED.get(str(name))
    return known is not None and not known.update


def training(spec: Spec, settings: Mapping[str, Any] | None = None) -> Training:
    """How a network is trained: its section `train:` with these settings over it, and the defaults.

    Raises SpecError.
    """
    given = {name: _plain(value) for name, value in (settings or {}).items() if value is not None}
    words = _Given(spec, given)
    words.sections["train"] = over(spec.train or {}, given)
    for section, kind in (("inputs", "input"), ("targets", "target")):
        words.sections[section] = dict.fromkeys(spec.graph.names(kind))  # type: ignore[arg-type]  # they are kinds
    return read_training(words, begins=True)


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays as Python's, in a mapping too."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return value.tolist() if hasattr(value, "tolist") else value


class _Given(Words):
    """The words of a spec that was read, with settings over it that stand nowhere."""

    def __init__(self, spec: Spec, given: Mapping[str, Any]) -> None:
        super().__init__(spec.source)
        self.spec, self.given = spec, given

    def place(self, path: Key, span: tuple[int, int] | None = None, key: bool = False) -> Place | None:
        return None if path[1:2] and path[1] in self.given else self.spec.place(path, span, key)


def read_training(words: Words, begins: bool = False) -> Training:
    """The section `train:`, judged; where the training `begins`, all of it must be there (a learning rate)."""
    section = words.sections.get("train", {})
    _known(words, section, SECTION, ("train",), "train: has no setting")
    if "updates" in section and "epochs" in section:
        raise words.error("updates and epochs are two ways to say how long", ("train", "epochs"), "Leave one out.")
    optimizer, settings = _optimizer(words, section)
    plain = {s.name: _value(words, section, s, ("train",)) for s in SECTION if s.type is not ANY and s.name in section}
    lr = plain.get("lr", optimizer.lr)
    if lr is None and begins:
        whose = optimizer.title if optimizer.name == OWN else optimizer.name
        message = f"the learning rate of {whose} is not said"
        hint = "Write train: {lr: 0.1}, or backprop train --lr 0.1"
        raise SpecError(message, words.place(("train",)) if section else None, hint)
    schedule, scheduled = _schedule(words, section)
    _warmed_up(words, scheduled, plain.get("updates"))
    return Training(
        optimizer,
        settings,
        nan if lr is None else lr,
        schedule,
        scheduled,
        updates=plain.get("updates"),
        epochs=plain.get("epochs"),
        batch=plain.get("batch"),
        shuffle=plain.get("shuffle", True),
        seed=plain.get("seed", 0),
        holdout=_holdout(words, section),
        until=Until(**_group(words, section, "until", UNTIL)),
        clip=Clip(**_group(words, section, "clip", CLIP)),
        metrics=metrics(words, section.get("metrics")),
        examples=_examples(words, section),
    )


def _known(words: Words, section: Mapping[str, Any], settings: tuple[Setting, ...], path: Key, message: str) -> None:
    names = [setting.name for setting in settings]
    for name in section:
        if name not in names:
            meant = ELSEWHERE.get(str(name)) if path == ("train",) else None
            near = f". Did you mean {meant}?" if meant else did_you_mean(str(name), names)
            hint = f"There is: {', '.join(names)}" if names else ""
            if name in NAMES and path != ("train",):  # PyTorch's Adam(lr=0.1)
                hint = f"It stands beside {path[1]}, not in it:  train: {{{path[1]}: .., {name}: ..}}\n{hint}"
            raise words.error(f"{message} {name}{near}", (*path, name), hint, key=True)


def _value(words: Words, section: Mapping[str, Any], setting: Setting, path: Key) -> Any:
    """What a setting says, checked; else its default."""
    name, kind = setting.name, setting.type
    if name not in section:
        return setting.default
    raw, here = section[name], (*path, name)
    if raw is None:
        raise words.error(f"{name} has no value", here)
    if path == ("train", "until") and name == "time" and isinstance(raw, str):
        raw = raw.strip().removesuffix("s").rstrip()
    if kind not in WHOLES and isinstance(raw, int) and abs(raw) > LARGEST:
        raise words.error(f"{name} {kind.wants}", here, setting.hint)
    if kind not in WHOLES and not isinstance(raw, bool | dict | list):
        raw = read_value(words, raw, name, here)
    if not kind.fits(raw):
        raise words.error(f"{name} {kind.wants}", here, setting.hint)
    return raw


WHOLES = (COUNT, WHOLE, SEED, SWITCH)
"""Types whose values are no results of arithmetic."""


class _Choice(NamedTuple):
    """What is chosen by name in a section, with its options."""

    name: str
    options: Mapping[str, Any]
    path: Key


def _chosen(words: Words, key: str, raw: Any) -> _Choice:
    """`adam`, `{adam: {beta1: 0.8}}` or `adam(beta1=0.8)`."""
    path: Key = ("train", key)
    if isinstance(raw, dict) and len(raw) == 1:
        ((name, options),) = raw.items()
        if options is not None and not isinstance(options, dict):
            raise words.error(f"{name} wants its settings by name", (*path, name), f"{{{name}: {{setting: value}}}}")
        return _Choice(str(name), options or {}, (*path, name))
    if isinstance(raw, str) and raw.strip():
        name, options = called(raw)
        if "(" in name and (known := NAMED[key].get(name.split("(")[0].strip())) is not None:
            hint = f"Such as {known.name}({known.settings[0].name}=0.5)"
            raise words.error(f"{known.name} wants its settings by name", path, hint)
        return _Choice(name, options, path)
    hint = f"Such as {key}: {EXAMPLE[key]}"
    if isinstance(raw, dict) and isinstance(raw.get("name"), str):  # as other programs have it
        rest = ", ".join(f"{name}: {value}" for name, value in raw.items() if name != "name")
        hint = f"Write {key}: {{{raw['name']}: {{{rest}}}}}"
    raise words.error(f"{key} wants a name, or a name with settings", path, hint)


NAMED: Mapping[str, Mapping[str, Any]] = {"optimizer": optimizers.NAMED, "schedule": schedules.NAMED}
EXAMPLE = {
    "optimizer": "adam, or {adam: {beta1: 0.8}}",
    "schedule": "cosine, or {cosine: {warmup: 10}}",
    "until": "{loss: 0.01}",
    "clip": "{norm: 1}",
}


def _optimizer(words: Words, section: Mapping[str, Any]) -> tuple[Optimizer, dict[str, Any]]:
    """The optimiser and all its settings."""
    raw = section.get("optimizer", "gradient_descent")
    if isinstance(raw, dict) and ("update" in raw or "state" in raw):
        optimizer = own(words, raw, ("train", "optimizer"))
        choice = _Choice("optimizer", {}, ("train", "optimizer"))
    else:
        choice = _chosen(words, "optimizer", raw)
        optimizer = _by_name(words, "optimizer", choice, optimizers.NAMED)
    settings = _settings(words, optimizer.name, optimizer.settings, choice)
    _decay(words, section, optimizer, choice, settings)
    try:
        program(optimizer, settings)
    except RuleError as error:
        part = "state" if error.rule in optimizer.state else "update"
        path = (*choice.path, part, error.rule.name) if optimizer.name == OWN else choice.path
        if optimizer.name != OWN:
            error.error.span = None
        raise words.placed(error.error, path) from None
    return optimizer, settings


def _decay(
    words: Words, section: Mapping[str, Any], optimizer: Optimizer, choice: _Choice, settings: dict[str, Any]
) -> None:
    """`weight_decay:` beside the optimiser is its setting of this name."""
    if "weight_decay" not in section:
        return
    path: Key = ("train", "weight_decay")
    if "weight_decay" not in settings:
        name = "an optimiser of your own" if optimizer.name == OWN else optimizer.name
        raise words.error(f"{name} has no weight_decay", path, key=True)
    if "weight_decay" in choice.options:
        raise words.error("weight_decay is given twice", path, "Leave one of them out.", key=True)
    settings["weight_decay"] = _value(words, section, SECTION[3], ("train",))


def _by_name(words: Words, key: str, choice: _Choice, known: Mapping[str, Any]) -> Any:
    if choice.name not in known:
        names = list(dict.fromkeys(one.name for one in known.values()))
        candidates = [*known, *(PARTS if key == "optimizer" else ())]
        near, hint = did_you_mean(choice.name.lower(), candidates), f"There is: {', '.join(names)}"
        shown = choice.name if len(choice.name) <= LONGEST else f"{choice.name[:LONGEST]}..."
        raise words.error(f"unknown {key}: {shown}{near}", choice.path, hint, key=len(choice.path) > 2)
    return known[choice.name]


def _settings(words: Words, name: str, settings: tuple[Setting, ...], choice: _Choice) -> dict[str, Any]:
    """All settings of what was chosen."""
    _known(words, choice.options, settings, choice.path, f"{name} has no setting")
    found = {setting.name: _value(words, choice.options, setting, choice.path) for setting in settings}
    for setting, value in found.items():
        if value is None:
            hint = f"{{{name}: {{{setting}: ...}}}}"
            raise words.error(f"{name} wants {setting}", choice.path, f"Write it as {hint}")
    return found


def _schedule(words: Words, section: Mapping[str, Any]) -> tuple[Schedule, dict[str, Any]]:
    """The schedule and its settings; a formula is one without."""
    raw = section.get("schedule", "constant")
    path: Key = ("train", "schedule")
    text = str(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else raw
    if isinstance(text, str) and _is_formula(text):
        schedule = Schedule("formula", "", (), formula_text(words, "schedule", text, path))
        settings: dict[str, Any] = {}
    else:
        choice = _chosen(words, "schedule", text)
        schedule = _by_name(words, "schedule", choice, schedules.NAMED)
        settings = _settings(words, schedule.name, schedule.settings, choice)
    try:
        schedule_graph(schedule, settings)
    except RuleError as error:
        raise words.placed(error.error, path) from None
    return schedule, settings


def _is_formula(text: str) -> bool:
    """Whether a schedule is a formula: no name alone but one of its own, and no call of a schedule."""
    if not text.strip() or called(text)[0].split("(")[0].strip() in schedules.NAMED:
        return False
    return not text.strip().isidentifier() or text.strip() in FREE


def _warmed_up(words: Words, settings: Mapping[str, Any], updates: int | None) -> None:
    warmup = settings.get("warmup", 0)
    if updates is not None and warmup >= updates:
        raise words.error(
            f"the warm-up of {warmup} updates is as long as the training, which has {updates}",
            ("train", "schedule"),
            f"Write more updates, or a warm-up below {updates}." if updates > 1 else "Write more updates.",
        )


def _holdout(words: Words, section: Mapping[str, Any]) -> float | int:
    """A share below 1, or a count."""
    raw = section.get("holdout", 0)
    if type(raw) is int and raw >= 0:
        return raw
    found = _value(words, section, SECTION[9], ("train",))
    if not 0 <= found < 1:
        raise words.error("holdout wants a share from 0 to below 1, or a whole number", ("train", "holdout"))
    return float(found)


def _group(words: Words, section: Mapping[str, Any], key: str, settings: tuple[Setting, ...]) -> dict[str, Any]:
    """`until: {loss: 0.01}`."""
    raw, path = section.get(key), ("train", key)
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise words.error(f"{key} wants its settings by name", path, f"Such as {key}: {EXAMPLE[key]}")
    _known(words, raw, settings, path, f"{key} has no setting")
    return {setting.name: _value(words, raw, setting, path) for setting in settings if setting.name in raw}


def _examples(words: Words, section: Mapping[str, Any]) -> tuple[str, ...] | None:
    raw, path = section.get("examples"), ("train", "examples")
    if raw is None:
        return None
    names = [raw] if isinstance(raw, str) else raw
    if not isinstance(names, list | tuple) or not names:
        raise words.error("examples wants names of inputs and targets", path, "Such as examples: [x, y]")
    known = [*words.sections.get("inputs", {}), *words.sections.get("targets", {})]
    for k, name in enumerate(names):
        if name not in known:
            where = path if isinstance(raw, str) else (*path, k)
            hint = f"There is: {', '.join(known[:20])}" if known else ""
            raise words.error(f"no input or target is called {name}{did_you_mean(str(name), known)}", where, hint)
    return tuple(names)
