"""Other nice numbers for a network's exercise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpropcli.derivation.worked import Worked
from backpropcli.exercise.random_values import fresh as chosen
from backpropcli.ops.definition import Value

if TYPE_CHECKING:
    from backpropcli.api.network import Network


def fresh(network: Network, seed: int, of: str | None, expand: bool) -> dict[str, Value]:
    """Numbers as `Network.fresh` says."""
    trace = network.run(of)
    assert trace.of is not None
    worked = Worked(trace, expand=expand)
    asked = [stage.slot for stage in worked.stages], [worked.slots[label] for label in worked.order()]
    return chosen(network.plan(), network.values, trace.of, asked, seed)
