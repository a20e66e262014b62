"""Random networks of plain numbers, written as formulas, and two evaluations of them that share no code with ours."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Text = str
GUARDS: dict[str, str] = {
    "any": "{}",
    "small": "2*tanh({})",
    "inside": "0.9*tanh({})",
    "positive": "square({}) + 0.5",
    "above": "square({}) + 1.5",
}
"""What keeps an argument inside an operation's domain, and values moderate."""


class Form(NamedTuple):
    """An operation as it is written, its arguments' guards, and what it computes: on complex steps, and in PyTorch."""

    text: str
    guards: str
    value: Callable[..., complex]
    torch: str


def real(z: complex) -> float:
    return complex(z).real


def erf(z: complex) -> complex:
    z = complex(z)
    return complex(math.erf(z.real), z.imag * 2 / math.sqrt(math.pi) * math.exp(-(z.real**2)))


def flat(value: float) -> complex:
    return complex(value)


def sigmoid(z: complex) -> complex:
    return 1 / (1 + cmath.exp(-z))


def softplus(z: complex) -> complex:
    return cmath.log(1 + cmath.exp(z))


def angle(a: complex, b: complex) -> complex:
    a, b = complex(a), complex(b)
    slope = (a.imag * b.real - b.imag * a.real) / (a.real**2 + b.real**2)
    return complex(math.atan2(a.real, b.real), slope)


def between(z: complex, low: complex, high: complex) -> complex:
    return low if real(z) < real(low) else high if real(z) > real(high) else z


def root3(z: complex) -> complex:
    z = complex(z)
    return z ** (1 / 3) if z.real > 0 else -((-z) ** (1 / 3))


