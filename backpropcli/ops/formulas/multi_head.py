"""Attention of several heads between linear layers, as PyTorch's module has it."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from backpropcli.errors import OperationError
from backpropcli.ops.definition import REQUIRED
from backpropcli.ops.formula import Case, Formula, Written
from backpropcli.ops.formulas.sequences import VASWANI, divided, sequences
from backpropcli.ops.planning import flag, whole
from backpropcli.ops.shape import Shape, show_shape


class _Sizes(NamedTuple):
    """What is known of a call: positions asked for, positions answered by, features, heads, and the batch."""

    positions: int
    keys: int
    features: int
    heads: int
    batch: Shape
    turned: bool
    """Whether positions stand before the batch, as PyTorch has them."""

    def split(self, name: str, positions: int) -> str:
        """The features of each head by themselves: (N, T, H d) as (N, H, T, d)."""
        cut = (*self.batch, positions, self.heads, self.features // self.heads)
        return f"swapaxes(reshape({name}, {cut}), -3, -2)"


def _multi_head(case: Case) -> Written:
    sources = {"query": "query", "key": "key" if case.given("key") else "query"}
    sources["value"] = "value" if case.given("value") else sources["key"]
    size = _sizes(case, *(case.shapes[source] for source in sources.values()))
    where = _projected(case, size, sources)
    size = size._replace(keys=size.keys + _more_keys(case, where, size))
    for name, count in (("q", size.positions), ("k", size.keys), ("v", size.keys)):
        where[f"{name}h"] = size.split(name, count)
    mask = _merged_mask(case, where, size)
    inner = f"scaled_dot_product_attention(qh, kh, vh{mask})"
    where["z"] = f"reshape(swapaxes({inner}, -3, -2), {(*size.batch, size.positions, size.features)})"
    out = "linear(z, out_proj_weight" + (", out_proj_bias)" if case.given("out_proj_bias") else ")")
    return Written(f"swapaxes({out}, 0, 1)" if size.turned else out, where)


def _sizes(case: Case, *shapes: Shape) -> _Sizes:
    q, k, _ = sequences(dict(zip(("query", "key", "value"), shapes, strict=True)))
    if len(q) > 3 or len(k) != len(q):
        raise OperationError(f"query has the shape {show_shape(q)}: it needs (T, E), or a batch (T, N, E)")
    heads = whole(case.options.num_heads, "num_heads")
    divided(q[-1], heads, "query", "num_heads")
    if len(q) == 2:
        return _Sizes(q[0], k[0], q[-1], heads, (), turned=False)
    if flag(case.options.batch_first, "batch_first"):
        return _Sizes(q[1], k[1], q[-1], heads, q[:1], turned=False)
    return _Sizes(q[0], k[0], q[-1], heads, q[1:2], turned=True)


def _projected(case: Case, size: _Sizes, sources: dict[str, str]) -> dict[str, str]:
    """Queries, keys and values: each a linear layer of what comes in, batch first."""
    e = size.features
    packed = case.given("in_proj_weight")
    if packed and case.shapes["in_proj_weight"] != (3 * e, e):
        found = show_shape(case.shapes["in_proj_weight"])
        raise OperationError(f"in_proj_weight has the shape {found}: it needs {show_shape((3 * e, e))}")
    where = {}
    for k, source in enumerate(sources.values()):
        letter = "qkv"[k]
        rows = f"[{k * e}:{(k + 1) * e}]"
        weight = f"in_proj_weight{rows}" if packed else f"{letter}_proj_weight"
        if not packed and not case.given(weight):
            raise OperationError(f"it needs in_proj_weight, or {weight}")
        bias = f", in_proj_bias{rows}" if case.given("in_proj_bias") else ""
        turned = f"swapaxes({source}, 0, 1)" if size.turned else source
        where[letter] = f"linear({turned}, {weight}{bias})"
    return where


def _more_keys(case: Case, where: dict[str, str], size: _Sizes) -> int:
    """Learned keys and values, and zeros, behind those of the sequence; how many."""
    one, more = (*size.batch, 1, size.features), 0
    if case.given("bias_k"):
        for letter in "kv":
            row = f"broadcast_to(reshape(bias_{letter}, (1, {size.features})), {one})"
            where[letter] = f"concatenate([{where[letter]}, {row}], axis=-2)"
        more += 1
    if flag(case.options.add_zero_attn, "add_zero_attn"):
        for letter in "kv":
            where[letter] = f"concatenate([{where[letter]}, zeros({one})], axis=-2)"
        more += 1
    return more


def _merged_mask(case: Case, where: dict[str, str], size: _Sizes) -> str:
    """What is added to the scores (N, H, T, S): the mask of positions, and that of keys that only fill up."""
    terms = []
    if case.given("attn_mask"):
        terms.append(_of_positions(case.shapes["attn_mask"], size))
    if case.given("key_padding_mask"):
        shape = case.shapes["key_padding_mask"]
        if shape[:-1] != size.batch or not len(shape) >= 1 or shape[-1] > size.keys:
            wanted = show_shape((*size.batch, size.keys))
            raise OperationError(f"key_padding_mask has the shape {show_shape(shape)}: it needs {wanted}")
        wider = _wider("key_padding_mask", shape, size.keys)
        terms.append(f"reshape({wider}, {(*size.batch, 1, 1, size.keys)})")
    if not terms:
        return ""
    where["m"] = " + ".join(terms)
    return ", m"


def _of_positions(shape: Shape, size: _Sizes) -> str:
    """The mask of positions, beside the scores."""
    scores = (size.positions, size.keys)
    count = prod(size.batch) * size.heads
    if shape[:-1] not in ((size.positions,), (count, size.positions)) or shape[-1] > size.keys:
        raise OperationError(
            f"attn_mask has the shape {show_shape(shape)}",
            hint=f"It needs {show_shape(scores)} or {show_shape((count, *scores))}: what is added to the scores.",
        )
    wider = _wider("attn_mask", shape, size.keys)
    return wider if len(shape) == 2 else f"reshape({wider}, {(*size.batch, size.heads, *scores)})"


def _wider(name: str, shape: Shape, keys: int) -> str:
    """A mask with zeros for the keys that were put behind those of the sequence."""
    if shape[-1] == keys:
        return name
    frame = [(0, 0)] * (len(shape) - 1) + [(0, keys - shape[-1])]
    return f"pad({name}, {tuple(frame)})"


WEIGHTS = {"x": (3, 4), "W": (12, 4), "b": (12,), "U": (4, 4), "c": (4,)}

OPERATIONS = (
    Formula(
        "multi_head_attention",
        "query key value in_proj_weight in_proj_bias out_proj_weight out_proj_bias bias_k bias_v attn_mask "
        "key_padding_mask q_proj_weight k_proj_weight v_proj_weight",
        "attention of several heads between linear layers, (T, N, E) as in PyTorch; without keys of itself",
        group="layers",
        optional="key value in_proj_weight in_proj_bias out_proj_bias bias_k bias_v attn_mask key_padding_mask "
        "q_proj_weight k_proj_weight v_proj_weight",
        options={"num_heads": REQUIRED, "batch_first": False, "add_zero_attn": False},
        formula="linear(z, out_proj_weight, out_proj_bias)",
        where={
            "q": "linear(query, in_proj_weight[:E], in_proj_bias[:E])",
            "k": "linear(key, in_proj_weight[E:2*E], in_proj_bias[E:2*E])",
            "v": "linear(value, in_proj_weight[2*E:], in_proj_bias[2*E:])",
            "z": "attention(q, k, v, heads=num_heads)",
            "E": "query.shape[-1]",
        },
        build=_multi_head,
        source=f"{VASWANI}; torch.nn.MultiheadAttention",
        samples=(
            (
                "multi_head_attention(x, in_proj_weight=W, in_proj_bias=b, out_proj_weight=U, out_proj_bias=c, "
                "num_heads=2)",
                WEIGHTS,
            ),
            (
                "multi_head_attention(x, k, in_proj_weight=W, out_proj_weight=U, num_heads=2, attn_mask=m, "
                "add_zero_attn=True)",
                {**WEIGHTS, "x": (3, 2, 4), "k": (2, 2, 4), "m": (3, 2)},
            ),
        ),
    ),
)
