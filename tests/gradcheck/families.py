"""Random networks of every family that runs through time or over windows, with rules derived by hand, right and wrong.

A network is the text of a spec with its rules apart. A rule may be spoilt in one of the ways in which people get it
wrong; where the wrong one stands first is worked out in NumPy, from the values and gradients of a plain run.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

WRONG = 2e-6
"""A rule that is off by more than this (relative to what it passes on) is wrong there."""


class Rule(NamedTuple):
    """A function with a gradient derived by hand: its value, the gradient by argument, the mistakes that it invites.

    `whole`: of whole arrays, (rows, columns), with the upstream gradient in it. `call` is how a network calls it, with
    parameters of its own; `where` are helpers.
    """

    value: str
    gradient: Mapping[str, str]
    mistakes: tuple[tuple[str, str], ...]
    where: Mapping[str, str] = {}
    whole: bool = False
    call: tuple[str, ...] = ("{x}",)


USUAL = ("-({})", "2*({})", "({})/2", "0.99*({})", "1.01*({})", "0*({})", "({})**2", "({}) + 0.01")
"""What is done to any derivative: the sign, a factor, one per cent, nothing passed on, what is no derivative at all."""
SIGMOID = "1/(1 + exp(-z))"

ENTRYWISE = {
    "tanh": Rule("tanh(z)", {"z": "1 - tanh(z)**2"}, (("z", "1 - tanh(z)"), ("z", "tanh(z)*(1 - tanh(z))"))),
    "sigmoid": Rule(
        SIGMOID, {"z": "exp(-z)/(1 + exp(-z))**2"}, (("z", SIGMOID), ("z", f"1 - ({SIGMOID})**2"), ("z", "z*(1 - z)"))
    ),
    "softplus": Rule("log1p(exp(z))", {"z": SIGMOID}, (("z", "1/(1 + exp(z))"), ("z", "exp(z)/log1p(exp(z))"))),
    "sine": Rule("sin(3*z)", {"z": "3*cos(3*z)"}, (("z", "cos(3*z)"), ("z", "-3*cos(3*z)"))),
    "square": Rule("z*abs(z)", {"z": "2*abs(z)"}, (("z", "2*z"), ("z", "abs(z)"))),
    "relu": Rule("maximum(0, z)", {"z": "where(z > 0, 1, 0)"}, (("z", "where(z > 0, z, 0)"), ("z", "z > -1"))),
    "leaky": Rule("where(z > 0, z, 0.1*z)", {"z": "where(z > 0, 1, 0.1)"}, (("z", "where(z > 0, 1, 0)"),)),
}
"""Activations; the mistakes are another function's derivative, a chain rule forgotten. The last two have corners."""
SMOOTH = ("tanh", "sigmoid", "softplus", "sine", "square")

MEAN, ROWS = "mean({}, axis=1, keepdims=True)", "sum({}, axis=1, keepdims=True)"
WHOLE = {
    "affine": Rule(
        "x @ W",
        {"x": "upstream @ W.T", "W": "x.T @ upstream"},
        (("x", "upstream @ W"), ("W", "upstream.T @ x"), ("W", "x[:1].T @ upstream[:1]"), ("W", "x.T @ upstream/3")),
        whole=True,
        call=("{x}", "Wa"),
    ),
    "shift": Rule(
        "x + b",
        {"x": "upstream", "b": "sum(upstream, axis=0)"},
        (("b", "upstream[0]"), ("b", "mean(upstream, axis=0)"), ("b", "0*b + sum(upstream)"), ("x", "x")),
        whole=True,
        call=("{x}", "ba"),
    ),
    "soft": Rule(
        "p",
        {"x": f"p*(upstream - {ROWS.format('upstream*p')})"},
        (("x", "p*(1 - p)*upstream"), ("x", "p*upstream"), ("x", f"upstream - {ROWS.format('upstream*p')}")),
        {"p": "softmax(x, axis=1)"},
        whole=True,
    ),
    "normed": Rule(
        "y",
        {"x": f"(upstream - {MEAN.format('upstream')} - y*{MEAN.format('upstream*y')})/s"},
        (
            ("x", f"(upstream - {MEAN.format('upstream')})/s"),
            ("x", f"(upstream - y*{MEAN.format('upstream*y')})/s"),
            ("x", "upstream/s"),
            ("x", f"(upstream - {MEAN.format('upstream')} - y*{MEAN.format('upstream*y')})/s**2"),
        ),
        {"s": "sqrt(var(x, axis=1, keepdims=True) + 0.1)", "y": f"(x - {MEAN.format('x')})/s"},
        whole=True,
    ),
}
"""Rules of whole arrays: a product, a bias, a softmax and a normalisation by hand."""


