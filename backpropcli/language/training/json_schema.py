"""The JSON Schema of the section `train:`, made from its declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backpropcli.language.layers.setting import COUNT, SEED, SWITCH, Setting
from backpropcli.language.training.forms import PARTS
from backpropcli.language.training.optimizers import OPTIMIZERS
from backpropcli.language.training.read import ANY, CLIP, SECTION, UNTIL
from backpropcli.language.training.schedules import SCHEDULES
from backpropcli.language.training.settings import ABOVE_ZERO, FROM_ZERO, NUMBER, SHARE, WHOLE

if TYPE_CHECKING:
    from backpropcli.language.training.training import Optimizer, Schedule

Schema = dict[str, Any]
_NUMBER = {"$ref": "#/$defs/number"}


def _bounded(**bounds: float) -> Schema:
    return {"anyOf": [{"type": "number", **bounds}, {"allOf": [{"type": "string"}, _NUMBER]}]}


TYPES: dict[str, Schema] = {
    COUNT.name: {"type": "integer", "minimum": 1},
    WHOLE.name: {"type": "integer", "minimum": 0},
    SEED.name: {"type": "integer", "minimum": 0},
    SWITCH.name: {"type": "boolean"},
    NUMBER.name: _NUMBER,
    FROM_ZERO.name: _bounded(minimum=0),
    ABOVE_ZERO.name: _bounded(exclusiveMinimum=0),
    SHARE.name: _bounded(minimum=0, exclusiveMaximum=1),
}
"""What a setting of each type may be."""


def train_schema() -> Schema:
    """The section: every setting by its declaration."""
    shaped = _shaped()
    plain = {s.name: {"description": s.help, **_typed(s)} for s in SECTION if s.type is not ANY}
    other = {s.name: {"description": s.help, **shaped[s.name]} for s in SECTION if s.type is ANY}
    both = {"not": {"required": ["updates", "epochs"]}}
    return {**_object({s.name: {**plain, **other}[s.name] for s in SECTION}), **both}


def _shaped() -> dict[str, Schema]:
    """The settings that are no numbers."""
    formula = {"$ref": "#/$defs/formula"}
    formulas = {"type": "object", "propertyNames": {"$ref": "#/$defs/name"}, "additionalProperties": formula}
    own = {**_object(dict.fromkeys(PARTS, formulas)), "required": ["update"]}
    name = {"type": "string", "pattern": r"\S"}
    return {
        "optimizer": {"anyOf": [_names(OPTIMIZERS), *map(_chosen, OPTIMIZERS), own, _call(OPTIMIZERS)]},
        "schedule": {"anyOf": [_names(SCHEDULES), *map(_chosen, SCHEDULES), formula]},
        "until": _settings(UNTIL),
        "clip": _settings(CLIP),
        "metrics": formulas,
        "examples": {"anyOf": [name, {"type": "array", "items": name, "minItems": 1}]},
    }


def _object(properties: dict[str, Any]) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _typed(setting: Setting) -> Schema:
    default = {} if setting.default is None else {"default": setting.default}
    return {**TYPES[setting.type.name], **default}


def _settings(settings: tuple[Setting, ...]) -> Schema:
    required = [] if settings in (UNTIL, CLIP) else [s.name for s in settings if s.default is None]
    return {**_object({s.name: {"description": s.help, **_typed(s)} for s in settings}), "required": required}


def _names(table: tuple[Optimizer, ...] | tuple[Schedule, ...]) -> Schema:
    whole = [one for one in table if all(s.default is not None for s in one.settings)]
    return {"enum": [name for one in whole for name in (one.name, *one.aliases)]}


def _call(table: tuple[Optimizer, ...]) -> Schema:
    """`adam(beta1=0.8)`."""
    return {"type": "string", "pattern": rf"^\s*({'|'.join(_names(table)['enum'])})\s*\(.*\)\s*$"}


def _chosen(one: Optimizer | Schedule) -> Schema:
    """`{adam: {beta1: 0.8}}`."""
    names = (one.name, *one.aliases)
    inside = _settings(one.settings)
    settings = {"anyOf": [inside, {"type": "null"}]} if not inside["required"] else inside
    return {**_object(dict.fromkeys(names, settings)), "minProperties": 1, "maxProperties": 1}
