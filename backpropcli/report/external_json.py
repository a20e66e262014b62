"""External gradients in the JSON of a check: what was compared, what is wrong, and where the fault is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backpropcli.gradcheck.external.comparison import Comparison


def fields(found: Comparison, failures: bool = False) -> dict[str, Any]:
    """{"file", "verdict", "precision", "tolerance", "loss", "compared": [{"name", "key", "shape", "size", "wrong",
    "unsure", "verdict", "worst", "off"}], "components": [{"name", "index", "theirs", "right", "backprop", "numerical",
    "bound", "within", "ratio", "verdict", "note"}], "missing", "where", "likely", "sure", "notes"}.

    `components` are those that did not pass; `failures` leaves arrays that passed out too. `tolerance` is relative, but
    absolute where `precision` is so many decimals; `off` is relative, null where nothing is right to be relative to.
    """
    return {
        "file": found.source,
        "verdict": found.verdict,
        "precision": {"kind": found.precision.kind, "count": found.precision.count},
        "tolerance": found.tolerance,
        "loss": None if found.loss is None else {"theirs": found.loss[0], "backprop": found.loss[1]},
        "compared": [
            {
                "name": g.name,
                "key": g.key,
                "shape": list(g.shape),
                "size": g.size,
                "wrong": g.wrong,
                "unsure": g.unsure,
                "verdict": g.verdict,
                "worst": list(g.worst.index),
                "off": g.worst.off if g.worst.off < float("inf") else None,
                **({"given_shape": list(g.given), "note": g.worst.note} if g.given is not None else {}),
            }
            for g in found.gradients
            if not (failures and g.verdict == "pass")
        ],
        "components": [
            {
                "name": e.name,
                "index": list(e.index),
                "theirs": e.theirs,
                "right": e.right,
                "backprop": e.backprop,
                "numerical": e.numerical,
                "bound": e.bound,
                "within": e.allowed,
                "ratio": e.ratio,
                "verdict": e.verdict,
                "note": e.note,
            }
            for e in found.entries
        ],
        "missing": list(found.missing),
        "where": found.where,
        "likely": list(found.likely),
        "sure": found.sure,
        "notes": list(found.notes),
    }