FORMS = [
    Form("{} + {}", "any any", lambda a, b: a + b, "{} + {}"),
    Form("{} - {}", "any any", lambda a, b: a - b, "{} - {}"),
    Form("-{}", "any", lambda a: -a, "-{}"),
    Form("{} * {}", "small any", lambda a, b: a * b, "{} * {}"),
    Form("{} / {}", "any positive", lambda a, b: a / b, "{} / {}"),
    Form("np.add({}, {})", "any any", lambda a, b: a + b, "torch.add({}, {})"),
    Form("reciprocal({})", "positive", lambda a: 1 / a, "torch.reciprocal({})"),
    Form("abs({})", "any", lambda a: a if real(a) > 0 else -a, "torch.abs({})"),
    Form("sign({}) + 0.3*{}", "any any", lambda a, b: math.copysign(1, real(a)) + 0.3 * b, "torch.sign({}) + 0.3*{}"),
    Form("hypot({}, {})", "positive any", lambda a, b: cmath.sqrt(a * a + b * b), "torch.hypot({}, {})"),
    Form("maximum({}, {})", "any any", lambda a, b: a if real(a) > real(b) else b, "torch.maximum({}, {})"),
    Form("np.minimum({}, {})", "any any", lambda a, b: a if real(a) < real(b) else b, "torch.minimum({}, {})"),
    Form("clip({}, -0.7, 1.2)", "any", lambda a: between(a, -0.7, 1.2), "torch.clip({}, -0.7, 1.2)"),
    Form(
        "where({} > {}, {}, {})",
        "any any any any",
        lambda a, b, c, d: c if real(a) > real(b) else d,
        "torch.where({} > {}, {}, {})",
    ),
    Form(
        "where(({} < 1) & ({} >= -1), {}, 0.5*{})",
        "any any any any",
        lambda a, b, c, d: c if real(a) < 1 and real(b) >= -1 else 0.5 * d,
        "torch.where(({} < 1) & ({} >= -1), {}, 0.5*{})",
    ),
    Form(
        "where(({} <= 0) | ({} != 3), {}, {})",
        "any any any any",
        lambda a, b, c, d: c if real(a) <= 0 or real(b) != 3 else d,
        "torch.where(({} <= 0) | ({} != 3), {}, {})",
    ),
    Form("({} > {}) * {}", "any any any", lambda a, b, c: c if real(a) > real(b) else 0 * c, "({} > {}) * {}"),
    Form("{}**2", "small", lambda a: a * a, "{}**2"),
    Form("{}**3", "small", lambda a: a * a * a, "{}**3"),
    Form("{}**-1.5", "positive", lambda a: a**-1.5, "{}**-1.5"),
    Form("{}**{}", "positive small", lambda a, b: cmath.exp(b * cmath.log(a)), "{}**{}"),
    Form("square({})", "small", lambda a: a * a, "torch.square({})"),
    Form("sqrt({})", "positive", cmath.sqrt, "torch.sqrt({})"),
    Form("rsqrt({})", "positive", lambda a: 1 / cmath.sqrt(a), "torch.rsqrt({})"),
    Form("cbrt({})", "above", root3, "{} ** (1/3)"),
    Form("exp({})", "small", cmath.exp, "torch.exp({})"),
    Form("expm1({} + 2.5)", "small", lambda a: cmath.exp(a + 2.5) - 1, "torch.expm1({} + 2.5)"),
    Form("exp2({})", "small", lambda a: cmath.exp(a * math.log(2)), "torch.exp2({})"),
    Form("log({})", "positive", cmath.log, "torch.log({})"),
    Form("log2({})", "above", lambda a: cmath.log(a) / math.log(2), "torch.log2({})"),
    Form("log10({})", "above", lambda a: cmath.log(a) / math.log(10), "torch.log10({})"),
    Form("log1p({})", "positive", lambda a: cmath.log(1 + a), "torch.log1p({})"),
    Form(
        "logaddexp({}, {})",
        "small small",
        lambda a, b: cmath.log(cmath.exp(a) + cmath.exp(b)),
        "torch.logaddexp({}, {})",
    ),
    Form(
        "logaddexp2({}, {})",
        "small small",
        lambda a, b: cmath.log(2 ** complex(a) + 2 ** complex(b)) / math.log(2),
        "torch.logaddexp2({}, {})",
    ),
    Form("fmax({}, {})", "any any", lambda a, b: a if real(a) > real(b) else b, "torch.fmax({}, {})"),
    Form("fmin({}, {})", "any any", lambda a, b: a if real(a) < real(b) else b, "torch.fmin({}, {})"),
    Form("np.mod({}, {})", "any above", lambda a, b: a - math.floor(real(a) / real(b)) * b, "torch.remainder({}, {})"),
    Form("fmod({}, {})", "any above", lambda a, b: a - math.trunc(real(a) / real(b)) * b, "torch.fmod({}, {})"),
    Form(
        "{} // {} + 0.3*{}",
        "any above any",
        lambda a, b, c: math.floor(real(a) / real(b)) + 0.3 * c,
        "torch.floor({} / {}) + 0.3*{}",
    ),
    Form("degrees({}) / 50", "inside", lambda a: a * 3.6 / math.pi, "torch.rad2deg({}) / 50"),
    Form("radians({})", "any", lambda a: a * math.pi / 180, "torch.deg2rad({})"),
    Form("sinc({})", "small", lambda a: cmath.sin(math.pi * a) / (math.pi * a) if a else 1, "torch.sinc({})"),
    Form("nan_to_num({})", "any", lambda a: 1 * a, "torch.nan_to_num({})"),
    Form("erf({})", "any", erf, "torch.erf({})"),
    Form("erfc({})", "small", lambda a: 1 - erf(a), "torch.erfc({})"),
    Form("sin({})", "any", cmath.sin, "torch.sin({})"),
    Form("cos({})", "any", cmath.cos, "torch.cos({})"),
    Form("tan({})", "inside", cmath.tan, "torch.tan({})"),
    Form("arcsin({})", "inside", cmath.asin, "torch.arcsin({})"),
    Form("acos({})", "inside", cmath.acos, "torch.acos({})"),
    Form("arctan({})", "any", cmath.atan, "torch.arctan({})"),
    Form("arctan2({}, {})", "any positive", angle, "torch.arctan2({}, {})"),
    Form("sinh({})", "small", cmath.sinh, "torch.sinh({})"),
    Form("cosh({})", "small", cmath.cosh, "torch.cosh({})"),
    Form("np.tanh({})", "any", cmath.tanh, "torch.tanh({})"),
    Form("arcsinh({})", "any", cmath.asinh, "torch.arcsinh({})"),
    Form("arccosh({})", "above", cmath.acosh, "torch.arccosh({})"),
    Form("arctanh({})", "inside", cmath.atanh, "torch.arctanh({})"),
    Form("relu({})", "any", lambda a: a if real(a) > 0 else 0 * a, "F.relu({})"),
    Form("relu6({})", "any", lambda a: between(a, 0, 6), "F.relu6({})"),
    Form("leaky_relu({})", "any", lambda a: a if real(a) > 0 else 0.01 * a, "F.leaky_relu({})"),
    Form("leaky_relu({}, 0.2)", "any", lambda a: a if real(a) > 0 else 0.2 * a, "F.leaky_relu({}, 0.2)"),
    Form("elu({})", "any", lambda a: a if real(a) > 0 else cmath.exp(a) - 1, "F.elu({})"),
    Form(
        "selu({})",
        "any",
        lambda a: (
            1.0507009873554804934193349852946
            * (a if real(a) > 0 else 1.6732632423543772848170429916717 * (cmath.exp(a) - 1))
        ),
        "F.selu({})",
    ),
    Form("gelu({})", "any", lambda a: a * (1 + erf(a / math.sqrt(2))) / 2, "F.gelu({})"),
    Form(
        "gelu_tanh({})",
        "any",
        lambda a: a * (1 + cmath.tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a**3))) / 2,
        "F.gelu({}, approximate='tanh')",
    ),
    Form("swish({})", "any", lambda a: a * sigmoid(a), "F.silu({})"),
    Form("mish({})", "any", lambda a: a * cmath.tanh(softplus(a)), "F.mish({})"),
    Form("softplus({})", "small", softplus, "F.softplus({})"),
    Form("softsign({})", "any", lambda a: a / (1 + (a if real(a) > 0 else -a)), "F.softsign({})"),
    Form("sigmoid({})", "any", sigmoid, "torch.sigmoid({})"),
    Form("log_sigmoid({})", "any", lambda a: -softplus(-a), "F.logsigmoid({})"),
    # F.hardsigmoid's backward pass multiplies by 1/6 in single precision.
    Form("hard_sigmoid({})", "any", lambda a: between(a / 6 + 0.5, 0, 1), "torch.clip({}/6 + 0.5, 0, 1)"),
    Form("hard_tanh({})", "any", lambda a: between(a, -1, 1), "F.hardtanh({})"),
    Form("hard_swish({})", "any", lambda a: a * between(a + 3, 0, 6) / 6, "F.hardswish({})"),
    Form("floor({}) + 0.4*{}", "any any", lambda a, b: flat(math.floor(real(a))) + 0.4 * b, "torch.floor({}) + 0.4*{}"),
    Form("ceil({}) - {}", "any any", lambda a, b: flat(math.ceil(real(a))) - b, "torch.ceil({}) - {}"),
    Form("round({}) + 0.7*{}", "any any", lambda a, b: flat(round(real(a))) + 0.7 * b, "torch.round({}) + 0.7*{}"),
    Form("trunc({}) + 0.6*{}", "any any", lambda a, b: flat(math.trunc(real(a))) + 0.6 * b, "torch.trunc({}) + 0.6*{}"),
    Form("step({}) * {}", "any any", lambda a, b: b if real(a) > 0 else 0 * b, "({} > 0) * {}"),
    Form("copysign({}, {})", "positive positive", lambda a, b: a, "torch.copysign({}, {})"),
    Form("entr({})", "positive", lambda a: -a * cmath.log(a), "torch.special.entr({})"),
    Form("xlogy({}, {})", "any positive", lambda a, b: a * cmath.log(b), "torch.xlogy({}, {})"),
    Form("xlog1py({}, {})", "any positive", lambda a, b: a * cmath.log(1 + b), "torch.special.xlog1py({}, {})"),
    Form("ndtr({})", "any", lambda a: (1 + erf(a / math.sqrt(2))) / 2, "torch.special.ndtr({})"),
    Form("logit(sigmoid({}))", "any", lambda a: a, "torch.logit(torch.sigmoid({}))"),
    Form("isfinite({}) + {}", "any any", lambda a, b: 1 + b, "torch.isfinite({}) + {}"),
    Form("isnan({}) + {}", "any any", lambda a, b: b, "torch.isnan({}) + {}"),
    Form("heaviside({}, 0.5) - {}", "any any", lambda a, b: (1 if real(a) > 0 else 0) - b, "1.0*({} > 0) - {}"),
]


