"""Why nothing comes back through a formula, where 0 · NaN would be said of it."""

from __future__ import annotations

from typing import Any

from backpropcli.notation import maths
from backpropcli.notation.maths import Said
from backpropcli.ops.numbers import nothing


def unheard(of: str, name: str, by: str, upstream: Any, local: Any) -> str:
    """Why no gradient of `of` comes through `name` to what it uses, `by`; empty where a product says it all."""
    if any(getattr(x, "nothing", None) is not None for x in (upstream, local)):  # entry by entry
        import numpy as np

        heard = np.isfinite(np.asarray(upstream) * np.asarray(local)).all()
        return "" if heard else Said("nothing comes back from where ", maths.name(of), " does not look")
    if local is None or hasattr(local, "dtype"):
        return ""
    upstreams = upstream.ravel().tolist() if getattr(upstream, "shape", ()) else [upstream]
    if not any(nothing.unheard(one, local) for one in upstreams):
        return ""
    who, whom = (of, name) if type(upstream) is nothing.Unreached else (name, by)
    return Said(maths.name(who), " does not look at ", maths.name(whom), " here, so nothing comes back")
