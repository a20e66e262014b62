"""Is the gradient right: differences, corners, verdicts, the culprit, and numbers from outside."""

from backpropcli.gradcheck.files import Checked, Summary, sum_up
from backpropcli.gradcheck.network.checker import NothingToCheck, check
from backpropcli.gradcheck.network.scope import Scope
from backpropcli.gradcheck.report import Culprit, ExpectedNumber, Report, Row

__all__ = [
    "Checked",
    "Culprit",
    "ExpectedNumber",
    "NothingToCheck",
    "Report",
    "Row",
    "Scope",
    "Summary",
    "check",
    "sum_up",
]
