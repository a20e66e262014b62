"""The JSON Schema (draft 2020-12) of a spec, made from the definitions that validate it: editors complete and check.

What needs the whole network (do names exist, do shapes fit) is left to the loader.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from backpropcli.language.data.initialisers import NAMED, OPTIONS
from backpropcli.language.data.values import FILES, TRANSPOSE
from backpropcli.language.file.sections import SECTIONS
from backpropcli.language.formula.grammar import CONSTANTS
from backpropcli.language.functions import PARTS
from backpropcli.language.layers.activation import LINEAR, Activation, names, read_activation
from backpropcli.language.layers.kinds import KINDS
from backpropcli.language.layers.losses import LOSSES, REDUCTIONS
from backpropcli.language.layers.setting import ACTIVATION
from backpropcli.language.objective import PENALTIES
from backpropcli.language.training.json_schema import train_schema
from backpropcli.ops import table

if TYPE_CHECKING:
    from backpropcli.language.layers.kind import Kind
    from backpropcli.language.layers.setting import Type

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SIGNS = r"\s!-/:-@\[-^`{-~"
NAME = rf"^[^{_SIGNS}0-9][^{_SIGNS}]*$"
"""A name, Greek letters welcome: editors' regular expressions know only ASCII's letters by \\w."""
SUBSCRIPTED = (
    rf"^\s*[^{_SIGNS}0-9][^{_SIGNS}]*\s*\[\s*(-?[0-9]+|[^{_SIGNS}0-9][^{_SIGNS}]*(\s*(\+|<=)\s*[0-9]+)?)\s*\]\s*$"
)
"""A name with the subscript of a recurrence, as h[0], h[t] or h[t <= 8]."""
QUANTITY = r"^\s*([d∂] ?[^\s/\[\]]+ ?/ ?[d∂] ?[^\s/\[\]]+|[^\s/\[\]]+)\s*(\[[0-9\s,-]+\])?\s*$"
_WORDS = sorted({*CONSTANTS, "NaN", "Infinity"})
NUMBER = (
    r"^(?=[\s\S]*\S)(?!\s*[A-Za-z_][A-Za-z0-9_]*\s*$)(?!\s*[-+]?([0-9]+,[0-9]|0+[1-9]))(?!\s*[0-9]{4}-[0-9]{2}-[0-9]{2}\s*$)"
    rf"|^\s*({'|'.join(_WORDS)})\s*$"
)
"""What a number written as text is not: nothing, a word (but for pi and a few), a decimal comma, a date."""
HEAD = r"^\s*[^\s(]+\s*\(\s*[^)\s][^)]*\)\s*$"

SAID = {
    "title": "One line about the network.",
    "inputs": "Inputs by name, each with its value.",
    "targets": "What the outputs should be, by name.",
    "parameters": "Parameters by name: gradients are worked out for them.",
    "functions": "Functions of your own, as g(z): maximum(0, z).",
    "blocks": "Blocks of nodes with parameters of their own, as block(x): {parameters: ..., nodes: ...}.",
    "nodes": "Every node's formula by its name, as z1: w1 * x + b1.",
    "layers": "Layers in order, as - dense: {units: 1, activation: relu, w: 2, b: 0}.",
    "loss": "The node that is differentiated, or a loss function by name.",
    "expect": "Numbers that should come out, as dJ/dw1: 6.",
    "train": "How the parameters are trained: optimizer, lr, updates, ...",
}


def json_schema() -> Schema:
    """The schema of a network's file, as plain data for `json.dumps`."""
    sections: dict[str, Schema] = {
        "title": {"type": ["string", "number", "null"]},
        **{name: _named(_ref("value")) for name in ("inputs", "targets", "parameters")},
        "functions": {
            "type": ["object", "null"],
            "propertyNames": {"pattern": HEAD},
            "additionalProperties": _ref("function"),
        },
        "blocks": {
            "type": ["object", "null"],
            "propertyNames": {"pattern": HEAD},
            "additionalProperties": _object(
                {"parameters": _named(_ref("value")), "nodes": _nodes()}, required=["nodes"]
            ),
        },
        "nodes": _nodes(),
        "layers": {"type": ["array", "null"]},
        "loss": {"anyOf": [_ref("loss"), _ref("losses"), {"type": ["string", "null"], "pattern": NAME}]},
        "expect": {
            "type": ["object", "null"],
            "propertyNames": {"pattern": QUANTITY},
            "additionalProperties": _ref("expected"),
        },
        "train": {"anyOf": [train_schema(), {"type": "null"}]},
    }
    made = {"type": "string", "pattern": rf"^([{_letters()}][0-9]+|J)$"}
    by_layers = {"anyOf": [_ref("loss"), _ref("losses"), made, {"type": "null"}]}
    return {
        "$schema": DIALECT,
        "title": "A network for backprop",
        "type": "object",
        "properties": {name: {"description": SAID[name], **sections[name]} for name in SECTIONS},
        "additionalProperties": False,
        "anyOf": [{"required": ["nodes"]}, {"required": ["layers"]}],
        "allOf": [
            {"if": {"not": {"required": ["functions"]}}, "then": {"properties": {"layers": _own_activations()}}},
            {"if": {"not": {"anyOf": [_has("nodes"), _has("blocks")]}}, "then": {"properties": {"loss": by_layers}}},
            {
                "if": _has("blocks"),
                "then": {"properties": {"layers": {"items": {"anyOf": [_ref("layer"), _of_block()]}}}},
                "else": {"properties": {"layers": {"items": _ref("layer")}}},
            },
        ],
        "$defs": {
            "name": {"pattern": NAME, "not": {"enum": sorted(keyword.kwlist)}},
            "formula": {"type": ["string", "number"], "pattern": r"\S"},
            "number": {
                "type": ["number", "string"],
                "pattern": NUMBER,
                "description": "A number, or as 1/3 or sqrt(2).",
            },
            "array": {"type": "array", "items": {"anyOf": [_ref("number"), _ref("array")]}},
            "shape": {"anyOf": [_count(), {"type": "array", "items": _count()}]},
            "made": {"oneOf": [*map(_made, OPTIONS), *map(_file, FILES)]},
            "value": {"anyOf": [_ref("number"), _ref("array"), _ref("made")]},
            "function": {"anyOf": [_ref("formula"), _function()]},
            "activation": _activation(),
            "layer": _layers(),
            "loss": {"anyOf": [{"enum": list(LOSSES)}, {"oneOf": [_loss(name) for name in LOSSES]}]},
            "losses": _losses(),
            "penalty": {
                "anyOf": [
                    _ref("number"),
                    _object({"weight": _ref("number"), "of": _listed()}, required=["weight", "of"]),
                ]
            },
            "expected": {
                "anyOf": [
                    _ref("number"),
                    _ref("array"),
                    _object(
                        {"value": {"anyOf": [_ref("number"), _ref("array")]}, "within": _ref("number")},
                        required=["value", "within"],
                    ),
                ]
            },
        },
    }


