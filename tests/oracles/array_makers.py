"""Random networks of arrays, written as formulas, and the same formulas as PyTorch would write them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Shape = tuple[int, ...]


class Line(NamedTuple):
    """One node: its formula in our words and in PyTorch's."""

    ours: str
    torch: str


class Maker:
    """Grows a network node by node; PyTorch runs along, so that shapes and magnitudes are known."""

    def __init__(self, seed: int, torch: Any) -> None:
        self.rng = np.random.default_rng(seed)
        self.library = torch
        self.parameters: dict[str, Any] = {}
        self.nodes: dict[str, Line] = {}
        self.env: dict[str, Any] = {"torch": torch, "F": torch.nn.functional}
        self.used: set[str] = set()
        for k, shape in enumerate([(3, 4), (4, 3), (3, 4), (4,), (3,), (3, 1), (), (2, 3, 4)]):
            value = self.rng.normal(size=shape).round(6)
            self.parameters[f"p{k}"] = value.tolist()
            self.env[f"p{k}"] = torch.tensor(value, dtype=torch.float64, requires_grad=True)

    def shape(self, name: str) -> Shape:
        return tuple(self.env[name].shape)

    def names(self, fits: Callable[[Shape], bool] = lambda shape: True) -> list[str]:
        """The names whose shapes fit."""
        return [name for name in [*self.parameters, *self.nodes] if fits(self.shape(name))]

    def pick(self, fits: Callable[[Shape], bool] = lambda shape: True) -> str:
        """One of them, rather one that nobody uses yet."""
        names = self.names(fits)
        fresh = [name for name in names if name not in self.used]
        choice = fresh if fresh and self.rng.random() < 0.6 else names
        name = choice[int(self.rng.integers(len(choice)))]
        self.used.add(name)
        return name

    def axis(self, name: str) -> int:
        rank = len(self.shape(name))
        return int(self.rng.integers(-rank, rank))

    def try_add(self, name: str, kind: Callable[[Maker], Line]) -> bool:
        """Add a node of this kind, unless the shapes that were drawn do not fit or leave nothing."""
        used = set(self.used)
        try:
            self.add(name, kind(self))
        except (RuntimeError, IndexError):
            self.used = used
        return name in self.nodes

    def add(self, name: str, line: Line) -> None:
        value = eval(line.torch, {}, self.env)  # our own text, not a stranger's
        if value.numel() > 200:
            line = Line(f"mean({line.ours})", f"torch.mean({line.torch})")
        elif (largest := float(value.detach().abs().max())) > 5:  # scaled: PyTorch's tanh is not exact when saturated
            factor = float(f"{3 / largest:.2g}")
            line = Line(f"{factor}*({line.ours})", f"{factor}*({line.torch})")
        value = eval(line.torch, {}, self.env)
        value.retain_grad()
        self.nodes[name], self.env[name] = line, value

    def document(self) -> str:
        lines = ["parameters:", *(f"  {k}: {v!r}" for k, v in self.parameters.items()), "nodes:"]
        return "\n".join([*lines, *(f"  {k}: '{v.ours}'" for k, v in self.nodes.items()), "loss: J", ""])


def matrix(shape: Shape) -> bool:
    return len(shape) == 2


def ranked(shape: Shape) -> bool:
    return len(shape) >= 1


def broadcasts(a: Shape) -> Callable[[Shape], bool]:
    return lambda b: all(m == n or 1 in (m, n) for m, n in zip(reversed(a), reversed(b), strict=False))


def elementwise(m: Maker) -> Line:
    function = ["tanh", "sigmoid", "sin", "exp", "relu", "square", "silu", "softplus", "arctan", "cos"]
    f, a = function[int(m.rng.integers(len(function)))], m.pick()
    inner = f"0.3*{a}" if f in ("exp", "square") else a
    where = "F" if f in ("relu", "silu", "softplus") else "torch"
    return Line(f"np.{f}({inner})" if f in ("tanh", "sin", "exp") else f"{f}({inner})", f"{where}.{f}({inner})")


def arithmetic(m: Maker) -> Line:
    a = m.pick()
    b = m.pick(broadcasts(m.shape(a)))
    form = ["{} + {}", "{} - 2*{}", "{} * {}", "{} / (1.5 + {}**2)"][int(m.rng.integers(4))]
    return Line(form.format(a, b), form.format(a, b))


