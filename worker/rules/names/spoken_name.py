"""How to address a person, derived from a display name.

A greeting with a wrong name is worse than none: where the given name is not certain, there is no result.

- Emoji and anything in brackets, or in quotes inside the name, are dropped. So is everything after `|`, `/`,
  a dash between spaces and the like. Letters in fancy type are read as plain letters (letters.py).
- What a site shows for hidden or deleted people, companies and groups have no given name (not_a_person.py).
- Titles, abbreviations and initials before the name are dropped, and degrees and generations after it. One word
  that is left after them is a family name (Mr Bean, Dr. Müller, A. Smith), unless it is a known given name
  (titles.py) or the initials are those of southern India (R. Madhavan).
- A comma after a family name reverses the name (`Dupont, Anne`), unless a degree or a place follows. Words in
  capitals before other words are the family name (`DUPONT Anne`).
- Where the family name comes first, a table of family names finds the given name in either order: in Han, Kana
  and Hangul (east_asian.py) and in Latin letters (family_first.py). Patronymics and the endings of family names
  do so for eastern Europe (slavic.py).
- Some given names have several words (Abdul Rahman); a particle begins a family name (compounds.py).
- Otherwise the first word is the given name, unless it is unknown and the last word is a name that is only a
  given name (Rossi Mario).
- JEAN-NOËL and jean-noël become Jean-Noël, by the rules of the language (casing.py). McDonald, DeShawn and JP stay.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile

from worker.rules.names.casing import fix_capitals, is_in_capitals, looks_turkish
from worker.rules.names.comma_names import reverse_comma_name
from worker.rules.names.east_asian import (
    find_east_asian,
    is_east_asian,
    is_east_asian_organisation,
    is_east_asian_stand_in,
)
from worker.rules.names.given import Found
from worker.rules.names.given_names import is_given_name, is_only_given_name
from worker.rules.names.hints import SOUTH_INDIAN, SOUTH_INDIAN_SCRIPTS, find_name_language
from worker.rules.names.letters import INNER_PUNCTUATION, extract_name_part, letters, split_words
from worker.rules.names.not_a_person import is_group, is_organisation, is_stand_in
from worker.rules.names.tables import fold, word_list, word_set
from worker.rules.names.titles import (
    Before,
    Untitled,
    is_certain_alone,
    is_title,
    without_degrees,
    without_joined_address,
    without_titles,
)
from worker.rules.names.word_order import find_given_name, script_of

LONGEST_FIRST_NAME = 40
"""Characters. A longer one is a slogan or a prank."""

LONGEST_FULL_NAME = 80
"""Characters. Where it is longer, only the first name is used."""

_BESIDE_MARY = frozenset({"jose", "jesus", "angel", "juan", "luis"})


@dataclass(frozen=True, slots=True)
class SpokenName:
    """How to address a person: the first name, and the whole name without titles, degrees and decoration."""

    first: str
    full: str


class NoName(StrEnum):
    """Why a person can't be addressed by a name."""

    NO_LETTERS = "no_letters"
    STAND_IN = "stand_in"
    ORGANISATION = "organisation"
    GROUP = "group"
    ONLY_TITLES = "only_titles"
    ONLY_FAMILY_NAME = "only_family_name"
    IN_DOUBT = "in_doubt"


def first_name(full_name: str, language: str | None = None, location: str | None = None) -> str:
    """Return the first name to address the person by, or '' if there is none."""
    name = spoken_name(full_name, language, location)
    return name.first if name else ""


def spoken_name(
    full_name: str, language: str | None = None, location: str | None = None
) -> SpokenName | None:
    """Return how to address the person by this module's rules, or None if no name is certain."""
    name = find_name(full_name, language, location)
    return name if isinstance(name, SpokenName) else None


def find_name(
    full_name: str, language: str | None = None, location: str | None = None
) -> SpokenName | NoName:
    """Return how to address the person, or why no name is certain.

    `language` is the person's (ISO 639-1) and `location` a place as a site shows it, where they are known:
    they tell the order of a name and how it is written.
    """
    part = extract_name_part(full_name)
    first, *others = map(split_words, part.text.strip(", ").split(","))
    segments = [first, *filter(None, others)]
    if not first:
        return NoName.NO_LETTERS
    if no_person := _find_no_person(segments, joined=part.joined):
        return no_person
    read_in = find_name_language(language, location)
    words = reverse_comma_name(segments)
    if words is None:
        return NoName.IN_DOUBT
    untitled = without_titles(_without_thai_title(_same_script(words)))
    if not untitled.words:
        return NoName.ONLY_TITLES
    if untitled.doubtful:
        return NoName.IN_DOUBT
    named = without_degrees(untitled.words)
    if is_east_asian(named[0]):
        return _spoken(find_east_asian(named, read_in), ("".join(named),), None)
    if len(named) == 1 and not _is_certain_after(untitled, named[0], read_in):
        return NoName.ONLY_FAMILY_NAME
    if _may_be_mary(untitled.before, named[0]):
        return NoName.IN_DOUBT
    written_in = read_in or ("tr" if looks_turkish(part.text) else None)
    return _spoken(find_given_name(named, read_in), (*untitled.initials, *named), written_in)


