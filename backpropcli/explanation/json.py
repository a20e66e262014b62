"""Explanations as JSON, for a program that reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from backpropcli.notation import maths
from backpropcli.ops.numbers.nothing import product
from backpropcli.render.json import anything

if TYPE_CHECKING:
    from backpropcli.derivation.paths import Path
    from backpropcli.explanation.derive import Derivation
    from backpropcli.explanation.explain import Explanation


def explain_json(found: Sequence[Explanation], source: str) -> Iterator[str]:
    """`backprop.explain/1`: {"format", "spec", "loss", "gradients": [{"name", "index", "value", "meaning", "count",
    "paths": [{"names", "product", "steps": [{"of", "by", "formula", "local", "upstream", "gradient"}]}], "walk":
    [{"name", "formula", "value"}], "proof": {"name", "index", "before", "after", "eps", "loss_before", "loss_after",
    "slope"}}]}.

    `count` is the number of paths from node to node; `paths` is null where there are too many to write out, or the
    gradient is an array. Steps go from the loss back. `walk` has every gradient on the way, each in terms of those
    before it. Formulas are as people write them.
    """
    gradients = [_explanation(one) for one in found]
    loss = found[0].of if found else None
    yield anything({"format": "backprop.explain/1", "spec": source, "loss": loss, "gradients": gradients}) + "\n"


def _explanation(one: Explanation) -> dict[str, Any]:
    reached = one.worked.reaches(one.name)
    rows = one.subgraph.walk(one.subgraph.order).rows if reached else []
    values = [one.worked.gradient(label) for label in one.subgraph.order]
    proof = one.proof
    moved = proof.loss if proof is not None else None
    return {
        "name": one.name,
        "index": list(one.index),
        "value": one.value,
        "meaning": str(one.meaning()),
        "count": one.subgraph.count() if reached else 0,
        "paths": [_path(one, path) for path in one.paths] if one.paths is not None else None if reached else [],
        "walk": [
            {"name": row.name, "formula": " + ".join(row.formula) or None, "value": value}
            for row, value in zip(rows, values, strict=False)
        ],
        "proof": None
        if proof is None or moved is None
        else {
            "name": proof.name,
            "index": list(proof.index),
            "before": proof.before,
            "after": proof.before + proof.eps,
            "eps": proof.eps,
            "loss_before": moved.before,
            "loss_after": moved.after,
            "slope": moved.derivative,
        },
    }


def _path(one: Explanation, path: Path) -> dict[str, Any]:
    return {
        "names": [str(one.spot), *(str(link.to) for link in reversed(path))],
        "product": product(link.value for link in path),
        "steps": [
            {
                "of": str(k.to),
                "by": str(k.by),
                "formula": one.chain.factor(k),
                "local": k.value,
                "upstream": one.chain.gradient_at(k.to),
                "gradient": one.chain.gradient_at(k.by),
            }
            for k in path
        ],
    }


def derive_json(found: Sequence[Derivation], source: str) -> Iterator[str]:
    """`backprop.derive/1`: {"format", "spec", "loss", "agrees", "gradients": [{"name", "chain": [{"of", "by",
    "formula", "value"}], "matrix": {"formula", "value", "agrees"}, "together", "problem", "missing", "formulas":
    [{"index", "formula", "in_data", "while", "while_in_data", "value", "backprop", "agrees"}]}]}.

    Formulas are in the language of the spec (`together`, all entries in one); `missing` says which of formula, number
    and verdict there is not, and why. Those of the chain, and the one in matrix notation (null where there is
    none), are as people write them.
    """
    gradients: list[dict[str, Any]] = [
        {
            "name": one.told.name,
            "chain": [
                {"of": str(k.to), "by": str(k.by), "formula": one.told.chain.factor(k), "value": k.value}
                for k in one.links()
            ],
            "matrix": None
            if one.matrix is None
            else {
                "formula": maths.formula(one.matrix.formula, one.worked.style, one.worked.arrays),
                "value": one.matrix.value,
                "agrees": one.matrix_agrees,
            },
            "together": one.together or None,
            "problem": str(one.problem) if one.problem is not None else None,
            "missing": one.missing or None,
            "formulas": [
                {
                    "index": list(d.entry),
                    "formula": d.formula,
                    "in_data": d.in_data,
                    "while": list(d.while_),
                    "while_in_data": [*d.while_, *d.also],
                    "value": d.value,
                    "backprop": d.gradient,
                    "agrees": d.agrees,
                }
                for d in one.found
            ],
        }
        for one in found
    ]
    yield (
        anything(
            {
                "format": "backprop.derive/1",
                "spec": source,
                "loss": found[0].told.of if found else None,
                "agrees": all(one.agrees for one in found),
                "gradients": gradients,
            }
        )
        + "\n"
    )
