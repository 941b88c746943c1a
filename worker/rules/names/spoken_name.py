"""How to address a person, derived from a display name.

A greeting with a wrong name is worse than none: where the given name is not certain, there is no result.

- Emoji and anything in brackets, or in quotes inside the name, are dropped. So is everything after `|`, `/`,
  `&`, a dash between spaces and the like. Letters in fancy type are read as plain letters.
- Titles before the name are dropped (`Prof. Dr. Anna-Lena Müller`), and degrees after it (`Anna Smith MBA`).
- A comma after one word reverses the name (`Dupont, Anne`), unless a degree follows (`Anna, MBA`). Words in
  capitals before other words are the family name (`DUPONT Anne`).
- A name in Han, Hangul or Kana (李小龙) is used whole: a part of it would be rude.
- JEAN-NOËL and jean-noël become Jean-Noël. McDonald, DeShawn and JP stay as they are.
- Nobody is addressed by an initial. A single word after an initial (`A. Smith`) or after `Mr` and the like is
  a family name, as is a name that begins with a particle (`van der Berg`). A single word after `Dr.` is taken
  for the given name. A word with a digit or a symbol in it is not a name.
- A company has no first name.

Not detected: a family name that comes first in Latin letters without any sign of it (Nguyễn Văn An).
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import dropwhile

from worker.rules.names.letters import (
    INNER_PUNCTUATION,
    NON_NAME_MARK,
    extract_name_part,
    fix_capitals,
    is_in_capitals,
    letters,
)
from worker.rules.names.stopwords import (
    AFTER_A_TITLE,
    COMPANY_ENDINGS,
    COMPANY_WORDS,
    DEGREES,
    DEGREES_IN_ANY_CASE,
    HONORIFICS,
    PARTICLES,
    TITLES,
    TITLES_WITH_STOP,
)

LONGEST_FIRST_NAME = 40
"""Characters. A longer one is a slogan or a prank."""

LONGEST_FULL_NAME = 80
"""Characters. Where it is longer, only the first name is used."""

_EAST_ASIAN = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC")


@dataclass(frozen=True, slots=True)
class SpokenName:
    """How to address a person: the first name, and the whole name without titles, degrees and decoration."""

    first: str
    full: str


def first_name(full_name: str) -> str:
    """Return the first name to address the person by, or '' if there is none."""
    name = spoken_name(full_name)
    return name.first if name else ""


def spoken_name(full_name: str) -> SpokenName | None:
    """Return how to address the person by this module's rules, or None if no name is certain."""
    segments = [words for segment in extract_name_part(full_name).split(",") if (words := _words(segment))]
    if not segments or _is_company(segments):
        return None
    words = _reverse_comma_name(segments) or segments[0]
    if whole := _east_asian(_without_titles(words)):
        return _validated(whole, whole)
    untitled = _without_degrees(_without_titles(words))
    named = list(dropwhile(lambda word: _is_initial(word) or _is_title(word), untitled))
    if not named or _begins_with_particle(named) or _lookup_key(named[0]) == "the":
        return None
    if len(named) == 1 and any(_lookup_key(word) in HONORIFICS or _is_initial(word) for word in words):
        return None  # a family name: Mr Bean, A. Smith
    return _validated(fix_capitals(_given_name(named).strip(INNER_PUNCTUATION)), _full_name(untitled))


def _words(segment: str) -> list[str]:
    """Return the words that can be part of a name, each with its final full stop if it has one."""
    bare = ((word.strip(INNER_PUNCTUATION), word) for word in segment.split())
    return [
        f"{core}." if f"{core}." in word else core
        for core, word in bare
        if letters(core) and NON_NAME_MARK not in core
    ]


def _lookup_key(word: str) -> str:
    return word.replace(".", "").casefold()


