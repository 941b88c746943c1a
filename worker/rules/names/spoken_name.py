"""How to address a person, derived from a display name.

A greeting with a wrong name is worse than none: where the given name is not certain, there is no result.

- Emoji and anything in brackets, or in quotes inside the name, are dropped. So is everything after `|`, `/`,
  a dash between spaces and the like. Letters in fancy type are read as plain letters (letters.py).
- Who has died, as the name says, is not addressed (memorial.py).
- A stand-in for a hidden or deleted member, a company and a group have no given name (not_a_person.py).
- Titles, abbreviations and initials before the name are dropped, and degrees and generations after it
  (titles.py). One word that is left after them is a family name (Mr Bean, Dr. Müller, A. Smith), unless it is
  a known given name or the initials are those of southern India (alone.py).
- A comma after a family name reverses the name (`Dupont, Anne`), unless a degree or a place follows
  (comma_names.py). Words in capitals before other words are the family name (`DUPONT Anne`).
- Where the family name comes first, a table of family names finds the given name in either order: in Han,
  Kana and Hangul (east_asian.py) and in Latin letters (family_first.py). In eastern Europe, patronymics and
  the endings of family names do (slavic.py).
- Some given names have several words (Abdul Rahman); a particle begins a family name (compounds.py).
- Otherwise the first word is the given name, unless it is unknown and the last word is a name that is only a
  given name (Rossi Mario).
- JEAN-NOËL and jean-noël become Jean-Noël, by the rules of the language (casing.py). McDonald and JP stay.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from worker.rules.names.alone import is_certain_alone, may_be_mary
from worker.rules.names.casing import fix_capitals, is_in_capitals, looks_turkish
from worker.rules.names.given import Found
from worker.rules.names.hints import find_name_language
from worker.rules.names.letters import INNER_PUNCTUATION, extract_name_part, letters, split_words
from worker.rules.names.memorial import has_died
from worker.rules.names.not_a_person import is_group, is_organisation, is_stand_in
from worker.rules.names.orders.comma_names import reverse_comma_name
from worker.rules.names.orders.east_asian import (
    find_east_asian,
    is_east_asian_organisation,
    is_east_asian_stand_in,
)
from worker.rules.names.orders.word_order import find_given_name
from worker.rules.names.scripts import is_east_asian, keep_first_script, without_thai_title
from worker.rules.names.tables import fold, word_set
from worker.rules.names.titles import is_title, without_degrees, without_joined_address, without_titles

LONGEST_FIRST_NAME = 40
"""Characters. A longer one is a slogan or a prank."""

LONGEST_FULL_NAME = 80
"""Characters. Where it is longer, only the first name is used."""


@dataclass(frozen=True, slots=True)
class SpokenName:
    """How to address a person: the first name, and the whole name without titles, degrees and decoration."""

    first: str
    full: str


class NoName(StrEnum):
    """Why a person can't be addressed by a name."""

    NO_LETTERS = "no_letters"
    DIED = "died"
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


@lru_cache(maxsize=32768)  # whoever is due in these days is looked at again with each change of one of them
def find_name(
    full_name: str, language: str | None = None, location: str | None = None
) -> SpokenName | NoName:
    """Return how to address the person, or why no name is certain.

    `language` is the person's (ISO 639-1) and `location` a place as a site shows it, where they are known:
    they tell the order of a name and how it is written.
    """
    if has_died(full_name):
        return NoName.DIED
    part = extract_name_part(full_name)
    first, *others = map(split_words, part.text.strip(", ").split(","))
    if not first:
        return NoName.NO_LETTERS
    segments = [first, *filter(None, others)]
    no_person = _find_no_person(segments, joined=part.joined)
    if no_person:
        return no_person
    words = reverse_comma_name(segments)
    if words is None:
        return NoName.IN_DOUBT
    return _find_persons_name(words, find_name_language(language, location))


def _find_persons_name(words: Sequence[str], language: str | None) -> SpokenName | NoName:
    untitled = without_titles(without_thai_title(keep_first_script(words)))
    if not untitled.words:
        return NoName.ONLY_TITLES
    named = without_degrees(untitled.words)
    if untitled.doubtful or may_be_mary(untitled.before, named[0]):
        return NoName.IN_DOUBT
    if is_east_asian(named[0]):
        return _spoken(find_east_asian(named, language), ("".join(named),), None)
    if len(named) == 1 and not is_certain_alone(untitled, named[0], language):
        return NoName.ONLY_FAMILY_NAME
    written_in = "tr" if looks_turkish("".join(words)) else language
    return _spoken(find_given_name(named, language), (*untitled.initials, *named), written_in)


def _find_no_person(segments: Sequence[Sequence[str]], *, joined: bool) -> NoName | None:
    words = segments[0]
    if is_stand_in(words) or (is_east_asian(words[0]) and is_east_asian_stand_in(words)):
        return NoName.STAND_IN
    if is_organisation(segments) or (is_east_asian(words[0]) and is_east_asian_organisation(words)):
        return NoName.ORGANISATION
    return NoName.GROUP if joined or any(map(is_group, segments)) else None


def _spoken(found: Found, full: Sequence[str], language: str | None) -> SpokenName | NoName:
    words = [without_joined_address(word.strip(INNER_PUNCTUATION)) for word in found or ()]
    first = " ".join(fix_capitals(word, language, is_all_in_capitals=_is_in_capitals(full)) for word in words)
    if not letters(first) or is_title(words[0]) or "." in first or len(first) > LONGEST_FIRST_NAME:
        return NoName.IN_DOUBT
    whole = _full_name(full, language)
    return SpokenName(first, whole if len(whole) <= LONGEST_FULL_NAME else first)


def _is_in_capitals(words: Sequence[str]) -> bool:
    return all(map(str.isupper, words)) and any(map(is_in_capitals, words))


def _full_name(words: Sequence[str], language: str | None) -> str:
    if not (_is_in_capitals(words) or all(map(str.islower, words))):
        return " ".join(words)
    particles = word_set("compounds", "particles")
    return " ".join(
        word.lower() if fold(word) in particles else fix_capitals(word, language) for word in words
    )