def _find_no_person(segments: Sequence[Sequence[str]], *, joined: bool) -> NoName | None:
    words = segments[0]
    if is_stand_in(words) or (is_east_asian(words[0]) and is_east_asian_stand_in(words)):
        return NoName.STAND_IN
    if is_organisation(segments) or (is_east_asian(words[0]) and is_east_asian_organisation(words)):
        return NoName.ORGANISATION
    return NoName.GROUP if joined or is_group(words) else None


def _same_script(words: Sequence[str]) -> Sequence[str]:
    """Return the leading words in the script of the first: Wei Zhang 张伟 is Wei Zhang."""
    east_asian, script = is_east_asian(words[0]), script_of(words[0])
    return [*takewhile(lambda word: is_east_asian(word) if east_asian else script_of(word) == script, words)]


def _without_thai_title(words: Sequence[str]) -> Sequence[str]:
    """Return the words without a Thai title, which is written without a space: คุณสมชาย."""
    if not "\u0e01" <= words[0][0] <= "\u0e4e":
        return words
    for title in word_list("titles", "thai_prefixes", "any"):
        rest = words[0].removeprefix(title).strip(".")
        if rest != words[0] and rest and not "\u0e30" <= rest[0] <= "\u0e3f":  # a vowel would be split off
            return [rest, *words[1:]]
    return words


def _is_certain_after(untitled: Untitled, word: str, language: str | None) -> bool:
    """Return whether the one word that is left after titles and initials is a given name."""
    before = untitled.before
    if Before.HONORIFIC in before:
        return False
    if script_of(word) in SOUTH_INDIAN_SCRIPTS:
        return True
    if Before.INITIAL in before:
        return _is_south_indian(word, language)
    addressed = fold(untitled.words[-1]) in word_set("titles", "address_after", "words")
    if not before:
        return not addressed or is_given_name(word)
    return is_certain_alone(word) or script_of(word) == "THAI"


def _is_south_indian(word: str, language: str | None) -> bool:
    """Return whether the word after initials is a given name, as in southern India: R. Madhavan."""
    if fold(word) in word_set("surnames", "latin", "in"):
        return False
    if language in SOUTH_INDIAN:
        return True
    return is_given_name(word, "ta") or (is_given_name(word, "in") and is_only_given_name(word))


def _may_be_mary(before: frozenset[Before], word: str) -> bool:
    """Return whether María is abbreviated beside a name of the other sex: Mª José, J. María."""
    key = fold(word)
    if Before.MARY in before and key in _BESIDE_MARY:
        return True
    return Before.INITIAL in before and key in {"maria", "marie"}


def _spoken(found: Found, full: Sequence[str], language: str | None) -> SpokenName | NoName:
    bare = [without_joined_address(word.strip(INNER_PUNCTUATION)) for word in found or ()]
    if any(
        stem != word.strip(INNER_PUNCTUATION) and not is_given_name(stem, "ja", "in", "ta")
        for stem, word in zip(bare, found or (), strict=True)
    ):
        return NoName.IN_DOUBT
    capitals = all(map(str.isupper, full)) and any(map(is_in_capitals, full))
    first = " ".join(fix_capitals(word, language, is_all_in_capitals=capitals) for word in bare)
    if not letters(first) or is_title(bare[0]) or "." in first or len(first) > LONGEST_FIRST_NAME:
        return NoName.IN_DOUBT
    whole = _full_name(full, language)
    return SpokenName(first, whole if len(whole) <= LONGEST_FULL_NAME else first)


def _full_name(words: Sequence[str], language: str | None) -> str:
    if not (
        (all(map(str.isupper, words)) and any(map(is_in_capitals, words))) or all(map(str.islower, words))
    ):
        return " ".join(words)
    particles = word_set("compounds", "particles")
    return " ".join(
        word.lower() if fold(word) in particles else fix_capitals(word, language) for word in words
    )
