"""Measure, fold and cut texts for terminals, which don't agree on how wide a character is.

A terminal measures by its own version of Unicode's tables, some by the code point and some by what a reader
sees as one letter. So a text counts here as wide as the widest of them would make it: a line that is said to
fit does so everywhere, and a line is at most shorter than it could be.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

_HINT: Final = re.compile(r"`[^`\n]+`")
_NO_BREAK: Final = "\u00a0"
_JOINER: Final = "\u200d"
_EMOJI_SELECTOR: Final = "\ufe0f"
_NO_CELL: Final = {"Mn", "Me", "Cf"}
_REGIONAL_INDICATORS: Final = range(0x1F1E6, 0x1F200)
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)
_PICTURES: Final = (range(0x2600, 0x27C0), range(0x2B00, 0x2C00), range(0x1F000, 0x20000))
"""Blocks of symbols that are two cells wide in some version of Unicode."""


def measure_text(text: str) -> int:
    """Return the number of cells that a line needs in the terminal that makes it widest."""
    return len(text) if text.isascii() else sum(map(_measure_character, text))


def _measure_character(char: str) -> int:
    code, category = ord(char), unicodedata.category(char)
    if char == _EMOJI_SELECTOR:
        return 1  # it makes a symbol of one cell two cells wide
    if category in _NO_CELL:
        return 0
    wide = (
        unicodedata.east_asian_width(char) in {"W", "F"}
        or category == "Cn"  # this Python doesn't know it, so a newer emoji
        or any(code in block for block in _PICTURES)
    )
    return 2 if wide else 1


def split_letters(text: str) -> Iterator[str]:
    """Yield the letters as a reader sees them: with their marks, and joined emoji and flags as one."""
    letter = ""
    for char in text:
        if letter and not _continues(letter, char):
            yield letter
            letter = ""
        letter += char
    if letter:
        yield letter


def _continues(letter: str, char: str) -> bool:
    code = ord(char)
    if unicodedata.category(char) in {"Mn", "Me", "Mc", "Cf"} or code in _SKIN_TONES:
        return True
    flag = code in _REGIONAL_INDICATORS and len(letter) == 1 and ord(letter) in _REGIONAL_INDICATORS
    return flag or letter.endswith(_JOINER)


def fold_text(text: str, width: int) -> list[str]:
    """Fold a text to lines of at most `width` cells, at blanks where there are any.

    Nothing is lost: a blank at which a line ends stays at its end, even beyond the width, and only a line end
    of the text itself is dropped. So `"".join` of the lines of a text without line ends is the text.
    """
    return [line for paragraph in text.split("\n") for line in _fold_line(paragraph, max(width, 2))]


def fold_hints(text: str, width: int) -> Iterator[str]:
    """Yield the lines of a text as `fold_text` folds it, but with each hint in backticks as one word."""
    start = 0
    for line in fold_text(_HINT.sub(lambda hint: hint[0].replace(" ", _NO_BREAK), text), width):
        yield text[start : start + len(line)]
        start += len(line)
        start += text[start : start + 1] == "\n"


def _fold_line(text: str, width: int) -> Iterator[str]:
    if measure_text(text) <= width:
        yield text
        return
    line = ""
    for word in _split_words(text):
        if line and measure_text(line + word.rstrip(" ")) > width:
            yield line
            line = ""
        if measure_text(word.rstrip(" ")) <= width:
            line += word
            continue
        for letter in split_letters(word):
            if line and letter != " " and measure_text(line + letter) > width:
                yield line
                line = ""
            line += letter
    if line:
        yield line


def _split_words(text: str) -> Iterator[str]:
    """Yield each word with the blanks behind it."""
    start = 0
    for place in range(1, len(text)):
        if text[place - 1] == " " and text[place] != " ":
            yield text[start:place]
            start = place
    yield text[start:]


def cut_text(text: str, width: int) -> str:
    """Return the text on one line of at most `width` cells; what doesn't fit is replaced by "…".

    Never for the text of a message.
    """
    text = " ".join(text.split())
    if measure_text(text) <= width:
        return text
    kept = ""
    for letter in split_letters(text):
        if measure_text(kept + letter) > width - 1:
            break
        kept += letter
    return kept.rstrip() + "…" if width > 0 else ""
