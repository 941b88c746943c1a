"""Cells of a CSV file that a spreadsheet can't take for a formula, and back.

A spreadsheet calculates what begins with = + - or @, also in a file that somebody else wrote (OWASP, "CSV
Injection"). Such a text gets an apostrophe in front. So does one that has apostrophes there already, so that
taking one away gives back every text as it was.
"""

import re
from typing import Final

_RISKY: Final = re.compile(r"'*[=+\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]")
"""How a risky text begins: OWASP's list, with the full-width forms that some spreadsheets take as well."""


def escape_formula(text: str) -> str:
    """Return `text` so that no spreadsheet calculates it. Only for texts: a number stays a number."""
    return f"'{text}" if _RISKY.match(text) else text


def unescape_formula(cell: str) -> str:
    """Return the text that `guarded` was given; a cell that it never touched stays as it is."""
    return cell[1:] if cell.startswith("'") and _RISKY.match(cell) else cell
