"""The characters of display names: letters, separators and decoration."""

import re
import unicodedata

SEPARATOR_MARK = "|"
"""Marks in the result of `extract_name_part` where the name ends and something else begins."""

NON_NAME_MARK = "0"
"""Marks a word that can't be part of a name, such as one with a digit or a character of mark-up."""

INNER_PUNCTUATION = "-.'\u2018\u2019`\u00b4\u00b7\u2010\u2011\u30fb\u05f3\u05f4"
"""Punctuation inside names: hyphens, full stops, apostrophes, middle dots, Hebrew geresh and gershayim."""

_JOINERS = "\u200c\u200d"
"""Persian and Indian names are spelt with these; elsewhere they join emoji."""

_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\uff08[^\uff08\uff09]*\uff09|\u3010[^\u3010\u3011]*\u3011")
_OPEN_BRACKET = re.compile("[(\\[\uff08\u3010].*", re.DOTALL)
_QUOTED = re.compile(
    '["\u201c\u201d\u201e\u00ab\u00bb][^"\u201c\u201d\u201e\u00ab\u00bb]*["\u201c\u201d\u00ab\u00bb]'
    "|(?<!\\S)['\u2018\u201a][^'\u2018\u2019]+['\u2018\u2019](?!\\S)"
)
_GERSHAYIM = re.compile('(?<=[\u05d0-\u05ea])"(?=[\u05d0-\u05ea])')
_DASH = re.compile(r"\s[-\u2013\u2014\u00b7\u2010]+\s")
_STOP_WITHOUT_SPACE = re.compile(r"(?<=[^\W\d_]{2})\.(?=[^\W\d_])|(?<=[^\W\d_])\.(?=[^\W\d_]{2})")
_REPLACEMENTS = {
    **dict.fromkeys(",\uff0c\u060c", ","),
    **dict.fromkeys("|/\\&+;:\u2022\u2013\u2014\uff5c\uff0f", SEPARATOR_MARK),
    **dict.fromkeys("_<>{}=$%^@#", NON_NAME_MARK),
}


def extract_name_part(full_name: str) -> str:
    """Return the part of a display name that can be the name: letters, inner punctuation, spaces, commas.

    It is in NFC and in plain letters, and ends at the first separator, such as `|` or a dash between spaces.
    """
    text = unicodedata.normalize("NFC", "".join(map(_to_plain_letter, full_name)))
    text = _GERSHAYIM.sub("\u05f4", _KEYCAP.sub(" ", text))
    text = _OPEN_BRACKET.sub(" ", _BRACKETS.sub(" ", text)).strip()
    text = _QUOTED.sub(lambda found: " " if found.start() else f" {found[0][1:-1]} ", text)
    text = _STOP_WITHOUT_SPACE.sub(". ", _DASH.sub(f" {SEPARATOR_MARK} ", text))
    kept = ""
    for character, following in zip(text, [*text[1:], " "], strict=False):
        kept += _replacement(character, before=kept[-1:], following=following)
    pieces = (piece for piece in kept.split(SEPARATOR_MARK) if letters(piece))
    return unicodedata.normalize("NFC", next(pieces, ""))


def _to_plain_letter(character: str) -> str:
    fancy = unicodedata.decomposition(character).startswith(("<font>", "<wide>", "<narrow>"))
    return unicodedata.normalize("NFKC", character) if fancy else character


def _replacement(character: str, *, before: str, following: str) -> str:
    """Return the replacement of one character, given the one kept before it and the one that follows."""
    category = unicodedata.category(character)
    if character in _REPLACEMENTS or category[0] == "N":
        return _REPLACEMENTS.get(character, NON_NAME_MARK)
    if category[0] == "L" or character in INNER_PUNCTUATION:
        return character
    in_word = bool(before) and unicodedata.category(before)[0] in "LM"
    if category in {"Mn", "Mc"}:  # a variation selector belongs to a removed emoji
        return character if in_word and not "\ufe00" <= character <= "\ufe0f" else ""
    if character in _JOINERS:
        return character if in_word and unicodedata.category(following)[0] in "LM" else ""
    return "" if category in {"Cf", "Me"} else " "


def letters(word: str) -> str:
    """Return only the letters of `word`."""
    return "".join(character for character in word if character.isalpha())


def is_in_capitals(word: str) -> bool:
    """Return whether `word` is written in capitals: three letters or more, and not initials (JPB)."""
    bare = unicodedata.normalize("NFD", letters(word))
    return (
        len(letters(word)) > 2 and word.isupper() and (not bare.isascii() or bool(set(bare) & set("AEIOUY")))
    )


def fix_capitals(word: str) -> str:
    """Return `word` with name capitals if it is all in capitals or all in small letters; else unchanged."""
    if not (is_in_capitals(word) or word.islower()):
        return word
    parts = re.split(f"([{re.escape(INNER_PUNCTUATION)}])", word)
    repaired = "".join(map(_capitalise, parts))
    return unicodedata.normalize("NFC", repaired.replace("i\u0307", "i"))  # Turkish İ


def _capitalise(part: str) -> str:
    small = part.lower()
    first = next((place for place, letter in enumerate(small) if letter.title() != letter), len(small))
    return small[:first] + small[first : first + 1].title() + small[first + 1 :]
