"""Whether the word beside a title or an initial is a given name."""

from worker.rules.names.given_names import is_given_name, is_only_given_name
from worker.rules.names.hints import SOUTH_INDIAN, SOUTH_INDIAN_SCRIPTS
from worker.rules.names.letters import INNER_PUNCTUATION
from worker.rules.names.scripts import script_of
from worker.rules.names.tables import fold, word_set
from worker.rules.names.titles import Before, Untitled

_BESIDE_MARY = frozenset({"jose", "jesus", "angel", "juan", "luis"})
"""Names of men that stand beside María in a name of a woman."""


def is_certain_alone(untitled: Untitled, word: str, language: str | None) -> bool:
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
    return is_only_given_name(word.strip(INNER_PUNCTUATION)) or script_of(word) == "THAI"


def _is_south_indian(word: str, language: str | None) -> bool:
    """Return whether the word after initials is a given name, as in southern India: R. Madhavan."""
    if fold(word) in word_set("surnames", "latin", "in"):
        return False
    if language in SOUTH_INDIAN:
        return True
    return is_given_name(word, "ta") or (is_given_name(word, "in") and is_only_given_name(word))


def may_be_mary(before: frozenset[Before], word: str) -> bool:
    """Return whether María is abbreviated beside a name of the other sex: Mª José, J. María."""
    key = fold(word)
    if Before.MARY in before and key in _BESIDE_MARY:
        return True
    return Before.INITIAL in before and key in {"maria", "marie"}
