"""Control and invisible characters: they steer a terminal, change the direction of a text, or hide in it.

These are Unicode's controls, line separators, surrogates, direction controls, private use and default
ignorable code points (UAX #44). Characters that names and emoji need are exempt: the joiners of Persian
and Indian names, variation selectors, and the tags of flags such as Scotland's (UTS #51).
"""

import json
import re
import unicodedata
from collections.abc import Callable
from typing import Final

INVISIBLE_CHARACTERS: Final = (
    r"\u0000-\u001f\u007f-\u009f"  # C0 with ESC, DEL, C1 with CSI and OSC
    r"\u00ad\u034f\u061c\u17b4\u17b5\u180e\u3164\uffa0"  # soft hyphen, Arabic letter mark, fillers
    r"\u200b\u2028-\u202e\u2060-\u206f\ufeff"  # zero width, line separators, direction overrides and isolates
    r"\ue000-\uf8ff\ufff0-\ufffb"  # private use, interlinear annotation
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # shorthand and music
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff\U000f0000-\U0010ffff"  # tags, unassigned, private use
)
"""A character class without its brackets, for regular expressions of Python, Rust and ECMAScript (u flag).

Surrogates are not in it: only Python has them.
"""

_MARKS: Final = r"\u200e\u200f"
"""Left-to-right and right-to-left mark. A message may hold them: Hebrew and Arabic texts may need them."""

_SURROGATES: Final = r"\ud800-\udfff"
_IN_TERMINALS: Final = re.compile(rf"(?![\n\t])[{INVISIBLE_CHARACTERS}{_MARKS}{_SURROGATES}]")
_IN_MESSAGES: Final = re.compile(rf"(?!\n)[{INVISIBLE_CHARACTERS}{_SURROGATES}]")
_FLAG: Final = re.compile("(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f)")
_BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that show nothing: the Hangul fillers and the empty Braille cell."""


def sanitise_text(text: str) -> str:
    """Return `text` safe for a terminal: each control or invisible character becomes �.

    Line ends and tabs stay. The length doesn't change.
    """
    return _replaced(text, lambda found: "\N{REPLACEMENT CHARACTER}")


def sanitise_line(text: str) -> str:
    """Return `text` as `sanitise_text` does, on one line."""
    return " ".join(sanitise_text(text).split())


def escape_json_controls(document: str) -> str:
    r"""Return a JSON document with \u escapes for control and invisible characters; its values are equal."""
    return _replaced(document, lambda found: json.dumps(found[0])[1:-1])


def find_invisible(message: str) -> int | None:
    """Return the index of the first control or invisible character of a message, or None."""
    found = _IN_MESSAGES.search(_FLAG.sub(lambda flag: "." * len(flag[0]), message))
    return found.start() if found else None


def has_visible_text(text: str) -> bool:
    """Return whether `text` shows anything: a letter, a digit, a symbol or an emoji."""
    return any(unicodedata.category(sign)[0] in "LNPS" and sign not in _BLANK for sign in text)


def _replaced(text: str, replacement: Callable[[re.Match[str]], str]) -> str:
    if not _IN_TERMINALS.search(text):  # nearly always, and fast
        return text
    parts = _FLAG.split(text)  # the odd indexes are flags
    return "".join(
        part if place % 2 else _IN_TERMINALS.sub(replacement, part) for place, part in enumerate(parts)
    )
