"""Graph and values in, a trace out: plan, forward, backward."""

from backpropcli.engine.nonfinite import Offender, finite, offenders
from backpropcli.engine.plan import Plan
from backpropcli.engine.trace import NotScalarError, Trace, run

__all__ = ["NotScalarError", "Offender", "Plan", "Trace", "finite", "offenders", "run"]
