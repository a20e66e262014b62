"""How the drawing looks, in light and in dark: ink, paper, and one colour each for values and gradients."""

from __future__ import annotations

STYLE = """\
.backprop-graph { font-family: "STIX Two Text", "Latin Modern Roman", Cambria, Georgia, "Times New Roman",
  "DejaVu Serif", serif; }
.backprop-graph .paper { fill: #ffffff; }
.backprop-graph text { fill: #1c1c1c; white-space: pre; }
.backprop-graph .name { font-style: italic; }
.backprop-graph .shape { fill: #666666; }
.backprop-graph .line { fill: none; stroke: #4a4a4a; stroke-width: 1.4; }
.backprop-graph .dots { stroke-dasharray: 2 4; }
.backprop-graph .head { fill: #4a4a4a; }
.backprop-graph .box { fill: #fffdf5; stroke: #1c1c1c; stroke-width: 1.4; }
.backprop-graph .parameter .box { fill: #eef4fb; stroke: #7d9cc0; }
.backprop-graph .input .box, .backprop-graph .target .box { fill: #f4f4f2; stroke: #a5a5a0; }
.backprop-graph .value { fill: #1a4f9c; }
.backprop-graph .gradient { fill: #b3341a; }
.backprop-graph .frame { fill: #f7f7fa; stroke: #c9c9d4; stroke-dasharray: 4 4; }
.backprop-graph .caption, .backprop-graph .legend { fill: #666666; }
@media (prefers-color-scheme: dark) {
  .backprop-graph .paper { fill: #16181c; }
  .backprop-graph text { fill: #e8e6e0; }
  .backprop-graph .shape, .backprop-graph .caption, .backprop-graph .legend { fill: #a0a0a0; }
  .backprop-graph .line { stroke: #9a9a9a; }
  .backprop-graph .head { fill: #9a9a9a; }
  .backprop-graph .box { fill: #23262c; stroke: #d0cec8; }
  .backprop-graph .parameter .box { fill: #1d2a3a; stroke: #5f83ad; }
  .backprop-graph .input .box, .backprop-graph .target .box { fill: #2a2b2d; stroke: #77777a; }
  .backprop-graph .value { fill: #8ab8f5; }
  .backprop-graph .gradient { fill: #ff9b7d; }
  .backprop-graph .frame { fill: #1b1d22; stroke: #4a4c55; }
}
"""
