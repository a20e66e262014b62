"""Is the gradient right: differences, corners, verdicts, the culprit, and claims from outside."""

from backpropcli.gradcheck.checker import NothingToCheck, check
from backpropcli.gradcheck.report import Claim, Culprit, Report, Row

__all__ = ["Claim", "Culprit", "NothingToCheck", "Report", "Row", "check"]