def _is_company(segments: Sequence[Sequence[str]]) -> bool:
    name = segments[0]
    has_company_ending = len(name) > 1 and name[-1].replace(".", "") in COMPANY_ENDINGS
    return has_company_ending or any(
        _lookup_key(word) in COMPANY_WORDS for words in segments for word in words
    )


def _east_asian(words: Sequence[str]) -> str:
    """Return the leading East Asian words as one name, or '' if the first word is not East Asian."""
    names = []
    for word in words:
        letter_names = [unicodedata.name(letter, "") for letter in letters(word)]
        if _is_title(word) or not all(name.startswith(_EAST_ASIAN) for name in letter_names):
            break
        names.append(word)
    return "".join(names).strip(INNER_PUNCTUATION)


def _reverse_comma_name(segments: Sequence[list[str]]) -> list[str] | None:
    """Return `Family, Given` in spoken order, or None if the comma means something else."""
    family = _without_titles(segments[0])
    capitals = all(map(is_in_capitals, family))
    given = next((words for words in segments[1:] if not _is_degree(words[0], among_capitals=capitals)), None)
    alone = len(list(dropwhile(_is_particle, family))) == 1
    if given is None or not alone or len(given) > 3:
        return None
    if letters(given[0]).islower() and not letters(family[-1]).islower():
        return None  # 'Anna, gardener'
    return [*given, *family]


def _without_titles(words: Sequence[str]) -> list[str]:
    found = 0
    while found < len(words) and (
        _is_title(words[found])
        or (found and words[found].islower() and _lookup_key(words[found]) in AFTER_A_TITLE)
    ):
        found += 1
    return list(words[found:])


def _is_title(word: str) -> bool:
    return _lookup_key(word) in TITLES or (word.endswith(".") and _lookup_key(word) in TITLES_WITH_STOP)


def _without_degrees(words: Sequence[str]) -> list[str]:
    capitals = all(map(is_in_capitals, words[:1]))
    end = len(words)
    while end > 1 and _is_degree(words[end - 1], among_capitals=capitals):
        end -= 1
    return list(words[:end])


def _is_degree(word: str, *, among_capitals: bool) -> bool:
    key = _lookup_key(word)
    if key in DEGREES_IN_ANY_CASE:
        return True
    if word.istitle() or word.islower():
        return False  # Ma and Pa are names, MA and PA are not
    return key in DEGREES or (word.isupper() and len(letters(word)) <= 5 and not among_capitals)


def _is_initial(word: str) -> bool:
    parts = [part for part in map(letters, word.replace("-", ".").split(".")) if part]
    marked = len(parts) > 1 or word.endswith(".") or parts[0].lower() != parts[0].upper()
    return marked and all(len(part) == 1 for part in parts)


def _is_particle(word: str) -> bool:
    return word.casefold() in PARTICLES


def _begins_with_particle(words: Sequence[str]) -> bool:
    """Return whether this is only a family name: 'van der Berg', 'Van Der Berg', but not 'Van Morrison'."""
    return _is_particle(words[0]) and (words[0].islower() or any(map(_is_particle, words[1:2])))


def _given_name(words: Sequence[str]) -> str:
    """Return the given name: the first word, or the one after a family name in capitals."""
    after = next((word for word in words if not is_in_capitals(word)), "")
    is_given_name = after[:1].isupper() and not after.isupper() and not _is_title(after)
    if is_in_capitals(words[0]) and is_given_name and _lookup_key(after) != "the":
        return after
    return words[0]


def _full_name(words: Sequence[str]) -> str:
    if not (all(map(is_in_capitals, words)) or all(map(str.islower, words))):
        return " ".join(words)
    return " ".join(word.lower() if _is_particle(word) else fix_capitals(word) for word in words)


def _validated(first: str, full: str) -> SpokenName | None:
    if not first or "." in first or len(first) > LONGEST_FIRST_NAME:
        return None
    return SpokenName(first, full if len(full) <= LONGEST_FULL_NAME else first)