class Written(NamedTuple):
    """A network as text: its parameters' values, its nodes' formulas, its loss, and the same as complex arithmetic."""

    parameters: dict[str, float]
    nodes: dict[str, str]
    torch: dict[str, str]
    values: dict[str, Callable[[dict[str, complex]], complex]]

    def document(self) -> str:
        """The spec, as YAML."""
        lines = ["parameters:", *(f"  {k}: {v!r}" for k, v in self.parameters.items())]
        return "\n".join([*lines, "nodes:", *(f"  {k}: {v}" for k, v in self.nodes.items()), "loss: J", ""])

    def evaluate(self, moved: str = "", by: complex = 0.0) -> dict[str, complex]:
        """Every value, in complex arithmetic; the imaginary part of one that is moved by i·h is h times its slope."""
        env: dict[str, complex] = {k: complex(v) + (by if k == moved else 0) for k, v in self.parameters.items()}
        for name, value in self.values.items():
            env[name] = value(env) + (by if name == moved else 0)
        return env

    def slope(self, name: str) -> float:
        """dJ/d(name), for a parameter or a node, by a complex step."""
        return self.evaluate(name, 1e-30j)["J"].imag / 1e-30


def guard(kind: str, z: complex) -> complex:
    if kind == "any":
        return z
    if kind in ("small", "inside"):
        return (2 if kind == "small" else 0.9) * cmath.tanh(z)
    return z * z + (0.5 if kind == "positive" else 1.5)


