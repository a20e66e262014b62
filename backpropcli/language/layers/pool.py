"""Pools: of every window the largest entry, or the mean."""

from __future__ import annotations

from backpropcli.language.layers.kind import Kind
from backpropcli.language.layers.setting import INPUT, SIZES, Setting
from backpropcli.language.layers.windows import DILATION, PADDING, STRIDE, input_fits, nodes

SIZE = Setting("size", SIZES, "How long the window is, or one for each axis: 2, [2, 3].", required=True)

MAX_POOL = Kind(
    name="max_pool",
    help="The largest entry of every window.",
    on=(2, 3, 4, 4),
    wants="the size of its window",
    form="- max_pool: {size: 2}",
    call="max_pool(2)",
    settings=(SIZE, STRIDE, PADDING, DILATION, INPUT),
    nodes=nodes("p", "max_pool#d({x}, {size}{, stride=}{, padding=}{, dilation=})"),
    checks=(input_fits,),
    positional=("size", "stride"),
    aliases=("maxpooling", "pool"),
    alone=True,
)
AVG_POOL = Kind(
    name="avg_pool",
    help="The mean of every window.",
    on=(2, 3, 4, 4),
    wants="the size of its window",
    form="- avg_pool: {size: 2}",
    call="avg_pool(2)",
    settings=(SIZE, STRIDE, PADDING, INPUT),
    nodes=nodes("p", "avg_pool#d({x}, {size}{, stride=}{, padding=})"),
    checks=(input_fits,),
    positional=("size", "stride"),
    aliases=("averagepool", "averagepooling", "meanpool"),
    alone=True,
)
