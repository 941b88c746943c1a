"""Names in Han, Kana and Hangul.

The family name comes first, with or without a space. A given name is found only where a table of family names
shows where it begins; a name of which the language isn't certain (高 is Chinese, 高橋 Japanese) is in doubt.
"""

import unicodedata
from collections.abc import Sequence

from worker.rules.names.given import DOUBT, Found
from worker.rules.names.letters import letters
from worker.rules.names.scripts import is_east_asian
from worker.rules.names.tables import exact_set, word_list

_MIDDLE_DOT = "\u30fb"
_ENDS_OF_JAPANESE_FAMILY_NAMES = frozenset("田川山野村本木井原沢澤島嶋崎谷部寺内間口橋塚岡藤林森浦坂江瀬")


def find_east_asian(words: Sequence[str], language: str | None) -> Found:
    """Return the given name of a person with a name in an East Asian script."""
    words = [stripped for word in words if (stripped := _without_ending(word))]
    if not words or len(words) != len([word for word in words if is_east_asian(word)]):
        return DOUBT
    if any(_MIDDLE_DOT in word or "\u00b7" in word for word in words):
        return _find_transcribed(words)
    if len(words) == 1:
        return _find_unspaced(words[0], language)
    return _find_spaced(words) if len(words) == 2 else DOUBT


def is_east_asian_organisation(words: Sequence[str]) -> bool:
    """Return whether a name in an East Asian script contains a word of companies and institutions."""
    name = "".join(words)
    listed = (
        *word_list("organisations", "institutions", "zh"),
        *word_list("organisations", "institutions", "ja"),
    )
    korean = word_list("organisations", "institutions", "ko")
    forms = [form for form in word_list("organisations", "legal_forms", "any") if not form.isascii()]
    return any(word in name for word in (*listed, *korean, *forms))


def is_east_asian_stand_in(words: Sequence[str]) -> bool:
    """Return whether a name in an East Asian script begins or ends with a site's word for a member."""
    name = "".join(words)
    nouns = [word for language in ("zh", "ja", "ko") for word in word_list("stand_ins", "nouns", language)]
    return any(name.startswith(noun) or name.endswith(noun) for noun in nouns)


def _without_ending(word: str) -> str:
    endings = sorted(word_list("titles", "east_asian_endings", "any"), key=len, reverse=True)
    return next((word.removesuffix(ending) for ending in endings if word.endswith(ending)), word)


def _is_kana(word: str) -> bool:
    return all(unicodedata.name(letter, "").startswith(("HIRAGANA", "KATAKANA")) for letter in letters(word))


def _is_hangul(word: str) -> bool:
    return all(unicodedata.name(letter, "").startswith("HANGUL") for letter in letters(word))


def _find_transcribed(words: Sequence[str]) -> Found:
    """Return the first part of a foreign name, which keeps its own order: ジョン・スミス."""
    parts = [
        part for word in words for part in word.replace("\u00b7", _MIDDLE_DOT).split(_MIDDLE_DOT) if part
    ]
    return (parts[0],) if len(parts) > 1 and any(_MIDDLE_DOT in w or "\u00b7" in w for w in words) else DOUBT


def _find_unspaced(name: str, language: str | None) -> Found:
    if _is_hangul(name):
        return _find_korean(name)
    if any(_is_kana(letter) for letter in letters(name)):
        return _find_japanese(name)
    families = word_list("surnames", "han", "ja", "family")
    is_japanese = any(len(family) > 1 and name.startswith(family) for family in families)
    simplified = set("".join(word_list("surnames", "han", "zh", "simplified")))
    is_chinese = language == "zh" or not simplified.isdisjoint(name)
    if language == "ja" or (is_japanese and not is_chinese):
        return _find_japanese(name)
    return _find_chinese(name, certain=is_chinese)


def _find_chinese(name: str, *, certain: bool) -> Found:
    for family in word_list("surnames", "han", "zh", "compound"):
        if name.startswith(family):
            return (name[2:],) if 1 <= len(name) - 2 <= 2 else DOUBT
    only = "".join(word_list("surnames", "han", "zh", "only"))
    also = "".join(word_list("surnames", "han", "zh", "also"))
    is_family = name[0] in only or (certain and name[0] in also)
    return (name[1:],) if is_family and 2 <= len(name) <= 3 else DOUBT


def _find_korean(name: str) -> Found:
    """Return the given name of three syllables in Hangul, or of four after a family name of two.

    Two syllables may be a given name alone.
    """
    compound = exact_set("surnames", "hangul", "compound")
    if len(name) == 4 and name[:2] in compound:
        return (name[2:],)
    is_family = name[0] in "".join(word_list("surnames", "hangul", "only"))
    return (name[1:],) if len(name) == 3 and is_family and name[:2] not in compound else DOUBT


def _find_japanese(name: str) -> Found:
    """Return what follows the longest family name of the table, unless a longer family name is possible."""
    families = [each for each in word_list("surnames", "han", "ja", "family") if name.startswith(each)]
    family = max(families, key=len, default="")
    given = name[len(family) :]
    if len(family) < 2 or not 1 <= len(given) <= 4:
        return DOUBT
    if _is_kana(given):
        return (given,) if len(given) > 1 else DOUBT
    is_safe = len(given) == 2 and given[0] not in _ENDS_OF_JAPANESE_FAMILY_NAMES
    return (given,) if is_safe else DOUBT


def _find_spaced(words: Sequence[str]) -> Found:
    """Return the word beside the one that is a family name; the family name is expected first."""
    families = [_is_family(word) for word in words]
    if families[0] != families[1]:
        return (words[1],) if families[0] else (words[0],)
    return DOUBT


def _to_hiragana(word: str) -> str:
    return "".join(chr(ord(letter) - 0x60) if "\u30a1" <= letter <= "\u30f6" else letter for letter in word)


def _is_family(word: str) -> bool:
    if _to_hiragana(word) in exact_set("surnames", "han", "ja", "kana"):
        return True
    if word in exact_set("surnames", "han", "ja", "family") or word in exact_set(
        "surnames", "hangul", "compound"
    ):
        return True
    if word in exact_set("surnames", "han", "zh", "compound"):
        return True
    tables = (("han", "zh", "only"), ("han", "zh", "also"), ("hangul", "only"))
    return len(word) == 1 and any(word in "".join(word_list("surnames", *table)) for table in tables)
