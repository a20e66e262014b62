"""The tolerances that the rooms of the check share, each named for what it tolerates; all relative but where said.

What one algorithm alone tolerates stands beside that algorithm.
"""

from __future__ import annotations

UNIT = 2.0**-53
"""The unit roundoff of float64: the relative error of one rounding, half the distance from 1 to the next float."""
UNIT32 = 2.0**-24
"""The unit roundoff of float32."""
TOLERANCE, TOLERANCE32 = 1e-6, 2e-5
"""Two right answers may differ by this, relative to the larger: in float64, in float32."""
MARGIN = 3.0
"""A slope is believed to lie within so many times its estimated error."""
SHARP = 1e-3
"""A slope tells something if `MARGIN` times its error is below this, relative to the larger of the two numbers."""
SHARP_FIRST = 1e-5
"""What it takes at the first level, where climbing on costs little and sharpens what the check can see."""
PLAIN = 100.0
"""A slope contradicts plainly if it is so many times further off than it may be, or `SHARP` off."""
UNDERFLOWN = 1e-200
"""Numbers below this (absolute) may have underflowed on the way, and contradict nobody."""
GOAL = 1e-7
"""The error at which the search for a step size may end."""
SIDES_AGREE = 1e-6
"""Two one-sided slopes, or limits, that differ by less than this are the same: no corner, no jump."""
