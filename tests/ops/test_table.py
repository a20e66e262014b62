"""The table: complete, unambiguous, and made from one place."""

import runpy
from collections import Counter

import pytest

from backpropcli.ops import table
from backpropcli.ops.definition import Elementwise
from backpropcli.ops.elementwise import activations
from backpropcli.ops.refused import REFUSED, Refused
from backpropcli.ops.table import INFIX, TABLE, lookup, names

ASKED_FOR = """
    add subtract multiply divide power negative identity positive abs sign sqrt cbrt square reciprocal exp expm1 exp2
    log log2 log10 log1p sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh arctanh hypot logaddexp
    minimum maximum clip where erf floor ceil round trunc relu relu6 leaky_relu elu selu gelu gelu_tanh silu swish mish
    softplus softsign sigmoid logistic expit hard_sigmoid hard_tanh hard_swish log_sigmoid heaviside step
    less less_equal greater greater_equal equal not_equal logical_and logical_or logical_not deg2rad radians degrees
    sum mean var std max min prod cumsum logsumexp norm softmax log_softmax matmul dot outer transpose reshape ravel
    flatten concatenate concat stack squeeze expand_dims broadcast_to tile flip trace diag einsum
    zeros ones full linspace arange eye
"""
OPERATIONS = list(TABLE.values())


@pytest.mark.parametrize("name", ASKED_FOR.split())
def test_what_was_asked_for_is_there(name):
    assert lookup(name) in OPERATIONS


def test_an_operation_added_in_one_place_is_in_the_table(monkeypatch):
    cube = Elementwise(
        "cube",
        "z",
        "z three times",
        formula="z**3",
        group="activations",
        value=lambda xp, z: z * z * z,
        partials={"z": ("3 * z**2", lambda xp, y, z: 3.0 * z * z)},
        samples=[2.0],
        aliases=["third_power"],
        infix="***",
    )
    monkeypatch.setattr(activations, "OPERATIONS", (*activations.OPERATIONS, cube))
    fresh = runpy.run_path(table.__file__)
    assert fresh["TABLE"]["cube"] is cube
    assert fresh["INFIX"]["***"] is cube
    assert fresh["lookup"]("third_power") is cube
    assert "cube" in fresh["names"]()
    assert lookup("cube") is None


def test_no_name_means_two_things():
    known = Counter(name for o in OPERATIONS for name in (o.name, *o.aliases))
    known.update(refused.name for refused in REFUSED)
    assert [name for name, count in known.items() if count > 1] == []


def test_every_module_gives_its_operations():
    assert len(TABLE) == sum(len(module.OPERATIONS) for module in (*table.MODULES, *table.late_modules()))


def test_late_operations_join_when_one_is_asked_for():
    fresh = runpy.run_path(table.__file__)
    assert not fresh["TABLE"].whole
    assert fresh["lookup"]("relu") is TABLE["relu"]
    assert not fresh["TABLE"].whole
    assert fresh["lookup"]("layer_norm") is TABLE["layer_norm"]
    assert fresh["TABLE"].whole
    assert list(fresh["TABLE"]) == list(TABLE)
    assert runpy.run_path(table.__file__)["TABLE"]["conv2d"] is TABLE["conv2d"]
    assert all(not operation.infix and not operation.prefix for m in table.late_modules() for operation in m.OPERATIONS)


def test_infix_signs():
    expected = {
        "+": "add",
        "-": "subtract",
        "*": "multiply",
        "/": "divide",
        "**": "power",
        "@": "matmul",
        "<": "less",
        "<=": "less_equal",
        ">": "greater",
        ">=": "greater_equal",
        "==": "equal",
        "!=": "not_equal",
        "%": "mod",
        "//": "floor_divide",
        "&": "logical_and",
        "|": "logical_or",
    }
    assert {sign: operation.name for sign, operation in INFIX.items()} == expected


def test_names_are_what_can_be_called():
    assert names() == sorted(names())
    assert {"relu", "swish", "abs", "matmul"} <= set(names())
    assert "ln" not in names()
    assert "argsort" not in names()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_words_are_one_plain_line(operation):
    assert 5 <= len(operation.words) <= 110
    assert "\n" not in operation.words
    assert not operation.words.endswith((".", "!"))


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if isinstance(o, Elementwise)], ids=lambda o: o.name)
def test_elementwise_entries_are_whole(operation):
    count = len(operation.arguments)
    assert len(operation.partials) == len(operation.textbook) == count
    assert operation.samples
    assert all(len(sample) == count for sample in operation.samples)
    assert set(operation.keywords.values()) <= set(operation.arguments)
    if operation.group in ("rounding", "comparisons"):
        assert "gradient is zero" in operation.words
        assert operation.branch is not None


@pytest.mark.parametrize("refused", REFUSED, ids=lambda r: r.name)
def test_refused_names_say_why_and_what_to_write(refused):
    assert isinstance(lookup(refused.name), Refused)
    assert refused.reason.startswith(refused.name)
    assert refused.hint.endswith((".", "dJ/dw1"))


@pytest.mark.parametrize(
    ("name", "reason", "hint"),
    [
        (
            "argsort",
            "argsort answers with positions, which have no gradient",
            "Write the positions that you mean as numbers: x[[2, 0, 1]].",
        ),
        ("ln", "ln has another name here", "The natural logarithm is log(z)."),
        ("avg", "avg has another name here", "The mean is mean(x)."),
    ],
)
def test_refusals_word_for_word(name, reason, hint):
    assert lookup(name) == Refused(name, reason, hint)


def test_variants_name_operations():
    for operation in TABLE.values():
        for meanings in operation.variants.values():
            assert set(meanings.values()) <= set(TABLE)
