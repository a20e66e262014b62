"""Subtle bugs for the networks of `external_makers`: what each does, what the diagnosis should say, and where."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from external_makers import Case, attention, classifier, mlp, normalised, recurrent, residual


class Slip(NamedTuple):
    """A bug in the backward pass of a network (or in its export): `likely` is part of the diagnosis, or of any of
    several; `nodes` are those of which one must be named as the place."""

    name: str
    case: Callable[[int], Case]
    bugs: Mapping[str, Any]
    likely: tuple[str, ...]
    nodes: tuple[str, ...]
    export: Callable[[dict[str, Any], Case], dict[str, Any]] = lambda g, case: g


def times(factor: float) -> Any:
    return lambda g, v: g * factor


def gone(g: Any, v: Any) -> Any:
    return g * 0


def divided(by: Callable[[Mapping[str, Any]], Any]) -> Any:
    return lambda g, v: g / by(v)


def changed(name: str, change: Callable[[Any], Any]) -> Callable[[dict[str, Any], Case], dict[str, Any]]:
    return lambda g, case: {**g, name: change(g[name])}


def swapped_entries(g: Any) -> Any:
    g = g.copy()
    g.flat[0], g.flat[3] = g.flat[3], g.flat[0]
    return g


def one_entry(g: Any) -> Any:
    g = g.copy()
    g.flat[1] *= 1.5
    return g


def decayed(g: dict[str, Any], case: Case) -> dict[str, Any]:
    return {k: v + 0.01 * np.asarray(case.values[k]) if k.startswith("W") else v for k, v in g.items()}


def tanh3(seed: int) -> Case:
    return mlp(seed, "tanh", 3, 5, "mean")


def relu3(seed: int) -> Case:
    return mlp(seed, "relu", 3, 4, "mean")


def square(seed: int) -> Case:
    return mlp(seed, "sigmoid", 3, 4)


SLIPS = (
    Slip(
        "missing (1 - a1)",
        mlp,
        {"z1": divided(lambda v: 1 - v["a1"])},
        ("the factor (1 - a1) of sigmoid's local derivative a1 * (1 - a1) is missing",),
        ("a1",),
    ),
    Slip(
        "missing a1",
        mlp,
        {"z1": divided(lambda v: v["a1"])},
        ("the factor a1 of sigmoid's local derivative a1 * (1 - a1) is missing",),
        ("a1",),
    ),
    Slip(
        "missing sigmoid'",
        mlp,
        {"z1": divided(lambda v: v["a1"] * (1 - v["a1"]))},
        ("sigmoid's local derivative a1 * (1 - a1) is missing",),
        ("a1",),
    ),
    Slip(
        "missing tanh'",
        tanh3,
        {"z2": divided(lambda v: 1 - v["a2"] ** 2)},
        ("tanh's local derivative 1 - a2**2 is missing",),
        ("a2",),
    ),
    Slip(
        "sigmoid' at a",
        mlp,
        {"z1": lambda g, v: g / (v["a1"] * (1 - v["a1"])) * v["a1"].sigmoid() * (1 - v["a1"].sigmoid())},
        ("sigmoid's local derivative is taken at a1 instead of z1",),
        ("a1",),
    ),
    Slip(
        "1 - z**2",
        tanh3,
        {"z2": lambda g, v: g / (1 - v["a2"] ** 2) * (1 - v["z2"] ** 2)},
        ("tanh's local derivative is 1 - z2**2 there instead of 1 - a2**2",),
        ("a2",),
    ),
    Slip("sign", tanh3, {"a2": times(-1.0)}, ("sign the other way round",), ("t3", "a2")),
    Slip("half", mlp, {"a2": times(2.0)}, ("2 times what is right",), ("J", "a2")),
    Slip("1/N", mlp, {"a2": times(0.25)}, ("1/4 times what is right", "the number of examples"), ("J", "a2")),
    Slip("1 %", tanh3, {"z2": times(1.01)}, ("1.01 times what is right",), ("t3", "a2")),
    Slip("everything twice", tanh3, {"a3": times(2.0)}, ("2 times what is right",), ("J", "a3")),
    Slip("bias forgotten", mlp, {"b1": gone}, ("theirs is 0",), ("z1",)),
    Slip("detached", tanh3, {"a1": gone}, ("theirs is 0",), ("t2", "a1")),
    Slip("one weight's sign", tanh3, {"W2": times(-1.0)}, ("sign the other way round",), ("t2",)),
    Slip("transposed", square, {}, ("transposed", "--as W2=W2.T"), ("t2",), changed("W2", lambda g: g.T.copy())),
    Slip("two entries swapped", tanh3, {}, ("are swapped",), ("t1",), changed("W1", swapped_entries)),
    Slip("one entry", tanh3, {}, ("only the entry [0, 1] is wrong",), ("t1",), changed("W1", one_entry)),
    Slip("decay", tanh3, {}, ("theirs - right is 0.01 * the parameter", "weight decay"), (), decayed),
    Slip("skip missing", residual, {"a1>a2": gone}, ("the path from a1 through a2 = a1 + h is missing",), ("a2",)),
    Slip(
        "branch missing", residual, {"a1>z2": gone}, ("the path from a1 through z2 = a1 @ W2 + b2 is missing",), ("z2",)
    ),
    Slip("branch's sign", residual, {"a1>z2": times(-1.0)}, ("comes through z2", "sign"), ("z2",)),
    Slip("softmax passed on", classifier, {"z2": lambda g, v: g * 1.05}, ("1.05 times",), ("J", "p")),
    Slip(
        "tanh' in the classifier",
        classifier,
        {"z1": divided(lambda v: 1 - v["a1"] ** 2)},
        ("tanh's local derivative 1 - a1**2 is missing",),
        ("a1",),
    ),
    Slip(
        "first step of W lost",
        recurrent,
        {"W>z1": gone},
        ("the path from W through z1 = x1 @ W + h0 @ U + b is missing",),
        ("z1",),
    ),
    Slip("only the last step of W", recurrent, {"W>z1": gone, "W>z2": gone}, ("is kept (= in place of +=)",), ("z1",)),
    Slip("cut between steps", recurrent, {"h1>z2": gone}, ("0: nothing comes back",), ("z2",)),
    Slip("cut at every step", recurrent, {"h1>z2": gone, "h2>z3": gone}, ("nothing comes back",), ("z2", "z3")),
    Slip("mean as a constant", normalised, {"m": gone}, ("m = mean(z, axis=0)",), ("m", "d")),
    Slip("variance as a constant", normalised, {"v": gone}, ("v = mean(d**2, axis=0)",), ("v", "n")),
    Slip("keys' sign", attention, {"k": times(-1.0)}, ("sign the other way round",), ("s", "k")),
    Slip("scale left out", attention, {"s": times(2**0.5)}, (), ("s", "p")),
)
