"""What `backprop train --optimizers` prints: optimisers and schedules as formulas, or one of them in full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from backpropcli.language.training.optimizers import OPTIMIZERS
from backpropcli.language.training.schedules import SCHEDULES
from backpropcli.language.training.settings import SWITCH, Setting
from backpropcli.language.training.training import Optimizer, Rule, Schedule
from backpropcli.notation.numbers import exact
from backpropcli.render.json import anything, listed
from backpropcli.render.table import Column, Table

Choice = Optimizer | Schedule


def optimizers_table(chosen: Sequence[Choice]) -> Table:
    """A row for each, optimisers first; the formulas are those of the defaults."""
    columns = [
        Column("name", style="bold"),
        Column("what it is", elastic=True, wrap=True),
        Column("settings", elastic=True, wrap=True),
    ]
    groups = [("OPTIMIZERS", Optimizer), ("SCHEDULES", Schedule)]
    sections = [
        [(title, "", ""), *((one.name, one.words, _briefly(one)) for one in chosen if isinstance(one, kind))]
        for title, kind in groups
        if any(isinstance(one, kind) for one in chosen)
    ]
    return Table(columns, sections, footers=["One of them with its formulas:  backprop train --optimizers adam"])


def _briefly(one: Choice) -> str:
    """`lr=0.001, beta1=0.9, ...`."""
    rate = []
    if isinstance(one, Optimizer) and _has_rate(one):
        rate = [f"lr={one.lr:g}" if one.lr is not None else "lr"]
    return ", ".join([*rate, *(_with_default(setting) for setting in one.settings)])


def _has_rate(one: Choice) -> bool:
    """Whether there is a learning rate: a line search has none."""
    return isinstance(one, Optimizer) and bool(one.update)


def _with_default(setting: Setting) -> str:
    return setting.name if setting.default is None else f"{setting.name}={_shown(setting.default)}"


def _shown(default: Any) -> str:
    return str(default).lower() if isinstance(default, bool) else exact(default)


def optimizer_page(one: Choice) -> Iterator[str]:
    """All about one: its formulas in order, its settings, its source, and PyTorch's name for it."""
    yield f"{one.name}   {one.words}"
    yield ""
    rows = list(_formulas(one))
    rows += [("settings" * (not k), text) for k, text in enumerate(_settings(one))]
    if one.aliases:
        rows.append(("also", ", ".join(one.aliases)))
    if isinstance(one, Optimizer) and one.source:
        rows.append(("source", one.source))
    if one.torch:
        rows.append(("PyTorch", one.torch))
    rows.append(("write it", _written(one)))
    size = max(len(left) for left, _ in rows)
    for left, right in rows:
        yield f"  {left.ljust(size)}   {right}"


def _formulas(one: Choice) -> Iterator[tuple[str, str]]:
    """Name and formula, in the order in which they are made."""
    if isinstance(one, Schedule):
        yield "lr", one.formula
        yield "", "lr: the learning rate as it was said, t: the update, from 1, T: how many there are"
        if any(setting.name == "warmup" for setting in one.settings):
            yield "", "up to update warmup:  lr * t / warmup"
        return
    for rule in one.state:
        yield f"{rule.name} at first", rule.formula + _when(rule, one)
    for rule in one.update:
        yield rule.name, rule.formula + _when(rule, one)
    if one.update:
        yield "", "p: a parameter, g: its gradient, lr: the learning rate, t: the update, from 1"
    else:
        yield "", "no formula an entry: SciPy looks at all parameters together (pip install 'backpropcli[scipy]')"


def _when(rule: Rule, one: Optimizer) -> str:
    """For which settings a rule holds: `   where amsgrad`, `   without momentum`."""
    if not rule.when:
        return ""
    switches = {setting.name for setting in one.settings if setting.type is SWITCH}
    words = []
    for word in rule.when.split():
        name = word.lstrip("!")
        on = "" if name in switches else " > 0"
        off = "without " if name in switches else "where "
        words.append(f"{off}{name}{'' if name in switches else ' = 0'}" if word[0] == "!" else f"where {name}{on}")
    return f"   ({', '.join(words)})"


def _settings(one: Choice) -> Iterator[str]:
    if isinstance(one, Optimizer) and _has_rate(one):
        yield "lr: The learning rate" + (f" ({one.lr:g})." if one.lr is not None else "; it has to be said.")
    for setting in one.settings:
        default = "it has to be said" if setting.default is None else _shown(setting.default)
        yield f"{setting.name}: {setting.help[:-1]} ({default})."


def _written(one: Choice) -> str:
    """How somebody chooses it."""
    key = "optimizer" if isinstance(one, Optimizer) else "schedule"
    setting = next(iter(one.settings), None)
    if setting is None or (setting.default is not None and isinstance(setting.default, bool)):
        return f"train: {{{key}: {one.name}}}"
    value = _shown(10 if setting.default is None else setting.default)
    inside = f"{{{key}: {{{one.name}: {{{setting.name}: {value}}}}}}}"
    return f"train: {inside}   --{key} '{one.name}({setting.name}={value})'"


def optimizers_json(chosen: Iterable[Choice]) -> Iterator[str]:
    """`backprop.optimizers/1`: {"format", "optimizers": [{"name", "state", "update", ...}], "schedules": [...]}."""
    chosen = list(chosen)
    yield '{"format": "backprop.optimizers/1", "optimizers": ['
    yield from listed(anything(_optimizer(one)) for one in chosen if isinstance(one, Optimizer))
    yield '], "schedules": ['
    yield from listed(anything({**_common(one), "formula": one.formula}) for one in chosen if isinstance(one, Schedule))
    yield "]}\n"


def _common(one: Choice) -> dict[str, Any]:
    settings = [{"name": s.name, "words": s.help, "default": s.default} for s in one.settings]
    return {
        "name": one.name,
        "words": one.words,
        "settings": settings,
        "aliases": list(one.aliases),
        "pytorch": one.torch,
    }


def _optimizer(one: Optimizer) -> dict[str, Any]:
    rules = {
        part: [{"name": r.name, "formula": r.formula, "when": r.when} for r in rules]
        for part, rules in (("state", one.state), ("update", one.update))
    }
    return {**_common(one), **rules, "source": one.source, "lr": one.lr}


def everything() -> list[Choice]:
    """All optimisers and schedules."""
    return [*OPTIMIZERS, *SCHEDULES]
