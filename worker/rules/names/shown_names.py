"""Compare the name in a text, or a stored name, with the name that a site shows.

Only what is shown counts: a nickname or a diminutive is in a name only if the site shows it, and names are
not transliterated. Case, accents, Unicode forms, fancy letters, decoration, titles and the order of the words
don't matter.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from worker.rules.names.fancy_letters import to_plain_letter
from worker.rules.names.scripts import is_east_asian
from worker.rules.names.spoken_name import SpokenName, find_name
from worker.rules.names.tables import fold, word_set

_BRACKETS: Final = re.compile(r"[(\[\uff08\u3010]([^)\]\uff09\u3011]*)[)\]\uff09\u3011]")
_SEPARATORS: Final = re.compile(r"[|/\\;:\u2022\u2014\uff5c\uff0f]|\s[-\u2013\u00b7\u2010]+\s")
_APOSTROPHES: Final = re.compile("['\u2019\u02bc]")
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\uffff]")
"""Letters of scripts that put no spaces between words: a name may touch its neighbours."""
_LETTERS: Final = frozenset("LM")
"""The first letters of Unicode's categories for letters and the marks on them."""

_LEAST_WORDS: Final = 2
"""With fewer words one of two names is not taken for a part of the other."""


def find_called_name(text: str, name: SpokenName) -> str:
    """Return the name by which `text` calls the person: the whole name, the first name, or ''."""
    folded = _fold_text(text)
    return next((each for each in (name.full, name.first) if _fold_text(each) in folded), "")


def has_name(text: str, name: SpokenName) -> bool:
    """Return whether `text` has the whole or the first name as words of its own: Anna is not Ann."""
    # Folding drops apostrophes: O'Neill is one word, and so would be Ann's.
    folded = f"{_fold_text(text)}\n{_fold_text(_APOSTROPHES.sub(' ', text))}"
    for each in filter(None, map(_fold_text, (name.full, name.first))):
        bounds = ("", "") if _UNSPACED.match(each) else (r"(?<![^\W\d_])", r"(?![^\W\d_])")
        if re.search(re.escape(each).join(bounds), folded):
            return True
    return False


def is_name_shown(called: str, shown: str, language: str | None = None, location: str | None = None) -> bool:
    """Return whether each word of the name `called` is a word of the name that a site shows.

    Hyphens make no difference (Anne-Marie, Anne Marie), and part of a word is not the word: Alex is not in
    Alexandra. East Asian names, which have no spaces, are shown if they are the given or the whole name.
    `language` and `location` are the person's, as in `find_name`.
    """
    wanted, words = [_split(word) for word in _clean(called).split()], _split(_name_part(shown))
    wanted = [parts for parts in wanted if parts]
    if not wanted or not words:
        return False
    if all(_is_run(parts, words) for parts in wanted):
        return True
    joined = "".join("".join(parts) for parts in wanted)
    return _is_run([joined], words) or joined in _spoken_forms(shown, language, location)


def is_same_name(stored: str, shown: str) -> bool:
    """Return whether two names have the same words, or all words of one are in the other.

    A single word is not enough for that, except for East Asian names, which have no spaces.
    """
    one, other = _significant_words(stored), _significant_words(shown)
    if "".join(one) == "".join(other):
        return bool(one)
    if set(one) == set(other):
        return True
    shorter, longer = sorted((set(one), set(other)), key=len)
    is_whole = len(shorter) >= _LEAST_WORDS or any(len(word) > 1 and is_east_asian(word) for word in shorter)
    return is_whole and shorter <= longer


def share_word(stored: str, shown: str) -> bool:
    """Return whether two names have a word in common that is no title, initial or particle."""
    one, other = _significant_words(stored), _significant_words(shown)
    return bool(set(one) & set(other)) or ("".join(one) == "".join(other) and bool(one))


def is_name_right(
    *,
    called: str,
    stored: str,
    shown: str,
    set_by_hand: bool,
    language: str | None = None,
    location: str | None = None,
) -> bool:
    """Return whether a text that calls a person `called` may go to the person whom the site shows as `shown`.

    `called` is '' for a text without a name: then the `stored` and the shown name must share a word. A name
    that a person set by hand may be a nickname that the site doesn't show: then the whole stored name must be
    the shown one.
    """
    if not called:
        return share_word(stored, shown)
    if is_name_shown(called, shown, language, location):
        return True
    return set_by_hand and is_same_name(stored, shown)


def _fold_text(text: str) -> str:
    return " ".join(filter(None, map(fold, _clean(text).split())))


@lru_cache(maxsize=2_000)
def _clean(text: str) -> str:
    """Return the text in plain letters and without invisible characters."""
    plain = unicodedata.normalize("NFKC", "".join(map(to_plain_letter, text)))
    return "".join(sign for sign in plain if unicodedata.category(sign) not in {"Cf", "Me"})


def _name_part(shown: str) -> str:
    """Return the part of a shown name before a separator: what follows it is a headline or a company."""
    bare = _BRACKETS.sub(lambda found: f" {_SEPARATORS.sub(' ', found[1])} ", _clean(shown))
    pieces = _SEPARATORS.split(bare)
    return next((piece for piece in pieces if any(map(str.isalpha, piece))), "")


def _split(name: str) -> list[str]:
    """Return the folded words of a cleaned name; whatever is no letter separates them."""
    words = (fold(word) for word in name.split())
    spaced = (
        "".join(sign if unicodedata.category(sign)[0] in _LETTERS else " " for sign in word) for word in words
    )
    return [part for word in spaced for part in word.split()]


def _is_run(parts: Sequence[str], words: Sequence[str]) -> bool:
    """Return whether `parts`, joined, are some consecutive `words`, joined."""
    wanted = "".join(parts)
    return any(
        "".join(words[first:last]) == wanted
        for first in range(len(words))
        for last in range(first + 1, len(words) + 1)
    )


def _spoken_forms(shown: str, language: str | None, location: str | None) -> set[str]:
    """Return the given and the whole name by the rules of names: 小明 of 王小明, สมชาย of คุณสมชาย."""
    name = find_name(shown, language, location)
    if not isinstance(name, SpokenName):
        return set()
    return {"".join(_split(_clean(each))) for each in (name.first, name.full)}


def _significant_words(name: str) -> list[str]:
    words = _split(_name_part(name))
    ignored = (
        *(word_set("titles", table) for table in ("titles", "honorifics", "bare", "degrees", "never_names")),
        word_set("compounds", "particles"),
    )
    kept = [
        word
        for word in words
        if (len(word) > 1 or is_east_asian(word)) and not any(word in table for table in ignored)
    ]
    return kept or words
