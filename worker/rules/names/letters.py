"""The characters of display names: letters, separators and decoration."""

import re
import unicodedata
from dataclasses import dataclass

from worker.rules.names.fancy_letters import to_plain_letter
from worker.rules.names.given_names import is_given_name
from worker.rules.names.tables import fold, word_set

NON_NAME_MARK = "0"
"""Marks a word that can't be part of a name, such as one with a digit or a character of mark-up."""

INNER_PUNCTUATION = "-.'\u2018\u2019`\u00b4\u00b7\u2010\u2011\u2013\u30fb\u05f3\u05f4"
"""Punctuation inside names: hyphens, full stops, apostrophes, middle dots, Hebrew geresh and gershayim."""

_SEPARATOR_MARK = "|"
_JOIN_MARK = "&"
_JOINERS = "\u200c\u200d"
"""Persian and Indian names are spelt with these; elsewhere they join emoji."""

_NO_NAME = re.compile(
    r"\S+@\S*|\S*@\S+|(?:https?://|www\.)\S*|[\u202d\u202e]|(?<=\w)\u200b(?=\w)", re.IGNORECASE
)
"""Addresses; overrides of the direction, which show letters in another order than they are written in; a zero
width space between letters, which may part two names or stand inside one."""

_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\uff08[^\uff08\uff09]*\uff09|\u3010[^\u3010\u3011]*\u3011")
_OPEN_BRACKET = re.compile("[(\\[\uff08\u3010].*", re.DOTALL)
_QUOTED = re.compile(
    '["\u201c\u201d\u201e\u00ab\u00bb][^"\u201c\u201d\u201e\u00ab\u00bb]*["\u201c\u201d\u00ab\u00bb]'
    "|(?<!\\S)['\u2018\u201a][^'\u2018\u2019]+['\u2018\u2019](?!\\S)"
)
_GERSHAYIM = re.compile('(?<=[\u05d0-\u05ea])"(?=[\u05d0-\u05ea])')
_DASH = re.compile(r"\s[-\u2013\u2014\u00b7\u2010]+\s|(?<!\w)[\u2013]|[\u2013](?!\w)")
_DOTTED = re.compile(r"(?<![^\W\d_])(?:[^\W\d_]{1,6}\.)+[^\W\d_]{0,6}\.?(?![^\W\d_])")
_STOP_WITHOUT_SPACE = re.compile(r"([^\W\d_]{2,})\.(?=[^\W\d_])|(?<=[^\W\d_])\.(?=[^\W\d_]{2})")
_STRUCK_OUT = re.compile("[\u0332-\u0338\u0305\u033f\u035c-\u0362]")
_WITH_STOPS = (
    ("titles", "never_names"),
    ("titles", "degrees"),
    ("titles", "titles"),
    ("titles", "honorifics"),
    ("titles", "generations"),
    ("organisations", "legal_forms"),
    ("organisations", "dotted"),
)
"""The tables of words that may be written with full stops inside: M.Sc., Dott.ssa, s.r.o."""

_REPLACEMENTS = {
    **dict.fromkeys(",\uff0c\u060c", ","),
    **dict.fromkeys("|/\\;:\u2022\u2014\uff5c\uff0f", _SEPARATOR_MARK),
    **dict.fromkeys("&+\uff06", _JOIN_MARK),
    **dict.fromkeys("_<>{}=$%^@#", NON_NAME_MARK),
}


@dataclass(frozen=True, slots=True)
class NamePart:
    """The part of a display name that can be the name. `joined` says that `&` and more names follow it."""

    text: str
    joined: bool


def extract_name_part(full_name: str) -> NamePart:
    """Return the part of a display name that can be the name: letters, inner punctuation, spaces, commas.

    It is in NFC and in plain letters, and ends at the first separator, such as `|` or a dash between spaces.
    Degrees with full stops inside (M.Sc.) are written without them.
    """
    text = "".join(map(to_plain_letter, full_name))
    text = unicodedata.normalize("NFC", _STRUCK_OUT.sub("", text))
    text = _NO_NAME.sub(NON_NAME_MARK, text)
    text = _GERSHAYIM.sub("\u05f4", _KEYCAP.sub(" ", text))
    text = _OPEN_BRACKET.sub(" ", _BRACKETS.sub(" ", text)).strip()
    text = _QUOTED.sub(lambda found: " " if found.start() else f" {found[0][1:-1]} ", text)
    text = _DASH.sub(f" {_SEPARATOR_MARK} ", text)
    if "." in text:
        text = _STOP_WITHOUT_SPACE.sub(_split_at_stop, _DOTTED.sub(_without_stops, text))
    kept = ""
    for character, following in zip(text, [*text[1:], " "], strict=False):
        kept += _replacement(character, before=kept[-1:], following=following)
    pieces = re.split(f"([{_SEPARATOR_MARK}{_JOIN_MARK}])", kept)
    found = next((place for place in range(0, len(pieces), 2) if letters(pieces[place])), None)
    if found is None:
        return NamePart("", joined=False)
    joined = pieces[found + 1 : found + 2] == [_JOIN_MARK] and "," not in pieces[found]
    return NamePart(
        unicodedata.normalize("NFC", pieces[found]), joined=joined and any(map(letters, pieces[found + 2 :]))
    )


def _without_stops(found: re.Match[str]) -> str:
    """Return a degree, a title or a legal form without the full stops inside it; anything else unchanged."""
    word, text = found[0], found.string
    after = text[found.end() :].lstrip()
    begins = not text[: found.start()].strip()
    ends_name = not begins and (not after or after[0] in ",\uff0c;|")
    is_initials = all(len(part) <= 1 for part in word.split("."))
    has_inner_stop = "." in word.removesuffix(".")
    if not has_inner_stop or (is_initials and not ends_name):
        return word
    if not any(fold(word) in word_set(*table) for table in _WITH_STOPS):
        return word
    return f"{fold(word).upper()}{'.' if begins else ''}"


def _split_at_stop(found: re.Match[str]) -> str:
    """Return a space after a given name (Anna.Smith), else a full stop and a space (Dr.Anna)."""
    word = found[1] or ""
    return f"{word} " if word and is_given_name(word) else f"{word}. "


def _replacement(character: str, *, before: str, following: str) -> str:
    """Return the replacement of one character, given the one kept before it and the one that follows."""
    if character.isascii() and character.isalpha():
        return character
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
    return word if word.isalpha() else "".join(character for character in word if character.isalpha())


def split_words(segment: str) -> list[str]:
    """Return the words of `segment` that can be part of a name, each with its final full stop if it has one.

    A word with a digit or a symbol in it, or with letters of two alphabets, is not a name. If the first word
    is none, there are no words: what follows it may be the family name.
    """
    bare = [(word.strip(INNER_PUNCTUATION), word) for word in segment.split() if letters(word)]
    valid = [NON_NAME_MARK not in core and not _mixes_alphabets(core) for core, _ in bare]
    if not valid or not valid[0]:
        return []
    return [
        f"{core}." if f"{core}." in word else core
        for (core, word), is_valid in zip(bare, valid, strict=True)
        if is_valid
    ]


def _mixes_alphabets(word: str) -> bool:
    if word.isascii():
        return False
    found = {unicodedata.name(letter, "").partition(" ")[0] for letter in letters(word)}
    return len(found & {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "HEBREW", "ARABIC", "CHEROKEE"}) > 1
