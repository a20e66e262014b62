"""Attention: every position asks all others, and takes what they say in proportion to how well they answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpropcli.errors import OperationError
from backpropcli.ops.broadcasting import broadcast
from backpropcli.ops.definition import REQUIRED
from backpropcli.ops.formula import Case, Formula, Written
from backpropcli.ops.formulas.sequences import VASWANI, divided, sequences
from backpropcli.ops.formulas.settings import positive
from backpropcli.ops.planning import flag, number, whole
from backpropcli.ops.shape import Shape, show_shape

if TYPE_CHECKING:
    from collections.abc import Mapping


def _named(case: Case, *names: str) -> list[Shape]:
    return sequences({name: case.shapes[name] for name in names})


def _fitting(names: tuple[str, ...], q: Shape, k: Shape, v: Shape) -> None:
    if k[-1] != q[-1] or v[-2] != k[-2]:
        shown = ", ".join(f"{name} {show_shape(shape)}" for name, shape in zip(names, (q, k, v), strict=True))
        raise OperationError(
            f"these do not fit together: {shown}",
            hint="Queries have as many features as keys, and keys as many positions as values.",
        )
    broadcast([q[:-2], k[:-2], v[:-2]])


def _scores(q: str, k: str, scale: float | None, size: tuple[int, int]) -> str:
    """Queries times keys, scaled: the smaller of the two, queries of so many features or scores of so many keys."""
    features, keys = size
    by = f"/ sqrt({features})" if scale is None else f"* {number(scale, 'scale')!r}"
    return f"({q} {by}) @ {k}.mT" if keys > features else f"{q} @ {k}.mT {by}"


def _before(q: Shape, k: Shape) -> str:
    """What is added so that no position sees a later one."""
    return f"where(tril(ones(({q[-2]}, {k[-2]}))) == 1, 0, -inf)"


def _heads(name: str, shape: Shape, heads: int) -> str:
    """The features of each head by themselves: (N, T, H d) as (N, H, T, d)."""
    if heads == 1:
        return name
    cut = (*shape[:-1], heads, shape[-1] // heads)
    return f"swapaxes(reshape({name}, {cut}), -3, -2)"


def _joined(value: str, lead: Shape, positions: int, features: int, heads: int) -> str:
    """The heads side by side again."""
    return value if heads == 1 else f"reshape(swapaxes({value}, -3, -2), {(*lead, positions, features)})"


def _masked(case: Case, name: str, scores: Shape) -> str:
    """The mask as it stands beside the scores (N, H, T, S), where heads have an axis of their own."""
    mask, plain = case.shapes[name], len(scores)
    heads = case.options.heads > 1
    given = (*mask[:-2], 1, *mask[-2:]) if heads and len(mask) == plain - 1 and plain > 3 else mask
    try:
        right = broadcast([given, scores]) == scores
    except OperationError:
        right = False
    if not right:
        wanted = (*scores[:-3], *scores[-2:]) if heads else scores
        raise OperationError(
            f"{name} has the shape {show_shape(mask)}",
            hint=f"It needs {show_shape(scores[-2:])}"
            + (f", or {show_shape(wanted)}" if len(wanted) > 2 else "")
            + ": a row for each query, 1 where it may look and 0 where not.",
        )
    return f"expand_dims({name}, -3)" if given != mask else name


def _attention(case: Case) -> Written:
    o = case.options
    heads = o.heads = whole(o.heads, "heads")
    q, k, v = _named(case, "q", "k", "v")
    _fitting(("q", "k", "v"), q, k, v)
    divided(q[-1], heads, "q")
    divided(v[-1], heads, "v")
    lead = broadcast([q[:-2], k[:-2], v[:-2]])
    scores = (*lead, *((heads,) if heads > 1 else ()), q[-2], k[-2])
    h = "h" if heads > 1 else ""
    where = {f"{n}h": _heads(n, shape, heads) for n, shape in (("q", q), ("k", k), ("v", v)) if h}
    s = _scores(f"q{h}", f"k{h}", o.scale, (q[-1] // heads, k[-2]))
    if flag(o.causal, "causal"):
        s = f"{s} + {_before(q, k)}"
    if case.given("mask"):
        s = f"where({_masked(case, 'mask', scores)}, {s}, -inf)"
    where |= {"s": s, "p": "softmax(s, axis=-1)"}
    return Written(_joined(f"p @ v{h}", lead, q[-2], v[-1], heads), where)


def _grouped(case: Case, q: Shape, k: Shape) -> tuple[dict[str, str], str, str]:
    """Keys and values of grouped queries: each stands for several heads."""
    if not flag(case.options.enable_gqa, "enable_gqa") or q[-3:-2] == k[-3:-2]:
        return {}, "key", "value"
    if len(q) < 3 or len(k) < 3 or q[-3] % k[-3]:
        raise OperationError(
            f"enable_gqa needs as many heads of query or a multiple: {show_shape(q)} beside {show_shape(k)}"
        )
    times = q[-3] // k[-3]
    return {"kr": f"repeat(key, {times}, axis=-3)", "vr": f"repeat(value, {times}, axis=-3)"}, "kr", "vr"


def _scaled_dot_product(case: Case) -> Written:
    o = case.options
    q, k, v = _named(case, "query", "key", "value")
    where, key, value = _grouped(case, q, k)
    if not where:
        _fitting(("query", "key", "value"), q, k, v)
    _no_dropout(o.dropout_p)
    s = _scores("query", key, o.scale, (q[-1], k[-2]))
    if flag(o.is_causal, "is_causal"):
        s = f"{s} + {_before(q, k)}"
    if case.given("attn_mask"):
        s = f"{s} + attn_mask"
    return Written(f"p @ {value}", {**where, "s": s, "p": "softmax(s, axis=-1)"})


def _no_dropout(p: float) -> None:
    if positive(p, "dropout_p"):
        raise OperationError("dropout_p is 0 here", hint="Dropout is a node of its own: dropout(x, 0.5, seed=0)")


def _positions(case: Case) -> Written:
    length, features = (whole(getattr(case.options, k), k) for k in ("length", "features"))
    if length < 1 or features < 2 or features % 2:
        raise OperationError("positional_encoding needs positions, and an even number of features")
    positive(case.options.base, "base", zero=False)
    angle = f"arange({length})[:, None] / base**(arange(0, {features}, 2) / {features})"
    return Written(f"reshape(stack([sin(a), cos(a)], axis=-1), ({length}, {features}))", {"a": angle})


SEQUENCES: Mapping[str, object] = {"q": (2, 3, 4), "k": (2, 5, 4), "v": (2, 5, 4), "m": [[1, 1, 0, 0, 0]] * 3}

OPERATIONS = (
    Formula(
        "attention",
        "q k v mask",
        "values of all positions, in proportion to how well their keys answer a query; a mask is 1 where it may look",
        group="layers",
        optional="mask",
        options={"heads": 1, "causal": False, "scale": None},
        order=("q", "k", "v", "heads", "causal", "mask", "scale"),
        keywords={"query": "q", "key": "k", "value": "v", "num_heads": "heads", "is_causal": "causal"},
        formula="softmax(q @ k.mT / sqrt(q.shape[-1])) @ v",
        build=_attention,
        source=VASWANI,
        samples=(
            ("attention(q, k, v)", SEQUENCES),
            ("attention(q, k, v, heads=2, mask=m)", SEQUENCES),
            ("attention(q, q, q, heads=2, causal=True)", SEQUENCES),
            ("attention(x, x, x, scale=0.3, causal=True)", {"x": (3, 2)}),
        ),
    ),
    Formula(
        "scaled_dot_product_attention",
        "query key value attn_mask",
        "attention of one head, or of heads with an axis of their own; what attn_mask holds is added to the scores",
        group="layers",
        optional="attn_mask",
        options={"dropout_p": 0.0, "is_causal": False, "scale": None, "enable_gqa": False},
        order=("query", "key", "value", "attn_mask", "dropout_p", "is_causal", "scale", "enable_gqa"),
        formula="softmax(query @ key.mT / sqrt(query.shape[-1]) + attn_mask) @ value",
        build=_scaled_dot_product,
        source=f"{VASWANI}; torch.nn.functional.scaled_dot_product_attention",
        samples=(
            ("scaled_dot_product_attention(q, k, v)", SEQUENCES),
            ("scaled_dot_product_attention(q, k, v, m, is_causal=True)", {**SEQUENCES, "m": (3, 5)}),
            (
                "scaled_dot_product_attention(q, k, k, enable_gqa=True)",
                {"q": (2, 4, 3, 2), "k": (2, 2, 3, 2)},
            ),
        ),
    ),
    Formula(
        "positional_encoding",
        "",
        "sines and cosines of every position, which are added to what stands there: a constant",
        group="layers",
        options={"length": REQUIRED, "features": REQUIRED, "base": 10000.0},
        formula="reshape(stack([sin(a), cos(a)], axis=-1), (length, features))",
        where={"a": "arange(length)[:, None] / base**(arange(0, features, 2) / features)"},
        build=_positions,
        source=VASWANI,
        samples=(("x + positional_encoding(3, 4)", {"x": (3, 4)}),),
    ),
)
