"""The HTML page of a network; of a network too large for a browser, just of what is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from backpropcli import engine
from backpropcli.api.arrays import as_array
from backpropcli.engine.subgraph import part
from backpropcli.notation.numbers import Precision
from backpropcli.ops.definition import Value
from backpropcli.page import page as html
from backpropcli.page.size import excess

if TYPE_CHECKING:
    from backpropcli.api.network import Network


def page(
    network: Network,
    of: str | None,
    *,
    exercise: bool,
    seed: int | None,
    everything: bool,
    upstream: Value | None,
    expand: bool,
    title: str | None,
    precision: Precision | None,
) -> html.Page:
    """A page as `Network.page` says."""

    def run(values: Mapping[str, Value] | None = None) -> engine.Trace:
        if of is None or excess(network.graph, network.graph.nodes, expand) is None:
            return network.run(of, upstream=upstream, everything=everything, values=values)
        plan = engine.Plan(part(network.graph, network.node(of)))
        return engine.run(plan, {**network.values, **(values or {})}, of, as_array(upstream), everything)

    started = run(network.fresh(seed, of, expand)) if exercise and seed is not None else None
    return html.page(
        run(),
        title or network.spec.title,
        precision=precision,
        everything=everything,
        expand=expand,
        exercise=exercise,
        seed=seed,
        started=started,
    )
