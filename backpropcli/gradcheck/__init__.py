"""Is the gradient right: differences, corners, verdicts, the culprit, and claims from outside."""

from backpropcli.gradcheck.checker import NothingToCheck, check
from backpropcli.gradcheck.files import Checked, Summary, sum_up
from backpropcli.gradcheck.report import Claim, Culprit, Report, Row
from backpropcli.gradcheck.scope import Scope

__all__ = ["Checked", "Claim", "Culprit", "NothingToCheck", "Report", "Row", "Scope", "Summary", "check", "sum_up"]
