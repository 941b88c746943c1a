"""Escape CSV cells so that no spreadsheet takes them for a formula, and undo it.

A spreadsheet evaluates a cell that begins with = + - or @, whoever wrote the file (OWASP, "CSV Injection").
Such a text gets a leading apostrophe. So does a text that already has apostrophes in front of such a
character, so that removing one apostrophe always restores the text.
"""

import re
from typing import Final

_RISKY: Final = re.compile(r"'*[=+\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]")
"""How a risky text begins: OWASP's list, and the full-width forms that some spreadsheets accept."""


def escape_formula(text: str) -> str:
    """Return `text` in a form that no spreadsheet evaluates. Only for texts: a number stays a number."""
    return f"'{text}" if _RISKY.match(text) else text


def unescape_formula(cell: str) -> str:
    """Undo `escape_formula`. A cell that it didn't change stays as it is."""
    return cell[1:] if cell.startswith("'") and _RISKY.match(cell) else cell
