"""Wrong settings of every layer: for every declaration, whatever is wrong is one clear message with its place."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

import pytest
from layers_guide import sections

from backpropcli.engine import Plan, run
from backpropcli.errors import SpecError
from backpropcli.gradcheck import check
from backpropcli.guide import chapter
from backpropcli.language import Flags, Spec, load, loads
from backpropcli.language.file.document import read_string
from backpropcli.language.file.spelling import Spelling
from backpropcli.language.file.words import Words
from backpropcli.language.layers.kinds import KINDS

if TYPE_CHECKING:
    from backpropcli.language.layers.kind import Kind
    from backpropcli.language.layers.setting import Setting

ALL = pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
SETTINGS = [(kind, setting) for kind in KINDS.values() for setting in kind.settings]
EACH = pytest.mark.parametrize(("kind", "setting"), SETTINGS, ids=lambda one: one.name)
POOL: tuple[Any, ...] = (
    *(0, -1, 1.5, 10**30, True, "zzz", "", [], [0], [1, 2, 3, 4], ["a"], [1.5, 2], [-1, -1], {"a": 1}, float("nan")),
)
"""What people write by mistake: too small, no whole number, no number, lists too long, a mapping."""


def settings_of(kind: Kind) -> dict[str, Any]:
    """The settings of a kind's own example, with the network's input for an earlier output."""
    found: dict[str, Any] = read_string(kind.form, "form").data[0][kind.name]
    return {key: "x" if key == "of" else value for key, value in found.items()}


def network(kind: Kind, settings: Any, shape: tuple[int, ...] | None = None) -> str:
    values = f"{{uniform: {list(kind.on if shape is None else shape)}, low: 0}}"
    if kind.name == "embedding" and shape is None:
        values = "[0, 2, 1, 2, 0]"
    written = Spelling(Words("")).flow(settings)
    return f"inputs:\n  x: {values}\nlayers:\n  - {kind.name}: {written}\n"


def caught(text: str) -> SpecError:
    with pytest.raises(SpecError) as error:
        loads(text, "net.yaml")
    found = error.value
    assert found.place is not None, found.message
    assert found.place.line >= 2, found.message
    assert "Traceback" not in str(found)
    assert len(found.message) < 160
    return found


def output(spec: Spec) -> str:
    return list(spec.graph.nodes)[-1]


@ALL
def test_the_form_that_messages_show_is_right_and_so_are_its_gradients(kind: Kind) -> None:
    spec = loads(network(kind, settings_of(kind)))
    made = output(spec)
    spec = loads(network(kind, settings_of(kind)) + f"nodes: {{J: 'sum({made}**2 + {made})'}}\nloss: J\n")
    names = [*spec.graph.names("parameter"), *(["x"] if kind.name != "embedding" else [])]
    report = check(spec.graph, spec.values, "J", names=names)
    assert report.verdict == "pass"
    assert run(Plan(spec.graph), spec.values, "J").value("J") != 0
    again = loads(spec.lowered())
    assert [node[:-1] for node in again.graph.nodes.values()] == [node[:-1] for node in spec.graph.nodes.values()]


@ALL
def test_the_flag_that_messages_show_is_right(kind: Kind) -> None:
    x = "x=[0, 2, 1]" if kind.name == "embedding" else f"x={{uniform: {list(kind.on)}}}"
    layer = re.sub(r"\ba1\b", "x", kind.call)
    flags = load(None, Flags((x,), layers=(layer,)))
    written = loads(network(kind, settings_of(kind)))
    assert [n.formula for n in flags.graph.nodes.values()] == [n.formula for n in written.graph.nodes.values()]


@EACH
def test_every_setting_refuses_what_it_cannot_be(kind: Kind, setting: Setting) -> None:
    own = settings_of(kind)
    for wrong in POOL:
        if setting.type.fits(wrong) and setting.type.wants:
            continue
        others = {
            key: value
            for key, value in own.items()
            if key not in kind.exactly_one or setting.name not in kind.exactly_one
        }
        if setting.name in ("g", "b", "activation") and wrong in (0, -1, 1.5, True, 10**30) and kind.name == "dense":
            continue  # one number is a bias of one unit
        text = network(kind, {**others, setting.name: wrong})
        try:
            loads(text)
        except SpecError:
            error = caught(text)
        else:
            assert not setting.type.wants, (setting.name, wrong)
            continue
        said = error.message + str(error.place)
        assert re.search(rf"\b{re.escape(setting.name.removesuffix('.T'))}", said) or error.place.text, error.message
        assert error.place.line == 4, error.message
        if setting.type.wants and not setting.type.fits(wrong):
            assert setting.name in error.message


@ALL
def test_unknown_settings_are_named_with_what_there_is(kind: Kind) -> None:
    error = caught(network(kind, {**settings_of(kind), "zzz": 1}))
    assert error.message == f"{kind.name} has no setting zzz"
    assert error.hint == f"It has: {', '.join(kind.keys)}."
    first = kind.keys[0]
    if len(first) > 3:
        slip = first[:-2] + first[-1] + first[-2]
        near = caught(network(kind, {**settings_of(kind), slip: 1})).message
        assert near == f"{kind.name} has no setting {slip}. Did you mean {first}?"


@ALL
def test_what_is_missing_is_named(kind: Kind) -> None:
    own = settings_of(kind)
    for name in kind.required:
        error = caught(network(kind, {key: value for key, value in own.items() if key != name}))
        assert error.message == f"layer 1 has no {name}"
        assert error.hint == f"Such as {kind.form}"
    if kind.exactly_one:
        bare = {key: value for key, value in own.items() if key not in kind.exactly_one}
        error = caught(network(kind, bare))
        assert (error.message, error.hint) == ("layer 1 has no weights", kind.weights)


@ALL
def test_parameters_of_another_shape_are_refused(kind: Kind) -> None:
    own = {key: value for key, value in settings_of(kind).items() if key not in kind.exactly_one}
    for parameter in kind.parameters:
        wrong = {"zeros": [2, 7, 1, 3, 2, 1, 2]}
        others = settings_of(kind) if parameter.setting not in kind.exactly_one else own
        error = caught(network(kind, {**others, parameter.setting: wrong}))
        assert error.place.line == 4
        assert re.search(r"shape|one number|axes", error.message), error.message
    for parameter in kind.parameters:
        if parameter.setting in kind.exactly_one and kind.name != "dense":
            flags = Flags(parameters=(f"{parameter.letter}1=[1, 2, 3, 4, 5, 6, 7]",))
            with pytest.raises(SpecError) as error:
                loads(network(kind, settings_of(kind)), flags=flags)
            assert f"{parameter.letter}1 has shape (7,), but this layer wants" in error.value.message
            assert error.value.place.file == "--parameter"


@ALL
def test_inputs_of_any_shape_load_or_are_refused(kind: Kind) -> None:
    shapes = ((), (3,), (2, 3), (2, 3, 4), (2, 3, 4, 4), (2, 3, 4, 4, 4), (1, 2, 1, 2, 1, 2))
    refused = 0
    for shape in shapes:
        text = network(kind, settings_of(kind), shape)
        try:
            loads(text)
        except SpecError:
            refused += 1
            error = caught(text)
            assert "bug" not in error.message
    assert refused < len(shapes) or kind.name in ("reshape", "embedding")


@ALL
def test_one_value_alone_and_the_name_alone(kind: Kind) -> None:
    own = settings_of(kind)
    if kind.alone:
        first = kind.positional[0]
        short = network(kind, own[first])
        formulas = [node.formula for node in loads(short).graph.nodes.values()]
        assert formulas == [node.formula for node in loads(network(kind, {first: own[first]})).graph.nodes.values()]
    else:
        assert caught(network(kind, 3)).message == f"a {kind.name} layer wants {kind.wants}"
    name = network(kind, None).replace(": null\n", "\n")
    if kind.bare:
        assert output(loads(name))
    else:
        found = caught(name)
        assert (found.message, found.hint) == (f"a {kind.name} layer wants {kind.wants}", kind.form)


def test_sizes_that_do_not_fit_are_refused() -> None:
    conv = "conv: {filters: 2, size: 3, init: he"
    pictures = "inputs:\n  x: {uniform: [2, 4, 6, 6]}\nlayers:\n  - "
    for layer, message in (
        (f"{conv}, groups: 3}}", "4 channels cannot be divided into 3 groups"),
        ("conv: {filters: 3, size: 3, init: he, groups: 2}", "3 filters cannot be divided into 2 groups"),
        (f"{conv}, stride: [1, 2, 3]}}", "size|stride has 3 entries|slides windows"),
        ("conv: {filters: 2, init: he}", "layer 1 has no size"),
        ("conv: {size: 3, init: he}", "layer 1 has no filters"),
        ("conv: {filters: 2, size: 9, init: he}", "9"),
        ("max_pool: 7", "7"),
        ("norm: group", "layer 1 has no groups"),
        ("norm: {kind: batch, groups: 2}", "groups belongs to kind: group, not batch"),
        ("norm: {kind: group, groups: 3}", "4 channels cannot be divided into 3 groups"),
        ("add: y", "no input or layer output is called y"),
        ("reshape: [5, 5]", "reshape"),
        ("flatten: 4", "flatten begins with axis 4"),
        ("conv: {filters: 2, size: 3, init: he, b: [1, 2], bias: false}", "this layer has b and bias: false"),
        ("conv: {filters: 2, size: 3, seed: 3, K: {ones: [2, 4, 3, 3]}}", "seed belongs to init"),
    ):
        assert re.search(message, caught(f"{pictures}{layer}\n").message), layer
    error = caught("inputs:\n  x: {uniform: [2, 6, 6]}\nlayers:\n  - max_pool: 2\n")
    assert error.message == "x has the shape (2,6,6): is it (N, C, L), or (C, H, W)?"
    assert "size: [3, 3]" in error.hint


def test_names_of_other_programs_are_understood() -> None:
    for layer, meant in (
        ("conv: {filters: 2, kernel_size: 3}", "size"),
        ("conv: {out_channels: 2}", "filters"),
        ("norm: {kind: layer, gamma: 1}", "g"),
        ("embedding: {num_embeddings: 4}", "classes"),
        ("conv: {filters: 2, kernel: 3}", "size"),
        ("lstm: {units: 2, return_sequences: true}", "last"),
        ("conv: {filters: 2, size: 3, init: kaiming_normal}", "he"),
        ("conv: {filters: 2, size: 3, init: xavier_uniform}", "xavier"),
    ):
        error = caught(f"inputs:\n  x: {{uniform: [2, 4, 6, 6]}}\nlayers:\n  - {layer}\n")
        assert error.message.endswith(f"Did you mean {meant}?")


def test_every_pair_of_layers_that_fit_runs() -> None:
    """Any layer may follow any other whose output it can take; what it cannot take is refused with a place."""
    loaded = 0
    for first, second in itertools.product(KINDS.values(), repeat=2):
        one = network(first, settings_of(first))
        two = Spelling(Words("")).flow(settings_of(second)).replace(": x}", ": OUT}")
        text = f"{one}  - {second.name}: {two}\n".replace("OUT", output(loads(one)))
        try:
            loads(text)
            loaded += 1
        except SpecError:
            caught(text)
    assert loaded > len(KINDS) ** 2 / 3


def test_the_guide_has_what_is_declared() -> None:
    text = chapter("layers")
    for section in sections():
        assert f"{section}\n\n" in text, "python tests/layers_guide.py prints the sections"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("MaxPool2d", "max_pool"),
        ("conv2d", "conv"),
        ("BatchNorm1d", "norm"),
        ("Linear", "dense"),
        ("Flatten", "flatten"),
    ],
)
def test_layers_of_other_programs_are_understood(name: str, meant: str) -> None:
    message = caught(f"inputs:\n  x: [1, 2]\nlayers:\n  - {name}: {{}}\n").message
    assert message == f"unknown layer: {name}. Did you mean {meant}?"


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("conv2d(8, 3)", "unknown layer: conv2d. Did you mean conv?"),
        ("MaxPool2d(2)", "unknown layer: MaxPool2d. Did you mean max_pool?"),
        ("linear(4)", "unknown layer: linear. Did you mean dense?"),
        ("LeakyReLU(0.1)", "unknown layer: LeakyReLU. Did you mean leaky_relu?"),
        ("AdaptiveAvgPool2d(1)", "AdaptiveAvgPool2d is no layer, but an operation"),
        ("conv_transpose(1, 2)", "conv_transpose is no layer, but an operation"),
    ],
)
def test_a_flag_that_is_no_layer_says_what_it_is(written: str, message: str) -> None:
    with pytest.raises(SpecError) as caught_:
        load(None, Flags(inputs=("x=[1, 2]",), layers=(written,)))
    assert caught_.value.message == message


def test_offsets_are_not_left_out_silently() -> None:
    error = caught("inputs:\n  x: [[1, 2]]\nlayers:\n  - norm: {kind: rms, b: [1, 2]}\n")
    assert error.message == "norm: rms has no offsets"
