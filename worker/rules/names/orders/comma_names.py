"""Names with commas: `Dupont, Anne` is reversed, `Anna Smith, MBA` and `Anna, Berlin` are not."""

from collections.abc import Sequence
from itertools import dropwhile

from worker.rules.names.casing import is_in_capitals
from worker.rules.names.family_names import is_family_name
from worker.rules.names.given_names import is_given_name, is_only_given_name
from worker.rules.names.letters import letters
from worker.rules.names.tables import fold, word_set
from worker.rules.names.titles import is_degree, without_degrees, without_titles


def reverse_comma_name(segments: Sequence[Sequence[str]]) -> Sequence[str] | None:
    """Return the words of a name in spoken order, or None if the order is in doubt.

    `segments` are the words between the commas. One word that may be a family name and a known given name
    after it are reversed; so are several words if the first of them is no given name.
    """
    if len(segments) > 1 and len(segments[0]) == 1 and _is_degree_alone(segments[0][0]):
        segments = segments[1:]
    family = without_degrees(without_titles(segments[0]).words)
    capitals = bool(family) and all(map(is_in_capitals, family))
    given = next((words for words in segments[1:] if _is_name(words, capitals=capitals)), None)
    if given is None or not family or len(given) > 3:
        return segments[0]
    rest = without_titles(given).words
    if not rest or _is_particle(rest[0]):
        return [*given, *family]  # 'Smith, A.'; 'Heuvel, van den'
    if letters(given[0]).islower() and not letters(family[-1]).islower():
        return segments[0]  # 'Anna, gardener'
    alone = len(list(dropwhile(_is_particle, family))) == 1
    is_reversed = (_is_one_word_reversed if alone else _are_words_reversed)(family, rest)
    if is_reversed is None:
        return None
    return [*given, *family] if is_reversed else segments[0]


def _is_one_word_reversed(family: Sequence[str], given: Sequence[str]) -> bool | None:
    """Return whether one word before a comma is the family name, or None if that is in doubt."""
    known_family, known_given = is_given_name(family[-1]), is_given_name(given[0])
    if is_family_name(family[-1]) or (known_given and not is_only_given_name(family[-1])):
        return True
    if known_family and not known_given and is_only_given_name(family[-1]):
        return False  # 'Anna, Berlin'
    return None


def _are_words_reversed(family: Sequence[str], given: Sequence[str]) -> bool | None:
    """Return whether several words before a comma are the family name, or None if that is in doubt."""
    if not is_given_name(family[0]):
        return is_given_name(given[0])
    return None if is_only_given_name(given[0]) and not is_only_given_name(family[0]) else False


def _is_name(words: Sequence[str], *, capitals: bool) -> bool:
    """Return whether the words after a comma can be a given name, and not only degrees or titles."""
    if is_degree(words[0], among_capitals=capitals):
        return False
    return bool(without_titles(words).words) or len(letters(words[0])) == 1


def _is_degree_alone(word: str) -> bool:
    """Return whether a word before the first comma is only a degree: `PT, DPT Sarah Lowe`."""
    return word.isupper() and any(
        fold(word) in word_set("titles", table)
        for table in ("bare", "degrees", "never_names", "perhaps_title")
    )


def _is_particle(word: str) -> bool:
    return fold(word) in word_set("compounds", "particles")
