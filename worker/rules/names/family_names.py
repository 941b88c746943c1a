"""Known family names: tables that show where a family name stands first, or alone."""

from worker.rules.names.given_names import is_given_name
from worker.rules.names.orders.family_first import is_only_family_name
from worker.rules.names.tables import fold, word_set


def is_family_name(word: str) -> bool:
    """Return whether `word` is a known family name of Europe or eastern Asia, and no given name."""
    if is_given_name(word):
        return False
    return fold(word) in word_set("family_names", "names") or is_only_family_name(word)
