"""Name the browser and the system that a User-Agent header belongs to, for the list of sessions."""

from collections.abc import Sequence
from typing import Final

# The first match counts: most browsers also name those that they descend from.
_BROWSERS: Final = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS: Final = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
    ("CrOS", "ChromeOS"), ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def describe_browser(user_agent: str) -> tuple[str, str]:
    """Return the names of the browser and of its system; "" for one that is unknown.

    Only these words are stored: the whole header tells more about a person than the list needs.
    """
    return _find(user_agent, _BROWSERS), _find(user_agent, _SYSTEMS)


def _find(user_agent: str, known: Sequence[tuple[str, str]]) -> str:
    return next((name for mark, name in known if mark in user_agent), "")
