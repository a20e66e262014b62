"""The section `train:`: what it may say, and one message at its place for what it may not."""

from __future__ import annotations

from contextlib import suppress
from math import isnan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backpropcli.errors import BackpropError, SpecError
from backpropcli.language import Flags, Spec, loads
from backpropcli.language.training.read import training

NETWORK = "inputs: {x: 1}\ntargets: {y: 5}\nparameters: {w: 2}\nnodes: {J: (w*x - y)**2}\n"
WRONG = [
    ("{optimzer: adam}", "train: has no setting optimzer. Did you mean optimizer?", "5:2"),
    ("{optimizer: adm}", "unknown optimizer: adm. Did you mean adam?", "5:13"),
    ("{optimizer: {adam: {beta1: 1}}}", "beta1 wants a number from 0 to below 1", "5:28"),
    ("{optimizer: {adam: {beta3: 0.5}}}", "adam has no setting beta3. Did you mean beta2?", "5:21"),
    ("{optimizer: {adam: 3}}", "adam wants its settings by name", "5:20"),
    ("{optimizer: [adam]}", "optimizer wants a name, or a name with settings", "5:13"),
    ("{optimizer: {update: {v: lr*g}}}", "the update moves nothing: it has no rule for p", "5:22"),
    ("{optimizer: {update: {p: p - lr*q}}}", "unknown name: q", "5:33"),
    ("{optimizer: {state: {g: 0}, update: {p: p}}}", "g has a meaning already", "5:22"),
    ("{optimizer: {update: {t: 1, p: p}}}", "t is the number of the update", "5:23"),
    ("{optimizer: {updates: 3, update: {p: p}}}", "an optimiser has no updates. Did you mean update?", "5:14"),
    ("{optimizer: {update: {p: p - sum(g)}}}", "a rule works on each parameter by itself", "5:26"),
    ("{lr: -0.1}", "lr wants a number from 0", "5:6"),
    ("{lr: }", "lr has no value", "5:2"),
    ("{lr: 0,1}", "decimals are written with a point", "5:6"),
    ("{updates: 10, epochs: 2}", "updates and epochs are two ways to say how long", "5:23"),
    ("{updates: 2.5}", "updates wants a whole number from 1", "5:11"),
    ("{batch: 0}", "batch wants a whole number from 1", "5:9"),
    ("{holdout: 1.0}", "holdout wants a share from 0 to below 1, or a whole number", "5:11"),
    ("{schedule: cosin}", "unknown schedule: cosin. Did you mean cosine?", "5:12"),
    ("{schedule: lr / sqrt(u)}", "unknown name: u", "5:22"),
    ("{schedule: {step: {gamma: 0.5}}}", "step wants every", "5:19"),
    ("{updates: 5, schedule: {cosine: {warmup: 5}}}", "the warm-up of 5 updates is as long as the training", "5:24"),
    ("{until: {los: 1}}", "until has no setting los. Did you mean loss?", "5:10"),
    ("{until: {time: -1}}", "time wants a number from 0", "5:16"),
    ("{clip: 1}", "clip wants its settings by name", "5:8"),
    ("{metrics: {a-b: J}}", "a-b", "5:12"),
    ("{examples: [x, z]}", "no input or target is called z", "5:16"),
    ("{learning_rate: 1}", "train: has no setting learning_rate. Did you mean lr?", "5:2"),
    ("{metrics: {if: J}}", "if cannot be a name", "5:12"),
    ("{metrics: {loss: J}}", "a metric cannot be called loss: a training's log has a column of that name", "5:12"),
    ("{metrics: {held_out_a: J}}", "a metric cannot be called held_out_a", "5:12"),
    ("{schedule: 'lr * [1, 2]'}", "a list has no place here", "5:12"),
    ("{schedule: ''}", "schedule wants a name, or a name with settings", "5:12"),
    ("{schedule: cosine(0.01)}", "cosine wants its settings by name", "5:12"),
    ("{optimizer: adam(0.8)}", "adam wants its settings by name", "5:13"),
    ("{optimizer: ''}", "optimizer wants a name, or a name with settings", "5:13"),
    ("{optimizer: {updat: {p: p}}}", "unknown optimizer: updat. Did you mean update?", "5:14"),
    ("{optimizer: {update: {p: 'p - [1, 2]'}}}", "a list has no place here", "5:26"),
    ("{optimizer: {update: {p: 'p - [1, 2, 3]'}}}", "a list has no place here", "5:26"),
    ("{optimizer: {state: {v: .nan}, update: {v: v, p: p}}}", "v starts as one finite number", "5:25"),
    ("{optimizer: lbfgs, weight_decay: 0.1}", "lbfgs has no weight_decay", "5:20"),
    ("{optimizer: {adam: {weight_decay: 0}}, weight_decay: 0.1}", "weight_decay is given twice", "5:40"),
]


def read(section: str, **flags: str) -> Spec:
    """A network with this section, on a line of its own."""
    return loads(f"{NETWORK}train: {section}", "n", Flags(training=tuple(flags.items())))


@pytest.mark.parametrize(("section", "message", "place"), WRONG, ids=[row[0] for row in WRONG])
def test_what_is_wrong_is_said_at_its_place(section: str, message: str, place: str) -> None:
    with pytest.raises(SpecError) as caught:
        read(section)
    assert message in caught.value.message
    line, column = place.split(":")
    assert caught.value.place is not None
    begins = len("train: ")
    assert (caught.value.place.line, caught.value.place.column) == (int(line), int(column) + begins)