def write(seed: int, nodes: int = 60, parameters: int = 6) -> Written:
    """A random network in which every node leads to J."""
    rng = np.random.default_rng(seed)
    result = Written({f"p{k}": float(rng.normal()) for k in range(parameters)}, {}, {}, {})
    names = list(result.parameters)
    env = result.evaluate()
    unused = list(names)
    order = [int(k) for k in rng.permutation(len(FORMS))]
    for k in range(nodes):
        form = FORMS[order[k % len(FORMS)]]
        kinds = form.guards.split()
        # What nobody uses yet comes first, so that all of it matters; the rest is chosen anywhere.
        chosen = [
            unused.pop(int(rng.integers(len(unused))))
            if unused and rng.random() < 0.5
            else names[int(rng.integers(len(names)))]
            for _ in kinds
        ]
        kinds = ["small" if kind == "any" and abs(env[a]) > 4 else kind for kind, a in zip(kinds, chosen, strict=True)]
        _add(result, f"n{k}", form, kinds, chosen)
        if special(value := result.values[f"n{k}"](env).real, env):  # a corner of what comes next: move off it
            plus = names[int(rng.integers(len(names)))]
            _add(result, f"n{k}", form, kinds, chosen, plus)
            if special(value := result.values[f"n{k}"](env).real, env):
                _add(result, f"n{k}", FORMS[0], ["any", "any"], [plus, names[0]])
                value = result.values[f"n{k}"](env).real
        env[f"n{k}"] = complex(value)
        names.append(f"n{k}")
        unused = [name for name in unused if name not in chosen]
        unused.append(f"n{k}")
    weights = [round(float(w), 3) for w in rng.uniform(0.2, 1.5, len(unused))]
    text = " + ".join(f"{w}*tanh({name})" for w, name in zip(weights, unused, strict=True))
    result.nodes["J"], result.torch["J"] = text, text.replace("tanh", "torch.tanh")
    result.values["J"] = lambda env: sum(w * cmath.tanh(env[a]) for w, a in zip(weights, unused, strict=True))
    return result


def special(value: float, env: dict[str, complex]) -> bool:
    """Whether a comparison, a rounding or a clip of this value might sit on its corner: nobody agrees on those."""
    return round(10 * value, 9).is_integer() or any(abs(value - other.real) < 1e-9 for other in env.values())


def _add(result: Written, name: str, form: Form, kinds: list[str], chosen: list[str], plus: str = "") -> None:
    arguments = [GUARDS[kind].format(a) for kind, a in zip(kinds, chosen, strict=True)]
    called = not any(sign in form.text for sign in ("} ", "-{}", "{}**"))
    texts = [a if called or kind == "any" else f"({a})" for a, kind in zip(arguments, kinds, strict=True)]
    result.nodes[name] = form.text.format(*texts)
    torch = [f"({a})".replace("tanh", "torch.tanh").replace("square", "torch.square") for a in arguments]
    result.torch[name] = form.torch.format(*torch)
    if plus:
        result.nodes[name] += f" + 0.3*{plus}"
        result.torch[name] += f" + 0.3*{plus}"

    def value(env: dict[str, Any]) -> complex:
        y = complex(form.value(*(guard(k, env[a]) for k, a in zip(kinds, chosen, strict=True))))
        return y + 0.3 * env[plus] if plus else y

    result.values[name] = value
