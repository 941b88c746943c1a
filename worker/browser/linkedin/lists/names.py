"""Names in the texts and labels of a row."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from worker.browser.linkedin.words import fold, list_words

_CURLY: Final = "\u2019"


def find_name(
    lines: Sequence[str], pictures: Sequence[str], witnesses: Sequence[str], language: str | None
) -> str | None:
    """Return the person's name: a line, or its beginning, that a witness repeats. None if there is none.

    The witnesses are labels which hold the name, the best first. A line may have a hidden tail behind it.
    Without such a line, the label of one of the `pictures` without its frame is the name; without a witness,
    the first line.
    """
    known = [fold(each) for each in witnesses if each]
    for witness in known:
        beginnings = [_repeated_beginning(line, witness) for line in lines]
        whole = [line for line, found in zip(lines, beginnings, strict=True) if found == line]
        if named := whole or [found for found in beginnings if " " in found]:
            return named[0]
    framed = (read_framed_name("picture_of", label, language) for label in pictures)
    return next(filter(None, framed), None) or (lines[0] if lines and not known else None)


def halve_doubled(line: str) -> str:
    """Return a line without its copy for screen readers, which the older front end writes behind it.

    Two equal words are left: some people's names are doubled.
    """
    words = line.split()
    half = len(words) // 2
    return " ".join(words[:half]) if half > 1 and words[:half] == words[half:] else line


def _repeated_beginning(line: str, witness: str) -> str:
    """Return the longest beginning of a line, in whole words, that the folded witness has; "" for none."""
    words = line.split()
    for length in range(len(words), 0, -1):
        beginning = " ".join(words[:length])
        if any(sign.isalpha() for sign in beginning) and fold(beginning) in witness:
            return beginning
    return ""


def read_framed_name(key: str, text: str, language: str | None) -> str | None:
    """Return the name in a text of the table, as the page writes it, or None."""
    plain = " ".join(unicodedata.normalize("NFC", text).replace(_CURLY, "'").split())
    for form in list_words(key, language):
        before, braces, after = form.replace(_CURLY, "'").partition("{}")
        if braces:
            found = re.fullmatch(f"{re.escape(before)}(.+?){re.escape(after)}", plain, re.IGNORECASE)
            if found:
                return found[1].strip()
    return None
