"""Names in Latin letters of languages whose family name comes first: hu, vi, zh, ja, ko.

Sites show these names in either order, so the words decide and not the language alone:

1. If the first word is a common family name of one of the languages and the last is not, the given name
   follows it. If it is the other way round, the given name comes first.
2. If both are, a word that is hardly ever a given name (`only` in the table: Wang, Nguyen) is the family
   name. If both are such words, or neither, the name is in doubt.
3. Without a language that tells, a family name that comes first counts only if the other words are built like
   given names of that language; if it is a given name elsewhere (Kim, Chen), they must be so distinctly.
   A known given name of any language after it is accepted too (Wang Peter).
4. If a language tells and neither word is in the table, the name is in doubt, unless it is built like a name
   of another language.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from worker.rules.names.given import DOUBT, Found
from worker.rules.names.given_names import is_given_name, is_only_given_name
from worker.rules.names.orders import syllables
from worker.rules.names.tables import exact_set, fold, word_set

_MIDDLE = frozenset({"van", "thi"})
"""Vietnamese middle names. Without accents they may also be half of a given name (Vân Anh)."""


@dataclass(frozen=True, slots=True)
class _Language:
    code: str
    is_plausible: Callable[[str], bool]
    is_distinct: Callable[[str], bool]


def _is_hungarian(word: str) -> bool:
    return is_given_name(word, "hu") or fold(word) in word_set("surnames", "latin", "hu", "also")


def _is_hungarian_wife(word: str) -> bool:
    """Return whether a word is a husband's name with the ending of his wife's: Kovácsné, Jánosné."""
    husband = word.casefold().removesuffix("n\u00e9")
    is_name = _is_hungarian(husband) or fold(husband) in word_set("surnames", "latin", "hu", "only")
    return husband != word.casefold() and is_name


def _is_japanese_given_name(word: str) -> bool:
    return is_given_name(word, "ja")


def _is_distinctly_hungarian(word: str) -> bool:
    return _is_hungarian(word) and not word.isascii()


def _is_distinctly_vietnamese(word: str) -> bool:
    key = fold(word)
    is_spelt_so = key.endswith("nh") or key.startswith(("ng", "nh"))
    return syllables.is_vietnamese(word) and (is_spelt_so or not word.isascii() or key in _MIDDLE)


_LANGUAGES: Mapping[str, _Language] = MappingProxyType(
    {
        each.code: each
        for each in (
            _Language("hu", _is_hungarian, _is_distinctly_hungarian),
            _Language("vi", syllables.is_vietnamese, _is_distinctly_vietnamese),
            _Language("zh", syllables.is_chinese, syllables.is_distinctly_chinese),
            _Language("ja", syllables.is_japanese, _is_japanese_given_name),
            _Language("ko", syllables.is_korean, syllables.is_distinctly_korean),
        )
    }
)


def find_family_first(words: Sequence[str], language: str | None) -> Found:
    """Return the given name if a word is a common family name of a family-first language.

    `language` is the person's own language, or None if it is not known.
    """
    if len(words) < 2:
        return None
    if any(map(_is_hungarian_wife, words)):  # Kovácsné Szabó Mária; in Nagy Jánosné, János is her husband
        return (words[-1],) if is_given_name(words[-1], "hu") else DOUBT
    if language is not None and language in _LANGUAGES:
        return _find_in(_LANGUAGES[language], words, told=True)
    return _find_in_any(words)


def _find_in_any(words: Sequence[str]) -> Found:
    found = [each for one in _LANGUAGES.values() if (each := _find_in(one, words, told=False)) is not None]
    certain = set(found) - {DOUBT}
    if len(certain) == 1:
        return certain.pop()
    if found:
        return DOUBT
    if is_only_family_name(words[0]):
        return (words[1],) if is_only_given_name(words[1]) else DOUBT  # Wang Peter
    return None


def _find_in(language: _Language, words: Sequence[str], *, told: bool) -> Found:
    first, last = _rank(words[0], language), _rank(words[-1], language)
    if not first and not last:
        return _find_untabled(language, words) if told else None
    if first and (capitals := _find_by_capitals(language, words)) is not None:
        return capitals
    if first == last:
        is_sure = told or first == 2 or all(map(language.is_plausible, words))
        return DOUBT if is_sure else None
    if first > last:
        return _after_family(language, words, told=told, rank=first)
    return _before_family(language, words, told=told)


def _rank(word: str, language: _Language) -> int:
    """Return 2 for a word that is only a family name, 1 for one that is also a given name, else 0.

    A word with accents must be in the table so (Nguyên is a given name), a plain one may stand for either.
    """
    if language.code in {"zh", "ko"} and not word.casefold().replace("ü", "u").isascii():
        return 0
    for rank, table in ((2, "only"), (1, "also")):
        path = ("surnames", "latin", language.code, table)
        if fold(word) in word_set(*path):
            return rank if word.isascii() or language.code != "vi" or _is_exactly_in(word, *path) else 0
    return 0


def _is_exactly_in(word: str, *path: str) -> bool:
    return word.title() in exact_set(*path) or not any(
        fold(word) == fold(other) for other in exact_set(*path) if not other.isascii()
    )


def _is_elsewhere(word: str, language: _Language) -> bool:
    return fold(word) in word_set("surnames", "latin", language.code, "elsewhere")


def _find_by_capitals(language: _Language, words: Sequence[str]) -> Found:
    """Return what follows a family name that alone is in capitals: WANG Wei, LI Wei."""
    if len(words[0]) > 1 and words[0].isupper() and not any(word.isupper() for word in words[1:]):
        return _given_after(language, words[1:])
    return None


def _after_family(language: _Language, words: Sequence[str], *, told: bool, rank: int) -> Found:
    rest = words[1:]
    plausible, elsewhere = all(map(language.is_plausible, rest)), _is_elsewhere(words[0], language)
    if told and plausible:
        return _given_after(language, rest)
    if told:
        return (rest[0],) if is_only_given_name(rest[0]) and language.code != "vi" else DOUBT
    if not plausible:
        is_strange = rank == 1 and not elsewhere and not is_given_name(words[0])
        return DOUBT if is_strange and is_only_given_name(rest[0]) else None
    # Names of many languages are built like Japanese ones.
    is_certain = not elsewhere and language.code != "ja"
    distinct = any(map(language.is_distinct, rest)) or (len(rest) > 1 and rank == 2 and language.code != "ja")
    return _given_after(language, rest) if is_certain or distinct else DOUBT


def _given_after(language: _Language, rest: Sequence[str]) -> Found:
    if language.code == "vi":
        return (rest[-1],)
    if language.code in {"hu", "ja"} or len(rest) == 1:
        return (rest[0],)
    return _joined(rest)


def _joined(words: Sequence[str]) -> Found:
    """Return a given name of one word, or of two syllables that are written apart (Min Jun)."""
    if len(words) == 1 or not syllables.is_one_syllable(words[0]):
        return (words[0],)
    return tuple(words) if len(words) == 2 and all(map(syllables.is_one_syllable, words)) else DOUBT


def _before_family(language: _Language, words: Sequence[str], *, told: bool) -> Found:
    """Return the given name where the family name is last, in the western order."""
    rest = words[:-1]
    if not all(map(language.is_plausible, rest)):
        return (rest[0],) if told else None
    if len(rest) == 1:
        return (rest[0],)
    if language.code == "vi":
        return _before_vietnamese_family(rest)
    return _joined(rest) if language.code in {"zh", "ko"} else (rest[0],)


def _before_vietnamese_family(rest: Sequence[str]) -> Found:
    if fold(rest[0]) in _MIDDLE:
        is_accented = rest[0].casefold() in {"văn", "thị"}
        return (rest[1],) if is_accented else DOUBT
    return (rest[0],) if fold(rest[1]) in _MIDDLE else DOUBT


def _find_untabled(language: _Language, words: Sequence[str]) -> Found:
    """Return the given name of a person of this language whose family name is not in the table."""
    if language.code in {"hu", "ja"}:
        given = [is_given_name(word, language.code) for word in (words[0], words[-1])]
        if given[0] != given[1]:
            return (words[0] if given[0] else words[-1],)
    if language.code == "hu" or all(map(language.is_plausible, words)):
        return DOUBT
    return None


def is_only_family_name(word: str) -> bool:
    """Return whether one word is a family name of these languages that is no given name anywhere known."""
    return not is_given_name(word) and any(_rank(word, language) == 2 for language in _LANGUAGES.values())
