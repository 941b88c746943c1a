"""Cells that hold several values: Google joins them by ` ::: `, others by a semicolon, a comma or a line."""

import re
from collections.abc import Iterable
from typing import Final

_URL_SEPARATOR: Final = re.compile(r"\s*:::\s*|[\s;|]+|,(?=\S+/)|,\s")
_EMAIL: Final = re.compile(r"[^\s@<>;,|:\"'()]+(?:'[^\s@<>;,|:\"()]+)?@[^\s@<>;,|:\"'()]+")


def split_urls(cells: Iterable[str]) -> list[str]:
    """Return the web addresses in these cells, each once."""
    return list(dict.fromkeys(part for cell in cells for part in _URL_SEPARATOR.split(cell) if part))


def find_emails(cells: Iterable[str]) -> list[str]:
    """Return the e-mail addresses in these cells, each once, without names and `mailto:`."""
    return list(dict.fromkeys(found for cell in cells for found in _EMAIL.findall(cell)))
