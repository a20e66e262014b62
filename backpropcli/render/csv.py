"""CSV, for other programs: RFC 4180, and nothing that a spreadsheet takes for a formula."""

from __future__ import annotations

import re

from backpropcli.safe import cell

_APART = re.compile('[,;"\t\r\n]')
"""What some spreadsheet takes for the end of a field."""


def line(fields: tuple[str, ...]) -> str:
    """One line, RFC 4180: a field with a comma, a quote or a line break stands in quotes; none is a formula."""
    return ",".join(map(_field, fields)) + "\n"


def _field(text: str) -> str:
    text = cell(text)
    if _APART.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text
