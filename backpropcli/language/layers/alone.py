"""An activation that is a layer of its own: `- relu`."""

from __future__ import annotations

from backpropcli.language.layers.kind import Kind
from backpropcli.language.layers.setting import ACTIVATION, INPUT, Setting

ALONE = Kind(
    name="activation",
    help="An activation alone; its name is enough: `- relu`.",
    wants="the name of an operation",
    form="- activation: {activation: relu}",
    call="activation(relu)",
    settings=(Setting("activation", ACTIVATION, "The function of each entry, as relu.", required=True), INPUT),
    positional=("activation",),
    alone=True,
)
