"""Given names out of display names, as a greeting needs them."""

import unicodedata

TITLES = frozenset(
    {"dr", "prof", "mr", "mrs", "ms", "mme", "mlle", "herr", "frau", "sr", "sra", "don", "doña", "ir", "me"}
)
"""Words before a name that are no part of it, lower case and without a full stop."""


def first_name(full_name: str) -> str:
    """Return the given name in `full_name`, or the whole cleaned name where it can't be told apart.

    Titles before the name, emoji and everything after a comma are left out. A name written without
    spaces (李小龙) is used whole: cutting it would be rude or wrong.
    """
    cleaned = "".join(c for c in full_name.split(",", maxsplit=1)[0] if _belongs_to_a_name(c))
    words = [word for word in cleaned.split() if word.strip(".").lower() not in TITLES]
    return words[0] if words else cleaned.strip()


def _belongs_to_a_name(character: str) -> bool:
    if character in "-'.\u2019\u00b7 \u200c":
        return True
    return unicodedata.category(character)[0] in "LMZ"