class Net(NamedTuple):
    """A network: its spec with RULES in the place of its functions, and those.

    `kind` is what is tried with it: plain numbers, ties, saturated ones.
    """

    family: str
    kind: str
    text: str
    rules: Mapping[str, Rule]

    def spec(self, spoilt: Mapping[str, Rule] | None = None) -> str:
        """The text, with the right rules, or with some that are spoilt."""
        lines = [written(name, rule) for name, rule in {**self.rules, **(spoilt or {})}.items()]
        return self.text.replace("RULES", "\n".join(["functions:", *lines]))

    @property
    def cornered(self) -> bool:
        """Whether something in it has corners."""
        return bool({"relu", "leaky"} & {*self.rules}) or bool(re.search(r"max|relu|abs\(|elu", self.text))


def written(name: str, rule: Rule) -> str:
    """A function as a spec has it."""
    parts = [f'value: "{rule.value}"', f"gradient: {{{listed(rule.gradient)}}}"]
    parts += [f"where: {{{listed(rule.where)}}}"] if rule.where else []
    return f"  {name}({', '.join(rule.gradient)}): {{{', '.join(parts)}}}"


def listed(formulas: Mapping[str, str]) -> str:
    return ", ".join(f'{name}: "{formula}"' for name, formula in formulas.items())


def spoil(net: Net, r: random.Random) -> tuple[str, Rule]:
    """The name of one of a network's rules, and the rule with a mistake."""
    name = r.choice(sorted(net.rules))
    rule = net.rules[name]
    if r.random() < 0.5:
        argument, wrong = r.choice(rule.mistakes)
    else:
        argument = r.choice(sorted(rule.gradient))
        wrong = r.choice(USUAL[:6] if rule.whole else USUAL).format(rule.gradient[argument])
    return name, rule._replace(gradient={**rule.gradient, argument: wrong})


# Where a rule is wrong first.


def softmax(x: Any, axis: int) -> Any:
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


WORDS = "tanh exp log1p where maximum sin cos abs sum mean sqrt var"
NUMPY = {"softmax": softmax, **{name: getattr(np, name) for name in WORDS.split()}}


def passed(rule: Rule, given: Mapping[str, Any], upstream: Any) -> list[Any]:
    """What a rule passes back to each argument, in NumPy."""
    names = {"__builtins__": {}, **NUMPY, **given, "upstream": upstream}
    with np.errstate(all="ignore"):
        for name, formula in rule.where.items():
            names[name] = eval(formula, names)  # formulas of this file
        found = [eval(formula, names) for formula in rule.gradient.values()]
    return found if rule.whole else [upstream * f for f in found]


def wrong_at(net: Net, name: str, spoilt: Rule, network: Any) -> list[str]:
    """The nodes at which the spoilt rule is wrong, in order of evaluation; `network` has it, unrolled."""
    trace, found = network.run(), []
    for node in network.graph.nodes.values():
        if node.formula.startswith(f"{name}("):
            known = [np.asarray(trace.value(argument)) for argument in node.inputs]
            given, upstream = dict(zip(spoilt.gradient, known, strict=True)), np.asarray(trace.gradient(node.name))
            if not spoilt.whole or not upstream.any():  # a rule is judged by itself, whatever arrives there
                upstream = np.ones(upstream.shape)
            right, wrong = (passed(rule, given, upstream) for rule in (net.rules[name], spoilt))
            if any(differ(a, b) for a, b in zip(right, wrong, strict=True)):
                found.append(node.name)
    return found


