"""Find phrases in texts as a reader would: case, accents and character widths don't matter."""

import unicodedata
from typing import Final

_EQUIVALENTS: Final = str.maketrans(
    {
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "æ": "ae",
        "œ": "oe",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    }
    | dict.fromkeys("\u2010\u2012\u2013\u2014\u2212", "-")
)
"""Letters that Unicode doesn't decompose, but people type without their stroke; quotes and dashes."""

_UNSPACED_SCRIPTS: Final = (
    ("\u0e00", "\u0eff"),
    ("\u1000", "\u109f"),
    ("\u1780", "\u17ff"),
    ("\u2e80", "\U0003ffff"),
)
"""Thai and Lao, Burmese, Khmer, and East Asian scripts: they put no spaces between words."""


def fold_text(text: str) -> str:
    """Return `text` in the form in which phrases are compared: NFKD, casefolded, without accents.

    Marks that make another letter stay (the dots of kana, the vowels of Devanagari, the tones of Thai).
    Invisible characters are removed, and runs of white space become one space.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(
        character
        for character in decomposed
        if not _is_accent(character) and unicodedata.category(character) != "Cf"
    )
    return " ".join(unicodedata.normalize("NFC", bare).translate(_EQUIVALENTS).split())


def contains_phrase(text: str, phrase: str) -> bool:
    """Return whether `phrase` occurs in `text` as whole words. Both must be folded.

    `+` and `#` belong to the word before them and `&` to both neighbours, so neither C nor R is in
    "C++, C#, R&D". A version number is separate: C++ is in "C++17".
    """
    at = text.find(phrase) if phrase else -1
    while at >= 0:
        end = at + len(phrase)
        before, after = text[:at][-1:], text[end : end + 1]
        if not _in_one_word(before, phrase[0]) and not _in_one_word(phrase[-1], after):
            return True
        at = text.find(phrase, at + 1)
    return False


def _is_accent(character: str) -> bool:
    """Return whether this is an accent of Latin, Greek or Cyrillic, or a Hebrew or Arabic point."""
    combining = unicodedata.combining(character)
    return 10 <= combining <= 36 or combining >= 200


def _in_one_word(left: str, right: str) -> bool:
    """Return whether two neighbouring characters are in one word; an empty string is the end of the text."""
    if not left or not right:
        return False
    if _is_word_character(left):
        return _is_word_character(right) or right in "+#&"
    return (left in "+#" and right in "+#") or (left == "&" and _is_word_character(right))


def _is_word_character(character: str) -> bool:
    if any(first <= character <= last for first, last in _UNSPACED_SCRIPTS):
        return False
    return character.isalnum() or unicodedata.category(character).startswith("M")
