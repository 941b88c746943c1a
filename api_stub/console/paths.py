"""The addresses of the console."""

from typing import Final

SECTIONS: Final = frozenset(
    {
        "", "review", "people", "campaigns", "schedules", "templates", "searches", "quota", "calendar",
        "actions", "imports", "doubts", "setup", "ops", "enter", "leave", "sessions", "live", "assets",
        "evidence", "stop",
    }
)  # fmt: skip
"""The first parts of its paths; "" is the page `/`."""
ASSETS: Final = "assets"
ENTER: Final = "enter"
LIVE: Final = "live"
STOP: Final = "stop"
IMPORTS: Final = "imports"
OPEN_SECTIONS: Final = frozenset({ENTER, ASSETS})
"""Answered to those who haven't signed in."""


def find_section(path: str) -> str | None:
    """Return the section of the console that a path belongs to, or None if it isn't the console's."""
    if path == "/":
        return ""
    first = path.removeprefix("/").partition("/")[0]
    return first if first and first in SECTIONS else None
