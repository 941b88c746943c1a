"""Find people in texts: by profile address, e-mail address or name."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus, urlsplit

REDACTED_TEXT = "(forgotten)"
"""The replacement of a text that mentions a forgotten person."""


@dataclass(frozen=True, slots=True)
class Mentions:
    """Finds these people in texts and JSON values, however an address or a name is written.

    A name of one word is found only if it is the whole text; within a text it usually means somebody else.
    """

    addresses: Collection[str] = ()
    names: Collection[str] = ()
    emails: Collection[str] = ()
    _pattern: re.Pattern[str] | None = field(init=False)
    _whole: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        names = {_plain(name) for name in self.names} - {"", _plain(REDACTED_TEXT)}
        whole = {_plain(address.rstrip("/")) for address in self.addresses}
        paths = {_plain(unquote_plus(urlsplit(address).path)).rstrip("/") for address in self.addresses}
        # Not within a longer address or word: /in/ann-b is not /in/ann.
        listed = [
            *(rf"{re.escape(path)}(?![\w~%-]|\.\w)" for path in {*whole, *paths} if "/" in path),
            *(rf"(?<![\w.+-]){re.escape(_plain(email))}(?![\w-])" for email in self.emails if email),
            *(rf"(?<!\w){re.escape(name)}(?!\w)" for name in names if " " in name),
        ]
        pattern = re.compile("|".join(sorted(listed))) if listed else None
        object.__setattr__(self, "_pattern", pattern)
        object.__setattr__(self, "_whole", frozenset({*names, *whole}))

    def appear_in(self, text: str) -> bool:
        """Return whether `text` mentions one of them."""
        plain = _plain(text)
        if plain.rstrip("/") in self._whole:
            return True
        if self._pattern is None:
            return False
        return any(self._pattern.search(each) for each in {plain, _plain(unquote_plus(text))})

    def redact(self, value: Any) -> Any:  # noqa: ANN401 -- JSON of any shape
        """Return the JSON value with REDACTED_TEXT for each text and key that mentions one of them."""
        if isinstance(value, str):
            return REDACTED_TEXT if self.appear_in(value) else value
        if isinstance(value, list):
            return [self.redact(each) for each in value]
        if isinstance(value, dict):
            return {self.redact(key): self.redact(each) for key, each in value.items()}
        return value


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split()).casefold()
