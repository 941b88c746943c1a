"""The scripts of names, and titles that some scripts write without a space."""

import unicodedata
from collections.abc import Sequence
from itertools import takewhile

from worker.rules.names.letters import letters
from worker.rules.names.tables import word_list

_EAST_ASIAN = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC")


def script_of(word: str) -> str:
    """Return the first word of the Unicode name of a word's first letter: LATIN, CYRILLIC, HAN is CJK."""
    return "LATIN" if word[0].isascii() else unicodedata.name(letters(word)[0], "").partition(" ")[0]


def is_east_asian(word: str) -> bool:
    """Return whether all letters of `word` are Han, Kana, Hangul or Bopomofo."""
    return not word.isascii() and all(
        unicodedata.name(letter, "").startswith(_EAST_ASIAN) for letter in letters(word)
    )


def keep_first_script(words: Sequence[str]) -> Sequence[str]:
    """Return the leading words in the script of the first: Wei Zhang 张伟 is Wei Zhang."""
    if is_east_asian(words[0]):
        return [*takewhile(is_east_asian, words)]
    script = script_of(words[0])
    return [*takewhile(lambda word: script_of(word) == script, words)]


def without_thai_title(words: Sequence[str]) -> Sequence[str]:
    """Return the words without a Thai title that is written without a space: คุณสมชาย."""
    titles = word_list("titles", "thai_prefixes", "any")
    if not "\u0e01" <= words[0][0] <= "\u0e4e" or words[0].strip(".") in titles:
        return words
    for title in titles:
        rest = words[0].removeprefix(title).strip(".")
        if rest != words[0] and rest and not "\u0e30" <= rest[0] <= "\u0e3f":  # would split off a vowel
            return [rest, *words[1:]]
    return words
