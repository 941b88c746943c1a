"""The tables of words that names are read with. Each file in tables/ names its sources."""

import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

_PLAIN = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "\u0131": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}
)
_IGNORED = str.maketrans("", "", ".'\u2019\u2018\u02bc\u02bb`\u00b4")
_MARKS = (range(0x300, 0x370), range(0x591, 0x5C8), range(0x64B, 0x660))
"""The combining marks of Latin, Greek, Cyrillic, Hebrew and Arabic; those of Indian scripts are vowels."""


@lru_cache(maxsize=20_000)
def fold(word: str) -> str:
    """Return the word as it is looked up: without case, accents, full stops and apostrophes."""
    if word.isascii():  # most are, and have no accents to look for
        return word.casefold().translate(_IGNORED)
    bare = unicodedata.normalize("NFD", word.casefold()).translate(_IGNORED)
    kept = (character for character in bare if not any(ord(character) in marks for marks in _MARKS))
    return unicodedata.normalize("NFC", "".join(kept)).translate(_PLAIN)


@cache
def read_table(file: str) -> Mapping[str, Any]:
    """Return the content of one file of tables/."""
    text = files("worker.rules.names").joinpath(f"tables/{file}.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def word_list(file: str, *path: str) -> tuple[str, ...]:
    """Return the words of a table, or of one entry of it, as they are written there."""
    table: Any = read_table(file)
    for key in path:
        table = table[key]
    entries: Iterable[str] = table.values() if isinstance(table, Mapping) else (table,)
    return tuple(word for entry in entries for word in entry.split())


@cache
def word_set(file: str, *path: str) -> frozenset[str]:
    """Return the folded words of a table, or of one entry of it."""
    return frozenset(map(fold, word_list(file, *path)))


@cache
def exact_set(file: str, *path: str) -> frozenset[str]:
    """Return the words of a table exactly as they are written."""
    return frozenset(word_list(file, *path))


@cache
def phrase_set(file: str, *path: str) -> frozenset[tuple[str, ...]]:
    """Return the folded phrases of a table, which are separated by `|`."""
    phrases = " ".join(word_list(file, *path)).split("|")
    return frozenset(tuple(map(fold, phrase.split())) for phrase in phrases)
