"""Cells that hold several values: Google joins them by ` ::: `, others by a semicolon, a comma or a line."""

import re
from collections.abc import Iterable
from typing import Final

_URL_SEPARATOR: Final = re.compile(r":::|[\s;|]+|,(?=\S{1,300}/)|,\s")
_EMAIL: Final = re.compile(r"[^\s@<>;,|:\"()]{1,64}@[^\s@<>;,|:\"'()]{1,255}")
"""The lengths are those of RFC 5321, and keep a long cell from taking long."""


def split_urls(cells: Iterable[str]) -> list[str]:
    """Return the web addresses in these cells, each once."""
    return list(dict.fromkeys(part for cell in cells for part in _URL_SEPARATOR.split(cell) if part))


def find_emails(cells: Iterable[str]) -> list[str]:
    """Return the e-mail addresses in these cells, each once, without names and `mailto:`."""
    return list(dict.fromkeys(found for cell in cells for found in _EMAIL.findall(cell) if "@" in cell))
