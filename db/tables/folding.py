"""How a name is folded for searching, as SQL expressions. Migrations 0009 and 0026 have copies of them."""

from typing import Final

_MARKS: Final = (
    r"\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
    r"\ufe00-\ufe0f\ufe20-\ufe2f\u00ad\u200b-\u200f\u2060\ufeff\u02bc\u2018\u2019"
)
"""Combining marks, invisible characters and apostrophes, for a class of a regular expression."""


def fold_sql(value: str) -> str:
    """Return the SQL that folds the text `value`: no case, accents or punctuation.

    é is e, ß ss, ø o, ł l, the Turkish letters i, and full-width letters are plain. A text in ASCII skips the
    slow steps, since every imported name is folded.
    """
    plain = f"regexp_replace(lower(normalize({value}, NFKD)), '[{_MARKS}]', '', 'g')"
    plain = f"translate({plain}, 'øłđħŧðıς‐–—·', 'oldhtdiσ----')"  # noqa: RUF001 -- these dashes are meant
    for letter, letters in (("ß", "ss"), ("æ", "ae"), ("œ", "oe"), ("þ", "th")):
        plain = f"replace({plain}, '{letter}', '{letters}')"
    folded = f"case when octet_length({value}) = length({value}) then lower({value}) else {plain} end"
    return f"translate({folded}, '-.,/()|\"''', '        ')"


FOLDED_NAME: Final = fold_sql("full_name")

_FACTS: Final = " || ' ' || ".join(
    f"coalesce(profile ->> '{key}', '')" for key in ("headline", "position", "company", "location")
)
FOLDED_FACTS: Final = fold_sql(f"({_FACTS})")


SEPARATORS: Final = (
    r"[][{}<>:;!?*_&@#~+=\\/\u0001-\u0020\u0085\u00a1-\u00bf\u1680\u2010-\u206f\u2190-\u2bff\u3000-\u303f\ufe00-\ufe0f"
    r"\U0001f000-\U0001faff-]"
)
"""What separates words besides blanks: punctuation, control characters, arrows, symbols and emoji."""

_SEARCHED: Final = (
    "(((left(folded_name, 500) || ' ') || left(split_part(profile_url, '/in/', 2), 200)) || ' ') || "
    "left(folded_facts, 500)"
)
SEARCH_WORDS: Final = (
    f"array_to_tsvector(array_remove(regexp_split_to_array({_SEARCHED}, '{SEPARATORS}+'), ''))"
)
"""The words by which a contact is found: of the name, the address' last part, and the facts.

Each part is cut, so that no word is longer than an index takes (2 046 bytes).
"""

NAME_ORDER: Final = "left(folded_name, 60)"
"""What lists of people are sorted by. An index takes no value above 2 704 bytes."""