HINTS = [
    ("{optimizer: {adam: {lr: 0.1}}}", "It stands beside optimizer, not in it:  train: {optimizer: .., lr: ..}"),
    ("{optimizer: {name: adam, beta1: 0.8}}", "Write optimizer: {adam: {beta1: 0.8}}"),
    ("{optimizer: adam(0.8)}", "Such as adam(beta1=0.5)"),
    ("{optimizer: {state: {v: g}, update: {v: v, p: p}}}", "What a state starts as is a number: state: {v: 0}"),
    ("{clip: 1}", "Such as clip: {norm: 1}"),
    ("adam", "train: has settings by name: train: {optimizer: adam, lr: 0.01, updates: 100}"),
]


@pytest.mark.parametrize(("section", "hint"), HINTS, ids=[row[0] for row in HINTS])
def test_what_to_write_instead(section: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        read(section)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ([("until", "loss=1"), ("until", "loss=2")], "--until loss=2: loss is given twice"),
        ([("metric", "a = J"), ("metric", "a = 2*J")], "--metric a = 2*J: a is given twice"),
        ([("examples", "x,,y")], "--examples x,,y: expected names with commas between"),
    ],
)
def test_a_flag_that_says_two_things_or_nothing_is_refused(flags: list[tuple[str, str]], said: str) -> None:
    with pytest.raises(BackpropError) as caught:
        loads(NETWORK, "n", Flags(training=tuple(flags)))
    assert caught.value.message == said


def test_seconds_may_have_their_unit_and_a_schedule_may_be_the_epoch() -> None:
    found = training(read("{lr: 1, until: {time: 60 s}, schedule: epoch}"))
    assert found.until.time == 60
    assert found.schedule.formula == "epoch"
    assert training(read("{lr: 1, until: {loss: 3}}", until="patience=2")).until == (3, 2, None)


def test_all_settings_are_read() -> None:
    found = training(
        read(
            "{optimizer: {adam: {beta1: 1/2}}, lr: 1e-2, schedule: cosine(warmup=10), epochs: 3, batch: 4,"
            " shuffle: false, seed: 7, holdout: 0.25, until: {loss: 0.5, patience: 3}, clip: {norm: 1}, "
            "metrics: {half: J / 2}, examples: [x, y], weight_decay: 0.1}"
        )
    )
    assert found.optimizer.name == "adam"
    assert (found.settings["beta1"], found.settings["beta2"], found.settings["weight_decay"]) == (0.5, 0.999, 0.1)
    assert (found.lr, found.epochs, found.updates, found.batch) == (0.01, 3, None, 4)
    assert (found.shuffle, found.seed, found.holdout) == (False, 7, 0.25)
    assert (found.schedule.name, found.schedule_settings) == ("cosine", {"end": 0.0, "warmup": 10})
    assert (tuple(found.until), tuple(found.clip)) == ((0.5, 3, None), (None, 1.0))
    assert (dict(found.metrics), found.examples) == ({"half": "J / 2"}, ("x", "y"))


def test_the_learning_rate_has_to_be_said_when_it_begins() -> None:
    spec = read("{updates: 3}")
    assert spec.training is not None
    assert isnan(spec.training.lr)
    with pytest.raises(SpecError, match="the learning rate of gradient_descent is not said"):
        training(spec)
    assert training(spec, {"lr": 0.5}).lr == 0.5
    assert training(spec, {"optimizer": "adam"}).lr == 0.001
    assert loads(NETWORK).training is None


@pytest.mark.parametrize(
    ("flags", "names", "values"),
    [
        ({"optimizer": "adam(beta1=0.8)"}, "settings", {"beta1": 0.8}),
        ({"until": "loss=0.01, time=60 s"}, "until", (0.01, None, 60)),
        ({"clip": "norm=1"}, "clip", (None, 1)),
        ({"metric": "a = J / 2"}, "metrics", {"a": "J / 2"}),
        ({"epochs": "2"}, "epochs", 2),
        ({"shuffle": "false"}, "shuffle", False),
        ({"examples": "x, y"}, "examples", ("x", "y")),
        ({"holdout": "1"}, "holdout", 1),
    ],
)
def test_flags_go_over_the_file(flags: dict[str, str], names: str, values: Any) -> None:
    found = getattr(training(read("{lr: 0.1, updates: 9}", **flags)), names)
    assert (found == values) if not isinstance(values, dict) else values.items() <= dict(found).items()
    assert training(read("{lr: 0.1, updates: 9}", epochs="2")).updates is None


@pytest.mark.parametrize(
    ("name", "text", "message", "column"),
    [
        ("optimizer", "adam(beta1=2)", "beta1 wants a number from 0 to below 1", 12),
        ("lr", "fast", "lr is fast, not a number", 1),
        ("until", "los=1", "until has no setting los", 1),
        ("schedule", "lr / q", "unknown name: q", 6),
    ],
)
def test_an_error_points_into_the_flag(name: str, text: str, message: str, column: int) -> None:
    with pytest.raises(SpecError) as caught:
        read("{lr: 0.1}", **{name: text})
    place = caught.value.place
    assert message in caught.value.message
    assert place is not None
    assert (place.file, place.text, place.column) == (f"--{name}", text, column)


TOKENS = (
    "adam optimizer lr { } : , [ ] update state p g cosine ( ) = schedule epochs -1 0.5 1/0 until loss metrics null"
)
WORDS = st.one_of(st.sampled_from(TOKENS.split()), st.sampled_from(["p - lr*g", " ", "'", '"', "\n  "]))


@given(
    st.lists(WORDS, max_size=14).map("".join),
    st.sampled_from(["optimizer", "schedule", "until", "clip", "metric", "lr"]),
)
def test_nonsense_is_never_a_traceback(text: str, flag: str) -> None:
    for section, flags in ((text, ()), ("{lr: 1}", ((flag, text),))):
        with suppress(BackpropError):
            training(loads(f"{NETWORK}train: {section}", "n", Flags(training=flags)))