def differ(a: Any, b: Any) -> bool:
    """Whether two arrays differ beyond what any check sees."""
    a, b = np.broadcast_arrays(a, b)
    return bool((np.abs(a - b) > WRONG * np.maximum(np.abs(a), np.abs(b))).any())


# Making them.


class Maker:
    """What the families draw from: sizes, numbers, rules."""

    def __init__(self, seed: int) -> None:
        self.r = random.Random(seed)
        self.kind = self.r.choice(["plain", "plain", "plain", "saturated", "zeros", "ties", "small", "large"])
        self.rows, self.times, self.width = self.r.randint(2, 3), self.r.randint(2, 4), self.r.randint(2, 3)
        self.inputs: list[str] = []
        self.parameters: list[str] = []
        self.nodes: list[str] = []
        self.rules: dict[str, Rule] = {}
        self._seed = 100 * seed

    def _normal(self, shape: tuple[int, ...], std: float) -> str:
        self._seed += 1
        return f"{{normal: {list(shape)}, seed: {self._seed}, std: {std}}}"

    def data(self, name: str, *shape: int) -> None:
        """An input."""
        scale = {"small": 1e-3, "large": 30.0}.get(self.kind, 1.0)
        made = f"{{ones: {list(shape)}}}" if self.kind == "ties" else self._normal(shape, scale)
        self.inputs.append(f"{name}: {made}")

    def weights(self, **shapes: tuple[int, ...]) -> None:
        """Parameters."""
        for name, shape in shapes.items():
            made = self._normal(shape, 4.0 if self.kind == "saturated" else 0.6)
            if self.kind == "zeros" and self.r.random() < 0.5:
                made = f"{{zeros: {list(shape)}}}"
            if self.kind == "ties":
                made = f"{{ones: {list(shape)}}}"
            self.parameters.append(f"{name}: {made}")

    def activation(self, name: str, node: str, argument: str, *some: str) -> None:
        """A node that is an activation derived by hand, under this name."""
        if name not in self.rules:
            self.rules[name] = ENTRYWISE[self.r.choice(some or tuple(ENTRYWISE))]
        self.nodes.append(f"{node}: {name}({argument})")

    def whole(self, node: str, argument: str, width: int, *some: str) -> None:
        """A node that is a rule of whole arrays derived by hand, of an argument (rows, width)."""
        name = self.r.choice(some or tuple(WHOLE))
        rule = self.rules[name] = WHOLE[name]
        words = [part.replace("{x}", argument) for part in rule.call]
        if "Wa" in words and not any(p.startswith("Wa:") for p in self.parameters):
            self.weights(Wa=(width, width))
        if "ba" in words and not any(p.startswith("ba:") for p in self.parameters):
            self.weights(ba=(width,))
        self.nodes.append(f"{node}: {name}({', '.join(words)})")

    def add(self, *nodes: str) -> None:
        self.nodes += nodes

    def net(self, family: str, of: str, *, rank: int = 2) -> Net:
        """The network, whose loss is some function of the node `of`, which has `rank` axes."""
        losses = [f"mean({of}**2)", f"sum({of}) + sum({of}**2)/3", f"sqrt(sum({of}**2) + 1)", f"sum(sin({of} + 1))"]
        if rank > 1:
            losses += [f"sum(logsumexp({of}, axis=-1))", f"sum(max({of}, axis=-1)) + sum({of}**2)"]
        scale = 10.0 ** self.r.choice([-6, 0, 0, 0, 5])
        lines = ["inputs:", *self.inputs, "parameters:", *self.parameters, "RULES", "nodes:", *self.nodes]
        lines += [f"J: {scale!r} * ({self.r.choice(losses)})"]
        text = "\n".join(line if line == "RULES" or line.endswith(":") else f"  {quoted(line)}" for line in lines)
        return Net(family, self.kind, f"{text}\nloss: J\n", self.rules)


def quoted(line: str) -> str:
    """A line whose formula YAML reads as text."""
    name, _, rest = line.partition(": ")
    return line if rest.startswith("{") else f'{name}: "{rest}"'