def comparison(m: Maker) -> Line:
    a = m.pick()
    b = m.pick(broadcasts(m.shape(a)))
    if m.rng.random() < 0.5:
        return Line(f"where({a} > 0.1, {b}, 0.5*{a})", f"torch.where({a} > 0.1, {b}, 0.5*{a})")
    return Line(f"maximum({a}, 0.3 - {b})", f"torch.maximum({a}, 0.3 - {b})")


def product(m: Maker) -> Line:
    a = m.pick(ranked)
    size = m.shape(a)[-1]
    fits = m.names(
        lambda s: (
            len(s) >= 1
            and (s[-2] if len(s) > 1 else s[0]) == size
            and not (len(s) == 3 and len(m.shape(a)) == 3 and s[0] != m.shape(a)[0])
        )
    )
    if not fits:
        return Line(f"{a}.T @ {a}", f"{a}.T @ {a}") if len(m.shape(a)) < 3 else Line(f"{a} * {a}", f"{a} * {a}")
    b = fits[int(m.rng.integers(len(fits)))]
    if len(m.shape(a)) == 1 == len(m.shape(b)):
        return Line(f"np.dot({a}, {b})", f"torch.dot({a}, {b})")
    return Line(f"{a} @ {b}", f"{a} @ {b}")


def reduction(m: Maker) -> Line:
    a = m.pick(ranked)
    axis, keep = m.axis(a), bool(m.rng.integers(2))
    ours = ["sum", "mean", "max", "min", "prod", "logsumexp", "var", "std", "norm"]
    f = ours[int(m.rng.integers(len(ours)))]
    t = f"dim={axis}, keepdim={keep}"
    theirs = {
        "max": f"torch.amax({a}, {t})",
        "min": f"torch.amin({a}, {t})",
        "norm": f"torch.linalg.norm({a} + 2, {t})",
        "var": f"torch.var({a}, {t}, correction=0)",
        "std": f"torch.std({a} * p3[:1] + 9*{a}, {t}, correction=0)",
    }.get(f, f"torch.{f}({a}, {t})")
    if f in ("var", "std", "norm") and m.shape(a)[axis] == 1:
        return Line(f"sum({a}, axis={axis})", f"torch.sum({a}, dim={axis})")
    if f == "norm":
        return Line(f"np.linalg.norm({a} + 2, axis={axis}, keepdims={keep})", theirs)
    if f == "std":
        return Line(f"std({a} * p3[:1] + 9*{a}, axis={axis}, keepdims={keep})", theirs)
    return Line(f"{f}({a}, axis={axis}, keepdims={keep})", theirs)


def whole(m: Maker) -> Line:
    a = m.pick(ranked)
    f = ["sum", "mean"][int(m.rng.integers(2))]
    if m.rng.random() < 0.5:
        return Line(f"{a}.{f}()", f"{a}.{f}()")
    return Line(f"log({f}(exp({a})))", f"torch.log(torch.{f}(torch.exp({a})))")


def soft(m: Maker) -> Line:
    a = m.pick(ranked)
    axis = m.axis(a)
    if m.rng.random() < 0.5:
        return Line(f"softmax({a}, axis={axis})", f"torch.softmax({a}, dim={axis})")
    return Line(f"log_softmax({a}, axis={axis})", f"torch.log_softmax({a}, dim={axis})")


def running(m: Maker) -> Line:
    a = m.pick(ranked)
    axis = m.axis(a)
    return Line(f"0.4*cumsum({a}, axis={axis})", f"0.4*torch.cumsum({a}, dim={axis})")


def index(m: Maker) -> Line:
    a = m.pick(ranked)
    n = m.shape(a)[-1]
    forms = ["{}[..., 0]", "{}[..., ::-1]", "{}[..., 1:]", "{}[..., None]", "{}[0]", "{}[..., -1]", "{}[:1]"]
    if n >= 3:
        forms += ["{}[..., [0, 2, 2, 1]]", "{}[..., ::2]"]
    form = forms[int(m.rng.integers(len(forms)))]
    if n < 2 and ("1:" in form):
        form = "{}[..., 0]"
    theirs = f"torch.flip({a}, [-1])" if "::-1" in form else form.format(a)
    return Line(form.format(a), theirs)


