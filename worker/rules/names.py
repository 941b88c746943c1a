"""Given names out of display names, as a greeting needs them."""

import re
import unicodedata

TITLES = frozenset(
    {"dr", "prof", "mr", "mrs", "ms", "mme", "mlle", "herr", "frau", "sr", "sra", "doña", "ir", "me"}
)
"""Words before a name that are no part of it, lower case and without a full stop."""


def first_name(full_name: str) -> str:
    """Return the given name in `full_name`, or the whole cleaned name where it can't be told apart.

    Titles before the name, emoji, what stands in brackets and everything after a comma are left out. A name
    written without spaces (李小龙) is used whole: cutting it would be rude or wrong.
    """
    name = re.sub(r"\(.*?\)", " ", full_name).split(",", maxsplit=1)[0]
    cleaned = "".join(c for c in name if _belongs_to_a_name(c))
    words = [word for word in cleaned.split() if any(c.isalpha() for c in word)]
    given = [word for word in words if word.strip(".").lower() not in TITLES]
    return given[0] if given else " ".join(words)


def _belongs_to_a_name(character: str) -> bool:
    if character in "-'.\u2019\u00b7\u200c" or character.isspace():
        return True
    category = unicodedata.category(character)
    # Variation selectors and enclosing marks are what is left of an emoji.
    return category[0] in "LM" and category != "Me" and not "\ufe00" <= character <= "\ufe0f"
