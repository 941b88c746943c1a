"""How long stored texts may be: one place for payloads, the store and the CHECKs of the tables.

What a person or a program sends is refused when it is longer. What a page or an error says is cut instead,
because it must be recorded that something happened.
"""

import re
from typing import Final

MAX_TEXT: Final = 5_000
"""Characters of a message, a reply, a template, or a text that a person wrote on a profile."""

MAX_ERROR: Final = 1_000
"""Characters of what is wrong with an action, a campaign or an exclusion, for a person."""

MAX_NAME: Final = 500
"""Characters of the name of a person, an address book or a file. Longer ones would not fit into an index."""

MAX_LINE: Final = 200
"""Characters of one short line, such as who decided or changed something."""

MAX_FACT: Final = 300
"""Characters of one fact of a profile, such as a title."""

MAX_FACTS: Final = 100
"""Facts in one section of a profile."""

MAX_PROFILE_BYTES: Final = 1_000_000
"""Bytes of a profile as JSON. One with the longest facts, in the longest characters, is within it."""

CONTROLS: Final = r"\u0000-\u001f\u007f-\u009f"
"""The control characters as a character class without its brackets, for Python, Rust and ECMAScript."""

NO_CONTROLS: Final = rf"^[^{CONTROLS}]*$"
"""A pattern of text without control characters."""

_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def cut_text(text: str, most: int) -> str:
    """Return `text` with at most `most` characters, the last an ellipsis if it was cut.

    NUL and lone surrogates, which Postgres can't store, become �.
    """
    storable = _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    return storable if len(storable) <= most else f"{storable[: most - 1]}…"