def _has(section: str) -> Schema:
    """A network that has this section."""
    return {"required": [section]}


def _nodes() -> Schema:
    """Formulas by name, or by a name with a subscript."""
    return {
        "type": ["object", "null"],
        "propertyNames": {"anyOf": [_ref("name"), {"pattern": SUBSCRIPTED}]},
        "additionalProperties": _ref("formula"),
    }


def _of_block() -> Schema:
    """A layer that is a block of the network's own: what it is called is known to the loader alone."""
    stranger = {"pattern": NAME, "not": {"enum": list(KINDS)}}
    one = {"type": "object", "propertyNames": stranger, "minProperties": 1, "maxProperties": 1}
    return {"anyOf": [{"type": "string", **stranger}, one]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _named(value: Schema) -> Schema:
    return {"type": ["object", "null"], "propertyNames": _ref("name"), "additionalProperties": value}


def _object(properties: dict[str, Schema], required: list[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _perhaps(properties: dict[str, Schema]) -> Schema:
    return {**_object(properties, []), "type": ["object", "null"]}


def _count() -> Schema:
    return {"type": "integer", "minimum": 0}


def _option(name: str) -> Schema:
    return _count() if name == "seed" else _ref("number")


def _made(kind: str) -> Schema:
    """An initialiser: `{he: [2, 3], seed: 0}`."""
    options = {name: {**_option(name), "default": default} for name, default in OPTIONS[kind].items()}
    options |= {NAMED: {"type": "string", "minLength": 1}} if "seed" in options else {}
    options[TRANSPOSE] = {"type": "boolean"}
    return _object({kind: _ref("shape"), **options}, [kind, *(["value"] if kind == "full" else [])])


def _file(kind: str) -> Schema:
    """Values from a file: `{csv: data.csv, columns: [a]}`."""
    column = {"type": ["string", "integer"]}
    options: dict[str, Schema] = {
        "array": {"type": "string"},
        "skip": _count(),
        "columns": {"anyOf": [column, {"type": "array", "minItems": 1, "items": column}]},
        "shape": {"type": ["array", "integer"], "items": {"type": "integer", "minimum": -1}, "minimum": -1},
        "scale": _ref("number"),
        "standardise": {"type": "boolean"},
        "one_hot": {"type": "integer", "minimum": 1},
        TRANSPOSE: {"type": "boolean"},
    }
    own = {name: options[name] for name in (*FILES[kind], TRANSPOSE)}
    return _object({kind: {"type": "string", "minLength": 1}, **own}, [kind])


def _function() -> Schema:
    several = {"type": ["object", "null"], "propertyNames": _ref("name"), "additionalProperties": _ref("formula")}
    parts = {"value": _ref("formula"), "gradient": several, "where": several}
    return _object({part: parts[part] for part in PARTS}, ["value"])


def accepted() -> list[str]:
    """Every operation that a layer may have as its activation, by all its names."""
    forms = "{}", "{}(1)", "{}(1, 1)"
    known = dict.fromkeys([*LINEAR, *table.names()])
    return [n for n in known if any(isinstance(read_activation(f.format(n), {}), Activation) for f in forms)]


def _activation() -> Schema:
    with_settings = rf"^\s*({'|'.join(accepted())})\s*(\(.*\))?\s*$"
    return {"anyOf": [{"enum": names()}, {"type": "string", "pattern": with_settings}, {"type": "null"}]}


def _layer(kind: Kind) -> Schema:
    """The settings of a layer; of those that exclude each other (a dense layer's weights) there is one."""
    types = _types()
    settings: dict[str, Schema] = {}
    for setting in kind.settings:
        default = {} if setting.default is None else {"default": setting.default}
        settings[setting.name] = {"description": setting.help, **_typed(setting.type, types), **default}
    one = {"oneOf": [{"required": [key]} for key in kind.exactly_one]} if kind.exactly_one else {}
    whole = {**_object(settings, list(kind.required)), **one}
    forms = [whole, *([{"type": "null"}] if kind.bare else [])]
    forms += [settings[kind.positional[0]]] if kind.alone else []
    return _object({kind.name: forms[0] if len(forms) == 1 else {"anyOf": forms}}, [kind.name])


def _typed(type: Type, types: Mapping[str, Schema]) -> Schema:
    """What a setting of this type may be."""
    return dict(type.schema) if type.schema is not None else types[type.name]


def _types() -> dict[str, Schema]:
    """What a setting of each type may be."""
    starts = [_object({kind: _perhaps({name: _option(name) for name in OPTIONS[kind]})}, [kind]) for kind in OPTIONS]
    return {
        "count": {"type": "integer", "minimum": 1},
        "activation": {"anyOf": [_ref("activation"), {"type": "string"}]},
        "value": _ref("value"),
        "bias": {"anyOf": [_ref("value"), _object({"shared": _ref("number")}, ["shared"])]},
        "switch": {"type": "boolean"},
        "initialiser": {"anyOf": [{"enum": list(OPTIONS)}, *starts]},
        "seed": _count(),
        "name": {"type": "string"},
    }


def _layers() -> Schema:
    """A layer of any kind; the name alone of one that needs no settings, or of an activation."""
    bare = {"enum": [kind.name for kind in KINDS.values() if kind.bare]}
    own = {"allOf": [{"type": "string"}, _ref("activation")]}
    return {"anyOf": [{"oneOf": [_layer(kind) for kind in KINDS.values()]}, bare, own]}


def _letters() -> str:
    """The letters of the nodes that layers make."""
    return "".join(sorted({"a", *(node.letter[0] for kind in KINDS.values() for node in kind.nodes)}))


def _own_activations() -> Schema:
    """Where no function is defined, activations are operations."""
    named = {}
    for kind in KINDS.values():
        own = {s.name: _ref("activation") for s in kind.settings if s.type is ACTIVATION}
        named[kind.name] = {"if": {"type": "object"}, "then": {"properties": own}}
    return {"items": {"properties": named}}


def _listed() -> Schema:
    """A name, or a list of names."""
    one = {"type": "string", "pattern": NAME}
    return {"anyOf": [one, {"type": "array", "minItems": 1, "items": one}]}


def _losses() -> Schema:
    """Several losses that are added: a list of two at least, or nodes with their weights."""
    penalties = {penalty: _ref("penalty") for penalty in PENALTIES}
    some = {"type": "object", "properties": penalties, "additionalProperties": False, "minProperties": 1}
    node = {"pattern": NAME, "not": {"enum": [*LOSSES, *PENALTIES]}}
    weighted = {
        "type": "object",
        "properties": penalties,
        "propertyNames": {"not": {"enum": list(LOSSES)}},
        "additionalProperties": {"anyOf": [_ref("number"), some]},
        "minProperties": 1,
    }
    one = {**weighted, "maxProperties": 1}
    scaled = {**one, "properties": {}, "propertyNames": {"enum": list(LOSSES)}, "additionalProperties": _ref("number")}
    items = {"anyOf": [{"type": "string", **node}, {"enum": list(LOSSES)}, _ref("loss"), one, scaled]}
    return {"anyOf": [{"type": "array", "minItems": 2, "items": items}, weighted]}


def _loss(name: str) -> Schema:
    """`{huber: {delta: 2, reduction: mean}}`."""
    options: dict[str, Schema] = {"reduction": {"enum": list(REDUCTIONS)}, "target": {"type": "string"}}
    options |= {option: {**_ref("number"), "default": default} for option, default in LOSSES[name].options}
    options |= {penalty: _ref("penalty") for penalty in PENALTIES}
    return _object({name: _perhaps(options)}, [name])
