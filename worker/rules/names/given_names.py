"""Known given names: a small table that settles doubts. A name that is missing proves nothing."""

from functools import cache

from worker.rules.names.tables import fold, read_table, word_set

_EUROPEAN = (
    "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "hr", "hu", "it", "lt", "lv", "nl", "no",
    "pl", "pt", "ro", "sk", "sl", "sr", "sv",
)  # fmt: skip
"""Elsewhere a father's given name often stands last, and shows nothing about the order."""


def is_given_name(word: str, *languages: str) -> bool:
    """Return whether `word` is a known given name, of one of the languages if any are named.

    Jean-Noël is one if both of its parts are.
    """
    known = _known(languages)
    key = fold(word)
    parts = [part for part in key.replace("\u2010", "-").replace("\u2013", "-").split("-") if part]
    return key in known or (len(parts) > 1 and all(part in known for part in parts))


def is_only_given_name(word: str) -> bool:
    """Return whether `word` is a known given name that is not common as a family name."""
    return is_given_name(word) and fold(word) not in word_set("given_names", "also_family")


def is_european_given_name(word: str) -> bool:
    """Return whether `word` is a given name of Europe that is not common as a family name or elsewhere."""
    return is_given_name(word) if "-" in word else fold(word) in _european()


@cache
def _known(languages: tuple[str, ...]) -> frozenset[str]:
    if not languages:
        return word_set("given_names", "names")
    return frozenset().union(*(word_set("given_names", "names", language) for language in languages))


@cache
def _european() -> frozenset[str]:
    elsewhere = tuple(sorted(frozenset(read_table("given_names")["names"]) - frozenset(_EUROPEAN)))
    return _known(_EUROPEAN) - _known(elsewhere) - word_set("given_names", "also_family")
