"""Sentences with values, which can be translated before the values are filled in."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text with fields such as %(count)d, and their values; `str` fills them in."""

    text: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the text with its values."""
        return self.text % self.values