def shaping(m: Maker) -> Line:
    a = m.pick(matrix)
    r, c = m.shape(a)
    pairs = [
        (f"{a}.T", f"{a}.T"),
        (f"{a}.reshape({c}, {r})", f"{a}.reshape({c}, {r})"),
        (f"reshape({a}, -1)", f"{a}.reshape(-1)"),
        (f"np.reshape({a}, (1, -1, {c}))", f"{a}.reshape(1, -1, {c})"),
        (f"expand_dims({a}, 1)", f"{a}.unsqueeze(1)"),
        (f"flip({a}, axis=0)", f"torch.flip({a}, [0])"),
        (f"tile({a}, (2, 1))", f"torch.tile({a}, (2, 1))"),
        (f"{a}.ravel()", f"{a}.reshape(-1)"),
        (f"np.swapaxes({a}, 0, 1)", f"{a}.swapaxes(0, 1)"),
        (f"broadcast_to({a}, (2, {r}, {c}))", f"{a}.expand(2, {r}, {c})"),
        (f"transpose({a})", f"{a}.T"),
        (f"roll({a}, 1, axis=0)", f"torch.roll({a}, 1, 0)"),
        (f"tril({a})", f"torch.tril({a})"),
        (f"diag({a})", f"torch.diag({a})"),
        (f"np.trace({a})", f"torch.einsum('ii', {a}[:{min(r, c)}, :{min(r, c)}])"),
        (f"repeat({a}, 2, axis=1)", f"torch.repeat_interleave({a}, 2, 1)"),
    ]
    return Line(*pairs[int(m.rng.integers(len(pairs)))])


def higher(m: Maker) -> Line:
    a = m.pick(lambda shape: len(shape) == 3)
    pairs = [
        (f"transpose({a}, (2, 0, 1))", f"{a}.permute(2, 0, 1)"),
        (f"moveaxis({a}, 0, -1)", f"{a}.movedim(0, -1)"),
        (f"sum({a}, axis=(0, 2))", f"torch.sum({a}, (0, 2))"),
        (f"mean({a}, axis=(1, 2), keepdims=True)", f"torch.mean({a}, (1, 2), keepdim=True)"),
        (f"{a} @ swapaxes({a}, 1, 2)", f"{a} @ {a}.swapaxes(1, 2)"),
        (f'einsum("bij,bkj->bik", {a}, {a})', f"torch.einsum('bij,bkj->bik', {a}, {a})"),
        (f'einsum("bij->j", {a})', f"torch.einsum('bij->j', {a})"),
        (f"{a}[0, 1:, :-1]", f"{a}[0, 1:, :-1]"),
        (f"squeeze({a}[:1])", f"{a}[:1].squeeze()"),
    ]
    return Line(*pairs[int(m.rng.integers(len(pairs)))])


def joining(m: Maker) -> Line:
    a = m.pick(ranked)
    same = m.names(lambda shape: shape == m.shape(a))
    b = same[int(m.rng.integers(len(same)))]
    m.used.add(b)
    axis = m.axis(a)
    word = ["concatenate", "concat", "stack"][int(m.rng.integers(3))]
    theirs = "stack" if word == "stack" else "cat"
    return Line(f"{word}([{a}, 2*{b}, {a}], axis={axis})", f"torch.{theirs}([{a}, 2*{b}, {a}], dim={axis})")


def outer(m: Maker) -> Line:
    a, b = m.pick(lambda s: len(s) == 1), m.pick(lambda s: len(s) == 1)
    return Line(f"outer({a}, {b})", f"torch.outer({a}, {b})")


KINDS = [
    elementwise,
    arithmetic,
    comparison,
    product,
    reduction,
    whole,
    soft,
    running,
    index,
    shaping,
    higher,
    joining,
    outer,
]


def write(seed: int, torch: Any, nodes: int = 26) -> Maker:
    """A random network of arrays in which every node leads to J."""
    maker = Maker(seed, torch)
    order = [KINDS[int(k) % len(KINDS)] for k in maker.rng.permutation(2 * len(KINDS))]
    for k in range(nodes):
        if not maker.try_add(f"n{k}", order[k % len(order)]):
            maker.add(f"n{k}", elementwise(maker))
    loose = [name for name in maker.names() if name not in maker.used]
    weights = maker.rng.uniform(0.3, 1.5, len(loose)).round(3).tolist()
    ours = " + ".join(f"{w}*mean(tanh({name}))" for w, name in zip(weights, loose, strict=True))
    maker.add("J", Line(ours, ours.replace("mean(tanh(", "torch.mean(torch.tanh(")))
    return maker
