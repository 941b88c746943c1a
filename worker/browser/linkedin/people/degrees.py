"""The degree of connection, in the forms that the pages have had in five languages."""

import re
from typing import Final

_ENDING = r"(?:st|nd|rd|er|ère|re|nde|e|è|ème|o|a|\.?[º°ª]|\.er|\.o|\.)"
_MORE = r"(?:\s?\+|\s(?:et|y|i|und)\s(?:\+|plus|más|więcej|mehr))?"
_BADGE: Final = re.compile(rf"(?:[·•∙⋅]\s*)?([123])\s?{_ENDING}{_MORE}", re.IGNORECASE)
_AT_THE_END: Final = re.compile(rf"[·•∙⋅]\s*([123])\s?{_ENDING}{_MORE}$", re.IGNORECASE)
_WORDED: Final = re.compile(
    rf"(?:\S+\s){{0,4}}?([123]){_ENDING}{_MORE}[\s-](?:degree|grad|grades|grado|niveau|degré|stopnia)\b.{{0,20}}",
    re.IGNORECASE,
)
"""`1st degree connection`, `Kontakt 3. Grades`, as texts for screen readers say it."""


def parse_degree(text: str) -> int | None:
    """Return the degree if the whole text is one: `· 1st`, `· 2e`, `1.º`, `3rd+`; None otherwise."""
    found = _BADGE.fullmatch(text.strip()) or _WORDED.fullmatch(text.strip())
    return int(found[1]) if found else None


def split_degree(text: str) -> tuple[str, int | None]:
    """Return a line without the badge at its end, and the degree: `Ada Example • 2nd`."""
    found = _AT_THE_END.search(text.strip())
    return (text.strip()[: found.start()].strip(), int(found[1])) if found else (text.strip(), None)
