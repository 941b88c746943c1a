"""A systemd unit, and how it is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from worker.errors import RequestRefusedError

MARK: Final = "# Written by `rapport service install`; `rapport service uninstall` removes it."
"""The first line of each file. A file without it is somebody else's, and is left alone."""

Lines = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Unit:
    """The file of a unit: its name, and its sections with their settings."""

    name: str
    sections: Mapping[str, Lines]

    def render(self) -> str:
        """Return the file's text."""
        parts = [MARK]
        for section, lines in self.sections.items():
            parts.append(f"\n[{section}]")
            parts += [f"{key}={value}" for key, value in lines]
        return "\n".join(parts) + "\n"


def quote(word: object) -> str:
    """Return one word of a setting as systemd reads it: quoted if needed, with no specifiers or variables.

    Raises RequestRefusedError for control characters, which could end the line.
    """
    text = str(word)
    if not text.isprintable():
        raise RequestRefusedError("a path with control characters can't be put into a systemd unit")
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{text}"' if any(each in text for each in " ';\"\\#") else text


def command(*words: object) -> str:
    """Return a command line."""
    return " ".join(map(quote, words))
