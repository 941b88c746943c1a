"""What is known of a person besides the name that tells how the name is built."""

import re
from functools import lru_cache

from worker.rules.names.tables import fold, read_table

SOUTH_INDIAN = frozenset({"ta", "te", "kn", "ml"})
"""Languages (ISO 639-1) whose initials stand before a given name: R. Madhavan."""

SOUTH_INDIAN_SCRIPTS = frozenset({"TAMIL", "TELUGU", "KANNADA", "MALAYALAM"})


def find_name_language(language: str | None, location: str | None) -> str | None:
    """Return the language (ISO 639-1) in which a name is to be read, or None.

    `language` is the one that a person is written to in. English says nothing about a name, so a country or a
    city in `location` (as a site shows it) decides before it.
    """
    code = (language or "").lower()[:2]
    if code not in {"", "en"}:
        return code
    return _find_by_place(location) if location else None


@lru_cache(maxsize=2_000)
def _find_by_place(location: str) -> str | None:
    words = f" {re.sub('[^a-z]+', ' ', fold(location))} "
    for code, listed in read_table("places").items():
        for place in (fold(each.strip()) for each in listed.split(",")):
            if f" {place} " in words or (not place.isascii() and place in location):
                return str(code)
    return None
