"""Dropout: values that are left out at random, so that no unit relies on another."""

from __future__ import annotations

from backpropcli.errors import OperationError
from backpropcli.ops.formula import Case, Formula, Written
from backpropcli.ops.planning import flag, number, shown, whole


def _dropout(case: Case) -> Written:
    o = case.options
    p = number(o.p, "p")
    if not 0 <= p <= 1:
        raise OperationError(f"p is how likely a value is left out, from 0 to 1, not {shown(o.p)}")
    whole(o.seed, "seed")
    if not flag(o.training, "training") or p == 0:
        return Written("x")
    if p == 1:
        return Written("0 * x")
    mask = f"bernoulli({case.shapes['x']}, 1 - p, seed=seed, name='{case.place}')"
    return Written("x * mask / (1 - p)", {"mask": mask})


OPERATIONS = (
    Formula(
        "dropout",
        "x",
        "values left out with probability p, the others made larger; a training leaves out others in every update",
        group="layers",
        options={"p": 0.5, "training": True, "seed": 0},
        keywords={"input": "x", "rate": "p"},
        formula="x * mask / (1 - p)",
        where={"mask": "bernoulli(x.shape, 1 - p, seed=seed)"},
        build=_dropout,
        source="Srivastava et al. 2014, JMLR 15; torch.nn.functional.dropout",
        samples=(
            ("dropout(x)", {"x": (3, 4)}),
            ("dropout(x, 0.2, seed=3) + dropout(x, 0.9)", {"x": (2, 3)}),
            ("dropout(x, p=0.1, training=False)", {"x": (2, 3)}),
            ("dropout(x, 1)", {"x": ()}),
        ),
    ),
)
